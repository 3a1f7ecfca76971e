//! What is in the store, read past adsync.

use std::path::Path;

use rusqlite::{Connection, Row};
use tempfile::TempDir;
use testdir::Uuid;

use crate::rules::{Domain, Mode, Status, User, Values};

/// The domains of the histories in memory, by their numbers.
pub(crate) const DOMAINS: [&str; 2] = ["DC=corp,DC=example,DC=com", "DC=branch,DC=example,DC=net"];

/// A row of the store: the user, and everything in it as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) user: User,
    pub(crate) username_folded: String,
    pub(crate) email_folded: Option<String>,
    /// Since when it is missing, as the store says it.
    pub(crate) missing_since: Option<String>,
    pub(crate) reason: Option<String>,
    /// The whole row but when it was written.
    pub(crate) lasting: String,
    row: String,
}

/// The store at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Observed {
    pub(crate) users: Vec<Stored>,
    pub(crate) changes: i64,
    pub(crate) last_run: i64,
    /// How the last run of all looked at its users.
    pub(crate) last_mode: Option<Mode>,
}

impl Observed {
    pub(crate) fn read(path: &Path) -> Self {
        if !std::fs::metadata(path).is_ok_and(|file| file.len() > 0) {
            return Self::default();
        }
        let copy = Copy::of(path);
        let db = Connection::open(copy.path()).expect("the store can be opened");
        let tables = number(&db, "SELECT count(*) FROM sqlite_schema");
        if tables == 0 {
            // It was killed before it made them.
            return Self::default();
        }
        assert_eq!(
            db.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)),
            Ok("ok".to_owned())
        );
        let mut statement = db
            .prepare(
                "SELECT username, first_name, last_name, email, contact_number, enabled, users.guid, users.dn,
                    status, username_folded, email_folded, missing_since, reason, domains.dn, users.*
                 FROM users LEFT JOIN domains ON domains.id = users.domain",
            )
            .expect("the table is there");
        let users = statement.query_map([], stored).expect("it can be read");
        let mut users: Vec<Stored> = users
            .collect::<Result<_, _>>()
            .expect("every row can be read");
        users.sort_by(|one, other| one.user.cmp(&other.user));
        Self {
            users,
            changes: number(&db, "SELECT count(*) FROM changes"),
            last_run: number(&db, "SELECT coalesce(max(id), 0) FROM runs"),
            last_mode: last_mode(&db),
        }
    }

    /// The row of a user of the directory.
    pub(crate) fn by_guid(&self, domain: Domain, guid: Uuid) -> Option<&Stored> {
        let is_it = |user: &User| user.guid == Some(guid) && user.domain == Some(domain);
        self.users.iter().find(|it| is_it(&it.user))
    }

    pub(crate) fn values(&self) -> Vec<&User> {
        self.users.iter().map(|it| &it.user).collect()
    }
}

/// The files of a store, so that looking at them does not mend what a kill left behind.
struct Copy(TempDir);

impl Copy {
    fn of(store: &Path) -> Self {
        let copy = Self(tempfile::tempdir().expect("the temporary directory is writable"));
        for ending in ["", "-wal", "-journal"] {
            let with_ending = |path: &Path| format!("{}{ending}", path.display());
            let from = with_ending(store);
            if Path::new(&from).exists() {
                std::fs::copy(from, with_ending(&copy.path())).expect("a file can be copied");
            }
        }
        copy
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("users.db")
    }
}

fn number(db: &Connection, query: &str) -> i64 {
    db.query_row(query, [], |row| row.get(0))
        .expect("a number can be read")
}

fn last_mode(db: &Connection) -> Option<Mode> {
    let newest = "SELECT mode FROM runs ORDER BY id DESC LIMIT 1";
    let mode: Option<String> = db.query_row(newest, [], |row| row.get(0)).ok()?;
    mode_called(&mode?)
}

/// What a result calls a mode.
pub(crate) fn mode_called(name: &str) -> Option<Mode> {
    match name {
        "full" => Some(Mode::Full),
        "delta" => Some(Mode::Delta),
        "selected" => Some(Mode::Selected),
        _ => None,
    }
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let guid: Option<Vec<u8>> = row.get(6)?;
    let status: String = row.get(8)?;
    let source: String = row.get("source")?;
    assert_eq!(source == "directory", guid.is_some(), "the source says so");
    let columns: Vec<(String, rusqlite::types::Value)> = (14..row.as_ref().column_count())
        .map(|at| Ok((row.as_ref().column_name(at)?.to_owned(), row.get(at)?)))
        .collect::<rusqlite::Result<_>>()?;
    let lasting = columns.iter().filter(|(name, _)| name != "synced_at");
    let lasting: Vec<_> = lasting.collect();
    let domain: Option<String> = row.get(13)?;
    let number = |dn: String| {
        let mut domains = DOMAINS.iter();
        let found = domains.position(|it| it.eq_ignore_ascii_case(&dn));
        found.unwrap_or_else(|| panic!("an unknown domain: {dn}"))
    };
    Ok(Stored {
        user: User {
            values: Values {
                username: row.get(0)?,
                first_name: row.get(1)?,
                last_name: row.get(2)?,
                email: row.get(3)?,
                contact_number: row.get(4)?,
                enabled: row.get(5)?,
            },
            guid: guid.map(|guid| Uuid::from_slice_le(&guid).expect("16 bytes")),
            domain: domain.map(number),
            dn: row.get(7)?,
            status: match status.as_str() {
                "ok" => Status::Ok,
                "duplicate" => Status::Duplicate,
                "out_of_scope" => Status::OutOfScope,
                "missing" => Status::Missing,
                "failed" => Status::Failed,
                "restored" => Status::Restored,
                other => panic!("an unknown status: {other}"),
            },
        },
        username_folded: row.get(9)?,
        email_folded: row.get(10)?,
        missing_since: row.get(11)?,
        reason: row.get(12)?,
        lasting: format!("{lasting:?}"),
        row: format!("{columns:?}"),
    })
}
