//! schemathesis against a server of ours: whatever is asked, each answer is one that `/openapi.json` tells of, and none is a
//! failure of the server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::programs::{self, Server, serve};

/// What it needs, each version pinned.
const REQUIREMENTS: &str = include_str!("../openapi/requirements.txt");
/// Says which objects of the server the paths name.
const CONFIGURATION: &str = include_str!("../openapi/schemathesis.toml");
/// What each answer is held against.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";
/// Calls that would end the run: the token that it is made with is replaced.
const LEFT_OUT: [&str; 1] = ["/provost/v1/admin-token/reset"];
/// Requests for each call that are made up; beside them there are some for each parameter.
const EXAMPLES: &str = "8";

/// Runs it with everything but deletions, and then with deletions, which leave nothing to ask about.
pub fn run() -> Result<()> {
    let (place, provost) = programs::place("openapi")?;
    let python = programs::python(&place, REQUIREMENTS)?;
    let data = place.join("data");
    programs::emptied(&data)?;
    let (_server, url) = Server::start(&mut serve(&provost, &data.join("server")))?;
    let configuration = populated(&provost, &data)?;
    let token = fs::read_to_string(data.join("server").join("admin-token"))?;
    let mut failed = Vec::new();
    for (name, of) in [("calls", "--exclude-method"), ("deletions", "--include-method")] {
        let mut schemathesis = Command::new(python.with_file_name("schemathesis"));
        schemathesis
            .arg("--config-file")
            .arg(&configuration)
            .args(["run", &format!("{url}/openapi.json"), of, "DELETE"])
            .args(["--header", &format!("Authorization: Bearer {}", token.trim())])
            .args(["--checks", CHECKS, "--phases", "coverage,fuzzing"])
            .args(["--max-examples", EXAMPLES, "--seed", "1"])
            // One, as some versions of Python fail where two threads read their own source text (gh-106905).
            .args(["--workers", "1", "--continue-on-failure", "--warnings", "off", "--no-color"]);
        for path in LEFT_OUT {
            schemathesis.args(["--exclude-path", path]);
        }
        let status = schemathesis.current_dir(&data).status().context("starting schemathesis")?;
        if !status.success() {
            failed.push(name);
        }
    }
    ensure!(
        failed.is_empty(),
        "schemathesis found answers that /openapi.json does not tell of: {}",
        failed.join(", ")
    );
    fs::remove_dir_all(&data).context("removing what the server wrote")?;
    Ok(())
}

/// Gives a server a tenant, an application that provisions into it and a user, and names them in a configuration.
fn populated(provost: &Path, data: &Path) -> Result<PathBuf> {
    let server = data.join("server");
    let tenant: serde_json::Value = serde_json::from_slice(&programs::tenant(provost, &server)?)?;
    let text = |of: &serde_json::Value, name: &str| {
        of[name].as_str().map(str::to_owned).with_context(|| format!("an answer without {name}"))
    };
    let token = data.join("token");
    fs::write(&token, text(&tenant, "token")?)?;
    let users = data.join("users.csv");
    fs::write(&users, "userPrincipalName,displayName\nann@example.com,Ann\n")?;
    let said = |command: &mut Command| -> Result<serde_json::Value> {
        let output = command.arg("--json").arg("--data-dir").arg(&server).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(serde_json::from_slice(&output.stdout)?)
    };
    said(Command::new(provost).args(["user", "import"]).arg(users))?;
    let base = text(&tenant, "pathBaseUrl")?;
    let mut create = Command::new(provost);
    create.args(["app", "create", "--template", "scim", "--name", "T", "--tenant-url", &base]);
    let app = said(create.arg("--secret-token-file").arg(token))?;
    let configuration = data.join("schemathesis.toml");
    let named = CONFIGURATION
        .replace("PRINCIPAL", &text(&app, "servicePrincipalId")?)
        .replace("JOB", &text(&app, "jobId")?);
    fs::write(&configuration, named)?;
    Ok(configuration)
}
