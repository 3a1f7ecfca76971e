//! A run that did not change the store did not move the mark either, and the next one finds everything.

use std::time::Duration;

use serde_json::Value;
use testdir::{What, When};

use crate::mark::{
    Mark, agrees, delta, findings, in_mode, mark, marked, marked_with_tombstones, update_mark,
};
use crate::support::embedded::{ELSEWHERE, STAFF, Stage, names};

/// Something of every kind that a run by change mark can find.
fn pending(see_tombstones: bool) -> Stage {
    let users = ["alice", "bob", "carol", "dave", "erin", "frank"];
    let mut stage = if see_tombstones {
        marked_with_tombstones(&users)
    } else {
        marked(&users)
    };
    stage.configure_directory("page_size = 2");
    stage.hurry();
    stage
        .run(&["add", "zoe", "--email", "zoe@example.com"])
        .expect_code(0);
    stage.set("alice", "mail", "zoe@example.com");
    delta(&stage, 0);
    stage.set("bob", "mail", "new@example.com");
    stage.change(|directory| directory.delete("carol"));
    stage.change(|directory| directory.move_to("dave", ELSEWHERE));
    stage.set(&format!("CN=erin,{STAFF}"), "sAMAccountName", "");
    stage
}

#[track_caller]
fn finds_everything(run: &Value, see_tombstones: bool) {
    let (deleted, missing) = if see_tombstones {
        (&["carol"][..], &[][..])
    } else {
        (&[][..], &["carol"][..])
    };
    for (bucket, users) in [
        ("duplicate", &["alice"][..]),
        ("modified", &["bob"]),
        ("deleted", deleted),
        ("missing", missing),
        ("out_of_scope", &["dave"]),
        ("failed", &["erin"]),
    ] {
        assert_eq!(names(run, bucket), users, "{run:#}");
    }
}

#[test]
fn a_rehearsal_moves_nothing() {
    for see_tombstones in [false, true] {
        let stage = pending(see_tombstones);
        let (before, bytes) = (mark(&stage), stage.sandbox.store_bytes());
        for arguments in [
            &["sync", "--dry-run"][..],
            &["sync", "--dry-run", "--exit-code"],
        ] {
            let run = in_mode(&stage, 7, arguments, "delta");
            finds_everything(&run, see_tombstones);
            assert_eq!(mark(&stage), before);
            assert_eq!(stage.sandbox.store_bytes(), bytes);
        }
        in_mode(&stage, 7, &["sync", "--dry-run", "--full"], "full");
        assert_eq!(mark(&stage), before);
        finds_everything(&agrees(&stage, 7), see_tombstones);
    }
}

#[test]
fn a_refused_run_moves_nothing() {
    let mut stage = pending(true);
    stage.configure_sync("max_deletes = 0");
    let before = mark(&stage);
    for _ in 0..2 {
        let run = in_mode(&stage, 4, &["sync"], "delta");
        finds_everything(&run, true);
        assert_eq!(mark(&stage), before);
    }
    in_mode(&stage, 4, &["sync", "--full"], "full");
    assert_eq!(mark(&stage), before);
    let run = in_mode(&stage, 7, &["sync", "--allow-deletes", "1"], "delta");
    finds_everything(&run, true);
    assert!(mark(&stage).usn > before.usn);
}

#[test]
fn a_partial_run_moves_the_mark() {
    let stage = pending(true);
    let before = mark(&stage);
    finds_everything(&delta(&stage, 7), true);
    assert!(mark(&stage).usn > before.usn);
}

/// Ends a run by change mark with this fault at each of its searches.
#[track_caller]
fn dies_at_every_search(see_tombstones: bool, what: &What) {
    let stage = pending(see_tombstones);
    stage.directory.reset_stats();
    let rehearsal = in_mode(&stage, 7, &["sync", "--dry-run"], "delta");
    let requests = stage.directory.stats().search_requests;
    assert!(
        requests > 5,
        "there is more to ask than whether anything changed"
    );
    let expected = findings(&rehearsal);
    drop(stage);

    std::thread::scope(|scope| {
        let workers: Vec<_> = (1..requests)
            .map(|nth| {
                let expected = &expected;
                scope.spawn(move || dies_at(see_tombstones, what, nth, expected))
            })
            .collect();
        for worker in workers {
            worker.join().expect("every search is the same");
        }
    });
}

/// Ends one at the nth search; the rootDSE is not counted.
fn dies_at(see_tombstones: bool, what: &What, nth: usize, expected: &Value) {
    let stage = pending(see_tombstones);
    let (before, contents) = (mark(&stage), stage.contents());
    let number = u32::try_from(nth).expect("a few searches");
    stage
        .directory
        .fault(When::search().from(number), what.clone());
    let sync = ["sync", "--format", "json"];
    let limit = Duration::from_mins(1);
    let answer = stage.prepare(&sync).limit(limit).run().expect_code(5);
    assert_eq!(Mark::of(&stage), Some(before), "{answer}");
    stage.contents().assert_only_noted(&contents, "failed");

    stage.directory.clear_faults();
    let mut run = findings(&delta(&stage, 7));
    run["dry_run"] = true.into();
    assert_eq!(&run, expected, "after {what:?} at search {nth}");
}

