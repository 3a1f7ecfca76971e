//! The engine: what a run reads of the directory, how it is compared with the store, planned, guarded and applied.
//!
//! It knows no settings file, no flag and no terminal: it is given what to keep to ([`Engine`]), and reports to an
//! [`Observer`].

pub mod absence;
pub mod commit;
mod error;
pub mod execute;
pub mod import;
pub mod preview;
pub mod reach;
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
    /// The rules it follows.
    pub policy: Policy,
    /// Who is told.
    pub observer: &'a dyn Observer,
}

/// The rules that a run follows.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// How long a user must have been missing before it may count as deleted.
    pub missing_after: Duration,
    /// What happens to users that left the scope.
    pub out_of_scope: OutOfScopePolicy,
    /// A full run at least this often.
    pub full_every: Duration,
}

/// Follows a run.
pub trait Observer {
    /// Something a person should know, whether or not one is watching.
    fn warn(&self, text: &str);

    /// What is going on, for a person who is watching.
    fn note(&self, text: &str);

    /// A step with a count; `total` is what is expected, if known.
    fn counting(&self, what: &str, total: Option<u64>) -> Box<dyn Progress>;

    /// A step without a count. It ends when the result is dropped.
    fn working(&self, what: &str) -> Box<dyn Progress>;

    /// Asks for confirmation before users are deleted.
    fn confirm(&self, plan: &Plan, command: Command) -> Confirmation;

    /// The text of an error for the history; none if there was no run to speak of, such as after a usage error.
    fn noted(&self, error: &anyhow::Error) -> Option<String>;
}

/// A step that is under way; it ends when this is dropped.
pub trait Progress {
    /// That many more are done.
    fn advance(&self, by: u64);

    /// What is being done now.
    fn describe(&self, what: &str);
}

/// The answer to a request for confirmation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// Nobody was asked.
    NotAsked,
    /// Yes.
    Given,
    /// No; the reason.
    Refused(String),
}
