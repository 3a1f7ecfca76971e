//! The files of the store: their rights, and what is said when they cannot be used.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::stage::{add, alone, assert_says, mode, settings, through, with_users, write_private};
use crate::support::adsync::{Answer, Sandbox};

/// Settings whose store is at this path.
fn store_at(path: &Path) -> Sandbox {
    let sandbox = alone();
    sandbox.write_config(&format!(
        "[directory]\nurl = \"{}\"\nusername = \"svc\"\npassword = \"x\"\n[store]\npath = {:?}\n",
        crate::stage::NO_SERVER,
        path.to_str().expect("a path in UTF-8")
    ));
    sandbox
}

/// Every command that uses the store fails, naming it once.
#[track_caller]
fn unusable(sandbox: &Sandbox, path: &Path, says: &[&str]) {
    let path = path.to_str().expect("a path in UTF-8");
    for arguments in [
        &["list"][..],
        &["sync", "--dry-run"],
        &["sync"],
        &["add", "alice"],
        &["remove", "alice"],
    ] {
        let answer = sandbox.run(arguments).expect_code(1);
        assert_eq!(answer.stdout, "", "{answer}");
        assert_says(&answer, &[path, "hint: "]);
        assert_says(&answer, says);
        assert_said_once(&answer);
    }
}

/// "disk I/O error: disk I/O error" says no more than once.
#[track_caller]
fn assert_said_once(answer: &Answer) {
    for line in answer.stderr.lines() {
        let mut parts: Vec<&str> = line.split(": ").collect();
        let count = parts.len();
        parts.sort_unstable();
        parts.dedup();
        assert_eq!(parts.len(), count, "said twice: {line}\n{answer}");
    }
}

#[test]
fn only_the_owner_can_read_the_store_whatever_the_umask() {
    let fresh = tempfile::tempdir().expect("the temporary directory is writable");
    let path = fresh.path().join("var/adsync/users.db");
    let sandbox = store_at(&path);
    let said = through(
        &["sh", "-c", "umask 000; exec \"$0\" \"$@\""],
        &sandbox,
        &["add", "alice"],
    );
    assert_eq!(said.code, 0, "{}", said.stderr);
    for folder in ["var", "var/adsync"] {
        assert_eq!(mode(&fresh.path().join(folder)), 0o700, "{folder}");
    }
    let files: Vec<PathBuf> = fs::read_dir(fresh.path().join("var/adsync"))
        .expect("adsync made it")
        .map(|entry| entry.expect("it can be listed").path())
        .collect();
    assert!(files.contains(&path));
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

/// Those of a run that is under way, too: where it is killed, they stay behind.
#[test]
fn what_a_killed_run_leaves_can_be_read_by_the_owner_only() {
    for umask in ["000", "022", "277"] {
        let sandbox = alone();
        let killed = |point: &str, user: &str| {
            let script = format!("umask {umask}; ADSYNC_CRASH_AT='{point}' exec \"$0\" \"$@\"");
            let said = through(&["sh", "-c", &script], &sandbox, &["add", user]);
            assert_ne!(said.code, 0, "{point}: {}", said.stderr);
        };
        let folder = sandbox.path().join("store");
        let all_private = |names: &[&str]| {
            for name in names {
                let path = folder.join(name);
                assert_eq!(mode(&path), 0o600, "umask {umask}: {}", path.display());
            }
        };
        killed("draft made", "alice");
        all_private(&["users.db.lock", "users.db.new"]);
        add(&sandbox, &["alice"]);
        killed("committed", "bob");
        all_private(&["users.db", "users.db-wal", "users.db-shm"]);
    }
}

#[test]
fn a_folder_that_was_there_keeps_its_rights() {
    let fresh = tempfile::tempdir().expect("the temporary directory is writable");
    let folder = fresh.path().join("shared");
    fs::create_dir(&folder).expect("a fresh folder is writable");
    crate::stage::set_mode(&folder, 0o750);
    add(&store_at(&folder.join("users.db")), &["alice"]);
    assert_eq!(mode(&folder), 0o750);
}

#[test]
fn a_store_of_a_newer_adsync_is_left_alone() {
    let sandbox = alone();
    add(&sandbox, &["alice"]);
    let db = Connection::open(sandbox.store_path()).expect("it is a database");
    db.pragma_update(None, "journal_mode", "delete")
        .expect("nobody else has it open");
    db.pragma_update(None, "user_version", 99)
        .expect("it can be written");
    drop(db);
    let before = sandbox.store_bytes();
    unusable(&sandbox, &sandbox.store_path(), &["version 99", "newer"]);
    assert!(before == sandbox.store_bytes());
    let check = sandbox.run(&["check"]);
    assert!(
        check.stdout.contains("FAIL  store") && check.stdout.contains("version 99"),
        "{check}"
    );
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let sandbox = alone();
    let text = "username,email\nalice,alice@example.com\nbob,bob@example.com\n".repeat(100);
    write_private(&sandbox.store_path(), &text);
    unusable(&sandbox, &sandbox.store_path(), &["not a database"]);
    assert_eq!(
        fs::read_to_string(sandbox.store_path()).expect("a text"),
        text
    );
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let sandbox = alone();
    let db = Connection::open(sandbox.store_path()).expect("a fresh file");
    db.execute_batch("CREATE TABLE customers (name TEXT); INSERT INTO customers VALUES ('acme');")
        .expect("a fresh database takes tables");
    drop(db);
    let before = sandbox.store_bytes();
    unusable(&sandbox, &sandbox.store_path(), &[]);
    assert!(
        before == sandbox.store_bytes(),
        "another program's database was changed"
    );
}

#[test]
fn a_folder_is_no_store() {
    let fresh = tempfile::tempdir().expect("the temporary directory is writable");
    let folder = fresh.path().join("users.db");
    fs::create_dir(&folder).expect("a fresh folder is writable");
    unusable(&store_at(&folder), &folder, &["directory"]);
}

#[test]
fn a_damaged_store_is_said_to_be_damaged() {
    let sandbox = alone();
    add(&sandbox, &["alice"]);
    let mut bytes = sandbox.store_bytes();
    let length = bytes.len();
    bytes[4096..length].fill(0xa5);
    fs::write(sandbox.store_path(), bytes).expect("writable");
    let answer = sandbox.run(&["list"]).expect_code(1);
    assert_says(&answer, &["users.db", "backup"]);
    assert_said_once(&answer);
}

#[test]
fn a_path_below_a_file_is_no_place() {
    let fresh = tempfile::tempdir().expect("the temporary directory is writable");
    fs::write(fresh.path().join("file"), "").expect("writable");
    let path = fresh.path().join("file/users.db");
    let answer = store_at(&path).run(&["add", "alice"]).expect_code(1);
    assert_says(
        &answer,
        &[
            path.to_str().expect("UTF-8"),
            "not a directory",
            "hint: check path under [store]",
        ],
    );
    assert_said_once(&answer);
}

#[test]
fn what_cannot_be_opened_is_said_once() {
    let sandbox = alone();
    add(&sandbox, &["alice"]);
    let mut settings = settings(crate::stage::NO_SERVER);
    settings.ca_file = Some("absent.pem".into());
    sandbox.configure(&settings);
    let answer = sandbox.run(&["sync"]);
    assert_ne!(answer.code, 0, "{answer}");
    assert_says(&answer, &["absent.pem", "No such file"]);
    assert_said_once(&answer);
}

/// What lies in the folder of the store, but for the index of the log, which `SQLite` makes anew for whoever is
/// the first to open it.
fn all(sandbox: &Sandbox) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(sandbox.path().join("store")).expect("it can be listed");
    let paths = entries.map(|it| it.expect("an entry").path());
    let mut all: Vec<_> = paths
        .map(|path| (path.clone(), fs::read(path).expect("an own file")))
        .collect();
    for (path, bytes) in &mut all {
        if path.extension().is_some_and(|it| it == "db-shm") {
            bytes.clear();
        }
    }
    all.sort();
    all
}

