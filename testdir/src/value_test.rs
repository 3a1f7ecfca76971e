//! Comparing one value of an attribute with what a filter asserts.

use crate::dn::{Dn, Key};
use crate::filter::Substrings;

/// An assertion made ready: folded, or read as the number or name it is.
#[derive(Debug)]
pub(crate) enum Test {
    Text(String),
    Bytes(Vec<u8>),
    Name(Key),
    Integer(i64),
    AtLeast(i64),
    AtMost(i64),
    TextAtLeast(String),
    TextAtMost(String),
    AllBits(i64),
    AnyBit(i64),
    Substrings(Vec<String>, bool, bool),
}

impl Test {
    pub(crate) fn holds(&self, value: &[u8]) -> bool {
        let number = || integer(value);
        match self {
            Self::Text(wanted) => equals_folded(value, wanted),
            Self::Bytes(wanted) => value == wanted,
            Self::Name(wanted) => key(value).is_some_and(|key| key == *wanted),
            Self::Integer(wanted) => number() == Some(*wanted),
            Self::AtLeast(least) => number().is_some_and(|number| number >= *least),
            Self::AtMost(most) => number().is_some_and(|number| number <= *most),
            Self::TextAtLeast(least) => fold(value) >= *least,
            Self::TextAtMost(most) => fold(value) <= *most,
            Self::AllBits(bits) => number().is_some_and(|number| number & bits == *bits),
            Self::AnyBit(bits) => number().is_some_and(|number| number & bits != 0),
            Self::Substrings(parts, at_start, at_end) => {
                has_substrings(&fold(value), parts, *at_start, *at_end)
            }
        }
    }
}

impl From<&Substrings> for Test {
    fn from(substrings: &Substrings) -> Self {
        let Substrings { initial, any, last } = substrings;
        let parts = initial.iter().chain(any).chain(last);
        Self::Substrings(
            parts.map(|part| fold(part)).collect(),
            initial.is_some(),
            last.is_some(),
        )
    }
}

fn has_substrings(text: &str, parts: &[String], at_start: bool, at_end: bool) -> bool {
    let mut rest = text;
    for (i, part) in parts.iter().enumerate() {
        let (first, last) = (i == 0, i + 1 == parts.len());
        let found = if first && at_start {
            rest.starts_with(part.as_str()).then_some(0)
        } else if last && at_end {
            return rest.ends_with(part.as_str());
        } else {
            rest.find(part.as_str())
        };
        match found {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

pub(crate) fn fold(value: &[u8]) -> String {
    String::from_utf8_lossy(value).to_lowercase()
}

fn equals_folded(value: &[u8], wanted: &str) -> bool {
    if value.is_ascii() {
        // Lower case is what an ASCII text folds to, so no allocation is needed.
        return value.eq_ignore_ascii_case(wanted.as_bytes());
    }
    fold(value) == wanted
}

pub(crate) fn integer(value: &[u8]) -> Option<i64> {
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

pub(crate) fn key(value: &[u8]) -> Option<Key> {
    let dn = Dn::parse(std::str::from_utf8(value).ok()?).ok()?;
    Some(dn.key())
}
