//! The people of the benchmark's directory: made up, in several scripts, and the same every time.
//!
//! It owns what a user with a number is like, and the LDIF to load. It knows no server.

use std::io::{self, Write};

use crate::support::samba::ldif::{Record, base64_encode};

/// The domain.
pub const DOMAIN_DN: &str = "DC=corp,DC=example,DC=com";
/// Its users are below this, in one OU a site.
pub const STAFF_DN: &str = "OU=Staff,DC=corp,DC=example,DC=com";

const MAIL_DOMAIN: &str = "corp.example.com";

const SITES: [&str; 8] = [
    "Berlin",
    "Boston",
    "København",
    "Lyon",
    "Nairobi",
    "São Paulo",
    "Київ",
    "東京",
];

/// As people write them, and as their usernames do.
const FIRST_NAMES: [(&str, &str); 20] = [
    ("Alice", "alice"),
    ("Amina", "amina"),
    ("Björn", "bjorn"),
    ("Carlos", "carlos"),
    ("Émile", "emile"),
    ("Fatima", "fatima"),
    ("François", "francois"),
    ("Grace", "grace"),
    ("Jürgen", "jurgen"),
    ("Łukasz", "lukasz"),
    ("Mary Ann", "maryann"),
    ("Noah", "noah"),
    ("Olena", "olena"),
    ("Søren", "soren"),
    ("Zoë", "zoe"),
    ("Олексій", "oleksii"),
    ("Ирина", "irina"),
    ("Νίκος", "nikos"),
    ("美咲", "misaki"),
    ("محمد", "mohammed"),
];

const LAST_NAMES: [(&str, &str); 23] = [
    ("Adams", "adams"),
    ("Brown", "brown"),
    ("Chen", "chen"),
    ("de la Cruz", "delacruz"),
    ("Dvořák", "dvorak"),
    ("Fuchs", "fuchs"),
    ("García", "garcia"),
    ("Jensen", "jensen"),
    ("Müller", "muller"),
    ("Nakamura", "nakamura"),
    ("Ndlovu", "ndlovu"),
    ("O'Brien", "obrien"),
    ("Öztürk", "ozturk"),
    ("Petit", "petit"),
    ("Smith-Jones", "smithjones"),
    ("Świątek", "swiatek"),
    ("van Dijk", "vandijk"),
    ("Wong", "wong"),
    ("Шевченко", "shevch"),
    ("Иванова", "ivanova"),
    ("Παπαδόπουλος", "papado"),
    ("佐藤", "sato"),
    ("الفارسي", "alfarsi"),
];

/// One in this many accounts is disabled.
const DISABLED_EVERY: usize = 50;

/// A user of the directory.
pub struct User {
    number: usize,
    first_name: (&'static str, &'static str),
    last_name: (&'static str, &'static str),
}

impl User {
    /// The user with this number, from 1.
    pub fn numbered(number: usize) -> Self {
        Self {
            number,
            first_name: pick(&FIRST_NAMES, number),
            // The lengths of the two lists have no common factor, so that all pairs appear.
            last_name: pick(&LAST_NAMES, number),
        }
    }

    /// `sAMAccountName`: at most 20 characters, as in AD.
    pub fn username(&self) -> String {
        let (first, last) = (self.first_name.1, self.last_name.1);
        format!("{}.{last}{}", &first[..1], self.number)
    }

    /// Where it is.
    pub fn dn(&self) -> String {
        format!(
            "CN={} {},OU={},{STAFF_DN}",
            self.display_name(),
            self.number,
            pick(&SITES, self.number)
        )
    }

    /// A change of the telephone number, as LDIF. Each `time` gives another one.
    pub fn phone_change(&self, time: usize) -> String {
        Record::modify(&self.dn())
            .replace("telephoneNumber", self.phone(time))
            .to_string()
    }

    fn display_name(&self) -> String {
        format!("{} {}", self.first_name.0, self.last_name.0)
    }

    fn phone(&self, time: usize) -> String {
        format!("+1 555 {:07} ext. {}", self.number, 100 + time)
    }

    /// Sixteen bytes that look random, as those of AD do.
    fn guid(&self) -> [u8; 16] {
        let bits = (u128::from(scramble(self.number)) << 64)
            | u128::from(scramble(self.number + (1 << 40)));
        bits.to_le_bytes()
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let (username, display_name) = (self.username(), self.display_name());
        let control = match self.number % DISABLED_EVERY {
            0 => "514",
            _ => "512",
        };
        put(out, "dn", &self.dn())?;
        for class in ["top", "person", "organizationalPerson", "user"] {
            put(out, "objectClass", class)?;
        }
        put(out, "objectCategory", "person")?;
        put(out, "cn", &format!("{display_name} {}", self.number))?;
        put(out, "displayName", &display_name)?;
        put(out, "givenName", self.first_name.0)?;
        put(out, "sn", self.last_name.0)?;
        put(out, "sAMAccountName", &username)?;
        put(
            out,
            "userPrincipalName",
            &format!("{username}@{MAIL_DOMAIN}"),
        )?;
        put(out, "mail", &format!("{username}@{MAIL_DOMAIN}"))?;
        put(out, "telephoneNumber", &self.phone(0))?;
        put(out, "userAccountControl", control)?;
        put(out, "whenChanged", "20260101000000.0Z")?;
        put(out, "uSNChanged", &(10_000 + self.number).to_string())?;
        writeln!(out, "objectGUID:: {}\n", base64_encode(&self.guid()))
    }
}

/// Writes the whole directory: the domain, the account that reads it, and this many users.
pub fn write_directory(users: usize, account: &Account, out: &mut impl Write) -> io::Result<()> {
    write!(
        out,
        "dn: {DOMAIN_DN}\nobjectClass: domainDNS\ndc: corp\n\n\
         dn: {STAFF_DN}\nobjectClass: organizationalUnit\nou: Staff\n\n\
         dn: {}\nobjectClass: person\ncn: {}\nuserPassword: {}\n\n",
        account.dn, account.name, account.password
    )?;
    for site in SITES {
        put(out, "dn", &format!("OU={site},{STAFF_DN}"))?;
        put(out, "objectClass", "organizationalUnit")?;
        put(out, "ou", site)?;
        writeln!(out)?;
    }
    (1..=users).try_for_each(|number| User::numbered(number).write(out))
}

/// An account that may read the directory.
pub struct Account {
    pub name: &'static str,
    pub dn: &'static str,
    pub password: &'static str,
}

/// One line of LDIF (RFC 2849); what is not plain text goes in base64.
fn put(out: &mut impl Write, attribute: &str, value: &str) -> io::Result<()> {
    if value.is_ascii() {
        writeln!(out, "{attribute}: {value}")
    } else {
        writeln!(out, "{attribute}:: {}", base64_encode(value.as_bytes()))
    }
}

fn pick<T: Copy>(list: &[T], number: usize) -> T {
    list[number % list.len()]
}

/// A step of `SplitMix64`: spreads consecutive numbers over all 64 bits.
fn scramble(number: usize) -> u64 {
    let mut z = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
