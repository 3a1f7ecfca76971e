//! Taking over what another DC of the domain has.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Directory, contexts};
use crate::dn::Dn;
use crate::entry::{Entry, EntryId};

/// Belongs to one DC, and is not replicated (MS-ADTS 3.1.1.1.4).
const LOCAL: &[&str] = &["uSNChanged", "uSNCreated", "whenChanged"];

impl Directory {
    /// Makes the content that of another DC, tombstones included, as replication does: what is new here
    /// gets USNs of this DC, in the order in which it was changed there. Each keeps its configuration,
    /// in which its own "NTDS Settings" are.
    pub fn replicate_from(&mut self, other: &Self) {
        let parents_before = self.parents();
        let before: HashMap<Uuid, Entry> = std::mem::take(&mut self.entries)
            .into_iter()
            .flatten()
            .map(|entry| (entry.guid, entry))
            .collect();
        let is_configuration = |entry: &Entry| self.configuration.contains(&entry.key);
        let replicated = other.entries.iter().map(|entry| {
            let entry = entry.as_ref().filter(|entry| !is_configuration(entry));
            entry.cloned()
        });
        let own = before.values().filter(|entry| is_configuration(entry));
        // Links are by place, so everybody keeps the place it has there.
        self.entries = replicated.chain(own.cloned().map(Some)).collect();
        self.guids_made = self.guids_made.max(other.guids_made);
        self.recycles = other.recycles;
        let seen = other.attributes_seen.iter().cloned();
        self.attributes_seen.extend(seen);
        self.index();

        let parents = self.parents();
        let mut changed = Vec::new();
        for (id, entry) in self.entries.iter_mut().enumerate() {
            let Some(entry) = entry else { continue };
            let there: u64 = entry
                .text("uSNChanged")
                .and_then(|usn| usn.parse().ok())
                .unwrap_or(0);
            let old = before.get(&entry.guid);
            for name in LOCAL {
                let values = old.map_or(&[][..], |old| old.stored(name));
                entry.set(name, values.to_vec());
            }
            let is_in_place = parents.get(&entry.guid) == parents_before.get(&entry.guid);
            if !(is_in_place && old.is_some_and(|old| is_same(old, entry))) {
                changed.push((there, id, old.is_none()));
            }
        }
        changed.sort_unstable();
        for (_, id, is_new) in changed {
            self.touch(id);
            let usn = self.usn.to_string();
            if let Some(entry) = self.entries[id].as_mut().filter(|_| is_new) {
                entry.set_text("uSNCreated", usn);
            }
        }
    }

    fn index(&mut self) {
        let numbered = self.entries.iter().enumerate();
        let present: Vec<(EntryId, &Entry)> = numbered
            .filter_map(|(id, entry)| Some((id, entry.as_ref()?)))
            .collect();
        let by_key = present.iter().map(|(id, it)| (it.key.clone(), *id));
        self.by_key = by_key.collect();
        self.by_guid = present.iter().map(|(id, it)| (it.guid, *id)).collect();
        let references = present.iter().filter(|(_, it)| contexts::is_reference(it));
        self.references = references.map(|(id, _)| *id).collect();
    }

    /// Below what each entry is. One below an OU that is renamed stays in its place, and does not count
    /// as changed.
    fn parents(&self) -> HashMap<Uuid, Option<Uuid>> {
        let parent = |entry: &Entry| {
            let key = Dn::parse(&entry.dn).ok()?.parent()?.key();
            Some(self.entry(self.id_of_key(&key)?)?.guid)
        };
        let entries = self.entries.iter().flatten();
        entries.map(|entry| (entry.guid, parent(entry))).collect()
    }
}

/// Whether two states of an entry differ in nothing that is replicated.
fn is_same(one: &Entry, other: &Entry) -> bool {
    let replicated = |entry: &Entry| -> Vec<(String, Vec<Vec<u8>>)> {
        let is_local = |name: &str| LOCAL.iter().any(|it| it.eq_ignore_ascii_case(name));
        let attributes = entry.attributes().iter();
        let mut attributes: Vec<_> = attributes
            .filter(|it| !is_local(&it.name))
            .map(|it| (it.name.to_lowercase(), it.values.clone()))
            .collect();
        attributes.sort();
        attributes
    };
    one.members == other.members && replicated(one) == replicated(other)
}
