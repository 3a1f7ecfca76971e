//! Setting a server up.

use std::net::SocketAddr;

use anyhow::Result;
use uuid::Uuid;

use crate::account::Account;
use crate::directory::identity_of;
use crate::dn::Dn;
use crate::handle::TestDir;
use crate::settings::{Kind, Settings};
use crate::state::Shared;

/// The service account of a directory that was given none, by its UPN. It may
/// also be called `CORP\svc-adsync`, or by the DN `CN=svc-adsync,CN=Users,…`.
pub const USERNAME: &str = "svc-adsync@corp.example.com";
/// The password of [`USERNAME`].
pub const PASSWORD: &str = "correct horse";

/// The domain of a directory that was given no other.
pub(crate) const DEFAULT_BASE: &str = "DC=corp,DC=example,DC=com";

/// What [`TestDir::builder`] returns.
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    base: String,
    more_contexts: Vec<String>,
    settings: Settings,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            base: DEFAULT_BASE.to_owned(),
            more_contexts: Vec::new(),
            settings: Settings::new(Dn::parse("").expect("the empty DN is one")),
        }
    }

    /// What another server was set up to be, on a port of its own.
    pub(crate) fn like(settings: &Settings) -> Self {
        let mut settings = settings.clone();
        settings.listen.set_port(0);
        Self {
            base: settings.base.to_string(),
            more_contexts: settings.more_contexts.iter().map(Dn::to_string).collect(),
            settings,
        }
    }

    /// The DN of the domain; `DC=corp,DC=example,DC=com` if not given.
    pub fn base_dn(mut self, dn: &str) -> Self {
        dn.clone_into(&mut self.base);
        self
    }

    pub fn kind(mut self, kind: Kind) -> Self {
        self.settings.kind = kind;
        self
    }

    /// Where to listen; a free port of 127.0.0.1 if not given.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.settings.listen = address;
        self
    }

    /// An account that may log in, instead of [`USERNAME`]; can be given several times.
    pub fn account(mut self, account: Account) -> Self {
        self.settings.accounts.push(account);
        self
    }

    /// `MaxPageSize`, 1000 if not given.
    pub fn max_page_size(mut self, entries: usize) -> Self {
        self.settings.max_page_size = entries.max(1);
        self
    }

    /// `MaxValRange`, 1500 if not given.
    pub fn max_val_range(mut self, values: usize) -> Self {
        self.settings.max_val_range = values.max(1);
        self
    }

    /// Whether the accounts have the right to read `CN=Deleted Objects`; an ordinary account does not.
    pub fn see_tombstones(mut self, see: bool) -> Self {
        self.settings.see_tombstones = see;
        self
    }

    /// What `highestCommittedUSN` starts from.
    pub fn first_usn(mut self, usn: u64) -> Self {
        self.settings.first_usn = usn;
        self
    }

    pub fn invocation_id(mut self, id: Uuid) -> Self {
        self.settings.invocation_id = id;
        self
    }

    /// The DN of the DC's "NTDS Settings" object; must lie below the base DN.
    pub fn ds_service_name(mut self, dn: &str) -> Self {
        self.settings.ds_service_name = Some(dn.to_owned());
        self
    }

    /// One more DC of the domain, by the name of its computer: with an "NTDS Settings" object and an
    /// `invocationId` of its own.
    pub fn controller(self, name: &str) -> Self {
        let sites = "CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration";
        let service = format!("CN=NTDS Settings,CN={name},{sites},{}", self.base);
        let id = identity_of(&service);
        self.ds_service_name(&service).invocation_id(id)
    }

    /// A naming context beside the domain's own; can be given several times. A search does not pass from one
    /// into another.
    pub fn naming_context(mut self, dn: &str) -> Self {
        self.more_contexts.push(dn.to_owned());
        self
    }

    /// The references of a search from the domain root; one to the configuration if not given.
    pub fn referrals<'a>(mut self, uris: impl IntoIterator<Item = &'a str>) -> Self {
        self.settings.referrals = Some(uris.into_iter().map(str::to_owned).collect());
        self
    }

    /// Starts the server; it accepts connections when this returns.
    pub fn start(mut self) -> Result<TestDir> {
        self.settings.base = Dn::parse(&self.base)?;
        let more = self.more_contexts.iter().map(|dn| Dn::parse(dn));
        self.settings.more_contexts = more.collect::<Result<_>>()?;
        if self.settings.accounts.is_empty() {
            self.settings.accounts.push(
                Account::new(USERNAME, PASSWORD)
                    .also_called(r"CORP\svc-adsync")
                    .also_called(format!("CN=svc-adsync,CN=Users,{}", self.base)),
            );
        }
        TestDir::serve(Shared::new(self.settings)?)
    }
}