#[test]
fn a_connection_that_is_cut() {
    for see_tombstones in [false, true] {
        dies_at_every_search(see_tombstones, &What::Cut);
    }
}

#[test]
fn silence() {
    dies_at_every_search(false, &What::Hang);
}

#[test]
fn garbage() {
    let http = What::Garbage(b"HTTP/1.1 400 Bad Request\r\n\r\n".repeat(8));
    dies_at_every_search(true, &http);
}

#[test]
fn a_server_that_is_busy_or_refuses() {
    for (code, see_tombstones) in [(51, false), (53, true), (4, false), (11, true)] {
        let stage = pending(see_tombstones);
        let expected = {
            let rehearsal = in_mode(&stage, 7, &["sync", "--dry-run"], "delta");
            findings(&rehearsal)
        };
        stage.directory.reset_stats();
        in_mode(&stage, 7, &["sync", "--dry-run"], "delta");
        let requests = stage.directory.stats().search_requests;
        std::thread::scope(|scope| {
            for nth in 1..requests {
                let expected = &expected;
                scope.spawn(move || {
                    dies_at(see_tombstones, &What::answer(code, "no"), nth, expected);
                });
            }
        });
    }
}

#[test]
fn a_question_that_is_refused_for_the_sake_of_an_entry_deletes_nobody() {
    let settings = |stage: &mut Stage| stage.configure_sync("missing_after = \"0\"");
    let requests = {
        let mut stage = pending(false);
        settings(&mut stage);
        stage.directory.reset_stats();
        let run = in_mode(&stage, 7, &["sync", "--dry-run"], "delta");
        assert_eq!(names(&run, "deleted"), ["carol"]);
        stage.directory.stats().search_requests
    };
    let (mut ended, mut doubted) = (0, 0);
    for nth in 1..requests {
        for code in [10, 32, 34, 48, 50] {
            let mut stage = pending(false);
            settings(&mut stage);
            let number = u32::try_from(nth).expect("a few searches");
            let refused = When::search().from(number);
            stage.directory.fault(refused, What::answer(code, "no"));
            let answer = stage.run(&["sync", "--format", "json"]);
            let run = answer.json();
            assert_eq!(names(&run, "deleted"), [""; 0], "{code} at {nth}: {answer}");
            assert!(stage.usernames().contains(&"carol".to_owned()));
            match answer.code {
                5 => ended += 1,
                7 => doubted += 1,
                _ => panic!("{code} at {nth}: {answer}"),
            }
        }
    }
    assert!(ended > 0 && doubted > 0, "{ended} ended, {doubted} doubted");
}

#[test]
fn a_login_that_fails() {
    let stage = pending(true);
    let (before, contents) = (mark(&stage), stage.contents());
    stage.directory.fault(When::bind(), What::answer(49, "no"));
    stage.sync(5);
    stage.directory.clear_faults();
    stage
        .directory
        .fault(When::root_dse(), What::answer(53, "no"));
    stage.sync(5);
    stage.directory.clear_faults();
    assert_eq!(Mark::of(&stage), Some(before));
    stage.contents().assert_only_noted(&contents, "failed");
    finds_everything(&delta(&stage, 7), true);
}

#[test]
fn a_full_run_that_fails_leaves_the_mark_to_the_next() {
    let stage = pending(true);
    let before = mark(&stage);
    let users = When::search().filter_contains("objectcategory");
    stage.directory.fault(users, What::answer(53, "no"));
    stage.json(5, &["sync", "--full"]);
    assert_eq!(Mark::of(&stage), Some(before));
    stage.directory.clear_faults();
    finds_everything(&delta(&stage, 7), true);
}

#[test]
fn a_store_that_cannot_be_written_keeps_its_mark() {
    let stage = pending(true);
    let before = mark(&stage);
    stage.freeze_users();
    stage.sync(1);
    assert_eq!(Mark::of(&stage), Some(before));
}

#[test]
fn a_row_of_the_mark_that_is_gone_is_a_full_run() {
    let stage = pending(true);
    let gone = crate::support::store::open(&stage).execute("DELETE FROM marks", []);
    assert_eq!(gone, Ok(1));
    let run = in_mode(&stage, 7, &["sync"], "full");
    finds_everything(&run, true);
}

#[test]
fn a_mark_that_lies_too_far_back_finds_the_same() {
    let stage = pending(true);
    update_mark(&stage, "usn", 1);
    finds_everything(&agrees(&stage, 7), true);
}
