//! From an entry to a user: which attribute each field is read from.

use jiff::Timestamp;
use ldap::{Entry, standard};

use super::attribute::Attribute;
use super::identity::Identity;
use super::leftover;
use super::options::{AttributeNames, Attributes};
use super::root_dse::RootDse;
use super::schema::Schema;
use super::values::{self, Value};
use crate::plan::compare::BadEntry;
use crate::user::{DirectoryUser, Field, ObjectGuid, Packed, Profile};

/// The bit of `userAccountControl` that disables an account: `ACCOUNTDISABLE` (MS-ADTS 2.2.16).
const ACCOUNT_DISABLED: i64 = 0x2;

/// For each field with several values, all but the first.
type Others = Vec<(Field, Vec<String>)>;

/// How entries of this directory become users.
#[derive(Clone, Debug)]
pub struct Mapping {
    settings: Attributes,
    fields: [(Field, Vec<Attribute>); Field::TEXT.len()],
    identity: Identity,
    is_active_directory: bool,
}

/// An attribute of the settings that cannot be used on this server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// The setting that names it.
    pub field: &'static str,
    /// The attribute.
    pub attribute: String,
    /// Why not.
    pub why: WhyUnusable,
}

/// Why an attribute cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhyUnusable {
    /// The schema does not have it.
    Unknown {
        /// An attribute it does have that was probably meant.
        meant: Option<String>,
    },
    /// It cannot serve as an identity.
    NoIdentity(String),
}

/// Whether the settings name an attribute that must be checked against the server's schema before anything is read.
/// Not needed if only the username and the identity are unsure, and are the defaults:
/// if the server does not have them, everybody fails and nobody loses a value.
pub fn needs_schema(settings: &Attributes, root: &RootDse) -> bool {
    let Attributes { username, guid, .. } = settings;
    let is_sure = |name: &str| standard::is_sure(name, root.is_active_directory);
    let default = Attributes::default();
    let fields = settings.fields().into_iter();
    let is_sure_identity = |name: &str| {
        let is_its_own = root.is_389_directory_server && name.eq_ignore_ascii_case("nsUniqueId");
        is_its_own || is_sure(name) && Identity::needs_no_schema(name)
    };
    let is_answered = fields
        .filter(|(field, _)| *field != Field::Username)
        .flat_map(|(_, names)| names.iter())
        .all(is_sure)
        && (*username == default.username || username.iter().all(is_sure))
        && (*guid == default.guid || guid.iter().all(is_sure_identity));
    !is_answered
}

