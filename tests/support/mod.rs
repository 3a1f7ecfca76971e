//! Sets the stage for the end-to-end tests: a real Active Directory domain
//! controller (`samba`), servers that are not AD (`plain`), a directory in memory that can misbehave (`embedded`),
//! database servers (`database`), and a folder to run the binary in (`adsync`).
//!
//! It owns servers and child processes. It must not know how adsync works
//! inside: it uses the binary as an administrator would.

#![allow(
    dead_code,
    unused_imports,
    reason = "every test binary compiles this module and uses only a part of it"
)]

pub(crate) mod adsync;
pub(crate) mod clock;
pub(crate) mod database;
pub(crate) mod embedded;
pub(crate) mod histories;
pub(crate) mod hostile;
pub(crate) mod liar;
pub(crate) mod plain;
pub(crate) mod process;
pub(crate) mod random;
pub(crate) mod samba;
pub(crate) mod store;
pub(crate) mod terminal;
pub(crate) mod tls_server;
