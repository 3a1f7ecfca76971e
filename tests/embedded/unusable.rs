//! One user whose data cannot be used does not stop the others, and is never taken for one that left.

use testdir::{What, When};

use crate::support::embedded::{STAFF, Stage, names, text};

/// Three imported users: alice is about to be spoilt, bob has another address since.
fn stage() -> Stage {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.set("bob", "mail", "new@example.com");
    stage
}

const READS: [&[&str]; 2] = [&["sync"], &["sync", "--users", "alice,bob"]];

fn long_value(attribute: &str) -> What {
    What::alter("alice", attribute, vec![vec![b'x'; 1025]])
}

/// Fails unless alice fails for this reason and is kept as she was, while bob is updated.
#[track_caller]
fn only_alice_fails(stage: &Stage, arguments: &[&str], reason: &str) {
    let before = stage.user("alice");
    let run = stage.json(7, arguments);
    assert_eq!(names(&run, "failed"), ["alice"], "{run:#}");
    let said = text(&run["failed"][0], "reason");
    assert!(said.contains(reason), "{said}");
    assert_eq!(run["failed"][0]["guid"], before["guid"]);
    assert_eq!(names(&run, "modified"), ["bob"], "{run:#}");
    assert_eq!(run["counts"]["deleted"], 0, "{run:#}");
    assert_eq!(run["counts"]["out_of_scope"], 0, "{run:#}");

    let mut after = stage.user("alice");
    assert_eq!(after["status"], "failed");
    assert_eq!(after["reason"], said, "the store knows why");
    after["status"] = before["status"].clone();
    after["reason"] = before["reason"].clone();
    assert_eq!(after, before);
    assert_eq!(stage.user("bob")["email"], "new@example.com");
}

#[track_caller]
fn fails_alone(what: &What, reason: &str) {
    for arguments in READS {
        let stage = stage();
        stage.directory.fault(When::search(), what.clone());
        only_alice_fails(&stage, arguments, reason);
        // She can be used again, and her status is cleared.
        stage.directory.clear_faults();
        let run = stage.json(0, arguments);
        assert_eq!(run["counts"]["failed"], 0);
        let alice = stage.user("alice");
        assert_eq!(alice["status"], "ok");
        assert_eq!(alice["reason"], serde_json::Value::Null);
    }
}

#[test]
fn an_identity_of_fifteen_bytes() {
    fails_alone(
        &What::short_guid("alice"),
        "objectGUID cannot be used: it is 15 bytes long instead of 16",
    );
}

#[test]
fn no_identity() {
    fails_alone(&What::no_guid("alice"), "no objectGUID");
}

#[test]
fn two_identities() {
    let guids = vec![vec![1; 16], vec![2; 16]];
    fails_alone(
        &What::alter("alice", "objectGUID", guids),
        "objectGUID has 2 values",
    );
}

#[test]
fn no_username() {
    fails_alone(
        &What::alter("alice", "sAMAccountName", vec![]),
        "no username",
    );
    fails_alone(
        &What::alter("alice", "sAMAccountName", vec![vec![]]),
        "no username",
    );
}

#[test]
fn a_username_of_spaces() {
    let spaces = vec![b"   ".to_vec()];
    fails_alone(
        &What::alter("alice", "sAMAccountName", spaces),
        "no username",
    );
}

#[test]
fn a_value_over_the_limit() {
    for (attribute, field) in [
        ("mail", "email"),
        ("givenName", "first_name"),
        ("sn", "last_name"),
        ("telephoneNumber", "contact_number"),
        ("sAMAccountName", "username"),
    ] {
        fails_alone(
            &long_value(attribute),
            &format!("{field} is 1025 characters long, at most 1024"),
        );
    }
}

#[test]
fn a_value_at_the_limit_is_taken() {
    let stage = stage();
    let long = "é".repeat(1024);
    stage.set("alice", "sn", &long);
    assert_eq!(names(&stage.sync(0), "modified"), ["alice", "bob"]);
    assert_eq!(stage.user("alice")["last_name"], long);
}

#[test]
fn a_value_of_ten_megabytes() {
    fails_alone(
        &What::huge_value("alice", "mail"),
        "mail is 10000000 bytes long, and max_value_bytes is 65536",
    );
}

#[test]
fn a_value_that_is_no_text() {
    fails_alone(
        &What::invalid_utf8("alice", "mail"),
        "mail is not valid UTF-8",
    );
}

#[test]
fn the_table_says_who_and_why() {
    let stage = stage();
    stage
        .directory
        .fault(When::search(), What::short_guid("alice"));
    let answer = stage.run(&["sync"]).expect_code(7);
    let row = answer.stdout.lines().find(|it| it.starts_with("failed"));
    let row = row.unwrap_or_default();
    assert!(
        row.contains("alice") && row.contains("15 bytes"),
        "{answer}"
    );
    assert!(answer.stdout.contains("1 failed"), "{answer}");
}

/// Fails unless alice is kept as she is, because an entry without an identity may be hers.
#[track_caller]
fn alice_may_be_among_them(stage: &Stage) {
    let before = stage.user("alice");
    for arguments in [&["sync"][..], &["sync", "--delete-missing"]] {
        let run = stage.json(7, arguments);
        assert_eq!(run["counts"]["deleted"], 0, "{run:#}");
        assert_eq!(names(&run, "missing"), ["alice"], "{run:#}");
        let reason = text(&run["missing"][0], "reason");
        for words in ["not found", "may be one of them"] {
            assert!(reason.contains(words), "{reason}");
        }
        let mut after = stage.user("alice");
        assert_eq!(after["status"], "missing");
        assert_eq!(after["reason"], reason);
        after["status"] = before["status"].clone();
        after["reason"] = before["reason"].clone();
        assert_eq!(after, before);
    }
    assert_eq!(stage.user("bob")["email"], "new@example.com");
}

/// Without an identity and under a DN that the store does not know nobody can say whose entry it is:
/// whoever seems to be missing may be behind it.
#[test]
fn one_that_cannot_be_matched_is_not_taken_for_gone() {
    for what in [What::short_guid("alice"), What::no_guid("alice")] {
        let stage = stage();
        stage.change(|directory| directory.rename("alice", "CN=Alice Archer"));
        stage.directory.fault(When::search(), what);
        alice_may_be_among_them(&stage);
    }
}

#[test]
fn one_that_cannot_be_matched_is_not_deleted_when_it_is_not_found_by_identity() {
    let stage = stage();
    stage.change(|directory| directory.rename("alice", "CN=Alice Archer"));
    stage.directory.fault(
        When::search()
            .base_is(STAFF)
            .filter_contains("objectcategory"),
        What::no_guid("alice"),
    );
    stage.directory.fault(
        When::search().filter_contains("objectguid"),
        What::hide("alice"),
    );
    alice_may_be_among_them(&stage);
}

#[test]
fn an_unusable_stranger_is_no_business_of_a_synchronisation() {
    let stage = stage();
    stage.change(|directory| directory.add_user("mallory"));
    stage.set("mallory", "mail", &"x".repeat(2000));
    let run = stage.sync(0);
    assert_eq!(run["counts"]["failed"], 0);
}

#[test]
fn an_unusable_user_is_not_imported_and_the_others_are() {
    let stage = Stage::with(&["alice", "bob"]);
    stage
        .directory
        .fault(When::search(), What::invalid_utf8("alice", "mail"));
    let run = stage.json(7, &["import", "--all"]);
    assert_eq!(names(&run, "imported"), ["bob"]);
    assert_eq!(names(&run, "failed"), ["alice"]);
    assert_eq!(stage.usernames(), ["bob"]);
}
