//! People to whom things happen at random. Each is known by its identity, so that it does not matter where
//! it stands and what it is called.

use std::collections::BTreeSet;

use crate::support::random::Random;
use crate::support::samba::ldif::Record;
use crate::support::samba::{BASE_DN, STAFF_DN, SambaDc, Search};

const OUTSIDE: &str = "CN=Users,DC=corp,DC=example,DC=com";
const DEEPER: &str = "OU=Deeper,OU=Staff,DC=corp,DC=example,DC=com";

/// One of them.
struct Person {
    /// `objectGUID`
    guid: String,
    /// What its DN begins with.
    cn: String,
}

impl Person {
    fn dn(&self) -> String {
        format!("<GUID={}>", self.guid)
    }

    /// The DN that it has when it is deleted (MS-ADTS 3.1.1.5.5.1.1).
    fn tombstone(&self) -> String {
        let Self { guid, cn } = self;
        format!("CN={cn}\\0ADEL:{guid},CN=Deleted Objects,{BASE_DN}")
    }
}

/// The people of a domain.
pub(super) struct People {
    random: Random,
    living: Vec<Person>,
    deleted: Vec<Person>,
    ever_deleted: BTreeSet<String>,
    /// Makes values that nobody has or had.
    count: usize,
    /// Those who never leave the base.
    settled: BTreeSet<String>,
    /// Addresses that anybody may get, so that several want one.
    wanted: &'static [&'static str],
}

impl People {
    /// Those who are in `OU=Staff`.
    pub(super) fn of(dc: &SambaDc, seed: u64) -> Self {
        dc.add_ou("Deeper", STAFF_DN);
        let search = Search::new("(objectCategory=person)").below(STAFF_DN);
        let mut living: Vec<_> = dc
            .search(&search)
            .iter()
            .map(|entry| Person {
                guid: entry.guid(),
                cn: entry.text("cn").expect("a person has one"),
            })
            .collect();
        living.sort_by(|one, other| one.cn.cmp(&other.cn));
        let settled = living.iter().take(living.len() / 3);
        Self {
            random: Random::new(seed),
            settled: settled.map(|person| person.guid.clone()).collect(),
            living,
            deleted: Vec::new(),
            ever_deleted: BTreeSet::new(),
            count: 0,
            wanted: &[],
        }
    }

    /// Lets them want the same addresses now and then.
    pub(super) fn wanting(mut self, addresses: &'static [&'static str]) -> Self {
        self.wanted = addresses;
        self
    }

    pub(super) fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// Whether this one was ever deleted.
    pub(super) fn was_deleted(&self, guid: &str) -> bool {
        self.ever_deleted.contains(guid)
    }

    /// The next thing that happens.
    pub(super) fn change(&mut self) -> Record {
        self.count += 1;
        let at = self.random.below(self.living.len());
        let it = self.living[at].dn();
        let fresh = format!("v{}", self.count);
        match self.random.below(100) {
            0..20 => {
                let attribute = self.one_of(&["sn", "givenName", "telephoneNumber"]);
                Record::modify(&it).replace(attribute, fresh)
            }
            20..30 => {
                let attribute = self.one_of(&["sn", "givenName", "telephoneNumber", "mail"]);
                Record::modify(&it).clear(attribute)
            }
            30..45 => {
                let address = if !self.wanted.is_empty() && self.random.percent(60) {
                    self.one_of(self.wanted).to_owned()
                } else {
                    format!("{fresh}@corp.example.com")
                };
                Record::modify(&it).replace("mail", address)
            }
            45..60 => Record::modify(&it).replace("sAMAccountName", fresh),
            60..70 => {
                let flags = if self.random.percent(50) {
                    "512"
                } else {
                    "514"
                };
                Record::modify(&it).replace("userAccountControl", flags)
            }
            70..75 => Record::modify(&it).replace("title", fresh),
            75..92 => {
                let parent = self.one_of(if self.settled.contains(&self.living[at].guid) {
                    &[STAFF_DN, DEEPER]
                } else {
                    &[STAFF_DN, DEEPER, OUTSIDE]
                });
                self.living[at].cn.clone_from(&fresh);
                Record::rename(&it, &format!("CN={fresh}"), Some(parent))
            }
            92..94 if self.living.len() > 2 * self.deleted.len() => {
                let person = self.living.swap_remove(at);
                self.ever_deleted.insert(person.guid.clone());
                self.deleted.push(person);
                Record::delete(&it)
            }
            _ => match self.deleted.pop() {
                Some(mut person) => {
                    let tombstone = person.tombstone();
                    let dn = format!("CN={fresh},{STAFF_DN}");
                    person.cn = fresh;
                    self.living.push(person);
                    Record::reanimate(&tombstone, &dn)
                }
                None => Record::modify(&it).replace("description", fresh),
            },
        }
    }

    fn one_of(&mut self, choices: &[&'static str]) -> &'static str {
        choices[self.random.below(choices.len())]
    }
}
