//! The command line as a contract: settings, passwords, exit codes, what is printed where.
//!
//! The stage is a sandbox with a store of its own; where a run needs a directory, it is `testdir` on
//! loopback. `UPDATE_GOLDEN=1 cargo test --test cli` writes the golden files, the completions and
//! `docs/cli.md` anew.

#[path = "../support/mod.rs"]
mod support;

mod apart;
mod browser;
mod completions;
mod contrib;
mod docs;
mod documented;
mod errors;
mod example;
mod golden;
mod help;
mod hostile;
mod hostile_values;
mod json_schema;
mod kerberos;
mod links;
mod list;
mod locals;
mod logs;
mod man;
mod many;
mod metrics;
mod no_store;
mod owners;
mod page;
mod passwords;
mod privileges;
mod read_only;
mod readers;
mod rights;
mod runs;
mod scarce;
mod secrets;
mod settings;
mod show;
mod stage;
mod store_files;
mod streams;
mod terminal;
mod trust;
mod usage;
mod values;
mod verbosity;
