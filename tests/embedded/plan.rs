//! The rules of the plan, from the directory to the rows of the store.

use serde_json::Value;

use crate::support::embedded::{ELSEWHERE, Stage, names, text};

/// Who is in the way of the first value that a duplicate cannot have.
fn conflict(run: &Value, username: &str) -> (String, String, String) {
    let duplicates = run["duplicate"].as_array().expect("a list");
    let found = duplicates.iter().find(|it| it["username"] == username);
    let found = found.unwrap_or_else(|| panic!("{username} is no duplicate: {run:#}"));
    let conflict = &found["conflicts"][0];
    (
        text(conflict, "field"),
        text(conflict, "value"),
        text(&conflict["held_by"], "username"),
    )
}

fn strings(texts: [&str; 3]) -> (String, String, String) {
    let [one, two, three] = texts.map(str::to_owned);
    (one, two, three)
}

#[test]
fn two_users_swap_their_names() {
    let stage = Stage::imported(&["alice", "bob"]);
    let guid = stage.user("alice")["guid"].clone();
    stage.set(
        "CN=alice,OU=Staff,DC=corp,DC=example,DC=com",
        "sAMAccountName",
        "bob",
    );
    stage.set(
        "CN=bob,OU=Staff,DC=corp,DC=example,DC=com",
        "sAMAccountName",
        "alice",
    );
    let run = stage.sync(0);
    assert_eq!(names(&run, "modified"), ["alice", "bob"]);
    assert_eq!(stage.user("bob")["guid"], guid);
    assert_eq!(stage.user("bob")["first_name"], "Alice");
}

#[test]
fn three_users_pass_their_names_on() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    let guids = stage.users();
    let dn = |name: &str| format!("CN={name},OU=Staff,DC=corp,DC=example,DC=com");
    for (who, name) in [("alice", "bob"), ("bob", "carol"), ("carol", "alice")] {
        stage.set(&dn(who), "sAMAccountName", name);
        stage.set(&dn(who), "mail", &format!("{name}@example.com"));
    }
    let run = stage.sync(0);
    assert_eq!(names(&run, "modified"), ["alice", "bob", "carol"]);
    let after = stage.users();
    for (from, to) in [(0, 1), (1, 2), (2, 0)] {
        assert_eq!(after[to]["guid"], guids[from]["guid"]);
    }
    assert_eq!(stage.sync(0)["counts"]["unchanged"], 3);
}

#[test]
fn a_local_user_keeps_its_name_in_any_case() {
    let stage = Stage::imported(&["alice", "bob"]);
    stage.run(&["add", "ÉLODIE"]).expect_code(0);
    let before = stage.contents().users;
    stage.set("alice", "sAMAccountName", "élodie");
    let run = stage.sync(0);
    assert_eq!(
        conflict(&run, "alice"),
        strings(["username", "élodie", "ÉLODIE"])
    );
    let holder = &run["duplicate"][0]["conflicts"][0]["held_by"];
    assert_eq!(holder["source"], "local");
    assert_eq!(holder["guid"], Value::Null);
    assert_eq!(stage.user("alice")["status"], "duplicate");
    assert_eq!(stage.user("ÉLODIE")["source"], "local");
    let after = stage.contents().users;
    assert_eq!(after.iter().filter(|row| !before.contains(row)).count(), 1);

    // Strictly, a duplicate is a failure; the others are updated all the same.
    stage.set("bob", "mail", "new@example.com");
    stage.run(&["sync", "--strict"]).expect_code(7);
    assert_eq!(stage.user("bob")["email"], "new@example.com");
}

#[test]
fn the_table_names_the_holder() {
    let stage = Stage::imported(&["alice", "bob"]);
    stage
        .run(&["add", "zoe", "--email", "zoe@example.com"])
        .expect_code(0);
    stage.set("alice", "mail", "ZOE@example.com");
    let answer = stage.run(&["sync"]).expect_code(0);
    let row = answer.stdout.lines().find(|it| it.starts_with("duplicate"));
    let row = row.unwrap_or_default();
    for word in ["alice", "email", "ZOE@example.com", "zoe (local)"] {
        assert!(row.contains(word), "{answer}");
    }
    assert!(
        answer
            .stdout
            .contains("0 modified, 0 deleted, 1 duplicate, 1 unchanged"),
        "{answer}"
    );
}

