//! Setting a user back to what it was before a run.
//!
//! What the run changed is set back if it is still as the run left it. Whatever changed again since is
//! newer than the run and stays; a value is reported, since somebody may expect it to be undone too.

use crate::user::{Field, FieldValue, StoredUser, Tracking, Values};

/// The result of setting a user back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversal {
    /// The user as it is to be.
    pub next: StoredUser,
    /// The values that stay because they are no longer what the run left.
    pub left: Vec<Left>,
}

/// A value that was changed again after the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Which field.
    pub field: Field,
    /// Its current value, which stays.
    pub is: FieldValue,
    /// What the run left.
    pub was: FieldValue,
}

impl Reversal {
    /// Sets back a user that was `before` and `after` the run, and is `now` in the store.
    pub fn of(before: &StoredUser, after: &StoredUser, now: &StoredUser) -> Self {
        let mut left = Vec::new();
        let values = values(&before.values, &after.values, &now.values, &mut left);
        let mut next = StoredUser {
            values,
            ..now.clone()
        };
        back(&mut next.origin, &before.origin, &after.origin);
        let tracking = &mut next.tracking;
        back(
            &mut tracking.domain,
            &before.tracking.domain,
            &after.tracking.domain,
        );
        back(
            &mut tracking.expires,
            &before.tracking.expires,
            &after.tracking.expires,
        );
        // The status is one fact: a user is missing since a time and for a reason, or it is not.
        if standing(now) == standing(after) && standing(before) != standing(after) {
            let Tracking {
                domain: _,
                domain_dn: _,
                expires: _,
                reason,
                absence,
                found,
            } = &before.tracking;
            next.status = before.status;
            next.synced_at = before.synced_at.or(now.synced_at);
            next.tracking.reason.clone_from(reason);
            next.tracking.absence.clone_from(absence);
            next.tracking.found = *found;
        }
        Self { next, left }
    }

    /// Whether there is nothing to set back.
    pub fn is_none(&self, now: &StoredUser) -> bool {
        self.next == *now
    }
}

/// Everything that makes up a user's status.
fn standing(user: &StoredUser) -> impl PartialEq + '_ {
    let Tracking {
        domain: _,
        domain_dn: _,
        expires: _,
        reason,
        absence,
        found,
    } = &user.tracking;
    (user.status, reason, absence, found)
}

/// Sets something back if it is as the run left it.
fn back<T: Clone + PartialEq>(now: &mut T, before: &T, after: &T) {
    if now == after {
        now.clone_from(before);
    }
}

fn values(before: &Values, after: &Values, now: &Values, left: &mut Vec<Left>) -> Values {
    let mut next = now.clone();
    for field in Field::ALL {
        let [old, new, is] = [before, after, now].map(|it| it.value(field));
        if is == new {
            next.copy(field, before);
        } else if is != old && old != new {
            left.push(Left {
                field,
                is,
                was: new,
            });
        }
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::{Absence, ControllerId, Found, Origin, Profile, Status, UserId};

    fn user(email: &str, number: &str) -> StoredUser {
        let text = |value: &str| Some(value.to_owned()).filter(|it| !it.is_empty());
        StoredUser {
            id: UserId(1),
            origin: Origin::Local,
            values: Values {
                profile: Profile {
                    username: "alice".to_owned(),
                    email: text(email),
                    contact_number: text(number),
                    ..Profile::default()
                },
                enabled: true,
            },
            status: Status::Ok,
            synced_at: None,
            tracking: Tracking::default(),
        }
    }

    #[test]
    fn what_is_as_the_run_left_it_is_set_back() {
        let (before, after) = (user("a@x", "1"), user("b@x", ""));
        let Reversal { next, left } = Reversal::of(&before, &after, &after);
        assert_eq!((next, left), (before, vec![]));
    }

    #[test]
    fn what_was_changed_since_is_left_and_the_rest_is_set_back() {
        let (before, after) = (user("a@x", "1"), user("b@x", "2"));
        let now = user("c@x", "2");
        let Reversal { next, left } = Reversal::of(&before, &after, &now);
        assert_eq!(next, user("c@x", "1"));
        let text = |value: &str| FieldValue::Text(Some(value.to_owned()));
        assert_eq!(
            left,
            [Left {
                field: Field::Email,
                is: text("c@x"),
                was: text("b@x"),
            }]
        );
    }

    #[test]
    fn what_the_run_did_not_change_is_none_of_its_business() {
        let (before, after) = (user("a@x", "1"), user("a@x", "2"));
        let now = user("c@x", "2");
        let Reversal { next, left } = Reversal::of(&before, &after, &now);
        assert_eq!((next, left), (user("c@x", "1"), vec![]));
    }

    #[test]
    fn what_is_back_already_is_left_alone_and_not_reported() {
        let (before, after) = (user("a@x", "1"), user("b@x", "2"));
        let reversal = Reversal::of(&before, &after, &before);
        assert!(reversal.is_none(&before));
        assert_eq!(reversal.left, []);
    }

    #[test]
    fn how_a_user_stands_is_set_back_as_a_whole_or_not_at_all() {
        let found = |run| {
            Some(Found {
                run,
                on: Some(ControllerId(1)),
            })
        };
        let mut missing = user("a@x", "1");
        missing.status = Status::Missing;
        missing.tracking.reason = Some("not found".to_owned());
        missing.tracking.found = found(1);
        missing.tracking.absence = Some(Absence {
            since: jiff::Timestamp::UNIX_EPOCH,
            returned_by: vec![ControllerId(1)],
        });
        let mut here = user("a@x", "1");
        here.tracking.found = found(5);
        assert_eq!(Reversal::of(&missing, &here, &here).next, missing);
        assert_eq!(Reversal::of(&here, &missing, &missing).next, here);

        // A duplicate since: which run found it is part of the same story.
        let mut duplicate = here.clone();
        duplicate.status = Status::Duplicate;
        duplicate.tracking.reason = Some("email a@x is held by bob (local)".to_owned());
        let reversal = Reversal::of(&missing, &here, &duplicate);
        assert!(reversal.is_none(&duplicate), "{reversal:?}");
    }
}
