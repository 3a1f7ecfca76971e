//! A user that is found nowhere: kept and marked first, deleted when it is proven that nothing else can be the reason,
//! and as it was when it comes back.

use serde_json::Value;
use testdir::{What, When};

use crate::support::embedded::{ELSEWHERE, Stage, names, text};
use crate::support::store::{age_missing, open};

/// Every way in which a run comes to look at bob, and the mode it has after a full one.
const WAYS: [(&[&str], &str); 4] = [
    (&["sync"], "delta"),
    (&["sync", "--full"], "full"),
    (&["sync", "--users", "bob"], "selected"),
    (&["sync", "--users", "alice,bob"], "selected"),
];

/// Five imported users, and a full run after that.
fn stage() -> Stage {
    let stage = Stage::imported(&["alice", "bob", "carol", "dave", "erin"]);
    stage.sync(0);
    stage
}

/// The same, and bob was deleted. The account sees no tombstones.
fn without_bob() -> Stage {
    let stage = stage();
    stage.change(|directory| directory.delete("bob"));
    stage
}

/// The directory does not return bob, and then does again when the faults are cleared.
fn hide_bob(stage: &Stage) {
    stage.directory.fault(When::search(), What::hide("bob"));
    stage.set(
        "alice",
        "title",
        &format!("{}", stage.directory.stats().searches),
    );
}

fn show_bob(stage: &Stage) {
    stage.directory.clear_faults();
}

#[track_caller]
fn in_mode(stage: &Stage, code: i32, way: (&[&str], &str)) -> Value {
    let (arguments, mode) = way;
    let run = stage.json(code, arguments);
    assert_eq!(run["mode"], mode, "{run:#}");
    run
}

fn missing_since(stage: &Stage) -> Option<String> {
    open(stage)
        .query_row(
            "SELECT missing_since FROM users WHERE username = 'bob'",
            [],
            |row| row.get(0),
        )
        .expect("bob is in the store")
}

fn hours_pass(stage: &Stage, hours: u32) {
    age_missing(&stage.sandbox.store_path(), hours);
}

#[test]
fn it_is_listed_with_since_when_and_why() {
    for way in WAYS {
        let stage = without_bob();
        let before = stage.user("bob");
        let run = in_mode(&stage, 0, way);
        let bob = &run["missing"][0];
        for key in ["guid", "username", "dn"] {
            assert_eq!(bob[key], before[key]);
        }
        let since = text(bob, "since");
        assert_eq!(since, text(&run, "started_at"));
        let until: jiff::Timestamp = since.parse().expect("a time");
        let until = until + jiff::SignedDuration::from_hours(24);
        let reason = format!(
            "not found in the domain; a run that does not find it after {until} deletes it (missing_after)"
        );
        assert_eq!(bob["reason"], reason);
        assert_eq!(run["counts"]["missing"], 1);
        for bucket in ["deleted", "modified", "duplicate", "out_of_scope", "failed"] {
            assert_eq!(run["counts"][bucket], 0, "{run:#}");
        }

        let mut after = stage.user("bob");
        assert_eq!(after["status"], "missing");
        assert_eq!(after["reason"], reason);
        after["status"] = before["status"].clone();
        after["reason"] = before["reason"].clone();
        assert_eq!(after, before, "nothing else of it is another");
        assert_eq!(missing_since(&stage), Some(since));
        let listed = stage.json(0, &["list", "--status", "missing"]);
        assert_eq!(names(&listed, "users"), ["bob"]);

        let history = stage.json(0, &["history", "--limit", "1"]);
        assert_eq!(history["runs"][0]["counts"]["missing"], 1, "{history:#}");
        let change = stage.json(0, &["history", "--user", "bob"]);
        let noted = change.to_string();
        assert!(noted.contains("\"missing\""), "{noted}");
    }
}

#[test]
fn the_table_and_the_csv_say_so_too() {
    let stage = without_bob();
    let table = stage.run(&["sync"]).expect_code(0);
    let row = table.stdout.lines().find(|it| it.starts_with("missing"));
    let row = row.unwrap_or_default();
    for words in ["bob", "kept, missing since 20", "not found in the domain"] {
        assert!(row.contains(words), "{table}");
    }
    assert_eq!(
        table.stdout.lines().last(),
        Some("0 modified, 0 deleted, 0 duplicate, 1 missing, 4 unchanged")
    );
    let csv = stage.run(&["sync", "--format", "csv"]).expect_code(0);
    let line = csv.stdout.lines().find(|it| it.starts_with("missing,bob,"));
    assert!(line.is_some_and(|it| it.contains("missing_after")), "{csv}");
    assert_eq!(csv.stdout.lines().count(), 2, "{csv}");
}

