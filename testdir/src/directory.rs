//! The content: a tree of entries, and the change counter that every write raises.
//!
//! It knows nothing of connections, accounts or faults. Writes live in
//! [`mod@write`], deletions in [`deletion`], renames and moves in [`renaming`],
//! group membership in [`links`], what comes from another DC in [`replication`], what is there from the
//! beginning in [`system`], naming contexts and references in [`contexts`].

mod contexts;
mod deletion;
mod links;
mod renaming;
mod replication;
mod system;
mod write;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::{Context, Result, bail};
use uuid::Uuid;

pub(crate) use links::Direction;
pub(crate) use system::identity_of;
pub use write::Modification;

use crate::dn::{Dn, Key};
use crate::entry::{Entry, EntryId};
use crate::schema;
use crate::settings::{Kind, Settings};

/// The entries of a directory. Where a method takes a `name`, that is a DN or,
/// if there is no `=` in it, the username of a user.
#[derive(Debug)]
pub struct Directory {
    kind: Kind,
    base: Dn,
    /// The heads of all naming contexts.
    contexts: Vec<Key>,
    configuration: Key,
    entries: Vec<Option<Entry>>,
    by_key: BTreeMap<Key, EntryId>,
    by_guid: HashMap<Uuid, EntryId>,
    usn: u64,
    guids_made: u64,
    /// Entries that are references, or were.
    references: Vec<EntryId>,
    /// Whether what is deleted keeps its attributes.
    recycles: bool,
    /// The names of the attributes that some entry was given, in every case they came in.
    attributes_seen: HashSet<String>,
}

