//! Deletions in runs by change mark: by the tombstone where the account sees tombstones, else by asking
//! who is still there, and by waiting; and the guard counts them as in a full run.

use serde_json::Value;
use testdir::{Directory, What, When};

use crate::mark::{
    a_day_passes, agrees, delta, in_mode, mark, marked, marked_at_once, marked_with_tombstones,
    set_mark, something_else_changes, sweep, update_mark,
};
use crate::support::embedded::{DOMAIN, ELSEWHERE, STAFF, Stage, assert_says, names, text};

/// Whether a run asked who is still there.
fn swept(stage: &Stage) -> bool {
    !sweep(&stage.directory.searches()).is_empty()
}

/// How a user that was deleted in the directory shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shows {
    /// As a deleted object.
    Tombstone,
    /// Not at all: it is missing, and a day later that is proof.
    InADay,
}

use Shows::{InADay, Tombstone};

/// Fails unless the next run finds that these users were deleted, in that way, and with or without
/// asking who is still there.
#[track_caller]
fn finds(stage: &Stage, users: &[&str], shows: Shows, by_sweep: bool) {
    stage.directory.reset_stats();
    let rehearsal = in_mode(stage, 0, &["sync", "--dry-run"], "delta");
    assert_eq!(swept(stage), by_sweep, "{:#?}", stage.directory.searches());
    let reason = match shows {
        Tombstone => {
            let run = agrees(stage, 0);
            return are_deleted(&[rehearsal, run], users, "tombstone");
        }
        InADay => "(missing_after)",
    };
    are_missing(&[rehearsal, agrees(stage, 0)], users, reason);
    a_day_passes(stage);
    // Of those who are missing no change must tell.
    stage.directory.reset_stats();
    let run = agrees(stage, 0);
    assert!(!swept(stage), "{:#?}", stage.directory.searches());
    are_deleted(&[run], users, "absent");
}

#[track_caller]
fn are_deleted(runs: &[Value], users: &[&str], evidence: &str) {
    for run in runs {
        assert_eq!(names(run, "deleted"), users, "{run:#}");
        assert_eq!(names(run, "missing"), [""; 0], "{run:#}");
        for user in run["deleted"].as_array().into_iter().flatten() {
            assert_eq!(text(user, "evidence"), evidence);
        }
    }
}

#[track_caller]
fn are_missing(runs: &[Value], users: &[&str], reason: &str) {
    for run in runs {
        assert_eq!(names(run, "missing"), users, "{run:#}");
        assert_eq!(names(run, "deleted"), [""; 0], "{run:#}");
        for user in run["missing"].as_array().into_iter().flatten() {
            let said = text(user, "reason");
            assert!(said.contains(reason), "{reason:?} is not in {said:?}");
        }
    }
}

const NO_TOMBSTONE: &str = "neither in the domain nor among its deleted objects";

#[test]
fn a_tombstone_that_is_seen_needs_no_sweep() {
    let stage = marked_with_tombstones(&["alice", "bob", "carol"]);
    stage.change(|directory| directory.delete("bob"));
    finds(&stage, &["bob"], Tombstone, false);
    stage.directory.reset_stats();
    delta(&stage, 0);
    assert!(!swept(&stage));
}

#[test]
fn without_the_right_to_see_tombstones_the_missing_are_looked_for() {
    let stage = marked(&["alice", "bob", "carol"]);
    stage.change(|directory| directory.delete("bob"));
    finds(&stage, &["bob"], InADay, true);
    for changes in [true, false] {
        if changes {
            something_else_changes(&stage);
        }
        stage.directory.reset_stats();
        delta(&stage, 0);
        assert_eq!(swept(&stage), changes, "whenever anything changed");
    }
}

#[test]
fn a_user_that_is_deleted_at_once_where_that_is_the_setting() {
    let stage = marked_at_once(&["alice", "bob", "carol"]);
    stage.change(|directory| directory.delete("bob"));
    stage.directory.reset_stats();
    let rehearsal = in_mode(&stage, 0, &["sync", "--dry-run"], "delta");
    assert!(swept(&stage));
    are_deleted(&[rehearsal, agrees(&stage, 0)], &["bob"], "absent");
}

