//! `OpenLDAP`'s slapd on loopback with made-up users, for as long as the value lives.
//!
//! This file owns the server's life; `database` makes what it serves. Each server has a copy of the
//! database, so that every benchmark begins with the same one.

mod config;
mod database;

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::endpoint::Endpoint;
use crate::process;
use crate::users::{Account, STAFF_DN};

pub use config::Administrator;

const READER: Account = Account {
    name: "svc-adsync",
    dn: "CN=svc-adsync,DC=corp,DC=example,DC=com",
    password: "password-of-the-reader",
};

const START_LIMIT: Duration = Duration::from_mins(1);

/// A running slapd.
pub struct Slapd {
    server: Child,
    port: u16,
    _folder: TempDir,
}

impl Slapd {
    /// Starts one with this many users. Makes the database first if there is none from an earlier run.
    pub fn start(users: usize) -> Result<Self> {
        let program = program("slapd")?;
        let folder = database::copy(users)?;
        let config = config::write(folder.path())?;
        let port = free_port()?;
        let server = spawn(&program, &config, port)?;
        let mut slapd = Self {
            server,
            port,
            _folder: folder,
        };
        slapd.wait_until_listening()?;
        Ok(slapd)
    }

    /// For an ordinary account.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint {
            url: self.url(),
            base_dn: STAFF_DN.to_owned(),
            bind_name: READER.dn.to_owned(),
            password: READER.password.to_owned(),
            ca_file: None,
        }
    }

    /// For whoever changes it.
    pub fn administrator(&self) -> Endpoint {
        Endpoint {
            bind_name: Administrator::DN.to_owned(),
            password: Administrator::PASSWORD.to_owned(),
            ..self.endpoint()
        }
    }

    fn url(&self) -> String {
        format!("ldap://{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }

    fn wait_until_listening(&mut self) -> Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            if let Some(status) = self.server.try_wait()? {
                bail!("slapd ended at its start with {status}");
            }
            if Instant::now() > deadline {
                bail!("slapd does not listen on {} after a minute", self.url());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        // Its database goes too, so there is nothing to end gently for.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Finds a program of Debian's package of that name.
fn program(name: &str) -> Result<PathBuf> {
    process::find(name, "slapd")
}

/// slapd itself, in the foreground: a child that does not outlive the benchmark, however that ends.
fn spawn(program: &Path, config: &Path, port: u16) -> Result<Child> {
    Command::new(process::find("setpriv", "util-linux")?)
        .args(["--pdeathsig", "KILL", "--"])
        .arg(program)
        .args(["-d", "0", "-h"])
        .arg(format!("ldap://{}:{port}", Ipv4Addr::LOCALHOST))
        .arg("-f")
        .arg(config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .context("failed to start slapd")
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}
