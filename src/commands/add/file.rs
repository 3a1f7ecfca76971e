//! Users from a CSV file, as people and spreadsheets write it.

use std::path::Path;

use crate::error::{Failure, Kind};
use crate::user::{Column, Field, Profile, Values};
use crate::util::nearest::nearest;
use crate::util::texts;

/// What may stand between two values: spreadsheets use a semicolon where the comma is for decimals, and tabs in UTF-16.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// All users of a CSV file (`-`: of standard input), each with its line; if a line cannot be read, there are none.
pub fn read(path: &Path) -> Result<Vec<(u64, Values)>, Failure> {
    let name = if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    };
    let wrong = |what: String| Failure::new(Kind::Usage, format!("cannot read {name}: {what}"));
    let text = texts::read(path).map_err(wrong)?;
    users(&text).map_err(|what| {
        let [username, others @ ..] = Field::TEXT.map(Field::name);
        wrong(what).hint(format!(
            "the first line must be a header: {username}, and any of {}",
            others.join(", ")
        ))
    })
}

fn users(text: &str) -> Result<Vec<(u64, Values)>, String> {
    let Some(first) = text.lines().find(|line| !line.trim().is_empty()) else {
        return Err("it is empty".to_owned());
    };
    let split = |delimiter: u8| first.matches(char::from(delimiter)).count();
    let delimiter = DELIMITERS.into_iter().rev().max_by_key(|it| split(*it));
    let delimiter = delimiter.unwrap_or(b',');
    let text = without_spaces_before_quotes(text, char::from(delimiter))?;
    let mut csv = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let columns = columns(csv.headers().map_err(|error| said(&error))?)?;
    let mut users = Vec::new();
    for line in csv.records() {
        let line = line.map_err(|error| said(&error))?;
        // What a spreadsheet writes of an empty row.
        if line.iter().all(str::is_empty) {
            continue;
        }
        let number = line.position().map_or(0, csv::Position::line);
        let value = |field| {
            let column = columns.iter().position(|it| *it == Column::Field(field));
            let value = column.and_then(|column| line.get(column));
            value.filter(|it| !it.is_empty())
        };
        let profile = Profile::from_fn(|field| value(field).map(str::to_owned));
        let enabled = match value(Field::Enabled).map(str::to_lowercase).as_deref() {
            None | Some("true" | "yes") => true,
            Some("false" | "no") => false,
            Some(other) => {
                return Err(format!(
                    "line {number}: enabled is {other:?}, not true or false"
                ));
            }
        };
        users.push((number, Values { profile, enabled }));
    }
    if users.is_empty() {
        return Err("it has a header, but no users".to_owned());
    }
    Ok(users)
}

/// The text without spaces between a delimiter and a quote: behind them the quote would be a part of the value. A quote
/// that is never closed would swallow the lines after it.
fn without_spaces_before_quotes(text: &str, delimiter: char) -> Result<String, String> {
    let mut tidy = String::with_capacity(text.len());
    // The line in which a quote was opened.
    let mut opened = None;
    let (mut is_start, mut is_quoted) = (true, false);
    let mut line = 1;
    for (at, character) in text.char_indices() {
        let is_end = opened.is_none() && (character == delimiter || "\r\n".contains(character));
        match character {
            _ if is_end => (is_start, is_quoted) = (true, false),
            ' ' if is_start && text[at..].trim_start_matches(' ').starts_with('"') => continue,
            '"' if is_start || is_quoted => {
                opened = if opened.is_some() { None } else { Some(line) };
                (is_start, is_quoted) = (false, true);
            }
            _ => is_start = false,
        }
        line += u64::from(character == '\n');
        tidy.push(character);
    }
    match opened {
        Some(line) => Err(format!("the quote in line {line} is never closed")),
        None => Ok(tidy),
    }
}

/// What each column is. `adsync list` prints more than a local user has; the rest is left out.
fn columns(header: &csv::StringRecord) -> Result<Vec<Column>, String> {
    let known: Vec<Column> = Column::of_data().chain([Column::Name]).collect();
    let find = |name: &str| {
        let name = name.to_lowercase().replace([' ', '-'], "_");
        known.iter().copied().find(|it| it.name() == name)
    };
    if !header.iter().any(|name| find(name).is_some()) {
        return Err("it has no header".to_owned());
    }
    let mut columns = Vec::new();
    for (at, name) in header.iter().enumerate() {
        if name.is_empty() {
            return Err(format!("column {} has no name in the header", at + 1));
        }
        let Some(column) = find(name) else {
            let fields = Field::TEXT.map(|field| field.name().to_owned());
            let meant = nearest(name, &fields).map(|it| format!("; did you mean {it}?"));
            return Err(format!(
                "there is no column {name:?}{}",
                meant.unwrap_or_default()
            ));
        };
        if columns.contains(&column) {
            return Err(format!("there are two columns {}", column.name()));
        }
        columns.push(column);
    }
    if !columns.contains(&Column::Field(Field::Username)) {
        return Err("there is no column username".to_owned());
    }
    Ok(columns)
}

/// What is wrong with a line.
fn said(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            pos,
            expected_len,
            len,
        } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            format!("line {line} has {len} columns, and the header {expected_len}")
        }
        _ => error.to_string(),
    }
}
