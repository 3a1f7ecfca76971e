//! Directories of every size around a page: nobody is lost, nobody comes twice.

use std::time::Duration;

use testdir::{What, When};

use crate::support::embedded::{STAFF, Stage, names};

const BOUND: Duration = Duration::from_mins(2);

/// Imports everybody and synchronises; fails unless that is everybody each time.
#[track_caller]
fn comes_through(stage: &Stage, users: usize) {
    let import = stage.json(0, &["import", "--all"]);
    assert_eq!(import["counts"]["imported"], users);
    assert_eq!(stage.usernames().len(), users);
    let run = stage.sync(0);
    assert_eq!(run["counts"]["checked"], users);
    assert_eq!(run["counts"]["unchanged"], users);
}

/// The pages that the last search by class needed.
fn pages(stage: &Stage) -> Option<u32> {
    let searches = stage.directory.searches();
    let of_users = searches.iter().rev().find(|it| it.base == STAFF);
    of_users.map(|it| it.page)
}

#[test]
fn around_a_page_of_a_thousand() {
    for (users, expected) in [(999, 1), (1000, 1), (1001, 2), (2001, 3)] {
        let stage = Stage::with_many(users);
        comes_through(&stage, users);
        assert_eq!(pages(&stage), Some(expected));
    }
}

#[test]
fn small_pages() {
    for (page_size, users, expected) in [(1, 5, 5), (7, 49, 7), (7, 50, 8)] {
        let mut stage = Stage::with_many(users);
        stage.configure_directory(&format!("page_size = {page_size}"));
        comes_through(&stage, users);
        assert_eq!(pages(&stage), Some(expected));
    }
}

#[test]
fn a_server_that_gives_smaller_pages_than_it_is_asked_for() {
    let directory = testdir::TestDir::builder().max_page_size(10).start();
    let stage = Stage::around(directory.expect("a free port"));
    stage.change(|directory| directory.add_users(35));
    comes_through(&stage, 35);
    assert_eq!(pages(&stage), Some(4));
}

/// It names the control in its rootDSE all the same, as some do.
#[test]
fn a_server_that_knows_no_pages() {
    let mut stage = Stage::with_many(35);
    stage.configure_directory("page_size = 10");
    stage.directory.fault(
        When::search(),
        What::answer(53, "paged results are not allowed"),
    );
    let check = stage.run(&["check"]).expect_code(5);
    let import = stage.run(&["import", "--all"]).expect_code(5);
    for said in [check.stdout, import.stderr] {
        for words in [
            "paged results are not allowed",
            "answers in pages (RFC 2696)",
        ] {
            assert!(said.contains(words), "{said}");
        }
    }
    assert_eq!(stage.usernames(), Vec::<String>::new());
    // Where it gives everybody at once, that is as good.
    stage.directory.clear_faults();
    stage.directory.fault(When::search(), What::Unpaged);
    comes_through(&stage, 35);
    assert_eq!(pages(&stage), Some(1));
    let check = stage.run(&["check"]).expect_code(0);
    assert!(check.stdout.contains("35 in scope"), "{check}");
}

/// What does not fit into one answer is not there; nobody may be taken for gone.
#[test]
fn a_server_that_knows_no_pages_and_has_a_limit() {
    let directory = testdir::TestDir::builder().max_page_size(10).start();
    let stage = Stage::around(directory.expect("a free port"));
    stage.change(|directory| directory.add_users(35));
    comes_through(&stage, 35);
    let before = stage.contents();
    stage.directory.fault(When::search(), What::Unpaged);
    for arguments in [&["check"][..], &["sync", "--full"], &["import", "--all"]] {
        let answer = stage.run(arguments).expect_code(5);
        let said = format!("{}{}", answer.stdout, answer.stderr);
        for words in ["sizeLimitExceeded", "size.prtotal=unlimited"] {
            assert!(said.contains(words), "{answer}");
        }
    }
    stage.contents().assert_only_noted(&before, "failed");
}

#[test]
fn nobody_at_all() {
    let stage = Stage::with(&[]);
    let answer = stage.run(&["import", "--all"]).expect_code(0);
    assert!(
        answer
            .stderr
            .contains("warning: the selection has no users"),
        "{answer}"
    );
    let run = stage.sync(0);
    assert_eq!(run["counts"]["checked"], 0);
}

#[test]
fn ten_thousand() {
    let stage = Stage::with_many(10_000);
    let import = ["import", "--all", "--format", "json"];
    let run = stage
        .prepare(&import)
        .limit(BOUND)
        .run()
        .expect_code(0)
        .json();
    assert_eq!(run["counts"]["imported"], 10_000);
    let before = stage.contents();
    let sync = ["sync", "--format", "json"];
    let run = stage
        .prepare(&sync)
        .limit(BOUND)
        .run()
        .expect_code(0)
        .json();
    assert_eq!(run["counts"]["unchanged"], 10_000);
    let after = stage.contents();
    assert_eq!(after.users, before.users);
    assert_eq!(after.changes, before.changes);

    // More of them than one look-up by identity holds.
    let chosen: Vec<String> = (1..=450).map(|i| format!("u{i:06}")).collect();
    stage.set("u000450", "mail", "new@example.com");
    let run = stage.json(0, &["sync", "--users", &chosen.join(",")]);
    assert_eq!(run["counts"]["checked"], 450);
    assert_eq!(names(&run, "modified"), ["u000450"]);
}
