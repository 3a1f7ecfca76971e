//! Real database servers for a test: `PostgreSQL` and `MariaDB`, each on a loopback address of its own and on a Unix
//! socket, with a certificate of the test CA:
//!
//! ```ignore
//! for database in Database::each() {
//!     database.sql("CREATE TABLE people (id integer PRIMARY KEY)");
//!     let settings = database.settings();
//! }
//! ```
//!
//! Tests share one server of each kind, and each gets a database of its own there. A test that ends a server starts its
//! own. This file owns the server's life; `postgres` and `mariadb` know how each is set up, started and asked. A server
//! is made once for a target directory, kept there as a folder, and copied for each start. Nothing here may skip a
//! test: without the server the test fails.

mod mariadb;
mod postgres;

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::process;
use super::samba::{CA_FILE, Cert, OTHER_CA_FILE, Reservation, certificate_files, copy_folder};

/// The role, or account, that adsync logs in with, and its password.
pub(crate) const ACCOUNT: &str = "adsync";
pub(crate) const PASSWORD: &str = "Passw0rd-of-the-database";

const CERTIFICATE: &str = "server.pem";
const KEY: &str = "server.key";
const PASSWORD_FILE: &str = "adsync-password";
/// What the server's account owns of its folder: its data, its socket, its key.
const OWN: &str = "server";
const DATA: &str = "data";
const RUN: &str = "run";

/// Far above the second that a start takes, for a machine that is busy.
const LIMIT: Duration = Duration::from_mins(2);

/// Whose server it is.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub(crate) enum Kind {
    Postgres,
    MariaDb,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Postgres, Self::MariaDb];

    fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::MariaDb => "mariadb",
        }
    }

    fn port(self) -> u16 {
        match self {
            // Away from the ports at which a server of the machine may listen.
            Self::Postgres => 25_432,
            Self::MariaDb => 23_306,
        }
    }
}

/// A database of its own for one test, owned by [`ACCOUNT`].
#[derive(Clone)]
pub(crate) struct Database {
    server: Arc<Server>,
    name: String,
}

impl Database {
    /// An empty one on the shared server of each kind.
    pub(crate) fn each() -> [Self; 2] {
        Kind::ALL.map(Self::new)
    }

    /// An empty one on the shared server.
    pub(crate) fn new(kind: Kind) -> Self {
        static POSTGRES: OnceLock<Arc<Server>> = OnceLock::new();
        static MARIADB: OnceLock<Arc<Server>> = OnceLock::new();
        let shared = match kind {
            Kind::Postgres => &POSTGRES,
            Kind::MariaDb => &MARIADB,
        };
        Self::on(shared.get_or_init(|| Arc::new(Server::start(kind))))
    }

    /// An empty one on a server that no other test has, so that it may be ended.
    pub(crate) fn alone(kind: Kind) -> Self {
        Self::on(&Arc::new(Server::start(kind)))
    }

    fn on(server: &Arc<Server>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("app{}", NEXT.fetch_add(1, Ordering::Relaxed));
        match server.kind {
            Kind::Postgres => postgres::create_database(server, &name),
            Kind::MariaDb => mariadb::create_database(server, &name),
        }
        Self {
            server: Arc::clone(server),
            name,
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.server.kind
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.kind() == Kind::Postgres
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::new(self.server.address.ip().into(), self.kind().port())
    }

    /// `postgres://adsync@127.a.b.c:25432/app1`
    pub(crate) fn url(&self) -> String {
        self.url_at(self.address())
    }

    /// The same at another address.
    pub(crate) fn url_at(&self, address: SocketAddr) -> String {
        let scheme = match self.kind() {
            Kind::Postgres => "postgres",
            Kind::MariaDb => "mysql",
        };
        format!("{scheme}://{ACCOUNT}@{address}/{}", self.name)
    }

    /// The same, over the Unix socket.
    pub(crate) fn socket_url(&self) -> String {
        let run = self.server.path(RUN);
        let name = &self.name;
        match self.kind() {
            Kind::Postgres => format!(
                "postgres://{ACCOUNT}@/{name}?host={}&port={}",
                run.display(),
                self.kind().port()
            ),
            Kind::MariaDb => format!(
                "mysql://{ACCOUNT}@/{name}?host={}",
                run.join(mariadb::SOCKET).display()
            ),
        }
    }

    /// Holds the password of [`ACCOUNT`].
    pub(crate) fn password_file(&self) -> PathBuf {
        self.server.folder.path().join(PASSWORD_FILE)
    }

    /// The CA that signed the server's certificate, as PEM.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.server.folder.path().join(CA_FILE)
    }

    /// A CA that did not sign it, as PEM.
    pub(crate) fn other_ca_file(&self) -> PathBuf {
        self.server.folder.path().join(OTHER_CA_FILE)
    }

