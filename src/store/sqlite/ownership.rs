//! Whether this account may write to the store.

use std::path::Path;

use crate::store::StoreError;
#[cfg(unix)]
use crate::util::account;
use crate::util::files;

/// Refuses a symbolic link: the lock file is beside the name, so a store with two names would have two locks, and a new
/// store would replace the link.
pub(super) fn refuse_link(path: &Path) -> Result<(), StoreError> {
    if !files::is_link(path) {
        return Ok(());
    }
    Err(StoreError::Link {
        path: path.to_owned(),
        target: std::fs::canonicalize(path).ok(),
    })
}

/// Refuses root if the store, or its folder, belongs to another account: the files that root leaves beside it would
/// lock that account out of its own store, and whoever may write to a folder influences what root opens there.
#[cfg(unix)]
pub(super) fn refuse_root_elsewhere(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::MetadataExt;

    if !nix::unistd::geteuid().is_root() {
        return Ok(());
    }
    // The first that exists: the file, its folder, the one above.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let owner = path
        .ancestors()
        .find_map(|it| std::fs::symlink_metadata(it).ok())
        .map_or(0, |metadata| metadata.uid());
    if owner == 0 {
        return Ok(());
    }
    Err(StoreError::OfAnother {
        path,
        owner: account::name(owner),
    })
}

#[cfg(not(unix))]
pub(super) fn refuse_root_elsewhere(_path: &Path) -> Result<(), StoreError> {
    Ok(())
}