/// What is done to a store before it is checked.
type Prepare<'a> = &'a dyn Fn(&Sandbox);

#[test]
fn a_check_leaves_no_trace() {
    let with_a_log = |sandbox: &Sandbox| {
        let db = Connection::open(sandbox.store_path()).expect("it is a database");
        db.pragma_update(None, "journal_mode", "wal")
            .expect("nobody else has it open");
    };
    let killed = |sandbox: &Sandbox| {
        let add = sandbox
            .prepare(&["add", "bob"])
            .env("ADSYNC_CRASH_AT", "committed");
        assert_eq!(add.run().code, -1);
    };
    let shared = |sandbox: &Sandbox| {
        crate::stage::set_mode(&sandbox.store_path(), 0o640);
        add(sandbox, &["bob"]);
    };
    let cases: [(&str, Prepare<'_>); 5] = [
        ("at rest", &|_| {}),
        ("with a log", &with_a_log),
        ("after a killed run", &killed),
        ("shared", &shared),
        ("gone", &|sandbox| {
            fs::remove_file(sandbox.store_path()).expect("it is there");
        }),
    ];
    for (case, prepare) in cases {
        let (_directory, sandbox) = with_users(&["alice"]);
        add(&sandbox, &["alice"]);
        prepare(&sandbox);
        let before = all(&sandbox);
        let check = sandbox.run(&["check"]).expect_code(0);
        assert!(check.stdout.contains("ok    store"), "{case}: {check}");
        assert!(all(&sandbox) == before, "{case}");
        // Nor is it in the way of the next run.
        add(&sandbox, &["carol"]);
    }
}

#[test]
fn a_check_says_that_another_program_is_writing() {
    let (_directory, sandbox) = with_users(&["alice"]);
    add(&sandbox, &["alice"]);
    let other = Connection::open(sandbox.store_path()).expect("it is a database");
    other
        .execute_batch("BEGIN IMMEDIATE")
        .expect("nobody else is writing");
    let check = sandbox.run(&["check"]).expect_code(1);
    for words in ["FAIL  store", "locked", "another program is writing"] {
        assert!(check.stdout.contains(words), "{words}: {check}");
    }
}
