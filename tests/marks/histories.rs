//! Random histories of one directory and two stores: one is always read as a whole, the other goes on
//! from its mark where it can. Nobody can tell the one from the other.

use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use testdir::{Directory, TestDir, Uuid, What, When};

use crate::controllers::{replicate, service};
use crate::mark::{findings, is_missing_since};
use crate::people::{self, People};
use crate::support::adsync::{Answer, Sandbox, Settings};
use crate::support::embedded::{DOMAIN, ELSEWHERE, STAFF, settings_for};
use crate::support::histories;
use crate::support::random::Random;
use crate::support::store::{Rows, age_missing, missing_since};

const HISTORIES: u64 = 160;

/// How many synchronisations of everybody there were, and how many went on from a mark.
static SYNCS: AtomicUsize = AtomicUsize::new(0);
static DELTAS: AtomicUsize = AtomicUsize::new(0);

#[test]
fn a_store_with_a_mark_and_one_that_is_read_as_a_whole_stay_the_same() {
    histories::play("ADSYNC_MARKS", HISTORIES, |seed, log| {
        History::new(seed, log).play();
    });
    let (syncs, deltas) = (
        SYNCS.load(Ordering::Relaxed),
        DELTAS.load(Ordering::Relaxed),
    );
    // Of one history alone this may not be so.
    let is_enough = syncs < 100 || deltas * 3 > syncs;
    assert!(is_enough, "only {deltas} of {syncs} went on from a mark");
}

struct History<'a> {
    random: Random,
    /// Two controllers of the domain; the second hears of changes now and then.
    controllers: [TestDir; 2],
    people: People,
    settings: Settings,
    by_mark: Sandbox,
    as_a_whole: Sandbox,
    see_tombstones: bool,
    log: &'a mut Vec<String>,
}

impl<'a> History<'a> {
    fn new(seed: u64, log: &'a mut Vec<String>) -> Self {
        let mut random = Random::new(seed);
        let first = TestDir::start().expect("a free port");
        let second = TestDir::builder()
            .ds_service_name(&service("DC2"))
            .invocation_id(Uuid::from_u128(2))
            .first_usn(*random.pick(&[10, 9000, 100_000]))
            .start()
            .expect("a free port");
        for ou in [STAFF, ELSEWHERE, &people::sales()] {
            first
                .add(ou, [("objectClass", "organizationalUnit")])
                .expect("a fresh OU");
        }
        let max_deletes = *random.pick(&["0", "1", "3", "9", "1000", "\"10%\""]);
        let max_missing = *random.pick(&["1", "9", "1000", "\"10%\""]);
        let missing_after = *random.pick(&["0", "24h"]);
        let more_sync = format!(
            "max_deletes = {max_deletes}\nmax_missing = {max_missing}\nmissing_after = \"{missing_after}\""
        );
        let settings = Settings {
            more_directory: format!("page_size = {}", random.between(2, 6)),
            more_sync: more_sync.clone(),
            ..settings_for(&first)
        };
        let mut history = Self {
            see_tombstones: random.percent(50),
            random,
            controllers: [first, second],
            people: People::default(),
            by_mark: Sandbox::new(&settings),
            as_a_whole: Sandbox::new(&settings),
            settings,
            log,
        };
        history.log.push(more_sync);
        history.show_tombstones();
        history
    }

    fn show_tombstones(&mut self) {
        let see = self.see_tombstones;
        self.log.push(format!("tombstones are seen: {see}"));
        for controller in &self.controllers {
            controller.see_tombstones(see);
        }
    }

    fn play(mut self) {
        for _ in 0..self.random.between(2, 8) {
            self.edit(People::add);
        }
        self.replicate();
        self.both(&["import", "--all"]);
        for _ in 0..self.random.between(8, 14) {
            for _ in 0..self.random.below(4) {
                self.edit(People::change);
            }
            if self.random.percent(40) {
                self.replicate();
            }
            self.change_circumstances();
            self.step();
        }
    }

    fn edit(&mut self, change: fn(&mut People, &mut Directory, &mut Random) -> String) {
        let Self { random, people, .. } = self;
        let said = self.controllers[0].edit(|directory| change(people, directory, random));
        self.log.push(said);
    }

    fn replicate(&mut self) {
        self.log.push("replicate".to_owned());
        replicate(&self.controllers[0], &self.controllers[1]);
    }

