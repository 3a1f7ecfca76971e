//! A user that is new in the store.

use jiff::Timestamp;

use super::Action;
use crate::user::{
    DirectoryUser, DomainId, ObjectGuid, Origin, Packed, Profile, StoredUser, UserId, Values,
};

/// A user that is new in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    text: Packed,
    enabled: bool,
    guid: Option<ObjectGuid>,
    /// When the account expires; none: never, or the directory does not say.
    pub expires: Option<Timestamp>,
    /// What it was, if it is brought back.
    pub returns: Option<Box<Return>>,
    /// When it came, of all that are new: the order of the rows in the store. A directory returns its users
    /// in much the same order the next time.
    pub arrival: u64,
}

/// What a user was that is brought back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Return {
    /// It was this row, of this domain; none: of that of the run.
    As(UserId, Option<DomainId>),
    /// It is to be again all that it was.
    Whole(Box<StoredUser>),
}

impl Import {
    /// One that was never in the store.
    pub fn new<T: AsRef<str>>(origin: &Origin<T>, values: &Values<T>) -> Self {
        let Values { profile, enabled } = values.as_deref();
        Self {
            text: Packed::new(&profile, origin.dn().unwrap_or_default()),
            enabled,
            guid: origin.guid(),
            expires: None,
            returns: None,
            arrival: 0,
        }
    }

    /// What it is to be new: brought back, made by hand, or taken from the directory.
    pub fn action(&self) -> Action {
        match (&self.returns, self.guid) {
            (Some(_), _) => Action::Restored,
            (None, None) => Action::Added,
            (None, Some(_)) => Action::Imported,
        }
    }

    /// Where it comes from.
    pub fn origin(&self) -> Origin<&str> {
        match self.guid {
            None => Origin::Local,
            Some(guid) => Origin::Directory {
                guid,
                dn: self.text.dn(),
            },
        }
    }

    /// The values it has.
    pub fn values(&self) -> Values<&str> {
        Values {
            profile: self.profile(),
            enabled: self.enabled,
        }
    }

    /// Its profile.
    pub fn profile(&self) -> Profile<&str> {
        self.text.profile()
    }

    /// Its username.
    pub fn username(&self) -> &str {
        self.text.username()
    }

    /// Its identity in the directory, if it has one.
    pub fn guid(&self) -> Option<ObjectGuid> {
        self.guid
    }

    /// Its distinguished name, if it has one.
    pub fn dn(&self) -> Option<&str> {
        self.guid.map(|_| self.text.dn())
    }
}

impl Import {
    /// A user of the directory, as it is at that time.
    pub fn from_directory(user: DirectoryUser, now: Timestamp) -> Self {
        let enabled = user.enabled_at(now, true);
        let DirectoryUser {
            guid,
            text,
            enabled: _,
            expires,
            others: _,
        } = user;
        Self {
            text,
            enabled,
            guid: Some(guid),
            expires,
            returns: None,
            arrival: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_comes_out() {
        let guid = ObjectGuid::from_bytes([7; 16]);
        let profile = Profile {
            username: "ελένη",
            email: Some("c@x"),
            ..Profile::default()
        };
        for enabled in [true, false] {
            let values = Values {
                profile: profile.clone(),
                enabled,
            };
            for origin in [
                Origin::Local,
                Origin::Directory { guid, dn: "" },
                Origin::Directory { guid, dn: "CN=é" },
            ] {
                let import = Import::new(&origin, &values);
                assert_eq!((import.origin(), import.values()), (origin, values.clone()));
            }
        }
    }
}