    /// What `[store]` says to reach it over its socket, which costs a run the least.
    pub(crate) fn settings(&self) -> String {
        let password = self.password_file();
        format!(
            "url = {:?}\npassword_file = \"{}\"\n",
            self.socket_url(),
            password.display()
        )
    }

    /// What `[store]` says to reach it over TLS, with a password.
    pub(crate) fn tls_settings(&self) -> String {
        let [password, ca] = [self.password_file(), self.ca_file()];
        format!(
            "url = {:?}\npassword_file = \"{}\"\nca_file = \"{}\"\n",
            self.url(),
            password.display(),
            ca.display()
        )
    }

    /// Runs SQL as the superuser. Returns the rows, a line each; columns are separated by `|`.
    #[track_caller]
    pub(crate) fn sql(&self, sql: &str) -> String {
        self.server.sql(&self.name, sql)
    }

    /// Ends the server's processes at once, as a crash does.
    pub(crate) fn kill(&self) {
        self.server.kill();
    }

    /// Shuts the server down.
    pub(crate) fn stop(&self) {
        self.server.stop();
    }

    /// Starts the ended server, at the same address and with its data.
    pub(crate) fn start_again(&self) {
        self.server.run();
    }
}

/// A running server. It ends with this value, and with the test.
struct Server {
    kind: Kind,
    address: Reservation,
    folder: TempDir,
    watcher: Mutex<Option<Child>>,
}

/// Runs the server, and waits for the end of the test in its place: a shared server lives longer than the thread of the
/// test that started it, and is dropped by nobody. What it reads are the signals to send; the end of its input is the
/// end of the test, of which nothing remains.
const WATCHER: &str = r#"
folder=$1 last=$2; shift 2
"$@" </dev/null >>"$folder/server.log" 2>&1 &
server=$!
echo "$server"
if read -r signal; then
    children=
    [ "$signal" = KILL ] && children=$(cat "/proc/$server/task/$server/children")
    kill -s "$signal" "$server" $children
    wait "$server"
    for it in $children; do while kill -0 "$it" 2>/dev/null; do sleep 0.01; done; done
else
    kill -s "$last" "$server"
    wait "$server"
    rm -rf "$folder"
fi
"#;

impl Server {
    fn start(kind: Kind) -> Self {
        let folder = temporary();
        let address = Reservation::new();
        let (certificate, key) = certificate_files(folder.path(), address.ip(), Cert::Good);
        write_private(&folder.path().join(PASSWORD_FILE), PASSWORD);
        let own = folder.path().join(OWN);
        fs::create_dir_all(own.join(RUN))
            .and_then(|()| copy_folder(&archive(kind), &own))
            .and_then(|()| fs::rename(certificate, own.join(CERTIFICATE)))
            .and_then(|()| fs::rename(key, own.join(KEY)))
            .expect("the server's files can be put together");
        give_away(&own);
        let server = Self {
            kind,
            address,
            folder,
            watcher: Mutex::new(None),
        };
        server.run();
        server
    }

    /// Starts the server's process and waits until it answers.
    fn run(&self) {
        let command = match self.kind {
            Kind::Postgres => postgres::command(self),
            Kind::MariaDb => mariadb::command(self),
        };
        let last_signal = match self.kind {
            // It frees its shared memory, and waits for nobody.
            Kind::Postgres => "QUIT",
            Kind::MariaDb => "KILL",
        };
        let mut watcher = Command::new("sh")
            .args(["-c", WATCHER, "sh"])
            .arg(self.folder.path())
            .arg(last_signal)
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // The shell would say that the server was killed.
            .stderr(Stdio::null())
            .spawn()
            .expect("every system has sh");
        let mut process_id = String::new();
        if let Some(stdout) = watcher.stdout.take() {
            BufReader::new(stdout)
                .read_line(&mut process_id)
                .expect("the shell's output is text");
        }
        *self.watcher() = Some(watcher);
        self.wait_until_it_answers(process_id.trim());
    }

