//! Search filters (RFC 4515), with all outside input escaped.

use std::borrow::Cow;

use bytes::BytesMut;
use lber::structures::ASNTag as _;
use serde::Deserialize;

/// A search filter (RFC 4515), in parentheses.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Filter(Cow<'static, str>);

impl Filter {
    /// A filter of the program itself, which is not checked: if it cannot be parsed, every search with it fails.
    pub const fn from_static(filter: &'static str) -> Self {
        Self(Cow::Borrowed(filter))
    }

    /// This filter, without the entries that match any of those.
    #[must_use]
    pub fn except(&self, those: impl IntoIterator<Item = String>) -> Self {
        Self(format!("(&{}(!{}))", self.as_str(), any(those)).into())
    }

    /// The filter as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Filter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let text = text.trim();
        let text = if text.starts_with('(') {
            text.to_owned()
        } else {
            format!("({text})")
        };
        if depth(&text) > DEEPEST {
            return Err(format!(
                "this filter is nested deeper than {DEEPEST} parentheses, which no server reads"
            ));
        }
        match ldap3::parse_filter(&text) {
            Ok(_) => Ok(Self(text.into())),
            Err(()) => Err(format!(
                "{text:?} is no LDAP filter (RFC 4515); one looks like (&(objectClass=user)(mail=*)), with every parenthesis closed"
            )),
        }
    }
}

/// How deep a filter may be nested. Parsing recurses for each parenthesis, and Active Directory accepts no more.
const DEEPEST: usize = 100;

/// How deep the parentheses of a filter are nested; those in values are escaped.
fn depth(filter: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in filter.bytes() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

impl std::str::FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::try_from(text.to_owned())
    }
}

/// A value, escaped for a filter (RFC 4515, 3).
pub fn escaped(value: &str) -> Cow<'_, str> {
    ldap3::ldap_escape(value)
}

/// `(attribute=value)`, the value escaped.
pub fn equals(attribute: &str, value: &str) -> String {
    format!("({attribute}={})", escaped(value))
}

/// `(attribute=prefix*)`, the prefix escaped.
pub fn starts_with(attribute: &str, prefix: &str) -> String {
    format!("({attribute}={}*)", escaped(prefix))
}

/// `(attribute=pattern)`, where `*` in the pattern stands for any text and the rest is escaped.
pub fn like(attribute: &str, pattern: &str) -> String {
    let parts: Vec<Cow<'_, str>> = pattern.split('*').map(escaped).collect();
    format!("({attribute}={})", parts.join("*"))
}

/// A filter for entries that match all of these.
pub fn all(filters: &[&str]) -> String {
    format!("(&{})", filters.concat())
}

/// A filter for entries that match any of these.
pub fn any<F: AsRef<str>>(filters: impl IntoIterator<Item = F>) -> String {
    let mut text = String::from("(|");
    for filter in filters {
        text.push_str(filter.as_ref());
    }
    text.push(')');
    text
}

/// A filter encoded for the wire (RFC 4511, 4.5.1.7); `None` if it cannot be parsed.
pub(crate) fn encoded(filter: &str) -> Option<BytesMut> {
    let filter = ldap3::parse_filter(filter).ok()?.into_structure();
    let mut bytes = BytesMut::new();
    lber::write::encode_into(&mut bytes, filter).ok()?;
    Some(bytes)
}

/// The attributes that a filter asks about, without options. A parenthesis in a value is escaped, so each one begins
/// a term.
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
    fn filters_are_checked() {
        let filter = |text: &str| Filter::try_from(text.to_owned()).map(|it| it.0);
        assert_eq!(filter("mail=*"), Ok("(mail=*)".into()));
        assert_eq!(filter(" (cn=josé) "), Ok("(cn=josé)".into()));
        for text in ["", "(", "(&(mail=*)", "(mail=*))", "(cn=a)(cn=b)", "()"] {
            assert!(filter(text).is_err(), "{text:?}");
        }
    }

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
