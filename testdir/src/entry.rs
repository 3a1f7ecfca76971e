//! One entry of the directory: its stored attributes and its links.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::dn::Key;

/// The place of an entry in the directory's table; never given to a second entry.
pub(crate) type EntryId = usize;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) values: Vec<Vec<u8>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) dn: String,
    pub(crate) key: Key,
    pub(crate) guid: Uuid,
    /// A tombstone, or the container that holds them.
    pub(crate) deleted: bool,
    attributes: Vec<Attribute>,
    /// Its `uSNChanged` as a number, as an index has it; none without one.
    usn: Option<i64>,
    /// The forward link `member`. Links hold entries, not names, because a
    /// rename must not break them.
    pub(crate) members: BTreeSet<EntryId>,
    /// The back link `memberOf`.
    pub(crate) member_of: BTreeSet<EntryId>,
}

impl Entry {
    pub(crate) fn new(dn: String, key: Key, guid: Uuid) -> Self {
        Self {
            dn,
            key,
            guid,
            deleted: false,
            attributes: Vec::new(),
            usn: None,
            members: BTreeSet::new(),
            member_of: BTreeSet::new(),
        }
    }

    pub(crate) fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    pub(crate) fn usn(&self) -> Option<i64> {
        self.usn
    }

    /// The stored values; none when the entry does not have the attribute.
    pub(crate) fn stored(&self, name: &str) -> &[Vec<u8>] {
        self.attributes
            .iter()
            .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
            .map_or(&[], |attribute| &attribute.values)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        !self.stored(name).is_empty()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.stored(name).first()?).ok()
    }

    /// Sets the values of an attribute; without values it goes away. Says whether anything changed.
    pub(crate) fn set(&mut self, name: &str, values: Vec<Vec<u8>>) -> bool {
        if name.eq_ignore_ascii_case("uSNChanged") {
            let text = values.first().and_then(|it| std::str::from_utf8(it).ok());
            self.usn = text.and_then(|it| it.parse().ok());
        }
        let place = self
            .attributes
            .iter()
            .position(|attribute| attribute.name.eq_ignore_ascii_case(name));
        match place {
            Some(i) if self.attributes[i].values == values => false,
            Some(i) if values.is_empty() => {
                self.attributes.remove(i);
                true
            }
            Some(i) => {
                self.attributes[i].values = values;
                true
            }
            None if values.is_empty() => false,
            None => {
                self.attributes.push(Attribute {
                    name: name.to_owned(),
                    values,
                });
                true
            }
        }
    }

    pub(crate) fn set_text(&mut self, name: &str, value: impl Into<String>) -> bool {
        self.set(name, vec![value.into().into_bytes()])
    }

    pub(crate) fn retain_attributes(&mut self, keep: impl Fn(&str) -> bool) {
        self.attributes.retain(|attribute| keep(&attribute.name));
    }

    /// Whether the name a person logs in with is this one.
    pub(crate) fn is_user_called(&self, username: &str) -> bool {
        ["sAMAccountName", "uid"].iter().any(|attribute| {
            self.text(attribute)
                .is_some_and(|own| own.to_lowercase() == username.to_lowercase())
        })
    }
}
