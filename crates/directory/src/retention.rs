//! What is forgotten with time: entries of the logs, users in the recycle bin, and the changes of the directories' feeds.

use jiff::{SignedDuration, Timestamp};
use model::Principal;
use store::{Expect, Kind, Realm, Scan, Transaction, transact};
use uuid::Uuid;

use crate::{Directory, Error, Installation, Result};

/// Log entries that are deleted in one transaction: others wait some milliseconds at most.
const PIECE: usize = 200;

/// For how long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Entries of the provisioning log.
    pub provisioning_log: SignedDuration,
    /// Entries of the audit log.
    pub audit_log: SignedDuration,
    /// Users in the recycle bin, who are deleted for good afterwards.
    pub recycle_bin: SignedDuration,
    /// What changed in a directory. A job that stopped reading longer ago looks at everything, by its links.
    pub changes: SignedDuration,
}

impl Default for Retention {
    /// 30 days, and a year of the audit log: it is small, and asked for when something comes to light late.
    fn default() -> Self {
        let days = |days: i64| SignedDuration::from_hours(days * 24);
        Self { provisioning_log: days(30), audit_log: days(365), recycle_bin: days(30), changes: days(30) }
    }
}

/// How much was forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Entries of the provisioning logs.
    pub provisioning_log: u64,
    /// Entries of the audit logs.
    pub audit_log: u64,
    /// Users who were deleted for good.
    pub users: u64,
    /// Entries of the feeds.
    pub changes: u64,
}

/// Who the audit log says it was that emptied the recycle bin.
const RETENTION: &str = "retention";

impl Installation {
    /// Forgets what is too old, in small transactions between which everybody else gets a turn.
    pub async fn forget(&self, keep: &Retention) -> Result<Forgotten> {
        let before = |kept: SignedDuration| self.clock.now().checked_sub(kept).unwrap_or(Timestamp::MIN);
        let mut forgotten = Forgotten::default();
        for realm in self.realms().await? {
            let (log, audit) = (before(keep.provisioning_log), before(keep.audit_log));
            forgotten.provisioning_log += self.forget_entries(realm, Kind::ProvisioningEntry, log).await?;
            forgotten.audit_log += self.forget_entries(realm, Kind::AuditEntry, audit).await?;
            if realm != Realm::INSTALLATION {
                let (directory, by) = (self.directory(realm.0), Principal::system(RETENTION));
                let long_ago = before(keep.recycle_bin);
                forgotten.users += directory.purge_deleted_before(&by, long_ago).await?;
            }
            forgotten.changes += self.store.prune_changes(realm, before(keep.changes)).await?;
        }
        Ok(forgotten)
    }

    /// The installation itself, where what was done to tenants is kept, and its directories.
    async fn realms(&self) -> Result<Vec<Realm>> {
        let directories = self.directories().await?;
        Ok(std::iter::once(Realm::INSTALLATION).chain(directories.iter().map(Directory::realm)).collect())
    }

