//! A server's rootDSE (RFC 4512, 5.1; MS-ADTS 3.1.1.3.2).

use ldap::{Connection, Entry, SHOW_DELETED, Search, dn};

use super::error::DirectoryError;

/// `LDAP_CAP_ACTIVE_DIRECTORY_OID` (MS-ADTS 3.1.1.3.4.3.1)
const ACTIVE_DIRECTORY: &str = "1.2.840.113556.1.4.800";

/// The attributes of the rootDSE that matter here.
#[derive(Clone, Debug, Default)]
pub struct RootDse {
    /// The domain's naming context; AD only.
    pub default_naming_context: Option<String>,
    /// The naming context of the forest's own settings (`configurationNamingContext`); AD only.
    pub configuration: Option<String>,
    /// All naming contexts of the server.
    pub naming_contexts: Vec<String>,
    /// Whether it is Active Directory (Windows or Samba).
    pub is_active_directory: bool,
    /// Whether it is 389 Directory Server.
    pub is_389_directory_server: bool,
    /// Whether deleted objects can be requested.
    pub shows_deleted: bool,
    /// The DN of the domain controller's NTDS Settings object (`dsServiceName`); AD only.
    pub service: Option<String>,
    /// The domain controller's highest USN (`highestCommittedUSN`); AD only.
    pub highest_usn: Option<i64>,
    /// The DN of the entry that holds its schema (`subschemaSubentry`).
    pub subschema: Option<String>,
    /// How far its clock is ahead of this host's, in seconds (`currentTime`); AD only.
    pub clock_ahead: Option<i64>,
}

/// The requested attributes.
const ATTRIBUTES: [&str; 10] = [
    "defaultNamingContext",
    "namingContexts",
    "configurationNamingContext",
    "supportedCapabilities",
    "supportedControl",
    "dsServiceName",
    "highestCommittedUSN",
    "currentTime",
    "subschemaSubentry",
    "vendorName",
];

impl RootDse {
    /// Reads it.
    pub fn read(connection: &mut Connection) -> Result<Self, DirectoryError> {
        let search = Search {
            what: "the rootDSE".to_owned(),
            ..Search::at("", &ATTRIBUTES)
        };
        let (entries, _) = connection.search(&search)?.all()?;
        let Some(entry) = entries.first() else {
            return Ok(Self::default());
        };
        let time = entry.first_text("currentTime");
        let time = time.and_then(|it| second(&it));
        Ok(Self {
            clock_ahead: time.map(|it| it - jiff::Timestamp::now().as_second()),
            ..Self::from_entry(entry)
        })
    }

    fn from_entry(entry: &Entry) -> Self {
        let has = |attribute, value: &str| entry.has(attribute, value);
        Self {
            default_naming_context: entry.first_text("defaultNamingContext"),
            configuration: entry.first_text("configurationNamingContext"),
            naming_contexts: entry.few_texts("namingContexts"),
            is_active_directory: has("supportedCapabilities", ACTIVE_DIRECTORY),
            is_389_directory_server: has("vendorName", "389 Project"),
            shows_deleted: has("supportedControl", SHOW_DELETED),
            service: entry.first_text("dsServiceName"),
            highest_usn: entry
                .first_text("highestCommittedUSN")
                .and_then(|it| it.parse().ok()),
            subschema: entry.first_text("subschemaSubentry"),
            clock_ahead: None,
        }
    }

    /// The naming contexts that may hold users: the domain's own first, without AD's own data.
    pub fn for_users(&self) -> Vec<String> {
        let is_ads_own = |context: &str| {
            let context = dn::normalised(context);
            [
                "cn=configuration,",
                "cn=schema,",
                "dc=domaindnszones,",
                "dc=forestdnszones,",
            ]
            .iter()
            .any(|it| context.starts_with(it))
        };
        let mut contexts = self.naming_contexts.clone();
        contexts.retain(|it| !self.is_active_directory || !is_ads_own(it));
        // Stable: the others stay as the server has them.
        contexts.sort_by_key(|it| Some(it) != self.default_naming_context.as_ref());
        contexts
    }

    /// The default base of the scope.
    pub fn default_base(&self) -> Option<&str> {
        self.default_naming_context
            .as_deref()
            .or_else(|| self.naming_contexts.first().map(String::as_str))
    }

    /// The naming context that holds a DN: the whole domain, as far as this server knows it. A server
    /// that hides its naming contexts leaves the domain components of the DN (RFC 2247).
    pub fn domain_of(&self, base: &str) -> Option<String> {
        if self.naming_contexts.is_empty() && self.default_naming_context.is_none() {
            return dn::domain_components(base);
        }
        self.naming_contexts
            .iter()
            .chain(&self.default_naming_context)
            .filter(|context| dn::is_within(base, context))
            .max_by_key(|context| dn::depth(context))
            .cloned()
    }
}

/// A time as AD writes it, `20261124133000.0Z` (X.680, `GeneralizedTime`), in seconds since 1970.
fn second(text: &str) -> Option<i64> {
    let time = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", text.get(..14)?).ok()?;
    let is_utc = text.ends_with('Z');
    is_utc
        .then(|| time.to_zoned(jiff::tz::TimeZone::UTC).ok())?
        .map(|it| it.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_of_ad_is_read() {
        assert_eq!(second("19700101000100.0Z"), Some(60));
        assert_eq!(second("20261124133000Z"), Some(1_795_527_000));
        for text in ["", "2026", "20261124133000.0+0100", "99999999999999.0Z"] {
            assert_eq!(second(text), None, "{text}");
        }
    }

    #[test]
    fn the_domain_itself_is_offered_first() {
        let root = RootDse {
            default_naming_context: Some("DC=corp".to_owned()),
            naming_contexts: ["CN=Configuration,DC=corp", "DC=app", "DC=corp"]
                .map(str::to_owned)
                .to_vec(),
            is_active_directory: true,
            ..RootDse::default()
        };
        assert_eq!(root.for_users(), ["DC=corp", "DC=app"]);
    }
}
