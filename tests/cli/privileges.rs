//! What an account without the rights is told. As root, `setpriv` takes away the capability that makes
//! root ignore the rights of files.

use std::fs;

use crate::stage::{Said, add, alone, set_mode, through};
use crate::support::adsync::Sandbox;

const NO_OVERRIDE: &str = "-dac_override,-dac_read_search";
const AS_ANYBODY: [&str; 5] = [
    "setpriv",
    "--bounding-set",
    NO_OVERRIDE,
    "--inh-caps",
    NO_OVERRIDE,
];

/// Runs adsync so that the rights of files count.
fn run(sandbox: &Sandbox, arguments: &[&str]) -> Said {
    let probe = sandbox.path().join("probe");
    fs::create_dir_all(&probe).expect("the sandbox is writable");
    set_mode(&probe, 0o000);
    let ignores_rights = fs::read_dir(&probe).is_ok();
    set_mode(&probe, 0o700);
    let wrapper: &[&str] = if ignores_rights {
        &AS_ANYBODY
    } else {
        &["env"]
    };
    through(wrapper, sandbox, arguments)
}

#[track_caller]
fn refused(said: &Said, path: &str) {
    assert_eq!(said.code, 1, "{}", said.stderr);
    assert_eq!(said.stdout, "");
    for fragment in [
        "error: ",
        path,
        "hint: check path under [store] and the rights",
    ] {
        assert!(
            said.stderr.contains(fragment),
            "does not say {fragment:?}\n{}",
            said.stderr
        );
    }
}

#[test]
fn a_folder_that_cannot_be_written() {
    let sandbox = alone();
    let folder = sandbox.path().join("store");
    set_mode(&folder, 0o500);
    let said = run(&sandbox, &["add", "alice"]);
    refused(&said, "store/users.db");
    assert!(said.stderr.contains("Permission denied"), "{}", said.stderr);
    set_mode(&folder, 0o700);
    assert!(!sandbox.store_path().exists());
}

#[test]
fn a_folder_that_cannot_be_entered() {
    let sandbox = alone();
    add(&sandbox, &["alice"]);
    let folder = sandbox.path().join("store");
    set_mode(&folder, 0o000);
    // It must not be mistaken for a store that is not there yet: that one has nobody in it.
    for arguments in [
        &["list"][..],
        &["list", "--format", "json"],
        &["sync", "--dry-run"],
        &["add", "bob"],
    ] {
        let said = run(&sandbox, arguments);
        assert_eq!(
            said.code, 1,
            "{arguments:?}\n{}\n{}",
            said.stdout, said.stderr
        );
    }
    let said = run(&sandbox, &["list"]);
    set_mode(&folder, 0o700);
    refused(&said, "store/users.db");
}

#[test]
fn a_store_that_cannot_be_read() {
    let sandbox = alone();
    add(&sandbox, &["alice"]);
    set_mode(&sandbox.store_path(), 0o000);
    refused(&run(&sandbox, &["list"]), "store/users.db");
    refused(&run(&sandbox, &["add", "bob"]), "store/users.db");
}

#[test]
fn a_store_that_cannot_be_written() {
    let sandbox = alone();
    add(&sandbox, &["alice"]);
    set_mode(&sandbox.store_path(), 0o400);
    refused(&run(&sandbox, &["add", "bob"]), "store/users.db");
    assert_eq!(run(&sandbox, &["list"]).code, 0);
}

#[test]
fn settings_that_cannot_be_read() {
    let sandbox = alone();
    set_mode(&sandbox.config_file(), 0o000);
    let said = run(&sandbox, &["list"]);
    assert_eq!(said.code, 2, "{}", said.stderr);
    assert!(
        said.stderr.contains("adsync.toml: Permission denied"),
        "{}",
        said.stderr
    );
}
