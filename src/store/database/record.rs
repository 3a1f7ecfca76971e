//! Rows as users, and users as the rows of a set.

use std::cell::RefCell;
use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;

use super::application_table::Users;
use super::connection::Row;
use super::dialect::{Columns, Dialect, Kind};
use super::error::{DatabaseError, Refusal};
use super::layout;
use crate::store::Snapshot;
use crate::user::{
    Absence, ControllerId, DomainId, Field, Folded, Found, ObjectGuid, Origin, Profile, Status,
    StoredUser, Tracking, UserId, Values,
};

/// How many columns stand before those of the fields.
const FIRST_FIELD: usize = 13;
/// How many columns there are.
pub const COLUMNS: usize = FIRST_FIELD + Field::TEXT.len() + 1;

/// The columns of [`user`], in its order: of `u`, the users, and `l`, their links.
pub fn columns(dialect: Dialect, users: &Users, number: &str, guid: &str) -> String {
    let own = [
        number.to_owned(),
        dialect.int(&format!(
            "CASE WHEN {} THEN 1 ELSE 0 END",
            users.is_enabled()
        )),
        dialect.text(guid),
        "l.dn".to_owned(),
        "l.status".to_owned(),
        "l.synced_at".to_owned(),
        "l.domain".to_owned(),
        "l.reason".to_owned(),
        "l.missing_since".to_owned(),
        "l.returned_by".to_owned(),
        "l.expires_at".to_owned(),
        "l.found_run".to_owned(),
        "l.found_on".to_owned(),
    ];
    let fields = Field::TEXT.map(|field| users.field(field));
    let key = [users.key_text()];
    let all: Vec<String> = own.into_iter().chain(fields).chain(key).collect();
    all.join(", ")
}

/// The local users of an application, which have a key of any kind, and no number of adsync's: each gets one below
/// zero when it is met.
#[derive(Debug, Default)]
pub struct Locals(RefCell<HashMap<String, i64>>);

impl Locals {
    fn number(&self, key: String) -> UserId {
        let mut known = self.0.borrow_mut();
        let next = -1 - i64::try_from(known.len()).unwrap_or(i64::MAX - 1);
        UserId(*known.entry(key).or_insert(next))
    }

    /// The key of a local user that was met.
    pub fn key(&self, id: UserId) -> Option<String> {
        let known = self.0.borrow();
        let found = known.iter().find(|(_, number)| **number == id.0);
        found.map(|(key, _)| key.clone())
    }
}

/// Whether there is no link, and so no status, in a row.
pub fn has_no_status(row: &Row) -> Result<bool, DatabaseError> {
    Ok(row.text(4)?.is_none())
}

/// A row as a user.
pub fn user(row: &Row, locals: &Locals) -> Result<StoredUser, DatabaseError> {
    let id = match row.int(0)? {
        Some(id) => UserId(id),
        None => locals.number(row.string(COLUMNS - 1)?),
    };
    let guid = row.text(2)?.map(|it| guid(&it, id)).transpose()?;
    let origin = match guid {
        None => Origin::Local,
        Some(guid) => Origin::Directory {
            guid,
            dn: row.string(3)?,
        },
    };
    let status = match row.text(4)? {
        None => Status::Ok,
        Some(name) => {
            Status::from_name(&name).ok_or_else(|| wrong(id, &format!("the status {name:?}")))?
        }
    };
    let mut fields = FIRST_FIELD..;
    let profile = Profile::try_from_fn(|_| {
        let value = row.text(fields.next().unwrap_or_default())?;
        Ok::<_, DatabaseError>(value.filter(|it| !it.is_empty()))
    })?;
    Ok(StoredUser {
        id,
        values: Values {
            profile,
            enabled: row.flag(1)?,
        },
        status,
        synced_at: time(row, 5, id)?,
        tracking: tracking(row, id)?,
        origin,
    })
}

fn tracking(row: &Row, id: UserId) -> Result<Tracking, DatabaseError> {
    let since = time(row, 8, id)?;
    let returned_by = match row.text(9)? {
        Some(text) if since.is_some() => serde_json::from_str::<Vec<i64>>(&text)
            .map_err(|error| wrong(id, &format!("an unreadable returned_by: {error}")))?,
        _ => Vec::new(),
    };
    let on = row.int(12)?.map(ControllerId);
    Ok(Tracking {
        domain: row.int(6)?.map(DomainId),
        domain_dn: None,
        reason: row.text(7)?,
        absence: since.map(|since| Absence {
            since,
            returned_by: returned_by.into_iter().map(ControllerId).collect(),
        }),
        expires: time(row, 10, id)?,
        found: row.int(11)?.map(|run| Found { run, on }),
    })
}

