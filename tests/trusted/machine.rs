//! Faults of the machine beside kills and full disks: another program in the store, a folder that cannot
//! be written, a damaged file, signals, and a clock that jumps.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use testdir::{What, When};

use crate::store::{Rows, age, open};
use crate::support::embedded::{Stage, assert_says};
use crate::support::process;

fn pending() -> Stage {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.set("alice", "mail", "new@example.com");
    stage.bury("bob");
    stage
}

fn rows(stage: &Stage) -> Rows {
    Rows::of(&stage.sandbox.store_path())
}

#[test]
fn a_store_that_another_program_writes_to_is_an_error_and_untouched() {
    let stage = pending();
    let before = rows(&stage);
    let other = open(&stage);
    other
        .execute_batch("BEGIN IMMEDIATE; UPDATE users SET first_name = 'other'")
        .expect("nobody else is writing");
    let started = Instant::now();
    let said = stage.run(&["sync"]).expect_code(1);
    assert!(
        started.elapsed() >= Duration::from_secs(5),
        "it waits for a while"
    );
    let store = stage.sandbox.store_path().display().to_string();
    assert_says(
        &said,
        &[
            "error: cannot write to the store",
            &store,
            "locked",
            "hint: another program",
        ],
    );
    assert_eq!(said.stdout, "", "{said}");
    // Readers are not in the way of a writer, nor it in theirs.
    assert_eq!(stage.usernames(), ["alice", "bob", "carol"]);
    other.execute_batch("ROLLBACK").expect("it was begun");
    assert_eq!(rows(&stage), before);
    assert_eq!(stage.sync(0)["counts"]["deleted"], 1);
}

#[test]
fn another_program_that_is_quick_is_waited_for() {
    let stage = pending();
    let other = open(&stage);
    other
        .execute_batch("BEGIN IMMEDIATE; UPDATE users SET contact_number = contact_number")
        .expect("nobody else is writing");
    std::thread::scope(|scope| {
        let run = scope.spawn(|| stage.run(&["sync"]));
        std::thread::sleep(Duration::from_secs(2));
        assert!(!run.is_finished(), "it does not wait");
        other.execute_batch("COMMIT").expect("it was begun");
        run.join().expect("a run").expect_code(0);
    });
    assert_eq!(stage.user("alice")["email"], "new@example.com");
}

#[test]
fn a_row_that_another_program_deletes_meanwhile_is_failed_and_the_others_are_done() {
    let stage = pending();
    let pause = Duration::from_secs(2);
    stage.directory.fault(
        When::search().filter_contains("objectguid"),
        What::Delay(pause),
    );
    std::thread::scope(|scope| {
        stage.directory.reset_stats();
        let run = scope.spawn(|| stage.run(&["sync"]));
        // The users have been read, and those who were not among them are looked for.
        let deadline = Instant::now() + Duration::from_secs(20);
        let is_look_up = |it: &testdir::LoggedSearch| it.filter.contains("(objectGUID=");
        while !stage.directory.searches().iter().any(is_look_up) {
            assert!(Instant::now() < deadline, "it does not come to its look-up");
            std::thread::sleep(Duration::from_millis(5));
        }
        let gone = open(&stage).execute("DELETE FROM users WHERE username = 'alice'", []);
        assert_eq!(gone, Ok(1));
        let said = run.join().expect("a run").expect_code(7);
        let why = "another program changed this user while the directory was read";
        assert!(said.stdout.contains(why), "{said}");
    });
    stage.directory.clear_faults();
    assert_eq!(stage.usernames(), ["carol"]);
    assert_eq!(stage.sync(0)["counts"]["failed"], 0);
}

/// Runs adsync so that the rights of files count, for root too.
fn without_override(stage: &Stage, arguments: &[&str]) -> (i32, String, String) {
    const NONE: &str = "-dac_override,-dac_read_search";
    let adsync = stage.prepare(arguments).into_command();
    let mut command = Command::new("setpriv");
    command
        .args(["--bounding-set", NONE, "--inh-caps", NONE])
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
    assert!(!finished.timed_out);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        finished.status.code().unwrap_or(-1),
        text(&finished.stdout),
        text(&finished.stderr),
    )
}

