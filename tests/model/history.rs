//! One random history: changes of two domains, commands, faults and kills, rights that are lost, time that
//! passes; after each command the store is compared with what the rules say.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use testdir::{Scope, TestDir, What, When};

use crate::happened::note;
use crate::observed::{DOMAINS, Observed, mode_called};
use crate::rules::{
    self, Allowed, Buckets, DAY, Domain, HOUR, Key, Limit, Limits, Mode, OutOfScope, Outcome,
    Scene, Sight, Status, Store, Terms, Time, User, Values, Whereabouts, Whom,
};
use crate::support::adsync::{Sandbox, Settings};
use crate::support::clock::pass_time;
use crate::support::embedded::{CRASH_POINTS, settings_for};
use crate::support::process;
use crate::support::random::Random;
use crate::world::{self, Account, LIFETIME_DAYS, World};

/// What tells a search that reads the whole scope.
const SCOPE: &str = "objectcategory=person";

/// How long it is until the next run: none of these, nor a sum of them, comes near to a limit of the rules.
const PAUSES: [Time; 8] = [
    70 * 60,
    70 * 60,
    13 * HOUR + 20 * 60,
    13 * HOUR + 20 * 60,
    25 * HOUR + 30 * 60,
    25 * HOUR + 30 * 60,
    4 * DAY + 50 * 60,
    8 * DAY + 40 * 60,
];

/// What a fault does to the run that meets it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Effect {
    /// Nothing that changes the result.
    None,
    /// It ends the run.
    Fatal,
    /// It ends the run, if that many searches, or a page of that number, are asked for.
    FatalAtSearch(usize),
    FatalAtPage(u32),
    /// It ends the run, if it comes to that.
    MaybeFatal,
    /// What the run sees of this account.
    Hidden(String),
    HiddenAtFirst(String),
    EmptyAtFirst,
    Empty,
    Unusable(String),
    Nameless(String),
    NamelessAndLost(String),
    AnswersMore,
}

impl Effect {
    /// Whether the account loses a right, or data is spoilt, without a change that a change mark could
    /// show: then only a full run is what the rules say.
    fn leaves_no_change(&self) -> bool {
        match self {
            Self::Hidden(_) | Self::Unusable(_) | Self::Nameless(_) | Self::NamelessAndLost(_) => {
                true
            }
            Self::None
            | Self::Fatal
            | Self::FatalAtSearch(_)
            | Self::FatalAtPage(_)
            | Self::MaybeFatal
            | Self::HiddenAtFirst(_)
            | Self::EmptyAtFirst
            | Self::Empty
            | Self::AnswersMore => false,
        }
    }
}

/// One command.
#[derive(Clone, Debug)]
enum Command {
    Import(Option<Vec<String>>),
    Sync(Option<Vec<String>>),
    Add(Values),
    Remove(Vec<String>),
    Restore(Whom),
}

/// How a command is ended.
#[derive(Clone, Copy, Debug)]
enum Kill {
    Never,
    At(&'static str),
    After(Duration),
}

/// The histories on a directory in memory.
pub(crate) const IN_MEMORY: &str = "in memory";

/// What is done beside the changes, and how often, in a hundred.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chances {
    /// What the histories are called, where is counted what happened.
    pub(crate) kind: &'static str,
    pub(crate) faults: usize,
    pub(crate) kills: usize,
    pub(crate) pauses: usize,
    pub(crate) rights: usize,
    pub(crate) hirings: usize,
    /// Another program writes to the store, or puts an older one in its place.
    pub(crate) others: usize,
    /// The clock of a run is years off.
    pub(crate) clocks: usize,
}

/// A store that somebody kept, and when.
struct Backup {
    bytes: Vec<u8>,
    store: Store,
    ahead: Time,
}

/// What another program wrote while a run read.
struct Meanwhile {
    key: Key,
    number: String,
    is_written: Arc<AtomicBool>,
}

/// How far off a clock is that is off.
const OFF: [Time; 5] = [
    -25 * 365 * DAY,
    -400 * DAY,
    -3 * DAY,
    3 * DAY,
    73 * 365 * DAY,
];

/// What the settings of a history say.
struct Rules {
    limits: Limits,
    out_of_scope: OutOfScope,
    missing_after: Time,
}

pub(crate) struct History<'a> {
    random: Random,
    sandbox: Sandbox,
    /// The settings of each domain, but for the server.
    settings: Vec<Settings>,
    worlds: Vec<World<'a>>,
    store: Store,
    rules: Rules,
    chances: Chances,
    /// The controller of the last run.
    server: usize,
    /// What comes next, the last of it first, where that is no chance.
    next: Vec<(Command, At)>,
    /// How far the clock of the history is ahead.
    ahead: Time,
    backup: Option<Backup>,
    /// What the store came to cannot be told any more.
    is_over: bool,
    pub(crate) log: Vec<String>,
}

/// The domain and the controller of a run.
#[derive(Clone, Copy, Debug)]
struct At {
    domain: Domain,
    server: usize,
}

/// Plays the history of a seed; panics where the store is not as the rules say. `log` tells how it came
/// to that.
pub(crate) fn play(seed: u64, log: &mut Vec<String>) {
    let first = TestDir::start().expect("a free port");
    let second = first.twin("DC2").expect("a free port");
    let other = TestDir::builder().base_dn(DOMAINS[1]).start();
    let other = other.expect("a free port");
    for directory in [&first, &second, &other] {
        prepare(directory);
    }
    let settings = [&first, &other].map(settings_for);
    let worlds = vec![
        World::new(0, DOMAINS[0], vec![&first, &second]),
        World::new(1, DOMAINS[1], vec![&other]),
    ];
    let chances = Chances {
        kind: IN_MEMORY,
        faults: 18,
        kills: 8,
        pauses: 30,
        rights: 12,
        hirings: 5,
        others: 10,
        clocks: 4,
    };
    let mut history = History::new(Random::new(seed), worlds, settings.to_vec(), chances);
    let played = catch_unwind(AssertUnwindSafe(|| {
        let steps = history.random.between(9, 13);
        history.play(steps, || first.replicate_to(&second));
    }));
    log.append(&mut history.log);
    if let Err(panic) = played {
        resume_unwind(panic);
    }
}

