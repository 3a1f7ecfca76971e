//! Between rows and users, and what the history keeps of a user.

use jiff::Timestamp;
use rusqlite::Row;
use serde::Serialize;

use crate::user::{ObjectGuid, Origin, Profile, Status, StoredUser, UserId, Values};

/// The columns of [`user`], in its order.
pub const USER_COLUMNS: &str = "id, username, first_name, last_name, email, contact_number, enabled, source, guid, dn, status, synced_at";

/// A row as a user; the inner error says what adsync never wrote.
pub fn user(row: &Row<'_>) -> rusqlite::Result<Result<StoredUser, (i64, String)>> {
    let id: i64 = row.get(0)?;
    let source: String = row.get(7)?;
    let guid: Option<[u8; 16]> = row.get(8)?;
    let status: String = row.get(10)?;
    let synced_at: Option<String> = row.get(11)?;
    let origin = match (source.as_str(), guid) {
        ("directory", Some(guid)) => Origin::Directory {
            guid: ObjectGuid::from_bytes(guid),
            dn: row.get::<_, Option<String>>(9)?.unwrap_or_default(),
        },
        ("local", None) => Origin::Local,
        _ => return Ok(Err((id, format!("the source {source:?}")))),
    };
    let Some(status) = Status::from_name(&status) else {
        return Ok(Err((id, format!("the status {status:?}"))));
    };
    let synced_at = match synced_at.map(|it| it.parse::<Timestamp>()).transpose() {
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

/// A user before or after a change, as the history keeps it.
#[derive(Serialize)]
struct Snapshot<'a> {
    username: &'a str,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    email: Option<&'a str>,
    contact_number: Option<&'a str>,
    enabled: bool,
    source: &'static str,
    guid: Option<ObjectGuid>,
    dn: Option<&'a str>,
}

/// A user as JSON, complete enough to bring it back.
pub fn snapshot(origin: &Origin, values: &Values) -> String {
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
    } = values;
    let snapshot = Snapshot {
        username,
        first_name: first_name.as_deref(),
        last_name: last_name.as_deref(),
        email: email.as_deref(),
        contact_number: contact_number.as_deref(),
        enabled: *enabled,
        source: origin.name(),
        guid: origin.guid(),
        dn: origin.dn(),
    };
    serde_json::to_string(&snapshot).expect("text and flags can always be written as JSON")
}
