//! An LDAP directory in memory, for tests: it behaves like Active Directory
//! where adsync relies on it, and misbehaves on demand.
//!
//! [`TestDir`] is a running server: made with [`TestDir::builder`], changed
//! while it runs, gone when it is dropped. [`When`] and [`What`] describe a fault.
//!
//! ```
//! use testdir::{TestDir, User, What, When};
//!
//! # fn main() -> anyhow::Result<()> {
//! let directory = TestDir::start()?;
//! directory.add_user(User::new("alice").email("alice@corp.example.com"))?;
//! directory.fault(When::page(2).after_entries(10), What::Cut);
//! assert!(directory.url().starts_with("ldap://127.0.0.1:"));
//! # Ok(())
//! # }
//! ```
//!
//! Inside, `directory` is the content and `fault` the misbehaviour; neither
//! knows of connections. A request goes from `server` to `connection`, a search
//! is answered by `page` (what it consists of) and `answer` (how it is sent).

#![cfg_attr(test, allow(clippy::unwrap_used))] // a test fails by panicking

mod account;
mod answer;
mod builder;
mod connection;
mod directory;
mod dn;
mod entry;
mod fault;
mod faults;
mod filter;
mod handle;
mod ldif;
mod matcher;
mod page;
mod page_request;
mod results;
mod root_dse;
mod schema;
mod search;
mod selection;
mod server;
mod settings;
mod state;
mod stats;
mod time;
mod user;
mod value_test;
mod wire;

pub use account::Account;
pub use builder::{Builder, PASSWORD, USERNAME};
pub use directory::{Directory, Modification};
pub use dn::escape_value;
pub use fault::{What, When};
pub use handle::TestDir;
pub use settings::Kind;
pub use stats::{LoggedSearch, Scope, Stats};
pub use user::User;
pub use uuid::Uuid;
