//! The people of the directory, as the test knows them: what was done to `testdir` is done here too.

use testdir::{TestDir, User, Uuid};

use crate::rules::Values;
use crate::support::embedded::{ELSEWHERE, STAFF};
use crate::support::random::Random;

/// Few names, in both cases, so that clashes are common.
const USERNAMES: &[&str] = &[
    "alice", "Alice", "bob", "BOB", "carol", "dora", "Élodie", "élodie", "straße", "STRASSE",
];
const MAILS: &[&str] = &[
    "a@x.org", "A@X.org", "b@x.org", "c@x.org", "C@x.ORG", "d@x.org", "é@x.org", "É@X.ORG",
    " a@x.org",
];

/// Where an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Staff,
    Sales,
    Elsewhere,
    /// Deleted, and never to come back: whoever is made anew is another one.
    Deleted,
}

impl Place {
    pub(crate) fn is_in_scope(self) -> bool {
        matches!(self, Self::Staff | Self::Sales)
    }

    fn dn(self) -> String {
        match self {
            Self::Sales => format!("OU=Sales,{STAFF}"),
            Self::Elsewhere => ELSEWHERE.to_owned(),
            Self::Staff | Self::Deleted => STAFF.to_owned(),
        }
    }
}

/// One account of the directory.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) guid: Uuid,
    /// A name that no other has (`uid`, and the first part of the UPN), for faults and `import --users`.
    pub(crate) handle: String,
    common_name: String,
    pub(crate) place: Place,
    username: String,
    first_name: String,
    last_name: String,
    mail: String,
    number: String,
    enabled: bool,
}

impl Account {
    pub(crate) fn dn(&self) -> String {
        format!("CN={},{}", self.common_name, self.place.dn())
    }

    pub(crate) fn principal(&self) -> String {
        format!("{}@corp.example.com", self.handle)
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.place != Place::Deleted
    }

    /// Its values, unless they cannot be used.
    pub(crate) fn values(&self) -> Option<Values> {
        let some = |value: &String| Some(value.clone()).filter(|value| !value.is_empty());
        let is_too_long = |value: &String| value.chars().count() > 1024;
        let texts = [
            &self.username,
            &self.first_name,
            &self.last_name,
            &self.mail,
            &self.number,
        ];
        let is_bad = self.username.trim().is_empty()
            || self.username.contains(char::is_control)
            || texts.into_iter().any(is_too_long);
        (!is_bad).then(|| Values {
            username: self.username.clone(),
            first_name: some(&self.first_name),
            last_name: some(&self.last_name),
            email: some(&self.mail),
            contact_number: some(&self.number),
            enabled: self.enabled,
        })
    }
}

/// The directory, twice: the server and what the test knows of it.
pub(crate) struct World<'a> {
    server: &'a TestDir,
    pub(crate) accounts: Vec<Account>,
}

impl<'a> World<'a> {
    pub(crate) fn new(server: &'a TestDir) -> Self {
        Self {
            server,
            accounts: Vec::new(),
        }
    }

    pub(crate) fn account(&self, guid: Uuid) -> Option<&Account> {
        self.accounts.iter().find(|it| it.guid == guid)
    }

    fn alive(&self) -> Vec<usize> {
        let numbered = self.accounts.iter().enumerate();
        numbered
            .filter(|(_, it)| it.is_alive())
            .map(|(at, _)| at)
            .collect()
    }

    fn free_common_name(&self, random: &mut Random) -> String {
        let used: Vec<&str> = self
            .accounts
            .iter()
            .filter(|it| it.is_alive())
            .map(|it| it.common_name.as_str())
            .collect();
        let free: Vec<String> = (0..used.len() + 2)
            .map(|number| format!("person {number}"))
            .filter(|name| !used.contains(&name.as_str()))
            .collect();
        random.pick(&free).clone()
    }

    /// Adds an account; with a username of its own choice, or a random one.
    pub(crate) fn add(&mut self, random: &mut Random, username: Option<String>) -> String {
        let mut account = Account {
            guid: Uuid::nil(),
            handle: format!("k{}", self.accounts.len()),
            common_name: self.free_common_name(random),
            place: *random.pick(&[Place::Staff, Place::Staff, Place::Sales, Place::Elsewhere]),
            username: username.unwrap_or_else(|| (*random.pick(USERNAMES)).to_owned()),
            first_name: "First".to_owned(),
            last_name: "Last".to_owned(),
            mail: mail(random),
            number: String::new(),
            enabled: random.percent(85),
        };
        let given = |value: &str| -> Vec<String> {
            let values = [value].into_iter().filter(|value| !value.is_empty());
            values.map(str::to_owned).collect()
        };
        let user = User::new(&account.username)
            .common_name(&account.common_name)
            .below(&account.place.dn())
            .with("uid", [account.handle.as_str()])
            .with("userPrincipalName", [account.principal()])
            .with("givenName", given(&account.first_name))
            .with("sn", given(&account.last_name))
            .with("mail", given(&account.mail))
            .with("telephoneNumber", given(&account.number))
            .with("userAccountControl", [control(account.enabled)]);
        account.guid = self.server.add_user(user).expect("a user can be added");
        let said = format!("add {} {account:?}", account.dn());
        self.accounts.push(account);
        said
    }

