//! `adsync sync`: refreshes imported users from the directory.

use crate::cli;
use crate::commands::{Context, RunOptions, names, page, picking, require_store};
use crate::error::{Failure, Kind};
use crate::exit_code::ExitCode;
use crate::output::picker::Purpose;
use crate::plan::Allowed;
use crate::run::reach::Reach;
use crate::run::reconcile::is_imported;
use crate::run::strategy;
use crate::store::{Command, Mode, View};
use crate::user::StoredUser;

/// Runs the command.
pub fn run(arguments: &cli::Sync, context: &Context<'_>) -> anyhow::Result<ExitCode> {
    let settings = &context.settings.sync;
    let page = page(&arguments.ending, &context.settings)?;
    let picked = if arguments.interactive {
        let Some(picked) = pick(context)? else {
            return Ok(ExitCode::Done);
        };
        Some(picked)
    } else {
        if !arguments.users.is_empty() {
            names::require(&arguments.users)?;
        }
        require_store(context)?;
        None
    };
    let run = context.begin(Command::Sync, Mode::Full);
    context.with_target(run, arguments.ending.dry_run, |target, run| {
        let engine = context.engine();
        let mark = strategy::likely_mark(target.view(), &engine)?;
        // As the store has them; none is everybody.
        let chosen = match &picked {
            Some(picked) => Some(picking::again(target.view(), picked)?),
            None if arguments.users.is_empty() => None,
            None => Some(named(target.view(), &arguments.users)?),
        };
        target.expect_changes(chosen.is_some())?;
        let store = target.view();
        if let Some(users) = &chosen {
            run.mode = Mode::Selected;
            run.selected = Some(users.iter().map(|user| user.id).collect());
        }
        let reading = context.with_directory(mark.as_ref(), |directory| {
            let reach = Reach {
                delete_missing: arguments.delete_missing,
                ..Reach::of(store, directory, run, &engine)?
            };
            match &chosen {
                Some(users) => strategy::selected(store, directory, users, &reach),
                None => strategy::everybody(store, directory, &reach, arguments.full),
            }
        })?;
        let findings = reading.note_in(run);
        let allowed = Allowed {
            deletes: arguments.allow_deletes,
            missing: arguments.allow_missing,
            ..arguments.allow.allowed()
        };
        let mut options = RunOptions::new(settings.limits, allowed, &arguments.ending, page);
        options.guard.is_meant = chosen.is_some_and(|users| users.len() == 1);
        options.ask = !arguments.yes;
        context.finish(findings, target, run, &options)
    })
}

fn pick(context: &Context<'_>) -> anyhow::Result<Option<Vec<StoredUser>>> {
    picking::require_terminal(context.output, "name the users with --users alice,bob")?;
    let purpose = Purpose {
        title: "Synchronise imported users".to_owned(),
        verb: "synchronise",
        note_title: "STATUS",
    };
    let status = |user: &StoredUser| user.status.name().replace('_', " ");
    let note = |user: &StoredUser| is_imported(user).then(|| status(user));
    let nobody = "there are no imported users in the store";
    picking::from_store(context, &purpose, nobody, note)
}

fn named(store: &dyn View, names: &[String]) -> anyhow::Result<Vec<StoredUser>> {
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
    Ok(users)
}
