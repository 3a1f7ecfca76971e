//! `adsync restore`: deleted users are brought back, with the values they had.

use std::collections::HashSet;

use crate::cli;
use crate::commands::ending::{Target, Terms, finish, with_target};
use crate::commands::{Context, names};
use crate::exit_code::ExitCode;
use crate::failure::{Failure, Kind};
use crate::plan::{Findings, Import};
use crate::store::{Mode, PastChange, Reader, Run};
use crate::user::Folded;

/// Runs the command.
pub fn run(arguments: &cli::Restore, context: &Context<'_>) -> anyhow::Result<ExitCode> {
    if arguments.run.is_none() {
        names::require(&arguments.names)?;
    }
    let mut run = Run::begin("restore", context.settings.sync.history_days);
    run.mode = Mode::Selected;
    with_target(context, run, arguments.dry_run, |target, run| {
        let records = match arguments.run {
            Some(number) => deleted_by(target.reader(), number)?,
            None => newest_of(target.reader(), &arguments.names)?,
        };
        let findings = findings(records, target, context)?;
        // Whoever was asked for and stays away is a failure of this command.
        finish(
            findings,
            target,
            run,
            &Terms::exactly(0, true),
            context.output,
        )
    })
}

fn deleted_by(store: &Reader, number: i64) -> anyhow::Result<Vec<PastChange>> {
    if store.run(number)?.is_none() {
        return Err(
            Failure::new(Kind::UnknownName, format!("no run {number} in the history"))
                .hint(
                    "`adsync history` lists the runs; those older than history_days are forgotten",
                )
                .into(),
        );
    }
    let mut changes = store.changes_of_run(number)?;
    changes.retain(|change| change.action == "deleted");
    if changes.is_empty() {
        return Err(
            Failure::new(Kind::UnknownName, format!("run {number} deleted nobody"))
                .hint(format!("`adsync history {number}` shows what it did"))
                .into(),
        );
    }
    Ok(changes)
}

/// The newest record of each name.
fn newest_of(store: &Reader, arguments: &[String]) -> anyhow::Result<Vec<PastChange>> {
    let deletions = store.deletions()?;
    let find = |name: &str| {
        let folded = Folded::new(name);
        let is_it = |it: &&PastChange| Folded::new(&it.username) == folded;
        deletions.iter().find(is_it)
    };
    let mut found: Vec<PastChange> = Vec::new();
    let mut unknown = Vec::new();
    for name in names::split(arguments, |name| Ok(find(name).is_some()))? {
        match find(&name).or_else(|| find(name.trim())) {
            Some(record) => found.push(record.clone()),
            None => unknown.push(name),
        }
    }
    if unknown.is_empty() {
        found.sort_by_key(|record| std::cmp::Reverse(record.run));
        return Ok(found);
    }
    let known: Vec<String> = deletions.into_iter().map(|it| it.username).collect();
    Err(names::unknown_names(&unknown, &known, "among the deleted users of the history").into())
}

fn findings(
    records: Vec<PastChange>,
    target: &Target,
    context: &Context<'_>,
) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let mut rows = HashSet::new();
    let mut guids = HashSet::new();
    for record in records {
        let Some(before) = record.before.filter(|_| rows.insert(record.user)) else {
            continue;
        };
        let origin = before.origin();
        let is_back = match origin.guid() {
            Some(guid) => target.reader().by_guid(guid)?.is_some(),
            None => target.reader().by_id(record.user)?.is_some(),
        };
        // One that was deleted, imported again and deleted under another name: the newest record counts.
        if origin.guid().is_some_and(|guid| !guids.insert(guid)) {
            continue;
        }
        if is_back {
            context
                .output
                .note(&format!("{} is in the store already", before.username));
            findings.unchanged += 1;
            continue;
        }
        findings.new.push(Import {
            origin,
            values: before.values(),
            returns_as: Some(record.user),
            arrival: 0,
        });
    }
    Ok(findings)
}
