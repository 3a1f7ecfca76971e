//! A disk that is full: before or after, never between, a message that says so, and it works again
//! when there is space.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::store::Rows;
use crate::support::embedded::Stage;
use crate::support::process;

/// What a run on a small disk said, and the store it left there.
struct Said {
    code: String,
    stdout: String,
    stderr: String,
    rows: Rows,
}

/// Mounts a file system of this size in a namespace of its own, with the store on it and this much more
/// taken; runs adsync there twice, the second time with space.
fn on_a_disk_of(kib: u32, taken_kib: u32, stage: &Stage, arguments: &[&str]) -> [Said; 2] {
    let store = stage.sandbox.store_path();
    let folder = store.parent().expect("the store lies in a folder");
    let out = tempfile::tempdir().expect("the temporary directory is writable");
    let script = r#"
        set -e
        folder=$1 out=$2 kib=$3 taken=$4
        shift 4
        cp -a "$folder" "$out/start"
        mount -t tmpfs -o "size=${kib}k" tmpfs "$folder"
        cp -a "$out/start/." "$folder/"
        dd if=/dev/zero of="$folder/filler" bs=1024 count="$taken" 2>"$out/dd" || true
        for round in 1 2; do
            code=0
            "$@" >"$out/stdout$round" 2>"$out/stderr$round" </dev/null || code=$?
            echo "$code" >"$out/code$round"
            mkdir "$out/store$round"
            cp "$folder"/users.db* "$out/store$round/"
            rm -f "$folder/filler"
            mount -o remount,size=64m "$folder"
        done
    "#;
    let adsync = stage.prepare(arguments).into_command();
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--map-root-user", "sh", "-c", script, "sh"])
        .arg(folder)
        .arg(out.path())
        .args([kib.to_string(), taken_kib.to_string()])
        .arg(adsync.get_program())
        .args(adsync.get_args())
        .current_dir(stage.sandbox.path())
        .env_clear();
    for (name, value) in adsync.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    let finished = process::run(&mut command, &[], Duration::from_mins(1));
    assert!(
        finished.status.success(),
        "the small disk cannot be made: {}",
        String::from_utf8_lossy(&finished.stderr)
    );
    let read =
        |name: String| fs::read_to_string(out.path().join(name)).expect("the script wrote it");
    [1, 2].map(|round| {
        let store: PathBuf = out.path().join(format!("store{round}/users.db"));
        Said {
            code: read(format!("code{round}")).trim().to_owned(),
            stdout: read(format!("stdout{round}")),
            stderr: read(format!("stderr{round}")),
            rows: Rows::of(&store),
        }
    })
}

#[track_caller]
fn assert_full(said: &Said, before: &Rows, store: &str) {
    assert_eq!(said.code, "1", "{}", said.stderr);
    assert_eq!(said.stdout, "");
    for words in ["error: cannot ", store, "full"] {
        assert!(said.stderr.contains(words), "{words:?}: {}", said.stderr);
    }
    let now = &said.rows;
    assert!(now.users == before.users && now.changes == before.changes);
    // What the failed run had taken is free again, so that it may have been noted.
    let (old, new) = now.runs.split_at(before.runs.len());
    assert_eq!(old, before.runs);
    assert!(new.len() <= 1 && new.iter().all(|run| run.contains("Text(\"failed\")")));
}

#[test]
fn an_import_that_does_not_fit() {
    let stage = Stage::with_many(2000);
    let store = stage.sandbox.store_path().display().to_string();
    // Enough for the tables, not for the users.
    let [full, again] = on_a_disk_of(500, 0, &stage, &["import", "--all"]);
    assert_full(&full, &Rows::nothing(), &store);
    assert_eq!(again.code, "0", "{}", again.stderr);
    assert_eq!(again.rows.users.len(), 2000);
}

