//! Search filters (RFC 4515), with everything that comes from outside escaped.

use std::fmt::Write as _;

use bytes::BytesMut;
use lber::structures::ASNTag as _;

use crate::user::ObjectGuid;

/// `(attribute=value)`
pub fn equals(attribute: &str, value: &str) -> String {
    format!("({attribute}={})", ldap3::ldap_escape(value))
}

/// `(attribute=prefix*)`
pub fn starts_with(attribute: &str, prefix: &str) -> String {
    format!("({attribute}={}*)", ldap3::ldap_escape(prefix))
}

/// A filter that every one of these must match.
pub fn all(filters: &[&str]) -> String {
    format!("(&{})", filters.concat())
}

/// A filter that one of these must match.
pub fn any<F: AsRef<str>>(filters: impl IntoIterator<Item = F>) -> String {
    let mut text = String::from("(|");
    for filter in filters {
        text.push_str(filter.as_ref());
    }
    text.push(')');
    text
}

/// An entry with one of these identities. `objectGUID` is an octet string, each byte escaped;
/// any other attribute (`entryUUID`) holds the text form.
pub fn any_guid(attribute: &str, guids: &[ObjectGuid]) -> String {
    let octets = attribute.eq_ignore_ascii_case("objectGUID");
    let mut text = String::from("(|");
    for guid in guids {
        // Writing to a string cannot fail.
        if octets {
            let _ = write!(text, "({attribute}=");
            for byte in guid.as_bytes() {
                let _ = write!(text, "\\{byte:02x}");
            }
            text.push(')');
        } else {
            let _ = write!(text, "({attribute}={guid})");
        }
    }
    text.push(')');
    text
}

/// A filter as it is sent (RFC 4511, 4.5.1.7); none if it cannot be parsed.
pub fn encoded(filter: &str) -> Option<BytesMut> {
    let filter = ldap3::parse_filter(filter).ok()?.into_structure();
    let mut bytes = BytesMut::new();
    lber::write::encode_into(&mut bytes, filter).ok()?;
    Some(bytes)
}

/// The attributes that a filter asks about. A parenthesis in a value is escaped, so each one begins a term.
pub fn attributes(filter: &str) -> Vec<&str> {
    let mut names: Vec<&str> = filter
        .split('(')
        .filter_map(|term| Some(&term[..term.find(['=', '~', '<', '>', ':'])?]))
        .filter(|name| name.starts_with(|it: char| it.is_ascii_alphanumeric()))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_asks_about_attributes() {
        let filter = "(&(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2))(|(sn>=a)(sn~=b)(mail=*\\28x)))";
        assert_eq!(
            attributes(filter),
            ["mail", "objectClass", "sn", "userAccountControl"]
        );
    }

    #[test]
    fn what_a_user_types_cannot_leave_its_place() {
        assert_eq!(equals("mail", "*)(cn=*"), r"(mail=\2a\29\28cn=\2a)");
        assert_eq!(starts_with("sn", r"a\b"), r"(sn=a\5cb*)");
    }

    #[test]
    fn guids_are_octets_or_text() {
        let guid = ObjectGuid::from_bytes([0x0a; 16]);
        assert_eq!(
            any_guid("objectguid", &[guid]),
            format!("(|(objectguid={}))", r"\0a".repeat(16))
        );
        assert_eq!(
            any_guid("entryUUID", &[guid]),
            "(|(entryUUID=0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a))"
        );
    }

    #[test]
    fn all_of_them_parse() {
        for filter in [
            equals("mail", "a b\0(é)"),
            all(&["(a=1)", "(b=2)"]),
            any(["(a=1)"]),
            any_guid("objectGUID", &[ObjectGuid::from_bytes([255; 16])]),
        ] {
            assert!(ldap3::parse_filter(&filter).is_ok(), "{filter}");
        }
    }
}