#[test]
fn a_person_reads_all_times_alike_and_is_told_the_way_past_it_once() {
    let stage = without_bob();
    let way = "`adsync remove NAME`";
    for arguments in [
        &["sync", "--dry-run"][..],
        &["sync"],
        &["show", "bob"],
        &["history", "--user", "bob"],
        &["list", "--columns", "username,reason"],
    ] {
        let answer = stage.run(arguments).expect_code(0);
        let sentence = answer.stdout.split("does not find it after 20").nth(1);
        let time = sentence.and_then(|it| it.split(" deletes it").next());
        assert!(time.is_some_and(|it| it.ends_with(" UTC")), "{answer}");
        let times = usize::from(arguments[0] == "sync");
        assert_eq!(answer.stdout.matches(way).count(), times, "{answer}");
    }
    // Whom it does not list it does not speak of.
    stage.set("alice", "mail", "new@example.com");
    let quiet = stage.run(&["sync", "-q"]).expect_code(0);
    assert!(quiet.stdout.contains("1 missing"), "{quiet}");
    assert!(!quiet.stdout.contains(way), "{quiet}");
}

#[test]
fn it_is_a_failure_only_where_it_is_to_be_one() {
    for (arguments, mode) in WAYS {
        let stage = without_bob();
        stage.set("carol", "mail", "new@example.com");
        let strictly = [arguments, &["--strict"]].concat();
        let run = in_mode(&stage, 7, (&strictly, mode));
        assert_eq!(names(&run, "missing"), ["bob"]);
        // It is done all the same.
        assert_eq!(stage.user("bob")["status"], "missing");
        stage.json(7, &strictly);
        stage.json(0, arguments);
    }
}

#[test]
fn the_next_runs_write_nothing_but_their_line() {
    let stage = without_bob();
    let first = text(&stage.sync(0)["missing"][0], "since");
    let before = stage.contents();
    hours_pass(&stage, 1);
    let since = missing_since(&stage);
    assert_ne!(since, Some(first));
    // What it says of the time follows the time, once.
    stage.sync(0);
    let settled = stage.contents();
    assert_eq!(settled.changes.len(), before.changes.len() + 1);
    stage.freeze_users();
    for (arguments, _) in WAYS {
        let runs = stage.contents().runs.len();
        let run = stage.json(0, arguments);
        assert_eq!(names(&run, "missing"), ["bob"]);
        assert_eq!(
            run["missing"][0]["since"].as_str().map(str::to_owned),
            since
        );
        let after = stage.contents();
        assert_eq!(after.users, settled.users, "{arguments:?}");
        assert_eq!(after.changes, settled.changes, "{arguments:?}");
        assert_eq!(after.runs.len(), runs + 1);
    }
}

#[test]
fn a_rehearsal_marks_nobody() {
    let stage = without_bob();
    let (contents, bytes) = (stage.contents(), stage.sandbox.store_bytes());
    for (arguments, mode) in WAYS {
        let rehearsed = [arguments, &["--dry-run"]].concat();
        let run = in_mode(&stage, 0, (&rehearsed, mode));
        assert_eq!(names(&run, "missing"), ["bob"]);
        assert_eq!(stage.contents(), contents);
        assert_eq!(stage.sandbox.store_bytes(), bytes);
    }
}

#[test]
fn it_is_deleted_when_it_was_missing_for_long_enough() {
    for way in WAYS {
        let stage = without_bob();
        stage.sync(0);
        hours_pass(&stage, 23);
        assert_eq!(names(&in_mode(&stage, 0, way), "missing"), ["bob"]);
        hours_pass(&stage, 1);
        let run = in_mode(&stage, 0, way);
        assert_eq!(names(&run, "deleted"), ["bob"], "{run:#}");
        assert_eq!(run["deleted"][0]["evidence"], "absent");
        assert_eq!(run["counts"]["missing"], 0);
        assert_eq!(stage.usernames(), ["alice", "carol", "dave", "erin"]);
        // And can be brought back.
        stage.run(&["restore", "bob"]).expect_code(0);
        assert_eq!(stage.user("bob")["email"], "bob@example.com");
        assert_eq!(stage.user("bob")["status"], "restored");
    }
}

