//! The interface of a store. Only the modules of each kind of store know SQL.

mod counts;
pub mod database;
mod domains;
mod effects;
mod error;
mod history;
mod listing;
#[cfg(test)]
pub mod memory;
mod run;
mod session;
mod snapshot;
mod sqlite;
mod view;

use std::fmt;
use std::path::{Path, PathBuf};

pub use counts::{Known, UserCounts};
pub use domains::{Domains, KnownController, KnownDomain, Ours};
pub use error::{Refused, StoreError};
pub use history::{PastChange, PastRun};
pub use listing::{LastSeen, Listing};
pub use run::{Command, Marking, Mode, Outcome, Run};
pub use snapshot::{Snapshot, snapshot, snapshot_of_new};
use sqlite::files_of;
pub use sqlite::{Trial, is_there};

use database::Server;
pub use session::{Applied, BulkLoad, Session, Store};
use sqlite::SqliteFile;
pub use view::{Changes, Held, Keys, Matching, Runs, View, Visit, Which};

/// Where a store is.
#[derive(Debug)]
pub enum Location {
    /// In an `SQLite` file.
    File(PathBuf),
    /// In a database on a server.
    Server(Box<Server>),
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Server(server) => write!(f, "{server}"),
        }
    }
}

impl Location {
    /// Whether the users are in the table of an application.
    pub fn is_of_application(&self) -> bool {
        matches!(self, Self::Server(server) if server.users.is_some())
    }

    /// The files of the store, now or during a run; none of one on a server.
    pub fn files(&self) -> Vec<PathBuf> {
        match self {
            Self::File(path) => files_of(path),
            Self::Server(_) => Vec::new(),
        }
    }
}

/// The store at a path.
pub fn at(path: &Path) -> Box<dyn Store> {
    Box::new(SqliteFile::new(path))
}
