//! What the rest of the program may ask of a store. Only the modules of each kind of store know SQL.

mod counts;
mod domains;
mod error;
mod history;
mod listing;
mod run;
mod snapshot;
mod sqlite;

use std::collections::HashMap;

use crate::plan::Plan;
use crate::user::{StoredUser, UserId};

pub use counts::{Known, UserCounts};
pub use domains::{Domains, KnownController, KnownDomain, Ours};
pub use error::{Refused, StoreError};
pub use history::{PastChange, PastRun};
pub use listing::{LastSeen, Listing};
pub use run::{Command, Marking, Mode, Outcome, Run};
pub use snapshot::{Snapshot, snapshot, snapshot_of_new};
pub use sqlite::{BulkLoad, Reader, RowMatcher, Trial, Unchanging, Writer, files_of, is_there};

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

/// What becomes of the users that a reader hands over one by one.
pub type Visit<'a, E> = dyn FnMut(StoredUser) -> Result<(), E> + 'a;
