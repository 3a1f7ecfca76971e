-- The store, version 1. docs/store.md says what another program may read.

-- "adsy": what tells an adsync store from another program's database.
PRAGMA application_id = 0x61647379;

CREATE TABLE users (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    username        TEXT NOT NULL,
    -- After Unicode case folding: no two users share it.
    username_folded TEXT NOT NULL UNIQUE,
    first_name      TEXT,
    last_name       TEXT,
    email           TEXT,
    email_folded    TEXT UNIQUE,
    contact_number  TEXT,
    enabled         INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
    source          TEXT NOT NULL CHECK (source IN ('local', 'directory')),
    -- objectGUID, its 16 bytes as LDAP carries them.
    guid            BLOB UNIQUE CHECK (length(guid) = 16),
    dn              TEXT,
    status          TEXT NOT NULL DEFAULT 'ok'
                    -- Not IN: SQLite would build a table of the values for each row that is written.
                    CHECK (status = 'ok' OR status = 'duplicate' OR status = 'out_of_scope'
                           OR status = 'failed' OR status = 'restored'),
    -- When adsync last wrote the row (RFC 3339, UTC).
    synced_at       TEXT,
    CHECK ((source = 'directory') = (guid IS NOT NULL)),
    CHECK ((email IS NULL) = (email_folded IS NULL))
) STRICT;

CREATE TABLE runs (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    command      TEXT NOT NULL,
    mode         TEXT NOT NULL CHECK (mode IN ('full', 'delta', 'selected')),
    started_at   TEXT NOT NULL,
    duration_ms  INTEGER NOT NULL,
    -- The account that ran it, for whom by sudo, and on which host.
    run_by       TEXT NOT NULL,
    sudo_for     TEXT,
    host         TEXT NOT NULL,
    outcome      TEXT NOT NULL CHECK (outcome IN ('done', 'partial', 'refused', 'failed')),
    -- Why it was refused or failed.
    error        TEXT,
    checked      INTEGER NOT NULL,
    unchanged    INTEGER NOT NULL,
    imported     INTEGER NOT NULL,
    modified     INTEGER NOT NULL,
    deleted      INTEGER NOT NULL,
    duplicate    INTEGER NOT NULL,
    out_of_scope INTEGER NOT NULL,
    failed       INTEGER NOT NULL,
    -- In a run of selected users: the ids of those that were found in step (a JSON array).
    in_step      TEXT
) STRICT;

CREATE TABLE changes (
    run_id   INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    user_id  INTEGER NOT NULL,
    action   TEXT NOT NULL
             CHECK (action = 'imported' OR action = 'added' OR action = 'modified'
                    OR action = 'deleted' OR action = 'restored'),
    username TEXT NOT NULL,
    -- Why it was deleted: tombstone, absent, out_of_scope or removed.
    evidence TEXT,
    -- The user before and after, as JSON; null where there was or is none.
    before   TEXT,
    after    TEXT,
    PRIMARY KEY (run_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX changes_by_user ON changes (user_id);
