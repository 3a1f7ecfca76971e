//! Random histories on a real Active Directory: Samba's, with a second domain controller that lags behind and a
//! second domain, all in one store.
//!
//! Several histories go on at the same time, each in an OU and with a service account of its own: so they share the
//! domain controllers, and what it takes for the second to catch up.
//!
//! `ADSYNC_SAMBA_MODEL_SEED` is the first seed, `ADSYNC_SAMBA_MODEL_HISTORIES` how many such batches there are.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use testdir::{TestDir, Uuid};

use crate::history::{Chances, History};
use crate::observed::DOMAINS;
use crate::server::{Entry, Server};
use crate::support::adsync::Settings;
use crate::support::random::Random;
use crate::support::samba::ldif::{Record, escape_dn_value, escape_filter_value};
use crate::support::samba::{BRANCH, SambaDc, Search, User};
use crate::world::World;

pub(crate) const REAL: &str = "on a real AD";

/// How many histories go on at the same time.
const TOGETHER: usize = 24;
const STEPS: usize = 7;
const PASSWORD: &str = "Passw0rd-of-a-history";

/// The domain controllers of all histories of a batch.
struct Servers {
    first: RefCell<SambaDc>,
    second: RefCell<SambaDc>,
    branch: RefCell<SambaDc>,
}

impl Servers {
    fn start() -> Self {
        let mut first = SambaDc::start();
        let branch = SambaDc::builder().domain(&BRANCH).start();
        for dc in [&first, &branch] {
            // There is a deleted object from the beginning, for those who see them.
            dc.delete(&dc.add_user(&User::new("left.before").ou(&users_of(dc))));
        }
        let second = first.second_controller();
        Self {
            first: RefCell::new(first),
            second: RefCell::new(second),
            branch: RefCell::new(branch),
        }
    }

    fn replicate(&self) {
        let mut second = self.second.borrow_mut();
        second.catch_up_with(&mut self.first.borrow_mut());
    }
}

fn users_of(dc: &SambaDc) -> String {
    format!("CN=Users,{}", dc.domain().base_dn)
}

/// A controller, as one history sees it.
struct Controller<'a> {
    dc: &'a RefCell<SambaDc>,
    account: String,
    sees_tombstones: Cell<bool>,
    denied: RefCell<Vec<Uuid>>,
}

impl<'a> Controller<'a> {
    fn new(dc: &'a RefCell<SambaDc>, account: &str) -> Self {
        Self {
            dc,
            account: account.to_owned(),
            sees_tombstones: Cell::new(false),
            denied: RefCell::new(Vec::new()),
        }
    }

    fn apply(&self, record: &Record) {
        self.dc.borrow().ldif(&record.to_string());
    }

    /// The DN of an entry, if it is there yet, and still.
    fn dn_of(&self, guid: Uuid) -> Option<String> {
        let filter = format!("(objectGUID={})", escape_filter_value(guid.to_bytes_le()));
        let dc = self.dc.borrow();
        let search = Search::new(&filter).below(dc.domain().base_dn);
        let found = dc.search(&search.attributes(&["objectGUID"]));
        found.into_iter().next().map(|it| it.dn)
    }

    fn guid_of(&self, dn: &str) -> Uuid {
        let entry = self.dc.borrow().entry(dn);
        let guid = entry.expect("it is there").guid();
        guid.parse().expect("an objectGUID")
    }

    fn deny_all_of(&self, guid: Uuid, deny: impl Fn(&SambaDc, &str)) {
        if let Some(dn) = self.dn_of(guid) {
            deny(&self.dc.borrow(), &dn);
        }
        // Who is not here yet may bring the denial along from the other controller.
        self.denied.borrow_mut().push(guid);
    }
}