#[test]
fn a_sync_that_does_not_fit() {
    let stage = Stage::imported_many(1000);
    for number in 1..=1000 {
        stage.set(&format!("u{number:06}"), "sn", "Renamed");
    }
    stage.bury("u000500");
    let store = stage.sandbox.store_path().display().to_string();
    let before = Rows::of(&stage.sandbox.store_path());
    let kib = u32::try_from(stage.sandbox.store_bytes().len() / 1024).expect("a small store") + 120;
    let [full, again] = on_a_disk_of(kib, 0, &stage, &["sync", "--allow-modified", "999"]);
    assert_full(&full, &before, &store);
    assert_eq!(again.code, "0", "{}", again.stderr);
    assert_eq!(again.rows.users.len(), 999);
    assert!(
        again.stdout.contains("999 modified, 1 deleted"),
        "{}",
        again.stdout
    );
}

#[test]
fn a_disk_without_a_byte_left() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.set("alice", "mail", "new@example.com");
    let store = stage.sandbox.store_path().display().to_string();
    let before = Rows::of(&stage.sandbox.store_path());
    for arguments in [&["sync"][..], &["add", "zoe"], &["remove", "alice"]] {
        let [full, again] = on_a_disk_of(300, 1000, &stage, arguments);
        assert_eq!(full.code, "1", "{}", full.stderr);
        for words in ["error: cannot ", &store, "hint: "] {
            assert!(full.stderr.contains(words), "{words:?}: {}", full.stderr);
        }
        assert!(
            full.stderr.contains("full") || full.stderr.contains("No space left"),
            "{}",
            full.stderr
        );
        assert!(
            !full.stderr.contains("rights"),
            "it is not the rights: {}",
            full.stderr
        );
        assert_eq!(full.rows, before, "{arguments:?}");
        assert_eq!(again.code, "0", "{}", again.stderr);
        assert_ne!(again.rows, before);
    }
}

#[test]
fn a_check_on_a_disk_without_a_byte_left() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    let [full, again] = on_a_disk_of(300, 1000, &stage, &["check"]);
    assert_eq!(full.code, "1", "{}", full.stdout);
    let failed = full.stdout.lines().find(|it| it.starts_with("FAIL"));
    assert!(
        failed.is_some_and(|it| it.contains("store")),
        "{}",
        full.stdout
    );
    assert!(full.stdout.contains("the disk is full"), "{}", full.stdout);
    assert_eq!(again.code, "0", "{}", again.stdout);
}

#[test]
fn the_history_of_a_store_on_a_full_disk() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    let before = Rows::of(&stage.sandbox.store_path());
    for arguments in [&["history"][..], &["list"]] {
        let [full, again] = on_a_disk_of(300, 1000, &stage, arguments);
        // Whether it can be read at all is SQLite's to say; if not, it is said.
        match full.code.as_str() {
            "0" => assert_eq!(full.stdout, again.stdout),
            "1" => {
                assert!(full.stderr.contains("error: cannot "), "{}", full.stderr);
                assert!(full.stderr.contains("users.db"), "{}", full.stderr);
                assert!(full.stdout.is_empty());
            }
            code => panic!("exit code {code}: {}", full.stderr),
        }
        assert_eq!(full.rows, before);
        assert_eq!(again.code, "0", "{}", again.stderr);
    }
}

#[test]
fn a_first_import_on_a_disk_without_a_byte_left() {
    let stage = Stage::with(&["alice", "bob"]);
    let [full, again] = on_a_disk_of(300, 1000, &stage, &["import", "--all"]);
    assert_eq!(full.code, "1", "{}", full.stderr);
    assert!(full.stderr.contains("error: cannot "), "{}", full.stderr);
    let hint = full.stderr.lines().find(|line| line.starts_with("hint: "));
    assert!(
        hint.is_some_and(|it| it.contains("the disk is full")),
        "{}",
        full.stderr
    );
    assert_eq!(full.rows, Rows::nothing());
    assert_eq!(again.code, "0", "{}", again.stderr);
    assert_eq!(again.rows.users.len(), 2);
}
