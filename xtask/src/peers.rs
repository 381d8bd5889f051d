//! Programs of others, both ways: a test suite against a server of our own, and servers that we provision into.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::programs::{self, Server, serve};

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
    let (place, provost) = programs::place("peers")?;
    let python = programs::python(&place, REQUIREMENTS)?;
    let node = place.join("scimmy");
    let scimmy = programs::node(&node, &SCIMMY)?;
    let data = place.join("data");
    programs::emptied(&data)?;
    let mut targets = vec![("scim2-server", {
        let mut command = Command::new(&python);
        command.args(["-c", SCIM2_SERVER]);
        command
    })];
    if scimmy {
        let mut command = Command::new("node");
        command.arg(node.join("server.js"));
        targets.push(("scimmy-routers", command));
    } else {
        eprintln!("scimmy-routers: left out, since there is no node with npm");
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

/// Whether scim2-tester finds no fault in a fresh tenant.
fn test(python: &Path, provost: &Path, data: &Path) -> Result<bool> {
    let (_server, _) = Server::start(&mut serve(provost, data))?;
    let tester = data.join("tenant.json");
    fs::write(&tester, programs::tenant(provost, data)?)?;
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