#[test]
fn a_store_in_a_folder_that_cannot_be_written() {
    let stage = pending();
    let (before, bytes) = (rows(&stage), stage.sandbox.store_bytes());
    let path = stage.sandbox.store_path();
    let folder = path.parent().expect("the store lies in a folder");
    let set_mode = |mode| {
        fs::set_permissions(folder, fs::Permissions::from_mode(mode)).expect("an own folder");
    };
    set_mode(0o500);
    for arguments in [
        &["sync"][..],
        &["import", "--all"],
        &["add", "zoe"],
        &["remove", "alice"],
    ] {
        let (code, stdout, stderr) = without_override(&stage, arguments);
        assert_eq!((code, stdout.as_str()), (1, ""), "{arguments:?}: {stderr}");
        for words in [
            "error: cannot ",
            "users.db",
            "hint: check path under [store]",
        ] {
            assert!(stderr.contains(words), "{words:?} {arguments:?}: {stderr}");
        }
    }
    set_mode(0o700);
    assert!(bytes == stage.sandbox.store_bytes(), "not a byte");
    assert_eq!(rows(&stage), before);
    assert_eq!(stage.sync(0)["counts"]["deleted"], 1);
}

#[test]
fn a_damaged_table_stops_every_run_before_anything_is_changed() {
    let stage = pending();
    let db = open(&stage);
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = delete")
        .expect("nobody else has it open");
    let number = |query: &str| -> usize {
        let number: i64 = db.query_row(query, [], |row| row.get(0)).expect(query);
        usize::try_from(number).expect("a positive number")
    };
    let size = number("PRAGMA page_size");
    let end = number("SELECT rootpage FROM sqlite_schema WHERE name = 'users'") * size;
    drop(db);
    let healthy = stage.sandbox.store_bytes();
    let mut bytes = healthy.clone();
    bytes[end - size..end].fill(0xa5);
    fs::write(stage.sandbox.store_path(), &bytes).expect("writable");
    for arguments in [
        &["sync"][..],
        &["sync", "--users", "alice"],
        &["import", "--all"],
        &["list"],
        &["remove", "alice"],
    ] {
        let said = stage.run(arguments).expect_code(1);
        assert_says(
            &said,
            &["error: cannot ", "users.db", "malformed", "backup"],
        );
        assert_eq!(said.stdout, "", "{said}");
    }
    // The backup is put in its place, as the hint says.
    for name in stage.store_files() {
        let folder = stage.sandbox.path().join("store");
        fs::remove_file(folder.join(name)).expect("an own file can be removed");
    }
    fs::write(stage.sandbox.store_path(), &healthy).expect("writable");
    assert_eq!(stage.sync(0)["counts"]["deleted"], 1);
}

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill")
        .args(["-s", signal, &child.id().to_string()])
        .status();
    assert!(sent.is_ok_and(|it| it.success()), "kill does not work");
}

#[test]
fn a_signal_stops_a_run_at_once_and_nothing_is_changed() {
    for (signal, name) in [("INT", "SIGINT"), ("TERM", "SIGTERM")] {
        for arguments in [
            &["sync"][..],
            &["sync", "--users", "alice"],
            &["import", "--all"],
            &["sync", "--format", "json"],
        ] {
            let stage = pending();
            let before = rows(&stage);
            let child = stage.held(arguments, Stdio::piped);
            let started = Instant::now();
            send(signal, &child);
            let output = child.wait_with_output().expect("an own child ends");
            let took = started.elapsed();
            assert!(took < Duration::from_secs(1), "{took:?}");
            assert_eq!(output.status.code(), Some(1), "{arguments:?}");
            let stderr = String::from_utf8_lossy(&output.stderr);
            let message = format!("stopped by {name}; nothing was changed");
            assert!(stderr.contains(&format!("error: {message}")), "{stderr}");
            if arguments.contains(&"json") {
                let said: serde_json::Value =
                    serde_json::from_slice(&output.stdout).expect("one JSON document");
                assert_eq!(said["error"]["message"], message);
                assert_eq!(said["error"]["kind"], "failed");
            } else {
                assert!(output.stdout.is_empty());
            }
            assert_eq!(rows(&stage), before);
            // The lock is free, and nothing is in the way.
            assert_eq!(stage.sync(0)["counts"]["deleted"], 1);
        }
    }
}

