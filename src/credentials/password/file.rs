//! Files that a password stands in: nobody else may read them or put another in their place.
//!
//! What is asked of them is what ssh asks of its keys: the owner is this account or root, others have no
//! rights at all, the group may read but not write, and no folder on the way lets others rename what is in it.

use std::fs::{File, Metadata};
use std::io::ErrorKind;
use std::path::Path;

use crate::error::Failure;
#[cfg(unix)]
use crate::util::ownership;
use crate::util::shell::quoted;

/// Opens a file that has a password in it and nothing else.
pub fn open(path: &Path) -> Result<File, Failure> {
    let failed = |error: std::io::Error| {
        let failure = Failure::settings(format!(
            "cannot read the password file {}: {error}",
            path.display()
        ));
        match error.kind() {
            ErrorKind::NotFound => failure.hint(format!(
                "write the account's password into it, alone, and chmod 0600 {}",
                quoted(&path.to_string_lossy())
            )),
            ErrorKind::PermissionDenied => {
                failure.hint("the account that runs adsync must be allowed to read it")
            }
            _ => failure,
        }
    };
    // Opening a pipe would wait for a writer.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        let message = format!("the password file {} is not a file", path.display());
        return Err(
            Failure::settings(message).hint("password_command runs a program that prints it")
        );
    }
    let file = File::open(path).map_err(failed)?;
    refuse_if_others_have_it(path, &file.metadata().map_err(failed)?)?;
    Ok(file)
}

/// A password in a file that others can read is no secret, and one that others can write is not the
/// administrator's. The metadata are of the file that was opened under that name.
#[cfg(unix)]
pub fn refuse_if_others_have_it(path: &Path, metadata: &Metadata) -> Result<(), Failure> {
    use std::os::unix::fs::MetadataExt;

    refuse_owner(path, metadata)?;
    let link = std::fs::symlink_metadata(path);
    if let Some(link) = link.ok().filter(Metadata::is_symlink) {
        refuse_owner(path, &link)?;
    }
    let mode = ownership::mode(metadata);
    let by = match mode {
        _ if mode & 0o004 != 0 => "read by others",
        _ if mode & 0o002 != 0 => "written by others",
        _ if mode & 0o020 != 0 => "written by its group",
        _ if mode & 0o001 != 0 => "executed by others",
        _ => return refuse_open_folders(path),
    };
    // What belongs to root is read by way of its group.
    let is_own = metadata.uid() == nix::unistd::geteuid().as_raw();
    let wanted = if is_own { "0600" } else { "0640" };
    let message = format!(
        "{} holds a secret and can be {by} (mode {:04o})",
        path.display(),
        mode
    );
    Err(Failure::settings(message).hint(format!(
        "chmod {wanted} {}",
        quoted(&path.to_string_lossy())
    )))
}

#[cfg(not(unix))]
pub fn refuse_if_others_have_it(_path: &Path, _metadata: &Metadata) -> Result<(), Failure> {
    Ok(())
}

#[cfg(unix)]
fn refuse_owner(path: &Path, metadata: &Metadata) -> Result<(), Failure> {
    let Some(name) = ownership::stranger(metadata) else {
        return Ok(());
    };
    let what = if metadata.is_symlink() {
        "is a link that"
    } else {
        "holds a secret and"
    };
    let message = format!(
        "{} {what} belongs to {name}, neither to this account nor to root",
        path.display()
    );
    Err(Failure::settings(message)
        .hint(format!("chown -h root {}", quoted(&path.to_string_lossy()))))
}

#[cfg(unix)]
fn refuse_open_folders(path: &Path) -> Result<(), Failure> {
    for folder in ownership::folders(path) {
        // A link has no rights of its own.
        let metadata = std::fs::symlink_metadata(&folder);
        let Some(metadata) = metadata.ok().filter(|it| !it.is_symlink()) else {
            continue;
        };
        let mode = ownership::mode(&metadata);
        // In a sticky folder, such as /tmp, nobody can rename what belongs to somebody else.
        let (is_open, is_sticky) = (mode & 0o002 != 0, mode & 0o1000 != 0);
        if is_open && !is_sticky {
            let message = format!(
                "others can put another file in the place of {}, which holds a secret: they may write to {} (mode {:04o})",
                path.display(),
                folder.display(),
                mode
            );
            return Err(Failure::settings(message)
                .hint(format!("chmod o-w {}", quoted(&folder.to_string_lossy()))));
        }
    }
    Ok(())
}
