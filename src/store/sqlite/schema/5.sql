-- The store, version 5: domains, what counts as proof, why a user stands as it does, and everything that a run
-- wrote, so that it can be taken back.

-- The domains that imported users belong to.
CREATE TABLE domains (
    id           INTEGER PRIMARY KEY,
    -- objectGUID of the head of the naming context, as LDAP carries it; null where it is known by its DN.
    guid         BLOB UNIQUE CHECK (length(guid) = 16),
    dn           TEXT NOT NULL,
    -- 1 while it is only known from the DNs of users.
    provisional  INTEGER NOT NULL DEFAULT 0 CHECK (provisional = 0 OR provisional = 1),
    -- The settings under which it was read last, as JSON, and the run that did.
    settings     TEXT,
    settings_run INTEGER
) STRICT;

-- Who answered for a domain: a domain controller, elsewhere a server.
CREATE TABLE controllers (
    id       INTEGER PRIMARY KEY,
    domain   INTEGER NOT NULL REFERENCES domains (id),
    -- invocationId; where that cannot be read dsServiceName; elsewhere host and port.
    identity TEXT NOT NULL,
    -- The highest highestCommittedUSN it has shown; null where there is no such thing.
    usn      INTEGER,
    -- The last full sync that read it completely, and when that began (RFC 3339, UTC).
    full_run INTEGER,
    full_at  TEXT,
    UNIQUE (domain, identity)
) STRICT;

-- The end of a DN that may be the head of its naming context: from the first domain component on, else the last
-- relative DN. The second replaces all but what follows the last comma.
CREATE TEMP VIEW tails AS
SELECT id AS user_id,
    CASE WHEN lower(dn) LIKE 'dc=%' THEN lower(dn)
         WHEN instr(lower(dn), ',dc=') > 0 THEN substr(lower(dn), instr(lower(dn), ',dc=') + 1)
         ELSE replace(lower(dn), rtrim(lower(dn), replace(lower(dn), ',', '')), '')
    END AS tail
FROM users WHERE guid IS NOT NULL AND dn <> '';

INSERT INTO domains (dn, provisional) SELECT DISTINCT tail, 1 FROM tails ORDER BY tail;

-- When each user was imported, or brought back.
CREATE TEMP TABLE arrivals AS
SELECT user_id, max(run_id) AS run_id FROM changes
WHERE action = 'imported' OR action = 'restored' GROUP BY user_id;
CREATE UNIQUE INDEX temp.arrivals_by_user ON arrivals (user_id);

CREATE TABLE users_5 (
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
                           OR status = 'missing' OR status = 'failed' OR status = 'restored'),
    -- When adsync last wrote the row (RFC 3339, UTC).
    synced_at       TEXT,
    -- The domain that an imported user belongs to.
    domain          INTEGER,
    -- Why the status is not ok.
    reason          TEXT,
    -- Since when it has been missing (RFC 3339, UTC), and the controllers that had returned it before (a JSON
    -- array of their ids).
    missing_since   TEXT,
    returned_by     TEXT,
    -- When the account expires (RFC 3339, UTC); null where it does not.
    expires_at      TEXT,
    -- The run that imported it or found it again, and the controller that returned it then.
    found_run       INTEGER,
    found_on        INTEGER,
    CHECK ((source = 'directory') = (guid IS NOT NULL)),
    CHECK ((email IS NULL) = (email_folded IS NULL)),
    CHECK ((status = 'missing') = (missing_since IS NOT NULL))
) STRICT;

INSERT INTO users_5 (id, username, username_folded, first_name, last_name, email, email_folded,
    contact_number, enabled, source, guid, dn, status, synced_at, domain, reason, found_run)
SELECT users.id, username, username_folded, first_name, last_name, email, email_folded,
    contact_number, enabled, source, users.guid, users.dn, status, synced_at, domains.id,
    -- As a run says it. Of duplicates and of those who failed the next run says it, whatever it reads.
    iif(status = 'out_of_scope', 'in the domain, but outside base_dn and filter', NULL),
    iif(users.guid IS NULL, NULL, coalesce(arrivals.run_id, 0))
FROM users
    LEFT JOIN tails ON tails.user_id = users.id
    LEFT JOIN domains ON domains.dn = tails.tail
    LEFT JOIN arrivals ON arrivals.user_id = users.id
ORDER BY users.id;