#[test]
fn a_missing_user_is_told_until_when_it_is_kept() {
    let mut stage = marked(&["alice", "bob", "carol"]);
    stage.configure_sync("missing_after = \"36h\"");
    stage.change(|directory| directory.delete("bob"));
    let run = delta(&stage, 0);
    let since = text(&run, "started_at");
    assert_eq!(text(&run["missing"][0], "since"), since);
    let since: jiff::Timestamp = since.parse().expect("a time");
    let until = since + jiff::SignedDuration::from_hours(36);
    let reason = format!(
        "not found in the domain; a run that does not find it after {until} deletes it (missing_after)"
    );
    assert_eq!(text(&run["missing"][0], "reason"), reason);
    assert_eq!(text(&stage.user("bob"), "reason"), reason);
    // A minute before, and then.
    leave_missing(&stage, 60);
    assert_eq!(names(&delta(&stage, 0), "missing"), ["bob"]);
    leave_missing(&stage, -1);
    assert_eq!(names(&delta(&stage, 0), "deleted"), ["bob"]);
}

/// Lets those who are missing be kept for so many seconds more, of 36 hours.
fn leave_missing(stage: &Stage, seconds: i64) {
    let left = jiff::SignedDuration::from_secs(seconds);
    let since = jiff::Timestamp::now() + left - jiff::SignedDuration::from_hours(36);
    let aged = crate::support::store::open(stage).execute(
        "UPDATE users SET missing_since = ?1 WHERE missing_since IS NOT NULL",
        [since.to_string()],
    );
    assert_eq!(aged, Ok(1));
}

#[test]
fn a_missing_user_is_looked_at_again_by_every_run() {
    let stage = marked(&["alice", "bob", "carol"]);
    stage.change(|directory| directory.delete("bob"));
    delta(&stage, 0);
    let guid = text(&stage.user("bob"), "guid");
    let guid: testdir::Uuid = guid.parse().expect("a GUID");
    for _ in 0..3 {
        // Nothing changed in the directory.
        stage.directory.reset_stats();
        assert_eq!(names(&delta(&stage, 0), "missing"), ["bob"]);
        assert!(!swept(&stage));
        let identity: String = guid.to_bytes_le().map(|it| format!("\\{it:02x}")).concat();
        let searches = stage.directory.searches();
        let by_identity = searches
            .iter()
            .filter(|it| it.filter.contains(&format!("(objectGUID={identity})")));
        assert!(
            by_identity.count() >= 2,
            "in the scope and in the domain: {searches:#?}"
        );
    }
    // A right that the account gets back is no change of the user either.
    let mut stage = marked(&["alice", "bob", "carol"]);
    stage.directory.deny("bob").expect("he is there");
    something_else_changes(&stage);
    assert_eq!(names(&delta(&stage, 0), "missing"), ["bob"]);
    stage.directory.allow_all();
    let run = agrees(&stage, 0);
    assert_eq!(run["counts"]["unchanged"], 4, "{run:#}");
    assert_eq!(stage.user("bob")["status"], "ok");
    // And so is the day that has passed.
    stage.configure_sync("missing_after = \"24h\"");
    stage.change(|directory| directory.delete("bob"));
    delta(&stage, 0);
    a_day_passes(&stage);
    stage.directory.reset_stats();
    are_deleted(&[delta(&stage, 0)], &["bob"], "absent");
    assert!(!swept(&stage));
}

#[test]
fn a_user_on_whom_the_account_lost_every_right_is_never_deleted() {
    for (stage, reason, notices) in [
        // Who asks who is still there notices it; that the user stands at its DN speaks against the rest.
        (
            marked(&["alice", "bob", "carol"]),
            "there is an entry at its DN",
            true,
        ),
        (
            marked_with_tombstones(&["alice", "bob", "carol"]),
            NO_TOMBSTONE,
            false,
        ),
    ] {
        stage.directory.deny("bob").expect("he is there");
        something_else_changes(&stage);
        let run = delta(&stage, 0);
        let missing = if notices { &["bob"][..] } else { &[] };
        are_missing(&[run], missing, reason);
        for arguments in [
            &["sync", "--full"][..],
            &["sync"],
            &["sync", "--users", "bob"],
            &["sync", "--full"],
        ] {
            for more in [&[][..], &["--delete-missing"]] {
                let run = stage.json(0, &[arguments, more].concat());
                are_missing(&[run], &["bob"], reason);
                a_day_passes(&stage);
            }
        }
        assert_eq!(stage.usernames(), ["alice", "bob", "carol", "wanda"]);
    }
}

