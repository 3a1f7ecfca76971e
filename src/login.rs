//! How adsync logs in: with the password of an account, or with a Kerberos ticket.

use std::path::PathBuf;

use secrecy::SecretString;

use crate::failure::Failure;
use crate::secret::{self, PasswordSources};

/// What the settings say of the login.
#[derive(Debug)]
pub enum Login {
    /// A simple bind.
    Password {
        /// Bind name: UPN, `DOMAIN\name` or DN.
        username: String,
        /// Where the password comes from.
        sources: PasswordSources,
    },
    /// SASL GSSAPI (RFC 4752).
    #[cfg(feature = "kerberos")]
    Kerberos(Kerberos),
}

/// Whose ticket is shown, and where it comes from.
#[derive(Clone, Debug, Default)]
pub struct Kerberos {
    /// The keys that a ticket is fetched with for the run; none for the ticket that the caller has.
    pub keytab: Option<PathBuf>,
    /// The principal, if not the first of the keytab, or that of the caller's ticket.
    pub principal: Option<String>,
}

/// What is shown to a server.
#[derive(Debug)]
pub enum Credentials<'a> {
    /// A bind name and its password.
    Password(&'a str, SecretString),
    /// A ticket.
    #[cfg(feature = "kerberos")]
    Ticket(&'a Kerberos),
}

impl Login {
    /// What must be done before anything else: a keytab is made that of this process.
    pub fn prepare(&self) -> Result<(), Failure> {
        #[cfg(feature = "kerberos")]
        if let Self::Kerberos(kerberos) = self {
            return crate::keytab::adopt(kerberos);
        }
        Ok(())
    }

    /// The bind name and where its password comes from; none with Kerberos.
    pub fn password(&self) -> Option<(&str, &PasswordSources)> {
        match self {
            Self::Password { username, sources } => Some((username, sources)),
            #[cfg(feature = "kerberos")]
            Self::Kerberos(_) => None,
        }
    }

    /// The file with the keys, if it logs in with one.
    pub fn keytab(&self) -> Option<&std::path::Path> {
        match self {
            Self::Password { .. } => None,
            #[cfg(feature = "kerberos")]
            Self::Kerberos(kerberos) => kerberos.keytab.as_deref(),
        }
    }

    /// What the login needs, as `check` names the step.
    pub fn secret(&self) -> &'static str {
        match self {
            Self::Password { .. } => "password",
            #[cfg(feature = "kerberos")]
            Self::Kerberos(_) => "keytab",
        }
    }

    /// Reads the password, or sees that the keytab can be used.
    pub fn credentials(&self) -> Result<Credentials<'_>, Failure> {
        match self {
            Self::Password { username, sources } => {
                Ok(Credentials::Password(username, secret::password(sources)?))
            }
            #[cfg(feature = "kerberos")]
            Self::Kerberos(kerberos) => {
                crate::keytab::check(kerberos)?;
                Ok(Credentials::Ticket(kerberos))
            }
        }
    }
}
