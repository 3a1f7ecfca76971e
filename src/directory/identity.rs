//! The attribute that holds the identity: how its values become the 16 bytes that the store keeps, and how to find
//! a user by them.
//!
//! Most identities are 16 bytes: AD's `objectGUID` and `mS-DS-ConsistencyGuid` as octets, `entryUUID` and the
//! `nsUniqueId` of 389 Directory Server as text. A name such as `uid` is not an identity, but can serve as one where
//! nobody is renamed. It is kept in 16 bytes as well: verbatim up to 15 characters of ASCII (in lower case if the
//! server ignores case), a longer one as the beginning of its SHA-256 (FIPS 180-4). A hash does not reveal the name,
//! so the names of the domain are read before looking somebody up by it ([`Names`]).

use std::collections::HashMap;
use std::fmt::Write as _;

use ldap::{Entry, filter, text};

use super::attribute::Attribute;
use super::schema::Schema;
use crate::user::{InvalidGuid, ObjectGuid};

/// Syntaxes of attributes (RFC 4517, 3.3; AD's own: MS-ADTS 3.1.1.3.1.1.1).
mod syntax {
    pub const OCTET_STRING: &str = "1.3.6.1.4.1.1466.115.121.1.40";
    /// RFC 4530, 2.1
    pub const UUID: &str = "1.3.6.1.1.16.1";
    /// Those compared without case by default.
    pub const TEXTS: [&str; 4] = [
        "1.3.6.1.4.1.1466.115.121.1.15",
        "1.3.6.1.4.1.1466.115.121.1.26",
        "1.3.6.1.4.1.1466.115.121.1.44",
        "1.2.840.113556.1.4.905",
    ];
    /// Integer, numeric string, and AD's large integer.
    pub const NUMBERS: [&str; 3] = [
        "1.3.6.1.4.1.1466.115.121.1.27",
        "1.3.6.1.4.1.1466.115.121.1.36",
        "1.2.840.113556.1.4.906",
    ];
}

/// Identities whose form is known without a schema, by name and object identifier.
const KNOWN: &[(&str, Form)] = &[
    ("objectGUID", Form::Octets),
    ("1.2.840.113556.1.4.2", Form::Octets),
    ("mS-DS-ConsistencyGuid", Form::Octets),
    ("1.2.840.113556.1.4.1360", Form::Octets),
    ("entryUUID", Form::Uuid),
    ("1.3.6.1.1.16.4", Form::Uuid),
    ("ipaUniqueID", Form::Uuid),
    ("ibm-entryUuid", Form::Uuid),
    ("nsUniqueId", Form::NsUniqueId),
    ("2.16.840.1.113730.3.1.542", Form::NsUniqueId),
];

/// Names that every server compares without case, for servers whose schema cannot be read.
const NAMES: &[&str] = &[
    "uid",
    "cn",
    "mail",
    "employeeNumber",
    "employeeID",
    "sAMAccountName",
    "userPrincipalName",
];

/// The form of an identity's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// 16 octets.
    Octets,
    /// A UUID as text (RFC 4122, section 3).
    Uuid,
    /// Four groups of eight hexadecimal digits.
    NsUniqueId,
    /// A name.
    Text(Case),
    /// Octets or a UUID; which is unknown.
    Unsaid,
}

/// How names that differ only in case compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Ignored,
    Counts,
}

/// The attribute that holds the identity.
#[derive(Clone, Debug)]
pub struct Identity {
    attribute: Attribute,
    form: Form,
}

impl Identity {
    /// The identity in this attribute; the error says why it cannot be one.
    pub fn of(attribute: Attribute, schema: Option<&Schema>) -> Result<Self, String> {
        let known = KNOWN.iter().find(|(name, _)| attribute.is_called(name));
        let said = match (known, schema) {
            (Some((_, form)), _) => Some(*form),
            (None, Some(schema)) => by_schema(&attribute, schema)?,
            (None, None) => None,
        };
        let is_name = NAMES.iter().any(|name| attribute.is_called(name));
        let form = match said {
            Some(form) => form,
            None if is_name => Form::Text(Case::Ignored),
            None => Form::Unsaid,
        };
        Ok(Self { attribute, form })
    }

    /// The identity in an attribute about which nothing is known.
    pub fn unsaid(attribute: Attribute) -> Self {
        Self {
            attribute,
            form: Form::Unsaid,
        }
    }

