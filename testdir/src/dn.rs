//! Distinguished names (RFC 4514), as far as a directory needs them: taking
//! them apart, comparing them without case, and putting them in tree order.

use std::fmt;

use anyhow::{Context, Result, bail};

/// A relative distinguished name, one level of a [`Dn`]: `CN=Smith\, Alice`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rdn {
    pub(crate) attribute: String,
    /// Without the escapes: `Smith, Alice`.
    pub(crate) value: String,
    /// As it was written.
    text: String,
}

impl Rdn {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let text = trim_unescaped(text);
        let (attribute, value) = text
            .split_once('=')
            .with_context(|| format!("{text:?} is no relative distinguished name"))?;
        if attribute.trim().is_empty() {
            bail!("{text:?} names no attribute");
        }
        Ok(Self {
            attribute: attribute.trim().to_owned(),
            value: unescape(trim_unescaped(value)),
            text: text.to_owned(),
        })
    }

    /// An RDN with a value that may need escapes.
    pub(crate) fn new(attribute: &str, value: &str) -> Self {
        Self {
            attribute: attribute.to_owned(),
            value: value.to_owned(),
            text: format!("{attribute}={}", escape_value(value)),
        }
    }
}

/// A distinguished name, the entry's own RDN first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dn {
    rdns: Vec<Rdn>,
}

impl Dn {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        if text.trim().is_empty() {
            return Ok(Self { rdns: Vec::new() });
        }
        let rdns = split_unescaped(text)
            .into_iter()
            .map(Rdn::parse)
            .collect::<Result<_>>()
            .with_context(|| format!("cannot read the DN {text:?}"))?;
        Ok(Self { rdns })
    }

    pub(crate) fn is_root(&self) -> bool {
        self.rdns.is_empty()
    }

    pub(crate) fn rdn(&self) -> Option<&Rdn> {
        self.rdns.first()
    }

    pub(crate) fn parent(&self) -> Option<Self> {
        let (_, parent) = self.rdns.split_first()?;
        Some(Self {
            rdns: parent.to_vec(),
        })
    }

    pub(crate) fn child(&self, rdn: Rdn) -> Self {
        let mut rdns = Vec::with_capacity(self.rdns.len() + 1);
        rdns.push(rdn);
        rdns.extend_from_slice(&self.rdns);
        Self { rdns }
    }

    /// The same name below `to` instead of `from`; `from` must be an ancestor or the name itself.
    pub(crate) fn rebased(&self, from: &Self, to: &Self) -> Self {
        let own = self.rdns.len().saturating_sub(from.rdns.len());
        let rdns = self.rdns[..own].iter().chain(&to.rdns).cloned().collect();
        Self { rdns }
    }

    /// `corp.example.com` for `OU=Staff,DC=corp,DC=example,DC=com`.
    pub(crate) fn dns_domain(&self) -> String {
        let parts: Vec<_> = self
            .rdns
            .iter()
            .filter(|rdn| rdn.attribute.eq_ignore_ascii_case("DC"))
            .map(|rdn| rdn.value.to_lowercase())
            .collect();
        parts.join(".")
    }

    pub(crate) fn key(&self) -> Key {
        let mut key = String::new();
        for rdn in self.rdns.iter().rev() {
            if !key.is_empty() {
                key.push('\0');
            }
            key.push_str(&rdn.attribute.to_lowercase());
            key.push('=');
            key.push_str(&rdn.value.to_lowercase().replace('\0', "\u{fffd}"));
        }
        Key(key)
    }
}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, rdn) in self.rdns.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            write!(f, "{comma}{}", rdn.text)?;
        }
        Ok(())
    }
}

/// A DN folded for comparing, root first, so that keys in order walk the tree:
/// an entry stands right before everything below it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(String);

impl Key {
    /// Whether `other` is this entry or below it.
    pub(crate) fn contains(&self, other: &Self) -> bool {
        match other.0.strip_prefix(&self.0) {
            Some(rest) => rest.is_empty() || rest.starts_with('\0') || self.0.is_empty(),
            None => false,
        }
    }

    pub(crate) fn is_parent_of(&self, other: &Self) -> bool {
        other
            .0
            .rsplit_once('\0')
            .map_or(self.0.is_empty() && !other.0.is_empty(), |(parent, _)| {
                parent == self.0
            })
    }

    /// The keys of everything below this entry lie in this range.
    pub(crate) fn below(&self) -> std::ops::Range<Self> {
        Self(format!("{}\0", self.0))..Self(format!("{}\u{1}", self.0))
    }
}

/// Escapes a value for use in a DN (RFC 4514, section 2.4).
#[must_use]
pub fn escape_value(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (i, c) in value.chars().enumerate() {
        let at_an_end = (c == ' ' && (i == 0 || i == last)) || (c == '#' && i == 0);
        match c {
            '\n' => out.push_str("\\0A"),
            '\r' => out.push_str("\\0D"),
            '\0' => out.push_str("\\00"),
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=' => {
                out.push('\\');
                out.push(c);
            }
            _ if at_an_end => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

fn unescape(value: &str) -> String {
    let mut out = Vec::with_capacity(value.len());
    let bytes = value.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] != b'\\' {
            out.push(bytes[i]);
            i += 1;
            continue;
        }
        let hex = value
            .get(i + 1..i + 3)
            // `from_str_radix` alone would take the sign in `\+c` for a part of a number.
            .filter(|hex| hex.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(byte) = hex {
            out.push(byte);
            i += 3;
        } else {
            out.extend(bytes.get(i + 1));
            i += 2;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn split_unescaped(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    for (i, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' | ';' => {
                parts.push(&text[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Trims spaces, but not one that is escaped: `CN=x\ `.
fn trim_unescaped(text: &str) -> &str {
    let text = text.trim_start_matches(' ');
    let trimmed = text.trim_end_matches(' ');
    let backslashes = trimmed.chars().rev().take_while(|c| *c == '\\').count();
    if backslashes % 2 == 1 && trimmed.len() < text.len() {
        &text[..=trimmed.len()]
    } else {
        trimmed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Dn::parse(text).unwrap().key()
    }

    #[test]
    fn names_compare_without_case_escapes_and_spaces() {
        assert_eq!(
            key(r"CN=Smith\, Alice, OU=Staff,DC=x"),
            key(r"cn=smith\2c alice,ou=STAFF,dc=X")
        );
        assert_eq!(key("CN=ÅSA,DC=x"), key(r"CN=\c3\a5sa,DC=x"));
        assert_ne!(key("CN=a,DC=x"), key("CN=a,DC=y"));
    }

    #[test]
    fn escaping_survives_a_round_trip() {
        for name in [" a ", "#x", r#"a,b+c"d\e<f>g;h=i"#, "two\nlines", "", "é "] {
            let rdn = Rdn::new("CN", name);
            assert_eq!(Rdn::parse(&rdn.text).unwrap().value, name);
        }
    }

    #[test]
    fn keys_know_the_tree() {
        let (root, ou) = (key("DC=x"), key("OU=a,DC=x"));
        let (user, other) = (key("CN=u,OU=a,DC=x"), key("OU=ab,DC=x"));
        assert!(root.contains(&user) && ou.contains(&user) && ou.contains(&ou));
        assert!(!ou.contains(&other));
        assert!(ou.is_parent_of(&user) && !root.is_parent_of(&user));
        assert!(ou.below().contains(&user) && !ou.below().contains(&other));
    }

    #[test]
    fn a_name_without_an_equals_sign_is_refused() {
        assert!(Dn::parse("Staff,DC=x").is_err());
    }
}
