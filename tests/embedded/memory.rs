//! Memory grows slowly with the directory.

use std::time::Duration;

use crate::support::embedded::{Stage, measured, peak_memory};

/// More than the page cache of `SQLite` (8 MB) holds, so that filling it is no growth.
const FEW: u64 = 12_000;
const MANY: u64 = 27_000;
/// What each further user may cost, in bytes.
const A_USER: u64 = 500;
/// What each further name may cost where the nearest to one is looked for: none of them is kept.
const A_NAME: u64 = 60;
const BOUND: Duration = Duration::from_mins(2);

/// The peaks of an import, of a sync that finds nothing to do, and of two questions for a name that nobody has, in bytes.
fn peaks(users: u64) -> [u64; 4] {
    let mut stage = Stage::with_many(usize::try_from(users).expect("a small number"));
    // So that the pages under way weigh the same in both directories.
    stage.configure_directory("page_size = 100");
    let [import, sync] = [&["import", "--all"][..], &["sync"]]
        .map(|arguments| peak_memory(stage.prepare(arguments).into_command(), BOUND));
    let [history, show] =
        [&["history", "--user", "u0000x"][..], &["show", "u0000x"]].map(|arguments| {
            let (status, said, peak) = measured(stage.prepare(arguments), BOUND);
            assert_eq!(status.code(), Some(2), "{said}");
            assert!(said.contains("did you mean u0"), "{said}");
            peak
        });
    [import, sync, history, show]
}

#[test]
fn a_user_costs_little() {
    let (few, many) = (peaks(FEW), peaks(MANY));
    let commands = [
        ("import", A_USER),
        ("sync", A_USER),
        ("history --user", A_NAME),
        ("show", A_NAME),
    ];
    let told = [0, 1, 2, 3].map(|at| {
        let (command, most) = commands[at];
        let each = many[at].saturating_sub(few[at]) / (MANY - FEW);
        let (few, many) = (few[at] >> 10, many[at] >> 10);
        let said = format!(
            "{command}: {few} KiB for {FEW} users, {many} KiB for {MANY}, {each} bytes for each more"
        );
        (each <= most, said)
    });
    assert!(told.iter().all(|(is_little, _)| *is_little), "{told:#?}");
}
