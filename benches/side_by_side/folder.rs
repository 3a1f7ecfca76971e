//! The benchmark's places on disk, all in the target folder: so a store lies on the disk that a person
//! who measures has chosen for building.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use tempfile::TempDir;

/// What is kept from one benchmark to the next.
pub fn kept() -> Result<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// A folder that goes with the value.
pub fn temporary(prefix: &str) -> Result<TempDir> {
    let parent = kept()?;
    tempfile::Builder::new()
        .prefix(prefix)
        .tempdir_in(&parent)
        .with_context(|| format!("cannot make a folder in {}", parent.display()))
}
