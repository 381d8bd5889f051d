//! How columns become what the seam speaks of, and the reverse.

use bytes::{BufMut as _, Bytes, BytesMut};
use jiff::Timestamp;
use store::{Changed, EdgeKind, Error, Kind, Object, Result};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

/// The value of a column.
///
/// # Errors
/// [`Error::Backend`] where it is of another type than this program makes.
pub(crate) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T> {
    row.try_get(column).map_err(|error| damaged(&error.to_string()))
}

/// The column holds what no version of the program writes.
pub(crate) fn damaged(what: &str) -> Error {
    Error::Backend(format!("the store is damaged: {what}"))
}

pub(crate) fn kind(row: &Row, column: usize) -> Result<Kind> {
    numbered(get(row, column)?, Kind::from_number)
}

pub(crate) fn edge_kind(row: &Row, column: usize) -> Result<EdgeKind> {
    numbered(get(row, column)?, EdgeKind::from_number)
}

fn numbered<T>(number: i16, name: impl Fn(u8) -> Option<T>) -> Result<T> {
    u8::try_from(number).ok().and_then(name).ok_or_else(|| damaged("a number that names nothing"))
}

pub(crate) fn instant(row: &Row, column: usize) -> Result<Timestamp> {
    Timestamp::from_microsecond(get(row, column)?).map_err(|error| damaged(&error.to_string()))
}

/// A number that is never negative.
pub(crate) fn whole(row: &Row, column: usize) -> Result<u64> {
    Ok(get::<i64>(row, column)?.cast_unsigned())
}

/// An object from the columns id, version, created, modified, body, from `first` on.
pub(crate) fn object(row: &Row, kind: Kind, first: usize) -> Result<Object> {
    Ok(Object {
        kind,
        id: get(row, first)?,
        version: whole(row, first + 1)?,
        created: instant(row, first + 2)?,
        modified: instant(row, first + 3)?,
        body: Bytes::copy_from_slice(get(row, first + 4)?),
    })
}

/// As much as SQL takes as a limit.
pub(crate) fn limit(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

/// What SQL takes as the limit, one more than asked for: whether there is more.
pub(crate) fn one_more(of: usize) -> i64 {
    limit(of).saturating_add(1)
}

const WRITTEN: i16 = 1;
const DELETED: i16 = 2;
const EDGE_ADDED: i16 = 3;
const EDGE_REMOVED: i16 = 4;
const CREATED: i16 = 5;

/// What happened as the feed stores it, with the other end of an edge.
pub(crate) fn changed_numbers(what: Changed) -> (i16, Option<(EdgeKind, Kind, Uuid)>) {
    match what {
        Changed::Created => (CREATED, None),
        Changed::Written => (WRITTEN, None),
        Changed::Deleted => (DELETED, None),
        Changed::EdgeAdded(edge, kind, id) => (EDGE_ADDED, Some((edge, kind, id))),
        Changed::EdgeRemoved(edge, kind, id) => (EDGE_REMOVED, Some((edge, kind, id))),
    }
}

/// What happened, from the columns what, edge_kind, other_kind, other_id, from `first` on.
pub(crate) fn changed(row: &Row, first: usize) -> Result<Changed> {
    let other = || Ok((edge_kind(row, first + 1)?, kind(row, first + 2)?, get(row, first + 3)?));
    match get::<i16>(row, first)? {
        CREATED => Ok(Changed::Created),
        WRITTEN => Ok(Changed::Written),
        DELETED => Ok(Changed::Deleted),
        EDGE_ADDED => other().map(|(edge, kind, id)| Changed::EdgeAdded(edge, kind, id)),
        EDGE_REMOVED => other().map(|(edge, kind, id)| Changed::EdgeRemoved(edge, kind, id)),
        _ => Err(damaged("a change that means nothing")),
    }
}

/// Bytes as a value of a statement.
#[derive(Debug)]
pub(crate) struct Blob(pub Bytes);

impl ToSql for Blob {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.put_slice(&self.0);
        Ok(IsNull::No)
    }

    fn accepts(of: &Type) -> bool {
        *of == Type::BYTEA
    }

    to_sql_checked!();
}
