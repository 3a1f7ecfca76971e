//! How to connect, with what to log in, and how much to take.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

/// How to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether an `ldap://` connection is upgraded with `StartTLS` (RFC 4511, 4.14).
    pub starttls: bool,
    /// Limits of size and time.
    pub limits: Limits,
}

/// Limits of size and time. What exceeds one ends the search with [`Cause::Limit`](crate::Cause::Limit),
/// [`Cause::Timeout`](crate::Cause::Timeout) or [`Cause::RunTimeout`](crate::Cause::RunTimeout).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Entries a page, 1 to 1000, which is what Active Directory sends at most (`MaxPageSize`).
    pub page_size: u32,
    /// Deadline for name, connection, TLS and bind together.
    pub connect_timeout: Duration,
    /// Deadline for each answer.
    pub timeout: Duration,
    /// Time limit for all reading, over every connection that shares a [`RunDeadline`](crate::RunDeadline).
    pub run_timeout: Duration,
    /// The most entries and references of a search.
    pub max_entries: u64,
    /// The most bytes of a value, a DN, or a cookie.
    pub max_value_bytes: usize,
    /// The most bytes of a message.
    pub max_message_bytes: u64,
}

/// Whose ticket to use, and where it comes from.
#[derive(Clone, Debug, Default)]
pub struct Kerberos {
    /// The keytab to get a ticket with; `None` for the caller's own ticket.
    pub keytab: Option<PathBuf>,
    /// The principal, if not the keytab's first or that of the caller's ticket.
    pub principal: Option<String>,
}

/// What to authenticate with.
#[derive(Debug)]
pub enum Credentials<'a> {
    /// A bind name and its password. An empty password would be an anonymous login, which servers answer with success
    /// (RFC 4513, 5.1.2): it is for the caller to refuse.
    Password(&'a str, SecretString),
    /// A Kerberos ticket (SASL GSSAPI, RFC 4752).
    #[cfg(feature = "kerberos")]
    Ticket(Kerberos),
}
