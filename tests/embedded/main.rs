//! adsync against a directory in memory: what a healthy server will not do, what a large one does, and
//! the promises of the plan from the command line to the rows of the store.

#[path = "../support/mod.rs"]
mod support;

mod addresses;
mod doubts;
mod dry_run;
mod evidence;
mod exclude;
mod faults;
mod foreign;
mod groups;
mod guard;
mod hostile;
mod lies;
mod limits;
mod memory;
mod missing;
mod opening;
mod other_programs;
mod outside;
mod paging;
mod plain_ldap;
mod plan;
mod quiet;
mod repeated;
mod selections;
mod servers;
mod strangers;
mod turns;
mod unusable;
