//! The project's own commands: `cargo xtask test`, `e2e`, `tidy`, `peers`, `sdks`, `openapi`, `bench`, `fuzz`, `sim`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

mod bench;
mod console;
mod fuzz;
mod openapi;
mod peers;
mod programs;
mod sdks;
mod sim;
mod test;
mod tidy;

const HELP: &str = "\
cargo xtask COMMAND

  test [ARGUMENTS]   everything that has to hold before a change goes in: format, lints, tests, tidy, peers, sdks,
                     openapi, the console, licences; arguments go to the test runner (a part of a test's name, for example)
  e2e                only the console, in a browser, against a server of our own; needs node with npm, and Chromium
  tidy               only the invariants of ARCHITECTURE.md that a command can check
  peers              only the programs of others: a test suite against a server of our own, and servers that we
                     provision into; needs python3 with venv, and node with npm for one of them
  sdks               only Microsoft's client libraries for Graph against a server of our own; needs python3 with venv,
                     and node with npm for one of them
  openapi            only schemathesis against a server of our own: each answer is one that /openapi.json tells of; needs
                     python3 with venv
  bench engine|scim|expressions
                     measures a release build: whole cycles, the service provider, the default mappings; `bench scim
                     --help` tells more
  fuzz [TARGET]      inputs that nobody thought of, for filters, paths, PATCH, bodies and expressions; `fuzz --help`
                     tells more
  sim --seeds N      stories of the provisioning service with faults and crashes, in virtual time; `sim --seed N` tells
                     one again with everything that happens
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rest = arguments.get(1..).unwrap_or_default();
    let result = match arguments.first().map(String::as_str) {
        Some("test") => test::run(rest),
        Some("e2e") => console::e2e(),
        Some("tidy") => tidy::run(),
        Some("peers") => peers::run(),
        Some("sdks") => sdks::run(),
        Some("openapi") => openapi::run(),
        Some("bench") => bench::run(rest),
        Some("fuzz") => fuzz::run(rest),
        Some("sim") => sim::run(rest),
        Some("help" | "--help" | "-h") => {
            print!("{HELP}");
            Ok(())
        }
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the workspace.
fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}
