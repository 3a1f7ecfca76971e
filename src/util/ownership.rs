//! Who owns a file, who else may write it, and what leads to it.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::account;

/// The account that something belongs to, if it is neither this one nor root.
pub fn stranger(metadata: &Metadata) -> Option<String> {
    let owner = metadata.uid();
    let is_trusted = owner == 0 || owner == nix::unistd::geteuid().as_raw();
    (!is_trusted).then(|| account::name(owner))
}

/// Its rights, without what kind of file it is.
pub fn mode(metadata: &Metadata) -> u32 {
    metadata.permissions().mode() & 0o7777
}

/// Everything that leads to a file: the folders and links of its name, and where they lead to.
pub fn folders(path: &Path) -> BTreeSet<PathBuf> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut all = BTreeSet::new();
    let mut to_follow = vec![absolute];
    // A chain of links that leads nowhere could not have been opened.
    while let Some(name) = to_follow.pop() {
        for place in name.ancestors() {
            if !all.insert(place.to_owned()) {
                continue;
            }
            if let Ok(target) = std::fs::read_link(place) {
                let from = place.parent().unwrap_or(Path::new("/"));
                to_follow.push(from.join(target));
            }
        }
    }
    // The file itself was looked at as it was opened.
    if let Ok(file) = path.canonicalize() {
        all.remove(&file);
    }
    all
}
