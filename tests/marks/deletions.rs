//! Deletions in runs by change mark: by the tombstone where the account sees tombstones, else by asking
//! who is still there; and the guard counts them as in a full run.

use testdir::{Directory, What, When};

use crate::mark::{
    agrees, delta, in_mode, mark, marked, marked_with_tombstones, set_mark, something_else_changes,
    sweep, update_mark,
};
use crate::support::embedded::{DOMAIN, ELSEWHERE, STAFF, Stage, assert_says, names, text};

/// Whether a run asked who is still there.
fn swept(stage: &Stage) -> bool {
    !sweep(&stage.directory.searches()).is_empty()
}

/// Fails unless the next run finds that these users were deleted, with this evidence, and with or
/// without asking who is still there.
#[track_caller]
fn finds(stage: &Stage, users: &[&str], evidence: &str, by_sweep: bool) {
    stage.directory.reset_stats();
    let run = in_mode(stage, 0, &["sync", "--dry-run"], "delta");
    assert_eq!(swept(stage), by_sweep, "{:#?}", stage.directory.searches());
    let run_done = agrees(stage, 0);
    for run in [run, run_done] {
        assert_eq!(names(&run, "deleted"), users);
        for user in 0..users.len() {
            assert_eq!(text(&run["deleted"][user], "evidence"), evidence);
        }
    }
}

#[test]
fn a_tombstone_that_is_seen_needs_no_sweep() {
    let stage = marked_with_tombstones(&["alice", "bob", "carol"]);
    stage.change(|directory| directory.delete("bob"));
    finds(&stage, &["bob"], "tombstone", false);
    stage.directory.reset_stats();
    delta(&stage, 0);
    assert!(!swept(&stage));
}

