//! Random histories of a directory and a store: each run is taken back, and at the end all of them, one by one.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use testdir::TestDir;

use crate::people::{self, People};
use crate::support::adsync::{Sandbox, Settings};
use crate::support::embedded::{ELSEWHERE, STAFF, settings_for};
use crate::support::histories;
use crate::support::random::Random;
use crate::undo::{OF_AN_OLD_DOMAIN, last_in, table_of, undo_in};

const HISTORIES: u64 = 24;

/// How many runs changed the users, and were taken back at once.
static UNDONE: AtomicUsize = AtomicUsize::new(0);

#[test]
fn whatever_runs_did_can_be_taken_back() {
    histories::play("ADSYNC_UNDO", HISTORIES, |seed, log| {
        History::new(seed, log).play();
    });
    let undone = UNDONE.load(Ordering::Relaxed);
    let is_many = undone >= 60 || std::env::var_os("ADSYNC_UNDO_HISTORIES").is_some();
    assert!(is_many, "only {undone} runs changed anything");
}

struct History<'a> {
    random: Random,
    directory: TestDir,
    people: People,
    settings: Settings,
    sandbox: Sandbox,
    /// What the users were before each run that was not taken back.
    before: Vec<(i64, Vec<String>)>,
    added: usize,
    log: &'a mut Vec<String>,
}

impl<'a> History<'a> {
    fn new(seed: u64, log: &'a mut Vec<String>) -> Self {
        let mut random = Random::new(seed);
        let directory = TestDir::start().expect("a free port");
        for ou in [STAFF, ELSEWHERE, &people::sales()] {
            directory
                .add(ou, [("objectClass", "organizationalUnit")])
                .expect("a fresh OU");
        }
        let see_tombstones = random.percent(50);
        directory.see_tombstones(see_tombstones);
        let missing_after = *random.pick(&["0", "24h"]);
        let out_of_scope = *random.pick(&["keep", "disable", "delete"]);
        let settings = Settings {
            more_sync: format!(
                "max_deletes = 1000\nmax_cleared = 1000\nmax_disabled = 1000\nmax_modified = 1000\n\
                 max_missing = 1000\nmissing_after = \"{missing_after}\"\n\
                 out_of_scope = \"{out_of_scope}\"\n"
            ),
            ..settings_for(&directory)
        };
        log.push(format!(
            "tombstones {see_tombstones}, missing_after {missing_after}, {out_of_scope}"
        ));
        Self {
            random,
            directory,
            people: People::default(),
            sandbox: Sandbox::new(&settings),
            settings,
            before: Vec::new(),
            added: 0,
            log,
        }
    }

    fn play(mut self) {
        for _ in 0..self.random.between(3, 8) {
            self.edit(People::add);
        }
        self.run(&["import", "--all"]);
        if self.random.percent(30) {
            self.log.push("the domain is forgotten".to_owned());
            rusqlite::Connection::open(self.sandbox.store_path())
                .and_then(|db| db.execute_batch(OF_AN_OLD_DOMAIN))
                .expect("the store can be written");
        }
        for _ in 0..self.random.between(6, 12) {
            for _ in 0..self.random.below(5) {
                self.edit(People::change);
            }
            self.change_circumstances();
            self.step();
        }
        self.unwind();
    }

    fn edit(&mut self, change: fn(&mut People, &mut testdir::Directory, &mut Random) -> String) {
        let Self { random, people, .. } = self;
        let said = self
            .directory
            .edit(|directory| change(people, directory, random));
        self.log.push(said);
    }

    fn change_circumstances(&mut self) {
        match self.random.below(100) {
            0..10 if !self.people.guids.is_empty() => {
                let guid = *self.random.pick(&self.people.guids);
                self.log.push(format!("nobody sees {guid}"));
                self.directory.deny_identity(guid);
            }
            10..20 => {
                self.log.push("everybody is seen".to_owned());
                self.directory.allow_all();
            }
            20..25 => {
                let bases = [STAFF.to_owned(), people::sales()];
                self.settings.base_dn = Some(self.random.pick(&bases).clone());
                self.log.push(format!("base {:?}", self.settings.base_dn));
                self.sandbox.configure(&self.settings);
            }
            _ => {}
        }
    }

