//! `adsync list`: the users in the store.

use std::io;

use crate::cli::{self, Format};
use crate::commands::Context;
use crate::error::{Failure, Kind};
use crate::exit_code::ExitCode;
use crate::output::{Output, csv, json, table};
use crate::store::{Listing, View};
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
    let store = context.store()?.read()?;
    if output.format == Format::Table && store.counts()?.all() == 0 {
        output.note(&format!(
            "no users in {}; `adsync import --help` says how to bring them in",
            store.location()
        ));
        return Ok(ExitCode::Done);
    }
    let list = List {
        store: &*store,
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

/// The requested users.
struct List<'a> {
    store: &'a dyn View,
    listing: Listing,
    /// Text that one of their names must contain.
    text: Option<Folded>,
}

impl List<'_> {
    /// One user at a time, so a large store is never held in memory.
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

    fn each(&self, write: &mut dyn FnMut(&StoredUser) -> io::Result<()>) -> anyhow::Result<()> {
        self.store.list(&self.listing, &mut |user| {
            let text = self.text.as_ref();
            if text.is_none_or(|text| has(&user.values.profile, text)) {
                write(&user)?;
            }
            Ok(())
        })
    }
}

/// Whether one of its names, or its email address, contains the text.
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

fn stream(
    output: &Output,
    write: impl FnOnce(&mut dyn io::Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut trouble = Ok(());
    // Errors of standard output belong to whoever writes to it; the rest are the store's.
    output.stream(|out| match write(out).map_err(anyhow::Error::downcast) {
        Ok(()) => Ok(()),
        Err(Ok(error)) => Err(error),
        Err(Err(error)) => {
            trouble = Err(error);
            Ok(())
        }
    })?;
    trouble
}
