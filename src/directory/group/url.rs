//! A search that defines the members of a group: an LDAP URL (RFC 4516).

use ldap::{Filter, Scope};

/// The search in a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberUrl {
    /// The server it names, with or without a port; `None` for the server that the URL comes from.
    pub host: Option<String>,
    /// Base DN.
    pub base: String,
    /// How far below the base.
    pub scope: Scope,
    /// Which entries.
    pub filter: String,
}

impl MemberUrl {
    /// Parses a URL; the error says why it cannot be used.
    pub fn parse(url: &str) -> Result<Self, String> {
        // What may follow is a label (RFC 2079).
        let url = url.split_whitespace().next().unwrap_or_default();
        let rest = ["ldap://", "ldaps://"]
            .into_iter()
            .find_map(|scheme| strip_prefix(url, scheme))
            .ok_or("it is no ldap:// URL")?;
        let (host, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let mut parts = rest.split('?');
        let mut next = || parts.next().unwrap_or_default();
        let (base, _attributes, scope, filter, extensions) =
            (next(), next(), next(), next(), next());
        if parts.next().is_some() {
            return Err("it has too many parts".to_owned());
        }
        if extensions.split(',').any(|it| it.starts_with('!')) {
            return Err(format!("it demands an extension, {extensions}"));
        }
        let scope = match scope.to_ascii_lowercase().as_str() {
            "" | "base" => Scope::Base,
            "one" => Scope::OneLevel,
            "sub" => Scope::Subtree,
            other => return Err(format!("its scope is {other:?}")),
        };
        let filter = match decoded(filter)? {
            filter if filter.is_empty() => "(objectClass=*)".to_owned(),
            filter => Filter::try_from(filter)?.as_str().to_owned(),
        };
        Ok(Self {
            host: Some(decoded(host)?).filter(|host| !host.is_empty()),
            base: decoded(base)?,
            scope,
            filter,
        })
    }
}

/// Strips a prefix, compared without case.
fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (begin, rest) = text.split_at_checked(prefix.len())?;
    begin.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// Decodes percent-encoding (RFC 3986, 2.1).
fn decoded(text: &str) -> Result<String, String> {
    let wrong = || format!("{text:?} in it is wrongly escaped");
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte != b'%' {
            octets.push(byte);
            continue;
        }
        let digits = rest.split_at_checked(2).ok_or_else(wrong)?;
        let digit = |it: u8| char::from(it).to_digit(16).ok_or_else(wrong);
        let octet = digit(digits.0[0])? * 16 + digit(digits.0[1])?;
        octets.push(u8::try_from(octet).map_err(|_| wrong())?);
        rest = digits.1;
    }
    String::from_utf8(octets).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(base: &str, scope: Scope, filter: &str) -> MemberUrl {
        MemberUrl {
            host: None,
            base: base.to_owned(),
            scope,
            filter: filter.to_owned(),
        }
    }

    #[test]
    fn urls_say_where_how_deep_and_whom() {
        for (text, expected) in [
            (
                "ldap:///ou=people,dc=x??sub?(title=dev)",
                Ok(url("ou=people,dc=x", Scope::Subtree, "(title=dev)")),
            ),
            (
                "LDAP:///ou=people,dc=x?cn,mail?ONE",
                Ok(url("ou=people,dc=x", Scope::OneLevel, "(objectClass=*)")),
            ),
            (
                "ldap:///uid=a,dc=x",
                Ok(url("uid=a,dc=x", Scope::Base, "(objectClass=*)")),
            ),
            (
                "ldap:///ou=a%2Cb%20c,dc=x??sub?(uid=%c3%a9%3f)??",
                Err("it has too many parts".to_owned()),
            ),
            (
                "ldap:///ou=a%2Cb%20c,dc=x??sub?(uid=%c3%a9%3f)?x-a=1",
                Ok(url("ou=a,b c,dc=x", Scope::Subtree, "(uid=é?)")),
            ),
            // 389 Directory Server writes these too.
            (
                "ldap:///dc=x??sub?uid=a Members of it",
                Ok(url("dc=x", Scope::Subtree, "(uid=a)")),
            ),
        ] {
            assert_eq!(MemberUrl::parse(text), expected, "{text}");
        }
        let elsewhere = MemberUrl::parse("ldaps://dc2.x:636/dc=x").expect("a URL");
        assert_eq!(elsewhere.host.as_deref(), Some("dc2.x:636"));
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        for (text, reason) in [
            ("", "no ldap://"),
            ("http://x/dc=x", "no ldap://"),
            ("ldap:///dc=x??deep", "scope"),
            ("ldap:///dc=x??sub?(uid=a", "no LDAP filter"),
            ("ldap:///dc=%x", "wrongly escaped"),
            ("ldap:///dc=%4", "wrongly escaped"),
            ("ldap:///dc=%ff", "wrongly escaped"),
            ("ldap:///dc=%é1", "wrongly escaped"),
            ("ldap:///dc=x????!x-secret", "extension"),
        ] {
            let error = MemberUrl::parse(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
