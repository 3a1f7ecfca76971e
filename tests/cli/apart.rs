//! What adsync writes never takes the place of another file: each file that it can write, in the place of each that it
//! must leave alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use testdir::TestDir;

use crate::stage::{settings, usernames, with_users};
use crate::support::adsync::{Sandbox, Settings};

/// Files of a sandbox that adsync must leave alone, whether they are there yet or not; and links to some.
fn traps(sandbox: &Sandbox) -> Vec<PathBuf> {
    let root = sandbox.path();
    let write = |name: &str, text: &[u8]| {
        let path = root.join(name);
        fs::write(&path, text).expect("the sandbox is writable");
        path
    };
    let database = root.join("other.db");
    rusqlite::Connection::open(&database)
        .and_then(|db| db.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1);"))
        .expect("a database");
    let mut traps = vec![
        write("notes.txt", b"to do"),
        write(
            "index.html",
            b"<!doctype html>\n<html><title>ours</title></html>",
        ),
        write("node.prom", b"# HELP node_load1 1m load average.\n"),
        write("line", b"\n"),
        database,
        root.join("adsync.toml"),
        root.join("password"),
        root.join("ca.pem"),
    ];
    for ending in [
        "", ".lock", ".new", "-wal", "-shm", "-journal", ".v1", ".v4",
    ] {
        traps.push(root.join(format!("store/users.db{ending}")));
    }
    for name in ["password", "store/users.db", "notes.txt"] {
        let to = root.join(name);
        let link = root.join(format!("link-to-{}", name.replace('/', "-")));
        std::os::unix::fs::symlink(&to, &link).expect("the sandbox is writable");
        traps.push(link);
        if to.exists() {
            let twin = root.join(format!("twin-of-{}", name.replace('/', "-")));
            fs::hard_link(&to, &twin).expect("the sandbox is writable");
            traps.push(twin);
        }
    }
    traps
}

fn with_ca(directory: &TestDir, sandbox: &Sandbox) -> Settings {
    let ca = sandbox.path().join("ca.pem");
    if !ca.exists() {
        let pem = testdir_ca();
        fs::write(&ca, pem).expect("the sandbox is writable");
    }
    Settings {
        ca_file: Some(ca),
        ..settings(&directory.url())
    }
}

/// Any certificate will do: the directory is on loopback, without TLS.
fn testdir_ca() -> String {
    let ca = rcgen::generate_simple_self_signed(["ca".to_owned()]).expect("a certificate");
    ca.cert.pem()
}

/// Every file below a folder, with what is in it.
fn all(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(all(&path));
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap_or_default());
        }
    }
    files
}

/// With a store, and without one yet.
fn both(mut test: impl FnMut(&TestDir, &Sandbox)) {
    for has_store in [true, false] {
        let (directory, sandbox) = with_users(&["alice", "bob"]);
        sandbox.configure(&with_ca(&directory, &sandbox));
        if has_store {
            sandbox.run(&["import", "--users", "alice"]).expect_code(0);
        }
        test(&directory, &sandbox);
    }
}

#[test]
fn a_report_takes_no_other_files_place() {
    both(|_, sandbox| {
        for trap in traps(sandbox) {
            let before = all(sandbox.path());
            let path = trap.to_str().expect("a path in UTF-8");
            let answer = sandbox.run(&["import", "--all", "--report", path]);
            assert_eq!(answer.code, 2, "{path}: {answer}");
            assert!(
                answer.stderr.contains("cannot write the report"),
                "{answer}"
            );
            assert!(all(sandbox.path()) == before, "{path}: something changed");
        }
    });
}

