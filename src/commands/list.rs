//! `adsync list`: the users of the store.

use std::io;

use crate::cli::Format;
use crate::commands::Context;
use crate::exit_code::ExitCode;
use crate::output::{Output, csv, json, table};
use crate::store::{Reader, StoreError};

/// Runs the command.
pub fn run(context: &Context<'_>) -> anyhow::Result<ExitCode> {
    let store = Reader::open(&context.settings.store_path)?;
    let output = context.output;
    // A user at a time: a large store is not held in memory.
    match output.format {
        Format::Table if store.user_count()? == 0 => output.note(&format!(
            "no users in {}; `adsync import --help` says how to bring them in",
            store.path().display()
        )),
        Format::Table => stream(output, |out| {
            let mut users = table::Users::begin(out, output);
            store.for_each_user(&mut |user| Ok::<_, Stop>(users.write(&user)?))?;
            Ok(users.end()?)
        })?,
        Format::Json => stream(output, |out| {
            let mut users = json::Users::begin(out)?;
            store.for_each_user(&mut |user| Ok::<_, Stop>(users.write(&user)?))?;
            Ok(users.end()?)
        })?,
        Format::Csv => stream(output, |out| {
            let mut users = csv::Users::begin(out)?;
            store.for_each_user(&mut |user| Ok::<_, Stop>(users.write(&user)?))?;
            Ok(users.end()?)
        })?,
    }
    Ok(ExitCode::Done)
}

/// Why a list ends early.
enum Stop {
    Output(io::Error),
    Store(StoreError),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn stream(
    output: &Output,
    write: impl FnOnce(&mut dyn io::Write) -> Result<(), Stop>,
) -> anyhow::Result<()> {
    let mut trouble = None;
    output.stream(|out| match write(out) {
        Ok(()) => Ok(()),
        Err(Stop::Output(error)) => Err(error),
        Err(Stop::Store(error)) => {
            trouble = Some(error);
            Ok(())
        }
    })?;
    trouble.map_or(Ok(()), |error| Err(error.into()))
}