    /// Whether the form of an attribute is known without the server's schema.
    pub fn needs_no_schema(attribute: &str) -> bool {
        KNOWN
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(attribute))
    }

    /// The attribute.
    pub fn attribute(&self) -> &Attribute {
        &self.attribute
    }

    /// Whether it is a name, which may change.
    pub fn is_name(&self) -> bool {
        matches!(self.form, Form::Text(_))
    }

    /// The identity of an entry; the error says why it cannot be used.
    pub fn of_entry(&self, entry: &Entry) -> Result<ObjectGuid, String> {
        let name = self.attribute.written();
        let mut values = entry.values_under(self.attribute.names());
        match (values.next(), values.count()) {
            (Some(value), 0) => self
                .read(value)
                .map_err(|error| format!("{name} cannot be used: {error}")),
            (Some(_), more) => Err(format!("{name} has {} values", 1 + more)),
            (None, _) => Err(format!("no {name}")),
        }
    }

    /// The identity that a value represents.
    fn read(&self, value: &[u8]) -> Result<ObjectGuid, String> {
        let wrong = |error: InvalidGuid| format!("it is {error}");
        match self.form {
            Form::Octets => octets(value).map_err(wrong),
            Form::Uuid => uuid(value).map_err(wrong),
            Form::NsUniqueId => ns_unique_id(value)
                .ok_or_else(|| "it is not of the form 01234567-89abcdef-01234567-89abcdef".into()),
            Form::Text(case) => match uuid(value) {
                Ok(guid) if !is_name(guid) => Ok(guid),
                _ => Ok(name(value, case)?.0),
            },
            Form::Unsaid => octets_or_uuid(value),
        }
    }

    /// A filter for entries with one of these identities.
    pub fn any_of(&self, guids: &[ObjectGuid], names: &Names) -> String {
        let mut filter = String::from("(|");
        for guid in guids {
            self.add_terms(*guid, names, &mut filter);
        }
        filter.push(')');
        filter
    }

    fn add_terms(&self, guid: ObjectGuid, names: &Names, filter: &mut String) {
        let attribute = self.attribute.asked();
        let mut add = |value: &str| {
            // Writing to a string cannot fail.
            let _ = write!(filter, "({attribute}={value})");
        };
        let escaped = |bytes: &[u8]| {
            bytes.iter().fold(String::new(), |mut text, byte| {
                let _ = write!(text, "\\{byte:02x}");
                text
            })
        };
        match self.form {
            Form::Octets => add(&escaped(guid.as_bytes())),
            Form::Uuid => add(&guid.to_string()),
            Form::NsUniqueId => add(&ns_unique_id_of(guid)),
            Form::Text(_) => match names.by_guid.get(&guid) {
                Some(name) => add(&filter::escaped(name)),
                None => match short_name(guid) {
                    Some(name) => add(&filter::escaped(&name)),
                    // A UUID, or a long name that nobody has: it matches nobody either way.
                    None => add(&guid.to_string()),
                },
            },
            Form::Unsaid => {
                add(&escaped(guid.as_bytes()));
                add(&guid.to_string());
            }
        }
    }

    /// Whether any of these can be looked up only once the names of the domain are known.
    pub fn needs_names(&self, guids: &[ObjectGuid]) -> bool {
        let is_long = |guid: &ObjectGuid| is_name(*guid) && short_name(*guid).is_none();
        self.is_name() && guids.iter().any(is_long)
    }
}

/// The names behind identities that are hashes.
#[derive(Debug, Default)]
pub struct Names {
    by_guid: HashMap<ObjectGuid, String>,
    /// Their total length, in bytes.
    size: usize,
}

/// The most bytes that the names of a domain may have in total.
pub const MOST_NAMES: usize = 64 << 20;

impl Names {
    /// Whether there are more than are kept.
    pub fn are_too_many(&self) -> bool {
        self.size > MOST_NAMES
    }

    /// Adds the name of an entry, if it has one that will be needed.
    pub fn see(&mut self, identity: &Identity, entry: &Entry) {
        let Form::Text(case) = identity.form else {
            return;
        };
        for value in entry.values_under(identity.attribute.names()) {
            if let (Ok((guid, true)), Ok(text)) = (name(value, case), std::str::from_utf8(value)) {
                if self.are_too_many() {
                    return;
                }
                self.size += size_of::<(ObjectGuid, String)>() + text.len();
                self.by_guid.insert(guid, text.to_owned());
            }
        }
    }
}

