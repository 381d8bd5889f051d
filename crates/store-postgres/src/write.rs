//! What a draft comes to, as statements: the difference between what was read and what is to be.

use std::collections::HashSet;

use bytes::Bytes;
use store::{Key, Kind, Realm, Result, keys};
use uuid::Uuid;

use crate::columns::{Blob, changed_numbers};
use crate::draft::{Draft, EdgeId, Entry, Name, Row};
use crate::long;
use crate::pipeline::{Owned, Pipeline};

/// Adds the statements to a pipeline, removals first, so that nothing stands in the way of what takes its place.
pub(crate) async fn add(draft: &Draft, pipeline: &mut Pipeline<'_>) -> Result<()> {
    let difference = Difference::of(draft)?;
    let numbers = Numbers { draft };
    for (sql, values) in [
        (
            "DELETE FROM provost.edge USING unnest($1::bigint[], $2::bigint[]) AS gone(realm, oid)
             WHERE edge.realm = gone.realm AND from_oid = gone.oid",
            numbers.oids(&difference.deleted),
        ),
        (
            "DELETE FROM provost.edge USING unnest($1::bigint[], $2::bigint[]) AS gone(realm, oid)
             WHERE edge.realm = gone.realm AND to_oid = gone.oid",
            numbers.oids(&difference.deleted),
        ),
        (
            "DELETE FROM provost.edge
             USING unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bigint[]) AS gone(realm, one, kind, other)
             WHERE edge.realm = gone.realm AND from_oid = one AND edge.kind = gone.kind AND to_oid = other",
            numbers.edges(&difference.removed_edges),
        ),
        (
            "DELETE FROM provost.key
             USING unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::bytea[], $5::bigint[])
                 AS gone(realm, kind, name, value, oid)
             WHERE key.realm = gone.realm AND key.kind = gone.kind AND key.name = gone.name
               AND key.value = gone.value AND key.oid = gone.oid",
            numbers.keys(&difference.removed_keys),
        ),
        (
            "DELETE FROM provost.object USING unnest($1::bigint[], $2::bigint[]) AS gone(realm, oid)
             WHERE object.realm = gone.realm AND object.oid = gone.oid",
            numbers.oids(&difference.deleted),
        ),
        (
            "INSERT INTO provost.object(realm, kind, id, oid, version, modified, keys, body, created)
             SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::uuid[], $4::bigint[], $5::bigint[],
                 $6::bigint[], $7::bytea[], $8::bytea[], $9::bigint[])",
            numbers.created(&difference.created),
        ),
        (
            "UPDATE provost.object SET version = new.version, modified = new.modified, keys = new.keys,
                 body = new.body
             FROM unnest($1::bigint[], $2::smallint[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[],
                 $7::bytea[], $8::bytea[]) AS new(realm, kind, id, oid, version, modified, keys, body)
             WHERE object.realm = new.realm AND object.oid = new.oid",
            numbers.objects(&difference.written, true),
        ),
        (
            "UPDATE provost.object SET version = new.version, modified = coalesce(new.modified, object.modified),
                 keys = new.keys
             FROM unnest($1::bigint[], $2::smallint[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[],
                 $7::bytea[]) AS new(realm, kind, id, oid, version, modified, keys)
             WHERE object.realm = new.realm AND object.oid = new.oid",
            numbers.objects(&difference.touched, false),
        ),
        (
            "INSERT INTO provost.key(realm, kind, name, value, oid, uniq)
             SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::bytea[], $5::bigint[],
                 $6::boolean[])",
            numbers.keys_with_uniqueness(&difference.added_keys),
        ),
        (
            "INSERT INTO provost.edge(realm, from_oid, kind, to_oid)
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bigint[])",
            numbers.edges(&difference.added_edges),
        ),
        (
            "INSERT INTO provost.feed(realm, seq, kind, id, what, edge_kind, other_kind, other_id, at)
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::uuid[], $5::smallint[],
                 $6::smallint[], $7::smallint[], $8::uuid[], $9::bigint[])",
            numbers.feed(&draft.feed),
        ),
        (
            "INSERT INTO provost.counter AS held (realm, kind, n)
             SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::bigint[])
             ON CONFLICT (realm, kind) DO UPDATE SET n = held.n + excluded.n",
            numbers.counts(),
        ),
        (
            "UPDATE provost.realm SET head = new.head, next_oid = new.next_oid
             FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS new(rid, head, next_oid)
             WHERE realm.rid = new.rid",
            numbers.realms(),
        ),
    ] {
        if let Some(values) = values {
            pipeline.add(sql, values).await?;
        }
    }
    Ok(())
}

