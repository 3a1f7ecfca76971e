//! How often the histories came to what they are there for: a history in which nothing happens proves nothing.

use std::collections::BTreeMap;
use std::sync::Mutex;

type Counts = BTreeMap<String, usize>;

/// By the kind of history.
static HAPPENED: Mutex<BTreeMap<&'static str, Counts>> = Mutex::new(BTreeMap::new());

/// Notes that something happened in a history of this kind.
pub(crate) fn note(kind: &'static str, what: impl Into<String>, times: usize) {
    if times > 0 {
        let mut happened = HAPPENED.lock().expect("nobody panics here");
        let counts = happened.entry(kind).or_default();
        *counts.entry(what.into()).or_default() += times;
    }
}

/// Fails unless each of these happened, where there were so many runs that it should have.
#[allow(clippy::print_stdout, reason = "what the histories came to")]
pub(crate) fn assert_enough(kind: &'static str, runs: usize, wanted: &[&str]) {
    let happened = HAPPENED.lock().expect("nobody panics here");
    let counts = happened.get(kind).cloned().unwrap_or_default();
    println!("{kind}: {counts:#?}");
    let is_run = |(what, times): (&String, &usize)| what.starts_with("code ").then_some(*times);
    let were: usize = counts.iter().filter_map(is_run).sum();
    let seldom = |what: &&&str| counts.get(**what).copied().unwrap_or(0) < 3;
    let seldom: Vec<&&str> = wanted.iter().filter(seldom).collect();
    assert!(were < runs || seldom.is_empty(), "too seldom: {seldom:?}");
}
