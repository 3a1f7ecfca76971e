//! The model itself, held against small worlds written by hand: for each, what becomes of the user is said in
//! words elsewhere, and here.

use std::collections::BTreeSet;

use testdir::Uuid;

use crate::rules::{
    Allowed, DAY, HOUR, Limit, Limits, Mode, OutOfScope, Outcome, Scene, Sight, Status, Store,
    Terms, Time, Values, Whereabouts, import, sync,
};

const STAFF: &str = "OU=Staff,DC=corp";
const NOW: Time = 1_000 * DAY;

fn guid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn sight(number: u128) -> Sight {
    Sight {
        guid: guid(number),
        dn: format!("CN=user{number},{STAFF}"),
        whereabouts: Whereabouts::InScope,
        is_nameless: false,
        is_lost: false,
        values: Some(Values {
            username: format!("user{number}"),
            first_name: None,
            last_name: None,
            email: Some(format!("user{number}@x")),
            contact_number: None,
            enabled: true,
        }),
        other_mails: Vec::new(),
    }
}

/// A controller that has these users, for an account that sees no deleted objects.
fn scene(users: impl IntoIterator<Item = u128>) -> Scene {
    Scene {
        answers_more: false,
        now: NOW,
        sights: users.into_iter().map(sight).collect(),
        lifetime: 180 * DAY,
        readable: BTreeSet::from([STAFF.to_owned()]),
        ..Scene::default()
    }
}

fn terms() -> Terms {
    Terms {
        limits: Limits::default(),
        allowed: Allowed::default(),
        out_of_scope: OutOfScope::Keep,
        missing_after: 24 * HOUR,
        delete_missing: false,
        strict: false,
        dry_run: false,
        exit_code: false,
    }
}

/// A store with users 1 to 9, imported from this scene.
fn imported(scene: &Scene) -> Store {
    import(&Store::default(), scene, &scene.sights, true, &terms()).after
}

fn full(store: &Store, scene: &Scene, terms: &Terms) -> Outcome {
    sync(store, None, true, scene, Mode::Full, terms, 1)
}

/// The same scene, later.
fn later(scene: Scene, hours: Time) -> Scene {
    Scene {
        now: scene.now + hours * HOUR,
        ..scene
    }
}

/// What becomes of user 1 in two full runs, 25 hours apart; none, if it is deleted.
#[track_caller]
fn fate(store: &Store, scene: &Scene) -> Option<Status> {
    let first = full(store, scene, &terms());
    assert!(first.code < 2, "{first:?}");
    let second = full(&first.after, &later(scene.clone(), 25), &terms());
    assert!(second.code < 2, "{second:?}");
    let key = second.after.by_guid(0, guid(1));
    key.map(|key| second.after.users[&key].status)
}

#[test]
fn an_absence_is_proof_after_a_day_and_not_before() {
    let store = imported(&scene(1..10));
    let without = scene(2..10);
    let first = full(&store, &without, &terms());
    assert_eq!(first.after.by_guid(0, guid(1)), store.by_guid(0, guid(1)));
    assert_eq!(fate(&store, &without), None);
    let soon = full(&first.after, &later(without.clone(), 23), &terms());
    assert!(soon.after.by_guid(0, guid(1)).is_some());
    let hurried = Terms {
        delete_missing: true,
        ..terms()
    };
    let at_once = full(&store, &without, &hurried);
    assert!(at_once.after.by_guid(0, guid(1)).is_none());
}

#[test]
fn who_is_seen_in_between_is_missing_anew() {
    let store = imported(&scene(1..10));
    let missing = full(&store, &scene(2..10), &terms()).after;
    let again = full(&missing, &later(scene(1..10), 23), &terms()).after;
    let key = again.by_guid(0, guid(1)).expect("it is there");
    assert_eq!(again.users[&key].status, Status::Ok);
    let missing = full(&again, &later(scene(2..10), 25), &terms()).after;
    assert!(missing.by_guid(0, guid(1)).is_some());
}