#[test]
fn a_right_that_is_lost_between_two_runs_is_noticed() {
    let stage = marked_with_tombstones(&["alice", "bob", "carol"]);
    stage.directory.see_tombstones(false);
    stage.change(|directory| directory.delete("bob"));
    finds(&stage, &["bob"], InADay, true);
    stage.change(|directory| directory.delete("carol"));
    finds(&stage, &["carol"], InADay, true);
}

#[test]
fn a_right_that_is_gained_between_two_runs_is_used_from_the_first_tombstone_on() {
    let stage = marked(&["alice", "bob", "carol"]);
    stage.directory.see_tombstones(true);
    stage.change(|directory| directory.delete("bob"));
    finds(&stage, &["bob"], Tombstone, false);
    assert_ne!(mark(&stage).deleted_witness, None);
    stage.directory.reset_stats();
    delta(&stage, 0);
    assert!(!swept(&stage));
    stage.directory.see_tombstones(false);
    stage.change(|directory| directory.delete("carol"));
    finds(&stage, &["carol"], InADay, true);
}

#[test]
fn a_witness_that_was_forgotten_by_the_directory_is_no_witness() {
    let stage = marked_with_tombstones(&["alice", "bob", "carol"]);
    stage.change(|directory| directory.delete("bob"));
    stage.change(|directory| {
        directory.collect_garbage();
        Ok(())
    });
    finds(&stage, &["bob"], InADay, true);
}

#[test]
fn the_container_of_tombstones_is_not_one_itself() {
    let container = format!("CN=Deleted Objects,{DOMAIN}");
    let touch =
        |directory: &mut Directory| directory.replace(&container, "description", ["touched"]);

    // Whoever takes the right away changes the container, which everybody may go on to see.
    let stage = marked_with_tombstones(&["alice", "bob", "carol"]);
    stage.directory.see_deleted_container(true);
    stage.directory.see_tombstones(false);
    stage.change(touch);
    stage.change(|directory| directory.delete("bob"));
    finds(&stage, &["bob"], InADay, true);
    stage.change(|directory| directory.delete("carol"));
    finds(&stage, &["carol"], InADay, true);

    let stage = Stage::imported(&["alice", "bob", crate::mark::WITNESS]);
    stage.directory.see_deleted_container(true);
    stage.change(touch);
    set_mark(&stage);
    assert_eq!(mark(&stage).deleted_witness, None);
    stage.change(|directory| directory.delete("bob"));
    finds(&stage, &["bob"], InADay, true);
}

#[test]
fn a_tombstone_that_came_back_to_life_is_no_witness() {
    let stage = marked_with_tombstones(&["alice", "bob", "carol"]);
    let gone = mark(&stage).deleted_witness.expect("a witness");
    stage.change(|directory| directory.reanimate(gone, STAFF));
    stage.directory.see_tombstones(false);
    stage.change(|directory| directory.delete("bob"));
    finds(&stage, &["bob"], InADay, true);
}

#[test]
fn tombstones_whose_usn_cannot_be_read_are_no_witnesses() {
    let stage = marked_with_tombstones(&["alice", "bob", "carol"]);
    let container = format!("CN=Deleted Objects,{DOMAIN}");
    stage
        .directory
        .hide_attribute("uSNChanged", &container)
        .expect("a DN");
    stage.change(|directory| directory.delete("bob"));
    // By identity it is still found.
    finds(&stage, &["bob"], Tombstone, true);
}

#[test]
fn a_user_that_was_sent_twice_does_not_stand_in_for_one_that_is_gone() {
    let stage = marked(&["alice", "bob", "carol"]);
    stage.change(|directory| directory.delete("bob"));
    let user = "alice".to_owned();
    stage
        .directory
        .fault(When::search(), What::SendTwice { user });
    finds(&stage, &["bob"], InADay, true);
}

#[test]
fn one_of_many_is_missed_wherever_it_stands() {
    let stage = Stage::with_many(410);
    stage.change(|directory| directory.add_user(crate::mark::WITNESS));
    stage.run(&["import", "--all"]).expect_code(0);
    set_mark(&stage);
    for user in ["u000001", "u000200", "u000201", "u000410"] {
        stage.change(|directory| directory.delete(user));
        assert_eq!(names(&delta(&stage, 0), "missing"), [user]);
        a_day_passes(&stage);
        assert_eq!(names(&delta(&stage, 0), "deleted"), [user]);
    }
}

