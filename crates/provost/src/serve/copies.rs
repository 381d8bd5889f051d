//! Backups of a data directory that no server uses, and data directories made from backups.

use std::path::Path;

use directory::{Directory, JobChange};
use keyring::Keyring;
use model::{ObjectType, Principal};
use serde_json::json;
use store::{Kind, Realm};
use store_sqlite::Claim;

use super::backend::{self, Backend, MASTER_KEY, MASTER_KEY_FILE};
use super::compose::{self, Base, SystemRandom, failed};
use crate::answer::{Answer, Failure};
use crate::cli::Restore;
use crate::client::TOKEN_FILE;

/// Who the audit log says made the installation from a backup.
const RESTORE: &str = "restore";

/// How the folders begin in which a store is made ready.
const STAGED: &str = ".restore-";

/// Removes what an attempt that was killed has left behind.
fn remove_left(data_dir: &Path) {
    let left = std::fs::read_dir(data_dir).into_iter().flatten().flatten();
    for folder in left.filter(|it| it.file_name().to_string_lossy().starts_with(STAGED)) {
        let _ = std::fs::remove_dir_all(folder.path());
    }
}

/// Whether there is a store in a data directory.
pub fn holds_store(data_dir: &Path) -> bool {
    store_sqlite::file_in(data_dir).exists()
}

/// Writes a copy of the store of a data directory that no server uses to a new file.
pub fn backup(data_dir: &Path, to: &Path) -> Result<(), Failure> {
    let claim = Claim::take(data_dir).map_err(|error| backend::opening(data_dir, &error))?;
    let hint = "no backup was made: see that the disk of the file has space and can be written, and run the command again";
    claim.backup(to).map_err(|error| Failure::new("Backup", error.to_string(), hint))
}

/// Reads a whole backup and finds out whether it can be restored.
pub fn verify(file: &Path) -> Result<(), Failure> {
    store_sqlite::verify(file).map_err(|error| {
        Failure::new(
            "Backup",
            error.to_string(),
            match error {
                store::Error::TooNew { .. } => {
                    "restore it with the version of provost that wrote it, or a newer one"
                }
                _ => "take another backup",
            },
        )
    })
}

/// What a backup holds.
#[derive(Default)]
struct Content {
    users: u64,
    groups: u64,
    tenants: u64,
    jobs: usize,
    started: usize,
    paused: usize,
    /// Applications whose secrets the key does not open.
    locked: Vec<String>,
}

/// Makes the store of a data directory from a backup.
pub async fn restore(data_dir: &Path, options: &Restore) -> Result<Answer, Failure> {
    verify(&options.file)?;
    let claim = Claim::take(data_dir).map_err(|error| backend::opening(data_dir, &error))?;
    if holds_store(data_dir) && !options.replace {
        let words = format!("{} holds a store already", data_dir.display());
        return Err(Failure::new(
            "NotEmpty",
            words,
            "restore to another --data-dir, or add --replace: the store that is there is kept beside it",
        ));
    }
    let key = key(data_dir, options.master_key.as_deref())?;
    let io = |error: std::io::Error| {
        Failure::new(
            "File",
            format!("{} cannot be written: {error}", data_dir.display()),
            "give this user the right to write there, or room on the disk",
        )
    };
    remove_left(data_dir);
    // All is read and checked apart, and then takes its place at once.
    let staged = tempfile::Builder::new().prefix(STAGED).tempdir_in(data_dir).map_err(io)?;
    store_sqlite::restore(&options.file, staged.path())
        .map_err(|error| backend::opening(data_dir, &error))?;
    // Without a key nothing opens, whatever the key is.
    let keys = key.as_ref().map_or_else(|| Ok(Keyring::new([0; 32])), Key::keyring)?;
    let base = compose::open(Backend::sqlite(staged.path())?, keys);
    let content = examine(&base, options.pause_jobs).await.map_err(|error| failed(&error));
    let token = std::fs::read_to_string(data_dir.join(TOKEN_FILE)).unwrap_or_default();
    let known = base.administrators.authenticate(token.trim()).await.map_err(|error| failed(&error));
    base.backend.close().await?;
    let (content, known) = (content?, known?.is_some());
    if !content.locked.is_empty() && !options.without_key {
        return Err(locked(&content.locked, key.is_some()));
    }
    let kept = claim.install(staged.path(), options.replace);
    let kept = kept.map_err(|error| backend::opening(data_dir, &error))?;
    put_key(data_dir, key)?;
    Ok(answer(data_dir, &content, kept.as_deref(), known))
}

/// A master key, and the file that it is to be copied from.
struct Key {
    text: String,
    copy: bool,
}

impl Key {
    fn keyring(&self) -> Result<Keyring, Failure> {
        Keyring::parse(&self.text).map_err(|error| Failure::new("MasterKey", error.to_string(), "the key is one line of base64, as it stands in DATA_DIR/master-key: take the file of the installation that was backed up"))
    }
}

