//! What the rest of the program may ask of a store. Only the modules of each kind of store know SQL.

mod counts;
mod domains;
mod error;
mod history;
mod listing;
mod run;
mod snapshot;
mod sqlite;
mod view;

use std::collections::HashMap;
use std::path::Path;

use crate::plan::Plan;
use crate::user::{StoredUser, UserId};

pub use counts::{Known, UserCounts};
pub use domains::{Domains, KnownController, KnownDomain, Ours};
pub use error::{Refused, StoreError};
pub use history::{PastChange, PastRun};
pub use listing::{LastSeen, Listing};
pub use run::{Command, Marking, Mode, Outcome, Run};
pub use snapshot::{Snapshot, snapshot, snapshot_of_new};
pub use sqlite::{BulkLoad, Reader, Trial, Writer, files_of, is_there};
pub use view::{Changes, Held, Keys, Matching, Runs, View, Visit, Which};

/// What came of applying a plan.
#[derive(Debug)]
pub enum Applied {
    /// It was written; the number of the run, and the plan to be told of.
    Done(i64, Plan),
    /// Nothing was written, for other programs wrote to the store meanwhile.
    Overtaken {
        /// The plan, which does not hold any more.
        plan: Plan,
        /// The users whose rows are others than the plan saw, and those rows if they are of imported users still.
        changed: HashMap<UserId, Option<StoredUser>>,
    },
}

/// Opens a store to read. One that does not exist reads as an empty one, and is not made; one of an older version reads
/// as what the next run will make of it.
pub fn open(path: &Path) -> Result<Box<dyn View>, StoreError> {
    Ok(Box::new(Reader::open(path)?))
}
