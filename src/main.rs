//! The `adsync` binary.

fn main() {}
