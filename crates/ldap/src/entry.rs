//! A search result entry. Values stay octets: a GUID whose bytes happen to be valid UTF-8 is
//! not text. An entry that cannot be decoded is an error.

use std::borrow::Cow;
use std::ops::Range;

use crate::ber::{Elements, Flaw, OCTET_STRING, SEQUENCE, SET, element, lossy};
use crate::error::Limit;

/// A search result entry (RFC 4511, 4.5.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The DN and the attributes as received, without values over the limit, and known to be decodable.
    /// A copy: a slice of the receive buffer would keep all of it alive.
    content: Box<[u8]>,
    /// The position of the DN.
    dn: Place,
    /// The positions of the attributes.
    attributes: Box<[Attribute]>,
    /// The attributes with a value over the limit.
    pub oversized: Vec<(String, Limit)>,
}

/// The position of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Attribute {
    description: Place,
    /// All values, each with tag and length.
    values: Place,
}

/// A byte range of an entry's content, which is at most 4 GiB.
type Place = Range<u32>;

/// The option on an attribute of which only some values were sent.
const RANGE: &[u8] = b";range=";

/// How many values an attribute may have that is expected to have few.
const A_FEW: usize = 1000;

/// Roughly how many attributes are requested of a user.
const A_USER_HAS: usize = 10;

/// How much of a DN over the limit is kept, in characters.
const SHOWN_OF_A_DN: usize = 100;

impl Entry {
    /// What [`Entry::oversized`] calls the DN.
    pub const DN: &str = "the distinguished name";

    /// Decodes the contents of an entry. Values longer than `max_value_bytes` are left out.
    pub(crate) fn decode(content: &[u8], max_value_bytes: usize) -> Result<Self, Flaw> {
        let (dn, mut list) = parts(content)?;
        let mut oversized = Vec::new();
        if dn.len() > max_value_bytes {
            let limit = Limit::value(Self::DN, dn.len(), max_value_bytes);
            oversized.push((Self::DN.to_owned(), limit));
        }
        while !list.is_empty() {
            let (name, values) = attribute(&mut list)?;
            let longest = longest(values)?;
            if longest > max_value_bytes {
                let name = lossy(name);
                let limit = Limit::value(&name, longest, max_value_bytes);
                oversized.push((name, limit));
            }
        }
        let content = if oversized.is_empty() {
            content.into()
        } else {
            shortened(content, max_value_bytes)?
        };
        let (dn, mut list) = parts(&content)?;
        let dn = place(&content, dn)?;
        let mut attributes = Vec::with_capacity(A_USER_HAS);
        while !list.is_empty() {
            let (description, values) = attribute(&mut list)?;
            attributes.push(Attribute {
                description: place(&content, description)?,
                values: place(&content, values.0)?,
            });
        }
        Ok(Self {
            dn,
            attributes: attributes.into(),
            content,
            oversized,
        })
    }

    /// Its size in memory, in bytes.
    pub(crate) fn size(&self) -> usize {
        size_of::<Self>() + self.content.len() + size_of_val(&*self.attributes)
    }

    #[inline]
    fn part(&self, place: &Place) -> &[u8] {
        &self.content[place.start as usize..place.end as usize]
    }

    /// The distinguished name; invalid UTF-8 is replaced.
    #[inline]
    pub fn dn(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.part(&self.dn))
    }

    /// The attribute descriptions, options included, and the values, in the order of the answer.
    pub fn attributes(&self) -> impl Iterator<Item = (String, impl Iterator<Item = &[u8]>)> {
        self.encoded()
            .map(|(name, values)| (lossy(name), values.map(|it| it.content)))
    }

    /// The values of an attribute, whose name is compared without case (RFC 4512, 2.5); `None` if the
    /// entry does not have it. Options make it a different attribute: `mail;lang-de` is not `mail`.
    #[inline]
    pub fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.values_where(|description| description.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// The same for an attribute that may have any of these names.
    #[inline]
    pub fn values_under(&self, names: &[String]) -> impl Iterator<Item = &[u8]> {
        self.values_where(|description| {
            names
                .iter()
                .any(|name| description.eq_ignore_ascii_case(name.as_bytes()))
        })
    }

    fn values_where(&self, is_it: impl Fn(&[u8]) -> bool) -> impl Iterator<Item = &[u8]> {
        self.encoded()
            .find(|(description, _)| is_it(description))
            .map_or(Elements::default(), |(_, values)| values)
            .map(|value| value.content)
    }

    /// The first value of an attribute.
    #[inline]
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.values(name).next()
    }

    /// Whether only some values of an attribute were sent, as `name;range=0-1499` (MS-ADTS 3.1.1.3.1.3.3).
    #[inline]
    pub fn has_range_of(&self, names: &[String]) -> bool {
        self.encoded().any(|(description, _)| {
            names.iter().any(|name| {
                let (base, options) = description.split_at(name.len().min(description.len()));
                base.eq_ignore_ascii_case(name.as_bytes())
                    && options
                        .get(..RANGE.len())
                        .is_some_and(|it| it.eq_ignore_ascii_case(RANGE))
            })
        })
    }

    /// The first value of an attribute as text; invalid UTF-8 is replaced.
    pub fn first_text(&self, name: &str) -> Option<String> {
        self.first(name).map(lossy)
    }

    /// The values of an attribute that has few, as text; invalid UTF-8 is replaced. Excess values
    /// and empty ones are skipped.
    pub fn few_texts(&self, name: &str) -> Vec<String> {
        let values = self.values(name).filter(|it| !it.is_empty());
        values.take(A_FEW).map(lossy).collect()
    }

    /// Whether an attribute has this value, in any case.
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.values(name)
            .any(|it| it.eq_ignore_ascii_case(value.as_bytes()))
    }

    #[inline]
    fn encoded(&self) -> impl Iterator<Item = (&[u8], Elements<'_>)> {
        self.attributes.iter().map(|it| {
            let values = Elements(self.part(&it.values));
            (self.part(&it.description), values)
        })
    }
}

