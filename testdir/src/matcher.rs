//! Deciding whether an entry matches a filter, with the three values of
//! RFC 4511: true, false, and undefined, which NOT leaves undefined.

use std::collections::{BTreeSet, HashSet};

use uuid::Uuid;

use crate::directory::{Direction, Directory};
use crate::dn::Key;
use crate::entry::{Entry, EntryId};
use crate::filter::{Extensible, Filter};
use crate::schema::{self, Syntax};
use crate::search::Visibility;
use crate::settings::Kind;
use crate::value_test::{Test, fold, integer, key};

const BIT_AND: &str = "1.2.840.113556.1.4.803";
const BIT_OR: &str = "1.2.840.113556.1.4.804";
const IN_CHAIN: &str = "1.2.840.113556.1.4.1941";

/// A filter made ready for many entries: values are folded once, links are followed once.
#[derive(Debug)]
pub(crate) enum Matcher {
    And(Vec<Matcher>),
    Or(Vec<Matcher>),
    Not(Box<Matcher>),
    /// One of these GUIDs; an OR of a thousand equalities ends up here.
    Guids(HashSet<Uuid>),
    /// One of these entries; what a rule that follows links comes to.
    Entries(HashSet<EntryId>),
    Present(String),
    Value(String, Test),
    /// Neither true nor false, for any entry.
    Undefined,
}

impl Matcher {
    pub(crate) fn new(filter: &Filter, directory: &Directory) -> Self {
        match filter {
            Filter::And(inner) => Self::And(all(inner, directory)),
            Filter::Or(inner) => Self::or(inner, directory),
            Filter::Not(inner) => Self::Not(Box::new(Self::new(inner, directory))),
            Filter::Extensible(extensible) => Self::extensible(extensible, directory),
            Filter::Equality(attribute, _)
            | Filter::Approximate(attribute, _)
            | Filter::GreaterOrEqual(attribute, _)
            | Filter::LessOrEqual(attribute, _)
            | Filter::Present(attribute)
            | Filter::Substrings(attribute, _)
                if !directory.knows_attribute(attribute) =>
            {
                Self::Undefined
            }
            Filter::Present(attribute) => Self::Present(attribute.clone()),
            Filter::Equality(attribute, value) | Filter::Approximate(attribute, value) => {
                Self::equality(attribute, value, directory)
            }
            Filter::GreaterOrEqual(attribute, value) => {
                let integer = integer(value).map(Test::AtLeast);
                Self::ordering(attribute, integer, Test::TextAtLeast(fold(value)))
            }
            Filter::LessOrEqual(attribute, value) => {
                let integer = integer(value).map(Test::AtMost);
                Self::ordering(attribute, integer, Test::TextAtMost(fold(value)))
            }
            Filter::Substrings(attribute, substrings) => {
                Self::Value(attribute.clone(), Test::from(substrings))
            }
        }
    }

    fn or(inner: &[Filter], directory: &Directory) -> Self {
        let mut guids = HashSet::new();
        let mut others = Vec::new();
        for matcher in all(inner, directory) {
            match matcher {
                Self::Guids(more) => guids.extend(more),
                other => others.push(other),
            }
        }
        match (guids.is_empty(), others.is_empty()) {
            (false, true) => Self::Guids(guids),
            (true, _) => Self::Or(others),
            (false, false) => {
                others.push(Self::Guids(guids));
                Self::Or(others)
            }
        }
    }

    fn equality(attribute: &str, value: &[u8], directory: &Directory) -> Self {
        let guid = match directory.kind() {
            Kind::ActiveDirectory if attribute.eq_ignore_ascii_case("objectGUID") => {
                Some(Uuid::from_slice_le(value).ok())
            }
            Kind::PlainLdap if attribute.eq_ignore_ascii_case("entryUUID") => Some(
                std::str::from_utf8(value)
                    .ok()
                    .and_then(|text| Uuid::parse_str(text).ok()),
            ),
            _ => None,
        };
        if let Some(guid) = guid {
            return guid.map_or(Self::Undefined, |guid| Self::Guids(HashSet::from([guid])));
        }
        let test = match schema::syntax(attribute) {
            Syntax::Text => Some(Test::Text(fold(value))),
            Syntax::Bytes => Some(Test::Bytes(value.to_vec())),
            Syntax::Integer => integer(value).map(Test::Integer),
            Syntax::Name => name(attribute, value, directory).map(Test::Name),
        };
        test.map_or(Self::Undefined, |test| {
            Self::Value(attribute.to_owned(), test)
        })
    }

    fn ordering(attribute: &str, as_integer: Option<Test>, as_text: Test) -> Self {
        let test = match (schema::syntax(attribute), as_integer) {
            (Syntax::Integer, Some(test)) => test,
            (Syntax::Text, _) => as_text,
            _ => return Self::Undefined,
        };
        Self::Value(attribute.to_owned(), test)
    }

