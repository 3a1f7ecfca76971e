//! Deleting an entry: in AD it becomes a tombstone (MS-ADTS 3.1.1.5.5.1).

use anyhow::{Result, bail, ensure};
use uuid::Uuid;

use super::{Directory, system};
use crate::dn::{Dn, Rdn};
use crate::entry::Entry;
use crate::schema;
use crate::settings::Kind;

/// What a tombstone keeps; AD calls this the attributes to preserve on deletion.
const PRESERVED: &[&str] = &[
    "cn",
    "isDeleted",
    "isRecycled",
    "lastKnownParent",
    "name",
    "objectClass",
    "objectGUID",
    "objectSid",
    "ou",
    "sAMAccountName",
    "uSNChanged",
    "uSNCreated",
    "userAccountControl",
    "whenChanged",
    "whenCreated",
];

impl Directory {
    /// Deletes an entry without children. In AD what remains is a tombstone in `CN=Deleted Objects`.
    pub fn delete(&mut self, name: &str) -> Result<()> {
        let id = self.id_of_name(name)?;
        let Some(mut entry) = self.entries[id].take() else {
            bail!("{name} is gone already")
        };
        if let Err(error) = self.check_deletable(&entry) {
            self.entries[id] = Some(entry);
            return Err(error);
        }
        self.by_key.remove(&entry.key);
        self.unlink_all(id, &mut entry);
        match self.kind {
            Kind::PlainLdap => {
                self.by_guid.remove(&entry.guid);
            }
            Kind::ActiveDirectory => {
                self.bury(&mut entry)?;
                self.by_key.insert(entry.key.clone(), id);
                self.entries[id] = Some(entry);
                self.touch(id);
            }
        }
        Ok(())
    }

    /// Makes a tombstone a living entry again, below this parent (MS-ADTS 3.1.1.5.3.7). It has what the
    /// tombstone had.
    pub fn reanimate(&mut self, guid: Uuid, parent: &str) -> Result<()> {
        let id = self.id_of_guid(guid);
        let tombstone = id.and_then(|id| Some((id, self.entries[id].as_ref()?)));
        let Some((id, entry)) = tombstone.filter(|(_, entry)| entry.deleted) else {
            bail!("there is no tombstone {guid}")
        };
        let dn = Dn::parse(&entry.dn)?;
        let Some(rdn) = dn.rdn() else {
            bail!("the root was never deleted")
        };
        let name = rdn.value.split('\n').next().unwrap_or_default();
        let rdn = Rdn::new(&rdn.attribute, name);
        let target = Dn::parse(parent)?.child(rdn.clone());
        let key = target.key();
        ensure!(!self.by_key.contains_key(&key), "{target} exists already");
        let category = self.category_dn(schema::category("user"));
        if let Some(entry) = self.entries[id].as_mut() {
            self.by_key.remove(&entry.key);
            entry.deleted = false;
            entry.key = key.clone();
            entry.dn = target.to_string();
            entry.set("isDeleted", Vec::new());
            entry.set("lastKnownParent", Vec::new());
            entry.set_text(&rdn.attribute, &rdn.value);
            entry.set_text("name", &rdn.value);
            entry.set_text("objectCategory", category);
        }
        self.by_key.insert(key, id);
        self.touch(id);
        Ok(())
    }

    /// Forgets one tombstone, as a DC does when its lifetime has passed; nothing, if there is none.
    pub fn collect(&mut self, guid: Uuid) {
        let Some(id) = self.id_of_guid(guid) else {
            return;
        };
        if let Some(entry) = self.entries[id].take_if(|it| it.deleted) {
            self.by_key.remove(&entry.key);
            self.by_guid.remove(&entry.guid);
        }
    }

    /// Forgets all tombstones, as a DC does when their lifetime has passed.
    pub fn collect_garbage(&mut self) {
        let is_tombstone = |it: &mut Entry| it.deleted && it.has("lastKnownParent");
        for entry in &mut self.entries {
            if let Some(entry) = entry.take_if(is_tombstone) {
                self.by_key.remove(&entry.key);
                self.by_guid.remove(&entry.guid);
            }
        }
    }

    /// From now on those who are deleted keep their values, until they are recycled (MS-ADTS 3.1.1.9.1).
    /// There is no way back.
    pub fn enable_recycle_bin(&mut self) -> Result<()> {
        self.recycles = true;
        let configuration = format!("CN=Configuration,{}", self.base);
        let feature = format!(
            "CN=Recycle Bin Feature,CN=Optional Features,CN=Directory Service,CN=Windows NT,\
             CN=Services,{configuration}"
        );
        let partitions = format!("CN=Partitions,{configuration}");
        self.replace(&partitions, "msDS-EnabledFeature", [feature])
    }

    /// Makes a deleted object a recycled one, as a DC does when its lifetime has passed: what it has left
    /// is what a tombstone has, and only those see it who ask for recycled objects.
    pub fn recycle(&mut self, guid: Uuid) -> Result<()> {
        let id = self.id_of_guid(guid);
        let deleted = id.and_then(|id| self.entries[id].as_mut());
        let Some(entry) = deleted.filter(|entry| entry.deleted) else {
            bail!("there is no deleted object {guid}")
        };
        entry.set_text("isRecycled", "TRUE");
        keep_preserved(entry);
        if let Some(id) = id {
            self.touch(id);
        }
        Ok(())
    }

    fn check_deletable(&self, entry: &Entry) -> Result<()> {
        ensure!(!entry.deleted, "{} is deleted already", entry.dn);
        let children = self.by_key.range(entry.key.below()).next();
        ensure!(children.is_none(), "{} has children", entry.dn);
        Ok(())
    }

    fn bury(&self, entry: &mut Entry) -> Result<()> {
        let dn = Dn::parse(&entry.dn)?;
        let (Some(rdn), Some(parent)) = (dn.rdn(), dn.parent()) else {
            bail!("the root cannot be deleted")
        };
        // The newline keeps the name apart from what a person may give (MS-ADTS 3.1.1.5.5.1.1).
        let name = format!("{}\nDEL:{}", rdn.value, entry.guid);
        let rdn = Rdn::new(&rdn.attribute, &name);
        entry.set_text(&rdn.attribute, &name);
        entry.set_text("name", &name);
        entry.set_text("isDeleted", "TRUE");
        entry.set_text("lastKnownParent", parent.to_string());
        if self.recycles {
            entry.set("objectCategory", Vec::new());
        } else {
            keep_preserved(entry);
        }
        let dn = system::deleted_objects(&self.context_of(&dn)).child(rdn);
        entry.key = dn.key();
        entry.dn = dn.to_string();
        entry.deleted = true;
        Ok(())
    }
}

fn keep_preserved(entry: &mut Entry) {
    entry.retain_attributes(|attribute| {
        let mut kept = PRESERVED.iter();
        kept.any(|kept| kept.eq_ignore_ascii_case(attribute))
    });
}
