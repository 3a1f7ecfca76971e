//! A read-only LDAP client (version 3, RFC 4511) for programs that act on what a directory says: an answer is complete
//! or an error, and what a server may send is bounded.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use ldap::{Connection, Credentials, Limits, Options, RunDeadline, Search, ServerUrl, Tls, Trust};
//! # use adsync_ldap as ldap;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = ServerUrl::try_from("ldaps://dc1.corp.example.com".to_owned())?;
//! let options = Options {
//!     starttls: false,
//!     limits: Limits {
//!         page_size: 1000,
//!         connect_timeout: Duration::from_secs(5),
//!         timeout: Duration::from_mins(1),
//!         run_timeout: Duration::from_hours(1),
//!         max_entries: 1_000_000,
//!         max_value_bytes: 64 << 10,
//!         max_message_bytes: 16 << 20,
//!     },
//! };
//! let credentials = Credentials::Password("svc@corp.example.com", "secret".into());
//! let tls = Tls::new(&Trust::System)?;
//! let run = RunDeadline::new(options.limits.run_timeout);
//! let mut connection = Connection::open(&server, &options, &credentials, &tls, run, &mut |_| {})?;
//!
//! let filter = ldap::filter::equals("objectClass", "user");
//! let base = "DC=corp,DC=example,DC=com";
//! let search = Search::below("the users".to_owned(), base, filter, &["mail"]);
//! for page in connection.search(&search)? {
//!     for entry in page? {
//!         println!("{}: {:?}", entry.dn(), entry.first_text("mail"));
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! - [`Connection`] runs one [`Search`] after another. [`Pages`] iterates over the pages of an answer (RFC 2696), which
//!   count only if the last of them came.
//! - [`Entry`] keeps values as octets. [`AllValues`] reads an attribute with more values than AD sends at once.
//! - [`dn`] and [`text`] compare as a directory does; [`filter`] makes filters in which outside input is escaped.
//! - [`Error`] says at which server what failed, and why. Its words are meant for an administrator.
//!
//! Nothing is written to a directory, and no referral is followed. Nothing here is `async`: a connection has a thread
//! of its own, which decodes the next page while the caller works on the last.

#![warn(missing_docs)]

mod ber;
mod connection;
pub mod dn;
mod entry;
mod error;
pub mod filter;
#[doc(hidden)]
pub mod fuzzing;
#[cfg(feature = "kerberos")]
mod kerberos;
pub mod ldapsearch;
mod options;
mod ranges;
pub mod shell;
pub mod standard;
pub mod text;
mod threads;
mod tls;
mod url;

pub use connection::{
    Connection, Opened, Pages, RunDeadline, SHOW_DELETED, Scope, Search, THREAD, Tally,
};
pub use entry::Entry;
pub use error::{
    Cause, Error, Limit, LimitKind, Missed, RejectedCertificate, Step, TicketError, Trouble,
    Weakness, code,
};
pub use filter::Filter;
pub use options::{Credentials, Kerberos, Limits, Options};
pub use ranges::AllValues;
pub use rustls::CertificateError;
pub use tls::{Certificate, Tls, Trust, TrustError};
pub use url::ServerUrl;
