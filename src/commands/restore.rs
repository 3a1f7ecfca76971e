//! `adsync restore`: restores deleted users, with the values they had.

use std::collections::{HashMap, HashSet};

use crate::cli;
use crate::commands::history::past_run;
use crate::commands::{Context, RunOptions, names, picking, require_store};
use crate::error::{Failure, Kind};
use crate::exit_code::ExitCode;
use crate::output::picker::{Item, Purpose};
use crate::output::table::local_time;
use crate::plan::{Findings, Import, Return};
use crate::run::execute::Target;
use crate::run::preview;
use crate::store::{Changes, Command, Keys, Mode, PastChange, Snapshot, StoreError, View};
use crate::user::{DomainId, Folded, ObjectGuid, UserId};

/// Runs the command.
pub fn run(arguments: &cli::Restore, context: &Context<'_>) -> anyhow::Result<ExitCode> {
    let picked = if arguments.interactive {
        let Some(picked) = pick(arguments.run, context)? else {
            return Ok(ExitCode::Done);
        };
        Some(picked)
    } else {
        if arguments.run.is_none() {
            names::require(&arguments.names)?;
        }
        require_store(context)?;
        None
    };
    let run = context.begin(Command::Restore, Mode::Selected);
    context.with_target(run, arguments.dry_run, |target, run| {
        let records = match (picked, arguments.run) {
            (Some(picked), _) => picked,
            (None, Some(number)) => deleted_by(target.view(), number)?,
            (None, None) => newest_of(target.view(), &arguments.names)?,
        };
        let findings = findings(records, target, context)?;
        // A requested user that is not restored is a failure of this command.
        context.finish(findings, target, run, &RunOptions::exactly(0, true))
    })
}

fn deleted_by(store: &dyn View, number: i64) -> anyhow::Result<Vec<PastChange>> {
    past_run(store, number)?;
    let deletions = store.changes(Changes::Deletions(Some(number)))?;
    if deletions.is_empty() {
        return Err(
            Failure::new(Kind::UnknownName, format!("run {number} deleted nobody"))
                .hint(format!("`adsync history {number}` shows what it did"))
                .into(),
        );
    }
    Ok(deletions)
}

/// The newest record of each name.
fn newest_of(store: &dyn View, arguments: &[String]) -> anyhow::Result<Vec<PastChange>> {
    let names = names::split(arguments, |_| Ok(true))?;
    let folded: Vec<Folded> = names.iter().map(|it| Folded::new(it)).collect();
    let (mut records, _) = store.newest_deletions(&folded)?;
    // Surrounding white space is not part of a name, unless the name has it.
    let trimmed: Vec<Folded> = names.iter().map(|it| Folded::new(it.trim())).collect();
    let known = if records.iter().any(Option::is_none) {
        let (others, known) = store.newest_deletions(&trimmed)?;
        for (record, other) in records.iter_mut().zip(others) {
            *record = record.take().or(other);
        }
        known
    } else {
        Vec::new()
    };
    let unknown: Vec<String> = names
        .into_iter()
        .zip(&records)
        .filter(|(_, record)| record.is_none())
        .map(|(name, _)| name)
        .collect();
    if !unknown.is_empty() {
        return Err(never_deleted(&unknown, &known, store)?.into());
    }
    let mut found: Vec<PastChange> = records.into_iter().flatten().collect();
    found.sort_by_key(|record| std::cmp::Reverse(record.run));
    Ok(found)
}

/// The error for names of nobody who was deleted.
fn never_deleted(
    names: &[String],
    known: &[String],
    store: &dyn View,
) -> Result<Failure, StoreError> {
    let failure = names::unknown_names(names, known, "among the deleted users of the history");
    if let [name] = names
        && let Ok(number) = name.parse::<u32>()
    {
        let run = format!("did you mean run {number}? `adsync restore --run {number}`");
        return Ok(failure.hint(run));
    }
    let folded: Vec<Folded> = names.iter().map(|it| Folded::new(it.trim())).collect();
    let there = store.users(Keys::Usernames(&folded))?.into_iter();
    let there: Vec<String> = there.map(|it| it.values.profile.username).collect();
    Ok(match there.as_slice() {
        [] => failure,
        there => failure.hint(format!("in the store already: {}", names::shortened(there))),
    })
}

