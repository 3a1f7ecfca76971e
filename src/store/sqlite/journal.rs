//! How a store is written while others read it, and the state it is left in.
//!
//! A run writes to a write-ahead log, so that readers and the run do not block each other. `SQLite` keeps that log
//! in two files beside the store, and an account that may only read can neither create them nor do without them. So
//! between runs a store that only its owner may read is a single file: an account that is later given the right to
//! read it can do so at once. A store that others may read keeps its log files, emptied but not removed, so that no
//! reader ever blocks a run.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::{PATIENCE, beside, sql};
use crate::store::StoreError;

/// How long to wait, before writing, for a program that reads a store without a log.
const READERS_PATIENCE: Duration = Duration::from_secs(30);
/// The same at the end of a run, which is done in any case.
const LAST_PATIENCE: Duration = Duration::from_millis(200);

/// Configures a connection that may write. Changes nothing in the file.
pub(super) fn prepare(db: &Connection, path: &Path) -> rusqlite::Result<()> {
    db.pragma_update(None, "synchronous", "full")?;
    db.pragma_update(None, "foreign_keys", true)?;
    // Otherwise the last connection to close removes the log files.
    db.set_db_config(
        DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
        beside::is_shared(path),
    )?;
    Ok(())
}

/// Switches to a log, if that is possible at once. If not, it is tried again before writing.
pub(super) fn try_begin(db: &Connection, path: &Path) {
    if let Err(error) = begin_within(db, path, Duration::ZERO) {
        log::debug!("the store has no log yet: {error}");
    }
}

/// Switches to a log. Waits for writers, and longer for readers.
pub(super) fn begin(db: &Connection, path: &Path) -> Result<(), StoreError> {
    if has_log(db).map_err(sql(path, "read"))? {
        return Ok(());
    }
    db.execute_batch("BEGIN IMMEDIATE; ROLLBACK")
        .map_err(sql(path, "write to"))?;
    begin_within(db, path, READERS_PATIENCE)
}

fn begin_within(db: &Connection, path: &Path, patience: Duration) -> Result<(), StoreError> {
    let failed = sql(path, "write to");
    if has_log(db).map_err(&failed)? {
        return Ok(());
    }
    if beside::is_shared(path) {
        // SQLite would create them without group permissions.
        beside::make(path)?;
    }
    let begun = db.busy_timeout(patience).and_then(|()| set_mode(db, "wal"));
    if begun.is_err() {
        set_mode(db, "delete").map_err(&failed)?;
        beside::unmake(path);
    }
    db.busy_timeout(PATIENCE).and(begun).map_err(&failed)
}

/// Leaves the store in its state between runs. What was written is on disk already, so nothing is lost if this fails.
pub(super) fn end(db: &Connection, path: &Path) {
    if let Err(error) = lay_down(db, path) {
        log::debug!("the log of the store stays: {error}");
    }
}

fn lay_down(db: &Connection, path: &Path) -> rusqlite::Result<()> {
    if !has_log(db)? {
        return Ok(());
    }
    db.busy_timeout(LAST_PATIENCE)?;
    let is_blocked = |row: &rusqlite::Row<'_>| row.get(0);
    if db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], is_blocked)? {
        // By a reader. Not all of the log is in the file, or not known to be on disk.
        log::debug!("the log of the store stays: a program reads from it");
        return Ok(());
    }
    if beside::is_shared(path) && beside::follow(path) {
        return Ok(());
    }
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    set_mode(db, "memory")
}

/// Whether the store has a log.
fn has_log(db: &Connection) -> rusqlite::Result<bool> {
    db.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0))
        .map(|mode| mode == "wal")
}

