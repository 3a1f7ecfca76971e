//! A store that another program has written to: a run does its work, or says what is wrong. It never ends in
//! a panic or by a signal, and never takes anybody for deleted.

use rusqlite::Connection;

use crate::support::adsync::Answer;
use crate::support::embedded::{Stage, names, rows};
use crate::support::store;

/// Row numbers that a program of one's own may give, in an order of its own.
const NUMBERS: [i64; 6] = [
    1_000_000_000_000,
    i64::MIN,
    0,
    i64::MAX,
    -1,
    -1_000_000_000_000,
];

const USERS: [&str; 6] = ["alice", "bob", "carol", "dave", "erin", "frank"];

/// Everything that reads the store, and most of what writes to it; where it works, the last of them leaves the
/// store in step.
const COMMANDS: [&[&str]; 20] = [
    &["list"],
    &["list", "--sort", "synced-at", "--format", "csv"],
    &["list", "--format", "json"],
    &["list", "--status", "failed"],
    &["history"],
    &["history", "1"],
    &["history", "--user", "alice"],
    &["show", "bob"],
    &["undo", "1", "--dry-run"],
    &["undo", "3"],
    &["check"],
    &["sync", "--dry-run"],
    &["sync", "--users", "alice,bob"],
    &["sync"],
    &["sync", "--full"],
    &["import", "--all"],
    &["add", "henry"],
    &["remove", "carol"],
    &["restore", "carol"],
    &["sync", "--full"],
];

/// What may be wrong without the columns of `docs/store.md` being others.
const WRITTEN: [&str; 30] = [
    "DELETE FROM users WHERE username = 'bob'",
    "DELETE FROM users",
    "DELETE FROM runs",
    "DELETE FROM changes",
    "DELETE FROM sqlite_sequence",
    "UPDATE sqlite_sequence SET seq = 9223372036854775807",
    "UPDATE sqlite_sequence SET seq = -5",
    "UPDATE users SET username = 'ALICE', username_folded = 'ALICE' WHERE username = 'bob'",
    "UPDATE users SET email = 'ALICE@example.com', email_folded = 'ALICE@example.com' WHERE username = 'bob'",
    "UPDATE users SET username_folded = '' WHERE username = 'bob'",
    "UPDATE users SET username = '', username_folded = '' WHERE username = 'bob'",
    "UPDATE users SET username = char(0) || 'b', dn = NULL WHERE username = 'bob'",
    "UPDATE users SET username = CAST(x'ff00' AS TEXT) WHERE username = 'bob'",
    "UPDATE users SET email = CAST(x'ff' AS TEXT) WHERE username = 'bob'",
    "UPDATE users SET guid = x'0102' WHERE username = 'bob'",
    "UPDATE users SET guid = x'' WHERE username = 'bob'",
    "UPDATE users SET guid = zeroblob(17) WHERE username = 'bob'",
    "UPDATE users SET guid = NULL WHERE username = 'bob'",
    "UPDATE users SET source = 'local' WHERE username = 'bob'",
    "UPDATE users SET source = 'elsewhere' WHERE username = 'bob'",
    "UPDATE users SET status = 'unheard of', synced_at = 'yesterday' WHERE username = 'bob'",
    "UPDATE users SET synced_at = 'yesterday', enabled = -7",
    "UPDATE users SET email = NULL WHERE username = 'bob'",
    "UPDATE runs SET started_at = 'yesterday', mode = 'odd', outcome = 'odd', command = ''",
    "UPDATE runs SET id = -9223372036854775808 WHERE id = 2",
    "UPDATE runs SET duration_ms = -9223372036854775808, checked = -1, scope_users = -9223372036854775808",
    "UPDATE runs SET in_step = '[' WHERE id = 2",
    "UPDATE runs SET in_step = '[1.5, \"a\", null, 9223372036854775807, -9223372036854775808, 99999999999999999999]' WHERE id = 2",
    "UPDATE changes SET before = '{', after = '[]', action = 'odd'",
    "UPDATE marks SET invocation_id = x'01', usn = -9223372036854775808, settings = '[', witness = x'', full_at = ''",
];

