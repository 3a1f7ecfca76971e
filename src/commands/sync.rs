//! `adsync sync`: imported users are brought in step with the directory.

use crate::cli;
use crate::commands::attempts::with_directory;
use crate::commands::ending::{Terms, finish, with_target};
use crate::commands::survey::{Survey, guids, is_imported};
use crate::commands::{Context, names};
use crate::compare::Newcomers;
use crate::directory::Selection;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, Kind};
use crate::plan::{Findings, Guard};
use crate::store::{Mode, Reader, Run};
use crate::user::StoredUser;

/// Runs the command.
pub fn run(arguments: &cli::Sync, context: &Context<'_>) -> anyhow::Result<ExitCode> {
    let settings = &context.settings.sync;
    if !arguments.users.is_empty() {
        names::require(&arguments.users)?;
    }
    let run = Run::begin("sync", settings.history_days);
    with_target(context, run, arguments.ending.dry_run, |target, run| {
        let store = target.reader();
        let imported = store.imported_count()?;
        let chosen = choose(store, &arguments.users)?;
        if let Some(users) = &chosen {
            run.mode = Mode::Selected;
            run.selected = users.iter().map(|user| user.id).collect();
        } else {
            let note = format!("synchronising all {imported} imported users");
            context.output.note(&note);
        }
        let findings = read(store, chosen.as_deref(), context)?;
        let guard = Guard {
            max_deletes: settings.max_deletes,
            imported,
            allow_deletes: arguments.allow_deletes,
        };
        let terms = Terms::new(guard, &arguments.ending);
        finish(findings, target, run, &terms, context.output)
    })
}

/// What the directory says of the chosen users, or of all that were imported.
fn read(
    store: &Reader,
    chosen: Option<&[StoredUser]>,
    context: &Context<'_>,
) -> anyhow::Result<Findings> {
    with_directory(context, |directory| {
        let what = format!("reading {}", directory.base());
        let total = chosen.map(|users| users.len() as u64);
        let progress = context.output.progress(&what, total);
        let mut survey = Survey::new(store, directory, Newcomers::Ignore, progress).among(chosen);
        match chosen {
            None => _ = directory.read(&Selection::All, |users| survey.take(users))?,
            Some(users) => directory.read_guids(&guids(users), |users| survey.take(users))?,
        }
        survey.settle_repeated(directory)?;
        survey.settle_missing(directory, chosen, context.settings.sync.out_of_scope)?;
        Ok(survey.finish())
    })
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