    fn extensible(extensible: &Extensible, directory: &Directory) -> Self {
        let Extensible {
            rule,
            attribute,
            value,
        } = extensible;
        let (Some(attribute), Kind::ActiveDirectory) = (attribute, directory.kind()) else {
            return Self::Undefined;
        };
        let value_test = |test: Option<Test>| {
            test.map_or(Self::Undefined, |test| Self::Value(attribute.clone(), test))
        };
        match rule.as_deref() {
            None => Self::new(
                &Filter::Equality(attribute.clone(), value.clone()),
                directory,
            ),
            Some(BIT_AND) => value_test(integer(value).map(Test::AllBits)),
            Some(BIT_OR) => value_test(integer(value).map(Test::AnyBit)),
            Some(IN_CHAIN) => {
                let direction = match attribute.to_lowercase().as_str() {
                    "memberof" => Direction::Members,
                    "member" => Direction::Groups,
                    _ => return Self::Undefined,
                };
                let start =
                    name(attribute, value, directory).and_then(|key| directory.id_of_key(&key));
                let chain = start.map(|start| directory.chain(start, direction));
                Self::Entries(chain.unwrap_or_default())
            }
            Some(_) => Self::Undefined,
        }
    }

    /// The entries that can match, if the filter says so by what AD has an index of.
    pub(crate) fn candidates(&self, directory: &Directory) -> Option<BTreeSet<EntryId>> {
        match self {
            Self::Guids(guids) => {
                let ids = guids.iter().filter_map(|it| directory.id_of_guid(*it));
                Some(ids.collect())
            }
            Self::Value(attribute, Test::AtLeast(usn))
                if attribute.eq_ignore_ascii_case("uSNChanged") =>
            {
                Some(directory.changed_since(*usn).collect())
            }
            Self::And(inner) => inner.iter().find_map(|it| it.candidates(directory)),
            Self::Or(inner) => inner
                .iter()
                .map(|it| it.candidates(directory))
                .try_fold(BTreeSet::new(), |sum, it| Some(&sum | &it?)),
            _ => None,
        }
    }

    pub(crate) fn matches(&self, looked_at: &LookedAt<'_>) -> bool {
        self.evaluate(looked_at) == Some(true)
    }

    /// `None` is undefined.
    fn evaluate(&self, looked_at: &LookedAt<'_>) -> Option<bool> {
        let LookedAt {
            id,
            entry,
            directory,
            visibility,
        } = looked_at;
        match self {
            Self::Undefined => None,
            Self::Present(attribute) | Self::Value(attribute, _)
                if visibility.is_undefined(entry, attribute) =>
            {
                None
            }
            Self::Guids(_) if visibility.is_undefined(entry, directory.identity_attribute()) => {
                None
            }
            Self::Guids(guids) => Some(guids.contains(&entry.guid)),
            Self::Entries(ids) => Some(ids.contains(id)),
            Self::Present(attribute) => Some(!directory.values(entry, attribute).is_empty()),
            Self::Value(attribute, test) => {
                let values = directory.values(entry, attribute);
                Some(values.iter().any(|value| test.holds(value)))
            }
            Self::Not(inner) => inner.evaluate(looked_at).map(|value| !value),
            Self::And(inner) => decide(inner, false, |part| part.evaluate(looked_at)),
            Self::Or(inner) => decide(inner, true, |part| part.evaluate(looked_at)),
        }
    }
}

/// An entry that may match, and who looks at it.
pub(crate) struct LookedAt<'a> {
    pub(crate) id: EntryId,
    pub(crate) entry: &'a Entry,
    pub(crate) directory: &'a Directory,
    pub(crate) visibility: &'a Visibility,
}

/// One `decisive` part decides; else one undefined part makes all undefined.
fn decide(
    inner: &[Matcher],
    decisive: bool,
    evaluate: impl Fn(&Matcher) -> Option<bool>,
) -> Option<bool> {
    let mut undefined = false;
    for part in inner {
        match evaluate(part) {
            Some(value) if value == decisive => return Some(decisive),
            Some(_) => {}
            None => undefined = true,
        }
    }
    (!undefined).then_some(!decisive)
}

fn all(inner: &[Filter], directory: &Directory) -> Vec<Matcher> {
    let matchers = inner.iter().map(|filter| Matcher::new(filter, directory));
    matchers.collect()
}

fn name(attribute: &str, value: &[u8], directory: &Directory) -> Option<Key> {
    // AD takes the name of a class for the DN of its category (MS-ADTS 3.1.1.3.1.3.5).
    if attribute.eq_ignore_ascii_case("objectCategory") && !value.contains(&b'=') {
        let class = String::from_utf8_lossy(value);
        let dn = directory.category_dn(schema::category(&class));
        return key(dn.as_bytes());
    }
    key(value)
}
