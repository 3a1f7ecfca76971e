//! `adsync history`: who ran what and when, what each run changed, and one user's life by any name.

use std::time::Duration;

use serde_json::Value;
use testdir::{USERNAME, What, When};

use crate::store::{age, open};
use crate::support::embedded::{ELSEWHERE, STAFF, Stage, assert_says, measured, text};

const DAY: i64 = 24 * 60 * 60;

#[track_caller]
fn runs(stage: &Stage) -> Vec<Value> {
    let history = stage.json(0, &["history", "--limit", "1000"]);
    assert_eq!(history["version"], 1);
    history["runs"].as_array().expect("a list of runs").clone()
}

fn numbers(runs: &[Value]) -> Vec<i64> {
    runs.iter().filter_map(|run| run["run"].as_i64()).collect()
}

#[track_caller]
fn changes(stage: &Stage, arguments: &[&str]) -> Vec<Value> {
    let history = stage.json(0, &[&["history"], arguments].concat());
    history["changes"].as_array().expect("changes").clone()
}

fn actions(changes: &[Value]) -> Vec<String> {
    changes.iter().map(|it| text(it, "action")).collect()
}

fn lines(output: &str) -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(output.as_bytes())
        .records()
        .map(|record| record.expect("CSV"))
        .collect()
}

/// Import, a local user, a sync that changes one and deletes one, a sync of one who is in step.
fn some_runs() -> Stage {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    stage
        .run(&["add", "zoe", "--email", "zoe@example.com"])
        .expect_code(0);
    stage.set("alice", "mail", "new@example.com");
    stage.bury("bob");
    stage.sync(0);
    stage.run(&["sync", "--users", "carol"]).expect_code(0);
    stage
}

#[test]
fn runs_are_listed_newest_first_with_who_and_what() {
    let stage = some_runs();
    let runs = runs(&stage);
    assert_eq!(numbers(&runs), [4, 3, 2, 1]);
    let seen: Vec<[String; 3]> = runs
        .iter()
        .map(|run| ["command", "mode", "outcome"].map(|key| text(run, key)))
        .collect();
    assert_eq!(
        seen,
        [
            ["sync", "selected", "done"],
            ["sync", "full", "done"],
            ["add", "selected", "done"],
            ["import", "full", "done"],
        ]
    );
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("a host has a name");
    for run in &runs {
        assert_eq!(text(run, "host"), host.trim());
        assert_ne!(text(run, "run_by"), "");
        assert_eq!(run["error"], Value::Null);
        assert!(run["duration_ms"].as_i64().is_some_and(|it| it >= 0));
        let started: jiff::Timestamp = text(run, "started_at").parse().expect("a time");
        let ago = jiff::Timestamp::now().duration_since(started);
        assert!(ago.as_secs().abs() < 300, "{run:#}");
    }
    let counts = |run: &Value| {
        ["checked", "unchanged", "imported", "modified", "deleted"]
            .map(|key| run["counts"][key].as_i64().expect("a number"))
    };
    assert_eq!(counts(&runs[0]), [1, 1, 0, 0, 0]);
    assert_eq!(counts(&runs[1]), [3, 1, 0, 1, 1]);
    assert_eq!(counts(&runs[2])[2], 1);
    assert_eq!(counts(&runs[3]), [3, 0, 3, 0, 0]);
}

#[test]
fn the_table_and_the_csv_tell_the_same() {
    let stage = some_runs();
    let table = stage.run(&["history"]).expect_code(0);
    let rows: Vec<&str> = table.stdout.lines().collect();
    assert!(rows[0].starts_with("RUN"), "{table}");
    assert_eq!(rows.len(), 5, "{table}");
    for (row, start, end) in [
        (rows[1], "4", "1 unchanged"),
        (rows[2], "3", "1 modified, 1 deleted, 1 unchanged"),
        (rows[3], "2", "1 added"),
        (rows[4], "1", "3 imported"),
    ] {
        assert!(row.starts_with(start), "{table}");
        assert!(row.trim_end().ends_with(end), "{table}");
        assert!(row.contains('@'), "who and on which host\n{table}");
    }
    let csv = stage
        .run(&["history", "--format", "csv"])
        .expect_code(0)
        .stdout;
    let header = csv.lines().next().unwrap_or_default();
    let columns: Vec<&str> = header.split(',').collect();
    let column = |name: &str| {
        let at = columns.iter().position(|it| *it == name);
        at.unwrap_or_else(|| panic!("no column {name} in {header}"))
    };
    let records = lines(&csv);
    for (record, run) in records.iter().zip(runs(&stage)) {
        assert_eq!(record[column("run")], run["run"].to_string());
        for name in ["command", "mode", "outcome", "started_at", "run_by", "host"] {
            assert_eq!(record[column(name)], text(&run, name));
        }
        for name in ["checked", "modified", "deleted", "imported", "failed"] {
            assert_eq!(record[column(name)], run["counts"][name].to_string());
        }
    }
    assert_eq!(records.len(), 4);
}

