//! Standard output that goes away, or is full.

use std::fmt::Write as _;
use std::io::Read;
use std::process::Stdio;

use crate::stage::{Said, alone, through, usernames, with_users};
use crate::support::adsync::Sandbox;

/// More users than any pipe holds.
const MANY: usize = 5000;

fn with_many_users() -> Sandbox {
    let sandbox = alone();
    let mut csv = String::from("username,email\n");
    for i in 1..=MANY {
        writeln!(csv, "user{i},user{i}@example.com").expect("a string takes it");
    }
    sandbox
        .prepare(&["add", "--from-csv", "-"])
        .input(&csv)
        .run()
        .expect_code(0);
    sandbox
}

/// As `adsync … | head -c 10` does.
#[track_caller]
fn closed_pipe_is_no_error(sandbox: &Sandbox, arguments: &[&str]) {
    let mut child = sandbox
        .prepare(arguments)
        .start_into(Stdio::piped(), Stdio::piped());
    let mut start = [0; 10];
    child
        .stdout
        .take()
        .expect("a pipe")
        .read_exact(&mut start)
        .expect("adsync prints something");
    let end = child
        .wait_with_output()
        .expect("an own child can be waited for");
    let stderr = String::from_utf8_lossy(&end.stderr);
    assert_eq!(
        (end.status.code(), stderr.as_ref()),
        (Some(0), ""),
        "{arguments:?}"
    );
}

#[test]
fn a_closed_pipe_is_no_error() {
    let sandbox = with_many_users();
    for format in ["json", "csv", "table"] {
        closed_pipe_is_no_error(&sandbox, &["list", "--format", format]);
    }
    closed_pipe_is_no_error(&sandbox, &["completions", "zsh"]);
    closed_pipe_is_no_error(&sandbox, &["sync", "--help"]);
}

#[test]
fn a_closed_pipe_does_not_undo_a_run() {
    let (directory, sandbox) = with_users(&[]);
    directory
        .edit(|it| it.add_users(MANY))
        .expect("a fresh directory takes them");
    closed_pipe_is_no_error(&sandbox, &["import", "--all", "--format", "json"]);
    assert_eq!(usernames(&sandbox).len(), MANY);
}

const TO_FULL: [&str; 3] = ["sh", "-c", "exec \"$0\" \"$@\" >/dev/full"];

#[track_caller]
fn assert_says_that_output_is_full(said: &Said, arguments: &[&str]) {
    assert_ne!(said.code, 0, "{arguments:?}\n{}", said.stderr);
    for fragment in ["error: ", "standard output", "No space left on device"] {
        assert!(
            said.stderr.contains(fragment),
            "{arguments:?} does not say {fragment:?}\n{}",
            said.stderr
        );
    }
}

#[test]
fn a_full_device_is_an_error() {
    let (_directory, sandbox) = with_users(&["alice"]);
    sandbox.run(&["import", "--all"]).expect_code(0);
    for arguments in [
        &["list"][..],
        &["list", "--format", "json"],
        &["list", "--format", "csv"],
        &["search", "ali"],
        &["sync", "--dry-run"],
        &["check"],
        &["completions", "bash"],
    ] {
        assert_says_that_output_is_full(&through(&TO_FULL, &sandbox, arguments), arguments);
    }
}

#[test]
fn help_that_nobody_gets_is_no_success() {
    let sandbox = alone();
    for arguments in [&["--help"][..], &["--version"], &["sync", "--help"]] {
        let said = through(&TO_FULL, &sandbox, arguments);
        assert_ne!(said.code, 0, "{arguments:?}");
    }
}

/// Exit code 1 says that nothing was changed, so it is not for a run that was done and only could not
/// tell of it.
#[test]
fn a_run_that_cannot_tell_its_result_does_not_say_that_nothing_was_changed() {
    let sandbox = alone();
    let said = through(&TO_FULL, &sandbox, &["add", "alice"]);
    assert_says_that_output_is_full(&said, &["add"]);
    if said.code == 1 {
        assert_eq!(
            usernames(&sandbox),
            Vec::<String>::new(),
            "exit code 1, and yet changed"
        );
    }
}

#[test]
fn closed_streams_do_not_stop_a_run() {
    let sandbox = alone();
    let closed = ["sh", "-c", "exec \"$0\" \"$@\" <&- 2>&-"];
    let said = through(&closed, &sandbox, &["add", "alice"]);
    assert_eq!(said.code, 0);
    assert_eq!(usernames(&sandbox), ["alice"]);
    // Nothing that was meant for a stream may end up in the store.
    let said = through(
        &["sh", "-c", "exec \"$0\" \"$@\" <&- >&- 2>&-"],
        &sandbox,
        &["list"],
    );
    assert_ne!(said.code, -1);
    assert_eq!(usernames(&sandbox), ["alice"]);
}
