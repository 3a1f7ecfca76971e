//! A store in memory, for tests of what stands above any store.

use std::any::Any;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;
use ldap::dn;

use super::{
    Applied, BulkLoad, Changes, Command, Domains, Held, Keys, Known, KnownController, KnownDomain,
    LastSeen, Listing, Marking, Matching, Mode, Ours, Outcome, PastChange, PastRun, Run, Runs,
    Session, Snapshot, Store, StoreError, UserCounts, View, Visit, Which, snapshot,
};
use crate::plan::{
    Action, Approved, Counts, Duplicate, Holder, Holders, Import, Plan, Population, Recent, Return,
};
use crate::user::{
    ControllerId, Domain, DomainId, Field, Folded, Found, ObjectGuid, Origin, Source, Standing,
    Status, StoredUser, Tracking, UniqueField, UserId,
};

/// A store in memory. Its clones are one and the same store.
#[derive(Clone, Debug, Default)]
pub struct Memory(Rc<RefCell<Kept>>);

/// What is in it.
#[derive(Debug, Default)]
struct Kept {
    users: BTreeMap<UserId, StoredUser>,
    last_row: i64,
    domains: Domains,
    runs: Vec<(PastRun, Recent, Option<Vec<UserId>>)>,
    changes: Vec<PastChange>,
}

impl Store for Memory {
    fn read(&self) -> Result<Box<dyn View>, StoreError> {
        Ok(Box::new(self.clone()))
    }

    fn is_there(&self) -> Result<bool, StoreError> {
        Ok(true)
    }

    fn begin(&self, _command: Command, _wait: Duration) -> Result<Box<dyn Session>, StoreError> {
        Ok(Box::new(Writing {
            store: self.clone(),
            is_closed: false,
        }))
    }
}

impl Memory {
    /// Users of whom this holds.
    fn those(&self, is_it: impl Fn(&StoredUser) -> bool) -> Vec<StoredUser> {
        let kept = self.0.borrow();
        kept.users
            .values()
            .filter(|it| is_it(it))
            .cloned()
            .collect()
    }

    fn imported_of(&self, domain: Option<&Domain>) -> Vec<StoredUser> {
        let is_of = |user: &StoredUser| domain.is_none_or(|it| user.tracking.domain == it.id);
        self.those(|it| it.origin != Origin::Local && is_of(it))
    }
}

/// It does not change while it is read: nobody else has it.
impl Held for () {}

