//! Plays random histories, one for each seed, on all cores, and tells of those that went wrong.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Plays this many histories, or as many as `{variable}_HISTORIES` says; the first seed is 1, or what
/// `{variable}_SEED` says. A history that panics fails the test, with its seed and its log.
pub(crate) fn play(variable: &str, histories: u64, history: impl Fn(u64, &mut Vec<String>) + Sync) {
    let first = number(&format!("{variable}_SEED"), 1);
    let count = number(&format!("{variable}_HISTORIES"), histories);
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let (next, failures) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        return;
                    }
                    let seed = first.wrapping_add(at);
                    let mut log = Vec::new();
                    let result = catch_unwind(AssertUnwindSafe(|| history(seed, &mut log)));
                    if result.is_err() {
                        let told = format!(
                            "{variable}_SEED={seed} {variable}_HISTORIES=1\n{}",
                            log.join("\n")
                        );
                        failures.lock().expect("nobody panics here").push(told);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("nobody panics here");
    assert!(
        failures.is_empty(),
        "{} of {count} histories went wrong; the messages are above:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|error| panic!("{variable}={text}: {error}")),
        Err(_) => default,
    }
}
