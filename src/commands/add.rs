//! `adsync add`: local users.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Deserialize;

use crate::cli;
use crate::commands::{Context, RunOptions};
use crate::error::{Failure, Kind};
use crate::exit_code::ExitCode;
use crate::plan::{FailedUser, Findings, Import};
use crate::store::{Command, Mode};
use crate::user::{Origin, Profile, Values};

/// A line of the CSV file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    username: String,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    first_name: Option<String>,
    #[serde(default)]
    last_name: Option<String>,
    #[serde(default)]
    contact_number: Option<String>,
}

/// Runs the command.
pub fn run(arguments: cli::Add, context: &Context<'_>) -> anyhow::Result<ExitCode> {
    let profiles = match arguments.from_csv {
        Some(path) => read(&path)?,
        None => vec![profile(Line {
            username: arguments.username.unwrap_or_default(),
            email: arguments.email,
            first_name: arguments.first_name,
            last_name: arguments.last_name,
            contact_number: arguments.contact_number,
        })],
    };
    let run = context.begin(Command::Add, Mode::Selected);
    context.with_target(run, arguments.dry_run, |target, run| {
        // A named user that cannot be added is a failure of this command.
        let options = RunOptions::exactly(0, true);
        context.finish(findings(profiles), target, run, &options)
    })
}

fn findings(profiles: Vec<Profile>) -> Findings {
    let mut findings = Findings::default();
    for profile in profiles {
        if let Some(reason) = profile.defect() {
            findings.failed.push(FailedUser {
                user: None,
                guid: None,
                username: profile.username,
                dn: None,
                reason,
            });
        } else {
            let values = Values {
                profile,
                enabled: true,
            };
            findings.new.push(Import::new(&Origin::Local, &values));
        }
    }
    findings
}

fn profile(line: Line) -> Profile {
    let some = |value: Option<String>| value.filter(|value| !value.is_empty());
    Profile {
        username: line.username,
        first_name: some(line.first_name),
        last_name: some(line.last_name),
        email: some(line.email),
        contact_number: some(line.contact_number),
    }
}

/// All users of a CSV file; if a line cannot be read, none is added.
fn read(path: &Path) -> Result<Vec<Profile>, Failure> {
    let wrong = |what: String| {
        Failure::new(Kind::Usage, format!("cannot read {}: {what}", path.display())).hint(
            "it must be CSV with a header of username and any of email, first_name, last_name, contact_number",
        )
    };
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(|error| wrong(error.to_string()))?)
    };
    csv::Reader::from_reader(input)
        .into_deserialize()
        .map(|line| line.map(profile).map_err(|error| wrong(error.to_string())))
        .collect()
}
