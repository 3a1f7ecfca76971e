//! A server that answers more than it was asked: who was not asked for is no answer, whatever is said of him.

use testdir::{What, When};

use crate::support::embedded::{Stage, names};

/// Ten imported users; every search by identity is answered with everybody.
fn stage() -> Stage {
    let stage = Stage::imported_many(10);
    stage.directory.see_tombstones(true);
    stage.change(|directory| directory.add_user("left.before"));
    stage.change(|directory| directory.delete("left.before"));
    stage.sync(0);
    let by_identity = When::search().filter_contains("objectguid=");
    stage.directory.fault(by_identity, What::Everybody);
    stage
}

fn new_mail(stage: &Stage, user: &str) {
    stage.set(user, "mail", &format!("{user}.new@corp.example.com"));
}

#[test]
fn who_was_not_named_is_not_modified() {
    let stage = stage();
    for user in ["u000001", "u000002"] {
        new_mail(&stage, user);
    }
    let answer = stage
        .run(&["sync", "--users", "u000001", "--format", "json"])
        .expect_code(0);
    let run = answer.json();
    assert_eq!(names(&run, "modified"), ["u000001"]);
    assert_eq!(run["counts"]["checked"], 1);
    assert!(
        answer.stderr.contains("that were not asked for"),
        "{answer}"
    );
    assert_ne!(
        stage.user("u000002")["email"],
        "u000002.new@corp.example.com"
    );
}

#[test]
fn a_run_by_mark_counts_everybody_once() {
    let stage = stage();
    for user in ["u000001", "u000002"] {
        new_mail(&stage, user);
    }
    stage.change(|directory| directory.delete("u000003"));
    let run = stage.json(0, &["sync"]);
    assert_eq!(run["mode"], "delta");
    assert_eq!(names(&run, "modified"), ["u000001", "u000002"]);
    assert_eq!(names(&run, "deleted"), ["u000003"]);
    assert_eq!(run["counts"]["checked"], 10);
    assert_eq!(run["counts"]["unchanged"], 7);
}

#[test]
fn everybody_of_a_selection_is_everybody() {
    let stage = stage();
    for user in ["u000001", "u000002"] {
        stage.change(|directory| directory.delete(user));
    }
    // Those who were not asked for are no users that would be left.
    stage
        .run(&["sync", "--users", "u000001,u000002"])
        .expect_code(4);
    assert_eq!(stage.usernames().len(), 10);
    let said = ["sync", "--users", "u000001,u000002", "--allow-deletes", "2"];
    stage.run(&said).expect_code(0);
    assert_eq!(stage.usernames().len(), 8);
}

#[test]
fn who_is_gone_is_not_found_in_others() {
    let stage = stage();
    stage.directory.see_tombstones(false);
    stage.change(|directory| directory.delete("u000001"));
    let run = stage.json(0, &["sync", "--full"]);
    assert_eq!(names(&run, "missing"), ["u000001"]);
    assert_eq!(run["counts"]["checked"], 10);
}