impl Server for Controller<'_> {
    fn url(&self) -> String {
        self.dc.borrow().url()
    }

    fn ca_file(&self) -> Option<PathBuf> {
        Some(self.dc.borrow().ca_file())
    }

    fn testdir(&self) -> Option<&TestDir> {
        None
    }

    fn add(&self, entry: &Entry) -> Uuid {
        let dn = format!(
            "CN={},{}",
            escape_dn_value(&entry.common_name),
            entry.parent
        );
        let mut record = Record::add(&dn).value("objectClass", "user");
        for (attribute, values) in &entry.attributes {
            for value in values {
                record = record.value(attribute, value);
            }
        }
        self.apply(&record);
        self.guid_of(&dn)
    }

    fn set(&self, dn: &str, attribute: &str, values: &[String]) {
        let record = Record::modify(dn);
        self.apply(&match values {
            [] => record.clear(attribute),
            [value, ..] => record.replace(attribute, value),
        });
    }

    fn rename(&self, dn: &str, common_name: &str) {
        self.dc.borrow().rename_cn(dn, common_name);
    }

    fn move_to(&self, dn: &str, parent: &str) {
        self.dc.borrow().move_to(dn, parent);
    }

    fn delete(&self, dn: &str) {
        self.dc.borrow().delete(dn);
    }

    fn deny_user(&self, guid: Uuid) {
        self.deny_all_of(guid, |dc, dn| dc.deny_all(dn, &self.account));
    }

    fn deny_container(&self, dn: &str) {
        let guid = self.guid_of(dn);
        self.deny_all_of(guid, |dc, dn| dc.deny_read(dn, &self.account));
    }

    fn hide(&self, attribute: &str) {
        panic!("{attribute} of users to come cannot be hidden");
    }

    fn allow_all(&self) {
        for guid in self.denied.take() {
            if let Some(dn) = self.dn_of(guid) {
                self.dc.borrow().allow_again(&dn, &self.account);
            }
        }
    }

    fn see_tombstones(&self, see: bool) {
        if self.sees_tombstones.replace(see) == see {
            return;
        }
        let dc = self.dc.borrow();
        if see {
            dc.grant_tombstones(&self.account);
        } else {
            dc.revoke_tombstones(&self.account);
        }
    }

    /// Nobody expires in these histories.
    fn pass_time(&self, _seconds: i64) {}

    fn collect(&self, guid: Uuid) {
        panic!("{guid}: a real domain keeps its tombstones for months");
    }

    fn forget(&self, dn: &str) {
        panic!("{dn} cannot vanish");
    }

    fn refer(&self, dn: &str) {
        panic!("{dn} stays here");
    }
}

/// What one history has of the servers.
struct Place<'a> {
    ending: String,
    account: String,
    controllers: [Controller<'a>; 3],
}

impl<'a> Place<'a> {
    fn new(servers: &'a Servers, number: usize) -> Self {
        let account = format!("svc-history{number}");
        let dcs = [&servers.first, &servers.second, &servers.branch];
        Self {
            ending: format!(".h{number}"),
            controllers: dcs.map(|dc| Controller::new(dc, &account)),
            account,
        }
    }

    /// The OU of a domain in which the people of the history are.
    fn base(&self, domain: usize) -> String {
        format!("OU=History{},{}", self.ending, DOMAINS[domain])
    }

    fn prepare(&self) {
        for (domain, controller) in [(0, 0), (1, 2)] {
            let dc = self.controllers[controller].dc.borrow();
            let account = User::new(&self.account)
                .ou(&users_of(&dc))
                .password(PASSWORD);
            dc.add_user(&account);
            let base = self.base(domain);
            dc.add_ou(&format!("History{}", self.ending), DOMAINS[domain]);
            let staff = dc.add_ou("Staff", &base);
            dc.add_ou("Sales", &staff);
            dc.add_ou("Elsewhere", &base);
        }
    }

    fn settings(&self, domain: usize) -> Settings {
        let dc = self.controllers[domain * 2].dc.borrow();
        Settings {
            username: Some(format!("{}@{}", self.account, dc.domain().dns)),
            password: Some(PASSWORD.to_owned()),
            ..Settings::for_dc(&dc)
        }
    }

    fn history(&'a self, seed: u64) -> History<'a> {
        let [first, second, branch] = &self.controllers;
        let worlds = vec![
            World::real(0, &self.base(0), vec![first, second], &self.ending),
            World::real(1, &self.base(1), vec![branch], &self.ending),
        ];
        let chances = Chances {
            kind: REAL,
            faults: 0,
            kills: 4,
            pauses: 30,
            rights: 30,
            hirings: 12,
            others: 0,
            clocks: 0,
        };
        let settings = vec![self.settings(0), self.settings(1)];
        History::new(Random::new(seed), worlds, settings, chances)
    }
}

/// Plays some histories together; panics when one of them did, and tells of it in the log.
pub(crate) fn play(seed: u64, log: &mut Vec<String>) {
    let servers = Servers::start();
    let places: Vec<Place> = (0..TOGETHER)
        .map(|number| Place::new(&servers, number))
        .collect();
    for place in &places {
        place.prepare();
    }
    servers.replicate();
    let mut random = Random::new(seed);
    let mut histories: Vec<History> = places
        .iter()
        .map(|place| place.history(random.next()))
        .collect();
    let mut has_failed = false;
    let mut each = |histories: &mut Vec<History>, play: &dyn Fn(&mut History)| {
        histories.retain_mut(|history| {
            let played = catch_unwind(AssertUnwindSafe(|| play(history)));
            if played.is_err() {
                has_failed = true;
                log.push("-- a history of its own".to_owned());
                log.append(&mut history.log);
            }
            played.is_ok()
        });
    };
    each(&mut histories, &|history| history.begin());
    for step in 0..STEPS {
        each(&mut histories, &|history| history.changes(step));
        if step == 0 || random.percent(30) {
            servers.replicate();
            each(&mut histories, &|history| history.is_replicated());
        }
        each(&mut histories, &|history| {
            if step > 0 {
                history.circumstances();
            }
            history.step(step);
        });
    }
    drop(histories);
    assert!(!has_failed, "histories went wrong");
}
