//! A store that is not there: a job that looks into the wrong place does not succeed.

use std::fs;
use std::path::{Path, PathBuf};

use testdir::TestDir;

use crate::stage::{add, assert_says, settings, with_users};
use crate::support::adsync::Sandbox;

/// What has nothing to do without a store.
const REFUSED: [&[&str]; 9] = [
    &["sync"],
    &["sync", "--all", "--full"],
    &["sync", "--dry-run"],
    &["sync", "--dry-run", "--exit-code", "-q"],
    &["sync", "--users", "alice"],
    &["remove", "alice"],
    &["restore", "alice"],
    &["restore", "--run", "1"],
    &["restore", "alice", "--dry-run"],
];

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("it can be listed");
    entries.map(|it| it.expect("an entry").path()).collect()
}

/// The directory is not asked, and nothing is made.
#[track_caller]
fn refused(directory: &TestDir, sandbox: &Sandbox, says: &[&str]) {
    let folder = sandbox.path().join("store");
    let before = files(&folder);
    directory.reset_stats();
    for arguments in REFUSED {
        let answer = sandbox.run(arguments).expect_code(2);
        assert_eq!(answer.stdout, "", "{answer}");
        assert_says(&answer, says);
        assert_says(
            &answer,
            &["hint: `adsync import` makes it: `adsync import --all`"],
        );
    }
    let json = sandbox
        .run(&["sync", "--format", "json"])
        .expect_code(2)
        .json();
    assert_eq!(json["error"]["kind"], "settings");
    assert_eq!(directory.stats().connections, 0, "the directory was asked");
    assert_eq!(files(&folder), before);
}

#[test]
fn it_says_where_it_looked_and_who_said_so() {
    let (directory, sandbox) = with_users(&["alice"]);
    let store = sandbox.store_path();
    let config = sandbox.config_file();
    let says = format!(
        "error: there is no store at {} (the path under [store] in {})",
        store.display(),
        config.display()
    );
    refused(&directory, &sandbox, &[&says, "mend that path"]);
    // A file that is there and empty is none either.
    fs::write(&store, "").expect("the sandbox is writable");
    let says = format!("error: there is but an empty file at {} (", store.display());
    refused(&directory, &sandbox, &[&says]);
    assert_eq!(fs::metadata(&store).expect("it is there").len(), 0);
}

#[test]
fn where_nobody_says_it_is_the_default_place() {
    let (directory, sandbox) = with_users(&["alice"]);
    let toml = format!(
        "[directory]\nurl = \"{}\"\nusername = \"svc\"\n",
        directory.url()
    );
    sandbox.write_config(&toml);
    let says = format!(
        "there is no store at {} (the default, for {} names no path under [store])",
        sandbox.path().join("home/data/adsync/users.db").display(),
        sandbox.config_file().display()
    );
    refused(
        &directory,
        &sandbox,
        &[&says, "say so with path under [store]"],
    );
    assert!(!sandbox.path().join("home/data").exists());
}

#[test]
fn a_folder_that_is_not_there_is_not_made() {
    let (directory, sandbox) = with_users(&["alice"]);
    let mut wrong = settings(&directory.url());
    wrong.more_sync = "metrics_file = \"adsync.prom\"".into();
    sandbox.configure(&wrong);
    let toml = fs::read_to_string(sandbox.config_file()).expect("it is there");
    sandbox.write_config(&toml.replace("store/users.db", "strore/users.db"));
    refused(&directory, &sandbox, &["strore/users.db"]);
    assert!(!sandbox.path().join("strore").exists());
    // Who watches the job hears of it.
    let metrics = fs::read_to_string(sandbox.path().join("adsync.prom")).expect("it was written");
    assert!(metrics.contains("adsync_last_run_exit_code 2"), "{metrics}");
}

#[test]
fn what_shows_it_shows_nothing() {
    let (_directory, sandbox) = with_users(&["alice"]);
    sandbox.run(&["history"]).expect_code(0);
    let list = sandbox.run(&["list", "--format", "json"]).json();
    assert_eq!(list["users"], serde_json::json!([]));
    // One that is there and has nobody in it is as it should be.
    add(&sandbox, &["zoe"]);
    sandbox.run(&["remove", "zoe"]).expect_code(0);
    for arguments in [&["list"][..], &["sync"], &["sync", "--dry-run"]] {
        let answer = sandbox.run(arguments).expect_code(0);
        assert_eq!(answer.stderr, "", "{answer}");
    }
}

#[test]
fn import_and_add_make_it() {
    for arguments in [&["import", "--all"][..], &["add", "zoe"]] {
        let (_directory, sandbox) = with_users(&["alice"]);
        sandbox
            .run(&["import", "--all", "--dry-run"])
            .expect_code(0);
        sandbox.run(&["sync"]).expect_code(2);
        sandbox.run(arguments).expect_code(0);
        sandbox.run(&["sync"]).expect_code(0);
    }
}
