//! A store in an `SQLite` file.
//!
//! [`Reader`] runs queries and cannot write; [`Writer`] holds the lock of a run and applies one approved plan in one
//! transaction.

mod apply;
#[cfg(unix)]
mod beside;
#[cfg(not(unix))]
mod beside {
    //! On other systems only its owner uses a store.
    use std::path::Path;

    pub(super) fn is_shared(_store: &Path) -> bool {
        false
    }

    pub(super) fn are_there(_store: &Path) -> bool {
        false
    }

    pub(super) fn can_be_used(_store: &Path) -> Result<bool, crate::store::StoreError> {
        Ok(true)
    }

    pub(super) fn make(_store: &Path) -> Result<(), crate::store::StoreError> {
        Ok(())
    }

    pub(super) fn unmake(_store: &Path) {}

    pub(super) fn follow(_store: &Path) -> bool {
        false
    }
}
mod counts;
mod domains;
mod staging;

mod bulk_load;
pub(super) mod flaw;
mod history;
mod indexes;
mod journal;
mod listing;
mod lives;
mod lock;
mod marks;
mod match_rows;
mod ownership;
#[cfg(unix)]
mod read_only_copy;
mod reader;
mod record;
mod trial;
mod usernames;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use rusqlite_migration::{M, Migrations};

use crate::plan::{Approved, Plan};
use crate::store::{Applied, BulkLoad, Command, Outcome, Run, Session, Store, View};
use crate::util::crash;
use crate::util::files;

pub use reader::Reader;
pub use trial::Trial;

use crate::store::StoreError;
use lock::RunLock;
use staging::Staging;

/// The migrations from any older version to the newest; each is final once released.
const MIGRATIONS: &[M<'static>] = &[
    M::up(include_str!("sqlite/schema/1.sql")),
    M::up(include_str!("sqlite/schema/2.sql")),
    M::up(include_str!("sqlite/schema/3.sql")),
    M::up(include_str!("sqlite/schema/4.sql")),
    M::up(include_str!("sqlite/schema/5.sql")),
];
/// The version after the last of them (`PRAGMA user_version`).
const VERSION: i64 = 5;

/// Page cache of a connection that reads, in KiB. Pages of a large store are rarely read twice, and a small cache stays
/// in the processor's.
const READ_CACHE_KIB: i32 = 512;
/// The same while a run writes, and returns to pages that it has changed; also how much is sorted at once for an index.
const WRITE_CACHE_KIB: i32 = 2000;

/// How long to wait for another program that writes to the store.
const PATIENCE: Duration = Duration::from_secs(5);

/// How much of a store is copied at a time, in database pages.
const PAGES_A_STEP: i32 = 1000;

/// What the schema puts into the header of the file (`PRAGMA application_id`): "adsy".
const APPLICATION_ID: i64 = 0x6164_7379;

/// A store that is held for a run. A new store appears with the first run recorded in it, or not at all.
#[derive(Debug)]
pub struct Writer {
    reader: Reader,
    draft: Option<Staging>,
    /// The file that was opened; none if there is none yet.
    file: Option<(u64, u64)>,
    /// `PRAGMA data_version` before anything was read: it changes when another program writes.
    data_version: i64,
    /// None once it is closed.
    lock: Option<RunLock>,
}

impl std::ops::Deref for Writer {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

/// A store in a file, which need not exist yet.
#[derive(Debug)]
pub struct SqliteFile {
    path: PathBuf,
}

impl SqliteFile {
    /// The store at this path.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }
}

impl Store for SqliteFile {
    fn read(&self) -> Result<Box<dyn View>, StoreError> {
        Ok(Box::new(Reader::open(&self.path)?))
    }

    fn is_there(&self) -> Result<bool, StoreError> {
        is_there(&self.path)
    }

    fn begin(&self, command: Command, wait: Duration) -> Result<Box<dyn Session>, StoreError> {
        Ok(Box::new(Writer::open(&self.path, command.name(), wait)?))
    }
}

impl Session for Writer {
    fn view(&self) -> &dyn View {
        &self.reader
    }

    fn expect_changes(&mut self, has_read_users: bool) -> Result<(), StoreError> {
        if self.draft.is_none() {
            journal::try_begin(&self.reader.db, &self.reader.path);
            if !has_read_users {
                // Starting the log changes the version, too.
                let version = data_version(&self.reader.db);
                self.data_version = version.map_err(self.reader.failed("read"))?;
            }
        }
        Ok(())
    }

    fn bulk_load(&self, run: &Run) -> Result<Option<Box<dyn BulkLoad>>, StoreError> {
        let loading = self.fill(run)?;
        Ok(loading.map(|it| Box::new(it) as Box<dyn BulkLoad>))
    }