#[test]
fn a_tombstone_is_proof_at_once() {
    let store = imported(&scene(1..10));
    let mut with_tombstone = scene(1..10);
    with_tombstone.sees_deleted = true;
    with_tombstone.sights[0].whereabouts = Whereabouts::Tombstone;
    let run = full(&store, &with_tombstone, &terms());
    let evidence = run.buckets.expect("a plan").deleted;
    assert_eq!(evidence.into_values().collect::<Vec<_>>(), ["tombstone"]);
}

#[test]
fn a_controller_that_lags_behind_proves_nothing() {
    let store = imported(&scene(1..10));
    let behind = Scene {
        controller: 1,
        ..scene(2..10)
    };
    assert_eq!(fate(&store, &behind), Some(Status::Missing));
    // Nor when it has been read completely, without that user.
    let read = full(&store, &behind, &terms()).after;
    let again = full(&read, &later(scene(1..10), 1), &terms()).after;
    assert_eq!(fate(&again, &later(behind, 2)), Some(Status::Missing));
    // It does when it has returned it.
    let ahead = Scene {
        controller: 1,
        ..scene(1..10)
    };
    let returned = full(&store, &ahead, &terms()).after;
    let gone = Scene {
        controller: 1,
        ..scene(2..10)
    };
    assert_eq!(fate(&returned, &gone), None);
}

#[test]
fn an_account_that_sees_tombstones_and_none_was_not_shown_a_deletion() {
    let store = imported(&scene(1..10));
    let hidden = Scene {
        sees_deleted: true,
        ..scene(2..10)
    };
    assert_eq!(fate(&store, &hidden), Some(Status::Missing));
    // Unless the tombstone would be gone by now.
    assert_eq!(fate(&store, &later(hidden, 181 * 24)), None);
}

#[test]
fn an_account_without_any_right_proves_nothing() {
    let store = imported(&scene(1..10));
    let nothing = Scene {
        readable: BTreeSet::new(),
        ..scene([])
    };
    let allowed = Terms {
        limits: Limits {
            missing: Limit::Number(100),
            ..Limits::default()
        },
        ..terms()
    };
    let all = full(&store, &nothing, &allowed);
    assert_eq!(
        (all.code, all.buckets.expect("a plan").missing.len()),
        (0, 9)
    );
    // Also one by one.
    let key = store.by_guid(0, guid(1)).expect("it is there");
    let chosen = BTreeSet::from([key]);
    let hurried = Terms {
        delete_missing: true,
        ..allowed
    };
    let readable = Scene {
        readable: BTreeSet::from([STAFF.to_owned()]),
        ..nothing
    };
    let one = sync(
        &store,
        Some(&chosen),
        false,
        &readable,
        Mode::Selected,
        &hurried,
        1,
    );
    assert_eq!(one.after.users[&key].status, Status::Missing);
}

#[test]
fn what_is_at_the_last_place_speaks_against_an_absence() {
    let store = imported(&scene(1..10));
    let container = Scene {
        readable: BTreeSet::new(),
        ..scene(2..10)
    };
    let reference = Scene {
        references: BTreeSet::from([STAFF.to_owned()]),
        ..scene(2..10)
    };
    let entry = Scene {
        unreadable: BTreeSet::from([format!("CN=user1,{STAFF}")]),
        ..scene(2..10)
    };
    for scene in [container, reference, entry] {
        assert_eq!(fate(&store, &scene), Some(Status::Missing), "{scene:?}");
    }
}

#[test]
fn an_entry_that_nobody_can_tell_may_be_anybody() {
    let store = imported(&scene(1..10));
    let mut nameless = scene(2..11);
    let stranger = nameless.sights.last_mut().expect("user 10");
    (stranger.is_nameless, stranger.is_lost) = (true, true);
    let run = full(&store, &nameless, &terms());
    assert_eq!(run.code, 7);
    let run = full(&run.after, &later(nameless, 25), &terms());
    let key = run.after.by_guid(0, guid(1)).expect("it is there");
    assert_eq!(run.after.users[&key].status, Status::Missing);
}

