//! Completion of words in the shell: commands, flags, and the usernames that the store knows.
//!
//! The scripts in `completions/` ask the program itself, which answers and does nothing else: it says no
//! error, asks no directory and writes nothing. Where something is wrong there are no usernames.

mod usernames;

use std::ffi::OsString;
use std::io;

use clap::{Command, CommandFactory};
use clap_complete::env::{CompleteEnv, Shells};

use crate::cli::Cli;
use crate::exit_code::ExitCode;

/// Set by the scripts, to the shell that asks.
const VARIABLE: &str = "ADSYNC_COMPLETE";

/// Answers a shell that asks; says nothing to whoever does not.
pub fn answer() -> Option<ExitCode> {
    std::env::var_os(VARIABLE)?;
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let folder = std::env::current_dir().ok();
    let shells = CompleteEnv::with_factory(command)
        .var(VARIABLE)
        .bin("adsync")
        .completer("adsync");
    match shells.try_complete(arguments, folder.as_deref()) {
        Ok(true) => Some(ExitCode::Done),
        Ok(false) => None,
        // A person in the middle of a line must not be disturbed.
        Err(_) => Some(ExitCode::Failed),
    }
}

/// The script that lets a shell ask.
pub fn script(shell: clap_complete::Shell) -> io::Result<Vec<u8>> {
    let mut script = Vec::new();
    let shells = Shells::builtins();
    let shell = shells
        .completer(&shell.to_string())
        .ok_or(io::ErrorKind::Unsupported)?;
    shell.write_registration(VARIABLE, "adsync", "adsync", "adsync", &mut script)?;
    let mut text = String::from_utf8_lossy(&script).trim().to_owned() + "\n";
    if shell.is("zsh") {
        text += ZSH_FIRST;
    }
    Ok(text.into_bytes())
}

/// From a folder of `$fpath`, zsh loads the script only when it is to complete, and wants an answer then.
const ZSH_FIRST: &str = r#"
if [[ "$funcstack[1]" == _adsync ]]; then
    _clap_dynamic_completer_adsync "$@"
fi
"#;

/// The command line, with usernames where usernames are meant.
fn command() -> Command {
    let mut command = Cli::command();
    for (name, argument, completer) in usernames::completers() {
        command = command.mut_subcommand(name, |it| {
            it.mut_arg(argument, |argument| argument.add(completer))
        });
    }
    command
}
