//! The store in the hands of others: another Unix account reads it, and another program wrote it.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use testdir::{What, When};

use crate::modes::{ALL, sync};
use crate::support::adsync::Answer;
use crate::support::embedded::{Stage, names};
use crate::support::process;
use crate::{Account, json, six, user};

/// The account that adsync runs as, the one of the application that reads, and the group of both.
const OWNER: u32 = 4242;
const READER: u32 = 4343;
const GROUP: u32 = 4300;

/// A store of an ordinary account, in a folder of this mode; the file is readable for the group, as
/// `docs/store.md` says.
struct Shared {
    stage: Stage,
    program: PathBuf,
}

impl Shared {
    /// Nothing where there is no other account to be: only root can become one.
    fn with_folder(mode: u32) -> Option<Self> {
        if !nix::unistd::geteuid().is_root() || !may_become_another() {
            return None;
        }
        let stage = Stage::with(&["alice", "bob", "carol"]);
        let folder = stage.sandbox.path();
        set_mode(folder, 0o755);
        // Where everybody can reach it, which is not said of the folder it was built in.
        let program = folder.join("adsync");
        fs::copy(env!("CARGO_BIN_EXE_adsync"), &program).expect("the sandbox is writable");
        set_mode(&program, 0o755);
        // For both accounts.
        set_mode(&stage.sandbox.config_file(), 0o644);
        chown(stage.sandbox.password_file(), None, Some(GROUP)).expect("root may");
        set_mode(&stage.sandbox.password_file(), 0o640);
        let store = folder.join("store");
        chown(&store, Some(OWNER), Some(GROUP)).expect("root may");
        set_mode(&store, mode);
        let shared = Self { stage, program };
        shared.run(OWNER, &["import", "--all"]).expect_code(0);
        set_mode(&shared.stage.sandbox.store_path(), 0o640);
        Some(shared)
    }

    /// Runs adsync as that account.
    fn run(&self, account: u32, arguments: &[&str]) -> Answer {
        let run = self.stage.prepare(arguments).of(&self.program);
        run.under(&setpriv(), &become_account(account)).run()
    }

    /// What another program reads: how many users there are.
    fn read(&self, how: &str) -> String {
        let path = self.stage.sandbox.store_path();
        let script = format!(
            "import sqlite3, sys\n\
             db = sqlite3.connect('file:' + sys.argv[1] + '?{how}', uri=True)\n\
             print(db.execute('SELECT count(*) FROM users').fetchone()[0])\n"
        );
        let mut reader = Command::new(setpriv());
        reader
            .args(become_account(READER))
            .args(["/usr/bin/python3", "-c", &script])
            .arg(path);
        let read = process::run(&mut reader, b"", Duration::from_secs(20));
        let text = [read.stdout, read.stderr].concat();
        String::from_utf8_lossy(&text).trim().to_owned()
    }

    #[track_caller]
    fn assert_readable(&self) {
        for how in ["mode=ro", "mode=rw"] {
            assert_eq!(self.read(how), "3", "{how}, files: {:?}", self.files());
        }
        let list = self.run(READER, &["list", "--format", "json"]);
        let users = list.expect_code(0).json()["users"].clone();
        assert_eq!(users.as_array().map(Vec::len), Some(3));
    }

    /// The files beside the store with their owners and modes, itself included.
    fn files(&self) -> Vec<String> {
        let folder = self.stage.sandbox.path().join("store");
        let entries = fs::read_dir(folder).expect("root may");
        let told = entries.map(|entry| {
            let entry = entry.expect("an entry");
            let metadata = entry.metadata().expect("it is there");
            let name = entry.file_name().display().to_string();
            let (mode, owner) = (metadata.mode() & 0o7777, metadata.uid());
            format!("{name} {mode:o} {owner}")
        });
        told.collect()
    }

    #[track_caller]
    fn assert_syncs(&self, value: &str) {
        self.stage.set("alice", "sn", value);
        let run = self.run(OWNER, &["sync", "--format", "json"]);
        let run = run.expect_code(0).json();
        assert_eq!(names(&run, "modified"), ["alice"], "{:?}", self.files());
    }
}

fn setpriv() -> PathBuf {
    process::find("setpriv").expect("`setpriv` is needed: apt-get install util-linux")
}

fn become_account(account: u32) -> [&'static str; 4] {
    let id = match account {
        OWNER => "--reuid=4242",
        _ => "--reuid=4343",
    };
    [id, "--regid=4300", "--clear-groups", "--"]
}

/// Root of a namespace of its own cannot.
fn may_become_another() -> bool {
    let mut probe = Command::new(setpriv());
    probe.args(become_account(READER)).arg("true");
    process::run(&mut probe, b"", Duration::from_secs(20))
        .status
        .success()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("root may");
}

