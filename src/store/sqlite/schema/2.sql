-- The store, version 2: what lets a run look at less than everything.

-- How far into the directory's changes the store has come. There is one directory, so there is one row.
CREATE TABLE marks (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
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

-- How many users the scope had, of a run that read all of it.
ALTER TABLE runs ADD COLUMN scope_users INTEGER;

-- The few that every run looks at again.
CREATE INDEX users_aside ON users (status) WHERE status <> 'ok';
