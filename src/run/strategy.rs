//! How a run reads the directory: all of the scope, or what changed since the last run.

use std::collections::BTreeSet;

use super::absence::{self, Absences};
use super::reconcile::{Reconciliation, guids};
use super::{Engine, RunError};
use crate::directory::{Directory, Selection};
use crate::plan::Findings;
use crate::plan::change_mark::{Mark, ReadSettings, Resume, Sentinels, WhyFull};
use crate::plan::compare::{Newcomers, Terms};
use crate::store::{Domains, Keys, Marking, Mode, Run, View, Which};
use crate::user::{Controller, ControllerId, Domain, ObjectGuid, Status, StoredUser};

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
    /// The settings under which it was read.
    pub settings: ReadSettings,
    /// How many users were found that had no known domain before.
    pub adopted: u64,
}

impl Reading {
    /// Records in the run how it read, and returns what it found.
    pub fn note_in(self, run: &mut Run) -> Findings {
        run.mode = self.mode;
        run.scope_users = self.scope_users;
        run.marking = self.marking;
        run.settings = Some(self.settings);
        self.findings
    }
}

/// What a run does to the change mark that reads only part of the scope, or does not look for missing users. It may
/// have read older data than the mark stands for, from a domain controller that lags behind, or with other settings.
pub fn mark_after_part(directory: &Directory, reach: &Reach<'_>) -> Marking {
    let settings = read_settings(directory, reach.engine);
    let fits = |mark: &Mark| directory.is_past(mark) && mark.settings == settings;
    if reach.mark().is_none_or(fits) {
        Marking::Keep
    } else {
        Marking::Forget
    }
}

/// What a run reads, for whom, and how.
pub struct Reach<'a> {
    /// The domain.
    pub domain: Domain,
    /// The domain controller that answers.
    pub controller: Controller,
    /// What the store knows of this and of other domains.
    pub domains: Domains,
    /// When the run began.
    pub now: jiff::Timestamp,
    /// Whether missing users are deleted at once.
    pub delete_missing: bool,
    /// What the run works with.
    pub engine: &'a Engine<'a>,
}

/// Identifies the domain and the domain controller, and records both in the run.
pub fn reach<'a>(
    store: &dyn View,
    directory: &mut Directory,
    run: &mut Run,
    engine: &'a Engine<'a>,
) -> anyhow::Result<Reach<'a>> {
    let domains = store.domains()?;
    let (domain, controller) = absence::identify(&domains, directory)?;
    run.domain = Some(domain.clone());
    run.controller = Some(controller.clone());
    Ok(Reach {
        domain,
        controller,
        domains,
        now: run.started_at,
        delete_missing: false,
        engine,
    })
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

impl Reach<'_> {
    /// The change mark of the domain.
    fn mark(&self) -> Option<&Mark> {
        self.domains.known(&self.domain)?.mark.as_ref()
    }

    /// How many users the scope had when all of it was read last.
    pub fn scope_users(&self) -> Option<u64> {
        self.domains.known(&self.domain)?.scope_users
    }

    fn full_runs(&self) -> Vec<(ControllerId, i64)> {
        let controllers = self.domains.known(&self.domain).map(|it| &it.controllers);
        let controllers = controllers.into_iter().flatten();
        controllers
            .filter_map(|it| Some((it.id, it.full_run?)))
            .collect()
    }

    /// What is known before missing users are looked for.
    pub fn absences(&self) -> Absences {
        Absences {
            domain: self.domain.clone(),
            controller: self.controller.clone(),
            now: self.now,
            missing_after: if self.delete_missing {
                std::time::Duration::ZERO
            } else {
                self.engine.policy.missing_after
            },
            ours: self.domains.ours(&self.domain),
            full_runs: self.full_runs(),
        }
    }

    /// What the comparison needs to know.
    pub fn terms(&self, directory: &Directory, newcomers: Newcomers) -> Terms {
        Terms {
            now: self.now,
            newcomers,
            missing_value: directory.missing_value(),
            out_of_scope: self.engine.policy.out_of_scope,
            domain: self.domain.id,
        }
    }
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
        reach,
    };
    let mut reading = match everybody.candidates(full)? {
        Ok((mark, candidates)) => everybody.delta(mark, candidates),
        Err(why) => {
            say_why(&why, reach.engine);
            everybody.full()
        }
    }?;
    // A user found by identity may have had a domain known only from its DN.
    reading.findings.foreign = foreign.saturating_sub(reading.adopted);
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

/// The settings that decide what is read, and how it is understood.
pub fn read_settings(directory: &Directory, engine: &Engine<'_>) -> ReadSettings {
    let mut settings = directory.read_settings();
    settings.insert("username", directory.account());
    settings.insert("out_of_scope", engine.policy.out_of_scope.name());
    settings.insert("adsync", env!("CARGO_PKG_VERSION"));
    settings
}

