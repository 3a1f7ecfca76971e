//! How adsync logs in: with the password of an account, or with a Kerberos ticket.

#[cfg(feature = "kerberos")]
pub mod keytab;
pub mod password;

use std::path::Path;

use ldap::Credentials;
#[cfg(feature = "kerberos")]
use ldap::Kerberos;

use crate::error::Failure;
use crate::util::shell::quoted;
use password::PasswordSources;

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

impl Login {
    /// What must be done first: making the keytab that of this process.
    #[cfg_attr(
        not(feature = "kerberos"),
        allow(clippy::unnecessary_wraps, clippy::unused_self)
    )]
    pub fn prepare(&self) -> Result<(), Failure> {
        #[cfg(feature = "kerberos")]
        if let Self::Kerberos(kerberos) = self {
            return keytab::adopt(kerberos);
        }
        Ok(())
    }

    /// The bind name and where its password comes from; none with Kerberos.
    #[cfg_attr(not(feature = "kerberos"), allow(clippy::unnecessary_wraps))]
    pub fn password(&self) -> Option<(&str, &PasswordSources)> {
        match self {
            Self::Password { username, sources } => Some((username, sources)),
            #[cfg(feature = "kerberos")]
            Self::Kerberos(_) => None,
        }
    }

    /// The file with the keys, if it logs in with one.
    pub fn keytab(&self) -> Option<&Path> {
        match self {
            Self::Password { .. } => None,
            #[cfg(feature = "kerberos")]
            Self::Kerberos(kerberos) => kerberos.keytab.as_deref(),
        }
    }

    /// What the login needs, as `check` calls the step.
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
                Ok(Credentials::Password(username, password::read(sources)?))
            }
            #[cfg(feature = "kerberos")]
            Self::Kerberos(kerberos) => {
                keytab::check(kerberos)?;
                Ok(Credentials::Ticket(Kerberos {
                    keytab: keytab::of(kerberos),
                    ..kerberos.clone()
                }))
            }
        }
    }

    /// How `ldapsearch` (`OpenLDAP`) logs in the same way, in words of bash or zsh. It never holds the password.
    pub fn ldapsearch(&self, is_encrypted: bool) -> String {
        match self.password() {
            Some((username, sources)) => {
                format!("-x -D {} {}", quoted(username), password(sources))
            }
            // AD refuses a second encryption within TLS.
            None if is_encrypted => "-Y GSSAPI -Q -N -O maxssf=0".to_owned(),
            None => "-Y GSSAPI -Q -N -O minssf=56".to_owned(),
        }
    }
}

/// Where `ldapsearch` takes the password from. A command of the settings may hold a secret itself, so it is
/// asked for instead, as what is not in a file is.
fn password(sources: &PasswordSources) -> String {
    let Some(path) = password::file_of(sources) else {
        return "-W".to_owned();
    };
    let file = quoted(&path.to_string_lossy()).into_owned();
    if ends_a_line(&path) {
        // ldapsearch would take the line end as a part of the password.
        format!("-y <(printf %s \"$(cat {file})\")")
    } else {
        format!("-y {file}")
    }
}

fn ends_a_line(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| bytes.ends_with(b"\n"))
}
