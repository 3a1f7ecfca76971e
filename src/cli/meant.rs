//! What was probably meant by a command line that could not be parsed, where `clap` does not say.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Error};

use super::Cli;
use crate::util::shell::quoted;

/// The hint, if there is one.
pub fn meant(error: &Error, words: &[OsString]) -> Option<String> {
    let commands = Cli::command();
    let mut words = words.iter().skip(1).filter_map(|it| it.to_str());
    let command = words.find_map(|word| commands.find_subcommand(word))?;
    let command = command.get_name();
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let argument = context(ContextKind::InvalidArg);
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let argument = argument?;
            if argument.starts_with('-') {
                flag(command, argument)
            } else {
                Some(word(command, &quoted(argument)))
            }
        }
        ErrorKind::MissingRequiredArgument => nothing(command).map(str::to_owned),
        ErrorKind::ValueValidation if command == "history" && argument == Some("[RUN]") => {
            let name = quoted(context(ContextKind::InvalidValue)?);
            Some(format!("did you mean `adsync history --user {name}`?"))
        }
        ErrorKind::ArgumentConflict if command == "import" && argument?.starts_with("--group") => {
            Some("run `adsync import` once for each group".to_owned())
        }
        _ => None,
    }
}

/// A flag that another command has.
fn flag(command: &str, flag: &str) -> Option<String> {
    let meant = match (command, flag) {
        ("history", "--users" | "--username") => "--user NAME",
        ("history", "--run") => "`adsync history N`? the number is given alone",
        ("undo", "--run") => "`adsync undo N`? the number is given alone",
        ("import", "--dn" | "--base" | "--base-dn") => "--ou DN",
        ("list", "--user" | "--users" | "--username" | "--search" | "--name") => "--filter TEXT",
        ("list" | "sync", "--group" | "--ou") => {
            return Some(format!(
                "the store knows no groups and no OUs: `adsync import {flag}` selects by them"
            ));
        }
        ("sync", "--filter" | "--username") => "--users NAME,…",
        (
            "remove" | "restore" | "show" | "search" | "set" | "add",
            "--user" | "--users" | "--username" | "--name",
        ) => {
            return Some(format!(
                "did you mean `adsync {command} NAME`? the name is given alone"
            ));
        }
        _ => return None,
    };
    Some(format!(
        "did you mean {meant}{}",
        if meant.contains('?') { "" } else { "?" }
    ))
}

/// A word too many.
fn word(command: &str, word: &str) -> String {
    match command {
        "sync" | "import" => format!("did you mean `adsync {command} --users {word}`?"),
        "list" => format!("did you mean `adsync show {word}`, or `adsync list --filter {word}`?"),
        "show" | "search" | "set" | "undo" | "add" | "history" => {
            format!("`adsync {command}` takes one name or number at a time")
        }
        _ => format!("`adsync {command}` takes no name"),
    }
}

/// Nothing, where something must be.
fn nothing(command: &str) -> Option<&'static str> {
    Some(match command {
        "import" => {
            "say whom: --all, --users alice,bob, --group Sales, --ou DN, --filter FILTER or --interactive"
        }
        "remove" => {
            "name the users: `adsync remove alice bob`; or pick them: `adsync remove --interactive`"
        }
        "restore" => {
            "say whom: `adsync restore alice`, `adsync restore --run 42`, or pick them with --interactive"
        }
        "undo" => "say which run: `adsync undo 42`; `adsync history` lists the runs",
        "show" => "say whom: `adsync show alice`; `adsync list` lists all of them",
        "search" => "say how a name begins: `adsync search ali`",
        "add" => {
            "say whom: `adsync add alice --email alice@example.com`, or `adsync add --from-csv FILE`"
        }
        "set" => "say whom and what: `adsync set alice --email alice@example.com`",
        _ => return None,
    })
}
