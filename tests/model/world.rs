//! The people of a domain, as the test knows them: what was done to its servers is done here too.

use std::collections::BTreeSet;

use testdir::Uuid;

use crate::rules::{self, DAY, Domain, HOUR, Scene, Sight, Time, Values, Whereabouts};
use crate::server::{Entry, Server};
use crate::support::random::Random;

/// Few names, in both cases, so that clashes are common.
const USERNAMES: &[&str] = &[
    "alice", "Alice", "bob", "BOB", "carol", "dora", "Élodie", "élodie", "straße", "STRASSE",
];
const MAILS: &[&str] = &[
    "a@x.org", "A@X.org", "b@x.org", "c@x.org", "C@x.ORG", "d@x.org", "é@x.org", "É@X.ORG",
    " a@x.org",
];

/// As long as the domain keeps deleted objects.
pub(crate) const LIFETIME_DAYS: u32 = 3;

/// Where an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Staff,
    Sales,
    Elsewhere,
    /// Deleted, and never to come back: whoever is made anew is another one.
    Deleted,
    /// Not in the domain, and nothing tells of it.
    Gone,
}

impl Place {
    pub(crate) fn is_in_scope(self) -> bool {
        matches!(self, Self::Staff | Self::Sales)
    }

    fn is_alive(self) -> bool {
        matches!(self, Self::Staff | Self::Sales | Self::Elsewhere)
    }

    /// The container, below the DN of the domain.
    fn below(self, base: &str) -> String {
        match self {
            Self::Sales => format!("OU=Sales,OU=Staff,{base}"),
            Self::Elsewhere => format!("OU=Elsewhere,{base}"),
            Self::Staff | Self::Deleted | Self::Gone => format!("OU=Staff,{base}"),
        }
    }
}

/// The containers of people.
const PLACES: [Place; 3] = [Place::Staff, Place::Sales, Place::Elsewhere];

/// One account of the directory.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) guid: Uuid,
    /// A name that no other has (`uid`, and the first part of the UPN), for faults and `import --users`.
    pub(crate) handle: String,
    base: String,
    common_name: String,
    pub(crate) place: Place,
    username: String,
    first_name: String,
    last_name: String,
    mails: Vec<String>,
    number: String,
    enabled: bool,
    expires: Option<Time>,
    deleted_at: Time,
}

impl Account {
    pub(crate) fn dn(&self) -> String {
        format!("CN={},{}", self.common_name, self.place.below(&self.base))
    }

    pub(crate) fn principal(&self) -> String {
        format!("{}@corp.example.com", self.handle)
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.place.is_alive()
    }

    /// Its values at a moment, unless they cannot be used.
    fn values(&self, now: Time, hides_mail: bool) -> Option<Values> {
        let some = |value: &String| Some(value.clone()).filter(|value| !value.trim().is_empty());
        let is_too_long = |value: &&String| value.chars().count() > 1024;
        let mail = self.mails(hides_mail).first();
        let texts = [&self.username, &self.first_name, &self.last_name];
        let is_bad = self.username.trim().is_empty()
            || self.username.contains(char::is_control)
            || texts.iter().any(is_too_long)
            || [mail.as_ref(), Some(&self.number)]
                .into_iter()
                .flatten()
                .any(|it| is_too_long(&it));
        (!is_bad).then(|| Values {
            username: self.username.clone(),
            first_name: some(&self.first_name),
            last_name: some(&self.last_name),
            email: mail.clone(),
            contact_number: some(&self.number),
            enabled: self.enabled && self.expires.is_none_or(|it| it > now),
        })
    }

    fn mails(&self, are_hidden: bool) -> Mails<'_> {
        let mails = self.mails.iter().filter(|it| !it.trim().is_empty());
        Mails(if are_hidden {
            Vec::new()
        } else {
            mails.collect()
        })
    }
}

/// Addresses that say something.
struct Mails<'a>(Vec<&'a String>);

impl Mails<'_> {
    fn first(&self) -> Option<String> {
        self.0.first().map(|it| (*it).clone())
    }

    fn all(&self) -> Vec<String> {
        self.0.iter().map(|it| (*it).clone()).collect()
    }
}

/// What one controller has.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    pub(crate) accounts: Vec<Account>,
    referred: BTreeSet<Place>,
}

