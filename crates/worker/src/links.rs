//! Links and the progress of a job, as the store keeps them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use bytes::Bytes;
use engine::{KeyBounds, configuration_key};
use model::{
    Applied, Due, DueChange, JobState, Link, LinkOrigin, LinkState, Linked, ObjectType, Shadow,
    StoredPosition,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Bound;
use store::{
    Cursor, Expect, Key, KeyName, KeyRange, Kind, Object, Order, Position, Realm, Scan, Store, Transaction,
};
use uuid::Uuid;

use crate::Error;
use crate::error::Stop;

pub(crate) fn decode(object: &Object) -> Result<Link, Error> {
    read(object)
}

/// Of a link, what those who refer to its object need to know: cheap to read.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    pub source_id: Uuid,
    pub source_name: String,
    #[serde(default)]
    pub target_id: Option<String>,
    pub state: LinkState,
    #[serde(default)]
    pub due: Option<Due>,
}

pub(crate) fn decode_account(object: &Object) -> Result<Account, Error> {
    read(object)
}

fn read<T: serde::de::DeserializeOwned>(object: &Object) -> Result<T, Error> {
    serde_json::from_slice(&object.body)
        .map_err(|error| Error::Damaged(format!("the link {}: {error}", object.id)))
}

/// The key of a link's account; also finds the link that has one already.
pub(crate) fn target_key(object_type: ObjectType, target_id: &str) -> Key {
    let mut value = vec![letter(object_type)];
    value.extend_from_slice(target_id.as_bytes());
    Key::unique(KeyName::TargetId, value)
}

const fn letter(object_type: ObjectType) -> u8 {
    match object_type {
        ObjectType::User => b'u',
        ObjectType::Group => b'g',
    }
}

/// How many accounts and groups the links have.
pub(crate) async fn linked(store: &dyn Store, job: Uuid) -> Result<Linked, Error> {
    let count = async |object_type| {
        let range = KeyRange::beginning_with(KeyName::TargetId, &[letter(object_type)]);
        store.count_keys(Realm(job), Kind::Link, range).await
    };
    Ok(Linked { users: count(ObjectType::User).await?, groups: count(ObjectType::Group).await? })
}

/// The objects of one type whose references are due carry this value.
pub(crate) const MANAGER_DUE: &[u8] = b"m";
pub(crate) const USER_REFERRERS_DUE: &[u8] = b"u";
pub(crate) const GROUP_MEMBERS_DUE: &[u8] = b"g";

/// What waits for the guard, by the value of its key.
pub(crate) const DELETION_DUE: &[u8] = b"delete";
pub(crate) const DISABLING_DUE: &[u8] = b"disable";
pub(crate) const RENAMING_DUE: &[u8] = b"rename";
pub(crate) const RECREATION_DUE: &[u8] = b"recreate";
pub(crate) const LEAVING_DUE: &[u8] = b"members";

fn keys(link: &Link) -> Vec<Key> {
    let mut keys = vec![Key::lookup(KeyName::Configuration, configuration_key(link))];
    if let Some(id) = &link.target_id {
        keys.push(target_key(link.object_type, id));
    }
    if link.manager_due {
        keys.push(Key::lookup(KeyName::ReferencesDue, MANAGER_DUE));
    }
    if link.referrers_due {
        let value = match link.object_type {
            ObjectType::User => USER_REFERRERS_DUE,
            ObjectType::Group => GROUP_MEMBERS_DUE,
        };
        keys.push(Key::lookup(KeyName::ReferencesDue, value));
    }
    if let Some(due) = &link.due {
        let value = match due.change {
            DueChange::Delete => DELETION_DUE,
            DueChange::Disable => DISABLING_DUE,
            DueChange::Rename(_) => RENAMING_DUE,
            DueChange::Recreate => RECREATION_DUE,
        };
        keys.push(Key::lookup(KeyName::RemovalDue, value));
    }
    if link.members_due.is_some() {
        keys.push(Key::lookup(KeyName::RemovalDue, LEAVING_DUE));
    }
    if let Some(escrow) = &link.escrow {
        keys.push(Key::lookup(KeyName::EscrowDue, Key::instant(escrow.due)));
    }
    if let Some(since) = link.unacknowledged {
        keys.push(Key::lookup(KeyName::Unacknowledged, Key::instant(since)));
    }
    keys
}

/// The account is no longer in the target: what is left is who it was for.
pub(crate) fn forget_account(link: &mut Link) {
    link.target_id = None;
    link.target_version = None;
    link.state = LinkState::Pending;
    link.shadow.clear();
    link.due = None;
    link.members_due = None;
    link.unacknowledged = None;
}

/// Objects by their type, users before the groups that they may be members of.
pub(crate) type ByType = [(ObjectType, Vec<Uuid>); 2];

/// The objects of links.
pub(crate) fn by_type(links: &[Link]) -> ByType {
    [ObjectType::User, ObjectType::Group].map(|object_type| {
        let of_type = links.iter().filter(|link| link.object_type == object_type);
        (object_type, of_type.map(|link| link.source_id).collect())
    })
}

pub(crate) fn put(transaction: &mut Transaction, realm: Realm, link: &Link) {
    let body = serde_json::to_vec(link).expect("a link is plain data");
    // The lease and the gate make this the only writer of links.
    transaction.put(realm, Kind::Link, link.source_id, Expect::Any, body, keys(link));
}

