//! Why a directory could not be read, in words an administrator understands: what happened, not how to fix it.

mod certificate;
pub(crate) mod handshake;
mod kerberos;
mod login;
mod network;

use std::fmt;
use std::io;
use std::time::Duration;

use crate::tls::Certificate;
use crate::url::ServerUrl;

pub use certificate::Weakness;
pub use kerberos::{TicketError, Trouble};
pub use network::Missed;

/// Result codes (RFC 4511, appendix A), and the sub-codes in Active Directory's diagnostic messages.
pub mod code {
    pub use super::kerberos::{BAD_BINDINGS, reason as kerberos_reason};
    pub use super::login::{reason as login_reason, sub_code};

    /// `strongerAuthRequired`: AD wants signing or encryption (`LDAP server signing requirements`).
    pub const STRONGER_AUTH_REQUIRED: u32 = 8;
    /// `referral`
    pub const REFERRAL: u32 = 10;
    /// `confidentialityRequired`
    pub const CONFIDENTIALITY_REQUIRED: u32 = 13;
    /// `noSuchObject`
    pub const NO_SUCH_OBJECT: u32 = 32;
    /// `invalidDNSyntax`
    pub const INVALID_DN_SYNTAX: u32 = 34;
    /// `inappropriateAuthentication`
    pub const INAPPROPRIATE_AUTHENTICATION: u32 = 48;
    /// `invalidCredentials`
    pub const INVALID_CREDENTIALS: u32 = 49;
    /// `insufficientAccessRights`
    pub const INSUFFICIENT_ACCESS_RIGHTS: u32 = 50;
    /// `unwillingToPerform`
    pub const UNWILLING_TO_PERFORM: u32 = 53;
    /// `busy`
    pub const BUSY: u32 = 51;
    /// `unavailable`
    pub const UNAVAILABLE: u32 = 52;
}

use code::{
    BUSY, INAPPROPRIATE_AUTHENTICATION, INSUFFICIENT_ACCESS_RIGHTS, INVALID_CREDENTIALS,
    INVALID_DN_SYNTAX, NO_SUCH_OBJECT, REFERRAL, UNAVAILABLE,
};

/// The step that failed. Reads after "cannot".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Looking up the address of the server.
    Resolve,
    /// Opening the TCP connection.
    Connect,
    /// Asking for TLS on a plain connection (`StartTLS`).
    StartTls,
    /// The TLS handshake.
    Tls,
    /// The simple bind of that account.
    Bind(String),
    /// Getting a Kerberos ticket for that service.
    Ticket(String),
    /// The bind of that principal, with a ticket.
    Kerberos(String),
    /// Reading this.
    Read(String),
}

impl Step {
    /// What reads after "cannot".
    fn phrase(&self, server: &ServerUrl) -> String {
        match self {
            Self::Resolve => format!("find the address of {server}"),
            Self::Connect => format!("connect to {server}"),
            Self::StartTls => format!("begin TLS (StartTLS) with {server}"),
            Self::Tls => format!("make a TLS connection to {server}"),
            Self::Bind(username) => format!("log in to {server} as {username}"),
            Self::Ticket(service) => format!("get a Kerberos ticket for {service}"),
            Self::Kerberos(account) => format!("log in to {server} with Kerberos as {account}"),
            Self::Read(what) => format!("read {what} from {server}"),
        }
    }
}

/// Why a step failed.
#[derive(Debug)]
pub enum Cause {
    /// An error of the operating system.
    Io(io::Error),
    /// Nothing arrived in that time.
    Timeout(Duration),
    /// The run has used up its time for reading.
    RunTimeout(Duration),
    /// The operating system refused a thread.
    NoThread(io::Error),
    /// None of the addresses of the host could be connected to, each for its own reason.
    Addresses(Vec<Missed>),
    /// The server's certificate is not accepted.
    Certificate(Box<RejectedCertificate>),
    /// TLS failed otherwise.
    Tls(String),
    /// Kerberos failed, here or at a KDC.
    Ticket(Box<TicketError>),
    /// The server does not seal a connection without TLS.
    NotEncrypted,
    /// The server answered with a result code other than success (RFC 4511, appendix A).
    Result {
        /// The result code.
        code: u32,
        /// The diagnostic message.
        text: String,
    },
    /// The connection ended before the answer was complete.
    Lost,
    /// The server sent a notice of disconnection (RFC 4511, 4.4.1).
    Disconnected {
        /// The result code.
        code: u32,
        /// The diagnostic message.
        text: String,
    },
    /// The answer cannot be decoded, or breaks the protocol.
    Malformed(String),
    /// The answer exceeds a limit.
    Limit(Limit),
}

