//! A store that is being made.
//!
//! It grows beside its place and is put there when its first run is committed: whoever looks meanwhile, or
//! after that run was killed, finds no store or a whole one. Until then nobody else reads it and nothing in
//! it needs to survive a power cut, so it is written once, without a write-ahead log.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::{migrated, open, sql};
use crate::store::StoreError;
use crate::util::crash;
use crate::util::files;

/// The size of a page, in bytes: twice what `SQLite` takes of itself. Users are some 600 bytes each with their
/// history, and writing them costs a system call for each page.
const PAGE_SIZE: u32 = 8192;

/// What may lie beside a database, and has what is not in it yet.
const BESIDE: [&str; 3] = ["-journal", "-wal", "-shm"];

/// Where a draft is, and where it is to be.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    path: PathBuf,
    place: PathBuf,
    /// Which file it is.
    file: Option<(u64, u64)>,
}

impl Paths {
    /// Waits until what was written so far is on the disk. An error must not be lost: the system tells it once.
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

/// A draft of the store, which goes with it unless it is [published](Staging::publish).
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
    /// Makes an empty store beside its place, of a file that is [locked](super::lock::RunLock::take_file): `SQLite`
    /// would make one with the rights of the umask. What a killed run has left in it is emptied.
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

    /// Throws away what is in it. The file stays, for it is locked.
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

    /// Opens it to write. A transaction can be taken back, but does not survive the process.
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

    /// Puts it in its place, as the store that it is from now on.
    pub(super) fn publish(self, db: Connection) -> Result<(), StoreError> {
        db.close()
            .map_err(|(_, source)| sql(&self.place, "make")(source))?;
        self.settle()?;
        crash::point("draft made");
        // A backup, perhaps, that somebody put there while the directory was read: it is not ours to replace.
        if std::fs::metadata(&self.place).is_ok_and(|it| it.len() > 0) {
            let told = "another file was put there while this run was under way";
            return Err(self.file_error()(std::io::Error::other(told)));
        }
        if files::identity(&self.path) != self.file {
            let error = std::io::Error::other("another program replaced what this run wrote");
            return Err(self.file_error()(error));
        }
        // Those of a store that was there before would be taken for those of this one.
        remove(&self.place, &BESIDE).map_err(self.file_error())?;
        std::fs::rename(&self.path, &self.place).map_err(self.file_error())?;
        // From here on it is the store. Not every file system can do this for a folder, and the run is done.
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

/// Removes those of the files with these endings that are there.
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
        // One that stays behind is removed by the next run.
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
