//! Measurements, in release builds.

use std::process::Command;

use anyhow::{Result, ensure};

/// Builds the program and what measures it, and hands the arguments on.
pub fn run(arguments: &[String]) -> Result<()> {
    let cargo = |arguments: &[&str], more: &[String]| {
        Command::new(crate::test::cargo()).args(arguments).args(more).current_dir(crate::root()).status()
    };
    if arguments.first().is_some_and(|measurement| measurement == "expressions") {
        // No server takes part.
        let measured = cargo(&["bench", "--quiet", "--package", "directory", "--bench", "expressions"], &[])?;
        ensure!(measured.success(), "the measurement failed");
        return Ok(());
    }
    let built = cargo(&["build", "--release", "--package", "provost", "--package", "bench"], &[])?;
    ensure!(built.success(), "the release build failed");
    let measured = cargo(&["run", "--release", "--quiet", "--package", "bench", "--"], arguments)?;
    ensure!(measured.success(), "the measurement failed");
    Ok(())
}
