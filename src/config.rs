//! The settings: where they are found, how they are read, and what each value must be.
//!
//! Every value is checked by the type it is read into (`values`), so an error names the line; what
//! concerns several values together is checked in [`Settings::load`].

mod apart;
mod location;
mod login;
mod path;
mod reading;
#[cfg(unix)]
pub(crate) mod trust;
mod values;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::compare::OutOfScopePolicy;
use crate::failure::{Failure, Kind};
use crate::login::Login;
use crate::plan::{Limit, Limits};
use crate::secret;

pub use location::default_store_path;
use login::{Auth, Keys};
use path::SettingsPath;
pub use values::{AttributeNames, Filter, ServerUrl};
use values::{
    DnsServer, DomainName, Interval, LimitValue, MaxEntries, MaxMessageBytes, MaxValueBytes,
    PageSize, Password, PasswordCommand, RunTimeout, Seconds,
};

/// The settings, checked.
#[derive(Debug)]
pub struct Settings {
    /// The file they were read from.
    pub file: PathBuf,
    /// `[directory]`
    pub directory: Directory,
    /// `[store] path`
    pub store_path: PathBuf,
    /// Whether the store is never written to.
    pub read_only: bool,
    /// `[sync]`
    pub sync: Sync,
}

/// Where the servers are known from.
#[derive(Clone, Debug)]
pub enum ServerSource {
    /// Named in the settings, in the order in which they are tried; at least one.
    Urls(Vec<ServerUrl>),
    /// The domain controllers that the DNS names for a domain.
    Domain {
        /// The domain's DNS name.
        name: String,
        /// The DNS server to ask; none for those of this host.
        dns_server: Option<SocketAddr>,
        /// Servers outside that domain that it may name.
        allowed: Vec<String>,
    },
}

/// How to reach and read the directory.
#[derive(Debug)]
pub struct Directory {
    /// Where the servers are known from.
    pub servers: ServerSource,
    /// Whether an `ldap://` connection is upgraded with `StartTLS` (RFC 4511, 4.14).
    pub starttls: bool,
    /// CA certificates in PEM; none for the system's trust store.
    pub ca_file: Option<PathBuf>,
    /// How to log in.
    pub login: Login,
    /// Base of the scope; none for the domain's `defaultNamingContext`.
    pub base_dn: Option<String>,
    /// Filter of the scope (RFC 4515).
    pub filter: Filter,
    /// Entries a page, 1 to 1000.
    pub page_size: u32,
    /// Deadline for name, connection, TLS and bind together.
    pub connect_timeout: Duration,
    /// Deadline for each answer.
    pub timeout: Duration,
    /// How long all of a run's reading may take.
    pub run_timeout: Duration,
    /// Entries that a search may return.
    pub max_entries: u64,
    /// Bytes that a value may have.
    pub max_value_bytes: usize,
    /// Bytes that a message may have.
    pub max_message_bytes: u64,
    /// Accept any certificate.
    pub accept_invalid_certs: bool,
    /// Which attribute each field is read from.
    pub attributes: Attributes,
}

impl Directory {
    /// Whether any connection may be one with TLS.
    pub fn uses_tls(&self) -> bool {
        self.starttls
            || match &self.servers {
                ServerSource::Urls(urls) => urls.iter().any(ServerUrl::is_ldaps),
                ServerSource::Domain { .. } => true,
            }
    }
}

/// Which attribute each field is read from; the first that has a value counts.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attributes {
    /// Default `sAMAccountName`.
    pub username: AttributeNames,
    /// Default `givenName`.
    pub first_name: AttributeNames,
    /// Default `sn`.
    pub last_name: AttributeNames,
    /// Default `mail`.
    pub email: AttributeNames,
    /// Default `telephoneNumber`.
    pub contact_number: AttributeNames,
    /// The identity: default `objectGUID`; `entryUUID` on a server that is not AD.
    pub guid: AttributeNames,
}

impl Default for Attributes {
    fn default() -> Self {
        Self {
            username: AttributeNames::one("sAMAccountName"),
            first_name: AttributeNames::one("givenName"),
            last_name: AttributeNames::one("sn"),
            email: AttributeNames::one("mail"),
            contact_number: AttributeNames::one("telephoneNumber"),
            guid: AttributeNames::one("objectGUID"),
        }
    }
}