#[test]
fn the_one_who_called_sudo_is_named() {
    let stage = Stage::with(&["alice"]);
    stage
        .prepare(&["import", "--all"])
        .env("SUDO_USER", "bert")
        .run()
        .expect_code(0);
    let run = &runs(&stage)[0];
    let (by, host) = (text(run, "run_by"), text(run, "host"));
    assert_eq!(run["sudo_for"], "bert");
    for arguments in [&["history"][..], &["history", "1"]] {
        let table = stage.run(arguments).expect_code(0);
        assert!(
            table.stdout.contains(&format!(" {by} for bert@{host} ")),
            "{table}"
        );
    }
    let csv = stage.run(&["history", "--format", "csv"]).expect_code(0);
    let who = format!(",{by},bert,{host},");
    assert!(csv.stdout.contains(&who), "{csv}");
    let one = stage.json(0, &["history", "1"]);
    assert_eq!(&one["run"], run, "one run has what all of them have");
}

#[test]
fn who_ran_it_is_what_the_system_says_and_not_the_environment() {
    let stage = Stage::with(&["alice"]);
    let run = |name: &str, value: &str| {
        let add = stage.prepare(&["add", name]);
        add.env("USER", value)
            .env("LOGNAME", value)
            .env("USERNAME", value)
            .env("HOSTNAME", value)
            .env("SUDO_USER", "")
            .run()
            .expect_code(0);
    };
    run("one", "mallory");
    run("two", "");
    let runs = runs(&stage);
    for run in &runs {
        assert_ne!(text(run, "run_by"), "mallory");
        assert_ne!(text(run, "host"), "mallory");
        assert_eq!(run["sudo_for"], Value::Null, "nobody called sudo");
    }
    assert_eq!(runs[0]["run_by"], runs[1]["run_by"]);
}

#[test]
fn refused_and_failed_runs_are_there_with_their_reason() {
    let mut stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.hurry();
    stage.configure_sync("max_missing = 2");
    for user in ["alice", "bob", "carol"] {
        stage.directory.fault(When::search(), What::hide(user));
    }
    stage.sync(4);
    stage.directory.clear_faults();
    stage
        .directory
        .fault(When::connect(), What::RefuseConnections);
    stage.sync(5);
    stage.directory.clear_faults();
    stage.directory.set_password(USERNAME, "another");
    stage.json(5, &["sync", "--users", "alice"]);

    let runs = runs(&stage);
    let url = stage.directory.url();
    for (run, outcome, mode, reason) in [
        (&runs[0], "failed", "selected", "cannot log in to"),
        (&runs[1], "failed", "full", "cannot connect to"),
        (&runs[2], "refused", "full", "refused: "),
    ] {
        assert_eq!(text(run, "outcome"), outcome);
        assert_eq!(text(run, "mode"), mode);
        let error = text(run, "error");
        assert!(error.starts_with(reason), "{run:#}");
        assert!(outcome == "refused" || error.contains(&url), "{run:#}");
        assert!(!error.contains(testdir::PASSWORD));
    }
    assert_eq!(runs[2]["counts"]["missing"], 3, "those of its plan");
    let table = stage.run(&["history"]).expect_code(0);
    assert!(table.stdout.contains("cannot log in to"), "{table}");
    // Of a refused run nothing was changed, and nothing is listed.
    assert_eq!(changes(&stage, &["2"]), [] as [Value; 0]);
}

