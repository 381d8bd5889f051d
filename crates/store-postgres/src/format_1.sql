-- All numbers of a realm are counted in its row, which every transaction that writes to the realm locks first: the order
-- of commit is the order of the feed and of creation. rid changes when the realm is dropped; what carries the old number
-- is collected in the background. head: the last place of the feed; horizon: the last place that is no longer kept;
-- next_oid: the number of the next object.
CREATE TABLE provost.realm(
    uuid uuid NOT NULL PRIMARY KEY,
    rid bigint NOT NULL UNIQUE,
    head bigint NOT NULL DEFAULT 0,
    horizon bigint NOT NULL DEFAULT 0,
    next_oid bigint NOT NULL DEFAULT 1
);
CREATE SEQUENCE provost.rid;

CREATE TABLE provost.garbage(rid bigint NOT NULL PRIMARY KEY);

-- keys: all its rows in `key`, so that a write finds the difference without an index on oid.
CREATE TABLE provost.object(
    realm bigint NOT NULL,
    oid bigint NOT NULL,
    kind smallint NOT NULL,
    id uuid NOT NULL,
    version bigint NOT NULL,
    created bigint NOT NULL,
    modified bigint NOT NULL,
    keys bytea NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (realm, oid)
);
CREATE UNIQUE INDEX object_id ON provost.object(realm, id, kind);
CREATE UNIQUE INDEX object_order ON provost.object(realm, kind, oid);

-- A unique value may stand beside lookup keys of the same value. Values are as indexes hold them (see long.rs).
CREATE TABLE provost.key(
    realm bigint NOT NULL,
    kind smallint NOT NULL,
    name smallint NOT NULL,
    value bytea NOT NULL,
    oid bigint NOT NULL,
    uniq boolean NOT NULL,
    PRIMARY KEY (realm, kind, name, value, oid)
);
CREATE UNIQUE INDEX key_unique ON provost.key(realm, kind, name, value) WHERE uniq;

CREATE TABLE provost.edge(
    realm bigint NOT NULL,
    from_oid bigint NOT NULL,
    kind smallint NOT NULL,
    to_oid bigint NOT NULL,
    PRIMARY KEY (realm, from_oid, kind, to_oid)
);
CREATE UNIQUE INDEX edge_to ON provost.edge(realm, to_oid, kind, from_oid);

CREATE TABLE provost.feed(
    realm bigint NOT NULL,
    seq bigint NOT NULL,
    kind smallint NOT NULL,
    id uuid NOT NULL,
    what smallint NOT NULL,
    edge_kind smallint,
    other_kind smallint,
    other_id uuid,
    at bigint NOT NULL,
    PRIMARY KEY (realm, seq)
);

CREATE TABLE provost.counter(
    realm bigint NOT NULL,
    kind smallint NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (realm, kind)
);

CREATE TABLE provost.lease(
    name text NOT NULL PRIMARY KEY,
    holder uuid,
    token bigint NOT NULL,
    deadline bigint NOT NULL
);
