//! Whether settings can be trusted. Who can change them decides which program prints the password, and to which server
//! it goes; so what is asked of them is what ssh asks of its keys: they belong to the account that runs adsync or to
//! root, nobody else can write them, and nobody else can put another file in their place.

use std::fs::Metadata;
use std::path::Path;

use crate::error::Failure;
use crate::util::ownership::{folders, mode, stranger};
use crate::util::shell::quoted;

/// Refuses settings that another account can change. The metadata are of the file that was opened under that name.
pub fn require(path: &Path, metadata: &Metadata) -> Result<(), Failure> {
    let refuse = |what: String, command: String| Failure::in_settings(path, what).hint(command);
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
