//! What of a job waits for a later cycle, counted for who asks where it stands.

use std::ops::Bound;

use bytes::Bytes;
use jiff::Timestamp;
use model::{Link, Verdict, Waiting};
use source::Source as _;
use store::{Key, KeyName, KeyRange, Kind, Order, Realm, Scan};
use uuid::Uuid;

use crate::Error;
use crate::context::BATCH;
use crate::links::{self, Pass};
use crate::schedule::Shared;

/// Changes that are counted one by one.
const CHANGES: usize = 1_000;

pub(crate) async fn waiting(shared: &Shared, (directory, job): (Uuid, Uuid)) -> Result<Waiting, Error> {
    let (store, realm) = (&*shared.store, Realm(job));
    let state = links::load_state(store, job).await?;
    let count = async |name, to: Bound<Bytes>| {
        store.count_keys(realm, Kind::Link, KeyRange { name, from: Bound::Unbounded, to }).await
    };
    let due = state.next_run.unwrap_or(Timestamp::MIN).max(shared.clock.now());
    let manager = Bytes::from_static(links::MANAGER_DUE);
    let references = KeyRange {
        name: KeyName::ReferencesDue,
        from: Bound::Included(manager.clone()),
        to: Bound::Included(manager),
    };
    let mut waiting = Waiting {
        failed: count(KeyName::EscrowDue, Bound::Unbounded).await?,
        retries_due: count(KeyName::EscrowDue, Bound::Included(Key::instant(due))).await?,
        next_retry: next_retry(shared, job).await?,
        references: store.count_keys(realm, Kind::Link, references).await?,
        staged: staged(shared, job).await?,
        unanswered: count(KeyName::Unacknowledged, Bound::Unbounded).await?,
        ..Waiting::default()
    };
    if let Some(watermark) = &state.watermark {
        let position = links::read_position(watermark)?;
        let source = source::BuiltIn::new(std::sync::Arc::clone(&shared.store), Realm(directory));
        match source.changes(&position, CHANGES).await {
            Ok(found) => {
                waiting.changes = found.changes.len() as u64;
                waiting.more_changes = found.more;
            }
            Err(source::Error::PositionExpired) => waiting.more_changes = true,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(waiting)
}

async fn next_retry(shared: &Shared, job: Uuid) -> Result<Option<Timestamp>, Error> {
    let order = Order::Key { name: KeyName::EscrowDue, from: Bound::Unbounded, to: Bound::Unbounded };
    let page = shared.store.scan(Realm(job), Kind::Link, Scan { order, ..Scan::first(1) }).await?;
    let first = page.objects.first().map(links::decode).transpose()?;
    Ok(first.and_then(|link| link.escrow).map(|escrow| escrow.due))
}

/// What a guard has let through carries the same key until it is exported.
async fn staged(shared: &Shared, job: Uuid) -> Result<u64, Error> {
    let held = |link: &&Link| {
        link.due.as_ref().is_some_and(|due| due.verdict == Verdict::Staged)
            || link.members_due.is_some_and(|due| due.staged.is_some())
    };
    let mut count = 0;
    let mut pass = Pass::any(KeyName::RemovalDue);
    while let Some(links) = pass.next(&*shared.store, Realm(job), BATCH).await? {
        count += links.iter().filter(held).count() as u64;
    }
    Ok(count)
}