    /// One random change; says what it was.
    pub(crate) fn change(&mut self, random: &mut Random) -> String {
        let alive = self.alive();
        if alive.is_empty() || (alive.len() < 7 && random.percent(12)) {
            // Often under the name of somebody who was there before.
            let username = random
                .percent(50)
                .then(|| self.accounts.last().map(|it| it.username.clone()));
            return self.add(random, username.flatten());
        }
        let at = *random.pick(&alive);
        match random.below(100) {
            0..18 => self.set(at, "sAMAccountName", random.pick::<&str>(USERNAMES)),
            18..38 => self.set(at, "mail", &mail(random)),
            38..44 => self.swap(at, *random.pick(&alive), "sAMAccountName"),
            44..50 => self.swap(at, *random.pick(&alive), "mail"),
            50..56 => self.set(at, "sn", random.pick::<&str>(&["Last", "Married", "Ünal"])),
            56..60 => self.set(
                at,
                "telephoneNumber",
                random.pick::<&str>(&["", "+1 555", " 7 "]),
            ),
            60..66 => {
                let name = self.free_common_name(random);
                self.rename(at, name)
            }
            66..70 => self.put(at, *random.pick(&[Place::Staff, Place::Sales])),
            70..77 => self.put(at, Place::Elsewhere),
            77..82 => {
                let outside = alive
                    .iter()
                    .find(|at| self.accounts[**at].place == Place::Elsewhere);
                self.put(outside.copied().unwrap_or(at), Place::Staff)
            }
            82..90 => self.delete(at),
            90..95 => self.enable(at, !self.accounts[at].enabled),
            95..97 => self.set(
                at,
                "sAMAccountName",
                random.pick::<&str>(&["", "  ", "a\u{1b}[31m"]),
            ),
            _ => self.set(at, "mail", &format!("{}@x.org", "m".repeat(1020))),
        }
    }

    fn set(&mut self, at: usize, attribute: &str, value: &str) -> String {
        let account = &mut self.accounts[at];
        let values: Vec<&str> = [value].into_iter().filter(|it| !it.is_empty()).collect();
        self.server
            .replace(&account.dn(), attribute, values)
            .expect("a value can be set");
        let field = match attribute {
            "sAMAccountName" => &mut account.username,
            "mail" => &mut account.mail,
            "sn" => &mut account.last_name,
            _ => &mut account.number,
        };
        value.clone_into(field);
        let short: String = value.chars().take(20).collect();
        format!("set {} {attribute} {short:?}", account.handle)
    }

    fn swap(&mut self, one: usize, other: usize, attribute: &str) -> String {
        let value = |account: &Account| match attribute {
            "mail" => account.mail.clone(),
            _ => account.username.clone(),
        };
        let (first, second) = (value(&self.accounts[one]), value(&self.accounts[other]));
        let said = self.set(one, attribute, &second);
        format!("swap: {said}, {}", self.set(other, attribute, &first))
    }

    fn rename(&mut self, at: usize, name: String) -> String {
        let account = &mut self.accounts[at];
        self.server
            .rename(&account.dn(), &format!("CN={name}"))
            .expect("a free name can be taken");
        account.common_name = name;
        format!("rename {} to {}", account.handle, account.dn())
    }

    fn put(&mut self, at: usize, place: Place) -> String {
        let account = &mut self.accounts[at];
        self.server
            .move_to(&account.dn(), &place.dn())
            .expect("an account can be moved");
        account.place = place;
        format!("move {} to {}", account.handle, account.dn())
    }

    fn delete(&mut self, at: usize) -> String {
        let account = &mut self.accounts[at];
        self.server
            .delete(&account.dn())
            .expect("an account can be deleted");
        account.place = Place::Deleted;
        format!("delete {}", account.handle)
    }

    fn enable(&mut self, at: usize, enabled: bool) -> String {
        let account = &mut self.accounts[at];
        self.server
            .replace(&account.dn(), "userAccountControl", [control(enabled)])
            .expect("a flag can be set");
        account.enabled = enabled;
        format!("enable {} {enabled}", account.handle)
    }
}

fn control(enabled: bool) -> &'static str {
    if enabled { "512" } else { "514" }
}

/// An address, or none.
pub(crate) fn mail(random: &mut Random) -> String {
    if random.percent(20) {
        String::new()
    } else {
        (*random.pick(MAILS)).to_owned()
    }
}

pub(crate) fn username(random: &mut Random) -> String {
    (*random.pick(USERNAMES)).to_owned()
}
