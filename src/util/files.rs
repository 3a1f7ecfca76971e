//! Files that only their owner may read, opened without following links.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Opens a file to read and write, or creates it, readable by its owner only.
pub fn open_private(path: &Path) -> io::Result<File> {
    match make_private(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => open(path),
        made => made,
    }
}

/// Creates a new file, readable by its owner only, whatever the umask.
pub fn make_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    // A link makes this fail too: it is not followed.
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let file = options.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // An umask takes rights away from the owner as well, who is to open it again.
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

/// Opens an existing file to read and write.
pub fn open(path: &Path) -> io::Result<File> {
    unfollowed(OpenOptions::new().read(true).write(true), path)
}

fn unfollowed(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(nix::libc::O_NOFOLLOW);
    }
    options.open(path).map_err(|error| {
        if is_link(path) {
            io::Error::other("it is a symbolic link, which is not followed")
        } else {
            error
        }
    })
}

/// Whether that very name is a symbolic link.
pub fn is_link(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
}

/// Which file a name stands for: its device and number. None where there is none, or no such thing.
pub fn identity(path: &Path) -> Option<(u64, u64)> {
    number(&std::fs::symlink_metadata(path).ok()?)
}

/// A path with a suffix: `users.db` and `.lock`.
pub fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

/// The beginning of a file, up to that many bytes. A link is not followed.
pub fn head(path: &Path, bytes: u64) -> io::Result<Vec<u8>> {
    let mut options = OpenOptions::new();
    let mut head = Vec::new();
    unfollowed(options.read(true), path)?
        .take(bytes)
        .read_to_end(&mut head)?;
    Ok(head)
}

/// Whether an open file is still the one with that name.
pub fn is_called(file: &File, path: &Path) -> bool {
    identity(path) == identity_of(file)
}

/// Which file that is, whatever it is called by now.
pub fn identity_of(file: &File) -> Option<(u64, u64)> {
    number(&file.metadata().ok()?)
}

#[cfg(unix)]
#[expect(
    clippy::unnecessary_wraps,
    reason = "other systems have no such number"
)]
fn number(metadata: &std::fs::Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn number(_: &std::fs::Metadata) -> Option<(u64, u64)> {
    None
}

/// Waits until a file, or the names in a folder, are on the disk.
pub fn settle(path: &Path) -> io::Result<()> {
    let here = Path::new(".");
    let is_named = !path.as_os_str().is_empty();
    // A folder cannot be opened as a file everywhere; there its names need no such care.
    match File::open(if is_named { path } else { here }) {
        Ok(file) => file.sync_all(),
        Err(_) if cfg!(windows) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Creates the folder of a file, for its owner only, if it does not exist.
pub fn make_folder_of(path: &Path) -> io::Result<()> {
    let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    else {
        return Ok(());
    };
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder).map_err(|error| match error.kind() {
        // A file is in the place of the folder.
        io::ErrorKind::AlreadyExists => io::ErrorKind::NotADirectory.into(),
        _ => error,
    })
}
