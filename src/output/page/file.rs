//! The file that a page is written to: whole or not at all, and for its owner only.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::failure::{Failure, Kind};
use crate::report::Report;

/// Where a page will be written.
#[derive(Debug)]
pub struct PageFile {
    /// As the command line says it.
    named: PathBuf,
    /// The file itself, where that is a link.
    path: PathBuf,
}

impl PageFile {
    /// Looks whether a page can be written there, before the run begins and changes anything.
    pub fn at(named: &Path) -> Result<Self, Failure> {
        let unwritable = |error: io::Error| {
            let message = format!("cannot write the report {}: {error}", named.display());
            Failure::new(Kind::Usage, message).hint(
                "name a file in a folder that this account may write to, with --report FILE.html",
            )
        };
        refuse_link_of_others(named).map_err(unwritable)?;
        let path = match fs::canonicalize(named) {
            Ok(path) => path,
            Err(error) if error.kind() == io::ErrorKind::NotFound => named.to_owned(),
            Err(error) => return Err(unwritable(error)),
        };
        // A device or a pipe would be replaced by the page.
        let is_file = |metadata: fs::Metadata| metadata.is_file();
        if !fs::metadata(&path).map_or(true, is_file) {
            return Err(unwritable(io::Error::other("it is not a file")));
        }
        let file = Self {
            named: named.to_owned(),
            path,
        };
        file.draft().map_err(unwritable)?;
        Ok(file)
    }

    /// Writes a run; with the reason, if it was refused.
    pub fn write(&self, report: &Report<'_>, refusal: Option<&Failure>) -> io::Result<()> {
        self.put(report, refusal).map_err(|error| {
            let message = format!("cannot write the report {}: {error}", self.named.display());
            io::Error::new(error.kind(), message)
        })
    }

    fn put(&self, report: &Report<'_>, refusal: Option<&Failure>) -> io::Result<()> {
        let mut draft = self.draft()?;
        let mut out = BufWriter::new(&mut draft);
        super::write(&mut out, report, refusal)?;
        out.flush()?;
        drop(out);
        draft.as_file().sync_all()?;
        draft.persist(&self.path)?;
        Ok(())
    }

    /// A file beside it that only its owner may read, and that is gone if nothing becomes of it.
    fn draft(&self) -> io::Result<NamedTempFile> {
        let folder = self.path.parent();
        let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
        Builder::new()
            .prefix(".adsync-report-")
            .make_in(folder.unwrap_or(Path::new(".")), make_private)
    }
}

impl fmt::Display for PageFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.named.display().fmt(f)
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

/// Makes a file that is not there yet.
fn make_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}
