//! A run that is killed, wherever it is: the store is as before the run or as after it, and the next
//! run ends where the killed one would have.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::store::{Files, Rows};
use crate::support::embedded::{CRASH_POINTS, Stage, names};

/// How many runs are killed at random moments.
const KILLS: usize = 100;

fn rows(stage: &Stage) -> Rows {
    Rows::of(&stage.sandbox.store_path())
}

/// A store and a directory between which everything is pending that a sync can do: a change of values,
/// two who swap names, one deleted, a duplicate, one out of scope, one whose data cannot be used, one
/// that cannot be seen any more, two out of scope already of whom one changed.
fn everything_pending() -> Stage {
    let stage = Stage::imported(&[
        "alice", "bob", "carol", "dave", "erin", "frank", "gina", "henry", "ines", "jane", "kate",
    ]);
    for user in ["jane", "kate"] {
        stage.change(|directory| directory.move_to(user, crate::support::embedded::ELSEWHERE));
    }
    stage.run(&["sync", "--users", "jane,kate"]).expect_code(0);
    stage
        .run(&["add", "zoe", "--email", "zoe@example.com"])
        .expect_code(0);
    let dn = |user: &str| format!("CN={user},{}", crate::support::embedded::STAFF);
    stage.set("alice", "mail", "new@example.com");
    stage.set(&dn("bob"), "sAMAccountName", "swapping");
    stage.set(&dn("carol"), "sAMAccountName", "bob");
    stage.set(&dn("bob"), "sAMAccountName", "carol");
    stage.bury("dave");
    stage.set("erin", "mail", "zoe@example.com");
    stage.change(|directory| directory.move_to("frank", crate::support::embedded::ELSEWHERE));
    stage.set("gina", "sAMAccountName", "");
    stage.directory.deny("ines").expect("she is there");
    stage.set("kate", "mail", "k@example.com");
    stage
}

/// Ends a run at every point, each time from the same store, and sees that nothing is between.
#[track_caller]
pub(crate) fn dies_at_every_point(stage: &Stage, arguments: &[&str], code: i32) {
    let files = Files::of(stage);
    let before = rows(stage);
    stage.run(arguments).expect_code(code);
    let after = rows(stage);
    assert_ne!(before.users, after.users, "there is something to do");
    for (at, point) in CRASH_POINTS.into_iter().enumerate() {
        files.put_back(stage);
        let answer = stage.prepare(arguments).env("ADSYNC_CRASH_AT", point).run();
        assert_eq!(answer.code, -1, "it was not ended at {point:?}\n{answer}");
        assert_eq!(
            answer.stdout, "",
            "{point:?}: nothing was done yet\n{answer}"
        );
        let is_done = at + 1 == CRASH_POINTS.len();
        let expected = if is_done { &after } else { &before };
        assert_eq!(&rows(stage), expected, "ended at {point:?}");

        // Whoever looks at it sees the same, and nothing is in the way of the next run.
        stage.run(&["list"]).expect_code(0);
        stage.run(&["history"]).expect_code(0);
        if is_done {
            continue;
        }
        stage.run(arguments).expect_code(code);
        assert_eq!(rows(stage), after, "the next run after {point:?}");
    }
}

#[test]
fn a_first_import() {
    let stage = Stage::with(&["alice", "bob", "carol"]);
    dies_at_every_point(&stage, &["import", "--all"], 0);
}

#[test]
fn an_import_into_a_store() {
    let stage = Stage::imported(&["alice", "bob"]);
    stage.change(|directory| directory.add_user("carol"));
    stage.set("bob", "mail", "new@example.com");
    dies_at_every_point(&stage, &["import", "--all"], 0);
}

#[test]
fn a_sync_that_does_everything() {
    let stage = everything_pending();
    let files = Files::of(&stage);
    let run = stage.sync(7);
    for (bucket, users) in [
        ("modified", &["alice", "bob", "carol", "kate"][..]),
        ("deleted", &["dave"]),
        ("duplicate", &["erin"]),
        ("out_of_scope", &["frank", "jane"]),
        ("failed", &["gina"]),
        ("missing", &["ines"]),
    ] {
        assert_eq!(names(&run, bucket), users, "{bucket}");
    }
    files.put_back(&stage);
    dies_at_every_point(&stage, &["sync"], 7);
}

#[test]
fn a_sync_of_some() {
    let stage = everything_pending();
    dies_at_every_point(
        &stage,
        &["sync", "--users", "alice,bob,carol,dave,henry,ines,kate"],
        0,
    );
}

#[test]
fn a_restore() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.run(&["add", "zoe"]).expect_code(0);
    stage.run(&["remove", "alice", "zoe"]).expect_code(0);
    dies_at_every_point(&stage, &["restore", "--run", "3"], 0);
}

