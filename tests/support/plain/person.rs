//! Owns what a person is as an entry of plain LDAP (`inetOrgPerson`, RFC 2798).

use super::PEOPLE;
use crate::support::samba::ldif::Record;

/// A person to add. Without more said: in `ou=people`, with every attribute that adsync reads.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    uid: String,
    parent: String,
    attributes: Vec<(String, Vec<String>)>,
}

impl Person {
    pub(crate) fn new(uid: impl AsRef<str>) -> Self {
        let uid = uid.as_ref();
        let person = Self {
            uid: uid.to_owned(),
            parent: PEOPLE.to_owned(),
            attributes: Vec::new(),
        };
        person
            .set("cn", &[uid])
            .set("givenName", &["Given"])
            .set("sn", &["Surname"])
            .set("mail", &[&format!("{uid}@example.com")])
            .set("telephoneNumber", &["+1 555 0100"])
    }

    /// The DN of what the person is made below.
    pub(crate) fn below(mut self, parent: &str) -> Self {
        parent.clone_into(&mut self.parent);
        self
    }

    /// Gives an attribute these values in place of those it has.
    pub(crate) fn set(mut self, attribute: &str, values: &[&str]) -> Self {
        self.attributes.retain(|(known, _)| known != attribute);
        let values = values.iter().map(|&it| it.to_owned()).collect();
        self.attributes.push((attribute.to_owned(), values));
        self
    }

    pub(crate) fn dn(&self) -> String {
        format!("uid={},{}", self.uid, self.parent)
    }

    pub(super) fn record(&self) -> Record {
        let mut record = Record::add(&self.dn())
            .value("objectClass", "inetOrgPerson")
            .value("uid", &self.uid);
        for (attribute, values) in &self.attributes {
            for value in values {
                record = record.value(attribute, value);
            }
        }
        record
    }
}