#[test]
fn without_the_right_to_see_tombstones_the_missing_are_looked_for() {
    let stage = marked(&["alice", "bob", "carol"]);
    stage.change(|directory| directory.delete("bob"));
    finds(&stage, &["bob"], "absent", true);
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
fn a_right_that_is_lost_between_two_runs_is_noticed() {
    let stage = marked_with_tombstones(&["alice", "bob", "carol"]);
    stage.directory.see_tombstones(false);
    stage.change(|directory| directory.delete("bob"));
    finds(&stage, &["bob"], "absent", true);
    stage.change(|directory| directory.delete("carol"));
    finds(&stage, &["carol"], "absent", true);
}

#[test]
fn a_right_that_is_gained_between_two_runs_is_used_from_the_first_tombstone_on() {
    let stage = marked(&["alice", "bob", "carol"]);
    stage.directory.see_tombstones(true);
    stage.change(|directory| directory.delete("bob"));
    finds(&stage, &["bob"], "tombstone", false);
    assert_ne!(mark(&stage).deleted_witness, None);
    stage.directory.reset_stats();
    delta(&stage, 0);
    assert!(!swept(&stage));
    stage.directory.see_tombstones(false);
    stage.change(|directory| directory.delete("carol"));
    finds(&stage, &["carol"], "absent", true);
}

#[test]
fn a_witness_that_was_forgotten_by_the_directory_is_no_witness() {
    let stage = marked_with_tombstones(&["alice", "bob", "carol"]);
    stage.change(|directory| directory.delete("bob"));
    stage.change(|directory| {
        directory.collect_garbage();
        Ok(())
    });
    finds(&stage, &["bob"], "absent", true);
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
    finds(&stage, &["bob"], "absent", true);
    stage.change(|directory| directory.delete("carol"));
    finds(&stage, &["carol"], "absent", true);

    let stage = Stage::imported(&["alice", "bob", crate::mark::WITNESS]);
    stage.directory.see_deleted_container(true);
    stage.change(touch);
    set_mark(&stage);
    assert_eq!(mark(&stage).deleted_witness, None);
    stage.change(|directory| directory.delete("bob"));
    finds(&stage, &["bob"], "absent", true);
}

#[test]
fn a_tombstone_that_came_back_to_life_is_no_witness() {
    let stage = marked_with_tombstones(&["alice", "bob", "carol"]);
    let gone = mark(&stage).deleted_witness.expect("a witness");
    stage.change(|directory| directory.reanimate(gone, STAFF));
    stage.directory.see_tombstones(false);
    stage.change(|directory| directory.delete("bob"));
    finds(&stage, &["bob"], "absent", true);
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
    finds(&stage, &["bob"], "tombstone", true);
}

#[test]
fn a_user_that_was_sent_twice_does_not_stand_in_for_one_that_is_gone() {
    let stage = marked(&["alice", "bob", "carol"]);
    stage.change(|directory| directory.delete("bob"));
    let user = "alice".to_owned();
    stage
        .directory
        .fault(When::search(), What::SendTwice { user });
    finds(&stage, &["bob"], "absent", true);
}

#[test]
fn one_of_many_is_missed_wherever_it_stands() {
    let stage = Stage::with_many(410);
    stage.change(|directory| directory.add_user(crate::mark::WITNESS));
    stage.run(&["import", "--all"]).expect_code(0);
    set_mark(&stage);
    for user in ["u000001", "u000200", "u000201", "u000410"] {
        stage.change(|directory| directory.delete(user));
        assert_eq!(names(&delta(&stage, 0), "deleted"), [user]);
    }
}

#[test]
fn a_user_in_another_place_is_not_gone() {
    for stage in [
        marked(&["alice", "bob"]),
        marked_with_tombstones(&["alice", "bob"]),
    ] {
        stage.change(|directory| directory.move_to("bob", ELSEWHERE));
        let run = agrees(&stage, 0);
        assert_eq!(names(&run, "deleted"), [""; 0]);
        assert_eq!(names(&run, "out_of_scope"), ["bob"]);
        stage.change(|directory| directory.delete("bob"));
        assert_eq!(names(&agrees(&stage, 0), "deleted"), ["bob"]);
    }
}

#[test]
fn a_user_that_the_account_sees_no_longer_is_absent_without_tombstones() {
    let stage = marked(&["alice", "bob", "carol"]);
    stage.directory.fault(When::search(), What::hide("bob"));
    something_else_changes(&stage);
    finds(&stage, &["bob"], "absent", true);
}

#[test]
fn nobody_is_gone_where_nobody_is_found_by_identity() {
    for stage in [
        marked(&["alice", "bob"]),
        marked_with_tombstones(&["alice", "bob"]),
    ] {
        stage.change(|directory| directory.delete("bob"));
        let before = stage.contents();
        let by_identity = When::search().filter_contains("(objectguid=\\");
        stage.directory.fault(by_identity, What::Empty);
        stage.sync(5);
        stage.contents().assert_only_noted(&before, "failed");
        stage.directory.clear_faults();
        assert_eq!(names(&stage.sync(0), "deleted"), ["bob"]);
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
        let stage = with_departures(61, 8, see_tombstones);
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

        let stage = with_departures(61, 7, see_tombstones);
        assert_eq!(names(&agrees(&stage, 0), "deleted").len(), 7);
    }
}

#[test]
fn the_share_is_of_all_imported_users_and_not_of_those_that_changed() {
    // Everybody that changed is gone, and that is not everybody.
    let stage = with_departures(20, 2, true);
    assert_eq!(names(&agrees(&stage, 0), "deleted"), ["u000001", "u000002"]);
}

#[test]
fn a_run_that_would_delete_everybody_is_refused() {
    for see_tombstones in [false, true] {
        let stage = with_departures(3, 2, see_tombstones);
        // The witness goes as well; then everything is read, and refused.
        stage.change(|directory| directory.delete("u000003"));
        let before = stage.contents();
        let run = stage.sync(4);
        assert_eq!(names(&run, "deleted").len(), 3);
        stage.contents().assert_only_noted(&before, "refused");
    }
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