#[test]
fn what_was_never_a_run_is_not_there() {
    let stage = Stage::imported(&["alice", "bob"]);
    stage.set("alice", "mail", "new@example.com");
    let before = stage.contents();
    for (code, arguments) in [
        (0, &["sync", "--dry-run"][..]),
        (3, &["sync", "--dry-run", "--exit-code"]),
        (0, &["import", "--all", "--dry-run"]),
        (2, &["sync", "--nonsense"]),
        (2, &["sync", "--users", "nobody"]),
        (2, &["sync", "--users", ","]),
        (2, &["import", "--users", "nobody"]),
        (2, &["remove", "nobody"]),
        (2, &["restore", "nobody"]),
        (2, &["restore", "--run", "99"]),
        (2, &["history", "99"]),
        (0, &["history"]),
        (0, &["list"]),
        (0, &["check"]),
        (0, &["search", "a"]),
    ] {
        stage.run(arguments).expect_code(code);
        assert_eq!(stage.contents(), before, "after {arguments:?}");
    }
    assert_eq!(numbers(&runs(&stage)), [1]);
}

#[test]
fn a_limit_shows_the_newest() {
    let stage = Stage::imported(&["alice"]);
    for _ in 0..24 {
        stage.run(&["sync", "--users", "alice"]).expect_code(0);
    }
    for (arguments, newest) in [
        (&["history"][..], 20),
        (&["history", "--limit", "3"], 3),
        (&["history", "--limit", "1"], 1),
        (&["history", "--limit", "1000"], 25),
    ] {
        let history = stage.json(0, arguments);
        let runs = history["runs"].as_array().expect("runs");
        let expected: Vec<i64> = (26 - newest..26).rev().collect();
        assert_eq!(numbers(runs), expected, "{arguments:?}");
    }
    stage.run(&["history", "--limit", "x"]).expect_code(2);
}

#[test]
fn an_empty_history_is_empty() {
    let stage = Stage::with(&[]);
    assert_eq!(runs(&stage), [] as [Value; 0]);
    let said = stage.run(&["history"]).expect_code(0);
    assert_eq!(said.stdout, "", "{said}");
    assert!(
        !stage.sandbox.store_path().exists(),
        "reading makes nothing"
    );
}

#[test]
fn a_run_shows_each_field_before_and_after() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.directory.see_tombstones(true);
    let guid = text(&stage.user("alice"), "guid");
    for (attribute, value) in [
        ("sAMAccountName", "alice.archer"),
        ("givenName", "Alicia"),
        ("sn", "Archer"),
        ("mail", "archer@example.com"),
        ("telephoneNumber", ""),
        ("userAccountControl", "514"),
    ] {
        let dn = format!("CN=alice,{STAFF}");
        stage.set(&dn, attribute, value);
    }
    stage.bury("bob");
    stage.sync(0);

    let found = changes(&stage, &["2"]);
    assert_eq!(actions(&found), ["modified", "deleted"]);
    let (alice, bob) = (&found[0], &found[1]);
    assert_eq!(text(alice, "username"), "alice", "its name before the run");
    for (field, before, after) in [
        (
            "username",
            Value::from("alice"),
            Value::from("alice.archer"),
        ),
        ("first_name", "Alice".into(), "Alicia".into()),
        ("last_name", "Example".into(), "Archer".into()),
        (
            "email",
            "alice@example.com".into(),
            "archer@example.com".into(),
        ),
        ("contact_number", "+1 555 0100".into(), Value::Null),
        ("enabled", true.into(), Value::from(false)),
        ("guid", guid.clone().into(), guid.clone().into()),
    ] {
        assert_eq!(alice["before"][field], before, "{field}");
        assert_eq!(alice["after"][field], after, "{field}");
    }
    assert_eq!(bob["after"], Value::Null);
    assert_eq!(bob["before"]["email"], "bob@example.com");
    assert_eq!(bob["evidence"], "tombstone");

    let csv = stage
        .run(&["history", "2", "--format", "csv"])
        .expect_code(0)
        .stdout;
    let fields: Vec<[String; 4]> = lines(&csv)
        .iter()
        .filter(|record| record[3] == *"alice")
        .map(|record| [4, 5, 6, 2].map(|at| record[at].to_owned()))
        .collect();
    assert_eq!(
        fields,
        [
            ["username", "alice", "alice.archer", "modified"],
            ["first_name", "Alice", "Alicia", "modified"],
            ["last_name", "Example", "Archer", "modified"],
            [
                "email",
                "alice@example.com",
                "archer@example.com",
                "modified"
            ],
            ["contact_number", "+1 555 0100", "", "modified"],
            ["enabled", "true", "false", "modified"],
        ]
    );
    let table = stage.run(&["history", "2"]).expect_code(0);
    for words in [
        "alice → alice.archer",
        "alice@example.com → archer@example.com",
        "tombstone",
        "bob@example.com",
    ] {
        assert!(table.stdout.contains(words), "{words}\n{table}");
    }
    // A run that changed nobody says so.
    stage.sync(0);
    let table = stage.run(&["history", "3"]).expect_code(0);
    assert!(table.stdout.contains("no user was changed"), "{table}");
}

