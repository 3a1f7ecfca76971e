//! The programs that the benchmark runs.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::support;

/// Finds a program; the error names the Debian package to install.
pub fn find(program: &str, package: &str) -> Result<PathBuf> {
    support::process::find(program).with_context(|| {
        format!("{program} is not installed: apt-get install --no-install-recommends {package}")
    })
}
