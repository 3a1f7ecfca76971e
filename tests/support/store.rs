//! Looks into a store, and changes what only time could change.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::embedded::{Stage, rows};

/// Opens the store as another program would.
pub(crate) fn open(stage: &Stage) -> Connection {
    Connection::open(stage.sandbox.store_path()).expect("the store can be opened")
}

/// Lets a run have begun this many seconds ago; a negative number lies ahead.
pub(crate) fn age(stage: &Stage, run: i64, seconds: i64) {
    let when = format!("{:+} seconds", -seconds);
    let aged = open(stage).execute(
        "UPDATE runs SET started_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', ?2) WHERE id = ?1",
        rusqlite::params![run, when],
    );
    assert_eq!(aged, Ok(1), "run {run} is in the history");
}

/// Lets everybody who is missing have been so for this many hours longer.
pub(crate) fn age_missing(path: &Path, hours: u32) {
    let db = Connection::open(path).expect("the store can be opened");
    let when = format!("-{hours} hours");
    db.execute(
        "UPDATE users SET missing_since = strftime('%Y-%m-%dT%H:%M:%SZ', missing_since, ?1)
         WHERE missing_since IS NOT NULL",
        [when],
    )
    .expect("the rows can be written");
}

/// Since when each user is missing that is, by its GUID; of a store that is not there, or of a version before
/// that, none.
pub(crate) fn missing_since(path: &Path) -> BTreeMap<String, String> {
    if !path.exists() {
        return BTreeMap::new();
    }
    let db = Connection::open(path).expect("the store can be opened");
    let column = "SELECT 1 FROM pragma_table_info('users') WHERE name = 'missing_since'";
    if rows(&db, column).is_empty() {
        return BTreeMap::new();
    }
    let mut statement = db
        .prepare("SELECT guid, missing_since FROM users WHERE missing_since IS NOT NULL")
        .expect("the table is there");
    let rows = statement.query_map([], |row| {
        let guid: Vec<u8> = row.get(0)?;
        let guid = testdir::Uuid::from_slice_le(&guid).expect("16 bytes");
        Ok((guid.to_string(), row.get(1)?))
    });
    let rows = rows.expect("the table can be read").collect();
    Result::expect(rows, "every row can be read")
}

/// The text without the times in it, which differ between two runs that find the same.
pub(crate) fn without_times(text: &str) -> String {
    let time = |text: &str| {
        let pattern = "dddd-dd-ddTdd:dd:ddZ";
        let candidate = text.get(..pattern.len())?;
        let mut pairs = candidate.chars().zip(pattern.chars());
        pairs
            .all(|(is, like)| {
                if like == 'd' {
                    is.is_ascii_digit()
                } else {
                    is == like
                }
            })
            .then_some(pattern.len())
    };
    let (mut rest, mut kept) = (text, String::new());
    while let Some(next) = rest.chars().next() {
        let taken = time(rest);
        kept.push_str(if taken.is_some() {
            "TIME"
        } else {
            &rest[..next.len_utf8()]
        });
        rest = &rest[taken.unwrap_or(next.len_utf8())..];
    }
    kept
}

/// All that a run decides; what the clock decides is left out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) users: Vec<String>,
    /// The run that found each user, and on which controller.
    pub(crate) found: Vec<String>,
    /// The domains, and who answered for them.
    pub(crate) sources: Vec<String>,
    pub(crate) changes: Vec<String>,
    pub(crate) runs: Vec<String>,
    pub(crate) marks: Vec<String>,
}

impl Rows {
    /// What a store holds. A file without tables, and none at all, hold nothing.
    pub(crate) fn of(path: &Path) -> Self {
        let is_empty = fs::metadata(path).map_or(true, |metadata| metadata.len() == 0);
        if is_empty {
            return Self::nothing();
        }
        // As a program that may write: one that may not leaves files behind, and cannot roll back what
        // a killed run had begun.
        let db = Connection::open(path).expect("the store can be opened");
        let check: String = db
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .expect("the store can be checked");
        assert_eq!(check, "ok");
        let tables: i64 = db
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .expect("the store can be read");
        if tables == 0 {
            return Self::nothing();
        }
        let read = |query| -> Vec<String> {
            let rows = rows(&db, query);
            rows.iter().map(|row| without_times(row)).collect()
        };
        let domains = read("SELECT id, guid, dn, provisional, settings, settings_run FROM domains");
        let controllers = read("SELECT id, domain, identity, full_run FROM controllers");
        Self {
            users: read(
                "SELECT id, username, username_folded, first_name, last_name, email, email_folded,
                    contact_number, enabled, source, guid, dn, status, domain, reason, missing_since,
                    returned_by, replace(expires_at, 'T', ' ') FROM users ORDER BY id",
            ),
            found: read("SELECT id, found_run, found_on FROM users ORDER BY id"),
            sources: [domains, controllers].concat(),
            changes: read(
                "SELECT run_id, user_id, action, username, evidence, before, after
                 FROM changes ORDER BY run_id, user_id",
            ),
            runs: read(
                "SELECT id, command, mode, outcome, error, checked, unchanged, imported, modified,
                    deleted, duplicate, out_of_scope, missing, failed, others, domain, controller,
                    unsaid_deleted, unsaid_disabled, undoes FROM runs ORDER BY id",
            ),
            marks: read(
                "SELECT domain, service, invocation_id, usn, settings, witness, deleted_witness
                 FROM marks ORDER BY domain",
            ),
        }
    }

    pub(crate) fn nothing() -> Self {
        Self {
            users: Vec::new(),
            found: Vec::new(),
            sources: Vec::new(),
            changes: Vec::new(),
            runs: Vec::new(),
            marks: Vec::new(),
        }
    }
}

/// The files of a store, to be put back as they were.
pub(crate) struct Files(Vec<(String, Vec<u8>)>);

impl Files {
    pub(crate) fn of(stage: &Stage) -> Self {
        let path = stage.sandbox.store_path();
        let folder = path.parent().expect("the store lies in a folder");
        let read = |name: &String| fs::read(folder.join(name)).expect("an own file can be read");
        let names = stage.store_files();
        Self(
            names
                .into_iter()
                .map(|name| (read(&name), name))
                .map(|(bytes, name)| (name, bytes))
                .collect(),
        )
    }

    pub(crate) fn put_back(&self, stage: &Stage) {
        let path = stage.sandbox.store_path();
        let folder = path.parent().expect("the store lies in a folder");
        for name in stage.store_files() {
            fs::remove_file(folder.join(name)).expect("an own file can be removed");
        }
        for (name, bytes) in &self.0 {
            fs::write(folder.join(name), bytes).expect("the folder is writable");
        }
    }
}