/// All imported users, to be read.
struct Everybody<'a> {
    store: &'a dyn View,
    directory: &'a mut Directory,
    /// How many there are.
    imported: u64,
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
    /// What decides whether this run may resume from the mark.
    fn resume(&mut self) -> anyhow::Result<Resume> {
        Ok(Resume {
            position: self.directory.position()?,
            settings: read_settings(self.directory, self.reach.engine),
            now: self.reach.now,
            full_every: self.reach.engine.policy.full_every,
        })
    }

    /// The users that may have changed since the mark, or why that cannot be known.
    fn candidates(&mut self, full: bool) -> anyhow::Result<Result<(Mark, Candidates), WhyFull>> {
        if full {
            return Ok(Err(WhyFull::Asked));
        }
        let Some(mark) = self.reach.mark().cloned() else {
            return Ok(Err(WhyFull::NoMark));
        };
        let mark = match self.resume()?.go_on(mark) {
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
    fn delta(mut self, mark: Mark, candidates: Candidates) -> anyhow::Result<Reading> {
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
        let has_witness = is_in_scope(&reconciliation, sentinels.living, &users);
        let adopted = reconciliation.adopted();
        let (findings, is_doubtful) = reconciliation.finish();
        let resume = self.resume()?;
        let mark_settings = resume.settings;
        let marking = match resume.position {
            Some(position) if has_witness && !is_doubtful => Marking::Set(Mark {
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
            settings: mark_settings,
            adopted,
        })
    }

    /// Reads them all.
    fn full(mut self) -> anyhow::Result<Reading> {
        let (reconciliation, scope_users) = match self.by_identity()? {
            Some(reconciliation) => (reconciliation, None),
            None => self.enumerated()?,
        };
        let witness = reconciliation.witness();
        let adopted = reconciliation.adopted();
        let (findings, is_doubtful) = reconciliation.finish();
        let marking = match witness {
            Some(living) if !is_doubtful => self.new_mark(living)?,
            _ => Marking::Forget,
        };
        Ok(Reading {
            findings,
            mode: Mode::Full,
            scope_users,
            marking,
            settings: read_settings(self.directory, self.reach.engine),
            adopted,
        })
    }

    /// The change mark after a full run; none if a run could not resume from it.
    fn new_mark(&mut self, living: ObjectGuid) -> anyhow::Result<Marking> {
        let Resume {
            position,
            settings,
            now,
            full_every,
        } = self.resume()?;
        let Some(position) = position.filter(|_| !full_every.is_zero()) else {
            return Ok(Marking::Forget);
        };
        let sentinels = self.directory.sentinels(living)?;
        Ok(sentinels.map_or(Marking::Forget, |sentinels| {
            Marking::Set(Mark {
                position,
                settings,
                full_at: now,
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
        let what = format!("reading {}", self.directory.base());
        let progress = self.reach.engine.observer.counting(&what, expected);
        let terms = self.reach.terms(self.directory, Newcomers::Ignore);
        let absences = self.reach.absences();
        Ok(Reconciliation::new(self.store, absences, terms, progress)?)
    }
}

/// Whether a user is still in scope: yes if it was not read, or was found there. Outside the scope, other rights may
/// apply.
fn is_in_scope(
    reconciliation: &Reconciliation<'_>,
    guid: ObjectGuid,
    looked_at: &[StoredUser],
) -> bool {
    let is_it = |user: &&StoredUser| user.origin.guid() == Some(guid);
    looked_at
        .iter()
        .find(is_it)
        .is_none_or(|user| reconciliation.has_seen(user.id))
}

/// Reads these users only.
pub fn named<'a>(
    store: &'a dyn View,
    directory: &mut Directory,
    users: &[StoredUser],
    reach: &Reach<'_>,
) -> anyhow::Result<Reconciliation<'a>> {
    let what = format!("reading {}", directory.base());
    let progress = reach
        .engine
        .observer
        .counting(&what, Some(users.len() as u64));
    let terms = reach.terms(directory, Newcomers::Ignore);
    let mut reconciliation =
        Reconciliation::new(store, reach.absences(), terms, progress)?.among(Some(users));
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
        !(reconciliation.is_of_domain(user) || reconciliation.has_seen(user.id))
    };
    refuse_foreign(users.iter().filter(is_foreign), reach)?;
    let (findings, _) = reconciliation.finish();
    Ok(Reading {
        findings,
        mode: Mode::Selected,
        scope_users: None,
        marking: mark_after_part(directory, reach),
        settings: read_settings(directory, reach.engine),
        adopted: 0,
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

/// What a lookup by identity costs the server, in entries of a plain enumeration (docs/performance.md).
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
