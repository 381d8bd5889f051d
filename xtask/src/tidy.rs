//! The invariants of ARCHITECTURE.md that a command can check.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context as _, Result, bail};

/// The longest module. Long modules hide a second subject.
const MODULE_LINES: usize = 600;

/// Which of our crates each crate may use: data flows one way, and the crates that decide are pure.
const MAY_USE: &[(&str, &[&str])] = &[
    ("scim", &[]),
    ("expression", &[]),
    ("model", &[]),
    ("engine", &["scim", "expression", "model"]),
    ("store", &["model"]),
    ("store-memory", &["store"]),
    ("store-postgres", &["store"]),
    ("store-sqlite", &["store"]),
    ("keyring", &["model"]),
    ("directory", &["engine", "expression", "keyring", "model", "scim", "store"]),
    ("mail", &[]),
    ("tenant", &["mail", "model", "store"]),
    ("administrators", &["model", "scim", "store"]),
    ("source", &["directory", "model", "store"]),
    ("scim-client", &["scim", "model"]),
    (
        "worker",
        &["directory", "engine", "expression", "mail", "model", "scim", "scim-client", "source", "store"],
    ),
    ("webhooks", &["keyring", "model", "scim-client", "store", "tenant"]),
    ("web-console", &[]),
    ("intake", &[]),
    ("scim-server", &["intake", "model", "scim", "store", "tenant"]),
    (
        "graph-api",
        &[
            "administrators",
            "directory",
            "engine",
            "expression",
            "intake",
            "model",
            "scim",
            "store",
            "tenant",
            "webhooks",
        ],
    ),
    (
        "provost",
        &[
            "administrators",
            "directory",
            "expression",
            "graph-api",
            "intake",
            "keyring",
            "mail",
            "model",
            "scim",
            "scim-client",
            "scim-server",
            "source",
            "store",
            "store-postgres",
            "store-sqlite",
            "tenant",
            "web-console",
            "webhooks",
            "worker",
        ],
    ),
    ("bench", &["store", "store-sqlite"]),
    ("sim", &["directory", "model", "scim", "scim-client", "store", "store-memory", "testkit", "worker"]),
    ("testkit", &["model", "store", "store-memory"]),
    ("xtask", &[]),
];

/// Drivers of databases, which only the backends may use.
const DATABASE_DRIVERS: &[&str] = &["rusqlite", "tokio-postgres", "deadpool-postgres", "sqlx"];

/// Which test holds each requirement of the RFCs.
const CONFORMANCE: &str = "docs/conformance.md";

/// Checks everything and reports every finding.
pub fn run() -> Result<()> {
    let root = crate::root();
    let mut findings = Vec::new();
    let mut crates: Vec<PathBuf> = directories(&root.join("crates"))?;
    crates.push(root.join("xtask"));
    for path in &crates {
        dependencies(path, &mut findings)?;
        documented(path, &mut findings);
    }
    let mut sources = String::new();
    for file in files(&root)? {
        let Ok(text) = fs::read_to_string(&file) else { continue }; // binary files say nothing
        let name = file.strip_prefix(&root).unwrap_or(&file).to_owned();
        machine_paths(&name, &text, &root, &mut findings);
        if name.extension().is_some_and(|extension| extension == "rs") {
            module(&name, &text, &mut findings);
            sources.push_str(&text);
        }
    }
    let conformance = fs::read_to_string(root.join(CONFORMANCE)).context("reading docs/conformance.md")?;
    named_tests(&conformance, &sources, &mut findings);
    if findings.is_empty() {
        eprintln!("tidy: {} crates, nothing to say", crates.len());
        return Ok(());
    }
    bail!("{} findings\n  {}", findings.len(), findings.join("\n  "))
}

fn dependencies(path: &Path, findings: &mut Vec<String>) -> Result<()> {
    let manifest = path.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).with_context(|| format!("reading {}", manifest.display()))?;
    let manifest: toml::Table = text.parse().with_context(|| format!("reading {}", manifest.display()))?;
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let ours: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let Some(allowed) = ours.get(name) else {
        findings.push(format!(
            "{name}: the crate is not in the table of xtask/src/tidy.rs; add it with what it may use"
        ));
        return Ok(());
    };
    let used: BTreeSet<&str> = manifest
        .get("dependencies")
        .and_then(toml::Value::as_table)
        .map(|table| table.keys().map(String::as_str).collect())
        .unwrap_or_default();
    for other in used.iter().filter(|other| ours.contains_key(*other) && !allowed.contains(*other)) {
        findings.push(format!("{name}: may not use {other}: the dependency points the wrong way"));
    }
    if !name.starts_with("store-") {
        for driver in DATABASE_DRIVERS.iter().filter(|driver| used.contains(*driver)) {
            findings.push(format!("{name}: uses {driver}; databases belong to the store backends"));
        }
    }
    if manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool)
        != Some(true)
    {
        findings.push(format!("{name}: `[lints] workspace = true` is missing"));
    }
    Ok(())
}

