//! The console: its types, lints and tests, its build, and its tests in a browser.

use std::process::{Command, Stdio};

use anyhow::{Result, bail, ensure};

use crate::programs::place;

/// Builds the console into `console/dist` and holds it against its types, lints and tests.
pub fn check() -> Result<()> {
    install()?;
    for script in ["build", "lint", "test"] {
        npm(&["run", "--silent", script])?;
    }
    Ok(())
}

/// Builds the console and a server that has it, and clicks through it in Chromium.
pub fn e2e() -> Result<()> {
    install()?;
    npm(&["run", "--silent", "build"])?;
    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    let found = Command::new(&chromium).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !found.is_ok_and(|status| status.success()) {
        bail!(
            "{chromium} does not run: install it (Debian: apt-get install chromium), or name one in CHROMIUM"
        );
    }
    let (_, provost) = place("console")?;
    let status = Command::new("npm")
        .args(["run", "--silent", "e2e"])
        .env("PROVOST_BINARY", provost)
        .env("CHROMIUM", chromium)
        .current_dir(crate::root().join("console"))
        .status()?;
    ensure!(status.success(), "a test of the console in a browser failed");
    Ok(())
}

/// Installs what the console needs, once for each list of it.
fn install() -> Result<()> {
    let there = Command::new("npm").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        bail!("npm is needed for the console: install Node.js 20 or newer with npm");
    }
    let changed = |file: &str| {
        std::fs::metadata(crate::root().join("console").join(file)).and_then(|it| it.modified()).ok()
    };
    let installed = changed("node_modules/.package-lock.json");
    if installed.is_some() && installed >= changed("package-lock.json") {
        return Ok(());
    }
    npm(&["ci", "--silent", "--no-audit", "--no-fund"])
}

fn npm(arguments: &[&str]) -> Result<()> {
    let status = Command::new("npm").args(arguments).current_dir(crate::root().join("console")).status()?;
    ensure!(status.success(), "npm {} failed in console/", arguments.join(" "));
    Ok(())
}
