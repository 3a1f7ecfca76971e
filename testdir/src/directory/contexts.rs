//! Naming contexts, and references: the parts of the tree that a search does not enter.

use anyhow::{Result, bail, ensure};

use super::Directory;
use crate::dn::{Dn, Key};
use crate::entry::{Entry, EntryId};

impl Directory {
    /// Whether a base DN lies in a naming context that this server holds.
    pub(crate) fn holds(&self, key: &Key) -> bool {
        self.contexts.iter().any(|context| context.contains(key))
    }

    /// The head of the naming context that holds an entry.
    pub(super) fn context_of(&self, dn: &Dn) -> Dn {
        let mut ancestors = std::iter::successors(Some(dn.clone()), Dn::parent);
        let head = ancestors.find(|it| self.contexts.contains(&it.key()));
        head.unwrap_or_else(|| self.base.clone())
    }

    /// What a search from this base does not enter: the naming contexts below it, and what is a reference
    /// unless the client manages those (RFC 3296).
    pub(crate) fn not_entered(&self, base: &Key, manages_references: bool) -> Vec<Key> {
        let contexts = self.contexts.iter().cloned();
        let references = self.references(manages_references);
        contexts
            .chain(references.map(|entry| entry.key.clone()))
            .filter(|key| base.contains(key) && key != base)
            .collect()
    }

    /// Where a search from this base is referred to, for what it finds: `is_in_scope` says of a key
    /// whether it is asked for.
    pub(crate) fn referrals_below(
        &self,
        manages_references: bool,
        is_in_scope: impl Fn(&Key) -> bool,
    ) -> Vec<String> {
        let references = self.references(manages_references);
        let found = references.filter(|entry| is_in_scope(&entry.key));
        found.flat_map(targets).collect()
    }

    /// Where a base DN is, if it is a reference or lies behind one.
    pub(crate) fn referral_of(&self, key: &Key, manages_references: bool) -> Option<Vec<String>> {
        let mut references = self.references(manages_references);
        let found = references.find(|entry| entry.key.contains(key))?;
        Some(targets(found))
    }

    fn references(&self, manages_references: bool) -> impl Iterator<Item = &Entry> {
        let ids = self.references.iter().filter(move |_| !manages_references);
        ids.filter_map(|id| self.entry(*id))
            .filter(|entry| is_reference(entry))
    }

    /// Moves a branch to another server: what was there is gone, without tombstones, and a reference
    /// (RFC 3296) to this URI is in its place.
    pub fn refer(&mut self, name: &str, uri: &str) -> Result<()> {
        let dn = self.dn(name)?;
        self.forget(name)?;
        let attributes = [
            ("objectClass", "top"),
            ("objectClass", "referral"),
            ("ref", uri),
        ];
        self.add(&dn, attributes)?;
        Ok(())
    }

    /// Takes an entry away with all below it, as if it had never been: no tombstone tells of it. It may
    /// have been moved to another domain, or its tombstone may be gone.
    pub fn forget(&mut self, name: &str) -> Result<()> {
        let key = Dn::parse(&self.dn(name)?)?.key();
        ensure!(!self.contexts.contains(&key), "{name} is a naming context");
        let below = self.by_key.range(key.below());
        let mut ids: Vec<EntryId> = below.map(|(_, id)| *id).collect();
        let Some(own) = self.id_of_key(&key) else {
            bail!("there is no {name} in the directory")
        };
        ids.push(own);
        for id in ids {
            if let Some(mut entry) = self.entries[id].take() {
                self.unlink_all(id, &mut entry);
                self.by_key.remove(&entry.key);
                self.by_guid.remove(&entry.guid);
            }
        }
        Ok(())
    }
}

pub(super) fn is_reference(entry: &Entry) -> bool {
    let mut classes = entry.stored("objectClass").iter();
    classes.any(|class| class.eq_ignore_ascii_case(b"referral"))
}

fn targets(reference: &Entry) -> Vec<String> {
    let uris = reference.stored("ref").iter();
    uris.map(|uri| String::from_utf8_lossy(uri).into_owned())
        .collect()
}
