//! How a run ends: the guard and the question, then the store or nothing, then what is said of it and noted.

use std::mem::ManuallyDrop;

use crate::cli;
use crate::cli::Format;
use crate::commands::{Context, confirmation, refusal};
use crate::config::Settings;
use crate::error::{Failure, Kind};
use crate::exit_code::ExitCode;
use crate::output::page::PageFile;
use crate::output::{Output, csv, json, table};
use crate::plan::{
    Allowed, Approved, Findings, Guard, Impact, Limits, Plan, Population, Recent, Refusal, plan,
};
use crate::report::Report;
use crate::signals;
use crate::store::{self, Applied, Filling, Outcome, Reader, Run, StoreError, Writer};
use crate::util::threads;

/// The store as a run has it. A dry run has one that cannot be written.
#[derive(Debug)]
pub enum Target {
    /// The plan will be applied.
    Store(Box<Writer>),
    /// The plan will only be shown.
    Rehearsal(Reader),
}

impl Target {
    /// Opens the store as the command line wants it.
    pub fn open(context: &Context<'_>, command: &str, dry_run: bool) -> Result<Self, StoreError> {
        let path = &context.settings.store_path;
        if dry_run {
            Reader::open(path).map(Self::Rehearsal)
        } else {
            Writer::open(path, command, context.wait).map(|writer| Self::Store(Box::new(writer)))
        }
    }

    /// The store, to be asked.
    pub fn reader(&self) -> &Reader {
        match self {
            Self::Store(writer) => writer,
            Self::Rehearsal(reader) => reader,
        }
    }

    /// Lets other programs read the store, and write to it, until this run writes; unless it is a rehearsal. For a
    /// run that will be noted, whatever comes.
    pub fn expect_changes(&mut self, has_read_users: bool) -> Result<(), StoreError> {
        match self {
            Self::Store(writer) => writer.expect_changes(has_read_users),
            Self::Rehearsal(_) => Ok(()),
        }
    }

    /// Begins to fill a store without users, unless this is a rehearsal.
    pub fn fill(&self, run: &Run) -> Result<Option<Filling>, StoreError> {
        match self {
            Self::Store(writer) => writer.fill(run),
            Self::Rehearsal(_) => Ok(None),
        }
    }

    /// Takes in what was filled, for the plan that is applied next.
    pub fn take_in(&mut self, filling: Option<Filling>) {
        if let (Self::Store(writer), Some(filling)) = (self, filling) {
            writer.take_in(filling);
        }
    }

    /// Plans; what was filled is put in order meanwhile.
    fn plan(&mut self, findings: Findings) -> Result<Plan, StoreError> {
        let holders = self.reader().holders(findings.wanted_names())?;
        let filling = match self {
            Self::Store(writer) => writer.filling(),
            Self::Rehearsal(_) => None,
        };
        let Some(filling) = filling else {
            return Ok(plan(findings, &holders));
        };
        let (made, plan) = threads::both(|| filling.make_indexes(), || plan(findings, &holders));
        made.map(|()| plan)
    }

    /// Applies the plan, unless this is a rehearsal.
    fn apply(&mut self, approved: Approved, run: &Run) -> Result<Ended, StoreError> {
        match self {
            Self::Store(writer) => {
                let applied =
                    signals::while_committing(|committed| writer.apply(approved, run, committed))?;
                Ok(match applied {
                    Applied::Done(number, plan) => Ended::Done(Some(number), plan),
                    Applied::Overtaken { plan, changed } => Ended::Again(plan.without(&changed)),
                })
            }
            Self::Rehearsal(_) => Ok(Ended::Done(None, approved.into_plan())),
        }
    }

    /// Notes a run that changed nothing. A rehearsal leaves no trace.
    fn note_end(&mut self, run: &Run, outcome: Outcome, error: &str, plan: &Plan) -> Option<i64> {
        match self {
            // One that was left to others is over, and noted.
            Self::Store(writer) if writer.is_closed() => None,
            Self::Store(writer) => match writer.note_end(run, outcome, error, plan) {
                Ok(number) => Some(number),
                Err(error) => {
                    // The failure itself is told anyway.
                    log::warn!("cannot note this run in the history: {error}");
                    None
                }
            },
            Self::Rehearsal(_) => None,
        }
    }

    /// Leaves the store to others, for nothing more will be written.
    fn close(&mut self) {
        if let Self::Store(writer) = self {
            writer.close();
        }
    }

    /// An error of a store that is there, or that it is there no more, which shows itself in many ways.
    fn or_gone(&self, error: anyhow::Error) -> anyhow::Error {
        match (self, error.downcast_ref()) {
            (Self::Store(writer), Some(StoreError::Sql { .. } | StoreError::File { .. })) => writer
                .require_in_place()
                .map_or_else(Into::into, |()| error),
            _ => error,
        }
    }

    fn is_rehearsal(&self) -> bool {
        matches!(self, Self::Rehearsal(_))
    }
}