/// A domain, twice: its servers and what the test knows of it.
pub(crate) struct World<'a> {
    pub(crate) domain: Domain,
    pub(crate) base: String,
    /// The changes are made at the first.
    servers: Vec<&'a dyn Server>,
    /// What each of them has.
    views: Vec<View>,
    denied: BTreeSet<Uuid>,
    denied_places: BTreeSet<Place>,
    hides_mail: bool,
    pub(crate) sees_deleted: bool,
    /// What the names of its users end with, where the server itself sees to it that names are unique and short,
    /// and has others beside them.
    ending: Option<String>,
    lifetime: Time,
    /// Whether something is otherwise at a controller that no change there tells of.
    silent: Vec<bool>,
    /// Whether that will be so at the next replication.
    will_be_silent: Vec<bool>,
}

impl<'a> World<'a> {
    pub(crate) fn new(domain: Domain, base: &str, servers: Vec<&'a dyn Server>) -> Self {
        Self {
            domain,
            base: base.to_owned(),
            views: vec![View::default(); servers.len()],
            silent: vec![false; servers.len()],
            will_be_silent: vec![false; servers.len()],
            ending: None,
            lifetime: Time::from(LIFETIME_DAYS) * DAY,
            servers,
            denied: BTreeSet::new(),
            denied_places: BTreeSet::new(),
            hides_mail: false,
            sees_deleted: false,
        }
    }

    /// A part of a real domain, which keeps deleted objects for as long as such a domain does.
    pub(crate) fn real(
        domain: Domain,
        base: &str,
        servers: Vec<&'a dyn Server>,
        ending: &str,
    ) -> Self {
        Self {
            ending: Some(ending.to_owned()),
            lifetime: 180 * DAY,
            ..Self::new(domain, base, servers)
        }
    }

    fn is_strict(&self) -> bool {
        self.ending.is_some()
    }

    /// Where its users are.
    pub(crate) fn scope(&self) -> String {
        Place::Staff.below(&self.base)
    }

