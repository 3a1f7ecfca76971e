//! How a run reads the directory: all of the scope, or what changed since the last run.

use std::collections::BTreeSet;

use crate::commands::Context;
use crate::commands::cost;
use crate::commands::survey::{Survey, guids};
use crate::compare::{Newcomers, OutOfScopePolicy};
use crate::directory::{Directory, Selection};
use crate::mark::{Circumstances, Mark, Question, WhyFull, Witnesses};
use crate::plan::Findings;
use crate::store::{Marking, Mode, Reader, Run};
use crate::user::{ObjectGuid, Status, StoredUser};

/// So few users are looked up by identity at any rate: it is a search or two.
const FEW: u64 = 200;

/// What reading came to.
pub struct Reading {
    /// What was found.
    pub findings: Findings,
    /// Who was looked at.
    pub mode: Mode,
    /// How many users the scope has, if all of it was read.
    pub scope_users: Option<u64>,
    /// What becomes of the change mark.
    pub marking: Marking,
}

impl Reading {
    /// Notes in the run how it read; what it found is left.
    pub fn note_in(self, run: &mut Run) -> Findings {
        run.mode = self.mode;
        run.scope_users = self.scope_users;
        run.marking = self.marking;
        self.findings
    }
}

/// What is done to the mark by a run that reads a part of the scope, or does not look for those who are
/// gone. It may have read what is older than the mark says, from a domain controller that lags behind, or
/// what looks otherwise under the settings of the mark.
pub fn mark_after_part(
    store: &Reader,
    directory: &Directory,
    context: &Context<'_>,
) -> anyhow::Result<Marking> {
    let question = question(directory, context);
    let fits = |mark: Mark| directory.is_past(&mark) && mark.question == question;
    Ok(if store.mark()?.is_none_or(fits) {
        Marking::Keep
    } else {
        Marking::Forget
    })
}

/// Reads what is to be known of every imported user.
pub fn everybody(
    store: &Reader,
    directory: &mut Directory,
    imported: u64,
    full: bool,
    run: &Run,
    context: &Context<'_>,
) -> anyhow::Result<Reading> {
    let mut everybody = Everybody {
        store,
        directory,
        imported,
        context,
        policy: context.settings.sync.out_of_scope,
        began: run.started_at,
    };
    match everybody.suspects(full)? {
        Ok((mark, suspects)) => everybody.delta(mark, suspects),
        Err(why) => {
            say_why(&why, context);
            everybody.full()
        }
    }
}

fn say_why(why: &WhyFull, context: &Context<'_>) {
    log::info!("reading everything: {why}");
    if !matches!(why, WhyFull::Asked | WhyFull::NoPosition | WhyFull::NoMark) {
        context.output.note(&format!("reading everything: {why}"));
    }
}

/// The settings that decide what is read, and as what.
fn question(directory: &Directory, context: &Context<'_>) -> Question {
    let mut question = directory.question();
    question.insert("username", directory.account());
    question.insert("out_of_scope", context.settings.sync.out_of_scope.name());
    question.insert("adsync", env!("CARGO_PKG_VERSION"));
    question
}

/// All imported users, to be read.
struct Everybody<'a> {
    store: &'a Reader,
    directory: &'a mut Directory,
    /// How many they are.
    imported: u64,
    context: &'a Context<'a>,
    policy: OutOfScopePolicy,
    began: jiff::Timestamp,
}

/// The users that a run by change mark looks at.
struct Suspects {
    users: Vec<StoredUser>,
    /// Those that are out of scope, and about whom nothing changed.
    out_of_scope: Vec<StoredUser>,
    /// What must be in the answer of the next search for changes.
    witnesses: Witnesses,
}

impl<'a> Everybody<'a> {
    /// What this run is compared with the mark by.
    fn circumstances(&mut self) -> anyhow::Result<Circumstances> {
        Ok(Circumstances {
            position: self.directory.position()?,
            question: question(self.directory, self.context),
            now: self.began,
            full_every: self.context.settings.sync.full_every,
        })
    }

    /// Who may have changed since the mark, or why that cannot be told.
    fn suspects(&mut self, full: bool) -> anyhow::Result<Result<(Mark, Suspects), WhyFull>> {
        if full {
            return Ok(Err(WhyFull::Asked));
        }
        let Some(mark) = self.store.mark()? else {
            return Ok(Err(WhyFull::NoMark));
        };
        let mark = match self.circumstances()?.go_on(mark) {
            Ok(mark) => mark,
            Err(why) => return Ok(Err(why)),
        };
        let changes = self.directory.changes_since(&mark)?;
        let _unchanging = self.store.hold_still()?;
        // One that is not in the store any more may be anywhere.
        let is_known = self.store.by_guid(mark.witnesses.living)?.is_some();
        if !(is_known && changes.sees_living) {
            return Ok(Err(WhyFull::NoWitness));
        }
        if changes.unidentified > 0 {
            return Ok(Err(WhyFull::Unidentified));
        }
        if let Some(dn) = changes.container {
            return Ok(Err(WhyFull::Container(dn)));
        }
        let has_changes = self.directory.has_changed_since(&mark);
        let mut suspected: BTreeSet<ObjectGuid> = changes.changed.into_iter().collect();
        if changes.deleted.is_none() && has_changes {
            suspected.extend(self.sweep()?);
        }
        let mut users = Vec::new();
        for guid in &suspected {
            users.extend(self.store.by_guid(*guid)?);
        }
        let is_other =
            |user: &StoredUser| !user.origin.guid().is_some_and(|it| suspected.contains(&it));
        for status in [Status::Duplicate, Status::Failed, Status::Restored] {
            let again = self.store.imported_with(status)?;
            users.extend(again.into_iter().filter(is_other));
        }
        let mut out_of_scope = self.store.imported_with(Status::OutOfScope)?;
        out_of_scope.retain(is_other);
        let count = users.len() as u64;
        let size = self.store.scope_users()?;
        let is_cheaper = |size| cost::is_cheaper_to_read_all(count, size);
        if count > FEW && size.is_some_and(is_cheaper) {
            return Ok(Err(WhyFull::ManyChanges(count)));
        }
        let witnesses = Witnesses {
            living: mark.witnesses.living,
            deleted: changes.deleted,
        };
        let suspects = Suspects {
            users,
            out_of_scope,
            witnesses,
        };
        Ok(Ok((mark, suspects)))
    }

