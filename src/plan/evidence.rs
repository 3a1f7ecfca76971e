//! What counts as proof that a user was deleted.
//!
//! That a search did not return a user does not mean that it is gone: a filter with a typo, a lost right, a
//! domain controller that lags behind and a reference in place of a branch all look the same. A tombstone is
//! proof. That a user is found nowhere is proof only when nothing else can be the reason; until then the user
//! is *missing*, which changes none of its values. Pure: established facts in, verdict out.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// What the account sees of deleted objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletedObjects {
    /// The directory keeps none: it is not Active Directory.
    NotKept,
    /// The account sees none.
    Hidden,
    /// The account sees them as long as the domain keeps them.
    Shown {
        /// For how long, recycled objects included where the account sees them.
        kept: Duration,
    },
}

/// What a run established that applies to every user it found nowhere.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// When the run began.
    pub now: Timestamp,
    /// How long a user must have been missing; zero if the administrator does not want to wait.
    pub missing_after: Duration,
    /// What the account sees of deleted objects.
    pub deleted_objects: DeletedObjects,
    /// Whether another live user of the store was found by the same kind of search.
    pub has_witness: bool,
    /// How many entries had no readable identity.
    pub unidentified: u64,
}

/// What is known of a user that was found nowhere.
#[derive(Clone, Copy, Debug)]
pub struct Trace {
    /// When a run last found it.
    pub last_seen: Option<Timestamp>,
    /// Since when it is missing; `None` if it was not before this run.
    pub missing_since: Option<Timestamp>,
    /// Whether the controller that answers has ever returned it.
    pub was_returned: bool,
}

/// What is found at a user's last DN. As text, why finding the user nowhere is not proof all the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LastPlace {
    /// Nothing, in a container that can be read.
    #[error("not found, and where it was last is not known")]
    Empty,
    /// Its container, with this DN, cannot be read.
    #[error("not found, but its container cannot be read either: {0}")]
    ContainerUnreadable(String),
    /// A reference to another server.
    #[error("not found, but its DN lies inside a reference to another server")]
    Reference,
    /// An entry of which the account may read nothing.
    #[error("not found, but there is an entry at its DN of which the account may read nothing")]
    Unreadable,
    /// An entry that can be read except for its identity; why not.
    #[error("{0}")]
    Nameless(String),
    /// The user itself, which the search by identity did not return.
    #[error(
        "not found by its identity, but it is there at its DN: the server does not search what it shows"
    )]
    Itself,
    /// The user has no DN.
    #[error("not found, and where it was last is not known")]
    Unknown,
}

/// Why finding a user nowhere is not proof. As text, it is the reason stored with the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// The account sees deleted objects, and the user is not among them.
    #[error(
        "neither in the domain nor among its deleted objects; it may be hidden from the account, not replicated yet, or moved to another domain"
    )]
    NoTombstone,
    /// The controller that answers has never returned the user.
    #[error(
        "not found, but the domain controller that answered has never returned this user, so it may lag behind"
    )]
    NeverReturned,
    /// No other user was found by its identity.
    #[error("not found, nor is any other user of the store; the account may have lost its rights")]
    NoWitness,
    /// The answers held entries without an identity.
    #[error(
        "not found, but the directory sent entries that cannot be identified, and this user may be one of them"
    )]
    Unidentified,
    /// Something else may be at its last DN.
    #[error("{0}")]
    Place(LastPlace),
    /// It has not been missing for long enough; until when it must be.
    #[error(
        "not found in the domain; a run that does not find it after {0} deletes it (missing_after)"
    )]
    TooSoon(Timestamp),
}

impl Doubt {
    /// Why the user fails, if it is there and only unusable.
    pub fn defect(&self) -> Option<&str> {
        match self {
            Self::Place(LastPlace::Nameless(why)) => Some(why),
            _ => None,
        }
    }
}

