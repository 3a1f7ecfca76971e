//! Histories so rare that chance does not find them.

use testdir::{User, What, When};

use crate::support::embedded::{ELSEWHERE, STAFF, Stage, names, text};

#[test]
fn a_newcomer_without_an_identity_does_not_end_a_restored_user() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.change(|directory| directory.delete("bob"));
    stage.json(0, &["sync", "--delete-missing"]);
    stage.run(&["restore", "bob"]).expect_code(0);
    stage.change(|directory| directory.add_user(User::new("other").common_name("bob")));
    stage
        .directory
        .fault(When::search(), What::no_guid("other"));
    stage.sync(7);
    stage.directory.clear_faults();
    assert_eq!(stage.user("bob")["status"], "restored");
    stage.sync(0);
    assert_eq!(stage.usernames(), ["alice", "bob", "carol"]);
}

#[test]
fn a_restored_user_is_not_failed_because_somebody_else_is_missing() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.change(|directory| directory.delete("bob"));
    stage.json(0, &["sync", "--delete-missing"]);
    stage.run(&["restore", "bob"]).expect_code(0);
    stage.json(0, &["sync", "--full"]);
    stage.change(|directory| directory.add_user(User::new("other").common_name("bob")));
    stage
        .directory
        .fault(When::search(), What::no_guid("other"));
    stage.change(|directory| directory.delete("carol"));
    let run = stage.json(0, &["sync", "--users", "bob,carol"]);
    assert_eq!(names(&run, "missing"), ["carol"], "{run:#}");
    assert_eq!(stage.user("bob")["status"], "restored");
}

#[test]
fn a_user_outside_the_selection_is_not_failed_for_its_old_dn() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    let dn = |name: &str| format!("CN={name},{STAFF}");
    stage.change(|directory| directory.rename(&dn("alice"), "CN=moved"));
    stage.change(|directory| directory.rename(&dn("bob"), "CN=alice"));
    stage.directory.fault(When::search(), What::no_guid("bob"));
    let run = stage.json(7, &["sync", "--users", "bob"]);
    assert_eq!(stage.user("alice")["status"], "ok", "{run:#}");
    assert_eq!(stage.usernames(), ["alice", "bob", "carol"]);
}

#[test]
fn a_user_whose_identity_cannot_be_read_at_anothers_old_dn_is_not_deleted() {
    for first in ["CN=zoe", "CN=aaron"] {
        let stage = Stage::imported(&["bob", "carol", "dave"]);
        let dn = |name: &str| format!("CN={name},{STAFF}");
        stage.change(|directory| directory.rename(&dn("bob"), first));
        stage.change(|directory| directory.rename(&dn("carol"), "CN=bob"));
        // The right to read the identity is lost: it is not sent, and finds nobody.
        stage
            .directory
            .fault(When::search(), What::no_guid("carol"));
        let by_identity = When::search().filter_contains("objectguid");
        stage.directory.fault(by_identity, What::hide("carol"));
        stage.run(&["sync"]);
        assert_eq!(stage.usernames(), ["bob", "carol", "dave"], "{first}");
    }
}

#[test]
fn an_entry_without_an_identity_is_no_user_that_is_left() {
    let stage = Stage::imported(&["alice", "bob"]);
    stage.directory.see_tombstones(true);
    stage.change(|directory| directory.delete("alice"));
    stage.change(|directory| directory.delete("bob"));
    stage.change(|directory| directory.add_user("stranger"));
    stage
        .directory
        .fault(When::search(), What::no_guid("stranger"));
    let run = stage.json(4, &["sync"]);
    assert_eq!(stage.usernames(), ["alice", "bob"], "{run:#}");
}

#[test]
fn a_restored_user_that_is_elsewhere_and_unreadable_stays() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.run(&["remove", "bob"]).expect_code(0);
    stage.run(&["restore", "bob"]).expect_code(0);
    stage.change(|directory| directory.move_to("bob", ELSEWHERE));
    stage.directory.fault(When::search(), What::no_guid("bob"));
    stage.sync(0);
    assert_eq!(stage.usernames(), ["alice", "bob", "carol"]);
    assert_eq!(names(&stage.sync(0), "deleted"), [""; 0]);
    assert_eq!(text(&stage.user("bob"), "status"), "restored");
}