impl Directory {
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        let configuration = Dn::parse(&settings.configuration())?.key();
        let more = settings.more_contexts.iter().map(Dn::key);
        let contexts = [settings.base.key()].into_iter().chain(more);
        let own = settings
            .is_active_directory()
            .then(|| configuration.clone());
        let contexts = contexts.chain(own).collect();
        let mut directory = Self {
            kind: settings.kind,
            base: settings.base.clone(),
            contexts,
            configuration,
            entries: Vec::new(),
            by_key: BTreeMap::new(),
            by_guid: HashMap::new(),
            usn: settings.first_usn,
            guids_made: 0,
            references: Vec::new(),
            recycles: false,
            attributes_seen: HashSet::new(),
        };
        directory.add_system_entries(settings)?;
        Ok(directory)
    }

    /// The highest USN of any write, the rootDSE's `highestCommittedUSN`.
    #[must_use]
    pub fn highest_usn(&self) -> u64 {
        self.usn
    }

    /// Sets the change counter, as a DC does that was restored from a backup.
    pub fn set_highest_usn(&mut self, usn: u64) {
        self.usn = usn;
    }

    /// The `objectGUID` (or `entryUUID`) of an entry; on the wire AD sends its `to_bytes_le()`.
    pub fn guid(&self, name: &str) -> Result<Uuid> {
        Ok(self.named(name)?.guid)
    }

    /// The DN of an entry, in the case it was given.
    pub fn dn(&self, name: &str) -> Result<String> {
        Ok(self.named(name)?.dn.clone())
    }

    /// The DN of the entry that has an identity; none for a tombstone, or if there is none.
    #[must_use]
    pub fn dn_of(&self, guid: Uuid) -> Option<String> {
        let entry = self.entry(self.id_of_guid(guid)?)?;
        (!entry.deleted).then(|| entry.dn.clone())
    }

    /// The first value of an attribute as text.
    pub fn text(&self, name: &str, attribute: &str) -> Result<Option<String>> {
        let values = self.values(self.named(name)?, attribute);
        let first = values.first();
        Ok(first.map(|value| String::from_utf8_lossy(value).into_owned()))
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn base(&self) -> &Dn {
        &self.base
    }

    pub(crate) fn entry(&self, id: EntryId) -> Option<&Entry> {
        self.entries.get(id)?.as_ref()
    }

    pub(crate) fn id_of_key(&self, key: &Key) -> Option<EntryId> {
        self.by_key.get(key).copied()
    }

    pub(crate) fn id_of_guid(&self, guid: Uuid) -> Option<EntryId> {
        self.by_guid.get(&guid).copied()
    }

    /// The entries whose last change has at least this number.
    pub(crate) fn changed_since(&self, usn: i64) -> impl Iterator<Item = EntryId> {
        let is_since = move |entry: &Entry| entry.usn().is_some_and(|it| it >= usn);
        let ids = self.entries.iter().enumerate();
        ids.filter_map(move |(id, entry)| is_since(entry.as_ref()?).then_some(id))
    }

    /// An entry and everything below it, in tree order.
    pub(crate) fn subtree(&self, base: &Key) -> impl Iterator<Item = EntryId> {
        let own = self.by_key.get_key_value(base).into_iter();
        own.chain(self.by_key.range(base.below()))
            .map(|(_, id)| *id)
    }

    pub(crate) fn knows_attribute(&self, attribute: &str) -> bool {
        schema::is_known(self.kind, attribute)
            || self
                .attributes_seen
                .iter()
                .any(|seen| seen.eq_ignore_ascii_case(attribute))
    }

    /// What the subschema says of the attributes.
    pub(crate) fn attribute_types(&self) -> Vec<Vec<u8>> {
        schema::attribute_types(self.kind, self.attributes_seen.iter().map(String::as_str))
    }

    /// The values of an attribute, stored or computed.
    pub(crate) fn values<'a>(&'a self, entry: &'a Entry, attribute: &str) -> Cow<'a, [Vec<u8>]> {
        let links = if attribute.eq_ignore_ascii_case("member") {
            &entry.members
        } else if attribute.eq_ignore_ascii_case("memberOf") && self.kind == Kind::ActiveDirectory {
            &entry.member_of
        } else if attribute.eq_ignore_ascii_case(self.own_name_attribute()) {
            return Cow::Owned(vec![entry.dn.clone().into_bytes()]);
        } else {
            return Cow::Borrowed(entry.stored(attribute));
        };
        let dns = links.iter().filter_map(|id| self.entry(*id));
        Cow::Owned(dns.map(|linked| linked.dn.clone().into_bytes()).collect())
    }

    /// The names of all attributes that an entry has.
    pub(crate) fn attribute_names<'a>(&self, entry: &'a Entry) -> Vec<&'a str> {
        let mut names: Vec<&str> = entry
            .attributes()
            .iter()
            .map(|attribute| attribute.name.as_str())
            .collect();
        names.push(self.own_name_attribute());
        if !entry.members.is_empty() {
            names.push("member");
        }
        if self.kind == Kind::ActiveDirectory && !entry.member_of.is_empty() {
            names.push("memberOf");
        }
        names
    }

    pub(crate) fn identity_attribute(&self) -> &'static str {
        match self.kind {
            Kind::ActiveDirectory => "objectGUID",
            Kind::PlainLdap => "entryUUID",
        }
    }

    fn own_name_attribute(&self) -> &'static str {
        match self.kind {
            Kind::ActiveDirectory => "distinguishedName",
            Kind::PlainLdap => "entryDN",
        }
    }

    fn named(&self, name: &str) -> Result<&Entry> {
        let id = self.id_of_name(name)?;
        self.entry(id).with_context(|| format!("{name} is gone"))
    }

    fn id_of_name(&self, name: &str) -> Result<EntryId> {
        let found = if name.contains('=') {
            self.id_of_key(&Dn::parse(name)?.key())
        } else {
            self.entries.iter().position(|entry| {
                let entry = entry.as_ref();
                entry.is_some_and(|entry| !entry.deleted && entry.is_user_called(name))
            })
        };
        match found {
            Some(id) => Ok(id),
            None => bail!("there is no {name} in the directory"),
        }
    }
}