    fn change_circumstances(&mut self) {
        match self.random.below(100) {
            0..4 => {
                self.see_tombstones = !self.see_tombstones;
                self.show_tombstones();
            }
            4..12 => self.change_settings(),
            _ => {}
        }
    }

    fn change_settings(&mut self) {
        match self.random.below(8) {
            0..3 => {
                let at = self.random.below(2);
                self.settings.urls = vec![self.controllers[at].url()];
                self.log.push(format!("controller {}", at + 1));
            }
            3..5 => {
                let bases = [STAFF.to_owned(), people::sales(), DOMAIN.to_owned()];
                self.settings.base_dn = Some(self.random.pick(&bases).clone());
                self.log.push(format!("base {:?}", self.settings.base_dn));
            }
            5..7 => {
                let mappings = ["", "email = [\"mail\", \"userPrincipalName\"]"];
                mappings[self.random.below(2)].clone_into(&mut self.settings.more_attributes);
                self.log
                    .push(format!("mapping {}", self.settings.more_attributes));
            }
            _ => {
                let lines = ["delete", "disable"].map(|it| format!("\nout_of_scope = \"{it}\""));
                let mut kept = self.settings.more_sync.clone();
                for line in &lines {
                    kept = kept.replace(line, "");
                }
                if self.random.percent(60) {
                    kept += self.random.pick::<String>(&lines);
                }
                self.settings.more_sync = kept;
                self.log.push(format!("[sync] {}", self.settings.more_sync));
            }
        }
        self.configure();
    }

    fn configure(&self) {
        for sandbox in [&self.by_mark, &self.as_a_whole] {
            sandbox.configure(&self.settings);
        }
    }

    /// The controller that the settings lead to.
    fn controller(&self) -> &TestDir {
        let is_used = |it: &&TestDir| self.settings.urls == [it.url()];
        let mut controllers = self.controllers.iter();
        controllers.find(is_used).expect("one of the two")
    }

    fn step(&mut self) {
        let (imported, all) = self.usernames();
        match self.random.below(100) {
            0..60 => self.sync(),
            60..66 => _ = self.both(&["import", "--all"]),
            66..68 => self.part_elsewhere(&["import", "--all"]),
            68..74 if !self.people.guids.is_empty() => {
                let number = self.random.below(self.people.guids.len());
                self.both(&["import", "--users", &people::principal(number)]);
            }
            74..84 if !imported.is_empty() => {
                let names = self.random.some(&imported, 3).join(",");
                let part = ["sync", "--users", &names];
                if self.random.percent(50) {
                    self.part_elsewhere(&part);
                } else {
                    self.both(&part);
                }
            }
            84..89 if !all.is_empty() => {
                let name = self.random.pick(&all).clone();
                self.both(&["remove", "--", &name]);
            }
            89..93 => {
                let names = ["alice", "bob", "carol", "dora", "élodie", "straße"];
                let name = *self.random.pick(&names);
                self.both(&["restore", name]);
            }
            93..97 => {
                let name = *self.random.pick(&["alice", "BOB", "local", "dora"]);
                let mail = *self.random.pick(&["a@x.org", "B@x.org", "l@x.org"]);
                self.both(&["add", name, "--email", mail]);
            }
            97..98 => self.failing_sync(),
            98..99 => self.forget_the_deleted(),
            _ => {
                self.log.push("a day passes".to_owned());
                for sandbox in [&self.by_mark, &self.as_a_whole] {
                    age_missing(&sandbox.store_path(), 24);
                }
            }
        }
    }

    /// A part of the users, read under other settings for once.
    fn part_elsewhere(&mut self, arguments: &[&str]) {
        let settings = self.settings.clone();
        match self.random.below(3) {
            0 => self.change_settings(),
            1 => self.settings.base_dn = Some(people::sales()),
            _ => "last_name = \"cn\"".clone_into(&mut self.settings.more_attributes),
        }
        self.configure();
        let Settings {
            base_dn,
            more_attributes,
            ..
        } = &self.settings;
        let said = format!("for once: base {base_dn:?}, mapping {more_attributes}");
        self.log.push(said);
        self.both(arguments);
        self.settings = settings;
        self.log.push("the settings of before".to_owned());
        self.configure();
    }

