//! What is true of a run that reads everything is true of one by change mark, and of one of chosen
//! users: each test of this rule runs all of them on the same store.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::adsync::{self, Answer, Sandbox};

/// How a run reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Full,
    /// By change mark, of which the server must be capable.
    Delta,
    /// As adsync chooses.
    Any,
    Selected,
}

/// On a domain controller whose change mark the store has.
pub(crate) const ALL: [Mode; 3] = [Mode::Full, Mode::Delta, Mode::Selected];
/// On a server without change marks, and on another domain controller than that of the mark.
pub(crate) const UNMARKED: [Mode; 3] = [Mode::Full, Mode::Any, Mode::Selected];

/// A run in one mode.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) mode: Mode,
    pub(crate) code: i32,
    /// Standard error, and what was printed.
    pub(crate) answer: Answer,
    /// The users of the store afterwards.
    pub(crate) users: Vec<Value>,
}

impl Run {
    /// What was printed, when it ended with this code.
    #[track_caller]
    pub(crate) fn json(&self, code: i32) -> Value {
        assert_eq!(self.code, code, "{:?}: {}", self.mode, self.answer);
        let run = self.answer.json();
        let expected = match self.mode {
            Mode::Full => "full",
            Mode::Delta => "delta",
            Mode::Selected => "selected",
            Mode::Any => return run,
        };
        if code == 0 {
            assert_eq!(run["mode"], expected, "{}", self.answer);
        }
        run
    }

    /// The user of the store of that name.
    #[track_caller]
    pub(crate) fn user(&self, username: &str) -> &Value {
        let mut users = self.users.iter();
        users
            .find(|user| user["username"] == username)
            .unwrap_or_else(|| panic!("{:?}: no {username}\n{}", self.mode, self.answer))
    }
}

/// Runs `adsync sync` in each of these modes, with more arguments; every run finds the store as it is now, and
/// leaves it so. The chosen users are for the last mode.
#[track_caller]
pub(crate) fn sync(sandbox: &Sandbox, modes: &[Mode], chosen: &[&str], more: &[&str]) -> Vec<Run> {
    sync_through(sandbox, modes, chosen, more, |run| run)
}

/// The same, each run started in another way.
#[track_caller]
pub(crate) fn sync_through(
    sandbox: &Sandbox,
    modes: &[Mode],
    chosen: &[&str],
    more: &[&str],
    through: impl Fn(adsync::Run) -> adsync::Run,
) -> Vec<Run> {
    let store = Store::of(sandbox);
    let chosen = chosen.join(",");
    let mut runs = Vec::new();
    for &mode in modes {
        let how = match mode {
            Mode::Full => &["--full"][..],
            Mode::Delta | Mode::Any => &[],
            Mode::Selected => &["--users", &chosen],
        };
        let arguments = [&["sync", "--format", "json"], how, more].concat();
        let answer = through(sandbox.prepare(&arguments)).run();
        runs.push(Run {
            mode,
            code: answer.code,
            answer,
            users: crate::users(sandbox),
        });
        store.put_back(sandbox);
    }
    runs
}

/// The files of a store as they were at one moment.
pub(crate) struct Store(Vec<(PathBuf, Vec<u8>)>);

impl Store {
    pub(crate) fn of(sandbox: &Sandbox) -> Self {
        let read = |path: PathBuf| {
            let bytes = fs::read(&path).expect("an own file can be read");
            (path, bytes)
        };
        Self(files(sandbox).into_iter().map(read).collect())
    }

    pub(crate) fn put_back(&self, sandbox: &Sandbox) {
        for file in files(sandbox) {
            fs::remove_file(file).expect("an own file can be removed");
        }
        for (path, bytes) in &self.0 {
            fs::write(path, bytes)
                .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o600)))
                .expect("the folder is writable");
        }
    }
}

fn files(sandbox: &Sandbox) -> Vec<PathBuf> {
    let path = sandbox.store_path();
    let folder = path.parent().expect("the store lies in a folder");
    let entries = fs::read_dir(folder).expect("the folder of the store can be read");
    entries
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

/// Lets the users that are missing have been so since this many hours ago.
pub(crate) fn age_missing(sandbox: &Sandbox, hours: u32) {
    let store = rusqlite::Connection::open(sandbox.store_path()).expect("the store can be opened");
    let changed = store.execute(
        "UPDATE users SET missing_since = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', ?1)
         WHERE missing_since IS NOT NULL",
        [format!("-{hours} hours")],
    );
    assert_ne!(changed, Ok(0), "nobody is missing");
    changed.expect("the store can be written");
}
