//! What must hold of whatever a server sends: a check for each fuzz target, which panics where it does not.
//!
//! The targets run them on what libFuzzer makes up, the ordinary tests (`tests/corpus`) on what it found.

// Each target has one of them.
#![allow(dead_code)]

use std::str::from_utf8;

use adsync_ldap::fuzzing::{self, BIND_RESPONSE, Message};
use adsync_ldap::{dn as names, filter as filters, shell};
use lber::structure::{PL, StructureTag};

/// Small, so that the limits are met.
const LONGEST: u64 = 4096;

/// As many bytes as lber may be given: it calls itself for what lies in what, and these nest no deeper than that.
const MOST_FOR_LBER: usize = 512;

/// A message as lber reads it, if it does.
fn by_lber(message: &[u8]) -> Option<StructureTag> {
    if message.len() > MOST_FOR_LBER {
        return None;
    }
    let (rest, tag) = lber::parse::parse_tag(message).ok()?;
    rest.is_empty().then_some(tag)
}

/// The operation of a message as lber reads it: what stands behind its number.
fn operation_by_lber(message: &[u8]) -> Option<StructureTag> {
    parts(by_lber(message)?)?.into_iter().nth(1)
}

fn parts(tag: StructureTag) -> Option<Vec<StructureTag>> {
    match tag.payload {
        PL::C(parts) => Some(parts),
        PL::P(_) => None,
    }
}

/// Where a message ends does not depend on how its bytes come, none is longer than it may be, and what is read
/// of it is what lber reads.
pub fn messages(data: &[u8]) {
    for message in fuzzing::messages(data, LONGEST) {
        assert!((2..=LONGEST).contains(&(message.len() as u64)));
        let mut told = None;
        for end in 0..=message.len() {
            let length = fuzzing::message_length(&message[..end], LONGEST);
            let length = length.expect("its beginning is no other message");
            assert!(told.is_none() || length == told, "at {end} bytes");
            told = length;
        }
        assert_eq!(told, Some(message.len()));
        if let Ok(read) = Message::decode(message)
            && let Some(whole) = by_lber(message)
        {
            let parts = parts(whole).expect("a message has parts");
            let [first, operation, ..] = &parts[..] else {
                panic!("a message has a number and an operation: {parts:?}");
            };
            let PL::P(octets) = &first.payload else {
                panic!("a number is primitive: {first:?}");
            };
            let theirs = octets.iter().fold(0, |sum, it| sum << 8 | u64::from(*it));
            assert_eq!(u64::from(read.number), theirs);
            assert_eq!(u64::from(read.operation.tag & 0x1f), operation.id);
            if let PL::P(octets) = &operation.payload {
                assert_eq!(read.operation.content, octets);
            }
        }
    }
}

/// The values of an entry are those that lber reads.
pub fn entry(data: &[u8]) {
    for message in fuzzing::messages(data, LONGEST) {
        let Some(Ok(entry)) = fuzzing::entry(message, usize::MAX) else {
            continue;
        };
        let attributes = entry
            .attributes()
            .map(|(name, values)| (name, values.map(<[u8]>::to_vec).collect()));
        let ours: (String, Attributes) = (entry.dn().into_owned(), attributes.collect());
        if let Some(operation) = operation_by_lber(message) {
            assert_eq!(Some(ours), entry_by_lber(operation));
        }
    }
}

/// The names of attributes and their values.
type Attributes = Vec<(String, Vec<Vec<u8>>)>;

/// The DN and the attributes of an entry as lber reads them.
fn entry_by_lber(operation: StructureTag) -> Option<(String, Attributes)> {
    let text = |tag: StructureTag| {
        let octets = tag.expect_primitive()?;
        Some(String::from_utf8_lossy(&octets).into_owned())
    };
    let mut entry = parts(operation)?.into_iter();
    let dn = text(entry.next()?)?;
    let attributes = parts(entry.next()?)?.into_iter().map(|attribute| {
        let mut attribute = parts(attribute)?.into_iter();
        let name = text(attribute.next()?)?;
        let values = parts(attribute.next()?)?
            .into_iter()
            .map(StructureTag::expect_primitive);
        Some((name, values.collect::<Option<_>>()?))
    });
    Some((dn, attributes.collect::<Option<_>>()?))
}

