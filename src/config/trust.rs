//! Whether settings can be trusted. Who can change them decides which program prints the password, and to which server
//! it goes; so what is asked of them is what ssh asks of its keys: they belong to the account that runs adsync or to
//! root, nobody else can write them, and nobody else can put another file in their place.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::account;
use crate::failure::{Failure, Kind};
use crate::shell::quoted;

/// Refuses settings that another account can change. The metadata are of the file that was opened under that name.
pub fn require(path: &Path, metadata: &Metadata) -> Result<(), Failure> {
    let refuse = |what: String, command: String| {
        let message = format!("settings {}: {what}", path.display());
        Failure::new(Kind::Settings, message).hint(command)
    };
    let file = quoted(&path.to_string_lossy()).into_owned();
    if let Some(owner) = stranger(metadata) {
        return Err(refuse(
            format!("they belong to {owner}, neither to this account nor to root"),
            format!("chown root {file}"),
        ));
    }
    if let Some((who, right)) = writers(metadata) {
        let what = format!("they can be written by {who} (mode {:04o})", mode(metadata));
        return Err(refuse(what, format!("chmod {right} {file}")));
    }
    for folder in folders(path) {
        let Ok(metadata) = std::fs::symlink_metadata(&folder) else {
            continue;
        };
        let name = quoted(&folder.to_string_lossy()).into_owned();
        let shown = folder.display();
        if let Some(owner) = stranger(&metadata) {
            return Err(refuse(
                format!(
                    "{shown}, which leads to them, belongs to {owner}, who can put others in their place"
                ),
                format!("chown -h root {name}, or say --config with settings elsewhere"),
            ));
        }
        // A link has no rights of its own. In a sticky folder, such as /tmp, nobody can rename what is another's.
        let is_sticky = mode(&metadata) & 0o1000 != 0;
        if metadata.is_symlink() || is_sticky {
            continue;
        }
        if let Some((who, right)) = writers(&metadata) {
            let what = format!(
                "{shown}, which leads to them, can be written by {who} (mode {:04o}), who can put others in their place",
                mode(&metadata)
            );
            return Err(refuse(what, format!("chmod {right} {name}")));
        }
    }
    Ok(())
}

/// The account that something belongs to, if it is neither this one nor root.
pub fn stranger(metadata: &Metadata) -> Option<String> {
    let owner = metadata.uid();
    let is_trusted = owner == 0 || owner == nix::unistd::geteuid().as_raw();
    (!is_trusted).then(|| account::name(owner))
}

/// Who else may write, and how that right is taken away.
fn writers(metadata: &Metadata) -> Option<(&'static str, &'static str)> {
    match mode(metadata) & 0o022 {
        0 => None,
        0o020 => Some(("their group", "g-w")),
        0o002 => Some(("others", "o-w")),
        // Both at once, or the next run would come with the second.
        _ => Some(("others", "go-w")),
    }
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
