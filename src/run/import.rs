//! Reading the users that an import brings in.

use super::Engine;
use super::execute::Target;
use super::reach::Reach;
use super::reconcile::Reconciliation;
use super::strategy::Reading;
use crate::directory::{Directory, Read};
use crate::plan::compare::Newcomers;
use crate::store::{BulkLoad, Run};
use crate::user::UserId;

/// Whom an import brings in.
#[derive(Clone, Copy, Debug)]
pub enum Whom {
    /// Everybody in the scope.
    All,
    /// A part of it.
    Selected,
    /// Users that were picked from a list; how many.
    Picked(usize),
}

/// Reads users into a [`Reconciliation`].
pub type Take<'a> = &'a mut dyn FnMut(Vec<Read>) -> anyhow::Result<()>;

/// Reads the selection and compares it with the store. Returns the result, and what was already loaded. `select` does
/// the reading, and returns the number of entries in the scope if it read all of it.
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
    let reach = Reach::of(store, directory, run, engine)?;
    let expected = if is_all { reach.scope_users() } else { None };
    // Before the comparison, which holds a read transaction.
    let bulk_load = target.bulk_load(run)?;
    let reconciliation =
        Reconciliation::new(store, directory, &reach, Newcomers::Import, expected)?;
    // Users are matched by identity; in a selection, never by DN.
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
        // Imported users must be found again by identity; the first run checks that they can be.
        directory.verify_search_by_identity()?;
    }
    // An import does not look for missing users, so it must not count as having seen them.
    let found: Vec<UserId> = reconciliation.seen().rows().collect();
    let (imported, _) = store.imported_and_foreign(&reach.domain)?;
    let is_part = !is_all || (found.len() as u64) < imported;
    // An earlier attempt on another server may have found others.
    run.selected = is_part.then_some(found);
    let bulk_load = reconciliation.take_bulk_load();
    let findings = reconciliation.finish(0);
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
        marking: reach.mark_after_part(directory),
    };
    Ok((reading, bulk_load))
}
