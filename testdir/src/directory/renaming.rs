//! Renaming and moving entries.

use anyhow::{Context, Result, bail, ensure};

use super::Directory;
use crate::dn::{Dn, Key, Rdn};
use crate::entry::EntryId;
use crate::settings::Kind;

impl Directory {
    /// Gives an entry another RDN: `CN=Alice Jones`.
    pub fn rename(&mut self, name: &str, new_rdn: &str) -> Result<()> {
        self.modify_dn(name, Some(new_rdn), None)
    }

    /// Puts an entry, with all below it, under another parent.
    pub fn move_to(&mut self, name: &str, new_parent: &str) -> Result<()> {
        self.modify_dn(name, None, Some(new_parent))
    }

    /// LDAP's modify-DN operation. What lies below gets other DNs, but keeps
    /// its `uSNChanged`: AD does not count it as changed.
    pub fn modify_dn(
        &mut self,
        name: &str,
        new_rdn: Option<&str>,
        new_parent: Option<&str>,
    ) -> Result<()> {
        let id = self.id_of_name(name)?;
        let entry = self.entry(id).context("the entry is gone")?;
        let (source, old_key) = (Dn::parse(&entry.dn)?, entry.key.clone());
        let (Some(own_rdn), Some(old_parent)) = (source.rdn(), source.parent()) else {
            bail!("the root cannot be renamed")
        };
        let rdn = match new_rdn {
            Some(rdn) => Rdn::parse(rdn)?,
            None => own_rdn.clone(),
        };
        let parent = match new_parent {
            Some(parent) => Dn::parse(parent)?,
            None => old_parent,
        };
        let target = parent.child(rdn.clone());
        let new_key = target.key();
        ensure!(
            self.holds(&new_key),
            "{target} does not lie below {}",
            self.base
        );
        ensure!(
            new_key == old_key || !old_key.contains(&new_key),
            "{source} cannot be moved below itself"
        );
        ensure!(
            new_key == old_key || !self.by_key.contains_key(&new_key),
            "{target} exists already"
        );
        self.add_missing_parents(&target)?;
        self.rebase(&old_key, &source, &target)?;
        self.set_name(id, own_rdn, &rdn);
        self.touch(id);
        Ok(())
    }

    fn rebase(&mut self, old_key: &Key, source: &Dn, target: &Dn) -> Result<()> {
        let below = self.by_key.range(old_key.below());
        let own = self.by_key.get_key_value(old_key).into_iter();
        let moved: Vec<(Key, EntryId)> = own
            .chain(below)
            .map(|(key, id)| (key.clone(), *id))
            .collect();
        for (key, id) in moved {
            self.by_key.remove(&key);
            let Some(entry) = self.entries[id].as_mut() else {
                continue;
            };
            let dn = Dn::parse(&entry.dn)?.rebased(source, target);
            entry.key = dn.key();
            entry.dn = dn.to_string();
            self.by_key.insert(entry.key.clone(), id);
        }
        Ok(())
    }

    fn set_name(&mut self, id: EntryId, old: &Rdn, new: &Rdn) {
        let active_directory = self.kind == Kind::ActiveDirectory;
        let Some(entry) = self.entries[id].as_mut() else {
            return;
        };
        if !old.attribute.eq_ignore_ascii_case(&new.attribute) {
            entry.set(&old.attribute, Vec::new());
        }
        entry.set_text(&new.attribute, &new.value);
        if active_directory {
            entry.set_text("name", &new.value);
        }
    }
}
