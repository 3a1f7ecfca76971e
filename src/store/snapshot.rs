//! A user before or after a change, as the history keeps it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::user::{
    Absence, ControllerId, DomainId, Found, ObjectGuid, Origin, Profile, Status, StoredUser,
    Tracking, UserId, Values,
};

/// A user before or after a change, as the history keeps it: complete enough to make it again what it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // The fields are those of a user.
pub struct Snapshot<T = String> {
    #[serde(flatten)]
    pub profile: Profile<T>,
    pub enabled: bool,
    pub source: T,
    pub guid: Option<ObjectGuid>,
    pub dn: Option<T>,
    /// The status; none of a user that is `ok`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<T>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<T>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_since: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returned_by: Vec<i64>,
    /// When it was last found, of a user whose status says that it was not found in step since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synced_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The key of its domain; none of one that is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_run: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_on: Option<i64>,
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
            profile: self.profile.clone(),
            enabled: self.enabled,
        }
    }

    /// The status.
    pub fn status(&self) -> Status {
        let status = self.status.as_deref().map(Status::from_name);
        status.flatten().unwrap_or(Status::Ok)
    }

    /// The user as it was, in that row.
    pub fn user(&self, id: UserId) -> StoredUser {
        let returned_by = self.returned_by.iter().copied().map(ControllerId).collect();
        StoredUser {
            id,
            origin: self.origin(),
            values: self.values(),
            status: self.status(),
            synced_at: self.synced_at,
            tracking: Tracking {
                domain: self.domain.map(DomainId),
                domain_dn: None,
                reason: self.reason.clone(),
                absence: self
                    .missing_since
                    .map(|since| Absence { since, returned_by }),
                expires: self.expires_at,
                found: self.found_run.map(|run| Found {
                    run,
                    on: self.found_on.map(ControllerId),
                }),
            },
        }
    }
}

/// A user as JSON for the history.
pub fn snapshot(user: &StoredUser) -> Option<String> {
    let StoredUser {
        id: _,
        origin,
        values,
        status,
        synced_at,
        tracking,
    } = user;
    let Tracking {
        domain,
        domain_dn: _,
        reason,
        absence,
        expires,
        found,
    } = tracking;
    let absence = absence.as_ref();
    let returned_by = absence.map(|it| it.returned_by.iter().map(|it| it.0).collect());
    to_json(&Snapshot {
        status: (*status != Status::Ok).then_some(status.name()),
        reason: reason.as_deref(),
        missing_since: absence.map(|it| it.since),
        returned_by: returned_by.unwrap_or_default(),
        synced_at: synced_at.filter(|_| !matches!(status, Status::Ok | Status::OutOfScope)),
        expires_at: *expires,
        domain: domain.map(|it| it.0),
        found_run: found.map(|it| it.run),
        found_on: found.and_then(|it| it.on).map(|it| it.0),
        ..of_values(&origin.as_deref(), &values.as_deref())
    })
}

/// A user that is new, as JSON for the history: everything else about it is that it is.
pub fn snapshot_of_new(
    origin: &Origin<&str>,
    values: &Values<&str>,
    expires_at: Option<Timestamp>,
) -> Option<String> {
    to_json(&Snapshot {
        expires_at,
        ..of_values(origin, values)
    })
}

fn of_values<'a>(origin: &Origin<&'a str>, values: &Values<&'a str>) -> Snapshot<&'a str> {
    let Values { profile, enabled } = values;
    Snapshot {
        profile: profile.clone(),
        enabled: *enabled,
        source: origin.name(),
        guid: origin.guid(),
        dn: match origin {
            Origin::Local => None,
            Origin::Directory { dn, .. } => Some(dn),
        },
        ..Snapshot::default()
    }
}

fn to_json(snapshot: &Snapshot<&str>) -> Option<String> {
    // Text, numbers and flags can always be written as JSON.
    serde_json::to_string(snapshot).ok()
}