/// A key of an object: its realm and kind, the key, and the object's number.
type KeyRow = (Realm, Kind, Key, i64);

#[derive(Default)]
struct Difference<'a> {
    deleted: Vec<(Realm, i64)>,
    created: Vec<(Name, &'a Row)>,
    /// Those with another body.
    written: Vec<(Name, &'a Row)>,
    /// Those with another version or other keys.
    touched: Vec<(Name, &'a Row)>,
    removed_keys: Vec<KeyRow>,
    added_keys: Vec<KeyRow>,
    removed_edges: Vec<EdgeId>,
    added_edges: Vec<EdgeId>,
}

impl<'a> Difference<'a> {
    fn of(draft: &'a Draft) -> Result<Self> {
        let mut difference = Self::default();
        for (name, now) in &draft.now.objects {
            let before = draft.before.objects.get(name).and_then(Option::as_ref);
            difference.object(*name, before, now.as_ref())?;
        }
        let gone: HashSet<(Realm, i64)> = difference.deleted.iter().copied().collect();
        let stays = |edge: &&EdgeId| !gone.contains(&(edge.0, edge.1)) && !gone.contains(&(edge.0, edge.3));
        let (before, now) = (&draft.before.edges, &draft.now.edges);
        difference.removed_edges = before.difference(now).filter(stays).copied().collect();
        difference.added_edges = now.difference(before).copied().collect();
        // In the order of creation, as the tables keep them.
        difference.created.sort_unstable_by_key(|(name, row)| (name.0, row.oid));
        Ok(difference)
    }

    fn object(&mut self, name: Name, before: Option<&Row>, now: Option<&'a Row>) -> Result<()> {
        if before == now {
            return Ok(());
        }
        let same = before.filter(|before| now.is_some_and(|now| now.oid == before.oid));
        let gone = before.filter(|_| same.is_none());
        let keys = |row: Option<&Row>| row.map_or_else(|| Ok(Vec::new()), |row| keys::decode(&row.keys));
        self.deleted.extend(gone.map(|row| (name.0, row.oid)));
        if let Some(gone) = gone {
            self.removed_keys
                .extend(keys(Some(gone))?.into_iter().map(|key| (name.0, name.1, key, gone.oid)));
        }
        let Some(now) = now else { return Ok(()) };
        let (old, new) = (keys(same)?, keys(Some(now))?);
        let row = |key: &Key| (name.0, name.1, key.clone(), now.oid);
        self.removed_keys.extend(old.iter().filter(|key| !new.contains(key)).map(row));
        self.added_keys.extend(new.iter().filter(|key| !old.contains(key)).map(row));
        match (same, &now.body) {
            (None, _) => self.created.push((name, now)),
            (Some(_), Some(_)) => self.written.push((name, now)),
            (Some(_), None) => self.touched.push((name, now)),
        }
        Ok(())
    }
}

/// Rows as columns of arrays; `None` where there are no rows.
struct Numbers<'a> {
    draft: &'a Draft,
}

type Columns = Option<Vec<Owned>>;

impl Numbers<'_> {
    fn rid(&self, realm: Realm) -> i64 {
        self.draft.before.realms.get(&realm).map_or(0, |row| row.rid)
    }

    fn rids(&self, realms: impl Iterator<Item = Realm>) -> Owned {
        Box::new(realms.map(|realm| self.rid(realm)).collect::<Vec<i64>>())
    }

    fn oids(&self, of: &[(Realm, i64)]) -> Columns {
        let oids: Vec<i64> = of.iter().map(|(_, oid)| *oid).collect();
        (!of.is_empty()).then(|| vec![self.rids(of.iter().map(|it| it.0)), Box::new(oids)])
    }

    fn edges(&self, of: &[EdgeId]) -> Columns {
        (!of.is_empty()).then(|| {
            vec![
                self.rids(of.iter().map(|it| it.0)),
                Box::new(of.iter().map(|it| it.1).collect::<Vec<i64>>()),
                Box::new(of.iter().map(|it| it.2.number().into()).collect::<Vec<i16>>()),
                Box::new(of.iter().map(|it| it.3).collect::<Vec<i64>>()),
            ]
        })
    }

    fn keys(&self, of: &[KeyRow]) -> Columns {
        let value = |key: &Key| Blob(Bytes::copy_from_slice(&long::indexed(&key.value)));
        (!of.is_empty()).then(|| {
            vec![
                self.rids(of.iter().map(|it| it.0)),
                Box::new(of.iter().map(|it| it.1.number().into()).collect::<Vec<i16>>()),
                Box::new(of.iter().map(|it| it.2.name.number().into()).collect::<Vec<i16>>()),
                Box::new(of.iter().map(|it| value(&it.2)).collect::<Vec<Blob>>()),
                Box::new(of.iter().map(|it| it.3).collect::<Vec<i64>>()),
            ]
        })
    }

    fn keys_with_uniqueness(&self, of: &[KeyRow]) -> Columns {
        let mut columns = self.keys(of)?;
        columns.push(Box::new(of.iter().map(|it| it.2.unique).collect::<Vec<bool>>()));
        Some(columns)
    }

    fn objects(&self, of: &[(Name, &Row)], bodies: bool) -> Columns {
        if of.is_empty() {
            return None;
        }
        let mut columns: Vec<Owned> = vec![
            self.rids(of.iter().map(|(name, _)| name.0)),
            Box::new(of.iter().map(|(name, _)| name.1.number().into()).collect::<Vec<i16>>()),
            Box::new(of.iter().map(|(name, _)| name.2).collect::<Vec<Uuid>>()),
            Box::new(of.iter().map(|(_, row)| row.oid).collect::<Vec<i64>>()),
            Box::new(of.iter().map(|(_, row)| row.version).collect::<Vec<i64>>()),
            Box::new(of.iter().map(|(_, row)| row.modified).collect::<Vec<Option<i64>>>()),
            Box::new(of.iter().map(|(_, row)| Blob(row.keys.clone())).collect::<Vec<Blob>>()),
        ];
        if bodies {
            let bodies = of.iter().map(|(_, row)| row.body.clone().map(Blob));
            columns.push(Box::new(bodies.collect::<Vec<Option<Blob>>>()));
        }
        Some(columns)
    }

    fn created(&self, of: &[(Name, &Row)]) -> Columns {
        let mut columns = self.objects(of, true)?;
        columns.push(Box::new(of.iter().map(|(_, row)| row.created).collect::<Vec<Option<i64>>>()));
        Some(columns)
    }

    fn feed(&self, of: &[Entry]) -> Columns {
        let changes: Vec<_> = of.iter().map(|entry| changed_numbers(entry.what)).collect();
        let others = || changes.iter().map(|(_, other)| *other);
        (!of.is_empty()).then(|| {
            vec![
                self.rids(of.iter().map(|it| it.realm)),
                Box::new(of.iter().map(|it| it.seq).collect::<Vec<i64>>()),
                Box::new(of.iter().map(|it| it.of.0.number().into()).collect::<Vec<i16>>()),
                Box::new(of.iter().map(|it| it.of.1).collect::<Vec<Uuid>>()),
                Box::new(changes.iter().map(|(what, _)| *what).collect::<Vec<i16>>()),
                Box::new(others().map(|it| it.map(|it| it.0.number().into())).collect::<Vec<Option<i16>>>()),
                Box::new(others().map(|it| it.map(|it| it.1.number().into())).collect::<Vec<Option<i16>>>()),
                Box::new(others().map(|it| it.map(|it| it.2)).collect::<Vec<Option<Uuid>>>()),
                Box::new(of.iter().map(|it| it.at).collect::<Vec<i64>>()),
            ]
        })
    }

    fn counts(&self) -> Columns {
        let counts: Vec<_> = self.draft.counts.iter().filter(|(_, delta)| **delta != 0).collect();
        (!counts.is_empty()).then(|| {
            vec![
                self.rids(counts.iter().map(|((realm, _), _)| *realm)),
                Box::new(counts.iter().map(|((_, kind), _)| kind.number().into()).collect::<Vec<i16>>()),
                Box::new(counts.iter().map(|(_, delta)| **delta).collect::<Vec<i64>>()),
            ]
        })
    }

    /// The realms whose numbers were counted on.
    fn realms(&self) -> Columns {
        let counted = self.draft.now.realms.iter().filter(|(realm, now)| {
            let before = self.draft.before.realms.get(realm);
            before.is_none_or(|before| (before.head, before.next_oid) != (now.head, now.next_oid))
        });
        let counted: Vec<_> = counted.map(|(_, row)| *row).collect();
        (!counted.is_empty()).then(|| {
            vec![
                Box::new(counted.iter().map(|it| it.rid).collect::<Vec<i64>>()) as Owned,
                Box::new(counted.iter().map(|it| it.head).collect::<Vec<i64>>()),
                Box::new(counted.iter().map(|it| it.next_oid).collect::<Vec<i64>>()),
            ]
        })
    }
}
