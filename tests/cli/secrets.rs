//! The password is nowhere but where the administrator put it: in no output and no log, in no file that
//! adsync writes, in no process that it starts, and in no panic.

use std::fs;
use std::path::{Path, PathBuf};

use testdir::{TestDir, USERNAME};

use crate::stage::{settings, with_users, write_private};
use crate::support::adsync::{Answer, Run, Sandbox};

const SECRET: &str = "n0where-but-1n-its-f1le";

/// Where the administrator puts it.
const PLACES: [&str; 3] = ["password", "adsync.toml", "credentials"];

/// The password, and what it looks like to those who print bytes.
fn forms() -> Vec<Vec<u8>> {
    let bytes = SECRET.as_bytes();
    let hex = format!("{bytes:02x?}").replace(['[', ']', ',', ' '], "");
    let list = format!("{bytes:?}").replace(['[', ']'], "");
    let wide: Vec<u8> = SECRET.encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        bytes.to_vec(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        list.into_bytes(),
        wide,
    ]
}

fn find(hay: &[u8]) -> bool {
    forms()
        .iter()
        .any(|form| hay.windows(form.len()).any(|window| window == form))
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the sandbox can be listed");
    entries
        .map(|it| it.expect("an entry").path())
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// Counts the files that were looked at.
#[track_caller]
fn in_no_file(sandbox: &Sandbox) -> usize {
    let is_its_place = |path: &Path| {
        PLACES
            .iter()
            .any(|it| path.starts_with(sandbox.path().join(it)))
    };
    let mut count = 0;
    for path in files(sandbox.path()) {
        if !is_its_place(&path) {
            let bytes = fs::read(&path).expect("it can be read");
            assert!(!find(&bytes), "the password is in {}", path.display());
            count += 1;
        }
    }
    count
}

#[track_caller]
fn in_no_output(run: Run, code: i32) -> Answer {
    let answer = run.env("RUST_BACKTRACE", "full").run().expect_code(code);
    for stream in [&answer.stdout, &answer.stderr] {
        assert!(
            !find(stream.as_bytes()),
            "the password was printed\n{answer}"
        );
    }
    answer
}

fn stage() -> (TestDir, Sandbox) {
    let (directory, sandbox) = with_users(&["alice", "bob", "carol"]);
    directory.set_password(USERNAME, SECRET);
    configure(&sandbox, &directory.url());
    (directory, sandbox)
}

fn configure(sandbox: &Sandbox, url: &str) {
    let mut settings = settings(url);
    settings.password = Some(SECRET.to_owned());
    settings.more_sync = "metrics_file = \"adsync.prom\"".into();
    sandbox.configure(&settings);
}

/// Runs a command as loud as it gets, for people and for programs.
#[track_caller]
fn loud(sandbox: &Sandbox, arguments: &[&str], code: i32) {
    for more in [
        &["-vv"][..],
        &["-vv", "--log-format", "json", "--format", "json"],
        &["-vv", "--format", "csv"],
    ] {
        in_no_output(sandbox.prepare(&[arguments, more].concat()), code);
    }
}

#[test]
fn it_is_in_no_output_and_no_file_of_any_command() {
    let (directory, sandbox) = stage();
    for arguments in [
        &["check"][..],
        &["search", "a"],
        &["import", "--users", "alice,bob", "--report", "import.html"],
        &["import", "--all"],
        &["sync", "--full", "--report", "sync.html"],
        &["sync", "--users", "alice"],
        &["sync"],
        &["sync", "--dry-run", "--report", "dry.html"],
        &["list"],
        &["history"],
        &["history", "1"],
        &["history", "--user", "alice"],
    ] {
        loud(&sandbox, arguments, 0);
    }
    for arguments in [
        &["add", "zoe", "-vv"][..],
        &["remove", "zoe", "-vv"],
        &["restore", "zoe", "-vv"],
        &["completions", "bash", "-vv"],
        &["man", "manual", "-vv"],
        &["--help"],
        &["sync", "--help"],
    ] {
        in_no_output(sandbox.prepare(arguments), 0);
    }
    loud(&sandbox, &["history", "no-number"], 2);
    loud(&sandbox, &["sync", "--users", "nobody-of-that-name"], 2);
    // A refused login, and a server that is not there.
    directory.set_password(USERNAME, "another one");
    for arguments in [&["check"][..], &["sync"], &["search", "a"]] {
        loud(&sandbox, arguments, 5);
    }
    drop(directory);
    loud(&sandbox, &["check"], 5);
    // Store, lock, metrics, three reports, the manual.
    assert!(in_no_file(&sandbox) > 15);
}

#[test]
fn it_is_in_no_panic_and_in_nothing_that_a_crash_leaves() {
    let (_directory, sandbox) = stage();
    for (at, user) in [("draft made", "alice"), ("committed", "bob")] {
        let run = |variable| {
            let arguments = ["import", "--users", user, "-vv"];
            sandbox.prepare(&arguments).env(variable, at)
        };
        let panic = in_no_output(
            run("ADSYNC_PANIC_AT"),
            if at == "committed" { 7 } else { 1 },
        );
        assert!(panic.stderr.contains("panicked at"), "{panic}");
        assert!(panic.stderr.contains("stack backtrace"), "{panic}");
        let crash = in_no_output(run("ADSYNC_CRASH_AT"), -1);
        assert!(
            crash.stderr.contains("reading DC="),
            "it came to the login\n{crash}"
        );
        in_no_file(&sandbox);
        in_no_output(sandbox.prepare(&["import", "--users", user]), 0);
    }
}

#[test]
fn it_is_in_no_process_that_is_started() {
    let (directory, sandbox) = stage();
    let seen = sandbox.path().join("seen");
    let script = format!(
        "cat /proc/$$/cmdline /proc/$$/environ /proc/$PPID/cmdline > '{}'; cat password",
        seen.display()
    );
    write_private(
        &sandbox.config_file(),
        &format!(
            "[directory]\nurl = \"{}\"\nusername = \"{USERNAME}\"\npassword_command = ['sh', '-c', {script:?}]\n",
            directory.url()
        ),
    );
    let run = sandbox.prepare(&["check", "-vv"]);
    in_no_output(run.env("ADSYNC_PASSWORD", SECRET), 0);
    let seen = fs::read(seen).expect("the program saw something");
    let text = String::from_utf8_lossy(&seen).into_owned();
    assert!(text.contains("check") && text.contains("HOME="), "{text}");
    in_no_file(&sandbox);
}

#[test]
fn wherever_it_comes_from() {
    let (directory, sandbox) = stage();
    let write = |source: &str| {
        write_private(
            &sandbox.config_file(),
            &format!(
                "[directory]\nurl = \"{}\"\nusername = \"{USERNAME}\"\n{source}\n",
                directory.url()
            ),
        );
    };
    let check = || sandbox.prepare(&["check", "-vv", "--format", "json"]);
    write(&format!("password = \"{SECRET}\""));
    in_no_output(check(), 0);
    write("password_command = ['cat', 'password']");
    in_no_output(check(), 0);
    write("");
    in_no_output(check().env("ADSYNC_PASSWORD", SECRET), 0);
    let credentials = sandbox.path().join("credentials");
    write_private(&credentials.join("password"), SECRET);
    in_no_output(check().env("CREDENTIALS_DIRECTORY", &credentials), 0);
    // Where it cannot be taken it is not shown either.
    write(&format!(
        "password_command = ['sh', '-c', 'echo {SECRET}; exit 3']"
    ));
    in_no_output(check(), 2);
    write(&format!(
        "password_command = ['{SECRET}']\npassword = \"{SECRET}"
    ));
    in_no_output(check(), 2);
    crate::stage::set_mode(&sandbox.password_file(), 0o644);
    write("password_file = \"password\"");
    in_no_output(check(), 2);
    in_no_file(&sandbox);
}
