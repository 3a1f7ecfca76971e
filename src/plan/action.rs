//! What a run does to a user.

use crate::util::named::named;

named! {
    /// What a run does to a user, as the history keeps it.
    pub enum Action {
        /// Imported from the directory.
        Imported = "imported",
        /// Added by hand.
        Added = "added",
        /// Its values changed.
        Modified = "modified",
        /// Deleted from the store.
        Deleted = "deleted",
        /// Restored.
        Restored = "restored",
        /// Its status changed, and no value.
        Marked = "marked",
        /// Only bookkeeping changed, such as its DN.
        Refreshed = "refreshed",
    }
}
