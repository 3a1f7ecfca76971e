//! `adsync restore`: restores deleted users, with the values they had.

use std::collections::HashSet;

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
use crate::user::{DomainId, Folded, StoredUser, UserId};

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
        let place = "among the deleted users of the history";
        return Err(names::unknown_names(&unknown, &known, place).into());
    }
    let mut found: Vec<PastChange> = records.into_iter().flatten().collect();
    found.sort_by_key(|record| std::cmp::Reverse(record.run));
    Ok(found)
}

fn findings(
    records: Vec<PastChange>,
    target: &Target,
    context: &Context<'_>,
) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let domains = target.view().domains()?;
    for (record, before) in newest(records) {
        let origin = before.origin();
        let is_back = is_in_store(target.view(), record.user, &before)?;
        if is_back {
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

/// Whether the user with that row, or that identity, is in the store.
pub fn is_in_store(store: &dyn View, row: UserId, before: &Snapshot) -> Result<bool, StoreError> {
    let Some(guid) = before.guid else {
        return Ok(store.by_id(row)?.is_some());
    };
    let is_it = |user: &StoredUser| {
        let domain = user.tracking.domain.map(|it| it.0);
        before.domain.is_none() || domain.is_none() || domain == before.domain
    };
    Ok(store.users(Keys::Identities(&[guid]))?.iter().any(is_it))
}

/// The newest records of deleted users, of one run or of all, that a person picked; `None` if there is
/// nobody to pick from.
fn pick(run: Option<i64>, context: &Context<'_>) -> anyhow::Result<Option<Vec<PastChange>>> {
    picking::require_terminal(context.output, "say --run, or name the users")?;
    let store = context.store().read()?;
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
    let mut candidates = Vec::new();
    for (record, before) in newest(records) {
        let origin = before.origin();
        if is_in_store(store, record.user, &before)? {
            continue;
        }
        let values = before.values();
        let note = format!("run {}, {}", record.run, local_time(record.at));
        let item = picking::item(&values.profile, note);
        let conflicts = preview::conflicts(Import::new(&origin, &values), store)?;
        candidates.push((record, picking::refused(item, &conflicts)));
    }
    Ok(candidates)
}