    fn wait_until_it_answers(&self, process_id: &str) {
        let deadline = Instant::now() + LIMIT;
        let endpoint = (self.address.ip(), self.kind.port());
        while TcpStream::connect(endpoint).is_err() || self.ask("", "SELECT 1").is_err() {
            assert!(
                Path::new(&format!("/proc/{process_id}")).exists() && Instant::now() < deadline,
                "the server does not listen on {endpoint:?}; its log:\n{}",
                fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn kill(&self) {
        self.end("KILL");
    }

    fn stop(&self) {
        self.end(match self.kind {
            // A "fast" shutdown: it does not wait for its clients.
            Kind::Postgres => "INT",
            Kind::MariaDb => "TERM",
        });
    }

    fn end(&self, signal: &str) {
        let mut watcher = self.watcher().take().expect("only a running server ends");
        let mut orders = watcher.stdin.take().expect("it has a pipe");
        writeln!(orders, "{signal}").expect("the watcher listens");
        let ended = process::wait(&mut watcher, LIMIT);
        assert!(ended.is_some(), "the server does not end");
    }

    fn watcher(&self) -> MutexGuard<'_, Option<Child>> {
        self.watcher.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs SQL as the superuser; without a database, in the one that is always there.
    #[track_caller]
    fn sql(&self, database: &str, sql: &str) -> String {
        self.ask(database, sql)
            .unwrap_or_else(|error| panic!("{error}\nin the SQL\n{sql}"))
    }

    fn ask(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut client = match self.kind {
            Kind::Postgres => postgres::client(self, database),
            Kind::MariaDb => mariadb::client(self, database),
        };
        let finished = process::run(&mut client, sql.as_bytes(), LIMIT);
        if !finished.status.success() {
            return Err(String::from_utf8_lossy(&finished.stderr).into_owned());
        }
        let rows = String::from_utf8_lossy(&finished.stdout);
        Ok(rows.trim_end().replace('\t', "|"))
    }

    /// A file or folder that the server's account owns.
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(OWN).join(name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut watcher) = self.watcher().take() {
            drop(watcher.stdin.take());
            let _ = watcher.wait();
        }
    }
}

/// The folder of a server that was never started, in the target directory; made now if need be.
fn archive(kind: Kind) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(target).expect("the target directory is writable");
    let name = kind.name();
    let archive = target.join(format!("{name}-{:016x}", stamp(kind)));
    // Another test process may be making it at this moment: wait for it.
    let lock = File::create(target.join(format!("{name}.lock")));
    let lock = lock.expect("the target directory is writable");
    lock.lock().expect("the file system has locks");
    if !archive.is_dir() {
        // The server's account may not get to the target directory.
        let made = temporary();
        give_away(made.path());
        match kind {
            Kind::Postgres => postgres::make(made.path()),
            Kind::MariaDb => mariadb::make(made.path()),
        }
        let unfinished = tempfile::Builder::new()
            .prefix("database-unfinished-")
            .tempdir_in(target)
            .expect("the target directory is writable");
        copy_folder(made.path(), unfinished.path()).expect("the target directory is writable");
        fs::rename(unfinished.path(), &archive).expect("a folder can be renamed in its parent");
    }
    archive
}

/// Changes with the recipe and with the installed server.
fn stamp(kind: Kind) -> u64 {
    let (server, recipe) = match kind {
        Kind::Postgres => (
            postgres::program("postgres"),
            include_str!("database/postgres.rs"),
        ),
        Kind::MariaDb => (
            mariadb::program("mariadbd"),
            include_str!("database/mariadb.rs"),
        ),
    };
    let server = fs::metadata(server).expect("the program was just found");
    let mut hasher = DefaultHasher::new();
    (recipe, PASSWORD, server.size(), server.mtime()).hash(&mut hasher);
    hasher.finish()
}

/// A folder that the server's account may pass through.
fn temporary() -> TempDir {
    tempfile::Builder::new()
        // Short: unix sockets are made below it, whose paths end at 107 bytes.
        .prefix("adsync-db-")
        .permissions(fs::Permissions::from_mode(0o711))
        .tempdir()
        .expect("the temporary directory is writable")
}

/// The account of a server that refuses to run as root: `nobody`, by the IDs that it has nearly everywhere.
const NOBODY: u32 = 65_534;

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Gives a folder and all in it to the account that the server runs as.
fn give_away(folder: &Path) {
    if !is_root() {
        return;
    }
    chown(folder, Some(NOBODY), Some(NOBODY)).expect("root gives away what it owns");
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let entry = entry.expect("an entry").path();
        if entry.is_dir() {
            give_away(&entry);
        } else {
            chown(&entry, Some(NOBODY), Some(NOBODY)).expect("root gives away what it owns");
        }
    }
}

/// A command that runs as an ordinary account, also where the test is root's.
fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new(process::find("setpriv").expect("`setpriv` is in util-linux"));
    command
        .arg(format!("--reuid={NOBODY}"))
        .arg(format!("--regid={NOBODY}"))
        .arg("--clear-groups")
        .arg(program);
    command
}

/// Runs a command that makes a server's files.
fn check(command: &mut Command) {
    let finished = process::run(command, b"", LIMIT);
    assert!(
        finished.status.success(),
        "failed to set up a database server: {} ended with {}\n{}{}",
        command.get_program().display(),
        finished.status,
        String::from_utf8_lossy(&finished.stdout),
        String::from_utf8_lossy(&finished.stderr)
    );
}

fn missing(program: &str, packages: &str) -> String {
    format!(
        "`{program}` is not installed, and the end-to-end tests need it: \
         ./scripts/install-test-deps.sh, or apt-get install --no-install-recommends {packages}"
    )
}

fn write_private(path: &Path, text: &str) {
    fs::write(path, text)
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o600)))
        .unwrap_or_else(|error| panic!("failed to write {}: {error}", path.display()));
}
