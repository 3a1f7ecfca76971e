//! What a user is: identity, the five fields that are kept in step, and how names are compared.
//!
//! Knows no directory, no store and no printer; everything else in the crate speaks in these types.

mod column;
mod folded;
mod guid;
mod packed;
mod tracking;

pub use column::{Column, Source, Standing};
pub use folded::Folded;
pub use guid::{InvalidGuid, ObjectGuid};
pub use packed::Packed;
pub use tracking::{Absence, Controller, ControllerId, Domain, DomainId, Found, Tracking};

use std::convert::Infallible;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::util::named::named;

/// The longest value that a field may have, in characters (Unicode scalar values). It is the widest
/// limit that Active Directory's schema sets for an attribute one would map to a field
/// (`userPrincipalName`, `rangeUpper` 1024; MS-ADA3).
pub const MAX_VALUE_CHARS: usize = 1024;

/// The five fields that are kept in step. Empty values do not exist: a field has a value or none. The text is
/// its own, or borrowed from where the user is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Profile<T = String> {
    /// The name a person logs in with; unique in the store without regard to case.
    pub username: T,
    /// Given name.
    pub first_name: Option<T>,
    /// Family name.
    pub last_name: Option<T>,
    /// Email address; unique in the store without regard to case.
    pub email: Option<T>,
    /// Telephone number, as the directory writes it.
    pub contact_number: Option<T>,
}

impl<T: Default> Profile<T> {
    /// Builds a profile from the value of each text field.
    ///
    /// # Errors
    /// The first of `text`.
    pub fn try_from_fn<E>(mut text: impl FnMut(Field) -> Result<Option<T>, E>) -> Result<Self, E> {
        Ok(Self {
            username: text(Field::Username)?.unwrap_or_default(),
            first_name: text(Field::FirstName)?,
            last_name: text(Field::LastName)?,
            email: text(Field::Email)?,
            contact_number: text(Field::ContactNumber)?,
        })
    }

    /// The same, where no value can be an error.
    pub fn from_fn(mut text: impl FnMut(Field) -> Option<T>) -> Self {
        let Ok(profile) = Self::try_from_fn(|field| Ok::<_, Infallible>(text(field)));
        profile
    }
}

impl<T> Profile<T> {
    /// The value of a text field, if it has one.
    pub fn get(&self, field: Field) -> Option<&T> {
        match field {
            Field::Username => Some(&self.username),
            Field::FirstName => self.first_name.as_ref(),
            Field::LastName => self.last_name.as_ref(),
            Field::Email => self.email.as_ref(),
            Field::ContactNumber => self.contact_number.as_ref(),
            Field::Enabled => None,
        }
    }

    /// Sets a text field. A username is always there, so it keeps the one it has when there is no other.
    pub fn set(&mut self, field: Field, value: Option<T>) {
        match field {
            Field::Username => {
                if let Some(username) = value {
                    self.username = username;
                }
            }
            Field::FirstName => self.first_name = value,
            Field::LastName => self.last_name = value,
            Field::Email => self.email = value,
            Field::ContactNumber => self.contact_number = value,
            Field::Enabled => {}
        }
    }
}

impl<T: AsRef<str>> Profile<T> {
    /// The same, borrowed.
    pub fn as_deref(&self) -> Profile<&str> {
        self.map(AsRef::as_ref)
    }

    /// The same with text of its own.
    pub fn to_owned(&self) -> Profile {
        self.map(|text| text.as_ref().to_owned())
    }

    fn map<'a, U: Default>(&'a self, text: impl Fn(&'a T) -> U) -> Profile<U> {
        Profile::from_fn(|field| self.get(field).map(&text))
    }

    /// The username as it is compared.
    pub fn folded_username(&self) -> Folded {
        Folded::new(self.username.as_ref())
    }

    /// The email address as it is compared; none, if there is none.
    pub fn folded_email(&self) -> Option<Folded> {
        self.email.as_ref().map(|it| Folded::new(it.as_ref()))
    }

    /// The folded value of a field that must be unique.
    pub fn unique(&self, field: UniqueField) -> Option<Folded> {
        let value = self.get(field.field())?;
        Some(Folded::new(value.as_ref()))
    }

