//! A directory in memory that can misbehave, and a folder to run adsync in whose settings lead to it.
//!
//! It owns setting that stage and looking at the store afterwards. It must not know what adsync
//! promises: that is for the tests.

use std::fs::File;
use std::io::{Read, Seek};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use testdir::{Directory, PASSWORD, TestDir, USERNAME, What, When};

use super::adsync::{Answer, Run, Sandbox, Settings};

/// The domain of every [`TestDir`] that was given no other.
pub(crate) const DOMAIN: &str = "DC=corp,DC=example,DC=com";
/// Where its users are, and what the settings name as `base_dn`.
pub(crate) const STAFF: &str = "OU=Staff,DC=corp,DC=example,DC=com";
/// Beside it: in the domain, out of the scope.
pub(crate) const ELSEWHERE: &str = "OU=Elsewhere,DC=corp,DC=example,DC=com";

/// Settings for a directory in memory, with the shortest deadlines there are.
pub(crate) fn settings_for(directory: &TestDir) -> Settings {
    Settings {
        base_dn: Some(STAFF.to_owned()),
        username: Some(USERNAME.to_owned()),
        password: Some(PASSWORD.to_owned()),
        ..Settings::for_url(&directory.url())
    }
}

/// A directory, and adsync with a store of its own.
pub(crate) struct Stage {
    pub(crate) directory: TestDir,
    pub(crate) sandbox: Sandbox,
    settings: Settings,
}

impl Stage {
    /// Around a directory; `OU=Staff` and `OU=Elsewhere` are made if they are not there.
    pub(crate) fn around(directory: TestDir) -> Self {
        for ou in [STAFF, ELSEWHERE] {
            // It may be there already.
            let _ = directory.add(ou, [("objectClass", "organizationalUnit")]);
        }
        let settings = settings_for(&directory);
        Self {
            sandbox: Sandbox::new(&settings),
            directory,
            settings,
        }
    }

    /// An Active Directory with these users below `OU=Staff`; the store is empty.
    pub(crate) fn with(users: &[&str]) -> Self {
        let stage = Self::around(TestDir::start().expect("a free port"));
        for user in users {
            stage.change(|directory| directory.add_user(*user));
        }
        stage
    }

    /// The same, and all of them are imported.
    pub(crate) fn imported(users: &[&str]) -> Self {
        let stage = Self::with(users);
        stage.run(&["import", "--all"]).expect_code(0);
        stage
    }

    /// An Active Directory with this many users, `u000001` and on, none of them imported.
    pub(crate) fn with_many(count: usize) -> Self {
        let stage = Self::with(&[]);
        stage.change(|directory| directory.add_users(count));
        stage
    }

    /// The same, and all of them are imported.
    pub(crate) fn imported_many(count: usize) -> Self {
        let stage = Self::with_many(count);
        stage.run(&["import", "--all"]).expect_code(0);
        stage
    }

