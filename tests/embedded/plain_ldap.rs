//! A directory that is not Active Directory: what plain LDAP can say is enough.

use testdir::{Kind, TestDir, What, When};

use crate::support::embedded::{ELSEWHERE, Stage, names, text};
use crate::support::store;

/// The settings for `OpenLDAP` and its like.
pub(crate) fn map(stage: &mut Stage) {
    stage.configure_directory("filter = \"(objectClass=inetOrgPerson)\"");
    stage.configure(|settings| {
        settings.more_attributes = String::from(
            "username = \"uid\"
guid = \"entryUUID\"",
        );
    });
}

fn stage(users: &[&str]) -> Stage {
    let directory = TestDir::builder().kind(Kind::PlainLdap).start();
    let mut stage = Stage::around(directory.expect("a free port"));
    map(&mut stage);
    for user in users {
        stage.change(|directory| directory.add_user(*user));
    }
    stage
}

#[test]
fn users_come_change_and_leave() {
    let stage = stage(&["alice", "bob", "carol", "dave"]);
    let run = stage.json(0, &["import", "--all"]);
    assert_eq!(names(&run, "imported"), ["alice", "bob", "carol", "dave"]);
    let alice = stage.user("alice");
    assert_eq!(alice["enabled"], true);
    let guid = stage.change(|directory| directory.guid("alice"));
    assert_eq!(text(&alice, "guid"), guid.to_string());

    stage.set("alice", "uid", "alice.brown");
    stage.change(|directory| directory.delete("bob"));
    stage.change(|directory| directory.move_to("carol", ELSEWHERE));
    let run = stage.sync(0);
    assert_eq!(names(&run, "modified"), ["alice"]);
    assert_eq!(names(&run, "missing"), ["bob"]);
    assert_eq!(names(&run, "out_of_scope"), ["carol"]);
    assert_eq!(stage.usernames(), ["alice.brown", "bob", "carol", "dave"]);

    let before = stage.contents().users;
    let run = stage.sync(0);
    assert_eq!(run["counts"]["modified"], 0);
    assert_eq!(names(&run, "missing"), ["bob"]);
    assert_eq!(stage.contents().users, before);

    // Such a directory keeps no deleted objects: time, and all that speaks for it, is the proof.
    store::age_missing(&stage.sandbox.store_path(), 23);
    assert_eq!(names(&stage.sync(0), "missing"), ["bob"]);
    store::age_missing(&stage.sandbox.store_path(), 2);
    let run = stage.sync(0);
    assert_eq!(names(&run, "deleted"), ["bob"], "{run:#}");
    assert_eq!(run["deleted"][0]["evidence"], "absent");
    assert_eq!(stage.usernames(), ["alice.brown", "carol", "dave"]);
}

#[test]
fn an_empty_answer_deletes_nobody() {
    let stage = stage(&["alice", "bob"]);
    stage.run(&["import", "--all"]).expect_code(0);
    stage.directory.fault(When::search(), What::Empty);
    for arguments in [
        &["sync"][..],
        &["sync", "--delete-missing"],
        &["sync", "--delete-missing", "--users", "alice"],
    ] {
        let run = stage.json(0, arguments);
        assert_eq!(run["counts"]["deleted"], 0, "{run:#}");
        let reason = text(&run["missing"][0], "reason");
        assert!(reason.contains("nor is any other user"), "{reason}");
        assert_eq!(stage.usernames(), ["alice", "bob"]);
    }
    // They were there all the time, and are in step again.
    stage.directory.clear_faults();
    assert_eq!(stage.sync(0)["counts"]["unchanged"], 2);
}

#[test]
fn selected_users_and_a_search() {
    let stage = stage(&["alice", "bob"]);
    let run = stage.json(0, &["import", "--users", "alice"]);
    assert_eq!(names(&run, "imported"), ["alice"]);
    stage.set("alice", "mail", "new@example.com");
    let run = stage.json(0, &["sync", "--users", "ALICE"]);
    assert_eq!(names(&run, "modified"), ["alice"]);
    let found = stage.json(0, &["search", "a"]);
    assert_eq!(names(&found, "users"), ["alice"]);
}

#[test]
fn an_identity_that_is_no_uuid_fails_alone() {
    let stage = stage(&["alice", "bob"]);
    stage.run(&["import", "--all"]).expect_code(0);
    let garbled = vec![b"3f2504e0-4f89".to_vec()];
    stage
        .directory
        .fault(When::search(), What::alter("alice", "entryUUID", garbled));
    let run = stage.sync(7);
    assert_eq!(names(&run, "failed"), ["alice"]);
    assert_eq!(stage.usernames(), ["alice", "bob"]);
}

/// Each with the attribute that the server has instead.
#[track_caller]
fn attributes_are_unknown(check: &str) {
    for (field, attribute, instead) in [
        ("guid", "objectGUID", "entryUUID"),
        ("username", "sAMAccountName", "uid"),
    ] {
        let said = format!(
            "FAIL  attributes  {field} is read from {attribute}, an attribute that the schema of this server does not have"
        );
        assert!(check.contains(&said), "{check}");
        let hint = format!("did you mean {field} = \"{instead}\" under [directory.attributes]?");
        assert!(check.contains(&hint), "{check}");
    }
}

#[test]
fn check_says_what_is_missing_from_settings_made_for_ad() {
    let directory = TestDir::builder().kind(Kind::PlainLdap).start();
    let mut stage = Stage::around(directory.expect("a free port"));
    stage.change(|directory| directory.add_user("alice"));
    let check = stage.run(&["check"]).expect_code(2).stdout;
    assert!(check.contains("without it there are 1"), "{check}");
    assert!(check.contains("(objectClass=inetOrgPerson)"), "{check}");
    attributes_are_unknown(&check);

    // The filter is right now, and the attributes are not yet.
    stage.configure_directory("filter = \"(objectClass=inetOrgPerson)\"");
    let check = stage.run(&["check"]).expect_code(2).stdout;
    attributes_are_unknown(&check);
    assert!(!check.contains("warn"), "{check}");

    stage.configure(|settings| settings.more_directory.clear());
    map(&mut stage);
    let check = stage.run(&["check"]).expect_code(0).stdout;
    assert!(
        !check.contains("warn") && !check.contains("FAIL"),
        "{check}"
    );
}
