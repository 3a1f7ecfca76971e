//! Why the directory could not be read, in words an administrator understands.
//!
//! What happened, in words. How to fix it is for [`crate::error`] to say.

mod attributes;

use ldap::{Connection, ServerUrl};

use super::mapping::Unusable;

/// The directory could not be read. Whatever the cause, nothing read before it counts.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// A connection or a search failed.
    #[error(transparent)]
    Ldap(#[from] ldap::Error),
    /// The DNS could not be asked for the servers of a domain, or names none that can be used.
    #[error("cannot find the address of the domain {domain}: {why}")]
    NoServers {
        /// The domain.
        domain: String,
        /// Why.
        why: String,
    },
    /// The DNS names only servers outside the domain.
    #[error(
        "cannot find the address of the domain {domain}: the DNS names servers outside of it only ({})",
        hosts.join(", ")
    )]
    OutsideServers {
        /// The domain.
        domain: String,
        /// The servers.
        hosts: Vec<String>,
    },
    /// The server has no naming context that may hold users.
    #[error("cannot read the rootDSE from {server}: it names no naming context")]
    NoContext {
        /// The server.
        server: ServerUrl,
    },
    /// The base is in none of the server's naming contexts that may hold users.
    #[error(
        "cannot read {base} from {server}: it lies in none of the server's naming contexts{}",
        listed(contexts)
    )]
    OutsideDomain {
        /// The server.
        server: ServerUrl,
        /// The base.
        base: String,
        /// The naming contexts, the domain's own first.
        contexts: Vec<String>,
    },
    /// An existing user is not found by this attribute.
    #[error(
        "cannot read users of {domain} by identity from {server}: this server does not find users by their {attribute}, so none can be told to be gone"
    )]
    IdentityNotSearchable {
        /// The server.
        server: ServerUrl,
        /// The naming context that was searched.
        domain: String,
        /// The attribute.
        attribute: String,
    },
    /// These attributes of the settings cannot be used on this server.
    #[error(
        "cannot use [directory.attributes] with {server}: {}",
        joined(unusable)
    )]
    Unusable {
        /// The server.
        server: ServerUrl,
        /// The attributes.
        unusable: Vec<Unusable>,
    },
    /// The server cannot compare usernames with the patterns of `exclude`.
    #[error(
        "cannot use exclude with {server}: it cannot compare {} with the patterns, so nobody would be in scope",
        attributes.join(" or ")
    )]
    Undecided {
        /// The server.
        server: ServerUrl,
        /// The attributes of usernames.
        attributes: Vec<String>,
    },
    /// The server sent more of something than any directory has.
    #[error("cannot read {what} from {server}: there are more than {most} {of}")]
    TooMany {
        /// The server.
        server: ServerUrl,
        /// What was read.
        what: String,
        /// What it sent too much of.
        of: &'static str,
        /// The most there may be.
        most: usize,
    },
}

impl DirectoryError {
    /// The error for a server that sent more of something than any directory has.
    pub(super) fn too_many(
        connection: &Connection,
        what: String,
        of: &'static str,
        most: usize,
    ) -> Self {
        Self::TooMany {
            server: connection.server().clone(),
            what,
            of,
            most,
        }
    }

    /// The error of the connection or the search, if it is one.
    pub fn ldap(&self) -> Option<&ldap::Error> {
        match self {
            Self::Ldap(error) => Some(error),
            _ => None,
        }
    }

    /// The result code, if the server gave one.
    pub fn result_code(&self) -> Option<u32> {
        self.ldap()?.result_code()
    }
}

fn listed(contexts: &[String]) -> String {
    match contexts {
        [] => String::new(),
        contexts => format!(" ({})", contexts.join("; ")),
    }
}

fn joined(unusable: &[Unusable]) -> String {
    let all: Vec<String> = unusable.iter().map(Unusable::to_string).collect();
    all.join("; ")
}
