//! What must hold of whatever comes from outside: a check for each fuzz target, which panics where it does not.
//!
//! The targets run them on what libFuzzer makes up, the ordinary tests (`tests/corpus`) on what it found.

// Each target has one of them.
#![allow(dead_code)]

use std::str::from_utf8;

use adsync::fuzzing;
use adsync::output::legible;
use adsync::plan::change_mark::ReadSettings;
use adsync::user::{Folded, MAX_VALUE_CHARS, ObjectGuid};
use lber::structure::{PL, StructureTag};

/// Small, so that the limits are met.
const LONGEST: u64 = 4096;

/// As many bytes as lber may be given: it calls itself for what lies in what, and these nest no deeper than that.
const MOST_FOR_LBER: usize = 512;

/// The tag of an operation that is an entry.
const SEARCH_RESULT_ENTRY: u8 = 0x64;

/// The messages of a connection, each whole, up to the first that is refused.
fn messages_of(mut data: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while let Ok(Some(length)) = fuzzing::message_length(data, LONGEST)
        && let Some((message, rest)) = data.split_at_checked(length)
    {
        assert!(length >= 2, "a header has two bytes");
        found.push(message);
        data = rest;
    }
    found
}

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
    for message in messages_of(data) {
        assert!(message.len() as u64 <= LONGEST);
        let mut told = None;
        for end in 0..=message.len() {
            let length = fuzzing::message_length(&message[..end], LONGEST);
            let length = length.expect("its beginning is no other message");
            assert!(told.is_none() || length == told, "at {end} bytes");
            told = length;
        }
        assert_eq!(told, Some(message.len()));
        if let Some((number, tag, content)) = fuzzing::message(message)
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
            assert_eq!(u64::from(number), theirs);
            assert_eq!(u64::from(tag & 0x1f), operation.id);
            if let PL::P(octets) = &operation.payload {
                assert_eq!(content, octets);
            }
        }
    }
}

/// An entry becomes a user that can be stored, or is refused with a reason. It never stops the others, and its
/// values are those that lber reads.
pub fn entry(data: &[u8]) {
    for message in messages_of(data) {
        let Some((_, SEARCH_RESULT_ENTRY, content)) = fuzzing::message(message) else {
            continue;
        };
        if let Some(entry) = fuzzing::entry(content)
            && let Some(operation) = operation_by_lber(message)
        {
            assert_eq!(Some(entry), entry_by_lber(operation));
        }
        for is_active_directory in [true, false] {
            match fuzzing::user(content, is_active_directory) {
                Ok(Ok(user)) => {
                    assert_eq!(user.profile().defect(), None);
                    assert!(!user.text.username().trim().is_empty());
                    assert!(user.text.username().chars().count() <= MAX_VALUE_CHARS);
                    assert!(is_active_directory || user.enabled.is_none());
                }
                Ok(Err(bad)) => {
                    assert!(!bad.reason.is_empty());
                    assert!(bad.username.is_none_or(|name| name.chars().count() <= 64));
                }
                Err(reason) => assert!(!reason.is_empty()),
            }
        }
    }
}

/// The DN and the attributes of an entry as lber reads them.
fn entry_by_lber(operation: StructureTag) -> Option<(String, fuzzing::Attributes)> {
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
    if let Some((_, text, token)) = fuzzing::first_answer(data) {
        // Each byte that is no UTF-8 is shown as three.
        assert!(text.len() <= 3 * data.len());
        assert!(token.is_empty() || data.windows(token.len()).any(|it| it == token));
    }
    let Some(cookie) = fuzzing::cookie(data) else {
        return;
    };
    assert!(cookie.is_empty() || data.windows(cookie.len()).any(|it| it == cookie));
    if let Some(control) = by_lber(data) {
        let second = parts(control).and_then(|it| it.into_iter().nth(1));
        let theirs = second.and_then(StructureTag::expect_primitive);
        assert_eq!(theirs.as_deref(), Some(cookie));
    }
}

/// A value that is taken for a GUID reads the same in both of its forms.
pub fn guid(data: &[u8]) {
    let text = from_utf8(data).ok();
    if let Some(text) = text {
        let parsed: Result<ObjectGuid, _> = text.parse();
        assert_eq!(
            parsed.is_ok(),
            serde_json::from_value::<ObjectGuid>(text.into()).is_ok()
        );
    }
    match ObjectGuid::from_value(data) {
        Ok(guid) => {
            let text = guid.to_string();
            assert_eq!(text.len(), 36);
            assert_eq!(text.parse(), Ok(guid));
            assert_eq!(ObjectGuid::from_value(text.as_bytes()), Ok(guid));
            assert_eq!(ObjectGuid::from_value(guid.as_bytes()), Ok(guid));
        }
        Err(error) => {
            assert_ne!(data.len(), 16);
            assert!(!error.to_string().is_empty());
        }
    }
}

