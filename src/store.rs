//! What the rest of the program may ask of a store.
//!
//! [`Reader`] answers questions and cannot write; [`Writer`] holds the lock of a run and applies one
//! approved plan in one transaction. Only the modules below know SQL.

mod apply;
mod error;
mod files;
mod lock;
mod reader;
mod record;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{M, Migrations};

use crate::user::{StoredUser, UserId};

pub use error::StoreError;
pub use reader::Reader;

use lock::RunLock;

/// The steps that bring any older store to the newest version; each is final once released.
const MIGRATIONS: &[M<'static>] = &[M::up(include_str!("store/schema.sql"))];
/// The version after the last of them (`PRAGMA user_version`).
const VERSION: i64 = 1;

/// A store that is held for a run.
#[derive(Debug)]
pub struct Writer {
    reader: Reader,
    _lock: RunLock,
}

impl std::ops::Deref for Writer {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

/// Which users a run looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// All of them.
    Full,
    /// Those that were named.
    Selected,
}

impl Mode {
    /// The name of the mode in the store and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Selected => "selected",
        }
    }
}

/// What the history keeps of a run beside its plan.
#[derive(Clone, Debug)]
pub struct Run {
    /// The command: `import`, `sync`, `add`, `remove`.
    pub command: &'static str,
    /// Which users it looked at.
    pub mode: Mode,
    /// When it began, to the second.
    pub started_at: jiff::Timestamp,
    /// When it began, on the clock that no one sets.
    pub began: std::time::Instant,
    /// In a run of selected users: those it looked at.
    pub selected: Vec<UserId>,
    /// How long runs and changes are kept, in days.
    pub history_days: u32,
}

impl Run {
    /// A run that begins now.
    pub fn begin(command: &'static str, history_days: u32) -> Self {
        let now = jiff::Timestamp::now();
        Self {
            command,
            mode: Mode::Full,
            started_at: jiff::Timestamp::from_second(now.as_second()).unwrap_or(now),
            began: std::time::Instant::now(),
            selected: Vec::new(),
            history_days,
        }
    }

    /// How long it has taken, in milliseconds.
    pub fn duration_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Writer {
    /// Takes the lock of the store, opens it, and makes it or brings it up to date where needed.
    pub fn open(path: &Path, command: &str) -> Result<Self, StoreError> {
        let file_error = |source| StoreError::File {
            path: path.to_owned(),
            source,
        };
        files::make_folder_of(path).map_err(file_error)?;
        let lock = RunLock::take(path, command)?;
        // SQLite would make the file with the rights of the umask.
        drop(files::open_private(path).map_err(file_error)?);
        let db = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let found = version(path, &db)?;
        if found > VERSION {
            return Err(StoreError::Newer {
                path: path.to_owned(),
                found,
                known: VERSION,
            });
        }
        Ok(Self {
            reader: Reader::new(path, prepare(path, db)?),
            _lock: lock,
        })
    }
}

impl Reader {
    /// Opens the store to read. One that does not exist reads as an empty one, and is not made.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let is_empty = std::fs::metadata(path).map_or(true, |it| it.is_file() && it.len() == 0);
        if is_empty {
            let db = Connection::open_in_memory().map_err(sql(path, "open"))?;
            return Ok(Self::new(path, migrated(path, db)?));
        }
        let db = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let found = version(path, &db)?;
        let path = path.to_owned();
        let known = VERSION;
        match found {
            VERSION => Ok(Self::new(&path, db)),
            newer if newer > VERSION => Err(StoreError::Newer { path, found, known }),
            _ => Err(StoreError::Older { path, found, known }),
        }
    }
}

fn open(path: &Path, access: OpenFlags) -> Result<Connection, StoreError> {
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(sql(path, "open"))?;
    db.busy_timeout(std::time::Duration::from_secs(5))
        .map_err(sql(path, "open"))?;
    Ok(db)
}

fn version(path: &Path, db: &Connection) -> Result<i64, StoreError> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(sql(path, "read"))
}

fn prepare(path: &Path, db: Connection) -> Result<Connection, StoreError> {
    db.pragma_update(None, "journal_mode", "wal")
        .and_then(|()| db.pragma_update(None, "synchronous", "full"))
        .and_then(|()| db.pragma_update(None, "foreign_keys", true))
        .map_err(sql(path, "prepare"))?;
    migrated(path, db)
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

/// Puts an error of `SQLite` into words.
fn sql(path: &Path, doing: &'static str) -> impl Fn(rusqlite::Error) -> StoreError + use<> {
    let path: PathBuf = path.to_owned();
    move |source| StoreError::Sql {
        path: path.clone(),
        doing,
        source,
    }
}

/// What becomes of the users that a reader hands over one by one.
pub type Visit<'a, E> = dyn FnMut(StoredUser) -> Result<(), E> + 'a;

#[cfg(test)]
mod tests {
    use super::{MIGRATIONS, Migrations, VERSION};

    #[test]
    fn the_version_counts_the_migrations() {
        assert_eq!(i64::try_from(MIGRATIONS.len()), Ok(VERSION));
        Migrations::from_slice(MIGRATIONS)
            .validate()
            .expect("they apply to an empty file");
    }
}