/// What may be wrong where the schema is another: columns without their types.
const UNTYPED: [&str; 6] = [
    "UPDATE users SET username = NULL WHERE username = 'bob'",
    "UPDATE users SET username = 5, email = 1.5, dn = x'ff' WHERE username = 'bob'",
    "UPDATE users SET enabled = 'yes' WHERE username = 'bob'",
    "UPDATE users SET source = NULL, status = x'00' WHERE username = 'bob'",
    "UPDATE users SET guid = 'text' WHERE username = 'bob'",
    "UPDATE users SET username_folded = NULL, synced_at = 5 WHERE username = 'bob'",
];

/// Users that were imported, and a mark; then bob got another address and carol another name.
fn stage() -> Stage {
    let stage = Stage::imported(&USERS);
    stage.run(&["sync", "--users", "erin"]).expect_code(0);
    stage.run(&["sync", "--full"]).expect_code(0);
    stage.set("bob", "mail", "new@example.com");
    stage.set("carol", "sAMAccountName", "caroline");
    stage
}

/// A program that does not mind the checks of the schema.
fn another_program(stage: &Stage) -> Connection {
    let db = store::open(stage);
    db.execute_batch("PRAGMA foreign_keys = off; PRAGMA ignore_check_constraints = on;")
        .expect("pragmas can be set");
    db
}

/// Ended by itself, and where it failed it says of what.
#[track_caller]
fn ended_well(answer: &Answer) {
    assert!((0..=7).contains(&answer.code), "{answer}");
    assert!(!answer.stderr.contains("panicked"), "{answer}");
    if answer.code == 1 {
        assert!(answer.stderr.contains("error: "), "{answer}");
        assert!(answer.stderr.contains("hint: "), "{answer}");
        for internal in ["index: ", "Conversion", "InvalidColumnType"] {
            assert!(!answer.stderr.contains(internal), "{answer}");
        }
    }
}

#[track_caller]
fn every_command_ends_well(stage: &Stage) {
    for arguments in COMMANDS {
        ended_well(&stage.run(arguments));
    }
    let deleted = store::open(stage).query_row(
        "SELECT count(*) FROM changes WHERE action = 'deleted' AND evidence <> 'removed'",
        [],
        |row| row.get(0),
    );
    assert_eq!(deleted, Ok(0), "nobody is deleted");
}

#[test]
fn row_numbers_may_be_any() {
    let stage = stage();
    let db = another_program(&stage);
    for (user, number) in USERS.iter().zip(NUMBERS) {
        db.execute(
            "UPDATE users SET id = ?2 WHERE username = ?1",
            (user, number),
        )
        .expect("a row takes any number");
    }
    drop(db);
    for arguments in [
        &["sync", "--full"][..],
        &["sync"],
        &["sync", "--users", "bob,erin"],
    ] {
        stage.set(
            "bob",
            "mail",
            &format!("{}@example.com", arguments.concat()),
        );
        let run = stage.json(0, arguments);
        assert!(
            names(&run, "modified").contains(&"bob".to_owned()),
            "{run:#}"
        );
        assert_eq!(run["counts"]["deleted"], 0, "{run:#}");
    }
    let run = stage.json(0, &["sync", "--full"]);
    assert_eq!(run["counts"]["unchanged"], 6, "{run:#}");
    let rows: Vec<i64> = store::open(&stage)
        .prepare("SELECT id FROM users ORDER BY id")
        .and_then(|mut it| it.query_map([], |row| row.get(0))?.collect())
        .expect("the users can be read");
    let mut numbers = NUMBERS.to_vec();
    numbers.sort_unstable();
    assert_eq!(rows, numbers, "each keeps its number");
    // Who is gone is found, removed and brought back in those rows as well.
    stage.directory.see_tombstones(true);
    stage.change(|directory| directory.delete("dave"));
    let run = stage.json(0, &["sync", "--full"]);
    assert_eq!(names(&run, "deleted"), ["dave"], "{run:#}");
    stage.run(&["restore", "dave"]).expect_code(0);
    stage.run(&["remove", "alice", "bob"]).expect_code(0);
    stage.run(&["restore", "alice", "bob"]).expect_code(0);
    // Behind the highest number there is no other.
    let answer = stage.run(&["add", "henry"]).expect_code(1);
    for words in ["9223372036854775807", "the highest number"] {
        assert!(answer.stderr.contains(words), "{answer}");
    }
    assert!(!answer.stderr.contains("disk"), "{answer}");
}