    fn apply(
        &mut self,
        approved: Approved,
        filled: Option<Box<dyn BulkLoad>>,
        run: &Run,
        committed: &mut dyn FnMut(i64),
    ) -> Result<Applied, StoreError> {
        // It came from here.
        let filled = filled.and_then(|it| it.into_any().downcast().ok());
        self.apply_plan(approved, filled.map(|it| *it), run, committed)
    }

    fn record_end(
        &mut self,
        run: &Run,
        outcome: Outcome,
        error: &str,
        plan: &Plan,
    ) -> Result<i64, StoreError> {
        self.transact(|db| history::record_end(db, run, outcome, error, plan))
    }

    fn require_in_place(&self) -> Result<(), StoreError> {
        self.require_same_file(false)
    }

    fn close(&mut self) {
        let Some(lock) = self.lock.take() else {
            return;
        };
        // Remove the draft before the lock, for the next run makes one of the same name.
        if self.draft.take().is_none() {
            journal::end(&self.reader.db, &self.reader.path);
        }
        drop(lock);
    }

    fn is_closed(&self) -> bool {
        self.lock.is_none()
    }
}

impl Writer {
    /// Locks and opens the store, and creates or upgrades it if needed.
    ///
    /// If another run holds it, waits that long.
    pub fn open(path: &Path, command: &str, wait: Duration) -> Result<Self, StoreError> {
        let file_error = |source| StoreError::File {
            path: path.to_owned(),
            source,
        };
        ownership::refuse_link(path)?;
        ownership::refuse_root_elsewhere(path)?;
        files::make_folder_of(path).map_err(file_error)?;
        let mut lock = RunLock::take(path, command, wait)?;
        crash::point("locked");
        let is_new = take_file(&mut lock, path)?;
        let (draft, reader) = if is_new {
            let draft = Staging::make(path)?;
            crash::point("file made");
            (Some(draft), Reader::empty(path)?)
        } else {
            // The error of the operating system says more than that of SQLite.
            drop(files::open_private(path).map_err(file_error)?);
            #[cfg(unix)]
            {
                beside::clear(path)?;
                beside::require_folder(path)?;
            }
            crash::point("file made");
            (None, Reader::new(path, open_to_write(path)?)?)
        };
        crash::point("prepared");
        let data_version = data_version(&reader.db).map_err(sql(path, "read"))?;
        Ok(Self {
            file: files::identity(path).filter(|_| draft.is_none()),
            data_version,
            reader,
            draft,
            lock: Some(lock),
        })
    }

    /// Runs `write` in one transaction of the store.
    fn transact<T>(
        &mut self,
        write: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let Some(draft) = &self.draft else {
            self.require_same_file(false)?;
            journal::begin(&self.reader.db, &self.reader.path)?;
            let done = transact(&mut self.reader.db, write);
            let done = done.map_err(|error| self.reader.cannot_write(error))?;
            self.require_same_file(true)?;
            return Ok(done);
        };
        let mut db = draft.open()?;
        match transact(&mut db, write) {
            Ok(done) => {
                self.publish(db)?;
                Ok(done)
            }
            Err(error) => {
                drop(db);
                Err(self.not_written(error))
            }
        }
    }

    /// The error of writing to a draft. Its content is thrown away, for it may hold a transaction that failed to end.
    fn not_written(&self, error: rusqlite::Error) -> StoreError {
        if let Some(draft) = &self.draft
            && let Err(error) = draft.begin_again()
        {
            return error;
        }
        self.reader.cannot_write(error)
    }

    /// Refuses to go on if the file was deleted or replaced: nobody would read what is written to it. A draft is not in
    /// place yet.
    fn require_same_file(&self, is_written: bool) -> Result<(), StoreError> {
        let path = &self.reader.path;
        if self.draft.is_some() || files::identity(path) == self.file {
            return Ok(());
        }
        Err(StoreError::Replaced {
            path: path.to_owned(),
            is_written,
        })
    }