/// The containers of people, and somebody who left long ago.
fn prepare(directory: &TestDir) {
    let base = directory.base_dn();
    for ou in ["OU=Staff", "OU=Sales,OU=Staff", "OU=Elsewhere"] {
        directory
            .add(
                &format!("{ou},{base}"),
                [("objectClass", "organizationalUnit")],
            )
            .expect("a fresh OU");
    }
    directory
        .edit(|content| content.set_lifetimes(Some(LIFETIME_DAYS), None))
        .expect("the configuration is there");
    directory.add_user("left.before").expect("a fresh user");
    directory.delete("left.before").expect("it is there");
}

impl<'a> History<'a> {
    pub(crate) fn new(
        mut random: Random,
        worlds: Vec<World<'a>>,
        mut settings: Vec<Settings>,
        chances: Chances,
    ) -> Self {
        let rules = Rules {
            limits: limits(&mut random),
            out_of_scope: *random.pick(&[
                OutOfScope::Keep,
                OutOfScope::Keep,
                OutOfScope::Keep,
                OutOfScope::Disable,
                OutOfScope::Delete,
            ]),
            missing_after: *random.pick(&[24 * HOUR, 24 * HOUR, 24 * HOUR, HOUR, 0]),
        };
        let page_size = random.between(2, 5);
        for (settings, world) in settings.iter_mut().zip(&worlds) {
            settings.base_dn = Some(world.scope());
            settings.more_directory = format!("page_size = {page_size}");
            settings.more_sync = rules.to_toml();
        }
        let settings_said = settings[0].more_sync.clone();
        let mut history = Self {
            random,
            sandbox: Sandbox::new(&settings[0]),
            settings,
            worlds,
            store: Store::default(),
            rules,
            chances,
            server: 0,
            next: Vec::new(),
            ahead: 0,
            backup: None,
            is_over: false,
            log: vec![settings_said],
        };
        for at in 0..history.worlds.len() {
            let see = history.random.percent(60);
            let said = history.worlds[at].see_deleted(see);
            history.log.push(said);
        }
        history
    }

    /// The moment on the clock of the history.
    fn now(&self) -> Time {
        jiff::Timestamp::now().as_second() + self.ahead
    }

    fn play(&mut self, steps: usize, replicate: impl Fn()) {
        self.begin();
        replicate();
        self.is_replicated();
        for step in 0..steps {
            self.changes(step);
            if self.random.percent(30) {
                replicate();
                self.is_replicated();
            }
            if step > 0 {
                self.circumstances();
                self.others();
            }
            self.step(step);
            if self.is_over {
                return;
            }
        }
    }

    /// People come.
    pub(crate) fn begin(&mut self) {
        for at in 0..self.worlds.len() {
            let first = if at == 0 { 5 } else { 2 };
            for _ in 0..self.random.between(first, first + 3) {
                let now = self.now();
                let world = &mut self.worlds[at];
                let said = if self.random.percent(75) {
                    world.add_distinct(&mut self.random, now)
                } else {
                    world.add(&mut self.random, now)
                };
                self.log.push(said);
            }
        }
    }

    /// Some changes of the directory.
    pub(crate) fn changes(&mut self, step: usize) {
        for _ in 0..self.random.below(5) {
            let now = self.now();
            let at = usize::from(self.random.percent(20));
            let said = self.worlds[at].change(&mut self.random, now);
            self.log.push(said);
        }
        self.log.push(format!("-- step {step}"));
    }

    /// Every other controller has what the first one has.
    pub(crate) fn is_replicated(&mut self) {
        for world in &mut self.worlds {
            for at in 1..world.servers() {
                world.is_replicated(at);
                self.log.push(format!("replicate to {at}"));
            }
        }
    }

    /// What is otherwise from now on, without a change in the directory.
    pub(crate) fn circumstances(&mut self) {
        let at = usize::from(self.random.percent(20));
        if self.random.percent(self.chances.rights) {
            let said = self.worlds[at].change_rights(&mut self.random);
            self.log.push(said);
        }
        if self.random.percent(self.chances.rights / 3) {
            let see = !self.worlds[at].sees_deleted;
            let said = self.worlds[at].see_deleted(see);
            self.log.push(said);
        }
        let rare = self.random.below(100);
        if rare < 4 && self.chances.faults > 0 {
            let now = self.now();
            if let Some(account) = self.worlds[0].take_away(&mut self.random) {
                self.log
                    .push(format!("{} leaves the domain", account.handle));
                let said = self.worlds[1].receive(&mut self.random, account, now);
                self.log.push(said);
            }
        } else if rare < 6 && self.chances.faults > 0 {
            let said = self.worlds[0].refer();
            self.log.push(said);
        }
        if self.random.percent(self.chances.pauses) {
            let pause = *self.random.pick(&PAUSES);
            self.ahead += pause;
            let now = self.now();
            self.log.push(format!("{} hours pass", pause / HOUR));
            for world in &mut self.worlds {
                world.pass_time(pause, now);
            }
            if self.sandbox.store_path().exists() {
                pass_time(&self.sandbox.store_path(), pause);
            }
        }
    }

    /// Lets another program write to the row of a user, while the run reads.
    fn meanwhile(&mut self, at: At, step: usize) -> Option<Meanwhile> {
        let server = self.worlds[at.domain].server(at.server).testdir()?;
        let keys: Vec<Key> = self.store.users.keys().copied().collect();
        let chance = self.chances.others / 2;
        if step == 0 || keys.is_empty() || chance == 0 || !self.random.percent(chance) {
            return None;
        }
        let key = *self.random.pick(&keys);
        let number = format!("+{}", 1000 + self.random.below(1000));
        let name = rules::fold(&self.store.users[&key].values.username);
        let (path, is_written) = (self.sandbox.store_path(), Arc::new(AtomicBool::new(false)));
        let (mut left, done, text) = (self.random.below(7), is_written.clone(), number.clone());
        server.before_each_search(move |_| {
            if left == 0 && !done.load(Ordering::SeqCst) {
                let write = rusqlite::Connection::open(&path).and_then(|db| {
                    db.busy_timeout(Duration::from_millis(20))?;
                    let update = "UPDATE users SET contact_number = ?1 WHERE username_folded = ?2";
                    db.execute(update, [&text, &name])
                });
                done.store(write == Ok(1), Ordering::SeqCst);
            }
            left = left.saturating_sub(1);
        });
        Some(Meanwhile {
            key,
            number,
            is_written,
        })
    }

