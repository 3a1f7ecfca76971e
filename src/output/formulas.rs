//! CSV without formulas, for `--csv-safe`.
//!
//! A spreadsheet reads a field that begins with `=`, `+`, `-` or `@` as a formula, which may run a program or
//! send data away, and anybody who may change their own name in the directory can set one.
//! An apostrophe before it makes it text. It is inserted in the byte stream, so no command can forget it.

use std::io::{self, Write};

/// The mark of text in a spreadsheet.
const APOSTROPHE: &[u8] = b"'";

/// A writer of CSV that puts an apostrophe before each field that would be a formula.
pub struct WithoutFormulas<W> {
    out: W,
    place: Place,
    /// The beginning of a field, while more of it is needed to decide.
    begun: Vec<u8>,
}

/// Where the next byte is in a line of CSV (RFC 4180).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the beginning of a field, or after its opening quote.
    Beginning { quoted: bool },
    /// In a field.
    Inside { quoted: bool },
}

impl<W: Write> WithoutFormulas<W> {
    /// At the beginning of a line.
    pub fn new(out: W) -> Self {
        Self {
            out,
            place: Place::Beginning { quoted: false },
            begun: Vec::new(),
        }
    }

    fn byte(&mut self, byte: u8) -> io::Result<()> {
        if let Place::Beginning { quoted } = self.place {
            if self.begun.is_empty() && byte == b'"' {
                // A quote in a quoted field comes twice; the first of these ends its beginning.
                self.place = if quoted {
                    Place::Inside { quoted: false }
                } else {
                    Place::Beginning { quoted: true }
                };
                return self.out.write_all(b"\"");
            }
            self.begun.push(byte);
            let Some(is_formula) = is_formula(&self.begun) else {
                return Ok(());
            };
            // The end of an empty field is not part of it.
            if is_formula && (quoted || !ends_a_field(byte)) {
                self.out.write_all(APOSTROPHE)?;
            }
            self.place = Place::Inside { quoted };
            let begun = std::mem::take(&mut self.begun);
            return begun.into_iter().try_for_each(|byte| self.inside(byte));
        }
        self.inside(byte)
    }

    fn inside(&mut self, byte: u8) -> io::Result<()> {
        if let Place::Inside { quoted } = self.place {
            self.place = match byte {
                // Quotes come in pairs, so a quoted field is left and entered again within it.
                b'"' => Place::Inside { quoted: !quoted },
                _ if !quoted && ends_a_field(byte) => Place::Beginning { quoted: false },
                _ => Place::Inside { quoted },
            };
        }
        self.out.write_all(&[byte])
    }
}

fn ends_a_field(byte: u8) -> bool {
    matches!(byte, b',' | b'\n' | b'\r')
}

/// Whether a field with this beginning is a formula; `None` if more of it is needed. In full width
/// (＋ － ＝ ＠) the signs count as well.
fn is_formula(begun: &[u8]) -> Option<bool> {
    match begun {
        [0xef] | [0xef, 0xbc] => None,
        [b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r' | b'\n', ..]
        | [0xef, 0xbc, 0x8b | 0x8d | 0x9d | 0xa0] => Some(true),
        _ => Some(false),
    }
}

impl<W: Write> Write for WithoutFormulas<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        bytes.iter().try_for_each(|byte| self.byte(*byte))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::WithoutFormulas;

    fn csv(rows: &[Vec<String>]) -> Vec<u8> {
        let mut csv = csv::WriterBuilder::new()
            .flexible(true)
            .from_writer(Vec::new());
        for row in rows {
            csv.write_record(row).expect("memory takes it");
        }
        csv.into_inner().expect("memory takes it")
    }

    fn safe(rows: &[Vec<String>]) -> Vec<Vec<String>> {
        let mut out = WithoutFormulas::new(Vec::new());
        out.write_all(&csv(rows)).expect("memory takes it");
        let mut csv = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .from_reader(out.out.as_slice());
        csv.deserialize()
            .map(|row| row.expect("it is CSV still"))
            .collect()
    }

    #[track_caller]
    fn is_safe(rows: &[Vec<String>]) {
        let expected: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                let fields = row.iter().map(|field| {
                    let begins = field.starts_with([
                        '=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠',
                    ]);
                    if begins {
                        format!("'{field}")
                    } else {
                        field.clone()
                    }
                });
                fields.collect()
            })
            .collect();
        assert_eq!(safe(rows), expected);
    }

    #[test]
    fn a_formula_becomes_a_text() {
        let rows = [
            ["=1+1", "+49", "-1", "@a"],
            ["\tx", "\rx", "\n", "a"],
            ["＝1", "ｱ", "", "=\"a,b\""],
            ["\"=1", "a=1", ",=1", "'=1"],
            ["\"\"", "a\"", "\"\"=", "－"],
        ];
        is_safe(&rows.map(|row| row.map(str::to_owned).to_vec()));
    }

    proptest! {
        #[test]
        fn every_other_field_stays_as_it_is(rows in prop::collection::vec(
            prop::collection::vec("[=+@＝\\-\t\r\n,\"'aé＋]{0,5}", 2..4), 1..5)
        ) {
            is_safe(&rows);
        }
    }
}
