//! A transaction, step by step, within the writer's savepoint.

use std::collections::HashMap;

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _, params};
use store::{
    Changed, Committed, Edge, EdgeKind, Error, Expect, Fence, Key, KeyName, Kind, Op, Realm, Transaction,
    keys,
};
use uuid::Uuid;

use crate::cache::{Cache, RealmRow};
use crate::{Failure, read};

/// What names an object: number of the realm, kind, id.
type Name = (i64, Kind, Uuid);

/// An edge that ends at an object: its kind, and where it starts.
type EdgeTo = (EdgeKind, i64, (Kind, Uuid));

/// An object that the transaction has seen.
struct Row {
    oid: i64,
    version: i64,
    /// As stored, see [`keys::encode`].
    keys: Vec<u8>,
    /// Version and time of change are still to be written.
    bumped: bool,
}

/// Runs the transaction. After an error the savepoint is to be rolled back; the cache is as before but for numbers
/// given out.
pub(crate) fn apply(
    connection: &Connection,
    cache: &mut Cache,
    transaction: &Transaction,
) -> Result<Committed, Failure> {
    let at = transaction.at.as_microsecond();
    let mut run =
        Run { connection, cache, at, objects: HashMap::new(), counts: HashMap::new(), heads: HashMap::new() };
    if let Some(fence) = &transaction.fence {
        run.check_fence(fence)?;
    }
    let mut changed = Vec::with_capacity(transaction.ops.len());
    for op in &transaction.ops {
        changed.push(run.one(op)?);
    }
    run.write_bumped()?;
    let mut versions = Vec::with_capacity(transaction.ops.len());
    for op in &transaction.ops {
        versions.push(run.version_after(op)?);
    }
    run.finish(transaction, versions, changed)
}

/// The object that an operation is about; for an edge the one where it starts.
fn name_of(op: &Op) -> (Realm, Kind, Uuid) {
    match op {
        Op::Put { realm, kind, id, .. }
        | Op::Rekey { realm, kind, id, .. }
        | Op::Delete { realm, kind, id, .. }
        | Op::Require { realm, kind, id, .. } => (*realm, *kind, *id),
        Op::AddEdge(edge) | Op::RemoveEdge(edge) => (edge.realm, edge.from.0, edge.from.1),
        Op::ClearEdges { realm, from, .. } => (*realm, from.0, from.1),
    }
}

struct Run<'a> {
    connection: &'a Connection,
    cache: &'a mut Cache,
    at: i64,
    /// Objects seen, `None` for those that are not there (any more).
    objects: HashMap<Name, Option<Row>>,
    counts: HashMap<(i64, Kind), i64>,
    heads: HashMap<Realm, i64>,
}

