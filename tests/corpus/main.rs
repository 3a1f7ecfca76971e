//! What the fuzz targets found worth keeping (`fuzz/corpus`), checked again in every run of the tests: the same
//! checks, without libFuzzer. Those of `crates/ldap` run in its own tests.

#[path = "../../fuzz/checks/mod.rs"]
mod checks;
#[macro_use]
#[path = "../../crates/ldap/tests/corpus/run.rs"]
mod run;

targets! { user guid settings mark schema snapshot terminal group log }
