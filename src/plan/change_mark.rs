//! The change mark: up to which change of the directory the store is current, and whether a run may
//! continue from there instead of reading everything.
//!
//! `uSNChanged` counts the changes of one domain controller and means nothing on another, nor on the same
//! one after a restore (MS-ADTS 3.1.1.1.9). So a mark names the controller that it belongs to, and
//! the settings it was made under. Any mismatch makes the run a full one, and
//! says why. Pure: no connection, no clock.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::user::ObjectGuid;

/// The position of a domain controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// `dsServiceName` of the rootDSE: the DN of the controller's NTDS Settings object.
    pub service: String,
    /// `invocationId` of that object: the life of its database. It changes when the controller is
    /// restored from a backup.
    pub invocation_id: ObjectGuid,
    /// `highestCommittedUSN` of the rootDSE, as it was before anything else was read; signed as in
    /// MS-DRSR 5.207.
    pub usn: i64,
}

/// Objects that every search for changes must also return: an account that does not see them would not see a
/// change either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentinels {
    /// A user of the scope, found by its `uSNChanged`.
    pub living: ObjectGuid,
    /// A deleted object; none where the account saw none.
    pub deleted: Option<ObjectGuid>,
}

/// Up to which change the store is current.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The controller's position before the run that brought the store up to date.
    pub position: Position,
    /// The settings of that run.
    pub settings: ReadSettings,
    /// When the last full run began.
    pub full_at: Timestamp,
    /// The objects that a search for changes must return.
    pub sentinels: Sentinels,
}

impl Mark {
    /// The host name of the controller, without its domain: its Server object, above the NTDS Settings
    /// (MS-ADTS 6.1.1.2.2.1.2.1).
    pub fn host(&self) -> Option<&str> {
        let server = self.position.service.split(',').nth(1)?;
        let (kind, name) = server.split_once('=')?;
        kind.eq_ignore_ascii_case("CN").then_some(name)
    }
}

/// The settings that decide what is read of a user, by name. Users
/// that did not change in the directory may come out differently under other settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReadSettings(BTreeMap<String, String>);

impl ReadSettings {
    /// Adds a setting.
    pub fn insert(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// The value of a setting.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Each setting that differs: its name, its value here, and its value there.
    pub fn differences(&self, other: &Self) -> Vec<(String, Option<String>, Option<String>)> {
        let names: std::collections::BTreeSet<&String> =
            self.0.keys().chain(other.0.keys()).collect();
        names
            .into_iter()
            .map(|name| {
                (
                    name.clone(),
                    self.0.get(name).cloned(),
                    other.0.get(name).cloned(),
                )
            })
            .filter(|(_, here, there)| here != there)
            .collect()
    }

    /// The name of a setting that differs, of those that are here rather than of others.
    fn difference(&self, other: &Self) -> Option<String> {
        let mut all = self.differences(other);
        all.sort_by_key(|(_, here, _)| here.is_none());
        all.into_iter().next().map(|(name, _, _)| name)
    }
}

/// Why a run reads everything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhyFull {
    /// The command line asks for it.
    #[error("--full")]
    Asked,
    /// The directory does not give its position: it is not AD, is a global catalog, or the account may
    /// not read it.
    #[error("this server has no change marks for this account")]
    NoPosition,
    /// The store has no mark.
    #[error("there is no change mark yet")]
    NoMark,
    /// The last full run is too long ago, or lies in the future.
    #[error("the last full run was {0} (full_every)")]
    Due(Timestamp),
    /// Another controller answers: this one.
    #[error("another domain controller answers: {0}")]
    OtherController(String),
    /// The controller was restored from a backup.
    #[error("the domain controller was restored (new invocationId)")]
    NewInvocationId,
    /// The controller is behind the mark.
    #[error(
        "the domain controller is at USN {now}, before the change mark {mark}: it was restored"
    )]
    Behind {
        /// The mark.
        mark: i64,
        /// The controller's position.
        now: i64,
    },
    /// A setting has changed; its name.
    #[error("{0} has changed since the last full run")]
    OtherSettings(String),
    /// A search for changes does not return the objects it must.
    #[error("the account does not find a user any more by its uSNChanged")]
    NoWitness,
    /// The changes hold entries whose identity cannot be read.
    #[error("there are changed entries without a usable identity")]
    Unidentified,
    /// A container changed; its DN.
    #[error("{0} has changed, and users below it may have moved")]
    Container(String),
    /// So many users changed that reading everything is cheaper; the number of changes.
    #[error("{0} users changed")]
    ManyChanges(u64),
}

