//! A user that is new in the store.

use crate::user::{ObjectGuid, Origin, Profile, UserId, Values};

/// A user that is new in the store. In a first import that is everybody, so the text of one is in one piece: the
/// fields of the profile one after another, and then the DN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    text: Box<str>,
    /// Where each field ends; one that has no value ends where it begins.
    ends: [u32; FIELDS],
    enabled: bool,
    guid: Option<ObjectGuid>,
    /// The row it had before it was deleted, if it is brought back.
    pub returns_as: Option<UserId>,
    /// When it came, of all that are new: the order of the rows in the store. A directory returns its users
    /// in much the same order the next time.
    pub arrival: u64,
}

/// How many fields a profile has.
const FIELDS: usize = 5;

impl Import {
    /// One that was never in the store.
    pub fn new<T: AsRef<str>>(origin: &Origin<T>, values: &Values<T>) -> Self {
        let Values { profile, enabled } = values.as_deref();
        let Profile {
            username,
            first_name,
            last_name,
            email,
            contact_number,
        } = profile;
        let pieces: [&str; FIELDS + 1] = [
            username,
            first_name.unwrap_or_default(),
            last_name.unwrap_or_default(),
            email.unwrap_or_default(),
            contact_number.unwrap_or_default(),
            origin.dn().unwrap_or_default(),
        ];
        let mut end = 0;
        let ends = std::array::from_fn(|number| {
            end += pieces[number].len();
            u32::try_from(end).unwrap_or(u32::MAX)
        });
        Self {
            text: pieces.concat().into(),
            ends,
            enabled,
            guid: origin.guid(),
            returns_as: None,
            arrival: 0,
        }
    }

    /// What it is to be new: brought back, made by hand, or taken from the directory.
    pub fn action(&self) -> &'static str {
        match (self.returns_as, self.guid) {
            (Some(_), _) => "restored",
            (None, None) => "added",
            (None, Some(_)) => "imported",
        }
    }

    /// Where it comes from.
    pub fn origin(&self) -> Origin<&str> {
        match self.guid {
            None => Origin::Local,
            Some(guid) => Origin::Directory {
                guid,
                dn: self.piece(FIELDS),
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
        let optional = |number| Some(self.piece(number)).filter(|value| !value.is_empty());
        Profile {
            username: self.username(),
            first_name: optional(1),
            last_name: optional(2),
            email: optional(3),
            contact_number: optional(4),
        }
    }

    /// Its username.
    pub fn username(&self) -> &str {
        self.piece(0)
    }

    /// Its identity in the directory, if it has one.
    pub fn guid(&self) -> Option<ObjectGuid> {
        self.guid
    }

    /// Its distinguished name, if it has one.
    pub fn dn(&self) -> Option<&str> {
        self.guid.map(|_| self.piece(FIELDS))
    }

    fn piece(&self, number: usize) -> &str {
        let place = |end: &u32| usize::try_from(*end).unwrap_or(usize::MAX);
        let begin = number
            .checked_sub(1)
            .map_or(0, |before| place(&self.ends[before]));
        let end = self.ends.get(number).map_or(self.text.len(), place);
        self.text.get(begin..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_comes_out() {
        let guid = ObjectGuid::from_bytes([7; 16]);
        for bits in 0..32 {
            let is_set = |bit: u32| bits >> bit & 1 == 1;
            let some = |bit, text| Some(text).filter(|_| is_set(bit));
            let profile = Profile {
                username: "ελένη",
                first_name: some(0, "Ελένη"),
                last_name: some(1, "b"),
                email: some(2, "c@x"),
                contact_number: some(3, "+1"),
            };
            let values = Values {
                profile,
                enabled: is_set(4),
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
