//! Programs of others, both ways: a test suite against a server of our own, and servers that we provision into.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

/// What the Python programs need, each version pinned.
const REQUIREMENTS: &str = include_str!("../peers/requirements.txt");
/// Runs scim2-tester.
const SCIM2_TESTER: &str = include_str!("../peers/scim2_tester_run.py");
/// Runs scim2-server.
const SCIM2_SERVER: &str = include_str!("../peers/scim2_server_run.py");
/// Provisions into a server and compares.
const PROVISION: &str = include_str!("../peers/provision.py");
/// Runs scimmy-routers, with the packages that it needs.
const SCIMMY: [(&str, &str); 3] = [
    ("server.js", include_str!("../peers/scimmy/server.js")),
    ("package.json", include_str!("../peers/scimmy/package.json")),
    ("package-lock.json", include_str!("../peers/scimmy/package-lock.json")),
];

/// Runs scim2-tester against a fresh server, and provisions from it into scim2-server and scimmy-routers.
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
    let scimmy = packages(&place)?;
    let data = place.join("data");
    if data.exists() {
        fs::remove_dir_all(&data).context("removing what an earlier run left")?;
    }
    fs::create_dir_all(&data)?;
    let provost = binaries.join("provost");
    let mut targets = vec![("scim2-server", {
        let mut command = Command::new(&python);
        command.args(["-c", SCIM2_SERVER]);
        command
    })];
    match scimmy {
        Some(server) => {
            let mut command = Command::new("node");
            command.arg(server);
            targets.push(("scimmy-routers", command));
        }
        None => eprintln!("scimmy-routers: left out, since there is no node with npm"),
    }
    let mut failed = Vec::new();
    if !test(&python, &provost, &data.join("scim2-tester"))? {
        failed.push("scim2-tester");
    }
    for (name, command) in targets {
        if !provision(&python, &provost, &data.join(name), name, command)? {
            failed.push(name);
        }
    }
    fs::remove_dir_all(&data).context("removing what the servers wrote")?;
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

/// A server of our own, with nothing in it yet.
fn serve(provost: &Path, data: &Path) -> Command {
    let mut serve = Command::new(provost);
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data);
    serve
}

/// Whether scim2-tester finds no fault in a fresh tenant.
fn test(python: &Path, provost: &Path, data: &Path) -> Result<bool> {
    let (_server, _) = Server::start(&mut serve(provost, data))?;
    let tenant = Command::new(provost)
        .args(["tenant", "create", "contoso", "--json", "--data-dir"])
        .arg(data)
        .output()
        .context("creating a tenant")?;
    ensure!(tenant.status.success(), "no tenant: {}", String::from_utf8_lossy(&tenant.stderr));
    let tester = data.join("tenant.json");
    fs::write(&tester, &tenant.stdout)?;
    Ok(Command::new(python).args(["-c", SCIM2_TESTER]).stdin(fs::File::open(&tester)?).status()?.success())
}

/// Whether a server of somebody else's has, after each cycle, what the directory has.
fn provision(python: &Path, provost: &Path, data: &Path, name: &str, mut target: Command) -> Result<bool> {
    let (_server, _) = Server::start(&mut serve(provost, data))?;
    let requests = data.join("requests");
    let (_target, url) = Server::start(target.arg(&requests))?;
    let mut driver = Command::new(python);
    driver.args(["-c", PROVISION]).arg(provost).arg(data).args([name, &url]).arg(&requests);
    Ok(driver.status()?.success())
}

/// A Python with everything that is required, made once for each list of requirements.
fn environment(place: &Path) -> Result<PathBuf> {
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

/// The program that runs scimmy-routers, installed once for each list of packages; `None` without node and npm.
fn packages(place: &Path) -> Result<Option<PathBuf>> {
    let there = |program: &str| {
        let status =
            Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    if !there("node") || !there("npm") {
        return Ok(None);
    }
    let place = place.join("scimmy");
    fs::create_dir_all(&place)?;
    // What npm installed last; it removes this before it installs anything.
    let stamp = place.join("node_modules").join("installed.json");
    let [.., (_, lock)] = SCIMMY;
    for (name, text) in SCIMMY {
        fs::write(place.join(name), text)?;
    }
    if !fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        let status = Command::new("npm")
            .args(["ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&place)
            .status()?;
        ensure!(status.success(), "npm could not install what xtask/peers/scimmy/package-lock.json lists");
        fs::write(stamp, lock)?;
    }
    Ok(Some(place.join("server.js")))
}

/// A server on a free port; ended when dropped.
struct Server(Child);

impl Server {
    /// Starts it and waits until it says where it listens.
    fn start(command: &mut Command) -> Result<(Self, String)> {
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
