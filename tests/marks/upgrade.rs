//! A store of the version before there were marks.

use rusqlite::{Connection, params};

use crate::mark::{Mark, agrees, delta, full, in_mode};
use crate::support::embedded::{STAFF, Stage, assert_says, names, rows, text};
use crate::support::store::open;

const SCHEMA: &str = include_str!("fixtures/store-v1.sql");

/// A directory with alice, bob and carol, and a store of version 1 in which they are, a local user
/// beside them, and what happened so far.
fn stage() -> Stage {
    let stage = Stage::with(&["alice", "bob", "carol"]);
    let db = Connection::open(stage.sandbox.store_path()).expect("a fresh file");
    db.pragma_update(None, "journal_mode", "wal")
        .and_then(|()| db.execute_batch(SCHEMA))
        .and_then(|()| db.pragma_update(None, "user_version", 1))
        .expect("the schema of then");
    for (id, user) in (1..).zip(["alice", "bob", "carol"]) {
        let guid = stage.change(|directory| directory.guid(user));
        let first_name = format!("{}{}", user[..1].to_uppercase(), &user[1..]);
        db.execute(
            "INSERT INTO users (id, username, username_folded, first_name, last_name, email, email_folded,
                contact_number, enabled, source, guid, dn, status, synced_at)
             VALUES (?1, ?2, ?2, ?3, 'Example', ?4, ?4, '+1 555 0100', 1, 'directory', ?5, ?6, 'ok',
                '2026-01-01T02:00:00Z')",
            params![
                id,
                user,
                first_name,
                format!("{user}@example.com"),
                guid.to_bytes_le(),
                format!("CN={user},{STAFF}")
            ],
        )
        .expect("a user");
    }
    db.execute_batch(
        "INSERT INTO users (username, username_folded, source) VALUES ('zoe', 'zoe', 'local');
         INSERT INTO runs (command, mode, started_at, duration_ms, run_by, host, outcome, checked, unchanged,
            imported, modified, deleted, duplicate, out_of_scope, failed)
         VALUES ('import', 'full', '2026-01-01T02:00:00Z', 12, 'root', 'app1', 'done', 3, 0, 3, 0, 0, 0, 0, 0),
            ('sync', 'full', strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 hour'), 9, 'root', 'app1', 'done',
            3, 3, 0, 0, 0, 0, 0, 0);
         INSERT INTO changes (run_id, user_id, action, username)
         VALUES (1, 1, 'imported', 'alice'), (1, 2, 'imported', 'bob'), (1, 3, 'imported', 'carol');",
    )
    .expect("what happened");
    stage
}

fn version(db: &Connection) -> i64 {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
        .expect("a version")
}

const USERS: &str =
    "SELECT id, username, first_name, last_name, email, contact_number, enabled, source, guid,
    dn, status FROM users ORDER BY id";
const RUNS: &str =
    "SELECT id, command, mode, started_at, outcome, run_by, host, checked FROM runs ORDER BY id";
const CHANGES: &str = "SELECT * FROM changes ORDER BY run_id, user_id";

#[test]
fn it_is_brought_up_to_date_and_kept_beside() {
    let stage = stage();
    let before = [USERS, RUNS, CHANGES].map(|query| rows(&open(&stage), query));
    let run = full(&stage, 0);
    assert_eq!(run["counts"]["unchanged"], 3);
    assert_eq!(run["run"], 3);
    let db = open(&stage);
    assert_eq!(version(&db), 5);
    let after = [USERS, RUNS, CHANGES].map(|query| rows(&db, query));
    assert_eq!(after[0], before[0]);
    assert_eq!(after[1][..2], before[1]);
    assert_eq!(after[2], before[2]);

    assert!(stage.store_files().contains(&"users.db.v1".to_owned()));
    let backup = stage.sandbox.store_path().with_file_name("users.db.v1");
    let backup = Connection::open(backup).expect("the backup can be opened");
    assert_eq!(version(&backup), 1);
    let kept = [USERS, RUNS, CHANGES].map(|query| rows(&backup, query));
    assert_eq!(kept, before);

    assert!(Mark::of(&stage).is_some());
    assert_eq!(delta(&stage, 0)["counts"]["unchanged"], 3);
    stage.set("alice", "mail", "new@example.com");
    assert_eq!(names(&agrees(&stage, 0), "modified"), ["alice"]);
}

