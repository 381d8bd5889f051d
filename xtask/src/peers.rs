//! Foreign test suites, run against a server of our own.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

/// What the suites need, each version pinned.
const REQUIREMENTS: &str = include_str!("../peers/requirements.txt");
/// Runs scim2-tester.
const SCIM2_TESTER: &str = include_str!("../peers/scim2_tester_run.py");

/// Runs scim2-tester against a fresh tenant of a fresh server.
pub fn run() -> Result<()> {
    let built = Command::new(crate::test::cargo())
        .args(["build", "--quiet", "--package", "provost"])
        .current_dir(crate::root())
        .status()
        .context("starting cargo")?;
    ensure!(built.success(), "the build failed");
    // Beside the program itself, wherever the target directory is.
    let ourselves = std::env::current_exe().context("finding the build directory")?;
    let binaries = ourselves.parent().context("the program lies in no directory")?;
    let place = binaries.join("peers");
    let python = environment(&place)?;
    let data = place.join("data");
    if data.exists() {
        fs::remove_dir_all(&data).context("removing what an earlier run left")?;
    }
    let provost = binaries.join("provost");
    let server = Server::start(&provost, &data)?;
    let tenant = Command::new(&provost)
        .args(["tenant", "create", "contoso", "--json", "--data-dir"])
        .arg(&data)
        .output()
        .context("creating a tenant")?;
    ensure!(tenant.status.success(), "no tenant: {}", String::from_utf8_lossy(&tenant.stderr));
    let tester = place.join("tenant.json");
    fs::write(&tester, &tenant.stdout)?;
    let tested = Command::new(python).args(["-c", SCIM2_TESTER]).stdin(fs::File::open(&tester)?).status();
    drop(server);
    fs::remove_dir_all(&data).context("removing the server's data")?;
    ensure!(tested?.success(), "scim2-tester found faults");
    Ok(())
}

/// A Python with everything that is required, made once for each list of requirements.
fn environment(place: &Path) -> Result<std::path::PathBuf> {
    let venv = place.join("venv");
    let python = venv.join("bin").join("python");
    let stamp = venv.join("requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == REQUIREMENTS) {
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
    fs::write(&wanted, REQUIREMENTS)?;
    let installed = Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(&wanted)
        .status()?;
    ensure!(installed.success(), "pip could not install what xtask/peers/requirements.txt lists");
    fs::rename(wanted, stamp)?;
    Ok(python)
}

/// A `provost serve` on a free port; ended when dropped.
struct Server(Child);

impl Server {
    /// Starts it and waits until it says that it listens.
    fn start(provost: &Path, data: &Path) -> Result<Self> {
        let mut server = Command::new(provost)
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map(Self)
            .context("starting provost serve")?;
        let stdout = server.0.stdout.take().context("standard output is piped")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        ensure!(line.starts_with("listening on "), "provost serve did not start: {line:?}");
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Whoever has ended already needs no ending.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
