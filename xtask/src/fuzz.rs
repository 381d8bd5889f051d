//! `cargo xtask fuzz`: what reads input from outside gets inputs that nobody thought of.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// The targets in `fuzz/fuzz_targets`.
const TARGETS: &[&str] = &["filter", "path", "patch", "body", "expression"];
/// Seconds that one input may take.
const HANG: u32 = 5;
/// Bytes of an input at most: what goes wrong goes wrong small.
const INPUT: u32 = 4096;
/// Megabytes that a target may take.
const MEMORY: u32 = 1024;

const HELP: &str = "\
cargo xtask fuzz [--minutes N] [TARGET]

Runs libFuzzer on one target or on each in turn, N minutes each (1): filter, path, patch, body, expression. It ends at the first input
that panics, takes longer than a few seconds or breaks a property, and keeps it in fuzz/artifacts. The seeds are in
fuzz/corpus, what was found from them in fuzz/target/corpus. Needs `cargo install cargo-fuzz` and a C++ compiler.
";

/// Runs the command.
pub fn run(arguments: &[String]) -> Result<()> {
    let mut minutes = 1;
    let mut chosen = TARGETS.to_vec();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--help" | "-h" => {
                print!("{HELP}");
                return Ok(());
            }
            "--minutes" => {
                let number = rest.next().and_then(|number| number.parse::<u32>().ok());
                minutes = number.filter(|number| *number > 0).context("--minutes takes a whole number")?;
            }
            name => match TARGETS.iter().find(|target| **target == name) {
                Some(target) => chosen = vec![target],
                None => bail!("there is no target {name}; there are {}", TARGETS.join(", ")),
            },
        }
    }
    let root = crate::root();
    chosen.into_iter().try_for_each(|target| fuzz(&root, target, minutes))
}

/// Whether the targets still fit what they try out. Nothing is linked, so that it needs no C++ compiler.
pub fn check() -> Result<()> {
    let status = Command::new(crate::test::cargo())
        .current_dir(crate::root().join("fuzz"))
        .args(["clippy", "--locked", "--quiet", "--", "-D", "warnings"])
        .env("CUSTOM_LIBFUZZER_PATH", "/not-linked/libfuzzer.a")
        .status()
        .context("cargo cannot be started")?;
    if status.success() { Ok(()) } else { bail!("the fuzz targets do not compile: see above") }
}

fn fuzz(root: &Path, target: &str, minutes: u32) -> Result<()> {
    println!("fuzz: {target}, {minutes} min");
    let found = root.join("fuzz/target/corpus").join(target);
    fs::create_dir_all(&found).with_context(|| format!("{} cannot be made", found.display()))?;
    // Without a sanitizer: there is no unsafe code to find fault with, and the stable toolchain has none.
    let status = Command::new("cargo")
        .current_dir(root)
        .args(["fuzz", "run", "--sanitizer", "none", target])
        .args([&found, &root.join("fuzz/corpus").join(target)])
        .arg("--")
        .arg(format!("-max_total_time={}", u64::from(minutes) * 60))
        .arg(format!("-timeout={HANG}"))
        .arg(format!("-max_len={INPUT}"))
        .arg(format!("-rss_limit_mb={MEMORY}"))
        .args(["-verbosity=0", "-print_final_stats=1"])
        .status()
        .context("cargo cannot be started")?;
    if !status.success() {
        bail!("{target}: see above; without a finding, `cargo install cargo-fuzz` may be missing");
    }
    Ok(())
}
