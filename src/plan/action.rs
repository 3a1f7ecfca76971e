//! What a run does to a user.

/// What a run does to a user, as the history keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Imported from the directory.
    Imported,
    /// Added by hand.
    Added,
    /// Its values changed.
    Modified,
    /// Deleted from the store.
    Deleted,
    /// Restored.
    Restored,
    /// Its status changed, and no value.
    Marked,
    /// Only bookkeeping changed, such as its DN.
    Refreshed,
}

impl Action {
    const ALL: [Self; 7] = [
        Self::Imported,
        Self::Added,
        Self::Modified,
        Self::Deleted,
        Self::Restored,
        Self::Marked,
        Self::Refreshed,
    ];

    /// Its name in the store, JSON, CSV and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Imported => "imported",
            Self::Added => "added",
            Self::Modified => "modified",
            Self::Deleted => "deleted",
            Self::Restored => "restored",
            Self::Marked => "marked",
            Self::Refreshed => "refreshed",
        }
    }

    /// The action of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}
