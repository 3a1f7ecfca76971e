//! `adsync restore`: whoever was deleted comes back as it was, and stays.

use serde_json::Value;
use testdir::TestDir;

use crate::support::embedded::{ELSEWHERE, STAFF, Stage, assert_says, names, text};

/// What a user is, without what a run says of it.
fn person(user: &Value) -> Value {
    let mut person = user.clone();
    let fields = person.as_object_mut().expect("an object");
    fields.remove("status");
    fields.remove("synced_at");
    person
}

fn status(stage: &Stage, user: &str) -> String {
    text(&stage.user(user), "status")
}

/// Four imported users of whom the directory and then a sync has deleted bob; what he was.
fn without_bob() -> (Stage, Value) {
    let stage = Stage::imported(&["alice", "bob", "carol", "dave"]);
    let bob = person(&stage.user("bob"));
    stage.bury("bob");
    assert_eq!(names(&stage.sync(0), "deleted"), ["bob"]);
    (stage, bob)
}

/// The same, where the account does not see that he was deleted, and he was not waited for.
fn without_bob_unseen() -> (Stage, Value) {
    let mut stage = Stage::imported(&["alice", "bob", "carol", "dave"]);
    let bob = person(&stage.user("bob"));
    stage.change(|directory| directory.delete("bob"));
    let run = stage.sync(0);
    assert_eq!(names(&run, "missing"), ["bob"]);
    stage.configure_sync("missing_after = \"0\"");
    let run = stage.sync(0);
    assert_eq!(text(&run["deleted"][0], "evidence"), "absent");
    (stage, bob)
}

#[test]
fn a_deleted_user_comes_back_as_it_was_and_stays() {
    for (deleted, tombstones) in [
        (without_bob as fn() -> (Stage, Value), true),
        (without_bob, false),
        (without_bob_unseen, false),
        (without_bob_unseen, true),
    ] {
        let (stage, bob) = deleted();
        stage.directory.see_tombstones(tombstones);
        let run = stage.json(0, &["restore", "bob"]);
        assert_eq!(names(&run, "restored"), ["bob"], "{run:#}");
        assert_eq!(run["command"], "restore");
        assert_eq!(person(&stage.user("bob")), bob);
        assert_eq!(status(&stage, "bob"), "restored");

        let contents = stage.contents();
        for arguments in [
            &["sync"][..],
            &["sync"],
            &["sync", "--full"],
            &["sync", "--users", "bob"],
            &["sync", "--users", "bob,alice"],
            &["import", "--all"],
        ] {
            let run = stage.json(0, arguments);
            assert_eq!(run["counts"]["deleted"], 0, "{run:#}");
            assert_eq!(run["counts"]["missing"], 0, "{run:#}");
            assert_eq!(run["counts"]["modified"], 0, "{run:#}");
            assert_eq!(run["counts"]["failed"], 0, "{run:#}");
            assert_eq!(stage.contents().users, contents.users, "{arguments:?}");
        }
        assert_eq!(stage.contents().changes, contents.changes);
    }
}

#[test]
fn every_value_comes_back_and_only_those() {
    let stage = Stage::with(&["alice"]);
    stage.change(|directory| {
        let odd = testdir::User::new("odd")
            .first_name(" Ödön\u{200b} ")
            .last_name("O'Neil; DROP TABLE users")
            .email("ODD@Example.com")
            .without("telephoneNumber")
            .disabled();
        directory.add_user(odd)
    });
    stage.run(&["import", "--all"]).expect_code(0);
    let odd = person(&stage.user("odd"));
    assert_eq!(
        (&odd["contact_number"], &odd["enabled"]),
        (&Value::Null, &false.into())
    );
    stage.bury("odd");
    stage.sync(0);
    stage.run(&["restore", "ODD"]).expect_code(0);
    assert_eq!(person(&stage.user("odd")), odd);
}