#[test]
fn a_user_in_another_place_is_not_gone() {
    for (stage, shows) in [
        (marked(&["alice", "bob"]), InADay),
        (marked_with_tombstones(&["alice", "bob"]), Tombstone),
    ] {
        stage.change(|directory| directory.move_to("bob", ELSEWHERE));
        let run = agrees(&stage, 0);
        assert_eq!(names(&run, "deleted"), [""; 0]);
        assert_eq!(names(&run, "missing"), [""; 0]);
        assert_eq!(names(&run, "out_of_scope"), ["bob"]);
        stage.change(|directory| directory.delete("bob"));
        finds(&stage, &["bob"], shows, shows == InADay);
    }
}

#[test]
fn a_user_that_the_account_sees_no_longer_is_absent_without_tombstones() {
    let stage = marked(&["alice", "bob", "carol"]);
    stage.directory.fault(When::search(), What::hide("bob"));
    something_else_changes(&stage);
    finds(&stage, &["bob"], InADay, true);
}

#[test]
fn nobody_is_gone_where_nobody_is_found_by_identity() {
    for (stage, shows) in [
        (marked(&["alice", "bob"]), InADay),
        (marked_with_tombstones(&["alice", "bob"]), Tombstone),
    ] {
        stage.change(|directory| directory.delete("bob"));
        let before = stage.contents();
        let by_identity = When::search().filter_contains("(objectguid=\\");
        stage.directory.fault(by_identity, What::Empty);
        for more in [&[][..], &["--delete-missing"]] {
            stage.json(5, &[&["sync"], more].concat());
        }
        stage.contents().assert_only_noted(&before, "failed");
        stage.directory.clear_faults();
        finds(&stage, &["bob"], shows, shows == InADay);
    }
}

#[test]
fn an_empty_answer_to_the_sweep_deletes_nobody() {
    let stage = marked(&["alice", "bob", "carol"]);
    let before = stage.contents();
    // All but the search for changes, in which the witness is.
    let sweep = When::search().filter_contains("(|(objectguid=");
    stage.directory.fault(sweep, What::Empty);
    stage.run(&["sync"]);
    let after = stage.contents();
    assert_eq!((after.users, after.changes), (before.users, before.changes));
    assert_eq!(names(&stage.sync(0), "missing"), [""; 0]);
    stage.directory.clear_faults();
    assert_eq!(stage.sync(0)["counts"]["unchanged"], 4);
}

/// Imported users, a mark, and the first ones have left the directory since.
fn with_departures(users: usize, gone: usize, see_tombstones: bool) -> Stage {
    let stage = Stage::imported_many(users);
    stage.directory.see_tombstones(see_tombstones);
    stage.sync(0);
    let last = stage.change(|directory| directory.guid(&format!("u{users:06}")));
    update_mark(&stage, "witness", last.to_bytes_le());
    for number in 1..=gone {
        stage.change(|directory| directory.delete(&format!("u{number:06}")));
    }
    stage
}

#[test]
fn the_guard_refuses_as_many_as_in_a_full_run() {
    for see_tombstones in [false, true] {
        let with_departures = |gone| {
            let mut stage = with_departures(61, gone, see_tombstones);
            stage.configure_sync("missing_after = \"0\"");
            stage
        };
        let stage = with_departures(8);
        let before = stage.contents();
        for arguments in [&["sync", "--dry-run"][..], &["sync"]] {
            let run = in_mode(&stage, 4, arguments, "delta");
            assert_eq!(names(&run, "deleted").len(), 8);
            assert_eq!(run["counts"]["checked"], 61);
            let answer = stage.run(arguments).expect_code(4);
            let words = ["8 users", "would be deleted", "--allow-deletes 8"];
            assert_says(&answer, &words);
        }
        stage.contents().assert_only_noted(&before, "refused");
        let run = in_mode(&stage, 0, &["sync", "--allow-deletes", "8"], "delta");
        assert_eq!(names(&run, "deleted").len(), 8);

        assert_eq!(names(&agrees(&with_departures(7), 0), "deleted").len(), 7);
    }
}

