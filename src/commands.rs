//! The commands, one file each.

mod absence;
mod add;
mod attempts;
mod changes;
mod check;
mod confirmation;
mod cost;
mod ending;
mod history;
mod import;
mod list;
mod man;
mod measured;
mod names;
mod picking;
mod presence;
mod read_only;
mod reading;
mod refusal;
mod remove;
mod restore;
mod search;
mod show;
mod standing;
mod survey;
mod sync;
mod undo;

use std::time::Duration;

use crate::cli::{Cli, Command, Format};
use crate::completion;
use crate::config::Settings;
use crate::error::{Failure, Kind};
use crate::exit_code::ExitCode;
use crate::output::Output;
use crate::store;

/// What every command is given.
struct Context<'a> {
    settings: Settings,
    output: &'a Output,
    /// How long to wait for another run to end.
    wait: Duration,
}

/// Does what the command line says.
pub fn run(cli: Cli, output: &Output) -> anyhow::Result<ExitCode> {
    if cli.global.csv_safe && cli.global.format != Format::Csv {
        return Err(Failure::new(Kind::Usage, "--csv-safe is for CSV only")
            .hint("add --format csv, or leave --csv-safe out")
            .into());
    }
    if let Command::Completions { shell } = cli.command {
        let script = completion::script(shell)?;
        output.stream(|out| out.write_all(&script))?;
        return Ok(ExitCode::Done);
    }
    if let Command::Man { folder } = &cli.command {
        return man::run(folder, output);
    }
    if let Command::Check = cli.command {
        let global = &cli.global;
        return check::run(global.config.as_deref(), global.read_only, output);
    }
    let settings = Settings::load(cli.global.config.as_deref())?;
    if let Command::Search { .. } | Command::Import(_) | Command::Sync(_) = cli.command {
        settings.login.prepare()?;
    }
    log::info!("settings {}", settings.file.display());
    settings.require_apart(&store::files_of(&settings.store_path))?;
    read_only::refuse_writing(&cli.command, cli.global.read_only, &settings)?;
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
        Command::List(arguments) => list::run(&arguments, &context),
        Command::Show { user } => show::run(&user, &context),
        Command::Add(arguments) => add::run(arguments, &context),
        Command::Sync(arguments) => {
            measured::run("sync", arguments.ending.dry_run, &context, || {
                sync::run(&arguments, &context)
            })
        }
        Command::Remove(arguments) => remove::run(&arguments, &context),
        Command::History(arguments) => history::run(&arguments, &context),
        Command::Restore(arguments) => restore::run(&arguments, &context),
        Command::Undo(arguments) => undo::run(&arguments, &context),
        Command::Check | Command::Completions { .. } | Command::Man { .. } => Ok(ExitCode::Done),
    }
}
