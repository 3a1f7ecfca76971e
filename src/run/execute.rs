//! How a run ends: planned, guarded, confirmed, and applied or not.

use std::time::Duration;

use super::commit::commit;
use super::{Confirmation, Engine, Observer};
use crate::plan::{Approved, Findings, Guard, Impact, Plan, Refusal, plan};
use crate::store::{Applied, BulkLoad, Command, Outcome, Run, Session, Store, StoreError, View};
use crate::util::threads;

/// The store as a run sees it. A dry run cannot write to it.
#[derive(Debug)]
pub enum Target {
    /// The plan will be applied; with it, what was loaded while the directory was read.
    Store(Box<dyn Session>, Option<Box<dyn BulkLoad>>),
    /// The plan will only be shown.
    DryRun(Box<dyn View>),
}

impl Target {
    /// Begins a run on a store.
    pub fn begin(
        store: &dyn Store,
        command: Command,
        dry_run: bool,
        wait: Duration,
    ) -> Result<Self, StoreError> {
        Ok(if dry_run {
            Self::DryRun(store.read()?)
        } else {
            Self::Store(store.begin(command, wait)?, None)
        })
    }

    /// The store, for queries.
    pub fn view(&self) -> &dyn View {
        match self {
            Self::Store(session, _) => session.view(),
            Self::DryRun(view) => &**view,
        }
    }

    /// Lets other programs read and write the store until this run writes. Only for a run that will be noted in any
    /// case; does nothing in a dry run.
    pub fn expect_changes(&mut self, has_read_users: bool) -> Result<(), StoreError> {
        match self {
            Self::Store(session, _) => session.expect_changes(has_read_users),
            Self::DryRun(_) => Ok(()),
        }
    }

    /// Starts loading users into an empty store; not in a dry run.
    pub fn bulk_load(&self, run: &Run) -> Result<Option<Box<dyn BulkLoad>>, StoreError> {
        match self {
            Self::Store(session, _) => session.bulk_load(run),
            Self::DryRun(_) => Ok(None),
        }
    }

    /// Keeps what was loaded for the plan that is applied next.
    pub fn take_in(&mut self, filled: Option<Box<dyn BulkLoad>>) {
        if let Self::Store(_, taken) = self {
            *taken = filled;
        }
    }

    /// Plans, while the indexes of what was loaded are built.
    fn plan(&mut self, mut findings: Findings) -> Result<Plan, StoreError> {
        findings.refuse(|values| self.view().misfit(values));
        let holders = self.view().holders(&mut findings.wanted_names())?;
        let Self::Store(_, Some(filled)) = self else {
            return Ok(plan(findings, &holders));
        };
        let (made, plan) = threads::both(|| filled.make_indexes(), || plan(findings, &holders));
        made.map(|()| plan)
    }

    /// Applies the plan; not in a dry run.
    fn apply(&mut self, approved: Approved, run: &Run) -> Result<Attempt, StoreError> {
        match self {
            Self::Store(session, filled) => {
                let filled = filled.take();
                let applied = commit(|committed| session.apply(approved, filled, run, committed))?;
                Ok(match applied {
                    Applied::Done(number, plan) => Attempt::Done(Some(number), plan),
                    Applied::Overtaken { plan, changed } => Attempt::Again(plan.without(&changed)),
                })
            }
            Self::DryRun(_) => Ok(Attempt::Done(None, approved.into_plan())),
        }
    }

    /// Records a run that changed nothing. A dry run leaves no trace.
    pub fn note_end(
        &mut self,
        run: &Run,
        outcome: Outcome,
        error: &str,
        plan: &Plan,
    ) -> Option<i64> {
        match self {
            Self::Store(session, filled) => {
                // Rolls back what was loaded.
                *filled = None;
                // A closed session is over, and recorded.
                if session.is_closed() {
                    return None;
                }
                // Why the run failed is reported anyway.
                let noted = session.record_end(run, outcome, error, plan);
                let warn =
                    |it: &StoreError| log::warn!("cannot note this run in the history: {it}");
                noted.inspect_err(warn).ok()
            }
            Self::DryRun(_) => None,
        }
    }

    /// Releases the store: nothing more will be written.
    pub fn close(&mut self) {
        if let Self::Store(session, filled) = self {
            *filled = None;
            session.close();
        }
    }

    /// The error, or, if the store was removed or replaced meanwhile, that it was: this surfaces in many ways.
    fn or_gone(&self, error: anyhow::Error) -> anyhow::Error {
        match (self, error.downcast_ref()) {
            (Self::Store(session, _), Some(StoreError::Sql { .. } | StoreError::File { .. })) => {
                session
                    .require_in_place()
                    .map_or_else(Into::into, |()| error)
            }
            _ => error,
        }
    }

    /// Whether nothing is written.
    pub fn is_dry_run(&self) -> bool {
        matches!(self, Self::DryRun(_))
    }
}