impl Cause {
    /// Whether TLS failed because the two sides share no version or cipher suite.
    pub fn is_incompatible_tls(&self) -> bool {
        matches!(self, Self::Tls(what) if handshake::is_incompatible(what))
    }
}

/// A limit that an answer exceeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What was received.
    what: String,
    /// Which of the [`Limits`](crate::Limits).
    pub kind: LimitKind,
    /// The limit.
    most: u64,
}

/// The [`Limits`](crate::Limits) of what may be received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// `max_entries`
    Entries,
    /// `max_value_bytes`
    ValueBytes,
    /// `max_message_bytes`; nothing more can be read from the connection.
    MessageBytes,
}

impl LimitKind {
    /// The name of the field of [`Limits`](crate::Limits).
    pub fn name(self) -> &'static str {
        match self {
            Self::Entries => "max_entries",
            Self::ValueBytes => "max_value_bytes",
            Self::MessageBytes => "max_message_bytes",
        }
    }
}

impl Limit {
    /// More entries than a search may return.
    pub(crate) fn entries(most: u64) -> Self {
        Self {
            what: format!("more than {most} entries"),
            kind: LimitKind::Entries,
            most,
        }
    }

    /// More values than an attribute may have, which are limited as entries are.
    pub fn values(what: &str, most: u64) -> Self {
        Self {
            what: format!("{what}: more than {most} values"),
            ..Self::entries(most)
        }
    }

    /// A value that is too long, in bytes.
    pub fn value(what: &str, bytes: usize, most: usize) -> Self {
        Self {
            what: format!("{what} is {bytes} bytes long"),
            kind: LimitKind::ValueBytes,
            most: most as u64,
        }
    }

    /// A message that is too large, in bytes.
    pub(crate) fn message(what: String, most: u64) -> Self {
        Self {
            what,
            kind: LimitKind::MessageBytes,
            most,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, kind, most } = self;
        write!(f, "{what}, and {} is {most}", kind.name())
    }
}

/// A certificate that is not accepted.
#[derive(Debug)]
pub struct RejectedCertificate {
    /// What is wrong with it.
    pub problem: rustls::CertificateError,
    /// What the server presented.
    pub certificate: Option<Certificate>,
}

/// A directory could not be read. Whatever the cause, nothing read before it counts.
#[derive(Debug)]
pub struct Error {
    /// The server.
    pub server: ServerUrl,
    /// The step that failed.
    pub step: Step,
    /// Why it failed.
    pub cause: Cause,
}

/// The result codes that concern the requested entry, not the state of the server.
const OF_ENTRY: [u32; 5] = [
    REFERRAL,
    NO_SUCH_OBJECT,
    INVALID_DN_SYNTAX,
    INAPPROPRIATE_AUTHENTICATION,
    INSUFFICIENT_ACCESS_RIGHTS,
];

impl Error {
    /// Whether the account was refused. Never retried, not even on another server: a few wrong
    /// passwords lock the account.
    pub fn is_login_refused(&self) -> bool {
        match (&self.step, &self.cause) {
            (_, Cause::Ticket(error)) => error.concerns_account(),
            (Step::Bind(_), Cause::Result { code, .. }) => *code == INVALID_CREDENTIALS,
            _ => false,
        }
    }

    /// Whether it may be temporary: the server is busy or going down, or the connection was lost. Where there are several
    /// `servers` to choose from silence is temporary as well, since another may be tried instead.
    pub fn is_passing(&self, servers: usize) -> bool {
        match &self.cause {
            Cause::Result { code, .. } => matches!(*code, BUSY | UNAVAILABLE),
            Cause::Lost | Cause::Disconnected { .. } => true,
            Cause::Io(_) => {
                matches!(self.step, Step::Read(_) | Step::Bind(_) | Step::Kerberos(_))
            }
            Cause::Timeout(_) => servers > 1 && matches!(self.step, Step::Read(_)),
            Cause::Addresses(_)
            | Cause::RunTimeout(_)
            | Cause::NoThread(_)
            | Cause::Certificate(_)
            | Cause::Tls(_)
            | Cause::Ticket(_)
            | Cause::NotEncrypted
            | Cause::Malformed(_)
            | Cause::Limit(_) => false,
        }
    }