fn time(row: &Row, column: usize, id: UserId) -> Result<Option<Timestamp>, DatabaseError> {
    let text = row.text(column)?;
    let time = text.map(|it| it.parse()).transpose();
    time.map_err(|error: jiff::Error| wrong(id, &format!("an unreadable time: {error}")))
}

fn guid(text: &str, id: UserId) -> Result<ObjectGuid, DatabaseError> {
    text.parse()
        .map_err(|_| wrong(id, &format!("the identity {text:?}")))
}

/// An identity that adsync wrote.
pub fn identity(row: &Row, column: usize) -> Result<Option<ObjectGuid>, DatabaseError> {
    let text = row.text(column)?;
    text.map(|it| guid(&it, UserId(0))).transpose()
}

/// A row that adsync did not write so.
fn wrong(id: UserId, what: &str) -> DatabaseError {
    DatabaseError::new(Refusal::Other, format!("user {} has {what}", id.0))
}

/// A snapshot from the JSON in a column.
pub fn snapshot(row: &Row, column: usize) -> Result<Option<Snapshot>, DatabaseError> {
    let text = row.text(column)?;
    let parsed = text.map(|it| serde_json::from_str(&it)).transpose();
    parsed.map_err(|error| {
        DatabaseError::new(
            Refusal::Other,
            format!("a change that cannot be read: {error}"),
        )
    })
}

/// A row of the table of users.
#[derive(Debug, Serialize)]
pub struct UserRow {
    pub id: i64,
    pub guid: Option<String>,
    pub guid_octets: Option<String>,
    #[serde(flatten)]
    pub profile: Profile,
    pub enabled: i64,
    pub username_key: String,
    pub email_key: Option<String>,
}

/// The columns of [`UserRow`].
pub const USER: &Columns = &[
    ("id", Kind::Int),
    ("guid", Kind::Text),
    ("guid_octets", Kind::Text),
    ("username", Kind::Text),
    ("first_name", Kind::Text),
    ("last_name", Kind::Text),
    ("email", Kind::Text),
    ("contact_number", Kind::Text),
    ("enabled", Kind::Int),
    ("username_key", Kind::Text),
    ("email_key", Kind::Text),
];

impl UserRow {
    pub fn new(id: UserId, guid: Option<ObjectGuid>, values: &Values<&str>) -> Self {
        let profile = values.profile.to_owned();
        let octets = |it: ObjectGuid| format!("{:032x}", u128::from_be_bytes(*it.as_bytes()));
        Self {
            id: id.0,
            guid: guid.map(|it| it.to_string()),
            guid_octets: guid.map(octets),
            enabled: i64::from(values.enabled),
            username_key: layout::key(&profile.folded_username()),
            email_key: profile.folded_email().as_ref().map(layout::key),
            profile,
        }
    }
}

/// A row of the table of links.
#[derive(Debug, Serialize)]
pub struct LinkRow {
    pub user_id: i64,
    /// By which a new row of an application is found.
    pub username: String,
    pub username_key: Option<String>,
    pub email_key: Option<String>,
    pub enabled: i64,
    pub domain: Option<i64>,
    pub guid: String,
    pub dn: String,
    pub status: &'static str,
    pub reason: Option<String>,
    pub synced_at: Option<String>,
    pub missing_since: Option<String>,
    pub returned_by: Option<String>,
    pub expires_at: Option<String>,
    pub found_run: Option<i64>,
    pub found_on: Option<i64>,
}

/// The columns of [`LinkRow`].
pub const LINK: &Columns = &[
    ("user_id", Kind::Int),
    ("username", Kind::Text),
    ("username_key", Kind::Text),
    ("email_key", Kind::Text),
    ("enabled", Kind::Int),
    ("domain", Kind::Int),
    ("guid", Kind::Text),
    ("dn", Kind::Text),
    ("status", Kind::Text),
    ("reason", Kind::Text),
    ("synced_at", Kind::Text),
    ("missing_since", Kind::Text),
    ("returned_by", Kind::Text),
    ("expires_at", Kind::Text),
    ("found_run", Kind::Int),
    ("found_on", Kind::Int),
];

