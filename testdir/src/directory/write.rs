//! Adding and modifying entries.

use anyhow::{Result, bail, ensure};
use uuid::Uuid;

use super::{Directory, contexts, system};
use crate::dn::{Dn, Rdn};
use crate::entry::{Entry, EntryId};
use crate::schema;
use crate::settings::Kind;
use crate::time;

/// One change to an attribute, with the meaning of LDAP's modify operation (RFC 4511, 4.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Modification {
    Add(String, Vec<Vec<u8>>),
    /// Takes these values away, or all of them if none is given.
    Delete(String, Vec<Vec<u8>>),
    Replace(String, Vec<Vec<u8>>),
}

impl Directory {
    /// Adds an entry. A name that comes twice is an attribute with two values.
    /// Parents that are missing are made; so are the attributes that the
    /// server adds by itself (`objectGUID`, `objectCategory`, …).
    pub fn add<N, V>(
        &mut self,
        dn: &str,
        attributes: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Uuid>
    where
        N: AsRef<str>,
        V: Into<Vec<u8>>,
    {
        let dn = Dn::parse(dn)?;
        let key = dn.key();
        ensure!(!dn.is_root(), "an entry needs a name");
        ensure!(self.holds(&key), "{dn} does not lie below {}", self.base);
        ensure!(!self.by_key.contains_key(&key), "{dn} exists already");

        let mut entry = Entry::new(dn.to_string(), key, Uuid::nil());
        for (name, value) in attributes {
            let mut values = entry.stored(name.as_ref()).to_vec();
            values.push(value.into());
            entry.set(name.as_ref(), values);
        }
        let members = self.ids_of_members(entry.stored("member"))?;
        entry.set("member", Vec::new());
        self.add_implied_attributes(&mut entry, &dn);
        self.add_missing_parents(&dn)?;

        let guid = entry.guid;
        ensure!(!self.by_guid.contains_key(&guid), "{guid} exists already");
        let id = self.insert(entry);
        for member in members {
            self.link(id, member);
        }
        Ok(guid)
    }

    /// Changes an entry. What changes nothing does not raise the USN, as in AD.
    pub fn modify(&mut self, name: &str, modifications: &[Modification]) -> Result<()> {
        let id = self.id_of_name(name)?;
        let mut changed = false;
        for modification in modifications {
            changed |= self.apply(id, modification)?;
        }
        if changed {
            self.touch(id);
        }
        Ok(())
    }

    /// Gives an attribute these values and no others; without values it goes away.
    pub fn replace<V: Into<Vec<u8>>>(
        &mut self,
        name: &str,
        attribute: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Result<()> {
        let values = values.into_iter().map(Into::into).collect();
        self.modify(name, &[Modification::Replace(attribute.to_owned(), values)])
    }

    /// Lets time pass: whatever expires does so that many seconds sooner. Nothing counts as changed by that.
    pub fn pass_time(&mut self, seconds: i64) {
        const PER_SECOND: i64 = 10_000_000;
        for entry in self.entries.iter_mut().flatten() {
            let expires = entry.text("accountExpires").and_then(|it| it.parse().ok());
            // 0 and the greatest number mean never (MS-ADTS 2.2.17).
            if let Some(expires) = expires.filter(|it| (1..i64::MAX).contains(it)) {
                let sooner = (expires - seconds * PER_SECOND).max(1);
                entry.set_text("accountExpires", sooner.to_string());
            }
        }
    }

    /// Adds members, given by DN or username, to a group.
    pub fn add_members<'a>(
        &mut self,
        group: &str,
        members: impl IntoIterator<Item = &'a str>,
    ) -> Result<()> {
        let dns = members
            .into_iter()
            .map(|member| Ok(self.dn(member)?.into_bytes()))
            .collect::<Result<_>>()?;
        self.modify(group, &[Modification::Add("member".to_owned(), dns)])
    }

    fn apply(&mut self, id: EntryId, modification: &Modification) -> Result<bool> {
        let (Modification::Add(attribute, _)
        | Modification::Delete(attribute, _)
        | Modification::Replace(attribute, _)) = modification;
        if attribute.eq_ignore_ascii_case("member") {
            return self.modify_members(id, modification);
        }
        self.attributes_seen.insert(attribute.clone());
        let Some(entry) = self.entries[id].as_mut() else {
            bail!("the entry is gone")
        };
        let old = entry.stored(attribute);
        let new = match modification {
            Modification::Replace(_, values) => values.clone(),
            Modification::Add(_, values) => {
                let added = values.iter().filter(|value| !old.contains(value));
                old.iter().chain(added).cloned().collect()
            }
            Modification::Delete(_, values) if values.is_empty() => Vec::new(),
            Modification::Delete(_, values) => {
                let kept = old.iter().filter(|value| !values.contains(value));
                kept.cloned().collect()
            }
        };
        Ok(entry.set(attribute, new))
    }

    /// Raises the USN and puts it on an entry.
    pub(super) fn touch(&mut self, id: EntryId) {
        self.usn += 1;
        let (usn, kind) = (self.usn, self.kind);
        let Some(entry) = self.entries[id].as_mut() else {
            return;
        };
        match kind {
            Kind::ActiveDirectory => {
                entry.set_text("uSNChanged", usn.to_string());
                entry.set_text("whenChanged", time::now());
            }
            Kind::PlainLdap => {
                entry.set_text("modifyTimestamp", time::now());
            }
        }
    }

    fn insert(&mut self, mut entry: Entry) -> EntryId {
        for attribute in entry.attributes() {
            if !self.attributes_seen.contains(&attribute.name) {
                self.attributes_seen.insert(attribute.name.clone());
            }
        }
        let created = match self.kind {
            Kind::ActiveDirectory => {
                entry.set_text("uSNCreated", (self.usn + 1).to_string());
                "whenCreated"
            }
            Kind::PlainLdap => "createTimestamp",
        };
        entry.set_text(created, time::now());
        let id = self.entries.len();
        self.by_key.insert(entry.key.clone(), id);
        self.by_guid.insert(entry.guid, id);
        if contexts::is_reference(&entry) {
            self.references.push(id);
        }
        self.entries.push(Some(entry));
        self.touch(id);
        id
    }

    pub(super) fn add_missing_parents(&mut self, dn: &Dn) -> Result<()> {
        let Some(parent) = dn.parent() else {
            return Ok(());
        };
        let key = parent.key();
        if !self.holds(&key) || self.by_key.contains_key(&key) {
            return Ok(());
        }
        let class = match parent.rdn() {
            Some(rdn) if rdn.attribute.eq_ignore_ascii_case("OU") => "organizationalUnit",
            _ => "container",
        };
        self.add(&parent.to_string(), [("objectClass", class)])?;
        Ok(())
    }

    fn add_implied_attributes(&mut self, entry: &mut Entry, dn: &Dn) {
        let class = match entry.stored("objectClass").last() {
            Some(class) => String::from_utf8_lossy(class).into_owned(),
            None if entry.has("sAMAccountName") => "user".to_owned(),
            None if entry.has("uid") => "inetOrgPerson".to_owned(),
            None => "container".to_owned(),
        };
        if entry.stored("objectClass").len() < 2 {
            let chain = schema::class_chain(self.kind, &class);
            entry.set(
                "objectClass",
                chain.into_iter().map(String::into_bytes).collect(),
            );
        }
        if let Some(Rdn {
            attribute, value, ..
        }) = dn.rdn()
        {
            if !entry.has(attribute) {
                // The schema's names are in lower case: `cn`, `ou`, `dc`.
                entry.set_text(&attribute.to_lowercase(), value);
            }
            if self.kind == Kind::ActiveDirectory {
                entry.set_text("name", value);
            }
        }
        self.add_identity(entry);
        if self.kind == Kind::ActiveDirectory {
            let category = schema::category(&class);
            entry.set_text("objectCategory", self.category_dn(category));
            let is_user = matches!(schema::category(&class), "Person" | "Computer")
                && !class.eq_ignore_ascii_case("contact");
            if is_user && !entry.has("userAccountControl") {
                entry.set_text("userAccountControl", "512");
            }
        }
    }

    /// The full DN of a category, which is what `objectCategory` holds.
    pub(crate) fn category_dn(&self, category: &str) -> String {
        format!("CN={category},CN=Schema,CN=Configuration,{}", self.base)
    }

    /// Gives an entry its identity, unless the caller chose one.
    fn add_identity(&mut self, entry: &mut Entry) {
        let given = match self.kind {
            Kind::ActiveDirectory => entry
                .stored("objectGUID")
                .first()
                .and_then(|bytes| Uuid::from_slice_le(bytes).ok()),
            Kind::PlainLdap => entry
                .text("entryUUID")
                .and_then(|text| Uuid::parse_str(text).ok()),
        };
        entry.guid = given.unwrap_or_else(|| self.next_guid());
        match self.kind {
            Kind::ActiveDirectory => {
                entry.set("objectGUID", vec![entry.guid.to_bytes_le().to_vec()]);
            }
            Kind::PlainLdap => {
                entry.set_text("entryUUID", entry.guid.to_string());
            }
        }
    }

    /// GUIDs that look random but are the same in every run.
    fn next_guid(&mut self) -> Uuid {
        self.guids_made += 1;
        system::identity(self.guids_made)
    }
}