/// Whether finding a user nowhere is proof. `place` is called only when everything but the time speaks for
/// it, since looking there costs a search or two.
///
/// # Errors
/// Those of `place`; the inner error says why there is no proof.
pub fn absence<E>(
    trace: &Trace,
    run: &Circumstances,
    place: impl FnOnce() -> Result<LastPlace, E>,
) -> Result<Result<(), Doubt>, E> {
    Ok(match weigh(trace, run) {
        Err(doubt) => Err(doubt),
        Ok(()) => match place()? {
            LastPlace::Empty => waited(trace, run),
            other => Err(Doubt::Place(other)),
        },
    })
}

fn weigh(trace: &Trace, run: &Circumstances) -> Result<(), Doubt> {
    if run.unidentified > 0 {
        return Err(Doubt::Unidentified);
    }
    if !run.has_witness {
        return Err(Doubt::NoWitness);
    }
    if !trace.was_returned {
        return Err(Doubt::NeverReturned);
    }
    match run.deleted_objects {
        DeletedObjects::NotKept | DeletedObjects::Hidden => Ok(()),
        DeletedObjects::Shown { kept } if is_longer_ago(trace.last_seen, run.now, kept) => Ok(()),
        DeletedObjects::Shown { .. } => Err(Doubt::NoTombstone),
    }
}

/// Whether the tombstone of a user last seen at that time would be gone by now.
fn is_longer_ago(seen: Option<Timestamp>, now: Timestamp, kept: Duration) -> bool {
    seen.is_some_and(|seen| Duration::try_from(now.duration_since(seen)).is_ok_and(|it| it > kept))
}