    /// First and last name as one reads them, with a space between.
    pub fn full_name(&self) -> String {
        [&self.first_name, &self.last_name]
            .into_iter()
            .flatten()
            .map(AsRef::as_ref)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Why this profile cannot be stored, if it cannot.
    pub fn defect(&self) -> Option<String> {
        let username = self.username.as_ref();
        if username.trim().is_empty() {
            return Some("no username".to_owned());
        }
        if username.contains(char::is_control) {
            return Some("the username holds control characters".to_owned());
        }
        let mut fields = Field::TEXT.into_iter();
        fields.find_map(|field| too_long(field, self.get(field)?.as_ref()))
    }
}

fn too_long(field: Field, value: &str) -> Option<String> {
    // A character has at least one byte, so most values need no counting.
    let fits = value.len() <= MAX_VALUE_CHARS || value.chars().count() <= MAX_VALUE_CHARS;
    (!fits).then(|| {
        format!(
            "{} is {} characters long, at most {MAX_VALUE_CHARS} are kept",
            field.name(),
            value.chars().count()
        )
    })
}

/// A field of a user, for reporting what changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// [`Profile::username`]
    Username,
    /// [`Profile::first_name`]
    FirstName,
    /// [`Profile::last_name`]
    LastName,
    /// [`Profile::email`]
    Email,
    /// [`Profile::contact_number`]
    ContactNumber,
    /// Whether the account is enabled (`userAccountControl`, bit 2 unset; `accountExpires` not passed).
    Enabled,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Username,
        Self::FirstName,
        Self::LastName,
        Self::Email,
        Self::ContactNumber,
        Self::Enabled,
    ];

    /// Those of a [`Profile`].
    pub const TEXT: [Self; Self::ALL.len() - 1] = Self::from_nth(0);

    /// Those of a [`Profile`] that may have no value.
    pub const OPTIONAL: [Self; Self::ALL.len() - 2] = Self::from_nth(1);

    /// `N` of them, without the first `begin`.
    const fn from_nth<const N: usize>(begin: usize) -> [Self; N] {
        let mut fields = [Self::Username; N];
        let mut at = 0;
        while at < N {
            fields[at] = Self::ALL[begin + at];
            at += 1;
        }
        fields
    }

    /// The name of the field in settings, JSON, CSV, the store and tables.
    pub fn name(self) -> &'static str {
        self.texts().0
    }

    /// What the field holds.
    pub fn description(self) -> &'static str {
        self.texts().1
    }

    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Username => ("username", "The name a person logs in with"),
            Self::FirstName => ("first_name", "Given name"),
            Self::LastName => ("last_name", "Family name"),
            Self::Email => ("email", "Email address"),
            Self::ContactNumber => ("contact_number", "Telephone number"),
            Self::Enabled => ("enabled", "Whether the account is enabled"),
        }
    }

    /// The name in a text: `contact number`.
    pub fn label(self) -> String {
        self.name().replace('_', " ")
    }
}

/// The fields in which no two users of the store may agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UniqueField {
    /// [`Profile::username`]
    Username,
    /// [`Profile::email`]
    Email,
}

impl UniqueField {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Username, Self::Email];

    /// The field that it is.
    pub fn field(self) -> Field {
        match self {
            Self::Username => Field::Username,
            Self::Email => Field::Email,
        }
    }
}

/// The value of a field before or after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum FieldValue {
    /// One of the five text fields; none, if it has no value.
    Text(Option<String>),
    /// Whether the account is enabled.
    Flag(bool),
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which field.
    pub field: Field,
    /// The value in the store.
    pub from: FieldValue,
    /// The value in the directory.
    pub to: FieldValue,
}

/// What the store holds of a user: the profile, and whether the account is enabled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values<T = String> {
    /// The five fields.
    pub profile: Profile<T>,
    /// False when the account is disabled in the directory.
    pub enabled: bool,
}

impl<T: AsRef<str>> Values<T> {
    /// The same, borrowed.
    pub fn as_deref(&self) -> Values<&str> {
        Values {
            profile: self.profile.as_deref(),
            enabled: self.enabled,
        }
    }

    /// The same with text of its own.
    pub fn to_owned(&self) -> Values {
        Values {
            profile: self.profile.to_owned(),
            enabled: self.enabled,
        }
    }
}

impl Values {
    /// The value of a field.
    pub fn value(&self, field: Field) -> FieldValue {
        match field {
            Field::Enabled => FieldValue::Flag(self.enabled),
            _ => FieldValue::Text(self.profile.get(field).cloned()),
        }
    }

    /// Copies one field from other values.
    pub fn copy(&mut self, field: Field, from: &Self) {
        match field {
            Field::Enabled => self.enabled = from.enabled,
            _ => self.profile.set(field, from.profile.get(field).cloned()),
        }
    }

    /// The fields that differ between these values and those they are to become, a change of case
    /// included.
    pub fn changes(&self, to: &Self) -> Vec<Change> {
        Field::ALL
            .into_iter()
            .map(|field| Change {
                field,
                from: self.value(field),
                to: to.value(field),
            })
            .filter(|it| it.from != it.to)
            .collect()
    }
}

/// Where a user of the store came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin<T = String> {
    /// Made in the application.
    Local,
    /// Imported from the directory.
    Directory {
        /// The identity: the only thing that ties the user to the directory.
        guid: ObjectGuid,
        /// The distinguished name when it was last read; for people, never for matching.
        dn: T,
    },
}

impl<T: AsRef<str>> Origin<T> {
    /// The same, borrowed.
    pub fn as_deref(&self) -> Origin<&str> {
        self.map(AsRef::as_ref)
    }

    /// The same with text of its own.
    pub fn to_owned(&self) -> Origin {
        self.map(|dn| dn.as_ref().to_owned())
    }

    fn map<'a, U>(&'a self, text: impl Fn(&'a T) -> U) -> Origin<U> {
        match self {
            Self::Local => Origin::Local,
            Self::Directory { guid, dn } => Origin::Directory {
                guid: *guid,
                dn: text(dn),
            },
        }
    }