DROP VIEW temp.tails;
DROP TABLE temp.arrivals;

-- A key is never given twice, also not those of users who are gone.
DELETE FROM sqlite_sequence WHERE name = 'users_5';
INSERT INTO sqlite_sequence (name, seq) SELECT 'users_5', seq FROM sqlite_sequence WHERE name = 'users';

DROP TABLE users;
ALTER TABLE users_5 RENAME TO users;

CREATE UNIQUE INDEX users_by_username ON users (username_folded);
CREATE UNIQUE INDEX users_by_email ON users (email_folded);
CREATE UNIQUE INDEX users_by_guid ON users (guid, domain);
-- The few that every run looks at again.
CREATE INDEX users_aside ON users (status) WHERE status <> 'ok';
-- Those whose accounts expire.
CREATE INDEX users_by_expiry ON users (expires_at) WHERE expires_at IS NOT NULL;

-- A change mark for each domain.
CREATE TABLE marks_5 (
    domain          INTEGER PRIMARY KEY REFERENCES domains (id),
    -- dsServiceName and invocationId of the domain controller that the mark belongs to.
    service         TEXT NOT NULL,
    invocation_id   BLOB NOT NULL CHECK (length(invocation_id) = 16),
    -- Its highestCommittedUSN before the directory was read.
    usn             INTEGER NOT NULL,
    -- The settings under which it was read, as JSON.
    settings        TEXT NOT NULL,
    -- When the last full run began (RFC 3339, UTC).
    full_at         TEXT NOT NULL,
    -- objectGUIDs of a user, and of a deleted object, that every search for changes must return.
    witness         BLOB NOT NULL CHECK (length(witness) = 16),
    deleted_witness BLOB CHECK (length(deleted_witness) = 16)
) STRICT;

INSERT INTO marks_5 (domain, service, invocation_id, usn, settings, full_at, witness, deleted_witness)
SELECT users.domain, marks.service, invocation_id, usn, settings, full_at, witness, deleted_witness
FROM marks JOIN users ON users.guid = marks.witness WHERE users.domain IS NOT NULL;

DROP TABLE marks;
ALTER TABLE marks_5 RENAME TO marks;

-- The controller of the mark read everything when its last full run began.
INSERT INTO controllers (domain, identity, usn, full_run, full_at)
SELECT domain, lower(hex(invocation_id)), usn,
    (SELECT max(id) FROM runs WHERE command = 'sync' AND mode = 'full'
        AND (outcome = 'done' OR outcome = 'partial') AND started_at = marks.full_at),
    full_at
FROM marks;

-- The users that a run changed. Beside what counts as a change: marked, where only the status or its reason is
-- another; refreshed, where only what is kept beside the values is.
CREATE TABLE changes_5 (
    run_id   INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    user_id  INTEGER NOT NULL,
    action   TEXT NOT NULL
             CHECK (action = 'imported' OR action = 'added' OR action = 'modified'
                    OR action = 'deleted' OR action = 'restored' OR action = 'marked'
                    OR action = 'refreshed'),
    username TEXT NOT NULL,
    -- Why it was deleted: tombstone, absent, out_of_scope, removed or undone.
    evidence TEXT,
    -- The user before and after, as JSON; null where there was or is none.
    before   TEXT,
    after    TEXT,
    PRIMARY KEY (run_id, user_id)
) STRICT, WITHOUT ROWID;

INSERT INTO changes_5 SELECT run_id, user_id, action, username, evidence, before, after FROM changes;
DROP TABLE changes;
ALTER TABLE changes_5 RENAME TO changes;

ALTER TABLE runs ADD COLUMN missing INTEGER NOT NULL DEFAULT 0;
-- Imported users of other domains, which the run left alone.
ALTER TABLE runs ADD COLUMN others INTEGER NOT NULL DEFAULT 0;
-- The domain that was read, and who answered.
ALTER TABLE runs ADD COLUMN domain INTEGER;
ALTER TABLE runs ADD COLUMN controller INTEGER;
-- Deletions and disablings that no administrator said.
ALTER TABLE runs ADD COLUMN unsaid_deleted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN unsaid_disabled INTEGER NOT NULL DEFAULT 0;
-- The run that this one took back.
ALTER TABLE runs ADD COLUMN undoes INTEGER;

UPDATE runs SET domain = (SELECT domain FROM marks) WHERE command = 'sync' OR command = 'import';