    /// Deletes the entries up to the first that is young enough: they were written in the order of time.
    async fn forget_entries(&self, realm: Realm, kind: Kind, before: Timestamp) -> Result<u64> {
        let mut count = 0;
        loop {
            let page = self.store.scan(realm, kind, Scan::first(PIECE)).await?;
            let read = page.objects.len();
            let old: Vec<Uuid> = page
                .objects
                .iter()
                .take_while(|entry| entry.created < before)
                .map(|entry| entry.id)
                .collect();
            transact(self.store.as_ref(), async || {
                let mut transaction = Transaction::new(self.clock.now());
                for id in &old {
                    transaction.delete(realm, kind, *id, Expect::Any);
                }
                Ok::<_, Error>((transaction, ()))
            })
            .await?;
            count += old.len() as u64;
            if old.len() < read || page.next.is_none() {
                return Ok(count);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::{Clock, FixedClock, Ids, ObjectType, Principal};
    use serde_json::{Map, json};
    use store::{Position, Store as _};
    use store_memory::MemoryStore;
    use testkit::SeededRandom;

    use super::*;
    use crate::{AuditFilter, Keyring, LogFilter, LogPart, entry_op};

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    struct World {
        store: Arc<MemoryStore>,
        clock: Arc<FixedClock>,
        installation: Installation,
        directory: Directory,
        ids: Ids,
    }

    impl World {
        async fn new() -> Self {
            let store = Arc::new(MemoryStore::new());
            let clock = Arc::new(FixedClock::at("2026-01-01T00:00:00Z".parse().expect("an instant")));
            let random = Arc::new(SeededRandom::new(7));
            let ids = Ids::new(clock.clone() as Arc<dyn Clock>, random.clone());
            let keys = Arc::new(Keyring::new([7; 32]));
            let installation = Installation::new(store.clone(), clock.clone(), ids.clone(), random, keys);
            let directory = installation.open().await.expect("a directory");
            Self { store, clock, installation, directory, ids }
        }

        /// A day with a user, who is in the audit log and the feed, and entries of the provisioning log.
        async fn day(&self, number: usize, entries: usize) {
            let attributes = Map::from_iter([
                ("userPrincipalName".to_owned(), json!(format!("u{number}@example.com"))),
                ("displayName".to_owned(), json!("u")),
            ]);
            let by = Principal::system("test");
            self.directory.create_object(&by, ObjectType::User, None, &attributes).await.expect("a user");
            let mut transaction = Transaction::new(self.clock.now());
            for _ in 0..entries {
                let entry = json!({
                    "id": self.ids.next(), "activityDateTime": self.clock.now(), "tenantId": self.directory.id(),
                    "jobId": Uuid::nil(), "cycleId": Uuid::nil(), "changeId": Uuid::nil(),
                    "provisioningAction": "create", "provisioningStatus": "success", "durationInMilliseconds": 1,
                    "initiatedBy": by, "servicePrincipal": {"id": "", "displayName": "", "identityType": ""},
                    "sourceIdentity": {"id": "", "displayName": "", "identityType": ""},
                    "targetIdentity": {"id": "", "displayName": "", "identityType": ""},
                    "provisioningSteps": [], "modifiedProperties": [],
                });
                transaction.ops.push(entry_op(&serde_json::from_value(entry).expect("an entry")));
            }
            self.store.commit(transaction).await.expect("written");
            self.clock.advance(DAY);
        }

        async fn logged(&self) -> (usize, usize) {
            let part = || LogPart { limit: 10_000, ..LogPart::default() };
            let log = self.directory.provisioning_log(&LogFilter::default(), part(), |_| true).await;
            let audit = self.directory.audit_log(&AuditFilter::default(), part(), |_| true).await;
            (log.expect("a log").entries.len(), audit.expect("a log").entries.len())
        }
    }

    #[tokio::test]
    async fn what_is_too_old_is_forgotten_and_nothing_else() {
        let world = World::new().await;
        let keep = Retention::default();
        let start = world.store.head(world.directory.realm()).await.expect("a position");
        // Tenants are administered in the realm of the installation.
        let mut of_a_tenant = Transaction::new(world.clock.now());
        let id = world.ids.next();
        of_a_tenant.put(Realm::INSTALLATION, Kind::AuditEntry, id, Expect::Absent, "{}", Vec::new());
        world.store.commit(of_a_tenant).await.expect("written");
        // More in a day than goes into one transaction.
        for number in 0..40 {
            world.day(number, if number == 3 { 2 * PIECE + 1 } else { 1 }).await;
        }
        let last = world.store.head(world.directory.realm()).await.expect("a position");
        // It is the end of day 39, so day 10 is 30 days ago to the minute.
        let forgotten = world.installation.forget(&keep).await.expect("forgotten");
        assert_eq!(forgotten.provisioning_log, 9 + 2 * PIECE as u64 + 1);
        assert_eq!(forgotten.audit_log, 0);
        assert!(forgotten.changes >= 10, "{forgotten:?}");
        assert_eq!(world.logged().await, (30, 40));
        let again = world.installation.forget(&keep).await.expect("forgotten");
        assert_eq!(again, Forgotten::default());
        // Who read to the end reads on; who fell behind is told so.
        let changes =
            async |after: &Position| world.store.changes(world.directory.realm(), after, 1_000).await;
        assert!(changes(&last).await.expect("still kept").changes.is_empty());
        assert!(matches!(changes(&start).await, Err(store::Error::PositionExpired)));
        world.clock.advance(DAY * 340);
        let forgotten = world.installation.forget(&keep).await.expect("forgotten");
        assert_eq!((forgotten.provisioning_log, forgotten.audit_log), (30, 16));
        assert_eq!(world.logged().await, (0, 25));
        assert!(changes(&last).await.expect("nothing came after it").changes.is_empty());
    }

    #[tokio::test]
    async fn the_recycle_bin_is_emptied_of_who_was_there_for_thirty_days() {
        let world = World::new().await;
        let by = Principal::system("test");
        let user = async |name: &str| {
            let attributes = Map::from_iter([
                ("userPrincipalName".to_owned(), json!(format!("{name}@example.com"))),
                ("displayName".to_owned(), json!(name)),
            ]);
            let user = world.directory.create_object(&by, ObjectType::User, None, &attributes).await;
            user.expect("created").id
        };
        // More than go at once, one who comes back in time, and one who was there a moment less.
        let mut old = Vec::new();
        for number in 0..45 {
            old.push(user(&format!("u{number}")).await);
        }
        let (back, young, stays) = (user("back").await, user("young").await, user("stays").await);
        for id in old.iter().chain([&back]) {
            world.directory.delete_user(&by, *id).await.expect("deleted");
        }
        world.clock.advance(SignedDuration::from_secs(1));
        world.directory.delete_user(&by, young).await.expect("deleted");
        world.clock.advance(DAY * 29);
        let keep = Retention::default();
        assert_eq!(world.installation.forget(&keep).await.expect("forgotten").users, 0);
        world.directory.restore_user(&by, back).await.expect("back");
        world.clock.advance(DAY);
        let read = world.store.head(world.directory.realm()).await.expect("a position");
        assert_eq!(world.installation.forget(&keep).await.expect("forgotten").users, 45);
        assert_eq!(world.installation.forget(&keep).await.expect("forgotten").users, 0);
        for (id, there) in [(old[0], false), (old[44], false), (back, true), (young, true), (stays, true)] {
            let found = world.directory.find_object(ObjectType::User, id).await.expect("read");
            assert_eq!(found.is_some(), there, "{id}");
        }
        // Whoever follows the directory sees it, and the audit log says who it was.
        let changes = world.store.changes(world.directory.realm(), &read, 1_000).await.expect("changes");
        assert_eq!(changes.changes.len(), 45);
        let part = LogPart { limit: 1_000, ..LogPart::default() };
        let all = AuditFilter::default();
        let audit =
            world.directory.audit_log(&all, part, |it| it.activity_display_name == "Hard Delete user");
        let audit = audit.await.expect("a log").entries;
        assert_eq!(audit.len(), 45);
        assert!(audit.iter().all(|it| it.initiated_by == Principal::system("retention")), "{audit:?}");
    }
}