impl View for Memory {
    fn location(&self) -> Cow<'_, str> {
        "memory".into()
    }

    fn hold_still(&self) -> Result<Box<dyn Held + '_>, StoreError> {
        Ok(Box::new(()))
    }

    fn domains(&self) -> Result<Domains, StoreError> {
        Ok(self.0.borrow().domains.clone())
    }

    fn imported_and_foreign(&self, domain: &Domain) -> Result<(u64, u64), StoreError> {
        let all = self.imported_of(None).len() as u64;
        let ours = self.imported_of(Some(domain)).len() as u64;
        Ok((ours, all - ours))
    }

    fn population(&self, domain: Option<&Domain>, at_most: u64) -> Result<Population, StoreError> {
        let mut users = self.imported_of(domain);
        users.truncate(usize::try_from(at_most).unwrap_or(usize::MAX));
        let mut population = Population {
            imported: users.len() as u64,
            enabled: users.iter().filter(|it| it.values.enabled).count() as u64,
            ..Population::default()
        };
        for user in &users {
            for (count, field) in population.with_value.iter_mut().zip(Field::OPTIONAL) {
                *count += u64::from(user.values.profile.get(field).is_some());
            }
        }
        Ok(population)
    }

    fn recent(&self, domain: Option<&Domain>, since: Timestamp) -> Result<Recent, StoreError> {
        let kept = self.0.borrow();
        let runs = kept.runs.iter().filter(|(run, _, _)| {
            run.started_at >= since && domain.is_none_or(|it| run.domain == it.id)
        });
        Ok(runs.fold(Recent::default(), |sum, (_, recent, _)| Recent {
            deleted: sum.deleted + recent.deleted,
            disabled: sum.disabled + recent.disabled,
        }))
    }

    fn last_seen(&self) -> Result<LastSeen, StoreError> {
        let (mut full, mut selected) = (HashMap::new(), HashMap::new());
        for (run, _, in_step) in &self.0.borrow().runs {
            match (in_step, run.domain) {
                _ if !matches!(run.outcome, Outcome::Done | Outcome::Partial) => {}
                (Some(users), _) => {
                    selected.extend(users.iter().map(|it| (*it, run.started_at)));
                }
                (None, Some(domain)) => {
                    full.insert(domain, run.started_at);
                }
                (None, None) => {}
            }
        }
        Ok(LastSeen { full, selected })
    }

    fn matching(&self, ours: &Ours) -> Box<dyn Matching + '_> {
        Box::new(InOrder {
            store: self.clone(),
            ours: ours.clone(),
            expected: Vec::new().into_iter(),
        })
    }

    fn users(&self, keys: Keys<'_>) -> Result<Vec<StoredUser>, StoreError> {
        Ok(match keys {
            Keys::Rows(ids) => {
                let kept = self.0.borrow();
                ids.iter()
                    .filter_map(|it| kept.users.get(it).cloned())
                    .collect()
            }
            Keys::Usernames(names) => {
                let of =
                    |name: &Folded| self.those(|it| it.values.profile.folded_username() == *name);
                names.iter().flat_map(of).collect()
            }
            Keys::Identities(guids) => {
                let of = |guid: &ObjectGuid| self.those(|it| it.origin.guid() == Some(*guid));
                guids.iter().flat_map(of).collect()
            }
        })
    }

    fn imported(&self, domain: &Domain, which: Which<'_>) -> Result<Vec<StoredUser>, StoreError> {
        let mut users = self.imported_of(Some(domain));
        users.retain(|user| match which {
            Which::With(status) => user.status == status,
            Which::Expired(by) => {
                user.values.enabled && user.tracking.expires.is_some_and(|it| it <= by)
            }
            Which::Except(seen) => !seen.contains(user.id),
        });
        Ok(users)
    }

    fn imported_guids(
        &self,
        domain: &Domain,
        limit: Option<u32>,
    ) -> Result<Vec<ObjectGuid>, StoreError> {
        let users = self.imported_of(Some(domain)).into_iter();
        let guids = users.filter_map(|it| it.origin.guid());
        Ok(guids
            .take(limit.map_or(usize::MAX, |it| it as usize))
            .collect())
    }

    fn rows_by_dn(&self, domain: &Domain) -> Result<HashMap<String, UserId>, StoreError> {
        let users = self.imported_of(Some(domain)).into_iter();
        let row = |user: StoredUser| {
            (
                dn::normalised(user.origin.dn().unwrap_or_default()),
                user.id,
            )
        };
        Ok(users.map(row).collect())
    }

    fn holders(
        &self,
        names: &mut dyn Iterator<Item = (UniqueField, Folded)>,
    ) -> Result<Holders, StoreError> {
        let mut holders = Holders::default();
        for (field, name) in names {
            let found = self.those(|it| match field {
                UniqueField::Username => it.values.profile.folded_username() == name,
                UniqueField::Email => it.values.profile.folded_email().as_ref() == Some(&name),
            });
            for user in found {
                let holder = Holder {
                    id: Some(user.id),
                    username: user.values.profile.username,
                    origin: user.origin,
                };
                holders.insert(field, name.clone(), holder);
            }
        }
        Ok(holders)
    }

    fn counts(&self) -> Result<UserCounts, StoreError> {
        let imported = self.imported_of(None);
        let with = |status| imported.iter().filter(|it| it.status == status).count() as u64;
        Ok(UserCounts {
            local: self.those(|it| it.origin == Origin::Local).len() as u64,
            directory: Status::ALL.map(|it| (it, with(it))).to_vec(),
        })
    }

    /// By username, whatever is asked for.
    fn list(&self, listing: &Listing, visit: &mut Visit<'_>) -> anyhow::Result<()> {
        let stands = |user: &StoredUser| {
            let standing = match user.status {
                Status::Ok if user.values.enabled => Standing::Ok,
                Status::Ok => Standing::Disabled,
                Status::Duplicate => Standing::Duplicate,
                Status::OutOfScope => Standing::OutOfScope,
                Status::Missing => Standing::Missing,
                Status::Failed => Standing::Failed,
                Status::Restored => Standing::Restored,
            };
            listing.standings.is_empty() || listing.standings.contains(&standing)
        };
        let comes = |user: &StoredUser| match listing.source {
            None => true,
            Some(Source::Local) => user.origin == Origin::Local,
            Some(Source::Directory) => user.origin != Origin::Local,
        };
        let mut users = self.those(|it| stands(it) && comes(it));
        users.sort_by_cached_key(|it| it.values.profile.folded_username());
        users.into_iter().try_for_each(visit)
    }

    fn usernames(
        &self,
        which: Known,
        prefix: &str,
        limit: Option<usize>,
    ) -> Result<Vec<String>, StoreError> {
        let begin = Folded::new(prefix);
        let now = self.those(|it| which != Known::Imported || it.origin != Origin::Local);
        let mut names: Vec<String> = now
            .into_iter()
            .map(|it| it.values.profile.username)
            .collect();
        if matches!(which, Known::Deleted | Known::Ever) {
            let kept = self.0.borrow();
            names.extend(kept.changes.iter().map(|it| it.username.clone()));
        }
        names.retain(|it| Folded::new(it).as_str().starts_with(begin.as_str()));
        names.sort_by_cached_key(|it| Folded::new(it));
        names.dedup();
        names.truncate(limit.unwrap_or(usize::MAX));
        Ok(names)
    }

    fn each_username(&self, which: Known, visit: &mut dyn FnMut(String)) -> Result<(), StoreError> {
        self.usernames(which, "", None)?.into_iter().for_each(visit);
        Ok(())
    }

    fn runs(&self, which: Runs) -> Result<Vec<PastRun>, StoreError> {
        let kept = self.0.borrow();
        let newest = kept.runs.iter().rev().map(|(run, _, _)| run.clone());
        Ok(match which {
            Runs::Last(limit) => newest
                .take(usize::try_from(limit).unwrap_or(usize::MAX))
                .collect(),
            Runs::Number(number) => newest.filter(|it| it.run == number).collect(),
        })
    }

    fn last_success(&self, command: Command) -> Result<Option<Timestamp>, StoreError> {
        let runs = self.runs(Runs::Last(u64::MAX))?;
        let success = runs.into_iter().find(|it| {
            it.command == command && matches!(it.outcome, Outcome::Done | Outcome::Partial)
        });
        Ok(success.map(|it| it.started_at))
    }

    fn changes(&self, which: Changes<'_>) -> Result<Vec<PastChange>, StoreError> {
        let named = |snapshot: &Option<Snapshot>, name: &Folded| {
            snapshot
                .as_ref()
                .is_some_and(|it| it.profile.folded_username() == *name)
        };
        let is_it = |it: &&PastChange| match which {
            Changes::OfRun(number) => it.run == number,
            Changes::Since(run, users) => it.run > run && users.contains(&it.user),
            Changes::OfName(name) => named(&it.before, name) || named(&it.after, name),
            Changes::OfUser(user) => it.user == user.id,
            Changes::Deletions(run) => {
                it.action == Action::Deleted && run.is_none_or(|run| it.run == run)
            }
        };
        let mut changes: Vec<_> = self
            .0
            .borrow()
            .changes
            .iter()
            .filter(is_it)
            .cloned()
            .collect();
        if matches!(which, Changes::Deletions(_)) {
            changes.reverse();
        }
        Ok(changes)
    }

    fn newest_deletions(
        &self,
        names: &[Folded],
    ) -> Result<(Vec<Option<PastChange>>, Vec<String>), StoreError> {
        let deletions = self.changes(Changes::Deletions(None))?;
        let newest = |name: &Folded| {
            let mut of_it = deletions
                .iter()
                .filter(|it| Folded::new(&it.username) == *name);
            of_it.next().cloned()
        };
        let found = names.iter().map(newest).collect();
        Ok((found, deletions.into_iter().map(|it| it.username).collect()))
    }
}

