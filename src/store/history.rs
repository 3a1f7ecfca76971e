//! What the history tells of past runs.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::Snapshot;
use super::run::{Command, Mode, Outcome, Run};
use crate::plan::{Action, Counts, Duplicate, Plan};
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

/// The account and the host of this process.
pub fn run_by() -> (String, String) {
    let unknown = |_| "?".to_owned();
    (
        whoami::username().unwrap_or_else(unknown),
        whoami::hostname().unwrap_or_else(unknown),
    )
}

/// Who called sudo, as sudo says. Believed for every account, not only root, for people run `sudo -u adsync`; an
/// account that lies about it owns the store, and could write anything there anyway.
pub fn sudo_for() -> Option<String> {
    std::env::var("SUDO_USER")
        .ok()
        .filter(|name| !name.is_empty())
}

/// For a run of selected users: those found in step, as a JSON array of ids.
pub fn in_step(outcome: Outcome, plan: &Plan, run: &Run) -> Option<String> {
    let is_over = matches!(outcome, Outcome::Done | Outcome::Partial);
    let selected = run.selected.as_ref().filter(|_| is_over)?;
    let aside: HashSet<UserId> = plan
        .duplicate
        .iter()
        .filter_map(Duplicate::user)
        .chain(plan.out_of_scope.iter().map(|it| &it.user))
        .chain(plan.missing.iter().map(|it| &it.user))
        .chain(plan.failed.iter().filter_map(|it| it.user.as_ref()))
        .chain(plan.deleted.iter().map(|it| &it.user))
        .map(|user| user.id)
        .collect();
    let ids: Vec<i64> = selected
        .iter()
        .filter(|id| !aside.contains(id))
        .map(|id| id.0)
        .collect();
    serde_json::to_string(&ids).ok()
}

/// The runs beyond the retention period, of the oldest runs and the newest before this one, in the order of their
/// numbers, each with the time when it began.
pub fn runs_to_forget(ends: &[(i64, String)], this: i64, run: &Run) -> Vec<i64> {
    let days = SignedDuration::from_hours(24 * i64::from(run.history_days));
    let before = ends.iter().rev().find(|(id, _)| *id != this);
    // A clock that jumped ahead must not delete everything, so the time of the previous run counts, too.
    let before = before.and_then(|(_, at)| at.parse().ok());
    let now = before.map_or(run.started_at, |it: Timestamp| it.min(run.started_at));
    // Beyond the range of times there is nothing to delete.
    let Ok(oldest) = now.checked_sub(days) else {
        return Vec::new();
    };
    let (oldest, now) = (oldest.to_string(), run.started_at.to_string());
    // In run order, whatever the clock said: a backdated run is not deleted early, and of one whose date is in the
    // future that of the next counts.
    let mut forgotten = Vec::new();
    for (at, (id, started_at)) in ends.iter().enumerate() {
        let next = ends.get(at + 1).map(|(_, at)| at);
        let date = if *started_at <= now {
            Some(started_at)
        } else {
            next.filter(|it| **it <= now)
        };
        if *id == this || date.is_none_or(|it| *it >= oldest) {
            break;
        }
        forgotten.push(*id);
    }
    forgotten
}
