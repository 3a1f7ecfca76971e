//! django-python3-ldap in a virtual environment of its own, and a Django site that does nothing but
//! run its command `ldap_sync_users` (`benches/django`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use crate::endpoint::Endpoint;
use crate::folder;
use crate::process;

const REQUIREMENTS: &str = include_str!("../django/requirements.txt");

/// A Django site with a database.
pub struct DjangoSite {
    python: PathBuf,
    endpoint: Endpoint,
    database: TempDir,
}

impl DjangoSite {
    /// For a directory; there is no database yet. Installs the packages first if need be.
    pub fn new(endpoint: &Endpoint) -> Result<Self> {
        Ok(Self {
            python: environment()?,
            endpoint: endpoint.clone(),
            database: folder::temporary("django-")?,
        })
    }

    /// Makes the database anew, without users.
    pub fn remake_database(&self) -> Result<()> {
        for file in fs::read_dir(self.database.path())? {
            fs::remove_file(file?.path())?;
        }
        succeed(&mut self.command(&["migrate", "--run-syncdb", "--verbosity", "0"]))
    }

    /// The command that imports and updates all users.
    pub fn ldap_sync_users(&self) -> Command {
        self.command(&["ldap_sync_users", "--verbosity", "0"])
    }

    /// How many users there are.
    pub fn users(&self) -> Result<usize> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let database = Connection::open_with_flags(self.database_file(), flags)?;
        let count = "SELECT count(*) FROM people_user";
        let users: i64 = database.query_row(count, [], |row| row.get(0))?;
        Ok(usize::try_from(users)?)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.python);
        command
            .args(["-m", "django"])
            .args(arguments)
            .env("DJANGO_SETTINGS_MODULE", "settings")
            .env("PYTHONPATH", source_folder())
            // Compiled Python belongs in the target folder.
            .env(
                "PYTHONPYCACHEPREFIX",
                self.python.with_file_name("compiled"),
            )
            .env("BENCH_DATABASE", self.database_file())
            .env("BENCH_URL", &self.endpoint.url)
            .env("BENCH_BASE_DN", &self.endpoint.base_dn)
            .env("BENCH_BIND_NAME", &self.endpoint.bind_name)
            .env("BENCH_PASSWORD", &self.endpoint.password);
        command
    }

    fn database_file(&self) -> PathBuf {
        self.database.path().join("users.sqlite3")
    }
}

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/django")
}

/// The Python of an environment with exactly the pinned packages.
fn environment() -> Result<PathBuf> {
    let folder = folder::kept()?.join("django-environment");
    let python = folder.join("bin/python");
    let stamp = folder.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == REQUIREMENTS) {
        return Ok(python);
    }
    crate::progress("installing django-python3-ldap");
    let system_python = process::find("python3", "python3-venv")?;
    succeed(
        Command::new(system_python)
            .args(["-m", "venv", "--clear"])
            .arg(&folder),
    )
    .context("Debian has it in the package python3-venv")?;
    succeed(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--requirement"])
            .arg(source_folder().join("requirements.txt")),
    )?;
    fs::write(&stamp, REQUIREMENTS)?;
    Ok(python)
}

fn succeed(command: &mut Command) -> Result<()> {
    let name = command.get_program().display().to_string();
    let done = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("failed to start {name}"))?;
    if !done.status.success() {
        let said = [done.stdout, done.stderr].concat();
        bail!(
            "{name} ended with {}\n{}",
            done.status,
            String::from_utf8_lossy(&said)
        );
    }
    Ok(())
}
