//! Search filters (RFC 4515), with everything that comes from outside escaped.

use bytes::BytesMut;
use lber::structures::ASNTag as _;

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

/// A filter as it is sent (RFC 4511, 4.5.1.7); none if it cannot be parsed.
pub fn encoded(filter: &str) -> Option<BytesMut> {
    let filter = ldap3::parse_filter(filter).ok()?.into_structure();
    let mut bytes = BytesMut::new();
    lber::write::encode_into(&mut bytes, filter).ok()?;
    Some(bytes)
}

/// The attributes that a filter asks about, without options. A parenthesis in a value is escaped, so each one begins a term.
pub fn attributes(filter: &str) -> Vec<&str> {
    let mut names: Vec<&str> = filter
        .split('(')
        .filter_map(|term| Some(&term[..term.find(['=', '~', '<', '>', ':'])?]))
        .map(|description| description.split(';').next().unwrap_or(description))
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
        let filter = "(&(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2))(|(sn>=a)(sn~=b)(cn;lang-de=c)(mail=*\\28x)))";
        assert_eq!(
            attributes(filter),
            ["cn", "mail", "objectClass", "sn", "userAccountControl"]
        );
    }

    #[test]
    fn what_a_user_types_cannot_leave_its_place() {
        assert_eq!(equals("mail", "*)(cn=*"), r"(mail=\2a\29\28cn=\2a)");
        assert_eq!(starts_with("sn", r"a\b"), r"(sn=a\5cb*)");
    }

    #[test]
    fn all_of_them_parse() {
        for filter in [
            equals("mail", "a b\0(é)"),
            all(&["(a=1)", "(b=2)"]),
            any(["(a=1)"]),
        ] {
            assert!(ldap3::parse_filter(&filter).is_ok(), "{filter}");
        }
    }
}
