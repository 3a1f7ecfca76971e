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
    /// Whether nothing of the plan was done: in a dry run, or because it was refused.
    pub fn is_only_planned(&self) -> bool {
        self.dry_run || self.refusal.is_some()
    }

    /// The numbers at the end: `3 modified, 1 deleted, 2 duplicate, 114 unchanged`. An empty bucket
    /// is left out, except for those a person looks for.
    pub fn numbers(&self) -> Vec<Number> {
        numbers(&Counts::of(self.plan), self.run.command, true)
    }
}

/// How many users came out in one way.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    /// The bucket, as JSON names it.
    pub bucket: &'static str,
    /// The same in words.
    pub what: &'static str,
    /// How many.
    pub count: u64,
}

/// How many users came out how: the buckets as JSON names them, without their sum.
pub fn buckets(counts: &Counts) -> [(&'static str, u64); 9] {
    let Counts {
        checked: _,
        unchanged,
        imported,
        modified,
        deleted,
        duplicate,
        out_of_scope,
        missing,
        failed,
        foreign,
    } = *counts;
    [
        ("unchanged", unchanged),
        ("imported", imported),
        ("modified", modified),
        ("deleted", deleted),
        ("duplicate", duplicate),
        ("out_of_scope", out_of_scope),
        ("missing", missing),
        ("failed", failed),
        ("foreign", foreign),
    ]
}

/// The numbers of a run in words, zeros left out except the `wanted` ones that a person looks for.
pub fn numbers(counts: &Counts, command: Command, wanted: bool) -> Vec<Number> {
    let new = match command {
        Command::Add => "added",
        Command::Restore | Command::Undo => "restored",
        Command::Import | Command::Sync | Command::Set | Command::Remove => "imported",
    };
    let is_removal = command == Command::Remove;
    let is_undo = command == Command::Undo;
    let is_sync = command == Command::Sync;
    let is_set = command == Command::Set;
    let gone = if is_removal { "removed" } else { "deleted" };
    let [unchanged, others @ .., foreign] = buckets(counts);
    let number = |(bucket, count)| {
        let (what, is_looked_for) = match bucket {
            "imported" => (new, !(is_sync || is_removal || is_set)),
            "modified" => (bucket, is_sync || is_undo || is_set),
            "deleted" => (gone, is_sync || is_removal || is_undo),
            "duplicate" => (bucket, !is_removal),
            _ => (bucket, false),
        };
        let number = Number {
            bucket,
            what,
            count,
        };
        (count > 0 || (wanted && is_looked_for)).then_some(number)
    };
    let all = others.into_iter().chain([unchanged, foreign]);
    all.filter_map(number).collect()
}