#[test]
fn a_user_is_found_by_any_name_it_ever_had() {
    let stage = Stage::imported(&["alice", "bob"]);
    let dn = format!("CN=alice,{STAFF}");
    for name in ["alice.two", "alice.three"] {
        stage.set(&dn, "sAMAccountName", name);
        stage.sync(0);
    }
    stage.run(&["remove", "alice.three"]).expect_code(0);
    stage.set(&dn, "sAMAccountName", "alice.four");
    stage
        .run(&["import", "--users", "alice.four"])
        .expect_code(0);
    let life = ["imported", "modified", "modified", "deleted", "imported"];
    for name in ["alice", "ALICE", "alice.two", "alice.three", "alice.four"] {
        let found = changes(&stage, &["--user", name]);
        assert_eq!(actions(&found), life, "{name}");
        let runs: Vec<i64> = found.iter().filter_map(|it| it["run"].as_i64()).collect();
        assert_eq!(runs, [1, 2, 3, 4, 5], "the oldest first");
    }
    assert_eq!(actions(&changes(&stage, &["--user", "bob"])), ["imported"]);
}

#[test]
fn a_name_that_two_users_had_shows_both_lives() {
    let stage = Stage::imported(&["alice", "bob"]);
    stage.bury("bob");
    stage.sync(0);
    stage.change(|directory| directory.add_user("bob"));
    stage.run(&["import", "--users", "bob"]).expect_code(0);
    let found = changes(&stage, &["--user", "bob"]);
    assert_eq!(actions(&found), ["imported", "deleted", "imported"]);
    assert_ne!(found[0]["after"]["guid"], found[2]["after"]["guid"]);
}

#[test]
fn what_is_not_in_the_history_is_said_with_a_hint() {
    let stage = Stage::imported(&["alice", "bob"]);
    stage.bury("bob");
    stage.sync(0);
    let said = stage.run(&["history", "99"]).expect_code(2);
    assert_says(&said, &["error: no run 99", "hint: "]);
    let said = stage.run(&["history", "--user", "alcie"]).expect_code(2);
    assert_says(&said, &["\"alcie\"", "did you mean alice?"]);
    let error = stage.json(2, &["history", "99"]);
    assert_eq!(error["error"]["kind"], "unknown_name");
    let error = stage.json(2, &["history", "--user", "zzz"]);
    assert_eq!(error["error"]["kind"], "unknown_name");
}

#[test]
fn the_nearest_name_is_offered_of_those_too_who_are_gone() {
    let stage = Stage::imported(&["alice", "bertrand"]);
    stage.bury("bertrand");
    stage.sync(0);
    assert_eq!(stage.usernames(), ["alice"]);
    let said = stage.run(&["history", "--user", "bertrnad"]).expect_code(2);
    assert_says(&said, &["did you mean bertrand?"]);
}

