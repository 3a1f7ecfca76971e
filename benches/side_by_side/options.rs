//! The benchmark's command line.

use std::collections::BTreeSet;

use clap::Parser;
use clap::builder::RangedU64ValueParser;

use crate::suites::Server;

/// What is measured unless something is named.
const SERVERS: [Server; 5] = [
    Server::Slapd,
    Server::Sizes,
    Server::Samba,
    Server::Testdir,
    Server::Startup,
];
/// The same with `--short`.
const SHORT_SERVERS: [Server; 4] = [Server::Slapd, Server::Sizes, Server::Samba, Server::Startup];
const SHORT_ROUNDS: usize = 2;
/// For what takes milliseconds.
const MANY_ROUNDS: usize = 20;

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

/// What is measured in turn.
#[derive(Clone, Debug)]
pub struct Measurement {
    pub server: Server,
    /// How many users it has, or each of several.
    pub sizes: Vec<usize>,
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
        let alone = |users| vec![users];
        let measured = match (server, self.short) {
            (Server::Slapd, false) => {
                let sizes = self.sizes.iter().copied();
                sizes.map(|users| (alone(users), rounds)).collect()
            }
            (Server::Sizes, false) => vec![(self.sorted_sizes(), rounds.max(MANY_ROUNDS))],
            (Server::Samba, false) => vec![(alone(10_000), rounds)],
            (Server::Testdir, false) => vec![(alone(100_000), rounds)],
            // The second takes many minutes.
            (Server::Django, false) => vec![(alone(10_000), rounds), (alone(100_000), 1)],
            (Server::Slapd | Server::Testdir, true) => vec![(alone(10_000), SHORT_ROUNDS)],
            (Server::Sizes, true) => vec![(vec![1_000, 10_000], SHORT_ROUNDS)],
            (Server::Samba, true) => vec![(alone(500), SHORT_ROUNDS)],
            (Server::Django, true) => vec![(alone(1_000), SHORT_ROUNDS)],
            (Server::Startup, _) => vec![(alone(0), MANY_ROUNDS)],
        };
        let measurement = |(sizes, rounds)| Measurement {
            server,
            sizes,
            rounds,
        };
        measured.into_iter().map(measurement).collect()
    }

    fn sorted_sizes(&self) -> Vec<usize> {
        let sizes: BTreeSet<usize> = self.sizes.iter().copied().collect();
        sizes.into_iter().collect()
    }
}
