//! The commands, one file each.

mod add;
mod attempts;
mod check;
mod cost;
mod ending;
mod history;
mod import;
mod list;
mod measured;
mod names;
mod reading;
mod remove;
mod restore;
mod search;
mod survey;
mod sync;

use std::time::Duration;

use clap::CommandFactory;

use crate::cli::{Cli, Command};
use crate::config::Settings;
use crate::exit_code::ExitCode;
use crate::output::Output;

/// What every command is given.
struct Context<'a> {
    settings: Settings,
    output: &'a Output,
    /// How long to wait for another run to end.
    wait: Duration,
}

/// Does what the command line says.
pub fn run(cli: Cli, output: &Output) -> anyhow::Result<ExitCode> {
    if let Command::Completions { shell } = cli.command {
        return completions(shell, output);
    }
    if let Command::Check = cli.command {
        return check::run(cli.global.config.as_deref(), output);
    }
    let settings = Settings::load(cli.global.config.as_deref())?;
    if let Command::Search { .. } | Command::Import(_) | Command::Sync(_) = cli.command {
        settings.directory.login.prepare()?;
    }
    log::info!("settings {}", settings.file.display());
    let context = Context {
        wait: Duration::from_secs(cli.global.wait),
        settings,
        output,
    };
    match cli.command {
        Command::Search { prefix } => search::run(&prefix, &context),
        Command::Import(arguments) => {
            measured::run("import", arguments.ending.dry_run, &context, || {
                import::run(&arguments, &context)
            })
        }
        Command::List => list::run(&context),
        Command::Add(arguments) => add::run(arguments, &context),
        Command::Remove { usernames } => remove::run(&usernames, &context),
        Command::Sync(arguments) => {
            measured::run("sync", arguments.ending.dry_run, &context, || {
                sync::run(&arguments, &context)
            })
        }
        Command::History(arguments) => history::run(&arguments, &context),
        Command::Restore(arguments) => restore::run(&arguments, &context),
        Command::Check | Command::Completions { .. } => Ok(ExitCode::Done),
    }
}

fn completions(shell: clap_complete::Shell, output: &Output) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "adsync", &mut script);
    output.stream(|out| out.write_all(&script))?;
    Ok(ExitCode::Done)
}
