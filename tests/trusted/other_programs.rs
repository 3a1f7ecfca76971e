//! Other programs write to the store while the directory is read: a row is only written if it is as the plan saw it,
//! and a store that is no longer there is no store.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use serde_json::json;

use crate::support::embedded::{Stage, names, rows};
use crate::support::store::open;

/// Runs adsync, and does something to its store after it has read the scope and the rows, when it looks for a user who
/// was deleted: the fourth search, behind the rootDSE, the domain controller and the scope.
fn meanwhile(
    stage: &Stage,
    arguments: &[&str],
    act: impl FnMut(&Path) + Send + 'static,
) -> crate::support::adsync::Answer {
    let store = stage.sandbox.store_path();
    stage.change(|directory| directory.delete("dora"));
    let (mut act, mut searches) = (act, 0);
    stage.directory.before_each_search(move |_| {
        searches += 1;
        if searches == 4 {
            act(&store);
        }
    });
    let answer = stage.run(arguments);
    stage.directory.leave_alone();
    answer
}

fn write(store: &Path, sql: &str) {
    let db = Connection::open(store).expect("the store is there");
    db.execute_batch(sql).expect("another program may write");
}

const SYNC: [&str; 4] = ["sync", "--full", "--format", "json"];

fn stage() -> Stage {
    let stage = Stage::imported(&["ann", "bob", "carol", "dora"]);
    stage.directory.see_tombstones(true);
    stage.sync(0);
    stage
}

#[test]
fn a_user_that_became_local_is_not_deleted() {
    let stage = stage();
    stage.change(|directory| directory.delete("bob"));
    let answer = meanwhile(&stage, &SYNC, |store| {
        write(
            store,
            "UPDATE users SET source = 'local', guid = NULL, dn = NULL, domain = NULL WHERE username = 'bob'",
        );
    })
    .expect_code(7);
    let run = answer.json();
    assert_eq!(names(&run, "deleted"), ["dora"]);
    assert_eq!(names(&run, "failed"), ["bob"]);
    let reason = run["failed"][0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("another program changed"), "{reason}");
    assert_eq!(stage.user("bob")["source"], "local");
    stage.sync(0);
    assert_eq!(stage.usernames(), ["ann", "bob", "carol"]);
}

#[test]
fn what_another_program_wrote_is_not_overwritten() {
    let stage = stage();
    stage.set("ann", "mail", "new@corp.example.com");
    stage.set("carol", "mail", "carol2@corp.example.com");
    let answer = meanwhile(&stage, &SYNC, |store| {
        write(
            store,
            "UPDATE users SET contact_number = '+1' WHERE username = 'ann'",
        );
    })
    .expect_code(7);
    let run = answer.json();
    assert_eq!(names(&run, "failed"), ["ann"]);
    assert_eq!(names(&run, "modified"), ["carol"]);
    assert_eq!(stage.user("ann")["contact_number"], "+1");
    assert_ne!(stage.user("ann")["email"], "new@corp.example.com");
    // The next run has seen it, and what the history says was before was there.
    let run = stage.sync(0);
    let changes = &run["modified"][0]["changes"];
    assert_eq!(
        changes["contact_number"],
        json!({"from": "+1", "to": "+1 555 0100"})
    );
    assert_eq!(stage.user("ann")["status"], "ok");
}

#[test]
fn a_name_that_another_program_took_makes_a_duplicate() {
    let stage = stage();
    stage.set("ann", "sAMAccountName", "anna");
    let answer = meanwhile(&stage, &SYNC, |store| {
        write(
            store,
            "INSERT INTO users (username, username_folded, source) VALUES ('Anna', 'anna', 'local')",
        );
    })
    .expect_code(0);
    let run = answer.json();
    assert_eq!(names(&run, "duplicate"), ["ann"]);
    assert_eq!(stage.usernames(), ["ann", "Anna", "bob", "carol"]);
}

#[test]
fn a_row_that_is_gone_is_not_written() {
    let stage = stage();
    stage.set("ann", "mail", "new@corp.example.com");
    let answer = meanwhile(&stage, &SYNC, |store| {
        write(store, "DELETE FROM users WHERE username = 'ann'");
    })
    .expect_code(7);
    assert_eq!(names(&answer.json(), "failed"), ["ann"]);
    assert_eq!(stage.usernames(), ["bob", "carol"]);
}

