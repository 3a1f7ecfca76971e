//! One run at a time on a store; the lock dies with the process that holds it.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use testdir::{What, When};

use crate::support::embedded::{Stage, assert_says};

/// A sync that waits for an answer that never comes, and so holds the store.
fn hold(stage: &Stage) -> Child {
    stage.directory.reset_stats();
    stage.directory.fault(When::page(1), What::Hang);
    let child = stage
        .prepare(&["sync"])
        .into_command()
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("adsync starts");
    let deadline = Instant::now() + Duration::from_secs(10);
    // The rootDSE, then the users.
    while stage.directory.stats().searches < 2 {
        assert!(
            Instant::now() < deadline,
            "the run does not come to its search"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

fn kill(mut child: Child) {
    child.kill().expect("it still waits");
    child.wait().expect("an own child can be waited for");
}

#[test]
fn a_second_run_is_told_who_holds_the_store() {
    let stage = Stage::imported(&["alice", "bob"]);
    let contents = stage.contents();
    let first = hold(&stage);
    let store = stage.sandbox.store_path().display().to_string();
    let holder = format!("adsync sync, process {}", first.id());
    for arguments in [
        &["sync"][..],
        &["sync", "--users", "alice"],
        &["import", "--all"],
        &["add", "zoe"],
        &["remove", "alice"],
    ] {
        let answer = stage.run(arguments).expect_code(6);
        assert_says(
            &answer,
            &["another run holds", &store, &holder, "since ", "hint: "],
        );
    }
    let error = stage.sync(6);
    assert_eq!(error["error"]["kind"], "locked");
    kill(first);
    assert_eq!(stage.contents(), contents);
}

#[test]
fn reading_needs_no_turn() {
    let stage = Stage::imported(&["alice", "bob"]);
    let first = hold(&stage);
    assert_eq!(stage.usernames(), ["alice", "bob"]);
    stage.directory.clear_faults();
    stage.run(&["sync", "--dry-run"]).expect_code(0);
    stage.run(&["search", "a"]).expect_code(0);
    kill(first);
}

#[test]
fn a_killed_run_holds_nothing() {
    let stage = Stage::imported(&["alice", "bob"]);
    stage.set("alice", "mail", "new@example.com");
    let contents = stage.contents();
    kill(hold(&stage));
    assert_eq!(stage.contents(), contents);
    stage.directory.clear_faults();
    assert_eq!(stage.sync(0)["counts"]["modified"], 1);
}

#[test]
fn a_check_says_who_holds_the_store() {
    let stage = Stage::imported(&["alice", "bob"]);
    let run = stage.held(&["sync"], Stdio::null);
    let check = stage.run(&["check"]).expect_code(0);
    let says = format!(
        "2 of them imported; just now a run holds it: adsync sync, process {}",
        run.id()
    );
    assert!(check.stdout.contains(&says), "{says}\n{check}");
    kill(run);
    let check = stage.run(&["check"]).expect_code(0);
    assert!(!check.stdout.contains("just now"), "{check}");
}

#[test]
fn checks_are_in_no_runs_way() {
    let stage = Stage::imported(&["alice", "bob"]);
    std::thread::scope(|scope| {
        let runs = scope.spawn(|| {
            for number in 0..15 {
                stage.run(&["add", &format!("zoe{number}")]).expect_code(0);
            }
        });
        while !runs.is_finished() {
            stage.run(&["check"]).expect_code(0);
        }
    });
    assert_eq!(stage.usernames().len(), 17);
}
