//! Text files, as people and spreadsheets write them.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The text of a file (`-`: of standard input).
///
/// # Errors
/// What is wrong, in words that do not name the file.
pub fn read(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|mut file| file.read_to_end(&mut bytes))
    };
    read.map_err(|error| error.to_string())?;
    decoded(bytes)
}

/// The text of a file in UTF-8, or in UTF-16 with a byte order mark.
fn decoded(bytes: Vec<u8>) -> Result<String, String> {
    let of_utf16 = |unit: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let (units, _) = bytes.as_chunks::<2>();
        let units: Vec<u16> = units.iter().map(|it| unit(*it)).collect();
        String::from_utf16(&units).map_err(|_| "it is not valid UTF-16".to_owned())
    };
    match bytes.as_slice() {
        [0xFF, 0xFE, text @ ..] => of_utf16(u16::from_le_bytes, text),
        [0xFE, 0xFF, text @ ..] => of_utf16(u16::from_be_bytes, text),
        [0xEF, 0xBB, 0xBF, text @ ..] => utf8(text.to_vec()),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.split(|it| *it == b'\n').count();
        format!("line {line} is not UTF-8; a spreadsheet saves it as \"CSV UTF-8\"")
    })
}
