//! How a run reads the directory: all of the scope, or what changed since the last run.

use std::collections::BTreeSet;

use super::reach::Reach;
use super::reconcile::{Reconciliation, guids};
use super::{Engine, RunError};
use crate::directory::{Directory, Selection};
use crate::plan::Findings;
use crate::plan::change_mark::{Mark, Resume, Sentinels, WhyFull};
use crate::plan::compare::Newcomers;
use crate::store::{Keys, Marking, Mode, Run, View, Which};
use crate::user::{ObjectGuid, Status, StoredUser};

/// Up to this many users are always looked up by identity: that takes a search or two.
const FEW: u64 = 200;

/// The result of reading.
pub struct Reading {
    /// What was found.
    pub findings: Findings,
    /// Who was looked at.
    pub mode: Mode,
    /// How many users the scope has, if all of it was read.
    pub scope_users: Option<u64>,
    /// What happens to the change mark.
    pub marking: Marking,
}

impl Reading {
    /// Records in the run how it read, and returns what it found.
    pub fn note_in(self, run: &mut Run) -> Findings {
        run.mode = self.mode;
        run.scope_users = self.scope_users;
        run.marking = self.marking;
        self.findings
    }
}

/// The change mark that these settings probably resume from, before the domain is known. Among equal servers, its
/// domain controller is asked.
pub fn likely_mark(store: &dyn View, engine: &Engine<'_>) -> anyhow::Result<Option<Mark>> {
    let domains = store.domains()?;
    let marks: Vec<&Mark> = domains.iter().filter_map(|it| it.mark.as_ref()).collect();
    let base = engine.options.base_dn.as_deref();
    let fits = |mark: &&&Mark| base.is_some_and(|base| mark.settings.get("base_dn") == Some(base));
    Ok(marks
        .iter()
        .find(fits)
        .or(marks.first())
        .map(|&mark| mark.clone()))
}

/// Synchronises all imported users.
pub fn everybody(
    store: &dyn View,
    directory: &mut Directory,
    reach: &Reach<'_>,
    full: bool,
) -> anyhow::Result<Reading> {
    let (imported, foreign) = store.imported_and_foreign(&reach.domain)?;
    reach.engine.observer.note(&match imported {
        1 => "synchronising the one imported user".to_owned(),
        _ => format!("synchronising all {imported} imported users"),
    });
    let mut everybody = Everybody {
        store,
        directory,
        imported,
        foreign,
        reach,
    };
    let reading = match everybody.candidates(full)? {
        Ok((mark, candidates)) => everybody.delta(mark, candidates),
        Err(why) => {
            say_why(&why, reach.engine);
            everybody.full()
        }
    }?;
    if reading.findings.stored() == 0 && reading.findings.foreign > 0 {
        return Err(all_foreign(reach, foreign).into());
    }
    Ok(reading)
}

/// The settings read a domain that none of the users in the store belongs to.
fn all_foreign(reach: &Reach<'_>, users: u64) -> RunError {
    let others = reach
        .domains
        .iter()
        .filter(|it| Some(it.id) != reach.domain.id);
    RunError::AllForeign {
        users,
        others: others.map(|it| it.dn.clone()).collect(),
        domain: reach.domain.dn.clone(),
    }
}

fn say_why(why: &WhyFull, engine: &Engine<'_>) {
    log::info!("reading everything: {why}");
    if !matches!(why, WhyFull::Asked | WhyFull::NoPosition | WhyFull::NoMark) {
        engine.observer.note(&format!("reading everything: {why}"));
    }
}

/// All imported users, to be read.
struct Everybody<'a> {
    store: &'a dyn View,
    directory: &'a mut Directory,
    /// How many there are.
    imported: u64,
    /// How many there are of other domains.
    foreign: u64,
    reach: &'a Reach<'a>,
}

/// The users that a run by change mark looks at.
struct Candidates {
    users: Vec<StoredUser>,
    /// Those that are out of scope, and about whom nothing changed.
    out_of_scope: Vec<StoredUser>,
    /// What the next search for changes must return.
    sentinels: Sentinels,
}