/// How users are kept in step.
#[derive(Debug)]
pub struct Sync {
    /// What the guard lets through unasked.
    pub limits: Limits,
    /// How long a user must be missing before that may be proof that it was deleted.
    pub missing_after: Duration,
    /// What becomes of users that left the scope.
    pub out_of_scope: OutOfScopePolicy,
    /// A full run at least this often.
    pub full_every: Duration,
    /// How long runs and changes are kept, in days.
    pub history_days: u32,
    /// Where what is measured of a run is written to, for Prometheus.
    pub metrics_file: Option<PathBuf>,
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    directory: DirectoryTable,
    #[serde(default)]
    store: StoreTable,
    #[serde(default)]
    sync: SyncTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DirectoryTable {
    url: Option<ServerUrl>,
    urls: Option<Vec<ServerUrl>>,
    domain: Option<DomainName>,
    dns_server: Option<DnsServer>,
    #[serde(default)]
    allowed_servers: Vec<String>,
    #[serde(default)]
    starttls: bool,
    ca_file: Option<SettingsPath>,
    #[serde(default)]
    auth: Auth,
    username: Option<String>,
    password_file: Option<SettingsPath>,
    password_command: Option<PasswordCommand>,
    password: Option<Password>,
    keytab: Option<SettingsPath>,
    principal: Option<String>,
    base_dn: Option<String>,
    #[serde(default)]
    filter: Filter,
    #[serde(default)]
    page_size: PageSize,
    #[serde(default = "default_connect_timeout")]
    connect_timeout_secs: Seconds,
    #[serde(default = "default_timeout")]
    timeout_secs: Seconds,
    #[serde(default)]
    run_timeout: RunTimeout,
    #[serde(default)]
    max_entries: MaxEntries,
    #[serde(default)]
    max_value_bytes: MaxValueBytes,
    #[serde(default)]
    max_message_bytes: MaxMessageBytes,
    #[serde(default)]
    allow_plaintext: bool,
    #[serde(default)]
    danger_accept_invalid_certs: bool,
    #[serde(default)]
    attributes: Attributes,
}

fn default_connect_timeout() -> Seconds {
    Seconds(Duration::from_secs(5))
}

fn default_timeout() -> Seconds {
    Seconds(Duration::from_mins(1))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoreTable {
    path: Option<SettingsPath>,
    #[serde(default)]
    read_only: bool,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SyncTable {
    max_deletes: LimitValue,
    max_cleared: LimitValue,
    max_disabled: LimitValue,
    max_modified: LimitValue,
    max_missing: LimitValue,
    missing_after: Interval,
    out_of_scope: OutOfScopePolicy,
    full_every: Interval,
    history_days: u32,
    metrics_file: Option<SettingsPath>,
}

impl Default for SyncTable {
    fn default() -> Self {
        Self {
            max_deletes: LimitValue(Limit::Percent(10)),
            max_cleared: LimitValue(Limit::Percent(10)),
            max_disabled: LimitValue(Limit::Percent(10)),
            max_modified: LimitValue(Limit::Percent(50)),
            max_missing: LimitValue(Limit::Percent(10)),
            missing_after: Interval(Duration::from_hours(24)),
            out_of_scope: OutOfScopePolicy::Keep,
            full_every: Interval(Duration::from_hours(24)),
            history_days: 365,
            metrics_file: None,
        }
    }
}

impl Settings {
    /// Finds, reads and checks the settings; `explicit` is what `--config` says.
    pub fn load(explicit: Option<&Path>) -> Result<Self, Failure> {
        let file = location::find(explicit)?;
        let (text, metadata) = reading::read(&file)?;
        #[cfg(unix)]
        trust::require(&file, &metadata)?;
        let settings = Self::from_text(file, &text)?;
        let password = settings.directory.login.password();
        if password.is_some_and(|(_, sources)| sources.inline.is_some()) {
            secret::refuse_if_others_have_it(&settings.file, &metadata)?;
        }
        Ok(settings)
    }

    /// The same from the text of a file.
    pub(crate) fn from_text(file: PathBuf, text: &str) -> Result<Self, Failure> {
        let File {
            directory,
            store,
            sync,
        } = reading::parse(&file, text)?;
        let folder = path::folder_of(&file);
        let store_path = match store.path {
            Some(path) => path.within(&folder),
            None => default_store_path()?,
        };
        Ok(Self {
            directory: directory.check(&file, &folder)?,
            store_path,
            read_only: store.read_only,
            sync: Sync {
                limits: Limits {
                    deletes: sync.max_deletes.0,
                    cleared: sync.max_cleared.0,
                    disabled: sync.max_disabled.0,
                    modified: sync.max_modified.0,
                    missing: sync.max_missing.0,
                },
                missing_after: sync.missing_after.0,
                out_of_scope: sync.out_of_scope,
                full_every: sync.full_every.0,
                history_days: sync.history_days,
                metrics_file: sync.metrics_file.map(|it| it.within(&folder)),
            },
            file,
        })
    }
}

impl DirectoryTable {
    /// Checks what concerns several values together.
    fn check(self, file: &Path, folder: &Path) -> Result<Directory, Failure> {
        let wrong = |what: &str| {
            Failure::new(
                Kind::Settings,
                format!("settings {}: {what}", file.display()),
            )
        };
        let urls = match (self.url, self.urls, &self.domain) {
            (Some(url), None, None) => vec![url],
            (None, Some(urls), None) if !urls.is_empty() => urls,
            (None, None, Some(_)) => Vec::new(),
            (None, _, None) => {
                return Err(wrong("no server under [directory]").hint(
                    "add url = \"ldaps://dc1.corp.example.com\", or domain = \"corp.example.com\"",
                ));
            }
            (Some(_), Some(_), _) => {
                return Err(wrong("both url and urls are given under [directory]")
                    .hint("keep urls; they are tried in order"));
            }
            _ => {
                return Err(
                    wrong("both a server and a domain are given under [directory]")
                        .hint("keep domain to find the servers in the DNS, else url or urls"),
                );
            }
        };
        if self.dns_server.is_some() && self.domain.is_none() {
            return Err(wrong("dns_server under [directory] goes with domain"));
        }
        if !self.allowed_servers.is_empty() && self.domain.is_none() {
            return Err(wrong("allowed_servers under [directory] goes with domain"));
        }
        // Without TLS, Kerberos encrypts the connection itself, or the login fails.
        let may_be_plain = self.allow_plaintext || self.auth == Auth::Kerberos;
        let login = Keys {
            auth: self.auth,
            username: self.username,
            password_file: self.password_file,
            password_command: self.password_command,
            password: self.password,
            keytab: self.keytab,
            principal: self.principal,
        }
        .check(folder, wrong)?;
        if self.base_dn.as_deref() == Some("") {
            return Err(wrong("base_dn is empty").hint("leave it out to read the whole domain"));
        }
        for url in &urls {
            if self.starttls && url.is_ldaps() {
                return Err(wrong(&format!(
                    "starttls is for ldap:// only, and {url} is ldaps://"
                ))
                .hint("leave starttls out: ldaps:// is encrypted from the start"));
            }
            if !url.is_ldaps() && !self.starttls && !may_be_plain && !url.is_loopback() {
                return Err(wrong(&format!(
                    "the password would cross the network in clear to {url}"
                ))
                .hint("use ldaps://, or starttls = true, or say allow_plaintext = true"));
            }
        }
        if self.attributes.guid.iter().count() != 1 {
            return Err(wrong(
                "guid under [directory.attributes] must be one attribute",
            ));
        }
        Ok(Directory {
            servers: match self.domain {
                None => ServerSource::Urls(urls),
                Some(DomainName(name)) => ServerSource::Domain {
                    name,
                    dns_server: self.dns_server.map(|it| it.0),
                    allowed: self.allowed_servers,
                },
            },
            starttls: self.starttls,
            ca_file: self.ca_file.map(|it| it.within(folder)),
            login,
            base_dn: self.base_dn,
            filter: self.filter,
            page_size: self.page_size.0,
            connect_timeout: self.connect_timeout_secs.0,
            timeout: self.timeout_secs.0,
            run_timeout: self.run_timeout.0,
            max_entries: self.max_entries.0,
            max_value_bytes: self.max_value_bytes.0,
            max_message_bytes: self.max_message_bytes.0,
            accept_invalid_certs: self.danger_accept_invalid_certs,
            attributes: self.attributes,
        })
    }
}