/// The result of applying a plan.
enum Attempt {
    /// Applied; the run number, and the plan to report.
    Done(Option<i64>, Plan),
    /// Other programs wrote to the store meanwhile; the rest has to be planned again.
    Again(Findings),
}

/// How often a run plans again after other programs overtook it.
const ATTEMPTS: u32 = 5;

/// How a run ended.
#[derive(Debug)]
pub enum Ended {
    /// The plan was applied, or would have been in a dry run; the run number, and the plan.
    Done(Option<i64>, Plan),
    /// The plan was refused; why, and the plan. Not in the history yet.
    Refused(Refused, Plan),
}

/// Why a plan is not applied.
#[derive(Debug)]
pub enum Refused {
    /// It exceeds a limit of the guard.
    ByGuard(Refusal, Option<SettingsChange>),
    /// The person who was asked said no.
    ByPerson(String),
}

/// The domain was last read with other settings.
#[derive(Debug)]
pub struct SettingsChange {
    /// The run that read it.
    pub run: i64,
    /// The settings that differ, each with its value then and now.
    pub differences: Vec<(String, Option<String>, Option<String>)>,
}

/// Runs a story on a store, and records in the history if it fails.
pub fn with_target<T>(
    mut target: Target,
    mut run: Run,
    observer: &dyn Observer,
    story: impl FnOnce(&mut Target, &mut Run) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let result = story(&mut target, &mut run).map_err(|error| target.or_gone(error));
    if let Err(error) = &result
        && let Some(message) = observer.noted(error)
    {
        target.note_end(&run, Outcome::Failed, &message, &Plan::default());
    }
    result
}

/// Plans, guards, asks, and applies.
pub fn execute(
    mut findings: Findings,
    target: &mut Target,
    run: &Run,
    guard: &Guard,
    ask: bool,
    engine: &Engine<'_>,
) -> Result<Ended, StoreError> {
    let observer = engine.observer;
    for _ in 0..ATTEMPTS {
        let step = observer.working("planning");
        let plan = target.plan(findings)?;
        drop(step);
        let approved = match approve(plan, target, run, guard, ask, observer)? {
            Ok(approved) => approved,
            Err((refused, plan)) => return Ok(Ended::Refused(refused, plan)),
        };
        let step = observer.working("writing");
        let attempt = target.apply(approved, run)?;
        drop(step);
        match attempt {
            Attempt::Done(number, plan) => {
                // The reader of the result may be slow.
                target.close();
                return Ok(Ended::Done(number, plan));
            }
            Attempt::Again(left) => findings = left,
        }
    }
    let path = target.view().location().as_ref().into();
    Err(StoreError::Overtaken { path })
}

/// Asks the guard about a plan, and then whoever wants to be asked.
fn approve(
    plan: Plan,
    target: &Target,
    run: &Run,
    guard: &Guard,
    ask: bool,
    observer: &dyn Observer,
) -> Result<Result<Approved, (Refused, Plan)>, StoreError> {
    let store = target.view();
    let mut approved = match guarded(guard, plan, store, run)? {
        Ok(approved) => approved,
        Err((refusal, plan)) => {
            let change = settings_change(store, run)?;
            return Ok(Err((Refused::ByGuard(refusal, change), *plan)));
        }
    };
    if run.undoes.is_some() {
        approved = approved.with_all_said();
    }
    if !ask || target.is_dry_run() {
        return Ok(Ok(approved));
    }
    Ok(match observer.confirm(approved.plan(), run.command) {
        Confirmation::Given => Ok(approved.with_deletions_said()),
        Confirmation::NotAsked => Ok(approved),
        Confirmation::Refused(why) => Err((Refused::ByPerson(why), approved.into_plan())),
    })
}

/// Whether the domain was last read with other settings.
fn settings_change(store: &dyn View, run: &Run) -> Result<Option<SettingsChange>, StoreError> {
    let (Some(domain), Some(now)) = (&run.domain, &run.settings) else {
        return Ok(None);
    };
    let domains = store.domains()?;
    let known = domains.known(domain);
    let Some((before, run)) = known.and_then(|it| it.settings.as_ref()) else {
        return Ok(None);
    };
    let run = *run;
    let mut differences = before.differences(now);
    differences.retain(|(name, _, _)| name != "adsync");
    Ok((!differences.is_empty()).then_some(SettingsChange { run, differences }))
}

/// How far back unconfirmed deletions and disablings count.
const RECENT: jiff::SignedDuration = jiff::SignedDuration::from_hours(7 * 24);

/// The verdict of the guard, given what the store knows.
///
/// Counting looks at every user, so it stops once there are enough for the plan to pass; all are counted only if it is
/// refused. A small run thus costs the same whatever the size of the store.
fn guarded(
    guard: &Guard,
    plan: Plan,
    store: &dyn View,
    run: &Run,
) -> Result<Result<Approved, (Refusal, Box<Plan>)>, StoreError> {
    let mut guard = guard.clone();
    let domain = run.domain.as_ref();
    let impact = Impact::of(&plan);
    // An undone run may have had no domain: then everybody counts.
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
