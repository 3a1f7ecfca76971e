//! `adsync sync`: imported users are brought in step with the directory.

use crate::cli;
use crate::commands::attempts::with_directory;
use crate::commands::ending::{self, Terms, finish, with_target};
use crate::commands::reading::{self, Reach, Reading};
use crate::commands::survey::is_imported;
use crate::commands::{Context, names, picking, presence};
use crate::directory::Directory;
use crate::error::{Failure, Kind};
use crate::exit_code::ExitCode;
use crate::output::picker::Purpose;
use crate::plan::Allowed;
use crate::store::{Mode, Reader, Run};
use crate::user::StoredUser;

/// Runs the command.
pub fn run(arguments: &cli::Sync, context: &Context<'_>) -> anyhow::Result<ExitCode> {
    let settings = &context.settings.sync;
    let page = ending::page(&arguments.ending, &context.settings)?;
    let Some(whom) = Whom::of(arguments, context)? else {
        return Ok(ExitCode::Done);
    };
    let run = Run::begin("sync", settings.history_days);
    with_target(context, run, arguments.ending.dry_run, |target, run| {
        let mark = reading::likely_mark(target.reader(), context)?;
        let chosen = whom.choose(target.reader())?;
        target.expect_changes(chosen.is_some())?;
        let store = target.reader();
        if let Some(users) = &chosen {
            run.mode = Mode::Selected;
            run.selected = Some(users.iter().map(|user| user.id).collect());
        }
        let reading = with_directory(context, mark.as_ref(), |directory| {
            let reach = Reach {
                delete_missing: arguments.delete_missing,
                ..reading::reach(store, directory, run, context)?
            };
            match &chosen {
                Some(users) => selected(store, directory, users, &reach),
                None => reading::everybody(store, directory, &reach, arguments.full),
            }
        })?;
        let findings = reading.note_in(run);
        let allowed = Allowed {
            deletes: arguments.allow_deletes,
            missing: arguments.allow_missing,
            ..arguments.allow.allowed()
        };
        let is_meant = chosen.is_some_and(|users| users.len() == 1);
        let terms = Terms::new(settings.limits, allowed, &arguments.ending, page)
            .meaning(is_meant)
            .asking(!arguments.yes);
        finish(findings, target, run, &terms, context)
    })
}

/// What the directory says of the chosen users.
fn selected(
    store: &Reader,
    directory: &mut Directory,
    users: &[StoredUser],
    reach: &Reach<'_>,
) -> anyhow::Result<Reading> {
    let ours = store.ours(&reach.domain)?;
    refuse_foreign(users.iter().filter(|user| !ours.has(user)), reach)?;
    let survey = reading::named(store, directory, users, reach)?;
    // Those whose domain was only known from their DN, or not at all, and whom this one does not have either.
    let is_foreign = |user: &&StoredUser| !(survey.is_of_domain(user) || survey.has_seen(user.id));
    refuse_foreign(users.iter().filter(is_foreign), reach)?;
    let (findings, _) = survey.finish();
    Ok(Reading {
        findings,
        mode: Mode::Selected,
        scope_users: None,
        marking: reading::mark_after_part(store, directory, &reach.domain, reach.context)?,
        settings: reading::question(directory, reach.context),
        adopted: 0,
    })
}

/// Refuses users of another domain than the one that is read: this run cannot say anything about them.
fn refuse_foreign<'a>(
    foreign: impl Iterator<Item = &'a StoredUser>,
    reach: &Reach<'_>,
) -> anyhow::Result<()> {
    let foreign: Vec<&str> = foreign
        .map(|user| user.values.profile.username.as_str())
        .collect();
    if foreign.is_empty() {
        return Ok(());
    }
    let message = format!(
        "of another domain than {}: {}",
        reach.domain.dn,
        foreign.join(", ")
    );
    Err(Failure::new(Kind::UnknownName, message)
        .hint("run adsync with the settings of their domain; `adsync list --columns username,domain` shows it")
        .into())
}

/// Whom the command line means.
enum Whom<'a> {
    Everybody,
    Named(&'a [String]),
    Picked(Vec<StoredUser>),
}

impl<'a> Whom<'a> {
    /// None if there is nobody to pick from.
    fn of(arguments: &'a cli::Sync, context: &Context<'_>) -> anyhow::Result<Option<Self>> {
        if arguments.interactive {
            return Ok(pick(context)?.map(Self::Picked));
        }
        if !arguments.users.is_empty() {
            names::require(&arguments.users)?;
        }
        presence::require(context)?;
        Ok(Some(if arguments.users.is_empty() {
            Self::Everybody
        } else {
            Self::Named(&arguments.users)
        }))
    }

    /// The chosen users, as the store has them; none for all of them.
    fn choose(&self, store: &Reader) -> anyhow::Result<Option<Vec<StoredUser>>> {
        match self {
            Self::Everybody => Ok(None),
            Self::Named(names) => named(store, names).map(Some),
            Self::Picked(users) => picking::again(store, users).map(Some),
        }
    }
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
    let picked = picking::from_store(context, &purpose, note)?;
    if picked.is_none() {
        let note = "nobody to pick: there are no imported users in the store";
        context.output.note(note);
    }
    Ok(picked)
}

fn named(store: &Reader, names: &[String]) -> anyhow::Result<Vec<StoredUser>> {
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
