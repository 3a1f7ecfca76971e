//! `adsync sync`: imported users are brought in step with the directory.

use crate::cli;
use crate::commands::ending::{Target, finish};
use crate::commands::survey::{Survey, guids, is_imported};
use crate::commands::{connect, names};
use crate::compare::Newcomers;
use crate::config::Settings;
use crate::directory::Selection;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, Kind};
use crate::output::Output;
use crate::plan::Guard;
use crate::store::{Mode, Reader, Run};
use crate::user::StoredUser;

/// Runs the command.
pub fn run(
    arguments: &cli::Sync,
    settings: &Settings,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let mut run = Run::begin("sync", settings.sync.history_days);
    let target = Target::open(&settings.store_path, run.command, &arguments.ending)?;
    let store = target.reader();
    let imported = store.imported_count()?;

    let chosen = choose(store, &arguments.users)?;
    if let Some(users) = &chosen {
        run.mode = Mode::Selected;
        run.selected = users.iter().map(|user| user.id).collect();
    } else {
        output.note(&format!("synchronising all {imported} imported users"));
    }

    let mut directory = connect(settings, output)?;
    let total = chosen.as_ref().map_or(imported, |users| users.len() as u64);
    let what = format!("reading {}", directory.base());
    let progress = output.progress(&what, chosen.as_ref().map(|_| total));
    let mut survey = Survey::new(store, &directory, Newcomers::Ignore, progress);
    match &chosen {
        None => _ = directory.read(&Selection::All, |users| survey.take(users))?,
        Some(users) => directory.read_guids(&guids(users), |users| survey.take(users))?,
    }
    survey.settle_repeated(&mut directory)?;
    survey.settle_missing(
        &mut directory,
        chosen.as_deref(),
        settings.sync.out_of_scope,
    )?;
    let findings = survey.finish();

    let guard = Guard {
        max_deletes: settings.sync.max_deletes,
        imported,
        allow_deletes: arguments.allow_deletes,
    };
    finish(findings, target, &guard, &run, &arguments.ending, output)
}

/// The users that the command line names; none for all of them.
fn choose(store: &Reader, names: &[String]) -> anyhow::Result<Option<Vec<StoredUser>>> {
    if names.is_empty() {
        return Ok(None);
    }
    let users = names::resolve(store, names)?;
    let local: Vec<&str> = users
        .iter()
        .filter(|user| !is_imported(user))
        .map(|user| user.values.profile.username.as_str())
        .collect();
    if !local.is_empty() {
        let message = format!("not from the directory, but local: {}", local.join(", "));
        return Err(Failure::new(Kind::UnknownName, message)
            .hint("only imported users can be synchronised")
            .into());
    }
    Ok(Some(users))
}
