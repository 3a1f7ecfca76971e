//! A system that gives no more: no thread, no process, no memory. Each is an error with words, never a panic, a signal
//! or a run without end.

use std::path::PathBuf;

use crate::stage::{settings, usernames, with_users};
use crate::support::adsync::{Answer, Sandbox};
use crate::support::process;

/// Runs adsync with the thread or process of this number, and all that come after, refused; gives how many it made.
fn without_threads(sandbox: &Sandbox, arguments: &[&str], from: usize) -> (Answer, usize) {
    let log = sandbox.path().join("strace.log");
    let inject = format!("inject=clone,clone3,vfork,fork:error=EAGAIN:when={from}+");
    let log_name = log.to_str().expect("a path in UTF-8");
    let traced = [
        "-f",
        "-qq",
        "-o",
        log_name,
        "-e",
        "trace=clone,clone3,vfork,fork",
        "-e",
        &inject,
    ];
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
            let (answer, made) = without_threads(&sandbox, arguments, number);
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
