//! Checks that a run of this account could use a store, without leaving a trace.

use std::io::Write;
use std::path::{Path, PathBuf};

use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;

use super::lock::RunLock;
use super::{beside, is_there, open, ownership, sql};
use crate::store::StoreError;
use crate::util::files;

/// What the log of a small run takes, in bytes.
const ROOM: usize = 64 * 1024;

/// A trial run. Prepared before the store is opened for reading.
#[derive(Debug)]
pub struct Trial<'a> {
    path: &'a Path,
    /// Whether the log files exist already, and must stay.
    has_files: bool,
}

impl<'a> Trial<'a> {
    /// For the store at this path, which need not exist.
    pub fn of(path: &'a Path) -> Self {
        let has_files = beside::are_there(path);
        Self { path, has_files }
    }

    /// Tries everything that a run does before it writes. Returns who holds the store, if a run does right now.
    pub fn run(self) -> Result<Option<String>, StoreError> {
        let Self { path, has_files: _ } = self;
        ownership::refuse_link(path)?;
        ownership::refuse_root_elsewhere(path)?;
        let folder = folder_of(path);
        make_and_remove(&folder).map_err(|source| StoreError::Folder { folder, source })?;
        let holder = RunLock::holder_of(path)?;
        // A run under way must not be blocked.
        if holder.is_none() && is_there(path)? {
            self.write()?;
        }
        Ok(holder)
    }

    /// Starts a write transaction, and rolls it back.
    fn write(&self) -> Result<(), StoreError> {
        let path = self.path;
        let file_error = |source| StoreError::File {
            path: path.to_owned(),
            source,
        };
        drop(files::open(path).map_err(file_error)?);
        if !beside::can_be_used(path)? {
            // The next run removes them; only then can this be tried.
            return Ok(());
        }
        let db = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, self.has_files)
            .and_then(|_| db.execute_batch("BEGIN IMMEDIATE; ROLLBACK"))
            .map_err(sql(path, "write to"))
    }
}

/// The folder in which a run would make its files, or the folders on the way to them.
fn folder_of(store: &Path) -> PathBuf {
    let store = std::path::absolute(store).unwrap_or_else(|_| store.to_owned());
    let mut folders = store.ancestors().skip(1);
    let there = folders.find(|it| std::fs::symlink_metadata(it).is_ok());
    there.unwrap_or(Path::new(".")).to_owned()
}

fn make_and_remove(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(format!(".adsync-check-{}", std::process::id()));
    let mut file = files::make_private(&path)?;
    // A full disk lets files be made, and nothing be written to them.
    let written = file
        .write_all(&vec![0; ROOM])
        .and_then(|()| file.sync_all());
    drop(file);
    std::fs::remove_file(path)?;
    written
}
