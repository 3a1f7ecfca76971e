//! `adsync set`: new values of a local user.

use crate::cli;
use crate::commands::{Context, RunOptions, names, require_store};
use crate::error::{Failure, Kind};
use crate::exit_code::ExitCode;
use crate::plan::{FailedUser, Findings, Update};
use crate::run::reconcile::is_imported;
use crate::store::{Command, Mode};
use crate::user::{Field, StoredUser};

/// Runs the command.
pub fn run(arguments: &cli::Set, context: &Context<'_>) -> anyhow::Result<ExitCode> {
    require_store(context)?;
    let run = context.begin(Command::Set, Mode::Selected);
    context.with_target(run, arguments.dry_run, |target, run| {
        let name = std::slice::from_ref(&arguments.user);
        let users = names::resolve_each(target.view(), name)?;
        let mut findings = Findings::default();
        for user in users {
            if is_imported(&user) {
                let username = &user.values.profile.username;
                let message =
                    format!("{username} was imported; its values come from the directory");
                return Err(Failure::new(Kind::Usage, message)
                    .hint("change them there; the next sync brings them here")
                    .into());
            }
            set(user, arguments, &mut findings);
        }
        // A named user that cannot be changed is a failure of this command.
        let options = RunOptions::exactly(0, true);
        context.finish(findings, target, run, &options)
    })
}

fn set(user: StoredUser, arguments: &cli::Set, findings: &mut Findings) {
    let mut next = user.clone();
    for field in Field::TEXT {
        if let Some(value) = arguments.value(field) {
            // An empty username is told, and not passed over.
            let is_value = field == Field::Username || !value.is_empty();
            let value = is_value.then(|| value.to_owned());
            next.values.profile.set(field, value);
        }
    }
    match next.values.profile.defect() {
        // It is the command that fails: the user stays as it is.
        Some(reason) => findings.failed.push(FailedUser {
            user: None,
            ..FailedUser::of(user, reason)
        }),
        None if next == user => findings.unchanged += 1,
        None => findings.changed.push(Update { user, next }),
    }
}