    /// What others do to the store between the runs.
    fn others(&mut self) {
        let path = self.sandbox.store_path();
        let chance = self.chances.others;
        if !path.exists() || chance == 0 || !self.random.percent(chance) {
            return;
        }
        let keys: Vec<Key> = self.store.users.keys().copied().collect();
        match self.random.below(10) {
            0..6 if !keys.is_empty() => {
                let key = *self.random.pick(&keys);
                let number = format!("+{}", self.random.below(1000));
                let user = self.store.users.get_mut(&key).expect("it is stored");
                user.values.contact_number = Some(number.clone());
                let name = rules::fold(&user.values.username);
                let db = rusqlite::Connection::open(&path).expect("the store can be opened");
                let update = "UPDATE users SET contact_number = ?1 WHERE username_folded = ?2";
                let changed = db.execute(update, [&number, &name]);
                assert_eq!(changed, Ok(1), "{name}");
                self.log
                    .push(format!("another program calls {name} {number}"));
                self.happened("another program wrote", 1);
            }
            6..8 => {
                self.backup = std::fs::read(&path).ok().map(|bytes| Backup {
                    bytes,
                    store: self.store.clone(),
                    ahead: self.ahead,
                });
                self.log.push("the store is kept".to_owned());
                return;
            }
            _ => {
                let Some(backup) = self.backup.take() else {
                    return;
                };
                for ending in ["-wal", "-shm"] {
                    let mut beside = path.clone().into_os_string();
                    beside.push(ending);
                    // They are those of the store before.
                    let _ = std::fs::remove_file(beside);
                }
                std::fs::remove_file(&path).expect("the store is there");
                std::fs::write(&path, backup.bytes).expect("the sandbox is writable");
                pass_time(&path, self.ahead - backup.ahead);
                self.store = backup.store;
                self.log
                    .push("the store that was kept is brought back".to_owned());
                self.happened("brought back from a backup", 1);
            }
        }
        for world in &mut self.worlds {
            world.is_changed_behind();
        }
    }

