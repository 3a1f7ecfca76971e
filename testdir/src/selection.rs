//! Which attributes of an entry are sent: the names a search asks for, and
//! ranges of values (MS-ADTS 3.1.1.3.1.3.3).

use std::borrow::Cow;

use crate::directory::Directory;
use crate::entry::Entry;
use crate::schema;
use crate::settings::{Kind, Settings};
use crate::wire::SentAttributes;

#[derive(Clone, Debug)]
pub(crate) struct Selection {
    all: bool,
    operational: bool,
    wanted: Vec<Wanted>,
    types_only: bool,
    /// No limit on plain LDAP servers, which have no ranges.
    max_val_range: Option<usize>,
}

#[derive(Clone, Debug)]
struct Wanted {
    name: String,
    range: Option<(usize, Option<usize>)>,
}

impl Selection {
    pub(crate) fn new(attributes: &[String], types_only: bool, settings: &Settings) -> Self {
        let limit = settings.max_val_range;
        Self {
            all: attributes.is_empty() || attributes.iter().any(|name| name == "*"),
            operational: attributes.iter().any(|name| name == "+"),
            wanted: attributes.iter().map(|name| Wanted::parse(name)).collect(),
            types_only,
            max_val_range: settings.is_active_directory().then_some(limit),
        }
    }

    pub(crate) fn of_entry<'a>(
        &self,
        directory: &'a Directory,
        entry: &'a Entry,
    ) -> SentAttributes<'a> {
        let mut sent = Vec::new();
        for name in directory.attribute_names(entry) {
            if self.wants(directory.kind(), name) {
                self.put(&mut sent, name, directory.values(entry, name));
            }
        }
        sent
    }

    /// The same for attributes that are not an entry of the tree.
    pub(crate) fn of_list(
        &self,
        list: Vec<(&'static str, Vec<Vec<u8>>)>,
    ) -> SentAttributes<'static> {
        let mut sent = Vec::new();
        for (name, values) in list {
            if self.all || self.operational || self.find(name).is_some() {
                self.put(&mut sent, name, Cow::Owned(values));
            }
        }
        sent
    }

    /// Replaces the values of an attribute, if the client asked for it.
    pub(crate) fn alter(
        &self,
        kind: Kind,
        sent: &mut SentAttributes,
        attribute: &str,
        values: &[Vec<u8>],
    ) {
        sent.retain(|(name, _)| !name.eq_ignore_ascii_case(attribute));
        if self.wants(kind, attribute) && !values.is_empty() {
            sent.push((
                Cow::Owned(attribute.to_owned()),
                Cow::Owned(values.to_vec()),
            ));
        }
    }

    fn wants(&self, kind: Kind, name: &str) -> bool {
        let as_group = if schema::is_operational(kind, name) {
            self.operational
        } else {
            self.all
        };
        as_group || self.find(name).is_some()
    }

    fn find(&self, name: &str) -> Option<&Wanted> {
        let mut wanted = self.wanted.iter();
        wanted.find(|wanted| wanted.name.eq_ignore_ascii_case(name))
    }

    fn put<'a>(&self, sent: &mut SentAttributes<'a>, name: &'a str, values: Cow<'a, [Vec<u8>]>) {
        let range = self.find(name).and_then(|wanted| wanted.range);
        let limit = self.max_val_range.unwrap_or(usize::MAX);
        let (name, values) = if range.is_some() || values.len() > limit {
            // AD sends the plain attribute too, without any value, when nobody asked for a range.
            if range.is_none() {
                sent.push((Cow::Borrowed(name), Cow::Borrowed(&[])));
            }
            match slice(name, &values, range.unwrap_or((0, None)), limit) {
                Some((name, values)) => (Cow::Owned(name), Cow::Owned(values)),
                None => return,
            }
        } else {
            (Cow::Borrowed(name), values)
        };
        let values = if self.types_only {
            Cow::Borrowed(&[][..])
        } else {
            values
        };
        sent.push((name, values));
    }
}

impl Wanted {
    fn parse(attribute: &str) -> Self {
        let ranged = attribute.split_once(';').and_then(|(name, option)| {
            let option = option.to_lowercase();
            let (low, high) = option.strip_prefix("range=")?.split_once('-')?;
            let high = match high {
                "*" => None,
                number => Some(number.parse().ok()?),
            };
            Some((name, (low.parse().ok()?, high)))
        });
        match ranged {
            Some((name, range)) => Self {
                name: name.to_owned(),
                range: Some(range),
            },
            None => Self {
                name: attribute.to_owned(),
                range: None,
            },
        }
    }
}

/// A range of values with its name; nothing when it begins behind the last value.
fn slice(
    name: &str,
    values: &[Vec<u8>],
    (low, high): (usize, Option<usize>),
    limit: usize,
) -> Option<(String, Vec<Vec<u8>>)> {
    let end = high.map_or(values.len(), |high| high.saturating_add(1));
    let end = end.min(low.saturating_add(limit)).min(values.len());
    let chosen = values.get(low..end)?;
    if chosen.is_empty() {
        return None;
    }
    let last = if end == values.len() {
        "*".to_owned()
    } else {
        (end - 1).to_string()
    };
    Some((format!("{name};range={low}-{last}"), chosen.to_vec()))
}