/// What came of applying a plan.
enum Ended {
    /// It was applied; the number of the run, and the plan to be told of.
    Done(Option<i64>, Plan),
    /// Other programs wrote to the store meanwhile: what is left has to be planned again.
    Again(Findings),
}

/// How often a run plans again that was overtaken by other programs.
const ATTEMPTS: u32 = 5;

/// How a run is ended, beside its plan.
#[derive(Debug)]
pub struct Terms {
    /// The rule that the plan must keep, but for what the store knows.
    pub guard: Guard,
    /// Duplicates make the run end with exit code 7.
    pub strict: bool,
    /// Something to do makes the run end with exit code 3.
    pub exit_code: bool,
    /// Where the result is written as a page.
    pub page: Option<PageFile>,
    /// A person at the terminal is asked before users are deleted.
    pub ask: bool,
}

impl Terms {
    /// Those of the command line.
    pub fn new(
        limits: Limits,
        allowed: Allowed,
        ending: &cli::Ending,
        page: Option<PageFile>,
    ) -> Self {
        Self {
            guard: Guard {
                limits,
                allowed,
                is_meant: false,
                population: Population::default(),
                recent: Recent::default(),
            },
            strict: ending.strict,
            exit_code: ending.exit_code,
            page,
            ask: false,
        }
    }

    /// For a command that deletes exactly the users it was given, or none.
    pub fn exactly(deletions: u64, strict: bool) -> Self {
        Self {
            guard: Guard::exactly(deletions),
            strict,
            exit_code: false,
            page: None,
            ask: false,
        }
    }

    /// The same, and whether an administrator named the users one by one.
    #[must_use]
    pub fn meaning(self, is_meant: bool) -> Self {
        let guard = Guard {
            is_meant,
            ..self.guard
        };
        Self { guard, ..self }
    }

    /// The same, and whether a person at the terminal is asked before users are deleted.
    #[must_use]
    pub fn asking(self, ask: bool) -> Self {
        Self { ask, ..self }
    }
}

/// Where the command line wants the result as a page. That it can be written there is found out before the run
/// changes anything.
pub fn page(ending: &cli::Ending, settings: &Settings) -> Result<Option<PageFile>, Failure> {
    let Some(path) = ending.report.as_deref() else {
        return Ok(None);
    };
    if let Some(what) = settings.use_of(path, &store::files_of(&settings.store_path)) {
        let message = format!("cannot write the report {}: it is {what}", path.display());
        return Err(Failure::new(Kind::Usage, message).hint("name another file with --report"));
    }
    PageFile::at(path).map(Some)
}

/// Opens the store, runs the story of a command, and notes in the history when it failed.
pub fn with_target(
    context: &Context<'_>,
    mut run: Run,
    dry_run: bool,
    story: impl FnOnce(&mut Target, &mut Run) -> anyhow::Result<ExitCode>,
) -> anyhow::Result<ExitCode> {
    let mut target = Target::open(context, run.command, dry_run)?;
    let result = story(&mut target, &mut run).map_err(|error| target.or_gone(error));
    if let Err(error) = &result {
        let failure = Failure::explain(error);
        // What was typed wrongly was never a run, and what was done is noted already.
        let is_run = !matches!(
            failure.kind.exit_code(),
            ExitCode::Usage | ExitCode::Partial
        );
        if is_run {
            target.note_end(&run, Outcome::Failed, &failure.message, &Plan::default());
        }
    }
    result
}

/// Plans, guards, asks, applies and tells.
pub fn finish(
    mut findings: Findings,
    target: &mut Target,
    run: &Run,
    terms: &Terms,
    context: &Context<'_>,
) -> anyhow::Result<ExitCode> {
    let output = context.output;
    for _ in 0..ATTEMPTS {
        let step = output.step("planning");
        let plan = target.plan(findings)?;
        step.finish_and_clear();
        let approved = match approve(plan, target, run, terms, output)? {
            Ok(approved) => approved,
            Err((failure, plan)) => {
                return Ok(refuse(&failure, &plan, target, run, terms, output)?);
            }
        };
        let step = output.step("writing");
        let ended = target.apply(approved, run)?;
        step.finish_and_clear();
        match ended {
            Ended::Done(number, plan) => {
                // Whoever reads the result may take its time.
                target.close();
                return told(number, plan, target.is_rehearsal(), run, terms, output);
            }
            Ended::Again(left) => findings = left,
        }
    }
    let path = target.reader().path().to_owned();
    Err(StoreError::Overtaken { path }.into())
}

/// A plan that may be applied, or why it may not, and the plan.
type Decision = Result<Approved, (Failure, Plan)>;