#[test]
fn a_user_that_is_seen_again_is_in_step_again_and_may_be_deleted_again() {
    // Removed by hand, so that the directory has it all the time.
    for arguments in [&["sync"][..], &["sync", "--users", "bob"]] {
        let stage = Stage::imported(&["alice", "bob", "carol"]);
        stage.run(&["remove", "bob"]).expect_code(0);
        stage.run(&["restore", "bob"]).expect_code(0);
        assert_eq!(status(&stage, "bob"), "restored");
        let run = stage.json(0, arguments);
        assert_eq!(run["counts"]["modified"], 0, "{run:#}");
        assert_eq!(status(&stage, "bob"), "ok");
        stage.bury("bob");
        let run = stage.json(0, arguments);
        assert_eq!(names(&run, "deleted"), ["bob"]);
    }
}

#[test]
fn a_user_that_is_undeleted_in_the_directory_is_in_step_again() {
    let mut stage = Stage::imported(&["alice", "bob", "carol"]);
    // The directory as it will be when bob was undeleted there.
    let later = TestDir::start().expect("a free port");
    for user in ["alice", "bob", "carol"] {
        let guid = stage.change(|directory| directory.guid(user));
        let user = testdir::User::new(user).with("objectGUID", [guid.to_bytes_le()]);
        later.add_user(user).expect("a fresh directory");
    }
    stage.bury("bob");
    stage.sync(0);
    stage.run(&["restore", "bob"]).expect_code(0);
    stage.sync(0);
    assert_eq!(status(&stage, "bob"), "restored");

    stage.configure(|settings| settings.urls = vec![later.url()]);
    let run = stage.sync(0);
    assert_eq!(run["counts"]["unchanged"], 3, "{run:#}");
    assert_eq!(status(&stage, "bob"), "ok");
    later.see_tombstones(true);
    later.delete("bob").expect("he is there");
    let run = stage.sync(0);
    assert_eq!(text(&run["deleted"][0], "evidence"), "tombstone");
}

#[test]
fn a_user_that_is_seen_again_with_other_values_gets_them() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.run(&["remove", "bob"]).expect_code(0);
    stage.set("bob", "mail", "new@example.com");
    stage.run(&["restore", "bob"]).expect_code(0);
    assert_eq!(stage.user("bob")["email"], "bob@example.com", "as it was");
    assert_eq!(names(&stage.sync(0), "modified"), ["bob"]);
    let bob = stage.user("bob");
    assert_eq!(
        (&bob["email"], &bob["status"]),
        (&"new@example.com".into(), &"ok".into())
    );
}

#[test]
fn a_restored_user_that_is_elsewhere_in_the_domain_is_out_of_scope() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.run(&["remove", "bob"]).expect_code(0);
    stage.run(&["restore", "bob"]).expect_code(0);
    stage.change(|directory| directory.move_to("bob", ELSEWHERE));
    assert_eq!(names(&stage.sync(0), "out_of_scope"), ["bob"]);
    assert_eq!(status(&stage, "bob"), "out_of_scope");
    stage.change(|directory| directory.move_to("bob", STAFF));
    stage.sync(0);
    assert_eq!(status(&stage, "bob"), "ok");
}

#[test]
fn a_user_that_was_deleted_for_leaving_the_scope_stays_too() {
    let mut stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.configure_sync("out_of_scope = \"delete\"");
    stage.change(|directory| directory.move_to("bob", ELSEWHERE));
    assert_eq!(
        text(&stage.sync(0)["deleted"][0], "evidence"),
        "out_of_scope"
    );
    stage.run(&["restore", "bob"]).expect_code(0);
    for arguments in [&["sync"][..], &["sync", "--users", "bob"]] {
        let run = stage.json(0, arguments);
        assert_eq!(names(&run, "deleted"), [] as [&str; 0], "{run:#}");
        assert_eq!(status(&stage, "bob"), "restored");
    }
    // Once it is seen in the scope, it may leave again.
    stage.change(|directory| directory.move_to("bob", STAFF));
    stage.sync(0);
    stage.change(|directory| directory.move_to("bob", ELSEWHERE));
    assert_eq!(names(&stage.sync(0), "deleted"), ["bob"]);
}