#[test]
fn users_of_another_domain_are_left_alone() {
    let store = imported(&scene(1..3));
    let other = Scene {
        domain: 1,
        ..scene(3..10)
    };
    let both = import(&store, &other, &other.sights, true, &terms()).after;
    let run = full(&both, &other, &terms());
    assert_eq!((run.code, run.buckets.expect("a plan").foreign), (0, 2));
    // Where everybody is of another one, something is wrong.
    assert_eq!(full(&store, &other, &terms()).code, 2);
    // An identity is one of its domain.
    let same = Scene {
        domain: 1,
        ..scene(1..2)
    };
    let run = import(&store, &same, &same.sights, true, &terms());
    assert_eq!(run.buckets.expect("a plan").duplicate.len(), 1);
}

#[test]
fn who_is_out_of_scope_is_kept_in_step() {
    let store = imported(&scene(1..10));
    let mut outside = scene(1..10);
    outside.sights[0].whereabouts = Whereabouts::Elsewhere;
    let values = outside.sights[0].values.as_mut().expect("values");
    values.email = None;
    for (rule, enabled) in [(OutOfScope::Keep, true), (OutOfScope::Disable, false)] {
        let terms = Terms {
            out_of_scope: rule,
            ..terms()
        };
        let run = full(&store, &outside, &terms);
        let key = run.after.by_guid(0, guid(1)).expect("it is there");
        let user = &run.after.users[&key];
        assert_eq!(user.status, Status::OutOfScope);
        assert_eq!((&user.values.email, user.values.enabled), (&None, enabled));
        let buckets = run.buckets.expect("a plan");
        assert_eq!((buckets.modified.len(), buckets.out_of_scope.len()), (1, 0));
    }
    let delete = Terms {
        out_of_scope: OutOfScope::Delete,
        ..terms()
    };
    assert!(
        full(&store, &outside, &delete)
            .after
            .by_guid(0, guid(1))
            .is_none()
    );
}

#[test]
fn a_field_that_is_emptied_everywhere_is_refused() {
    let store = imported(&scene(1..10));
    let mut without = scene(1..10);
    for sight in &mut without.sights {
        sight.values.as_mut().expect("values").email = None;
    }
    assert_eq!(full(&store, &without, &terms()).code, 4);
    let mut said = terms();
    said.allowed.cleared = Some(8);
    assert_eq!(full(&store, &without, &said).code, 4);
    said.allowed.cleared = Some(9);
    assert_eq!(full(&store, &without, &said).code, 0);
}

#[test]
fn a_little_every_night_is_noticed() {
    let mut store = imported(&scene(1..10));
    let mut nights = Vec::new();
    for night in 1_u8..=6 {
        let mut scene = later(scene(1..10), 24 * Time::from(night));
        scene.sees_deleted = true;
        for sight in scene.sights.iter_mut().take(usize::from(night)) {
            sight.whereabouts = Whereabouts::Tombstone;
        }
        let run = full(&store, &scene, &terms());
        nights.push(run.code);
        store = run.after;
    }
    // Five are fewer than the smallest share; the sixth within a week is not.
    assert_eq!(nights, [0, 0, 0, 0, 0, 4]);
}

#[test]
fn one_user_that_is_named_is_meant() {
    let store = imported(&scene(1..3));
    let mut gone = scene(1..3);
    gone.sees_deleted = true;
    gone.sights[0].whereabouts = Whereabouts::Tombstone;
    let none = Terms {
        limits: Limits {
            deletes: Limit::Percent(0),
            ..Limits::default()
        },
        ..terms()
    };
    assert_eq!(full(&store, &gone, &none).code, 4);
    let chosen = BTreeSet::from([store.by_guid(0, guid(1)).expect("it is there")]);
    let named = sync(
        &store,
        Some(&chosen),
        false,
        &gone,
        Mode::Selected,
        &none,
        1,
    );
    assert_eq!((named.code, named.after.users.len()), (0, 1));
}

#[test]
fn a_stored_address_stays_while_it_is_among_the_others() {
    let store = imported(&scene(1..3));
    let mut two = scene(1..3);
    let values = two.sights[0].values.as_mut().expect("values");
    values.email = Some("other@x".to_owned());
    two.sights[0].other_mails = vec!["other@x".to_owned(), "user1@x".to_owned()];
    let run = full(&store, &two, &terms());
    assert!(run.buckets.expect("a plan").modified.is_empty());
}
