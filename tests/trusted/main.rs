//! The promises that let adsync run at night: a history of everything, a way back from it, and no fault
//! of the machine, the network or the hour that leaves the store between before and after.

#[path = "../support/mod.rs"]
mod support;

#[path = "../marks/people.rs"]
mod people;

use support::store;

mod controllers;
mod disk;
mod domain;
mod filling;
mod history;
mod kills;
mod machine;
mod other_programs;
mod restore;
mod two_at_once;
mod undo;
mod undo_histories;