impl LinkRow {
    /// The link of a user that a run writes at that time; none of a local one.
    pub fn new(user: &StoredUser, now: &str) -> Option<Self> {
        let Origin::Directory { guid, dn } = &user.origin else {
            return None;
        };
        let Tracking {
            domain,
            domain_dn: _,
            reason,
            absence,
            expires,
            found,
        } = &user.tracking;
        let absence = absence.as_ref();
        let returned_by = absence.map(|it| {
            let ids: Vec<String> = it.returned_by.iter().map(|it| it.0.to_string()).collect();
            format!("[{}]", ids.join(","))
        });
        let synced_at = match user.status {
            // It is in step now.
            Status::Ok | Status::OutOfScope => Some(now.to_owned()),
            _ => user.synced_at.map(|it| it.to_string()),
        };
        let profile = &user.values.profile;
        Some(Self {
            user_id: user.id.0,
            username: profile.username.clone(),
            username_key: Some(layout::key(&profile.folded_username())),
            email_key: profile.folded_email().as_ref().map(layout::key),
            enabled: i64::from(user.values.enabled),
            domain: domain.map(|it| it.0),
            guid: guid.to_string(),
            dn: dn.clone(),
            status: user.status.name(),
            reason: reason.clone(),
            synced_at,
            missing_since: absence.map(|it| it.since.to_string()),
            returned_by,
            expires_at: expires.map(|it| it.to_string()),
            found_run: found.map(|it| it.run),
            found_on: found.and_then(|it| it.on).map(|it| it.0),
        })
    }
}

/// A row of the table of changes.
#[derive(Debug, Serialize)]
pub struct ChangeRow {
    pub run_id: i64,
    pub user_id: i64,
    pub action: &'static str,
    pub username: String,
    pub evidence: Option<&'static str>,
    pub before_run: Option<String>,
    pub after_run: Option<String>,
    pub name_before: Option<String>,
    pub name_after: Option<String>,
    pub guid: Option<String>,
}

/// The columns of [`ChangeRow`].
pub const CHANGE: &Columns = &[
    ("run_id", Kind::Int),
    ("user_id", Kind::Int),
    ("action", Kind::Text),
    ("username", Kind::Text),
    ("evidence", Kind::Text),
    ("before_run", Kind::Text),
    ("after_run", Kind::Text),
    ("name_before", Kind::Text),
    ("name_after", Kind::Text),
    ("guid", Kind::Text),
];

/// A number, as a row of a set.
#[derive(Serialize)]
pub struct Number {
    pub id: i64,
}

/// The column of [`Number`].
pub const NUMBER: &Columns = &[("id", Kind::Int)];

/// A text, as a row of a set.
#[derive(Serialize)]
pub struct Text {
    pub text: String,
}

/// The column of [`Text`].
pub const TEXT: &Columns = &[("text", Kind::Text)];

/// How long the text of a set may get, in bytes: servers limit what they are sent at once (`max_allowed_packet`).
const LONGEST_SET: usize = 1 << 20;

/// Rows as sets, each of which can be sent at once.
pub fn sets<T: Serialize>(rows: &[T]) -> Result<Vec<String>, DatabaseError> {
    let mut sets = Vec::new();
    let mut set = String::new();
    for row in rows {
        let row = json(row)?;
        if set.len() + row.len() > LONGEST_SET && !set.is_empty() {
            sets.push(format!("[{set}]"));
            set.clear();
        }
        if !set.is_empty() {
            set.push(',');
        }
        set += &row;
    }
    if !set.is_empty() {
        sets.push(format!("[{set}]"));
    }
    Ok(sets)
}

/// The numbers of users, as a set.
pub fn numbers(ids: impl Iterator<Item = UserId>) -> Result<String, DatabaseError> {
    json(&ids.map(|it| Number { id: it.0 }).collect::<Vec<_>>())
}

/// Texts, as a set.
pub fn texts(texts: impl Iterator<Item = String>) -> Result<String, DatabaseError> {
    json(&texts.map(|text| Text { text }).collect::<Vec<_>>())
}

/// The keys of names, as a set.
pub fn keys(names: &[Folded]) -> Result<String, DatabaseError> {
    texts(names.iter().map(layout::key))
}

/// A value, such as the rows of a set, as JSON.
pub fn json<T: Serialize + ?Sized>(rows: &T) -> Result<String, DatabaseError> {
    serde_json::to_string(rows).map_err(|error| {
        DatabaseError::new(Refusal::Other, format!("a value that is no JSON: {error}"))
    })
}
