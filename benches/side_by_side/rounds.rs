//! Cases, run in turn: each round runs every case once, so that what they are compared with was
//! measured seconds before or after, whatever else the machine is doing.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};

use crate::folder;
use crate::measure::{self, Output, Sample};
use crate::process;
use crate::report::{Expected, Report};

/// A process to measure.
pub struct Case<'a> {
    name: String,
    prepare: Box<dyn FnMut(usize) -> Result<()> + 'a>,
    command: Box<dyn Fn() -> Command + 'a>,
    outcome: Outcome,
}

/// What the process must print.
enum Outcome {
    /// Anything.
    Anything,
    /// Anything; only the time to its first line counts.
    FirstLine,
    /// This many entries in LDIF; counted in the first round only, then thrown away.
    Entries(usize),
    /// This as adsync's JSON.
    Report(Expected),
}

impl<'a> Case<'a> {
    /// A process that must succeed.
    pub fn new(name: impl Into<String>, command: impl Fn() -> Command + 'a) -> Self {
        Self {
            name: name.into(),
            prepare: Box::new(|_| Ok(())),
            command: Box::new(command),
            outcome: Outcome::Anything,
        }
    }

    /// The same under another name.
    pub fn named(self, name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..self
        }
    }

    /// Does this before, untimed, with the number of the round.
    pub fn after(mut self, prepare: impl FnMut(usize) -> Result<()> + 'a) -> Self {
        self.prepare = Box::new(prepare);
        self
    }

    /// Measures only until the first line is there.
    pub fn until_first_line(mut self) -> Self {
        self.outcome = Outcome::FirstLine;
        self
    }

    /// It must print this many entries.
    pub fn prints_entries(mut self, entries: usize) -> Self {
        self.outcome = Outcome::Entries(entries);
        self
    }

    /// It is adsync, and must report this.
    pub fn reports(mut self, expected: Expected) -> Self {
        self.outcome = Outcome::Report(expected);
        self
    }

    fn run(&mut self, round: usize, output: &Path) -> Result<(Sample, Option<String>)> {
        (self.prepare)(round)?;
        settle()?;
        let mut command = (self.command)();
        let is_warming_up = round == 0;
        let to = match self.outcome {
            Outcome::FirstLine => Output::FirstLine,
            Outcome::Report(_) => Output::Keep(File::create(output)?),
            Outcome::Entries(_) if is_warming_up => Output::Keep(File::create(output)?),
            Outcome::Entries(_) | Outcome::Anything => Output::Discard,
        };
        if is_warming_up && matches!(self.outcome, Outcome::Report(_)) {
            command.arg("-vv");
        }
        let (sample, log) = measure::run(&mut command, to)?;
        let note = match self.outcome {
            Outcome::Report(expected) => {
                let report = Report::read(output)?;
                report.check(expected)?;
                Some(report.note(&log))
            }
            Outcome::Entries(expected) if is_warming_up => {
                check_entries(output, expected)?;
                None
            }
            _ => None,
        };
        Ok((sample, note))
    }
}

/// A case and what it took in each round.
pub struct Row {
    pub name: String,
    /// What adsync said of it: the kind of run, and how many searches it made.
    pub note: Option<String>,
    pub samples: Vec<Sample>,
}

/// Runs every case once untimed, and then `rounds` times.
pub fn in_turn(title: &str, rounds: usize, mut cases: Vec<Case<'_>>) -> Result<Vec<Row>> {
    let folder = folder::temporary("output-")?;
    let output = folder.path().join("output");
    let mut rows: Vec<Row> = cases
        .iter()
        .map(|case| Row {
            name: case.name.clone(),
            note: None,
            samples: Vec::with_capacity(rounds),
        })
        .collect();
    let progress = ProgressBar::new(cases.len() as u64 * (rounds as u64 + 1))
        .with_style(ProgressStyle::with_template("{prefix} {wide_bar} {msg}")?)
        .with_prefix(title.to_owned());
    for round in 0..=rounds {
        for (case, row) in cases.iter_mut().zip(&mut rows) {
            progress.set_message(row.name.clone());
            let (sample, note) = case
                .run(round, &output)
                .with_context(|| format!("{title}: {}", row.name))?;
            match round {
                0 => row.note = note,
                _ => row.samples.push(sample),
            }
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    Ok(rows)
}

/// Has the system write what it has not written yet: that is work of those who came before.
fn settle() -> Result<()> {
    let status = Command::new(process::find("sync", "coreutils")?).status()?;
    ensure!(status.success(), "sync ended with {status}");
    Ok(())
}

fn check_entries(output: &Path, expected: usize) -> Result<()> {
    let mut entries = 0;
    for line in BufReader::new(File::open(output)?).split(b'\n') {
        entries += usize::from(line?.starts_with(b"dn:"));
    }
    if entries != expected {
        bail!("{entries} entries instead of {expected}");
    }
    Ok(())
}