#[test]
fn a_restored_user_is_not_missed_by_the_guard() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    for user in ["alice", "bob", "carol"] {
        stage.bury(user);
    }
    stage.sync(4);
    stage.run(&["sync", "--allow-deletes", "3"]).expect_code(0);
    stage.run(&["restore", "--run", "3"]).expect_code(0);
    let run = stage.sync(0);
    assert_eq!(run["counts"]["unchanged"], 3, "{run:#}");
}

#[test]
fn a_run_comes_back_as_a_whole() {
    let stage = Stage::imported(&["alice", "bob", "carol", "dave", "erin"]);
    let before: Vec<Value> = stage.users().iter().map(person).collect();
    stage.run(&["remove", "erin"]).expect_code(0);
    for user in ["alice", "bob", "carol"] {
        stage.bury(user);
    }
    stage.set("dave", "mail", "new@example.com");
    let run = stage.sync(0);
    assert_eq!(
        (&run["run"], &run["counts"]["deleted"]),
        (&3.into(), &3.into())
    );

    let rehearsal = stage.json(0, &["restore", "--run", "3", "--dry-run"]);
    assert_eq!(names(&rehearsal, "restored"), ["alice", "bob", "carol"]);
    let run = stage.json(0, &["restore", "--run", "3"]);
    assert_eq!(names(&run, "restored"), ["alice", "bob", "carol"]);
    let after: Vec<Value> = stage.users().iter().map(person).collect();
    assert_eq!(after.len(), 4, "erin was taken out by another run");
    for user in after {
        // What a sync modified stays modified: only deletions are undone.
        assert!(
            user["username"] == "dave" || before.contains(&user),
            "{user:#}"
        );
    }
    assert_eq!(stage.user("dave")["email"], "new@example.com");

    let said = stage.run(&["restore", "--run", "1"]).expect_code(2);
    assert_says(&said, &["run 1 deleted nobody", "hint: "]);
    let said = stage.run(&["restore", "--run", "99"]).expect_code(2);
    assert_says(&said, &["no run 99", "hint: "]);
}

#[test]
fn a_local_user_that_was_taken_out_comes_back() {
    let stage = Stage::imported(&["alice", "bob"]);
    stage
        .run(&[
            "add",
            "zoe",
            "--email",
            "zoe@example.com",
            "--first-name",
            "Zoe",
            "--last-name",
            "Zimmer",
            "--contact-number",
            "+49 30 1",
        ])
        .expect_code(0);
    let zoe = person(&stage.user("zoe"));
    stage.run(&["remove", "zoe", "bob"]).expect_code(0);
    let run = stage.json(0, &["restore", "zoe"]);
    assert_eq!(names(&run, "restored"), ["zoe"]);
    assert_eq!(person(&stage.user("zoe")), zoe);
    assert_eq!(status(&stage, "zoe"), "ok");
    let users = stage.contents().users;
    stage.sync(0);
    assert_eq!(stage.contents().users, users);
}

