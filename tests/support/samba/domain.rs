//! Owns what the domains of the tests are called. Nearly every test has one domain, and then it is
//! [`CORP`]; [`BRANCH`] is another one, and [`REBUILT`] one of the same name as the first.

/// A domain, as DNS, as Windows before 2000 and as LDAP write it, and the accounts in it.
#[derive(Debug, Hash)]
pub(crate) struct Domain {
    /// What it is kept under, once it was made.
    pub(super) archive: &'static str,
    pub(crate) dns: &'static str,
    pub(crate) netbios: &'static str,
    pub(crate) base_dn: &'static str,
    pub(crate) staff_dn: &'static str,
    pub(crate) admin_upn: &'static str,
    pub(crate) service_upn: &'static str,
    pub(crate) service_dn: &'static str,
}

pub(crate) const CORP: Domain = Domain {
    archive: "corp",
    dns: "corp.example.com",
    netbios: "CORP",
    base_dn: "DC=corp,DC=example,DC=com",
    staff_dn: "OU=Staff,DC=corp,DC=example,DC=com",
    admin_upn: "Administrator@corp.example.com",
    service_upn: "svc-adsync@corp.example.com",
    service_dn: "CN=svc-adsync,CN=Users,DC=corp,DC=example,DC=com",
};

pub(crate) const BRANCH: Domain = Domain {
    archive: "branch",
    dns: "branch.example.net",
    netbios: "BRANCH",
    base_dn: "DC=branch,DC=example,DC=net",
    staff_dn: "OU=Staff,DC=branch,DC=example,DC=net",
    admin_upn: "Administrator@branch.example.net",
    service_upn: "svc-adsync@branch.example.net",
    service_dn: "CN=svc-adsync,CN=Users,DC=branch,DC=example,DC=net",
};

/// All its names are those of [`CORP`], and nothing in it is the same.
pub(crate) const REBUILT: Domain = Domain {
    archive: "rebuilt",
    ..CORP
};
