//! Makes slapd's database of users. It is made once for a number of users and kept in the target
//! folder; whatever changes its content gives it a new name.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufWriter, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::{READER, config, program};
use crate::folder;
use crate::users;

/// What LMDB calls its file.
const FILE: &str = "data.mdb";

/// A fresh folder with a copy of the database of this many users.
pub fn copy(users: usize) -> Result<TempDir> {
    let made = cached(users)?;
    let folder = folder::temporary("slapd-")?;
    // slapadd leaves a file of the greatest size there may be, with a hole for what is not used;
    // cp keeps the hole.
    let status = Command::new("cp")
        .arg(&made)
        .arg(folder.path().join(FILE))
        .status()
        .context("failed to start cp")?;
    if !status.success() {
        bail!("cannot copy {}: cp ended with {status}", made.display());
    }
    Ok(folder)
}

fn cached(users: usize) -> Result<PathBuf> {
    let file = folder::kept()?.join(format!("slapd-{users}-users-{:016x}.mdb", stamp()?));
    // Another benchmark may be making it at this moment: wait for it.
    let lock = File::create(file.with_extension("lock"))?;
    lock.lock()?;
    if !file.is_file() {
        crate::progress(&format!("making a directory of {users} users"));
        let unfinished = folder::temporary("slapd-unfinished-")?;
        load(unfinished.path(), users)?;
        fs::rename(unfinished.path().join(FILE), &file)?;
    }
    Ok(file)
}

/// Changes with the users, the settings of the server, and the installed slapd.
fn stamp() -> Result<u64> {
    let server = fs::metadata(program("slapd")?)?;
    let mut hasher = DefaultHasher::new();
    include_str!("../users.rs").hash(&mut hasher);
    include_str!("database.rs").hash(&mut hasher);
    config::SCHEMA.hash(&mut hasher);
    config::text(Path::new(""), Path::new("")).hash(&mut hasher);
    (READER.dn, READER.password).hash(&mut hasher);
    (server.size(), server.mtime()).hash(&mut hasher);
    Ok(hasher.finish())
}

fn load(folder: &Path, users: usize) -> Result<()> {
    let config = config::write(folder)?;
    let mut loader = Command::new(program("slapadd")?)
        .arg("-q")
        .arg("-f")
        .arg(&config)
        .stdin(Stdio::piped())
        .spawn()
        .context("failed to start slapadd")?;
    let written = feed(&mut loader, users);
    let status = loader.wait()?;
    if !status.success() {
        bail!("slapadd ended with {status}");
    }
    written.context("cannot write to slapadd")
}

fn feed(loader: &mut Child, users: usize) -> Result<()> {
    let input = loader.stdin.take().context("it has no standard input")?;
    let mut input = BufWriter::with_capacity(1 << 20, input);
    users::write_directory(users, &READER, &mut input)?;
    Ok(input.flush()?)
}
