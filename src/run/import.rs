//! How users are read that are to be brought in.

use super::Engine;
use super::execute::Target;
use super::reconcile::Reconciliation;
use super::strategy::{self, Reading, mark_after_part};
use crate::directory::{Directory, Read};
use crate::plan::compare::Newcomers;
use crate::store::{BulkLoad, Run};
use crate::user::UserId;

/// Whom an import brings in.
#[derive(Clone, Copy, Debug)]
pub enum Whom {
    /// Everybody of the scope.
    All,
    /// A part of it.
    Selected,
    /// So many that somebody has picked.
    Picked(usize),
}

/// Reads users into a [`Reconciliation`].
pub type Take<'a> = &'a mut dyn FnMut(Vec<Read>) -> anyhow::Result<()>;

/// What the directory says of the selection, and what of it was written already. `select` reads it, and gives how many
/// entries the scope has, if all of it was read.
pub fn read(
    whom: Whom,
    target: &Target,
    directory: &mut Directory,
    run: &mut Run,
    engine: &Engine<'_>,
    select: &mut dyn FnMut(&mut Directory, Take<'_>) -> anyhow::Result<Option<u64>>,
) -> anyhow::Result<(Reading, Option<Box<dyn BulkLoad>>)> {
    let is_all = matches!(whom, Whom::All);
    let store = target.view();
    let reach = strategy::reach(store, directory, run, engine)?;
    let what = format!("reading {}", directory.base());
    let expected = if is_all { reach.scope_users() } else { None };
    let progress = engine.observer.counting(&what, expected);
    // Before the comparison begins, which keeps the store as it is.
    let bulk_load = target.bulk_load(run)?;
    let terms = reach.terms(directory, Newcomers::Import);
    let reconciliation = Reconciliation::new(store, reach.absences(), terms, progress)?;
    // Who is in the store is known by identity; of a selection nobody is guessed by DN.
    let mut reconciliation = reconciliation
        .among(if is_all { None } else { Some(&[]) })
        .bulk_load(bulk_load);
    let mut count = 0;
    let mut take = |users: Vec<Read>| {
        count += users.len();
        reconciliation.take(users)
    };
    let scope_users = select(directory, &mut take)?;
    if let Whom::Picked(picked) = whom
        && count < picked
    {
        let gone = picked - count;
        engine.observer.warn(&format!(
            "{gone} of the picked users left the scope meanwhile"
        ));
    }
    reconciliation.settle_repeated(directory)?;
    if count > 0 && store.imported_and_foreign(&reach.domain)?.0 == 0 {
        // Whoever is imported must be found again; the first run says if that cannot be.
        directory.verify_search_by_identity()?;
    }
    // An import does not look for those whom it does not find; nobody shall think that they were there.
    let found: Vec<UserId> = reconciliation.seen().rows().collect();
    let (imported, _) = store.imported_and_foreign(&reach.domain)?;
    let is_part = !is_all || (found.len() as u64) < imported;
    // An attempt before, on another server, may have found others.
    run.selected = is_part.then_some(found);
    let bulk_load = reconciliation.take_bulk_load();
    let (findings, _) = reconciliation.finish();
    if count == 0 {
        engine.observer.warn(&format!(
            "the selection has no users in {}; check it, and filter under [directory]",
            directory.base()
        ));
    }
    let reading = Reading {
        findings,
        mode: run.mode,
        scope_users,
        marking: mark_after_part(directory, &reach),
        settings: strategy::read_settings(directory, engine),
        adopted: 0,
    };
    Ok((reading, bulk_load))
}
