//! The engine on a directory in memory, with an observer that remembers; each story with a store in memory, and with
//! one in a file.

use std::cell::RefCell;
use std::time::Duration;

use ldap::{Credentials, Limits, ServerUrl};
use testdir::{PASSWORD, TestDir, USERNAME, User, What, When};

use super::execute::{self, Ended, Refused, Target};
use super::reach::Reach;
use super::strategy;
use super::{Confirmation, Engine, Observer, Policy, Progress, RunError, import, retry};
use crate::directory::{Directory, Options, ServerSource};
use crate::plan::compare::OutOfScopePolicy;
use crate::plan::{Allowed, Guard, GuardLimits, Limit, Plan, Population, Recent};
use crate::store::memory::Memory;
use crate::store::{self, Command, Mode, Outcome, Run, Runs, Store, View};
use crate::user::{Folded, Status, StoredUser};

/// Remembers what it hears, and answers what it is told to.
struct Witness {
    heard: RefCell<Vec<String>>,
    answer: Confirmation,
}

impl Witness {
    fn hear(&self, text: &str) {
        self.heard.borrow_mut().push(text.to_owned());
    }
}

struct Silent;

impl Progress for Silent {
    fn advance(&self, _by: u64) {}
    fn describe(&self, _what: &str) {}
}

impl Observer for Witness {
    fn warn(&self, text: &str) {
        self.hear(text);
    }

    fn note(&self, text: &str) {
        self.hear(text);
    }

    fn counting(&self, _what: &str, _total: Option<u64>) -> Box<dyn Progress> {
        Box::new(Silent)
    }

    fn working(&self, what: &str) -> Box<dyn Progress> {
        self.hear(what);
        Box::new(Silent)
    }

    fn confirm(&self, _plan: &Plan, _command: Command) -> Confirmation {
        self.answer.clone()
    }

    fn noted(&self, error: &anyhow::Error) -> Option<String> {
        Some(format!("{error:#}"))
    }
}

/// A directory, a store, and what is between them.
struct Stage {
    directory: TestDir,
    store: Box<dyn Store>,
    /// Where the store is, if it is in a file.
    _folder: Option<tempfile::TempDir>,
    options: Options,
    policy: Policy,
    witness: Witness,
}

impl Stage {
    /// With these users in the directory, who were imported: on a store of each kind.
    fn each(usernames: &[&str], play: impl Fn(Self)) {
        play(Self::with(usernames, Box::new(Memory::default()), None));
        let folder = tempfile::tempdir().expect("a folder");
        let store = store::at(&folder.path().join("users.db"));
        play(Self::with(usernames, store, Some(folder)));
    }

    fn with(usernames: &[&str], store: Box<dyn Store>, folder: Option<tempfile::TempDir>) -> Self {
        let directory = TestDir::builder().see_tombstones(true).start();
        let directory = directory.expect("a directory");
        for username in usernames {
            directory.add_user(*username).expect("a user");
        }
        let url = ServerUrl::try_from(directory.url()).expect("a URL");
        let stage = Self {
            options: options(url),
            directory,
            store,
            _folder: folder,
            policy: Policy {
                missing_after: Duration::from_hours(24),
                out_of_scope: OutOfScopePolicy::Keep,
                full_every: Duration::from_hours(24),
            },
            witness: Witness {
                heard: RefCell::default(),
                answer: Confirmation::NotAsked,
            },
        };
        stage.import();
        stage.heard();
        stage
    }

