//! Programs of others: installed once for each list of what they need, beside the build; and servers for them.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

/// The folder for what is installed and written under a name, and the binary of ours, built.
pub fn place(name: &str) -> Result<(PathBuf, PathBuf)> {
    let built = Command::new(crate::test::cargo())
        .args(["build", "--quiet", "--package", "provost"])
        .current_dir(crate::root())
        .status()
        .context("starting cargo")?;
    ensure!(built.success(), "the build failed");
    // Beside the program itself, wherever the target directory is.
    let ourselves = std::env::current_exe().context("finding the build directory")?;
    let binaries = ourselves.parent().context("the program lies in no directory")?;
    Ok((binaries.join(name), binaries.join("provost")))
}

/// An empty folder for what servers write.
pub fn emptied(data: &Path) -> Result<()> {
    if data.exists() {
        fs::remove_dir_all(data).context("removing what an earlier run left")?;
    }
    Ok(fs::create_dir_all(data)?)
}

/// A Python with everything that is required, made once for each list of requirements.
pub fn python(place: &Path, requirements: &str) -> Result<PathBuf> {
    let venv = place.join("venv");
    let python = venv.join("bin").join("python");
    let stamp = venv.join("requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == requirements) {
        return Ok(python);
    }
    let able = Command::new("python3").args(["-c", "import ensurepip, venv"]).stderr(Stdio::null()).status();
    if !able.is_ok_and(|status| status.success()) {
        bail!(
            "python3 with its module venv is needed: install it (Debian and Ubuntu: apt-get install python3-venv)"
        );
    }
    fs::create_dir_all(place)?;
    let made = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv).status()?;
    ensure!(made.success(), "python3 -m venv failed");
    let wanted = place.join("requirements.txt");
    fs::write(&wanted, requirements)?;
    let installed = Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"])
        .arg("--requirement")
        .arg(&wanted)
        .status()?;
    ensure!(installed.success(), "pip could not install what a requirements.txt of xtask lists");
    fs::rename(wanted, stamp)?;
    Ok(python)
}

/// Files of a program for node in a folder, of which the last one is its `package-lock.json`, with the packages that it needs
/// installed once for each list of them; `false` without node and npm.
pub fn node(place: &Path, files: &[(&str, &str)]) -> Result<bool> {
    let there = |program: &str| {
        let status =
            Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    if !there("node") || !there("npm") {
        return Ok(false);
    }
    fs::create_dir_all(place)?;
    // What npm installed last; it removes this before it installs anything.
    let stamp = place.join("node_modules").join("installed.json");
    for (name, text) in files {
        fs::write(place.join(name), text)?;
    }
    let (_, lock) = files.last().context("a program has files")?;
    if !fs::read_to_string(&stamp).is_ok_and(|installed| installed == *lock) {
        let status = Command::new("npm")
            .args(["ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(place)
            .status()?;
        ensure!(status.success(), "npm could not install what a package-lock.json of xtask lists");
        fs::write(stamp, lock)?;
    }
    Ok(true)
}

/// A server of our own, with nothing in it yet.
pub fn serve(provost: &Path, data: &Path) -> Command {
    let mut serve = Command::new(provost);
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data);
    serve
}

/// A new tenant of a server of our own: the answer of the command line.
pub fn tenant(provost: &Path, data: &Path) -> Result<Vec<u8>> {
    let tenant = Command::new(provost)
        .args(["tenant", "create", "contoso", "--json", "--data-dir"])
        .arg(data)
        .output()
        .context("creating a tenant")?;
    ensure!(tenant.status.success(), "no tenant: {}", String::from_utf8_lossy(&tenant.stderr));
    Ok(tenant.stdout)
}

/// A server on a free port; ended when dropped.
pub struct Server(Child);

impl Server {
    /// Starts it and waits until it says where it listens.
    pub fn start(command: &mut Command) -> Result<(Self, String)> {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut server = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map(Self)
            .with_context(|| format!("starting {name}"))?;
        let stdout = server.0.stdout.take().context("standard output is piped")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let url = line.trim().strip_prefix("listening on ");
        let url = url.with_context(|| format!("{name} did not start: {line:?}"))?.to_owned();
        Ok((server, url))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Whoever has ended already needs no ending.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