#[test]
fn an_undo() {
    let stage = everything_pending();
    stage.directory.see_tombstones(true);
    stage.sync(7);
    let run = stage.contents().runs.len().to_string();
    dies_at_every_point(&stage, &["undo", &run], 0);
}

#[test]
fn a_removal() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    dies_at_every_point(&stage, &["remove", "alice"], 0);
}

#[test]
fn a_run_that_forgets_old_ones() {
    let mut stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.configure_sync("history_days = 1");
    stage.sync(0);
    stage.set("alice", "mail", "new@example.com");
    crate::store::age(&stage, 1, 2 * 24 * 60 * 60);
    dies_at_every_point(&stage, &["sync"], 0);
    assert_eq!(rows(&stage).runs.len(), 2);
}

/// `SplitMix64`: enough to choose moments by, and the same again for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % end
    }
}

/// `ADSYNC_TEST_SEED`, or another one each time; it is printed when the test fails.
#[allow(clippy::print_stderr, reason = "what is said of a test that failed")]
fn seed() -> u64 {
    let given = std::env::var("ADSYNC_TEST_SEED").ok();
    let seed = given.and_then(|text| text.parse().ok()).unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.map_or(0, |since| u64::from(since.subsec_nanos()))
    });
    eprintln!("ADSYNC_TEST_SEED={seed}");
    seed
}

#[test]
#[allow(clippy::print_stderr, reason = "what is said of a test that failed")]
fn a_hundred_runs_killed_at_random_moments() {
    let stage = everything_pending();
    let files = Files::of(&stage);
    let before = rows(&stage);
    let started = std::time::Instant::now();
    stage.run(&["sync"]).expect_code(7);
    // Long enough that some runs end by themselves, whatever the machine.
    let longest = u64::try_from(started.elapsed().as_micros() * 2).unwrap_or(40_000);
    let after = rows(&stage);
    let mut random = Random(seed());
    let (mut as_before, mut as_after) = (0, 0);
    for kill in 0..KILLS {
        files.put_back(&stage);
        let mut child = stage.prepare(&["sync"]).start();
        let moment = Duration::from_micros(random.below(longest));
        std::thread::sleep(moment);
        // It may have ended by itself.
        let _ = child.kill();
        child.wait().expect("an own child can be waited for");

        let found = rows(&stage);
        if found == before {
            as_before += 1;
        } else {
            assert_eq!(found, after, "kill {kill}, after {moment:?}");
            as_after += 1;
        }
        if kill % 10 == 0 {
            stage.run(&["sync"]).expect_code(7);
            assert_eq!(rows(&stage).users, after.users, "kill {kill}");
        }
    }
    eprintln!("{as_before} as before, {as_after} as after");
    // Otherwise the moments were not moments of the run.
    assert!(as_before > 0 && as_after > 0, "{as_before}, {as_after}");
    stage.run(&["sync"]).expect_code(7);
    assert_eq!(rows(&stage).users, after.users);
}

#[test]
fn a_first_import_killed_at_random_moments() {
    let stage = Stage::with(&["alice", "bob", "carol"]);
    let nothing = Files::of(&stage);
    let started = std::time::Instant::now();
    stage.run(&["import", "--all"]).expect_code(0);
    let longest = u64::try_from(started.elapsed().as_micros() * 2).unwrap_or(60_000);
    let after = rows(&stage);
    let mut random = Random(seed());
    for kill in 0..30 {
        nothing.put_back(&stage);
        let mut child = stage.prepare(&["import", "--all"]).start();
        std::thread::sleep(Duration::from_micros(random.below(longest)));
        // It may have ended by itself.
        let _ = child.kill();
        child.wait().expect("an own child can be waited for");
        // Before anybody else could have put it right.
        stage.run(&["list"]).expect_code(0);
        let found = rows(&stage);
        assert!(
            found == Rows::nothing() || found == after,
            "kill {kill}: {found:#?}"
        );
        stage.run(&["import", "--all"]).expect_code(0);
        assert_eq!(rows(&stage).users, after.users, "kill {kill}");
    }
}

#[test]
fn a_store_without_tables_reads_as_an_empty_one() {
    // A first run was killed right after the file got its first page.
    let stage = Stage::with(&["alice"]);
    let db = crate::store::open(&stage);
    db.pragma_update(None, "journal_mode", "wal")
        .expect("a fresh file");
    drop(db);
    assert!(!stage.sandbox.store_bytes().is_empty());
    assert_eq!(stage.usernames(), [] as [&str; 0]);
    stage.run(&["history"]).expect_code(0);
    stage.run(&["import", "--all"]).expect_code(0);
    assert_eq!(stage.usernames(), ["alice"]);
}
