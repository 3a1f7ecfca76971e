//! One random history: changes of the directory, commands, faults and kills, and after each command
//! the store is compared with what the rules say.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use testdir::{TestDir, What, When};

use crate::observed::Observed;
use crate::rules::{
    self, Buckets, Key, MaxDeletes, Outcome, Sight, Store, Terms, User, Values, Whereabouts, Whom,
};
use crate::support::embedded::{CRASH_POINTS, STAFF, Stage};
use crate::support::random::Random;
use crate::world::{self, Place, World};

/// The filter of a search that reads the whole scope.
const SCOPE: &str = "(&(objectCategory=person)(objectClass=user))";

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
            | Self::Empty => false,
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

struct History<'a> {
    random: Random,
    stage: &'a Stage,
    world: World<'a>,
    store: Store,
    max_deletes: MaxDeletes,
    out_of_scope_is_deleted: bool,
    tombstones_are_visible: bool,
    log: &'a mut Vec<String>,
}

/// Plays the history of a seed; panics where the store is not as the rules say. `log` tells how it came
/// to that.
pub(crate) fn play(seed: u64, log: &mut Vec<String>) {
    let mut random = Random::new(seed);
    let mut stage = Stage::around(TestDir::start().expect("a free port"));
    let page_size = random.between(2, 5);
    stage.configure_directory(&format!("page_size = {page_size}"));
    let limits = [
        MaxDeletes::Percent(10),
        MaxDeletes::Percent(10),
        MaxDeletes::Number(0),
        MaxDeletes::Number(1),
        MaxDeletes::Number(2),
        MaxDeletes::Number(9),
    ];
    let max_deletes = *random.pick(&limits);
    let out_of_scope_is_deleted = random.percent(15);
    stage.configure_sync(&match max_deletes {
        MaxDeletes::Number(number) => format!("max_deletes = {number}"),
        MaxDeletes::Percent(percent) => format!("max_deletes = \"{percent}%\""),
    });
    if out_of_scope_is_deleted {
        stage.configure_sync("out_of_scope = \"delete\"");
    }
    let tombstones_are_visible = random.percent(60);
    stage.directory.see_tombstones(tombstones_are_visible);
    log.push(format!(
        "{max_deletes:?}, out of scope is deleted: {out_of_scope_is_deleted}, tombstones are visible: {tombstones_are_visible}"
    ));
    let stage = &stage;
    let mut history = History {
        random,
        stage,
        world: World::new(&stage.directory),
        store: Store::default(),
        max_deletes,
        out_of_scope_is_deleted,
        tombstones_are_visible,
        log,
    };
    for _ in 0..history.random.between(2, 7) {
        let said = history.world.add(&mut history.random, None);
        history.log.push(said);
    }
    for at in 0..history.random.between(5, 8) {
        for _ in 0..history.random.below(5) {
            let said = history.world.change(&mut history.random);
            history.log.push(said);
        }
        history.step(at);
    }
}