fn findings(
    records: Vec<PastChange>,
    target: &Target,
    context: &Context<'_>,
) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let domains = target.view().domains()?;
    let records: Vec<(PastChange, Snapshot)> = newest(records).collect();
    let users = records.iter().map(|(record, before)| (record.user, before));
    let present = Present::of(users, target.view())?;
    for (record, before) in records {
        let origin = before.origin();
        if present.has(record.user, &before) {
            context.output.note(&format!(
                "{} is in the store already",
                before.profile.username
            ));
            findings.unchanged += 1;
            continue;
        }
        let mut import = Import::new(&origin, &before.values());
        let domain = match before.domain {
            Some(id) => Some(DomainId(id)),
            // The history of an older store does not say.
            None => domains.around(before.dn.as_deref().unwrap_or_default()),
        };
        import.returns = Some(Box::new(Return::As(record.user, domain)));
        import.expires = before.expires_at;
        findings.new.push(import);
    }
    Ok(findings)
}

/// The newest record of each user, with what it was. A user who was deleted, imported again and
/// deleted under another name is one user.
fn newest(records: Vec<PastChange>) -> impl Iterator<Item = (PastChange, Snapshot)> {
    let mut rows = HashSet::new();
    let mut guids = HashSet::new();
    records.into_iter().filter_map(move |record| {
        let before = record.before.clone();
        let before = before.filter(|_| rows.insert(record.user))?;
        let is_newest = before.guid.is_none_or(|guid| guids.insert(guid));
        is_newest.then_some((record, before))
    })
}

/// Which of some users are in the store, asked of all of them at once.
#[derive(Debug)]
pub struct Present {
    rows: HashSet<UserId>,
    /// Of each identity the domains in which somebody has it.
    identities: HashMap<ObjectGuid, Vec<Option<DomainId>>>,
}

impl Present {
    /// Of users with these rows, and what they were.
    pub fn of<'s>(
        users: impl Iterator<Item = (UserId, &'s Snapshot)>,
        store: &dyn View,
    ) -> Result<Self, StoreError> {
        let (local, imported): (Vec<_>, Vec<_>) = users.partition(|(_, it)| it.guid.is_none());
        let rows: Vec<UserId> = local.into_iter().map(|(row, _)| row).collect();
        let guids: Vec<ObjectGuid> = imported.iter().filter_map(|(_, it)| it.guid).collect();
        let mut identities: HashMap<ObjectGuid, Vec<_>> = HashMap::new();
        for user in store.users(Keys::Identities(&guids))? {
            if let Some(guid) = user.origin.guid() {
                let domains = identities.entry(guid).or_default();
                domains.push(user.tracking.domain);
            }
        }
        let rows = store.users(Keys::Rows(&rows))?;
        Ok(Self {
            rows: rows.iter().map(|it| it.id).collect(),
            identities,
        })
    }

    /// Whether the user with that row, or that identity, is in the store.
    pub fn has(&self, row: UserId, before: &Snapshot) -> bool {
        let Some(guid) = before.guid else {
            return self.rows.contains(&row);
        };
        let was_in = before.domain.map(DomainId);
        let is_it =
            |domain: &Option<DomainId>| was_in.is_none() || domain.is_none() || *domain == was_in;
        self.identities
            .get(&guid)
            .is_some_and(|it| it.iter().any(is_it))
    }
}

/// The newest records of deleted users, of one run or of all, that a person picked; `None` if there is
/// nobody to pick from.
fn pick(run: Option<i64>, context: &Context<'_>) -> anyhow::Result<Option<Vec<PastChange>>> {
    picking::require_terminal(context.output, "say --run, or name the users")?;
    let store = context.store()?.read()?;
    let records = match run {
        Some(number) => deleted_by(&*store, number)?,
        None => store.changes(Changes::Deletions(None))?,
    };
    let mut candidates = candidates(records, &*store)?;
    drop(store);
    candidates.sort_by_cached_key(|(record, _)| Folded::new(&record.username));
    let purpose = Purpose {
        title: "Restore deleted users".to_owned(),
        verb: "restore",
        note_title: "DELETED",
    };
    let nobody = "no deleted user of the history is missing from the store";
    picking::pick(&purpose, candidates, nobody, context.output)
}

/// Those of them that are not in the store.
fn candidates(
    records: Vec<PastChange>,
    store: &dyn View,
) -> anyhow::Result<Vec<(PastChange, Item)>> {
    let records: Vec<(PastChange, Snapshot)> = newest(records).collect();
    let users = records.iter().map(|(record, before)| (record.user, before));
    let present = Present::of(users, store)?;
    let import = |before: &Snapshot| Import::new(&before.origin(), &before.values());
    let imports = records.iter().map(|(_, before)| import(before));
    let holders = preview::holders(imports.collect(), store)?;
    let candidate = |(record, before): (PastChange, Snapshot)| {
        if present.has(record.user, &before) {
            return None;
        }
        let note = format!("run {}, {}", record.run, local_time(record.at));
        let item = picking::item(&before.profile, note);
        let conflicts = preview::conflicts(import(&before), &holders);
        Some((record, picking::refused(item, &conflicts)))
    };
    Ok(records.into_iter().filter_map(candidate).collect())
}
