//! A real Active Directory domain controller for a test: Samba's, on a loopback
//! address of its own, ready in about half a second.
//!
//! ```ignore
//! let dc = SambaDc::start();
//! let alice = dc.add_user(&User::new("alice").mail("alice@corp.example.com"));
//! dc.rename_account("alice", "alice.archer");
//! ```
//!
//! This file owns the server's life: start, freeze, stop. Its parts: `domain` says
//! what it is called, `provision` makes it once and copies it for each start, `address`
//! finds a free loopback address, `certificates` is the test CA, `copies` lets a
//! server come back with another past, `ldap` and `stream` talk to the running
//! server, `kerberos` makes it a KDC, `searches` tells what it was asked, and `people` and `rights` are the
//! story-telling helpers on top. Nothing here may skip a test: without the server
//! the test fails.

mod address;
mod certificates;
mod copies;
mod domain;
#[cfg(feature = "kerberos")]
mod kerberos;
mod ldap;
pub(crate) mod ldif;
mod people;
mod provision;
mod rights;
mod searches;
mod stream;

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::process;
pub(crate) use address::Reservation;
pub(crate) use certificates::{CA_FILE, Cert, OTHER_CA_FILE, certificate_files};
pub(crate) use copies::Snapshot;
pub(crate) use domain::{BRANCH, CORP, Domain, REBUILT};
#[cfg(feature = "kerberos")]
pub(crate) use kerberos::SERVICE_PRINCIPAL;
pub(crate) use ldap::{Entry, Login, Search};
pub(crate) use people::User;
pub(crate) use provision::copy_folder;
pub(crate) use searches::Asked;
pub(crate) use stream::ChangeStream;

/// The domain of nearly every test, as DNS and as LDAP write it, and its container for people.
pub(crate) const DOMAIN: &str = CORP.dns;
pub(crate) const NETBIOS_DOMAIN: &str = CORP.netbios;
pub(crate) const HOST_NAME: &str = "dc1.corp.example.com";
pub(crate) const BASE_DN: &str = CORP.base_dn;
pub(crate) const STAFF_DN: &str = CORP.staff_dn;

/// The account that adsync logs in with: an ordinary user, without any right
/// that every user does not have.
pub(crate) const SERVICE_ACCOUNT: &str = "svc-adsync";
pub(crate) const SERVICE_UPN: &str = CORP.service_upn;
pub(crate) const SERVICE_DN: &str = CORP.service_dn;
pub(crate) const SERVICE_PASSWORD: &str = "Passw0rd-of-the-service";

pub(crate) const ADMIN_PASSWORD: &str = "Passw0rd-of-the-admin";

/// Far above the half second a start takes, for a machine that is busy.
const START_LIMIT: Duration = Duration::from_mins(1);

/// A running domain controller. It ends when this value is dropped, and also
/// when the test process is killed: its standard input is a pipe from here.
pub(crate) struct SambaDc {
    server: Option<Child>,
    frozen: Option<Child>,
    address: address::Reservation,
    domain: &'static Domain,
    services: String,
    more_config: String,
    log_level: u8,
    directory: TempDir,
}

/// What a test may choose about its domain controller before it starts.
pub(crate) struct Builder {
    domain: &'static Domain,
    certificate: Cert,
    services: Vec<&'static str>,
    more_config: String,
    log_level: u8,
    users: usize,
}

impl Builder {
    /// Another domain than [`CORP`].
    pub(crate) fn domain(mut self, domain: &'static Domain) -> Self {
        self.domain = domain;
        self
    }

    /// The certificate that the server shows; by default a good one.
    pub(crate) fn certificate(mut self, certificate: Cert) -> Self {
        self.certificate = certificate;
        self
    }

    /// Another of Samba's services next to `ldap`, for example `kdc`.
    pub(crate) fn service(mut self, name: &'static str) -> Self {
        self.services.push(name);
        self
    }

    /// Another line of the `[global]` section of its `smb.conf`.
    pub(crate) fn config(mut self, line: &str) -> Self {
        self.more_config = format!("{}{line}\n", self.more_config);
        self
    }

    /// With `User::numbered(1)` to `User::numbered(n)` in `OU=Staff` already.
    /// Slow once for each `n` and target directory, then as fast as without.
    pub(crate) fn users(mut self, n: usize) -> Self {
        self.users = n;
        self
    }

    /// With a log of every search, for [`SambaDc::asked`].
    pub(crate) fn logging_searches(mut self) -> Self {
        self.log_level = searches::LOG_LEVEL;
        self
    }

    /// Starts the server and waits until it listens.
    pub(crate) fn start(self) -> SambaDc {
        let directory = provision::unpack(self.domain, self.users);
        self.start_in(directory)
    }

    /// Starts a server on a folder that holds a domain.
    fn start_in(self, directory: TempDir) -> SambaDc {
        let address = address::Reservation::new();
        certificates::issue(directory.path(), address.ip(), self.certificate);
        let mut dc = SambaDc {
            server: None,
            frozen: None,
            address,
            domain: self.domain,
            services: self.services.join(", "),
            more_config: self.more_config,
            log_level: self.log_level,
            directory,
        };
        dc.restart();
        dc
    }
}

impl SambaDc {
    /// A domain controller with a good certificate and the base content.
    pub(crate) fn start() -> Self {
        Self::builder().start()
    }

