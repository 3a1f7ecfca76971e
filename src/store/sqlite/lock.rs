//! The lock of a run: one run at a time per store.
//!
//! It is an operating system lock on a file beside the database, so it ends with its process, however that ends. The
//! content of the file is only for the message to those who wait.
//!
//! Somebody may delete that file during a run, and the next run would create its own. So the database file is locked,
//! too.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::store::StoreError;
use crate::util::files;

/// Held as long as it is open.
#[derive(Debug)]
pub struct RunLock {
    file: File,
    /// The database file, or the one that will be it.
    store: Option<File>,
    /// How long to wait for others; none: forever.
    deadline: Option<Instant>,
}

/// The first word of the file.
const WORD: &str = "adsync ";
/// How long to wait between attempts.
const PAUSE: Duration = Duration::from_millis(50);
/// How long anything but a run may hold the lock, to look at it.
const GLANCE: Duration = Duration::from_millis(100);

impl RunLock {
    /// Who holds the lock of a store; none if it is free.
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
        // A shared lock, released with the file.
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(Some(holder(&mut file))),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Takes the lock of a store, or returns who holds it.
    pub fn take(store: &Path, command: &str, wait: Duration) -> Result<Self, StoreError> {
        let path = lock_path(store);
        let failed = |source| StoreError::File {
            path: path.clone(),
            source,
        };
        let mut file = files::open_private(&path).map_err(failed)?;
        // Forever, if it exceeds the range of the clock.
        let deadline = Instant::now().checked_add(wait.max(GLANCE));
        match lock(&file, deadline) {
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
            "{WORD}{command}, process {}, since {since}\n",
            std::process::id()
        );
        refuse_other(&mut file)
            .and_then(|()| file.set_len(0))
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text.as_bytes()))
            .map_err(failed)?;
        Ok(Self {
            file,
            store: None,
            deadline,
        })
    }

    /// Locks the database file at `path`, too; `make`: creates it if it does not exist.
    pub fn take_file(&mut self, store: &Path, path: &Path, make: bool) -> Result<(), StoreError> {
        let failed = |source| StoreError::File {
            path: path.to_owned(),
            source,
        };
        let open = if make {
            files::open_private
        } else {
            files::open
        };
        loop {
            let file = open(path).map_err(failed)?;
            let is_locked = byte::try_lock(&file).unwrap_or_else(|error| {
                log::debug!("{} cannot be locked: {error}", path.display());
                true
            });
            if is_locked && files::is_called(&file, path) {
                self.store = Some(file);
                return Ok(());
            }
            // Otherwise it was replaced or removed before it was locked.
            if !is_locked && is_over(self.deadline) {
                let name = lock_path(store);
                let name = name.file_name().unwrap_or_default().display();
                return Err(StoreError::Held {
                    path: store.to_owned(),
                    holder: format!("{name} was removed while it was under way"),
                });
            }
            std::thread::sleep(PAUSE);
        }
    }
}

/// A lock on a byte far behind the end of the file: `SQLite` locks other bytes. It belongs to the open file, so that
/// closing the same file elsewhere in this process does not release it.
#[cfg(target_os = "linux")]
mod byte {
    use std::fs::File;
    use std::io;

    use nix::errno::Errno;
    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc::{F_WRLCK, SEEK_SET, flock};

    const BYTE: i64 = 1 << 62;

    /// Whether it can be taken now.
    pub(super) fn try_lock(file: &File) -> io::Result<bool> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "small numbers of the system's own"
        )]
        let lock = flock {
            l_type: F_WRLCK as _,
            l_whence: SEEK_SET as _,
            l_start: BYTE,
            l_len: 1,
            l_pid: 0,
        };
        match fcntl(file, FcntlArg::F_OFD_SETLK(&lock)) {
            Ok(_) => Ok(true),
            Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// On other systems the lock file alone has to do.
#[cfg(not(target_os = "linux"))]
mod byte {
    pub(super) fn try_lock(_: &std::fs::File) -> std::io::Result<bool> {
        Ok(true)
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // So that this run is not taken for the next holder; a killed run leaves its name behind.
        let _ = self.file.set_len(0);
    }
}

/// Who holds the lock. The holder writes its name a moment after it took the lock, so this waits for it.
fn holder(file: &mut File) -> String {
    let mut holder = String::new();
    for _ in 0..50 {
        // Without it, the message only says less.
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

/// Retries until the deadline.
fn lock(file: &File, deadline: Option<Instant>) -> Result<(), TryLockError> {
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if !is_over(deadline) => std::thread::sleep(PAUSE),
            other => return other,
        }
    }
}

fn is_over(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|it| Instant::now() >= it)
}

/// Refuses a file that adsync did not write: taking the lock would empty it.
fn refuse_other(file: &mut File) -> std::io::Result<()> {
    let mut text = Vec::new();
    file.rewind()?;
    (&*file).take(WORD.len() as u64).read_to_end(&mut text)?;
    if WORD.as_bytes().starts_with(&text) {
        return Ok(());
    }
    let what = "it is not the lock of a store, and stays as it is";
    Err(std::io::Error::new(std::io::ErrorKind::AlreadyExists, what))
}

fn lock_path(store: &Path) -> PathBuf {
    files::with_ending(store, ".lock")
}