    /// Moves a store that this run made into place.
    fn publish(&mut self, db: Connection) -> Result<(), StoreError> {
        if let Some(draft) = self.draft.take() {
            draft.publish(db)?;
            let path = self.reader.path.clone();
            // The run is done, whether or not the store can be queried.
            match open_to_write(&path) {
                Ok(db) => {
                    self.reader = Reader::new(&path, db)?;
                    self.file = files::identity(&path);
                }
                Err(error) => log::warn!("{error}"),
            }
        }
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

/// Locks the file of the store, or that of a draft. Returns whether there is no store yet.
fn take_file(lock: &mut RunLock, path: &Path) -> Result<bool, StoreError> {
    let is_empty = |metadata: std::fs::Metadata| metadata.is_file() && metadata.len() == 0;
    let is_new = || std::fs::metadata(path).map_or(true, is_empty);
    if is_new() {
        let draft = staging::path(path);
        if files::is_link(&draft) {
            let _ = std::fs::remove_file(&draft);
        }
        refuse_other(&draft)?;
        lock.take_file(path, &draft, true)?;
        if is_new() {
            return Ok(true);
        }
        // The run that had it has published the store meanwhile.
        let _ = std::fs::remove_file(draft);
    }
    lock.take_file(path, path, false)?;
    Ok(false)
}

fn transact<T>(
    db: &mut Connection,
    write: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    db.pragma_update(None, "cache_size", -WRITE_CACHE_KIB)?;
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = write(&transaction)?;
    transaction.commit()?;
    Ok(done)
}

/// A number that changes when another connection writes.
fn data_version(db: &Connection) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, "data_version", |row| row.get(0))
}

/// Opens an existing store, and upgrades it if needed.
fn open_to_write(path: &Path) -> Result<Connection, StoreError> {
    let db = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let found = version(path, &db)?;
    if found > VERSION {
        return Err(StoreError::Newer {
            path: path.to_owned(),
            found,
            known: VERSION,
        });
    }
    refuse_foreign(path, &db)?;
    if (1..VERSION).contains(&found) {
        back_up(path, &db, found)?;
    }
    journal::prepare(&db, path).map_err(sql(path, "prepare"))?;
    if found < VERSION {
        journal::begin(&db, path)?;
    }
    migrated(path, db)
}

/// The names of a store and of the files beside it, now or during a run: lock, log, a store being made, and the copies
/// that an upgrade keeps.
pub fn files_of(path: &Path) -> Vec<PathBuf> {
    let copies = (1..VERSION).map(|version| format!(".v{version}"));
    ["", ".lock", ".new", "-wal", "-shm", "-journal"]
        .into_iter()
        .map(str::to_owned)
        .chain(copies)
        .map(|ending| files::with_ending(path, &ending))
        .collect()
}

/// Whether there is a store. An empty file is not one; a file that cannot be examined is an error.
pub fn is_there(path: &Path) -> Result<bool, StoreError> {
    ownership::refuse_link(path)?;
    let source = match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => std::io::ErrorKind::IsADirectory.into(),
        Ok(metadata) => return Ok(metadata.len() > 0),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => error,
    };
    let path = path.to_owned();
    Err(StoreError::File { path, source })
}

impl Reader {
    /// Opens the store for reading. One that does not exist reads as empty and is not created; one of an older
    /// version reads as the next run will upgrade it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        if !is_there(path)? {
            return Self::empty(path);
        }
        #[cfg(unix)]
        let db = read_only_copy::open_to_read(path)?;
        #[cfg(not(unix))]
        let db = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let found = version(path, &db)?;
        if found <= VERSION {
            refuse_foreign(path, &db)?;
        }
        let path = path.to_owned();
        let known = VERSION;
        match found {
            // Left by a first run that was killed: there are no tables yet.
            0 => Self::empty(&path),
            VERSION => Self::new(&path, db),
            newer if newer > VERSION => Err(StoreError::Newer { path, found, known }),
            _ => {
                let copy = copy_in_memory(&db).map_err(sql(&path, "read"))?;
                Self::new(&path, migrated(&path, copy)?)
            }
        }
    }
}

impl Reader {
    /// A store that does not exist.
    fn empty(path: &Path) -> Result<Self, StoreError> {
        let db = Connection::open_in_memory().map_err(sql(path, "open"))?;
        Self::new(path, migrated(path, db)?)
    }
}

/// A store without users or history, called so.
pub(super) fn empty(location: &str) -> Result<Box<dyn View>, StoreError> {
    Ok(Box::new(Reader::empty(Path::new(location))?))
}

fn open(path: &Path, access: OpenFlags) -> Result<Connection, StoreError> {
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(sql(path, "open"))?;
    db.busy_timeout(PATIENCE)
        .and_then(|()| db.pragma_update(None, "cache_size", -READ_CACHE_KIB))
        .map_err(sql(path, "open"))?;
    Ok(db)
}

/// Refuses another program's database: a typo in `path` must not change its data.
fn refuse_foreign(path: &Path, db: &Connection) -> Result<(), StoreError> {
    let number = |query: &str| -> Result<i64, StoreError> {
        db.query_row(query, [], |row| row.get(0))
            .map_err(sql(path, "read"))
    };
    let is_ours = number("PRAGMA application_id")? == APPLICATION_ID;
    if is_ours || number("SELECT count(*) FROM sqlite_schema")? == 0 {
        Ok(())
    } else {
        Err(StoreError::Foreign {
            path: path.to_owned(),
        })
    }
}

