//! That the servers of these tests are what they say.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::database::{Database, Kind};

#[test]
fn each_test_has_an_empty_database_of_its_own() {
    for kind in Kind::ALL {
        let [one, two] = [kind, kind].map(Database::new);
        one.sql("CREATE TABLE people (name text); INSERT INTO people VALUES ('zoë')");
        assert_eq!(one.sql("SELECT name, 1 FROM people"), "zoë|1");
        two.sql("CREATE TABLE people (name text)");
        assert_eq!(two.sql("SELECT name FROM people"), "");
    }
}

#[test]
fn a_server_that_is_killed_comes_back_with_its_content() {
    for kind in Kind::ALL {
        let database = Database::alone(kind);
        database.sql("CREATE TABLE people (name text); INSERT INTO people VALUES ('alice')");
        database.kill();
        database.start_again();
        database.stop();
        database.start_again();
        assert_eq!(database.sql("SELECT name FROM people"), "alice");
    }
}

/// Not a test by itself: `a_killed_test_leaves_no_server` runs it in a process of its own.
#[test]
#[ignore = "runs until it is killed"]
fn hold_servers_until_killed() {
    let servers = Database::each();
    let folders = servers.map(|it| it.ca_file().display().to_string());
    let ready = std::env::var_os("READY_FILE").expect("the other test names a file");
    std::fs::write(ready, folders.join("\n") + "\n").expect("the file is writable");
    std::thread::sleep(Duration::from_mins(1));
}

#[test]
fn a_killed_test_leaves_no_server() {
    let folder = tempfile::tempdir().expect("the temporary directory is writable");
    let ready = folder.path().join("ready");
    let program = std::env::current_exe().expect("a running program has a path");
    let mut test = Command::new(program)
        .args(["--ignored", "--exact", "servers::hold_servers_until_killed"])
        .env("READY_FILE", &ready)
        .stdout(Stdio::null())
        .spawn()
        .expect("this program starts again");
    let read = || std::fs::read_to_string(&ready).unwrap_or_default();
    wait_until("the servers run", || read().ends_with('\n'));
    let files = read();
    assert!(files.lines().all(|it| Path::new(it).exists()), "{files}");
    test.kill().expect("an own child can be killed");
    test.wait().expect("an own child can be waited for");
    // They go when the servers have ended.
    wait_until("the servers end", || {
        files.lines().all(|it| !Path::new(it).exists())
    });
}

fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !condition() {
        assert!(Instant::now() < deadline, "not within a minute: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
