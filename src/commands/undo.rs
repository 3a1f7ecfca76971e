//! `adsync undo`: undoes a run, from its history.
//!
//! Users the run changed are set back to what they were, as far as nobody changed them again: see
//! [`Reversal`]. The directory is not read, so the change marks are dropped: the next run reads everything.

use std::collections::{HashMap, HashSet};

use crate::cli;
use crate::commands::history::past_run;
use crate::commands::restore::Present;
use crate::commands::{Context, RunOptions, names, page};
use crate::error::{Failure, Kind};
use crate::exit_code::ExitCode;
use crate::output::table::phrases;
use crate::plan::{
    Allowed, Deletion, Evidence, FailedUser, Findings, Import, Left, Return, Reversal, Update,
};
use crate::run::execute::Target;
use crate::store::{
    Changes, Command, Keys, Marking, Mode, Outcome, PastChange, PastRun, Snapshot, View,
};
use crate::user::{Domain, Field, FieldValue, Found, StoredUser, UserId};

/// Runs the command.
pub fn run(arguments: &cli::Undo, context: &Context<'_>) -> anyhow::Result<ExitCode> {
    let settings = &context.settings.sync;
    let page = page(&arguments.ending, &context.settings)?;
    let mut run = context.begin(Command::Undo, Mode::Selected);
    run.undoes = Some(arguments.run);
    run.marking = Marking::ForgetAll;
    let allowed = Allowed {
        deletes: arguments.allow_deletes,
        ..arguments.allow.allowed()
    };
    let options = RunOptions {
        // A user that cannot be set back is a failure of this command.
        strict: true,
        ask: !arguments.yes,
        ..RunOptions::new(settings.limits, allowed, &arguments.ending, page)
    };
    context.with_target(run, arguments.ending.dry_run, |target, run| {
        let past = past_run(target.view(), arguments.run)?;
        refuse_unsuitable(&past)?;
        run.domain = domain(target.view(), &past)?;
        let undoing = Undoing::of(&past, target)?;
        for note in &undoing.notes {
            context.output.note(note);
        }
        for warning in undoing.left.iter().chain(&undoing.warning) {
            context.output.warn(warning);
        }
        run.left = undoing.left;
        let code = context.finish(undoing.findings, target, run, &options)?;
        Ok(match code {
            ExitCode::Done | ExitCode::Pending if !run.left.is_empty() => ExitCode::Partial,
            code => code,
        })
    })
}

/// Refuses a run that changed nothing.
fn refuse_unsuitable(past: &PastRun) -> Result<(), Failure> {
    let number = past.run;
    let how = match past.outcome {
        Outcome::Done | Outcome::Partial => return Ok(()),
        Outcome::Refused => "was refused",
        Outcome::Failed => "failed",
    };
    let message = format!("run {number} {how} and changed nothing: there is nothing to undo");
    Err(Failure::new(Kind::UnknownName, message)
        .hint("`adsync history` lists the runs; those that are done or partial can be undone"))
}

/// The domain that a run read.
fn domain(store: &dyn View, past: &PastRun) -> anyhow::Result<Option<Domain>> {
    let domains = store.domains()?;
    let of_run = domains.iter().find(|it| Some(it.id) == past.domain);
    Ok(of_run.map(|it| Domain {
        id: Some(it.id),
        guid: it.guid,
        dn: it.dn.clone(),
    }))
}

/// The result of undoing a run.
struct Undoing<'a> {
    past: &'a PastRun,
    /// What later runs did to users who are no longer as the run left them.
    since: HashMap<UserId, Vec<PastChange>>,
    findings: Findings,
    /// What to tell a person who watches, before anything is done.
    notes: Vec<String>,
    /// What cannot be undone, and what is lost by it: told to everybody.
    left: Vec<String>,
    warning: Option<String>,
}

/// A user that the run changed, if it has a row.
struct Row {
    change: PastChange,
    now: Option<StoredUser>,
}

impl<'a> Undoing<'a> {
    fn of(past: &'a PastRun, target: &Target) -> anyhow::Result<Self> {
        let store = target.view();
        let _unchanging = store.hold_still()?;
        let rows = rows(store, past.run)?;
        let changed: HashSet<UserId> = rows
            .iter()
            .filter(|row| !row.is_as_left())
            .map(|row| row.change.user)
            .collect();
        let mut since: HashMap<UserId, Vec<PastChange>> = HashMap::new();
        for change in store.changes(Changes::Since(past.run, &changed))? {
            since.entry(change.user).or_default().push(change);
        }
        let mut undoing = Self {
            past,
            since,
            findings: Findings::default(),
            notes: Vec::new(),
            left: Vec::new(),
            warning: None,
        };
        let gone = rows.iter().filter_map(|row| {
            let before = row.change.before.as_ref()?;
            Some((row.change.user, before)).filter(|_| row.change.after.is_none())
        });
        let present = Present::of(gone, store)?;
        let mut taken_out = Vec::new();
        for Row { change, now } in rows {
            match (&change.before, &change.after, now) {
                (Some(before), None, _) => {
                    undoing.bring_back(&change, before, present.has(change.user, before));
                }
                (_, None, _) => {}
                (None, Some(after), Some(now)) => {
                    if now.values != after.values() {
                        taken_out.push(now.values.profile.username.clone());
                    }
                    undoing.take_out(now);
                }
                (Some(before), Some(after), Some(now)) => {
                    let id = change.user;
                    undoing.set_back(&before.user(id), &after.user(id), now);
                }
                (_, Some(after), None) => undoing.fail(&change, after),
            }
        }
        undoing.warning = undoing.warning_of(&taken_out);
        if undoing.findings.looked_at() == 0 {
            undoing
                .notes
                .push(format!("run {} changed nobody", past.run));
        }
        Ok(undoing)
    }