#[test]
fn old_runs_are_forgotten_by_the_next_run_and_younger_ones_never() {
    let mut stage = Stage::imported(&["alice", "bob", "carol", "dave"]);
    stage.configure_sync("history_days = 30");
    stage.set("alice", "mail", "new@example.com");
    stage.sync(0);
    stage.bury("bob");
    stage.sync(0);
    age(&stage, 1, 31 * DAY);
    age(&stage, 2, 30 * DAY + 60);
    // A minute within the days that are kept.
    age(&stage, 3, 30 * DAY - 60);

    // Neither reading, nor rehearsing, nor failing forgets.
    stage.run(&["sync", "--dry-run"]).expect_code(0);
    stage.run(&["sync", "--users", "nobody"]).expect_code(2);
    assert_eq!(numbers(&runs(&stage)), [3, 2, 1]);

    // After a month without a run it may be the clock that is wrong; a second run says the same.
    stage.sync(0);
    assert_eq!(numbers(&runs(&stage)), [4, 3, 2, 1]);
    stage.sync(0);
    assert_eq!(numbers(&runs(&stage)), [5, 4, 3]);
    let left: i64 = open(&stage)
        .query_row("SELECT count(*) FROM changes WHERE run_id < 3", [], |row| {
            row.get(0)
        })
        .expect("a number");
    assert_eq!(left, 0, "their changes go with them");
    assert_eq!(
        stage.usernames(),
        ["alice", "carol", "dave"],
        "but nobody else"
    );
    // Whoever was deleted within the days that are kept can still be brought back.
    stage.run(&["restore", "bob"]).expect_code(0);
    stage.run(&["history", "1"]).expect_code(2);
}

#[test]
fn a_deletion_that_was_forgotten_cannot_be_undone() {
    let mut stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.configure_sync("history_days = 30");
    stage.bury("bob");
    stage.sync(0);
    age(&stage, 1, 32 * DAY);
    age(&stage, 2, 31 * DAY);
    // The restore itself reads the record before it forgets it.
    stage.sync(0);
    stage.sync(0);
    assert_eq!(stage.usernames(), ["alice", "carol"]);
    let said = stage.run(&["restore", "bob"]).expect_code(2);
    assert_says(&said, &["no user \"bob\" among the deleted users"]);
}

#[test]
fn a_number_is_never_given_twice() {
    let mut stage = Stage::imported(&["alice"]);
    stage.configure_sync("history_days = 1");
    for _ in 0..3 {
        stage.sync(0);
    }
    for run in 1..=4 {
        age(&stage, run, 2 * DAY);
    }
    assert_eq!(stage.sync(0)["run"], 5);
    assert_eq!(stage.sync(0)["run"], 6);
    assert_eq!(numbers(&runs(&stage)), [6, 5]);
    for run in [5, 6] {
        age(&stage, run, 2 * DAY);
    }
    assert_eq!(stage.sync(0)["run"], 7);
}

