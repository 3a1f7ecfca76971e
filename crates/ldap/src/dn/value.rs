//! The value in a relative DN: how it is read (RFC 4514, section 3), and how it is written so that it can be compared.

use std::fmt::Write as _;

use crate::ber::Elements;
use crate::text::prepared;

/// A value as it is compared.
pub fn compared(text: &str) -> String {
    match hexadecimal(text) {
        Some(octets) => match encoded_text(&octets) {
            Some(text) => written(&text),
            None => octets.iter().fold("#".to_owned(), |mut text, byte| {
                // Writing to a string cannot fail.
                let _ = write!(text, "{byte:02x}");
                text
            }),
        },
        None => self::text(text),
    }
}

/// The same of what cannot be in hexadecimal.
pub fn text(text: &str) -> String {
    let quoted = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    // A quotation mark that is escaped ends nothing.
    let text = quoted.filter(|it| is_whole(it)).unwrap_or(text);
    match String::from_utf8(unescaped(text)) {
        Ok(text) => written(&text),
        Err(error) => error
            .as_bytes()
            .iter()
            .fold(String::new(), |mut text, byte| {
                let _ = write!(text, "\\{byte:02x}");
                text
            }),
    }
}

/// Whether what stands between quotation marks neither escapes the second nor holds another.
fn is_whole(text: &str) -> bool {
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return false,
            '\\' if characters.next().is_none() => return false,
            _ => {}
        }
    }
    true
}

/// The octets that `#04024869` stands for.
fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix('#')?.as_bytes();
    if digits.is_empty() {
        return None;
    }
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => pair_of_digits(*high, *low),
            _ => None,
        })
        .collect()
}

fn pair_of_digits(high: u8, low: u8) -> Option<u8> {
    let digit = |it: u8| char::from(it).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// The text of a value in BER, if it is one of a type of text (ITU-T X.680, 8.6).
fn encoded_text(octets: &[u8]) -> Option<String> {
    /// UTF-8, numeric, printable, teletex, IA5 and visible strings, and octets that may be text.
    const TEXTS: [u8; 7] = [0x04, 0x0c, 0x12, 0x13, 0x14, 0x16, 0x1a];
    const BMP: u8 = 0x1e;
    let mut elements = Elements(octets);
    let element = elements.read().ok().filter(|_| elements.is_empty())?;
    if TEXTS.contains(&element.tag) {
        return String::from_utf8(element.content.to_vec()).ok();
    }
    let (units, rest) = element.content.as_chunks::<2>();
    if element.tag != BMP || !rest.is_empty() {
        return None;
    }
    let units = units.iter().map(|it| u16::from_be_bytes(*it));
    char::decode_utf16(units).collect::<Result<_, _>>().ok()
}

/// Without escapes: a backslash stands before a character that is meant, or before an octet in hexadecimal.
fn unescaped(text: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte != b'\\' {
            octets.push(byte);
            continue;
        }
        match *rest {
            [high, low, ..] if let Some(octet) = pair_of_digits(high, low) => {
                octets.push(octet);
                rest = &rest[2..];
            }
            // Of a character of several octets the others follow.
            [next, ..] => {
                octets.push(next);
                rest = &rest[1..];
            }
            [] => octets.push(byte),
        }
    }
    octets
}

/// A text as it is compared, with what means something in a DN escaped.
fn written(text: &str) -> String {
    let text = prepared(text);
    let mut written = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        let is_special = matches!(character, ',' | ';' | '+' | '"' | '\\' | '<' | '>' | '=')
            || (at == 0 && character == '#');
        if is_special {
            written.push('\\');
        }
        written.push(character);
    }
    written
}
