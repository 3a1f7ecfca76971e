//! A search result entry, decoded from BER without ever panicking.
//!
//! `ldap3` sorts values into text and binary by whether their bytes happen to be valid UTF-8, and
//! panics on an entry that is malformed. Here every value stays the octets it is, and an entry that
//! cannot be decoded is an error.

use lber::structure::StructureTag;

use super::error::Limit;

/// A search result entry (RFC 4511, 4.5.2), its values as octets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Distinguished name.
    pub dn: String,
    /// Attribute descriptions, options included, and their values, in the order of the answer.
    pub attributes: Vec<(String, Vec<Vec<u8>>)>,
    /// The attributes with a value that is too long, which are left out of the others.
    pub oversized: Vec<(String, Limit)>,
}

/// What the DN is called among the attributes.
pub const DN: &str = "the distinguished name";

/// As much of a DN as is kept when it is too long, in characters.
const SHOWN_OF_A_DN: usize = 100;

/// What a text needs beside its bytes.
const OVERHEAD: usize = 32;

/// The application tag of a search result entry.
const SEARCH_RESULT_ENTRY: u64 = 4;

impl Entry {
    /// Decodes the protocol operation of a message; the error says what is wrong with it. Values of more
    /// than `max_value_bytes` are left out.
    pub fn decode(operation: StructureTag, max_value_bytes: usize) -> Result<Self, &'static str> {
        let mut parts = operation
            .match_id(SEARCH_RESULT_ENTRY)
            .and_then(StructureTag::expect_constructed)
            .ok_or("not a search result entry")?
            .into_iter();
        let mut dn = parts.next().and_then(text).ok_or("an entry without a DN")?;
        let mut attributes: Vec<(String, Vec<Vec<u8>>)> = parts
            .next()
            .and_then(StructureTag::expect_constructed)
            .ok_or("an entry without attributes")?
            .into_iter()
            .map(attribute)
            .collect::<Option<_>>()
            .ok_or("an attribute that cannot be decoded")?;
        let mut oversized = Vec::new();
        if dn.len() > max_value_bytes {
            oversized.push((DN.to_owned(), Limit::value(DN, dn.len(), max_value_bytes)));
            dn = dn.chars().take(SHOWN_OF_A_DN).chain(['…']).collect();
        }
        attributes.retain_mut(|(name, values)| {
            let longest = values.iter().map(Vec::len).max().unwrap_or_default();
            if longest > max_value_bytes {
                let limit = Limit::value(name, longest, max_value_bytes);
                oversized.push((std::mem::take(name), limit));
                return false;
            }
            true
        });
        Ok(Self {
            dn,
            attributes,
            oversized,
        })
    }

    /// About what it needs in memory, in bytes.
    pub fn size(&self) -> usize {
        let attributes = self.attributes.iter().map(|(name, values)| {
            let values = values.iter().map(|value| value.len() + OVERHEAD);
            name.len() + OVERHEAD + values.sum::<usize>()
        });
        self.dn.len() + OVERHEAD + attributes.sum::<usize>()
    }

    /// The values of an attribute, whose name is compared without case (RFC 4512, 2.5); none if the
    /// entry does not have it.
    pub fn values(&self, name: &str) -> &[Vec<u8>] {
        self.attributes
            .iter()
            .find(|(description, _)| description.eq_ignore_ascii_case(name))
            .map_or(&[], |(_, values)| values)
    }

    /// The first value of an attribute.
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.values(name).first().map(Vec::as_slice)
    }

    /// The first value of an attribute as text; what is no UTF-8 is replaced.
    pub fn first_text(&self, name: &str) -> Option<String> {
        self.first(name)
            .map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// All values of an attribute as text; what is no UTF-8 is replaced.
    pub fn texts(&self, name: &str) -> Vec<String> {
        self.values(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value).into_owned())
            .collect()
    }
}

fn text(tag: StructureTag) -> Option<String> {
    let octets = tag.expect_primitive()?;
    Some(match String::from_utf8(octets) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

fn attribute(tag: StructureTag) -> Option<(String, Vec<Vec<u8>>)> {
    let mut parts = tag.expect_constructed()?.into_iter();
    let description = text(parts.next()?)?;
    let values = parts
        .next()?
        .expect_constructed()?
        .into_iter()
        .map(StructureTag::expect_primitive)
        .collect::<Option<_>>()?;
    Some((description, values))
}

#[cfg(test)]
mod tests {
    use lber::common::TagClass;
    use lber::structure::PL;

    use super::*;

    fn octets(bytes: &[u8]) -> StructureTag {
        StructureTag {
            class: TagClass::Universal,
            id: 4,
            payload: PL::P(bytes.to_vec()),
        }
    }

    fn constructed(id: u64, parts: Vec<StructureTag>) -> StructureTag {
        StructureTag {
            class: TagClass::Universal,
            id,
            payload: PL::C(parts),
        }
    }

    fn decode(operation: StructureTag) -> Result<Entry, &'static str> {
        Entry::decode(operation, 64)
    }

    #[test]
    fn a_value_that_is_too_long_is_left_out_and_told() {
        let mail = |value: &[u8]| {
            constructed(
                16,
                vec![octets(b"mail"), constructed(17, vec![octets(value)])],
            )
        };
        let with = |dn: &[u8], value: &[u8]| {
            let attributes = constructed(16, vec![mail(value)]);
            decode(constructed(4, vec![octets(dn), attributes])).expect("an entry")
        };
        assert!(with(&[b'a'; 64], &[b'a'; 64]).oversized.is_empty());
        let entry = with(&[b'a'; 65], &[b'a'; 66]);
        assert_eq!(entry.values("mail"), &[] as &[Vec<u8>]);
        assert_eq!(
            entry.oversized,
            [
                (DN.to_owned(), Limit::value(DN, 65, 64)),
                ("mail".to_owned(), Limit::value("mail", 66, 64))
            ]
        );
    }

    #[test]
    fn values_stay_octets() {
        let guid = constructed(
            16,
            vec![
                octets(b"objectGUID"),
                constructed(17, vec![octets(b"abc\n\xff")]),
            ],
        );
        let entry = decode(constructed(
            4,
            vec![octets(b"CN=a"), constructed(16, vec![guid])],
        ));
        let entry = entry.expect("an entry");
        assert_eq!(entry.first("OBJECTguid"), Some(&b"abc\n\xff"[..]));
        assert_eq!(entry.values("mail"), &[] as &[Vec<u8>]);
    }

    #[test]
    fn what_is_malformed_is_an_error() {
        for tag in [
            octets(b"x"),
            constructed(5, vec![]),
            constructed(4, vec![]),
            constructed(4, vec![octets(b"CN=a")]),
            constructed(4, vec![octets(b"CN=a"), octets(b"x")]),
            constructed(
                4,
                vec![octets(b"CN=a"), constructed(16, vec![octets(b"x")])],
            ),
            constructed(
                4,
                vec![
                    octets(b"CN=a"),
                    constructed(16, vec![constructed(16, vec![octets(b"mail")])]),
                ],
            ),
        ] {
            assert!(decode(tag.clone()).is_err(), "{tag:?}");
        }
    }
}
