//! A user to add to the store.

use jiff::Timestamp;

use super::Action;
use crate::user::{
    DirectoryUser, DomainId, ObjectGuid, Origin, Packed, Profile, StoredUser, UserId, Values,
};

/// A user to add to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    text: Packed,
    enabled: bool,
    guid: Option<ObjectGuid>,
    /// When the account expires; `None` if never, or if the directory does not say.
    pub expires: Option<Timestamp>,
    /// What it was before, if it is restored.
    pub returns: Option<Box<Return>>,
    /// Its position in the order of arrival, which becomes the order of the rows. A directory returns its users
    /// in much the same order next time.
    pub arrival: u64,
}

/// What a restored user was before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Return {
    /// It had this row, in this domain; `None` for the domain of the run.
    As(UserId, Option<DomainId>),
    /// It gets back everything it was.
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

    /// How it is added: restored, added by hand, or imported.
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

    /// Its values.
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
    /// A user of the directory at that time.
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
