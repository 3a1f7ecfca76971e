//! The attribute types of a server (RFC 4512, 4.2 and 4.4), read only if the settings name one that not every
//! server has.

mod description;

use std::collections::HashMap;

use ldap::{AllValues, Cause, Connection, LimitKind, standard};

use super::root_dse::RootDse;
use crate::util::nearest::nearest;

pub use description::AttributeType;

/// The longest chain of supertypes. Real schemas have three.
const LONGEST_LINE_OF_SUPERTYPES: usize = 16;

/// How many attribute types are read. Active Directory has some two thousand with every extension installed.
const MOST_TYPES: usize = 50_000;

/// The attribute types of a server.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    types: Vec<AttributeType>,
    /// Each name and object identifier in lower case, with the index of its type.
    by_name: HashMap<String, usize>,
}

impl Schema {
    /// The schema of a server; `None` if it has none that this account may read.
    pub fn read(connection: &mut Connection, root: &RootDse) -> Result<Option<Self>, ldap::Error> {
        let Some(dn) = root.subschema.as_deref() else {
            log::info!("the server does not say where its schema is");
            return Ok(None);
        };
        let mut descriptions = Vec::new();
        let all = AllValues {
            what: format!("the schema in {dn}"),
            dn,
            filter: "(objectClass=subschema)",
            attributes: &["attributeTypes"],
        };
        let answer = all.read(connection, |_, value| {
            if !value.is_empty() && descriptions.len() < MOST_TYPES {
                descriptions.push(String::from_utf8_lossy(value).into_owned());
            }
        });
        match answer {
            Ok(()) => {}
            Err(error) => {
                // A schema too large to read is as good as hidden. A busy server says nothing about its schema.
                let is_too_much = matches!(&error.cause, Cause::Limit(limit) if limit.kind != LimitKind::MessageBytes);
                if !(is_too_much || error.is_of_entry()) {
                    return Err(error);
                }
                log::info!("{error}");
                return Ok(None);
            }
        }
        let schema = Self::from_descriptions(&descriptions);
        if schema.types.is_empty() {
            log::info!("the schema in {dn} cannot be read");
            return Ok(None);
        }
        Ok(Some(schema))
    }

    /// The schema of these descriptions. Those that cannot be parsed are left out.
    pub fn from_descriptions<D: AsRef<str>>(descriptions: impl IntoIterator<Item = D>) -> Self {
        let mut schema = Self::default();
        for description in descriptions {
            let Some(kind) = AttributeType::parse(description.as_ref()) else {
                log::debug!("no attribute type: {}", description.as_ref());
                continue;
            };
            let place = schema.types.len();
            for name in kind.names.iter().chain([&kind.oid]) {
                schema.by_name.entry(name.to_lowercase()).or_insert(place);
            }
            schema.types.push(kind);
        }
        schema
    }

    /// The attribute type with this name or object identifier.
    pub fn attribute(&self, name: &str) -> Option<&AttributeType> {
        self.by_name
            .get(&name.to_lowercase())
            .map(|&place| &self.types[place])
    }

    /// A property of an attribute type, its own or inherited from its supertype (RFC 4512, 2.5.1).
    pub fn inherited<'a>(
        &'a self,
        kind: &'a AttributeType,
        property: impl Fn(&'a AttributeType) -> Option<&'a str>,
    ) -> Option<&'a str> {
        let mut kind = Some(kind);
        for _ in 0..LONGEST_LINE_OF_SUPERTYPES {
            if let Some(value) = property(kind?) {
                return Some(value);
            }
            kind = kind
                .and_then(|it| it.supertype.as_deref())
                .and_then(|name| self.attribute(name));
        }
        None
    }

    /// The name that was probably meant by one that the schema does not have.
    pub fn meant(&self, name: &str) -> Option<String> {
        let first = |kind: &AttributeType| kind.names.first().cloned();
        standard::counterpart(name)
            .find_map(|other| self.attribute(other))
            .and_then(first)
            .or_else(|| {
                let names = self.types.iter().flat_map(|kind| &kind.names);
                nearest(name, names).cloned()
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Schema {
        Schema::from_descriptions([
            "( 2.5.4.41 NAME 'name' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
            "( 2.5.4.4 NAME ( 'sn' 'surname' ) SUP name )",
            "( 0.9.2342.19200300.100.1.1 NAME ( 'uid' 'userid' ) EQUALITY caseIgnoreMatch )",
            "( 0.9.2342.19200300.100.1.3 NAME ( 'mail' 'rfc822Mailbox' ) )",
            "( 1.1 NAME 'a' SUP b )",
            "( 1.2 NAME 'b' SUP a )",
            "( 1.3 )",
            "garbage",
        ])
    }

    #[test]
    fn an_attribute_has_several_names() {
        let schema = schema();
        for name in ["SN", "surName", "2.5.4.4"] {
            let found = schema.attribute(name).map(|kind| kind.oid.as_str());
            assert_eq!(found, Some("2.5.4.4"), "{name}");
        }
        assert!(schema.attribute("1.3").is_some());
        assert!(schema.attribute("garbage").is_none());
    }

    #[test]
    fn what_it_does_not_say_it_takes_over() {
        let schema = schema();
        let equality = |name| {
            let kind = schema.attribute(name).expect("it is there");
            schema.inherited(kind, |it| it.equality.as_deref())
        };
        assert_eq!(equality("sn"), Some("caseIgnoreMatch"));
        assert_eq!(equality("mail"), None);
        // In a circle.
        assert_eq!(equality("a"), None);
    }

    #[test]
    fn what_was_probably_meant() {
        let meant = |name| schema().meant(name);
        assert_eq!(meant("mial").as_deref(), Some("mail"));
        assert_eq!(meant("sAMAccountName").as_deref(), Some("uid"));
        assert_eq!(meant("xyz"), None);
    }
}
