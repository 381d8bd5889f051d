//! `provost config`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::read_document;
use crate::answer::{Answer, Failure, REFUSED, counted, plain, text};
use crate::cli::{Apply, Config};
use crate::client::Client;
use crate::progress;

/// Letters of a value that people are shown; `--json` has all of it.
const SHOWN: usize = 120;

/// Runs the command.
pub async fn run(client: &Client, command: Config) -> Result<Answer, Failure> {
    match command {
        Config::Export { output } => export(client, output.as_deref()).await,
        Config::Apply(options) => apply(client, &options).await,
    }
}

async fn export(client: &Client, output: Option<&Path>) -> Result<Answer, Failure> {
    let document = client.get("/provost/v1/configuration").await?;
    let shown = serde_json::to_string_pretty(&document).unwrap_or_default();
    let Some(file) = output else { return Ok(Answer::done(document, shown)) };
    write(file, &shown).map_err(|error| {
        Failure::new("File", format!("{} cannot be written: {error}", file.display()), "check the path")
    })?;
    let count = |list: &str| document[list].as_array().map_or(0, |list| list.len() as u64);
    let (applications, tenants) = (count("applications"), count("tenants"));
    let words = format!(
        "{} and {}, written to {}",
        counted(applications, "application"),
        counted(tenants, "tenant"),
        file.display()
    );
    Ok(Answer::done(json!({"file": file, "applications": applications, "tenants": tenants}), words))
}

/// Puts the document in the place of the file once all of it is written.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(text.as_bytes())?;
    new.write_all(b"\n")?;
    new.as_file().sync_all()?;
    new.persist(file)?;
    Ok(())
}

async fn apply(client: &Client, options: &Apply) -> Result<Answer, Failure> {
    let document = read_document(&options.file, "`provost config export` writes such a document")?;
    let send = async |plan: bool| {
        let path = format!("/provost/v1/configuration?plan={plan}&prune={}", options.prune);
        progress::wait("comparing the configuration".to_owned(), client.post(&path, &document)).await
    };
    if options.prune && !options.plan && !options.yes {
        let planned = send(true).await?;
        let removals = changes(&planned).iter().filter(|change| change["action"] == "remove").count();
        if removals > 0 {
            let mut shown = summary(&planned);
            let _ = writeln!(
                shown,
                "nothing was changed: {removals} of this are removals\nhint: add --yes to carry it out"
            );
            return Ok(Answer::done(planned, shown).with_status(REFUSED));
        }
    }
    let outcome = send(options.plan).await?;
    let shown = summary(&outcome);
    Ok(Answer::done(outcome, shown))
}

fn changes(outcome: &Value) -> &[Value] {
    outcome["changes"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// What a document changes, for people.
fn summary(outcome: &Value) -> String {
    let changes = changes(outcome);
    let mut shown = String::new();
    for change in changes {
        let (path, old, new) = (text(change, "path"), brief(&change["old"]), brief(&change["new"]));
        let _ = match change["action"].as_str() {
            Some("add") => writeln!(shown, "+ {path}: {new}"),
            Some("remove") => writeln!(shown, "- {path}: {old}"),
            _ => writeln!(shown, "~ {path}: {old} -> {new}"),
        };
    }
    for one in outcome["reevaluation"].as_array().into_iter().flatten() {
        let (application, objects) =
            (text(one, "application"), counted(one["objects"].as_u64().unwrap_or(0), "object"));
        let whole =
            if one["everything"] == true && one["objects"] != 0 { ", which is all there are" } else { "" };
        let _ = writeln!(shown, "the next cycle of {application} looks at {objects} because of this{whole}");
    }
    for due in outcome["toDo"].as_array().into_iter().flatten() {
        let _ = writeln!(shown, "to do: {}", plain(due));
    }
    let _ = match (changes.len() as u64, outcome["applied"] == true) {
        (0, _) => writeln!(shown, "nothing to do: the configuration is as the document says"),
        (count, true) => writeln!(shown, "applied: {}", counted(count, "change")),
        (count, false) => writeln!(shown, "planned: {}; nothing was written", counted(count, "change")),
    };
    shown
}

/// A value in one line, not longer than people want to read.
fn brief(value: &Value) -> String {
    let whole = value.to_string();
    if whole.chars().count() <= SHOWN {
        return whole;
    }
    let start: String = whole.chars().take(SHOWN).collect();
    format!("{start}...")
}
