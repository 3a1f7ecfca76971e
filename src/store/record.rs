//! Between rows and users, and what the history keeps of a user.

use jiff::Timestamp;
use rusqlite::Row;
use serde::{Deserialize, Serialize};

use super::flaw;
use crate::user::{ObjectGuid, Origin, Profile, Status, StoredUser, UserId, Values};

/// The columns of [`user`], in its order.
pub const USER_COLUMNS: &str = "id, username, first_name, last_name, email, contact_number, enabled, source, guid, dn, status, synced_at";

/// A row as a user; the inner error says what adsync never wrote.
pub fn user(row: &Row<'_>) -> rusqlite::Result<Result<StoredUser, (i64, String)>> {
    whole(row).or_else(|error| match flaw::of_user(row) {
        Some(what) => Ok(Err((row.get(0)?, what))),
        None => Err(error),
    })
}

fn whole(row: &Row<'_>) -> rusqlite::Result<Result<StoredUser, (i64, String)>> {
    let id: i64 = row.get(0)?;
    let source = row.get_ref(7)?.as_str()?;
    let guid: Option<[u8; 16]> = row.get(8)?;
    let status = row.get_ref(10)?.as_str()?;
    let synced_at = row.get_ref(11)?.as_str_or_null()?;
    let origin = match (source, guid) {
        ("directory", Some(guid)) => Origin::Directory {
            guid: ObjectGuid::from_bytes(guid),
            dn: row.get::<_, Option<String>>(9)?.unwrap_or_default(),
        },
        ("local", None) => Origin::Local,
        (_, guid) => {
            let and = if guid.is_some() {
                "and a guid"
            } else {
                "and no guid"
            };
            return Ok(Err((id, format!("the source {source:?} {and}"))));
        }
    };
    let Some(status) = Status::from_name(status) else {
        return Ok(Err((id, format!("the status {status:?}"))));
    };
    let synced_at = match synced_at.map(str::parse::<Timestamp>).transpose() {
        Ok(synced_at) => synced_at,
        Err(error) => return Ok(Err((id, format!("an unreadable synced_at: {error}")))),
    };
    Ok(Ok(StoredUser {
        id: UserId(id),
        origin,
        values: Values {
            profile: Profile {
                username: row.get(1)?,
                first_name: row.get(2)?,
                last_name: row.get(3)?,
                email: row.get(4)?,
                contact_number: row.get(5)?,
            },
            enabled: row.get(6)?,
        },
        status,
        synced_at,
    }))
}

/// A user before or after a change, as the history keeps it: complete enough to bring it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // The fields are those of a user.
pub struct Snapshot<T = String> {
    pub username: T,
    pub first_name: Option<T>,
    pub last_name: Option<T>,
    pub email: Option<T>,
    pub contact_number: Option<T>,
    pub enabled: bool,
    pub source: T,
    pub guid: Option<ObjectGuid>,
    pub dn: Option<T>,
}

impl Snapshot {
    /// Where the user came from.
    pub fn origin(&self) -> Origin {
        match self.guid {
            None => Origin::Local,
            Some(guid) => Origin::Directory {
                guid,
                dn: self.dn.clone().unwrap_or_default(),
            },
        }
    }

    /// What the store held of it.
    pub fn values(&self) -> Values {
        Values {
            profile: Profile {
                username: self.username.clone(),
                first_name: self.first_name.clone(),
                last_name: self.last_name.clone(),
                email: self.email.clone(),
                contact_number: self.contact_number.clone(),
            },
            enabled: self.enabled,
        }
    }
}

/// A user as JSON for the history.
pub fn snapshot<T: AsRef<str>>(origin: &Origin<T>, values: &Values<T>) -> Option<String> {
    let Values {
        profile:
            Profile {
                username,
                first_name,
                last_name,
                email,
                contact_number,
            },
        enabled,
    } = values.as_deref();
    // Text and flags can always be written as JSON.
    serde_json::to_string(&Snapshot {
        username,
        first_name,
        last_name,
        email,
        contact_number,
        enabled,
        source: origin.name(),
        guid: origin.guid(),
        dn: origin.dn(),
    })
    .ok()
}

/// A user of the history, from the JSON in a column.
pub fn parse_snapshot(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Snapshot>> {
    let Some(text) = row.get::<_, Option<String>>(column)? else {
        return Ok(None);
    };
    serde_json::from_str(&text).map(Some).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    })
}
