//! Memory grows slowly with the directory.

use std::time::Duration;

use crate::support::embedded::{Stage, peak_memory};

/// More than the page cache of `SQLite` (8 MB) holds, so that filling it is no growth.
const FEW: u64 = 12_000;
const MANY: u64 = 27_000;
/// What each further user may cost, in bytes.
const A_USER: u64 = 500;
const BOUND: Duration = Duration::from_mins(2);

/// The peaks of an import and of a sync that finds nothing to do, in bytes.
fn peaks(users: u64) -> [u64; 2] {
    let mut stage = Stage::with_many(usize::try_from(users).expect("a small number"));
    // So that the pages under way weigh the same in both directories.
    stage.configure_directory("page_size = 100");
    [&["import", "--all"][..], &["sync"]]
        .map(|arguments| peak_memory(stage.prepare(arguments).into_command(), BOUND))
}

#[test]
fn a_user_costs_little() {
    let (few, many) = (peaks(FEW), peaks(MANY));
    let told = [("import", 0), ("sync", 1)].map(|(command, at)| {
        let each = many[at].saturating_sub(few[at]) / (MANY - FEW);
        let (few, many) = (few[at] >> 10, many[at] >> 10);
        let said = format!(
            "{command}: {few} KiB for {FEW} users, {many} KiB for {MANY}, {each} bytes for each more"
        );
        (each, said)
    });
    assert!(told.iter().all(|(each, _)| *each <= A_USER), "{told:#?}");
}
