//! Why the store could not be used.

use std::path::{Path, PathBuf};

use super::flaw;
use crate::failure::Kind;
use crate::shell;

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

impl StoreError {
    /// The same of the store itself, where it came of a draft of it, which nobody knows of.
    pub(super) fn of_store(mut self, store: &Path) -> Self {
        if let Self::Sql { path, .. } | Self::Migration { path, .. } = &mut self {
            store.clone_into(path);
        }
        self
    }

    /// The kind that decides the exit code.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Held { .. } => Kind::Locked,
            _ => Kind::Store,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Held { .. } => {
                "wait for it to end, or say --wait SECONDS; a run that was killed holds nothing"
            }
            Self::File { source, .. } if is_full(source) => "the disk is full; nothing was changed",
            Self::Folder { source, .. } if is_full(source) => "the disk is full",
            Self::Folder { .. } => {
                "check path under [store] and the rights on that folder; where this account is only to look, say read_only = true there"
            }
            Self::File { .. } => "check path under [store] and the rights on its folder",
            Self::Foreign { .. } => "check path under [store]; nothing was written to it",
            Self::Newer { .. } => "use the adsync that made it, or a newer one",
            Self::Link { target, .. } => return Some(link_hint(target.as_deref())),
            Self::OfAnother { owner, .. } => {
                return Some(format!("sudo -u {} {}", shell::quoted(owner), typed()));
            }
            Self::Sql { source, .. } => return sql_hint(source),
            Self::Row { path, id, .. } => return Some(row_hint(path, *id)),
            Self::NumbersUsedUp { .. } => {
                "another program gave it that number: give it another, and let seq of sqlite_sequence be the highest that is left"
            }
            Self::Replaced { .. } => {
                "bring back a backup while no run is under way; run adsync again for the store that is there now"
            }
            Self::Overtaken { .. } => "nothing was changed; try again when they are done",
            Self::Migration { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

fn link_hint(target: Option<&Path>) -> String {
    match target {
        Some(target) => format!("say path = \"{}\" under [store]", target.display()),
        None => "what it leads to is not there; say under [store] where the store is".to_owned(),
    }
}

fn row_hint(store: &Path, id: i64) -> String {
    let store = store.to_string_lossy();
    let query = format!("SELECT * FROM users WHERE id = {id}");
    format!(
        "another program wrote that row: mend it, or bring the store back from a backup; to see it: sqlite3 {} {}",
        shell::quoted(&store),
        shell::quoted(&query)
    )
}

/// The command line, to be typed again.
fn typed() -> String {
    let arguments = std::env::args_os().skip(1);
    let quoted = arguments.map(|it| shell::quoted(&it.to_string_lossy()).into_owned());
    let words: Vec<_> = std::iter::once("adsync".to_owned()).chain(quoted).collect();
    words.join(" ")
}

fn is_full(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded
    )
}

/// What to do about what adsync never writes itself.
const OTHERS_WROTE: &str = "another program has changed the store; nothing was changed now: mend what it wrote (docs/store.md says what belongs there), or bring it back from a backup";

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

fn sql_hint(error: &rusqlite::Error) -> Option<String> {
    use rusqlite::ErrorCode as Code;
    if flaw::is_of_value(error) {
        return Some(OTHERS_WROTE.to_owned());
    }
    let hint = match error.sqlite_error_code()? {
        Code::DatabaseBusy | Code::DatabaseLocked => {
            "another program is writing to it, or has been reading from it all the while; nothing was changed, try again"
        }
        // What SQLite says, too, when there is no space for its shared memory.
        Code::SystemIoFailure => {
            "the disk is full or does not work; nothing was changed, see to it and try again"
        }
        Code::DiskFull => "the disk is full; nothing was changed",
        Code::ReadOnly | Code::PermissionDenied | Code::CannotOpen => {
            "check path under [store] and the rights on the file and its folder"
        }
        Code::DatabaseCorrupt | Code::NotADatabase => {
            "the file is damaged or no adsync store; bring it back from a backup"
        }
        // Unknown: a table or a column that is not as it was, or what should be JSON and is not.
        Code::ConstraintViolation | Code::TypeMismatch | Code::Unknown => OTHERS_WROTE,
        _ => return None,
    };
    Some(hint.to_owned())
}
