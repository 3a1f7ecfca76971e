//! What adsync is meant to reach, and whether it does.

use crate::rounds::Row;
use crate::suites::cases::{
    EMPTY_LIST, FIRST_LINES, FULL_SYNC, FULL_SYNC_CHANGES, IMPORT, LDAPSEARCH, SYNC, SYNC_CHANGES,
    SYNC_USERS, VERSION,
};
use crate::suites::{Batch, Server};
use crate::table::{align, grouped, table};

/// The targets for what was measured; nothing if there are none.
pub fn text(batches: &[Batch]) -> Option<String> {
    let verdicts: Vec<Verdict> = batches.iter().flat_map(verdicts).collect();
    if verdicts.is_empty() {
        return None;
    }
    let mut table = table(&["target", "limit", "measured", "met"]);
    for Verdict {
        what,
        limit,
        is,
        unit,
    } in verdicts
    {
        let met = if is <= limit { "yes" } else { "no" };
        table.add_row([
            what,
            format!("{limit}{unit}"),
            format!("{is:.2}{unit}"),
            met.to_owned(),
        ]);
    }
    Some(format!("### Targets\n\n{}\n", align(table, 1)))
}

struct Verdict {
    what: String,
    limit: f64,
    is: f64,
    unit: &'static str,
}

fn verdicts(batch: &Batch) -> Vec<Verdict> {
    match batch.server {
        Server::Slapd => slapd(batch),
        Server::Sizes => independence(batch).into_iter().collect(),
        Server::Django => Vec::new(),
        Server::Samba if batch.users < 10_000 => Vec::new(),
        Server::Samba => [(SYNC, 3.0), (SYNC_CHANGES, 10.0)]
            .into_iter()
            .filter_map(|(case, limit)| share(batch, case, limit))
            .collect(),
        Server::Testdir => share(batch, SYNC_CHANGES, 5.0).into_iter().collect(),
        Server::Startup => [VERSION, EMPTY_LIST]
            .into_iter()
            .filter_map(|case| time(batch, case, 10.0))
            .collect(),
    }
}

fn slapd(batch: &Batch) -> Vec<Verdict> {
    let large = batch.users >= 100_000;
    let ratios = [(FULL_SYNC, 1.10), (IMPORT, 1.25)]
        .into_iter()
        .filter(|_| large)
        .filter_map(|(case, limit)| ratio(batch, case, limit));
    let memory_limit = match batch.users {
        ..=100_000 => 40.0,
        _ => 100.0,
    };
    let memory = [FULL_SYNC, FULL_SYNC_CHANGES]
        .into_iter()
        .filter(|_| large)
        .filter_map(|case| memory(batch, case, memory_limit));
    let first_lines = FIRST_LINES
        .into_iter()
        .filter_map(|(_, case)| time(batch, case, 50.0));
    ratios.chain(memory).chain(first_lines).collect()
}

fn ratio(batch: &Batch, case: &str, limit: f64) -> Option<Verdict> {
    let is = batch.row(case)?.ratio(batch.row(LDAPSEARCH)?);
    Some(verdict(batch, case, limit, is, " × ldapsearch"))
}

/// What a few users cost among the most users, compared with the fewest.
fn independence(batch: &Batch) -> Option<Verdict> {
    let (fewest, most) = (batch.rows.first()?, batch.rows.last()?);
    let is = most.ratio(fewest);
    (most.name != fewest.name).then(|| Verdict {
        what: format!("{SYNC_USERS} {}", most.name),
        limit: 1.2,
        is,
        unit: " × of the fewest",
    })
}

#[expect(clippy::cast_precision_loss, reason = "megabytes to be read")]
fn memory(batch: &Batch, case: &str, limit: f64) -> Option<Verdict> {
    let is = batch.row(case)?.peak() as f64 / 1e6;
    Some(verdict(batch, case, limit, is, " MB"))
}

fn time(batch: &Batch, case: &str, limit: f64) -> Option<Verdict> {
    let is = batch.row(case).map(Row::seconds)? * 1000.0;
    Some(verdict(batch, case, limit, is, " ms"))
}

/// Reading what changed, compared with reading everybody.
fn share(batch: &Batch, case: &str, limit: f64) -> Option<Verdict> {
    let is = batch.row(case)?.ratio(batch.row(FULL_SYNC)?) * 100.0;
    Some(verdict(batch, case, limit, is, " % of a full sync"))
}

fn verdict(batch: &Batch, case: &str, limit: f64, is: f64, unit: &'static str) -> Verdict {
    let what = match batch.users {
        0 => case.to_owned(),
        users => format!("{case}, {} users", grouped(users)),
    };
    Verdict {
        what,
        limit,
        is,
        unit,
    }
}
