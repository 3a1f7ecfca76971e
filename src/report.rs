//! A run with its plan: what the three output formats print.

use crate::plan::Plan;
use crate::store::Run;

/// What is said of a run at its end.
#[derive(Debug)]
pub struct Report<'a> {
    /// The run.
    pub run: &'a Run,
    /// Its number in the history; none if nothing was written.
    pub number: Option<i64>,
    /// Whether it was only rehearsed.
    pub dry_run: bool,
    /// Whether the guard refused it.
    pub refused: bool,
    /// What it did, or would have done.
    pub plan: &'a Plan,
}

/// The numbers of a plan, in the order in which they are said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Users that were looked at.
    pub checked: u64,
    /// Users that are as they are in the directory.
    pub unchanged: u64,
    /// Users that are new.
    pub imported: u64,
    /// Users that got new values.
    pub modified: u64,
    /// Users that left the store.
    pub deleted: u64,
    /// Users that stay as they are because of another.
    pub duplicate: u64,
    /// Users that left the scope and stay as they are.
    pub out_of_scope: u64,
    /// Users that were found nowhere, which is not yet proof that they were deleted.
    pub missing: u64,
    /// Imported users of other domains, which the run left alone.
    pub foreign: u64,
    /// Users whose data cannot be used.
    pub failed: u64,
}

impl Counts {
    /// Of a plan.
    pub fn of(plan: &Plan) -> Self {
        Self {
            checked: plan.checked(),
            unchanged: plan.untouched(),
            imported: plan.imported.len() as u64,
            modified: plan.modified.len() as u64,
            deleted: plan.deleted.len() as u64,
            duplicate: plan.duplicate.len() as u64,
            out_of_scope: plan.out_of_scope.len() as u64,
            missing: plan.missing.len() as u64,
            foreign: plan.foreign,
            failed: plan.failed.len() as u64,
        }
    }
}

impl Report<'_> {
    /// The numbers that are said at the end: `3 modified, 1 deleted, 2 duplicate, 114 unchanged`. A bucket
    /// with nobody in it is left out, but for those that a person looks for.
    pub fn numbers(&self) -> Vec<(u64, &'static str)> {
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
        } = Counts::of(self.plan);
        let is = |command| self.run.command == command;
        let new = match self.run.command {
            "add" => "added",
            "restore" | "undo" => "restored",
            _ => "imported",
        };
        let parts = [
            (
                imported,
                new,
                is("import") || is("add") || is("restore") || is("undo"),
            ),
            (modified, "modified", is("sync") || is("undo")),
            (
                deleted,
                if is("remove") { "removed" } else { "deleted" },
                is("sync") || is("remove") || is("undo"),
            ),
            (duplicate, "duplicate", !is("remove")),
            (out_of_scope, "out of scope", false),
            (missing, "missing", false),
            (failed, "failed", false),
            (unchanged, "unchanged", false),
            (foreign, "foreign", false),
        ];
        parts
            .into_iter()
            .filter(|(count, _, always)| *always || *count > 0)
            .map(|(count, what, _)| (count, what))
            .collect()
    }
}
