//! The two files that `SQLite` keeps beside a store with a write-ahead log: the log, and its index, which readers
//! and writers share.
//!
//! Whoever may read the store must be able to read them, too, and only its owner may create them: otherwise the next
//! run could not write to them.

use std::fs::{File, Metadata};
use std::io::{Error, ErrorKind, Read, Result};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::store::StoreError;
use crate::util::account;
use crate::util::files;

/// The log.
const LOG: &str = "-wal";
/// Its index.
const INDEX: &str = "-shm";

/// The index of the log of a store.
pub(super) fn index(store: &Path) -> PathBuf {
    files::with_ending(store, INDEX)
}

/// Whether others than its owner may read the store.
pub(super) fn is_shared(store: &Path) -> bool {
    std::fs::metadata(store).is_ok_and(|it| it.mode() & 0o044 != 0)
}

/// Whether there is a log that is not empty.
pub(super) fn has_log(store: &Path) -> bool {
    std::fs::metadata(files::with_ending(store, LOG)).is_ok_and(|it| it.len() > 0)
}

/// Whether both files exist, so that a reader need not create them.
pub(super) fn are_there(store: &Path) -> bool {
    [LOG, INDEX]
        .iter()
        .all(|it| files::with_ending(store, it).exists())
}

/// Creates missing ones with the permissions of the store. `SQLite` would, but without its group.
pub(super) fn make(store: &Path) -> std::result::Result<(), StoreError> {
    for ending in [LOG, INDEX] {
        let path = files::with_ending(store, ending);
        match files::make_private(&path) {
            Err(source) if source.kind() != ErrorKind::AlreadyExists => {
                return Err(StoreError::File { path, source });
            }
            _ => {}
        }
    }
    if is_shared(store) {
        follow(store);
    }
    Ok(())
}

/// Removes them again, if they are empty.
pub(super) fn unmake(store: &Path) {
    for path in [LOG, INDEX].map(|it| files::with_ending(store, it)) {
        if std::fs::symlink_metadata(&path).is_ok_and(|it| it.is_file() && it.len() == 0) {
            // If one stays, the next run uses it.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Checks that this account may create them, before a run that will need them begins.
pub(super) fn require_folder(store: &Path) -> std::result::Result<(), StoreError> {
    use nix::fcntl::{AT_FDCWD, AtFlags};
    use nix::unistd::{AccessFlags, faccessat};
    let path = files::with_ending(store, LOG);
    if path.exists() {
        return Ok(());
    }
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let (rights, flags) = (AccessFlags::W_OK | AccessFlags::X_OK, AtFlags::AT_EACCESS);
    faccessat(AT_FDCWD, folder.unwrap_or(Path::new(".")), rights, flags).map_err(|errno| {
        let source = errno.into();
        StoreError::File { path, source }
    })
}

/// Whether the header says that the store has a write-ahead log (<https://sqlite.org/fileformat2.html>, 1.3.3).
/// Not for a process that has it open: closing the file would drop the locks of `SQLite`.
pub(super) fn is_with_log(store: &Path) -> bool {
    let mut header = [0; 20];
    let read = File::open(store).and_then(|mut file| file.read_exact(&mut header));
    // SQLite reports what cannot be read.
    read.is_ok() && header[18..] != [1, 1]
}

/// Gives both the group and permissions of the store. Returns whether they have them now.
pub(super) fn follow(store: &Path) -> bool {
    let Ok(wanted) = std::fs::metadata(store) else {
        return false;
    };
    [LOG, INDEX].iter().all(|ending| {
        let file = files::open(&files::with_ending(store, ending));
        file.and_then(|file| give_rights(&file, &wanted)).is_ok()
    })
}

fn give_rights(file: &File, wanted: &Metadata) -> Result<()> {
    let is = file.metadata()?;
    if is.gid() != wanted.gid() {
        std::os::unix::fs::fchown(file, None, Some(wanted.gid()))?;
    }
    let mode = wanted.mode() & 0o666;
    if is.mode() & 0o777 != mode {
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// Removes what a reader of another account left beside the store, if a run could not write to it.
pub(super) fn clear(store: &Path) -> std::result::Result<(), StoreError> {
    let Ok(wanted) = std::fs::metadata(store) else {
        return Ok(());
    };
    for ending in [INDEX, LOG] {
        let path = files::with_ending(store, ending);
        let done = match files::open(&path) {
            // An old index or log, from when the store had other permissions.
            Ok(file) => give_rights(&file, &wanted).or(Ok(())),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => take_away(&path, ending),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        };
        done.map_err(|source| StoreError::File { path, source })?;
    }
    Ok(())
}

/// Whether a run could write to them now. It is an error if it could not, and could not remove them either.
pub(super) fn can_be_used(store: &Path) -> std::result::Result<bool, StoreError> {
    let mut can_be_used = true;
    for ending in [INDEX, LOG] {
        let path = files::with_ending(store, ending);
        let done = match files::open(&path) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                can_be_used = false;
                refuse_of_use(&path, ending)
            }
            Err(error) => Err(error),
        };
        done.map_err(|source| StoreError::File { path, source })?;
    }
    Ok(can_be_used)
}

fn take_away(path: &Path, ending: &str) -> Result<()> {
    refuse_of_use(path, ending)?;
    log::debug!("removing {}, which is not this account's", path.display());
    std::fs::remove_file(path)
}

/// Refuses to remove one that is still in use.
fn refuse_of_use(path: &Path, ending: &str) -> Result<()> {
    let metadata = std::fs::symlink_metadata(path)?;
    let owner = account::name(metadata.uid());
    if ending == LOG && metadata.len() > 0 {
        let what = format!("it belongs to {owner}, and holds changes of the store");
        return Err(Error::new(ErrorKind::PermissionDenied, what));
    }
    if is_in_use(path) {
        let what = format!("it belongs to {owner}, of whom a program has the store open");
        return Err(Error::new(ErrorKind::ResourceBusy, what));
    }
    Ok(())
}

/// Where `SQLite` locks an index: from the first lock to that which says that it is open at all
/// (<https://sqlite.org/walformat.html>, 2.1).
const LOCKS: std::ops::Range<i64> = 120..129;

/// Whether a program has an index open, as far as can be seen.
fn is_in_use(path: &Path) -> bool {
    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc::{F_UNLCK, F_WRLCK, SEEK_SET, flock};

    let Ok(file) = File::open(path) else {
        return false;
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "small numbers of the system's own"
    )]
    let mut lock = flock {
        l_type: F_WRLCK as _,
        l_whence: SEEK_SET as _,
        l_start: LOCKS.start,
        l_len: LOCKS.end - LOCKS.start,
        l_pid: 0,
    };
    let asked = fcntl(&file, FcntlArg::F_GETLK(&mut lock));
    asked.is_ok() && i32::from(lock.l_type) != F_UNLCK
}