/// The users of a domain, as they are asked for.
struct InOrder {
    store: Memory,
    ours: Ours,
    expected: std::vec::IntoIter<ObjectGuid>,
}

impl Matching for InOrder {
    fn expect(&mut self, guids: Vec<ObjectGuid>) -> Result<(), StoreError> {
        self.expected = guids.into_iter();
        Ok(())
    }

    fn next(&mut self) -> Result<Option<StoredUser>, StoreError> {
        let guid = self.expected.next();
        let is_it = |it: &StoredUser| it.origin.guid() == guid && self.ours.has(it);
        Ok(self.store.those(is_it).into_iter().next())
    }
}

/// A run that writes.
#[derive(Debug)]
struct Writing {
    store: Memory,
    is_closed: bool,
}

impl Session for Writing {
    fn view(&self) -> &dyn View {
        &self.store
    }

    fn expect_changes(&mut self, _has_read_users: bool) -> Result<(), StoreError> {
        Ok(())
    }

    fn bulk_load(&self, _run: &Run) -> Result<Option<Box<dyn BulkLoad>>, StoreError> {
        let is_empty = self.store.0.borrow().users.is_empty();
        Ok(is_empty.then(|| Box::new(Nothing) as Box<dyn BulkLoad>))
    }

    fn apply(
        &mut self,
        approved: Approved,
        _filled: Option<Box<dyn BulkLoad>>,
        run: &Run,
        committed: &mut dyn FnMut(i64),
    ) -> Result<Applied, StoreError> {
        let run = Run {
            unsaid: approved.unsaid(),
            ..run.clone()
        };
        let plan = approved.into_plan();
        let outcome = if plan.failed.is_empty() {
            Outcome::Done
        } else {
            Outcome::Partial
        };
        let mut kept = self.store.0.borrow_mut();
        let (domain, controller) = kept.note_domain(&run);
        let number = kept.note_run(&run, outcome, None, &plan, domain);
        let mut writing = Application {
            kept: &mut kept,
            run: &run,
            number,
            domain,
            controller,
        };
        writing.apply(&plan);
        committed(number);
        Ok(Applied::Done(number, plan))
    }

