//! What has to be known before transactions can be decided, and how it is read: all of it in one round trip.

use std::collections::{BTreeSet, HashSet};

use bytes::Bytes;
use deadpool_postgres::ClientWrapper;
use store::{Edge, EdgeKind, Kind, Op, Realm, Result, Transaction};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::columns::{self, Blob, get as column};
use crate::draft::{self, Facts, KeyId, Name, RealmRow, name_of};
use crate::long;
use crate::pipeline::{Owned, Pipeline};

/// An edge by its ends, whose numbers are not known yet.
type EdgeName = (Realm, EdgeKind, (Kind, Uuid), (Kind, Uuid));

/// What transactions touch.
#[derive(Default)]
pub(crate) struct Needs {
    /// Realms that are written to, in the order in which they are locked.
    pub written: BTreeSet<Realm>,
    /// All realms.
    realms: BTreeSet<Realm>,
    leases: HashSet<String>,
    objects: HashSet<Name>,
    /// Unique keys that somebody may hold.
    keys: HashSet<KeyId>,
    /// Edges by both their ends.
    edges: HashSet<EdgeName>,
    /// Objects of which every edge that ends there has to be known.
    deleted: HashSet<Name>,
    /// Objects of which every edge of a kind that starts there has to be known.
    cleared: HashSet<(EdgeKind, Name)>,
}

impl Needs {
    /// What these transactions touch.
    pub fn of<'a>(transactions: impl IntoIterator<Item = &'a Transaction>) -> Self {
        let mut needs = Self::default();
        for transaction in transactions {
            needs.leases.extend(transaction.fence.as_ref().map(|fence| fence.lease.clone()));
            for op in &transaction.ops {
                needs.add(op);
            }
        }
        needs
    }

    fn add(&mut self, op: &Op) {
        let name = name_of(op);
        self.realms.insert(name.0);
        if !matches!(op, Op::Require { .. }) {
            self.written.insert(name.0);
        }
        self.objects.insert(name);
        match op {
            Op::Put { keys, .. } | Op::Rekey { keys, .. } => {
                let unique = keys.iter().filter(|key| key.unique);
                self.keys.extend(unique.map(|key| (name.0, name.1, key.name, key.value.clone())));
            }
            Op::Delete { .. } => {
                self.deleted.insert(name);
            }
            Op::Require { .. } => {}
            Op::AddEdge(Edge { realm, kind, from, to }) | Op::RemoveEdge(Edge { realm, kind, from, to }) => {
                self.objects.insert((*realm, to.0, to.1));
                self.edges.insert((*realm, *kind, *from, *to));
            }
            Op::ClearEdges { edge, .. } => {
                self.cleared.insert((*edge, name));
            }
        }
    }

    /// Begins a transaction of the database and reads in it what is needed. The rows of the realms that are written to are
    /// locked first; leases are kept from changing hands until the end.
    pub async fn read(self, client: &ClientWrapper) -> Result<Facts> {
        let keys: Vec<KeyId> = self.keys.into_iter().collect();
        let mut pipeline = Pipeline::new(client);
        let mut asked = Vec::new();
        let [written, realms] =
            [self.written, self.realms].map(|realms| realms.into_iter().map(|it| it.0).collect());
        let [objects, deleted] = [&self.objects, &self.deleted].map(names_of);
        let leases: Vec<String> = self.leases.into_iter().collect();
        for (part, empty, sql, values) in [
            (Part::Locked, Vec::is_empty(&written), LOCK, vec![owned(written)]),
            (Part::Realms, Vec::is_empty(&realms), REALMS, vec![owned(realms)]),
            (Part::Leases, leases.is_empty(), LEASES, vec![owned(leases)]),
            (Part::Objects, self.objects.is_empty(), OBJECTS, objects),
            (Part::Holders, keys.is_empty(), HOLDERS, keys_of(&keys)),
            (Part::Edges, self.edges.is_empty(), EDGES, edges_of(&self.edges)),
            (Part::Incoming, self.deleted.is_empty(), INCOMING, deleted),
            (Part::Outgoing, self.cleared.is_empty(), OUTGOING, cleared_of(&self.cleared)),
        ] {
            if !empty {
                pipeline.add(sql, values).await?;
                asked.push(part);
            }
        }
        let read = pipeline.run(Some("BEGIN ISOLATION LEVEL SERIALIZABLE"), None).await?;
        let mut facts = Facts::default();
        facts.objects.extend(self.objects.into_iter().map(|name| (name, None)));
        for (part, rows) in asked.into_iter().zip(&read) {
            for row in rows {
                part.take(row, &keys, &mut facts)?;
            }
        }
        Ok(facts)
    }
}

