//! Finds the console's files, or has npm make them, and lists them for the crate.
//!
//! A release build makes them in its own build directory where npm is present, again only when a source of the console
//! has changed. Any other build takes what is in `console/dist`, if anything is: `npm run build` there makes it.

use std::env;
use std::error::Error;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the console is built from.
const SOURCES: [&str; 7] =
    ["src", "public", "scripts", "index.html", "package.json", "package-lock.json", "vite.config.ts"];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../..").canonicalize()?;
    let console = root.join("console");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=PROVOST_CONSOLE");
    let wanted = env::var("PROFILE")? == "release" && env::var("PROVOST_CONSOLE").as_deref() != Ok("skip");
    let dist = if wanted && npm(&console, &["--version"]) {
        for source in SOURCES {
            println!("cargo::rerun-if-changed=../../console/{source}");
        }
        println!("cargo::rerun-if-changed=../../docs/openapi.json");
        build(&console, &out.join("dist"))?
    } else {
        console.join("dist")
    };
    if dist.starts_with(&console) {
        // From the package on: a copy of the project that builds into the same folder has a console of its own.
        println!("cargo::rerun-if-changed=../../console/dist");
    }
    let mut table = String::from("&[\n");
    if dist.join("index.html").exists() {
        list(&dist, &dist, &mut table)?;
    }
    table.push(']');
    fs::write(out.join("files.rs"), table)?;
    Ok(())
}

/// Builds the console into a folder.
fn build(console: &Path, dist: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let changed = |file: &str| fs::metadata(console.join(file)).and_then(|it| it.modified()).ok();
    let installed = changed("node_modules/.package-lock.json");
    let steps: [&[&str]; 4] = [
        if installed.is_some() && installed >= changed("package-lock.json") {
            &["--version"]
        } else {
            &["ci", "--no-audit", "--no-fund"]
        },
        &["run", "generate"],
        &["exec", "--", "vite", "build", "--emptyOutDir", "--outDir"],
        &["run", "finish", "--"],
    ];
    for (number, step) in steps.into_iter().enumerate() {
        let place = dist.to_str().ok_or("the build directory's path is no UTF-8")?;
        let with_place: Vec<&str> = step.iter().copied().chain((number > 1).then_some(place)).collect();
        if !npm(console, &with_place) {
            let words = format!(
                "npm {} failed in console/: run it there and read what it says, or set PROVOST_CONSOLE=skip to \
                 build without the console",
                with_place.join(" ")
            );
            return Err(words.into());
        }
    }
    Ok(dist.to_owned())
}

fn npm(console: &Path, arguments: &[&str]) -> bool {
    // What it prints would be read as words for cargo.
    let status = Command::new("npm").args(arguments).current_dir(console).stdout(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Writes an entry for each file that is no compressed copy of another.
fn list(dist: &Path, folder: &Path, table: &mut String) -> Result<(), Box<dyn Error>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|it| it.map(|it| it.path())).collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            list(dist, &path, table)?;
            continue;
        }
        let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        if matches!(extension, "br" | "gz") {
            continue;
        }
        let name = path.strip_prefix(dist)?.to_str().ok_or("a file's name is no UTF-8")?.replace('\\', "/");
        let copy = |coding: &str| {
            let copy = PathBuf::from(format!("{}.{coding}", path.display()));
            if copy.exists() { format!("Some({})", bytes_of(&copy)) } else { "None".to_owned() }
        };
        writeln!(
            table,
            "File {{ name: {name:?}, plain: {}, brotli: {}, gzip: {} }},",
            bytes_of(&path),
            copy("br"),
            copy("gz")
        )?;
    }
    Ok(())
}

/// The bytes of a file, as Rust.
fn bytes_of(path: &Path) -> String {
    format!("include_bytes!({:?})", path.to_string_lossy())
}
