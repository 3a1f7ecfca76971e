//! Files that adsync writes for others to read: whole or not at all, and never in the place of a file of another kind.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::util::crash;
use crate::util::files;

/// The kind of such a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A run as a page, for those who look at it: for its owner only.
    Page,
    /// The metrics of a run, for `node_exporter`, which runs under another account.
    Metrics,
    /// A page of the manual.
    Manual,
}

/// How many bytes of a file show which kind it is.
const HEAD: u64 = 4096;

impl Content {
    /// Whether a file with this beginning was written by adsync, and may be replaced.
    fn is_of(self, head: &[u8]) -> bool {
        let has = |part: &str| head.windows(part.len()).any(|it| it == part.as_bytes());
        head.is_empty()
            || match self {
                Self::Page => head.starts_with(b"<!doctype html>") && has("<title>adsync "),
                Self::Metrics => head.starts_with(b"# HELP adsync_"),
                Self::Manual => has("\n.TH ADSYNC") || has("\n.TH adsync"),
            }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Page => "a report",
            Self::Metrics => "a metrics file",
            Self::Manual => "a manual page",
        }
    }

    /// The error that names the file.
    fn unwritten(self, path: &Path, error: &io::Error) -> io::Error {
        let what = match self {
            Self::Page => "the report ",
            Self::Metrics => "the metrics_file ",
            Self::Manual => "",
        };
        let message = format!("cannot write {what}{}: {error}", path.display());
        io::Error::new(error.kind(), message)
    }

    #[cfg(unix)]
    fn mode(self) -> u32 {
        match self {
            Self::Page => 0o600,
            Self::Metrics | Self::Manual => 0o644,
        }
    }
}

/// Such a file, which need not exist yet.
#[derive(Debug)]
pub struct OutputFile {
    kind: Content,
    /// The path on the command line or in the settings.
    named: PathBuf,
    /// The file itself, if the path is a link.
    path: PathBuf,
}

impl OutputFile {
    /// A file with that path, examined now.
    pub fn at(named: &Path, kind: Content) -> io::Result<Self> {
        let find = || {
            refuse_link_of_others(named)?;
            let path = match fs::canonicalize(named) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => named.to_owned(),
                found => found?,
            };
            let file = Self {
                kind,
                named: named.to_owned(),
                path,
            };
            file.require_kind().map(|()| file)
        };
        find().map_err(|error| kind.unwritten(named, &error))
    }

    /// The same, of which it was tried whether it can be written.
    pub fn writable(named: &Path, kind: Content) -> io::Result<Self> {
        let file = Self::at(named, kind)?;
        match Staging::make(&file.path) {
            Ok(_) => Ok(file),
            Err(error) => Err(kind.unwritten(named, &error)),
        }
    }

    /// Replaces it atomically: a reader sees the old one or the new one.
    pub fn write(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let replaced = self.replace(write);
        replaced.map_err(|error| self.kind.unwritten(&self.named, &error))
    }

    fn replace(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let draft = Staging::make(&self.path)?;
        let mut out = BufWriter::new(&draft.file);
        write(&mut out)?;
        out.flush()?;
        drop(out);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::Permissions::from_mode(self.kind.mode());
            draft.file.set_permissions(mode)?;
        }
        draft.file.sync_all()?;
        crash::point("output written");
        self.require_kind()?;
        draft.put(&self.path)
    }

    /// Refuses to replace what adsync did not write.
    fn require_kind(&self) -> io::Result<()> {
        let head = match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
            // A device or a pipe would be replaced, too.
            Ok(metadata) if !metadata.is_file() => {
                return Err(io::Error::other("it is not a file"));
            }
            Ok(_) => {
                let mut head = Vec::new();
                File::open(&self.path)?.take(HEAD).read_to_end(&mut head)?;
                head
            }
        };
        if self.kind.is_of(&head) {
            return Ok(());
        }
        let name = self.kind.name();
        let what = format!("a file is there that is not {name} of adsync, and stays as it is");
        Err(io::Error::new(io::ErrorKind::AlreadyExists, what))
    }
}

impl fmt::Display for OutputFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.named.display().fmt(f)
    }
}

/// How long to wait for another run that writes the same file.
const PATIENCE: Duration = Duration::from_secs(10);

