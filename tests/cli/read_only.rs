//! Where only reading is allowed: what works, what is refused, and that it is refused first of all.

use std::fs;
use std::path::PathBuf;

use testdir::TestDir;

use crate::stage::{add, assert_says, is_root, set_mode, settings, through, usernames, with_users};
use crate::support::adsync::Sandbox;

const WRITING: [&[&str]; 8] = [
    &["sync"],
    &["sync", "--interactive"],
    &["import", "--all"],
    &["restore", "--run", "1"],
    &["undo", "1"],
    &["remove", "alice"],
    &["add", "bob"],
    &["add", "--from-csv", "absent.csv"],
];

const READING: [&[&str]; 11] = [
    &["check"],
    &["search", "ali"],
    &["list"],
    &["show", "alice"],
    &["history"],
    &["add", "bob", "--dry-run"],
    &["remove", "alice", "--dry-run"],
    &["undo", "2", "--dry-run"],
    &["sync", "--dry-run"],
    &["sync", "--dry-run", "--exit-code"],
    &["import", "--all", "--dry-run"],
];

/// A store with alice in it, and settings that allow to read only.
fn stage() -> (TestDir, Sandbox) {
    let (directory, sandbox) = with_users(&["alice"]);
    sandbox.run(&["import", "--all"]).expect_code(0);
    add(&sandbox, &["zoe"]);
    (directory, sandbox)
}

fn allow_reading_only(directory: &TestDir, sandbox: &Sandbox) -> PathBuf {
    let metrics = sandbox.path().join("adsync.prom");
    let mut settings = settings(&directory.url());
    settings.more_store = "read_only = true".into();
    settings.more_sync = format!("metrics_file = \"{}\"", metrics.display());
    sandbox.configure(&settings);
    metrics
}

fn files(sandbox: &Sandbox) -> Vec<PathBuf> {
    let entries = fs::read_dir(sandbox.path().join("store")).expect("it can be listed");
    entries.map(|it| it.expect("an entry").path()).collect()
}

/// The directory is not asked, the store and its lock are not touched.
#[track_caller]
fn refuses_all_writing(directory: &TestDir, sandbox: &Sandbox, more: &[&str], says: &str) {
    // What a run would make anew, were it to come so far.
    fs::remove_file(sandbox.path().join("store/users.db.lock")).expect("it is there");
    let (before, files_before) = (sandbox.store_bytes(), files(sandbox));
    directory.reset_stats();
    for arguments in WRITING {
        let answer = sandbox.run(&[arguments, more].concat()).expect_code(2);
        let would = format!("`adsync {}` would write to", arguments[0]);
        assert_says(&answer, &["error: ", says, &would, "hint: "]);
        assert_eq!(answer.stdout, "", "{answer}");
    }
    assert_eq!(directory.stats().connections, 0, "the directory was asked");
    assert!(before == sandbox.store_bytes(), "the store was written to");
    assert_eq!(files(sandbox), files_before);
}

#[test]
fn the_settings_forbid_every_command_that_writes() {
    let (directory, sandbox) = stage();
    let metrics = allow_reading_only(&directory, &sandbox);
    refuses_all_writing(&directory, &sandbox, &[], "read_only = true under [store]");
    assert!(!metrics.exists(), "what was refused was no run");
    let answer = sandbox.run(&["sync", "--format", "json"]).expect_code(2);
    assert_eq!(answer.json()["error"]["kind"], "settings");
    assert_says(&answer, &["`adsync sync --dry-run` shows what it would do"]);
}

#[test]
fn the_flag_forbids_them_too() {
    let (directory, sandbox) = stage();
    refuses_all_writing(&directory, &sandbox, &["--read-only"], "--read-only: ");
    let answer = sandbox.run(&["--read-only", "--format", "json", "sync"]);
    assert_eq!(answer.expect_code(2).json()["error"]["kind"], "usage");
}

#[test]
fn looking_and_rehearsing_work() {
    let (directory, sandbox) = stage();
    allow_reading_only(&directory, &sandbox);
    let before = sandbox.store_bytes();
    for arguments in READING {
        sandbox.run(arguments).expect_code(0);
    }
    directory.add_user("bob").expect("a new user");
    sandbox
        .run(&["import", "--all", "--dry-run", "--exit-code", "--read-only"])
        .expect_code(3);
    assert!(before == sandbox.store_bytes(), "the store was written to");
}

/// An account that may read the store by way of its group, and may not make a file beside it: then `SQLite`
/// cannot have the files that it wants for reading.
#[test]
fn an_account_without_the_right_to_write_needs_none() {
    let (directory, sandbox) = stage();
    let folder = sandbox.path().join("store");
    set_mode(&sandbox.store_path(), 0o440);
    set_mode(&folder, 0o550);
    // Root is bound by the rights of files as little as that account by nothing else.
    let wrapper: &[&str] = if is_root() {
        const NONE: &str = "-dac_override,-dac_read_search";
        &["setpriv", "--bounding-set", NONE, "--inh-caps", NONE]
    } else {
        &["env"]
    };
    let list = through(wrapper, &sandbox, &["list", "--format", "csv"]);
    let rehearsal = through(wrapper, &sandbox, &["sync", "--dry-run"]);
    let names = files(&sandbox);
    set_mode(&folder, 0o700);
    assert_eq!(list.code, 0, "{}", list.stderr);
    assert_eq!(list.stdout.lines().count(), 3, "{}", list.stdout);
    assert_eq!(rehearsal.code, 0, "{}", rehearsal.stderr);
    assert!(
        rehearsal.stdout.contains("1 unchanged"),
        "{}",
        rehearsal.stdout
    );
    assert_eq!(names.len(), 2, "the store and its lock: {names:?}");
    set_mode(&sandbox.store_path(), 0o600);
    assert_eq!(usernames(&sandbox), ["alice", "zoe"]);
    drop(directory);
}
