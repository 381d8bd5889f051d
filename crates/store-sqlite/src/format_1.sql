-- A realm's number changes when the realm is dropped; what carries the old number is collected in the background.
-- horizon: the last place of its feed that is no longer kept.
CREATE TABLE realm(
    uuid BLOB NOT NULL PRIMARY KEY,
    rid INTEGER NOT NULL UNIQUE,
    horizon INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE garbage(rid INTEGER NOT NULL PRIMARY KEY) STRICT;

-- next_oid, next_rid, feed_head: numbers given out so far; never given out again.
CREATE TABLE meta(name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Clustered on a number that grows in the order of creation. keys: all its rows in `key`, so that a write finds
-- the difference without an index on oid. Small columns first: a long body overflows the page.
CREATE TABLE object(
    oid INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    keys BLOB NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX object_id ON object(realm, id, kind);
CREATE INDEX object_order ON object(realm, kind);

-- Uniqueness is checked by the one writer: a unique value may stand beside lookup keys of the same value.
CREATE TABLE key(
    realm INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    name INTEGER NOT NULL,
    value BLOB NOT NULL,
    oid INTEGER NOT NULL,
    uniq INTEGER NOT NULL,
    PRIMARY KEY (realm, kind, name, value, oid)
) STRICT, WITHOUT ROWID;

CREATE TABLE edge(
    from_oid INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    to_oid INTEGER NOT NULL,
    PRIMARY KEY (from_oid, kind, to_oid)
) STRICT, WITHOUT ROWID;
CREATE INDEX edge_to ON edge(to_oid, kind, from_oid);

CREATE TABLE feed(
    realm INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    id BLOB NOT NULL,
    what INTEGER NOT NULL,
    edge_kind INTEGER,
    other_kind INTEGER,
    other_id BLOB,
    at INTEGER NOT NULL,
    PRIMARY KEY (realm, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE counter(
    realm INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (realm, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE lease(
    name TEXT NOT NULL PRIMARY KEY,
    holder BLOB,
    token INTEGER NOT NULL,
    deadline INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