/// What a run compares a mark with.
#[derive(Clone, Debug)]
pub struct Resume {
    /// The controller's position, if it gives one.
    pub position: Option<Position>,
    /// The settings of this run.
    pub settings: ReadSettings,
    /// When the run began.
    pub now: Timestamp,
    /// How often a full run is due.
    pub full_every: Duration,
}

impl Resume {
    /// The mark, if the run may continue from it, or why it may not.
    pub fn go_on(&self, mark: Mark) -> Result<Mark, WhyFull> {
        let position = self.position.as_ref().ok_or(WhyFull::NoPosition)?;
        if position.service != mark.position.service {
            return Err(WhyFull::OtherController(position.service.clone()));
        }
        if position.invocation_id != mark.position.invocation_id {
            return Err(WhyFull::NewInvocationId);
        }
        if position.usn < mark.position.usn {
            return Err(WhyFull::Behind {
                mark: mark.position.usn,
                now: position.usn,
            });
        }
        if let Some(name) = mark.settings.difference(&self.settings) {
            return Err(WhyFull::OtherSettings(name));
        }
        let age = self.now.duration_since(mark.full_at);
        match Duration::try_from(age) {
            Ok(age) if age < self.full_every => Ok(mark),
            _ => Err(WhyFull::Due(mark.full_at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position() -> Position {
        Position {
            service: "CN=NTDS Settings,CN=DC1".to_owned(),
            invocation_id: ObjectGuid::from_bytes([1; 16]),
            usn: 100,
        }
    }

    fn settings() -> ReadSettings {
        let mut settings = ReadSettings::default();
        settings.insert("base_dn", "DC=x");
        settings.insert("filter", "(a=b)");
        settings
    }

    fn mark() -> Mark {
        Mark {
            position: position(),
            settings: settings(),
            full_at: at(1000),
            sentinels: Sentinels {
                living: ObjectGuid::from_bytes([2; 16]),
                deleted: None,
            },
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn resume() -> Resume {
        Resume {
            position: Some(position()),
            settings: settings(),
            now: at(1059),
            full_every: Duration::from_mins(1),
        }
    }

    #[test]
    fn what_fits_is_gone_on_from() {
        assert_eq!(resume().go_on(mark()), Ok(mark()));
        let mut further = resume();
        further.position = Some(Position {
            usn: 101,
            ..position()
        });
        assert_eq!(further.go_on(mark()), Ok(mark()));
    }

    #[test]
    fn whatever_does_not_fit_makes_the_run_full() {
        let with = |change: &dyn Fn(&mut Resume)| {
            let mut resume = resume();
            change(&mut resume);
            resume.go_on(mark()).expect_err("full")
        };
        let at_position = |change: &dyn Fn(&mut Position)| {
            let mut position = position();
            change(&mut position);
            with(&|it| it.position = Some(position.clone()))
        };
        assert_eq!(with(&|it| it.position = None), WhyFull::NoPosition);
        assert_eq!(
            at_position(&|it| it.service = "CN=DC2".to_owned()),
            WhyFull::OtherController("CN=DC2".to_owned())
        );
        assert_eq!(
            at_position(&|it| it.invocation_id = ObjectGuid::from_bytes([9; 16])),
            WhyFull::NewInvocationId
        );
        assert_eq!(
            at_position(&|it| it.usn = 99),
            WhyFull::Behind { mark: 100, now: 99 }
        );
        assert_eq!(with(&|it| it.now = at(1060)), WhyFull::Due(at(1000)));
        assert_eq!(with(&|it| it.now = at(999)), WhyFull::Due(at(1000)));
        assert_eq!(
            with(&|it| it.full_every = Duration::ZERO),
            WhyFull::Due(at(1000))
        );
    }

    #[test]
    fn the_host_is_told_by_the_service() {
        assert_eq!(mark().host(), Some("DC1"));
    }

    #[test]
    fn a_setting_that_changed_came_or_went_is_named() {
        let with = |change: &dyn Fn(&mut ReadSettings)| {
            let mut resume = resume();
            change(&mut resume.settings);
            resume.go_on(mark()).expect_err("full")
        };
        let named = |name: &str| WhyFull::OtherSettings(name.to_owned());
        assert_eq!(with(&|it| it.insert("filter", "(a=c)")), named("filter"));
        assert_eq!(with(&|it| it.insert("account", "a")), named("account"));
        assert_eq!(with(&|it| _ = it.0.remove("base_dn")), named("base_dn"));
    }
}
