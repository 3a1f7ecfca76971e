//! What knows nothing of adsync: files, accounts, threads, words of a shell.

pub mod account;
pub mod crash;
pub mod files;
pub mod nearest;
#[cfg(unix)]
pub mod ownership;
pub mod shell;
pub mod threads;
