//! Random histories, end to end: random people, local users, changes of the directory, commands,
//! faults and kills; after each command the store must be what an independent model says.
//!
//! `ADSYNC_MODEL_SEED` is the first seed, `ADSYNC_MODEL_HISTORIES` how many histories there are:
//!
//! ```text
//! ADSYNC_MODEL_SEED=$RANDOM ADSYNC_MODEL_HISTORIES=10000 cargo test --test model
//! ```

#[path = "../support/mod.rs"]
mod support;

mod history;
mod narrow;
mod observed;
mod reliability;
mod rules;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

const FIRST_SEED: u64 = 1;
const HISTORIES: u64 = 520;

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|error| panic!("{variable}={text}: {error}")),
        Err(_) => default,
    }
}

#[test]
fn the_store_is_what_the_model_says_after_every_command() {
    let first = number("ADSYNC_MODEL_SEED", FIRST_SEED);
    let count = number("ADSYNC_MODEL_HISTORIES", HISTORIES);
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let (next, failures) = (AtomicU64::new(0), std::sync::Mutex::new(Vec::new()));
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
                    let result = catch_unwind(AssertUnwindSafe(|| history::play(seed, &mut log)));
                    if result.is_err() {
                        let told = format!(
                            "ADSYNC_MODEL_SEED={seed} ADSYNC_MODEL_HISTORIES=1\n{}",
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