impl Mapping {
    /// The mapping of the settings on a server with this schema, with AD's own attributes where it is
    /// AD; and the attributes that cannot be used.
    pub fn new(
        settings: Attributes,
        is_active_directory: bool,
        schema: Option<&Schema>,
    ) -> (Self, Vec<Unusable>) {
        let mut unusable = Vec::new();
        let mut resolve = |field: &'static str, names: &AttributeNames| -> Vec<Attribute> {
            let resolved = |name| {
                Attribute::of(name, is_active_directory, schema).unwrap_or_else(|| {
                    unusable.push(Unusable {
                        field,
                        attribute: name.to_owned(),
                        why: WhyUnusable::Unknown {
                            meant: schema.and_then(|it| it.meant(name)),
                        },
                    });
                    Attribute::unresolved(name, is_active_directory)
                })
            };
            names.iter().map(resolved).collect()
        };
        let fields = settings
            .fields()
            .map(|(field, names)| (field, resolve(field.name(), names)));
        // Exactly one: of a list only the first could be the identity.
        let guid = resolve("guid", &settings.guid)
            .into_iter()
            .next()
            .unwrap_or_else(|| Attribute::unresolved("objectGUID", is_active_directory));
        let identity = Identity::of(guid.clone(), schema).unwrap_or_else(|reason| {
            unusable.push(Unusable {
                field: "guid",
                attribute: guid.written().to_owned(),
                why: WhyUnusable::NoIdentity(reason),
            });
            Identity::unsaid(guid)
        });
        let mapping = Self {
            settings,
            fields,
            identity,
            is_active_directory,
        };
        (mapping, unusable)
    }

    /// The same settings, resolved with the server's schema.
    pub fn with(&self, schema: Option<&Schema>) -> (Self, Vec<Unusable>) {
        Self::new(self.settings.clone(), self.is_active_directory, schema)
    }

    /// The mapping of the settings on a server whose schema is unknown.
    pub fn unresolved(settings: Attributes, is_active_directory: bool) -> Self {
        Self::new(settings, is_active_directory, None).0
    }

    /// The identity.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The attribute that holds the identity, as it is requested.
    pub fn guid_attribute(&self) -> &str {
        self.identity.attribute().asked()
    }

    /// The attributes that hold the username.
    pub fn username(&self) -> &[Attribute] {
        self.attributes(Field::Username)
    }

    fn attributes(&self, of: Field) -> &[Attribute] {
        let found = self.fields.iter().find(|(field, _)| *field == of);
        found.map_or(&[], |(_, attributes)| attributes)
    }

    /// The attributes that a person can be searched by.
    pub fn searchable(&self) -> impl Iterator<Item = &Attribute> {
        [
            Field::Username,
            Field::FirstName,
            Field::LastName,
            Field::Email,
        ]
        .into_iter()
        .flat_map(|field| self.attributes(field))
    }

    /// Each field by its name in the settings, with the attributes it is read from.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &[Attribute])> {
        let identity = std::slice::from_ref(self.identity.attribute());
        let fields = self.fields.iter();
        std::iter::once(("guid", identity))
            .chain(fields.map(|(field, attributes)| (field.name(), attributes.as_slice())))
    }

    /// Each field by its name in the settings, with its attributes as written there.
    pub fn settings(&self) -> impl Iterator<Item = (&'static str, &AttributeNames)> {
        let fields = self.settings.fields().into_iter();
        std::iter::once(("guid", &self.settings.guid))
            .chain(fields.map(|(field, names)| (field.name(), names)))
    }

    /// The attributes to request.
    pub fn requested(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .fields()
            .flat_map(|(_, attributes)| attributes)
            .map(|attribute| attribute.asked().to_owned())
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
        self.identity.of_entry(entry)
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
            (Ok(guid), Ok((profile, others))) => match self.defect(&profile, entry) {
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

    /// Why an entry cannot be used as a user, if so.
    fn defect(&self, profile: &Profile<&str>, entry: &Entry) -> Option<String> {
        let (dn, is_active_directory) = (entry.dn(), self.is_active_directory);
        let leftover = leftover::reason(&dn, profile.username, is_active_directory);
        leftover.map(str::to_owned).or_else(|| profile.defect())
    }

    /// Why an entry with a value over the limit cannot be used, if that attribute was requested.
    fn oversized(&self, entry: &Entry) -> Option<String> {
        if entry.oversized.is_empty() {
            return None;
        }
        let requested = self.requested();
        let is_mapped = |name: &str| {
            let fields = self.fields();
            let mut attributes = fields.flat_map(|(_, attributes)| attributes);
            attributes.any(|attribute| attribute.is_called(name))
        };
        let matters = |name: &str| {
            name == Entry::DN
                || is_mapped(name)
                || requested.iter().any(|it| it.eq_ignore_ascii_case(name))
        };
        let found = entry.oversized.iter().find(|(name, _)| matters(name));
        found.map(|(_, limit)| limit.to_string())
    }

    /// The five fields, and the other values of those that have several.
    fn profile<'a>(&self, entry: &'a Entry) -> Result<(Profile<&'a str>, Others), String> {
        let mut all_others = Others::new();
        let profile = Profile::try_from_fn(|field| {
            let Some(Value { first, others }) = values::of(entry, self.attributes(field))? else {
                return Ok::<_, String>(None);
            };
            if !others.is_empty() {
                let others = others.into_iter().map(str::to_owned).collect();
                all_others.push((field, others));
            }
            Ok(Some(first))
        })?;
        Ok((profile, all_others))
    }

    fn legible_username(&self, entry: &Entry) -> Option<String> {
        let name = values::of(entry, self.username()).ok()??.first;
        Some(name.chars().take(64).collect())
    }

    /// Whether the account is enabled, where the directory says so.
    pub fn enabled(&self, entry: &Entry) -> Option<bool> {
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

/// The time in `accountExpires`, in steps of 100 ns since 1601 (MS-ADA1 2.2); `None` for the values that mean
/// "never", and for times after the year 9999.
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
    use ldap::Limit;
    use ldap::fuzzing::entry_of;

    fn entry(attributes: &[(&str, &[u8])]) -> Entry {
        let values: Vec<[&[u8]; 1]> = attributes.iter().map(|(_, value)| [*value]).collect();
        let names = attributes.iter().map(|(name, _)| *name);
        let attributes: Vec<_> = names.zip(values.iter().map(|it| &it[..])).collect();
        entry_of("CN=a", &attributes)
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
        Mapping::unresolved(attributes, true)
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
            let mapping = Mapping::unresolved(Attributes::default(), is_active_directory);
            let user = mapping.user(&entry).expect("a user");
            assert_eq!(user.expires.is_some(), is_active_directory);
            let is_asked_for = mapping.requested().iter().any(|it| it == "accountExpires");
            assert_eq!(is_asked_for, is_active_directory);
        }
    }

    #[test]
    fn the_other_values_of_a_field_are_kept_beside_it() {
        let entry = entry_of(
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
            "MAIL is 10 bytes long, and max_value_bytes is 5"
        );
        assert!(with(Entry::DN).is_err());
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
        assert_eq!(Mapping::unresolved(attributes, false).requested().len(), 5);
    }
}