    #[allow(
        clippy::too_many_lines,
        reason = "one command, from the choice to what is checked"
    )]
    pub(crate) fn step(&mut self, step: usize) {
        let (command, at) = match self.next.pop() {
            Some(next) => next,
            None => self.chance(step),
        };
        let terms = self.terms(&command);
        let effect = match command {
            Command::Import(_) | Command::Sync(_) if self.random.percent(self.chances.faults) => {
                self.fault(at)
            }
            _ => Effect::None,
        };
        let clocks = self.chances.clocks;
        let off = if step > 0 && clocks > 0 && self.random.percent(clocks) {
            *self.random.pick(&OFF)
        } else {
            0
        };
        // What sets the clock stands between this and the run, and is killed in its place.
        let kill = if off == 0 { self.kill() } else { Kill::Never };
        let mut arguments = self.configured(at);
        arguments.extend(Self::arguments(&command, &terms));
        let is_of_everybody = matches!(command, Command::Sync(None));
        let is_silent = effect.leaves_no_change() || self.worlds[at.domain].is_silent(at.server);
        if is_of_everybody && (is_silent || self.random.percent(10)) {
            arguments.push("--full".to_owned());
        }
        self.log.push(format!(
            "$ {arguments:?} at {at:?} {effect:?} {kill:?}, {} days off",
            off / DAY
        ));
        let path = self.sandbox.store_path();
        let before = Observed::read(&path);
        let bytes = std::fs::read(&path).ok();
        if let Some(directory) = self.worlds[at.domain].server(at.server).testdir() {
            directory.reset_stats();
        }
        let meanwhile = match command {
            // Of a run that was killed it cannot be told which of the two changed something.
            Command::Import(_) | Command::Sync(_)
                if !terms.dry_run && matches!(kill, Kill::Never) =>
            {
                self.meanwhile(at, step)
            }
            _ => None,
        };
        let now = self.now() + off;
        self.happened("the clock was off", usize::from(off != 0));
        let (code, json, stderr) = self.run(&arguments, kill, off);
        let after = Observed::read(&path);
        if let Some(directory) = self.worlds[at.domain].server(at.server).testdir() {
            directory.leave_alone();
        }
        let meanwhile = meanwhile.filter(|it| it.is_written.load(Ordering::SeqCst));
        let as_before = self.store.clone();
        if let Some(Meanwhile { key, number, .. }) = &meanwhile {
            // As if it had been written before the run began.
            let user = self.store.users.get_mut(key).expect("it is stored");
            user.values.contact_number = Some(number.clone());
            self.log
                .push(format!("meanwhile {key:?} has the number {number}"));
            self.happened("another program wrote meanwhile", 1);
        }
        let mode = json["mode"].as_str().and_then(mode_called);
        let mode = mode.or(after.last_mode).unwrap_or(Mode::Full);
        let mut failed = buckets(&json).failed;
        if code.is_none() {
            let stored = after.users.iter().map(|it| &it.user);
            let stored = stored.filter(|it| it.status == Status::Failed);
            failed.extend(stored.map(User::identity));
        }
        let expected = self.expect(
            &command,
            at,
            &terms,
            &effect,
            now,
            mode,
            before.last_run + 1,
            &failed,
        );
        let is_fatal = self.is_fatal(&command, at, &effect, &expected);
        if let Some(directory) = self.worlds[at.domain].server(at.server).testdir() {
            directory.clear_faults();
        }
        self.log.push(format!(
            "exit code {code:?} {} {}",
            json["mode"],
            stderr.trim()
        ));

        if let Some(it) = &meanwhile {
            // Or it was written when the row had been read: then it stands.
            let mut users: Vec<&User> = expected.after.users.values().collect();
            users.sort();
            let is_as_told = code.is_none_or(|code| code == expected.code);
            if !is_as_told || users != after.values() {
                let user = &as_before.users[&it.key];
                let same = |other: &&crate::observed::Stored| {
                    other.user.domain == user.domain
                        && other.user.values.username == user.values.username
                };
                let now = after.users.iter().find(same).expect("the row is kept");
                let mut values = user.values.clone();
                values.contact_number = Some(it.number.clone());
                assert_eq!(
                    now.user.values, values,
                    "what another program wrote is lost"
                );
                self.is_over = true;
                return;
            }
        } else {
            self.check_invariants(&command, at, &effect, &before, &after);
        }
        self.happened(
            code.map_or("killed".to_owned(), |code| format!("code {code}")),
            1,
        );

        if bytes.is_none() && !matches!(command, Command::Import(_) | Command::Add(_)) {
            assert!(matches!(code, None | Some(2)), "there is no store");
            assert!(!path.exists(), "a store was made");
            return;
        }
        let is_nothing = || {
            if meanwhile.is_some() {
                return;
            }
            assert_eq!(before.users, after.users, "something was changed");
            assert_eq!(before.changes, after.changes, "a change was noted");
        };
        let Some(code) = code else {
            // Killed: before or after.
            let is_over = after.last_run > before.last_run;
            // A run that failed is noted as well.
            let may_be_nothing = !is_over || is_fatal != Some(false);
            if after.users == before.users && after.changes == before.changes && may_be_nothing {
                assert!(!matches!(kill, Kill::At("committed")), "it was over");
                return;
            }
            assert!(
                !matches!(kill, Kill::At(point) if point != "committed"),
                "the run was not over: {after:#?}"
            );
            self.adopt(expected, &after);
            return;
        };
        if code == 5 {
            assert_ne!(is_fatal, Some(false), "it failed for no reason");
            return is_nothing();
        }
        assert_ne!(is_fatal, Some(true), "it did not fail");
        assert_eq!(
            code, expected.code,
            "not the exit code of {expected:#?}\n{json:#}"
        );
        if terms.dry_run || matches!(code, 2 | 4) {
            is_nothing();
        }
        if terms.dry_run {
            let now = std::fs::read(&path).ok();
            assert_eq!(bytes, now, "a dry run changed the file");
        }
        self.note(&expected, at, mode, &effect);
        if let Some(wanted) = &expected.buckets {
            assert_eq!(*wanted, buckets(&json), "not what was to be told: {json:#}");
        }
        let is_done = !terms.dry_run && matches!(code, 0 | 7);
        if is_done && meanwhile.is_none() && before.users != after.users && self.random.percent(50)
        {
            self.check_undo(at, &before, after.last_run);
        }
        if is_done && is_of_everybody && mode == Mode::Full {
            self.worlds[at.domain].was_read(at.server);
        }
        self.adopt(expected, &after);
    }

    fn happened(&self, what: impl Into<String>, times: usize) {
        note(self.chances.kind, what, times);
    }

    /// Counts what the run came to.
    fn note(&self, expected: &Outcome, at: At, mode: Mode, effect: &Effect) {
        let Some(buckets) = &expected.buckets else {
            return;
        };
        self.happened(format!("{mode:?}").to_lowercase(), 1);
        self.happened("foreign", buckets.foreign);
        for evidence in buckets.deleted.values() {
            self.happened(*evidence, 1);
        }
        let world = &self.worlds[at.domain];
        for key in self.store.of(at.domain) {
            let before = &self.store.users[&key];
            let Some(after) = expected.after.users.get(&key) else {
                continue;
            };
            let (was, is) = (before.status, after.status);
            let account = before.guid.and_then(|guid| world.account(guid));
            self.happened("missing", usize::from(is == Status::Missing));
            let is_seen_again =
                was == Status::Missing && matches!(is, Status::Ok | Status::OutOfScope);
            self.happened("missing, and seen again", usize::from(is_seen_again));
            let is_changed = is == Status::OutOfScope && before.values != after.values;
            self.happened("out of scope, and changed", usize::from(is_changed));
            let Some(account) = account.filter(|it| is == Status::Missing && it.is_alive()) else {
                continue;
            };
            let is_denied = world.is_denied(account);
            self.happened("missing without a right", usize::from(is_denied));
            let lags = at.server > 0 && !is_denied && *effect == Effect::None;
            self.happened(
                "missing at a controller that lags behind",
                usize::from(lags),
            );
        }
    }

    /// A command at random, and where.
    fn chance(&mut self, step: usize) -> (Command, At) {
        if step > 0 && self.random.percent(self.chances.hirings) {
            // Somebody comes and is imported at once, and the next run asks a controller that does not know yet.
            let now = self.now();
            let said = self.worlds[0].add_distinct(&mut self.random, now);
            self.log.push(said);
            let at = |server| At { domain: 0, server };
            let sync = if self.random.percent(50) {
                Command::Sync(None)
            } else {
                self.command(at(1))
            };
            self.next = vec![(sync.clone(), at(1)), (sync, at(1))];
            return (Command::Import(None), at(0));
        }
        let domain = usize::from(step > 0 && self.random.percent(22));
        let servers = self.worlds[domain].servers();
        if self.random.percent(25) {
            // Runs stay with a controller for a while.
            self.server = self.random.below(servers);
        }
        let server = self.server.min(servers - 1);
        let at = At { domain, server };
        let command = if self.store.of(domain).is_empty() && self.random.percent(75) {
            Command::Import(None)
        } else {
            self.command(at)
        };
        (command, at)
    }

    fn kill(&mut self) -> Kill {
        let kills = self.chances.kills;
        match self.random.below(100) {
            number if number < kills * 2 / 3 => Kill::At(self.random.pick::<&str>(&CRASH_POINTS)),
            number if number < kills => {
                let micros = u64::try_from(self.random.below(25_000)).unwrap_or(0);
                Kill::After(Duration::from_micros(micros))
            }
            _ => Kill::Never,
        }
    }

    /// Writes the settings that lead to a controller; the arguments that name them.
    fn configured(&self, at: At) -> Vec<String> {
        let url = self.worlds[at.domain].server(at.server).url();
        let settings = Settings {
            urls: vec![url],
            ca_file: self.worlds[at.domain].server(at.server).ca_file(),
            ..self.settings[at.domain].clone()
        };
        let name = format!("domain{}.toml", at.domain);
        let file = self.sandbox.configure_as(&name, &settings);
        vec!["--config".to_owned(), file.display().to_string()]
    }

    fn adopt(&mut self, expected: Outcome, after: &Observed) {
        let mut users: Vec<&User> = expected.after.users.values().collect();
        users.sort();
        assert_eq!(users, after.values(), "the store is not as the rules say");
        self.store = expected.after;
        for stored in &after.users {
            self.check_moments(stored);
        }
    }

    /// The last run can be taken back, in a copy of the store: then the users are as they were.
    fn check_undo(&self, at: At, before: &Observed, run: i64) {
        let settings = Settings {
            more_sync: "max_deletes = 1000\nmax_cleared = 1000\nmax_disabled = 1000\n\
                        max_modified = 1000\nmax_missing = 1000"
                .to_owned(),
            ..self.settings[at.domain].clone()
        };
        let copy = Sandbox::new(&settings);
        std::fs::copy(self.sandbox.store_path(), copy.store_path()).expect("a store can be copied");
        let number = run.to_string();
        let mut answer = copy.run(&["--format", "json", "undo", &number]);
        if answer.code == 4 {
            // Everybody would be taken out again: that has to be said.
            let told: Value = answer.json();
            let deleted = told["counts"]["deleted"].as_u64().unwrap_or(0).to_string();
            let said = ["--allow-deletes", deleted.as_str()];
            answer = copy.run(&[&["--format", "json", "undo", &number], &said[..]].concat());
        }
        assert_eq!(answer.code, 0, "{answer}");
        let undone = Observed::read(&copy.store_path());
        let rows = |observed: &Observed| -> Vec<String> {
            observed.users.iter().map(|it| it.lasting.clone()).collect()
        };
        assert_eq!(
            rows(&undone),
            rows(before),
            "not as before run {run}: {answer}"
        );
        self.happened("undone", 1);
    }

    fn check_moments(&self, stored: &crate::observed::Stored) {
        let user = &stored.user;
        let key = user.domain.zip(user.guid);
        let key = key.and_then(|(domain, guid)| self.store.by_guid(domain, guid));
        let since = key.and_then(|key| self.store.memory(key).missing_since);
        let moment = stored.missing_since.as_deref().map(|text| {
            let moment: jiff::Timestamp = text.parse().expect("a moment");
            moment.as_second() + self.ahead
        });
        let is_so = match (since, moment) {
            (None, None) => true,
            // The run began a little later than it was started.
            (Some(since), Some(moment)) => (since - moment).abs() <= 30,
            _ => false,
        };
        assert!(is_so, "missing since {since:?}, not {moment:?}: {stored:?}");
        let needs_reason = matches!(
            user.status,
            Status::Missing | Status::Failed | Status::Duplicate | Status::OutOfScope
        );
        assert!(
            stored.reason.is_some() || !needs_reason,
            "nobody knows why: {stored:?}"
        );
    }

    fn command(&mut self, at: At) -> Command {
        let store = &self.store;
        let name = |user: &User| user.values.username.clone();
        let imported: Vec<String> = store
            .of(at.domain)
            .iter()
            .map(|key| name(&store.users[key]))
            .collect();
        let all: Vec<String> = store.users.values().map(name).collect();
        let random = &mut self.random;
        match random.below(100) {
            0..9 => Command::Import(None),
            9..16 => {
                let mut names: Vec<String> = random
                    .some(self.worlds[at.domain].accounts(), 3)
                    .iter()
                    .map(Account::principal)
                    .collect();
                if random.percent(5) {
                    names.push("nobody".to_owned());
                }
                Command::Import(Some(names))
            }
            16..68 => Command::Sync(None),
            68..82 if !imported.is_empty() => {
                let mut names = random.some(&imported, 3);
                if random.percent(8) {
                    // Perhaps a local one, or one of another domain.
                    names.push(random.pick(&all).clone());
                }
                if random.percent(20) {
                    names[0] = names[0].to_uppercase();
                }
                Command::Sync(Some(names))
            }
            82..86 if !all.is_empty() => Command::Remove(random.some(&all, 2)),
            86..93 if !store.records.is_empty() => {
                let record = random.pick(&store.records);
                Command::Restore(if random.percent(40) {
                    Whom::Run(record.run)
                } else {
                    let mut names = vec![record.name().to_owned()];
                    if random.percent(30) {
                        names.push(random.pick(&store.records).name().to_owned());
                    }
                    Whom::Names(names)
                })
            }
            _ => {
                let mail = world::mail(random);
                Command::Add(Values {
                    username: if random.percent(3) {
                        "  ".to_owned()
                    } else {
                        world::username(random, self.worlds[0].ending())
                    },
                    first_name: None,
                    last_name: Some("Local".to_owned()),
                    email: Some(mail).filter(|mail| !mail.is_empty()),
                    contact_number: None,
                    enabled: true,
                })
            }
        }
    }

    fn terms(&mut self, command: &Command) -> Terms {
        let random = &mut self.random;
        let (is_sync, is_import) = (
            matches!(command, Command::Sync(_)),
            matches!(command, Command::Import(_)),
        );
        let dry_run = match command {
            Command::Sync(_) => random.percent(15),
            Command::Import(_) | Command::Restore(_) => random.percent(8),
            _ => false,
        };
        let mut allowed = Allowed::default();
        for (number, is_known) in [
            (&mut allowed.deletes, is_sync),
            (&mut allowed.cleared, is_sync || is_import),
            (&mut allowed.disabled, is_sync || is_import),
            (&mut allowed.modified, is_sync || is_import),
            (&mut allowed.missing, is_sync),
        ] {
            *number = (is_known && random.percent(12)).then(|| random.below(5));
        }
        Terms {
            limits: self.rules.limits,
            allowed,
            out_of_scope: self.rules.out_of_scope,
            missing_after: self.rules.missing_after,
            delete_missing: is_sync && random.percent(20),
            strict: match command {
                Command::Add(_) | Command::Restore(_) => true,
                Command::Remove(_) => false,
                _ => random.percent(10),
            },
            dry_run,
            exit_code: dry_run && (is_sync || is_import) && random.percent(50),
        }
    }

    fn arguments(command: &Command, terms: &Terms) -> Vec<String> {
        let mut arguments: Vec<String> = vec!["--format".into(), "json".into()];
        let mut put = |words: &[&str]| arguments.extend(words.iter().map(|it| (*it).to_owned()));
        match command {
            Command::Import(None) => put(&["import", "--all"]),
            Command::Import(Some(names)) => put(&["import", "--users", &names.join(",")]),
            Command::Sync(None) => put(&["sync"]),
            Command::Sync(Some(names)) => put(&["sync", "--users", &names.join(",")]),
            Command::Remove(names) => {
                put(&["remove", "--"]);
                for name in names {
                    put(&[name]);
                }
            }
            Command::Restore(Whom::Run(run)) => put(&["restore", "--run", &run.to_string()]),
            Command::Restore(Whom::Names(names)) => {
                put(&["restore"]);
                for name in names {
                    put(&[name]);
                }
            }
            Command::Add(values) => {
                put(&["add", &values.username, "--last-name", "Local"]);
                if let Some(email) = &values.email {
                    put(&["--email", email]);
                }
            }
        }
        if matches!(command, Command::Sync(_) | Command::Import(_)) && terms.strict {
            put(&["--strict"]);
        }
        for (is_said, word) in [
            (terms.dry_run, "--dry-run"),
            (terms.exit_code, "--exit-code"),
            (terms.delete_missing, "--delete-missing"),
        ] {
            if is_said {
                put(&[word]);
            }
        }
        let Allowed {
            deletes,
            cleared,
            disabled,
            modified,
            missing,
        } = terms.allowed;
        for (number, word) in [
            (deletes, "--allow-deletes"),
            (cleared, "--allow-cleared"),
            (disabled, "--allow-disabled"),
            (modified, "--allow-modified"),
            (missing, "--allow-missing"),
        ] {
            if let Some(number) = number {
                put(&[word, &number.to_string()]);
            }
        }
        arguments
    }

    /// Sets a random fault.
    #[allow(clippy::too_many_lines, reason = "all faults there are, one by one")]
    fn fault(&mut self, at: At) -> Effect {
        let random = &mut self.random;
        let world = &self.worlds[at.domain];
        let account = world.handle_at(at.server, random);
        let server = world.server(at.server).testdir();
        let (Some(server), Some(account)) = (server, account) else {
            return Effect::None;
        };
        let handle = account.handle.clone();
        // Codes that are final: whoever is told to come back later waits.
        let code = *random.pick(&[1, 2, 3, 4, 8, 11, 50, 53, 80]);
        let refusal = What::answer(code, "no");
        match random.below(100) {
            0..5 => {
                server.fault(When::bind(), What::answer(*random.pick(&[49, 53]), "no"));
                Effect::Fatal
            }
            5..8 => {
                server.fault(When::root_dse(), refusal);
                Effect::Fatal
            }
            8..24 => {
                let nth = random.between(1, 5);
                let number = u32::try_from(nth).unwrap_or(1);
                server.fault(When::search().nth(number), refusal);
                Effect::FatalAtSearch(nth)
            }
            24..30 => {
                let after = random.between(1, 3);
                server.fault(When::search().after_entries(after), refusal);
                Effect::MaybeFatal
            }
            30..36 => {
                let page = *random.pick(&[2, 3]);
                server.fault(When::page(page), What::forget_cookie());
                Effect::FatalAtPage(page)
            }
            36..39 => {
                let garbage = *random.pick(&[1, 2]);
                server.fault(When::page(garbage), What::garbage());
                Effect::FatalAtPage(garbage)
            }
            39..43 => {
                // Tried again, which takes its time; the second time it goes well.
                let passing = [What::Cut, What::CutInsideEntry, What::answer(51, "busy")];
                let search = When::search().filter_contains(SCOPE).nth(1);
                server.fault(search, random.pick(&passing).clone());
                Effect::None
            }
            43..45 => {
                server.fault(When::search(), What::Cut);
                Effect::Fatal
            }
            45..54 => {
                server.fault(When::search(), What::hide(&handle));
                Effect::Hidden(handle)
            }
            54..60 => {
                server.fault(
                    When::search().filter_contains(SCOPE).times(1),
                    What::hide(&handle),
                );
                Effect::HiddenAtFirst(handle)
            }
            60..64 => {
                server.fault(When::search().filter_contains(SCOPE).times(1), What::Empty);
                Effect::EmptyAtFirst
            }
            64..68 => {
                server.fault(When::search(), What::Empty);
                Effect::Empty
            }
            68..74 => {
                server.fault(When::search(), What::SendTwice { user: handle });
                Effect::None
            }
            74..79 => {
                let dn = format!("CN=moved,{}", world.scope());
                let what = What::SendAgainOnNextPage { user: handle, dn };
                server.fault(When::page(1).times(1), what);
                Effect::None
            }
            79..82 => {
                // In the whole domain. Of a search in the scope nobody can tell that a user is not in it.
                let by_identity = When::search()
                    .base_is(DOMAINS[at.domain])
                    .filter_contains("objectguid=");
                server.fault(by_identity, What::Everybody);
                Effect::AnswersMore
            }
            82..87 => {
                let what = match random.below(3) {
                    0 => What::invalid_utf8(&handle, "mail"),
                    1 => What::alter(&handle, "sAMAccountName", Vec::new()),
                    _ => What::alter(&handle, "givenName", vec![vec![b'x'; 1025]]),
                };
                server.fault(When::search(), what);
                Effect::Unusable(handle)
            }
            87..94 => {
                let what = *random.pick(&[What::no_guid, What::short_guid]);
                server.fault(When::search(), what(&handle));
                Effect::Nameless(handle)
            }
            _ => {
                server.fault(When::search(), What::no_guid(&handle));
                let by_guid = When::search().filter_contains("objectguid");
                server.fault(by_guid, What::hide(&handle));
                Effect::NamelessAndLost(handle)
            }
        }
    }

    /// Whether the run had to fail; none, if it cannot be told.
    fn is_fatal(
        &self,
        command: &Command,
        at: At,
        effect: &Effect,
        expected: &Outcome,
    ) -> Option<bool> {
        let Some(directory) = self.worlds[at.domain].server(at.server).testdir() else {
            return Some(false);
        };
        let searches = directory.searches();
        let mut own = searches.iter().filter(|it| !it.base.is_empty());
        // Who is refused these has no change mark, no deleted witness, or cannot tell of what the absence of a
        // user is proof, and that is all.
        let scope = self.worlds[at.domain].scope();
        let may_be_refused = |it: &testdir::LoggedSearch| {
            let optional = ["CN=NTDS Settings,", "CN=Directory Service,", "<WKGUID="];
            let is_optional = optional.iter().any(|start| it.base.starts_with(start));
            is_optional || (it.scope == Scope::Base && it.base != scope)
        };
        // A name that the store does not know is told before anything is read, and that everybody belongs to
        // another domain as soon as this one is known.
        let may_be_told_before = expected.code == 2 && !matches!(command, Command::Import(_));
        match effect {
            _ if may_be_told_before => None,
            Effect::Fatal => Some(true),
            Effect::FatalAtSearch(nth) => match own.nth(*nth - 1) {
                // A right that is not there is told from a server that has a bad day.
                Some(search) if may_be_refused(search) => None,
                search => Some(search.is_some()),
            },
            Effect::FatalAtPage(page) => Some(own.any(|it| it.page == *page)),
            Effect::MaybeFatal => None,
            _ => Some(false),
        }
    }

    /// The base of the search that a fault refused.
    fn refused(&self, at: At, effect: &Effect) -> Option<String> {
        let Effect::FatalAtSearch(nth) = effect else {
            return None;
        };
        let directory = self.worlds[at.domain].server(at.server).testdir()?;
        let searches = directory.searches().into_iter();
        let mut own = searches.filter(|it| !it.base.is_empty());
        own.nth(*nth - 1).map(|it| it.base)
    }

    fn run(&self, arguments: &[String], kill: Kill, off: Time) -> (Option<i32>, Value, String) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut run = self.sandbox.prepare(&arguments);
        if off != 0 {
            let missing = "`faketime` is needed: ./scripts/install-test-deps.sh";
            let faketime = process::find("faketime").expect(missing);
            let off = format!("{off:+}s");
            run = run
                .under(&faketime, &["-f", &off])
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        let answer = match kill {
            Kill::Never => run.run(),
            Kill::At(point) => run.env("ADSYNC_CRASH_AT", point).run(),
            Kill::After(pause) => {
                let mut child = run.start();
                std::thread::sleep(pause);
                // It may have ended by itself.
                let _ = child.kill();
                child.wait().expect("an own child can be waited for");
                return (None, Value::Null, String::new());
            }
        };
        let json = serde_json::from_str(&answer.stdout).unwrap_or(Value::Null);
        (
            Some(answer.code).filter(|code| *code >= 0),
            json,
            answer.stderr,
        )
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "everything that a run depends on"
    )]
    fn expect(
        &self,
        command: &Command,
        at: At,
        terms: &Terms,
        effect: &Effect,
        now: Time,
        mode: Mode,
        run: i64,
        failed: &BTreeSet<String>,
    ) -> Outcome {
        let store = &self.store;
        let world = &self.worlds[at.domain];
        let scene = |is_import| {
            let controller = at.domain * 10 + at.server;
            let mut scene = world.scene(at.server, controller, now);
            scene.failed.clone_from(failed);
            if let Some(base) = self.refused(at, effect) {
                without_answer(&mut scene, &base);
            }
            effect.alters(scene, is_import, world)
        };
        match command {
            Command::Add(values) => rules::add(store, values.clone(), terms),
            Command::Remove(names) => rules::remove(store, names, run, terms),
            Command::Restore(whom) => rules::restore(store, whom, terms),
            Command::Sync(None) => {
                // Where all are looked up by identity, nobody looks at who else is in the scope.
                let is_enumerated = self.was_enumerated(at);
                rules::sync(store, None, is_enumerated, &scene(false), mode, terms, run)
            }
            Command::Sync(Some(names)) => match self.chosen(names, at.domain) {
                Some(keys) => {
                    let mode = Mode::Selected;
                    rules::sync(store, Some(&keys), false, &scene(false), mode, terms, run)
                }
                None => Outcome::nothing(2, store),
            },
            Command::Import(names) => {
                let scene = scene(true);
                let mut sights = scene.sights.clone();
                sights.retain(|it| it.whereabouts == Whereabouts::InScope);
                let Some(names) = names else {
                    return rules::import(store, &scene, &sights, true, terms);
                };
                let is_among = |sight: &&Sight| {
                    let account = world.account(sight.guid);
                    account.is_some_and(|it| names.contains(&it.principal()))
                };
                let chosen: Vec<Sight> = sights.iter().filter(is_among).cloned().collect();
                if chosen.len() < names.len() {
                    return Outcome::nothing(2, store);
                }
                rules::import(store, &scene, &chosen, false, terms)
            }
        }
    }

    /// Whether the last run read the whole scope.
    fn was_enumerated(&self, at: At) -> bool {
        let Some(directory) = self.worlds[at.domain].server(at.server).testdir() else {
            return true;
        };
        let searches = directory.searches();
        searches.iter().any(|it| {
            let filter = it.filter.to_lowercase();
            filter.contains(SCOPE) && !filter.contains("objectguid=")
        })
    }

    /// The imported users of these names; none, if there is another among them.
    fn chosen(&self, names: &[String], domain: Domain) -> Option<BTreeSet<Key>> {
        let keys: Option<BTreeSet<Key>> =
            names.iter().map(|name| self.store.by_name(name)).collect();
        keys.filter(|keys| keys.is_subset(&self.store.of(domain)))
    }

    /// What must be so whatever the rules say.
    fn check_invariants(
        &self,
        command: &Command,
        at: At,
        effect: &Effect,
        before: &Observed,
        after: &Observed,
    ) {
        let mut names = BTreeSet::new();
        for stored in &after.users {
            let values = &stored.user.values;
            let email = stored.email_folded.iter().map(|it| ("email", it));
            for name in email.chain([("username", &stored.username_folded)]) {
                assert!(names.insert(name), "{name:?} is there twice");
            }
            assert_eq!(stored.username_folded, rules::fold(&values.username));
            let email = values.email.as_deref().map(rules::fold);
            assert_eq!(stored.email_folded, email);
        }

        // Nobody outside a selection, or of another domain, is touched, not in a single column.
        let world = &self.worlds[at.domain];
        let selected: Option<Vec<Option<testdir::Uuid>>> = match command {
            Command::Sync(Some(names)) => Some(
                self.chosen(names, at.domain)
                    .iter()
                    .flatten()
                    .map(|key| self.store.users[key].guid)
                    .collect(),
            ),
            Command::Import(Some(names)) => {
                let everybody = world.accounts().iter();
                let chosen = everybody.filter(|it| names.contains(&it.principal()));
                Some(chosen.map(|it| Some(it.guid)).collect())
            }
            Command::Sync(None) | Command::Import(None) => None,
            Command::Add(_) | Command::Restore(_) => Some(Vec::new()),
            Command::Remove(_) => return,
        };
        for stored in &before.users {
            let guid = stored.user.guid;
            let is_foreign = stored.user.domain != Some(at.domain);
            if is_foreign || selected.iter().any(|them| !them.contains(&guid)) {
                let is_there = after.users.contains(stored);
                assert!(is_there, "not for this run: {stored:?}\n{after:#?}");
                continue;
            }
            // Whoever lives in the domain is not deleted, unless the settings or the directory say so.
            let account = guid.and_then(|guid| world.account(guid));
            let Some(account) = account.filter(|it| it.is_alive()) else {
                continue;
            };
            // Moved since any run saw it, and then hidden: nothing tells of it either.
            let may_go = match effect {
                // As if it had been moved to another domain: nothing at all tells of it.
                Effect::Hidden(handle) => *handle == account.handle,
                // Moved out of the scope, and nobody may see who it is.
                Effect::NamelessAndLost(handle) => {
                    *handle == account.handle && !account.place.is_in_scope()
                }
                _ => false,
            } || (world.is_denied(account) && stored.user.dn != Some(account.dn()))
                || (self.rules.out_of_scope == OutOfScope::Delete
                    && !world.was_in_scope(at.server, account.guid));
            let is_there = after.by_guid(at.domain, account.guid).is_some();
            assert!(is_there || may_go, "{account:?} lives, and was deleted");
        }
    }
}

