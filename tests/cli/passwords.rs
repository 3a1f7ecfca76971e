//! Where the password may stand, in which order it is looked for, and that nobody ever reads it.

use std::fs;

use testdir::TestDir;

use crate::stage::{assert_says, is_root, set_mode, through, with_users, write_private};
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
    for not_it in [format!("{RIGHT} "), format!(" {RIGHT}")] {
        write_private(&sandbox.password_file(), &not_it);
        wrong_password(search(&sandbox));
    }
}

/// A login with it would fail, and a few of those lock the account.
#[test]
fn what_is_more_than_a_password_is_not_tried() {
    let (directory, sandbox) = without_password();
    write(&sandbox, &directory, "password_file = \"password\"");
    for (content, says) in [
        (format!("{RIGHT}\n\n"), "has more than one line"),
        (format!("{RIGHT}\r\n\r\n"), "has more than one line"),
        (format!("\n{RIGHT}"), "has more than one line"),
        (format!("\u{feff}{RIGHT}"), "begins with a byte order mark"),
    ] {
        write_private(&sandbox.password_file(), &content);
        let answer = search(&sandbox).run().expect_code(2);
        assert_says(&answer, &["the password file", says]);
        assert!(!answer.stderr.contains(RIGHT), "{answer}");
    }
    assert_eq!(directory.stats().binds, 0);
}

