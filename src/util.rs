//! Utilities that know nothing of adsync: files, accounts, threads, shell words.

pub mod account;
pub mod crash;
pub mod files;
pub mod nearest;
#[cfg(unix)]
pub mod ownership;
pub mod threads;

pub use ldap::shell;