    pub(crate) fn builder() -> Builder {
        Builder {
            domain: &CORP,
            certificate: Cert::Good,
            services: vec!["ldap"],
            more_config: String::new(),
            log_level: 0,
            users: 0,
        }
    }

    /// What the domain and its accounts are called.
    pub(crate) fn domain(&self) -> &'static Domain {
        self.domain
    }

    pub(crate) fn ip(&self) -> Ipv4Addr {
        self.address.ip()
    }

    /// `ldaps://127.a.b.c`
    pub(crate) fn url(&self) -> String {
        format!("ldaps://{}", self.ip())
    }

    /// `ldap://127.a.b.c`: plain, or for `StartTLS`.
    pub(crate) fn ldap_url(&self) -> String {
        format!("ldap://{}", self.ip())
    }

    /// The CA that signed the server's certificate, as PEM.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.directory.path().join(certificates::CA_FILE)
    }

    /// A CA that did not sign the server's certificate, as PEM.
    pub(crate) fn other_ca_file(&self) -> PathBuf {
        self.directory.path().join(certificates::OTHER_CA_FILE)
    }

    /// Stops the server; the directory's content stays for [`Self::restart`].
    pub(crate) fn stop(&mut self) {
        if self.frozen.is_some() {
            self.thaw();
        }
        if let Some(mut server) = self.server.take() {
            // Samba reads the end of its standard input as the order to exit.
            drop(server.stdin.take());
            if process::wait(&mut server, Duration::from_secs(5)).is_none() {
                let _ = server.kill();
                let _ = server.wait();
            }
        }
    }

    /// Starts the stopped server again, at the same address.
    pub(crate) fn restart(&mut self) {
        self.stop();
        let config = provision::write_config(
            self.directory.path(),
            self.domain,
            self.ip(),
            &self.services,
            &self.more_config,
        );
        let log = std::fs::File::create(self.log_file()).expect("the server's folder is writable");
        let errors = log.try_clone().expect("a file handle can be duplicated");
        let server = Command::new(provision::program("samba"))
            // --no-process-group: Ctrl-C at the terminal reaches the server too.
            .args(["-i", "-M", "single", "--no-process-group", "-s"])
            .arg(config)
            .arg(format!("--debuglevel={}", self.log_level))
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .expect("the server's program was found and can be started");
        self.server = Some(server);
        self.wait_until_listening();
    }

    /// Stops the server's process without closing its connections: clients
    /// wait for answers that do not come. Until [`Self::thaw`].
    pub(crate) fn freeze(&mut self) {
        assert!(self.frozen.is_none(), "the server is frozen already");
        let server = self.server.as_ref().expect("only a running server freezes");
        // A stopped process does not see that its standard input has closed, so
        // it would outlive a killed test. This shell waits for the test's end in
        // its place and wakes the server.
        let mut guard = Command::new("sh")
            .args([
                "-c",
                "kill -STOP \"$1\" && echo frozen; read -r _; kill -CONT \"$1\"",
                "sh",
                &server.id().to_string(),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("every system has sh");
        let mut said = String::new();
        if let Some(stdout) = guard.stdout.take() {
            BufReader::new(stdout)
                .read_line(&mut said)
                .expect("the shell's output is text");
        }
        assert_eq!(said, "frozen\n", "failed to stop the server's process");
        self.frozen = Some(guard);
    }

    /// Lets the frozen server go on.
    pub(crate) fn thaw(&mut self) {
        let mut guard = self.frozen.take().expect("only a frozen server thaws");
        drop(guard.stdin.take());
        guard.wait().expect("an own child can be waited for");
    }

    /// The server's process ID, for tests of the harness itself.
    pub(crate) fn process_id(&self) -> Option<u32> {
        self.server.as_ref().map(Child::id)
    }

    fn wait_until_listening(&mut self) {
        let deadline = Instant::now() + START_LIMIT;
        for port in [389, 636] {
            let endpoint = SocketAddr::from((self.ip(), port));
            while TcpStream::connect_timeout(&endpoint, Duration::from_secs(1)).is_err() {
                let server = self.server.as_mut().expect("the server was just started");
                let ended = server.try_wait().expect("an own child can be waited for");
                assert!(
                    ended.is_none() && Instant::now() < deadline,
                    "the Samba domain controller does not listen on {endpoint} ({}).\n\
                     Ports below 1024 need root, or `unshare --user --map-root-user --net` \
                     with its loopback up.\nIts log:\n{}",
                    ended.map_or("still starting".to_owned(), |status| status.to_string()),
                    std::fs::read_to_string(self.log_file()).unwrap_or_default()
                );
                std::thread::sleep(Duration::from_millis(2));
            }
        }
    }

    fn log_file(&self) -> PathBuf {
        self.directory.path().join("samba.log")
    }

    /// The database behind the server, for what LDAP cannot change.
    fn database(&self) -> PathBuf {
        self.directory.path().join("private/sam.ldb")
    }

    fn config_file(&self) -> PathBuf {
        provision::config_file(self.directory.path())
    }
}

impl Drop for SambaDc {
    fn drop(&mut self) {
        // Its folder goes too, so there is nothing to end gently for.
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
        if let Some(mut guard) = self.frozen.take() {
            let _ = guard.kill();
            let _ = guard.wait();
        }
    }
}
