//! How a database server is reached.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::ConnectOptions;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::runtime::Runtime;

use super::application_table::Mapping;
use super::connection::{Connection, Driver};
use super::dialect::Dialect;
use super::error::{DatabaseError, Refusal};

/// How long connecting to one host may take.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// A database on a server.
#[derive(Clone)]
pub struct Server {
    /// Whose SQL it speaks.
    pub dialect: Dialect,
    /// Where it may be; the first that can be used is.
    pub hosts: Vec<Host>,
    /// The role, or account.
    pub username: String,
    /// Its password; none where the server asks for none.
    pub password: Option<SecretString>,
    /// The database.
    pub database: String,
    /// The table of an application, where the users are in one.
    pub users: Option<Mapping>,
    /// The schema of adsync's own tables, or the prefix of their names.
    pub schema: String,
    /// The certificates that are trusted, in PEM; without one, those of the system.
    pub ca_file: Option<PathBuf>,
}

/// A place where a server may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A name or an address, and the port.
    Tcp(String, u16),
    /// A Unix socket; of `PostgreSQL` its folder and its port.
    Socket(PathBuf, u16),
}

impl Host {
    /// Whether nobody can listen in between.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Socket(..) => true,
            Self::Tcp(host, _) => {
                let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
                host == "localhost" || address.is_ok_and(|it| it.is_loopback())
            }
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(host, port) => write!(f, "{host}:{port}"),
            Self::Socket(path, _) => write!(f, "{}", path.display()),
        }
    }
}

/// Without the password.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<String> = self.hosts.iter().map(ToString::to_string).collect();
        write!(
            f,
            "{}://{}@{}/{}",
            self.dialect.scheme(),
            self.username,
            hosts.join(","),
            self.database
        )
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({self})")
    }
}

impl Server {
    /// Connects to the first host that can be used; to write, to one that takes writes. `name` is what the server
    /// shows of this connection.
    pub fn connect(&self, to_write: bool, name: &str) -> Result<Connection, DatabaseError> {
        let mut errors = Vec::new();
        for host in &self.hosts {
            match self.try_host(host, to_write, name) {
                Ok(connection) => return Ok(connection),
                Err(error) => {
                    log::info!("{host}: {error}");
                    // Another host would say the same.
                    if error.refusal == Refusal::Login || self.hosts.len() == 1 {
                        return Err(at(host, error));
                    }
                    errors.push(at(host, error));
                }
            }
        }
        let refusal = errors.first().map_or(Refusal::Unreachable, |it| it.refusal);
        let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Err(DatabaseError::new(refusal, all.join("; ")))
    }

    fn try_host(
        &self,
        host: &Host,
        to_write: bool,
        name: &str,
    ) -> Result<Connection, DatabaseError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| DatabaseError::new(Refusal::Other, error.to_string()))?;
        let driver = self.driver(host, name, &runtime)?;
        let connection = Connection::new(runtime, driver);
        if to_write && self.hosts.len() > 1 {
            let query = match self.dialect {
                Dialect::Postgres => {
                    "SELECT CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END::bigint"
                }
                Dialect::MySql => "SELECT CAST(@@global.read_only AS SIGNED)",
            };
            let is_read_only = connection.one(query, &[], |row| row.flag(0))?;
            if is_read_only.unwrap_or_default() {
                return Err(DatabaseError::new(
                    Refusal::ReadOnly,
                    "it takes no writes: it is a standby",
                ));
            }
        }
        Ok(connection)
    }

    fn driver(&self, host: &Host, name: &str, runtime: &Runtime) -> Result<Driver, DatabaseError> {
        let connect = async {
            let connecting = async {
                match self.dialect {
                    Dialect::Postgres => self
                        .postgres(host, name)
                        .connect()
                        .await
                        .map(Driver::Postgres),
                    Dialect::MySql => self.mysql(host).connect().await.map(Driver::MySql),
                }
            };
            tokio::time::timeout(CONNECT_PATIENCE, connecting).await
        };
        match runtime.block_on(connect) {
            Ok(Ok(driver)) => Ok(driver),
            Ok(Err(error)) => {
                let mut error = DatabaseError::from(error);
                if error.refusal == Refusal::Gone {
                    error.refusal = Refusal::Unreachable;
                }
                Err(error)
            }
            Err(_) => Err(DatabaseError::new(
                Refusal::Unreachable,
                format!("no answer within {} s", CONNECT_PATIENCE.as_secs()),
            )),
        }
    }

    /// Whether the connection to a host is encrypted, and the certificate verified.
    fn is_encrypted(&self, host: &Host) -> bool {
        match host {
            Host::Socket(..) => false,
            Host::Tcp(..) => self.ca_file.is_some() || !host.is_local(),
        }
    }

    fn postgres(&self, host: &Host, name: &str) -> PgConnectOptions {
        let options = PgConnectOptions::new_without_pgpass()
            .username(&self.username)
            .database(&self.database)
            .application_name(name)
            // A pooler knows few parameters of a connection, and refuses others.
            .extra_float_digits(None)
            .ssl_mode(if self.is_encrypted(host) {
                PgSslMode::VerifyFull
            } else {
                PgSslMode::Disable
            });
        let options = match host {
            Host::Tcp(host, port) => options.host(host).port(*port),
            Host::Socket(folder, port) => options.socket(folder).port(*port),
        };
        let options = match &self.password {
            Some(password) => options.password(password.expose_secret()),
            None => options,
        };
        let options = match &self.ca_file {
            Some(file) if self.is_encrypted(host) => options.ssl_root_cert(file),
            _ => options,
        };
        options.disable_statement_logging()
    }

    fn mysql(&self, host: &Host) -> MySqlConnectOptions {
        let options = MySqlConnectOptions::new()
            .username(&self.username)
            .database(&self.database)
            .charset("utf8mb4")
            .ssl_mode(if self.is_encrypted(host) {
                MySqlSslMode::VerifyIdentity
            } else {
                MySqlSslMode::Disabled
            });
        let options = match host {
            Host::Tcp(host, port) => options.host(host).port(*port),
            Host::Socket(path, _) => options.socket(path),
        };
        let options = match &self.password {
            Some(password) => options.password(password.expose_secret()),
            None => options,
        };
        let options = match &self.ca_file {
            Some(file) if self.is_encrypted(host) => options.ssl_ca(file),
            _ => options,
        };
        options.disable_statement_logging()
    }
}

fn at(host: &Host, error: DatabaseError) -> DatabaseError {
    DatabaseError {
        message: format!("{host}: {}", error.message),
        ..error
    }
}