/// Sets the journal mode in the header of the file, in a single write. That needs neither a rollback journal nor a
/// sync: the content means the same before and after, and a log is found by its own file.
fn set_mode(db: &Connection, mode: &str) -> rusqlite::Result<()> {
    db.pragma_update(None, "synchronous", "off")?;
    let set = match mode {
        "wal" => db.pragma_update(None, "journal_mode", "memory"),
        _ => Ok(()),
    };
    let set = set.and_then(|()| db.pragma_update(None, "journal_mode", mode));
    db.pragma_update(None, "synchronous", "full")?;
    set
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Run;
    use crate::store::Session;
    use crate::store::sqlite::{Writer, open};

    fn store() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("users.db");
        note(&path);
        (folder, path)
    }

    /// A run that only notes itself.
    fn note(path: &Path) {
        let mut writer = Writer::open(path, "add", Duration::ZERO).expect("a store");
        let nothing = crate::plan::Plan::default();
        let run = Run::begin(crate::store::Command::Add, 1);
        writer
            .record_end(&run, crate::store::Outcome::Failed, "", &nothing)
            .expect("noted");
    }

    fn runs(db: &Connection) -> i64 {
        db.query_row("SELECT count(*) FROM runs", [], |row| row.get(0))
            .expect("it can be read")
    }

    fn write(path: &Path) -> Connection {
        let db = open(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE).expect("open");
        prepare(&db, path).expect("prepared");
        db
    }

    fn files(path: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(path.parent().expect("a folder")).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|it| it.expect("an entry").file_name().display().to_string())
            .filter(|it| it != "users.db.lock")
            .collect();
        names.sort();
        names
    }

    #[test]
    fn at_rest_it_is_a_single_file() {
        let (_folder, path) = store();
        assert_eq!(files(&path), ["users.db"]);
        for _ in 0..2 {
            note(&path);
            assert_eq!(files(&path), ["users.db"]);
            assert!(!has_log(&write(&path)).expect("readable"));
        }
        assert_eq!(runs(&write(&path)), 3);
    }

    #[test]
    fn a_reader_is_waited_for_and_leaves_the_store_as_it_was() {
        let (_folder, path) = store();
        let before = std::fs::read(&path).expect("it is there");
        let reader = write(&path);
        reader
            .execute_batch("BEGIN; SELECT * FROM runs")
            .expect("it reads");
        let db = write(&path);
        try_begin(&db, &path);
        assert!(!has_log(&db).expect("readable"));
        let mode = |db: &Connection| -> (String, i64) {
            let text = |name| db.pragma_query_value(None, name, |row| row.get(0));
            let synchronous = db.pragma_query_value(None, "synchronous", |row| row.get(0));
            (
                text("journal_mode").expect("a mode"),
                synchronous.expect("a number"),
            )
        };
        // As safe as before: nothing was written, and what will be is synchronised.
        assert_eq!(mode(&db), ("delete".to_owned(), 2));
        assert!(before == std::fs::read(&path).expect("it is there"));
        assert_eq!(files(&path), ["users.db"]);
        assert_eq!(runs(&db), 1);
        std::thread::scope(|scope| {
            let path = &path;
            let begun = scope.spawn(move || {
                begin(&db, path).expect("begun");
                db.execute("DELETE FROM runs", [])
            });
            std::thread::sleep(Duration::from_millis(300));
            reader.execute_batch("COMMIT").expect("it was begun");
            assert_eq!(begun.join().expect("no panic"), Ok(1));
        });
        let db = write(&path);
        assert_eq!(mode(&db), ("wal".to_owned(), 2));
        end(&db, &path);
        drop((db, reader));
        assert_eq!(files(&path), ["users.db"]);
        assert_eq!(runs(&write(&path)), 0);
    }

    #[test]
    fn while_another_program_has_it_open_the_log_stays() {
        let (_folder, path) = store();
        let db = write(&path);
        begin(&db, &path).expect("begun");
        db.execute("DELETE FROM runs", []).expect("written");
        let reader = write(&path);
        assert_eq!(runs(&reader), 0);
        end(&db, &path);
        drop(db);
        assert_eq!(runs(&reader), 0);
        drop(reader);
        note(&path);
        assert_eq!(files(&path), ["users.db"]);
    }
}
