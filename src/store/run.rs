//! A run: what it was told to do, and what the history keeps of it apart from its plan.

use std::fmt;
use std::time::Instant;

use jiff::Timestamp;

use crate::plan::Recent;
use crate::plan::change_mark::{Mark, ReadSettings};
use crate::user::{Controller, Domain, UserId};
use crate::util::named::named;

named! {
    /// The commands that change users.
    pub enum Command {
        /// Adds users of the directory.
        Import = "import",
        /// Refreshes imported users.
        Sync = "sync",
        /// Adds local users.
        Add = "add",
        /// Changes a local user.
        Set = "set",
        /// Removes users.
        Remove = "remove",
        /// Restores deleted users.
        Restore = "restore",
        /// Undoes a run.
        Undo = "undo",
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

named! {
    /// Which users a run looks at.
    pub enum Mode {
        /// All of them, each read.
        Full = "full",
        /// All of them, of which those were read that may have changed since the last run.
        Delta = "delta",
        /// Those that were named.
        Selected = "selected",
    }
}

named! {
    /// How a run ended.
    pub enum Outcome {
        /// Everything was done.
        Done = "done",
        /// Some users failed, the others were done.
        Partial = "partial",
        /// The guard refused; nothing was changed.
        Refused = "refused",
        /// It failed; nothing was changed.
        Failed = "failed",
    }
}

/// What the history keeps of a run beside its plan.
#[derive(Clone, Debug)]
pub struct Run {
    /// The command.
    pub command: Command,
    /// Which users it looked at.
    pub mode: Mode,
    /// When it began, to the second.
    pub started_at: Timestamp,
    /// When it began, on the monotonic clock.
    pub began: Instant,
    /// The users it looked at, if not everybody of the domain.
    pub selected: Option<Vec<UserId>>,
    /// How many users the scope has, if all of it was read.
    pub scope_users: Option<u64>,
    /// What happens to the change mark.
    pub marking: Marking,
    /// The domain that is read, once it is known.
    pub domain: Option<Domain>,
    /// Who answers.
    pub controller: Option<Controller>,
    /// The settings under which the directory is read.
    pub settings: Option<ReadSettings>,
    /// What of the plan no administrator confirmed.
    pub unsaid: Recent,
    /// The run that this one undoes.
    pub undoes: Option<i64>,
    /// What of that run cannot be undone, in words.
    pub left: Vec<String>,
    /// How long runs and changes are kept, in days.
    pub history_days: u32,
}

impl Run {
    /// Whether the status of users comes from the directory. An undo takes it from the history; `set` changes local
    /// users, who have none.
    pub fn reads_directory(&self) -> bool {
        self.undoes.is_none() && self.command != Command::Set
    }

    /// A run that starts now.
    pub fn begin(command: Command, history_days: u32) -> Self {
        let now = Timestamp::now();
        Self {
            command,
            mode: Mode::Full,
            started_at: Timestamp::from_second(now.as_second()).unwrap_or(now),
            began: Instant::now(),
            selected: None,
            scope_users: None,
            marking: Marking::Keep,
            domain: None,
            controller: None,
            settings: None,
            unsaid: Recent::default(),
            undoes: None,
            left: Vec::new(),
            history_days,
        }
    }

    /// How long it has taken, in milliseconds.
    pub fn duration_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// What a run does to the change mark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Marking {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is dropped: the next run is a full one.
    Forget,
    /// It is dropped for every domain.
    ForgetAll,
    /// It is set to this.
    Set(Mark),
}
