//! Other Unix accounts that may read the store by way of its group: adsync itself, and programs that know nothing
//! of it. It works at rest, in the middle of a run and after one that was killed, and is never in the way of a run.
//!
//! Only root can be other accounts, so these tests do nothing for anybody else.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use testdir::{PASSWORD, TestDir, What, When};

use crate::stage::{is_root, set_mode, settings, write_private};
use crate::support::adsync::{Answer, Run, Sandbox, Settings};

/// The account that owns the store, and its group.
const OWNER: u32 = 61_001;
/// One that is in that group.
const READER: u32 = 61_002;

/// The folder of the store as the documentation has it, and one in which the group may write.
const FOLDERS: [u32; 2] = [0o750, 0o2770];

/// A program of another account: it reads the store as any would, once for each line on its standard input, and
/// says how many users there are. `begin` and `end` are those of a transaction.
const PROGRAM: &str = "
import sqlite3, sys
db = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True, isolation_level=None)
for line in sys.stdin:
    try:
        if line.strip() != 'count':
            db.execute(line)
        print(db.execute('SELECT count(*) FROM users').fetchone()[0] if line.strip() != 'END' else 'ended', flush=True)
    except Exception as error:
        print(error, flush=True)
";

/// Three imported users, in a store of an account of its own.
struct Site {
    directory: TestDir,
    sandbox: Sandbox,
}

impl Site {
    /// None where the tests may not be another account.
    fn new(folder: u32) -> Option<Self> {
        if !is_root() {
            return None;
        }
        let directory = TestDir::start().expect("a server on loopback starts");
        for user in ["alice", "bob", "carol"] {
            directory
                .add_user(user)
                .expect("a fresh directory takes any user");
        }
        let sandbox = Sandbox::new(&Settings {
            password: None,
            ..settings(&directory.url())
        });
        set_mode(sandbox.path(), 0o755);
        set_mode(&sandbox.config_file(), 0o644);
        let site = Self { directory, sandbox };
        chown(site.folder(), Some(OWNER), Some(OWNER)).expect("root may");
        site.owner(&["import", "--all"]).expect_code(0);
        set_mode(&site.folder(), folder);
        set_mode(&site.store(), 0o640);
        Some(site)
    }

    fn folder(&self) -> PathBuf {
        self.sandbox.path().join("store")
    }

    fn store(&self) -> PathBuf {
        self.sandbox.store_path()
    }

    fn as_owner(&self, arguments: &[&str]) -> Run {
        let run = self.sandbox.prepare(arguments);
        under(OWNER, run.env("ADSYNC_PASSWORD", PASSWORD))
    }

    fn owner(&self, arguments: &[&str]) -> Answer {
        self.as_owner(arguments).run()
    }

    fn reader(&self, arguments: &[&str]) -> Answer {
        let run = self.sandbox.prepare(arguments);
        under(READER, run.env("ADSYNC_PASSWORD", PASSWORD)).run()
    }

    /// Another program of the account that may read.
    fn program(&self) -> Program {
        Program::start(&self.store())
    }

    /// Both adsync and another program read that many users, and leave nothing behind that is theirs.
    #[track_caller]
    fn is_read(&self, users: usize) {
        assert_eq!(self.program().says("count"), users.to_string());
        let list = self.reader(&["list", "--format", "csv"]).expect_code(0);
        assert_eq!(list.stdout.lines().count(), users + 1, "{list}");
        self.is_the_owners();
    }

    /// Whatever lies in the folder belongs to its owner and has no more rights than the store.
    #[track_caller]
    fn is_the_owners(&self) {
        for entry in fs::read_dir(self.folder()).expect("it can be listed") {
            let path = entry.expect("an entry").path();
            let metadata = fs::metadata(&path).expect("it is there");
            assert_eq!(metadata.uid(), OWNER, "{}", path.display());
            assert_eq!(metadata.gid(), OWNER, "{}", path.display());
            assert_eq!(metadata.mode() & 0o137, 0, "{}", path.display());
        }
    }

    /// The directory has something new, and a run brings it in.
    #[track_caller]
    fn runs(&self, mail: &str) {
        self.directory
            .replace("alice", "mail", [mail])
            .expect("a change");
        let sync = self
            .owner(&["sync", "--format", "json"])
            .expect_code(0)
            .json();
        assert_eq!(sync["counts"]["modified"], 1, "{sync:#}");
    }
}

/// As an account with the group of the store.
fn under(account: u32, run: Run) -> Run {
    let groups = format!("{account},{OWNER}");
    let account = account.to_string();
    let arguments = [
        "--reuid", &account, "--regid", &account, "--groups", &groups,
    ];
    run.under(Path::new("setpriv"), &arguments)
}