#[test]
fn what_another_program_wrote_ends_no_command_badly() {
    for sql in WRITTEN {
        let stage = stage();
        another_program(&stage)
            .execute_batch(sql)
            .expect("it can be written");
        every_command_ends_well(&stage);
    }
}

#[test]
fn nor_does_a_schema_that_another_program_changed() {
    for sql in UNTYPED {
        let stage = stage();
        another_program(&stage)
            .execute_batch(
                "CREATE TABLE other AS SELECT * FROM users;
                 DROP TABLE users;
                 ALTER TABLE other RENAME TO users;
                 CREATE UNIQUE INDEX users_by_username ON users (username_folded);
                 CREATE UNIQUE INDEX users_by_email ON users (email_folded);
                 CREATE UNIQUE INDEX users_by_guid ON users (guid);",
            )
            .expect("a table can be replaced");
        another_program(&stage)
            .execute_batch(sql)
            .expect("it can be written");
        every_command_ends_well(&stage);
    }
}

#[test]
fn a_row_that_cannot_be_used_is_named() {
    for (sql, says) in [
        (
            "UPDATE users SET guid = x'010203' WHERE id = 2",
            "user 2 has an unusable guid: 3 bytes",
        ),
        (
            "UPDATE users SET source = 'local' WHERE id = 2",
            "user 2 has the source \"local\" and a guid",
        ),
        (
            "UPDATE users SET email = CAST(x'ff' AS TEXT) WHERE id = 2",
            "user 2 has an unusable email: a text that is not UTF-8",
        ),
        (
            "UPDATE users SET synced_at = 'yesterday' WHERE id = 2",
            "user 2 has an unreadable synced_at: ",
        ),
        (
            "UPDATE users SET status = 'odd' WHERE id = 2",
            "user 2 has the status \"odd\"",
        ),
    ] {
        let stage = stage();
        another_program(&stage)
            .execute_batch(sql)
            .expect("it can be written");
        let before = everything(&stage);
        for arguments in [&["list"][..], &["sync", "--full"]] {
            let answer = stage.run(arguments).expect_code(1);
            let path = stage.sandbox.store_path();
            let hint = format!(
                "sqlite3 {} 'SELECT * FROM users WHERE id = 2'",
                path.display()
            );
            for words in [says, &hint] {
                assert!(answer.stderr.contains(words), "{words:?}\n{answer}");
            }
        }
        assert_eq!(everything(&stage), before, "{sql}");
    }
}

/// What is known of users, whether or not it can be read.
fn everything(stage: &Stage) -> Vec<String> {
    let users = "SELECT id, hex(username), hex(email), hex(guid), status FROM users";
    let changes = "SELECT run_id, user_id, action FROM changes";
    let db = store::open(stage);
    [rows(&db, users), rows(&db, changes)].concat()
}

#[test]
fn a_mark_that_another_program_spoilt_is_none() {
    for sql in [
        "UPDATE marks SET invocation_id = x'01'",
        "UPDATE marks SET witness = x''",
        "UPDATE marks SET settings = '['",
        "UPDATE marks SET full_at = 'yesterday'",
        "UPDATE marks SET service = CAST(x'ff' AS TEXT)",
    ] {
        let stage = stage();
        another_program(&stage)
            .execute_batch(sql)
            .expect("it can be written");
        let run = stage.sync(0);
        assert_eq!(run["mode"], "full", "{sql}");
        assert_eq!(names(&run, "modified"), ["bob", "carol"], "{sql}");
        assert_eq!(stage.sync(0)["mode"], "delta", "{sql}");
    }
}