#[test]
fn rows_that_the_run_does_not_write_are_nobodys_business() {
    let stage = stage();
    stage.set("carol", "mail", "carol2@corp.example.com");
    let answer = meanwhile(&stage, &SYNC, |store| {
        write(
            store,
            "UPDATE users SET contact_number = '+1' WHERE username = 'ann'",
        );
    })
    .expect_code(0);
    assert_eq!(names(&answer.json(), "modified"), ["carol"]);
}

#[test]
fn a_store_that_was_deleted_meanwhile_is_an_error() {
    let stage = stage();
    stage.change(|directory| directory.delete("bob"));
    let answer = meanwhile(&stage, &SYNC, |store| {
        fs::remove_file(store).expect("it is there");
    })
    .expect_code(1);
    assert!(
        answer.stderr.contains("deleted or replaced"),
        "{}",
        answer.stderr
    );
}

#[test]
fn a_store_that_was_replaced_by_its_backup_meanwhile_is_an_error() {
    let stage = stage();
    let backup = stage.sandbox.path().join("backup.db");
    let store = stage.sandbox.store_path();
    open(&stage)
        .execute("VACUUM INTO ?1", [backup.to_string_lossy()])
        .expect("a backup");
    stage.change(|directory| directory.delete("bob"));
    let copy = backup.clone();
    let answer = meanwhile(&stage, &SYNC, move |store| {
        fs::rename(&copy, store).expect("the backup is there");
    })
    .expect_code(1);
    assert!(
        answer.stderr.contains("deleted or replaced"),
        "{}",
        answer.stderr
    );
    // What is there now is as it was.
    let db = Connection::open(&store).expect("the backup");
    let users = rows(&db, "SELECT username FROM users ORDER BY username");
    assert_eq!(users.len(), 4);
}

/// A store that is there and empty is filled while the directory is read.
#[test]
fn a_store_that_goes_while_it_is_filled_is_an_error() {
    let mut stage = Stage::with(&["ann", "bob", "carol"]);
    stage.configure_directory("page_size = 2");
    let store = stage.sandbox.store_path();
    let backup = stage.sandbox.path().join("backup.db");
    for is_replaced in [false, true] {
        stage.run(&["add", "zoe"]).expect_code(0);
        fs::copy(&store, &backup).expect("a backup");
        stage.run(&["remove", "zoe"]).expect_code(0);
        let (path, from) = (store.clone(), backup.clone());
        stage.directory.on_page(2, move |_| {
            if is_replaced {
                fs::rename(&from, &path).expect("the backup is there");
            } else {
                fs::remove_file(&path).expect("it is there");
            }
        });
        let answer = stage.run(&["import", "--all"]).expect_code(1);
        let told = &answer.stderr;
        assert!(told.contains("deleted or replaced"), "{told}");
        assert!(!told.contains("what the run wrote"), "{told}");
        let expected: &[&str] = if is_replaced { &["zoe"] } else { &[] };
        assert_eq!(stage.usernames(), expected);
        let _ = fs::remove_file(&store);
    }
}

/// A user that adsync found missing, overtaken, is as little seen as it was.
#[test]
fn a_missing_user_that_another_program_changed_stays_missing() {
    let stage = Stage::imported(&["ann", "bob", "carol", "dora"]);
    stage.sync(0);
    stage.change(|directory| directory.delete("bob"));
    stage.sync(0);
    assert_eq!(stage.user("bob")["status"], "missing");
    let tracked =
        "SELECT missing_since, found_run, found_on, status FROM users WHERE username = 'bob'";
    let before = rows(&open(&stage), tracked);
    let answer = meanwhile(&stage, &SYNC, |store| {
        write(
            store,
            "UPDATE users SET contact_number = '+1' WHERE username = 'bob'",
        );
    })
    .expect_code(7);
    assert_eq!(names(&answer.json(), "failed"), ["bob"]);
    assert_eq!(rows(&open(&stage), tracked), before);
}