    fn step(&mut self) {
        let all = self.usernames(|_| true);
        let imported = self.usernames(|user| user["source"] == "directory");
        match self.random.below(100) {
            0..45 => self.run(&["sync"]),
            45..55 => self.run(&["sync", "--full"]),
            55..62 => self.run(&["import", "--all"]),
            62..70 if !imported.is_empty() => {
                let names = self.random.some(&imported, 3).join(",");
                self.run(&["sync", "--users", &names]);
            }
            70..78 => {
                self.added += 1;
                let name = format!("local{}", self.added);
                let mail = *self.random.pick(&["a@x.org", "b@x.org", ""]);
                self.run(&["add", &name, "--email", mail]);
            }
            78..86 if !all.is_empty() => {
                let names = self.random.some(&all, 3);
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                self.run(&[&["remove"], &names[..]].concat());
            }
            86..94 => {
                let run = self
                    .random
                    .between(1, usize::try_from(last_in(&self.sandbox)).expect("few"));
                self.run(&["restore", "--run", &run.to_string()]);
            }
            _ => self.undo_any(),
        }
    }

    fn usernames(&self, is_wanted: impl Fn(&Value) -> bool) -> Vec<String> {
        let list = self
            .sandbox
            .run(&["list", "--format", "json"])
            .expect_code(0)
            .json();
        let users = list["users"].as_array().expect("a list").iter();
        let wanted = users.filter(|user| is_wanted(user));
        let name = |user: &Value| user["username"].as_str().expect("a name").to_owned();
        wanted.map(name).collect()
    }

    /// A run that is taken back, and as often as not brought back.
    fn run(&mut self, arguments: &[&str]) {
        let before = table_of(&self.sandbox);
        let last = last_in(&self.sandbox);
        let answer = self.sandbox.run(arguments);
        self.log.push(format!("{answer}"));
        if !matches!(answer.code, 0 | 7) {
            // Refused, failed, or nobody to do it to: nothing was changed.
            assert_eq!(table_of(&self.sandbox), before);
            return;
        }
        let number = last_in(&self.sandbox);
        assert_eq!(number, last + 1);
        let after = table_of(&self.sandbox);
        if before == after {
            return;
        }
        UNDONE.fetch_add(1, Ordering::Relaxed);
        self.undo(number, &before);
        if self.random.percent(60) {
            self.undo(number + 1, &after);
            self.before.push((number + 2, before));
        }
    }

    fn undo(&mut self, run: i64, expected: &[String]) {
        let answer = undo_in(&self.sandbox, run);
        self.log.push(format!("{answer}"));
        assert_eq!(answer.code, 0, "{answer}");
        assert_eq!(table_of(&self.sandbox), expected, "{answer}");
    }

    /// An undo of any run there ever was, which may have to leave much.
    fn undo_any(&mut self) {
        let run = self
            .random
            .between(1, usize::try_from(last_in(&self.sandbox)).expect("few"));
        let before = table_of(&self.sandbox);
        let answer = undo_in(&self.sandbox, i64::try_from(run).expect("few"));
        self.log.push(format!("{answer}"));
        assert!(matches!(answer.code, 0 | 2 | 4 | 7), "{answer}");
        if table_of(&self.sandbox) != before {
            self.before.push((last_in(&self.sandbox), before));
        }
    }

    /// Takes back all that was done, the last of it first. Nothing is left of it at the end.
    fn unwind(&mut self) {
        while let Some((run, before)) = self.before.pop() {
            // An undo that brought a run back is itself the last word on it.
            self.undo(run, &before);
        }
        assert_eq!(table_of(&self.sandbox), Vec::<String>::new());
    }
}
