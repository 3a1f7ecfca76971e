//! What is told of a run by change mark: in its result, in the history, and of each user.

use crate::mark::{delta, full, in_mode, marked, something_else_changes, update_mark};
use crate::support::embedded::{ELSEWHERE, Stage, assert_says, text};
use crate::support::store::{age, open};

/// Lets everything in the store have happened an hour ago.
fn an_hour_passes(stage: &Stage) {
    let runs: i64 = open(stage)
        .query_row("SELECT max(id) FROM runs", [], |row| row.get(0))
        .expect("runs");
    for run in 1..=runs {
        age(stage, run, 3600);
    }
    open(stage)
        .execute(
            "UPDATE users SET synced_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 hour')
             WHERE synced_at IS NOT NULL",
            [],
        )
        .expect("the table is there");
}

#[test]
fn the_history_says_delta() {
    let stage = marked(&["alice", "bob"]);
    stage.set("alice", "mail", "new@example.com");
    let run = delta(&stage, 0);
    let past = stage.json(0, &["history", "--limit", "2"])["runs"].clone();
    let modes: Vec<String> = past
        .as_array()
        .expect("runs")
        .iter()
        .map(|run| text(run, "mode"))
        .collect();
    assert_eq!(modes, ["delta", "full"]);
    assert_eq!(past[0]["run"], run["run"]);
    assert_eq!(past[0]["counts"]["checked"], 3);
    assert_eq!(past[0]["counts"]["unchanged"], 2);
    assert_eq!(past[0]["counts"]["modified"], 1);
    let number = run["run"].to_string();
    let changes = stage.json(0, &["history", &number]);
    assert_eq!(changes["changes"][0]["username"], "alice");
    stage.run(&["history"]).expect_code(0);
    stage.run(&["history", &number]).expect_code(0);
}

#[test]
fn a_user_in_step_was_synchronised_by_the_last_run() {
    let stage = marked(&["alice", "bob", "carol", "dave"]);
    stage
        .run(&["add", "zoe", "--email", "zoe@example.com"])
        .expect_code(0);
    stage.set("carol", "mail", "zoe@example.com");
    stage.change(|directory| directory.move_to("dave", ELSEWHERE));
    delta(&stage, 0);
    an_hour_passes(&stage);
    let before = |user: &str| text(&stage.user(user), "synced_at");
    let old: Vec<String> = ["bob", "carol", "dave"].map(before).into();

    stage.set("alice", "mail", "new@example.com");
    let run = delta(&stage, 0);
    let at = text(&run, "started_at");
    assert_eq!(text(&stage.user("alice"), "synced_at"), at, "modified");
    assert_eq!(text(&stage.user("bob"), "synced_at"), at, "in step");
    assert_ne!(old[0], at);
    assert_eq!(
        text(&stage.user("carol"), "synced_at"),
        old[1],
        "a duplicate"
    );
    assert_eq!(
        text(&stage.user("dave"), "synced_at"),
        old[2],
        "out of scope"
    );
    assert_eq!(stage.user("zoe")["synced_at"], serde_json::Value::Null);
}

#[test]
fn a_rehearsal_a_refusal_and_a_failure_synchronise_nobody() {
    let mut stage = marked(&["alice", "bob"]);
    an_hour_passes(&stage);
    let before = stage.users();
    stage.run(&["sync", "--dry-run"]).expect_code(0);
    stage.configure_sync("max_deletes = 0\nmissing_after = \"0\"");
    stage.change(|directory| directory.delete("bob"));
    in_mode(&stage, 4, &["sync"], "delta");
    let search = testdir::When::search().filter_contains("usnchanged");
    stage
        .directory
        .fault(search, testdir::What::answer(53, "no"));
    stage.sync(5);
    assert_eq!(stage.users(), before);
}

#[test]
fn a_row_that_is_in_step_is_not_touched() {
    let stage = marked(&["alice", "bob"]);
    stage.set("alice", "mail", "new@example.com");
    stage.set("alice", "mail", "alice@example.com");
    stage.freeze_users();
    delta(&stage, 0);
    delta(&stage, 0);
}

#[test]
fn the_table_is_the_one_of_a_full_run() {
    let stage = marked(&["alice", "bob", "carol"]);
    stage.set("alice", "mail", "new@example.com");
    stage.change(|directory| directory.move_to("carol", ELSEWHERE));
    let table = |arguments: &[&str]| stage.run(arguments).expect_code(0).stdout;
    let by_mark = table(&["sync", "--dry-run"]);
    assert_eq!(by_mark, table(&["sync", "--dry-run", "--full"]));
    assert!(by_mark.contains("2 unchanged"), "{by_mark}");
    stage.run(&["sync"]).expect_code(0);
    let by_mark = table(&["sync", "--dry-run"]);
    assert_eq!(by_mark, table(&["sync", "--dry-run", "--full"]));
    let csv = |arguments: &[&str]| table(&[arguments, &["--format", "csv"]].concat());
    assert_eq!(
        csv(&["sync", "--dry-run"]),
        csv(&["sync", "--dry-run", "--full"])
    );
}

#[test]
fn quiet_runs_stay_quiet() {
    let stage = marked(&["alice", "bob"]);
    let answer = stage.run(&["sync", "-q"]).expect_code(0);
    assert_eq!((answer.stdout.as_str(), answer.stderr.as_str()), ("", ""));
    update_mark(&stage, "full_at", "2001-01-01T00:00:00Z");
    let answer = stage.run(&["sync", "-q"]).expect_code(0);
    assert_eq!((answer.stdout.as_str(), answer.stderr.as_str()), ("", ""));
    // Without a terminal a reason to read everything is no news, but the log has it.
    update_mark(&stage, "full_at", "2001-01-01T00:00:00Z");
    let answer = stage.run(&["sync"]).expect_code(0);
    assert_eq!(answer.stderr, "", "{answer}");
    update_mark(&stage, "full_at", "2001-01-01T00:00:00Z");
    let answer = stage.run(&["sync", "-v"]).expect_code(0);
    assert_says(&answer, &["info: reading everything: "]);
}

#[test]
fn a_message_on_standard_error_names_the_search_that_failed() {
    let stage = marked(&["alice", "bob"]);
    something_else_changes(&stage);
    let search = testdir::When::search().filter_contains("usnchanged");
    stage
        .directory
        .fault(search, testdir::What::answer(53, "no"));
    let answer = stage.run(&["sync"]).expect_code(5);
    let url = stage.directory.url();
    assert_says(
        &answer,
        &["error: cannot ", &url, "53 unwillingToPerform", "changed"],
    );
    let error = stage.json(5, &["sync"]);
    assert_eq!(error["error"]["kind"], "directory");
    stage.directory.clear_faults();
    delta(&stage, 0);
    full_again(&stage);
}

fn full_again(stage: &Stage) {
    in_mode(stage, 0, &["sync", "--full"], "full");
    update_mark(stage, "full_at", "2001-01-01T00:00:00Z");
    full(stage, 0);
}