/// Which statement a row is of.
#[derive(Clone, Copy)]
enum Part {
    Locked,
    Realms,
    Leases,
    Objects,
    Holders,
    Edges,
    Incoming,
    Outgoing,
}

const LOCK: &str = "SELECT 1 FROM provost.realm WHERE uuid = ANY($1) ORDER BY uuid FOR UPDATE";

const REALMS: &str = "SELECT uuid, rid, head, next_oid FROM provost.realm WHERE uuid = ANY($1)";

const LEASES: &str = "SELECT name, token FROM provost.lease WHERE name = ANY($1) AND holder IS NOT NULL ORDER BY name FOR SHARE";

const OBJECTS: &str = "SELECT uuid, object.kind, object.id, oid, version, keys
    FROM unnest($1::uuid[], $2::smallint[], $3::uuid[]) AS asked(realm, kind, id)
    JOIN provost.realm ON uuid = asked.realm
    JOIN provost.object ON object.realm = rid AND object.id = asked.id AND object.kind = asked.kind";

const HOLDERS: &str = "SELECT ord, object.id
    FROM unnest($1::uuid[], $2::smallint[], $3::smallint[], $4::bytea[])
        WITH ORDINALITY AS asked(realm, kind, name, value, ord)
    JOIN provost.realm ON uuid = asked.realm
    JOIN provost.key ON key.realm = rid AND key.kind = asked.kind AND key.name = asked.name
        AND key.value = asked.value AND uniq
    JOIN provost.object ON object.realm = rid AND object.oid = key.oid";

const EDGES: &str = "SELECT uuid, edge.kind, from_oid, to_oid
    FROM unnest($1::uuid[], $2::smallint[], $3::smallint[], $4::uuid[], $5::smallint[], $6::uuid[])
        AS asked(realm, kind, from_kind, from_id, to_kind, to_id)
    JOIN provost.realm ON uuid = asked.realm
    JOIN provost.object AS one ON one.realm = rid AND one.id = from_id AND one.kind = from_kind
    JOIN provost.object AS other ON other.realm = rid AND other.id = to_id AND other.kind = to_kind
    JOIN provost.edge ON edge.realm = rid AND from_oid = one.oid AND edge.kind = asked.kind
        AND to_oid = other.oid";

const INCOMING: &str = "SELECT uuid, edge.kind, from_oid, to_oid, one.kind, one.id, one.version, one.keys
    FROM unnest($1::uuid[], $2::smallint[], $3::uuid[]) AS asked(realm, kind, id)
    JOIN provost.realm ON uuid = asked.realm
    JOIN provost.object AS other ON other.realm = rid AND other.id = asked.id AND other.kind = asked.kind
    JOIN provost.edge ON edge.realm = rid AND to_oid = other.oid
    JOIN provost.object AS one ON one.realm = rid AND one.oid = from_oid";

const OUTGOING: &str = "SELECT uuid, edge.kind, from_oid, to_oid, other.kind, other.id
    FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::smallint[]) AS asked(realm, kind, id, edge)
    JOIN provost.realm ON uuid = asked.realm
    JOIN provost.object AS one ON one.realm = rid AND one.id = asked.id AND one.kind = asked.kind
    JOIN provost.edge ON edge.realm = rid AND from_oid = one.oid AND edge.kind = asked.edge
    JOIN provost.object AS other ON other.realm = rid AND other.oid = to_oid";

