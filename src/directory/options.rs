//! How to reach and read a directory.

use std::net::SocketAddr;
use std::path::PathBuf;

use ldap::{Filter, Limits, ServerUrl, Trust};
use serde::Deserialize;

use crate::user::Field;

/// The people of Active Directory, without krbtgt, Guest, Administrator and the accounts of trusts, which belong to
/// nobody.
pub const PEOPLE: Filter = Filter::from_static(
    "(&(objectCategory=person)(objectClass=user)(!(isCriticalSystemObject=TRUE)))",
);

/// Where the servers come from.
#[derive(Clone, Debug)]
pub enum ServerSource {
    /// The settings, in the order to try them; at least one.
    Urls(Vec<ServerUrl>),
    /// The domain controllers that the DNS lists for a domain.
    Domain {
        /// The domain's DNS name.
        name: String,
        /// The DNS server to ask; `None` for this host's own.
        dns_server: Option<SocketAddr>,
        /// Servers outside that domain that the DNS may list.
        allowed: Vec<String>,
    },
}

/// How to reach and read the directory.
#[derive(Debug)]
pub struct Options {
    /// Where the servers come from.
    pub servers: ServerSource,
    /// Whether an `ldap://` connection is upgraded with `StartTLS` (RFC 4511, 4.14).
    pub starttls: bool,
    /// CA certificates in PEM; `None` for the system's trust store.
    pub ca_file: Option<PathBuf>,
    /// Base of the scope; `None` for the domain's `defaultNamingContext`.
    pub base_dn: Option<String>,
    /// Filter of the scope (RFC 4515).
    pub filter: Filter,
    /// Usernames that are left out of the scope; `*` stands for any text. The server compares them.
    pub exclude: Vec<String>,
    /// Limits of size and time.
    pub limits: Limits,
    /// Accept any certificate.
    pub accept_invalid_certs: bool,
    /// Which attribute each field is read from.
    pub attributes: Attributes,
}

impl Options {
    /// Which certificates are accepted.
    pub fn trust(&self) -> Trust {
        let uses_tls = self.starttls
            || match &self.servers {
                ServerSource::Urls(urls) => urls.iter().any(ServerUrl::is_ldaps),
                ServerSource::Domain { .. } => true,
            };
        match &self.ca_file {
            _ if self.accept_invalid_certs => Trust::Anybody,
            Some(path) => Trust::CaFile(path.clone()),
            None if uses_tls => Trust::System,
            None => Trust::Nobody,
        }
    }
}

/// Which attribute each field is read from; the first that has a value counts.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attributes {
    /// Default `sAMAccountName`.
    pub username: AttributeNames,
    /// Default `givenName`.
    pub first_name: AttributeNames,
    /// Default `sn`.
    pub last_name: AttributeNames,
    /// Default `mail`.
    pub email: AttributeNames,
    /// Default `telephoneNumber`.
    pub contact_number: AttributeNames,
    /// The identity: default `objectGUID`; `entryUUID` on a server that is not AD.
    pub guid: AttributeNames,
}

impl Attributes {
    /// The attributes of each text field.
    pub fn fields(&self) -> [(Field, &AttributeNames); Field::TEXT.len()] {
        let Self {
            username,
            first_name,
            last_name,
            email,
            contact_number,
            guid: _,
        } = self;
        [
            (Field::Username, username),
            (Field::FirstName, first_name),
            (Field::LastName, last_name),
            (Field::Email, email),
            (Field::ContactNumber, contact_number),
        ]
    }
}

impl Attributes {
    /// Reads no attribute for a field.
    pub fn leave_out(&mut self, field: Field) {
        let names = match field {
            Field::FirstName => &mut self.first_name,
            Field::LastName => &mut self.last_name,
            Field::Email => &mut self.email,
            Field::ContactNumber => &mut self.contact_number,
            Field::Username | Field::Enabled => return,
        };
        *names = AttributeNames(Vec::new());
    }
}

impl Default for Attributes {
    fn default() -> Self {
        Self {
            username: AttributeNames::one("sAMAccountName"),
            first_name: AttributeNames::one("givenName"),
            last_name: AttributeNames::one("sn"),
            email: AttributeNames::one("mail"),
            contact_number: AttributeNames::one("telephoneNumber"),
            guid: AttributeNames::one("objectGUID"),
        }
    }
}

/// One attribute, or several of which the first that has a value counts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "OneOrMany")]
pub struct AttributeNames(Vec<String>);

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected an attribute or a list of attributes")]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl AttributeNames {
    /// One attribute.
    pub fn one(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }

    /// The attributes in order; at least one.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl TryFrom<OneOrMany> for AttributeNames {
    type Error = String;

    fn try_from(names: OneOrMany) -> Result<Self, String> {
        let names = match names {
            OneOrMany::One(name) => vec![name],
            OneOrMany::Many(names) => names,
        };
        if names.is_empty() {
            return Err("the list of attributes is empty".to_owned());
        }
        // RFC 4512, 1.4: a keystring or a numeric OID.
        let is_name = |name: &String| {
            name.starts_with(|first: char| first.is_ascii_alphanumeric())
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        };
        match names.iter().find(|name| !is_name(name)) {
            Some(name) => Err(format!("{name:?} is no attribute name (RFC 4512, 1.4)")),
            None => Ok(Self(names)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attribute_names() {
        let many = |names: &[&str]| {
            AttributeNames::try_from(OneOrMany::Many(
                names.iter().map(|&it| it.to_owned()).collect(),
            ))
        };
        assert!(many(&["mail", "userPrincipalName"]).is_ok());
        for names in [&[][..], &[""], &["mail)(x=*"], &["ma il"]] {
            assert!(many(names).is_err(), "{names:?}");
        }
    }
}
