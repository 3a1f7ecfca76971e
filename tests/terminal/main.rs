//! adsync at a terminal: it asks before it deletes, lets users be picked from a list, and completes words
//! in the shell. `tmux` is the terminal.

#[path = "../support/mod.rs"]
mod support;

mod completing;
mod confirming;
mod picking;