impl Part {
    fn take(self, row: &Row, keys: &[KeyId], facts: &mut Facts) -> Result<()> {
        let realm = || column(row, 0).map(Realm);
        match self {
            Self::Locked => {}
            Self::Realms => {
                let found =
                    RealmRow { rid: column(row, 1)?, head: column(row, 2)?, next_oid: column(row, 3)? };
                facts.realms.insert(realm()?, found);
            }
            Self::Leases => {
                facts.leases.insert(column(row, 0)?, columns::whole(row, 1)?);
            }
            Self::Objects => {
                let name = (realm()?, columns::kind(row, 1)?, column(row, 2)?);
                let found = draft::Row::read(column(row, 3)?, column(row, 4)?, column(row, 5)?);
                facts.names.insert((name.0, found.oid), (name.1, name.2));
                facts.objects.insert(name, Some(found));
            }
            Self::Holders => {
                let place = usize::try_from(column::<i64>(row, 0)? - 1).unwrap_or(usize::MAX);
                if let Some(key) = keys.get(place) {
                    facts.holders.insert(key.clone(), column(row, 1)?);
                }
            }
            Self::Edges | Self::Incoming | Self::Outgoing => {
                let (realm, edge) = (realm()?, columns::edge_kind(row, 1)?);
                let (from, to) = (column(row, 2)?, column(row, 3)?);
                facts.edges.insert((realm, from, edge, to));
                if matches!(self, Self::Incoming) {
                    let name = (columns::kind(row, 4)?, column(row, 5)?);
                    let found = draft::Row::read(from, column(row, 6)?, column(row, 7)?);
                    facts.names.insert((realm, from), name);
                    facts.objects.entry((realm, name.0, name.1)).or_default().get_or_insert(found);
                }
                if matches!(self, Self::Outgoing) {
                    facts.names.insert((realm, to), (columns::kind(row, 4)?, column(row, 5)?));
                }
            }
        }
        Ok(())
    }
}

fn owned<T: tokio_postgres::types::ToSql + Sync + Send + 'static>(value: T) -> Owned {
    Box::new(value)
}

fn number(kind: Kind) -> i16 {
    kind.number().into()
}

fn names_of(names: &HashSet<Name>) -> Vec<Owned> {
    let names: Vec<&Name> = names.iter().collect();
    vec![
        owned::<Vec<Uuid>>(names.iter().map(|name| name.0.0).collect()),
        owned::<Vec<i16>>(names.iter().map(|name| number(name.1)).collect()),
        owned::<Vec<Uuid>>(names.iter().map(|name| name.2).collect()),
    ]
}

fn keys_of(keys: &[KeyId]) -> Vec<Owned> {
    let value = |value: &Bytes| Blob(Bytes::copy_from_slice(&long::indexed(value)));
    vec![
        owned::<Vec<Uuid>>(keys.iter().map(|key| key.0.0).collect()),
        owned::<Vec<i16>>(keys.iter().map(|key| number(key.1)).collect()),
        owned::<Vec<i16>>(keys.iter().map(|key| key.2.number().into()).collect()),
        owned::<Vec<Blob>>(keys.iter().map(|key| value(&key.3)).collect()),
    ]
}

fn edges_of(edges: &HashSet<EdgeName>) -> Vec<Owned> {
    let edges: Vec<_> = edges.iter().collect();
    vec![
        owned::<Vec<Uuid>>(edges.iter().map(|edge| edge.0.0).collect()),
        owned::<Vec<i16>>(edges.iter().map(|edge| edge.1.number().into()).collect()),
        owned::<Vec<i16>>(edges.iter().map(|edge| number(edge.2.0)).collect()),
        owned::<Vec<Uuid>>(edges.iter().map(|edge| edge.2.1).collect()),
        owned::<Vec<i16>>(edges.iter().map(|edge| number(edge.3.0)).collect()),
        owned::<Vec<Uuid>>(edges.iter().map(|edge| edge.3.1).collect()),
    ]
}

fn cleared_of(cleared: &HashSet<(EdgeKind, Name)>) -> Vec<Owned> {
    let cleared: Vec<_> = cleared.iter().collect();
    vec![
        owned::<Vec<Uuid>>(cleared.iter().map(|(_, name)| name.0.0).collect()),
        owned::<Vec<i16>>(cleared.iter().map(|(_, name)| number(name.1)).collect()),
        owned::<Vec<Uuid>>(cleared.iter().map(|(_, name)| name.2).collect()),
        owned::<Vec<i16>>(cleared.iter().map(|(edge, _)| edge.number().into()).collect()),
    ]
}