fn documented(path: &Path, findings: &mut Vec<String>) {
    let entry =
        ["src/lib.rs", "src/main.rs"].map(|file| path.join(file)).into_iter().find(|file| file.exists());
    let starts =
        entry.and_then(|file| fs::read_to_string(file).ok()).is_some_and(|text| text.starts_with("//!"));
    if !starts {
        findings.push(format!("{}: the crate does not say what it is (`//!`)", path.display()));
    }
}

fn module(name: &Path, text: &str, findings: &mut Vec<String>) {
    let lines = text.lines().count();
    if lines > MODULE_LINES {
        findings.push(format!(
            "{}: {lines} lines; more than {MODULE_LINES} hide a second subject",
            name.display()
        ));
    }
    let backend = name.components().any(|part| part.as_os_str().to_string_lossy().starts_with("store-"));
    if backend || name.starts_with("xtask") {
        return;
    }
    for (number, line) in text.lines().enumerate() {
        if is_sql(line) {
            findings.push(format!("{}:{}: SQL outside the store backends", name.display(), number + 1));
        }
    }
}

/// Whether a line holds a statement of SQL, by the pairs of words that English does not write in capitals.
fn is_sql(line: &str) -> bool {
    const PAIRS: &[(&str, &str)] = &[
        ("SELECT ", " FROM "),
        ("INSERT INTO ", ""),
        ("DELETE FROM ", ""),
        ("UPDATE ", " SET "),
        ("CREATE TABLE ", ""),
        ("CREATE INDEX ", ""),
        ("PRAGMA ", ""),
    ];
    PAIRS.iter().any(|(first, second)| {
        line.find(first).is_some_and(|at| line[at + first.len() - 1..].contains(second))
    })
}

/// The tests that the tables of the document name exist: the last cell of a row has them in backquotes, and whole
/// commands beside them.
fn named_tests(document: &str, sources: &str, findings: &mut Vec<String>) {
    let rows = document.lines().enumerate().filter(|(_, line)| line.starts_with('|'));
    for (number, row) in rows {
        let cell = row.trim_end().trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        let named = cell.split('`').skip(1).step_by(2).filter(|word| !word.contains(' '));
        for test in named.filter(|test| !sources.contains(&format!("fn {test}("))) {
            findings.push(format!("{CONFORMANCE}:{}: there is no test {test}", number + 1));
        }
    }
}

/// No file may name a place on the machine it was written on.
fn machine_paths(name: &Path, text: &str, root: &Path, findings: &mut Vec<String>) {
    let checkout = root.display().to_string();
    let homes = [concat!("/", "home", "/"), concat!("/", "root", "/")];
    for (number, line) in text.lines().enumerate() {
        if line.contains(&checkout) || homes.iter().any(|home| line.contains(home)) {
            findings.push(format!("{}:{}: a path of somebody's machine", name.display(), number + 1));
        }
    }
}

fn directories(path: &Path) -> Result<Vec<PathBuf>> {
    let entries: io::Result<Vec<_>> = fs::read_dir(path)?.collect();
    let mut found: Vec<_> =
        entries?.into_iter().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    found.sort();
    Ok(found)
}

/// Every file that belongs to the project, as far as its place says.
fn files(root: &Path) -> Result<Vec<PathBuf>> {
    const LEFT_OUT: &[&str] = &["target", "node_modules", ".git", "provost-data", "dist"];
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                if !LEFT_OUT.iter().any(|name| entry.file_name() == *name) {
                    open.push(entry.path());
                }
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_seen_and_prose_is_not() {
        assert!(is_sql("let q = \"SELECT id FROM object WHERE realm = ?\";"));
        assert!(is_sql("INSERT INTO t VALUES (1)"));
        assert!(is_sql("UPDATE t SET a = 1"));
        assert!(!is_sql("// select the user from the list, update what changed"));
        assert!(!is_sql("SELECT nothing"));
    }

    #[test]
    fn a_long_module_is_reported() {
        let mut findings = Vec::new();
        module(Path::new("crates/a/src/lib.rs"), &"\n".repeat(MODULE_LINES + 1), &mut findings);
        assert_eq!(findings.len(), 1);
    }

    #[test]
    fn a_test_that_is_named_and_missing_is_reported() {
        let mut findings = Vec::new();
        let document = "`not_in_a_table`\n| what | test |\n| --- | --- |\n| `x` | `here`, `gone`, `cargo xtask peers` |\n| `y` | |\n";
        named_tests(document, "async fn here() {}", &mut findings);
        assert_eq!(findings, ["docs/conformance.md:4: there is no test gone"]);
    }

    #[test]
    fn a_path_of_the_checkout_is_reported() {
        let mut findings = Vec::new();
        machine_paths(Path::new("a.md"), "see /srv/checkout/file", Path::new("/srv/checkout"), &mut findings);
        machine_paths(Path::new("a.md"), "see crates/a", Path::new("/srv/checkout"), &mut findings);
        assert_eq!(findings.len(), 1);
    }
}
