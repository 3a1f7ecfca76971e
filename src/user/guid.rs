//! `objectGUID`, the only identity.

use std::fmt;
use std::str::FromStr;

/// The 16 bytes of an `objectGUID` as LDAP carries them: the first three groups little-endian
/// (MS-DTYP 2.3.4.2). Written as AD's tools write it, those groups swapped
/// (`3f2504e0-4f89-11d3-9a0c-0305e82c3301`).
///
/// A directory that is not AD has `entryUUID` (RFC 4530), a text of the same form; it is kept in the
/// same byte order, so that it reads the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectGuid([u8; 16]);

/// A value that is no GUID.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidGuid {
    /// Neither 16 bytes nor a text of 36 characters.
    #[error("{0} bytes long instead of 16")]
    Length(usize),
    /// 36 bytes that are not of the form `8-4-4-4-12`.
    #[error("not of the form 01234567-89ab-cdef-0123-456789abcdef")]
    Text,
}

/// Where each pair of hexadecimal digits of the text form stands in the bytes.
const ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

/// Where each pair of digits stands in the text form.
const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

const DIGITS: &[u8; 16] = b"0123456789abcdef";

impl ObjectGuid {
    /// From the bytes as LDAP carries them.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// From the value of an attribute: 16 bytes (`objectGUID`), or the text form (`entryUUID`).
    pub fn from_value(value: &[u8]) -> Result<Self, InvalidGuid> {
        if let Ok(bytes) = <[u8; 16]>::try_from(value) {
            return Ok(Self(bytes));
        }
        match std::str::from_utf8(value) {
            Ok(text) if text.len() == 36 => text.parse(),
            _ => Err(InvalidGuid::Length(value.len())),
        }
    }

    /// The bytes as LDAP carries them.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The text form. A first import writes two of each user, so it is not left to the formatter.
    fn text(&self) -> Text {
        let mut text = [b'-'; 36];
        for (place, position) in PLACES.into_iter().zip(ORDER) {
            let byte = self.0[position];
            text[place] = DIGITS[usize::from(byte >> 4)];
            text[place + 1] = DIGITS[usize::from(byte & 0xf)];
        }
        Text(text)
    }
}

/// The text form, which needs no memory of its own.
struct Text([u8; 36]);

impl Text {
    fn as_str(&self) -> &str {
        // It is of hyphens and digits.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for ObjectGuid {
    type Err = InvalidGuid;

    fn from_str(text: &str) -> Result<Self, InvalidGuid> {
        let groups: Vec<&str> = text.split('-').collect();
        let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
        let digits = groups.concat();
        if lengths != [8, 4, 4, 4, 12] || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(InvalidGuid::Text);
        }
        let mut bytes = [0; 16];
        for (pair, position) in ORDER.into_iter().enumerate() {
            bytes[position] = u8::from_str_radix(&digits[2 * pair..2 * pair + 2], 16)
                .map_err(|_| InvalidGuid::Text)?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for ObjectGuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

impl fmt::Debug for ObjectGuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for ObjectGuid {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text().as_str())
    }
}

impl<'de> serde::Deserialize<'de> for ObjectGuid {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: [u8; 16] = [
        0xe0, 0x04, 0x25, 0x3f, 0x89, 0x4f, 0xd3, 0x11, 0x9a, 0x0c, 0x03, 0x05, 0xe8, 0x2c, 0x33,
        0x01,
    ];
    const TEXT: &str = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";

    #[test]
    fn is_written_as_ad_tools_write_it() {
        assert_eq!(ObjectGuid::from_bytes(BYTES).to_string(), TEXT);
        assert_eq!(TEXT.parse(), Ok(ObjectGuid::from_bytes(BYTES)));
    }

    #[test]
    fn both_forms_of_a_value_are_read() {
        assert_eq!(
            ObjectGuid::from_value(&BYTES),
            ObjectGuid::from_value(TEXT.as_bytes())
        );
    }

    #[test]
    fn every_byte_value_survives() {
        for byte in 0..=255 {
            let guid = ObjectGuid::from_bytes([byte; 16]);
            assert_eq!(ObjectGuid::from_value(&[byte; 16]), Ok(guid));
            assert_eq!(guid.to_string().parse(), Ok(guid));
        }
    }

    #[test]
    fn what_is_no_guid_is_refused() {
        assert_eq!(
            ObjectGuid::from_value(&BYTES[..15]),
            Err(InvalidGuid::Length(15))
        );
        assert_eq!(ObjectGuid::from_value(b""), Err(InvalidGuid::Length(0)));
        for text in [
            "3f2504e0-4f89-11d3-9a0c-0305e82c33é",
            "3f2504e04f8911d39a0c0305e82c3301----",
            "+f2504e0-4f89-11d3-9a0c-0305e82c3301",
        ] {
            assert!(ObjectGuid::from_value(text.as_bytes()).is_err(), "{text}");
        }
    }
}
