//! The benchmark's command line.

use clap::Parser;
use clap::builder::RangedU64ValueParser;

use crate::suites::Server;

/// What is measured unless something is named.
const SERVERS: [Server; 4] = [
    Server::Slapd,
    Server::Samba,
    Server::Testdir,
    Server::Startup,
];
/// The same with `--short`.
const SHORT_SERVERS: [Server; 3] = [Server::Slapd, Server::Samba, Server::Startup];
const SHORT_ROUNDS: usize = 2;

/// Measures adsync side by side with ldapsearch, and prints tables in Markdown
#[derive(Debug, Parser)]
#[command(
    name = "side_by_side",
    bin_name = "cargo bench --bench side_by_side --"
)]
pub struct Options {
    /// How many users slapd has, at least 100
    #[arg(
        long,
        value_name = "N,…",
        value_delimiter = ',',
        value_parser = RangedU64ValueParser::<usize>::new().range(100..),
        default_value = "10000,100000,1000000"
    )]
    sizes: Vec<usize>,

    /// How often each case is measured
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,

    /// Check in less than a minute that everything works, with few users and rounds
    #[arg(long, conflicts_with_all = ["sizes", "rounds"])]
    short: bool,

    /// Measure only this; may be repeated
    #[arg(long, value_name = "WHAT")]
    only: Vec<Server>,

    /// Say what is measured, and measure nothing
    #[arg(long)]
    pub list: bool,

    /// Serve slapd with this many users until standard input closes, and measure nothing
    #[arg(long, value_name = "USERS")]
    pub serve: Option<usize>,

    /// Make a domain of this many users for Samba and end
    #[arg(long, hide = true, value_name = "USERS")]
    pub make_domain: Option<usize>,

    /// What cargo gives every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// One server to measure against.
#[derive(Clone, Copy, Debug)]
pub struct Measurement {
    pub server: Server,
    pub users: usize,
    pub rounds: usize,
}

impl Options {
    /// What the options come to, in the order in which it is done.
    pub fn measurements(&self) -> Vec<Measurement> {
        let servers = match (self.only.as_slice(), self.short) {
            ([], true) => &SHORT_SERVERS,
            ([], false) => &SERVERS[..],
            (only, _) => only,
        };
        let measurements = |&server| self.with_server(server);
        servers.iter().flat_map(measurements).collect()
    }

    fn with_server(&self, server: Server) -> Vec<Measurement> {
        let rounds = usize::from(self.rounds);
        let sizes = match (server, self.short) {
            (Server::Slapd, false) => self.sizes.iter().map(|&users| (users, rounds)).collect(),
            (Server::Samba, false) => vec![(10_000, rounds)],
            (Server::Testdir, false) => vec![(100_000, rounds)],
            // The second takes many minutes.
            (Server::Django, false) => vec![(10_000, rounds), (100_000, 1)],
            (Server::Slapd | Server::Testdir, true) => vec![(10_000, SHORT_ROUNDS)],
            (Server::Samba, true) => vec![(500, SHORT_ROUNDS)],
            (Server::Django, true) => vec![(1_000, SHORT_ROUNDS)],
            // It is quick, so it is measured often.
            (Server::Startup, _) => vec![(0, 20)],
        };
        let measurement = |(users, rounds)| Measurement {
            server,
            users,
            rounds,
        };
        sizes.into_iter().map(measurement).collect()
    }
}
