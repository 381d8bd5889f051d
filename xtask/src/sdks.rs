//! Microsoft's own client libraries against a server of ours: the documented walk-through, users, groups, changes, batches.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::programs::{self, Server, serve};

/// What the Python programs need, each version pinned.
const REQUIREMENTS: &str = include_str!("../sdks/requirements.txt");
/// Writes a certificate: the clients send their token over TLS only.
const CERTIFICATE: &str = include_str!("../sdks/certificate.py");
/// Drives a server by msgraph-sdk.
const PYTHON: &str = include_str!("../sdks/walk.py");
/// Drives a server by @microsoft/microsoft-graph-client, with the packages that it needs.
const JAVASCRIPT: [(&str, &str); 3] = [
    ("walk.mjs", include_str!("../sdks/javascript/walk.mjs")),
    ("package.json", include_str!("../sdks/javascript/package.json")),
    ("package-lock.json", include_str!("../sdks/javascript/package-lock.json")),
];

/// Runs both, one after the other, each against the server that the other one left clean.
pub fn run() -> Result<()> {
    let (place, provost) = programs::place("sdks")?;
    let python = programs::python(&place, REQUIREMENTS)?;
    let node = place.join("javascript");
    let javascript = programs::node(&node, &JAVASCRIPT)?;
    let data = place.join("data");
    programs::emptied(&data)?;
    let written = Command::new(&python).args(["-c", CERTIFICATE]).arg(&data).status()?;
    ensure!(written.success(), "no certificate could be written");
    let certificate = data.join("certificate.pem");

    let (ours, target) = (data.join("ours"), data.join("target"));
    let mut secured = serve(&provost, &ours);
    secured.arg("--tls-cert").arg(&certificate).arg("--tls-key").arg(data.join("key.pem"));
    let (_server, url) = Server::start(&mut secured)?;
    let (_target, _) = Server::start(&mut serve(&provost, &target))?;
    let tenant = data.join("tenant.json");
    fs::write(&tenant, programs::tenant(&provost, &target)?)?;

    let mut clients = vec![("msgraph-sdk", {
        let mut command = Command::new(&python);
        command.args(["-c", PYTHON]).env("SSL_CERT_FILE", &certificate);
        command
    })];
    if javascript {
        let mut command = Command::new("node");
        command.arg(node.join("walk.mjs")).env("NODE_EXTRA_CA_CERTS", &certificate);
        clients.push(("microsoft-graph-client", command));
    } else {
        eprintln!("microsoft-graph-client: left out, since there is no node with npm");
    }
    let mut failed = Vec::new();
    for (name, mut client) in clients {
        if !driven(client.arg(&url).arg(ours.join("admin-token")), &tenant)? {
            failed.push(name);
        }
    }
    fs::remove_dir_all(&data).context("removing what the servers wrote")?;
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

/// Whether a client that provisions into the tenant comes to its end.
fn driven(client: &mut Command, tenant: &Path) -> Result<bool> {
    Ok(client.stdin(fs::File::open(tenant)?).status()?.success())
}
