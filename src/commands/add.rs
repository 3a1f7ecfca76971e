//! `adsync add`: local users.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::cli;
use crate::commands::{Context, RunOptions};
use crate::error::{Failure, Kind};
use crate::exit_code::ExitCode;
use crate::plan::{FailedUser, Findings, Import};
use crate::store::{Command, Mode};
use crate::user::{Field, Origin, Profile, Values};

/// Runs the command.
pub fn run(arguments: &cli::Add, context: &Context<'_>) -> anyhow::Result<ExitCode> {
    let profiles = match &arguments.from_csv {
        Some(path) => read(path)?,
        None => vec![arguments.profile()],
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

/// All users of a CSV file; if a line cannot be read, none is added.
fn read(path: &Path) -> Result<Vec<Profile>, Failure> {
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(|error| unreadable(path, &error))?)
    };
    let wrong = |error: csv::Error| unreadable(path, &error);
    let mut csv = csv::Reader::from_reader(input);
    let header = csv.headers().map_err(wrong)?;
    let columns = columns(header).map_err(|what| unreadable(path, &what))?;
    let profile = |line: csv::StringRecord| {
        Profile::from_fn(|field| {
            let column = columns.iter().position(|it| *it == field);
            let value = column.and_then(|column| line.get(column));
            value.filter(|it| !it.is_empty()).map(str::to_owned)
        })
    };
    let lines = csv.records();
    lines.map(|line| line.map(profile).map_err(wrong)).collect()
}

/// The field of each column.
fn columns(header: &csv::StringRecord) -> Result<Vec<Field>, String> {
    let mut columns = Vec::new();
    for name in header {
        let field = Field::TEXT.into_iter().find(|it| it.name() == name);
        match field {
            Some(field) if columns.contains(&field) => {
                return Err(format!("there are two columns {name}"));
            }
            Some(field) => columns.push(field),
            None => return Err(format!("there is no field {name:?}")),
        }
    }
    if !columns.contains(&Field::Username) {
        return Err("there is no column username".to_owned());
    }
    Ok(columns)
}

fn unreadable(path: &Path, what: &dyn fmt::Display) -> Failure {
    let [username, others @ ..] = Field::TEXT.map(Field::name);
    Failure::new(
        Kind::Usage,
        format!("cannot read {}: {what}", path.display()),
    )
    .hint(format!(
        "it must be CSV with a header of {username} and any of {}",
        others.join(", ")
    ))
}