fn waited(trace: &Trace, run: &Circumstances) -> Result<(), Doubt> {
    let since = trace.missing_since.unwrap_or(run.now);
    let wait = SignedDuration::try_from(run.missing_after).unwrap_or(SignedDuration::MAX);
    let until = since.checked_add(wait).unwrap_or(Timestamp::MAX);
    if run.now >= until {
        Ok(())
    } else {
        Err(Doubt::TooSoon(until))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + hour * 3600).expect("a time")
    }

    fn run() -> Circumstances {
        Circumstances {
            now: at(100),
            missing_after: DAY,
            deleted_objects: DeletedObjects::Hidden,
            has_witness: true,
            unidentified: 0,
        }
    }

    fn trace() -> Trace {
        Trace {
            last_seen: Some(at(70)),
            missing_since: Some(at(76)),
            was_returned: true,
        }
    }

    fn judge(trace: &Trace, run: &Circumstances, place: LastPlace) -> Result<(), Doubt> {
        absence(trace, run, || Ok::<_, ()>(place)).expect("no error")
    }

    #[test]
    fn absence_is_proof_when_everything_holds() {
        assert_eq!(judge(&trace(), &run(), LastPlace::Empty), Ok(()));
        let not_kept = Circumstances {
            deleted_objects: DeletedObjects::NotKept,
            ..run()
        };
        assert_eq!(judge(&trace(), &not_kept, LastPlace::Empty), Ok(()));
    }

    #[test]
    fn each_condition_alone_is_enough_to_keep_a_user() {
        let doubts = [
            (
                trace(),
                Circumstances {
                    unidentified: 1,
                    ..run()
                },
                Doubt::Unidentified,
            ),
            (
                trace(),
                Circumstances {
                    has_witness: false,
                    ..run()
                },
                Doubt::NoWitness,
            ),
            (
                Trace {
                    was_returned: false,
                    ..trace()
                },
                run(),
                Doubt::NeverReturned,
            ),
            (
                trace(),
                Circumstances {
                    deleted_objects: DeletedObjects::Shown { kept: 2 * DAY },
                    ..run()
                },
                Doubt::NoTombstone,
            ),
            (
                Trace {
                    missing_since: Some(at(77)),
                    ..trace()
                },
                run(),
                Doubt::TooSoon(at(101)),
            ),
            (
                Trace {
                    missing_since: None,
                    ..trace()
                },
                run(),
                Doubt::TooSoon(at(124)),
            ),
        ];
        for (trace, run, doubt) in doubts {
            assert_eq!(judge(&trace, &run, LastPlace::Empty), Err(doubt));
        }
        for place in [
            LastPlace::ContainerUnreadable("OU=a".to_owned()),
            LastPlace::Reference,
            LastPlace::Unreadable,
            LastPlace::Nameless("no objectGUID".to_owned()),
            LastPlace::Itself,
            LastPlace::Unknown,
        ] {
            let doubt = Doubt::Place(place.clone());
            assert_eq!(judge(&trace(), &run(), place), Err(doubt));
        }
    }

    #[test]
    fn a_tombstone_that_is_not_kept_any_more_is_not_asked_for() {
        let shown = |kept| Circumstances {
            deleted_objects: DeletedObjects::Shown { kept },
            ..run()
        };
        let seen_30_hours_ago = trace();
        let kept = |hours| Duration::from_hours(hours);
        assert_eq!(
            judge(&seen_30_hours_ago, &shown(kept(29)), LastPlace::Empty),
            Ok(())
        );
        for hours in [30, 31] {
            assert_eq!(
                judge(&seen_30_hours_ago, &shown(kept(hours)), LastPlace::Empty),
                Err(Doubt::NoTombstone)
            );
        }
        let never_seen = Trace {
            last_seen: None,
            ..trace()
        };
        assert!(judge(&never_seen, &shown(kept(1)), LastPlace::Empty).is_err());
    }

    #[test]
    fn who_does_not_want_to_wait_need_not() {
        let now = Circumstances {
            missing_after: Duration::ZERO,
            ..run()
        };
        let newly = Trace {
            missing_since: None,
            ..trace()
        };
        assert_eq!(judge(&newly, &now, LastPlace::Empty), Ok(()));
    }

    #[test]
    fn a_clock_that_went_back_proves_nothing() {
        let ahead = Trace {
            last_seen: Some(at(200)),
            missing_since: Some(at(200)),
            ..trace()
        };
        assert!(judge(&ahead, &run(), LastPlace::Empty).is_err());
    }

    #[test]
    fn the_place_is_not_looked_at_where_something_else_speaks_against_it() {
        let run = Circumstances {
            has_witness: false,
            ..run()
        };
        let judged = absence(&trace(), &run, || Err("looked at"));
        assert_eq!(judged, Ok(Err(Doubt::NoWitness)));
    }

    proptest! {
        /// The rule again, as the documentation words it: absence is proof if and only if all of it holds.
        #[test]
        fn nothing_but_all_of_it_is_proof(
            (has_witness, unidentified, was_returned) in (any::<bool>(), 0_u64..2, any::<bool>()),
            (kept, hidden) in (0_u64..60, any::<bool>()),
            (last_seen, missing_since) in (prop::option::of(40_i64..120), prop::option::of(40_i64..120)),
            (wait, is_empty) in (0_u64..40, any::<bool>()),
        ) {
            let deleted_objects = if hidden {
                DeletedObjects::Hidden
            } else {
                DeletedObjects::Shown { kept: Duration::from_hours(kept) }
            };
            let run = Circumstances {
                now: at(100),
                missing_after: Duration::from_hours(wait),
                deleted_objects,
                has_witness,
                unidentified,
            };
            let trace = Trace {
                last_seen: last_seen.map(at),
                missing_since: missing_since.map(at),
                was_returned,
            };
            let place = if is_empty { LastPlace::Empty } else { LastPlace::Unreadable };

            let hours = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
            let no_tombstone_is_proof =
                hidden || last_seen.is_some_and(|seen| 100 - seen > hours(kept));
            let has_waited = 100 - missing_since.unwrap_or(100) >= hours(wait);
            let all = [
                has_witness,
                unidentified == 0,
                was_returned,
                no_tombstone_is_proof,
                has_waited,
                is_empty,
            ];
            let proven = judge(&trace, &run, place).is_ok();
            prop_assert_eq!(proven, all.into_iter().all(|it| it));
        }
    }
}
