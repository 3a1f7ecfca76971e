//! What a database server answers when it cannot do what it was asked.

use std::fmt;

/// An error of a database server, or of the connection to it.
#[derive(Debug)]
pub struct DatabaseError {
    /// What kind it is.
    pub refusal: Refusal,
    /// What the server, or the driver, says.
    pub message: String,
    /// The `SQLSTATE`, where the server gave one.
    pub code: Option<String>,
    /// The constraint that was violated, where the server names it.
    pub constraint: Option<String>,
}

/// Why a server refused, as far as adsync or an administrator can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot be reached.
    Unreachable,
    /// Its certificate is not trusted, or it does not speak TLS.
    Tls,
    /// It refused the login.
    Login,
    /// The connection was lost, or the server is going down.
    Gone,
    /// The server is a standby, or was told to only read.
    ReadOnly,
    /// The role lacks a right.
    Denied,
    /// A table, a column or a schema is not there.
    Absent,
    /// Somebody else holds the row.
    Locked,
    /// The transaction has to be tried again (40001, 40P01, 1213).
    TryAgain,
    /// A unique constraint.
    Unique,
    /// Another constraint, or a value that does not fit its column.
    Value,
    /// The disk is full.
    Full,
    /// Nothing of these.
    Other,
}

impl DatabaseError {
    /// An error that no server sent.
    pub fn new(refusal: Refusal, message: impl Into<String>) -> Self {
        Self {
            refusal,
            message: message.into(),
            code: None,
            constraint: None,
        }
    }
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.code {
            Some(code) => write!(f, " (SQLSTATE {code})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for DatabaseError {}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => {
                let code = error.code().map(std::borrow::Cow::into_owned);
                let number = error
                    .try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>()
                    .map(sqlx::mysql::MySqlDatabaseError::number);
                Self {
                    refusal: number.map_or_else(|| of_state(code.as_deref()), of_number),
                    message: error.message().to_owned(),
                    constraint: error.constraint().map(str::to_owned),
                    code,
                }
            }
            sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                Self::new(Refusal::Gone, "the server closed the connection")
            }
            // A certificate that is not trusted.
            sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                Self::new(Refusal::Tls, error.to_string())
            }
            sqlx::Error::Io(error) => Self::new(Refusal::Gone, error.to_string()),
            sqlx::Error::Tls(error) => Self::new(Refusal::Tls, error.to_string()),
            error => Self::new(Refusal::Other, error.to_string()),
        }
    }
}

/// What a `SQLSTATE` of `PostgreSQL` means (Appendix A of its manual).
fn of_state(state: Option<&str>) -> Refusal {
    match state.unwrap_or_default() {
        "23505" => Refusal::Unique,
        "25006" => Refusal::ReadOnly,
        "28000" | "28P01" => Refusal::Login,
        "3F000" | "42P01" | "42703" | "3D000" => Refusal::Absent,
        "40001" | "40P01" => Refusal::TryAgain,
        "42501" => Refusal::Denied,
        "53100" => Refusal::Full,
        "55P03" => Refusal::Locked,
        "57P01" | "57P02" | "57P03" => Refusal::Gone,
        state if state.starts_with("08") => Refusal::Gone,
        state if state.starts_with("22") || state.starts_with("23") => Refusal::Value,
        _ => Refusal::Other,
    }
}

/// What an error number of `MariaDB` and `MySQL` means.
fn of_number(number: u16) -> Refusal {
    match number {
        1044 | 1142 | 1143 | 1227 | 1370 => Refusal::Denied,
        1045 | 1698 => Refusal::Login,
        1049 | 1054 | 1146 => Refusal::Absent,
        1021 | 1114 => Refusal::Full,
        1205 | 3572 => Refusal::Locked,
        1213 => Refusal::TryAgain,
        1062 => Refusal::Unique,
        1290 | 1792 | 1836 => Refusal::ReadOnly,
        1047 | 1053 | 1927 | 2006 | 2013 => Refusal::Gone,
        1048 | 1264 | 1265 | 1364 | 1366 | 1406 | 1451 | 1452 | 4025 => Refusal::Value,
        _ => Refusal::Other,
    }
}
