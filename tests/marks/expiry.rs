//! Accounts that expire: that their time has come changes nothing in the directory, and a run by change mark
//! knows it all the same.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::mark::{agrees, delta, in_mode, mark, marked, marked_with_tombstones};
use crate::support::embedded::{ELSEWHERE, Stage, names};
use crate::support::store::open;

/// From 1601, from which `accountExpires` counts in steps of 100 ns, to 1970.
const SECONDS_TO_1970: i64 = 11_644_473_600;

/// Lets an account expire so many seconds from now; says when.
fn expires_in(stage: &Stage, user: &str, seconds: i64) -> Timestamp {
    let now = Timestamp::now().as_second();
    let at = now + seconds;
    let value = (at + SECONDS_TO_1970) * 10_000_000;
    stage.set(user, "accountExpires", &value.to_string());
    Timestamp::from_second(at).expect("a time")
}

fn wait_until(time: Timestamp) {
    let left = time.duration_since(Timestamp::now()) + SignedDuration::from_millis(10);
    std::thread::sleep(Duration::try_from(left).unwrap_or_default());
}

fn is_enabled(stage: &Stage, user: &str) -> Value {
    stage.user(user)["enabled"].clone()
}

/// Nothing has changed in the directory since the mark was set.
#[track_caller]
fn nothing_changes(stage: &Stage) {
    assert_eq!(mark(stage).usn, crate::mark::highest_usn(stage));
}

#[test]
fn an_account_expires_by_the_clock_alone() {
    for stage in [
        marked(&["alice", "bob"]),
        marked_with_tombstones(&["alice", "bob"]),
    ] {
        let at = expires_in(&stage, "alice", 4);
        let run = delta(&stage, 0);
        assert!(Timestamp::now() < at, "the machine is too slow for this");
        assert_eq!(names(&run, "modified"), [""; 0]);
        assert_eq!(is_enabled(&stage, "alice"), true);
        nothing_changes(&stage);
        wait_until(at);
        let run = agrees(&stage, 0);
        assert_eq!(names(&run, "modified"), ["alice"]);
        assert_eq!(run["modified"][0]["changes"]["enabled"]["to"], false);
        assert_eq!(run["counts"]["unchanged"], 2);
        assert_eq!(is_enabled(&stage, "alice"), false);
        nothing_changes(&stage);

        // That is that, until the account is given more time.
        stage.directory.reset_stats();
        let run = delta(&stage, 0);
        assert_eq!(run["counts"]["unchanged"], 3);
        assert_eq!(stage.directory.searches().len(), 2, "she is not read again");
        expires_in(&stage, "alice", 3600);
        assert_eq!(names(&agrees(&stage, 0), "modified"), ["alice"]);
        assert_eq!(is_enabled(&stage, "alice"), true);
    }
}

#[test]
fn it_expires_by_the_clock_alone_out_of_scope_as_well() {
    let stage = marked(&["alice", "bob"]);
    stage.change(|directory| directory.move_to("alice", ELSEWHERE));
    let at = expires_in(&stage, "alice", 4);
    let run = delta(&stage, 0);
    assert!(Timestamp::now() < at, "the machine is too slow for this");
    assert_eq!(names(&run, "out_of_scope"), ["alice"]);
    nothing_changes(&stage);
    wait_until(at);
    assert_eq!(names(&agrees(&stage, 0), "modified"), ["alice"]);
    let alice = stage.user("alice");
    assert_eq!(
        (&alice["enabled"], &alice["status"]),
        (&false.into(), &"out_of_scope".into())
    );
    assert_eq!(names(&agrees(&stage, 0), "out_of_scope"), ["alice"]);
}

#[test]
fn a_time_that_has_passed_when_it_is_set() {
    let stage = marked(&["alice", "bob", "carol"]);
    expires_in(&stage, "alice", -1);
    stage.set("bob", "userAccountControl", "514");
    assert_eq!(names(&agrees(&stage, 0), "modified"), ["alice", "bob"]);
    // Disabled as well, and enabled again: it has expired still.
    stage.set("alice", "userAccountControl", "514");
    agrees(&stage, 0);
    stage.set("alice", "userAccountControl", "512");
    assert_eq!(names(&agrees(&stage, 0), "modified"), [""; 0]);
    // And the other way round.
    expires_in(&stage, "bob", -1);
    stage.set("bob", "userAccountControl", "512");
    assert_eq!(names(&agrees(&stage, 0), "modified"), [""; 0]);
    assert_eq!(is_enabled(&stage, "bob"), false);
    stage.set("bob", "accountExpires", "0");
    assert_eq!(names(&agrees(&stage, 0), "modified"), ["bob"]);
}

#[test]
fn what_means_never_is_never() {
    for never in ["0", "9223372036854775807", ""] {
        let stage = marked(&["alice", "bob"]);
        expires_in(&stage, "alice", -1);
        delta(&stage, 0);
        stage.set("alice", "accountExpires", never);
        let run = agrees(&stage, 0);
        assert_eq!(names(&run, "modified"), ["alice"], "{never:?}");
        assert_eq!(is_enabled(&stage, "alice"), true);
    }
}

#[test]
fn a_time_that_is_only_set_changes_nothing_and_is_kept() {
    let stage = marked(&["alice", "bob"]);
    let at = expires_in(&stage, "alice", 3600);
    let run = agrees(&stage, 0);
    assert_eq!(run["counts"]["unchanged"], 3, "{run:#}");
    let kept: String = open(&stage)
        .query_row(
            "SELECT expires_at FROM users WHERE username = 'alice'",
            [],
            |row| row.get(0),
        )
        .expect("a time");
    assert_eq!(kept, at.to_string());
}

#[test]
fn many_that_expire_at_once_are_for_the_guard() {
    let mut stage = marked(&["alice", "bob", "carol"]);
    stage.configure_sync("max_disabled = 2");
    let at = ["alice", "bob", "carol"].map(|user| expires_in(&stage, user, 4));
    delta(&stage, 0);
    assert!(Timestamp::now() < at[0], "the machine is too slow for this");
    wait_until(at[2]);
    let before = stage.contents();
    let run = in_mode(&stage, 4, &["sync"], "delta");
    assert_eq!(names(&run, "modified").len(), 3);
    stage.contents().assert_only_noted(&before, "refused");
    in_mode(&stage, 0, &["sync", "--allow-disabled", "3"], "delta");
    assert_eq!(is_enabled(&stage, "bob"), false);
}