/// Whatever a person types, a filter around it asks for just that: one term, and the value as it was.
pub fn filter(data: &[u8]) {
    let Ok(value) = from_utf8(data) else { return };
    let [equals, starts_with] = fuzzing::filters("mail", value);
    assert_eq!(asserted(&equals, 3), value.as_bytes());
    if !value.is_empty() {
        assert_eq!(asserted(&starts_with, 4), value.as_bytes());
    }
    for filter in [&equals, &starts_with] {
        assert_eq!(fuzzing::attributes_of_filter(filter), ["mail"]);
    }
    // What stands in the settings may be anything.
    fuzzing::attributes_of_filter(value);
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
    assert!(fuzzing::dn_is_within(text, text));
    assert!(fuzzing::dn_is_within(text, ""));
    if let Some((first, parent)) = fuzzing::dn_split(text) {
        assert!(first.len() + parent.len() < text.len());
        assert!(fuzzing::dn_is_within(text, parent), "{parent:?}");
        assert_eq!(fuzzing::dn_parent(text), Some(parent));
    }
    if let Some((domain, name)) = fuzzing::dn_domain(text) {
        assert!(fuzzing::dn_is_within(text, &domain), "{domain:?}");
        assert!(name.len() < domain.len());
    }
    let normalised = fuzzing::dn_normalised(text);
    assert_eq!(fuzzing::dn_normalised(&normalised), normalised);
    assert!(fuzzing::dn_is_within(text, &normalised));
    assert!(fuzzing::dn_is_within(&normalised, text));
    assert_eq!(read_by_a_shell(&fuzzing::in_shell(text)), text);
}

/// What a schema says of an attribute type reads the same when it is written anew.
pub fn schema(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    let Some((oid, names, written)) = fuzzing::attribute_type(text) else {
        return;
    };
    assert!(!oid.is_empty() && names.iter().all(|name| !name.is_empty()));
    let again = fuzzing::attribute_type(&written);
    assert_eq!(again, Some((oid, names, written)));
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

/// Settings are settings or an error in words.
pub fn settings(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    match fuzzing::settings(text) {
        Ok(settings) => {
            let directory = &settings.directory;
            assert!((1..=1000).contains(&directory.limits.page_size));
            let login = settings.login.password();
            assert!(login.is_none_or(|(username, _)| !username.is_empty()));
            assert!(directory.limits.timeout.as_secs() >= 1);
        }
        Err(failure) => assert!(failure.message.starts_with("settings adsync.toml")),
    }
}

/// What the store keeps of the settings is read back as it was written.
pub fn mark(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    if let Ok(question) = serde_json::from_str::<ReadSettings>(text) {
        let written = serde_json::to_string(&question).expect("texts are JSON");
        assert_eq!(
            serde_json::from_str::<ReadSettings>(&written).ok(),
            Some(question)
        );
    }
}

/// A user of the history comes back as it was written.
pub fn snapshot(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    if let Some((origin, values)) = fuzzing::snapshot(text) {
        let written = fuzzing::write_snapshot(&origin, &values).expect("texts are JSON");
        assert_eq!(fuzzing::snapshot(&written), Some((origin, values)));
    }
}

/// What a person sees acts on no terminal, and is folded the same however often.
pub fn terminal(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let shown = legible(&text);
    assert!(!shown.contains(acts_on_a_terminal), "{shown:?}");
    assert_eq!(legible(&shown), shown);
    let folded = Folded::new(&text);
    assert_eq!(Folded::new(folded.as_str()), folded);
}

/// Control characters, those that change the direction of writing, and those that begin a line.
pub fn acts_on_a_terminal(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// What a group names its members by: a search stays one whose filter can be sent, a DN is what stands before its
/// identifier, and a range does not end before it begins by more than its numbers say.
pub fn group(data: &[u8]) {
    let Ok(text) = from_utf8(data) else {
        return;
    };
    if let Some((base, filter)) = fuzzing::member_url(text) {
        assert!(ldap3::parse_filter(&filter).is_ok(), "{filter:?}");
        assert!(!base.contains('?'), "{base:?} has what follows it");
    }
    let dn = fuzzing::unique_member(text);
    assert!(text.starts_with(dn));
    let rest = &text[dn.len()..];
    assert!(rest.is_empty() || rest.starts_with("#'"), "{rest:?}");
    assert_eq!(fuzzing::unique_member(&format!("{text}#'01'B")), text);
    if let Some((first, last)) = fuzzing::range(text) {
        let last = last.map_or("*".to_owned(), |it| it.to_string());
        let written = format!("range={first}-{last}");
        assert_eq!(fuzzing::range(&written), fuzzing::range(text));
    }
}

/// A line of a log is one line of JSON, acts on no terminal, and says what it was given.
pub fn log(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let line = fuzzing::log_line(&text);
    assert!(!line.contains(['\n', '\r']), "{line:?}");
    // Nothing is left of what is not legible.
    assert_eq!(legible(&line), line);
    let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(value["message"], text.as_ref());
}