/// What the schema says of the identity, if anything.
fn by_schema(attribute: &Attribute, schema: &Schema) -> Result<Option<Form>, String> {
    let kind = schema
        .attribute(attribute.asked())
        .or_else(|| schema.attribute(attribute.written()));
    let Some(kind) = kind else {
        return Ok(None);
    };
    let syntax = schema.inherited(kind, |it| it.syntax.as_deref());
    let equality = schema.inherited(kind, |it| it.equality.as_deref());
    let compared = match (syntax, equality) {
        (Some(syntax::OCTET_STRING), _) => return Ok(Some(Form::Octets)),
        (Some(syntax::UUID), _) => return Ok(Some(Form::Uuid)),
        (_, Some("caseIgnoreMatch" | "caseIgnoreIA5Match")) => Case::Ignored,
        (_, Some("caseExactMatch" | "caseExactIA5Match" | "integerMatch")) => Case::Counts,
        (_, Some(rule)) => {
            return Err(format!(
                "its values are compared by {rule}, by which no single user can be looked for"
            ));
        }
        // AD names no matching rules.
        (Some(syntax), None) if syntax::TEXTS.contains(&syntax) => Case::Ignored,
        (Some(syntax), None) if syntax::NUMBERS.contains(&syntax) => Case::Counts,
        (Some(syntax), None) => {
            return Err(format!(
                "its values are of the syntax {syntax}, by which no single user can be looked for"
            ));
        }
        (None, None) => return Ok(None),
    };
    Ok(Some(Form::Text(compared)))
}

fn octets(value: &[u8]) -> Result<ObjectGuid, InvalidGuid> {
    <[u8; 16]>::try_from(value)
        .map(ObjectGuid::from_bytes)
        .map_err(|_| InvalidGuid::Length(value.len()))
}

fn uuid(value: &[u8]) -> Result<ObjectGuid, InvalidGuid> {
    match std::str::from_utf8(value) {
        Ok(text) if text.len() == 36 => text.parse(),
        _ => Err(InvalidGuid::Length(value.len())),
    }
}

/// An identity of unknown form. Not a name: the schema would say so, and a name would represent
/// a different identity.
fn octets_or_uuid(value: &[u8]) -> Result<ObjectGuid, String> {
    let is_text = value.iter().all(|byte| (b' '..=b'~').contains(byte));
    let guid = match octets(value) {
        Ok(guid) if !is_text => return Ok(guid),
        _ => uuid(value),
    };
    guid.map_err(|_| {
        "the schema of the server, which says what kind of value it is, cannot be read".to_owned()
    })
}

/// `66446001-1dd211b2-66225011-2ee211db`: the digits of a UUID in other groups. They are kept in the order in which
/// they are read.
fn ns_unique_id(value: &[u8]) -> Option<ObjectGuid> {
    let text = std::str::from_utf8(value).ok()?;
    let is_group = |group: &str| group.len() == 8 && group.bytes().all(|it| it.is_ascii_hexdigit());
    let groups: Vec<&str> = text.split('-').collect();
    if groups.len() != 4 || !groups.iter().all(|group| is_group(group)) {
        return None;
    }
    let digits = groups.concat();
    let uuid = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digits[part]);
    uuid.join("-").parse().ok()
}

fn ns_unique_id_of(guid: ObjectGuid) -> String {
    let digits = guid.to_string().replace('-', "");
    [0..8, 8..16, 16..24, 24..32]
        .map(|part| &digits[part])
        .join("-")
}

/// The byte that marks an identity made of a name. In a UUID its first bits are the variant, and the values used
/// here are reserved (RFC 4122, 4.1.1).
const MARK: usize = 8;
/// A verbatim name; its length is in the low bits.
const SHORT: u8 = 0xe0;
/// The beginning of a name's hash.
const LONG: u8 = 0xf0;
/// The bytes left beside the mark.
const ROOM: usize = 15;

fn is_name(guid: ObjectGuid) -> bool {
    guid.as_bytes()[MARK] >= SHORT
}

/// The identity that represents a name, and whether it is a hash.
fn name(value: &[u8], case: Case) -> Result<(ObjectGuid, bool), String> {
    let Ok(value) = std::str::from_utf8(value) else {
        return Err("it is not valid UTF-8".to_owned());
    };
    let name = match case {
        Case::Ignored => text::prepared(value),
        Case::Counts => text::prepared_exactly(value),
    };
    if name.is_empty() {
        return Err("it is empty".to_owned());
    }
    let is_plain = name.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let is_short = is_plain && name.len() <= ROOM;
    let mut content = [0; ROOM];
    let mark = if is_short {
        content[..name.len()].copy_from_slice(name.as_bytes());
        // It fits in four bits.
        SHORT | u8::try_from(name.len()).unwrap_or_default()
    } else {
        let digest = ring::digest::digest(&ring::digest::SHA256, name.as_bytes());
        content.copy_from_slice(&digest.as_ref()[..ROOM]);
        LONG
    };
    let mut bytes = [0; ROOM + 1];
    bytes[..MARK].copy_from_slice(&content[..MARK]);
    bytes[MARK] = mark;
    bytes[MARK + 1..].copy_from_slice(&content[MARK..]);
    Ok((ObjectGuid::from_bytes(bytes), !is_short))
}

