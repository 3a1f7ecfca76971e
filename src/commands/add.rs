//! `adsync add`: local users.

mod file;

use crate::cli;
use crate::commands::{Context, RunOptions};
use crate::exit_code::ExitCode;
use crate::plan::{FailedUser, Findings, Import};
use crate::store::{Command, Mode};
use crate::user::{Origin, Values};

/// Runs the command.
pub fn run(arguments: &cli::Add, context: &Context<'_>) -> anyhow::Result<ExitCode> {
    let users = match &arguments.from_csv {
        Some(path) => file::read(path)?,
        None => vec![Values {
            profile: arguments.profile(),
            enabled: true,
        }],
    };
    let run = context.begin(Command::Add, Mode::Selected);
    context.with_target(run, arguments.dry_run, |target, run| {
        // A named user that cannot be added is a failure of this command.
        let options = RunOptions::exactly(0, true);
        context.finish(findings(users), target, run, &options)
    })
}

fn findings(users: Vec<Values>) -> Findings {
    let mut findings = Findings::default();
    for values in users {
        if let Some(reason) = values.profile.defect() {
            findings.failed.push(FailedUser {
                user: None,
                guid: None,
                username: values.profile.username,
                dn: None,
                reason,
            });
        } else {
            findings.new.push(Import::new(&Origin::Local, &values));
        }
    }
    findings
}