    /// Imported users that are not in the domain, for an account that does not see deleted objects.
    fn sweep(&mut self) -> anyhow::Result<Vec<ObjectGuid>> {
        let guids = self.store.imported_guids()?;
        let what = "looking for deleted users";
        let progress = self.context.output.progress(what, Some(guids.len() as u64));
        let absent = self
            .directory
            .absent(&guids, |batch| progress.inc(batch as u64))?;
        progress.finish_and_clear();
        Ok(absent)
    }

    /// Reads those that may have changed.
    fn delta(mut self, mark: Mark, suspects: Suspects) -> anyhow::Result<Reading> {
        let Suspects {
            users,
            out_of_scope,
            witnesses,
        } = suspects;
        let aside = (users.len() + out_of_scope.len()) as u64;
        let in_step = self.imported.saturating_sub(aside);
        let mut survey = named(self.store, self.directory, &users, self.context)?;
        survey.vouch_for(in_step, out_of_scope);
        let has_witness = is_in_scope(&survey, witnesses.living, &users);
        let (findings, is_doubtful) = survey.finish();
        let marking = match self.circumstances()?.position {
            Some(position) if has_witness && !is_doubtful => Marking::Set(Mark {
                position,
                witnesses,
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
        let (survey, scope_users) = match self.by_identity()? {
            Some(survey) => (survey, None),
            None => self.enumerated()?,
        };
        let witness = survey.witness();
        let (findings, is_doubtful) = survey.finish();
        let marking = match witness {
            Some(living) if !is_doubtful => self.new_mark(living)?,
            _ => Marking::Forget,
        };
        Ok(Reading {
            findings,
            mode: Mode::Full,
            scope_users,
            marking,
        })
    }

    /// The mark after a full run; none where a run could not go on from it.
    fn new_mark(&mut self, living: ObjectGuid) -> anyhow::Result<Marking> {
        let Circumstances {
            position,
            question,
            now,
            full_every,
        } = self.circumstances()?;
        let Some(position) = position.filter(|_| !full_every.is_zero()) else {
            return Ok(Marking::Forget);
        };
        let witnesses = self.directory.witnesses(living)?;
        Ok(witnesses.map_or(Marking::Forget, |witnesses| {
            Marking::Set(Mark {
                position,
                question,
                full_at: now,
                witnesses,
            })
        }))
    }

    /// Looks all of them up by identity, where that costs less. That a user is nowhere is only believed
    /// when the whole scope was read, for it may be an entry whose identity cannot be read any more.
    fn by_identity(&mut self) -> anyhow::Result<Option<Survey<'a>>> {
        let is_cheaper = |size| !cost::is_cheaper_to_read_all(self.imported, size);
        if !self.store.scope_users()?.is_some_and(is_cheaper) {
            return Ok(None);
        }
        let guids = self.store.imported_guids()?;
        let mut survey = self.survey(Some(self.imported))?;
        self.directory
            .read_guids(&guids, |users| survey.take(users))?;
        survey.settle_repeated(self.directory)?;
        let nowhere = survey.settle_missing(self.directory, None, self.policy)?;
        Ok((nowhere == 0).then_some(survey))
    }

    /// Reads the whole scope; with it how many users that has.
    fn enumerated(&mut self) -> anyhow::Result<(Survey<'a>, Option<u64>)> {
        let mut survey = self.survey(self.store.scope_users()?)?;
        let tally = self
            .directory
            .read(&Selection::All, |users| survey.take(users))?;
        survey.settle_repeated(self.directory)?;
        survey.settle_missing(self.directory, None, self.policy)?;
        Ok((survey, Some(tally.entries)))
    }

    fn survey(&self, expected: Option<u64>) -> anyhow::Result<Survey<'a>> {
        let what = format!("reading {}", self.directory.base());
        let progress = self.context.output.progress(&what, expected);
        Ok(Survey::new(
            self.store,
            self.directory,
            Newcomers::Ignore,
            progress,
        )?)
    }
}

/// Whether a user is in scope still: one that was not looked at is, and one that was looked at if it was
/// found there. Outside, other rights may hold than in the scope.
fn is_in_scope(survey: &Survey<'_>, guid: ObjectGuid, looked_at: &[StoredUser]) -> bool {
    let is_it = |user: &&StoredUser| user.origin.guid() == Some(guid);
    looked_at
        .iter()
        .find(is_it)
        .is_none_or(|user| survey.has_seen(user.id))
}

/// Looks at these users of the store only.
pub fn named<'a>(
    store: &'a Reader,
    directory: &mut Directory,
    users: &[StoredUser],
    context: &Context<'_>,
) -> anyhow::Result<Survey<'a>> {
    let policy = context.settings.sync.out_of_scope;
    let what = format!("reading {}", directory.base());
    let progress = context.output.progress(&what, Some(users.len() as u64));
    let mut survey = Survey::new(store, directory, Newcomers::Ignore, progress)?.among(Some(users));
    directory.read_guids(&guids(users), |them| survey.take(them))?;
    survey.settle_repeated(directory)?;
    survey.settle_missing(directory, Some(users), policy)?;
    Ok(survey)
}
