//! Why a run cannot go on, when neither the directory nor the store failed.

use super::reconcile::MOST_UNUSABLE;

/// A run cannot go on. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There are more unusable entries than can be reported one by one.
    #[error("there are more than {MOST_UNUSABLE} entries that cannot be used")]
    Unusable,
    /// All users of the store belong to a domain other than the one being read.
    #[error("{} to another domain ({}), and these settings read {domain}", belong(*.users), .others.join("; "))]
    AllForeign {
        /// How many.
        users: u64,
        /// The domains of the store.
        others: Vec<String>,
        /// The domain being read.
        domain: String,
    },
    /// Users of another domain were selected; this run knows nothing about them.
    #[error("of another domain than {domain}: {}", .usernames.join(", "))]
    Foreign {
        /// Their usernames.
        usernames: Vec<String>,
        /// The domain being read.
        domain: String,
    },
}

fn belong(users: u64) -> String {
    match users {
        1 => "the one imported user of the store belongs".to_owned(),
        many => format!("all {many} imported users of the store belong"),
    }
}
