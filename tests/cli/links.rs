//! Links that lie where adsync makes a file: none is followed, and what it leads to stays as it was.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::stage::{add, alone, assert_says, is_root, mode, through, usernames, with_users};
use crate::support::adsync::Sandbox;

const OF_ANOTHER: &str = "what another program keeps here";

/// A file that must stay as it is, and a link to it.
fn trap(sandbox: &Sandbox, link: &Path) -> PathBuf {
    let victim = sandbox.path().join("victim");
    fs::write(&victim, OF_ANOTHER).expect("the sandbox is writable");
    symlink(&victim, link).expect("the sandbox is writable");
    victim
}

#[track_caller]
fn untouched(victim: &Path) {
    let text = fs::read_to_string(victim).expect("it is still there");
    assert_eq!(text, OF_ANOTHER);
}

fn beside(sandbox: &Sandbox, suffix: &str) -> PathBuf {
    let mut path = sandbox.store_path().into_os_string();
    path.push(suffix);
    path.into()
}

#[test]
fn in_the_place_of_the_lock() {
    let sandbox = alone();
    let victim = trap(&sandbox, &beside(&sandbox, ".lock"));
    let answer = sandbox.run(&["add", "alice"]).expect_code(1);
    assert_says(&answer, &["users.db.lock: it is a symbolic link"]);
    untouched(&victim);
    assert!(!sandbox.store_path().exists());
}

#[test]
fn in_the_place_of_a_store_that_is_being_made() {
    let sandbox = alone();
    let victim = trap(&sandbox, &beside(&sandbox, ".new"));
    add(&sandbox, &["alice"]);
    untouched(&victim);
    assert_eq!(usernames(&sandbox), ["alice"]);
    assert_eq!(mode(&sandbox.store_path()), 0o600);
}

#[test]
fn in_the_place_of_the_write_ahead_log() {
    for suffix in ["-wal", "-shm"] {
        let sandbox = alone();
        add(&sandbox, &["alice"]);
        let victim = trap(&sandbox, &beside(&sandbox, suffix));
        sandbox.run(&["add", "bob"]).expect_code(1);
        untouched(&victim);
    }
}

#[test]
fn in_the_place_of_the_store() {
    let sandbox = alone();
    add(&sandbox, &["alice"]);
    let real = sandbox.path().join("elsewhere.db");
    fs::rename(sandbox.store_path(), &real).expect("the sandbox is writable");
    symlink(&real, sandbox.store_path()).expect("the sandbox is writable");
    let before = fs::read(&real).expect("it is there");
    let hint = format!("hint: say path = \"{}\" under [store]", real.display());
    // Those that only read say so, too: else a dry run would promise what a run cannot do.
    for arguments in [&["list"][..], &["sync", "--dry-run"], &["add", "bob"]] {
        let answer = sandbox.run(arguments).expect_code(1);
        assert_says(&answer, &["users.db is a symbolic link", &hint]);
    }
    assert!(before == fs::read(&real).expect("it is there"));
    // One that leads nowhere is no place for a new store.
    fs::remove_file(&real).expect("it is there");
    sandbox.run(&["add", "bob"]).expect_code(1);
    assert!(!real.exists());
}

#[test]
fn a_folder_that_is_reached_by_a_link_is_a_folder() {
    let sandbox = alone();
    let folder = sandbox.path().join("store");
    let real = sandbox.path().join("disk");
    fs::rename(&folder, &real).expect("the sandbox is writable");
    symlink(&real, &folder).expect("the sandbox is writable");
    add(&sandbox, &["alice"]);
    assert!(real.join("users.db").exists());
}

/// Anybody can put a link into `/tmp`, and wait for somebody to write a report there.
#[test]
fn a_report_does_not_follow_the_link_of_another_account() {
    let (_directory, sandbox) = with_users(&["alice"]);
    let victim = sandbox.path().join("victim");
    fs::write(&victim, OF_ANOTHER).expect("the sandbox is writable");
    let arguments = |report: &Path| {
        let report = report.to_str().expect("a path in UTF-8");
        ["import", "--all", "--report", report].map(str::to_owned)
    };
    let said = if is_root() {
        let link = sandbox.path().join("report.html");
        symlink(&victim, &link).expect("the sandbox is writable");
        std::os::unix::fs::lchown(&link, Some(65534), None).expect("root may");
        let arguments = arguments(&link);
        through(
            &["env"],
            &sandbox,
            &arguments.each_ref().map(String::as_str),
        )
    } else {
        // Here every link of root is one of another account.
        let arguments = arguments(Path::new("/etc/mtab"));
        let wrapper = ["unshare", "--user", "--map-root-user"];
        through(
            &wrapper,
            &sandbox,
            &arguments.each_ref().map(String::as_str),
        )
    };
    assert_eq!(said.code, 2, "{}", said.stderr);
    assert!(
        said.stderr
            .contains("it is a link that another account made"),
        "{}",
        said.stderr
    );
    untouched(&victim);
    assert!(!sandbox.store_path().exists(), "the run did not begin");
}

#[test]
fn a_file_for_prometheus_does_not_take_the_place_of_what_a_link_leads_to() {
    let (directory, sandbox) = with_users(&["alice"]);
    let metrics = sandbox.path().join("adsync.prom");
    let victim = trap(&sandbox, &metrics);
    let mut settings = crate::stage::settings(&directory.url());
    settings.more_sync = format!("metrics_file = \"{}\"", metrics.display());
    sandbox.configure(&settings);
    let said = sandbox.run(&["import", "--all"]).expect_code(0);
    assert_says(&said, &["cannot write the metrics_file", "stays as it is"]);
    untouched(&victim);
    // A link of one's own to one that adsync wrote is followed.
    fs::write(&victim, "").expect("the sandbox is writable");
    sandbox.run(&["sync"]).expect_code(0);
    assert!(metrics.is_symlink());
    let text = fs::read_to_string(&victim).expect("it is there");
    assert!(text.starts_with("# HELP adsync_"), "{text}");
}