    fn engine(&self) -> Engine<'_> {
        Engine {
            options: &self.options,
            policy: self.policy,
            observer: &self.witness,
        }
    }

    /// What was heard since the last time.
    fn heard(&self) -> Vec<String> {
        self.witness.heard.take()
    }

    fn view(&self) -> Box<dyn View> {
        self.store.read().expect("a store")
    }

    fn target(&self, command: Command, dry_run: bool) -> Target {
        Target::begin(&*self.store, command, dry_run, Duration::ZERO).expect("a store")
    }

    fn read<T>(&self, read: impl FnMut(&mut Directory) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let credentials = Credentials::Password(USERNAME, PASSWORD.into());
        retry::with_directory(&self.engine(), &credentials, None, read)
    }

    fn import(&self) -> Plan {
        let mut target = self.target(Command::Import, false);
        let mut run = Run::begin(Command::Import, 365);
        let engine = self.engine();
        let read = self.read(|directory| {
            let mut select = |directory: &mut Directory, take: import::Take<'_>| {
                let tally = directory.read(&crate::directory::Selection::All, take)?;
                Ok(Some(tally.entries))
            };
            let whom = import::Whom::All;
            import::read(whom, &target, directory, &mut run, &engine, &mut select)
        });
        let (reading, bulk_load) = read.expect("it can be read");
        let findings = reading.note_in(&mut run);
        target.take_in(bulk_load);
        let guard = Guard::exactly(0);
        let ended = execute::execute(findings, &mut target, &run, &guard, false, &engine);
        done(ended.expect("it can be written"))
    }

    /// Synchronises everybody, or those of these names.
    fn sync(&self, settings: &Sync<'_>) -> anyhow::Result<(Mode, Ended)> {
        let target = self.target(Command::Sync, settings.dry_run);
        let run = Run::begin(Command::Sync, 365);
        execute::with_target(target, run, &self.witness, |target, run| {
            let (store, engine) = (target.view(), self.engine());
            let chosen: Vec<StoredUser> = settings.users.iter().map(|it| self.user(it)).collect();
            let reading = self.read(|directory| {
                let reach = Reach::of(store, directory, run, &engine)?;
                if chosen.is_empty() {
                    strategy::everybody(store, directory, &reach, settings.full)
                } else {
                    strategy::selected(store, directory, &chosen, &reach)
                }
            })?;
            let findings = reading.note_in(run);
            let ended = execute::execute(
                findings,
                target,
                run,
                &settings.guard,
                settings.ask,
                &self.engine(),
            )?;
            Ok((run.mode, ended))
        })
    }

    fn user(&self, username: &str) -> StoredUser {
        let found = self.view().by_username(&Folded::new(username));
        found.expect("readable").expect("it is there")
    }

    fn is_there(&self, username: &str) -> bool {
        let found = self.view().by_username(&Folded::new(username));
        found.expect("readable").is_some()
    }

    fn dn(username: &str) -> String {
        format!("CN={username},OU=Staff,DC=corp,DC=example,DC=com")
    }
}

/// How everybody is synchronised.
struct Sync<'a> {
    users: &'a [&'a str],
    full: bool,
    dry_run: bool,
    ask: bool,
    guard: Guard,
}

impl Default for Sync<'_> {
    fn default() -> Self {
        Self {
            users: &[],
            full: false,
            dry_run: false,
            ask: false,
            guard: guard(Limit::Percent(10)),
        }
    }
}

fn guard(deletes: Limit) -> Guard {
    let all = Limit::Number(u64::MAX);
    Guard {
        limits: GuardLimits {
            deletes,
            cleared: all,
            disabled: all,
            modified: all,
            missing: all,
        },
        allowed: Allowed::default(),
        is_meant: false,
        population: Population::default(),
        recent: Recent::default(),
    }
}

fn options(url: ServerUrl) -> Options {
    Options {
        servers: ServerSource::Urls(vec![url]),
        starttls: false,
        ca_file: None,
        base_dn: None,
        filter: "(&(objectCategory=person)(objectClass=user))"
            .parse()
            .expect("a filter"),
        exclude: Vec::new(),
        limits: Limits {
            page_size: 1000,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(5),
            run_timeout: Duration::from_mins(1),
            max_entries: 1000,
            max_value_bytes: 1000,
            max_message_bytes: 100_000,
        },
        accept_invalid_certs: false,
        attributes: crate::directory::Attributes::default(),
    }
}