/// The temporary file beside it. Its name is always the same, so that one left by a killed run is reused
/// by the next.
struct Staging {
    file: File,
    path: PathBuf,
    is_put: bool,
}

impl Staging {
    fn make(place: &Path) -> io::Result<Self> {
        let name = place
            .file_name()
            .ok_or_else(|| io::Error::other("it is not a file"))?;
        let path = place.with_file_name(format!(".{}.adsync-new", name.display()));
        let deadline = Instant::now() + PATIENCE;
        loop {
            let file = files::open_private(&path)?;
            refuse_file_of_others(&file)?;
            match file.try_lock() {
                // Otherwise it was renamed or removed before it was locked.
                Ok(()) if files::is_called(&file, &path) => {
                    file.set_len(0)?;
                    let is_put = false;
                    return Ok(Self { file, path, is_put });
                }
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(io::Error::other("another adsync is writing it"));
                }
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    fn put(mut self, place: &Path) -> io::Result<()> {
        fs::rename(&self.path, place)?;
        self.is_put = true;
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.is_put {
            // One left behind is reused by the next run.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A link that another account made, as anybody can in `/tmp`, might lead to a file that only this account
/// may write. A link of its own, or of root, is followed.
#[cfg(unix)]
fn refuse_link_of_others(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let of_another = fs::symlink_metadata(path).is_ok_and(|it| {
        it.is_symlink() && it.uid() != 0 && it.uid() != nix::unistd::geteuid().as_raw()
    });
    if of_another {
        return Err(io::Error::other("it is a link that another account made"));
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_link_of_others(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// One made by another account has that account's rights, and may still be read by it.
#[cfg(unix)]
fn refuse_file_of_others(file: &File) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let metadata = file.metadata()?;
    let is_own = metadata.uid() == nix::unistd::geteuid().as_raw();
    if !metadata.is_file() || !is_own || metadata.nlink() > 1 {
        let what = "another account has put a file where it is made";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_file_of_others(_file: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, kind: Content, text: &str) -> io::Result<()> {
        OutputFile::at(path, kind)?.write(|out| out.write_all(text.as_bytes()))
    }

    #[test]
    fn it_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("adsync.prom");
        let (old, new) = ("# HELP adsync_a", "# HELP adsync_b");
        write(&path, Content::Metrics, old).expect("written");
        let reader = File::open(&path).expect("it is there");
        // As a killed run would leave it.
        let left = folder.path().join(".adsync.prom.adsync-new");
        fs::write(&left, "half of what a killed run would have said").expect("written");
        write(&path, Content::Metrics, new).expect("written");
        assert_eq!(io::read_to_string(reader).expect("text"), old);
        assert_eq!(fs::read_to_string(&path).expect("text"), new);
        let files = fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(files, 1, "nothing is left beside it");
    }

    #[test]
    fn what_is_of_another_kind_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let page = "<!doctype html>\n<title>adsync sync, run 1</title>";
        let all = [
            (Content::Page, page),
            (Content::Metrics, "# HELP adsync_last_run"),
            (Content::Manual, ".ie x\n.TH adsync 1"),
        ];
        let strangers = [
            "SQLite format 3\0",
            "secret",
            "\n",
            "<!doctype html>\n<title>x",
        ];
        for (kind, text) in all {
            for (other, head) in all {
                fs::write(&path, head).expect("written");
                assert_eq!(write(&path, kind, text).is_ok(), kind == other, "{head}");
            }
            for head in strangers {
                fs::write(&path, head).expect("written");
                write(&path, kind, text).expect_err("it is not ours");
                assert_eq!(fs::read_to_string(&path).expect("text"), head);
            }
        }
    }

    #[test]
    fn one_that_is_being_written_is_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("adsync.prom");
        std::thread::scope(|scope| {
            for number in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    let text = format!("# HELP adsync_{number}\n").repeat(10_000);
                    write(path, Content::Metrics, &text).expect("written");
                });
            }
        });
        let text = fs::read_to_string(&path).expect("text");
        let mut lines = text.lines();
        let first = lines.next().expect("a line");
        assert!(lines.all(|it| it == first) && text.len() > 100_000);
    }
}
