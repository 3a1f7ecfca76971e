//! Where only reading is allowed: for an account that may look, and for CI.

use crate::cli::Command;
use crate::config::Settings;
use crate::error::{Failure, Kind};

/// Refuses a command that would write to the store, before anything is asked or opened.
pub fn refuse_writing(
    command: &Command,
    is_said: bool,
    settings: &Settings,
) -> Result<(), Failure> {
    let Some(name) = writes(command) else {
        return Ok(());
    };
    let failure = if is_said {
        let message = format!("--read-only: `adsync {name}` would write to the store");
        Failure::new(Kind::Usage, message)
    } else if settings.read_only {
        let message = format!(
            "settings {}: read_only = true under [store], and `adsync {name}` would write to it",
            settings.file.display()
        );
        Failure::new(Kind::Settings, message)
    } else {
        return Ok(());
    };
    Err(failure.hint(format!("`adsync {name} --dry-run` shows what it would do")))
}

/// The name of a command that writes to the store.
fn writes(command: &Command) -> Option<&'static str> {
    let (name, is_rehearsal) = match command {
        Command::Import(it) => ("import", it.ending.dry_run),
        Command::Sync(it) => ("sync", it.ending.dry_run),
        Command::Undo(it) => ("undo", it.ending.dry_run),
        Command::Restore(it) => ("restore", it.dry_run),
        Command::Add(it) => ("add", it.dry_run),
        Command::Remove(it) => ("remove", it.dry_run),
        Command::Check
        | Command::Search { .. }
        | Command::List(_)
        | Command::Show { .. }
        | Command::History(_)
        | Command::Completions { .. }
        | Command::Man { .. } => return None,
    };
    (!is_rehearsal).then_some(name)
}