pub(crate) fn new(id: Uuid, object_type: ObjectType, name: String, created: jiff::Timestamp) -> Link {
    Link {
        source_id: id,
        object_type,
        source_name: name,
        target_id: None,
        target_version: None,
        origin: LinkOrigin::None,
        state: LinkState::Pending,
        shadow: Shadow::new(),
        kept: BTreeMap::new(),
        configuration: 0,
        source_version: 0,
        unacknowledged: None,
        escrow: None,
        due: None,
        members_due: None,
        manager_due: false,
        referrers_due: false,
        counted: None,
        created,
    }
}

pub(crate) async fn load_state(store: &dyn Store, job: Uuid) -> Result<JobState, Error> {
    match store.get(Realm(job), Kind::JobState, job).await? {
        None => Ok(JobState::default()),
        Some(object) => serde_json::from_slice(&object.body)
            .map_err(|error| Error::Damaged(format!("the state of job {job}: {error}"))),
    }
}

pub(crate) fn put_state(transaction: &mut Transaction, job: Uuid, state: &JobState) {
    let body = serde_json::to_vec(state).expect("a job's state is plain data");
    transaction.put(Realm(job), Kind::JobState, job, Expect::Any, body, Vec::new());
}

pub(crate) fn store_bytes(bytes: &Bytes) -> String {
    BASE64.encode(bytes)
}

pub(crate) fn read_bytes(text: &str) -> Option<Bytes> {
    BASE64.decode(text).ok().map(Bytes::from)
}

pub(crate) fn store_position(position: &Position) -> StoredPosition {
    store_bytes(&position.0)
}

pub(crate) fn read_position(text: &StoredPosition) -> Result<Position, Stop> {
    let bytes = read_bytes(text).ok_or_else(|| Stop::Other(Error::Damaged("the watermark".to_owned())))?;
    Ok(Position(bytes))
}

/// Where an interrupted initial cycle goes on.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Checkpoint {
    pub cycle_id: Uuid,
    /// The configuration that is being applied.
    pub configuration: Applied,
    pub phase: Phase,
    /// The cursor of the page to read next.
    pub cursor: Option<String>,
    /// The source's position before the first read.
    pub head: StoredPosition,
    /// Whether there were links before: their objects may be gone.
    pub sweep: bool,
    pub counts: model::CycleCounts,
    /// Whether accounts may have been linked as they were read by pages, and are to be confirmed.
    #[serde(default)]
    pub confirm: bool,
    pub started: jiff::Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Phase {
    Users,
    Groups,
    Sweep,
    Rest,
}

impl Checkpoint {
    pub fn read(value: &Value) -> Option<Self> {
        serde_json::from_value(value.clone()).ok()
    }

    pub fn write(&self) -> Value {
        serde_json::to_value(self).expect("a checkpoint is plain data")
    }
}

/// One pass over all links, or over those that carry a key in a range; links that come into it meanwhile may be
/// missed.
pub(crate) struct Pass {
    order: Order,
    after: Option<Cursor>,
    ended: bool,
}

impl Pass {
    /// All links.
    pub fn whole() -> Self {
        Self { order: Order::Creation, after: None, ended: false }
    }

    /// The links that carry the key with any value up to this one.
    pub fn until(name: KeyName, to: Bound<Bytes>) -> Self {
        Self { order: Order::Key { name, from: Bound::Unbounded, to }, ..Self::whole() }
    }

    /// The links that carry the key at all.
    pub fn any(name: KeyName) -> Self {
        Self::until(name, Bound::Unbounded)
    }

    /// The links that carry the key with this value.
    pub fn exactly(name: KeyName, value: &'static [u8]) -> Self {
        let value = Bound::Included(Bytes::from_static(value));
        Self { order: Order::Key { name, from: value.clone(), to: value }, ..Self::whole() }
    }

    /// The links that are found in this range when the configuration changes.
    pub fn configured((from, to): KeyBounds) -> Self {
        let (from, to) = (from.map(Bytes::from), to.map(Bytes::from));
        Self { order: Order::Key { name: KeyName::Configuration, from, to }, ..Self::whole() }
    }

    /// The groups that have an account.
    pub fn groups() -> Self {
        let (from, to) =
            (Bound::Included(Bytes::from_static(b"g")), Bound::Excluded(Bytes::from_static(b"h")));
        Self { order: Order::Key { name: KeyName::TargetId, from, to }, ..Self::whole() }
    }

    /// Goes on after a place where another pass was.
    pub fn after(self, after: Option<Cursor>) -> Self {
        Self { after, ..self }
    }

    /// Where the next page begins; `None` at the end.
    pub fn here(&self) -> Option<&Cursor> {
        self.after.as_ref()
    }

    /// The next page; `None` at the end.
    pub async fn next(
        &mut self,
        store: &dyn Store,
        realm: Realm,
        limit: usize,
    ) -> Result<Option<Vec<Link>>, Error> {
        if self.ended {
            return Ok(None);
        }
        let scan = Scan { order: self.order.clone(), ..Scan::first(limit) }.after(self.after.take());
        let page = store.scan(realm, Kind::Link, scan).await?;
        self.ended = page.next.is_none();
        self.after = page.next;
        Ok(Some(page.objects.iter().map(decode).collect::<Result<_, _>>()?))
    }
}