    fn record_end(
        &mut self,
        run: &Run,
        outcome: Outcome,
        error: &str,
        plan: &Plan,
    ) -> Result<i64, StoreError> {
        let domain = run.domain.as_ref().and_then(|it| it.id);
        let run = Run {
            unsaid: Recent::default(),
            ..run.clone()
        };
        let mut kept = self.store.0.borrow_mut();
        Ok(kept.note_run(&run, outcome, Some(error), plan, domain))
    }

    fn require_in_place(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn close(&mut self) {
        self.is_closed = true;
    }

    fn is_closed(&self) -> bool {
        self.is_closed
    }
}

/// All is written with the plan.
#[derive(Debug)]
struct Nothing;

impl BulkLoad for Nothing {
    fn add(&mut self, _users: &[Import]) -> Result<(), StoreError> {
        Ok(())
    }

    fn withdraw(&mut self, _guids: &[ObjectGuid]) -> Result<(), StoreError> {
        Ok(())
    }

    fn make_indexes(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

impl Kept {
    fn note_run(
        &mut self,
        run: &Run,
        outcome: Outcome,
        error: Option<&str>,
        plan: &Plan,
        domain: Option<DomainId>,
    ) -> i64 {
        let number = next(self.runs.len());
        let aside: HashSet<UserId> = (plan.duplicate.iter().filter_map(Duplicate::user))
            .chain(plan.missing.iter().map(|it| &it.user))
            .chain(plan.failed.iter().filter_map(|it| it.user.as_ref()))
            .map(|it| it.id)
            .collect();
        let in_step = run.selected.as_ref().map(|users| {
            let in_step = users.iter().filter(|it| !aside.contains(it));
            in_step.copied().collect()
        });
        let past = PastRun {
            run: number,
            command: run.command,
            mode: run.mode,
            started_at: run.started_at,
            duration_ms: 0,
            run_by: "test".to_owned(),
            sudo_for: None,
            host: "test".to_owned(),
            outcome,
            error: error.map(str::to_owned),
            undoes: run.undoes,
            domain,
            counts: Counts::of(plan),
        };
        self.runs.push((past, run.unsaid, in_step));
        number
    }

    /// Notes the domain that a run read, who answered, and what becomes of the change mark.
    fn note_domain(&mut self, run: &Run) -> (Option<DomainId>, Option<ControllerId>) {
        let number = next(self.runs.len());
        let Some(domain) = &run.domain else {
            return (None, None);
        };
        let id = domain.id.unwrap_or(DomainId(next(self.domains.0.len())));
        if domain.id.is_none() {
            self.domains.0.push(KnownDomain {
                id,
                guid: domain.guid,
                dn: domain.dn.clone(),
                is_provisional: false,
                settings: None,
                mark: None,
                scope_users: None,
                controllers: Vec::new(),
            });
        }
        let known = self.domains.0.iter_mut().find(|it| it.id == id);
        let known = known.expect("it is there by now");
        known.settings = run
            .settings
            .clone()
            .map(|it| (it, number))
            .or(known.settings.take());
        known.scope_users = run.scope_users.or(known.scope_users);
        match &run.marking {
            Marking::Keep => {}
            Marking::Forget | Marking::ForgetAll => known.mark = None,
            Marking::Set(mark) => known.mark = Some(mark.clone()),
        }
        let controller = run.controller.as_ref().map(|it| {
            let new = ControllerId(next(known.controllers.len()));
            let key = it.id.unwrap_or(new);
            if it.id.is_none() {
                known.controllers.push(KnownController {
                    id: key,
                    identity: it.identity.clone(),
                    usn: it.usn,
                    full_run: None,
                });
            }
            if run.command == Command::Sync && run.mode == Mode::Full {
                let answered = known.controllers.iter_mut().find(|it| it.id == key);
                answered.expect("it is there by now").full_run = Some(number);
            }
            key
        });
        (Some(id), controller)
    }
}

/// The number of what comes after so many.
fn next(many: usize) -> i64 {
    i64::try_from(many).expect("a few") + 1
}

/// A plan that is being applied.
struct Application<'a> {
    kept: &'a mut Kept,
    run: &'a Run,
    number: i64,
    domain: Option<DomainId>,
    controller: Option<ControllerId>,
}

impl Application<'_> {
    fn apply(&mut self, plan: &Plan) {
        for it in &plan.deleted {
            self.kept.users.remove(&it.user.id);
            self.note(
                Action::Deleted,
                Some(&it.user),
                None,
                Some(it.evidence.name()),
            );
        }
        for it in &plan.modified {
            self.update(&it.user, &it.next);
        }
        let mut new: Vec<&Import> = plan.imported.iter().collect();
        new.sort_by_key(|it| it.arrival);
        for it in new {
            self.import(it);
        }
        let rest = (plan.refreshed.iter().map(|it| (&it.user, &it.next)))
            .chain(plan.out_of_scope.iter().map(|it| (&it.user, &it.next)))
            .chain(plan.missing.iter().map(|it| (&it.user, &it.next)));
        for (user, next) in rest {
            self.update(user, next);
        }
        if !self.run.reads_directory() {
            return;
        }
        for it in &plan.duplicate {
            self.mark(it.user(), Status::Duplicate, it.reason());
        }
        for it in &plan.failed {
            self.mark(it.user.as_ref(), Status::Failed, it.reason.clone());
        }
    }

