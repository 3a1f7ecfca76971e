//! Random histories, end to end: random people, local users, changes of the directory, commands,
//! faults and kills; after each command the store must be what an independent model says.
//!
//! `ADSYNC_MODEL_SEED` is the first seed, `ADSYNC_MODEL_HISTORIES` how many histories there are:
//!
//! ```text
//! ADSYNC_MODEL_SEED=$RANDOM ADSYNC_MODEL_HISTORIES=10000 cargo test --test model
//! ADSYNC_SAMBA_MODEL_SEED=$RANDOM ADSYNC_SAMBA_MODEL_HISTORIES=13 cargo test --test model
//! ```

#[path = "../support/mod.rs"]
mod support;

mod fates;
mod happened;
mod history;
mod narrow;
mod observed;
mod reliability;
mod rules;
mod samba;
mod server;
mod world;

const HISTORIES: u64 = 300;

/// On a real AD, 24 at once. Thirteen batches make more than 300 histories, and take some nine minutes.
const BATCHES: u64 = 6;

/// What histories are for, wherever they are played.
const EVERYWHERE: [&str; 10] = [
    "absent",
    "code 0",
    "code 4",
    "code 7",
    "foreign",
    "full",
    "missing at a controller that lags behind",
    "missing without a right",
    "selected",
    "tombstone",
];

#[test]
fn the_store_is_what_the_model_says_after_every_command() {
    support::histories::play("ADSYNC_MODEL", HISTORIES, history::play);
    let wanted = [
        &EVERYWHERE[..],
        &["code 2", "code 5", "delta", "out_of_scope"],
        &[
            "missing, and seen again",
            "out of scope, and changed",
            "undone",
            "another program wrote",
            "another program wrote meanwhile",
            "brought back from a backup",
            "the clock was off",
        ],
    ];
    happened::assert_enough(history::IN_MEMORY, 2000, &wanted.concat());
}

#[test]
fn the_store_is_what_the_model_says_on_a_real_directory_that_lags_behind() {
    support::histories::play("ADSYNC_SAMBA_MODEL", BATCHES, samba::play);
    happened::assert_enough(samba::REAL, 400, &EVERYWHERE);
}
