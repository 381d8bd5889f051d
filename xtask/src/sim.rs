//! `cargo xtask sim`: the whole provisioning service under a seeded simulator.

use std::process::Command;

use anyhow::{Result, ensure};

/// Builds the simulator and hands the arguments on.
pub fn run(arguments: &[String]) -> Result<()> {
    let status = Command::new(crate::test::cargo())
        .args(["run", "--quiet", "--profile", "sim", "--package", "sim", "--"])
        .args(arguments)
        .current_dir(crate::root())
        .status()?;
    ensure!(status.success(), "the simulator found something: see above");
    Ok(())
}