    /// A user that the run deleted.
    fn bring_back(&mut self, change: &PastChange, before: &Snapshot, is_there: bool) {
        if is_there {
            self.findings.unchanged += 1;
            let note = format!("{} is in the store already", before.profile.username);
            self.notes.push(note);
            return;
        }
        let mut user = before.user(change.user);
        if before.guid.is_some() {
            // Histories from before domains were recorded lack these.
            let tracking = &mut user.tracking;
            tracking.domain = tracking.domain.or(self.past.domain);
            let run = self.past.run;
            tracking.found.get_or_insert(Found { run, on: None });
        }
        let mut import = Import::new(&user.origin, &user.values);
        import.expires = user.tracking.expires;
        import.returns = Some(Box::new(Return::Whole(Box::new(user))));
        self.findings.new.push(import);
    }

    /// A user that the run added.
    fn take_out(&mut self, user: StoredUser) {
        let evidence = Evidence::Undone;
        self.findings.deletions.push(Deletion { user, evidence });
    }

    /// A user whose values or status the run changed.
    fn set_back(&mut self, before: &StoredUser, after: &StoredUser, now: StoredUser) {
        let reversal = Reversal::of(before, after, &now);
        let is_none = reversal.is_none(&now);
        let Reversal { next, left } = reversal;
        let name = &now.values.profile.username;
        let left: Vec<String> = left.iter().map(|it| self.said(now.id, it)).collect();
        let reasons = left.iter().map(|it| format!("{name}: {it}"));
        self.left.extend(reasons);
        let findings = &mut self.findings;
        if !is_none && now.values != next.values {
            findings.changed.push(Update { user: now, next });
        } else if !left.is_empty() {
            findings.failed.push(FailedUser {
                // It stays unchanged, with what the directory last said of it.
                user: None,
                ..FailedUser::of(now, left.join("; "))
            });
        } else if is_none {
            findings.unchanged += 1;
        } else {
            findings.refreshed.push(Update { user: now, next });
        }
    }

    /// A user that the run left in the store and that is gone now.
    fn fail(&mut self, change: &PastChange, after: &Snapshot) {
        let mut later = self.since.get(&change.user).into_iter().flatten();
        let gone = later.rfind(|it| it.after.is_none());
        let by = gone.map_or_else(
            || "another program deleted it".to_owned(),
            |it| format!("run {} deleted it", it.run),
        );
        let reason = format!("not in the store any more: {by}");
        self.left
            .push(format!("{}: {reason}", after.profile.username));
        self.findings.failed.push(FailedUser {
            user: None,
            guid: after.guid,
            username: after.profile.username.clone(),
            dn: after.dn.clone(),
            reason,
        });
    }

    /// `email is left: it is now c@x, not b@x as run 41 left it; run 43 changed it`
    fn said(&self, user: UserId, left: &Left) -> String {
        let Left { field, is, was } = left;
        let by = match self.changed_by(user, *field, is) {
            Some(run) => format!("run {run}"),
            None => "another program".to_owned(),
        };
        format!(
            "{} is left: it is now {}, not {} as run {} left it; {by} changed it",
            field.name(),
            phrases::value(is),
            phrases::value(was),
            self.past.run
        )
    }

    /// The run that gave a user its current value in a field.
    fn changed_by(&self, user: UserId, field: Field, is: &FieldValue) -> Option<i64> {
        let value = |it: &Option<Snapshot>| it.as_ref().map(|it| it.values().value(field));
        let mut later = self.since.get(&user)?.iter().rev();
        let last = later.find(|it| value(&it.before) != value(&it.after))?;
        (value(&last.after).as_ref() == Some(is)).then_some(last.run)
    }

    /// The warning that deleted users lose values they got since.
    fn warning_of(&self, names: &[String]) -> Option<String> {
        let users = match names.len() {
            0 => return None,
            1 => "1 user that goes has".to_owned(),
            count => format!("{count} users that go have"),
        };
        let (run, who) = (self.past.run, names::shortened(names));
        Some(format!("{users} other values than run {run} left: {who}"))
    }
}

impl Row {
    /// Whether nothing that the run changed was changed again since.
    fn is_as_left(&self) -> bool {
        match (&self.change.after, &self.now) {
            (Some(after), Some(now)) => after.values() == now.values,
            (None, None) => true,
            _ => false,
        }
    }
}

/// The users that a run changed. A user with the same row but another identity is somebody else.
fn rows(store: &dyn View, run: i64) -> anyhow::Result<Vec<Row>> {
    let changes = store.changes(Changes::OfRun(run))?;
    let ids: Vec<UserId> = changes.iter().map(|it| it.user).collect();
    let users = store.users(Keys::Rows(&ids))?.into_iter();
    let mut users: HashMap<UserId, StoredUser> = users.map(|it| (it.id, it)).collect();
    let row = |change: PastChange| {
        let snapshot = change.after.as_ref().or(change.before.as_ref());
        let guid = snapshot.and_then(|it| it.guid);
        let now = users.remove(&change.user);
        let now = now.filter(|it| it.origin.guid() == guid);
        Row { change, now }
    };
    Ok(changes.into_iter().map(row).collect())
}
