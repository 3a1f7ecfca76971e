//! Where the password may stand, in which order it is looked for, and that nobody ever reads it.

use std::fs;

use testdir::TestDir;

use crate::stage::{assert_says, set_mode, settings, through, with_users, write_private};
use crate::support::adsync::{Answer, Run, Sandbox};

const RIGHT: &str = testdir::PASSWORD;
const WRONG: &str = "wr0ng-in-every-w4y";

/// A directory, and settings for it that name no password yet.
fn without_password() -> (TestDir, Sandbox) {
    let (directory, sandbox) = with_users(&["alice"]);
    fs::remove_file(sandbox.password_file()).expect("it is there");
    write(&sandbox, &directory, "");
    (directory, sandbox)
}

fn write(sandbox: &Sandbox, directory: &TestDir, password: &str) {
    sandbox.write_config(&format!(
        "[directory]\nurl = \"{}\"\nusername = \"{}\"\n{password}\n",
        directory.url(),
        testdir::USERNAME
    ));
}

fn search(sandbox: &Sandbox) -> Run {
    sandbox.prepare(&["search", "ali"])
}

#[track_caller]
fn logged_in(run: Run) {
    let answer = run.run().expect_code(0);
    assert!(answer.stdout.contains("alice"), "{answer}");
}

/// A login was tried, with another password.
#[track_caller]
fn wrong_password(run: Run) {
    let answer = run.run().expect_code(5);
    assert_says(&answer, &["the username or the password is wrong"]);
}

#[test]
fn in_a_file_with_or_without_a_line_end() {
    let (directory, sandbox) = without_password();
    write(&sandbox, &directory, "password_file = \"password\"");
    for end in ["", "\n", "\r\n"] {
        write_private(&sandbox.password_file(), &format!("{RIGHT}{end}"));
        logged_in(search(&sandbox));
    }
    for not_it in [
        format!("{RIGHT} "),
        format!(" {RIGHT}"),
        format!("{RIGHT}\n\n"),
    ] {
        write_private(&sandbox.password_file(), &not_it);
        wrong_password(search(&sandbox));
    }
}

#[test]
fn from_a_command_without_a_shell() {
    let (directory, sandbox) = without_password();
    let command = |words: &str| write(&sandbox, &directory, &format!("password_command = {words}"));
    command(&format!("['printf', '%s\\n', '{RIGHT}']"));
    logged_in(search(&sandbox));
    // A shell would take the quotes away.
    command(&format!("['echo', '\"{RIGHT}\"']"));
    wrong_password(search(&sandbox));
}

#[test]
fn a_command_that_fails_is_said_without_what_it_printed() {
    let (directory, sandbox) = without_password();
    for (words, says) in [
        (
            "['sh', '-c', 'echo wr0ng-in-every-w4y; exit 3']",
            "exit status: 3",
        ),
        ("['no-such-program']", "no-such-program"),
        ("['sh', '-c', 'kill -9 $$']", "signal: 9"),
        ("[]", "password_command is empty"),
    ] {
        write(&sandbox, &directory, &format!("password_command = {words}"));
        let answer = search(&sandbox).run().expect_code(2);
        assert_says(&answer, &["password_command", says]);
        assert!(!answer.stderr.contains(WRONG), "{answer}");
    }
}

#[test]
fn in_the_environment() {
    let (_directory, sandbox) = without_password();
    logged_in(search(&sandbox).env("ADSYNC_PASSWORD", RIGHT));
}

#[test]
fn as_a_systemd_credential() {
    let (_directory, sandbox) = without_password();
    let credentials = sandbox.path().join("credentials");
    write_private(&credentials.join("password"), &format!("{RIGHT}\n"));
    logged_in(search(&sandbox).env("CREDENTIALS_DIRECTORY", &credentials));
    // A unit may have credentials of which none is for adsync.
    fs::remove_file(credentials.join("password")).expect("it is there");
    let answer = search(&sandbox)
        .env("CREDENTIALS_DIRECTORY", &credentials)
        .run()
        .expect_code(2);
    assert_says(&answer, &["no password"]);
}

#[test]
fn in_the_settings_that_nobody_else_can_read() {
    let (directory, sandbox) = without_password();
    write(&sandbox, &directory, &format!("password = \"{RIGHT}\""));
    logged_in(search(&sandbox));
}

#[test]
fn nowhere() {
    let (_directory, sandbox) = without_password();
    let answer = search(&sandbox).run().expect_code(2);
    assert_says(
        &answer,
        &["no password", "password_file", "ADSYNC_PASSWORD"],
    );
}

#[test]
fn the_first_source_counts() {
    let (directory, sandbox) = without_password();
    let credentials = sandbox.path().join("credentials");
    let credential = |password: &str| write_private(&credentials.join("password"), password);
    let file = format!("password_file = \"password\"\npassword = \"{WRONG}\"");
    let command = format!("password_command = [\"echo\", \"{RIGHT}\"]\npassword = \"{WRONG}\"");
    let inline = |password: &str| format!("password = \"{password}\"");
    write_private(&sandbox.password_file(), RIGHT);
    credential(WRONG);
    let run = || search(&sandbox).env("CREDENTIALS_DIRECTORY", &credentials);

    // The file, then the command, each before the environment, a credential and the settings.
    write(&sandbox, &directory, &file);
    logged_in(run().env("ADSYNC_PASSWORD", WRONG));
    write(&sandbox, &directory, &command);
    logged_in(run().env("ADSYNC_PASSWORD", WRONG));
    // The environment before a credential and the settings.
    write(&sandbox, &directory, &inline(WRONG));
    logged_in(run().env("ADSYNC_PASSWORD", RIGHT));
    // A credential before the settings.
    credential(RIGHT);
    logged_in(run());
    // And none of them is passed over because it is wrong.
    credential(WRONG);
    write(&sandbox, &directory, &inline(RIGHT));
    wrong_password(run());
}