#[test]
fn what_changed_before_the_update_is_found() {
    let stage = stage();
    stage.set("alice", "mail", "new@example.com");
    stage.change(|directory| directory.delete("bob"));
    stage.directory.see_tombstones(true);
    let run = full(&stage, 0);
    assert_eq!(names(&run, "modified"), ["alice"]);
    assert_eq!(names(&run, "deleted"), ["bob"]);
    delta(&stage, 0);
    let life = stage.json(0, &["history", "--user", "bob"]);
    let actions: Vec<&str> = life["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .filter_map(|change| change["action"].as_str())
        .collect();
    assert_eq!(actions, ["imported", "deleted"]);
    stage.run(&["restore", "bob"]).expect_code(0);
    delta(&stage, 0);
}

#[test]
fn who_is_absent_then_was_never_returned_by_the_controller_that_answers() {
    let stage = stage();
    stage.change(|directory| directory.delete("bob"));
    for mode in ["full", "delta", "delta"] {
        let run = in_mode(&stage, 0, &["sync", "--delete-missing"], mode);
        assert_eq!(names(&run, "missing"), ["bob"]);
        let reason = text(&run["missing"][0], "reason");
        assert!(reason.contains("has never returned this user"), "{reason}");
    }
    // Of the others that run says that it does.
    stage.change(|directory| directory.delete("carol"));
    let run = in_mode(&stage, 0, &["sync", "--delete-missing"], "delta");
    assert_eq!(names(&run, "deleted"), ["carol"]);
}

#[test]
fn any_command_that_writes_brings_it_up_to_date() {
    for arguments in [
        &["add", "newcomer"][..],
        &["remove", "zoe"],
        &["import", "--all"],
        &["sync", "--users", "alice"],
    ] {
        let stage = stage();
        stage.run(arguments).expect_code(0);
        assert_eq!(version(&open(&stage)), 5, "{arguments:?}");
        assert_eq!(Mark::of(&stage), None, "{arguments:?}");
        full(&stage, 0);
        delta(&stage, 0);
    }
}

#[test]
fn a_row_number_of_then_is_not_given_again() {
    let stage = stage();
    open(&stage)
        .execute("DELETE FROM users WHERE username IN ('carol', 'zoe')", [])
        .expect("the newest rows are removed");
    stage.run(&["add", "newcomer"]).expect_code(0);
    let id = "SELECT id FROM users WHERE username = 'newcomer'";
    let id: i64 = open(&stage)
        .query_row(id, [], |row| row.get(0))
        .expect("it is there");
    assert_eq!(id, 5);
}

#[test]
fn a_failed_run_brings_it_up_to_date_and_changes_nobody() {
    let stage = stage();
    let before = [USERS, CHANGES].map(|query| rows(&open(&stage), query));
    stage
        .directory
        .fault(testdir::When::bind(), testdir::What::answer(53, "no"));
    stage.sync(5);
    stage.directory.clear_faults();
    assert_eq!(
        [USERS, CHANGES].map(|query| rows(&open(&stage), query)),
        before
    );
    full(&stage, 0);
    delta(&stage, 0);
}

#[test]
fn whoever_only_reads_leaves_it_as_it_is() {
    let stage = stage();
    let bytes = stage.sandbox.store_bytes();
    stage.set("alice", "mail", "new@example.com");
    let run = in_mode(&stage, 0, &["sync", "--dry-run"], "full");
    assert_eq!(names(&run, "modified"), ["alice"]);
    assert_eq!(stage.usernames(), ["alice", "bob", "carol", "zoe"]);
    let runs = stage.json(0, &["history"])["runs"].clone();
    assert_eq!(runs.as_array().map(Vec::len), Some(2));
    assert_eq!(stage.sandbox.store_bytes(), bytes);
    assert!(!stage.store_files().contains(&"users.db.v1".to_owned()));
    full(&stage, 0);
    assert_eq!(stage.user("alice")["email"], "new@example.com");
}

#[test]
fn a_run_that_is_killed_while_it_is_brought_up_to_date() {
    for point in ["locked", "file made", "prepared", "begun", "written"] {
        let stage = stage();
        let before = [USERS, RUNS, CHANGES].map(|query| rows(&open(&stage), query));
        let killed = stage.prepare(&["sync"]).env("ADSYNC_CRASH_AT", point).run();
        assert_eq!(killed.code, -1, "{killed}");
        let after = [USERS, RUNS, CHANGES].map(|query| rows(&open(&stage), query));
        assert_eq!(after, before, "{point}");
        full(&stage, 0);
        delta(&stage, 0);
        assert!(
            stage.store_files().contains(&"users.db.v1".to_owned()),
            "{point}"
        );
    }
}

#[test]
fn a_store_of_a_version_to_come_is_refused() {
    let stage = stage();
    full(&stage, 0);
    let known = version(&open(&stage));
    let to_come = known + 1;
    open(&stage)
        .pragma_update(None, "user_version", to_come)
        .expect("a version");
    let answer = stage.run(&["sync"]).expect_code(1);
    let (has, reads) = (format!("has version {to_come}"), format!("up to {known}"));
    assert_says(&answer, &[&has, &reads, "hint: "]);
}
