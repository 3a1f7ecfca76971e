//! One user that comes twice, two that come as one, and users that move while pages are read: whoever
//! is in the directory is neither deleted nor out of scope.

use testdir::{What, When};

use crate::support::embedded::{STAFF, Stage, names, text};

/// Bob's entry carries alice's identity.
fn with_one_identity_for_two() -> (Stage, What) {
    let stage = Stage::imported(&["alice", "bob", "carol", "dave"]);
    stage.set("carol", "mail", "new@example.com");
    let guid = stage.change(|directory| directory.guid("alice"));
    let what = What::alter("bob", "objectGUID", vec![guid.to_bytes_le().to_vec()]);
    (stage, what)
}

#[test]
fn two_entries_with_one_identity_delete_nobody() {
    let (stage, what) = with_one_identity_for_two();
    let before = (stage.user("alice"), stage.user("bob"));
    stage.directory.fault(When::search(), what);
    let answer = stage.run(&["sync", "--format", "json"]);
    let run = answer.json();
    assert_eq!(answer.code, 0, "{answer}");
    assert_eq!(names(&run, "modified"), ["carol"], "{answer}");
    assert_eq!(run["counts"]["deleted"], 0, "{answer}");
    assert_eq!(run["counts"]["out_of_scope"], 0, "{answer}");
    // Asked for by its own identity, alice's entry is one; bob's answers with another than was asked for, and is no
    // answer.
    assert_eq!(run["counts"]["unchanged"], 2, "{answer}");
    assert_eq!(names(&run, "missing"), ["bob"], "{answer}");
    let reason = text(&run["missing"][0], "reason");
    assert!(reason.contains("cannot be identified"), "{answer}");
    let again = stage.json(0, &["sync", "--delete-missing"]);
    assert_eq!(names(&again, "missing"), ["bob"], "{again:#}");
    let same = |now: serde_json::Value, then: &serde_json::Value| {
        for field in ["username", "email", "guid", "dn", "last_name"] {
            assert_eq!(now[field], then[field]);
        }
    };
    same(stage.user("alice"), &before.0);
    same(stage.user("bob"), &before.1);
}

#[test]
fn an_entry_that_is_sent_twice_is_one_user() {
    for arguments in [&["sync"][..], &["sync", "--users", "alice,bob"]] {
        let stage = Stage::imported(&["alice", "bob", "carol"]);
        stage.set("bob", "mail", "new@example.com");
        let twice = What::SendTwice {
            user: "alice".to_owned(),
        };
        let users = When::search().base_is(STAFF);
        stage.directory.fault(users.nth(1), twice.clone());
        let run = stage.json(0, arguments);
        assert_eq!(names(&run, "modified"), ["bob"]);
        assert_eq!(stage.user("alice")["status"], "ok");

        // However often it is asked for.
        stage.directory.fault(When::search(), twice);
        let run = stage.json(0, arguments);
        assert_eq!(run["counts"]["failed"], 0, "{run:#}");
        assert_eq!(stage.usernames(), ["alice", "bob", "carol"]);
    }
}

#[test]
fn an_import_of_two_entries_with_one_identity_names_both() {
    let stage = Stage::with(&["alice", "bob", "carol"]);
    let guid = stage.change(|directory| directory.guid("alice"));
    let bytes = vec![guid.to_bytes_le().to_vec()];
    stage
        .directory
        .fault(When::search(), What::alter("bob", "objectGUID", bytes));
    // Whatever is asked for: both have it.
    let twin = What::SendAgainOnNextPage {
        user: "alice".to_owned(),
        dn: format!("CN=bob,{STAFF}"),
    };
    stage
        .directory
        .fault(When::search().filter_contains("objectguid"), twin);
    let run = stage.json(7, &["import", "--all"]);
    assert_eq!(names(&run, "imported"), ["carol"]);
    let failed = &run["failed"][0];
    assert_ne!(text(failed, "username"), "", "{run:#}");
    let reason = text(failed, "reason");
    for dn in ["CN=alice", "CN=bob"] {
        assert!(reason.contains(dn), "{reason}");
    }
}

#[test]
fn a_user_that_is_moved_while_pages_are_read_is_one_user() {
    let mut stage = Stage::imported_many(6);
    stage.configure_directory("page_size = 2");
    let dn = format!("CN=u000002,OU=Sales,{STAFF}");
    let again = What::SendAgainOnNextPage {
        user: "u000002".to_owned(),
        dn: dn.clone(),
    };
    stage
        .directory
        .fault(When::page(1).base_is(STAFF).times(1), again);
    stage.directory.on_page(2, |directory| {
        let moved = directory.move_to("u000002", &format!("OU=Sales,{STAFF}"));
        moved.expect("OU=Sales takes a user");
    });
    let run = stage.sync(0);
    assert_eq!(run["counts"]["unchanged"], 6, "{run:#}");
    let user = stage.user("u000002");
    assert_eq!(
        (text(&user, "dn"), text(&user, "status")),
        (dn, "ok".into())
    );
}

#[test]
fn a_user_that_is_missed_while_pages_are_read_is_found_again() {
    let stage = Stage::imported_many(6);
    stage.set("u000002", "mail", "new@example.com");
    // Not in the enumeration, but there when it is looked up.
    stage
        .directory
        .fault(When::search().base_is(STAFF).nth(1), What::hide("u000002"));
    let run = stage.sync(0);
    assert_eq!(names(&run, "modified"), ["u000002"], "{run:#}");
    assert_eq!(run["counts"]["out_of_scope"], 0);
    assert_eq!(stage.user("u000002")["email"], "new@example.com");
}

#[test]
fn a_user_that_is_deleted_while_pages_are_read_is_deleted_by_this_run_or_the_next() {
    let mut stage = Stage::imported_many(6);
    stage.configure_directory("page_size = 2");
    stage.directory.see_tombstones(true);
    stage.directory.on_page(3, |directory| {
        directory.delete("u000006").expect("it is there");
    });
    stage.sync(0);
    stage.sync(0);
    assert_eq!(stage.usernames().len(), 5);
}
