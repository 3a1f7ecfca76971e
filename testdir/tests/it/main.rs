//! The directory as clients see it: each test starts one, and asks it with the
//! `ldap3` crate or, where that would hide what was sent, with bare bytes.

mod accounts;
mod changes;
mod contexts;
mod deleted;
mod entries;
mod faults;
mod filters;
mod paging;
mod program;
mod raw;
mod replicas;
mod rights;
mod support;
