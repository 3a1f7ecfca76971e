//! `adsync remove`: removes users from the store; the directory is never written.

use crate::cli;
use crate::commands::{Context, RunOptions, names, picking, require_store};
use crate::exit_code::ExitCode;
use crate::output::picker::Purpose;
use crate::plan::{Deletion, Evidence, Findings};
use crate::run::reconcile::is_imported;
use crate::store::{Command, Mode};
use crate::user::StoredUser;

/// Runs the command.
pub fn run(arguments: &cli::Remove, context: &Context<'_>) -> anyhow::Result<ExitCode> {
    let picked = if arguments.interactive {
        let Some(picked) = pick(context)? else {
            return Ok(ExitCode::Done);
        };
        Some(picked)
    } else {
        names::require(&arguments.usernames)?;
        require_store(context)?;
        None
    };
    let run = context.begin(Command::Remove, Mode::Selected);
    context.with_target(run, arguments.dry_run, |target, run| {
        let users = match &picked {
            Some(picked) => picking::again(target.view(), picked)?,
            None => names::resolve_each(target.view(), &arguments.usernames)?,
        };
        if users.iter().any(is_imported) {
            let note = "the directory keeps them: `adsync import` would bring them back";
            context.output.note(note);
        }
        let deletions: Vec<Deletion> = users
            .into_iter()
            .map(|user| Deletion {
                user,
                evidence: Evidence::Removed,
            })
            .collect();
        // A typed name is meant; a key is pressed by accident more easily.
        let options = RunOptions {
            ask: picked.is_some(),
            ..RunOptions::exactly(deletions.len() as u64, false)
        };
        let findings = Findings {
            deletions,
            ..Findings::default()
        };
        context.finish(findings, target, run, &options)
    })
}

fn pick(context: &Context<'_>) -> anyhow::Result<Option<Vec<StoredUser>>> {
    picking::require_terminal(context.output, "name the users: adsync remove alice bob")?;
    let purpose = Purpose {
        title: "Remove users from the store".to_owned(),
        verb: "remove",
        note_title: "SOURCE",
    };
    let source = |user: &StoredUser| Some(user.origin.name().to_owned());
    let nobody = "there are no users in the store";
    picking::from_store(context, &purpose, nobody, source)
}