/// What a run knows that was refused the answer to a search of this base.
fn without_answer(scene: &mut Scene, base: &str) {
    if base.starts_with("CN=NTDS Settings,") {
        // It does not know who answers: nobody that it has met.
        scene.controller += 100;
    } else if base.starts_with("CN=Directory Service,") {
        scene.lifetime = 180 * DAY;
    } else {
        scene.readable.remove(base);
        scene.unreadable.insert(base.to_owned());
    }
}

impl Effect {
    /// What a run finds that meets the fault.
    fn alters(&self, mut scene: Scene, is_import: bool, world: &World) -> Scene {
        if *self == Self::Empty || (*self == Self::EmptyAtFirst && is_import) {
            scene.sights.clear();
            scene.readable.clear();
        }
        scene.answers_more = *self == Self::AnswersMore;
        let is = |sight: &Sight, handle: &String| {
            let account = world.account(sight.guid);
            sight.whereabouts != Whereabouts::Tombstone
                && account.is_some_and(|it| it.handle == *handle)
        };
        scene.sights.retain(|sight| match self {
            Self::Hidden(handle) => !is(sight, handle),
            Self::HiddenAtFirst(handle) => !(is_import && is(sight, handle)),
            _ => true,
        });
        for sight in &mut scene.sights {
            match self {
                Self::NamelessAndLost(handle) if is(sight, handle) => {
                    (sight.is_nameless, sight.is_lost) = (true, true);
                    scene.unreadable.insert(sight.dn.clone());
                }
                Self::Nameless(handle) if is(sight, handle) => {
                    sight.is_nameless = true;
                    scene.unreadable.insert(sight.dn.clone());
                }
                Self::Unusable(handle) if is(sight, handle) => sight.values = None,
                _ => {}
            }
        }
        scene
    }
}

