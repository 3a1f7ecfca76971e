//! Against several slapds that differ in size alone: what a few users cost must not depend on how many
//! there are.
//!
//! Measured apart from [`slapd`](super::slapd), for there a sync of a few users comes after one of all of
//! them, whose traces in the processor's caches and on the disk depend on the size.

use anyhow::Result;

use super::cases::{self, SYNC_USERS};
use crate::rounds::{self, Row};
use crate::site::Site;
use crate::slapd::Slapd;
use crate::table::grouped;

/// Measures with each of these numbers of users, the least first.
pub fn run(sizes: &[usize], rounds: usize) -> Result<Vec<Row>> {
    let servers: Vec<Imported> = sizes
        .iter()
        .map(|&users| Imported::from_slapd(users))
        .collect::<Result<_>>()?;
    let cases = servers
        .iter()
        .map(|Imported { users, site, .. }| {
            cases::sync_users(site, &cases::some_usernames(*users))
                .named(format!("of {}", grouped(*users)))
        })
        .collect();
    rounds::in_turn(SYNC_USERS, rounds, cases)
}

/// A slapd whose users are all in a store.
struct Imported {
    users: usize,
    site: Site,
    _slapd: Slapd,
}

impl Imported {
    fn from_slapd(users: usize) -> Result<Self> {
        let slapd = Slapd::start(users)?;
        let site = Site::new(&slapd.endpoint())?;
        site.run(&["import", "--all", "--quiet"])?;
        Ok(Self {
            users,
            site,
            _slapd: slapd,
        })
    }
}