#[test]
fn two_users_that_want_one_address_are_both_duplicates_and_both_named() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.set("alice", "mail", "desk@example.com");
    stage.set("bob", "mail", "Desk@Example.com");
    let run = stage.sync(0);
    assert_eq!(names(&run, "duplicate"), ["alice", "bob"]);
    assert_eq!(
        conflict(&run, "alice"),
        strings(["email", "desk@example.com", "bob"])
    );
    assert_eq!(
        conflict(&run, "bob"),
        strings(["email", "Desk@Example.com", "alice"])
    );
    assert_eq!(stage.user("alice")["email"], "alice@example.com");
    assert_eq!(stage.user("bob")["email"], "bob@example.com");
    let answer = stage.run(&["sync"]).expect_code(0);
    assert!(answer.stdout.contains("is also wanted by bob"), "{answer}");
    assert!(
        answer.stdout.contains("is also wanted by alice"),
        "{answer}"
    );
}

#[test]
fn a_duplicate_keeps_its_old_name_from_others() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.run(&["add", "zoe"]).expect_code(0);
    let dn = |name: &str| format!("CN={name},OU=Staff,DC=corp,DC=example,DC=com");
    stage.set(&dn("alice"), "sAMAccountName", "zoe");
    stage.set(&dn("bob"), "sAMAccountName", "alice");
    stage.set(&dn("carol"), "sAMAccountName", "bob");
    let run = stage.sync(0);
    assert_eq!(names(&run, "duplicate"), ["alice", "bob", "carol"]);
    assert_eq!(conflict(&run, "alice").2, "zoe");
    assert_eq!(conflict(&run, "bob").2, "alice");
    assert_eq!(conflict(&run, "carol").2, "bob");

    stage.run(&["remove", "zoe"]).expect_code(0);
    let run = stage.sync(0);
    assert_eq!(names(&run, "modified"), ["alice", "bob", "carol"]);
    assert_eq!(stage.usernames(), ["alice", "bob", "zoe"]);
}

#[test]
fn a_name_that_a_deletion_frees_is_taken_in_the_same_run() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.directory.see_tombstones(true);
    stage.change(|directory| directory.delete("bob"));
    stage.set("alice", "sAMAccountName", "bob");
    stage.set("carol", "mail", "BOB@example.com");
    let run = stage.sync(0);
    assert_eq!(names(&run, "deleted"), ["bob"]);
    assert_eq!(names(&run, "modified"), ["alice", "carol"]);
    assert_eq!(stage.usernames(), ["bob", "carol"]);
    assert_eq!(stage.user("carol")["email"], "BOB@example.com");
}

#[test]
fn a_duplicate_whose_rival_has_gone_is_updated_by_the_next_run() {
    for arguments in [&["sync"][..], &["sync", "--users", "alice"]] {
        let stage = Stage::imported(&["alice", "bob"]);
        stage
            .run(&["add", "zoe", "--email", "zoe@example.com"])
            .expect_code(0);
        stage.set("alice", "mail", "zoe@example.com");
        assert_eq!(names(&stage.json(0, arguments), "duplicate"), ["alice"]);
        assert_eq!(stage.user("alice")["status"], "duplicate");
        let users = stage.contents().users;
        assert_eq!(names(&stage.json(0, arguments), "duplicate"), ["alice"]);
        assert_eq!(stage.contents().users, users);

        stage.run(&["remove", "zoe"]).expect_code(0);
        assert_eq!(names(&stage.json(0, arguments), "modified"), ["alice"]);
        assert_eq!(stage.user("alice")["status"], "ok");
        assert_eq!(stage.user("alice")["email"], "zoe@example.com");
    }
}

