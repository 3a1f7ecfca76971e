//! Owns the text formats of LDAP: LDIF change records (RFC 2849), distinguished
//! names (RFC 4514), filters (RFC 4515), GUIDs as AD tools write them.
//!
//! Every value is written in base64, so that commas, line breaks, leading
//! spaces and emoji arrive as they are. It knows no server.

use std::fmt::{self, Write as _};

/// One LDIF change record, built up and then written with `Display`.
pub(crate) struct Record {
    text: String,
    modifies: bool,
}

impl Record {
    /// Adds an entry; follow with [`Self::value`].
    pub(crate) fn add(dn: &str) -> Self {
        Self::start(dn, None, "add")
    }

    /// Changes attributes; follow with [`Self::replace`] and its siblings.
    pub(crate) fn modify(dn: &str) -> Self {
        Self::start(dn, None, "modify")
    }

    pub(crate) fn delete(dn: &str) -> Self {
        Self::start(dn, None, "delete")
    }

    /// Deletes an entry and everything below it.
    pub(crate) fn delete_tree(dn: &str) -> Self {
        Self::start(dn, Some("1.2.840.113556.1.4.805"), "delete")
    }

    /// Makes a tombstone a living entry of this DN again (MS-ADTS 3.1.1.5.3.7).
    pub(crate) fn reanimate(tombstone: &str, dn: &str) -> Self {
        Self::start(tombstone, Some("1.2.840.113556.1.4.417"), "modify")
            .change("delete", "isDeleted", None)
            .replace("distinguishedName", dn)
    }

    /// Renames an entry, and moves it when there is a new parent.
    pub(crate) fn rename(dn: &str, new_rdn: &str, new_parent: Option<&str>) -> Self {
        let mut record = Self::start(dn, None, "modrdn").value("newrdn", new_rdn);
        record.text.push_str("deleteoldrdn: 1\n");
        match new_parent {
            Some(parent) => record.value("newsuperior", parent),
            None => record,
        }
    }

    pub(crate) fn value(mut self, attribute: &str, value: impl AsRef<[u8]>) -> Self {
        self.push_value(attribute, value.as_ref());
        self
    }

    /// Gives an attribute this one value.
    pub(crate) fn replace(self, attribute: &str, value: impl AsRef<[u8]>) -> Self {
        self.change("replace", attribute, Some(value.as_ref()))
    }

    /// Removes an attribute, if it is there.
    pub(crate) fn clear(self, attribute: &str) -> Self {
        self.change("replace", attribute, None)
    }

    /// Adds a value to those an attribute has.
    pub(crate) fn add_value(self, attribute: &str, value: impl AsRef<[u8]>) -> Self {
        self.change("add", attribute, Some(value.as_ref()))
    }

    /// Removes one value of an attribute.
    pub(crate) fn delete_value(self, attribute: &str, value: impl AsRef<[u8]>) -> Self {
        self.change("delete", attribute, Some(value.as_ref()))
    }

    fn start(dn: &str, control: Option<&str>, change: &str) -> Self {
        let mut record = Self {
            text: String::new(),
            modifies: change == "modify",
        };
        record.push_value("dn", dn.as_bytes());
        if let Some(control) = control {
            record.push_line(format_args!("control: {control} true"));
        }
        record.push_line(format_args!("changetype: {change}"));
        record
    }

    fn change(mut self, operation: &str, attribute: &str, value: Option<&[u8]>) -> Self {
        debug_assert!(self.modifies, "only a modify record changes attributes");
        self.push_line(format_args!("{operation}: {attribute}"));
        if let Some(value) = value {
            self.push_value(attribute, value);
        }
        self.push_line(format_args!("-"));
        self
    }

    fn push_value(&mut self, attribute: &str, value: &[u8]) {
        if value.is_empty() {
            // The tools take no base64 of nothing; the rootDSE has such a name.
            self.push_line(format_args!("{attribute}:"));
            return;
        }
        let encoded = base64_encode(value);
        self.push_line(format_args!("{attribute}:: {encoded}"));
    }

    fn push_line(&mut self, line: fmt::Arguments<'_>) {
        writeln!(self.text, "{line}").expect("writing to a string does not fail");
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)
    }
}

/// A password as the attribute `unicodePwd` wants it (MS-ADTS 3.1.1.3.1.5.1):
/// in quotes, as UTF-16LE.
pub(crate) fn password_value(password: &str) -> Vec<u8> {
    format!("\"{password}\"")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect()
}

/// Escapes a value for use in a distinguished name (RFC 4514, section 2.4).
pub(crate) fn escape_dn_value(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut escaped = String::new();
    for (position, c) in value.chars().enumerate() {
        let special = matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=')
            || (c == '#' && position == 0)
            || (c == ' ' && (position == 0 || position == last));
        if special {
            escaped.push('\\');
            escaped.push(c);
        } else if c.is_ascii_control() {
            escaped.push_str(&hex_pair(c as u8));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Escapes a value for use in a search filter (RFC 4515, section 3).
pub(crate) fn escape_filter_value(value: impl AsRef<[u8]>) -> String {
    let mut escaped = String::new();
    for &byte in value.as_ref() {
        if byte.is_ascii_graphic() && !matches!(byte, b'*' | b'(' | b')' | b'\\') {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&hex_pair(byte));
        }
    }
    escaped
}

/// Splits a distinguished name into its first component and its parent.
pub(crate) fn split_dn(dn: &str) -> (&str, &str) {
    let mut escaped = false;
    for (position, c) in dn.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => return (&dn[..position], &dn[position + 1..]),
            _ => {}
        }
    }
    (dn, "")
}

/// The 16 bytes of an `objectGUID` as AD tools write them: the first three
/// groups are little-endian (MS-DTYP 2.3.4).
pub(crate) fn guid_text(bytes: &[u8]) -> String {
    const ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    assert_eq!(bytes.len(), 16, "an objectGUID has 16 bytes");
    let mut text = String::new();
    for (position, index) in ORDER.into_iter().enumerate() {
        if matches!(position, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        write!(text, "{:02x}", bytes[index]).expect("writing to a string does not fail");
    }
    text
}

/// A security identifier as text (MS-DTYP 2.4.2.1), such as `S-1-5-21-…-1103`.
pub(crate) fn sid_text(bytes: &[u8]) -> String {
    // The authority has six bytes; of those in use only the last is not zero.
    let [revision, _count, _, _, _, _, _, authority, parts @ ..] = bytes else {
        panic!("a security identifier has at least 8 bytes")
    };
    let mut text = format!("S-{revision}-{authority}");
    for part in parts.as_chunks::<4>().0 {
        write!(text, "-{}", u32::from_le_bytes(*part)).expect("writing to a string does not fail");
    }
    text
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn base64_encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut group = [0; 4];
        group[1..=chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes(group);
        for position in 0..4 {
            if position <= chunk.len() {
                let index = (bits >> (18 - 6 * position)) & 63;
                text.push(char::from(ALPHABET[index as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

pub(crate) fn base64_decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for symbol in text.bytes().filter(|&symbol| symbol != b'=') {
        let index = ALPHABET.iter().position(|&known| known == symbol);
        let index = index.unwrap_or_else(|| panic!("not base64: {text:?}"));
        bits = (bits << 6) | u32::try_from(index).expect("there are 64 symbols");
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).expect("masked to a byte"));
        }
    }
    bytes
}

fn hex_pair(byte: u8) -> String {
    format!("\\{byte:02x}")
}
