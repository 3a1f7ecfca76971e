//! Utilities that know nothing of adsync: files, accounts, threads, shell words, names of enums.

pub mod account;
pub mod crash;
pub mod files;
pub mod named;
pub mod nearest;
#[cfg(unix)]
pub mod ownership;
pub mod texts;
pub mod threads;

pub use ldap::shell;