#[test]
fn a_name_that_is_taken_is_a_duplicate_and_the_others_come_back() {
    let stage = Stage::imported(&["alice", "bob", "carol", "dave", "erin"]);
    for user in ["alice", "bob", "carol"] {
        stage.bury(user);
    }
    stage.sync(0);
    stage
        .run(&["add", "ALICE", "--email", "other@example.com"])
        .expect_code(0);
    stage
        .run(&["add", "zoe", "--email", "Bob@Example.com"])
        .expect_code(0);
    let before = stage.users();
    let run = stage.json(7, &["restore", "--run", "2"]);
    assert_eq!(names(&run, "restored"), ["carol"]);
    assert_eq!(names(&run, "duplicate"), ["alice", "bob"]);
    let conflict = |at: usize| &run["duplicate"][at]["conflicts"][0];
    assert_eq!(conflict(0)["field"], "username");
    assert_eq!(conflict(0)["held_by"]["username"], "ALICE");
    assert_eq!(conflict(1)["field"], "email");
    assert_eq!(conflict(1)["held_by"]["username"], "zoe");
    let now = stage.users();
    assert_eq!(now.len(), before.len() + 1);
    for user in before {
        assert!(now.contains(&user), "{user:#}");
    }

    // Once the name is free it can be tried again; whoever is back is left alone.
    stage.run(&["remove", "ALICE", "zoe"]).expect_code(0);
    let run = stage.json(0, &["restore", "--run", "2"]);
    assert_eq!(names(&run, "restored"), ["alice", "bob"]);
    assert_eq!(run["counts"]["unchanged"], 1);
}

#[test]
fn a_rehearsal_writes_nothing() {
    let (stage, _) = without_bob();
    let (bytes, contents) = (stage.sandbox.store_bytes(), stage.contents());
    let files = stage.store_files();
    for arguments in [
        &["restore", "bob", "--dry-run"][..],
        &["restore", "--run", "2", "--dry-run"],
    ] {
        let run = stage.json(0, arguments);
        assert_eq!(names(&run, "restored"), ["bob"]);
        assert_eq!((&run["run"], &run["dry_run"]), (&Value::Null, &true.into()));
        assert!(bytes == stage.sandbox.store_bytes(), "not a byte");
        assert_eq!(stage.contents(), contents);
    }
    assert_eq!(stage.store_files(), files);
}

#[test]
fn unknown_names_stop_it_before_anything_is_changed() {
    let (stage, _) = without_bob();
    let contents = stage.contents();
    let said = stage.run(&["restore", "bob", "boob", "zzz"]).expect_code(2);
    assert_says(
        &said,
        &[
            "\"boob\", \"zzz\"",
            "among the deleted users",
            "boob: did you mean bob?",
        ],
    );
    // She was never deleted.
    let said = stage.run(&["restore", "alice"]).expect_code(2);
    assert_says(&said, &["\"alice\"", "hint: in the store already: alice"]);
    let said = stage.run(&["restore", "2"]).expect_code(2);
    assert_says(&said, &["`adsync restore --run 2`"]);
    stage.run(&["restore"]).expect_code(2);
    stage.run(&["restore", ","]).expect_code(2);
    stage.run(&["restore", "--run", "2", "bob"]).expect_code(2);
    let error = stage.json(2, &["restore", "boob"]);
    assert_eq!(error["error"]["kind"], "unknown_name");
    assert_eq!(stage.contents(), contents);
}

#[test]
fn a_user_that_is_back_already_is_left_as_it_is() {
    let (stage, _) = without_bob();
    stage.run(&["restore", "bob"]).expect_code(0);
    let contents = stage.contents();
    for arguments in [&["restore", "bob"][..], &["restore", "--run", "2"]] {
        let run = stage.json(0, arguments);
        assert_eq!(run["counts"]["unchanged"], 1, "{run:#}");
        assert_eq!(names(&run, "restored"), [] as [&str; 0]);
        assert_eq!(stage.contents().users, contents.users);
        assert_eq!(stage.contents().changes, contents.changes);
    }
}

#[test]
fn a_user_that_was_imported_again_is_left_as_it_is() {
    let stage = Stage::imported(&["alice", "bob"]);
    stage.run(&["remove", "bob"]).expect_code(0);
    stage.set("bob", "mail", "new@example.com");
    stage.run(&["import", "--users", "bob"]).expect_code(0);
    let users = stage.contents().users;
    let run = stage.json(0, &["restore", "bob"]);
    assert_eq!(run["counts"]["unchanged"], 1, "{run:#}");
    assert_eq!(stage.contents().users, users);
}