    /// The lifetime of all tombstones has passed; not before everybody has heard of them.
    fn forget_the_deleted(&mut self) {
        self.replicate();
        if self.both(&["sync"]) == 0 {
            self.log.push("collect garbage".to_owned());
            for controller in &self.controllers {
                controller.edit(Directory::collect_garbage);
            }
        }
    }

    fn sync(&mut self) {
        let mut arguments = vec!["sync"];
        let number = self.random.below(5).to_string();
        for (chance, words) in [
            (10, &["--strict"][..]),
            (20, &["--allow-deletes", &number]),
            (10, &["--allow-missing", &number]),
            (10, &["--delete-missing"]),
            (15, &["--dry-run"]),
        ] {
            if self.random.percent(chance) {
                arguments.extend(words);
            }
        }
        if arguments.last() == Some(&"--dry-run") && self.random.percent(50) {
            arguments.push("--exit-code");
        }
        self.both(&arguments);
    }

    /// A run by change mark that fails somewhere, which must be as if it had never been.
    fn failing_sync(&mut self) {
        let nth = u32::try_from(self.random.between(1, 6)).expect("a small number");
        let code = *self.random.pick(&[1, 4, 11, 51, 53]);
        self.controller()
            .fault(When::search().from(nth), What::answer(code, "no"));
        let before = rows(&self.by_mark);
        let answer = run(&self.by_mark, &["sync"]);
        self.controller().clear_faults();
        self.log.push(format!(
            "$ sync, which fails at search {nth} with {code}: {}",
            answer.code
        ));
        if answer.code == 5 {
            let after = rows(&self.by_mark);
            assert_eq!(
                (after.users, after.marks),
                (before.users, before.marks),
                "{answer}"
            );
        } else {
            let other = run(&self.as_a_whole, &["sync", "--full"]);
            self.are_equal(&answer, &other);
        }
    }

    /// Runs a command in both stores; a synchronisation of everybody goes on from the mark in the one,
    /// and reads everything in the other.
    fn both(&mut self, arguments: &[&str]) -> i32 {
        let is_of_everybody = arguments[0] == "sync" && !arguments.contains(&"--users");
        let full: &[&str] = if is_of_everybody { &["--full"] } else { &[] };
        let since = [&self.by_mark, &self.as_a_whole].map(|it| missing_since(&it.store_path()));
        let by_mark = run(&self.by_mark, arguments);
        let as_a_whole = run(&self.as_a_whole, &[arguments, full].concat());
        is_missing_since(&since[0], &json(&by_mark));
        is_missing_since(&since[1], &json(&as_a_whole));
        let mode = json(&by_mark)["mode"].clone();
        self.log
            .push(format!("$ {arguments:?}: {mode} {}", by_mark.code));
        if is_of_everybody {
            SYNCS.fetch_add(1, Ordering::Relaxed);
            DELTAS.fetch_add(usize::from(mode == "delta"), Ordering::Relaxed);
        }
        self.are_equal(&by_mark, &as_a_whole);
        by_mark.code
    }

    #[track_caller]
    fn are_equal(&self, by_mark: &Answer, as_a_whole: &Answer) {
        let told = |answer: &Answer| (answer.code, findings(&json(answer)));
        assert_eq!(told(by_mark), told(as_a_whole), "{by_mark}\n{as_a_whole}");
        let (one, other) = (rows(&self.by_mark), rows(&self.as_a_whole));
        assert_eq!(one.users, other.users, "{by_mark}\n{as_a_whole}");
        assert!(matches!(by_mark.code, 0 | 2 | 3 | 4 | 7), "{by_mark}");
    }

    /// The names of the imported users, and of all.
    fn usernames(&self) -> (Vec<String>, Vec<String>) {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let db = Connection::open_with_flags(self.by_mark.store_path(), flags).expect("a store");
        let names = |condition: &str| -> Vec<String> {
            let query = format!("SELECT username FROM users WHERE {condition} ORDER BY id");
            let mut statement = db.prepare(&query).expect("the table is there");
            let names = statement.query_map([], |row| row.get(0)).expect("names");
            names.collect::<Result<_, _>>().expect("names")
        };
        (names("guid IS NOT NULL"), names("true"))
    }
}

fn run(sandbox: &Sandbox, arguments: &[&str]) -> Answer {
    sandbox.run(&[&["--format", "json"], arguments].concat())
}

fn rows(sandbox: &Sandbox) -> Rows {
    Rows::of(&sandbox.store_path())
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.stdout).unwrap_or(Value::Null)
}
