//! Imports a file when it is due and complete.

use std::fs::File;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::Principal;
use uuid::Uuid;

use super::folder::{ImportFolder, Stamp};
use super::scheduled::{ImportRun, Scheduled};
use super::{Leavers, Options};
use crate::{Directory, Error, Result};

/// For how long a file that is due may be missing, or not complete, before that is a failure.
const PATIENCE: SignedDuration = SignedDuration::from_hours(1);

/// For how long an import keeps others from importing, should its process die.
const LEASE_TIME: Duration = Duration::from_mins(15);

/// Who imports when nobody asks for it.
const SERVICE: &str = "import";

/// Looks after the schedule of one directory.
pub struct ImportScheduler {
    directory: Directory,
    folder: ImportFolder,
    /// Who imports, among the processes that look after the same schedule.
    holder: Uuid,
    /// What the file looked like, and since when.
    seen: Option<(Stamp, Timestamp)>,
}

/// Whether a file can be imported.
enum Found {
    Complete(Stamp),
    Same,
    NotYet(String),
}

impl ImportScheduler {
    /// The schedule of a directory, of files in that folder.
    pub fn new(directory: Directory, folder: ImportFolder) -> Self {
        let holder = directory.ids().next();
        Self { directory, folder, holder, seen: None }
    }

    /// Imports the file if it is due and complete; what came of it, if anything did. To be called every few seconds.
    pub async fn tick(&mut self) -> Result<Option<ImportRun>> {
        let Some(scheduled) = self.directory.import_schedule().await? else {
            self.seen = None;
            return Ok(None);
        };
        let (now, due) = (self.directory.clock().now(), scheduled.next());
        if now < due {
            self.seen = None;
            return Ok(None);
        }
        let Some(_turn) = self.folder.turn() else { return Ok(None) };
        let file = &scheduled.schedule.file;
        let found = self.look(&scheduled, now);
        let message = match found {
            Found::Complete(stamp) => match self.folder.copy(file, stamp) {
                Ok(copy) => return self.import_alone(copy, stamp).await,
                Err(message) => message,
            },
            Found::Same => {
                self.directory.note_unchanged(now).await?;
                return Ok(None);
            }
            Found::NotYet(message) => message,
        };
        // It may come, or be written to the end, in a while.
        if now.duration_since(due) < PATIENCE {
            return Ok(None);
        }
        let run = ImportRun::failed(self.directory.ids().next(), file, now, message);
        self.directory.note_import(&run, None).await?;
        Ok(Some(run))
    }

    /// Imports a copy of the file, unless another process does so or has done so by now.
    async fn import_alone(&self, copy: File, stamp: Stamp) -> Result<Option<ImportRun>> {
        let (store, name) = (self.directory.store.as_ref(), format!("import/{}", self.directory.id()));
        let now = self.directory.clock().now();
        let Some(lease) = store.acquire_lease(&name, self.holder, now, LEASE_TIME).await? else {
            return Ok(None);
        };
        let run = async {
            let scheduled = self.directory.import_schedule().await?;
            let due = scheduled.filter(|it| it.next() <= now && it.imported != Some(stamp));
            let Some(scheduled) = due else { return Ok(None) };
            let (by, leavers) = (Principal::system(SERVICE), scheduled.schedule.leavers);
            import(&self.directory, &by, &scheduled, copy, stamp, leavers).await.map(Some)
        };
        let run = run.await;
        if let Err(error) = store.release_lease(&lease).await {
            // What was imported counts all the same.
            tracing::warn!(%error, "the lease of the scheduled import is not given back, and ends by itself");
        }
        run
    }

    /// Looks at the file, and remembers it to see whether it changes.
    fn look(&mut self, scheduled: &Scheduled, now: Timestamp) -> Found {
        let stamp = match self.folder.stamp(&scheduled.schedule.file) {
            Ok(stamp) => stamp,
            Err(message) => {
                self.seen = None;
                return Found::NotYet(message);
            }
        };
        if scheduled.imported == Some(stamp) {
            return Found::Same;
        }
        let since = match self.seen {
            Some((seen, since)) if seen == stamp => since,
            _ => now,
        };
        self.seen = Some((stamp, since));
        if now.duration_since(since) >= scheduled.schedule.settle {
            return Found::Complete(stamp);
        }
        Found::NotYet(format!("{} is still being written", scheduled.schedule.file))
    }
}

impl Directory {
    /// Imports the file of the schedule now, whenever it is due, also when it was imported before; `allowed` lets so many
    /// users go, whatever the schedule says.
    ///
    /// # Errors
    /// [`Error::NotFound`] without a schedule; [`Error::File`] where the file cannot be read; [`Error::Busy`] while it is
    /// imported.
    pub async fn run_import(
        &self,
        by: &Principal,
        folder: &ImportFolder,
        allowed: Option<u64>,
    ) -> Result<ImportRun> {
        let scheduled = self.import_schedule().await?;
        let scheduled = scheduled.ok_or_else(|| Error::missing("import schedule", self.id()))?;
        let _turn = folder.turn().ok_or(Error::Busy("the file is being imported already"))?;
        let file = &scheduled.schedule.file;
        let stamp = folder.stamp(file).map_err(Error::File)?;
        let copy = folder.copy(file, stamp).map_err(Error::File)?;
        let leavers = allowed.map_or(scheduled.schedule.leavers, Leavers::exactly);
        import(self, by, &scheduled, copy, stamp, leavers).await
    }
}