#[test]
fn the_guard_refuses_as_many_newly_missing_as_in_a_full_run() {
    let stage = with_departures(61, 8, false);
    let before = stage.contents();
    for arguments in [
        &["sync", "--dry-run"][..],
        &["sync"],
        &["sync", "--allow-missing", "7"],
        &["sync", "--allow-missing", "9"],
        &["sync", "--allow-deletes", "8"],
    ] {
        let run = in_mode(&stage, 4, arguments, "delta");
        assert_eq!(names(&run, "missing").len(), 8);
        assert_eq!(run["counts"]["checked"], 61);
        let answer = stage.run(arguments).expect_code(4);
        let words = ["8 users", "would be newly missing", "--allow-missing 8"];
        assert_says(&answer, &words);
    }
    stage.contents().assert_only_noted(&before, "refused");
    let run = in_mode(&stage, 0, &["sync", "--allow-missing", "8"], "delta");
    assert_eq!(names(&run, "missing").len(), 8);
    // Those who were missing before need not be said again.
    assert_eq!(names(&agrees(&stage, 0), "missing").len(), 8);
    a_day_passes(&stage);
    in_mode(&stage, 4, &["sync"], "delta");
    in_mode(&stage, 0, &["sync", "--allow-deletes", "8"], "delta");

    let stage = with_departures(61, 7, false);
    assert_eq!(names(&agrees(&stage, 0), "missing").len(), 7);
}

#[test]
fn the_share_is_of_all_imported_users_and_not_of_those_that_changed() {
    // Everybody that changed is gone, and that is not everybody.
    let stage = with_departures(20, 2, true);
    assert_eq!(names(&agrees(&stage, 0), "deleted"), ["u000001", "u000002"]);
}

#[test]
fn a_run_that_would_delete_everybody_is_refused() {
    let stage = with_departures(3, 2, true);
    // The witness goes as well; then everything is read, and refused.
    stage.change(|directory| directory.delete("u000003"));
    let before = stage.contents();
    let run = in_mode(&stage, 4, &["sync"], "full");
    assert_eq!(names(&run, "deleted").len(), 3);
    stage.contents().assert_only_noted(&before, "refused");
}

#[test]
fn nobody_is_deleted_where_everybody_is_absent() {
    let stage = with_departures(3, 2, false);
    stage.change(|directory| directory.delete("u000003"));
    let nobody_found = "not found, nor is any other user of the store";
    let run = in_mode(&stage, 0, &["sync"], "full");
    are_missing(&[run], &["u000001", "u000002", "u000003"], nobody_found);
    for arguments in [
        &["sync"][..],
        &["sync", "--delete-missing"],
        &["sync", "--users", "u000001", "--delete-missing"],
    ] {
        a_day_passes(&stage);
        let run = stage.json(0, arguments);
        assert_eq!(names(&run, "deleted"), [""; 0], "{arguments:?}");
        let reason = text(&run["missing"][0], "reason");
        assert!(reason.starts_with(nobody_found), "{arguments:?}: {reason}");
    }
    assert_eq!(stage.usernames().len(), 3);
}

#[test]
fn another_user_is_found_by_identity_behind_a_hundred_who_are_gone() {
    let mut stage = with_departures(104, 102, false);
    stage.configure_sync("missing_after = \"0\"\nmax_deletes = 200");
    assert_eq!(names(&agrees(&stage, 0), "deleted").len(), 102);
}

#[test]
fn the_guard_counts_a_number_too() {
    let mut stage = with_departures(20, 3, true);
    stage.configure_sync("max_deletes = 2");
    in_mode(&stage, 4, &["sync"], "delta");
    in_mode(&stage, 4, &["sync", "--allow-deletes", "2"], "delta");
    in_mode(&stage, 0, &["sync", "--allow-deletes", "3"], "delta");
}

#[test]
fn an_identity_that_cannot_be_read_any_more_ends_nobody() {
    // Nobody is found by it, nor is it sent; and the OU was renamed, so the DN tells nothing either.
    for stage in [
        marked(&["alice", "bob"]),
        marked_with_tombstones(&["alice", "bob"]),
    ] {
        let sales = format!("OU=Sales,{STAFF}");
        stage.change(|directory| directory.move_to("bob", &sales));
        agrees(&stage, 0);
        stage.change(|directory| directory.rename(&sales, "OU=Marketing"));
        let marketing = format!("OU=Marketing,{STAFF}");
        stage
            .directory
            .hide_attribute("objectGUID", &marketing)
            .expect("a DN");
        stage.run(&["sync"]);
        assert_eq!(stage.usernames(), ["alice", "bob", "wanda"]);
        stage.run(&["sync", "--full"]);
        assert_eq!(stage.usernames(), ["alice", "bob", "wanda"]);
        stage.run(&["sync"]);
        assert_eq!(stage.usernames(), ["alice", "bob", "wanda"]);
    }
}
