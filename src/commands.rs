//! The commands, one file each.

mod add;
mod check;
mod ending;
mod import;
mod list;
mod names;
mod remove;
mod search;
mod survey;
mod sync;

use clap::CommandFactory;

use crate::cli::{Cli, Command};
use crate::config::Settings;
use crate::directory::Directory;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output::Output;
use crate::secret;

/// Does what the command line says.
pub fn run(cli: Cli, output: &Output) -> anyhow::Result<ExitCode> {
    if let Command::Completions { shell } = cli.command {
        return completions(shell, output);
    }
    if let Command::Check = cli.command {
        return check::run(cli.global.config.as_deref(), output);
    }
    let settings = Settings::load(cli.global.config.as_deref())?;
    log::info!("settings {}", settings.file.display());
    match cli.command {
        Command::Search { prefix } => search::run(&prefix, &settings, output),
        Command::Import(arguments) => import::run(&arguments, &settings, output),
        Command::List => list::run(&settings, output),
        Command::Add(arguments) => add::run(arguments, &settings, output),
        Command::Remove { usernames } => remove::run(&usernames, &settings, output),
        Command::Sync(arguments) => sync::run(&arguments, &settings, output),
        Command::Check | Command::Completions { .. } => Ok(ExitCode::Done),
    }
}

fn completions(shell: clap_complete::Shell, output: &Output) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "adsync", &mut script);
    output.stream(|out| out.write_all(&script))?;
    Ok(ExitCode::Done)
}

/// Connects to the directory, and warns of servers that could not be used.
fn connect(settings: &Settings, output: &Output) -> Result<Directory, Failure> {
    let password = secret::password(&settings.directory.password)?;
    let directory = Directory::connect(&settings.directory, &password, |error| {
        output.warn(&format!("{error}; trying the next server"));
    })?;
    if directory.server().is_global_catalog() {
        output.warn(
            "this is a global catalog, which has but a part of the attributes: fields without a value there keep what they have",
        );
    }
    Ok(directory)
}
