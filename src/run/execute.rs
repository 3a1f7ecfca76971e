//! How a run ends: planned, guarded, confirmed, and applied or not.

use std::time::Duration;

use super::commit::commit;
use super::{Confirmation, Engine, Observer};
use crate::plan::{Approved, Findings, Guard, Impact, Plan, Refusal, plan};
use crate::store::{Applied, BulkLoad, Command, Outcome, Run, Session, Store, StoreError, View};
use crate::util::threads;

/// The store as a run has it. A dry run has one that cannot be written.
#[derive(Debug)]
pub enum Target {
    /// The plan will be applied; and what was written of it while the directory was read.
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

    /// The store, to be asked.
    pub fn view(&self) -> &dyn View {
        match self {
            Self::Store(session, _) => session.view(),
            Self::DryRun(view) => &**view,
        }
    }

    /// Lets other programs read the store, and write to it, until this run writes; unless it is a dry run. For a
    /// run that will be noted, whatever comes.
    pub fn expect_changes(&mut self, has_read_users: bool) -> Result<(), StoreError> {
        match self {
            Self::Store(session, _) => session.expect_changes(has_read_users),
            Self::DryRun(_) => Ok(()),
        }
    }

    /// Begins to fill a store without users, unless this is a dry run.
    pub fn bulk_load(&self, run: &Run) -> Result<Option<Box<dyn BulkLoad>>, StoreError> {
        match self {
            Self::Store(session, _) => session.bulk_load(run),
            Self::DryRun(_) => Ok(None),
        }
    }

    /// Takes in what was filled, for the plan that is applied next.
    pub fn take_in(&mut self, filled: Option<Box<dyn BulkLoad>>) {
        if let Self::Store(_, taken) = self {
            *taken = filled;
        }
    }

    /// Plans; what was filled is put in order meanwhile.
    fn plan(&mut self, findings: Findings) -> Result<Plan, StoreError> {
        let holders = self.view().holders(&mut findings.wanted_names())?;
        let Self::Store(_, Some(filled)) = self else {
            return Ok(plan(findings, &holders));
        };
        let (made, plan) = threads::both(|| filled.make_indexes(), || plan(findings, &holders));
        made.map(|()| plan)
    }

    /// Applies the plan, unless this is a dry run.
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

    /// Notes a run that changed nothing. A dry run leaves no trace.
    pub fn note_end(
        &mut self,
        run: &Run,
        outcome: Outcome,
        error: &str,
        plan: &Plan,
    ) -> Option<i64> {
        match self {
            Self::Store(session, filled) => {
                // What was filled is taken back.
                *filled = None;
                // One that was left to others is over, and noted.
                if session.is_closed() {
                    return None;
                }
                // That it cannot be noted is not why it failed, which is told anyway.
                let noted = session.record_end(run, outcome, error, plan);
                let warn =
                    |it: &StoreError| log::warn!("cannot note this run in the history: {it}");
                noted.inspect_err(warn).ok()
            }
            Self::DryRun(_) => None,
        }
    }

    /// Leaves the store to others, for nothing more will be written.
    pub fn close(&mut self) {
        if let Self::Store(session, filled) = self {
            *filled = None;
            session.close();
        }
    }

    /// An error of a store that is there, or that it is there no more, which shows itself in many ways.
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

/// What came of applying a plan.
enum Attempt {
    /// It was applied; the number of the run, and the plan to be told of.
    Done(Option<i64>, Plan),
    /// Other programs wrote to the store meanwhile: what is left has to be planned again.
    Again(Findings),
}

/// How often a run plans again that was overtaken by other programs.
const ATTEMPTS: u32 = 5;

/// What came of a run.
#[derive(Debug)]
pub enum Ended {
    /// The plan was applied, or in a dry run would have been; as what run, and the plan.
    Done(Option<i64>, Plan),
    /// It was not; why, and the plan. The history does not know of it yet.
    Refused(Refused, Plan),
}

/// Why a plan is not applied.
#[derive(Debug)]
pub enum Refused {
    /// It would change more than the guard lets through.
    ByGuard(Refusal, Option<SettingsChange>),
    /// Whoever was asked does not mean it.
    ByPerson(String),
}

/// That the domain was read under other settings before.
#[derive(Debug)]
pub struct SettingsChange {
    /// The run that did.
    pub run: i64,
    /// What differs: the setting, and its values before and now.
    pub differences: Vec<(String, Option<String>, Option<String>)>,
}

/// Opens a store to write to it, has a run done, and notes in the history when it failed.
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
                // Whoever reads the result may take its time.
                target.close();
                return Ok(Ended::Done(number, plan));
            }
            Attempt::Again(left) => findings = left,
        }
    }
    let path = target.view().location().to_owned();
    Err(StoreError::Overtaken { path })
}

/// Has the guard look at a plan, and a person who wants to be asked.
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

/// Whether the domain was read under other settings before.
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

/// How far back what runs did unasked counts in.
const RECENT: jiff::SignedDuration = jiff::SignedDuration::from_hours(7 * 24);

/// What the guard says, with what the store knows.
///
/// Counting is looking at each user. So no more are counted than it takes to let the plan through, and all of them
/// only if it is refused: a run that does little costs the same in any store.
fn guarded(
    guard: &Guard,
    plan: Plan,
    store: &dyn View,
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
