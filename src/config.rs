//! The settings: where to find them, how to read them, and what each value must be.
//!
//! Every value is checked by the type it is read into (`values`), so an error names the line; what
//! concerns several values together is checked in [`Settings::load`].

mod apart;
pub mod in_force;
mod location;
mod login;
mod path;
mod reading;
mod store_table;
#[cfg(unix)]
pub(crate) mod trust;
mod users_table;
mod values;

use std::path::{Path, PathBuf};
use std::time::Duration;

use ldap::{Filter, Limits, ServerUrl};
use serde::Deserialize;

use crate::credentials::Login;
use crate::credentials::password::{self, PasswordSources};
use crate::directory::{self, Attributes, PEOPLE, ServerSource};
use crate::error::Failure;
use crate::plan::compare::OutOfScopePolicy;
use crate::plan::{GuardLimits, Limit};
use crate::store::database::Server;
use crate::store::{self, Location, Store};
use crate::user::Field;

pub use location::default_store_path;
use login::Auth;
use path::SettingsPath;
use store_table::StoreTable;
use values::{
    DnsServer, DomainName, Interval, LimitValue, MaxEntries, MaxMessageBytes, MaxValueBytes,
    PageSize, Password, PasswordCommand, RunTimeout, Seconds,
};

/// The settings, checked.
#[derive(Debug)]
pub struct Settings {
    /// The file they were read from.
    pub file: PathBuf,
    /// `[directory]`, but for the login
    pub directory: directory::Options,
    /// How to log in.
    pub login: Login,
    /// Where the store is.
    pub store: Location,
    /// Where the password of its server comes from.
    pub store_password: PasswordSources,
    /// Whether the store is never written to.
    pub read_only: bool,
    /// `[sync]`
    pub sync: Sync,
}

/// How users are kept in step.
#[derive(Debug)]
pub struct Sync {
    /// What the guard passes without confirmation.
    pub limits: GuardLimits,
    /// How long a user must be missing before that may be proof that it was deleted.
    pub missing_after: Duration,
    /// What happens to users that left the scope.
    pub out_of_scope: OutOfScopePolicy,
    /// A full run at least this often.
    pub full_every: Duration,
    /// How long runs and changes are kept, in days.
    pub history_days: u32,
    /// Where to write the metrics of a run, for Prometheus.
    pub metrics_file: Option<PathBuf>,
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(deserialize_with = "values::table")]
    directory: DirectoryTable,
    #[serde(default, deserialize_with = "values::table")]
    store: StoreTable,
    #[serde(default, deserialize_with = "values::table")]
    sync: SyncTable,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct DirectoryTable {
    url: Option<ServerUrl>,
    urls: Option<Vec<ServerUrl>>,
    domain: Option<DomainName>,
    dns_server: Option<DnsServer>,
    allowed_servers: Vec<String>,
    starttls: bool,
    ca_file: Option<SettingsPath>,
    auth: Auth,
    username: Option<String>,
    password_file: Option<SettingsPath>,
    password_command: Option<PasswordCommand>,
    password: Option<Password>,
    keytab: Option<SettingsPath>,
    principal: Option<String>,
    base_dn: Option<String>,
    filter: Option<Filter>,
    exclude: Vec<String>,
    page_size: PageSize,
    connect_timeout_secs: Seconds<5>,
    timeout_secs: Seconds<60>,
    run_timeout: RunTimeout,
    max_entries: MaxEntries,
    max_value_bytes: MaxValueBytes,
    max_message_bytes: MaxMessageBytes,
    allow_plaintext: bool,
    danger_accept_invalid_certs: bool,
    #[serde(deserialize_with = "values::table")]
    attributes: Attributes,
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
    /// Finds, reads and checks the settings; `explicit` is the path given by `--config`.
    pub fn load(explicit: Option<&Path>) -> Result<Self, Failure> {
        Ok(Self::load_with_text(explicit)?.0)
    }

    /// The same, with the text of the file.
    pub fn load_with_text(explicit: Option<&Path>) -> Result<(Self, String), Failure> {
        let file = location::find(explicit)?;
        let (text, metadata) = reading::read(&file)?;
        #[cfg(unix)]
        trust::require(&file, &metadata)?;
        let settings = Self::from_text(file, &text)?;
        let password = settings.login.password();
        let has_password = password.is_some_and(|(_, sources)| sources.inline.is_some());
        if has_password || settings.store_password.inline.is_some() {
            password::refuse_if_others_have_it(&settings.file, &metadata)?;
        }
        Ok((settings, text))
    }

    /// The same, from the text of a file.
    pub(crate) fn from_text(file: PathBuf, text: &str) -> Result<Self, Failure> {
        let File {
            directory,
            store,
            sync,
        } = reading::parse(&file, text)?;
        let folder = path::folder_of(&file);
        let read_only = store.read_only;
        let wrong = |what: &str| Failure::in_settings(&file, what);
        let (store, store_password) = store.location(&folder, wrong)?;
        let (mut directory, login) = directory.check(&file, &folder)?;
        if let Location::Server(server) = &store
            && let Some(mapping) = &server.users
        {
            // What the application does not keep is not read, either.
            let unmapped = |field: &Field| mapping.column(*field).is_none();
            for field in Field::OPTIONAL.iter().filter(|it| unmapped(it)) {
                directory.attributes.leave_out(*field);
            }
        }
        Ok(Self {
            directory,
            login,
            store,
            store_password,
            read_only,
            sync: Sync {
                limits: GuardLimits {
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

impl Settings {
    /// The store, with the password of its server, if it has one.
    pub fn open_store(&self) -> Result<Box<dyn Store>, Failure> {
        Ok(match &self.store {
            Location::File(path) => store::at(path),
            Location::Server(server) => Box::new(Server {
                password: password::of_store(&self.store_password)?,
                ..(**server).clone()
            }),
        })
    }
}

impl DirectoryTable {
    /// Checks what concerns several values together.
    fn check(mut self, file: &Path, folder: &Path) -> Result<(directory::Options, Login), Failure> {
        let wrong = |what: &str| Failure::in_settings(file, what);
        let urls = match (self.url.take(), self.urls.take(), &self.domain) {
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
        let login = match self.auth {
            Auth::Password => self.login_with_password(folder, wrong),
            Auth::Kerberos => self.login_with_ticket(folder, wrong),
        }?;
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
        if let Some(all) = self
            .exclude
            .iter()
            .find(|it| it.trim_matches('*').trim().is_empty())
        {
            let what = format!("exclude under [directory] has {all:?}, which leaves everybody out");
            return Err(wrong(&what).hint("name the users, such as \"svc-*\""));
        }
        if self.attributes.guid.iter().count() != 1 {
            return Err(wrong(
                "guid under [directory.attributes] must be one attribute",
            ));
        }
        let options = directory::Options {
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
            base_dn: self.base_dn,
            filter: self.filter.unwrap_or(PEOPLE),
            exclude: self.exclude,
            limits: Limits {
                page_size: self.page_size.0,
                connect_timeout: self.connect_timeout_secs.0,
                timeout: self.timeout_secs.0,
                run_timeout: self.run_timeout.0,
                max_entries: self.max_entries.0,
                max_value_bytes: self.max_value_bytes.0,
                max_message_bytes: self.max_message_bytes.0,
            },
            accept_invalid_certs: self.danger_accept_invalid_certs,
            attributes: self.attributes,
        };
        Ok((options, login))
    }
}