impl<'a> Everybody<'a> {
    /// The users that may have changed since the mark, or why that cannot be known.
    fn candidates(&mut self, full: bool) -> anyhow::Result<Result<(Mark, Candidates), WhyFull>> {
        if full {
            return Ok(Err(WhyFull::Asked));
        }
        let Some(mark) = self.reach.mark().cloned() else {
            return Ok(Err(WhyFull::NoMark));
        };
        let resume = Resume {
            position: self.directory.position()?,
            settings: self.reach.settings.clone(),
            now: self.reach.now,
            full_every: self.reach.engine.policy.full_every,
        };
        let mark = match resume.go_on(mark) {
            Ok(mark) => mark,
            Err(why) => return Ok(Err(why)),
        };
        let changes = self.directory.changes_since(&mark)?;
        let _unchanging = self.store.hold_still()?;
        // A sentinel that has left the store may be anywhere.
        let ours = self.reach.domains.ours(&self.reach.domain);
        let is_known = self.store.by_guid(&ours, mark.sentinels.living)?.is_some();
        if !(is_known && changes.sees_living) {
            return Ok(Err(WhyFull::NoWitness));
        }
        if changes.unidentified > 0 {
            return Ok(Err(WhyFull::Unidentified));
        }
        if changes.are_too_many {
            let changes = changes.changed.len() as u64;
            return Ok(Err(WhyFull::ManyChanges(changes)));
        }
        if let Some(dn) = changes.container {
            return Ok(Err(WhyFull::Container(dn)));
        }
        let has_changes = self.directory.has_changed_since(&mark);
        let mut suspected: BTreeSet<ObjectGuid> = changes.changed.into_iter().collect();
        if changes.deleted.is_none() && has_changes {
            suspected.extend(self.sweep()?);
        }
        let guids: Vec<ObjectGuid> = suspected.iter().copied().collect();
        let mut users = self.store.users(Keys::Identities(&guids))?;
        users.retain(|it| ours.has(it));
        let domain = &self.reach.domain;
        let is_other =
            |user: &StoredUser| !user.origin.guid().is_some_and(|it| suspected.contains(&it));
        let mut again = Vec::new();
        for status in [
            Status::Duplicate,
            Status::Missing,
            Status::Failed,
            Status::Restored,
        ] {
            again.extend(self.store.imported(domain, Which::With(status))?);
        }
        // Expiry changes nothing in the directory.
        for user in self
            .store
            .imported(domain, Which::Expired(self.reach.now))?
        {
            if matches!(user.status, Status::Ok | Status::OutOfScope) {
                again.push(user);
            }
        }
        users.extend(again.into_iter().filter(is_other));
        let mut out_of_scope = self
            .store
            .imported(domain, Which::With(Status::OutOfScope))?;
        let looked_at: std::collections::HashSet<_> = users.iter().map(|user| user.id).collect();
        out_of_scope.retain(|user| is_other(user) && !looked_at.contains(&user.id));
        let count = users.len() as u64;
        let size = self.reach.scope_users();
        let is_cheaper = |size| is_cheaper_to_read_all(count, size);
        if count > FEW && size.is_some_and(is_cheaper) {
            return Ok(Err(WhyFull::ManyChanges(count)));
        }
        let sentinels = Sentinels {
            living: mark.sentinels.living,
            deleted: changes.deleted,
        };
        let candidates = Candidates {
            users,
            out_of_scope,
            sentinels,
        };
        Ok(Ok((mark, candidates)))
    }

    /// The imported users that are not in the domain, for an account that cannot see deleted objects.
    fn sweep(&mut self) -> anyhow::Result<Vec<ObjectGuid>> {
        let guids = self.store.imported_guids(&self.reach.domain, None)?;
        let what = "looking for deleted users";
        let progress = self
            .reach
            .engine
            .observer
            .counting(what, Some(guids.len() as u64));
        let absent = self
            .directory
            .absent(&guids, |batch| progress.advance(batch as u64))?;
        drop(progress);
        Ok(absent)
    }

    /// Reads the users that may have changed.
    fn delta(self, mark: Mark, candidates: Candidates) -> anyhow::Result<Reading> {
        let Candidates {
            users,
            out_of_scope,
            sentinels,
        } = candidates;
        let mut reconciliation = named(self.store, self.directory, &users, self.reach)?;
        let looked_at = users
            .iter()
            .filter(|user| reconciliation.is_of_domain(user));
        let aside = (looked_at.count() + out_of_scope.len()) as u64;
        let in_step = self.imported.saturating_sub(aside);
        reconciliation.assume_unchanged(in_step, out_of_scope);
        // Outside the scope, other rights may apply.
        let is_witness = |user: &&StoredUser| user.origin.guid() == Some(sentinels.living);
        let witness = users.iter().find(is_witness);
        let is_in_scope = witness.is_none_or(|user| reconciliation.seen().contains(user.id));
        let is_sure = is_in_scope && !reconciliation.is_doubtful();
        let findings = reconciliation.finish(self.foreign);
        let marking = match self.directory.position()? {
            Some(position) if is_sure => Marking::Set(Mark {
                position,
                sentinels,
                ..mark
            }),
            _ => Marking::Forget,
        };
        Ok(Reading {
            findings,
            mode: Mode::Delta,
            scope_users: None,
            marking,
        })
    }

    /// Reads them all.
    fn full(mut self) -> anyhow::Result<Reading> {
        let (reconciliation, scope_users) = match self.by_identity()? {
            Some(reconciliation) => (reconciliation, None),
            None => self.enumerated()?,
        };
        let is_doubtful = reconciliation.is_doubtful();
        let witness = reconciliation.witness().filter(|_| !is_doubtful);
        let findings = reconciliation.finish(self.foreign);
        let marking = match witness {
            Some(living) => self.new_mark(living)?,
            None => Marking::Forget,
        };
        Ok(Reading {
            findings,
            mode: Mode::Full,
            scope_users,
            marking,
        })
    }

