//! One directory, and beside each other stores of every kind that are filled from it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use testdir::{TestDir, What, When};

use crate::support::adsync::{Answer, Sandbox, Settings};
use crate::support::database::{Database, Kind};
use crate::support::embedded::{STAFF, Stage, settings_for};
use crate::support::store::without_times;

/// adsync with a store in a database.
pub(crate) struct InDatabase {
    pub(crate) sandbox: Sandbox,
    pub(crate) database: Database,
    settings: Settings,
}

impl InDatabase {
    /// Around a directory; `more` are more lines of `[store]`.
    pub(crate) fn new(directory: &TestDir, database: Database, more: &str) -> Self {
        let settings = Settings {
            store: Some(database.settings() + more),
            ..settings_for(directory)
        };
        Self {
            sandbox: Sandbox::new(&settings),
            database,
            settings,
        }
    }

    /// Adds lines to `[sync]`.
    pub(crate) fn configure_sync(&mut self, lines: &str) {
        self.settings.more_sync.extend([lines, "\n"]);
        self.sandbox.configure(&self.settings);
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Answer {
        self.sandbox.run(arguments)
    }

    /// What a command prints as JSON, when it ends with this code.
    #[track_caller]
    pub(crate) fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--format", "json"]].concat();
        self.run(&arguments).expect_code(code).json()
    }

    pub(crate) fn sql(&self, sql: &str) -> String {
        self.database.sql(sql)
    }
}

/// The same directory in an `SQLite` file and in databases.
pub(crate) struct SideBySide {
    pub(crate) file: Stage,
    pub(crate) databases: Vec<InDatabase>,
}

impl SideBySide {
    /// With these users below `OU=Staff`; a store in each kind of database, whose `[store]` has these lines more.
    pub(crate) fn with(users: &[&str], prepare: impl Fn(&Database) -> String) -> Self {
        let file = Stage::with(users);
        let add = |kind| {
            let database = Database::new(kind);
            let more = prepare(&database);
            InDatabase::new(&file.directory, database, &more)
        };
        let databases = Kind::ALL.into_iter().map(add).collect();
        Self { file, databases }
    }

    /// Adds lines to `[sync]` everywhere.
    pub(crate) fn configure_sync(&mut self, lines: &str) {
        self.file.configure_sync(lines);
        for it in &mut self.databases {
            it.configure_sync(lines);
        }
    }

    /// Runs a command on each store. What it prints as JSON, which is the same on all of them, as is the code.
    #[track_caller]
    pub(crate) fn run(&self, code: i32, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--format", "json"]].concat();
        let told = self.file.run(&arguments);
        let expected = comparable(&told);
        for it in &self.databases {
            let answer = it.run(&arguments);
            let found = comparable(&answer);
            assert!(
                (found.0, &found.1) == (expected.0, &expected.1),
                "{:?} differs from SQLite\n{answer}\nSQLite:\n{told}\nlog:\n{}",
                it.database.kind(),
                it.run(&["history", "--limit", "2"])
            );
            assert_eq!(answer.stderr.is_empty(), told.stderr.is_empty(), "{answer}");
        }
        told.expect_code(code).json()
    }

    /// Gives a user of the directory, by its common name, another value.
    #[track_caller]
    pub(crate) fn set(&self, user: &str, attribute: &str, value: &str) {
        self.file.set(&dn(user), attribute, value);
    }

    /// Deletes a user of the directory, by its common name, with a tombstone.
    #[track_caller]
    pub(crate) fn bury(&self, user: &str) {
        self.file.bury(&dn(user));
    }
}

pub(crate) fn dn(user: &str) -> String {
    format!("CN={user},{STAFF}")
}

/// The exit code, and what was printed without times and the store's name.
fn comparable(answer: &Answer) -> (i32, String) {
    let mut json = answer.json();
    forget_durations(&mut json);
    (answer.code, without_times(&format!("{json:#}")))
}

fn forget_durations(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("duration_ms");
            fields.values_mut().for_each(forget_durations);
        }
        Value::Array(values) => values.iter_mut().for_each(forget_durations),
        _ => {}
    }
}

/// Runs `meanwhile` while another run holds the store and waits for an answer of the directory, which never comes.
pub(crate) fn while_held(directory: &TestDir, sandbox: &Sandbox, meanwhile: impl FnOnce(u32)) {
    directory.reset_stats();
    directory.fault(When::page(1), What::Hang);
    let mut child = sandbox
        .prepare(&["sync"])
        .start_into(Stdio::null(), Stdio::null());
    let deadline = Instant::now() + Duration::from_mins(1);
    while directory.stats().searches < 2 {
        assert!(Instant::now() < deadline, "it does not come to its search");
        std::thread::sleep(Duration::from_millis(5));
    }
    directory.clear_faults();
    meanwhile(child.id());
    child.kill().expect("an own child can be killed");
    child.wait().expect("an own child can be waited for");
}
