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
    let users = if let Some(path) = &arguments.from_csv {
        let place = |(line, values)| (Some(line), values);
        file::read(path)?.into_iter().map(place).collect()
    } else {
        let values = Values {
            profile: arguments.profile(),
            enabled: true,
        };
        vec![(None, values)]
    };
    let run = context.begin(Command::Add, Mode::Selected);
    context.with_target(run, arguments.dry_run, |target, run| {
        // A named user that cannot be added is a failure of this command.
        let options = RunOptions::exactly(0, true);
        context.finish(findings(users), target, run, &options)
    })
}

/// The users to add; those of a file come with their line.
fn findings(users: Vec<(Option<u64>, Values)>) -> Findings {
    let mut findings = Findings::default();
    for (line, values) in users {
        if let Some(reason) = values.profile.defect() {
            findings.failed.push(FailedUser {
                user: None,
                guid: None,
                username: values.profile.username,
                dn: None,
                reason: line.map_or(reason.clone(), |line| format!("line {line}: {reason}")),
            });
        } else {
            findings.new.push(Import::new(&Origin::Local, &values));
        }
    }
    findings
}
