//! From an entry to a user: which attribute each field is read from.

use jiff::Timestamp;

use super::entry::{DN, Entry};
use super::values::{self, Value};
use crate::compare::BadEntry;
use crate::config::{AttributeNames, Attributes};
use crate::user::{DirectoryUser, Field, ObjectGuid, Packed, Profile};

/// The bit of `userAccountControl` that disables an account: `ACCOUNTDISABLE` (MS-ADTS 2.2.16).
const ACCOUNT_DISABLED: i64 = 0x2;

/// Of each field with several values, all but the first.
type Others = Vec<(Field, Vec<String>)>;

/// How entries of this directory become users.
#[derive(Clone, Debug)]
pub struct Mapping {
    attributes: Attributes,
    guid: String,
    is_active_directory: bool,
}

impl Mapping {
    /// The mapping of the settings, with what AD has beyond plain LDAP where it is there.
    pub fn new(attributes: Attributes, is_active_directory: bool) -> Self {
        let guid = attributes.guid.iter().next().unwrap_or_default().to_owned();
        Self {
            attributes,
            guid,
            is_active_directory,
        }
    }

    /// The attribute that holds the identity.
    pub fn guid_attribute(&self) -> &str {
        &self.guid
    }

    /// The attributes that hold the username.
    pub fn username(&self) -> &AttributeNames {
        &self.attributes.username
    }

    /// The attributes that hold what a person may be looked for by.
    pub fn searchable(&self) -> impl Iterator<Item = &str> {
        let Attributes {
            username,
            first_name,
            last_name,
            email,
            contact_number: _,
            guid: _,
        } = &self.attributes;
        [username, first_name, last_name, email]
            .into_iter()
            .flat_map(AttributeNames::iter)
    }

    /// Each field by its name in the settings, and the attributes that it is read from.
    pub fn fields(&self) -> [(&'static str, &AttributeNames); 6] {
        let Attributes {
            username,
            first_name,
            last_name,
            email,
            contact_number,
            guid,
        } = &self.attributes;
        [
            ("guid", guid),
            ("username", username),
            ("first_name", first_name),
            ("last_name", last_name),
            ("email", email),
            ("contact_number", contact_number),
        ]
    }

    /// The attributes to ask for.
    pub fn requested(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .fields()
            .into_iter()
            .flat_map(|(_, attributes)| attributes.iter())
            .map(str::to_owned)
            .collect();
        if self.is_active_directory {
            names.extend(["userAccountControl", "accountExpires"].map(str::to_owned));
        }
        let mut asked = Vec::new();
        names.retain(|name| {
            let name = name.to_lowercase();
            let new = !asked.contains(&name);
            asked.push(name);
            new
        });
        names
    }

    /// The identity of an entry; the error says why it cannot be used.
    pub fn guid(&self, entry: &Entry) -> Result<ObjectGuid, String> {
        let mut values = entry.values(&self.guid);
        match (values.next(), values.count()) {
            (Some(value), 0) => ObjectGuid::from_value(value)
                .map_err(|error| format!("{} cannot be used: it is {error}", self.guid)),
            (Some(_), more) => Err(format!("{} has {} values", self.guid, 1 + more)),
            (None, _) => Err(format!("no {}", self.guid)),
        }
    }

    /// The user that an entry describes.
    pub fn user(&self, entry: &Entry) -> Result<DirectoryUser, BadEntry> {
        let guid = self.guid(entry);
        let profile = match self.oversized(entry) {
            Some(reason) => Err(reason),
            None => self.profile(entry),
        };
        let bad = |guid, username, reason| BadEntry {
            guid,
            dn: entry.dn().into_owned(),
            username,
            reason,
        };
        match (guid, profile) {
            (Ok(guid), Ok((profile, others))) => match profile.defect() {
                Some(defect) => Err(bad(Some(guid), self.legible_username(entry), defect)),
                None => Ok(DirectoryUser {
                    guid,
                    text: Packed::new(&profile, &entry.dn()),
                    enabled: self.enabled(entry),
                    expires: self.expires(entry),
                    others,
                }),
            },
            (Ok(guid), Err(reason)) => Err(bad(Some(guid), self.legible_username(entry), reason)),
            (Err(reason), _) => Err(bad(None, self.legible_username(entry), reason)),
        }
    }

    /// Why an entry cannot be used that has a value over the limit, if it is one that was asked for.
    fn oversized(&self, entry: &Entry) -> Option<String> {
        if entry.oversized.is_empty() {
            return None;
        }
        let requested = self.requested();
        let matters =
            |name: &str| name == DN || requested.iter().any(|it| it.eq_ignore_ascii_case(name));
        let found = entry.oversized.iter().find(|(name, _)| matters(name));
        found.map(|(_, limit)| limit.to_string())
    }

    /// The five fields, and the other values of those that have several.
    fn profile<'a>(&self, entry: &'a Entry) -> Result<(Profile<&'a str>, Others), String> {
        let Attributes {
            username,
            first_name,
            last_name,
            email,
            contact_number,
            guid: _,
        } = &self.attributes;
        let mut all_others = Others::new();
        let mut value = |field, names| {
            let Some(Value { first, others }) = values::of(entry, names)? else {
                return Ok::<_, String>(None);
            };
            if !others.is_empty() {
                let others = others.into_iter().map(str::to_owned).collect();
                all_others.push((field, others));
            }
            Ok(Some(first))
        };
        let profile = Profile {
            username: value(Field::Username, username)?.unwrap_or_default(),
            first_name: value(Field::FirstName, first_name)?,
            last_name: value(Field::LastName, last_name)?,
            email: value(Field::Email, email)?,
            contact_number: value(Field::ContactNumber, contact_number)?,
        };
        Ok((profile, all_others))
    }

