//! Settings are trusted as ssh trusts a key: whoever can change them decides where the password goes. They are refused
//! before a command is run or a secret read.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};

use crate::stage::set_mode;
use crate::support::adsync::Sandbox;
use crate::support::embedded::Stage;

/// `nobody` of Debian.
const NOBODY: u32 = 65534;

/// Settings whose command leaves a trace when it is run; and the trace.
fn settings(sandbox: &Sandbox) -> (String, PathBuf) {
    let trace = sandbox.path().join("it-ran");
    let text = format!(
        "[directory]\nurl = \"ldap://127.0.0.1:9\"\nusername = \"svc@corp.example.com\"\n\
         password_command = [\"touch\", \"{}\"]\n",
        trace.display()
    );
    (text, trace)
}

#[track_caller]
fn refused(sandbox: &Sandbox, file: &Path, says: &str) {
    let (_, trace) = settings(sandbox);
    let file = file.to_str().expect("a text");
    for arguments in [
        &["search", "a"][..],
        &["check"],
        &["list"],
        &["import", "--all"],
        &["sync", "--dry-run"],
    ] {
        let arguments = [&["--config", file][..], arguments].concat();
        let answer = sandbox.run(&arguments).expect_code(2);
        let told = format!("{}{}", answer.stdout, answer.stderr);
        assert!(told.contains(says), "does not say {says:?}\n{told}");
        assert!(!trace.exists(), "a command was run: {arguments:?}");
    }
}

fn stage() -> (Sandbox, PathBuf) {
    let sandbox = Stage::with(&[]).sandbox;
    let folder = sandbox.path().join("settings");
    fs::create_dir(&folder).expect("the sandbox is writable");
    set_mode(&folder, 0o755);
    let file = folder.join("adsync.toml");
    fs::write(&file, settings(&sandbox).0).expect("the sandbox is writable");
    set_mode(&file, 0o644);
    (sandbox, file)
}

#[test]
fn settings_that_another_account_can_write_are_refused() {
    let (sandbox, file) = stage();
    for (mode, says) in [
        (0o664, "can be written by their group (mode 0664)"),
        (0o646, "can be written by others (mode 0646)"),
    ] {
        set_mode(&file, mode);
        refused(&sandbox, &file, says);
    }
}

#[test]
fn settings_of_another_account_are_refused() {
    let (sandbox, file) = stage();
    chown(&file, Some(NOBODY), None).expect("tests run as root");
    refused(&sandbox, &file, "they belong to nobody");
}

#[test]
fn settings_in_a_folder_that_others_can_write_are_refused() {
    let (sandbox, file) = stage();
    let folder = file.parent().expect("a folder");
    for mode in [0o777, 0o775] {
        set_mode(folder, mode);
        refused(&sandbox, &file, "who can put others in their place");
    }
    set_mode(folder, 0o755);
    chown(folder, Some(NOBODY), None).expect("tests run as root");
    refused(&sandbox, &file, "belongs to nobody");
}

#[test]
fn a_link_is_no_way_around() {
    let (sandbox, file) = stage();
    let folder = file.parent().expect("a folder");
    let link = sandbox.path().join("link.toml");
    symlink(&file, &link).expect("a link");
    set_mode(folder, 0o777);
    refused(&sandbox, &link, "who can put others in their place");
    // Nor is a folder that is a link, or a link of another account.
    let by_folder = sandbox.path().join("folder");
    symlink(folder, &by_folder).expect("a link");
    refused(
        &sandbox,
        &by_folder.join("adsync.toml"),
        "who can put others",
    );
    set_mode(folder, 0o755);
    std::os::unix::fs::lchown(&link, Some(NOBODY), None).expect("tests run as root");
    refused(&sandbox, &link, "belongs to nobody");
}

#[test]
fn settings_of_ones_own_in_a_sticky_folder_are_taken() {
    let (sandbox, file) = stage();
    set_mode(file.parent().expect("a folder"), 0o1777);
    let file = file.to_str().expect("a text");
    sandbox.run(&["--config", file, "list"]).expect_code(0);
}

#[test]
fn a_name_with_a_comma_is_one_name() {
    let stage = Stage::with(&[]);
    for name in ["Smith", "John", "Doe"] {
        stage.run(&["add", name]).expect_code(0);
    }
    let answer = stage.run(&["remove", "Smith,John"]).expect_code(2);
    assert!(
        answer.stderr.contains("\"Smith,John\""),
        "{}",
        answer.stderr
    );
    assert_eq!(
        stage
            .run(&["list", "--format", "csv"])
            .stdout
            .lines()
            .count(),
        4
    );
    stage.run(&["remove", "Smith", "John"]).expect_code(0);
    let answer = stage.run(&["restore", "Smith,John"]).expect_code(2);
    assert!(
        answer.stderr.contains("\"Smith,John\""),
        "{}",
        answer.stderr
    );
}

#[test]
fn to_wait_for_ever_is_no_panic() {
    let stage = Stage::with(&[]);
    stage
        .run(&["--wait", "18446744073709551615", "add", "alice"])
        .expect_code(0);
}

#[test]
fn a_filter_that_is_nested_too_deep_is_a_usage_error() {
    let mut stage = Stage::with(&["alice"]);
    let deep = format!("{}(cn=a){}", "(!".repeat(20_000), ")".repeat(20_000));
    let answer = stage.run(&["import", "--filter", &deep]).expect_code(2);
    assert!(
        answer.stderr.contains("nested deeper"),
        "{:.400}",
        answer.stderr
    );
    stage.configure_directory(&format!("filter = \"{deep}\""));
    for arguments in [&["list"][..], &["check"], &["sync"]] {
        stage.run(arguments).expect_code(2);
    }
}
