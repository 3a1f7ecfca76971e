//! Group membership: the forward link `member` and its back link `memberOf`.

use std::collections::HashSet;

use anyhow::{Context, Result};

use super::{Directory, Modification};
use crate::dn::Dn;
use crate::entry::{Entry, EntryId};

/// Which way to follow the links of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From a group to everything that is a member of it.
    Members,
    /// From an entry to all groups that it is a member of.
    Groups,
}

impl Directory {
    /// Everything that is reached by following the links, however far; the
    /// start itself only if groups contain each other in a circle.
    pub(crate) fn chain(&self, start: EntryId, direction: Direction) -> HashSet<EntryId> {
        let mut found = HashSet::new();
        let mut to_follow = vec![start];
        while let Some(entry) = to_follow.pop().and_then(|id| self.entry(id)) {
            let next = match direction {
                Direction::Members => &entry.members,
                Direction::Groups => &entry.member_of,
            };
            to_follow.extend(next.iter().filter(|id| found.insert(**id)));
        }
        found
    }

    pub(super) fn ids_of_members(&self, dns: &[Vec<u8>]) -> Result<Vec<EntryId>> {
        dns.iter()
            .map(|dn| {
                let dn = String::from_utf8_lossy(dn);
                self.id_of_key(&Dn::parse(&dn)?.key())
                    .with_context(|| format!("the member {dn} does not exist"))
            })
            .collect()
    }

    pub(super) fn modify_members(&mut self, group: EntryId, change: &Modification) -> Result<bool> {
        let old = match self.entry(group) {
            Some(group) => group.members.clone(),
            None => return Ok(false),
        };
        let (add, remove) = match change {
            Modification::Add(_, dns) => (self.ids_of_members(dns)?, Vec::new()),
            Modification::Delete(_, dns) if dns.is_empty() => (Vec::new(), Vec::from_iter(old)),
            Modification::Delete(_, dns) => (Vec::new(), self.ids_of_members(dns)?),
            Modification::Replace(_, dns) => {
                let new = self.ids_of_members(dns)?;
                let gone = old.into_iter().filter(|id| !new.contains(id)).collect();
                (new, gone)
            }
        };
        let mut changed = false;
        for member in add {
            changed |= self.link(group, member);
        }
        for member in remove {
            changed |= self.unlink(group, member);
        }
        Ok(changed)
    }

    pub(super) fn link(&mut self, group: EntryId, member: EntryId) -> bool {
        if let Some(entry) = self.entries[member].as_mut() {
            entry.member_of.insert(group);
        }
        match self.entries[group].as_mut() {
            Some(entry) => entry.members.insert(member),
            None => false,
        }
    }

    fn unlink(&mut self, group: EntryId, member: EntryId) -> bool {
        if let Some(entry) = self.entries[member].as_mut() {
            entry.member_of.remove(&group);
        }
        match self.entries[group].as_mut() {
            Some(entry) => entry.members.remove(&member),
            None => false,
        }
    }

    /// Takes an entry that was taken out of the table out of all groups, and all members out of it.
    pub(super) fn unlink_all(&mut self, id: EntryId, entry: &mut Entry) {
        for group in std::mem::take(&mut entry.member_of) {
            self.unlink(group, id);
        }
        for member in std::mem::take(&mut entry.members) {
            self.unlink(id, member);
        }
    }
}
