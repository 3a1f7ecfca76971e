//! The people of the directory, changed at random: they come, marry, swap names, move, leave, and some
//! come back. Few names, in both cases, so that clashes are common.

use testdir::{Directory, User, Uuid};

use crate::support::embedded::{ELSEWHERE, STAFF};
use crate::support::random::Random;

const USERNAMES: &[&str] = &[
    "alice", "Alice", "bob", "BOB", "carol", "dora", "Élodie", "élodie", "straße", "STRASSE",
];
const MAILS: &[&str] = &[
    "", "", "a@x.org", "A@X.org", "b@x.org", "c@x.org", "C@x.ORG", "d@x.org", "é@x.org",
];

/// What the test knows of them: who they are, the deleted ones too.
#[derive(Default)]
pub(crate) struct People {
    pub(crate) guids: Vec<Uuid>,
    names_given: usize,
}

/// A DN below which people in the scope may be.
pub(crate) fn sales() -> String {
    format!("OU=Sales,{STAFF}")
}

impl People {
    /// Those who are alive, by their DNs.
    pub(crate) fn dns(&self, directory: &Directory) -> Vec<String> {
        let guids = self.guids.iter();
        guids.filter_map(|guid| directory.dn_of(*guid)).collect()
    }

    fn fresh_name(&mut self) -> String {
        self.names_given += 1;
        format!("person {}", self.names_given)
    }

    /// Adds somebody.
    pub(crate) fn add(&mut self, directory: &mut Directory, random: &mut Random) -> String {
        let name = self.fresh_name();
        let parents = [
            STAFF.to_owned(),
            STAFF.to_owned(),
            sales(),
            ELSEWHERE.to_owned(),
        ];
        let parent = random.pick(&parents);
        let username = *random.pick(USERNAMES);
        let mail = [*random.pick(MAILS)];
        let user = User::new(username)
            .common_name(&name)
            .below(parent)
            .with("userPrincipalName", [principal(self.guids.len())])
            .with("mail", mail.into_iter().filter(|mail| !mail.is_empty()));
        let guid = directory.add_user(user).expect("a fresh name is free");
        self.guids.push(guid);
        format!("add {name} ({username}, {mail:?}) below {parent}")
    }

    /// Changes something; says what.
    pub(crate) fn change(&mut self, directory: &mut Directory, random: &mut Random) -> String {
        let dns = self.dns(directory);
        if dns.is_empty() || (dns.len() < 9 && random.percent(12)) {
            return self.add(directory, random);
        }
        let dn = random.pick(&dns).clone();
        let mut set = |attribute: &str, value: &str| {
            let values = [value].into_iter().filter(|value| !value.is_empty());
            directory
                .replace(&dn, attribute, values)
                .expect("a value can be set");
            let short: String = value.chars().take(20).collect();
            format!("set {attribute} of {dn} to {short:?}")
        };
        match random.below(100) {
            0..16 => set("sAMAccountName", random.pick::<&str>(USERNAMES)),
            16..34 => set("mail", random.pick::<&str>(MAILS)),
            34..40 => set("sn", random.pick::<&str>(&["Last", "Married", "Ünal", ""])),
            40..44 => set(
                "telephoneNumber",
                random.pick::<&str>(&["", "+1 555", " 7 "]),
            ),
            44..48 => set("userAccountControl", random.pick::<&str>(&["512", "514"])),
            // Data that cannot be used, and often mended.
            48..51 => set(
                "sAMAccountName",
                random.pick::<&str>(&["", "  ", "a\u{1b}[31m"]),
            ),
            51..53 => set("givenName", &"x".repeat(*random.pick(&[1025, 10, 10]))),
            53..57 => set("description", random.pick::<&str>(&["a", "b"])),
            57..67 => {
                let attribute = *random.pick(&["sAMAccountName", "mail"]);
                swap(directory, attribute, &dn, random.pick::<String>(&dns))
            }
            67..72 => {
                let name = self.fresh_name();
                directory
                    .rename(&dn, &format!("CN={name}"))
                    .expect("a fresh name is free");
                format!("rename {dn} to {name}")
            }
            72..86 => {
                let parents = [STAFF.to_owned(), sales(), ELSEWHERE.to_owned()];
                let parent = random.pick(&parents);
                directory
                    .move_to(&dn, parent)
                    .expect("a fresh name is free");
                format!("move {dn} to {parent}")
            }
            86..96 => {
                directory.delete(&dn).expect("it has no children");
                format!("delete {dn}")
            }
            _ => self.reanimate(directory, random),
        }
    }

    fn reanimate(&mut self, directory: &mut Directory, random: &mut Random) -> String {
        let guid = *random.pick(&self.guids);
        let parents = [STAFF.to_owned(), ELSEWHERE.to_owned()];
        let parent = random.pick(&parents);
        // Whoever lives, or is forgotten, stays so.
        match directory.reanimate(guid, parent) {
            Ok(()) => format!("reanimate {guid} below {parent}"),
            Err(_) => self.add(directory, random),
        }
    }
}

/// The principal name of the one who was added after that many others; nobody ever changes it.
pub(crate) fn principal(number: usize) -> String {
    format!("k{number}@corp.example.com")
}

fn swap(directory: &mut Directory, attribute: &str, one: &str, other: &str) -> String {
    let values = [one, other].map(|dn| directory.text(dn, attribute).expect("it is there"));
    for (dn, value) in [one, other].into_iter().zip(values.iter().rev()) {
        directory
            .replace(dn, attribute, value.clone())
            .expect("a value can be set");
    }
    format!("swap {attribute} of {one} and {other}")
}