/// Has the guard look at a plan, and a person at the terminal who wants to be asked.
fn approve(
    plan: Plan,
    target: &Target,
    run: &Run,
    terms: &Terms,
    output: &Output,
) -> Result<Decision, StoreError> {
    let mut approved = match guarded(&terms.guard, plan, target.reader(), run)? {
        Ok(approved) => approved,
        Err((refusal, plan)) => {
            let failure = refusal::explain(&refusal, &plan, target.reader(), run)?;
            return Ok(Err((failure, *plan)));
        }
    };
    if run.undoes.is_some() {
        approved = approved.with_all_said();
    }
    if !terms.ask || target.is_rehearsal() {
        return Ok(Ok(approved));
    }
    Ok(
        match confirmation::of_deletions(approved.plan(), run.command, output) {
            Ok(true) => Ok(approved.with_deletions_said()),
            Ok(false) => Ok(approved),
            Err(failure) => Err((failure, approved.into_plan())),
        },
    )
}

/// Tells what a run did, or what a rehearsed one would have done.
fn told(
    number: Option<i64>,
    plan: Plan,
    dry_run: bool,
    run: &Run,
    terms: &Terms,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    // The process ends soon, and with it a million users at once: one by one they would take a while.
    let plan = ManuallyDrop::new(plan);
    let report = Report {
        run,
        number,
        dry_run,
        refused: false,
        plan: &plan,
    };
    let page = write_page(terms, &report, None, output);
    let lost = page.map_err(|error| untold(number, "report", &error)).err();
    tell(&report, lost.as_ref(), output).map_err(|error| untold(number, "result", &error))?;
    if let Some(failure) = lost {
        output.explain(&failure);
        return Ok(failure.kind.exit_code());
    }
    Ok(exit_code(&plan, terms))
}

fn write_page(
    terms: &Terms,
    report: &Report<'_>,
    refusal: Option<&Failure>,
    output: &Output,
) -> std::io::Result<()> {
    let Some(page) = &terms.page else {
        return Ok(());
    };
    page.write(report, refusal)?;
    output.note(&format!("the report is in {page}"));
    Ok(())
}

fn untold(number: Option<i64>, what: &str, error: &std::io::Error) -> Failure {
    match number {
        None => Failure::new(Kind::Failed, error.to_string()),
        Some(number) => Failure::untold(number, &format!("its {what} is lost: {error}")),
    }
}

fn exit_code(plan: &Plan, terms: &Terms) -> ExitCode {
    let is_off = !(plan.duplicate.is_empty() && plan.missing.is_empty());
    if !plan.failed.is_empty() || (terms.strict && is_off) {
        ExitCode::Partial
    } else if terms.exit_code && plan.has_changes() {
        ExitCode::Pending
    } else {
        ExitCode::Done
    }
}

fn tell(report: &Report<'_>, lost: Option<&Failure>, output: &Output) -> std::io::Result<()> {
    let plan = report.plan;
    let is_wrong = plan.has_news() || lost.is_some();
    if output.quiet && !plan.has_changes() && !is_wrong {
        return Ok(());
    }
    show(report, lost, output)
}

fn show(report: &Report<'_>, failure: Option<&Failure>, output: &Output) -> std::io::Result<()> {
    output.stream(|out| match output.format {
        Format::Table => out.write_all(table::run(output, report).as_bytes()),
        Format::Json => json::run(out, report, failure),
        Format::Csv => csv::run(out, report),
    })
}

/// How far back what runs did unasked counts in.
const RECENT: jiff::SignedDuration = jiff::SignedDuration::from_hours(7 * 24);

/// What the guard says, with what the store knows.
///
/// Counting is looking at each user. So no more are counted than it takes to let the plan through, and all of them
/// only if it is refused: a run that does little costs the same in any store.
fn guarded(
    guard: &Guard,
    plan: Plan,
    store: &Reader,
    run: &Run,
) -> Result<Result<Approved, (Refusal, Box<Plan>)>, StoreError> {
    let mut guard = guard.clone();
    let domain = run.domain.as_ref();
    let impact = Impact::of(&plan);
    // What is taken back may have been done without any domain: then it is everybody.
    let has_shares = domain.is_some() || run.undoes.is_some();
    if !has_shares || impact.is_none() {
        return Ok(guard.approve(plan));
    }
    if let Ok(since) = run.started_at.checked_sub(RECENT) {
        guard.recent = store.recent(domain, since)?;
    }
    guard.population = store.population(domain, guard.population_for(&impact))?;
    match guard.approve(plan) {
        Err((_, plan)) => {
            guard.population = store.population(domain, u64::MAX)?;
            Ok(guard.approve(*plan))
        }
        approved => Ok(approved),
    }
}

/// Shows the plan that is not applied, and why: the guard, or the person at the terminal, said no.
fn refuse(
    failure: &Failure,
    plan: &Plan,
    target: &mut Target,
    run: &Run,
    terms: &Terms,
    output: &Output,
) -> std::io::Result<ExitCode> {
    let number = target.note_end(run, Outcome::Refused, &failure.message, plan);
    target.close();
    let report = Report {
        run,
        number,
        dry_run: target.is_rehearsal(),
        refused: true,
        plan,
    };
    if let Err(error) = write_page(terms, &report, Some(failure), output) {
        output.warn(&error.to_string());
    }
    show(&report, Some(failure), output)?;
    output.explain(failure);
    Ok(failure.kind.exit_code())
}
