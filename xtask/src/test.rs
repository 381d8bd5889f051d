//! Everything that has to hold before a change goes in, in the order in which it fails fastest.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// Runs every step, also after one has failed, and says at the end what failed.
pub fn run(arguments: &[String]) -> Result<()> {
    let mut steps = Steps::default();
    steps.note(component("rustfmt", &["fmt", "--version"]));
    steps.note(component("clippy", &["clippy", "--version"]));
    steps.cargo("format", &["fmt", "--all", "--", "--check"]);
    steps.ours("tidy", crate::tidy::run);
    // Before the build of the server, which has it within.
    steps.ours("console", crate::console::check);
    steps.cargo("lints", &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]);
    steps.ours("fuzz targets", crate::fuzz::check);
    if available(&["nextest", "--version"]) {
        steps.cargo_with("tests", &["nextest", "run", "--workspace", "--no-fail-fast"], arguments);
        steps.cargo("documentation tests", &["test", "--workspace", "--doc", "--quiet"]);
    } else {
        eprintln!("cargo-nextest is not installed; `cargo test` runs the tests (slower, the same verdict)");
        steps.cargo_with("tests", &["test", "--workspace", "--no-fail-fast"], arguments);
    }
    steps.ours("peers", crate::peers::run);
    steps.ours("sdks", crate::sdks::run);
    steps.ours("openapi", crate::openapi::run);
    steps.ours("console in a browser", crate::console::e2e);
    for (name, what) in
        [("jq", "the script of the README"), ("zsh", "its completion"), ("fish", "its completion")]
    {
        steps.note(program(name, what));
    }
    steps.note(cargo_deny());
    steps.cargo("licences and sources", &["deny", "check", "bans", "licenses", "sources"]);
    steps.verdict()
}

#[derive(Default)]
struct Steps {
    done: Vec<(&'static str, Duration, bool)>,
    notes: Vec<String>,
}

impl Steps {
    fn note(&mut self, result: Result<()>) {
        if let Err(error) = result {
            self.notes.push(format!("{error:#}"));
        }
    }

    fn ours(&mut self, name: &'static str, step: fn() -> Result<()>) {
        eprintln!("\n==> {name}");
        let start = Instant::now();
        let result = step();
        if let Err(error) = &result {
            eprintln!("{error:#}");
        }
        self.done.push((name, start.elapsed(), result.is_ok()));
    }

    fn cargo(&mut self, name: &'static str, arguments: &[&str]) {
        self.cargo_with(name, arguments, &[]);
    }

    fn cargo_with(&mut self, name: &'static str, arguments: &[&str], more: &[String]) {
        eprintln!("\n==> {name}: cargo {}", arguments.join(" "));
        let start = Instant::now();
        let status = Command::new(cargo()).args(arguments).args(more).current_dir(crate::root()).status();
        self.done.push((name, start.elapsed(), status.is_ok_and(|status| status.success())));
    }

    fn verdict(self) -> Result<()> {
        println!("\nresults:");
        for (name, took, passed) in &self.done {
            let word = if *passed { "passed" } else { "FAILED" };
            println!("  {word}  {name} ({:.1} s)", took.as_secs_f64());
        }
        for note in &self.notes {
            println!("  note: {note}");
        }
        let failed: Vec<_> =
            self.done.iter().filter(|(_, _, passed)| !passed).map(|(name, ..)| *name).collect();
        if failed.is_empty() {
            println!("everything passed");
            Ok(())
        } else {
            bail!("failed: {}", failed.join(", "))
        }
    }
}

/// The cargo that runs us, so that a toolchain override holds for what we run.
pub fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

fn available(arguments: &[&str]) -> bool {
    Command::new(cargo())
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Whether a program is there without which tests leave something out; `.ci/run` installs it.
fn program(name: &str, what: &str) -> Result<()> {
    let found = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        Ok(())
    } else {
        bail!("{name} is not installed: {what} was not tried")
    }
}

/// Installs the check of licences and sources where it is missing. The tests need nothing of the kind: without
/// nextest, `cargo test` runs them.
fn cargo_deny() -> Result<()> {
    if available(&["deny", "--version"]) {
        return Ok(());
    }
    eprintln!("\n==> cargo-deny is not installed; installing it (some minutes, once)");
    let status = Command::new(cargo()).args(["install", "--locked", "cargo-deny"]).status();
    if status.is_ok_and(|status| status.success()) {
        Ok(())
    } else {
        bail!(
            "cargo-deny could not be installed: run `cargo install --locked cargo-deny` and read what it says"
        )
    }
}

/// Installs a component of the toolchain where it is missing and rustup is there to do it.
fn component(name: &str, probe: &[&str]) -> Result<()> {
    if available(probe) {
        return Ok(());
    }
    let status = Command::new("rustup").args(["component", "add", name]).status().with_context(|| {
        format!(
            "{name} is not installed and there is no rustup to install it: install {name} for this toolchain"
        )
    })?;
    if status.success() { Ok(()) } else { bail!("rustup could not install {name}") }
}
