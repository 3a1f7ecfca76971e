//! Distinguished names (RFC 4514), compared as a directory compares them.
//!
//! One DN can be written in many ways: with other escapes, in quotation marks as RFC 2253 allowed, with other names
//! or the object identifiers of its types, or with the parts of an RDN in another order; and its values are compared
//! without case and regardless of spaces and composition (RFC 4518). [`normalised`] gives all of them one form, so
//! that two DNs are the same if their normal forms are.

mod value;

use crate::standard;

/// The attributes that name domains (RFC 2247).
const DOMAIN_COMPONENT: &str = "dc=";

/// The normal form of a DN: the same for all ways of writing it, itself a DN, and suitable as the key of a map.
pub fn normalised(dn: &str) -> String {
    components(dn).join(",")
}

/// The normal form of a DN as a small key: a group may have millions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key([u8; 16]);

/// The same for all ways of writing a DN. Half of a SHA-256, so that nobody can find two DNs with one key.
pub fn key(dn: &str) -> Key {
    let digest = ring::digest::digest(&ring::digest::SHA256, normalised(dn).as_bytes());
    let mut key = [0; 16];
    key.copy_from_slice(&digest.as_ref()[..16]);
    Key(key)
}

/// Whether two DNs name the same entry.
pub fn same(one: &str, other: &str) -> bool {
    one == other || normalised(one) == normalised(other)
}

/// Whether a DN is `base` or lies below it.
pub fn is_within(dn: &str, base: &str) -> bool {
    let dn = components(dn);
    let base = components(base);
    dn.ends_with(&base)
}

/// How many relative DNs a DN has.
pub fn depth(dn: &str) -> usize {
    components(dn).len()
}

/// The end of a DN that consists of domain components: `DC=corp,DC=com` of `OU=Staff,DC=corp,DC=com`.
pub fn domain_components(dn: &str) -> Option<String> {
    let parts = components(dn);
    let is_other = |part: &String| !part.starts_with(DOMAIN_COMPONENT);
    let others = parts.iter().rposition(is_other);
    let domain = &parts[others.map_or(0, |at| at + 1)..];
    (!domain.is_empty()).then(|| domain.join(","))
}

/// The DNS name of a domain (RFC 2247): `corp.com` of `DC=corp,DC=com`.
pub fn dns_name(domain: &str) -> String {
    let parts = components(domain);
    let labels: Vec<&str> = parts
        .iter()
        .filter_map(|it| it.strip_prefix(DOMAIN_COMPONENT))
        .collect();
    labels.join(".")
}

/// The parent of a DN, if it has one.
pub fn parent(dn: &str) -> Option<&str> {
    split(dn).map(|(_, parent)| parent)
}

/// The first relative DN, and what it lies in: `OU=Staff` and `DC=corp,DC=com`; none of what has no parent.
pub fn split(dn: &str) -> Option<(&str, &str)> {
    let (at, _) = plain(dn).find(|(_, it)| is_separator(*it))?;
    Some((trimmed(&dn[..at]), trimmed(&dn[at + 1..])))
}

/// The types with their values of the first relative DN, as they are written: `uid=a` and `nsuniqueid=1`.
pub fn parts_of_first(dn: &str) -> impl Iterator<Item = &str> {
    let first = split(dn).map_or(dn, |(first, _)| first);
    pieces(first, |it| it == '+').map(trimmed)
}

fn is_separator(character: char) -> bool {
    // The semicolon is RFC 1779's.
    matches!(character, ',' | ';')
}

/// The relative DNs as they are compared, the first of them first.
fn components(dn: &str) -> Vec<String> {
    let relative = pieces(dn, is_separator).map(relative);
    relative.filter(|it| !it.is_empty()).collect()
}

/// A relative DN as it is compared: its parts in order, for they have none of their own.
fn relative(text: &str) -> String {
    let mut parts: Vec<String> = pieces(text, |it| it == '+').map(part).collect();
    parts.retain(|part| !part.is_empty());
    parts.sort_unstable();
    parts.dedup();
    parts.join("+")
}

/// A type and its value.
fn part(text: &str) -> String {
    match plain(text).find(|(_, it)| *it == '=') {
        Some((at, _)) => {
            let (kind, value) = (&text[..at], &text[at + 1..]);
            format!("{}={}", self::kind(kind), value::compared(trimmed(value)))
        }
        // No DN, but something to compare.
        None => value::text(trimmed(text)),
    }
}

/// The type of a value: those of the standards by the first of their names.
fn kind(text: &str) -> String {
    let text = value::text(trimmed(text));
    // As RFC 1779 wrote object identifiers.
    let name = text.strip_prefix("oid.").unwrap_or(&text);
    match standard::by_name(name) {
        Some(known) => known.names[0].to_ascii_lowercase(),
        None => name.to_owned(),
    }
}

/// The characters that stand for themselves: neither escaped, nor in quotation marks, nor these.
fn plain(text: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut quoted, mut escaped) = (false, false);
    text.char_indices().filter(move |(_, character)| {
        let was_escaped = std::mem::take(&mut escaped);
        match character {
            _ if was_escaped => return false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ => return !quoted,
        }
        false
    })
}

/// What stands between plain characters of that kind.
fn pieces(text: &str, is_between: impl Fn(char) -> bool) -> impl Iterator<Item = &str> {
    let mut ends = plain(text).filter(move |(_, it)| is_between(*it));
    let mut rest = Some(0);
    std::iter::from_fn(move || {
        let begin = rest?;
        let end = ends.next().map(|(at, _)| at);
        rest = end.map(|at| at + 1);
        Some(&text[begin..end.unwrap_or(text.len())])
    })
}

/// Without the spaces around it. One that is escaped is a part of it.
fn trimmed(text: &str) -> &str {
    let text = text.trim_start();
    let end = text.trim_end();
    let backslashes = end.len() - end.trim_end_matches('\\').len();
    match text[end.len()..].chars().next() {
        Some(escaped) if backslashes % 2 == 1 => &text[..end.len() + escaped.len_utf8()],
        _ => end,
    }
}

#[cfg(test)]
mod tests;
