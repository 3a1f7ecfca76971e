//! A run: what it was told to do, and what the history keeps of it apart from its plan.

use std::fmt;
use std::time::Instant;

use jiff::Timestamp;
use serde::Serialize;

use crate::plan::Recent;
use crate::plan::change_mark::{Mark, ReadSettings};
use crate::user::{Controller, Domain, UserId};

/// The commands that change users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Command {
    /// Adds users of the directory.
    Import,
    /// Refreshes imported users.
    Sync,
    /// Adds local users.
    Add,
    /// Removes users.
    Remove,
    /// Restores deleted users.
    Restore,
    /// Undoes a run.
    Undo,
}

impl Command {
    const ALL: [Self; 6] = [
        Self::Import,
        Self::Sync,
        Self::Add,
        Self::Remove,
        Self::Restore,
        Self::Undo,
    ];

    /// The name of the command at the command line, in the store and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Sync => "sync",
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Restore => "restore",
            Self::Undo => "undo",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which users a run looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// All of them, each read.
    Full,
    /// All of them, of which those were read that may have changed since the last run.
    Delta,
    /// Those that were named.
    Selected,
}

impl Mode {
    const ALL: [Self; 3] = [Self::Full, Self::Delta, Self::Selected];

    /// The name of the mode in the store and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Delta => "delta",
            Self::Selected => "selected",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Everything was done.
    Done,
    /// Some users failed, the others were done.
    Partial,
    /// The guard refused; nothing was changed.
    Refused,
    /// It failed; nothing was changed.
    Failed,
}

impl Outcome {
    const ALL: [Self; 4] = [Self::Done, Self::Partial, Self::Refused, Self::Failed];

    /// The name of the outcome in the store, JSON and CSV.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partial => "partial",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
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