#[test]
fn how_long_that_is_stands_in_the_settings() {
    let mut stage = without_bob();
    stage.configure_sync("missing_after = \"7d\"");
    stage.sync(0);
    hours_pass(&stage, 7 * 24 - 1);
    assert_eq!(names(&stage.sync(0), "missing"), ["bob"]);
    // Shorter or longer, from the next run on.
    stage.configure(|settings| settings.more_sync = "missing_after = \"30d\"".to_owned());
    let run = stage.sync(0);
    assert_eq!(names(&run, "missing"), ["bob"]);
    assert_eq!(
        text(&run["missing"][0], "reason"),
        text(&stage.user("bob"), "reason")
    );
    stage.configure(|settings| settings.more_sync = "missing_after = \"167h\"".to_owned());
    assert_eq!(names(&stage.sync(0), "deleted"), ["bob"]);

    let mut stage = without_bob();
    stage.configure_sync("missing_after = \"0\"");
    let run = stage.sync(0);
    assert_eq!(names(&run, "deleted"), ["bob"], "{run:#}");
    assert_eq!(run["deleted"][0]["evidence"], "absent");
}

#[test]
fn who_does_not_want_to_wait_says_so() {
    for (arguments, mode) in WAYS {
        let stage = without_bob();
        let at_once = [arguments, &["--delete-missing"]].concat();
        let run = in_mode(&stage, 0, (&at_once, mode));
        assert_eq!(names(&run, "deleted"), ["bob"], "{run:#}");
        assert_eq!(run["deleted"][0]["evidence"], "absent");
    }
}

#[test]
fn it_can_be_taken_out_by_name() {
    let stage = without_bob();
    stage.sync(0);
    stage.run(&["remove", "bob"]).expect_code(0);
    assert_eq!(stage.usernames(), ["alice", "carol", "dave", "erin"]);
    assert_eq!(stage.sync(0)["counts"]["missing"], 0);
}

#[test]
fn who_comes_back_is_as_if_it_had_never_been_away() {
    for way in WAYS {
        let stage = stage();
        let before = stage.user("bob");
        hide_bob(&stage);
        assert_eq!(names(&in_mode(&stage, 0, WAYS[1]), "missing"), ["bob"]);
        hours_pass(&stage, 20);
        show_bob(&stage);
        let run = in_mode(&stage, 0, way);
        for bucket in ["missing", "modified", "deleted", "imported"] {
            assert_eq!(run["counts"][bucket], 0, "{run:#}");
        }
        let mut after = stage.user("bob");
        after["synced_at"] = before["synced_at"].clone();
        assert_eq!(after, before);
        assert_eq!(missing_since(&stage), None);

        // When it goes again it has not been gone for twenty hours.
        hide_bob(&stage);
        let run = in_mode(&stage, 0, WAYS[1]);
        assert_eq!(run["missing"][0]["since"], run["started_at"], "{run:#}");
        hours_pass(&stage, 20);
        assert_eq!(names(&in_mode(&stage, 0, WAYS[1]), "missing"), ["bob"]);
    }
}

#[test]
fn who_comes_back_with_other_values_gets_them() {
    for way in WAYS {
        let stage = stage();
        hide_bob(&stage);
        stage.json(0, &["sync", "--full"]);
        show_bob(&stage);
        stage.set("bob", "mail", "robert@example.com");
        let run = in_mode(&stage, 0, way);
        assert_eq!(names(&run, "modified"), ["bob"], "{run:#}");
        let bob = stage.user("bob");
        assert_eq!(bob["email"], "robert@example.com");
        assert_eq!(
            (&bob["status"], &bob["reason"]),
            (&"ok".into(), &Value::Null)
        );
    }
}

