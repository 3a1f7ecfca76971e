//! `adsync list`: the users of the store.

use std::io;

use crate::cli::{self, Format};
use crate::commands::Context;
use crate::error::{Failure, Kind};
use crate::exit_code::ExitCode;
use crate::output::{Output, csv, json, table};
use crate::store::{Listing, Reader, StoreError};
use crate::user::{Column, Folded, Profile, StoredUser};

/// Runs the command.
pub fn run(arguments: &cli::List, context: &Context<'_>) -> anyhow::Result<ExitCode> {
    let output = context.output;
    let columns = Some(arguments.columns.as_slice()).filter(|columns| !columns.is_empty());
    if columns.is_some() && output.format == Format::Json {
        let message = "--columns is for tables and CSV; JSON always has all keys";
        return Err(Failure::new(Kind::Usage, message)
            .hint("leave --columns out, or say --format csv")
            .into());
    }
    let store = Reader::open(&context.settings.store_path)?;
    if output.format == Format::Table && store.user_count()? == 0 {
        output.note(&format!(
            "no users in {}; `adsync import --help` says how to bring them in",
            store.path().display()
        ));
        return Ok(ExitCode::Done);
    }
    let list = List {
        store: &store,
        listing: Listing {
            sort: arguments.sort,
            reverse: arguments.reverse,
            standings: arguments.status.clone(),
            source: arguments.source,
        },
        text: arguments.filter.as_deref().map(Folded::new),
    };
    list.print(columns, output)?;
    Ok(ExitCode::Done)
}

/// The users that were asked for.
struct List<'a> {
    store: &'a Reader,
    listing: Listing,
    /// What one of their names must have.
    text: Option<Folded>,
}

impl List<'_> {
    /// A user at a time: a large store is not held in memory.
    fn print(&self, columns: Option<&[Column]>, output: &Output) -> anyhow::Result<()> {
        match output.format {
            Format::Table => {
                let mut left_out = Vec::new();
                let mut is_empty = true;
                stream(output, |out| {
                    let mut users = table::Users::begin(out, output, columns);
                    self.each(&mut |user| {
                        is_empty = false;
                        users.write(user)
                    })?;
                    left_out = users.end()?;
                    Ok(())
                })?;
                if is_empty {
                    output.note("no user of the store matches");
                }
                note_left_out(&left_out, output);
                Ok(())
            }
            Format::Json => stream(output, |out| {
                let mut users = json::Users::begin(out)?;
                self.each(&mut |user| users.write(user))?;
                Ok(users.end()?)
            }),
            Format::Csv => stream(output, |out| {
                let mut users = csv::Users::begin(out, columns)?;
                self.each(&mut |user| users.write(user))?;
                Ok(users.end()?)
            }),
        }
    }

    fn each(&self, write: &mut dyn FnMut(&StoredUser) -> io::Result<()>) -> Result<(), Stop> {
        self.store.for_each_user(&self.listing, &mut |user| {
            let text = self.text.as_ref();
            if text.is_none_or(|text| has(&user.values.profile, text)) {
                write(&user)?;
            }
            Ok(())
        })
    }
}

/// Whether one of its names, or its email address, has the text.
fn has(profile: &Profile, text: &Folded) -> bool {
    let full_name = profile.full_name();
    [
        Some(profile.username.as_str()),
        Some(full_name.as_str()),
        profile.email.as_deref(),
    ]
    .into_iter()
    .flatten()
    .any(|name| Folded::new(name).as_str().contains(text.as_str()))
}

fn note_left_out(columns: &[Column], output: &Output) {
    if !columns.is_empty() {
        let names: Vec<&str> = columns.iter().map(|column| column.name()).collect();
        let names = names.join(", ");
        output.note(&format!(
            "no room for {names}; --columns and --format show them"
        ));
    }
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