    /// Changes the settings; what was changed before stays.
    pub(crate) fn configure(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings);
        self.sandbox.configure(&self.settings);
    }

    /// Adds lines to `[directory]`.
    pub(crate) fn configure_directory(&mut self, lines: &str) {
        self.configure(|settings| settings.more_directory.extend([lines, "\n"]));
    }

    /// Adds lines to `[sync]`.
    pub(crate) fn configure_sync(&mut self, lines: &str) {
        self.configure(|settings| settings.more_sync.extend([lines, "\n"]));
    }

    /// Gives up on every answer after a second, which is the shortest deadline there is.
    pub(crate) fn hurry(&mut self) {
        self.configure_directory("timeout_secs = 1\nconnect_timeout_secs = 1");
    }

    /// Changes the directory.
    #[track_caller]
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Directory) -> anyhow::Result<T>) -> T {
        self.directory
            .edit(change)
            .unwrap_or_else(|error| panic!("the directory refused a change: {error:#}"))
    }

    /// Makes a user of the directory a deleted object that the account sees: that is proof.
    #[track_caller]
    pub(crate) fn bury(&self, user: &str) {
        self.directory.see_tombstones(true);
        self.change(|directory| directory.delete(user));
    }

    /// Gives a user of the directory another value, or none.
    #[track_caller]
    pub(crate) fn set(&self, user: &str, attribute: &str, value: &str) {
        let values: Vec<&str> = [value].into_iter().filter(|it| !it.is_empty()).collect();
        self.change(|directory| directory.replace(user, attribute, values));
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Answer {
        self.sandbox.run(arguments)
    }

    pub(crate) fn prepare(&self, arguments: &[&str]) -> Run {
        self.sandbox.prepare(arguments)
    }

    /// What a command prints as JSON, when it ends with this code.
    #[track_caller]
    pub(crate) fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--format", "json"]].concat();
        self.run(&arguments).expect_code(code).json()
    }

    /// What `adsync sync` prints as JSON, when it ends with this code.
    #[track_caller]
    pub(crate) fn sync(&self, code: i32) -> Value {
        self.json(code, &["sync"])
    }

    /// The users of the store, as `adsync list` prints them.
    #[track_caller]
    pub(crate) fn users(&self) -> Vec<Value> {
        let list = self.json(0, &["list"]);
        list["users"].as_array().expect("a list of users").clone()
    }

    #[track_caller]
    pub(crate) fn usernames(&self) -> Vec<String> {
        let users = self.users();
        users.iter().map(|user| text(user, "username")).collect()
    }

    #[track_caller]
    pub(crate) fn user(&self, username: &str) -> Value {
        let found = self
            .users()
            .into_iter()
            .find(|user| user["username"] == username);
        found.unwrap_or_else(|| panic!("no {username} in the store"))
    }

    /// A run that holds the store and waits for an answer of the directory, which never comes.
    pub(crate) fn held(&self, arguments: &[&str], output: fn() -> Stdio) -> Child {
        self.directory.reset_stats();
        self.directory.fault(When::page(1), What::Hang);
        let child = self.prepare(arguments).start_into(output(), output());
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.directory.stats().searches < 2 {
            assert!(Instant::now() < deadline, "it does not come to its search");
            std::thread::sleep(Duration::from_millis(5));
        }
        self.directory.clear_faults();
        child
    }

    /// All that the store holds, row by row.
    #[track_caller]
    pub(crate) fn contents(&self) -> Contents {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let db = rusqlite::Connection::open_with_flags(self.sandbox.store_path(), flags)
            .expect("the store can be opened");
        Contents {
            users: rows(&db, "SELECT * FROM users ORDER BY id"),
            changes: rows(&db, "SELECT * FROM changes ORDER BY run_id, user_id"),
            runs: rows(&db, "SELECT * FROM runs ORDER BY id"),
            marks: rows(&db, "SELECT * FROM marks"),
        }
    }

    /// From now on, whoever writes a row about a user fails.
    #[track_caller]
    pub(crate) fn freeze_users(&self) {
        let db = rusqlite::Connection::open(self.sandbox.store_path());
        let triggers = ["INSERT", "UPDATE", "DELETE"].map(|event| {
            format!(
                "CREATE TRIGGER frozen_{event} BEFORE {event} ON users \
                 BEGIN SELECT RAISE(ABORT, 'a row of users was written'); END;"
            )
        });
        db.and_then(|db| db.execute_batch(&triggers.concat()))
            .expect("a trigger can be made");
    }

    /// The names of the files beside the store, itself included.
    pub(crate) fn store_files(&self) -> Vec<String> {
        let path = self.sandbox.store_path();
        let folder = path.parent().expect("the store lies in a folder");
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .expect("the folder of the store can be read")
            .map(|file| file.expect("an entry").file_name().display().to_string())
            .collect();
        names.sort();
        names
    }
}

