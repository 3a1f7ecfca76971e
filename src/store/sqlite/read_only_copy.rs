//! Reading a store without write permission.
//!
//! To read a database with a write-ahead log, `SQLite` needs files beside it, and creates them if they are missing. An
//! account that may only read cannot create them; or must not, in a folder that it can write to, for the next run could
//! not write to them. But if they are missing, the database is not in use, and can be copied as a plain file. The file
//! itself tells whether somebody wrote to it meanwhile.

use std::fs::Metadata;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{beside, copy_in_memory, open, sql, version};
use crate::store::StoreError;

/// How often a copy is retried if the store was written meanwhile.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// Opens a store for reading: the file itself, or else a copy in memory.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, StoreError> {
    let mut attempts = 0..ATTEMPTS;
    loop {
        let error = if leaves_nothing_behind(path) {
            match opened(path) {
                Err(StoreError::Sql { source, .. }) if is_for_want_of_rights(&source) => {
                    sql(path, "read")(source)
                }
                other => return other,
            }
        } else {
            StoreError::File {
                path: beside::index(path),
                source: io::Error::other(
                    "it is not there, and this account is not the one to make it",
                ),
            }
        };
        if let Some(copy) = copy_at_rest(path).map_err(sql(path, "read"))? {
            return Ok(copy);
        }
        if attempts.next().is_none() {
            return Err(error);
        }
        std::thread::sleep(PAUSE);
    }
}

/// Whether `SQLite` could read the store without creating a file that its owner cannot write to.
fn leaves_nothing_behind(path: &Path) -> bool {
    let this = nix::unistd::geteuid();
    // SQLite itself gives what root creates to the owner of the store.
    let is_its = |it: Metadata| this.is_root() || it.uid() == this.as_raw();
    std::fs::metadata(path).is_ok_and(is_its)
        || beside::are_there(path)
        || !(beside::is_with_log(path) || beside::has_log(path))
}

fn opened(path: &Path) -> Result<Connection, StoreError> {
    let db = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    version(path, &db)?;
    Ok(db)
}

fn is_for_want_of_rights(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen))
}

/// A copy of a store that nobody has open; none if somebody has it open, or wrote to it meanwhile.
fn copy_at_rest(path: &Path) -> rusqlite::Result<Option<Connection>> {
    let Some(before) = state(path) else {
        return Ok(None);
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let copy =
        Connection::open_with_flags(as_unchanging(path), flags).and_then(|db| copy_in_memory(&db));
    if state(path).as_ref() != Some(&before) {
        return Ok(None);
    }
    copy.map(Some)
}

/// A value that differs after each write; none if the log is ahead of the file.
fn state(path: &Path) -> Option<(u64, u64, i64, i64)> {
    if beside::has_log(path) {
        return None;
    }
    let of = |it: Metadata| (it.ino(), it.size(), it.mtime(), it.mtime_nsec());
    std::fs::metadata(path).ok().map(of)
}

/// The URI of a database without log and locks (<https://sqlite.org/uri.html>).
fn as_unchanging(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let escaped = path.as_os_str().as_bytes().iter().map(|&byte| {
        if byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    });
    format!("file:{}?immutable=1", escaped.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Session;
    use crate::store::sqlite::Writer;

    #[test]
    fn a_store_at_rest_is_copied_and_one_with_a_log_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        // Escaped in URIs.
        let path = folder.path().join("50% of #1?.db");
        let run = crate::store::Run::begin(crate::store::Command::Add, 1);
        let mut writer = Writer::open(&path, "add", Duration::ZERO).expect("a store");
        let nothing = crate::plan::Plan::default();
        writer
            .record_end(&run, crate::store::Outcome::Failed, "", &nothing)
            .expect("noted");
        drop(writer);
        let copy = copy_at_rest(&path).expect("readable").expect("at rest");
        let runs = copy.query_row("SELECT count(*) FROM runs", [], |row| row.get(0));
        assert_eq!(runs, Ok(1));
        let log = folder.path().join("50% of #1?.db-wal");
        std::fs::write(&log, "").expect("written");
        assert!(copy_at_rest(&path).expect("readable").is_some());
        std::fs::write(&log, "a change").expect("written");
        assert!(copy_at_rest(&path).expect("readable").is_none());
    }
}
