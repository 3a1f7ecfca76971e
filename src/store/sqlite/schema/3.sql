-- The store, version 3: indexes with names, which can be set aside while many rows are made.

CREATE TABLE users_3 (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    username        TEXT NOT NULL,
    -- After Unicode case folding: no two users share it.
    username_folded TEXT NOT NULL,
    first_name      TEXT,
    last_name       TEXT,
    email           TEXT,
    email_folded    TEXT,
    contact_number  TEXT,
    enabled         INTEGER NOT NULL DEFAULT 1 CHECK (enabled = 0 OR enabled = 1),
    source          TEXT NOT NULL CHECK (source = 'local' OR source = 'directory'),
    -- objectGUID, its 16 bytes as LDAP carries them.
    guid            BLOB CHECK (length(guid) = 16),
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

INSERT INTO users_3 (id, username, username_folded, first_name, last_name, email, email_folded,
    contact_number, enabled, source, guid, dn, status, synced_at)
SELECT id, username, username_folded, first_name, last_name, email, email_folded,
    contact_number, enabled, source, guid, dn, status, synced_at
FROM users ORDER BY id;

-- A key is never given twice, also not those of users who are gone.
DELETE FROM sqlite_sequence WHERE name = 'users_3';
INSERT INTO sqlite_sequence (name, seq) SELECT 'users_3', seq FROM sqlite_sequence WHERE name = 'users';

DROP TABLE users;
ALTER TABLE users_3 RENAME TO users;

CREATE UNIQUE INDEX users_by_username ON users (username_folded);
CREATE UNIQUE INDEX users_by_email ON users (email_folded);
CREATE UNIQUE INDEX users_by_guid ON users (guid);
-- The few that every run looks at again.
CREATE INDEX users_aside ON users (status) WHERE status <> 'ok';

-- Nothing asks for the changes of a row, and each change would have to be entered there.
DROP INDEX changes_by_user;