#[test]
fn a_metrics_file_takes_no_other_files_place() {
    both(|directory, sandbox| {
        for trap in traps(sandbox) {
            let mut settings = with_ca(directory, sandbox);
            settings.more_sync = format!("metrics_file = \"{}\"", trap.display());
            sandbox.configure(&settings);
            let before = all(sandbox.path());
            let answer = sandbox.run(&["import", "--users", "bob"]);
            let shown = trap.display();
            let mut after = all(sandbox.path());
            assert_eq!(after.get(&trap), before.get(&trap), "{shown}: {answer}");
            if answer.code == 0 {
                let warning = format!("cannot write the metrics_file {shown}");
                assert!(answer.stderr.contains(&warning), "{answer}");
            } else {
                assert_eq!(answer.code, 2, "{shown}: {answer}");
                assert!(answer.stderr.contains("metrics_file is"), "{answer}");
                assert!(after == before, "{shown}: something changed");
            }
            // What a run writes is written, and nothing else.
            let is_store = |path: &Path| {
                let twin = path.ends_with("twin-of-store-users.db");
                twin || path.ends_with("link-to-store-users.db")
                    || path.starts_with(sandbox.path().join("store"))
            };
            after.retain(|path, _| !is_store(path));
            assert!(
                after
                    .iter()
                    .all(|(path, text)| before.get(path) == Some(text))
            );
        }
    });
}

/// A store whose own name, or that of a file beside it, is that of a file that must stay.
#[test]
fn a_store_takes_no_other_files_place() {
    let (directory, sandbox) = with_users(&["alice"]);
    let settings = with_ca(&directory, &sandbox);
    sandbox.configure(&settings);
    let store_line = format!("path = \"{}\"", sandbox.store_path().display());
    for ending in ["", ".lock", ".new", "-wal", "-shm", "-journal", ".v4"] {
        for name in ["notes", "adsync.toml", "password", "ca.pem"] {
            // The store is called so that the trap is what lies beside it.
            let stem = format!("{name}-{}", ending.trim_start_matches(['.', '-']));
            let store = sandbox.path().join(&stem);
            let trap = sandbox.path().join(format!("{stem}{ending}"));
            fs::copy(sandbox.path().join(name), &trap).unwrap_or_else(|_| {
                fs::write(&trap, "to do").expect("the sandbox is writable");
                0
            });
            let before = fs::read(&trap).expect("it is there");
            let text = fs::read_to_string(sandbox.path().join("adsync.toml")).expect("settings");
            let mut text = text.replace(&store_line, &format!("path = \"{}\"", store.display()));
            match name {
                "password" => {
                    let old = format!("{}/password\"", sandbox.path().display());
                    text = text.replace(&old, &format!("{}\"", trap.display()));
                }
                "ca.pem" => {
                    let old = format!("{}/ca.pem\"", sandbox.path().display());
                    text = text.replace(&old, &format!("{}\"", trap.display()));
                }
                _ => {}
            }
            let config = if name == "adsync.toml" {
                trap.clone()
            } else {
                sandbox.path().join(format!("{stem}.settings"))
            };
            fs::write(&config, &text).expect("the sandbox is writable");
            private(&config);
            let before = if name == "adsync.toml" {
                text.into_bytes()
            } else {
                before
            };
            let config = config.to_str().expect("a path in UTF-8");
            let answer = sandbox.run(&["import", "--all", "--config", config]);
            let is_left = fs::read(&trap).is_ok_and(|it| it == before);
            // The files of the log are SQLite's by their names: what lies there without a store is removed, unless
            // the settings name it.
            let is_of_log = name == "notes" && ending.starts_with('-');
            assert!(is_left || is_of_log, "{stem}{ending}: {answer}");
            assert!(
                answer.code != 0 || is_of_log || ending == ".v4",
                "{stem}{ending}: {answer}"
            );
        }
    }
    assert_eq!(usernames(&sandbox), Vec::<String>::new());
}

#[test]
fn the_manual_takes_no_other_files_place() {
    let (_directory, sandbox) = with_users(&[]);
    let page = sandbox.path().join("man/adsync.1");
    sandbox.run(&["man", "man"]).expect_code(0);
    let written = fs::read(&page).expect("it is there");
    sandbox.run(&["man", "man"]).expect_code(0);
    assert!(fs::read(&page).is_ok_and(|it| it == written));
    fs::write(&page, "notes").expect("the sandbox is writable");
    let answer = sandbox.run(&["man", "man"]).expect_code(1);
    assert!(
        answer.stderr.contains("not a manual page of adsync"),
        "{answer}"
    );
    assert_eq!(fs::read_to_string(&page).expect("it is there"), "notes");
}

fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::Permissions::from_mode(0o600);
    fs::set_permissions(path, mode).expect("an own file");
}
