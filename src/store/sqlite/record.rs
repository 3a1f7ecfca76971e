//! Converting rows to users.

use std::fmt;

use jiff::Timestamp;
use rusqlite::Row;

use super::flaw;
use crate::store::Snapshot;
use crate::user::{
    Absence, ControllerId, DomainId, Field, Found, ObjectGuid, Origin, Profile, Status, StoredUser,
    Tracking, UserId, Values,
};

/// The columns of [`user`], in its order.
pub struct UserColumns;

impl fmt::Display for UserColumns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("users.id, enabled, source, guid, dn, status, synced_at, domain, reason, missing_since, returned_by, expires_at, found_run, found_on")?;
        Field::TEXT
            .iter()
            .try_for_each(|field| write!(f, ", {}", field.name()))
    }
}

/// How many columns stand before those of the fields.
const FIRST_FIELD: usize = 14;

/// A row, and what is wrong with it.
type Wrong = (i64, String);

/// A row as a user; the inner error is about content that adsync never writes.
pub fn user(row: &Row<'_>) -> rusqlite::Result<Result<StoredUser, Wrong>> {
    whole(row).or_else(|error| match flaw::of_user(row) {
        Some(what) => Ok(Err((row.get(0)?, what))),
        None => Err(error),
    })
}

fn whole(row: &Row<'_>) -> rusqlite::Result<Result<StoredUser, Wrong>> {
    let id: i64 = row.get(0)?;
    let source = row.get_ref(2)?.as_str()?;
    let guid: Option<[u8; 16]> = row.get(3)?;
    let status = row.get_ref(5)?.as_str()?;
    let origin = match (source, guid) {
        ("directory", Some(guid)) => Origin::Directory {
            guid: ObjectGuid::from_bytes(guid),
            dn: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
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
    let (synced_at, tracking) = match (time(row, 6)?, tracking(row)?) {
        (Ok(synced_at), Ok(tracking)) => (synced_at, tracking),
        (Err(what), _) => return Ok(Err((id, format!("an unreadable synced_at: {what}")))),
        (_, Err(what)) => return Ok(Err((id, what))),
    };
    Ok(Ok(StoredUser {
        id: UserId(id),
        origin,
        values: Values {
            profile: profile(row)?,
            enabled: row.get(1)?,
        },
        status,
        synced_at,
        tracking,
    }))
}

fn profile(row: &Row<'_>) -> rusqlite::Result<Profile> {
    let mut columns = FIRST_FIELD..;
    Profile::try_from_fn(|_| match columns.next() {
        // The username of a row is never NULL.
        Some(FIRST_FIELD) => row.get(FIRST_FIELD).map(Some),
        Some(column) => row.get(column),
        None => Ok(None),
    })
}

fn tracking(row: &Row<'_>) -> rusqlite::Result<Result<Tracking, String>> {
    let since = match time(row, 9)? {
        Ok(since) => since,
        Err(what) => return Ok(Err(format!("an unreadable missing_since: {what}"))),
    };
    let returned_by = match row.get_ref(10)?.as_str_or_null()? {
        Some(text) if since.is_some() => match serde_json::from_str::<Vec<i64>>(text) {
            Ok(ids) => ids.into_iter().map(ControllerId).collect(),
            Err(error) => return Ok(Err(format!("an unreadable returned_by: {error}"))),
        },
        _ => Vec::new(),
    };
    let expires = match time(row, 11)? {
        Ok(expires) => expires,
        Err(what) => return Ok(Err(format!("an unreadable expires_at: {what}"))),
    };
    let on = row.get::<_, Option<i64>>(13)?.map(ControllerId);
    Ok(Ok(Tracking {
        domain: row.get::<_, Option<i64>>(7)?.map(DomainId),
        domain_dn: None,
        reason: row.get(8)?,
        absence: since.map(|since| Absence { since, returned_by }),
        expires,
        found: row.get::<_, Option<i64>>(12)?.map(|run| Found { run, on }),
    }))
}

/// A time, or why it is none.
fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Result<Option<Timestamp>, jiff::Error>> {
    let text = row.get_ref(column)?.as_str_or_null()?;
    Ok(text.map(str::parse).transpose())
}

/// A snapshot from the JSON in a column.
pub fn parse_snapshot(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Snapshot>> {
    let Some(text) = row.get::<_, Option<String>>(column)? else {
        return Ok(None);
    };
    serde_json::from_str(&text).map(Some).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    })
}