#[test]
fn a_file_and_a_command_are_one_too_many() {
    let (directory, sandbox) = without_password();
    write(
        &sandbox,
        &directory,
        "password_file = \"password\"\npassword_command = [\"true\"]",
    );
    let answer = search(&sandbox).run().expect_code(2);
    assert_says(&answer, &["both password_file and password_command"]);
}

#[test]
fn an_empty_password_is_refused_and_never_tried() {
    let (directory, sandbox) = without_password();
    write_private(&sandbox.password_file(), "\n");
    let credentials = sandbox.path().join("credentials");
    write_private(&credentials.join("password"), "");
    directory.reset_stats();
    let refused = |run: Run| {
        let answer = run.run().expect_code(2);
        assert_says(&answer, &["empty", "anonymous"]);
    };
    refused(search(&sandbox).env("ADSYNC_PASSWORD", ""));
    refused(search(&sandbox).env("CREDENTIALS_DIRECTORY", &credentials));
    for source in [
        "password_file = \"password\"",
        "password_command = [\"true\"]",
        "password = \"\"",
    ] {
        write(&sandbox, &directory, source);
        refused(search(&sandbox));
    }
    assert_eq!(directory.stats().connections, 0, "nothing was tried");
}

#[test]
fn a_file_that_others_can_read_is_refused_with_the_remedy() {
    let (directory, sandbox) = without_password();
    let refused = |path: &std::path::Path, mode: u32, run: &dyn Fn() -> Answer| {
        set_mode(path, mode);
        let answer = run().expect_code(2);
        let hint = answer
            .stderr
            .lines()
            .find_map(|line| line.strip_prefix("hint: "))
            .unwrap_or_else(|| panic!("no hint\n{answer}"));
        assert!(
            hint.starts_with("chmod 0600 ") && !answer.stderr.contains(WRONG),
            "{answer}"
        );
        // What the hint says is what mends it.
        let said = through(&["sh", "-c", hint], &sandbox, &[]);
        assert_eq!((said.code, crate::stage::mode(path)), (0, 0o600), "{hint}");
        assert_ne!(run().code, 2);
    };
    let run = || search(&sandbox).run();

    write_private(&sandbox.password_file(), WRONG);
    write(&sandbox, &directory, "password_file = \"password\"");
    for mode in [0o644, 0o604, 0o602, 0o666] {
        refused(&sandbox.password_file(), mode, &run);
    }
    write(&sandbox, &directory, &format!("password = \"{WRONG}\""));
    for mode in [0o644, 0o604, 0o666] {
        refused(&sandbox.config_file(), mode, &run);
        // Also by commands that need no password.
        refused(&sandbox.config_file(), mode, &|| sandbox.run(&["list"]));
    }
    // Without a password in them the settings are no secret.
    write(&sandbox, &directory, "");
    set_mode(&sandbox.config_file(), 0o644);
    sandbox.run(&["list"]).expect_code(0);
}

#[test]
fn it_is_in_no_output() {
    let (directory, sandbox) = with_users(&["alice", "bob"]);
    let silent = |answer: &Answer| {
        for stream in [&answer.stdout, &answer.stderr] {
            for secret in [RIGHT, WRONG] {
                assert!(
                    !stream.contains(secret),
                    "the password was printed\n{answer}"
                );
            }
        }
    };
    for arguments in [
        &["check", "-vv"][..],
        &["search", "a", "-vv"],
        &["import", "--all", "-vv"],
        &["sync", "-vv", "--format", "json"],
    ] {
        let answer = sandbox.run(arguments).expect_code(0);
        assert!(!answer.stderr.is_empty(), "-vv says nothing\n{answer}");
        silent(&answer);
    }
    directory.set_password(testdir::USERNAME, "another one");
    silent(&sandbox.run(&["sync", "-vv"]).expect_code(5));
    for source in [
        format!("password = \"{WRONG}\""),
        format!("password_command = [\"echo\", \"{WRONG}\"]"),
    ] {
        write(&sandbox, &directory, &source);
        silent(
            &sandbox
                .run(&["check", "-vv", "--format", "json"])
                .expect_code(5),
        );
    }
    drop(directory);
    sandbox.configure(&settings(crate::stage::NO_SERVER));
    silent(&sandbox.run(&["sync", "-vv"]).expect_code(5));
}

#[test]
fn it_is_in_no_message_about_the_settings() {
    let sandbox = crate::stage::alone();
    for (toml, secret) in [
        // A password of digits, without its quotes.
        ("[directory]\npassword = 4815162342\n", "4815162342"),
        ("[directory]\npassword = [\"4815162342\"]\n", "4815162342"),
        ("[directory]\npassword = 4815162342z\n", "4815162342"),
        ("[directory]\npassword = \"4815\"162342\"\n", "162342"),
        (
            "[directory]\npassword_command = \"echo 4815162342\"\n",
            "4815162342",
        ),
        (
            "[directory]\nusername = \"svc\"\nurl = \"ldaps://svc:4815162342@dc1\"\n",
            "4815162342",
        ),
    ] {
        sandbox.write_config(toml);
        for format in ["table", "json"] {
            let answer = sandbox
                .run(&["list", "-vv", "--format", format])
                .expect_code(2);
            assert!(
                !answer.stderr.contains(secret) && !answer.stdout.contains(secret),
                "the password was printed\n{answer}"
            );
        }
    }
}