/// What is decoded is what was sent, and no more of it: in what comes before the login is done, and in the
/// control of a page.
pub fn answer(data: &[u8]) {
    if let Ok(answer) = fuzzing::answer(data, BIND_RESPONSE) {
        // Each byte that is no UTF-8 is shown as three.
        assert!(answer.text.len() <= 3 * data.len());
        let token = answer.token;
        assert!(token.is_empty() || data.windows(token.len()).any(|it| it == token));
    }
    let Ok(cookie) = fuzzing::cookie(data) else {
        return;
    };
    assert!(cookie.is_empty() || data.windows(cookie.len()).any(|it| it == cookie));
    if let Some(control) = by_lber(data) {
        let second = parts(control).and_then(|it| it.into_iter().nth(1));
        let theirs = second.and_then(StructureTag::expect_primitive);
        assert_eq!(theirs.as_deref(), Some(cookie));
    }
}

/// Whatever a person types, a filter around it asks for just that: one term, and the value as it was.
pub fn filter(data: &[u8]) {
    let Ok(value) = from_utf8(data) else { return };
    let equals = filters::equals("mail", value);
    let starts_with = filters::starts_with("mail", value);
    assert_eq!(asserted(&equals, 3), value.as_bytes());
    if !value.is_empty() {
        assert_eq!(asserted(&starts_with, 4), value.as_bytes());
    }
    for filter in [&equals, &starts_with] {
        assert_eq!(filters::attributes(filter), ["mail"]);
    }
    // What stands in the settings may be anything.
    filters::attributes(value);
}

/// The value of a filter of one term, an equality (3) or a prefix (4) (RFC 4511, 4.5.1).
fn asserted(filter: &str, choice: u64) -> Vec<u8> {
    use lber::structures::ASNTag as _;
    let tag = ldap3::parse_filter(filter)
        .expect("it can be parsed")
        .into_structure();
    assert_eq!(tag.id, choice, "{filter}");
    let mut parts = tag
        .expect_constructed()
        .expect("an attribute and a value")
        .into_iter();
    let attribute = parts.next().and_then(StructureTag::expect_primitive);
    assert_eq!(attribute.as_deref(), Some(&b"mail"[..]));
    let value = parts.next().expect("a value");
    assert!(parts.next().is_none());
    if choice == 3 {
        return value.expect_primitive().expect("octets");
    }
    let mut substrings = value.expect_constructed().expect("substrings").into_iter();
    let initial = substrings.next().expect("a prefix");
    assert_eq!((initial.id, substrings.next()), (0, None));
    initial.expect_primitive().expect("octets")
}

/// A DN lies in itself and in what it lies in, however it is written; a word for a shell is read as it was.
pub fn dn(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    assert!(names::is_within(text, text));
    assert!(names::is_within(text, ""));
    if let Some((first, parent)) = names::split(text) {
        assert!(first.len() + parent.len() < text.len());
        assert!(names::is_within(text, parent), "{parent:?}");
        assert_eq!(names::parent(text), Some(parent));
    }
    if let Some(domain) = names::domain_components(text) {
        let name = names::dns_name(&domain);
        assert!(names::is_within(text, &domain), "{domain:?}");
        assert!(name.len() < domain.len());
    }
    let normalised = names::normalised(text);
    assert_eq!(names::normalised(&normalised), normalised);
    assert!(names::is_within(text, &normalised));
    assert!(names::is_within(&normalised, text));
    assert_eq!(read_by_a_shell(&shell::quoted(text)), text);
}

/// How a shell reads a word that holds quotes and plain characters only; it has to be one word.
fn read_by_a_shell(said: &str) -> String {
    let mut word = String::new();
    let mut characters = said.chars();
    let mut quoted = false;
    while let Some(character) = characters.next() {
        match character {
            '\'' => quoted = !quoted,
            '\\' if !quoted => word.extend(characters.next()),
            other => {
                let is_plain = other.is_ascii_alphanumeric() || "_-./:@=,+%".contains(other);
                assert!(quoted || is_plain, "{other:?} is not quoted");
                word.push(other);
            }
        }
    }
    assert!(!quoted, "a quote is open");
    word
}
