//! Measures adsync side by side with `ldapsearch`, which does nothing but read, against the same
//! servers, and prints tables in Markdown. `docs/benchmarks.md` says how to run it and what came out.

mod django;
mod endpoint;
mod folder;
mod ldap_tools;
mod machine;
mod measure;
mod memory;
mod options;
mod process;
mod report;
mod rounds;
mod serve;
mod site;
mod slapd;
mod statistics;
mod suites;
#[path = "../../tests/support/mod.rs"]
mod support;
mod table;
mod targets;
mod users;

use std::io::{self, Write};

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};

use options::Options;
use suites::Server;

fn main() -> Result<()> {
    let options = Options::parse();
    if let Some(users) = options.serve {
        return serve::run(users);
    }
    if let Some(users) = options.make_domain {
        suites::samba::make_domain(users);
        return Ok(());
    }
    if options.list {
        return list();
    }
    say(&machine::facts()?)?;
    let mut batches = Vec::new();
    for measurement in options.measurements() {
        let batch = suites::run(measurement)?;
        say(&table::batch(&batch))?;
        batches.push(batch);
    }
    let conclusions = [table::growth(&batches), targets::text(&batches)];
    conclusions
        .into_iter()
        .flatten()
        .try_for_each(|text| say(&text))
}

fn list() -> Result<()> {
    for server in Server::value_variants() {
        let value = server.to_possible_value().context("none is hidden")?;
        let help = value.get_help().map(ToString::to_string);
        say(&format!(
            "{:9} {}",
            value.get_name(),
            help.unwrap_or_default()
        ))?;
    }
    Ok(())
}

/// Prints a part of the result.
fn say(text: &str) -> Result<()> {
    let mut out = io::stdout();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Says what is going on, on standard error.
fn progress(text: &str) {
    // Nobody needs it who has closed standard error.
    let _ = writeln!(io::stderr(), "{text}");
}
