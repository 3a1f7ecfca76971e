//! What is measured: one file for each kind of server.

pub mod cases;
pub mod django;
pub mod samba;
pub mod sizes;
pub mod slapd;
pub mod startup;
pub mod testdir;

use anyhow::Result;

use crate::options::Measurement;
use crate::rounds::Row;

/// What was measured against one server.
pub struct Batch {
    pub server: Server,
    /// How many users it has; of several, the one with the most.
    pub users: usize,
    pub rows: Vec<Row>,
}

/// Whose users they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Server {
    /// slapd over plain LDAP, at each of --sizes
    Slapd,
    /// slapd at each of --sizes side by side: what must not depend on the size
    Sizes,
    /// Samba's AD domain controller over LDAPS
    Samba,
    /// The tests' directory in memory, which behaves like AD
    Testdir,
    /// No directory at all: how long adsync takes to start
    Startup,
    /// django-python3-ldap on slapd; only when it is named, for it installs Python packages
    Django,
}

/// Measures against one server.
pub fn run(measurement: Measurement) -> Result<Batch> {
    let Measurement {
        server,
        sizes,
        rounds,
    } = measurement;
    let users = sizes.iter().copied().max().unwrap_or(0);
    let rows = match server {
        Server::Slapd => slapd::run(users, rounds),
        Server::Sizes => sizes::run(&sizes, rounds),
        Server::Samba => samba::run(users, rounds),
        Server::Testdir => testdir::run(users, rounds),
        Server::Startup => startup::run(rounds),
        Server::Django => django::run(users, rounds),
    }?;
    Ok(Batch {
        server,
        users,
        rows,
    })
}

impl Batch {
    /// The row of a case.
    pub fn row(&self, case: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == case)
    }
}