impl Rules {
    fn to_toml(&self) -> String {
        let Limits {
            deletes,
            cleared,
            disabled,
            modified,
            missing,
        } = self.limits;
        let limits = [
            ("deletes", deletes),
            ("cleared", cleared),
            ("disabled", disabled),
            ("modified", modified),
            ("missing", missing),
        ]
        .map(|(name, limit)| match limit {
            Limit::Number(number) => format!("max_{name} = {number}\n"),
            Limit::Percent(percent) => format!("max_{name} = \"{percent}%\"\n"),
        });
        let out_of_scope = match self.out_of_scope {
            OutOfScope::Keep => "keep",
            OutOfScope::Disable => "disable",
            OutOfScope::Delete => "delete",
        };
        let missing_after = match self.missing_after {
            0 => "0".to_owned(),
            seconds => format!("{}h", seconds / HOUR),
        };
        format!(
            "{}out_of_scope = \"{out_of_scope}\"\nmissing_after = \"{missing_after}\"",
            limits.concat()
        )
    }
}

/// Limits at random; often those of the settings that say nothing.
fn limits(random: &mut Random) -> Limits {
    let mut limits = Limits::default();
    for limit in [
        &mut limits.deletes,
        &mut limits.cleared,
        &mut limits.disabled,
        &mut limits.modified,
        &mut limits.missing,
    ] {
        if random.percent(45) {
            let numbers = [0, 1, 1, 2, 2, 3, 9, 9];
            *limit = match random.below(8) {
                0 => Limit::Percent(*random.pick(&[0, 1, 100])),
                _ => Limit::Number(*random.pick(&numbers)),
            };
        }
    }
    limits
}

