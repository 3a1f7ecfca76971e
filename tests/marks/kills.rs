//! A run by change mark that is killed: the users and the mark are both as before it, or both as after.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::mark::{delta, in_mode, marked_with_tombstones};
use crate::support::embedded::{CRASH_POINTS, ELSEWHERE, STAFF, Stage, names};
use crate::support::random::Random;
use crate::support::store::{Files, Rows};

fn rows(stage: &Stage) -> Rows {
    Rows::of(&stage.sandbox.store_path())
}

/// Something of every kind is pending.
fn pending() -> Stage {
    let stage = marked_with_tombstones(&["alice", "bob", "carol", "dave", "erin", "frank"]);
    stage
        .run(&["add", "zoe", "--email", "zoe@example.com"])
        .expect_code(0);
    let dn = |user: &str| format!("CN={user},{STAFF}");
    stage.set(&dn("alice"), "sAMAccountName", "bob");
    stage.set(&dn("bob"), "sAMAccountName", "alice");
    stage.change(|directory| directory.delete("carol"));
    stage.change(|directory| directory.move_to("dave", ELSEWHERE));
    stage.set("erin", "mail", "zoe@example.com");
    stage.set(&dn("frank"), "sAMAccountName", "");
    stage
}

/// Ends a run at every point, each time from the same store.
#[track_caller]
fn dies_at_every_point(stage: &Stage, arguments: &[&str], mode: &str, code: i32) {
    let files = Files::of(stage);
    let before = rows(stage);
    in_mode(stage, code, arguments, mode);
    let after = rows(stage);
    assert_ne!(before.marks, after.marks, "the mark is moved");
    for point in CRASH_POINTS {
        files.put_back(stage);
        let answer = stage.prepare(arguments).env("ADSYNC_CRASH_AT", point).run();
        assert_eq!(answer.code, -1, "it was not ended at {point:?}\n{answer}");
        let is_done = point == "committed";
        let expected = if is_done { &after } else { &before };
        assert_eq!(&rows(stage), expected, "ended at {point:?}");
        if !is_done {
            in_mode(stage, code, arguments, mode);
            assert_eq!(rows(stage), after, "the next run after {point:?}");
        }
    }
}

#[test]
fn a_run_by_change_mark_at_every_point() {
    let stage = pending();
    dies_at_every_point(&stage, &["sync"], "delta", 7);
}

#[test]
fn a_full_run_at_every_point() {
    let stage = pending();
    dies_at_every_point(&stage, &["sync", "--full"], "full", 7);
}

#[test]
fn a_run_that_only_moves_the_mark_at_every_point() {
    let stage = marked_with_tombstones(&["alice", "bob"]);
    stage.change(|directory| directory.add_user("other"));
    dies_at_every_point(&stage, &["sync"], "delta", 0);
}

#[test]
fn a_run_that_sets_the_first_mark_at_every_point() {
    let stage = Stage::imported(&["alice", "bob"]);
    dies_at_every_point(&stage, &["sync"], "full", 0);
}

#[test]
fn runs_killed_at_random_moments() {
    let stage = pending();
    let files = Files::of(&stage);
    let before = rows(&stage);
    let started = Instant::now();
    let run = delta(&stage, 7);
    assert_eq!(names(&run, "modified"), ["alice", "bob"]);
    let longest = usize::try_from(started.elapsed().as_micros() * 2).unwrap_or(40_000);
    let after = rows(&stage);
    let mut random = Random::new(u64::from(std::process::id()));
    let (mut as_before, mut as_after) = (0, 0);
    for kill in 0..60 {
        files.put_back(&stage);
        let mut command = stage.prepare(&["sync"]).into_command();
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = command.spawn().expect("adsync starts");
        let micros = u64::try_from(random.below(longest)).unwrap_or(0);
        std::thread::sleep(Duration::from_micros(micros));
        // It may have ended by itself.
        let _ = child.kill();
        child.wait().expect("an own child can be waited for");
        let found = rows(&stage);
        if found == before {
            as_before += 1;
        } else {
            assert_eq!(found, after, "kill {kill}, after {micros} µs");
            as_after += 1;
        }
    }
    assert!(as_before > 0 && as_after > 0, "{as_before}, {as_after}");
}
