//! A directory as its clients see it: where it is, who may read it, and what to ask for.
//!
//! Every client of a comparison is made from the same endpoint, so that all of them ask the same.

use std::path::PathBuf;

/// adsync's own default, which the settings of the benchmark leave as it is.
pub const FILTER: &str =
    "(&(objectCategory=person)(objectClass=user)(!(isCriticalSystemObject=TRUE)))";

/// How to reach a directory.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub url: String,
    /// Base DN: the users are below it.
    pub base_dn: String,
    /// The name of an account that may read: a DN or a UPN.
    pub bind_name: String,
    pub password: String,
    /// The CA of an `ldaps://` server, as PEM.
    pub ca_file: Option<PathBuf>,
}

impl Endpoint {
    /// No directory; for commands that ask none.
    pub fn nowhere() -> Self {
        Self {
            url: "ldaps://dc1.invalid".to_owned(),
            base_dn: "DC=invalid".to_owned(),
            bind_name: "nobody".to_owned(),
            password: "none".to_owned(),
            ca_file: None,
        }
    }
}
