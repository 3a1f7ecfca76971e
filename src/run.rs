//! The engine: what a run reads of the directory, how it is compared with the store, planned, guarded and applied.
//!
//! It knows no settings file, no flag and no terminal: what a run keeps to is given to it ([`Engine`]), and whoever
//! watches hears of it as an [`Observer`].

pub mod absence;
pub mod commit;
mod error;
pub mod execute;
pub mod import;
pub mod preview;
pub mod reconcile;
pub mod retry;
pub mod strategy;

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::directory::Options;
use crate::plan::Plan;
use crate::plan::compare::OutOfScopePolicy;
use crate::store::Command;

pub use error::RunError;

/// What a run works with.
#[derive(Clone, Copy)]
pub struct Engine<'a> {
    /// How the directory is reached and read.
    pub options: &'a Options,
    /// What it keeps to.
    pub policy: Policy,
    /// Who watches.
    pub observer: &'a dyn Observer,
}

/// What a run keeps to.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// How long a user must be missing before that may be proof that it was deleted.
    pub missing_after: Duration,
    /// What becomes of users that left the scope.
    pub out_of_scope: OutOfScopePolicy,
    /// A full run at least this often.
    pub full_every: Duration,
}

/// Who watches a run.
pub trait Observer {
    /// Hears what a person should know, whether one watches or not.
    fn warn(&self, text: &str);

    /// Hears what is going on.
    fn note(&self, text: &str);

    /// Sees how far a step has come, of which so many are expected, if that is known.
    fn counting(&self, what: &str, total: Option<u64>) -> Box<dyn Progress>;

    /// Sees that a step is under way, which ends with what is returned.
    fn working(&self, what: &str) -> Box<dyn Progress>;

    /// Is asked before users are deleted.
    fn confirm(&self, plan: &Plan, command: Command) -> Confirmation;

    /// Knows how an error is noted in the history; none of one that shows that there was no run.
    fn noted(&self, error: &anyhow::Error) -> Option<String>;
}

/// A step that is under way; it ends when this is dropped.
pub trait Progress {
    /// So many more are done.
    fn advance(&self, by: u64);

    /// What is being done now.
    fn describe(&self, what: &str);
}

/// What somebody who was asked has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// Nobody was asked.
    NotAsked,
    /// The deletions are meant.
    Given,
    /// They are not; why.
    Refused(String),
}