fn done(ended: Ended) -> Plan {
    match ended {
        Ended::Done(_, plan) => plan,
        Ended::Refused(why, _) => panic!("refused: {why:?}"),
    }
}

fn usernames<'a>(users: impl Iterator<Item = &'a StoredUser>) -> Vec<&'a str> {
    let mut names: Vec<&str> = users.map(|it| &*it.values.profile.username).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_first_run_reads_everybody_and_the_next_what_changed() {
    Stage::each(&["ann", "ben", "cem"], |stage| {
        let (mode, ended) = stage.sync(&Sync::default()).expect("done");
        assert_eq!((mode, done(ended).unchanged), (Mode::Full, 3));
        let mail = stage
            .directory
            .replace(&Stage::dn("ben"), "mail", ["b@new"]);
        mail.expect("modified");
        stage.directory.delete(&Stage::dn("cem")).expect("deleted");
        let (mode, ended) = stage.sync(&Sync::default()).expect("done");
        let plan = done(ended);
        assert_eq!(mode, Mode::Delta);
        assert_eq!(usernames(plan.modified.iter().map(|it| &it.user)), ["ben"]);
        assert_eq!(usernames(plan.deleted.iter().map(|it| &it.user)), ["cem"]);
        assert_eq!(
            stage.user("ben").values.profile.email.as_deref(),
            Some("b@new")
        );
        assert!(!stage.is_there("cem"));
    });
}

#[test]
fn of_chosen_users_nobody_else_is_touched() {
    Stage::each(&["ann", "ben"], |stage| {
        for username in ["ann", "ben"] {
            let changed = stage.directory.replace(&Stage::dn(username), "sn", ["New"]);
            changed.expect("modified");
        }
        let sync = Sync {
            users: &["ann"],
            ..Sync::default()
        };
        let (mode, ended) = stage.sync(&sync).expect("done");
        assert_eq!(mode, Mode::Selected);
        assert_eq!(
            usernames(done(ended).modified.iter().map(|it| &it.user)),
            ["ann"]
        );
        assert_ne!(
            stage.user("ben").values.profile.last_name.as_deref(),
            Some("New")
        );
    });
}

#[test]
fn a_dry_run_plans_the_same_and_writes_nothing() {
    Stage::each(&["ann"], |stage| {
        stage.directory.delete(&Stage::dn("ann")).expect("deleted");
        let runs = || stage.view().runs(Runs::Last(9)).expect("readable").len();
        let before = runs();
        let dry = Sync {
            dry_run: true,
            ..Sync::default()
        };
        let (_, ended) = stage.sync(&dry).expect("done");
        assert_eq!(done(ended).deleted.len(), 1);
        assert!(stage.is_there("ann"));
        assert_eq!(runs(), before);
    });
}

#[test]
fn what_the_guard_refuses_is_given_back_and_not_written() {
    Stage::each(&["ann"], |stage| {
        stage.directory.delete(&Stage::dn("ann")).expect("deleted");
        let none = Sync {
            guard: guard(Limit::Number(0)),
            ..Sync::default()
        };
        let (_, ended) = stage.sync(&none).expect("it is no error");
        let Ended::Refused(Refused::ByGuard(refusal, None), plan) = ended else {
            panic!("{ended:?}");
        };
        assert_eq!((refusal.users(), plan.deleted.len()), (1, 1));
        assert!(stage.is_there("ann"));
    });
}

#[test]
fn a_refusal_says_that_the_settings_changed() {
    Stage::each(&["ann"], |mut stage| {
        stage.sync(&Sync::default()).expect("done");
        stage.options.filter = "(&(objectClass=user)(sn=*))".parse().expect("a filter");
        stage.directory.delete(&Stage::dn("ann")).expect("deleted");
        let none = Sync {
            guard: guard(Limit::Number(0)),
            ..Sync::default()
        };
        let (_, ended) = stage.sync(&none).expect("it is no error");
        let Ended::Refused(Refused::ByGuard(_, Some(change)), _) = ended else {
            panic!("{ended:?}");
        };
        let changed: Vec<&str> = change.differences.iter().map(|it| &*it.0).collect();
        assert_eq!((change.run, changed), (2, vec!["filter"]));
    });
}

