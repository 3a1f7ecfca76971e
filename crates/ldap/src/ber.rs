//! BER as LDAP uses it (ITU-T X.690, restricted by RFC 4511, 5.1): a sequence of elements, each decoded only
//! when asked for. Nothing here recurses, so no input can exhaust the stack, and no length field causes an
//! allocation.

use secrecy::zeroize::Zeroizing;

pub const BOOLEAN: u8 = 0x01;
pub const INTEGER: u8 = 0x02;
pub const OCTET_STRING: u8 = 0x04;
pub const ENUMERATED: u8 = 0x0a;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;

/// The tag number that marks a multi-byte tag. LDAP has none.
const LONG_TAG: u8 = 0x1f;

/// Why data cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It does not begin like an LDAP message.
    #[error("it is not LDAP")]
    NotLdap,
    /// An element is longer than its parent.
    #[error("an element is longer than the message it is in")]
    Overrun,
    /// An element is missing, or another one is in its place.
    #[error("a part of it cannot be decoded")]
    Unexpected,
}

/// The header of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub tag: u8,
    /// The length of the header itself, in bytes.
    pub size: usize,
    /// The length of the contents, in bytes.
    pub length: u64,
}

impl Header {
    /// The header at the start of these bytes; `None` while it is incomplete.
    #[inline]
    pub fn read(bytes: &[u8]) -> Result<Option<Self>, Flaw> {
        let [tag, first, rest @ ..] = bytes else {
            return Ok(None);
        };
        if tag & LONG_TAG == LONG_TAG {
            return Err(Flaw::NotLdap);
        }
        let (size, length) = match first {
            0..=0x7f => (2, u64::from(*first)),
            // Active Directory writes every length in four bytes; eight are what a number holds.
            0x81..=0x88 => {
                let size = usize::from(first - 0x80);
                let Some(bytes) = rest.get(..size) else {
                    return Ok(None);
                };
                (2 + size, big_endian(bytes))
            }
            // LDAP does not allow indefinite lengths.
            _ => return Err(Flaw::NotLdap),
        };
        Ok(Some(Self {
            tag: *tag,
            size,
            length,
        }))
    }
}

/// An element: its one-byte tag and its contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    pub tag: u8,
    pub content: &'a [u8],
}

/// A sequence of elements. As an iterator, it ends with them, or at an incomplete one.
#[derive(Clone, Debug, Default)]
pub struct Elements<'a>(pub &'a [u8]);

impl<'a> Elements<'a> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next element, which must exist.
    #[inline]
    pub fn read(&mut self) -> Result<Element<'a>, Flaw> {
        if self.is_empty() {
            return Err(Flaw::Unexpected);
        }
        let header = Header::read(self.0)?.ok_or(Flaw::Overrun)?;
        let length = usize::try_from(header.length).map_err(|_| Flaw::Overrun)?;
        let (content, rest) = self.0[header.size..]
            .split_at_checked(length)
            .ok_or(Flaw::Overrun)?;
        self.0 = rest;
        Ok(Element {
            tag: header.tag,
            content,
        })
    }

    /// The contents of the next element, which must have this tag.
    pub fn expect(&mut self, tag: u8) -> Result<&'a [u8], Flaw> {
        match self.read()? {
            element if element.tag == tag => Ok(element.content),
            _ => Err(Flaw::Unexpected),
        }
    }

    /// The contents of the next element, if it exists and has this tag.
    pub fn read_if(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Flaw> {
        if self.0.first() == Some(&tag) {
            self.expect(tag).map(Some)
        } else {
            Ok(None)
        }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.read().ok()
    }
}

/// A non-negative number of up to five bytes, the first of which may be only the sign.
pub fn number(content: &[u8]) -> Result<u32, Flaw> {
    if !(1..=5).contains(&content.len()) {
        return Err(Flaw::Unexpected);
    }
    u32::try_from(big_endian(content)).map_err(|_| Flaw::Unexpected)
}

#[inline]
fn big_endian(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// Octets as text; invalid UTF-8 is replaced.
pub fn lossy(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// An element of these parts, zeroed when dropped, since one of them may be a password.
pub fn element(tag: u8, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let length: usize = parts.iter().map(|it| it.len()).sum();
    // Growing would leave a copy behind.
    let mut element = Zeroizing::new(Vec::with_capacity(6 + length));
    element.push(tag);
    if let Ok(short @ ..0x80) = u8::try_from(length) {
        element.push(short);
    } else {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "nobody asks for anything in gigabytes"
        )]
        let length = length as u32;
        element.push(0x84);
        element.extend_from_slice(&length.to_be_bytes());
    }
    for part in parts {
        element.extend_from_slice(part);
    }
    element
}

/// An element that is a number.
pub fn integer(tag: u8, number: u32) -> Zeroizing<Vec<u8>> {
    // The first bit is the sign, so there is always room for another byte.
    let bytes = u64::from(number).to_be_bytes();
    let needed = (0..bytes.len() - 1)
        .find(|at| bytes[*at] != 0 || bytes[at + 1] >= 0x80)
        .unwrap_or(bytes.len() - 1);
    element(tag, &[&bytes[needed..]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let content = vec![7; length];
            let (one, other) = content.split_at(length / 2);
            let written = element(OCTET_STRING, &[one, other]);
            let mut elements = Elements(&written);
            assert_eq!(elements.expect(OCTET_STRING), Ok(&content[..]));
            assert!(elements.is_empty());
        }
        for value in [0, 1, 127, 128, 255, 256, 32_768, u32::MAX] {
            let written = integer(INTEGER, value);
            let content = Elements(&written).expect(INTEGER);
            assert_eq!(content.and_then(number), Ok(value));
        }
    }

    #[test]
    fn a_number_keeps_its_sign() {
        assert_eq!(*integer(INTEGER, 127), [2, 1, 127]);
        assert_eq!(*integer(INTEGER, 128), [2, 2, 0, 128]);
    }

    #[test]
    fn lengths_may_be_longer_than_they_need_to_be() {
        for header in [&[4, 1][..], &[4, 0x81, 1], &[4, 0x84, 0, 0, 0, 1]] {
            let bytes = [header, &[7]].concat();
            assert_eq!(Elements(&bytes).expect(OCTET_STRING), Ok(&[7][..]));
        }
    }

    #[test]
    fn what_is_not_whole_is_told() {
        for cut in [
            &[4][..],
            &[4, 2, 0],
            &[4, 0x82, 1],
            &[4, 0x88, 255, 255, 255, 255, 255, 255, 255, 255],
        ] {
            assert_eq!(Elements(cut).read(), Err(Flaw::Overrun), "{cut:?}");
        }
        assert_eq!(Elements(&[]).read(), Err(Flaw::Unexpected));
        for other in [&[0x1f, 1, 0][..], &[4, 0x80], &[4, 0x89], &[4, 0xff]] {
            assert_eq!(Elements(other).read(), Err(Flaw::NotLdap), "{other:?}");
        }
    }
}
