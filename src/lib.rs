//! adsync updates the users that an application imported from Active Directory.
//!
//! A run reads the directory, compares it with the store, plans, guards, and applies:
//!
//! | module | what it owns |
//! |---|---|
//! | `cli` | the shape of the command line |
//! | `commands` | one file a command: its story, nothing else |
//! | `config` | the settings |
//! | `credentials` | with what adsync logs in, and where that comes from |
//! | `run` | the engine: reading, comparing, planning, guarding, applying |
//! | `directory` | what a directory is asked, by way of the crate `ldap`; above it there are only users |
//! | `plan` | one user against one row, whether a run may go on from a change mark, what it would do, and the guard: pure |
//! | `store` | what a run asks of a store, and writes to it; below it everything that is SQL |
//! | `output` | what is said, and how |
//! | `metrics` | what Prometheus is told of it |
//! | `completion` | what a shell is told that completes a word |
//! | `signals` | SIGINT and SIGTERM |
//! | `error`, `exit_code` | what is said when it cannot go on, and what mends it |
//! | `user` | what all of them speak of |
//! | `util` | files, accounts, threads, words of a shell |
//!
//! Dependencies point one way, and no two modules know each other (`tests/house.rs`): `commands → run → {directory,
//! store, plan} → user`. `run` and what it stands on know no settings file, no flag and no printer; `plan` and
//! `user` know no connection and no clock either.

mod cli;
mod commands;
mod completion;
mod config;
mod credentials;
mod directory;
mod error;
mod exit_code;
#[doc(hidden)]
pub mod fuzzing;
mod metrics;
mod output;
mod plan;
mod run;
mod signals;
mod store;
#[doc(hidden)]
pub mod testing;
mod user;
mod util;

use std::ffi::OsString;

use clap::Parser;

use cli::{Cli, LogFormat};
use error::{Failure, Kind};
use exit_code::ExitCode;
use output::Output;

/// Runs the program: parses the command line, does what it says, and says what went wrong.
pub fn run() -> ExitCode {
    if let Some(code) = completion::answer() {
        return code;
    }
    let cli = match Cli::try_parse_from(arguments()) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    start_logging(cli.global.verbose, cli.global.log_format);
    expect_panics_of_the_connection();
    let output = Output::new(&cli.global);
    let result = signals::watch(&output)
        .map_err(anyhow::Error::from)
        .and_then(|()| without_panic(|| commands::run(cli, &output)));
    match result {
        Ok(code) => code,
        Err(error) => {
            let failure = Failure::explain(&error);
            output.failure(&failure);
            failure.kind.exit_code()
        }
    }
}

/// The command line. `adsync help sync` is `adsync sync --help`.
fn arguments() -> Vec<OsString> {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|it| it == "help") {
        arguments.remove(1);
        arguments.push("--help".into());
    }
    arguments
}

/// A mistake of adsync itself is an error like others, with an exit code that says what became of the store.
fn without_panic(run: impl FnOnce() -> anyhow::Result<ExitCode>) -> anyhow::Result<ExitCode> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_or_else(|_| {
        let what = "adsync made a mistake, which the lines above are about";
        let failure = match *run::commit::committed() {
            None => Failure::new(Kind::Failed, format!("{what}; nothing was changed")),
            Some(run) => Failure::output_failed(run, what),
        };
        Err(failure.into())
    })
}

/// Says what is wrong with the command line, or the help that was asked for.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return match error.print() {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                output::say(&format!("error: cannot write to standard output: {error}"));
                ExitCode::Failed
            }
            _ => ExitCode::Done,
        };
    }
    let text = error.render().to_string();
    // What follows the first empty line is help.
    let lines = text.lines().take_while(|line| !line.trim().is_empty());
    let message = lines.map(str::trim).collect::<Vec<_>>().join(" ");
    let message = message.trim_start_matches("error: ");
    let meant = cli::meant(error, &arguments());
    let hint = meant.as_deref().unwrap_or("try `adsync --help`");
    let failure = Failure::new(Kind::Usage, message).hint(hint);
    if json_is_asked_for("--format") {
        use std::io::Write;
        let _ = writeln!(
            std::io::stdout().lock(),
            "{}",
            output::json::failure(&failure)
        );
    }
    if json_is_asked_for("--log-format") {
        output::say(&output::log::failure(&failure));
    } else if meant.is_some() {
        output::say(&format!("error: {message}\nhint: {hint}"));
    } else {
        // Where neither stream takes it nobody can be told.
        let _ = error.print();
    }
    ExitCode::Usage
}

/// Whether a flag asks for JSON on a command line that could not be parsed.
fn json_is_asked_for(flag: &str) -> bool {
    let arguments: Vec<_> = std::env::args_os().collect();
    let joined = format!("{flag}=json");
    arguments
        .windows(2)
        .any(|pair| pair[0] == flag && pair[1] == "json")
        || arguments.iter().any(|it| *it == *joined)
}

/// `-v` says what adsync does, `-vv` every search and what the libraries say.
fn start_logging(verbose: u8, format: LogFormat) {
    let (own, others) = match verbose {
        0 => (log::LevelFilter::Warn, log::LevelFilter::Off),
        1 => (log::LevelFilter::Info, log::LevelFilter::Off),
        _ => (log::LevelFilter::Debug, log::LevelFilter::Info),
    };
    env_logger::Builder::new()
        .filter_level(others)
        .filter_module("adsync", own)
        .format(move |buffer, record| {
            use std::io::Write;
            if format == LogFormat::Json {
                return writeln!(buffer, "{}", output::log::record(record));
            }
            let text = output::legible(&record.args().to_string());
            writeln!(buffer, "{}: {text}", record.level().as_str().to_lowercase())
        })
        .init();
}

/// A panic over something that came from outside happens on the connection's own thread; the read fails and
/// says so. The panic itself is for those who look for it.
fn expect_panics_of_the_connection() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() == Some(ldap::THREAD) {
            log::debug!("{panic}");
        } else {
            usual(panic);
        }
    }));
}
