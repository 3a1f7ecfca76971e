//! `adsync remove`: users are taken out of the store; the directory is never written.

use crate::commands::ending::{Terms, finish, with_target};
use crate::commands::survey::is_imported;
use crate::commands::{Context, names};
use crate::exit_code::ExitCode;
use crate::plan::{Deletion, Evidence, Findings};
use crate::store::{Mode, Run};

/// Runs the command.
pub fn run(usernames: &[String], context: &Context<'_>) -> anyhow::Result<ExitCode> {
    names::require(usernames)?;
    let mut run = Run::begin("remove", context.settings.sync.history_days);
    run.mode = Mode::Selected;
    with_target(context, run, false, |target, run| {
        let users = names::resolve(target.reader(), usernames)?;
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
        let terms = Terms::exactly(deletions.len() as u64, false);
        let findings = Findings {
            deletions,
            ..Findings::default()
        };
        finish(findings, target, run, &terms, context.output)
    })
}