/// See [`PROGRAM`].
struct Program {
    child: Child,
    input: ChildStdin,
    output: BufReader<std::process::ChildStdout>,
}

impl Program {
    fn start(store: &Path) -> Self {
        let mut child = Command::new("setpriv")
            .args([
                "--reuid",
                &READER.to_string(),
                "--regid",
                &READER.to_string(),
            ])
            .args(["--groups", &format!("{READER},{OWNER}")])
            .args(["/usr/bin/python3", "-c", PROGRAM])
            .arg(store)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("setpriv and Python are there");
        let input = child.stdin.take().expect("it has a standard input");
        let output = child.stdout.take().expect("it has a standard output");
        Self {
            child,
            input,
            output: BufReader::new(output),
        }
    }

    fn says(&mut self, line: &str) -> String {
        writeln!(self.input, "{line}").expect("it listens");
        let mut said = String::new();
        self.output.read_line(&mut said).expect("it answers");
        said.trim().to_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A store as it lay at rest before: with a log, and without the files of one.
fn lay_down_with_a_log(site: &Site) {
    let script =
        "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('PRAGMA journal_mode = wal')";
    let owner = OWNER.to_string();
    let made = Command::new("setpriv")
        .args(["--reuid", &owner, "--regid", &owner, "--clear-groups"])
        .args(["/usr/bin/python3", "-c", script])
        .arg(site.store())
        .status();
    assert!(made.expect("Python is there").success());
    for ending in ["db-wal", "db-shm"] {
        assert!(!site.store().with_extension(ending).exists(), "{ending}");
    }
    let header = fs::read(site.store()).expect("it is there");
    assert_eq!(header[18..20], [2, 2], "it has a log");
}

#[test]
fn at_rest() {
    for folder in FOLDERS {
        let Some(site) = Site::new(folder) else {
            return;
        };
        site.is_read(3);
        for mail in ["1@example.com", "2@example.com"] {
            site.runs(mail);
            site.is_read(3);
        }
        // Nor is it in the way that the owner has a look.
        site.owner(&["list"]).expect_code(0);
        site.owner(&["check"]).expect_code(0);
        site.is_read(3);
        site.owner(&["add", "zoe"]).expect_code(0);
        site.is_read(4);
        // Taken back, the right to read is gone, and it is one file again.
        set_mode(&site.store(), 0o600);
        site.runs("3@example.com");
        site.reader(&["list"]).expect_code(1);
        let files = fs::read_dir(site.folder()).expect("it can be listed");
        assert_eq!(files.count(), 2, "the store and its lock");
    }
}

#[test]
fn in_the_middle_of_a_run() {
    for folder in FOLDERS {
        let Some(site) = Site::new(folder) else {
            return;
        };
        for mail in ["1@example.com", "2@example.com"] {
            site.directory
                .replace("alice", "mail", [mail])
                .expect("a change");
            site.directory.reset_stats();
            let users = When::page(1).filter_contains("objectcategory");
            let slow = What::Delay(Duration::from_secs(4));
            site.directory.fault(users, slow);
            let mut run = site.as_owner(&["sync", "--full"]).start();
            let deadline = Instant::now() + Duration::from_secs(20);
            while site.directory.stats().searches < 2 {
                assert!(Instant::now() < deadline, "it does not come to its search");
                std::thread::sleep(Duration::from_millis(5));
            }
            site.is_read(3);
            // One that does not end its transaction before the run does.
            let mut program = site.program();
            assert_eq!(program.says("BEGIN"), "3");
            let status = run.wait().expect("it ends");
            assert_eq!(status.code(), Some(0));
            site.directory.clear_faults();
            let list = site.reader(&["list"]).expect_code(0);
            assert!(list.stdout.contains(mail), "{list}");
            assert_eq!(program.says("count"), "3");
            drop(program);
            site.is_read(3);
        }
    }
}

#[test]
fn after_a_run_that_was_killed() {
    for folder in FOLDERS {
        let Some(site) = Site::new(folder) else {
            return;
        };
        for (point, users) in [("written", 3), ("committed", 4)] {
            let add = site.as_owner(&["add", "zoe"]).env("ADSYNC_CRASH_AT", point);
            assert_eq!(add.run().code, -1, "{point}");
            site.is_read(users);
        }
        site.runs("1@example.com");
        site.is_read(4);
    }
}

/// It began before the run and goes on behind it.
#[test]
fn who_reads_all_the_while_is_not_in_the_way() {
    for folder in FOLDERS {
        let Some(site) = Site::new(folder) else {
            return;
        };
        site.runs("1@example.com");
        let mut program = site.program();
        assert_eq!(program.says("BEGIN"), "3");
        let began = Instant::now();
        site.runs("2@example.com");
        site.owner(&["add", "zoe"]).expect_code(0);
        site.owner(&["remove", "bob", "carol"]).expect_code(0);
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "it is not waited for"
        );
        assert_eq!(program.says("count"), "3", "as it was when it began");
        assert_eq!(program.says("END"), "ended");
        assert_eq!(program.says("count"), "2");
        site.runs("3@example.com");
        drop(program);
        site.is_read(2);
    }
}

/// An open connection that reads nothing just now.
#[test]
fn nor_is_who_keeps_it_open() {
    for folder in FOLDERS {
        let Some(site) = Site::new(folder) else {
            return;
        };
        let mut program = site.program();
        assert_eq!(program.says("count"), "3");
        for (number, mail) in ["1@example.com", "2@example.com"].iter().enumerate() {
            site.runs(mail);
            site.owner(&["add", &format!("zoe{number}")]).expect_code(0);
            assert_eq!(program.says("count"), (4 + number).to_string());
        }
    }
}

#[test]
fn a_check_says_what_that_account_can_do() {
    for folder in FOLDERS {
        let Some(site) = Site::new(folder) else {
            return;
        };
        for mail in ["1@example.com", "2@example.com"] {
            let said = site.reader(&["check"]).expect_code(1);
            assert!(said.stdout.contains("FAIL  store"), "{said}");
            let said = site.reader(&["check", "--read-only"]).expect_code(0);
            assert!(
                said.stdout.contains("3 users, 3 of them imported"),
                "{said}"
            );
            let said = site.owner(&["check"]).expect_code(0);
            assert!(
                said.stdout.contains("3 users, 3 of them imported"),
                "{said}"
            );
            site.is_the_owners();
            site.runs(mail);
        }
    }
}

/// Files that a program of the reader made beside a store without any, as each does in a folder that it may
/// write to.
#[test]
fn what_a_reader_left_there_is_taken_away() {
    let Some(site) = Site::new(0o2770) else {
        return;
    };
    lay_down_with_a_log(&site);
    // adsync leaves none.
    let list = site.reader(&["list", "--format", "csv"]).expect_code(0);
    assert_eq!(list.stdout.lines().count(), 4, "{list}");
    site.is_the_owners();
    let mut program = site.program();
    assert_eq!(program.says("count"), "3");
    let index = site.store().with_extension("db-shm");
    assert_eq!(fs::metadata(&index).expect("it was made").uid(), READER);
    // As long as that program has the store open, its files cannot be taken away from it.
    let said = site.owner(&["sync"]).expect_code(1);
    for words in [
        "users.db-shm: it belongs to",
        "has the store open",
        "hint: ",
    ] {
        assert!(said.stderr.contains(words), "{words:?}\n{said}");
    }
    drop(program);
    assert!(index.exists(), "it stays there");
    site.runs("1@example.com");
    site.is_read(3);
    site.runs("2@example.com");
}

/// A log in which there are changes is not taken away, whoever owns it.
#[test]
fn a_log_with_changes_is_kept() {
    let Some(site) = Site::new(0o2770) else {
        return;
    };
    lay_down_with_a_log(&site);
    let log = site.store().with_extension("db-wal");
    write_private(&log, "changes");
    chown(&log, Some(READER), Some(READER)).expect("root may");
    let said = site.owner(&["sync"]).expect_code(1);
    for words in ["users.db-wal: it belongs to", "holds changes", "hint: "] {
        assert!(said.stderr.contains(words), "{words:?}\n{said}");
    }
    assert_eq!(fs::read_to_string(&log).expect("it is there"), "changes");
}

/// A folder that hands its group on: then the owner need not have that group for its own.
#[test]
fn by_way_of_another_group() {
    let Some(site) = Site::new(0o2750) else {
        return;
    };
    let group = 61_009;
    for path in [site.folder(), site.store()] {
        chown(&path, None, Some(group)).expect("root may");
    }
    // Root changed the group, and with it the mode.
    set_mode(&site.folder(), 0o2750);
    let count = || {
        let mut command = Command::new("setpriv");
        command
            .args([
                "--reuid",
                &READER.to_string(),
                "--regid",
                &READER.to_string(),
            ])
            .args(["--groups", &group.to_string()])
            .args(["/usr/bin/python3", "-c", PROGRAM])
            .arg(site.store());
        let finished =
            crate::support::process::run(&mut command, b"count\n", Duration::from_secs(20));
        String::from_utf8_lossy(&finished.stdout).trim().to_owned()
    };
    assert_eq!(count(), "3");
    for mail in ["1@example.com", "2@example.com"] {
        site.runs(mail);
        assert_eq!(count(), "3");
    }
}