    /// The change mark after a full run; none if a run could not resume from it.
    fn new_mark(&mut self, living: ObjectGuid) -> anyhow::Result<Marking> {
        let is_resumed = !self.reach.engine.policy.full_every.is_zero();
        let Some(position) = self.directory.position()?.filter(|_| is_resumed) else {
            return Ok(Marking::Forget);
        };
        let sentinels = self.directory.sentinels(living)?;
        Ok(sentinels.map_or(Marking::Forget, |sentinels| {
            Marking::Set(Mark {
                position,
                settings: self.reach.settings.clone(),
                full_at: self.reach.now,
                sentinels,
            })
        }))
    }

    /// Looks all of them up by identity, if that is cheaper. A missing user is only believed when the whole scope
    /// was read, for it may be an entry whose identity can no longer be read.
    fn by_identity(&mut self) -> anyhow::Result<Option<Reconciliation<'a>>> {
        let is_cheaper = |size| !is_cheaper_to_read_all(self.imported, size);
        if !self.reach.scope_users().is_some_and(is_cheaper) {
            return Ok(None);
        }
        let guids = self.store.imported_guids(&self.reach.domain, None)?;
        let mut reconciliation = self.reconciliation(Some(self.imported))?;
        self.directory
            .read_guids(&guids, |users| reconciliation.take(users))?;
        reconciliation.settle_repeated(self.directory)?;
        let nowhere = reconciliation.look_for_missing(self.directory, None)?;
        Ok(nowhere.is_empty().then_some(reconciliation))
    }

    /// Reads the whole scope, and counts its users.
    fn enumerated(&mut self) -> anyhow::Result<(Reconciliation<'a>, Option<u64>)> {
        let mut reconciliation = self.reconciliation(self.reach.scope_users())?;
        let tally = self
            .directory
            .read(&Selection::All, |users| reconciliation.take(users))?;
        reconciliation.note_whole_scope();
        reconciliation.settle_repeated(self.directory)?;
        reconciliation.settle_missing(self.directory, None)?;
        Ok((reconciliation, Some(tally.entries)))
    }

    fn reconciliation(&self, expected: Option<u64>) -> anyhow::Result<Reconciliation<'a>> {
        let (store, newcomers) = (self.store, Newcomers::Ignore);
        let it = Reconciliation::new(store, self.directory, self.reach, newcomers, expected)?;
        Ok(it)
    }
}

/// Reads these users only.
pub fn named<'a>(
    store: &'a dyn View,
    directory: &mut Directory,
    users: &[StoredUser],
    reach: &'a Reach<'a>,
) -> anyhow::Result<Reconciliation<'a>> {
    let expected = Some(users.len() as u64);
    let mut reconciliation =
        Reconciliation::new(store, directory, reach, Newcomers::Ignore, expected)?
            .among(Some(users));
    directory.read_guids(&guids(users), |them| reconciliation.take(them))?;
    reconciliation.settle_repeated(directory)?;
    reconciliation.settle_missing(directory, Some(users))?;
    Ok(reconciliation)
}

/// Synchronises the selected users.
pub fn selected(
    store: &dyn View,
    directory: &mut Directory,
    users: &[StoredUser],
    reach: &Reach<'_>,
) -> anyhow::Result<Reading> {
    let ours = reach.domains.ours(&reach.domain);
    refuse_foreign(users.iter().filter(|user| !ours.has(user)), reach)?;
    let reconciliation = named(store, directory, users, reach)?;
    // Users whose domain was known only from their DN, or not at all, and who are not in this one either.
    let is_foreign = |user: &&StoredUser| {
        !(reconciliation.is_of_domain(user) || reconciliation.seen().contains(user.id))
    };
    refuse_foreign(users.iter().filter(is_foreign), reach)?;
    Ok(Reading {
        findings: reconciliation.finish(0),
        mode: Mode::Selected,
        scope_users: None,
        marking: reach.mark_after_part(directory),
    })
}

/// Refuses users of another domain: this run knows nothing about them.
fn refuse_foreign<'a>(
    foreign: impl Iterator<Item = &'a StoredUser>,
    reach: &Reach<'_>,
) -> anyhow::Result<()> {
    let foreign: Vec<String> = foreign
        .map(|user| user.values.profile.username.clone())
        .collect();
    if foreign.is_empty() {
        return Ok(());
    }
    Err(RunError::Foreign {
        usernames: foreign,
        domain: reach.domain.dn.clone(),
    }
    .into())
}

/// What a lookup by identity costs the server, in entries of a plain enumeration (docs/benchmarks.md).
const LOOK_UP: u64 = 4;

/// Whether reading the whole scope is cheaper than that many lookups by identity.
fn is_cheaper_to_read_all(users: u64, scope_users: u64) -> bool {
    users.saturating_mul(LOOK_UP) > scope_users
}

#[cfg(test)]
mod tests {
    use super::is_cheaper_to_read_all;

    #[test]
    fn a_few_of_many_are_looked_up_and_a_large_part_is_enumerated() {
        assert!(!is_cheaper_to_read_all(1000, 1_000_000));
        assert!(is_cheaper_to_read_all(90_000, 100_000));
        assert!(is_cheaper_to_read_all(3, 3));
        assert!(is_cheaper_to_read_all(u64::MAX, 1_000_000));
    }
}
