//! The change mark, end to end against a directory in memory: a run that looks at what changed finds
//! what a run that reads everything finds, and where that cannot be, everything is read.
//!
//! Random histories: `ADSYNC_MARKS_SEED` is the first seed, `ADSYNC_MARKS_HISTORIES` how many there are:
//!
//! ```text
//! ADSYNC_MARKS_SEED=$RANDOM ADSYNC_MARKS_HISTORIES=10000 cargo test --test marks
//! ```

#[path = "../support/mod.rs"]
mod support;

mod agreement;
mod before_domains;
mod controllers;
mod deletions;
mod domains;
mod expiry;
mod histories;
mod kills;
mod mark;
mod meanwhile;
mod people;
mod reasons;
mod searches;
mod selected;
mod told;
mod unmarkable;
mod unmoved;
mod upgrade;