    /// The result code, if the server gave one.
    pub fn result_code(&self) -> Option<u32> {
        match self.cause {
            Cause::Result { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Whether the server said that an entry is absent, or hidden from this account. Any other failure says nothing
    /// about the entry.
    pub fn is_of_entry(&self) -> bool {
        let code = self.result_code();
        code.is_some_and(|code| OF_ENTRY.contains(&code))
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: ", self.step.phrase(&self.server))?;
        match &self.cause {
            Cause::Io(error) => f.write_str(&network::reason(error, Some(&self.server))),
            Cause::Timeout(after) => write!(f, "no answer within {} s", after.as_secs()),
            Cause::RunTimeout(after) => {
                let after =
                    jiff::SignedDuration::try_from(*after).unwrap_or(jiff::SignedDuration::MAX);
                write!(f, "this run has read for {after:#}, and is not at an end")
            }
            Cause::NoThread(error) => write!(f, "{error}"),
            Cause::Addresses(missed) => f.write_str(&network::all(missed)),
            Cause::Certificate(rejected) => {
                f.write_str(&certificate::problem(rejected))?;
                match &rejected.certificate {
                    Some(certificate) => write!(f, " (the server presented {certificate})"),
                    None => Ok(()),
                }
            }
            Cause::Tls(what) => f.write_str(what),
            Cause::Ticket(error) => write!(f, "{error}"),
            Cause::NotEncrypted => f.write_str(
                "the server does not encrypt the connection, and there is no TLS either",
            ),
            Cause::Result { code, text } => {
                if let (Step::Bind(_), Some(reason)) = (&self.step, login::reason(*code, text)) {
                    return write!(f, "{reason}");
                }
                if let (Step::Kerberos(_), Some(reason)) =
                    (&self.step, kerberos::reason(*code, text))
                {
                    return write!(f, "{reason}");
                }
                f.write_str("the server answered ")?;
                result(f, *code, text)
            }
            Cause::Disconnected { code, text } => {
                f.write_str("the server closed the connection: ")?;
                result(f, *code, text)
            }
            Cause::Lost => f.write_str(match self.step {
                Step::Read(_) => "the connection was lost before the answer was complete",
                _ => "the connection was lost, for the server closed it",
            }),
            Cause::Malformed(what) => write!(f, "the answer cannot be understood: {what}"),
            Cause::Limit(limit) => write!(f, "the answer goes beyond a limit: {limit}"),
        }
    }
}

/// A result code with its name and the server's diagnostic message.
fn result(f: &mut fmt::Formatter<'_>, code: u32, text: &str) -> fmt::Result {
    write!(f, "{code} {}", result_name(code))?;
    match text.trim_matches(['\0', '\n', ' ']) {
        "" => Ok(()),
        text => write!(f, ": {text}"),
    }
}

/// The names of result codes (RFC 4511, appendix A).
fn result_name(code: u32) -> &'static str {
    match code {
        1 => "operationsError",
        2 => "protocolError",
        3 => "timeLimitExceeded",
        4 => "sizeLimitExceeded",
        7 => "authMethodNotSupported",
        8 => "strongerAuthRequired",
        10 => "referral",
        11 => "adminLimitExceeded",
        12 => "unavailableCriticalExtension",
        13 => "confidentialityRequired",
        16 => "noSuchAttribute",
        18 => "inappropriateMatching",
        21 => "invalidAttributeSyntax",
        32 => "noSuchObject",
        34 => "invalidDNSyntax",
        48 => "inappropriateAuthentication",
        49 => "invalidCredentials",
        50 => "insufficientAccessRights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwillingToPerform",
        54 => "loopDetect",
        80 => "other",
        _ => "(unknown code)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind(code: u32, text: &str) -> Error {
        Error {
            server: ServerUrl::try_from("ldaps://dc1".to_owned()).expect("a server"),
            step: Step::Bind("svc".to_owned()),
            cause: Cause::Result {
                code,
                text: text.to_owned(),
            },
        }
    }

    #[test]
    fn an_expired_password_is_said_in_words() {
        let text = "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 532, v1db1";
        assert_eq!(
            bind(49, text).to_string(),
            "cannot log in to ldaps://dc1 as svc: the password has expired (AD error data 532)"
        );
    }

    #[test]
    fn only_refused_credentials_stop_the_search_for_a_server() {
        assert!(bind(49, "").is_login_refused());
        assert!(!bind(51, "busy").is_login_refused());
        assert!(!bind(8, "").is_login_refused());
    }

    #[test]
    fn a_plain_server_that_says_49_is_understood_too() {
        assert_eq!(
            bind(49, "").to_string(),
            "cannot log in to ldaps://dc1 as svc: the username or the password is wrong (error 49)"
        );
    }
}