/// Keeps a copy of the store before a migration: `users.db.v3`.
fn back_up(path: &Path, db: &Connection, version: i64) -> Result<(), StoreError> {
    let copy = files::with_ending(path, &format!(".v{version}"));
    refuse_other(&copy)?;
    // A copy cut short by a crash is replaced; the store was not migrated then.
    match std::fs::remove_file(&copy) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            return Err(StoreError::File { path: copy, source });
        }
        _ => {}
    }
    drop(
        files::make_private(&copy).map_err(|source| StoreError::File {
            path: copy.clone(),
            source,
        })?,
    );
    db.execute("VACUUM INTO ?1", [copy.to_string_lossy()])
        .map(drop)
        .map_err(sql(path, "back up"))
}

/// Refuses a file that is not a database, complete or partial.
fn refuse_other(path: &Path) -> Result<(), StoreError> {
    if files::is_link(path) {
        // A link has no content, and is replaced.
        return Ok(());
    }
    let source = match files::head(path, 16) {
        Ok(head) if head == b"SQLite format 3\0" || head.iter().all(|byte| *byte == 0) => {
            return Ok(());
        }
        Ok(_) => {
            let what = "it is not a store, and stays as it is";
            std::io::Error::new(std::io::ErrorKind::AlreadyExists, what)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => error,
    };
    let path = path.to_owned();
    Err(StoreError::File { path, source })
}

fn copy_in_memory(db: &Connection) -> rusqlite::Result<Connection> {
    let mut copy = Connection::open_in_memory()?;
    Backup::new(db, &mut copy)?.run_to_completion(PAGES_A_STEP, Duration::ZERO, None)?;
    Ok(copy)
}

fn version(path: &Path, db: &Connection) -> Result<i64, StoreError> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(sql(path, "read"))
}

fn migrated(path: &Path, mut db: Connection) -> Result<Connection, StoreError> {
    Migrations::from_slice(MIGRATIONS)
        .to_latest(&mut db)
        .map_err(|source| StoreError::Migration {
            path: path.to_owned(),
            source,
        })?;
    Ok(db)
}

/// Wraps an error of `SQLite`.
fn sql(path: &Path, doing: &'static str) -> impl Fn(rusqlite::Error) -> StoreError + use<> {
    let path: PathBuf = path.to_owned();
    move |source| StoreError::Sql {
        path: path.clone(),
        doing,
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_counts_the_migrations() {
        assert_eq!(i64::try_from(MIGRATIONS.len()), Ok(VERSION));
        Migrations::from_slice(MIGRATIONS)
            .validate()
            .expect("they apply to an empty file");
    }

    #[test]
    fn the_store_before_a_migration_is_kept_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("users.db");
        let draft = Staging::make(&path).expect("a draft");
        let empty = draft.open().expect("open");
        draft.publish(empty).expect("a store");
        let db = open(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).expect("open");
        db.execute(
            "INSERT INTO users (username, username_folded, source) VALUES ('a', 'a', 'local')",
            [],
        )
        .expect("a user");
        let copy = folder.path().join("users.db.v1");
        // One that a crash cut short does not stand in the way.
        std::fs::write(&copy, "SQLite format 3\0, and half a copy").expect("written");
        back_up(&path, &db, 1).expect("a copy");
        // Nor does a link, which is not followed.
        let elsewhere = folder.path().join("elsewhere");
        std::fs::rename(&copy, &elsewhere).expect("renamed");
        #[cfg(unix)]
        std::os::unix::fs::symlink(&elsewhere, &copy).expect("a link");
        std::fs::write(&elsewhere, "of another").expect("written");
        back_up(&path, &db, 1).expect("a copy");
        let left = std::fs::read_to_string(&elsewhere).expect("a text");
        assert_eq!(left, "of another");
        // What is no copy stays.
        std::fs::rename(&copy, folder.path().join("kept")).expect("renamed");
        std::fs::write(&copy, "of another").expect("written");
        back_up(&path, &db, 1).expect_err("it is not ours");
        let left = std::fs::read_to_string(&copy).expect("a text");
        assert_eq!(left, "of another");
        std::fs::rename(folder.path().join("kept"), &copy).expect("renamed");
        let users = |db: &Connection| -> i64 {
            db.query_row("SELECT count(*) FROM users", [], |row| row.get(0))
                .expect("a count")
        };
        db.execute("DELETE FROM users", [])
            .expect("what a migration might do");
        let kept = open(&copy, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("open");
        assert_eq!((users(&db), users(&kept)), (0, 1));
        assert_eq!(version(&copy, &kept).expect("a version"), VERSION);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&copy)
                .expect("it is there")
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