    /// The name of the source in JSON, CSV and tables.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Directory { .. } => "directory",
        }
    }

    /// The identity in the directory, if the user has one.
    pub fn guid(&self) -> Option<ObjectGuid> {
        match self {
            Self::Local => None,
            Self::Directory { guid, .. } => Some(*guid),
        }
    }

    /// The distinguished name, if the user has one.
    pub fn dn(&self) -> Option<&str> {
        match self {
            Self::Local => None,
            Self::Directory { dn, .. } => Some(dn.as_ref()),
        }
    }
}

named! {
    /// The status of a user towards the directory, after the last run that looked at it.
    pub enum Status {
        /// In step, or local.
        Ok = "ok",
        /// Not updated: another user holds the new username or email.
        Duplicate = "duplicate",
        /// In the domain, but not in the scope; kept.
        OutOfScope = "out_of_scope",
        /// Neither in its domain nor among the deleted objects, which is not yet proof that it was deleted; kept.
        Missing = "missing",
        /// Not updated: what the directory says of it cannot be used.
        Failed = "failed",
        /// Restored by hand after it was deleted. It is kept, whatever the directory says, until it is
        /// seen there again or removed by hand.
        Restored = "restored",
    }
}

/// The key of a row in the store. Never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(pub i64);

/// A user as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredUser {
    /// The key of its row.
    pub id: UserId,
    /// Where it came from.
    pub origin: Origin,
    /// What the store holds of it.
    pub values: Values,
    /// How it stands to the directory.
    pub status: Status,
    /// When it was last found in step or refreshed; `None` for a local user.
    pub synced_at: Option<Timestamp>,
    /// What ties it to its directory.
    pub tracking: Tracking,
}

impl StoredUser {
    /// The same user with another status and its values unchanged.
    #[must_use]
    pub fn with_status(&self, status: Status, reason: Option<String>) -> Self {
        let is_back = matches!(self.status, Status::Missing | Status::Restored);
        Self {
            status,
            tracking: Tracking {
                reason,
                absence: None,
                found: self.tracking.found.filter(|_| !is_back),
                ..self.tracking.clone()
            },
            ..self.clone()
        }
    }
}

/// A user as the directory has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DirectoryUser {
    /// The identity.
    pub guid: ObjectGuid,
    /// The mapped values, and the distinguished name.
    pub text: Packed,
    /// Whether the account is enabled; `None` if the directory does not say.
    pub enabled: Option<bool>,
    /// When the account expires (`accountExpires`); none if it never does, or where the directory does not say.
    pub expires: Option<Timestamp>,
    /// The other values of the attribute that a field was read from, where it has several. Their order means
    /// nothing in LDAP (RFC 4511, 4.1.7), so each of them is as good as the one in the profile.
    pub others: Vec<(Field, Vec<String>)>,
}

impl DirectoryUser {
    /// Whether the account is enabled at that time: the directory says so, or says nothing and `known` is that it
    /// is, and it has not expired.
    pub fn enabled_at(&self, now: Timestamp, known: bool) -> bool {
        self.enabled.unwrap_or(known) && self.expires.is_none_or(|it| now < it)
    }

    /// The mapped values.
    pub fn profile(&self) -> Profile<&str> {
        self.text.profile()
    }

    /// Distinguished name (RFC 4514).
    pub fn dn(&self) -> &str {
        self.text.dn()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(username: &str) -> Values {
        Values {
            profile: Profile {
                username: username.to_owned(),
                ..Profile::default()
            },
            enabled: true,
        }
    }

    #[test]
    fn a_change_of_case_is_a_change() {
        let changes = values("alice").changes(&values("Alice"));
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].field, Field::Username);
    }

    #[test]
    fn every_field_is_compared() {
        let to = Values {
            profile: Profile {
                username: "b".to_owned(),
                first_name: Some("b".to_owned()),
                last_name: Some("b".to_owned()),
                email: Some("b".to_owned()),
                contact_number: Some("b".to_owned()),
            },
            enabled: false,
        };
        assert_eq!(values("a").changes(&to).len(), 6);
        assert_eq!(to.changes(&to), vec![]);
    }

    #[test]
    fn a_username_of_spaces_is_none() {
        assert_eq!(
            values("  ").profile.defect().as_deref(),
            Some("no username")
        );
        assert_eq!(values(" a ").profile.defect(), None);
    }

    #[test]
    fn a_username_with_control_characters_cannot_be_used() {
        for username in ["a\x1b[31m", "a\0", "a\nb"] {
            assert!(values(username).profile.defect().is_some(), "{username:?}");
        }
    }

    #[test]
    fn the_limit_counts_characters_not_bytes() {
        assert_eq!(values(&"é".repeat(MAX_VALUE_CHARS)).profile.defect(), None);
        let defect = values(&"é".repeat(MAX_VALUE_CHARS + 1)).profile.defect();
        assert_eq!(
            defect.as_deref(),
            Some("username is 1025 characters long, at most 1024 are kept")
        );
    }
}
