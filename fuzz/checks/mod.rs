//! What must hold of whatever comes from outside: a check for each fuzz target, which panics where it does not.
//!
//! The targets run them on what libFuzzer makes up, the ordinary tests (`tests/corpus`) on what it found.

// Each target has one of them.
#![allow(dead_code)]

use std::str::from_utf8;

use adsync::fuzzing;
use adsync::testing::{Folded, MAX_VALUE_CHARS, ObjectGuid, ReadSettings, legible};

/// The longest message, in bytes; as in the checks of crates/ldap, which share the corpus.
const LONGEST: u64 = 4096;

/// An entry becomes a user that can be stored, or is refused with a reason. It never stops the others.
pub fn user(data: &[u8]) {
    for message in ldap::fuzzing::messages(data, LONGEST) {
        for is_active_directory in [true, false] {
            let Some(read) = fuzzing::user(message, is_active_directory) else {
                continue;
            };
            match read {
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
        assert!(ldap::Filter::try_from(filter.clone()).is_ok(), "{filter:?}");
        assert!(!base.contains('?'), "{base:?} has what follows it");
    }
    let dn = fuzzing::unique_member(text);
    assert!(text.starts_with(dn));
    let rest = &text[dn.len()..];
    assert!(rest.is_empty() || rest.starts_with("#'"), "{rest:?}");
    assert_eq!(fuzzing::unique_member(&format!("{text}#'01'B")), text);
    if let Some((first, last)) = ldap::fuzzing::range(text) {
        let last = last.map_or("*".to_owned(), |it| it.to_string());
        let written = format!("range={first}-{last}");
        assert_eq!(ldap::fuzzing::range(&written), ldap::fuzzing::range(text));
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
