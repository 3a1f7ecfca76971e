//! Which users are listed, and what a list says of them beside what is in their rows.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::user::{Column, DomainId, Field, Origin, Source, Standing, Status, StoredUser, UserId};

/// Which users are handed over, and in which order.
#[derive(Clone, Debug)]
pub struct Listing {
    /// What they are ordered by, any case; users without a value come last.
    pub sort: Column,
    /// The other way round.
    pub reverse: bool,
    /// Only those who stand so to the directory; without any, all.
    pub standings: Vec<Standing>,
    /// Only those who came from there.
    pub source: Option<Source>,
}

/// Everybody, by username.
impl Default for Listing {
    fn default() -> Self {
        Self {
            sort: Column::Field(Field::Username),
            reverse: false,
            standings: Vec::new(),
            source: None,
        }
    }
}

/// When users were last found in step. A run writes no row of a user about whom there is nothing to
/// say, so this is told from the runs.
#[derive(Debug)]
pub struct LastSeen {
    /// Of each domain the last run that looked at everybody.
    pub(super) full: HashMap<DomainId, Timestamp>,
    /// Runs of selected users after it.
    pub(super) selected: HashMap<UserId, Timestamp>,
}

impl LastSeen {
    /// What a list says of a user beside what is in its row.
    pub(super) fn fill_in(&self, user: &mut StoredUser, domains: &HashMap<DomainId, Arc<str>>) {
        user.synced_at = self.in_step(user);
        let domain = user.tracking.domain;
        user.tracking.domain_dn = domain.and_then(|it| domains.get(&it).cloned());
    }

    /// When a user was last found or brought in step.
    fn in_step(&self, user: &StoredUser) -> Option<Timestamp> {
        if user.origin == Origin::Local || user.status != Status::Ok {
            return user.synced_at;
        }
        self.found(user)
    }

    /// When a run last found a user of the directory there, in step or not.
    pub fn found(&self, user: &StoredUser) -> Option<Timestamp> {
        if matches!(user.status, Status::Missing | Status::Restored) {
            return user.synced_at;
        }
        let full = user.tracking.domain.and_then(|it| self.full.get(&it));
        let selected = self.selected.get(&user.id);
        [user.synced_at.as_ref(), full, selected]
            .into_iter()
            .flatten()
            .max()
            .copied()
    }
}