#[test]
fn a_user_that_was_deleted_under_two_names_comes_back_once() {
    let stage = Stage::imported(&["alice", "bob"]);
    let guid = text(&stage.user("alice"), "guid");
    stage.run(&["remove", "alice"]).expect_code(0);
    let dn = format!("CN=alice,{STAFF}");
    stage.set(&dn, "sAMAccountName", "alicia");
    stage.set(&dn, "mail", "alicia@example.com");
    stage.run(&["import", "--users", "alicia"]).expect_code(0);
    stage.run(&["remove", "alicia"]).expect_code(0);
    let run = stage.json(0, &["restore", "alice", "alicia"]);
    assert_eq!(names(&run, "restored"), ["alicia"], "the newest record");
    assert_eq!(stage.usernames(), ["alicia", "bob"]);
    assert_eq!(text(&stage.user("alicia"), "guid"), guid);
}

#[test]
fn the_newest_record_of_a_name_counts() {
    let (stage, old) = without_bob();
    stage.change(|directory| directory.add_user("bob"));
    stage.run(&["import", "--users", "bob"]).expect_code(0);
    let new = person(&stage.user("bob"));
    assert_ne!(new["guid"], old["guid"]);
    stage.run(&["remove", "bob"]).expect_code(0);
    stage.run(&["restore", "bob"]).expect_code(0);
    assert_eq!(person(&stage.user("bob")), new);
    // The older one is in the way of nobody, but its name is taken.
    let run = stage.json(7, &["restore", "--run", "2"]);
    assert_eq!(names(&run, "duplicate"), ["bob"]);
}

#[test]
fn it_is_in_the_history_and_can_be_undone() {
    let (stage, bob) = without_bob();
    stage.run(&["restore", "bob"]).expect_code(0);
    let run = &stage.json(0, &["history", "--limit", "1"])["runs"][0];
    assert_eq!(
        ["command", "mode", "outcome"].map(|key| text(run, key)),
        ["restore", "selected", "done"]
    );
    assert_eq!(run["run"], 3);
    let change = &stage.json(0, &["history", "3"])["changes"][0];
    assert_eq!(change["action"], "restored");
    assert_eq!(change["before"], Value::Null);
    assert_eq!(change["after"]["guid"], bob["guid"]);
    let table = stage.run(&["history"]).expect_code(0);
    assert!(table.stdout.contains("1 restored"), "{table}");

    let run = stage.json(0, &["remove", "bob"]);
    assert_eq!(names(&run, "deleted"), ["bob"]);
    assert_eq!(stage.usernames(), ["alice", "carol", "dave"]);
    stage.sync(0);
    assert_eq!(stage.usernames(), ["alice", "carol", "dave"]);
    // And back once more.
    stage.run(&["restore", "--run", "4"]).expect_code(0);
    assert_eq!(person(&stage.user("bob")), bob);
    let life = stage.json(0, &["history", "--user", "bob"]);
    let actions: Vec<String> = life["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .map(|it| text(it, "action"))
        .collect();
    assert_eq!(
        actions,
        ["imported", "deleted", "restored", "deleted", "restored"]
    );
}

#[test]
fn it_needs_no_directory() {
    let (stage, bob) = without_bob();
    drop(stage.directory);
    let run = stage.sandbox.run(&["restore", "bob", "--format", "json"]);
    assert_eq!(names(&run.expect_code(0).json(), "restored"), ["bob"]);
    let list = stage.sandbox.run(&["list", "--format", "json"]);
    let list = list.expect_code(0).json();
    let users = list["users"].as_array().expect("users");
    assert!(users.iter().any(|it| person(it) == bob));
}

#[test]
fn the_list_shows_who_was_restored() {
    let (stage, _) = without_bob();
    stage.run(&["restore", "bob"]).expect_code(0);
    let list = stage.run(&["list"]).expect_code(0);
    let row = list.stdout.lines().find(|it| it.starts_with("bob"));
    assert!(row.is_some_and(|it| it.contains("restored")), "{list}");
}
