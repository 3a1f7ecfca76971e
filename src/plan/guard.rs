//! The guard: what stands between a plan and the store.
//!
//! A filter with a typo, a half-restored domain controller or a lost right look like people who left.
//! No rule can tell them apart for certain, so a plan that deletes more than is usual needs an
//! administrator who says the number.

use std::fmt;

use super::Plan;

/// A share never means fewer deletions than this: in a small store one departure is a large share.
const SMALLEST_SHARE: u64 = 5;

/// How many deletions a run may make unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxDeletes {
    /// That many.
    Number(u64),
    /// That share of all imported users in percent, rounded up, and never fewer than five.
    Percent(u8),
}

impl MaxDeletes {
    /// The limit in a store with that many imported users.
    pub fn limit(self, imported: u64) -> u64 {
        match self {
            Self::Number(number) => number,
            Self::Percent(percent) => {
                let share = (u128::from(imported) * u128::from(percent)).div_ceil(100);
                u64::try_from(share).unwrap_or(u64::MAX).max(SMALLEST_SHARE)
            }
        }
    }
}

impl fmt::Display for MaxDeletes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// The rule that a plan must keep.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    /// How many deletions are let through unasked.
    pub max_deletes: MaxDeletes,
    /// All imported users of the store before the run.
    pub imported: u64,
    /// The number that the administrator said with `--allow-deletes`.
    pub allow_deletes: Option<u64>,
}

/// A plan that the guard let through. Only such a plan can be applied.
#[derive(Debug)]
pub struct Approved(Plan);

impl Approved {
    /// The plan, to be looked at before it is applied.
    pub fn plan(&self) -> &Plan {
        &self.0
    }

    /// The plan, which is approved no longer: whoever takes it has applied it, or never will.
    pub fn into_plan(self) -> Plan {
        self.0
    }
}

/// Why the guard refused a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// More deletions than the settings allow.
    #[error(
        "{} would be deleted; max_deletes = {max_deletes} lets {limit} of {imported} imported users through",
        users(*deletions)
    )]
    TooMany {
        /// Deletions in the plan.
        deletions: u64,
        /// The setting.
        max_deletes: MaxDeletes,
        /// What the setting amounts to.
        limit: u64,
        /// All imported users.
        imported: u64,
    },
    /// Every user of the run would be deleted.
    #[error("all {deletions} users of this run would be deleted")]
    Everyone {
        /// Deletions in the plan.
        deletions: u64,
    },
}

fn users(count: u64) -> String {
    match count {
        1 => "1 user".to_owned(),
        count => format!("{count} users"),
    }
}

impl Refusal {
    /// How many deletions the plan has: the number to say when they are meant.
    pub fn deletions(&self) -> u64 {
        match *self {
            Self::TooMany { deletions, .. } | Self::Everyone { deletions } => deletions,
        }
    }
}

impl Guard {
    /// The rule for a run that deletes exactly the users an administrator named, or none.
    pub fn exactly(deletions: u64) -> Self {
        Self {
            max_deletes: MaxDeletes::Number(0),
            imported: 0,
            allow_deletes: Some(deletions),
        }
    }

    /// Lets the plan through, or gives it back with the reason.
    pub fn approve(&self, plan: Plan) -> Result<Approved, (Refusal, Box<Plan>)> {
        match self.objection(&plan) {
            None => Ok(Approved(plan)),
            Some(refusal) => Err((refusal, Box::new(plan))),
        }
    }

    fn objection(&self, plan: &Plan) -> Option<Refusal> {
        let deletions = plan.deleted.len() as u64;
        if deletions == 0 || self.allow_deletes == Some(deletions) {
            return None;
        }
        let limit = self.max_deletes.limit(self.imported);
        if deletions > limit {
            return Some(Refusal::TooMany {
                deletions,
                max_deletes: self.max_deletes,
                limit,
                imported: self.imported,
            });
        }
        // An entry that is nobody of the store is no user that would be left.
        let strangers = plan.failed.iter().filter(|it| it.user.is_none()).count() as u64;
        (deletions >= 2 && deletions == plan.checked() - strangers)
            .then_some(Refusal::Everyone { deletions })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Deletion, Evidence};
    use crate::user::{Origin, Profile, Status, StoredUser, UserId, Values};

