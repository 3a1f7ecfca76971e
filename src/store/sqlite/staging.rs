//! A new store before its first commit.
//!
//! It is written beside its final name and renamed when its first run commits: at any time, also after a kill, there is
//! either no store or a complete one. Until then nobody reads it and nothing needs to survive a power cut, so it is
//! written once, without a write-ahead log.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::{migrated, open, sql};
use crate::store::StoreError;
use crate::util::crash;
use crate::util::files;

/// Page size in bytes: twice the default of `SQLite`. A user takes some 600 bytes with its history, and each page
/// written costs a system call.
const PAGE_SIZE: u32 = 8192;

/// Files beside a database that may hold content not yet in it.
const BESIDE: [&str; 3] = ["-journal", "-wal", "-shm"];

/// Where a draft is, and its final name.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    path: PathBuf,
    place: PathBuf,
    /// Device and inode of the draft.
    file: Option<(u64, u64)>,
}

impl Paths {
    /// Syncs what was written so far. An error must not be lost, for the system reports it once.
    pub(super) fn settle(&self) -> Result<(), StoreError> {
        files::settle(&self.path).map_err(self.file_error())
    }

    fn file_error(&self) -> impl Fn(std::io::Error) -> StoreError + use<> {
        let path = self.place.clone();
        move |source| StoreError::File {
            path: path.clone(),
            source,
        }
    }
}

/// A draft of the store. Dropping it removes it, unless it was [published](Staging::publish).
#[derive(Debug)]
pub(super) struct Staging(Paths);

impl std::ops::Deref for Staging {
    type Target = Paths;

    fn deref(&self) -> &Paths {
        &self.0
    }
}

/// Where the draft of a store is.
pub(super) fn path(place: &Path) -> PathBuf {
    files::with_ending(place, ".new")
}

impl Staging {
    /// Creates an empty store in a file that is already [locked](super::lock::RunLock::take_file): `SQLite` would
    /// create one with permissions by the umask. Truncates what a killed run left.
    pub(super) fn make(place: &Path) -> Result<Self, StoreError> {
        let mut draft = Self(Paths {
            path: path(place),
            place: place.to_owned(),
            file: None,
        });
        draft.begin_again()?;
        draft.0.file = files::identity(&draft.path);
        Ok(draft)
    }

    /// Empties the draft. The file stays, for it is locked.
    pub(super) fn begin_again(&self) -> Result<(), StoreError> {
        self.prepare().map_err(|error| error.of_store(&self.place))
    }

    fn prepare(&self) -> Result<(), StoreError> {
        let file_error = self.file_error();
        remove(&self.path, &BESIDE).map_err(&file_error)?;
        files::open_private(&self.path)
            .and_then(|it| it.set_len(0))
            .map_err(file_error)?;
        let db = self.open()?;
        db.pragma_update(None, "page_size", PAGE_SIZE)
            .map_err(sql(&self.path, "prepare"))?;
        migrated(&self.path, db)?;
        Ok(())
    }

    /// Opens the draft for writing. A transaction can be rolled back, but does not survive the process.
    pub(super) fn open(&self) -> Result<Connection, StoreError> {
        self.opened().map_err(|error| error.of_store(&self.place))
    }

    fn opened(&self) -> Result<Connection, StoreError> {
        let db = open(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        db.pragma_update(None, "journal_mode", "memory")
            .and_then(|()| db.pragma_update(None, "synchronous", "off"))
            .and_then(|()| db.pragma_update(None, "foreign_keys", true))
            .map_err(sql(&self.path, "prepare"))?;
        Ok(db)
    }

    /// Renames the draft: from now on it is the store.
    pub(super) fn publish(self, db: Connection) -> Result<(), StoreError> {
        db.close()
            .map_err(|(_, source)| sql(&self.place, "make")(source))?;
        self.settle()?;
        crash::point("draft made");
        // Perhaps a backup that somebody put there meanwhile: not ours to replace.
        if std::fs::metadata(&self.place).is_ok_and(|it| it.len() > 0) {
            let told = "another file was put there while this run was under way";
            return Err(self.file_error()(std::io::Error::other(told)));
        }
        if files::identity(&self.path) != self.file {
            let error = std::io::Error::other("another program replaced what this run wrote");
            return Err(self.file_error()(error));
        }
        // Those of an earlier store would be taken for those of this one.
        remove(&self.place, &BESIDE).map_err(self.file_error())?;
        std::fs::rename(&self.path, &self.place).map_err(self.file_error())?;
        // From here on it is the store, and the run is done; not every file system can sync a folder.
        let folder = self.place.parent().unwrap_or(Path::new("."));
        if let Err(error) = files::settle(folder) {
            log::warn!(
                "whether {} survives a power cut now is not certain: {error}",
                self.place.display()
            );
        }
        Ok(())
    }

    fn remove(&self) -> Result<(), StoreError> {
        remove(&self.path, &BESIDE)
            .and_then(|()| remove(&self.path, &[""]))
            .map_err(self.file_error())
    }
}

/// Removes the files with these endings, if they exist.
fn remove(path: &Path, endings: &[&str]) -> std::io::Result<()> {
    for ending in endings {
        match std::fs::remove_file(files::with_ending(path, ending)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

impl Drop for Staging {
    fn drop(&mut self) {
        // If one is left behind, the next run removes it.
        let _ = self.remove();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_was_put_in_its_place_meanwhile_is_not_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("users.db");
        let draft = Staging::make(&place).expect("a draft");
        let db = draft.open().expect("open");
        std::fs::write(&place, "a backup").expect("written");
        draft.publish(db).expect_err("it is taken");
        let kept = std::fs::read_to_string(&place).expect("it is there");
        assert_eq!(kept, "a backup");
        let files = std::fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(files, 1, "the draft is gone");
    }
}