/// A mark is a change of the user, though of none of its values.
#[test]
fn how_a_user_stands_and_why_is_in_the_history() {
    let stage = Stage::imported(&["alice", "bob", "carol", "dave"]);
    stage
        .run(&["add", "zoe", "--email", "zoe@example.com"])
        .expect_code(0);
    stage.set("alice", "mail", "zoe@example.com");
    stage.directory.deny("bob").expect("he is there");
    stage.change(|directory| directory.move_to("carol", ELSEWHERE));
    stage.change(|directory| directory.rename("dave", "CN=Dave Brown"));
    let reason = text(&stage.sync(0)["missing"][0], "reason");
    let held = "email zoe@example.com is held by zoe (local)";
    let outside = "in the domain, but outside base_dn and filter";

    let found = changes(&stage, &["3"]);
    assert_eq!(actions(&found), ["marked", "marked", "marked", "refreshed"]);
    for (change, status, why) in [
        (&found[0], "duplicate", held),
        (&found[1], "missing", &reason),
        (&found[2], "out_of_scope", outside),
    ] {
        assert_eq!(change["before"]["status"], Value::Null);
        assert_eq!(text(&change["after"], "status"), status);
        assert_eq!(text(&change["after"], "reason"), why);
    }
    let csv = stage
        .run(&["history", "3", "--format", "csv"])
        .expect_code(0);
    let rows: Vec<[String; 5]> = lines(&csv.stdout)
        .iter()
        .map(|record| [2, 3, 4, 5, 6].map(|at| record[at].to_owned()))
        .collect();
    assert_eq!(
        rows,
        [
            ["marked", "alice", "status", "ok", "duplicate"],
            ["marked", "alice", "reason", "", held],
            ["marked", "bob", "status", "ok", "missing"],
            ["marked", "bob", "reason", "", &reason],
            ["marked", "carol", "status", "ok", "out_of_scope"],
            ["marked", "carol", "reason", "", outside],
        ]
    );
    let table = stage.run(&["history", "3"]).expect_code(0);
    for words in [
        format!("duplicate: {held}"),
        format!("missing: {reason}"),
        format!("out of scope: {outside}"),
        "1 duplicate, 1 out_of_scope, 1 missing, 1 unchanged".to_owned(),
    ] {
        assert!(table.stdout.contains(&words), "{words}\n{table}");
    }
    assert!(
        !table.stdout.contains("dave"),
        "nothing that counts\n{table}"
    );

    stage.set("alice", "mail", "alice.new@example.com");
    stage.directory.allow_all();
    stage.sync(0);
    let table = stage.run(&["history", "4"]).expect_code(0);
    for (user, words) in [
        (
            "alice",
            "email: alice@example.com → alice.new@example.com; ok again",
        ),
        ("bob", "ok again"),
    ] {
        let row = table.stdout.lines().find(|it| it.contains(user));
        assert!(
            row.is_some_and(|it| it.ends_with(words)),
            "{words}\n{table}"
        );
    }
    // Whose DN alone is another has no change to show.
    stage.change(|directory| directory.rename("dave", "CN=dave"));
    stage.sync(0);
    let table = stage.run(&["history", "5"]).expect_code(0);
    assert!(table.stdout.contains("no user was changed"), "{table}");
    assert_eq!(actions(&changes(&stage, &["5"])), ["refreshed"]);
}

/// Whoever is asked for is found by the runs that did something to somebody, not by reading all that a first import
/// brought in.
#[test]
fn one_user_s_life_is_found_among_a_hundred_thousand() {
    let stage = Stage::imported(&["alice", "bob"]);
    let db = open(&stage);
    // As an import of so many would have written it.
    db.execute_batch(
        "INSERT INTO runs SELECT NULL, command, mode, started_at, duration_ms, run_by, sudo_for, host, outcome, error,
             100000, 0, 100000, 0, 0, 0, 0, 0, NULL, scope_users, 0, 0, domain, controller, 0, 0, NULL
         FROM runs WHERE id = 1;
         WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 100000)
         INSERT INTO changes (run_id, user_id, action, username, after)
         SELECT 2, n + 1000000, 'imported', 'user' || n,
             json_set(after, '$.username', 'user' || n, '$.guid', printf('%08x-0000-4000-8000-%012x', n, n))
         FROM number, (SELECT after FROM changes WHERE username = 'alice');",
    )
    .expect("it is as adsync writes it");
    drop(db);
    stage.set("alice", "sAMAccountName", "alicia");
    stage.bury("bob");
    stage.sync(0);
    for (arguments, actions_of) in [
        (["--user", "alicia"], &["imported", "modified"][..]),
        (["--user", "ALICE"], &["imported", "modified"]),
        (["--user", "bob"], &["imported", "deleted"]),
        // Nobody has the row, nor was it ever deleted: another program took it away.
        (["--user", "user4711"], &["imported"]),
    ] {
        assert_eq!(
            actions(&changes(&stage, &arguments)),
            actions_of,
            "{arguments:?}"
        );
    }
    let peak = |arguments: &[&str]| {
        let (status, stderr, peak) = measured(stage.prepare(arguments), Duration::from_secs(30));
        assert!(status.success(), "{arguments:?}: {stderr}");
        peak
    };
    let without = peak(&["list"]);
    for arguments in [
        &["history", "--user", "alice"][..],
        &["history", "--user", "bob", "--format", "json"],
        &["history", "--user", "user4711"],
        &["show", "alicia"],
        &["restore", "bob"],
    ] {
        let more = peak(arguments).saturating_sub(without);
        assert!(
            more < 5 << 20,
            "{arguments:?}: {more} bytes more than the program itself"
        );
    }
    assert_eq!(stage.usernames(), ["alicia", "bob"]);
}