/// `adsync sync | less`, where nobody scrolls: more than a pipe holds.
#[test]
fn a_reader_that_takes_its_time_holds_nobody_up() {
    let stage = Stage::with_many(2000);
    let mut imported = stage
        .prepare(&["import", "--all", "--format", "json"])
        .start_into(Stdio::piped(), Stdio::piped());
    let file = |name: &str| stage.sandbox.path().join("store").join(name);
    let has_begun = || {
        let holder = std::fs::read_to_string(file("users.db.lock")).unwrap_or_default();
        holder.contains("import") || file("users.db").exists()
    };
    while !has_begun() {
        std::thread::sleep(Duration::from_millis(1));
    }
    // The lock ends with the commit.
    stage.run(&["add", "zoe", "--wait", "50"]).expect_code(0);
    assert_eq!(stage.usernames().len(), 2001);
    // And a signal ends what is left.
    let started = Instant::now();
    send("TERM", &imported);
    let status = imported.wait().expect("an own child ends");
    let took = started.elapsed();
    assert!(took < Duration::from_secs(4), "{took:?}");
    assert_eq!(status.code(), Some(7));
    let mut stderr = String::new();
    let mut pipe = imported.stderr.take().expect("a pipe");
    std::io::Read::read_to_string(&mut pipe, &mut stderr).expect("text");
    let message = "stopped by SIGTERM; run 1 was done, but its result is lost";
    assert!(stderr.contains(message), "{stderr}");
    assert!(stderr.contains("`adsync history 1`"), "{stderr}");
    let history = stage.json(0, &["history"]);
    assert_eq!(history["runs"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_signal_stops_a_run_that_waits_for_its_turn() {
    let stage = pending();
    let mut holder = stage.held(&["sync"], Stdio::piped);
    let second = stage
        .prepare(&["sync", "--wait", "50"])
        .start_into(Stdio::null(), Stdio::piped());
    std::thread::sleep(Duration::from_millis(500));
    let started = Instant::now();
    send("TERM", &second);
    let output = second.wait_with_output().expect("an own child ends");
    assert!(started.elapsed() < Duration::from_secs(1));
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("stopped by SIGTERM"));
    holder.kill().expect("it still waits");
    holder.wait().expect("an own child can be waited for");
}

#[test]
fn a_clock_that_jumped_back_stops_no_run() {
    let mut stage = pending();
    stage.configure_sync("history_days = 30");
    // As if the import had been a year ahead of now.
    age(&stage, 1, -365 * 24 * 60 * 60);
    open(&stage)
        .execute(
            "UPDATE users SET synced_at = (SELECT started_at FROM runs WHERE id = 1)",
            [],
        )
        .expect("the rows are there");
    let run = stage.sync(0);
    assert_eq!(run["counts"]["modified"], 1);
    assert_eq!(run["counts"]["deleted"], 1);
    assert!(run["duration_ms"].as_i64().is_some_and(|it| it < 60_000));
    stage.run(&["restore", "bob"]).expect_code(0);
    let history = stage.json(0, &["history"]);
    let numbers: Vec<i64> = history["runs"]
        .as_array()
        .expect("runs")
        .iter()
        .filter_map(|run| run["run"].as_i64())
        .collect();
    // By number, not by the clock; what lies ahead is not forgotten.
    assert_eq!(numbers, [3, 2, 1]);
    stage.run(&["history"]).expect_code(0);
    stage.run(&["list"]).expect_code(0);
    stage.sync(0);
}
