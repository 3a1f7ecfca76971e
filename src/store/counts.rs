//! How many users a store has, and which of their names are meant.

use crate::user::Status;

/// The users of a store, counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserCounts {
    /// Users made in the application.
    pub local: u64,
    /// Imported users by their status, each of which is named.
    pub directory: Vec<(Status, u64)>,
}

impl UserCounts {
    /// Users who were imported.
    pub fn imported(&self) -> u64 {
        self.directory.iter().map(|(_, count)| count).sum()
    }

    /// All users.
    pub fn all(&self) -> u64 {
        self.local + self.imported()
    }
}

/// Which usernames are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Of all users of the store.
    Stored,
    /// Of those that were imported.
    Imported,
    /// Of those that were deleted and are not back.
    Deleted,
    /// Any that a user of the store has, or had when a run changed it.
    Ever,
}
