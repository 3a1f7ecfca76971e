//! Runs that are started together: one works at a time, and nobody waits for the dead.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use testdir::{What, When};

use crate::store::Rows;
use crate::support::embedded::{Stage, assert_says};

const TOGETHER: usize = 10;

struct Ended {
    id: u32,
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Starts this many runs before any of them is waited for.
fn together(stage: &Stage, arguments: &[&str]) -> Vec<Ended> {
    let start = |_| {
        stage
            .prepare(arguments)
            .start_into(Stdio::piped(), Stdio::piped())
    };
    let children: Vec<Child> = (0..TOGETHER).map(start).collect();
    children
        .into_iter()
        .map(|child| {
            let id = child.id();
            let output = child.wait_with_output().expect("an own child ends");
            Ended {
                id,
                code: output.status.code(),
                stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
                stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            }
        })
        .collect()
}

fn runs(stage: &Stage) -> Vec<Value> {
    let history = stage.json(0, &["history"]);
    history["runs"].as_array().expect("runs").clone()
}

#[test]
fn of_ten_runs_those_work_that_have_the_store_to_themselves() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.set("alice", "mail", "new@example.com");
    // Each is long enough for all the others to come by.
    let pause = Duration::from_secs(2);
    stage.directory.fault(When::page(1), What::Delay(pause));
    let ended = together(&stage, &["sync"]);
    let done: Vec<&Ended> = ended.iter().filter(|it| it.code == Some(0)).collect();
    assert!(!done.is_empty());
    for it in ended.iter().filter(|it| it.code != Some(0)) {
        assert_eq!(it.code, Some(6), "{}", it.stderr);
        assert_eq!(it.stdout, "");
        for words in ["error: another run holds the store", "users.db", "hint: "] {
            assert!(it.stderr.contains(words), "{words:?}: {}", it.stderr);
        }
        let named = done.iter().any(|done| {
            it.stderr
                .contains(&format!("adsync sync, process {}, since 20", done.id))
        });
        assert!(named, "does not say who holds it\n{}", it.stderr);
    }
    // Only those that worked are runs; one of them made the change.
    let runs = runs(&stage);
    assert_eq!(runs.len(), 1 + done.len());
    let modified: i64 = runs
        .iter()
        .filter_map(|run| run["counts"]["modified"].as_i64())
        .sum();
    assert_eq!(modified, 1);
    assert!(done.len() < TOGETHER, "they did not meet");
}

#[test]
fn ten_runs_that_wait_all_work_one_after_another() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.set("alice", "mail", "new@example.com");
    let ended = together(&stage, &["sync", "--wait", "50"]);
    for it in &ended {
        assert_eq!(it.code, Some(0), "{}", it.stderr);
    }
    let runs = runs(&stage);
    assert_eq!(runs.len(), 1 + TOGETHER);
    let changed: Vec<&Value> = runs
        .iter()
        .filter(|run| run["counts"]["modified"] == 1)
        .collect();
    assert_eq!(changed.len(), 1, "the first of them");
    assert_eq!(changed[0]["run"], 2);
}

#[test]
fn different_commands_take_turns_too() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    let commands: [&[&str]; 4] = [
        &["sync", "--wait", "50"],
        &["add", "zoe", "--wait", "50"],
        &["remove", "bob", "--wait", "50"],
        &["import", "--all", "--wait", "50"],
    ];
    std::thread::scope(|scope| {
        for arguments in commands {
            scope.spawn(|| stage.run(arguments).expect_code(0));
        }
    });
    assert_eq!(runs(&stage).len(), 5);
}

#[test]
fn waiting_has_an_end() {
    let stage = Stage::imported(&["alice"]);
    let mut holder = stage.held(&["sync"], Stdio::null);
    let started = Instant::now();
    let said = stage.run(&["sync", "--wait", "1"]).expect_code(6);
    let took = started.elapsed();
    assert!(
        (Duration::from_secs(1)..Duration::from_secs(8)).contains(&took),
        "{took:?}"
    );
    assert_says(&said, &["another run holds", "hint: "]);
    holder.kill().expect("it still waits");
    holder.wait().expect("an own child can be waited for");
}

#[test]
fn whoever_waits_goes_on_when_the_holder_is_killed() {
    let stage = Stage::imported(&["alice"]);
    stage.set("alice", "mail", "new@example.com");
    let mut holder = stage.held(&["sync"], Stdio::null);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| stage.run(&["sync", "--wait", "50"]));
        std::thread::sleep(Duration::from_millis(500));
        assert!(!waiting.is_finished(), "it does not wait");
        holder.kill().expect("it still waits");
        holder.wait().expect("an own child can be waited for");
        waiting.join().expect("a run").expect_code(0);
    });
    assert_eq!(stage.user("alice")["email"], "new@example.com");
    // And the lock file it left behind is in nobody's way.
    assert!(stage.store_files().contains(&"users.db.lock".to_owned()));
    stage.sync(0);
}

/// A job that tidies up takes the lock file away in the middle of a run.
#[test]
fn a_lock_file_that_is_removed_lets_nobody_in() {
    let empty = || Stage::with(&["alice", "bob"]);
    let imported = || Stage::imported(&["alice", "bob"]);
    for (stage, arguments) in [
        (imported(), ["sync", "--full"]),
        (empty(), ["import", "--all"]),
    ] {
        let mut holder = stage.held(&arguments, Stdio::piped);
        let lock = stage.sandbox.path().join("store/users.db.lock");
        std::fs::remove_file(&lock).expect("it is there");
        let before = Rows::of(&stage.sandbox.store_path());
        for arguments in [&arguments[..], &["add", "zoe"]] {
            let said = stage.run(arguments).expect_code(6);
            let words = [
                "another run holds the store",
                "users.db.lock was removed while it was under way",
            ];
            assert_says(&said, &words);
        }
        assert_eq!(Rows::of(&stage.sandbox.store_path()), before);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| stage.run(&["add", "zoe", "--wait", "50"]));
            std::thread::sleep(Duration::from_millis(300));
            assert!(!waiting.is_finished(), "it does not wait");
            holder.kill().expect("it still waits");
            holder.wait().expect("an own child can be waited for");
            waiting.join().expect("a run").expect_code(0);
        });
        let files = stage.store_files();
        assert!(!files.iter().any(|it| it.contains(".new")), "{files:?}");
        stage.run(&["import", "--all"]).expect_code(0);
        assert_eq!(stage.usernames(), ["alice", "bob", "zoe"]);
    }
}

/// A first run makes the store while the next one waits for it, without a lock file between them.
#[test]
fn whoever_waits_for_a_first_run_goes_on_with_its_store() {
    let stage = Stage::with(&["alice", "bob"]);
    let pause = Duration::from_secs(1);
    stage.directory.reset_stats();
    stage.directory.fault(When::page(1), What::Delay(pause));
    std::thread::scope(|scope| {
        let first = scope.spawn(|| stage.run(&["import", "--all"]));
        let deadline = Instant::now() + Duration::from_secs(20);
        while stage.directory.stats().searches < 1 {
            assert!(Instant::now() < deadline, "it does not come to its search");
            std::thread::sleep(Duration::from_millis(5));
        }
        let lock = stage.sandbox.path().join("store/users.db.lock");
        std::fs::remove_file(&lock).expect("it is there");
        stage.run(&["add", "zoe", "--wait", "50"]).expect_code(0);
        first.join().expect("a run").expect_code(0);
    });
    assert_eq!(stage.usernames(), ["alice", "bob", "zoe"]);
}
