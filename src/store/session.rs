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
    /// Opens it for reading. A store that does not exist reads as empty and is not created; one of an older version
    /// reads as the next run will upgrade it.
    fn read(&self) -> Result<Box<dyn View>, StoreError>;

    /// Whether there is one already. One that exists may be empty.
    fn is_there(&self) -> Result<bool, StoreError>;

    /// What about it would make every import fail.
    fn flaws(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    /// Starts a run that may write. If another run holds the store, waits that long for it.
    fn begin(&self, command: Command, wait: Duration) -> Result<Box<dyn Session>, StoreError>;
}

/// A store that is held for a run, until this is dropped.
pub trait Session: fmt::Debug {
    /// The store, for queries.
    fn view(&self) -> &dyn View;

    /// Prepares for writing, without keeping other programs from reading or writing meanwhile. Only for a run that
    /// will be recorded in any case.
    fn expect_changes(&mut self, has_read_users: bool) -> Result<(), StoreError>;

    /// Starts loading users while the directory is still being read, if the store is empty and supports it.
    fn bulk_load(&self, run: &Run) -> Result<Option<Box<dyn BulkLoad>>, StoreError>;

    /// Applies an approved plan and records the run; `filled` already holds its new users, if there is one. If this
    /// fails, the store is unchanged.
    ///
    /// If other programs have changed any row of the plan meanwhile, nothing is written, and those rows are returned.
    /// `committed` is called with the run number as soon as the plan is committed.
    fn apply(
        &mut self,
        approved: Approved,
        filled: Option<Box<dyn BulkLoad>>,
        run: &Run,
        committed: &mut dyn FnMut(i64),
    ) -> Result<Applied, StoreError>;

    /// Records a run that was refused or failed.
    fn record_end(
        &mut self,
        run: &Run,
        outcome: Outcome,
        error: &str,
        plan: &Plan,
    ) -> Result<i64, StoreError>;

    /// Checks that the store is still the one that was opened.
    fn require_in_place(&self) -> Result<(), StoreError>;

    /// Releases the store. Nothing more can be written.
    fn close(&mut self);

    /// Whether it was released.
    fn is_closed(&self) -> bool;
}

/// Users being loaded into an empty store. Dropping it rolls them back.
pub trait BulkLoad: fmt::Debug + Send {
    /// Loads users that were read.
    fn add(&mut self, users: &[Import]) -> Result<(), StoreError>;

    /// Removes loaded users.
    fn withdraw(&mut self, guids: &[ObjectGuid]) -> Result<(), StoreError>;

    /// Builds the indexes.
    fn make_indexes(&mut self) -> Result<(), StoreError>;

    /// For downcasting by the store it came from.
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

/// The result of applying a plan.
#[derive(Debug)]
pub enum Applied {
    /// It was written: the number of the run, and the plan to report.
    Done(i64, Plan),
    /// Nothing was written, because other programs wrote to the store meanwhile.
    Overtaken {
        /// The plan, which no longer holds.
        plan: Plan,
        /// The users whose rows changed since the plan, with those rows if they still belong to imported users.
        changed: HashMap<UserId, Option<StoredUser>>,
    },
}
