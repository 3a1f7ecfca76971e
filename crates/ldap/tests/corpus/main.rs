//! What the fuzz targets found worth keeping (`fuzz/corpus`), checked again in every run of the tests: the same
//! checks, without libFuzzer.

#[path = "../../fuzz/checks/mod.rs"]
mod checks;
#[macro_use]
mod run;

targets! { answer messages entry filter dn }
