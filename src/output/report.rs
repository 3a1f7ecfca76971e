//! A run with its plan, as the output formats print it.

use crate::error::Failure;
use crate::plan::{Counts, Plan};
use crate::store::{Command, Run};

/// The report of a run.
#[derive(Debug)]
pub struct Report<'a> {
    /// The run.
    pub run: &'a Run,
    /// Its number in the history; `None` if nothing was written.
    pub number: Option<i64>,
    /// Whether it was a dry run.
    pub dry_run: bool,
    /// Why it was refused, if it was.
    pub refusal: Option<&'a Failure>,
    /// What it did, or would have done.
    pub plan: &'a Plan,
}

impl Report<'_> {
    /// The numbers at the end: `3 modified, 1 deleted, 2 duplicate, 114 unchanged`. An empty bucket
    /// is left out, except for those a person looks for.
    pub fn numbers(&self) -> Vec<(u64, &'static str)> {
        numbers(&Counts::of(self.plan), self.run.command, true)
    }
}

/// The numbers of a run in words, zeros left out except the `wanted` ones that a person looks for.
pub fn numbers(counts: &Counts, command: Command, wanted: bool) -> Vec<(u64, &'static str)> {
    let Counts {
        checked: _,
        unchanged,
        imported,
        modified,
        deleted,
        duplicate,
        out_of_scope,
        missing,
        foreign,
        failed,
    } = *counts;
    let new = match command {
        Command::Add => "added",
        Command::Restore | Command::Undo => "restored",
        Command::Import | Command::Sync | Command::Remove => "imported",
    };
    let is_removal = command == Command::Remove;
    let is_undo = command == Command::Undo;
    let is_sync = command == Command::Sync;
    let parts = [
        (imported, new, !(is_sync || is_removal)),
        (modified, "modified", is_sync || is_undo),
        (
            deleted,
            if is_removal { "removed" } else { "deleted" },
            is_sync || is_removal || is_undo,
        ),
        (duplicate, "duplicate", !is_removal),
        (out_of_scope, "out of scope", false),
        (missing, "missing", false),
        (failed, "failed", false),
        (unchanged, "unchanged", false),
        (foreign, "foreign", false),
    ];
    let said = parts.into_iter();
    said.filter(|(count, _, is_looked_for)| *count > 0 || (wanted && *is_looked_for))
        .map(|(count, what, _)| (count, what))
        .collect()
}