/// Documented: folder 0750, file 0640, a member of the group.
#[test]
fn a_member_of_the_group_reads_the_store_at_rest() {
    let Some(shared) = Shared::with_folder(0o750) else {
        return;
    };
    shared.assert_readable();
    for value in ["One", "Two"] {
        shared.assert_syncs(value);
        shared.assert_readable();
    }
}

/// Where the group may write to the folder too, what `SQLite` leaves there is in nobody's way.
#[test]
fn a_folder_that_the_group_can_write_to_breaks_no_later_sync() {
    let Some(shared) = Shared::with_folder(0o2770) else {
        return;
    };
    for value in ["One", "Two"] {
        shared.assert_readable();
        shared.assert_syncs(value);
    }
}

#[test]
fn a_member_of_the_group_reads_the_store_in_the_middle_of_a_run() {
    let Some(shared) = Shared::with_folder(0o750) else {
        return;
    };
    let directory = &shared.stage.directory;
    directory.reset_stats();
    directory.fault(When::page(1), What::Hang);
    let run = shared.stage.prepare(&["sync"]).of(&shared.program);
    let mut run = run.under(&setpriv(), &become_account(OWNER)).start();
    let deadline = Instant::now() + Duration::from_secs(20);
    while directory.stats().searches < 2 {
        assert!(Instant::now() < deadline, "it does not come to its search");
        std::thread::sleep(Duration::from_millis(5));
    }
    shared.assert_readable();
    run.kill().expect("an own child can be killed");
    run.wait().expect("an own child can be waited for");
    directory.clear_faults();
    shared.assert_readable();
    shared.assert_syncs("After");
}

/// And what was killed after its commit, with all that `SQLite` had beside the file.
#[test]
fn a_member_of_the_group_reads_the_store_after_a_killed_run() {
    let Some(shared) = Shared::with_folder(0o750) else {
        return;
    };
    shared.stage.set("alice", "sn", "Killed");
    let run = shared.stage.prepare(&["sync"]).of(&shared.program);
    let run = run.env("ADSYNC_CRASH_AT", "committed");
    let killed = run.under(&setpriv(), &become_account(OWNER)).run();
    assert_ne!(killed.code, 0, "{killed}");
    shared.assert_readable();
    shared.assert_syncs("After");
}

/// `check` says ok only where a run could do its work as this account.
#[test]
fn check_tries_to_write_the_store() {
    let Some(shared) = Shared::with_folder(0o750) else {
        return;
    };
    let owner = shared.run(OWNER, &["check"]).expect_code(0);
    assert!(owner.stdout.contains("ok    store"), "{owner}");
    let reader = shared.run(READER, &["check"]);
    assert_ne!(reader.code, 0, "{reader}");
    assert!(reader.stdout.contains("FAIL  store"), "{reader}");
    let why = "cannot make a file in";
    assert!(reader.stdout.contains(why), "{reader}");
}

/// Another program numbered the rows.
#[test]
fn rows_may_have_any_number() {
    let (dc, sandbox) = six(Account::Ordinary);
    let store = rusqlite::Connection::open(sandbox.store_path()).expect("the store can be opened");
    for (name, number) in [
        ("alice", 1_000_000_000_000),
        ("bob", i64::MAX - 1),
        ("carol", -7),
        ("dave", 0),
    ] {
        let changed = store.execute(
            "UPDATE users SET id = ?2 WHERE username = ?1",
            rusqlite::params![name, number],
        );
        assert_eq!(changed, Ok(1));
    }
    drop(store);
    let numbered = ["alice", "bob", "carol", "dave"];
    for name in numbered {
        dc.modify(&dc.dn_of(name), "sn", Some("Changed"));
    }
    for run in sync(&sandbox, &ALL, &numbered, &[]) {
        assert_eq!(names(&run.json(0), "modified"), numbered);
        assert_eq!(run.user("alice")["last_name"], "Changed");
    }
    json(&sandbox, 0, &["sync"]);
    assert_eq!(user(&sandbox, "carol")["last_name"], "Changed");
    // Removed, brought back, and somebody new beside them.
    sandbox.run(&["remove", "alice", "carol"]).expect_code(0);
    sandbox.run(&["restore", "alice", "carol"]).expect_code(0);
    dc.add_user(&crate::person("gina"));
    json(&sandbox, 0, &["import", "--users", "gina"]);
    let again = json(&sandbox, 0, &["sync", "--full"]);
    assert_eq!(again["counts"]["checked"], 7, "{again:#}");
}
