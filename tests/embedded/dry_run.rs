//! A dry run is the whole run, and writes not a byte.

use crate::support::embedded::{ELSEWHERE, Stage, names};

/// One user of every kind that a run can find.
fn with_everything_pending() -> Stage {
    let stage = Stage::imported(&[
        "alice", "bob", "carol", "dave", "erin", "frank", "grace", "ivan",
    ]);
    stage.directory.see_tombstones(true);
    stage
        .run(&["add", "zoe", "--email", "zoe@example.com"])
        .expect_code(0);
    stage.set("alice", "mail", "new@example.com");
    stage.change(|directory| directory.delete("bob"));
    // Nowhere, and no tombstone tells of it.
    stage.change(|directory| directory.forget("ivan"));
    stage.set("carol", "mail", "zoe@example.com");
    stage.change(|directory| directory.move_to("dave", ELSEWHERE));
    stage.change(|directory| directory.rename("erin", "CN=Erin Brown"));
    stage.change(|directory| directory.add_user("heidi"));
    stage
}

#[test]
fn nothing_is_written_whatever_is_pending() {
    let stage = with_everything_pending();
    let (bytes, contents, files) = (
        stage.sandbox.store_bytes(),
        stage.contents(),
        stage.store_files(),
    );
    for arguments in [
        &["sync", "--dry-run"][..],
        &["sync", "--dry-run", "--users", "alice,frank"],
        &["sync", "--dry-run", "--allow-deletes", "1"],
        &["import", "--all", "--dry-run"],
    ] {
        let run = stage.json(0, arguments);
        assert_eq!(run["dry_run"], true);
        assert_eq!(run["run"], serde_json::Value::Null);
        assert_eq!(stage.sandbox.store_bytes(), bytes, "{arguments:?}");
        assert_eq!(stage.contents(), contents, "{arguments:?}");
        assert_eq!(stage.store_files(), files, "{arguments:?}");
    }
}

#[test]
fn it_says_what_the_run_then_does() {
    let stage = with_everything_pending();
    let rehearsal = stage.json(0, &["sync", "--dry-run"]);
    let run = stage.sync(0);
    for bucket in [
        "counts",
        "modified",
        "deleted",
        "duplicate",
        "out_of_scope",
        "failed",
    ] {
        assert_eq!(rehearsal[bucket], run[bucket], "{bucket}");
    }
    let missing = |run: &serde_json::Value| {
        let it = &run["missing"][0];
        (it["guid"].clone(), it["reason"].clone(), it["dn"].clone())
    };
    assert_eq!(missing(&rehearsal), missing(&run));
    assert_eq!(names(&run, "modified"), ["alice"]);
    assert_eq!(names(&run, "deleted"), ["bob"]);
    assert_eq!(names(&run, "duplicate"), ["carol"]);
    assert_eq!(names(&run, "out_of_scope"), ["dave"]);
    assert_eq!(names(&run, "missing"), ["ivan"]);
}

#[test]
fn the_table_says_that_nothing_was_changed() {
    let stage = with_everything_pending();
    let answer = stage.run(&["sync", "--dry-run"]).expect_code(0);
    let last = answer.stdout.lines().last().unwrap_or_default();
    assert!(last.contains("dry run: nothing was changed"), "{answer}");
}

#[test]
fn the_exit_code_says_whether_there_is_something_to_do() {
    let stage = Stage::imported(&["alice", "bob"]);
    let rehearsal = ["sync", "--dry-run", "--exit-code"];
    stage.run(&rehearsal).expect_code(0);
    stage.set("alice", "mail", "new@example.com");
    stage.run(&rehearsal).expect_code(3);
    stage.run(&["sync"]).expect_code(0);
    stage.run(&rehearsal).expect_code(0);
    // Who is only missing is kept, so there is nothing to do about it.
    stage.change(|directory| directory.delete("bob"));
    stage.run(&rehearsal).expect_code(0);
    stage.directory.see_tombstones(true);
    stage.run(&rehearsal).expect_code(3);
}

#[test]
fn a_store_that_does_not_exist_is_not_made() {
    let stage = Stage::with(&["alice"]);
    for (command, code) in [("sync", 2), ("import", 0)] {
        let arguments = [command, "--all", "--dry-run"];
        stage.run(&arguments).expect_code(code);
        assert_eq!(stage.store_files(), [] as [&str; 0], "{command}");
    }
}