/// The buckets of a result.
fn buckets(json: &Value) -> Buckets {
    let objects = |bucket: &str| json[bucket].as_array().cloned().unwrap_or_default();
    let text = |object: &Value, key: &str| object[key].as_str().map(str::to_owned);
    let identity = |object: &Value| text(object, "guid").or_else(|| text(object, "username"));
    let all = |bucket: &str| -> BTreeSet<String> {
        objects(bucket).iter().filter_map(identity).collect()
    };
    let known = |object: &Value| text(object, "guid");
    let deleted: BTreeMap<String, &'static str> = objects("deleted")
        .iter()
        .filter_map(|object| {
            let evidence = match object["evidence"].as_str()? {
                "tombstone" => "tombstone",
                "absent" => "absent",
                "out_of_scope" => "out_of_scope",
                "removed" => "removed",
                _ => "unknown",
            };
            Some((identity(object)?, evidence))
        })
        .collect();
    Buckets {
        new: &(&all("imported") | &all("added")) | &all("restored"),
        modified: all("modified"),
        deleted,
        duplicate: all("duplicate"),
        out_of_scope: all("out_of_scope"),
        missing: all("missing"),
        // Entries without an identity are nobody's.
        failed: objects("failed").iter().filter_map(known).collect(),
        foreign: usize::try_from(json["counts"]["foreign"].as_u64().unwrap_or(0)).unwrap_or(0),
    }
}
