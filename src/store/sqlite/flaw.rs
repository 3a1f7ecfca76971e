//! Describes content that only another program can have written.

use rusqlite::types::{Type, ValueRef};
use rusqlite::{Connection, Error, ErrorCode, Row, Statement};

/// The first unreadable column of a user row, and what it holds.
pub(super) fn of_user(row: &Row<'_>) -> Option<String> {
    let statement: &Statement<'_> = row.as_ref();
    let columns = statement.column_names();
    let mut columns = columns.into_iter().enumerate();
    columns.find_map(|(at, name)| {
        let value = row.get_ref(at).ok()?;
        (!is_usable(name, value)).then(|| format!("an unusable {name}: {}", in_words(value)))
    })
}

fn is_usable(column: &str, value: ValueRef<'_>) -> bool {
    let is_text = matches!(value, ValueRef::Text(text) if str::from_utf8(text).is_ok());
    match column {
        "id" | "enabled" => matches!(value, ValueRef::Integer(_)),
        "username" | "source" | "status" => is_text,
        "guid" => match value {
            ValueRef::Blob(bytes) => bytes.len() == 16,
            other => other == ValueRef::Null,
        },
        "domain" | "found_run" | "found_on" => {
            matches!(value, ValueRef::Integer(_) | ValueRef::Null)
        }
        _ => is_text || value == ValueRef::Null,
    }
}

fn in_words(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "nothing".to_owned(),
        ValueRef::Integer(number) => format!("the number {number}"),
        ValueRef::Real(number) => format!("the number {number}"),
        ValueRef::Text(text) if str::from_utf8(text).is_ok() => "a text".to_owned(),
        ValueRef::Text(_) => "a text that is not UTF-8".to_owned(),
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}

/// Whether a value could not be converted.
pub fn is_of_value(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidColumnType(..)
            | Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::Utf8Error(..)
    )
}

/// Such an error in words, without column numbers and type names.
pub fn of_value(error: &Error) -> Option<String> {
    let kind = |kind: &Type| match kind {
        Type::Null => "nothing",
        Type::Integer | Type::Real => "a number",
        Type::Text => "a text",
        Type::Blob => "bytes",
    };
    match error {
        Error::InvalidColumnType(_, column, is) => {
            Some(format!("{} stands where {column} should", kind(is)))
        }
        Error::FromSqlConversionFailure(_, is, why) => {
            Some(format!("{} that cannot be used: {why}", kind(is)))
        }
        Error::IntegralValueOutOfRange(_, number) => {
            Some(format!("the number {number} cannot be used"))
        }
        Error::Utf8Error(..) => Some("a text that is not UTF-8".to_owned()),
        _ => None,
    }
}

/// The table whose row ids are used up, if that is the cause: ids are never reused, and another program wrote the
/// highest one. `SQLite` reports that the database is full.
pub(super) fn used_up(db: &Connection, error: &Error) -> Option<String> {
    if error.sqlite_error_code() != Some(ErrorCode::DiskFull) {
        return None;
    }
    let query =
        "SELECT 'users' FROM users WHERE id = ?1 UNION ALL SELECT 'runs' FROM runs WHERE id = ?1
        UNION ALL SELECT name FROM sqlite_sequence WHERE seq = ?1";
    db.query_row(query, [i64::MAX], |row| row.get(0)).ok()
}
