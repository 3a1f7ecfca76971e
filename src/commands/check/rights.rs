//! Whether other accounts can read or write files that are adsync's alone. Those with a password were refused before
//! this point.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::findings::Findings;
use crate::util::ownership::mode;
use crate::util::shell::quoted;

/// Warns of a store, and its companion files, that others may read or write, and of a folder in which they
/// may replace it. Its group may read it: that is how an application reads its users.
pub fn check_store(store: &Path, findings: &mut Findings<'_>) {
    for path in files_of(store) {
        let Ok(metadata) = std::fs::symlink_metadata(&path) else {
            continue;
        };
        let (what, wanted) = match mode(&metadata) {
            _ if !metadata.is_file() => continue,
            mode if mode & 0o004 != 0 => ("be read by others", "chmod o="),
            mode if mode & 0o002 != 0 => ("be written by others", "chmod o="),
            mode if mode & 0o020 != 0 => ("be written by its group", "chmod g-w"),
            _ => continue,
        };
        warn(what, &path, &metadata, wanted, findings);
    }
    let Some(folder) = folder_of(store) else {
        return;
    };
    let Ok(metadata) = std::fs::metadata(folder) else {
        return;
    };
    // In a sticky folder others can still place links and files where the next run creates its own.
    if mode(&metadata) & 0o002 != 0 {
        let what = "be written by others";
        warn(what, folder, &metadata, "chmod o-w", findings);
    }
}

/// The store, its write-ahead log, its lock, and the copy kept by an upgrade.
fn files_of(store: &Path) -> Vec<PathBuf> {
    let name = store.file_name().unwrap_or_default().as_bytes();
    let is_of_it = |other: &OsStr| {
        let rest = other.as_bytes().strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || b".-".contains(&rest[0]))
    };
    let entries = folder_of(store).and_then(|it| std::fs::read_dir(it).ok());
    let mut files: Vec<PathBuf> = entries
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter(|entry| is_of_it(&entry.file_name()))
        .map(|entry| entry.path())
        .collect();
    files.sort();
    files
}

fn folder_of(store: &Path) -> Option<&Path> {
    let folder = store.parent()?;
    let is_here = folder.as_os_str().is_empty();
    Some(if is_here { Path::new(".") } else { folder })
}

/// Warns that others can do that to a file.
fn warn(what: &str, path: &Path, metadata: &Metadata, command: &str, findings: &mut Findings<'_>) {
    let (name, mode) = (path.display(), mode(metadata));
    let message = format!("{name} can {what} (mode {mode:04o})");
    let command = format!("{command} {}", quoted(&path.to_string_lossy()));
    findings.warn_with("store", message, "take that right away:", vec![command]);
}
