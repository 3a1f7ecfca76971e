//! An error with `--format json`: one object on standard output, and the exit code of its kind.

use std::fs::File;

use serde_json::Value;

use crate::stage::{NO_SERVER, add, alone, assert_says, settings, with_users, write_private};
use crate::support::adsync::{Answer, Sandbox};

/// Checks the shape of the object and its kind; gives the message and the hint.
#[track_caller]
fn error(answer: &Answer, kind: &str) -> (String, Option<String>) {
    let object = answer.json();
    let keys = |value: &Value| -> Vec<String> {
        let object = value.as_object().expect("an object");
        object.keys().cloned().collect()
    };
    assert_eq!(keys(&object), ["error", "version"], "{answer}");
    assert_eq!(object["version"], 1, "{answer}");
    assert_eq!(
        keys(&object["error"]),
        ["hint", "kind", "message"],
        "{answer}"
    );
    assert_eq!(object["error"]["kind"], kind, "{answer}");
    let message = object["error"]["message"]
        .as_str()
        .expect("a message")
        .to_owned();
    assert!(
        !message.is_empty() && !message.contains('\u{1b}'),
        "{answer}"
    );
    let hint = &object["error"]["hint"];
    assert!(hint.is_null() || hint.is_string(), "{answer}");
    (message, hint.as_str().map(str::to_owned))
}

#[track_caller]
fn fails(sandbox: &Sandbox, arguments: &[&str], code: i32, kind: &str) -> (String, Option<String>) {
    let answer = sandbox
        .run(&[arguments, &["--format", "json"]].concat())
        .expect_code(code);
    let (message, hint) = error(&answer, kind);
    // A person who reads along is told the same.
    assert_says(&answer, &["error: "]);
    (message, hint)
}

#[test]
fn usage() {
    let sandbox = alone();
    for arguments in [
        &["nonsense"][..],
        &["import"],
        &["sync", "--exit-code"],
        &["sync", "--users", ""],
        &["add", "--from-csv", "absent.csv"],
    ] {
        let (message, _) = fails(&sandbox, arguments, 2, "usage");
        // A fragment that fits behind "error: ", not a screen of text.
        assert!(!message.contains('\n'), "several lines: {message:?}");
    }
    // However it is written.
    for arguments in [
        &["--format=json", "nonsense"][..],
        &["nonsense", "--format=json"],
    ] {
        error(&sandbox.run(arguments).expect_code(2), "usage");
    }
}

#[test]
fn settings_that_cannot_be_used() {
    let sandbox = alone();
    sandbox.write_config("[directory]\nurll = 1\n");
    let (message, hint) = fails(&sandbox, &["list"], 2, "settings");
    assert!(message.contains("line 2: unknown key `urll`"), "{message}");
    assert_eq!(hint.as_deref(), Some("did you mean `url`?"));
}

#[test]
fn a_password_file_that_is_not_there() {
    let sandbox = alone();
    std::fs::remove_file(sandbox.password_file()).expect("it is there");
    let (message, _) = fails(&sandbox, &["search", "x"], 2, "settings");
    assert!(message.contains("password"), "{message}");
}

#[test]
fn an_unknown_name() {
    let (_directory, sandbox) = with_users(&["alice"]);
    add(&sandbox, &["bob"]);
    for arguments in [
        &["sync", "--users", "bobb"][..],
        &["remove", "bobb"],
        &["import", "--users", "alicf"],
        &["import", "--group", "Nobodies"],
    ] {
        fails(&sandbox, arguments, 2, "unknown_name");
    }
}

#[test]
fn a_directory_that_cannot_be_reached() {
    let sandbox = alone();
    for arguments in [
        &["search", "x"][..],
        &["import", "--all"],
        &["sync"],
        &["sync", "--dry-run"],
    ] {
        let (message, hint) = fails(&sandbox, arguments, 5, "unreachable");
        assert!(message.contains(NO_SERVER) && hint.is_some(), "{message}");
    }
}

#[test]
fn a_login_that_was_refused() {
    let (directory, sandbox) = with_users(&[]);
    add(&sandbox, &["zoe"]);
    directory.set_password(testdir::USERNAME, "another one");
    let (message, hint) = fails(&sandbox, &["sync"], 5, "login");
    assert!(
        message.contains(testdir::USERNAME) && hint.is_some(),
        "{message}"
    );
    assert_eq!(
        directory.stats().failed_binds,
        1,
        "a second try could lock the account"
    );
}

#[test]
fn a_base_that_is_not_there() {
    let (directory, sandbox) = with_users(&[]);
    let mut settings = settings(&directory.url());
    settings.base_dn = Some("OU=Staf,DC=corp,DC=example,DC=com".to_owned());
    sandbox.configure(&settings);
    fails(&sandbox, &["import", "--all"], 5, "directory");
}

#[test]
fn a_store_that_another_run_holds() {
    let sandbox = alone();
    add(&sandbox, &["alice"]);
    let mut lock = sandbox.store_path().into_os_string();
    lock.push(".lock");
    let held = File::open(lock).expect("a run leaves its lock file");
    held.lock().expect("nobody holds it");
    let before = sandbox.store_bytes();
    for arguments in [
        &["sync"][..],
        &["import", "--all"],
        &["add", "bob"],
        &["remove", "alice"],
    ] {
        let (message, hint) = fails(&sandbox, arguments, 6, "locked");
        assert!(message.contains("users.db") && hint.is_some(), "{message}");
    }
    // Who only reads waits for nobody.
    sandbox.run(&["list"]).expect_code(0);
    sandbox.run(&["sync", "--dry-run"]).expect_code(5);
    assert!(before == sandbox.store_bytes());
    drop(held);
    add(&sandbox, &["bob"]);
}

#[test]
fn a_store_that_cannot_be_read() {
    let sandbox = alone();
    write_private(
        &sandbox.store_path(),
        "this is no database, but a text of some length",
    );
    for arguments in [&["list"][..], &["add", "bob"]] {
        fails(&sandbox, arguments, 1, "store");
    }
}

#[test]
fn the_guard() {
    let (directory, sandbox) = with_users(&["alice", "bob"]);
    directory.see_tombstones(true);
    sandbox.run(&["import", "--all"]).expect_code(0);
    directory.delete("alice").expect("alice is there");
    directory.delete("bob").expect("bob is there");
    let answer = sandbox.run(&["sync", "--format", "json"]).expect_code(4);
    let object = answer.json();
    assert_eq!(object["error"]["kind"], "guard", "{answer}");
    // It is in the history, with the plan that was refused.
    assert_eq!(object["run"], 2, "{answer}");
    // The plan is shown.
    assert_eq!(object["counts"]["deleted"], 2, "{answer}");
    assert_eq!(object["deleted"][0]["username"], "alice", "{answer}");
    assert_says(&answer, &["error: ", "--allow-deletes 2"]);
}