    fn found(&self) -> Found {
        Found {
            run: self.number,
            on: self.controller,
        }
    }

    fn import(&mut self, import: &Import) {
        let user = match import.returns.as_deref() {
            Some(Return::Whole(user)) => (**user).clone(),
            returns => {
                let (row, domain) = match returns {
                    Some(Return::As(row, domain)) => (Some(*row), *domain),
                    _ => (None, None),
                };
                let is_local = import.guid().is_none();
                self.kept.last_row += 1;
                StoredUser {
                    id: row.unwrap_or(UserId(self.kept.last_row)),
                    origin: import.origin().to_owned(),
                    values: import.values().to_owned(),
                    status: if row.is_some() && !is_local {
                        Status::Restored
                    } else {
                        Status::Ok
                    },
                    synced_at: (!is_local).then_some(self.run.started_at),
                    tracking: Tracking {
                        domain: domain.or(self.domain).filter(|_| !is_local),
                        expires: import.expires,
                        found: (!is_local).then(|| self.found()),
                        ..Tracking::default()
                    },
                }
            }
        };
        self.note(import.action(), None, Some(&user), None);
        self.kept.users.insert(user.id, user);
    }

    fn update(&mut self, user: &StoredUser, next: &StoredUser) {
        let mut next = next.clone();
        if next.origin != Origin::Local {
            next.tracking.domain = next.tracking.domain.or(self.domain);
            next.tracking.found.get_or_insert(self.found());
            if matches!(next.status, Status::Ok | Status::OutOfScope) {
                next.synced_at = Some(self.run.started_at);
            }
        }
        let action = if user.values != next.values {
            Action::Modified
        } else if user.status != next.status || user.tracking.reason != next.tracking.reason {
            Action::Marked
        } else {
            Action::Refreshed
        };
        self.note(action, Some(user), Some(&next), None);
        self.kept.users.insert(next.id, next);
    }

    fn mark(&mut self, user: Option<&StoredUser>, status: Status, reason: String) {
        if let Some(user) = user {
            self.update(user, &user.with_status(status, Some(reason)));
        }
    }

    fn note(
        &mut self,
        action: Action,
        before: Option<&StoredUser>,
        after: Option<&StoredUser>,
        evidence: Option<&str>,
    ) {
        let user = before.or(after).expect("one of the two");
        let kept = |it: Option<&StoredUser>| {
            it.and_then(snapshot)
                .map(|it| serde_json::from_str(&it).expect("it was just written"))
        };
        self.kept.changes.push(PastChange {
            run: self.number,
            at: self.run.started_at,
            user: user.id,
            action,
            username: user.values.profile.username.clone(),
            evidence: evidence.map(str::to_owned),
            before: kept(before),
            after: kept(after),
        });
    }
}