/// Whatever becomes of it, it is not missing any more, and the time begins anew when it is.
#[test]
fn who_comes_back_as_something_else_is_that() {
    type Change = fn(&Stage);
    let cases: [(&str, i32, Change); 3] = [
        ("duplicate", 0, |stage| {
            stage.set("bob", "mail", "zoe@example.com");
        }),
        ("failed", 7, |stage| {
            stage.set("bob", "telephoneNumber", &"9".repeat(2000));
        }),
        ("out_of_scope", 0, |stage| {
            stage.change(|directory| directory.move_to("bob", ELSEWHERE));
        }),
    ];
    for (bucket, code, change) in cases {
        for way in WAYS {
            let stage = stage();
            stage
                .run(&["add", "zoe", "--email", "zoe@example.com"])
                .expect_code(0);
            hide_bob(&stage);
            stage.json(0, &["sync", "--full"]);
            hours_pass(&stage, 20);
            show_bob(&stage);
            change(&stage);
            let run = in_mode(&stage, code, way);
            assert_eq!(names(&run, bucket), ["bob"], "{run:#}");
            assert_eq!(run["counts"]["missing"], 0);
            let bob = stage.user("bob");
            assert_eq!(bob["status"], bucket);
            assert_ne!(bob["reason"], Value::Null);
            assert_eq!(missing_since(&stage), None, "{bucket}");

            hide_bob(&stage);
            let run = in_mode(&stage, 0, WAYS[1]);
            assert_eq!(names(&run, "missing"), ["bob"], "{bucket} {run:#}");
            assert_eq!(run["missing"][0]["since"], run["started_at"]);
            show_bob(&stage);
            stage.json(code, &["sync", "--full"]);
            assert_eq!(stage.user("bob")["status"], bucket);
        }
    }
}

#[test]
fn it_keeps_its_names_until_it_is_deleted() {
    let stage = without_bob();
    stage.set("carol", "mail", "bob@example.com");
    let run = stage.sync(0);
    assert_eq!(names(&run, "duplicate"), ["carol"]);
    assert_eq!(
        run["duplicate"][0]["conflicts"][0]["held_by"]["username"],
        "bob"
    );
    hours_pass(&stage, 24);
    let run = stage.sync(0);
    assert_eq!(names(&run, "deleted"), ["bob"]);
    assert_eq!(names(&run, "modified"), ["carol"], "in the same run");
}

#[test]
fn a_tombstone_that_is_seen_later_deletes_at_once() {
    for way in WAYS {
        let stage = without_bob();
        stage.json(0, &["sync", "--full"]);
        // The account is given the right, as `adsync check` says how.
        stage.directory.see_tombstones(true);
        let run = in_mode(&stage, 0, way);
        assert_eq!(names(&run, "deleted"), ["bob"], "{run:#}");
        assert_eq!(run["deleted"][0]["evidence"], "tombstone");
    }
}

#[test]
fn an_import_marks_and_deletes_nobody() {
    let mut stage = without_bob();
    stage.configure_sync("missing_after = \"0\"");
    let run = stage.json(0, &["import", "--all"]);
    for bucket in ["missing", "deleted"] {
        assert_eq!(run["counts"][bucket], 0, "{run:#}");
    }
    assert_eq!(stage.user("bob")["status"], "ok");
}

#[test]
fn an_import_that_returns_it_ends_that_it_is_missing() {
    for arguments in [
        &["import", "--all"][..],
        &["import", "--users", "bob"],
        &["import", "--filter", "(cn=bob)"],
    ] {
        let stage = stage();
        hide_bob(&stage);
        stage.json(0, &["sync", "--full"]);
        hours_pass(&stage, 20);
        show_bob(&stage);
        let run = stage.json(0, arguments);
        assert_eq!(run["counts"]["imported"], 0, "{run:#}");
        let bob = stage.user("bob");
        assert_eq!(
            (&bob["status"], &bob["reason"]),
            (&"ok".into(), &Value::Null)
        );
        hide_bob(&stage);
        let run = stage.json(0, &["sync", "--full"]);
        assert_eq!(run["missing"][0]["since"], run["started_at"], "{run:#}");
    }
}

#[test]
fn several_are_told_apart() {
    let stage = stage();
    for user in ["alice", "bob", "carol"] {
        stage.change(|directory| directory.delete(user));
        stage.sync(0);
        hours_pass(&stage, 10);
    }
    // By thirty, twenty and ten hours.
    let run = stage.sync(0);
    assert_eq!(names(&run, "deleted"), ["alice"]);
    assert_eq!(names(&run, "missing"), ["bob", "carol"]);
    hours_pass(&stage, 10);
    let run = stage.sync(0);
    assert_eq!(names(&run, "deleted"), ["bob"]);
    assert_eq!(names(&run, "missing"), ["carol"]);
}
