//! Setting a server up.

use std::net::SocketAddr;

use anyhow::Result;
use uuid::Uuid;

use crate::account::Account;
use crate::dn::Dn;
use crate::handle::TestDir;
use crate::settings::{Kind, Settings};
use crate::state::Shared;

/// The service account of a directory that was given none, by its UPN. It may
/// also be called `CORP\svc-adsync`, or by the DN `CN=svc-adsync,CN=Users,…`.
pub const USERNAME: &str = "svc-adsync@corp.example.com";
/// The password of [`USERNAME`].
pub const PASSWORD: &str = "correct horse";

/// What [`TestDir::builder`] returns.
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    base: String,
    settings: Settings,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            base: "DC=corp,DC=example,DC=com".to_owned(),
            settings: Settings::new(Dn::parse("").expect("the empty DN is one")),
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

    /// The references of a search from the domain root; one to the configuration if not given.
    pub fn referrals<'a>(mut self, uris: impl IntoIterator<Item = &'a str>) -> Self {
        self.settings.referrals = Some(uris.into_iter().map(str::to_owned).collect());
        self
    }

    /// Starts the server; it accepts connections when this returns.
    pub fn start(mut self) -> Result<TestDir> {
        self.settings.base = Dn::parse(&self.base)?;
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
