//! A system that gives no more: no thread, no process, no memory. Each is an error with words, never a panic, a signal
//! or a run without end.

use std::path::PathBuf;

use crate::stage::{settings, usernames, with_users};
use crate::support::adsync::{Answer, Sandbox};
use crate::support::process;

/// What makes a thread or a process.
const THREADS: &str = "clone,clone3,vfork,fork";

/// Runs adsync with system calls of some kind failing in this way; gives how many it made.
fn failing(sandbox: &Sandbox, arguments: &[&str], calls: &str, how: &str) -> (Answer, usize) {
    let log = sandbox.path().join("strace.log");
    let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:{how}"));
    let log_name = log.to_str().expect("a path in UTF-8");
    let traced = ["-f", "-qq", "-o", log_name, "-e", &trace, "-e", &inject];
    let answer = sandbox
        .prepare(arguments)
        .under(&needed("strace", "strace"), &traced)
        .run();
    let log = std::fs::read_to_string(log).expect("strace wrote it");
    let made = log.lines().filter(|line| !line.contains("resumed"));
    (answer, made.count())
}

fn assert_is_told(answer: &Answer, what: &str) {
    assert!([0, 1].contains(&answer.code), "{what}: {answer}");
    assert!(!answer.stderr.contains("panicked"), "{what}: {answer}");
    if answer.code == 1 {
        assert!(answer.stderr.contains("error: "), "{what}: {answer}");
    }
}

#[test]
fn a_thread_that_cannot_be_made_is_an_error() {
    let (directory, sandbox) = with_users(&["alice", "bob"]);
    // By its name, which is looked up on a thread of its own; and a program prints the password.
    let url = directory.url().replace("127.0.0.1", "localhost");
    let mut settings = settings(&url);
    settings.password = None;
    settings.more_directory = format!(
        "password_command = [\"printf\", \"%s\", \"{}\"]",
        testdir::PASSWORD
    );
    sandbox.configure(&settings);
    for arguments in [&["import", "--all"][..], &["sync", "--full"]] {
        let mut refused = 0;
        for number in 1.. {
            let before = usernames(&sandbox);
            let how = format!("error=EAGAIN:when={number}+");
            let (answer, made) = failing(&sandbox, arguments, THREADS, &how);
            let what = format!("{arguments:?}, without the thread {number}");
            assert_is_told(&answer, &what);
            if answer.code == 1 {
                assert_eq!(usernames(&sandbox), before, "{what}");
                refused += 1;
            }
            if made < number {
                break;
            }
        }
        assert!(refused >= 4, "{arguments:?}: only {refused} were needed");
    }
    assert_eq!(usernames(&sandbox), ["alice", "bob"]);
}

/// Each lock of the store that is taken or given back, at the end of a transaction as well: what is said to have failed
/// is not there.
#[test]
fn a_lock_that_fails_leaves_the_store_as_it_was_or_as_it_will_be() {
    for has_store in [false, true] {
        let (_directory, sandbox) = with_users(&["alice", "bob"]);
        if has_store {
            sandbox.run(&["add", "zoe"]).expect_code(0);
            sandbox.run(&["remove", "zoe"]).expect_code(0);
        }
        let before = std::fs::read(sandbox.store_path()).ok();
        let mut failed = 0;
        for number in 1.. {
            for ending in ["", "-wal", "-shm"] {
                let mut path = sandbox.store_path().into_os_string();
                path.push(ending);
                let _ = std::fs::remove_file(path);
            }
            if let Some(before) = &before {
                std::fs::write(sandbox.store_path(), before).expect("the sandbox is writable");
            }
            let how = format!("error=EIO:when={number}");
            let (answer, made) = failing(&sandbox, &["import", "--all"], "fcntl", &how);
            let what = format!("has a store: {has_store}, without the lock {number}: {answer}");
            let users = usernames(&sandbox);
            match answer.code {
                1 => assert_eq!(users, [""; 0], "{what}"),
                // 7: it was done, and the result could not be told.
                0 | 7 => assert_eq!(users, ["alice", "bob"], "{what}"),
                _ => panic!("{what}"),
            }
            failed += u32::from(answer.code == 1);
            if made < number {
                break;
            }
        }
        assert!(failed > 10, "{failed}");
    }
}

#[test]
fn memory_that_there_is_not_is_an_error() {
    let (_directory, sandbox) = with_users(&["alice", "bob"]);
    let prlimit = needed("prlimit", "util-linux");
    let within = |mebibytes: u64, arguments: &[&str]| {
        let limit = format!("--as={}", mebibytes << 20);
        sandbox.prepare(arguments).under(&prlimit, &[&limit]).run()
    };
    // With less the system cannot even load the program.
    let loads = |mebibytes: &u64| within(*mebibytes, &["--version"]).code == 0;
    let least = (20..200).find(loads).expect("it loads somewhere");
    let mut failed = 0;
    for mebibytes in least.. {
        let _ = std::fs::remove_file(sandbox.store_path());
        let answer = within(mebibytes, &["import", "--all"]);
        let what = format!("{mebibytes} MiB");
        assert!([0, 1].contains(&answer.code), "{what}: {answer}");
        if answer.code == 0 {
            break;
        }
        assert!(!answer.stderr.is_empty(), "{what}: {answer}");
        let users = usernames(&sandbox);
        assert!(users.is_empty(), "{what}: {users:?}: {answer}");
        failed += 1;
    }
    assert!(failed > 0, "{least} MiB were enough");
    assert_eq!(usernames(&sandbox), ["alice", "bob"]);
}

fn needed(program: &str, package: &str) -> PathBuf {
    process::find(program)
        .unwrap_or_else(|| panic!("`{program}` is needed: apt-get install {package}"))
}