/// The byte range of a slice of the content.
fn place(content: &[u8], part: &[u8]) -> Result<Place, Flaw> {
    let start = part.as_ptr().addr() - content.as_ptr().addr();
    let at = |position| u32::try_from(position).map_err(|_| Flaw::Overrun);
    Ok(at(start)?..at(start + part.len())?)
}

/// The DN, and the list of attributes.
fn parts(content: &[u8]) -> Result<(&[u8], Elements<'_>), Flaw> {
    let mut parts = Elements(content);
    Ok((
        parts.expect(OCTET_STRING)?,
        Elements(parts.expect(SEQUENCE)?),
    ))
}

/// The next attribute: its description and its values.
fn attribute<'a>(list: &mut Elements<'a>) -> Result<(&'a [u8], Elements<'a>), Flaw> {
    let mut parts = Elements(list.expect(SEQUENCE)?);
    let description = parts.expect(OCTET_STRING)?;
    Ok((description, Elements(parts.expect(SET)?)))
}

/// The length of the longest of these values, in bytes.
fn longest(mut values: Elements<'_>) -> Result<usize, Flaw> {
    let mut longest = 0;
    while !values.is_empty() {
        longest = longest.max(values.expect(OCTET_STRING)?.len());
    }
    Ok(longest)
}

/// The content of an entry without attributes over the limit, and with only the beginning of a DN over it.
fn shortened(content: &[u8], max_value_bytes: usize) -> Result<Box<[u8]>, Flaw> {
    let (dn, mut list) = parts(content)?;
    let mut dn = lossy(dn);
    if dn.len() > max_value_bytes {
        dn = dn.chars().take(SHOWN_OF_A_DN).chain(['…']).collect();
    }
    let mut kept = Vec::new();
    while !list.is_empty() {
        let from_here = list.0;
        let (_, values) = attribute(&mut list)?;
        if longest(values)? <= max_value_bytes {
            kept.push(&from_here[..from_here.len() - list.0.len()]);
        }
    }
    let dn = element(OCTET_STRING, &[dn.as_bytes()]);
    Ok([&dn[..], &element(SEQUENCE, &kept)].concat().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::{encoded_entry as encoded, entry_of};

    /// An entry with a value for each of these attributes.
    fn entry(dn: &str, attributes: &[(&str, &[u8])]) -> Entry {
        let values: Vec<[&[u8]; 1]> = attributes.iter().map(|(_, value)| [*value]).collect();
        let names = attributes.iter().map(|(name, _)| *name);
        let attributes: Vec<_> = names.zip(values.iter().map(|it| &it[..])).collect();
        entry_of(dn, &attributes)
    }

    #[test]
    fn a_value_that_is_too_long_is_left_out_and_told() {
        let with = |dn: &[u8], mail: &[u8]| {
            let attributes: [(&str, &[&[u8]]); 3] =
                [("sn", &[b"a"]), ("mail", &[mail]), ("cn", &[&[b'b'; 64]])];
            Entry::decode(&encoded(dn, &attributes), 64).expect("an entry")
        };
        assert!(with(&[b'a'; 64], &[b'a'; 64]).oversized.is_empty());
        let entry = with(&[b'a'; 65], &[b'a'; 66]);
        assert_eq!(entry.first("mail"), None);
        assert_eq!(entry.first("sn"), Some(&b"a"[..]));
        assert_eq!(entry.first("cn"), Some(&[b'b'; 64][..]));
        assert_eq!(
            entry.oversized,
            [
                (Entry::DN.to_owned(), Limit::value(Entry::DN, 65, 64)),
                ("mail".to_owned(), Limit::value("mail", 66, 64))
            ]
        );
    }

    #[test]
    fn values_stay_octets() {
        let entry = entry("CN=a", &[("objectGUID", b"abc\n\xff")]);
        assert_eq!(entry.first("OBJECTguid"), Some(&b"abc\n\xff"[..]));
        assert_eq!(entry.first("mail"), None);
        let names: Vec<String> = entry.attributes().map(|(name, _)| name).collect();
        assert_eq!(names, ["objectGUID"]);
    }

    #[test]
    fn options_make_another_attribute() {
        let entry = entry(
            "CN=a",
            &[("mail;lang-de", b"x"), ("Member;Range=0-1499", b"y")],
        );
        assert_eq!(entry.first("mail"), None);
        assert_eq!(entry.first("MAIL;LANG-DE"), Some(&b"x"[..]));
        let has_range_of = |name: &str| entry.has_range_of(&[name.to_owned()]);
        assert!(has_range_of("member"));
        assert!(!has_range_of("mail") && !has_range_of("membe"));
    }

    #[test]
    fn what_is_malformed_is_an_error() {
        let whole = encoded(b"CN=a", &[("mail", &[b"a@b.c"]), ("sn", &[b"a"])]);
        for cut in 0..whole.len() {
            assert!(Entry::decode(&whole[..cut], 64).is_err(), "{cut} bytes");
        }
        let dn = element(OCTET_STRING, &[b"CN=a"]);
        let lonely = element(SEQUENCE, &[&element(OCTET_STRING, &[b"mail"])]);
        for list in [
            element(OCTET_STRING, &[b"x"]),
            element(SEQUENCE, &[&element(OCTET_STRING, &[b"x"])]),
            element(SEQUENCE, &[&lonely]),
        ] {
            let content = [&dn[..], &list].concat();
            assert!(Entry::decode(&content, 64).is_err(), "{list:?}");
        }
    }
}
