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
    _file: File,
}

impl RunLock {
    /// Takes the lock of a store, or says who holds it.
    pub fn take(store: &Path, command: &str, wait: Duration) -> Result<Self, StoreError> {
        let path = lock_path(store);
        let failed = |source| StoreError::File {
            path: path.clone(),
            source,
        };
        let mut file = files::open_private(&path).map_err(failed)?;
        match lock(&file, Instant::now() + wait) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // A nicety: without it the message only says less.
                let _ = file.read_to_string(&mut holder);
                return Err(StoreError::Held {
                    path: store.to_owned(),
                    holder: holder.trim().to_owned(),
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
        Ok(Self { _file: file })
    }
}

/// Tries until the deadline.
fn lock(file: &File, deadline: Instant) -> Result<(), TryLockError> {
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
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
