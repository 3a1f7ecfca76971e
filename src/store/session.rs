//! A store as a run writes to it.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use super::{Command, Outcome, Run, StoreError, View};
use crate::plan::{Approved, Import, Plan};
use crate::user::{ObjectGuid, StoredUser, UserId};

/// Where users are kept.
pub trait Store: fmt::Debug {
    /// Opens it to read. A store that is not there reads as an empty one, and is not made; one of an older version reads
    /// as what the next run will make of it.
    fn read(&self) -> Result<Box<dyn View>, StoreError>;

    /// Begins a run that may write. Another one may hold the store: then this waits that long for it to end.
    fn begin(&self, command: Command, wait: Duration) -> Result<Box<dyn Session>, StoreError>;
}

/// A store that is held for a run. It is left to others when this is dropped.
pub trait Session: fmt::Debug {
    /// The store, to be asked.
    fn view(&self) -> &dyn View;

    /// Makes ready for what is going to be written, so that other programs are not kept from reading or writing
    /// meanwhile. A run that ends as if it had not been begun needs none of this.
    fn expect_changes(&mut self, has_read_users: bool) -> Result<(), StoreError>;

    /// Begins to fill a store that has no users while the directory is still read, if it can.
    fn bulk_load(&self, run: &Run) -> Result<Option<Box<dyn BulkLoad>>, StoreError>;

    /// Applies an approved plan and notes the run in the history; of what was filled the plan has its new users. When
    /// this fails, the store is as it was.
    ///
    /// A row is only written if it is as the plan saw it: what other programs have changed meanwhile is told, and
    /// nothing is written. `committed` is told the number of the run as soon as it is in the store.
    fn apply(
        &mut self,
        approved: Approved,
        filled: Option<Box<dyn BulkLoad>>,
        run: &Run,
        committed: &mut dyn FnMut(i64),
    ) -> Result<Applied, StoreError>;

    /// Notes a run that changed nothing: it was refused, or failed.
    fn record_end(
        &mut self,
        run: &Run,
        outcome: Outcome,
        error: &str,
        plan: &Plan,
    ) -> Result<i64, StoreError>;

    /// Sees that the store is the one that was opened still.
    fn require_in_place(&self) -> Result<(), StoreError>;

    /// Leaves the store to others. Nothing can be written any more.
    fn close(&mut self);

    /// Whether it was left to others.
    fn is_closed(&self) -> bool;
}

/// A store that is being filled. Dropping it takes everything back.
pub trait BulkLoad: fmt::Debug + Send {
    /// Writes users that were read.
    fn add(&mut self, users: &[Import]) -> Result<(), StoreError>;

    /// Takes users out again.
    fn withdraw(&mut self, guids: &[ObjectGuid]) -> Result<(), StoreError>;

    /// Puts what was filled in order.
    fn make_indexes(&mut self) -> Result<(), StoreError>;

    /// For the store that it is of.
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

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
