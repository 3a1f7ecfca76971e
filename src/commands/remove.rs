//! `adsync remove`: users are taken out of the store; the directory is never written.

use crate::cli;
use crate::commands::ending::{Target, finish};
use crate::commands::names;
use crate::commands::survey::is_imported;
use crate::config::Settings;
use crate::exit_code::ExitCode;
use crate::output::Output;
use crate::plan::{Deletion, Evidence, Findings, Guard};
use crate::store::{Mode, Run, Writer};

/// Runs the command.
pub fn run(usernames: &[String], settings: &Settings, output: &Output) -> anyhow::Result<ExitCode> {
    let mut run = Run::begin("remove", settings.sync.history_days);
    run.mode = Mode::Selected;
    let store = Writer::open(&settings.store_path, run.command)?;
    let users = names::resolve(&store, usernames)?;
    if users.iter().any(is_imported) {
        output.note("the directory keeps them: `adsync import` would bring them back");
    }
    let deletions: Vec<Deletion> = users
        .into_iter()
        .map(|user| Deletion {
            user,
            evidence: Evidence::Removed,
        })
        .collect();
    let guard = Guard::exactly(deletions.len() as u64);
    let findings = Findings {
        deletions,
        ..Findings::default()
    };
    let ending = cli::Ending {
        dry_run: false,
        exit_code: false,
        strict: false,
    };
    finish(
        findings,
        Target::Store(store),
        &guard,
        &run,
        &ending,
        output,
    )
}