    fn legible_username(&self, entry: &Entry) -> Option<String> {
        let name = values::of(entry, &self.attributes.username).ok()??.first;
        Some(name.chars().take(64).collect())
    }

    fn enabled(&self, entry: &Entry) -> Option<bool> {
        if !self.is_active_directory {
            return None;
        }
        let flags = entry
            .first_text("userAccountControl")?
            .parse::<i64>()
            .ok()?;
        Some(flags & ACCOUNT_DISABLED == 0)
    }

    fn expires(&self, entry: &Entry) -> Option<Timestamp> {
        if !self.is_active_directory {
            return None;
        }
        expiry(entry.first_text("accountExpires")?.parse().ok()?)
    }
}

/// The moment that `accountExpires` names, in steps of 100 ns since 1601 (MS-ADA1 2.2); none for those that mean
/// "never", and for those that lie behind the year 9999.
fn expiry(ticks: i64) -> Option<Timestamp> {
    const UNIX_EPOCH: i128 = 116_444_736_000_000_000;
    if ticks <= 0 || ticks == i64::MAX {
        return None;
    }
    Timestamp::from_nanosecond((i128::from(ticks) - UNIX_EPOCH) * 100).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::entry;
    use crate::directory::error::Limit;

    fn entry(attributes: &[(&str, &[u8])]) -> Entry {
        entry::tests::entry("CN=a", attributes)
    }

    fn mapping() -> Mapping {
        let email: AttributeNames = toml::from_str::<
            std::collections::HashMap<String, AttributeNames>,
        >(r#"email = ["mail", "userPrincipalName"]"#)
        .expect("names")
        .remove("email")
        .expect("email");
        let attributes = Attributes {
            email,
            ..Attributes::default()
        };
        Mapping::new(attributes, true)
    }

    const GUID: (&str, &[u8]) = ("objectGUID", &[7; 16]);

    #[test]
    fn the_first_attribute_with_a_value_counts() {
        let with = |mail: &[u8]| {
            let entry = entry(&[
                GUID,
                ("samaccountname", b"a"),
                ("mail", mail),
                ("userPrincipalName", b"a@x"),
            ]);
            let user = mapping().user(&entry).expect("a user");
            user.profile().email.map(str::to_owned)
        };
        assert_eq!(with(b"b@x").as_deref(), Some("b@x"));
        assert_eq!(with(b"").as_deref(), Some("a@x"));
    }

    #[test]
    fn a_disabled_account_is_marked() {
        let with = |flags: &[u8]| {
            let entry = entry(&[
                GUID,
                ("sAMAccountName", b"a"),
                ("userAccountControl", flags),
            ]);
            mapping().user(&entry).expect("a user").enabled
        };
        assert_eq!(with(b"512"), Some(true));
        assert_eq!(with(b"514"), Some(false));
        assert_eq!(with(b"66050"), Some(false));
        assert_eq!(with(b"?"), None);
    }

    #[test]
    fn an_account_expires_at_a_moment_or_never() {
        let at = |text: &str| Some(text.parse::<Timestamp>().expect("a moment"));
        for (ticks, moment) in [
            (0, None),
            (i64::MAX, None),
            (i64::MAX - 1, None),
            (-1, None),
            (i64::MIN, None),
            (1, at("1601-01-01T00:00:00.0000001Z")),
            (116_444_736_000_000_000, at("1970-01-01T00:00:00Z")),
            (134_000_000_000_000_000, at("2025-08-18T14:13:20Z")),
        ] {
            assert_eq!(expiry(ticks), moment, "{ticks}");
        }
    }

    #[test]
    fn only_ad_says_when_an_account_expires() {
        let entry = entry(&[
            GUID,
            ("sAMAccountName", b"a"),
            ("accountExpires", b"134000000000000000"),
        ]);
        for is_active_directory in [true, false] {
            let mapping = Mapping::new(Attributes::default(), is_active_directory);
            let user = mapping.user(&entry).expect("a user");
            assert_eq!(user.expires.is_some(), is_active_directory);
            let is_asked_for = mapping.requested().iter().any(|it| it == "accountExpires");
            assert_eq!(is_asked_for, is_active_directory);
        }
    }

    #[test]
    fn the_other_values_of_a_field_are_kept_beside_it() {
        let entry = entry::tests::entry_with_values(
            "CN=a",
            &[
                ("objectGUID", &[&[7; 16]]),
                ("sAMAccountName", &[b"a"]),
                ("mail", &[b"b@x", b" ", b"c@x"]),
            ],
        );
        let user = mapping().user(&entry).expect("a user");
        assert_eq!(user.profile().email, Some("b@x"));
        assert_eq!(user.others, [(Field::Email, vec!["c@x".to_owned()])]);
    }

    #[test]
    fn a_value_over_the_limit_counts_where_it_was_asked_for() {
        let with = |name: &str| {
            let mut entry = entry(&[GUID, ("sAMAccountName", b"a")]);
            let limit = Limit::value(name, 10, 5);
            entry.oversized.push((name.to_owned(), limit));
            mapping().user(&entry)
        };
        let bad = with("MAIL").expect_err("unusable");
        assert!(bad.guid.is_some());
        assert_eq!(
            bad.reason,
            "MAIL is 10 bytes long, and max_value_bytes under [directory] is 5"
        );
        assert!(with(DN).is_err());
        assert!(with("jpegPhoto").is_ok());
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        let bad = |attributes: &[(&str, &[u8])]| {
            let bad = mapping().user(&entry(attributes)).expect_err("unusable");
            (bad.guid.is_some(), bad.reason)
        };
        assert_eq!(bad(&[GUID]), (true, "no username".to_owned()));
        assert_eq!(
            bad(&[GUID, ("sAMAccountName", b"a"), ("mail", b"\xff")]),
            (true, "mail is not valid UTF-8".to_owned())
        );
        assert_eq!(
            bad(&[("objectGUID", &[7; 15]), ("sAMAccountName", b"a")]),
            (
                false,
                "objectGUID cannot be used: it is 15 bytes long instead of 16".to_owned()
            )
        );
        assert_eq!(
            bad(&[("sAMAccountName", b"a")]),
            (false, "no objectGUID".to_owned())
        );
    }

    #[test]
    fn an_attribute_is_asked_for_once() {
        let attributes = Attributes {
            email: AttributeNames::one("SAMACCOUNTNAME"),
            ..Attributes::default()
        };
        assert_eq!(Mapping::new(attributes, false).requested().len(), 5);
    }
}
