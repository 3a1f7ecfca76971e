//! What adsync says of a run: its JSON on standard output, its searches in the log on standard error.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// The head of the JSON; the lists of users are passed over.
#[derive(Debug, Deserialize)]
pub struct Report {
    mode: String,
    counts: Counts,
}

#[derive(Debug, Deserialize)]
struct Counts {
    checked: usize,
    imported: usize,
    modified: usize,
    deleted: usize,
    duplicate: usize,
    out_of_scope: usize,
    missing: usize,
    foreign: usize,
    failed: usize,
}

/// What the counts must be; of those that are not named here, zero.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected {
    /// `None` where it depends on how adsync finds the changes.
    pub checked: Option<usize>,
    pub imported: usize,
    pub modified: usize,
}

impl Report {
    /// Reads what `--format json` printed.
    pub fn read(file: &Path) -> Result<Self> {
        serde_json::from_reader(BufReader::new(File::open(file)?))
            .context("what adsync printed is not the JSON of a run")
    }

    /// Fails unless the run did what it had to do.
    pub fn check(&self, expected: Expected) -> Result<()> {
        let Counts {
            checked,
            imported,
            modified,
            deleted,
            duplicate,
            out_of_scope,
            missing,
            foreign,
            failed,
        } = self.counts;
        let should_be_none = [deleted, duplicate, out_of_scope, missing, foreign, failed];
        let is_as_expected = (imported, modified) == (expected.imported, expected.modified)
            && should_be_none == [0; 6];
        if !is_as_expected || expected.checked.is_some_and(|number| number != checked) {
            bail!("wrong counts: {:?}, expected {expected:?}", self.counts);
        }
        Ok(())
    }

    /// The kind of run, and how many searches its log shows.
    pub fn note(&self, log: &str) -> String {
        let searches = searches(log).count();
        let noun = if searches == 1 { "search" } else { "searches" };
        format!("{}, {searches} {noun}", self.mode)
    }
}

/// The searches in the log of `-vv`, each as the `ldapsearch` command that does the same.
pub fn searches(log: &str) -> impl Iterator<Item = &str> {
    log.lines()
        .filter_map(|line| line.split_once(": ldapsearch -H ").map(|(_, rest)| rest))
}
