//! Why a run cannot go on, where neither the directory nor the store is to blame.

use super::reconcile::MOST_UNUSABLE;

/// A run cannot go on. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// More entries cannot be used than are told of one by one.
    #[error("there are more than {MOST_UNUSABLE} entries that cannot be used")]
    Unusable,
    /// Everybody in the store is of another domain than the one that is read.
    #[error("{} to another domain ({}), and these settings read {domain}", belong(*.users), .others.join("; "))]
    AllForeign {
        /// How many.
        users: u64,
        /// The domains of the store.
        others: Vec<String>,
        /// The one that is read.
        domain: String,
    },
    /// Users of another domain were chosen: this run cannot say anything about them.
    #[error("of another domain than {domain}: {}", .usernames.join(", "))]
    Foreign {
        /// Who.
        usernames: Vec<String>,
        /// The one that is read.
        domain: String,
    },
}

fn belong(users: u64) -> String {
    match users {
        1 => "the one imported user of the store belongs".to_owned(),
        many => format!("all {many} imported users of the store belong"),
    }
}
