//! What the history tells of past runs.

use jiff::Timestamp;
use serde::Serialize;

use super::Snapshot;
use super::run::{Command, Mode, Outcome};
use crate::plan::{Action, Counts};
use crate::user::{DomainId, UserId};

/// A run as the history has it.
#[derive(Clone, Debug, Serialize)]
pub struct PastRun {
    /// Its number.
    pub run: i64,
    /// The command.
    pub command: Command,
    /// Which users it looked at.
    pub mode: Mode,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took.
    pub duration_ms: i64,
    /// The account that ran it.
    pub run_by: String,
    /// The account that called sudo, if one did.
    pub sudo_for: Option<String>,
    /// The host it ran on.
    pub host: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was refused or failed; of one that took back another, what it could not take back.
    pub error: Option<String>,
    /// The run that it took back.
    pub undoes: Option<i64>,
    /// The domain that it read; of one that took back another, the domain of that.
    #[serde(skip)]
    pub domain: Option<DomainId>,
    /// Its numbers; those of a refused run are of its plan.
    pub counts: Counts,
}

/// What a run did to one user.
#[derive(Clone, Debug)]
pub struct PastChange {
    /// The number of the run.
    pub run: i64,
    /// When the run began.
    pub at: Timestamp,
    /// The row of the user, which it keeps when it is brought back.
    pub user: UserId,
    /// What it did.
    pub action: Action,
    /// The username before the run.
    pub username: String,
    /// Why it was deleted.
    pub evidence: Option<String>,
    /// The user before; none, if it was new.
    pub before: Option<Snapshot>,
    /// The user after; none, if it was deleted.
    pub after: Option<Snapshot>,
}
