-- adsync's own tables. Whatever another program may read of them is written in docs/databases.md.

-- One row: the version of these tables, and the numbers that are given next. A run locks it.
CREATE TABLE {meta} (
    id              integer PRIMARY KEY CHECK (id = 1),
    version         integer NOT NULL,
    next_user       bigint NOT NULL,
    next_run        bigint NOT NULL,
    next_domain     bigint NOT NULL,
    next_controller bigint NOT NULL
);

CREATE TABLE {users} (
    id             bigint PRIMARY KEY,
    username       text NOT NULL,
    first_name     text,
    last_name      text,
    email          text,
    contact_number text,
    enabled        boolean NOT NULL DEFAULT true,
    -- Username and email address as they are compared: after Unicode case folding, and of a long one its SHA-256.
    username_key   text NOT NULL,
    email_key      text
);
CREATE UNIQUE INDEX users_by_username ON {users} (username_key);
CREATE UNIQUE INDEX users_by_email ON {users} (email_key);

-- What ties a user to its directory. A user without a link is a local one.
CREATE TABLE {links} (
    user_id       bigint PRIMARY KEY,
    -- In the table of an application: the key of the row, the names as they are compared, and whether the account is
    -- enabled, where no column there says it.
    row_key       text,
    username_key  text,
    email_key     text,
    enabled       integer NOT NULL DEFAULT 1,
    -- The domain it belongs to, and its objectGUID there.
    domain        bigint,
    guid          uuid NOT NULL,
    dn            text,
    status        text NOT NULL
                  CHECK (status IN ('ok', 'duplicate', 'out_of_scope', 'missing', 'failed', 'restored')),
    -- Why the status is not ok.
    reason        text,
    -- When adsync last wrote the user. Times are RFC 3339, UTC.
    synced_at     text,
    -- Since when it has been missing, and the controllers that had returned it before (a JSON array of their ids).
    missing_since text,
    returned_by   text,
    -- When the account expires.
    expires_at    text,
    -- The run that imported it or found it again, and the controller that returned it then.
    found_run     bigint,
    found_on      bigint,
    CHECK ((status = 'missing') = (missing_since IS NOT NULL))
);
CREATE UNIQUE INDEX links_by_row ON {links} (row_key) WHERE row_key IS NOT NULL;
CREATE UNIQUE INDEX links_by_username ON {links} (username_key) WHERE username_key IS NOT NULL;
CREATE UNIQUE INDEX links_by_email ON {links} (email_key) WHERE email_key IS NOT NULL;
CREATE UNIQUE INDEX links_by_guid ON {links} (guid, domain);
CREATE INDEX links_aside ON {links} (status) WHERE status <> 'ok';
CREATE INDEX links_by_expiry ON {links} (domain) WHERE expires_at IS NOT NULL;

-- In the table of an application: the rows of users who were deleted, so that they can be brought back.
CREATE TABLE {departed} (
    user_id bigint PRIMARY KEY,
    row_key text NOT NULL UNIQUE,
    -- Its objectGUID: whoever has it gets the row back.
    guid    uuid NOT NULL
);
CREATE INDEX departed_by_guid ON {departed} (guid);

CREATE TABLE {runs} (
    id              bigint PRIMARY KEY,
    -- A random number: whether a commit was done can be asked with it.
    token           text NOT NULL,
    command         text NOT NULL,
    mode            text NOT NULL,
    started_at      text NOT NULL,
    duration_ms     bigint NOT NULL,
    run_by          text NOT NULL,
    sudo_for        text,
    host            text NOT NULL,
    outcome         text NOT NULL,
    error           text,
    checked         bigint NOT NULL,
    unchanged       bigint NOT NULL,
    imported        bigint NOT NULL,
    modified        bigint NOT NULL,
    deleted         bigint NOT NULL,
    duplicate       bigint NOT NULL,
    out_of_scope    bigint NOT NULL,
    missing         bigint NOT NULL,
    failed          bigint NOT NULL,
    others          bigint NOT NULL,
    -- In a run of selected users: the ids of those that were found in step (a JSON array).
    in_step         text,
    scope_users     bigint,
    domain          bigint,
    controller      bigint,
    unsaid_deleted  bigint NOT NULL,
    unsaid_disabled bigint NOT NULL,
    undoes          bigint
);
CREATE INDEX runs_by_start ON {runs} (started_at);
CREATE INDEX runs_of_scope ON {runs} (domain, id) WHERE scope_users IS NOT NULL;

CREATE TABLE {changes} (
    run_id   bigint NOT NULL,
    user_id  bigint NOT NULL,
    action   text NOT NULL,
    username text NOT NULL,
    evidence text,
    -- The user before and after, as JSON.
    before_run text,
    after_run  text,
    -- Of a deletion and a change of values: the username before and after as it is compared, and the identity.
    name_before text,
    name_after  text,
    guid        text,
    PRIMARY KEY (run_id, user_id)
);
CREATE INDEX changes_by_user ON {changes} (user_id);
CREATE INDEX changes_by_name_before ON {changes} (name_before) WHERE name_before IS NOT NULL;
CREATE INDEX changes_by_name_after ON {changes} (name_after) WHERE name_after IS NOT NULL;
CREATE INDEX changes_by_guid ON {changes} (guid) WHERE guid IS NOT NULL;

CREATE TABLE {domains} (
    id           bigint PRIMARY KEY,
    guid         uuid UNIQUE,
    dn           text NOT NULL,
    settings     text,
    settings_run bigint
);

CREATE TABLE {controllers} (
    id       bigint PRIMARY KEY,
    domain   bigint NOT NULL REFERENCES {domains} (id),
    identity text NOT NULL,
    usn      bigint,
    full_run bigint,
    full_at  text,
    UNIQUE (domain, identity)
);

CREATE TABLE {marks} (
    domain          bigint PRIMARY KEY REFERENCES {domains} (id),
    service         text NOT NULL,
    invocation_id   uuid NOT NULL,
    usn             bigint NOT NULL,
    settings        text NOT NULL,
    full_at         text NOT NULL,
    witness         uuid NOT NULL,
    deleted_witness uuid
);

INSERT INTO {meta} VALUES (1, 1, 1, 1, 1, 1);