/// The points at which a build for tests can be ended, in the order in which a run comes by; only the
/// last is behind the commit.
pub(crate) const CRASH_POINTS: [&str; 11] = [
    "locked",
    "file made",
    "prepared",
    "begun",
    "run noted",
    "deleted",
    "taken out",
    "modified",
    "imported",
    "written",
    "committed",
];

/// The tables of a store.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) users: Vec<String>,
    pub(crate) changes: Vec<String>,
    pub(crate) runs: Vec<String>,
    pub(crate) marks: Vec<String>,
}

impl Contents {
    /// Fails unless nothing happened since but that runs were noted, all with this outcome.
    #[track_caller]
    pub(crate) fn assert_only_noted(&self, before: &Self, outcome: &str) {
        let is_same = self.users == before.users && self.changes == before.changes;
        assert!(is_same, "users were changed: {self:#?}");
        assert_eq!(self.marks, before.marks, "the change mark was moved");
        let (old, new) = self.runs.split_at(before.runs.len());
        let outcome = format!("Text({outcome:?})");
        let are_noted = old == before.runs && new.iter().all(|run| run.contains(&outcome));
        assert!(are_noted, "not only {outcome}: {:#?}", self.runs);
    }
}

/// What a query finds, row by row.
pub(crate) fn rows(db: &rusqlite::Connection, query: &str) -> Vec<String> {
    let mut statement = db.prepare(query).expect("the table is there");
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let values = (0..columns).map(|at| row.get::<_, rusqlite::types::Value>(at));
        let values: Vec<_> = values.collect::<Result<_, _>>()?;
        Ok(format!("{values:?}"))
    });
    let rows = rows.expect("the table can be read").collect();
    Result::expect(rows, "every row can be read")
}

/// A text of a JSON object.
pub(crate) fn text(object: &Value, key: &str) -> String {
    object[key].as_str().unwrap_or_default().to_owned()
}

/// The usernames in one bucket of a run.
pub(crate) fn names(run: &Value, bucket: &str) -> Vec<String> {
    let users = run[bucket].as_array().into_iter().flatten();
    users.map(|user| text(user, "username")).collect()
}

/// Fails unless each of these stands on standard error.
#[track_caller]
pub(crate) fn assert_says(answer: &Answer, words: &[&str]) {
    for words in words {
        assert!(
            answer.stderr.contains(words),
            "{words:?} is not on standard error\n{answer}"
        );
    }
}

/// Runs a command to its end and tells the most memory it ever had, in bytes.
pub(crate) fn peak_memory(mut command: Command, limit: Duration) -> u64 {
    let child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("adsync starts");
    let (status, peak) = watch(child, limit);
    assert!(status.success(), "{status}");
    peak
}

/// Runs adsync; how it ended, its standard error, and the most memory it ever had, in bytes.
pub(crate) fn measured(run: Run, limit: Duration) -> (ExitStatus, String, u64) {
    let mut stderr: File = tempfile::tempfile().expect("a temporary file");
    let shared = stderr.try_clone().expect("a handle can be duplicated");
    let child = run.start_into(Stdio::null(), shared.into());
    let (status, peak) = watch(child, limit);
    let mut text = String::new();
    stderr.rewind().expect("a file can be read from its start");
    stderr.read_to_string(&mut text).expect("text");
    (status, text, peak)
}

/// Waits for a child and tells the most memory it ever had, in bytes: `VmHWM` of `/proc/PID/status`, which
/// only rises, read until the process is gone.
pub(crate) fn watch(mut child: Child, limit: Duration) -> (ExitStatus, u64) {
    let status_file = format!("/proc/{}/status", child.id());
    let deadline = Instant::now() + limit;
    let mut peak = 0;
    loop {
        let text = std::fs::read_to_string(&status_file).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        peak = peak.max(kib.unwrap_or(0) * 1024);
        if let Some(status) = child.try_wait().expect("an own child can be waited for") {
            return (status, peak);
        }
        if Instant::now() > deadline {
            // It may have ended by itself just now; then there is nothing to kill.
            let _ = child.kill();
            panic!("still running after {limit:?}");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
