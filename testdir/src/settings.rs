//! What a directory is set up to be, before it has any content.

use std::net::{Ipv4Addr, SocketAddr};

use uuid::Uuid;

use crate::account::Account;
use crate::dn::Dn;

/// Which directory service is imitated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    ActiveDirectory,
    /// What plain LDAP has: `entryUUID` for identity, no tombstones, no USNs, no in-chain rule.
    PlainLdap,
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) kind: Kind,
    pub(crate) listen: SocketAddr,
    pub(crate) base: Dn,
    pub(crate) accounts: Vec<Account>,
    /// `MaxPageSize` of the query policy (MS-ADTS 3.1.1.3.4.6): the most entries in one answer.
    pub(crate) max_page_size: usize,
    /// `MaxValRange`: the most values of one attribute in one entry.
    pub(crate) max_val_range: usize,
    pub(crate) see_tombstones: bool,
    pub(crate) first_usn: u64,
    pub(crate) invocation_id: Uuid,
    pub(crate) ds_service_name: Option<String>,
    pub(crate) referrals: Option<Vec<String>>,
    /// Naming contexts beside the domain's own and its configuration.
    pub(crate) more_contexts: Vec<Dn>,
}

impl Settings {
    pub(crate) fn new(base: Dn) -> Self {
        Self {
            kind: Kind::default(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            base,
            accounts: Vec::new(),
            max_page_size: 1000,
            max_val_range: 1500,
            see_tombstones: false,
            first_usn: 8192,
            invocation_id: Uuid::from_u128(0x5f3e_2d1c_4b6a_4988_8a7b_6c5d_4e3f_2a1b),
            ds_service_name: None,
            referrals: None,
            more_contexts: Vec::new(),
        }
    }

    pub(crate) fn is_active_directory(&self) -> bool {
        self.kind == Kind::ActiveDirectory
    }

    pub(crate) fn configuration(&self) -> String {
        format!("CN=Configuration,{}", self.base)
    }

    /// The DN of the entry that holds the lifetimes of deleted objects (MS-ADTS 6.1.1.2.4.1.1).
    pub(crate) fn directory_service(&self) -> String {
        let configuration = self.configuration();
        format!("CN=Directory Service,CN=Windows NT,CN=Services,{configuration}")
    }

    /// The DN of the entry that says which optional features the forest has (MS-ADTS 3.1.1.9).
    pub(crate) fn partitions(&self) -> String {
        format!("CN=Partitions,{}", self.configuration())
    }

    /// The DN of the entry that says which attributes there are (RFC 4512, 4.2).
    pub(crate) fn subschema(&self) -> String {
        match self.kind {
            Kind::ActiveDirectory => format!("CN=Aggregate,CN=Schema,{}", self.configuration()),
            Kind::PlainLdap => "cn=Subschema".to_owned(),
        }
    }

    /// The DN of the DC's "NTDS Settings" object, which carries its `invocationId`.
    pub(crate) fn ds_service_name(&self) -> String {
        self.ds_service_name.clone().unwrap_or_else(|| {
            format!(
                "CN=NTDS Settings,CN=DC1,CN=Servers,CN=Default-First-Site-Name,CN=Sites,{}",
                self.configuration()
            )
        })
    }

    pub(crate) fn dns_host_name(&self) -> String {
        format!("dc1.{}", self.base.dns_domain())
    }

    /// Where a search from the domain root is referred to for the other naming contexts.
    pub(crate) fn referrals(&self) -> Vec<String> {
        match (&self.referrals, self.kind) {
            (Some(referrals), _) => referrals.clone(),
            (None, Kind::PlainLdap) => Vec::new(),
            (None, Kind::ActiveDirectory) => vec![format!(
                "ldaps://{}/{}",
                self.base.dns_domain(),
                self.configuration()
            )],
        }
    }
}