/// The key that the restored store will be used with: the one given, or what the data directory or a variable has.
fn key(data_dir: &Path, given: Option<&Path>) -> Result<Option<Key>, Failure> {
    let file = data_dir.join(MASTER_KEY_FILE);
    let there = std::fs::read_to_string(&file).ok();
    if let Some(given) = given {
        let text = String::from_utf8(crate::commands::read_file(given)?).unwrap_or_default();
        if there.as_ref().is_some_and(|there| there.trim() != text.trim()) {
            let words = format!("{} is another key than {}", file.display(), given.display());
            return Err(Failure::new("MasterKey", words, "move the one away that is not this backup's"));
        }
        return Ok(Some(Key { text, copy: there.is_none() }));
    }
    let text = std::env::var(MASTER_KEY).ok().or(there);
    Ok(text.map(|text| Key { text, copy: false }))
}

fn locked(applications: &[String], has_key: bool) -> Failure {
    let names = applications.join(", ");
    let what =
        if has_key { "the master key is not the one of this backup" } else { "there is no master key" };
    Failure::new(
        "MasterKey",
        format!("{what}: the secrets of these applications cannot be read: {names}"),
        format!(
            "name the key that was kept beside the backup with --master-key FILE, or set {MASTER_KEY}; if it is lost, \
             add --without-key and save the secrets again with `provost app set`"
        ),
    )
}

/// Puts the key where the server looks for it; makes one where there is none, as a new installation does.
fn put_key(data_dir: &Path, key: Option<Key>) -> Result<(), Failure> {
    let file = data_dir.join(MASTER_KEY_FILE);
    match key {
        Some(Key { text, copy: true }) => super::files::write_secret(&file, text.trim().as_bytes()),
        Some(_) => Ok(()),
        None => Keyring::load_or_create(&file, &SystemRandom).map(drop).map_err(|error| failed(&error)),
    }
}

/// Looks at what was restored, before it takes its place; pauses jobs if asked to.
async fn examine(base: &Base, pause: bool) -> directory::Result<Content> {
    let by = Principal::system(RESTORE);
    let store = base.backend.store();
    let mut content =
        Content { tenants: store.count(Realm::INSTALLATION, Kind::Tenant).await?, ..Content::default() };
    for directory in base.installation.directories().await? {
        content.users += directory.count_objects(ObjectType::User).await?;
        content.groups += directory.count_objects(ObjectType::Group).await?;
        for job in directory.jobs().await? {
            content.jobs += 1;
            if job.started && pause {
                let change = JobChange { started: Some(false), ..JobChange::default() };
                directory.update_job(&by, job.id, &change).await?;
                content.paused += 1;
            }
            content.started += usize::from(job.started && !pause);
        }
        content.locked.extend(locked_secrets(&directory).await?);
        directory.note_restore(&by).await?;
    }
    Ok(content)
}

/// The applications whose secrets cannot be read.
async fn locked_secrets(directory: &Directory) -> directory::Result<Vec<String>> {
    let (mut locked, mut after) = (Vec::new(), None);
    loop {
        let (applications, next) = directory.service_principals(None, after, 200).await?;
        for application in applications {
            for key in directory.secret_keys(application.id).await? {
                match directory.secret(application.id, key).await {
                    Err(directory::Error::MasterKey(_)) => {
                        locked.push(application.display_name.clone());
                        break;
                    }
                    other => drop(other?),
                }
            }
        }
        after = next;
        if after.is_none() {
            return Ok(locked);
        }
    }
}

fn answer(data_dir: &Path, content: &Content, kept: Option<&Path>, token_known: bool) -> Answer {
    let Content { users, groups, tenants, jobs, started, paused, locked } = content;
    let mut lines = vec![format!(
        "restored to {}: {users} users, {groups} groups, {jobs} jobs, {tenants} tenants",
        data_dir.display()
    )];
    if let Some(kept) = kept {
        lines.push(format!("the store that was there is kept as {}", kept.display()));
    }
    if !locked.is_empty() {
        lines.push(format!("save the secrets again (provost app set) of: {}", locked.join(", ")));
    }
    if !token_known {
        lines.push(
            "the administrator's token in this directory is not this store's: `provost admin-token reset`"
                .to_owned(),
        );
    }
    if *started > 0 {
        lines.push(format!("{started} jobs run by themselves as soon as the server does"));
    }
    if *paused > 0 {
        lines.push(format!("{paused} jobs are paused; start them when what they would do is right"));
    }
    lines.push(
        "hint: what happened since the backup is not known here: import users and groups again, then see `provost job \
         plan` and `provost job drift` (docs/backup.md)"
            .to_owned(),
    );
    let kept = kept.map(Path::to_owned);
    let document = json!({
        "users": users, "groups": groups, "tenants": tenants, "jobs": jobs, "startedJobs": started,
        "pausedJobs": paused, "replaced": kept, "adminTokenKnown": token_known, "secretsToSave": locked,
    });
    Answer::done(document, lines.join("\n"))
}
