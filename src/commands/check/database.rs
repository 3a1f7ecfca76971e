//! The store, where it is in a database on a server.

use super::findings::Findings;
use super::{check_duplicates, inventory};
use crate::config::Settings;
use crate::error::Failure;
use crate::store::database::Server;
use crate::store::{Command, Store};

/// Connects, counts, and, where it may write, takes the lock of a run.
pub fn check(settings: &Settings, server: &Server, read_only: bool, findings: &mut Findings<'_>) {
    match try_out(settings, read_only) {
        Err(failure) => findings.fail("store", failure),
        Ok((what, duplicates, flaws)) => {
            for flaw in flaws {
                let failure = Failure::settings(flaw)
                    .hint("give it a default, or say its value with insert under [store.users]");
                findings.fail("table", failure);
            }
            findings.ok("store", format!("{server}: {what}"));
            if !duplicates.is_empty() {
                check_duplicates(&duplicates, findings);
            }
        }
    }
}

/// What is in the store, who is a duplicate there, and what would make an import fail.
fn try_out(
    settings: &Settings,
    read_only: bool,
) -> Result<(String, Vec<String>, Vec<String>), Failure> {
    let store = settings.open_store()?;
    let store: &dyn Store = &*store;
    let failed = |error: anyhow::Error| Failure::explain(&error);
    let is_there = store.is_there().map_err(|it| Failure::from(&it))?;
    let flaws = store.flaws().map_err(|it| Failure::from(&it))?;
    let (counts, duplicates) = inventory(store).map_err(failed)?;
    if !is_there {
        let what = "the first import makes its tables".to_owned();
        return Ok((what, duplicates, flaws));
    }
    if !read_only {
        let session = store.begin(Command::Sync, std::time::Duration::ZERO);
        session.map_err(|it| Failure::from(&it))?.close();
    }
    let (users, imported) = (counts.all(), counts.imported());
    Ok((
        format!("{users} users, {imported} of them imported"),
        duplicates,
        flaws,
    ))
}