    pub(crate) fn server(&self, at: usize) -> &'a dyn Server {
        self.servers[at]
    }

    pub(crate) fn servers(&self) -> usize {
        self.servers.len()
    }

    /// The accounts as they are where changes are made.
    pub(crate) fn accounts(&self) -> &[Account] {
        &self.views[0].accounts
    }

    pub(crate) fn account(&self, guid: Uuid) -> Option<&Account> {
        self.accounts().iter().find(|it| it.guid == guid)
    }

    fn accounts_mut(&mut self) -> &mut Vec<Account> {
        &mut self.views[0].accounts
    }

    /// What the names of its users end with.
    pub(crate) fn ending(&self) -> &str {
        self.ending.as_deref().unwrap_or_default()
    }

    /// Whether the account of the runs may see nothing of this one.
    pub(crate) fn is_denied(&self, account: &Account) -> bool {
        let is_in = |place: &Place| match place {
            // Sales is a part of Staff.
            Place::Staff => account.place.is_in_scope(),
            other => account.place == *other,
        };
        self.denied.contains(&account.guid)
            || (account.is_alive() && self.denied_places.iter().any(is_in))
    }

    fn alive(&self) -> Vec<usize> {
        let numbered = self.accounts().iter().enumerate();
        numbered
            .filter(|(_, it)| it.is_alive() && !self.is_denied(it))
            .map(|(at, _)| at)
            .collect()
    }

    fn free_common_name(&self, random: &mut Random) -> String {
        let accounts = self.accounts().iter();
        let used: Vec<&str> = accounts
            .filter(|it| it.is_alive())
            .map(|it| it.common_name.as_str())
            .collect();
        let free: Vec<String> = (0..used.len() + 2)
            .map(|number| format!("person {number}"))
            .filter(|name| !used.contains(&name.as_str()))
            .collect();
        random.pick(&free).clone()
    }

    /// A username, for the account of this number or a new one; none, if all are taken.
    fn username(&self, random: &mut Random, at: Option<usize>) -> Option<String> {
        let numbered = self.accounts().iter().enumerate();
        let taken: BTreeSet<String> = numbered
            .filter(|(number, it)| it.is_alive() && Some(*number) != at)
            .map(|(_, it)| rules::fold(&it.username))
            .collect();
        let ending = self.ending();
        let names = USERNAMES.iter().map(|name| format!("{name}{ending}"));
        let is_free = |name: &String| !self.is_strict() || !taken.contains(&rules::fold(name));
        let free: Vec<String> = names.filter(is_free).collect();
        (!free.is_empty()).then(|| random.pick(&free).clone())
    }

    /// An address, or none, or two, or one that says nothing.
    fn mails(&self, random: &mut Random) -> Vec<String> {
        match random.below(100) {
            0..16 => Vec::new(),
            16..20 if !self.is_strict() => vec![" ".to_owned()],
            20..35 if !self.is_strict() => {
                let both = random.some(MAILS, 2).into_iter();
                both.map(str::to_owned).collect()
            }
            _ => vec![pick(random, MAILS)],
        }
    }

    fn fresh_handle(&self) -> String {
        let ending = self.ending();
        format!("k{}x{}{ending}", self.domain, self.accounts().len())
    }

    fn place(&self, random: &mut Random) -> Place {
        let places = [Place::Staff, Place::Staff, Place::Sales, Place::Elsewhere];
        let mut open = places.to_vec();
        open.retain(|it| !self.views[0].referred.contains(it));
        *random.pick(&open)
    }

    /// Adds an account, under the name of somebody who was there before or a random one.
    pub(crate) fn add(&mut self, random: &mut Random, now: Time) -> String {
        let before = self.accounts().last().map(|it| it.username.clone());
        let before = before.filter(|_| !self.is_strict() && random.percent(40));
        let Some(username) = before.or_else(|| self.username(random, None)) else {
            return "nobody can be added".to_owned();
        };
        let mails = self.mails(random);
        self.add_as(random, now, username, mails)
    }

    /// Adds an account whose names are its own.
    pub(crate) fn add_distinct(&mut self, random: &mut Random, now: Time) -> String {
        let ending = self.ending();
        let username = format!("user{}-{}{ending}", self.domain, self.accounts().len());
        let mails = if random.percent(80) {
            vec![format!("{username}@x.org")]
        } else {
            self.mails(random)
        };
        self.add_as(random, now, username, mails)
    }

    fn add_as(
        &mut self,
        random: &mut Random,
        now: Time,
        username: String,
        mails: Vec<String>,
    ) -> String {
        let mut account = Account {
            guid: Uuid::nil(),
            handle: self.fresh_handle(),
            base: self.base.clone(),
            common_name: self.free_common_name(random),
            place: self.place(random),
            username,
            first_name: "First".to_owned(),
            last_name: "Last".to_owned(),
            mails,
            number: String::new(),
            enabled: random.percent(85),
            expires: None,
            deleted_at: 0,
        };
        if random.percent(10) && !self.is_strict() {
            account.expires = Some(now + expiry(random));
        }
        account.guid = self.servers[0].add(&entry(&account, now));
        let said = format!("{}: add {} {account:?}", self.domain, account.dn());
        self.accounts_mut().push(account);
        said
    }

    /// One random change; says what it was.
    pub(crate) fn change(&mut self, random: &mut Random, now: Time) -> String {
        let alive = self.alive();
        if alive.is_empty() || (alive.len() < 8 && random.percent(18)) {
            return if random.percent(50) {
                self.add(random, now)
            } else {
                self.add_distinct(random, now)
            };
        }
        let at = *random.pick(&alive);
        let other = *random.pick(&alive);
        match random.below(100) {
            0..17 => match self.username(random, Some(at)) {
                Some(name) => self.set(at, "sAMAccountName", &[name]),
                None => "no name is free".to_owned(),
            },
            17..36 => {
                let mails = self.mails(random);
                self.set(at, "mail", &mails)
            }
            36..42 if !self.is_strict() => self.swap(at, other, "sAMAccountName"),
            42..48 => self.swap(at, other, "mail"),
            48..54 => self.set(at, "sn", &[pick(random, &["Last", "Married", "Ünal"])]),
            54..58 => self.set(
                at,
                "telephoneNumber",
                &[pick(random, &["", "+1 555", " 7 "])],
            ),
            58..63 => {
                let name = self.free_common_name(random);
                self.rename(at, name)
            }
            63..68 => {
                let place = self.place(random);
                self.put(at, place)
            }
            68..73 => self.put(at, Place::Elsewhere),
            73..79 => {
                let is_outside = |at: &&usize| self.accounts()[**at].place == Place::Elsewhere;
                let outside = alive.iter().find(is_outside).copied();
                self.put(outside.unwrap_or(at), Place::Staff)
            }
            79..88 => self.delete(at, now),
            88..93 => self.enable(at),
            93..95 if !self.is_strict() => self.expire(at, random, now),
            95..97 if !self.is_strict() => self.set(
                at,
                "sAMAccountName",
                &[pick(random, &["", "  ", "a\u{1b}[31m"])],
            ),
            97..99 if !self.is_strict() => {
                self.set(at, "mail", &[format!("{}@x.org", "m".repeat(1020))])
            }
            _ => self.set(at, "givenName", &[pick(random, &["", " ", "First", "Ada"])]),
        }
    }

    fn set(&mut self, at: usize, attribute: &str, values: &[String]) -> String {
        let mut given: Vec<String> = values.iter().filter(|it| !it.is_empty()).cloned().collect();
        if self.is_strict() {
            given.retain(|it| !it.trim().is_empty());
        }
        let account = &mut self.views[0].accounts[at];
        self.servers[0].set(&account.dn(), attribute, &given);
        let first = given.first().cloned().unwrap_or_default();
        let short: String = first.chars().take(20).collect();
        let said = format!(
            "set {} {attribute} {short:?} and {} more",
            account.handle,
            given.len()
        );
        match attribute {
            "sAMAccountName" => account.username = first,
            "mail" => account.mails = given,
            "sn" => account.last_name = first,
            "givenName" => account.first_name = first,
            _ => account.number = first,
        }
        said
    }

    fn swap(&mut self, one: usize, other: usize, attribute: &str) -> String {
        let values = |account: &Account| match attribute {
            "mail" => account.mails.clone(),
            _ => vec![account.username.clone()],
        };
        let (first, second) = (
            values(&self.accounts()[one]),
            values(&self.accounts()[other]),
        );
        let said = self.set(one, attribute, &second);
        format!("swap: {said}, {}", self.set(other, attribute, &first))
    }

    fn rename(&mut self, at: usize, name: String) -> String {
        let account = &mut self.views[0].accounts[at];
        self.servers[0].rename(&account.dn(), &name);
        account.common_name = name;
        format!("rename {} to {}", account.handle, account.dn())
    }

    fn put(&mut self, at: usize, place: Place) -> String {
        let account = &mut self.views[0].accounts[at];
        if account.place != place {
            self.servers[0].move_to(&account.dn(), &place.below(&self.base));
            account.place = place;
            // To where nothing is seen of it any more, not even that it changed.
            if self.denied_places.contains(&place) {
                self.something_vanished();
            }
        }
        let account = &self.views[0].accounts[at];
        format!("move {} to {}", account.handle, account.dn())
    }

    fn delete(&mut self, at: usize, now: Time) -> String {
        let account = &mut self.views[0].accounts[at];
        self.servers[0].delete(&account.dn());
        account.place = Place::Deleted;
        account.deleted_at = now;
        format!("delete {}", account.handle)
    }

    fn enable(&mut self, at: usize) -> String {
        let account = &mut self.views[0].accounts[at];
        let enabled = !account.enabled;
        let control = control(enabled).to_owned();
        self.servers[0].set(&account.dn(), "userAccountControl", &[control]);
        account.enabled = enabled;
        format!("enable {} {enabled}", account.handle)
    }

    fn expire(&mut self, at: usize, random: &mut Random, now: Time) -> String {
        let account = &mut self.views[0].accounts[at];
        account.expires = random.percent(80).then(|| now + expiry(random));
        let value = expires(account.expires, now);
        self.servers[0].set(&account.dn(), "accountExpires", &[value]);
        format!(
            "{} expires {:?} after {now}",
            account.handle, account.expires
        )
    }

    // What no change of an account tells of.

    /// The account of the runs loses a right, or gets all of them back; says what happened.
    pub(crate) fn change_rights(&mut self, random: &mut Random) -> String {
        let alive = self.alive();
        let kinds = if self.denied.is_empty() && self.denied_places.is_empty() && !self.hides_mail {
            80
        } else {
            200
        };
        self.silent.fill(true);
        match random.below(kinds) {
            0..45 if !alive.is_empty() => {
                let account = self.accounts()[*random.pick(&alive)].clone();
                for server in &self.servers {
                    server.deny_user(account.guid);
                }
                self.denied.insert(account.guid);
                format!("{}: the right to {} is lost", self.domain, account.handle)
            }
            45..65 => {
                // In AD, what is in a container below says itself who may see it.
                let places = if self.is_strict() {
                    [Place::Sales, Place::Elsewhere]
                } else {
                    [
                        Place::Sales,
                        *random.pick(&[Place::Elsewhere, Place::Staff]),
                    ]
                };
                let place = *random.pick(&places);
                if self.views.iter().any(|it| it.referred.contains(&place)) {
                    return "nothing is denied".to_owned();
                }
                for server in &self.servers {
                    server.deny_container(&place.below(&self.base));
                }
                self.denied_places.insert(place);
                format!("{}: the right to {place:?} is lost", self.domain)
            }
            65..80 if !self.is_strict() => {
                for server in &self.servers {
                    server.hide("mail");
                }
                self.hides_mail = true;
                format!("{}: the right to mail is lost", self.domain)
            }
            _ => self.give_rights_back(),
        }
    }

    pub(crate) fn give_rights_back(&mut self) -> String {
        for server in &self.servers {
            server.allow_all();
        }
        self.denied.clear();
        self.denied_places.clear();
        self.hides_mail = false;
        self.silent.fill(true);
        format!("{}: all rights are back", self.domain)
    }

    pub(crate) fn see_deleted(&mut self, see: bool) -> String {
        for server in &self.servers {
            server.see_tombstones(see);
        }
        self.sees_deleted = see;
        format!("{}: tombstones are seen: {see}", self.domain)
    }

    /// Somebody is not in the domain any more, and no tombstone tells of it.
    pub(crate) fn take_away(&mut self, random: &mut Random) -> Option<Account> {
        let alive = self.alive();
        if alive.is_empty() {
            return None;
        }
        let account = &mut self.views[0].accounts[*random.pick(&alive)];
        self.servers[0].forget(&account.dn());
        let taken = account.clone();
        account.place = Place::Gone;
        self.something_vanished();
        Some(taken)
    }

    /// Somebody comes from another domain, and keeps its identity.
    pub(crate) fn receive(
        &mut self,
        random: &mut Random,
        mut account: Account,
        now: Time,
    ) -> String {
        account.base.clone_from(&self.base);
        account.handle = self.fresh_handle();
        account.common_name = self.free_common_name(random);
        account.place = self.place(random);
        let guid = Some(account.guid);
        self.servers[0].add(&Entry {
            guid,
            ..entry(&account, now)
        });
        let said = format!("{}: receive {} {account:?}", self.domain, account.dn());
        self.accounts_mut().push(account);
        said
    }

    /// A branch is a reference to another server from now on.
    pub(crate) fn refer(&mut self) -> String {
        let place = Place::Sales;
        if self.views[0].referred.contains(&place) || !self.denied_places.is_empty() {
            return "nothing is referred".to_owned();
        }
        self.views[0].referred.insert(place);
        self.servers[0].refer(&place.below(&self.base));
        for account in self
            .accounts_mut()
            .iter_mut()
            .filter(|it| it.place == place)
        {
            account.place = Place::Gone;
        }
        self.something_vanished();
        format!("{}: {place:?} is on another server", self.domain)
    }

    fn something_vanished(&mut self) {
        self.silent[0] = true;
        self.will_be_silent.fill(true);
    }

    /// Whether only a run that reads everything sees all that is otherwise at a controller.
    pub(crate) fn is_silent(&self, at: usize) -> bool {
        self.silent[at]
    }

    /// Something is otherwise that no change mark can show, at whichever controller.
    pub(crate) fn is_changed_behind(&mut self) {
        self.silent.fill(true);
    }

    /// A run has read everything at a controller.
    pub(crate) fn was_read(&mut self, at: usize) {
        self.silent[at] = false;
    }

    /// A controller has what the first one has.
    pub(crate) fn is_replicated(&mut self, at: usize) {
        self.views[at] = self.views[0].clone();
        self.silent[at] |= std::mem::take(&mut self.will_be_silent[at]);
    }

    /// Time has passed: what expires does so, tombstones are forgotten.
    pub(crate) fn pass_time(&mut self, seconds: Time, now: Time) {
        for (server, view) in self.servers.iter().zip(&mut self.views) {
            server.pass_time(seconds);
            for account in &mut view.accounts {
                let is_over = now - account.deleted_at > self.lifetime;
                if account.place == Place::Deleted && is_over {
                    server.collect(account.guid);
                    account.place = Place::Gone;
                }
            }
        }
    }

    /// What a controller shows to a run.
    pub(crate) fn scene(&self, at: usize, controller: usize, now: Time) -> Scene {
        let view = &self.views[at];
        let is_denied = |place: &Place| {
            let above = if *place == Place::Sales {
                Place::Staff
            } else {
                *place
            };
            self.denied_places.contains(place) || self.denied_places.contains(&above)
        };
        let readable = PLACES
            .iter()
            .filter(|it| !is_denied(it) && !view.referred.contains(it));
        let denied = view
            .accounts
            .iter()
            .filter(|it| it.is_alive() && self.is_denied(it));
        Scene {
            domain: self.domain,
            controller,
            now,
            sights: view
                .accounts
                .iter()
                .filter_map(|account| self.sight(account, now))
                .collect(),
            sees_deleted: self.sees_deleted,
            lifetime: self.lifetime,
            readable: readable.map(|it| it.below(&self.base)).collect(),
            references: view
                .referred
                .iter()
                .map(|it| it.below(&self.base))
                .collect(),
            unreadable: denied.map(Account::dn).collect(),
            failed: BTreeSet::new(),
            answers_more: false,
        }
    }

    fn sight(&self, account: &Account, now: Time) -> Option<Sight> {
        let whereabouts = match account.place {
            Place::Deleted if !self.sees_deleted => return None,
            Place::Gone => return None,
            Place::Deleted => Whereabouts::Tombstone,
            Place::Elsewhere => Whereabouts::Elsewhere,
            Place::Staff | Place::Sales => Whereabouts::InScope,
        };
        (!self.is_denied(account)).then(|| Sight {
            guid: account.guid,
            dn: account.dn(),
            whereabouts,
            is_nameless: false,
            is_lost: false,
            values: account.values(now, self.hides_mail),
            other_mails: account.mails(self.hides_mail).all(),
        })
    }

    /// Whether an account is in the scope, as a controller has it.
    pub(crate) fn was_in_scope(&self, at: usize, guid: Uuid) -> bool {
        let mut accounts = self.views[at].accounts.iter();
        let found = accounts.find(|it| it.guid == guid);
        found.is_some_and(|it| it.place.is_in_scope())
    }

    /// Some account that a controller knows of.
    pub(crate) fn handle_at(&self, at: usize, random: &mut Random) -> Option<Account> {
        let accounts = &self.views[at].accounts;
        (!accounts.is_empty()).then(|| random.pick(accounts).clone())
    }
}

