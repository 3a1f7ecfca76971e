//! What an account without the rights is told. As root, `setpriv` takes away the capability that makes
//! root ignore the rights of files.

use std::fs;

use crate::stage::{
    NO_SERVER, Said, add, alone, mode as mode_of, set_mode, through, write_private,
};
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

/// What `check` says of the store, with that setting under `[store]`.
#[track_caller]
fn check(sandbox: &Sandbox, setting: &str) -> String {
    let toml = format!(
        "[directory]\nurl = \"{NO_SERVER}\"\nusername = \"svc\"\n[store]\npath = \"{}\"\n{setting}\n",
        sandbox.store_path().display()
    );
    write_private(&sandbox.config_file(), &toml);
    let said = run(sandbox, &["check"]);
    let at = said.stdout.find("  store  ").expect("a line of the store");
    said.stdout[at - 4..].to_owned()
}

#[test]
fn what_a_run_could_not_do_is_not_ok() {
    let (folder, lock) = ("store", "store/users.db.lock");
    for (path, mode, says) in [
        (folder, 0o500, "cannot make a file in "),
        ("store/users.db", 0o400, "cannot open "),
        (lock, 0o400, "users.db.lock: Permission denied"),
    ] {
        let sandbox = alone();
        add(&sandbox, &["alice"]);
        assert!(check(&sandbox, "").starts_with("ok    store"));
        let path = sandbox.path().join(path);
        let before = mode_of(&path);
        set_mode(&path, mode);
        let line = check(&sandbox, "");
        assert!(
            line.starts_with("FAIL  store") && line.contains(says),
            "{line}"
        );
        assert!(
            line.contains("check path under [store] and the rights"),
            "{line}"
        );
        // Whoever only looks needs none of it.
        let line = check(&sandbox, "read_only = true");
        assert!(
            line.starts_with("ok    store") && line.contains("1 users"),
            "{line}"
        );
        set_mode(&path, before);
    }
}

#[test]
fn nor_is_a_store_that_could_not_be_made() {
    let sandbox = alone();
    let toml = fs::read_to_string(sandbox.config_file()).expect("it is there");
    let deeper = toml.replace("store/users.db", "store/a/b/users.db");
    sandbox.write_config(&deeper);
    let line = |said: Said| said.stdout.lines().last().unwrap_or_default().to_owned();
    assert!(line(run(&sandbox, &["check"])).contains("will be made by the first import"));
    assert_eq!(
        fs::read_dir(sandbox.path().join("store"))
            .expect("it is there")
            .count(),
        0
    );
    set_mode(&sandbox.path().join("store"), 0o500);
    let said = run(&sandbox, &["check"]);
    assert!(
        said.stdout
            .contains("FAIL  store       cannot make a file in"),
        "{}",
        said.stdout
    );
    set_mode(&sandbox.path().join("store"), 0o700);
}