/// Imports a copy of the file as a snapshot, and writes down what came of it.
async fn import(
    directory: &Directory,
    by: &Principal,
    scheduled: &Scheduled,
    copy: File,
    stamp: Stamp,
    leavers: Leavers,
) -> Result<ImportRun> {
    let (id, began, file) = (directory.ids().next(), directory.clock().now(), &scheduled.schedule.file);
    let options = Options { snapshot: Some(leavers), ..Options::default() };
    let run = match directory.import_users(by, copy, options).await {
        Ok(report) => ImportRun::of(id, file, began, directory.clock().now(), &report),
        Err(Error::File(message)) => {
            ImportRun::failed(id, file, began, format!("{file} cannot be read: {message}"))
        }
        Err(error) => return Err(error),
    };
    directory.note_import(&run, Some(stamp)).await?;
    Ok(run)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use model::{Clock as _, FixedClock, ObjectType};
    use serde_json::json;

    use super::super::ImportOutcome;
    use super::*;
    use crate::tests::{admin, directory_at};

    struct World {
        dir: tempfile::TempDir,
        clock: Arc<FixedClock>,
        directory: Directory,
        scheduler: ImportScheduler,
    }

    impl World {
        async fn new(schedule: serde_json::Value) -> Self {
            let clock = Arc::new(FixedClock::at("2026-01-10T00:00:00Z".parse().expect("an instant")));
            let directory = directory_at(clock.clone()).await;
            let dir = tempfile::tempdir().expect("a folder");
            let folder = ImportFolder::new(dir.path());
            let schedule = serde_json::from_value(schedule).expect("a schedule");
            directory.set_import_schedule(&admin(), &schedule).await.expect("it can be");
            let scheduler = ImportScheduler::new(directory.clone(), folder);
            Self { dir, clock, directory, scheduler }
        }

        fn path(&self) -> PathBuf {
            self.dir.path().join("users.csv")
        }

        fn write(&self, numbers: std::ops::Range<u32>) {
            let rows = numbers.map(|number| format!("u{number}@example.com,U{number}\n"));
            let text: String =
                std::iter::once("userPrincipalName,displayName\n".to_owned()).chain(rows).collect();
            std::fs::write(self.path(), text).expect("written");
        }

        async fn after(&mut self, seconds: i64) -> Option<ImportRun> {
            self.clock.advance(SignedDuration::from_secs(seconds));
            self.scheduler.tick().await.expect("it can be read")
        }

        async fn users(&self) -> u64 {
            self.directory.count_objects(ObjectType::User).await.expect("counts")
        }
    }

    #[tokio::test]
    async fn of_two_processes_one_imports() {
        let mut world =
            World::new(json!({"file": "users.csv", "when": {"at": "02:30"}, "settle": "PT1M"})).await;
        let mut other = ImportScheduler::new(world.directory.clone(), ImportFolder::new(world.dir.path()));
        world.write(0..3);
        world.after(3 * 3600).await;
        assert!(other.tick().await.expect("it can be read").is_none(), "it has to settle");
        world.clock.advance(SignedDuration::from_mins(2));
        let name = format!("import/{}", world.directory.id());
        let (now, someone) = (world.clock.now(), Uuid::from_u128(1));
        let store = Arc::clone(&world.directory.store);
        let held = store.acquire_lease(&name, someone, now, Duration::from_mins(1)).await.expect("asked");
        assert!(world.scheduler.tick().await.expect("it can be read").is_none(), "somebody else imports");
        store.release_lease(&held.expect("free")).await.expect("released");
        assert!(other.tick().await.expect("it can be read").is_some());
        assert!(world.scheduler.tick().await.expect("it can be read").is_none(), "it has been imported");
        assert_eq!(world.users().await, 3);
    }

    #[tokio::test]
    async fn a_file_is_taken_once_it_is_due_and_complete() {
        let mut world =
            World::new(json!({"file": "users.csv", "when": {"at": "02:00"}, "settle": "PT30S"})).await;
        world.write(0..30);
        assert_eq!(world.after(3600).await, None, "it is not due");
        assert_eq!(world.after(3600).await, None, "it may still be written");
        world.write(0..40);
        assert_eq!(world.after(25).await, None, "it was written");
        assert_eq!(world.after(25).await, None);
        let run = world.after(5).await.expect("it was the same for long enough");
        assert_eq!(
            (run.outcome, run.created, world.users().await),
            (ImportOutcome::Imported, 40, 40),
            "{run:?}"
        );
        assert_eq!(world.after(60).await, None, "once a day");
        assert_eq!(world.after(86_400).await, None, "it is the same file");
        let stored = world.directory.import_schedule().await.expect("readable").expect("set");
        let tomorrow = "2026-01-12T02:00:00Z".parse().expect("an instant");
        assert_eq!((stored.last.as_ref(), stored.next()), (Some(&run), tomorrow));
        // Who is not in last night's file is a leaver.
        world.write(0..38);
        assert_eq!(world.after(86_400).await, None);
        let run = world.after(30).await.expect("complete");
        assert_eq!(
            (run.outcome, run.deleted, world.users().await),
            (ImportOutcome::Imported, 2, 38),
            "{run:?}"
        );
        let stored = world.directory.import_schedule().await.expect("readable").expect("set");
        assert_eq!(stored.last.as_ref(), Some(&run));
    }

    #[tokio::test]
    async fn a_file_that_does_not_come_or_does_not_end_is_a_failure_after_an_hour() {
        let mut world = World::new(json!({"file": "users.csv", "when": {"every": "P1D"}})).await;
        assert_eq!(world.after(0).await, None, "due at once, and waited for");
        assert_eq!(world.after(3_599).await, None);
        let run = world.after(1).await.expect("given up");
        assert_eq!(run.outcome, ImportOutcome::Failed);
        assert!(run.message.contains("no file users.csv"), "{run:?}");
        assert_eq!(world.after(60).await, None);
        assert_eq!(world.after(86_400).await, None);
        for number in 1..58 {
            world.write(0..number);
            assert_eq!(world.after(60).await, None, "it grows");
        }
        world.write(0..70);
        let run = world.after(120).await.expect("given up");
        assert!(run.message.contains("still being written"), "{run:?}");
        assert_eq!(world.users().await, 0);
    }

    #[tokio::test]
    async fn guards_hold_leavers_until_somebody_allows_as_many() {
        let settings = json!({"file": "users.csv", "when": {"every": "PT1H"}, "settle": "PT0S",
            "leavers": {"number": 8, "percent": 50}});
        let mut world = World::new(settings).await;
        world.write(0..20);
        assert_eq!(world.after(0).await.expect("imported").created, 20);
        world.write(9..21);
        let run = world.after(3_600).await.expect("due");
        assert_eq!(
            (run.outcome, run.created, run.held, run.told),
            (ImportOutcome::Held, 1, 9, false),
            "{run:?}"
        );
        world.directory.note_import_told(run.id).await.expect("written");
        let last =
            world.directory.import_schedule().await.expect("readable").expect("set").last.expect("a run");
        assert!(last.told);
        let folder = ImportFolder::new(world.dir.path());
        let allow =
            async |number| world.directory.run_import(&admin(), &folder, number).await.expect("imported");
        assert_eq!(allow(None).await.outcome, ImportOutcome::Held);
        assert_eq!(allow(Some(8)).await.outcome, ImportOutcome::Held);
        assert_eq!(allow(Some(9)).await.deleted, 9);
        assert_eq!(world.users().await, 12);
        let broken = "userPrincipalName,displayName\nu9@example.com,U9\nbroken,row\n";
        std::fs::write(world.path(), broken).expect("written");
        let run = allow(Some(100)).await;
        assert_eq!((run.outcome, run.deleted, run.held), (ImportOutcome::Failed, 0, 11), "{run:?}");
        assert!(run.message.contains("line 3"), "{run:?}");
        std::fs::write(world.path(), "").expect("written");
        assert_eq!(allow(None).await.outcome, ImportOutcome::Failed);
        std::fs::remove_file(world.path()).expect("removed");
        assert!(matches!(world.directory.run_import(&admin(), &folder, None).await, Err(Error::File(_))));
        let turn = folder.turn().expect("nobody imports");
        assert!(matches!(world.directory.run_import(&admin(), &folder, None).await, Err(Error::Busy(_))));
        drop(turn);
        world.directory.remove_import_schedule(&admin()).await.expect("there was one");
        assert_eq!(world.after(86_400).await, None);
        assert!(matches!(
            world.directory.run_import(&admin(), &folder, None).await,
            Err(Error::NotFound { .. })
        ));
    }

    #[tokio::test]
    async fn what_cannot_be_scheduled_is_refused() {
        let world = World::new(json!({"file": "users.csv", "when": {"every": "PT1H"}})).await;
        for wrong in [
            json!({"file": "../users.csv", "when": {"every": "PT1H"}}),
            json!({"file": "users.csv", "when": {"every": "PT0S"}}),
            json!({"file": "users.csv", "when": {"at": "02:00", "timeZone": "Atlantis"}}),
            json!({"file": "users.csv", "when": {"every": "PT1H"}, "leavers": {"percent": 101}}),
            json!({"file": "users.csv", "when": {"every": "PT1H"}, "settle": "PT2H"}),
        ] {
            let schedule = serde_json::from_value(wrong.clone()).expect("well-formed");
            let refused = world.directory.set_import_schedule(&admin(), &schedule).await;
            assert!(matches!(refused, Err(Error::Invalid { .. })), "{wrong}");
        }
    }
}
