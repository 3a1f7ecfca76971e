//! Real servers that are not Active Directory, for a test: `OpenLDAP`'s slapd and 389 Directory Server,
//! each on a free port of the loopback, with these people in `ou=people`:
//!
//! ```ignore
//! let server = PlainServer::openldap();
//! server.add_all(&["alice", "bob"].map(Person::new));
//! server.modify("alice", "mail", &["new@example.com"]);
//! ```
//!
//! This file owns the server's life and the changes to it; `openldap` and `ds389` know how each is set
//! up, and `person` what an entry looks like. Nothing here may skip a test.

mod ds389;
mod openldap;
mod person;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::adsync::Settings;
use super::process;
use super::samba::ldif::Record;
pub(crate) use person::Person;

/// What the server holds, its container for people, and the account that adsync logs in with.
pub(crate) const SUFFIX: &str = "dc=corp,dc=example,dc=com";
pub(crate) const PEOPLE: &str = "ou=people,dc=corp,dc=example,dc=com";
pub(crate) const READER: &str = "uid=reader,dc=corp,dc=example,dc=com";
const READER_PASSWORD: &str = "password-of-the-reader";
const ADMIN_PASSWORD: &str = "password-of-the-admin";

/// Far above the second that a start takes, for a machine that is busy.
const START_LIMIT: Duration = Duration::from_mins(1);
const TOOL_LIMIT: Duration = Duration::from_mins(1);

/// A running server. It ends when this value is dropped, and also when the test process is killed.
pub(crate) struct PlainServer {
    server: Option<Child>,
    command: Vec<OsString>,
    port: u16,
    admin: &'static str,
    folder: TempDir,
}

impl PlainServer {
    /// Starts a server whose files are in `folder`.
    fn launch(command: &Command, admin: &'static str, port: u16, folder: TempDir) -> Self {
        let command = std::iter::once(command.get_program()).chain(command.get_args());
        let mut server = Self {
            server: None,
            command: command.map(OsStr::to_owned).collect(),
            port,
            admin,
            folder,
        };
        server.restart();
        server
    }

    /// Stops the server; its content stays for [`Self::restart`].
    pub(crate) fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    /// Starts it again, on the same port and with the same content.
    pub(crate) fn restart(&mut self) {
        self.stop();
        let log = fs::File::create(self.folder.path().join("server.log")).expect("it is writable");
        let errors = log.try_clone().expect("a file handle can be duplicated");
        let server = Command::new(program("setpriv", "util-linux"))
            .args(["--pdeathsig", "KILL", "--"])
            .args(&self.command)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .expect("the server's program was found and can be started");
        self.server = Some(server);
        self.wait_until_listening();
    }

    fn wait_until_listening(&mut self) {
        let deadline = Instant::now() + START_LIMIT;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            let server = self.server.as_mut().expect("the server was just started");
            let ended = server.try_wait().expect("an own child");
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "{} does not listen ({ended:?})\n{}",
                self.url(),
                self.log()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn log(&self) -> String {
        let files = ["server.log", "log/errors"].map(|name| self.folder.path().join(name));
        files
            .map(|file| fs::read_to_string(file).unwrap_or_default())
            .concat()
    }

    /// The domain, its container for people, and the account that reads.
    fn fill(&self) {
        let reader = Person::new("reader")
            .below(SUFFIX)
            .set("userPassword", &[READER_PASSWORD]);
        let people = Record::add(PEOPLE)
            .value("objectClass", "organizationalUnit")
            .value("ou", "people");
        let top = Record::add(SUFFIX)
            .value("objectClass", "domain")
            .value("dc", "corp");
        self.apply(&format!("{top}{people}{}", reader.record()));
    }

    /// `ldap://127.0.0.1:PORT`: the loopback, where a password may go in clear.
    pub(crate) fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    /// Settings for adsync as the documentation gives them.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            base_dn: Some(PEOPLE.to_owned()),
            username: Some(READER.to_owned()),
            password: Some(READER_PASSWORD.to_owned()),
            more_directory: "filter = \"(objectClass=inetOrgPerson)\"".to_owned(),
            more_attributes: "username = \"uid\"\nguid = \"entryUUID\"".to_owned(),
            ..Settings::for_url(&self.url())
        }
    }

    /// Applies LDIF change records as the administrator.
    pub(crate) fn apply(&self, changes: &str) {
        let mut tool = self.tool("ldapmodify");
        tool.args(["-D", self.admin, "-w", ADMIN_PASSWORD]);
        let finished = process::run(&mut tool, changes.as_bytes(), TOOL_LIMIT);
        assert!(
            finished.status.success(),
            "{}\nin the LDIF\n{changes}",
            String::from_utf8_lossy(&finished.stderr)
        );
    }

    /// What `ldapsearch` prints to the account that reads.
    pub(crate) fn search(&self, base: &str, arguments: &[&str]) -> String {
        let mut tool = self.tool("ldapsearch");
        tool.args(["-D", READER, "-w", READER_PASSWORD])
            .args(["-LLL", "-o", "ldif-wrap=no", "-b", base])
            .args(arguments);
        let finished = process::run(&mut tool, b"", TOOL_LIMIT);
        String::from_utf8_lossy(&finished.stdout).into_owned()
    }

    fn tool(&self, name: &str) -> Command {
        let mut tool = Command::new(program(name, "ldap-utils"));
        tool.args(["-x", "-H", &self.url()])
            // The settings of the machine play no part.
            .env("LDAPCONF", "/dev/null")
            .env("HOME", self.folder.path())
            .env_remove("LDAPRC");
        tool
    }

    pub(crate) fn add(&self, person: &Person) {
        self.apply(&person.record().to_string());
    }

    pub(crate) fn add_all(&self, people: &[Person]) {
        let records: Vec<String> = people.iter().map(|it| it.record().to_string()).collect();
        self.apply(&records.concat());
    }

    /// Adds an organizational unit below the people and returns its DN.
    pub(crate) fn add_ou(&self, name: &str) -> String {
        let dn = format!("ou={name},{PEOPLE}");
        let ou = Record::add(&dn).value("objectClass", "organizationalUnit");
        self.apply(&ou.value("ou", name).to_string());
        dn
    }

    /// Gives an attribute of a person these values, in this order.
    pub(crate) fn modify(&self, uid: &str, attribute: &str, values: &[&str]) {
        let mut record = Record::modify(&dn_of(uid)).clear(attribute);
        for value in values {
            record = record.add_value(attribute, value);
        }
        self.apply(&record.to_string());
    }

    /// Deletes an entry.
    pub(crate) fn delete(&self, dn: &str) {
        self.apply(&Record::delete(dn).to_string());
    }
}

impl Drop for PlainServer {
    fn drop(&mut self) {
        self.stop();
        // Only one of the two has it.
        let _ = fs::remove_file(ds389::semaphore(self.folder.path()));
    }
}

/// The DN of a person in `ou=people`.
pub(crate) fn dn_of(uid: &str) -> String {
    format!("uid={uid},{PEOPLE}")
}

/// A folder for a server that lasts as long as it does.
fn folder(prefix: &str) -> TempDir {
    tempfile::Builder::new()
        .prefix(prefix)
        .tempdir()
        .expect("the temporary directory is writable")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("it has a port").port()
}

fn program(name: &str, package: &str) -> PathBuf {
    process::find(name).unwrap_or_else(|| {
        panic!(
            "`{name}` is not installed, and the end-to-end tests need it: \
             ./scripts/install-test-deps.sh, or apt-get install --no-install-recommends {package}"
        )
    })
}

fn write(path: &Path, text: &str) {
    fs::write(path, text)
        .unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
}
