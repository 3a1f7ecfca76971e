-- adsync's own tables. A table cannot be made in a transaction here: what a run that was killed has made stays, and is
-- completed by the next. Whatever another program may read of them is written in docs/databases.md.

CREATE TABLE IF NOT EXISTS {users} (
    id             BIGINT PRIMARY KEY,
    username       TEXT NOT NULL,
    first_name     TEXT,
    last_name      TEXT,
    email          TEXT,
    contact_number TEXT,
    enabled        BOOLEAN NOT NULL DEFAULT TRUE,
    -- Username and email address as they are compared: after Unicode case folding, and of a long one its SHA-256.
    username_key   VARCHAR(255) NOT NULL,
    email_key      VARCHAR(255),
    UNIQUE KEY users_by_username (username_key),
    UNIQUE KEY users_by_email (email_key)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What ties a user to its directory. A user without a link is a local one.
CREATE TABLE IF NOT EXISTS {links} (
    user_id       BIGINT PRIMARY KEY,
    -- In the table of an application: the key of the row, the names as they are compared, and whether the account is
    -- enabled, where no column there says it.
    row_key       VARCHAR(255) UNIQUE,
    username_key  VARCHAR(255),
    email_key     VARCHAR(255),
    enabled       INTEGER NOT NULL DEFAULT 1,
    -- The domain it belongs to, and its objectGUID there.
    domain        BIGINT,
    guid          CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    dn            TEXT,
    status        VARCHAR(16) NOT NULL,
    -- Why the status is not ok.
    reason        TEXT,
    -- When adsync last wrote the user. Times are RFC 3339, UTC.
    synced_at     VARCHAR(40),
    -- Since when it has been missing, and the controllers that had returned it before (a JSON array of their ids).
    missing_since VARCHAR(40),
    returned_by   TEXT,
    -- When the account expires.
    expires_at    VARCHAR(40),
    -- The run that imported it or found it again, and the controller that returned it then.
    found_run     BIGINT,
    found_on      BIGINT,
    UNIQUE KEY links_by_username (username_key),
    UNIQUE KEY links_by_email (email_key),
    UNIQUE KEY links_by_guid (guid, domain),
    KEY links_aside (status),
    KEY links_by_expiry (expires_at),
    CHECK ((status = 'missing') = (missing_since IS NOT NULL))
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- In the table of an application: the rows of users who were deleted, so that they can be brought back.
CREATE TABLE IF NOT EXISTS {departed} (
    user_id BIGINT PRIMARY KEY,
    row_key VARCHAR(255) NOT NULL UNIQUE,
    -- Its objectGUID: whoever has it gets the row back.
    guid    CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    KEY departed_by_guid (guid)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS {runs} (
    id              BIGINT PRIMARY KEY,
    -- A random number: whether a commit was done can be asked with it.
    token           VARCHAR(64) NOT NULL,
    command         VARCHAR(16) NOT NULL,
    mode            VARCHAR(16) NOT NULL,
    started_at      VARCHAR(40) NOT NULL,
    duration_ms     BIGINT NOT NULL,
    run_by          TEXT NOT NULL,
    sudo_for        TEXT,
    host            TEXT NOT NULL,
    outcome         VARCHAR(16) NOT NULL,
    error           LONGTEXT,
    checked         BIGINT NOT NULL,
    unchanged       BIGINT NOT NULL,
    imported        BIGINT NOT NULL,
    modified        BIGINT NOT NULL,
    deleted         BIGINT NOT NULL,
    duplicate       BIGINT NOT NULL,
    out_of_scope    BIGINT NOT NULL,
    missing         BIGINT NOT NULL,
    failed          BIGINT NOT NULL,
    others          BIGINT NOT NULL,
    -- In a run of selected users: the ids of those that were found in step (a JSON array).
    in_step         LONGTEXT,
    scope_users     BIGINT,
    domain          BIGINT,
    controller      BIGINT,
    unsaid_deleted  BIGINT NOT NULL,
    unsaid_disabled BIGINT NOT NULL,
    undoes          BIGINT,
    KEY runs_by_start (started_at),
    KEY runs_of_scope (domain, scope_users, id)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS {changes} (
    run_id      BIGINT NOT NULL,
    user_id     BIGINT NOT NULL,
    action      VARCHAR(16) NOT NULL,
    username    TEXT NOT NULL,
    evidence    VARCHAR(16),
    -- The user before and after, as JSON.
    before_run  LONGTEXT,
    after_run   LONGTEXT,
    -- Of a deletion and a change of values: the username before and after as it is compared, and the identity.
    name_before VARCHAR(255),
    name_after  VARCHAR(255),
    guid        CHAR(36) CHARACTER SET ascii COLLATE ascii_bin,
    PRIMARY KEY (run_id, user_id),
    KEY changes_by_user (user_id),
    KEY changes_by_name_before (name_before),
    KEY changes_by_name_after (name_after),
    KEY changes_by_guid (guid)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS {domains} (
    id           BIGINT PRIMARY KEY,
    guid         CHAR(36) CHARACTER SET ascii COLLATE ascii_bin UNIQUE,
    dn           TEXT NOT NULL,
    settings     LONGTEXT,
    settings_run BIGINT
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS {controllers} (
    id       BIGINT PRIMARY KEY,
    domain   BIGINT NOT NULL,
    identity VARCHAR(700) NOT NULL,
    usn      BIGINT,
    full_run BIGINT,
    full_at  VARCHAR(40),
    UNIQUE KEY controllers_by_identity (domain, identity),
    FOREIGN KEY (domain) REFERENCES {domains} (id)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS {marks} (
    domain          BIGINT PRIMARY KEY,
    service         TEXT NOT NULL,
    invocation_id   CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    usn             BIGINT NOT NULL,
    settings        LONGTEXT NOT NULL,
    full_at         VARCHAR(40) NOT NULL,
    witness         CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    deleted_witness CHAR(36) CHARACTER SET ascii COLLATE ascii_bin,
    FOREIGN KEY (domain) REFERENCES {domains} (id)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- One row: the version of these tables, and the numbers that are given next. A run locks it. It comes last:
-- without it, none of them counts.
CREATE TABLE IF NOT EXISTS {meta} (
    id              INTEGER PRIMARY KEY,
    version         INTEGER NOT NULL,
    next_user       BIGINT NOT NULL,
    next_run        BIGINT NOT NULL,
    next_domain     BIGINT NOT NULL,
    next_controller BIGINT NOT NULL,
    -- Who runs, for the message to others.
    holder          TEXT,
    CHECK (id = 1)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

INSERT IGNORE INTO {meta} (id, version, next_user, next_run, next_domain, next_controller) VALUES (1, 1, 1, 1, 1, 1);
