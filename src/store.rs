//! The interface of a store. Only the modules of each kind of store know SQL.

mod counts;
mod domains;
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

use std::path::Path;

pub use counts::{Known, UserCounts};
pub use domains::{Domains, KnownController, KnownDomain, Ours};
pub use error::{Refused, StoreError};
pub use history::{PastChange, PastRun};
pub use listing::{LastSeen, Listing};
pub use run::{Command, Marking, Mode, Outcome, Run};
pub use snapshot::{Snapshot, snapshot, snapshot_of_new};
pub use sqlite::{Trial, files_of, is_there};

pub use session::{Applied, BulkLoad, Session, Store};
use sqlite::SqliteFile;
pub use view::{Changes, Held, Keys, Matching, Runs, View, Visit, Which};

/// The store at a path.
pub fn at(path: &Path) -> Box<dyn Store> {
    Box::new(SqliteFile::new(path))
}