/// What an account is made of.
fn entry(account: &Account, now: Time) -> Entry {
    let one = |value: &str| -> Vec<String> {
        let values = [value].into_iter().filter(|value| !value.is_empty());
        values.map(str::to_owned).collect()
    };
    Entry {
        guid: None,
        common_name: account.common_name.clone(),
        parent: account.place.below(&account.base),
        attributes: vec![
            ("sAMAccountName", one(&account.username)),
            ("uid", one(&account.handle)),
            ("userPrincipalName", one(&account.principal())),
            ("givenName", one(&account.first_name)),
            ("sn", one(&account.last_name)),
            ("mail", account.mails.clone()),
            ("telephoneNumber", one(&account.number)),
            ("userAccountControl", one(control(account.enabled))),
            ("accountExpires", one(&expires(account.expires, now))),
        ],
    }
}

fn control(enabled: bool) -> &'static str {
    if enabled { "512" } else { "514" }
}

/// How far in the future, or the past, an account expires: never within the time that a history takes.
fn expiry(random: &mut Random) -> Time {
    *random.pick(&[-DAY, HOUR / 2, 5 * HOUR, 2 * DAY, 100 * DAY])
}

/// `accountExpires` of a moment on the clock of the histories, which was `now` just now.
fn expires(moment: Option<Time>, now: Time) -> String {
    /// From 1601 to 1970.
    const BEGINNING: Time = 11_644_473_600;
    let Some(moment) = moment else {
        return "0".to_owned();
    };
    let real = jiff::Timestamp::now().as_second() + moment - now;
    ((real + BEGINNING) * 10_000_000).to_string()
}

fn pick(random: &mut Random, from: &[&str]) -> String {
    (*random.pick(from)).to_owned()
}

/// The name of a local user.
pub(crate) fn username(random: &mut Random, ending: &str) -> String {
    format!("{}{ending}", pick(random, USERNAMES))
}

/// An address for a local user, or none.
pub(crate) fn mail(random: &mut Random) -> String {
    if random.percent(20) {
        String::new()
    } else {
        pick(random, MAILS)
    }
}
