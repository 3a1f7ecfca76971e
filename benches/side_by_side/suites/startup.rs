//! Without a directory: what adsync takes before it does anything.

use anyhow::Result;

use super::cases::{EMPTY_LIST, VERSION};
use crate::endpoint::Endpoint;
use crate::rounds::{self, Case, Row};
use crate::site::Site;

/// Measures the start.
pub fn run(rounds: usize) -> Result<Vec<Row>> {
    let site = Site::new(&Endpoint::nowhere())?;
    site.run(&["add", "somebody"])?;
    site.run(&["remove", "somebody"])?;
    let cases = vec![
        Case::new(VERSION, || site.adsync(&["--version"])),
        Case::new(EMPTY_LIST, || site.adsync(&["list"])),
    ];
    rounds::in_turn("start", rounds, cases)
}