impl Run<'_> {
    fn one(&mut self, op: &Op) -> Result<bool, Failure> {
        let (realm, kind, id) = name_of(op);
        let row = self.realm(realm)?;
        let name = (row.rid, kind, id);
        match op {
            Op::Put { expect, body, keys, .. } => {
                self.expect(name, *expect)?;
                self.put(realm, name, body, keys)?;
                Ok(true)
            }
            Op::Rekey { expect, keys, .. } => {
                self.expect(name, *expect)?;
                self.rekey(name, keys)
            }
            Op::Delete { expect, .. } => {
                self.expect(name, *expect)?;
                self.delete(realm, name)
            }
            Op::Require { expect, .. } => {
                self.expect(name, *expect)?;
                Ok(false)
            }
            Op::AddEdge(edge) => self.add_edge(name, edge),
            Op::RemoveEdge(edge) => self.remove_edge(name, edge),
            Op::ClearEdges { edge, .. } => self.clear_edges(realm, name, *edge),
        }
    }

    fn realm(&mut self, realm: Realm) -> Result<RealmRow, Failure> {
        Ok(self.cache.realm(self.connection, realm)?)
    }

    fn check_fence(&self, fence: &Fence) -> Result<(), Failure> {
        let token = i64::try_from(fence.token).unwrap_or(-1);
        let held = self
            .connection
            .prepare_cached("SELECT 1 FROM lease WHERE name = ?1 AND token = ?2 AND holder IS NOT NULL")?
            .exists(params![fence.lease, token])?;
        if held { Ok(()) } else { Err(Error::Fenced { lease: fence.lease.clone() }.into()) }
    }

    /// The object, read when the transaction has not seen it yet.
    fn load(&mut self, name: Name) -> Result<Option<&mut Row>, Failure> {
        if !self.objects.contains_key(&name) {
            let (rid, kind, id) = name;
            let found = self
                .connection
                .prepare_cached(
                    "SELECT oid, version, keys FROM object WHERE realm = ?1 AND id = ?2 AND kind = ?3",
                )?
                .query_row(params![rid, id.as_bytes(), kind.number()], |row| {
                    Ok(Row { oid: row.get(0)?, version: row.get(1)?, keys: row.get(2)?, bumped: false })
                })
                .optional()?;
            self.objects.insert(name, found);
        }
        Ok(self.objects.get_mut(&name).and_then(Option::as_mut))
    }

    fn expect(&mut self, name: Name, expect: Expect) -> Result<(), Failure> {
        if expect == Expect::Any {
            return Ok(());
        }
        let (_, kind, id) = name;
        let found = self.load(name)?.map(|row| row.version.cast_unsigned());
        match (expect, found) {
            (Expect::Absent, Some(_)) => Err(Error::Exists { kind, id }.into()),
            (Expect::Present | Expect::Version(_), None) => Err(Error::Missing { kind, id }.into()),
            (Expect::Version(wanted), Some(found)) if wanted != found => {
                Err(Error::VersionMismatch { kind, id, found }.into())
            }
            _ => Ok(()),
        }
    }

    fn put(&mut self, realm: Realm, name: Name, body: &Bytes, given: &[Key]) -> Result<(), Failure> {
        let (rid, kind, id) = name;
        let new = keys::distinct(given);
        let encoded = keys::encode(&new);
        let at = self.at;
        let old = self.load(name)?.map(|row| (row.oid, row.version, std::mem::take(&mut row.keys)));
        let (oid, version, what) = if let Some((oid, version, old_keys)) = old {
            if old_keys != encoded {
                self.write_keys(name, oid, &keys::decode(&old_keys)?, &new)?;
            }
            self.connection
                .prepare_cached(
                    "UPDATE object SET version = ?2, modified = ?3, keys = ?4, body = ?5 WHERE oid = ?1",
                )?
                .execute(params![oid, version + 1, at, encoded, body.as_ref()])?;
            (oid, version + 1, Changed::Written)
        } else {
            let oid = self.cache.new_oid();
            self.write_keys(name, oid, &[], &new)?;
            self.connection
                .prepare_cached(
                    "INSERT INTO object(oid, realm, kind, id, version, created, modified, keys, body)
                     VALUES (?1, ?2, ?3, ?4, 1, ?5, ?5, ?6, ?7)",
                )?
                .execute(params![oid, rid, kind.number(), id.as_bytes(), at, encoded, body.as_ref()])?;
            *self.counts.entry((rid, kind)).or_default() += 1;
            (oid, 1, Changed::Created)
        };
        self.objects.insert(name, Some(Row { oid, version, keys: encoded, bumped: false }));
        self.note(realm, rid, (kind, id), what)
    }

    fn rekey(&mut self, name: Name, given: &[Key]) -> Result<bool, Failure> {
        let new = keys::distinct(given);
        let encoded = keys::encode(&new);
        let found = self.load(name)?.map(|row| (row.oid, row.keys.clone()));
        let Some((oid, old)) = found else { return Ok(false) };
        if old != encoded {
            self.write_keys(name, oid, &keys::decode(&old)?, &new)?;
            self.connection
                .prepare_cached("UPDATE object SET keys = ?2 WHERE oid = ?1")?
                .execute(params![oid, encoded])?;
            if let Some(row) = self.load(name)? {
                row.keys = encoded;
            }
        }
        Ok(true)
    }

    fn write_keys(&self, (rid, kind, id): Name, oid: i64, old: &[Key], new: &[Key]) -> Result<(), Failure> {
        for key in new.iter().filter(|key| key.unique && !old.contains(key)) {
            if let Some(holder) = self.holder(rid, kind, key, oid)?.filter(|holder| *holder != id) {
                let (name, value) = (key.name, key.value.clone());
                return Err(Error::NotUnique { kind, name, value, holder }.into());
            }
        }
        for key in old.iter().filter(|key| !new.contains(key)) {
            self.remove_key(rid, kind, key.name, &key.value, oid)?;
        }
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO key(realm, kind, name, value, oid, uniq) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for key in new.iter().filter(|key| !old.contains(key)) {
            insert.execute(params![
                rid,
                kind.number(),
                key.name.number(),
                key.value.as_ref(),
                oid,
                key.unique
            ])?;
        }
        Ok(())
    }

    /// Who else holds a unique key.
    fn holder(&self, rid: i64, kind: Kind, key: &Key, oid: i64) -> Result<Option<Uuid>, Failure> {
        let found = self
            .connection
            .prepare_cached(
                "SELECT object.id FROM key CROSS JOIN object ON object.oid = key.oid
                 WHERE key.realm = ?1 AND key.kind = ?2 AND key.name = ?3 AND key.value = ?4
                   AND uniq = 1 AND key.oid <> ?5 LIMIT 1",
            )?
            .query_row(params![rid, kind.number(), key.name.number(), key.value.as_ref(), oid], |row| {
                read::uuid(row, 0)
            })
            .optional()?;
        Ok(found)
    }

    fn remove_key(
        &self,
        rid: i64,
        kind: Kind,
        name: KeyName,
        value: &[u8],
        oid: i64,
    ) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached(
                "DELETE FROM key WHERE realm = ?1 AND kind = ?2 AND name = ?3 AND value = ?4 AND oid = ?5",
            )?
            .execute(params![rid, kind.number(), name.number(), value, oid])?;
        Ok(())
    }

    fn delete(&mut self, realm: Realm, name: Name) -> Result<bool, Failure> {
        let (rid, kind, id) = name;
        let Some((oid, held)) = self.load(name)?.map(|row| (row.oid, std::mem::take(&mut row.keys))) else {
            return Ok(false);
        };
        for (edge, from_oid, from) in self.edges_to(oid)? {
            if from_oid != oid {
                self.note(realm, rid, from, Changed::EdgeRemoved(edge, kind, id))?;
                self.bump((rid, from.0, from.1))?;
            }
        }
        for key in keys::decode(&held)? {
            self.remove_key(rid, kind, key.name, &key.value, oid)?;
        }
        for sql in [
            "DELETE FROM edge WHERE to_oid = ?1",
            "DELETE FROM edge WHERE from_oid = ?1",
            "DELETE FROM object WHERE oid = ?1",
        ] {
            self.connection.prepare_cached(sql)?.execute([oid])?;
        }
        *self.counts.entry((rid, kind)).or_default() -= 1;
        self.objects.insert(name, None);
        self.note(realm, rid, (kind, id), Changed::Deleted)?;
        Ok(true)
    }

    /// The edges that end at an object.
    fn edges_to(&self, oid: i64) -> Result<Vec<EdgeTo>, Failure> {
        let mut statement = self.connection.prepare_cached(
            "SELECT edge.kind, from_oid, object.kind, object.id FROM edge INDEXED BY edge_to
             CROSS JOIN object ON object.oid = from_oid WHERE to_oid = ?1 ORDER BY edge.kind, from_oid",
        )?;
        let rows = statement.query_map([oid], |row| {
            Ok((read::edge_kind(row, 0)?, row.get(1)?, (read::kind(row, 2)?, read::uuid(row, 3)?)))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The number of an object that must exist; from an index alone, for most ends of edges are only looked up.
    fn end(&self, rid: i64, (kind, id): (Kind, Uuid)) -> Result<Option<i64>, Failure> {
        if let Some(seen) = self.objects.get(&(rid, kind, id)) {
            return Ok(seen.as_ref().map(|row| row.oid));
        }
        let found = self
            .connection
            .prepare_cached("SELECT oid FROM object WHERE realm = ?1 AND id = ?2 AND kind = ?3")?
            .query_row(params![rid, id.as_bytes(), kind.number()], |row| row.get(0))
            .optional()?;
        Ok(found)
    }

    fn add_edge(&mut self, name: Name, edge: &Edge) -> Result<bool, Failure> {
        let missing = |(kind, id): (Kind, Uuid)| Error::Missing { kind, id };
        let from = self.load(name)?.ok_or_else(|| missing(edge.from))?.oid;
        let to = self.end(name.0, edge.to)?.ok_or_else(|| missing(edge.to))?;
        let added = self
            .connection
            .prepare_cached("INSERT OR IGNORE INTO edge(from_oid, kind, to_oid) VALUES (?1, ?2, ?3)")?
            .execute(params![from, edge.kind.number(), to])?;
        if added == 0 {
            return Ok(false);
        }
        self.note(edge.realm, name.0, edge.from, Changed::EdgeAdded(edge.kind, edge.to.0, edge.to.1))?;
        self.bump(name)?;
        Ok(true)
    }

    fn remove_edge(&mut self, name: Name, edge: &Edge) -> Result<bool, Failure> {
        let Some(from) = self.load(name)?.map(|row| row.oid) else { return Ok(false) };
        let Some(to) = self.end(name.0, edge.to)? else { return Ok(false) };
        let removed = self
            .connection
            .prepare_cached("DELETE FROM edge WHERE from_oid = ?1 AND kind = ?2 AND to_oid = ?3")?
            .execute(params![from, edge.kind.number(), to])?;
        if removed == 0 {
            return Ok(false);
        }
        self.note(edge.realm, name.0, edge.from, Changed::EdgeRemoved(edge.kind, edge.to.0, edge.to.1))?;
        self.bump(name)?;
        Ok(true)
    }

    fn clear_edges(&mut self, realm: Realm, name: Name, edge: EdgeKind) -> Result<bool, Failure> {
        let Some(from) = self.load(name)?.map(|row| row.oid) else { return Ok(false) };
        if name.1.in_feed() {
            for (kind, id) in self.edges_from(from, edge)? {
                self.note(realm, name.0, (name.1, name.2), Changed::EdgeRemoved(edge, kind, id))?;
            }
        }
        let removed = self
            .connection
            .prepare_cached("DELETE FROM edge WHERE from_oid = ?1 AND kind = ?2")?
            .execute(params![from, edge.number()])?;
        if removed > 0 {
            self.bump(name)?;
        }
        Ok(removed > 0)
    }

    fn edges_from(&self, oid: i64, edge: EdgeKind) -> Result<Vec<(Kind, Uuid)>, Failure> {
        let mut statement = self.connection.prepare_cached(
            "SELECT object.kind, object.id FROM edge CROSS JOIN object ON object.oid = to_oid
             WHERE from_oid = ?1 AND edge.kind = ?2 ORDER BY to_oid",
        )?;
        let rows = statement
            .query_map(params![oid, edge.number()], |row| Ok((read::kind(row, 0)?, read::uuid(row, 1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Counts a change of the edges that start at the object as a write of it; written once, at the end.
    fn bump(&mut self, name: Name) -> Result<(), Failure> {
        if let Some(row) = self.load(name)? {
            row.version += 1;
            row.bumped = true;
        }
        Ok(())
    }

    fn write_bumped(&mut self) -> Result<(), Failure> {
        let mut write =
            self.connection.prepare_cached("UPDATE object SET version = ?2, modified = ?3 WHERE oid = ?1")?;
        for row in self.objects.values().flatten().filter(|row| row.bumped) {
            write.execute(params![row.oid, row.version, self.at])?;
        }
        Ok(())
    }

    fn note(&mut self, realm: Realm, rid: i64, of: (Kind, Uuid), what: Changed) -> Result<(), Failure> {
        let (kind, id) = of;
        if !kind.in_feed() {
            return Ok(());
        }
        let seq = self.cache.new_seq();
        let (what, edge) = read::changed_numbers(what);
        let (edge_kind, other_kind, other_id) = match &edge {
            Some((edge, kind, id)) => (Some(edge.number()), Some(kind.number()), Some(id.as_bytes())),
            None => (None, None, None),
        };
        self.connection
            .prepare_cached(
                "INSERT INTO feed(realm, seq, kind, id, what, edge_kind, other_kind, other_id, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                rid,
                seq,
                kind.number(),
                id.as_bytes(),
                what,
                edge_kind,
                other_kind,
                other_id,
                self.at
            ])?;
        self.heads.insert(realm, seq);
        Ok(())
    }

    fn version_after(&mut self, op: &Op) -> Result<Option<u64>, Failure> {
        let (realm, kind, id) = name_of(op);
        let rid = self.realm(realm)?.rid;
        Ok(self.load((rid, kind, id))?.map(|row| row.version.cast_unsigned()))
    }

    fn finish(
        self,
        transaction: &Transaction,
        versions: Vec<Option<u64>>,
        changed: Vec<bool>,
    ) -> Result<Committed, Failure> {
        for ((rid, kind), delta) in self.counts {
            self.cache.add(self.connection, rid, kind, delta)?;
        }
        let head = match transaction.ops.last() {
            Some(op) => {
                let realm = name_of(op).0;
                let stored = self.cache.realm(self.connection, realm)?.head;
                self.heads.get(&realm).copied().unwrap_or(stored)
            }
            None => 0,
        };
        for (realm, head) in self.heads {
            self.cache.set_head(realm, head);
        }
        Ok(Committed { versions, changed, position: read::position(head) })
    }
}
