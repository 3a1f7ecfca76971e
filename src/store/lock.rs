//! The lock of a run: one at a time on a store.
//!
//! It is an operating system lock on a file beside the database, so it ends with the process that holds
//! it, however that ends. What stands in the file is only for the message to those who wait.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::error::StoreError;
use super::files;

/// Held for as long as it lives.
#[derive(Debug)]
pub struct RunLock {
    file: File,
}

/// For how long anybody but a run has a look at a lock.
const GLANCE: Duration = Duration::from_millis(100);

impl RunLock {
    /// Who holds the lock of a store; none, if it can be taken.
    pub fn holder_of(store: &Path) -> Result<Option<String>, StoreError> {
        let path = lock_path(store);
        let failed = |source| StoreError::File {
            path: path.clone(),
            source,
        };
        let mut file = match files::open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(failed)?,
        };
        // Others may look at the same time. It ends with the file.
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(Some(holder(&mut file))),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Takes the lock of a store, or says who holds it.
    pub fn take(store: &Path, command: &str, wait: Duration) -> Result<Self, StoreError> {
        let path = lock_path(store);
        let failed = |source| StoreError::File {
            path: path.clone(),
            source,
        };
        let mut file = files::open_private(&path).map_err(failed)?;
        // Without an end, if it lies beyond what the clock can say.
        match lock(&file, Instant::now().checked_add(wait.max(GLANCE))) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Held {
                    path: store.to_owned(),
                    holder: holder(&mut file),
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let since = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
        let text = format!(
            "adsync {command}, process {}, since {since}\n",
            std::process::id()
        );
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text.as_bytes()))
            .map_err(failed)?;
        Ok(Self { file })
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // So that nobody takes this run for the next holder; a killed run leaves its name behind.
        let _ = self.file.set_len(0);
    }
}

/// Who holds the lock. It has taken it a moment before it says so, which is waited for.
fn holder(file: &mut File) -> String {
    let mut holder = String::new();
    for _ in 0..50 {
        // A nicety: without it the message only says less.
        let _ = file.read_to_string(&mut holder);
        if holder.ends_with('\n') {
            break;
        }
        holder.clear();
        let _ = file.rewind();
        std::thread::sleep(Duration::from_millis(10));
    }
    holder.trim().to_owned()
}

/// Tries until the deadline.
fn lock(file: &File, deadline: Option<Instant>) -> Result<(), TryLockError> {
    let is_over = || deadline.is_some_and(|it| Instant::now() >= it);
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if !is_over() => {
                std::thread::sleep(Duration::from_millis(50));
            }
            other => return other,
        }
    }
}

fn lock_path(store: &Path) -> PathBuf {
    let mut path = store.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}
