//! What a person is told when a command cannot continue: what failed, why, and what
//! to do about it.
//!
//! Every hint is here, and every command that fixes something: the modules below know what happened, not which
//! flag or setting is meant.
//!
//! A [`Failure`] carries the kind that decides the exit code. Code further down returns its own typed
//! errors ([`crate::directory::DirectoryError`], [`crate::store::StoreError`]); [`Failure::explain`]
//! converts them all to this form at the edge.

mod attributes;
mod certificate;
mod directory;
mod handshake;
mod kerberos;
mod login;
mod network;
pub mod refusal;
mod run;
mod store;

use std::fmt;
use std::path::Path;

use ldap::TrustError;

use crate::directory::DirectoryError;
use crate::exit_code::ExitCode;
use crate::run::RunError;
use crate::store::StoreError;
use crate::util::named::named;

pub use attributes::{hint as hint_on_attribute, other_identities};
pub use directory::commands;

named! {
    /// The kinds of failure, as `--format json` names them.
    pub enum Kind {
        /// The command line is wrong.
        Usage = "usage",
        /// The settings are wrong.
        Settings = "settings",
        /// A name is unknown to the store or the directory.
        UnknownName = "unknown_name",
        /// A server could not be reached, or did not answer in time.
        Unreachable = "unreachable",
        /// The directory refused the login.
        Login = "login",
        /// The directory answered with an error, or incompletely.
        Directory = "directory",
        /// The guard refused the plan.
        Guard = "guard",
        /// Another run holds the store.
        Locked = "locked",
        /// The store cannot be read or written.
        Store = "store",
        /// The run was done, but its result could not be printed.
        OutputFailed = "output_failed",
        /// Anything else; nothing was changed.
        Failed = "failed",
    }
}

impl Kind {
    /// The exit code for the kind.
    pub fn exit_code(self) -> ExitCode {
        match self {
            Self::Usage | Self::Settings | Self::UnknownName => ExitCode::Usage,
            Self::Unreachable | Self::Login | Self::Directory => ExitCode::Directory,
            Self::Guard => ExitCode::Refused,
            Self::Locked => ExitCode::Busy,
            Self::Store | Self::Failed => ExitCode::Failed,
            // Users were changed, so it cannot be the code for "nothing was".
            Self::OutputFailed => ExitCode::Partial,
        }
    }
}

/// Why a command ended early. The message is a fragment in lower case; the hint names the flag,
/// the setting or the command that mends it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: Kind,
    /// What failed, where, and why.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
        }
    }

    /// Wrong settings, or something they name, such as a password.
    pub fn settings(message: impl Into<String>) -> Self {
        Self::new(Kind::Settings, message)
    }

    /// Something wrong in that file of settings.
    pub fn in_settings(file: &Path, what: impl fmt::Display) -> Self {
        Self::settings(format!("settings {}: {what}", file.display()))
    }

    /// A run that was done, with something going wrong afterwards.
    pub fn output_failed(run: i64, what: &str) -> Self {
        Self::new(
            Kind::OutputFailed,
            format!("run {run} was done, but {what}"),
        )
        .hint(format!("`adsync history {run}` shows what it did"))
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Converts any error of a command to the form that is shown.
    pub fn explain(error: &anyhow::Error) -> Self {
        if let Some(failure) = error.downcast_ref::<Self>() {
            failure.clone()
        } else if let Some(error) = error.downcast_ref::<DirectoryError>() {
            error.into()
        } else if let Some(error) = error.downcast_ref::<TrustError>() {
            error.into()
        } else if let Some(error) = error.downcast_ref::<RunError>() {
            error.into()
        } else if let Some(error) = error.downcast_ref::<StoreError>() {
            error.into()
        } else {
            Self::new(Kind::Failed, format!("{error:#}"))
        }
    }
}

impl From<&DirectoryError> for Failure {
    fn from(error: &DirectoryError) -> Self {
        Self {
            kind: directory::kind(error),
            message: error.to_string(),
            hint: directory::hint(error),
        }
    }
}

impl From<&StoreError> for Failure {
    fn from(error: &StoreError) -> Self {
        Self {
            kind: store::kind(error),
            message: error.to_string(),
            hint: store::hint(error),
        }
    }
}

impl From<&TrustError> for Failure {
    fn from(error: &TrustError) -> Self {
        let (kind, hint) = match error {
            TrustError::NoSystemCa => (
                Kind::Settings,
                Some("install ca-certificates, or name your CA as ca_file under [directory]"),
            ),
            TrustError::CaFile { .. } => (
                Kind::Settings,
                Some("it must hold the CA's certificate in PEM (-----BEGIN CERTIFICATE-----)"),
            ),
            TrustError::Cas(_) => (Kind::Settings, None),
            TrustError::Tls(_) => (Kind::Failed, None),
        };
        Self {
            kind,
            message: error.to_string(),
            hint: hint.map(str::to_owned),
        }
    }
}

impl From<DirectoryError> for Failure {
    fn from(error: DirectoryError) -> Self {
        Self::from(&error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::from(&error)
    }
}

impl From<TrustError> for Failure {
    fn from(error: TrustError) -> Self {
        Self::from(&error)
    }
}
