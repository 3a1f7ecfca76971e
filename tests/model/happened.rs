//! How often the histories came to what they are there for: a history in which nothing happens proves nothing.

use std::collections::BTreeMap;
use std::sync::Mutex;

static HAPPENED: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());

/// What must have happened, in some hundred histories.
const WANTED: &[&str] = &[
    "absent",
    "code 0",
    "code 2",
    "code 3",
    "code 4",
    "code 5",
    "code 7",
    "delta",
    "foreign",
    "full",
    "missing",
    "missing at a controller that lags behind",
    "missing, and seen again",
    "missing without a right",
    "out of scope, and changed",
    "selected",
    "tombstone",
    "undone",
];

/// Notes that something happened.
pub(crate) fn note(what: impl Into<String>, times: usize) {
    if times > 0 {
        let mut happened = HAPPENED.lock().expect("nobody panics here");
        *happened.entry(what.into()).or_default() += times;
    }
}

/// Fails unless everything happened that should, if there were enough runs at all.
pub(crate) fn assert_enough() {
    let happened = HAPPENED.lock().expect("nobody panics here");
    println!("{happened:#?}");
    let runs: usize = happened
        .iter()
        .filter(|(what, _)| what.starts_with("code "))
        .map(|(_, times)| times)
        .sum();
    let seldom = |what: &&&str| happened.get(**what).copied().unwrap_or(0) < 5;
    let seldom: Vec<&&str> = WANTED.iter().filter(seldom).collect();
    assert!(runs < 2000 || seldom.is_empty(), "too seldom: {seldom:?}");
}
