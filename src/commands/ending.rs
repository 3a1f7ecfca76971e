//! How a run ends: the guard, then the store or nothing, then what is said of it.

use std::path::Path;

use crate::cli::{self, Format};
use crate::exit_code::ExitCode;
use crate::failure::{Failure, Kind};
use crate::output::{Output, csv, json, table};
use crate::plan::{Approved, Findings, Guard, Plan, Refusal, plan};
use crate::report::Report;
use crate::store::{Reader, Run, StoreError, Writer};

/// The store as a run has it. A dry run has one that cannot be written.
#[derive(Debug)]
pub enum Target {
    /// The plan will be applied.
    Store(Writer),
    /// The plan will only be shown.
    Rehearsal(Reader),
}

impl Target {
    /// Opens the store as the command line wants it.
    pub fn open(path: &Path, command: &str, ending: &cli::Ending) -> Result<Self, StoreError> {
        if ending.dry_run {
            Reader::open(path).map(Self::Rehearsal)
        } else {
            Writer::open(path, command).map(Self::Store)
        }
    }

    /// The store, to be asked.
    pub fn reader(&self) -> &Reader {
        match self {
            Self::Store(writer) => writer,
            Self::Rehearsal(reader) => reader,
        }
    }

    /// Applies the plan, unless this is a rehearsal; gives the number of the run.
    fn apply(&mut self, approved: &Approved, run: &Run) -> Result<Option<i64>, StoreError> {
        match self {
            Self::Store(writer) => writer.apply(approved, run).map(Some),
            Self::Rehearsal(_) => Ok(None),
        }
    }

    fn is_rehearsal(&self) -> bool {
        matches!(self, Self::Rehearsal(_))
    }
}

/// Plans, guards, applies and tells.
pub fn finish(
    findings: Findings,
    mut target: Target,
    guard: &Guard,
    run: &Run,
    ending: &cli::Ending,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let holders = target.reader().holders(findings.wanted_names())?;
    let approved = match guard.approve(plan(findings, &holders)) {
        Ok(approved) => approved,
        Err((refusal, plan)) => return refuse(refusal, &plan, &target, run, output),
    };
    let number = target.apply(&approved, run)?;
    let report = Report {
        run,
        number,
        dry_run: target.is_rehearsal(),
        plan: approved.plan(),
    };
    tell(&report, output)?;
    Ok(exit_code(approved.plan(), ending))
}

fn exit_code(plan: &Plan, ending: &cli::Ending) -> ExitCode {
    if !plan.failed.is_empty() || (ending.strict && !plan.duplicate.is_empty()) {
        ExitCode::Partial
    } else if ending.exit_code && plan.has_changes() {
        ExitCode::Pending
    } else {
        ExitCode::Done
    }
}

fn tell(report: &Report<'_>, output: &Output) -> std::io::Result<()> {
    let plan = report.plan;
    let is_wrong = !(plan.duplicate.is_empty() && plan.failed.is_empty());
    if output.quiet && !plan.has_changes() && !is_wrong {
        return Ok(());
    }
    show(report, None, output)
}

fn show(report: &Report<'_>, refusal: Option<&Failure>, output: &Output) -> std::io::Result<()> {
    output.stream(|out| match output.format {
        Format::Table => out.write_all(table::run(output, report).as_bytes()),
        Format::Json => json::run(out, report, refusal),
        Format::Csv => csv::run(out, report),
    })
}

/// Shows the plan that the guard refused, and why.
fn refuse(
    refusal: Refusal,
    plan: &Plan,
    target: &Target,
    run: &Run,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let failure = Failure::new(Kind::Guard, format!("refused: {refusal}; nothing was changed"))
        .hint(format!(
            "check base_dn, filter and the rights of the account first; if all {0} are meant, say --allow-deletes {0}",
            refusal.deletions()
        ));
    let report = Report {
        run,
        number: None,
        dry_run: target.is_rehearsal(),
        plan,
    };
    show(&report, Some(&failure), output)?;
    output.explain(&failure);
    Ok(failure.kind.exit_code())
}