#[test]
fn more_than_a_password_is_told_and_never_tried() {
    let (directory, sandbox) = without_password();
    write(&sandbox, &directory, "password_file = \"password\"");
    for (not_it, says) in [
        (format!("{RIGHT}\n\n"), "has more than one line"),
        (format!("{RIGHT}\r\n\r\n"), "has more than one line"),
        (format!("{RIGHT}\n{RIGHT}"), "has more than one line"),
        (format!("\u{feff}{RIGHT}\n"), "byte order mark"),
    ] {
        write_private(&sandbox.password_file(), &not_it);
        let answer = search(&sandbox).run().expect_code(2);
        assert_says(&answer, &[says]);
    }
    assert_eq!(directory.stats().connections, 0, "nothing was tried");
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
    for mode in [0o644, 0o604] {
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
fn a_file_that_its_group_can_write_or_that_is_none_is_refused() {
    let (directory, sandbox) = without_password();
    write_private(&sandbox.password_file(), WRONG);
    write(&sandbox, &directory, "password_file = \"password\"");
    set_mode(&sandbox.password_file(), 0o660);
    let answer = search(&sandbox).run().expect_code(2);
    let says = "can be written by its group (mode 0660)";
    assert_says(&answer, &[says, "hint: chmod 0600 "]);
    // A pipe would be waited for.
    fs::remove_file(sandbox.password_file()).expect("it is there");
    let made = std::process::Command::new("mkfifo")
        .arg(sandbox.password_file())
        .status();
    assert!(made.is_ok_and(|it| it.success()));
    let answer = search(&sandbox).run().expect_code(2);
    assert_says(&answer, &["is not a file", "hint: password_command"]);
}

#[test]
fn a_folder_in_which_others_can_replace_the_file_is_refused_with_the_remedy() {
    let (directory, sandbox) = without_password();
    let outer = sandbox.path().join("outer");
    let file = outer.join("inner/password");
    write_private(&file, RIGHT);
    write(
        &sandbox,
        &directory,
        "password_file = \"outer/inner/password\"",
    );
    logged_in(search(&sandbox));
    let refused = |folder: &std::path::Path| {
        set_mode(folder, 0o777);
        let answer = search(&sandbox).run().expect_code(2);
        let folder = folder.to_str().expect("a path in UTF-8");
        let hint = format!("hint: chmod o-w {folder}");
        assert_says(&answer, &["others can put another file", &hint, "0777"]);
        let said = through(&["sh", "-c", &hint["hint: ".len()..]], &sandbox, &[]);
        assert_eq!(said.code, 0, "{}", said.stderr);
        logged_in(search(&sandbox));
    };
    refused(&outer);
    refused(&outer.join("inner"));
    // As /tmp is: nobody can rename the file of another there.
    set_mode(&outer, 0o1777);
    logged_in(search(&sandbox));
    set_mode(&outer, 0o755);
    // A link may lead through another folder.
    let elsewhere = sandbox.path().join("elsewhere");
    fs::create_dir(&elsewhere).expect("the sandbox is writable");
    std::os::unix::fs::symlink(&file, elsewhere.join("link")).expect("a fresh folder is writable");
    write(&sandbox, &directory, "password_file = \"elsewhere/link\"");
    logged_in(search(&sandbox));
    refused(&elsewhere);
    refused(&outer);
    // And a link to that one through a third.
    std::os::unix::fs::symlink(elsewhere.join("link"), sandbox.path().join("first"))
        .expect("the sandbox is writable");
    write(&sandbox, &directory, "password_file = \"first\"");
    logged_in(search(&sandbox));
    refused(&elsewhere);
}

#[test]
fn a_file_of_another_account_is_refused() {
    let (directory, sandbox) = without_password();
    let refused = |wrapper: &[&str], path: &str| {
        write(&sandbox, &directory, &format!("password_file = {path:?}"));
        let said = through(wrapper, &sandbox, &["search", "ali"]);
        assert_eq!(said.code, 2, "{}", said.stderr);
        for fragment in ["belongs to nobody", "hint: chown -h root "] {
            assert!(said.stderr.contains(fragment), "{}", said.stderr);
        }
    };
    if !is_root() {
        // In a namespace of its own this account is root, and what is root's is nobody's.
        return refused(&["unshare", "--user", "--map-root-user"], "/etc/passwd");
    }
    let path = sandbox.password_file();
    write_private(&path, RIGHT);
    let nobody = |path| std::os::unix::fs::lchown(path, Some(65534), None).expect("root may");
    nobody(path.clone());
    refused(&["env"], "password");
    std::os::unix::fs::chown(&path, Some(0), None).expect("root may");
    logged_in(search(&sandbox));
    // A link says which file it is, so it matters whose it is.
    let link = sandbox.path().join("link");
    std::os::unix::fs::symlink(&path, &link).expect("the sandbox is writable");
    write(&sandbox, &directory, "password_file = \"link\"");
    logged_in(search(&sandbox));
    nobody(link);
    refused(&["env"], "link");
}

#[test]
fn settings_that_others_can_write_are_refused() {
    let (_directory, sandbox) = without_password();
    set_mode(&sandbox.config_file(), 0o602);
    let answer = sandbox.run(&["list"]).expect_code(2);
    assert_says(&answer, &["can be written by others", "hint: chmod o-w "]);
    // What is said mends all of it at once.
    set_mode(&sandbox.config_file(), 0o622);
    let answer = sandbox.run(&["list"]).expect_code(2);
    assert_says(&answer, &["can be written by others", "hint: chmod go-w "]);
}

#[test]
fn what_a_command_says_is_shown_and_acts_on_no_terminal() {
    let (directory, sandbox) = without_password();
    let script = r"printf 'touch the \033[31mkey\033[0m\n' >&2; echo PASSWORD";
    let script = script.replace("PASSWORD", RIGHT);
    write(
        &sandbox,
        &directory,
        &format!("password_command = ['sh', '-c', {script:?}]"),
    );
    let answer = search(&sandbox).run().expect_code(0);
    assert_says(&answer, &["warn: password_command: touch the "]);
    assert!(
        !answer.stderr.contains('\x1b') && !answer.stderr.contains(RIGHT),
        "{answer}"
    );
    let answer = sandbox
        .run(&["search", "ali", "--log-format", "json"])
        .expect_code(0);
    let line: serde_json::Value =
        serde_json::from_str(answer.stderr.trim()).expect("one line of JSON");
    let message = line["message"].as_str().unwrap_or_default();
    assert!(
        message.starts_with("password_command: touch the "),
        "{line}"
    );
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
