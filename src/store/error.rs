//! Why the store could not be used.

use std::path::{Path, PathBuf};

use super::database::DatabaseError;
use super::sqlite::flaw;

/// The store could not be read or written. It is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file beside or of the store.
    #[error("cannot open {}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The folder of the store, in which a run makes files.
    #[error("cannot make a file in {}, the folder of the store: {source}", folder.display())]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another run holds the lock.
    #[error("another run holds the store {}{}", path.display(), if holder.is_empty() { String::new() } else { format!(": {holder}") })]
    Held {
        /// The store.
        path: PathBuf,
        /// Who, since when.
        holder: String,
    },
    /// The schema is newer than this program.
    #[error("the store {} has version {found}; this adsync knows versions up to {known}", path.display())]
    Newer {
        /// The store.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that is known.
        known: i64,
    },
    /// A database that adsync did not make.
    #[error("{} is no adsync store, but another program's database", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The path is a symbolic link.
    #[error("the store {} is a symbolic link, which is not followed", path.display())]
    Link {
        /// The link.
        path: PathBuf,
        /// What it leads to, if that is there.
        target: Option<PathBuf>,
    },
    /// Root would write to the store of another account.
    #[error("the store {} belongs to {owner}, and root would leave files there that {owner} may not write", path.display())]
    OfAnother {
        /// The store.
        path: PathBuf,
        /// The account.
        owner: String,
    },
    /// `SQLite` refused.
    #[error("cannot {doing} the store {}: {}", path.display(), sql_text(source))]
    Sql {
        /// The store.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// Why.
        source: rusqlite::Error,
    },
    /// The tables are not there, and cannot be made.
    #[error("there are no tables of adsync in {store}, and it cannot make them: {source}")]
    NoTables {
        /// The store.
        store: String,
        /// Why.
        source: DatabaseError,
    },
    /// A local user, where the users are in the table of an application.
    #[error("{username} is a local user of {store}, and belongs to its application")]
    OfApplication {
        /// The store.
        store: String,
        /// The user.
        username: String,
    },
    /// A database server refused, or cannot be reached.
    #[error("cannot {doing} the store {store}: {source}")]
    Database {
        /// The store.
        store: String,
        /// What was being done.
        doing: &'static str,
        /// Why.
        source: DatabaseError,
    },
    /// The connection was lost while a run was committed, and nobody answers whether it was.
    #[error(
        "the connection to the store {store} was lost while run {run} was being committed, and it cannot be asked whether it was"
    )]
    Unknown {
        /// The store.
        store: String,
        /// The number of the run.
        run: i64,
    },
    /// The file that was opened is not the one of that name any more.
    #[error("the store {} was deleted or replaced while this run was under way{}", path.display(), if *is_written { ": what the run wrote is in the file that was there before" } else { "" })]
    Replaced {
        /// The store.
        path: PathBuf,
        /// Whether the run was written by then.
        is_written: bool,
    },
    /// Other programs wrote to it again and again.
    #[error("other programs wrote to the store {} each time that this run was about to", path.display())]
    Overtaken {
        /// The store.
        path: PathBuf,
    },
    /// The schema could not be made.
    #[error("cannot prepare the store {}: {}", path.display(), migration_text(source))]
    Migration {
        /// The store.
        path: PathBuf,
        /// Why.
        source: rusqlite_migration::Error,
    },
    /// A row that adsync did not write.
    #[error("cannot read the store {}: user {id} has {what}", path.display())]
    Row {
        /// The store.
        path: PathBuf,
        /// The row.
        id: i64,
        /// What is wrong with it.
        what: String,
    },
    /// A row has the highest number there is, so none can be added.
    #[error("cannot write to the store {}: a row of {table} has, or had, the highest number there is ({}), so none can be added", path.display(), i64::MAX)]
    NumbersUsedUp {
        /// The store.
        path: PathBuf,
        /// The table.
        table: String,
    },
}

/// Why a database refused, as far as an administrator can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Another program is at it.
    Busy,
    /// The disk is full or broken: `SQLite` says the same of both where it is about its shared memory.
    Disk,
    /// The disk is full.
    Full,
    /// The rights on the file or its folder.
    Rights,
    /// The file is damaged, or no database.
    Damaged,
    /// What is in it was never written by adsync: a table, a column, a value.
    Foreign,
    /// Nothing of these.
    Other,
}

impl Refused {
    /// Why `SQLite` did.
    pub fn of(error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        if flaw::is_of_value(error) {
            return Self::Foreign;
        }
        match error.sqlite_error_code() {
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::Busy,
            Some(Code::SystemIoFailure) => Self::Disk,
            Some(Code::DiskFull) => Self::Full,
            Some(Code::ReadOnly | Code::PermissionDenied | Code::CannotOpen) => Self::Rights,
            Some(Code::DatabaseCorrupt | Code::NotADatabase) => Self::Damaged,
            // Unknown: a table or a column that is not as it was, or what should be JSON and is not.
            Some(Code::ConstraintViolation | Code::TypeMismatch | Code::Unknown) => Self::Foreign,
            _ => Self::Other,
        }
    }
}

impl StoreError {
    /// The same of the store itself, where it came of a draft of it, which nobody knows of.
    pub(super) fn of_store(mut self, store: &Path) -> Self {
        if let Self::Sql { path, .. } | Self::Migration { path, .. } = &mut self {
            store.clone_into(path);
        }
        self
    }
}

/// What `SQLite` says of a step of the schema, without the whole of that step.
fn migration_text(error: &rusqlite_migration::Error) -> String {
    match error {
        rusqlite_migration::Error::RusqliteError { query: _, err } => sql_text(err),
        other => other.to_string(),
    }
}

/// What `SQLite` says, once.
fn sql_text(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
        other => flaw::of_value(other).unwrap_or_else(|| other.to_string()),
    }
}