/// The name that an identity represents, unless it is a hash.
fn short_name(guid: ObjectGuid) -> Option<String> {
    let bytes = guid.as_bytes();
    let length = usize::from(bytes[MARK].checked_sub(SHORT)?);
    if !(1..=ROOM).contains(&length) {
        return None;
    }
    let content = [&bytes[..MARK], &bytes[MARK + 1..]].concat();
    let (name, padding) = content.split_at(length);
    let is_name = padding.iter().all(|byte| *byte == 0);
    String::from_utf8(name.to_vec()).ok().filter(|_| is_name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ldap::fuzzing::entry_of;

    fn identity(name: &str, schema: Option<&Schema>) -> Result<Identity, String> {
        Identity::of(Attribute::unresolved(name, false), schema)
    }

    fn schema() -> Schema {
        Schema::from_descriptions([
            "( 1.1 NAME 'uid' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
            "( 1.2 NAME 'badge' SUP code )",
            "( 1.3 NAME 'code' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
            "( 1.4 NAME 'telephoneNumber' EQUALITY telephoneNumberMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.50 )",
            "( 1.5 NAME 'token' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40{16} )",
            "( 1.6 NAME 'uuid' EQUALITY UUIDMatch SYNTAX 1.3.6.1.1.16.1 )",
            "( 1.7 NAME 'employeeID' SYNTAX '1.3.6.1.4.1.1466.115.121.1.15' SINGLE-VALUE )",
            "( 1.8 NAME 'number' SYNTAX '1.3.6.1.4.1.1466.115.121.1.27' )",
            "( 1.10 NAME ( 'corpId' 'corporateId' ) )",
            "( 1.9 NAME 'photo' SYNTAX 1.3.6.1.4.1.1466.115.121.1.28 )",
        ])
    }

    fn of_schema(name: &str) -> Identity {
        identity(name, Some(&schema())).expect("an identity")
    }

    /// The filter that finds the user who was read with this value.
    fn found_by(identity: &Identity, value: &[u8]) -> String {
        let guid = identity.read(value).expect("an identity");
        let mut names = Names::default();
        if identity.needs_names(&[guid]) {
            let name = identity.attribute.written();
            names.see(identity, &entry_of("CN=a", &[(name, &[value])]));
        }
        identity.any_of(&[guid], &names)
    }

    const UUID: &str = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";

    #[test]
    fn octets_are_escaped_and_text_is_not() {
        for name in [
            "objectguid",
            "mS-DS-ConsistencyGuid",
            "1.2.840.113556.1.4.2",
        ] {
            let identity = identity(name, None).expect("an identity");
            let filter = format!("(|({name}={}))", r"\0a".repeat(16));
            assert_eq!(found_by(&identity, &[0x0a; 16]), filter);
            for wrong in [&[7; 15][..], &[7; 17], UUID.as_bytes(), b""] {
                assert!(identity.read(wrong).is_err(), "{wrong:?}");
            }
        }
        assert_eq!(
            found_by(&of_schema("token"), &[0xff; 16]),
            format!("(|(token={}))", r"\ff".repeat(16))
        );
        let entry_uuid = identity("entryUUID", None).expect("an identity");
        assert_eq!(
            found_by(&entry_uuid, UUID.as_bytes()),
            format!("(|(entryUUID={UUID}))")
        );
        assert!(entry_uuid.read(&[7; 16]).is_err());
        assert_eq!(
            found_by(&of_schema("uuid"), UUID.as_bytes()),
            format!("(|(uuid={UUID}))")
        );
    }

    #[test]
    fn four_groups_of_eight_digits() {
        let identity = identity("nsuniqueid", None).expect("an identity");
        let text = "66446001-1dd211b2-66225011-2ee211db";
        assert_eq!(
            found_by(&identity, text.as_bytes()),
            format!("(|(nsuniqueid={text}))")
        );
        let guid = identity.read(text.as_bytes()).expect("an identity");
        assert_eq!(guid.to_string(), "66446001-1dd2-11b2-6622-50112ee211db");
        for wrong in [
            UUID,
            "66446001-1dd211b2-66225011-2ee211d",
            "66446001-1dd211b2-66225011-2ee211dg",
            "66446001-1dd211b2-66225011",
            "+6446001-1dd211b2-66225011-2ee211db",
        ] {
            assert!(identity.read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_is_found_by_itself() {
        let uid = of_schema("uid");
        for (name, asked) in [
            ("alice", "alice"),
            ("ALICE", "alice"),
            (" o'neil  (x) ", r"o'neil \28x\29"),
            ("fifteen.letters", "fifteen.letters"),
            ("1234567890123456", "1234567890123456"),
            ("Sixteen.Letters.", "Sixteen.Letters."),
            ("josé", "josé"),
            (UUID, UUID),
        ] {
            let filter = format!("(|(uid={asked}))");
            assert_eq!(found_by(&uid, name.as_bytes()), filter, "{name}");
        }
    }

    #[test]
    fn names_are_told_apart_as_the_server_does() {
        let same = |identity: &Identity, one: &str, other: &str| {
            let read = |name: &str| identity.read(name.as_bytes()).expect("an identity");
            read(one) == read(other)
        };
        let uid = of_schema("uid");
        for (one, other) in [
            ("alice", "Alice"),
            ("Ann  Brown", "ann brown"),
            ("José", "jose\u{301}"),
            (
                "a.very.long.name@example.com",
                "A.Very.Long.Name@example.com",
            ),
        ] {
            assert!(same(&uid, one, other), "{one} {other}");
        }
        for (one, other) in [
            ("alice", "alicf"),
            ("a", "aa"),
            ("sixteen.letters1", "sixteen.letters2"),
            ("jose", "josé"),
        ] {
            assert!(!same(&uid, one, other), "{one} {other}");
        }
        for name in ["badge", "code", "number"] {
            assert!(!same(&of_schema(name), "x", "X"), "{name}");
        }
        // AD names no matching rules.
        assert!(same(&of_schema("employeeID"), "x", "X"));
        assert!(uid.is_name() && !of_schema("token").is_name());
    }

    #[test]
    fn no_name_is_taken_for_a_uuid() {
        let uid = of_schema("uid");
        for name in ["alice", "fifteen.letters", "a.very.long.name@example.com"] {
            let guid = uid.read(name.as_bytes()).expect("an identity");
            // A variant that no UUID has (RFC 4122, 4.1.1).
            assert_eq!(guid.as_bytes()[8] >> 5, 0b111, "{name}");
        }
        let guid = uid.read(UUID.as_bytes()).expect("an identity");
        assert_eq!(guid.to_string(), UUID);
    }

    #[test]
    fn what_is_no_name() {
        let uid = of_schema("uid");
        for wrong in [&b""[..], b"  ", b"\xff"] {
            assert!(uid.read(wrong).is_err(), "{wrong:?}");
        }
        let entry = entry_of("CN=a", &[("uid", &[b"a", b"b"])]);
        assert_eq!(uid.of_entry(&entry), Err("uid has 2 values".to_owned()));
    }

    #[test]
    fn what_nobody_can_be_looked_for_by_is_refused() {
        for (name, reason) in [
            ("telephoneNumber", "telephoneNumberMatch"),
            ("photo", "1.3.6.1.4.1.1466.115.121.1.28"),
        ] {
            let refused = identity(name, Some(&schema())).expect_err("refused");
            assert!(refused.contains(reason), "{refused}");
        }
    }

    #[test]
    fn where_no_schema_says_what_it_is_both_forms_are_asked_for() {
        let unsaid = identity("corpId", None).expect("an identity");
        assert_eq!(of_schema("corpId").form, unsaid.form);
        let guid = unsaid.read(UUID.as_bytes()).expect("an identity");
        let octets = guid
            .as_bytes()
            .iter()
            .fold(String::new(), |text, byte| format!("{text}\\{byte:02x}"));
        let filter = format!("(|(corpId={octets})(corpId={UUID}))");
        for value in [UUID.as_bytes(), guid.as_bytes()] {
            assert_eq!(found_by(&unsaid, value), filter);
        }
        for name in ["alice", "sixteen.letters1"] {
            let refused = unsaid.read(name.as_bytes()).expect_err("refused");
            assert!(refused.contains("schema of the server"), "{refused}");
        }
        // Every server compares these as names.
        assert!(identity("UID", None).expect("an identity").is_name());
    }
}