#[test]
fn whoever_is_asked_decides_of_deletions() {
    Stage::each(&["ann"], |mut stage| {
        stage.directory.delete(&Stage::dn("ann")).expect("deleted");
        let ask = Sync {
            ask: true,
            ..Sync::default()
        };
        stage.witness.answer = Confirmation::Refused("not confirmed".to_owned());
        let (_, ended) = stage.sync(&ask).expect("it is no error");
        assert!(
            matches!(&ended, Ended::Refused(Refused::ByPerson(why), _) if why == "not confirmed"),
            "{ended:?}"
        );
        assert!(stage.is_there("ann"));
        stage.witness.answer = Confirmation::Given;
        let (_, ended) = stage.sync(&ask).expect("done");
        assert_eq!(done(ended).deleted.len(), 1);
        assert!(!stage.is_there("ann"));
    });
}

#[test]
fn a_server_that_is_busy_is_asked_again_and_that_is_told() {
    Stage::each(&["ann"], |stage| {
        let busy = What::answer(51, "busy");
        stage.directory.fault(When::search().times(1), busy.clone());
        let (_, ended) = stage.sync(&Sync::default()).expect("done");
        assert_eq!(done(ended).unchanged, 1);
        let heard = stage.heard();
        assert!(
            heard
                .iter()
                .any(|it| it.ends_with("trying again in 500 ms")),
            "{heard:?}"
        );
        stage.directory.fault(When::search(), busy);
        let error = stage.sync(&Sync::default()).expect_err("three times");
        assert!(error.to_string().contains("51 busy"), "{error}");
    });
}

#[test]
fn a_run_that_fails_is_noted_with_its_reason() {
    Stage::each(&["ann"], |stage| {
        stage
            .directory
            .fault(When::search(), What::answer(1, "odd"));
        let error = stage.sync(&Sync::default()).expect_err("it cannot be read");
        let runs = stage.view().runs(Runs::Last(1)).expect("readable");
        assert_eq!(runs[0].outcome, Outcome::Failed);
        assert_eq!(runs[0].error, Some(error.to_string()));
        assert!(stage.is_there("ann"));
    });
}

#[test]
fn who_is_nowhere_is_missing_and_not_deleted() {
    Stage::each(&["ann", "ben"], |stage| {
        stage
            .directory
            .edit(|it| it.forget(&Stage::dn("ann")))
            .expect("taken away");
        let full = Sync {
            full: true,
            ..Sync::default()
        };
        let (_, ended) = stage.sync(&full).expect("done");
        let plan = done(ended);
        assert_eq!(usernames(plan.missing.iter().map(|it| &it.user)), ["ann"]);
        assert_eq!(stage.user("ann").status, Status::Missing);
    });
}

#[test]
fn users_of_another_domain_are_nobody_s_business() {
    Stage::each(&["ann"], |stage| {
        let other = TestDir::builder()
            .base_dn("DC=branch,DC=example,DC=com")
            .start();
        let other = other.expect("a directory");
        other.add_user(User::new("zoe")).expect("a user");
        let url = ServerUrl::try_from(other.url()).expect("a URL");
        let stage = Stage {
            options: options(url),
            directory: other,
            ..stage
        };
        let error = stage.sync(&Sync::default()).expect_err("nobody is of it");
        assert!(
            matches!(
                error.downcast_ref(),
                Some(RunError::AllForeign { users: 1, .. })
            ),
            "{error}"
        );
        let chosen = Sync {
            users: &["ann"],
            ..Sync::default()
        };
        let error = stage.sync(&chosen).expect_err("she is of another");
        assert!(
            matches!(error.downcast_ref(), Some(RunError::Foreign { usernames, .. }) if *usernames == ["ann"]),
            "{error}"
        );
        assert!(stage.is_there("ann"));
    });
}
