//! Where only reading is allowed: for an account that may look, and for CI.

use crate::cli::Command;
use crate::config::Settings;
use crate::failure::{Failure, Kind};

/// Refuses a command that would write to the store, before anything is asked or opened.
pub fn refuse_writing(
    command: &Command,
    is_said: bool,
    settings: &Settings,
) -> Result<(), Failure> {
    let Some(writing) = Writing::of(command) else {
        return Ok(());
    };
    let name = writing.name;
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
    Err(failure.hint(if writing.can_rehearse {
        format!("`adsync {name} --dry-run` shows what it would do")
    } else {
        "an account that may write does this, with settings of its own".to_owned()
    }))
}

/// A command that writes to the store.
struct Writing {
    name: &'static str,
    /// Whether it has `--dry-run`.
    can_rehearse: bool,
}

impl Writing {
    fn of(command: &Command) -> Option<Self> {
        let (name, can_rehearse, is_rehearsal) = match command {
            Command::Import(it) => ("import", true, it.ending.dry_run),
            Command::Sync(it) => ("sync", true, it.ending.dry_run),
            Command::Restore(it) => ("restore", true, it.dry_run),
            Command::Add(_) => ("add", false, false),
            Command::Remove(_) => ("remove", false, false),
            Command::Check
            | Command::Search { .. }
            | Command::List(_)
            | Command::History(_)
            | Command::Completions { .. }
            | Command::Man { .. } => return None,
        };
        (!is_rehearsal).then_some(Self { name, can_rehearse })
    }
}