    fn plan(deletions: i64, unchanged: u64) -> Plan {
        let deletion = |id| Deletion {
            user: StoredUser {
                id: UserId(id),
                origin: Origin::Local,
                values: Values {
                    profile: Profile::default(),
                    enabled: true,
                },
                status: Status::Ok,
                synced_at: None,
            },
            evidence: Evidence::Absent,
        };
        Plan {
            unchanged,
            deleted: (0..deletions).map(deletion).collect(),
            ..Plan::default()
        }
    }

    fn lets(max_deletes: MaxDeletes, allow: Option<u64>, deletions: i64, unchanged: u64) -> bool {
        let guard = Guard {
            max_deletes,
            imported: unchanged + deletions.unsigned_abs(),
            allow_deletes: allow,
        };
        guard.approve(plan(deletions, unchanged)).is_ok()
    }

    #[test]
    fn a_share_is_rounded_up_and_never_below_five() {
        let ten = MaxDeletes::Percent(10);
        assert_eq!(ten.limit(0), 5);
        assert_eq!(ten.limit(50), 5);
        assert_eq!(ten.limit(51), 6);
        assert_eq!(ten.limit(60), 6);
        assert_eq!(ten.limit(61), 7);
        assert_eq!(MaxDeletes::Percent(100).limit(u64::MAX), u64::MAX);
    }

    #[test]
    fn the_limit_itself_is_let_through_and_one_more_is_not() {
        assert!(lets(MaxDeletes::Percent(10), None, 5, 45));
        assert!(!lets(MaxDeletes::Percent(10), None, 6, 44));
        assert!(lets(MaxDeletes::Number(2), None, 2, 1));
        assert!(!lets(MaxDeletes::Number(2), None, 3, 1000));
        assert!(!lets(MaxDeletes::Number(0), None, 1, 1000));
    }

    #[test]
    fn a_run_in_which_everybody_would_be_deleted_is_refused() {
        assert!(!lets(MaxDeletes::Number(100), None, 2, 0));
        assert!(lets(MaxDeletes::Number(100), None, 2, 1));
        assert!(lets(MaxDeletes::Number(100), None, 1, 0));
    }

    #[test]
    fn only_the_very_number_overrules() {
        for (allowed, through) in [(24, false), (25, true), (26, false)] {
            assert_eq!(
                lets(MaxDeletes::Percent(10), Some(allowed), 25, 25),
                through
            );
            assert_eq!(lets(MaxDeletes::Number(100), Some(allowed), 25, 0), through);
        }
    }

    #[test]
    fn what_is_usual_needs_no_number() {
        assert!(lets(MaxDeletes::Percent(10), Some(3), 1, 50));
        assert!(lets(MaxDeletes::Number(0), Some(3), 0, 50));
    }

    #[test]
    fn who_says_the_number_gets_no_other() {
        for (allowed, deletions) in [(0, 1), (1, 2), (2, 1), (9, 100)] {
            let result = Guard::exactly(allowed).approve(plan(deletions, 200));
            assert!(result.is_err(), "{allowed} {deletions}");
        }
        assert!(Guard::exactly(2).approve(plan(2, 0)).is_ok());
    }

    #[test]
    fn an_entry_that_is_nobodys_is_no_user_that_is_left() {
        let mut all = plan(2, 0);
        all.failed.push(crate::plan::FailedUser {
            user: None,
            guid: None,
            username: "?".to_owned(),
            dn: None,
            reason: "no objectGUID".to_owned(),
        });
        let guard = Guard {
            max_deletes: MaxDeletes::Percent(10),
            imported: 2,
            allow_deletes: None,
        };
        assert!(guard.approve(all).is_err());
    }

    #[test]
    fn users_of_whom_only_the_dn_is_written_are_untouched() {
        let deleted = plan(1, 3);
        let user = deleted.deleted[0].user.clone();
        let refreshed = vec![crate::plan::Refresh {
            user,
            dn: String::new(),
        }];
        let plan = Plan {
            refreshed,
            ..deleted
        };
        assert_eq!((plan.untouched(), plan.checked()), (4, 5));
    }
}