#[test]
fn a_duplicate_that_wants_its_old_values_again_is_in_step() {
    let stage = Stage::imported(&["alice", "bob"]);
    stage.set("alice", "mail", "bob@example.com");
    assert_eq!(names(&stage.sync(0), "duplicate"), ["alice"]);
    stage.set("alice", "mail", "alice@example.com");
    assert_eq!(stage.sync(0)["counts"]["unchanged"], 2);
    assert_eq!(stage.user("alice")["status"], "ok");
}

#[test]
fn a_change_of_case_is_a_change_and_no_conflict() {
    let stage = Stage::imported(&["alice", "bob"]);
    stage.set("alice", "sAMAccountName", "Alice");
    stage.set("Alice", "mail", "ALICE@example.com");
    let run = stage.sync(0);
    assert_eq!(names(&run, "modified"), ["alice"]);
    assert_eq!(stage.user("Alice")["email"], "ALICE@example.com");
}

#[test]
fn values_that_are_gone_clear_their_fields_and_never_collide() {
    let stage = Stage::imported(&["alice", "bob"]);
    for user in ["alice", "bob"] {
        for attribute in ["mail", "givenName", "sn", "telephoneNumber"] {
            stage.set(user, attribute, "");
        }
    }
    let run = stage.sync(0);
    assert_eq!(names(&run, "modified"), ["alice", "bob"]);
    assert_eq!(run["counts"]["duplicate"], 0);
    for field in ["email", "first_name", "last_name", "contact_number"] {
        assert_eq!(stage.user("alice")[field], Value::Null, "{field}");
    }
}

#[test]
fn a_second_run_writes_nothing_but_its_history_line() {
    let stage = Stage::imported(&["alice", "bob", "carol", "dave", "erin", "frank"]);
    stage
        .run(&["add", "zoe", "--email", "zoe@example.com"])
        .expect_code(0);
    stage.set("alice", "mail", "new@example.com");
    stage.set("bob", "mail", "zoe@example.com");
    stage.set("carol", "userAccountControl", "514");
    stage.change(|directory| directory.delete("dave"));
    stage.change(|directory| directory.move_to("erin", ELSEWHERE));
    stage.set("erin", "mail", "newer@example.com");
    stage.change(|directory| directory.rename("carol", "CN=Carol C."));
    let run = stage.sync(0);
    assert_eq!(names(&run, "missing"), ["dave"], "{run:#}");
    let first = stage.contents();
    stage.freeze_users();
    for arguments in [
        &["sync"][..],
        &["sync", "--full"],
        &["sync", "--users", "alice,bob,carol,dave,erin"],
    ] {
        let before = stage.contents();
        let run = stage.json(0, arguments);
        for bucket in ["modified", "deleted", "imported", "failed"] {
            assert_eq!(names(&run, bucket), [] as [&str; 0], "{bucket}");
        }
        let after = stage.contents();
        assert_eq!(after.users, first.users);
        assert_eq!(after.changes, first.changes);
        assert_eq!(after.runs.len(), before.runs.len() + 1);
    }
    let answer = stage.run(&["sync"]).expect_code(0);
    assert_eq!(answer.stderr, "", "{answer}");
}

#[test]
fn local_users_are_never_touched() {
    let stage = Stage::imported(&["alice", "bob"]);
    stage.run(&["add", "zoe"]).expect_code(0);
    let zoe = stage.user("zoe");
    stage.set("alice", "mail", "new@example.com");
    stage.change(|directory| directory.add_user("zoe2"));
    stage.sync(0);
    assert_eq!(stage.user("zoe"), zoe);
    let answer = stage.run(&["sync", "--users", "zoe"]).expect_code(2);
    assert!(answer.stderr.contains("local: zoe"), "{answer}");
}

#[test]
fn importing_a_user_whose_address_is_taken_makes_a_duplicate() {
    let stage = Stage::with(&["alice", "bob"]);
    stage
        .run(&["add", "zoe", "--email", "Bob@Example.com"])
        .expect_code(0);
    let run = stage.json(0, &["import", "--all"]);
    assert_eq!(names(&run, "imported"), ["alice"]);
    assert_eq!(
        conflict(&run, "bob"),
        strings(["email", "bob@example.com", "zoe"])
    );
    assert_eq!(stage.usernames(), ["alice", "zoe"]);
}
