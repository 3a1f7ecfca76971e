//! A search result entry, decoded from BER without ever panicking.
//!
//! `ldap3` sorts values into text and binary by whether their bytes happen to be valid UTF-8, and
//! panics on an entry that is malformed. Here every value stays the octets it is, and an entry that
//! cannot be decoded is an error.

use lber::structure::StructureTag;

/// A search result entry (RFC 4511, 4.5.2), its values as octets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Distinguished name.
    pub dn: String,
    /// Attribute descriptions, options included, and their values, in the order of the answer.
    pub attributes: Vec<(String, Vec<Vec<u8>>)>,
}

/// The application tag of a search result entry.
const SEARCH_RESULT_ENTRY: u64 = 4;

impl Entry {
    /// Decodes the protocol operation of a message; the error says what is wrong with it.
    pub fn decode(operation: StructureTag) -> Result<Self, &'static str> {
        let mut parts = operation
            .match_id(SEARCH_RESULT_ENTRY)
            .and_then(StructureTag::expect_constructed)
            .ok_or("not a search result entry")?
            .into_iter();
        let dn = parts.next().and_then(text).ok_or("an entry without a DN")?;
        let attributes = parts
            .next()
            .and_then(StructureTag::expect_constructed)
            .ok_or("an entry without attributes")?
            .into_iter()
            .map(attribute)
            .collect::<Option<_>>()
            .ok_or("an attribute that cannot be decoded")?;
        Ok(Self { dn, attributes })
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

    #[test]
    fn values_stay_octets() {
        let guid = constructed(
            16,
            vec![
                octets(b"objectGUID"),
                constructed(17, vec![octets(b"abc\n\xff")]),
            ],
        );
        let entry = Entry::decode(constructed(
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
            assert!(Entry::decode(tag.clone()).is_err(), "{tag:?}");
        }
    }
}