impl History<'_> {
    fn step(&mut self, at: usize) {
        let command = if at == 0 && self.random.percent(60) {
            Command::Import(None)
        } else {
            self.command()
        };
        let terms = self.terms(&command);
        let effect = match command {
            Command::Import(_) | Command::Sync(_) if self.random.percent(30) => self.fault(),
            _ => Effect::None,
        };
        let kill = match self.random.below(100) {
            0..8 => Kill::At(self.random.pick::<&str>(&CRASH_POINTS)),
            8..13 => {
                let micros = u64::try_from(self.random.below(25_000)).unwrap_or(0);
                Kill::After(Duration::from_micros(micros))
            }
            _ => Kill::Never,
        };
        let mut arguments = Self::arguments(&command, &terms);
        let is_of_everybody = matches!(command, Command::Sync(None));
        if is_of_everybody && (effect.leaves_no_change() || self.random.percent(20)) {
            arguments.push("--full".to_owned());
        }
        self.log
            .push(format!("$ {arguments:?} {effect:?} {kill:?}"));
        let path = self.stage.sandbox.store_path();
        let before = Observed::read(&path);
        let bytes = std::fs::read(&path).ok();
        self.stage.directory.reset_stats();
        let (code, json, stderr) = self.run(&arguments, kill);
        let after = Observed::read(&path);
        let expected = self.expect(&command, &terms, &effect, before.last_run + 1);
        let is_fatal = self.is_fatal(&command, &effect, &expected);
        self.stage.directory.clear_faults();
        self.log.push(format!(
            "exit code {code:?} {} {}",
            json["mode"],
            stderr.trim()
        ));

        self.check_invariants(&command, &effect, &before, &after);
        if bytes.is_none() && !matches!(command, Command::Import(_) | Command::Add(_)) {
            assert!(matches!(code, None | Some(2)), "there is no store");
            assert!(!path.exists(), "a store was made");
            return;
        }
        let is_nothing = || {
            assert_eq!(before.users, after.users, "something was changed");
            assert_eq!(before.changes, after.changes, "a change was noted");
        };
        let Some(code) = code else {
            // Killed: before or after.
            if after.users == before.users && after.changes == before.changes {
                let is_over = matches!(kill, Kill::At("committed"));
                assert_eq!(is_over, after.last_run > before.last_run && is_over);
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
        assert_eq!(code, expected.code, "not the exit code of {expected:#?}");
        if terms.dry_run || matches!(code, 2 | 4) {
            is_nothing();
        }
        if terms.dry_run {
            let now = std::fs::read(&path).ok();
            assert_eq!(bytes, now, "a dry run changed the file");
        }
        if let Some(wanted) = &expected.buckets {
            assert_eq!(*wanted, buckets(&json), "not what was to be told: {json:#}");
        }
        self.adopt(expected, &after);
    }

    fn adopt(&mut self, expected: Outcome, after: &Observed) {
        let mut users: Vec<&User> = expected.after.users.values().collect();
        users.sort();
        assert_eq!(users, after.values(), "the store is not as the rules say");
        self.store = expected.after;
    }

    fn command(&mut self) -> Command {
        let store = &self.store;
        let name = |user: &User| user.values.username.clone();
        let imported: Vec<String> = store
            .imported()
            .iter()
            .map(|key| name(&store.users[key]))
            .collect();
        let all: Vec<String> = store.users.values().map(name).collect();
        let random = &mut self.random;
        match random.below(100) {
            0..15 => Command::Import(None),
            15..27 => {
                let mut names: Vec<String> = random
                    .some(&self.world.accounts, 3)
                    .iter()
                    .map(crate::world::Account::principal)
                    .collect();
                if random.percent(5) {
                    names.push("nobody".to_owned());
                }
                Command::Import(Some(names))
            }
            27..62 => Command::Sync(None),
            62..77 if !imported.is_empty() => {
                let mut names = random.some(&imported, 3);
                if random.percent(8) {
                    names.push(random.pick(&all).clone());
                }
                if random.percent(20) {
                    names[0] = names[0].to_uppercase();
                }
                Command::Sync(Some(names))
            }
            77..85 if !all.is_empty() => Command::Remove(random.some(&all, 2)),
            85..93 if !store.records.is_empty() => {
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
                        world::username(random)
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
        Terms {
            max_deletes: self.max_deletes,
            allow_deletes: (is_sync && random.percent(20)).then(|| random.below(5)),
            out_of_scope_is_deleted: self.out_of_scope_is_deleted,
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
        ] {
            if is_said {
                put(&[word]);
            }
        }
        if let Some(number) = terms.allow_deletes {
            put(&["--allow-deletes", &number.to_string()]);
        }
        arguments
    }

    /// Sets a random fault.
    fn fault(&mut self) -> Effect {
        let random = &mut self.random;
        let server = &self.stage.directory;
        let account = random.pick(&self.world.accounts).clone();
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
                server.fault(When::search().nth(1), random.pick(&passing).clone());
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
                server.fault(When::search().nth(1), What::hide(&handle));
                Effect::HiddenAtFirst(handle)
            }
            60..64 => {
                server.fault(When::search().nth(1), What::Empty);
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
                let dn = format!("CN=moved,{STAFF}");
                let what = What::SendAgainOnNextPage { user: handle, dn };
                server.fault(When::page(1).times(1), what);
                Effect::None
            }
            79..87 => {
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
    fn is_fatal(&self, command: &Command, effect: &Effect, expected: &Outcome) -> Option<bool> {
        let searches = self.stage.directory.searches();
        let mut own = searches.iter().filter(|it| !it.base.is_empty());
        // Who is refused these has no change mark, or no deleted witness, and that is all.
        let may_be_refused = |base: &str| {
            let optional = ["CN=NTDS Settings,", "<WKGUID="];
            optional.iter().any(|start| base.starts_with(start))
        };
        match effect {
            // A name that the store does not know is told before anything is read.
            Effect::Fatal => Some(expected.code != 2 || matches!(command, Command::Import(_))),
            Effect::FatalAtSearch(nth) => Some(
                own.nth(*nth - 1)
                    .is_some_and(|it| !may_be_refused(&it.base)),
            ),
            Effect::FatalAtPage(page) => Some(own.any(|it| it.page == *page)),
            Effect::MaybeFatal => None,
            _ => Some(false),
        }
    }

    fn run(&self, arguments: &[String], kill: Kill) -> (Option<i32>, Value, String) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let run = self.stage.prepare(&arguments);
        let answer = match kill {
            Kill::Never => run.run(),
            Kill::At(point) => run.env("ADSYNC_CRASH_AT", point).run(),
            Kill::After(pause) => {
                let mut command = run.into_command();
                let null = std::process::Stdio::null;
                command.stdin(null()).stdout(null()).stderr(null());
                let mut child = command.spawn().expect("adsync starts");
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

    fn expect(&self, command: &Command, terms: &Terms, effect: &Effect, run: i64) -> Outcome {
        let store = &self.store;
        match command {
            Command::Add(values) => rules::add(store, values.clone(), terms),
            Command::Remove(names) => rules::remove(store, names, run, terms),
            Command::Restore(whom) => rules::restore(store, whom, terms),
            Command::Sync(None) => {
                let sights = self.sights(effect, false);
                // Where all are looked up by identity, nobody looks at who else is in the scope.
                let all = store.imported();
                let chosen = Some(&all).filter(|_| !self.was_enumerated());
                rules::sync(store, chosen, &sights, terms, run)
            }
            Command::Sync(Some(names)) => match self.chosen(names) {
                Some(keys) => {
                    rules::sync(store, Some(&keys), &self.sights(effect, false), terms, run)
                }
                None => Outcome::nothing(2, store),
            },
            Command::Import(names) => {
                let mut sights = self.sights(effect, true);
                sights.retain(|it| it.whereabouts == Whereabouts::InScope);
                let Some(names) = names else {
                    return rules::import(store, &sights, true, terms);
                };
                let is_among = |sight: &&Sight| {
                    let account = self.world.account(sight.guid);
                    account.is_some_and(|it| names.contains(&it.principal()))
                };
                let chosen: Vec<Sight> = sights.iter().filter(is_among).cloned().collect();
                if chosen.len() < names.len() {
                    return Outcome::nothing(2, store);
                }
                rules::import(store, &chosen, false, terms)
            }
        }
    }

    /// Whether the last run read the whole scope.
    fn was_enumerated(&self) -> bool {
        let searches = self.stage.directory.searches();
        searches
            .iter()
            .any(|it| it.base == STAFF && it.filter == SCOPE)
    }

    /// The imported users of these names; none, if there is another among them.
    fn chosen(&self, names: &[String]) -> Option<BTreeSet<Key>> {
        let keys: Option<BTreeSet<Key>> =
            names.iter().map(|name| self.store.by_name(name)).collect();
        keys.filter(|keys| keys.is_subset(&self.store.imported()))
    }

    /// What the directory shows to a run.
    fn sights(&self, effect: &Effect, is_import: bool) -> Vec<Sight> {
        if *effect == Effect::Empty || (*effect == Effect::EmptyAtFirst && is_import) {
            return Vec::new();
        }
        let sight = |account: &world::Account| {
            let is_alive = account.is_alive();
            let is = |handle: &String| is_alive && *handle == account.handle;
            let is_hidden = match effect {
                Effect::Hidden(handle) => is(handle),
                Effect::HiddenAtFirst(handle) => is(handle) && is_import,
                _ => !is_alive && !self.tombstones_are_visible,
            };
            if is_hidden || (!is_alive && !self.tombstones_are_visible) {
                return None;
            }
            let is_lost = matches!(effect, Effect::NamelessAndLost(handle) if is(handle));
            let is_nameless = matches!(effect, Effect::Nameless(handle) if is(handle));
            let is_unusable = matches!(effect, Effect::Unusable(handle) if is(handle));
            Some(Sight {
                guid: account.guid,
                dn: account.dn(),
                whereabouts: match account.place {
                    Place::Deleted => Whereabouts::Tombstone,
                    Place::Elsewhere => Whereabouts::Elsewhere,
                    Place::Staff | Place::Sales => Whereabouts::InScope,
                },
                is_nameless: is_lost || is_nameless,
                is_lost,
                values: account.values().filter(|_| !is_unusable),
            })
        };
        self.world.accounts.iter().filter_map(sight).collect()
    }

    /// What must be so whatever the rules say.
    fn check_invariants(
        &self,
        command: &Command,
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

        // Nobody outside a selection is touched, not in a single column.
        let selected: Option<Vec<Option<testdir::Uuid>>> = match command {
            Command::Sync(Some(names)) => Some(
                self.chosen(names)
                    .iter()
                    .flatten()
                    .map(|key| self.store.users[key].guid)
                    .collect(),
            ),
            Command::Import(Some(names)) => Some(
                self.world
                    .accounts
                    .iter()
                    .filter(|it| names.contains(&it.principal()))
                    .map(|it| Some(it.guid))
                    .collect(),
            ),
            Command::Sync(None) | Command::Import(None) => None,
            Command::Add(_) | Command::Restore(_) => Some(Vec::new()),
            Command::Remove(_) => return,
        };
        for stored in &before.users {
            let guid = stored.user.guid;
            if guid.is_none() || selected.iter().any(|them| !them.contains(&guid)) {
                let is_there = after.users.contains(stored);
                assert!(is_there, "outside the selection: {stored:?}\n{after:#?}");
            }
            // Whoever lives in the domain is not deleted, unless the settings or the directory say so.
            let account = guid.and_then(|guid| self.world.account(guid));
            let Some(account) = account.filter(|it| it.is_alive()) else {
                continue;
            };
            let may_go = match effect {
                Effect::Empty => true,
                Effect::Hidden(handle) => *handle == account.handle,
                // A lost right to see who it is: only a run that does not see the entry may take it for gone.
                Effect::NamelessAndLost(handle) => {
                    let is_seen =
                        account.place.is_in_scope() && matches!(command, Command::Sync(None));
                    *handle == account.handle && !is_seen
                }
                _ => false,
            } || (self.out_of_scope_is_deleted && !account.place.is_in_scope());
            let is_there = after.by_guid(account.guid).is_some();
            assert!(is_there || may_go, "{account:?} lives, and was deleted");
        }
    }
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
        // Entries without an identity are nobody's.
        failed: objects("failed").iter().filter_map(known).collect(),
    }
}
