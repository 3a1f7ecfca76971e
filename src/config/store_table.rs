//! `[store]`: where the users are.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};

use super::location::default_store_path;
use super::path::{self, SettingsPath};
use super::users_table::UsersTable;
use super::values::{Password, PasswordCommand};
use crate::credentials::password::PasswordSources;
use crate::error::Failure;
use crate::store::Location;
use crate::store::database::{Dialect, Host, Server};

/// The table as it is written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreTable {
    path: Option<SettingsPath>,
    url: Option<DatabaseUrl>,
    ca_file: Option<SettingsPath>,
    password_file: Option<SettingsPath>,
    password_command: Option<PasswordCommand>,
    password: Option<Password>,
    schema: Option<String>,
    users: Option<UsersTable>,
    pub read_only: bool,
}

/// The schema, or the prefix, of adsync's own tables.
const SCHEMA: &str = "adsync";

impl StoreTable {
    /// Where the store is, and where the password of its server comes from.
    pub fn location(
        self,
        folder: &Path,
        wrong: impl Fn(&str) -> Failure,
    ) -> Result<(Location, PasswordSources), Failure> {
        let Some(DatabaseUrl(mut server)) = self.url else {
            self.refuse_server_keys(&wrong)?;
            let path = match self.path {
                Some(path) => path.within(folder),
                None => default_store_path()?,
            };
            return Ok((Location::File(path), PasswordSources::default()));
        };
        if self.path.is_some() {
            return Err(wrong("both path and url are given under [store]")
                .hint("keep url for a database server, path for an SQLite file"));
        }
        if self.password_file.is_some() && self.password_command.is_some() {
            return Err(wrong(
                "both password_file and password_command are given under [store]",
            ));
        }
        let mut command = self.password_command.map(|it| it.0);
        if let Some(program) = command.as_mut().and_then(|it| it.first_mut()) {
            *program = path::program(program, folder)
                .map_err(|why| wrong(&format!("password_command under [store]: {why}")))?;
        }
        if let Some(schema) = self.schema {
            server.schema = usable_schema(schema, &wrong)?;
        }
        if let Some(users) = self.users {
            server.users = Some(users.mapping(&wrong)?);
        }
        server.ca_file = self.ca_file.map(|it| it.within(folder));
        let sources = PasswordSources {
            file: self.password_file.map(|it| it.within(folder)),
            command,
            inline: self.password.map(|it| it.0),
        };
        Ok((Location::Server(Box::new(server)), sources))
    }

    fn refuse_server_keys(&self, wrong: &impl Fn(&str) -> Failure) -> Result<(), Failure> {
        let keys = [
            ("ca_file", self.ca_file.is_some()),
            ("password_file", self.password_file.is_some()),
            ("password_command", self.password_command.is_some()),
            ("password", self.password.is_some()),
            ("schema", self.schema.is_some()),
            ("users", self.users.is_some()),
        ];
        match keys.iter().find(|(_, is_given)| *is_given) {
            None => Ok(()),
            Some((key, _)) => Err(wrong(&format!(
                "{key} under [store] is for a database server, and there is no url"
            ))
            .hint(
                "add url = \"postgres://adsync@db1.example.com/app\" under [store], or take it out",
            )),
        }
    }
}

fn usable_schema(schema: String, wrong: &impl Fn(&str) -> Failure) -> Result<String, Failure> {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || it == '_';
    if schema.is_empty() || schema.len() > 40 || !schema.chars().all(is_plain) {
        return Err(wrong(&format!("schema under [store] is {schema:?}"))
            .hint("say a name of ASCII letters, digits and underscores, at most 40 of them"));
    }
    Ok(schema)
}

/// The URL of a database: `postgres://adsync@db1.example.com,db2.example.com:5433/app`,
/// `mysql://adsync@localhost/app?host=/run/mysqld/mysqld.sock`.
struct DatabaseUrl(Server);

impl<'de> Deserialize<'de> for DatabaseUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// The parts of a URL; what is wrong with it.
fn parse(text: &str) -> Result<Server, String> {
    let (scheme, rest) = text
        .split_once("://")
        .ok_or("a URL of a database begins with postgres:// or mysql://")?;
    let dialect = match scheme {
        "postgres" | "postgresql" => Dialect::Postgres,
        "mysql" | "mariadb" => Dialect::MySql,
        other => {
            return Err(format!(
                "{other}:// is no database that adsync knows: postgres:// or mysql:// (MariaDB too)"
            ));
        }
    };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (decoded(user)?, hosts),
        None => (String::new(), authority),
    };
    if user.contains(':') {
        return Err(
            "it holds a password; put that into a file, and say password_file under [store]"
                .to_owned(),
        );
    }
    let database = decoded(database)?;
    if database.is_empty() || database.contains('/') {
        return Err("it names no database: postgres://adsync@db1.example.com/app".to_owned());
    }
    let username = if user.is_empty() {
        whoami::username().map_err(|_| "it names no user".to_owned())?
    } else {
        user
    };
    Ok(Server {
        dialect,
        hosts: hosts_of(dialect, hosts, query)?,
        username,
        password: None,
        database,
        schema: SCHEMA.to_owned(),
        users: None,
        ca_file: None,
    })
}

fn hosts_of(dialect: Dialect, hosts: &str, query: &str) -> Result<Vec<Host>, String> {
    let port = match dialect {
        Dialect::Postgres => 5432,
        Dialect::MySql => 3306,
    };
    let each = hosts.split(',').filter(|it| !it.is_empty());
    let mut found = each
        .map(|it| host(it, port))
        .collect::<Result<Vec<Host>, String>>()?;
    let mut socket_port = port;
    for part in query.split('&').filter(|it| !it.is_empty()) {
        match part.split_once('=') {
            Some(("host", value)) => {
                let value = decoded(value)?;
                found = vec![Host::Socket(PathBuf::from(value), port)];
            }
            Some(("port", value)) => socket_port = number(value)?,
            _ => return Err(format!("{part:?} in it means nothing to adsync")),
        }
    }
    for host in &mut found {
        if let Host::Socket(_, port) = host {
            *port = socket_port;
        }
    }
    if found.is_empty() {
        return Err("it names no host; for a Unix socket: ?host=/run/postgresql".to_owned());
    }
    Ok(found)
}

fn host(text: &str, port: u16) -> Result<Host, String> {
    let (name, port) = match text.rsplit_once(':') {
        // The colons of an IPv6 address stand in brackets.
        Some((name, digits)) if !digits.contains(']') => (name, number(digits)?),
        _ => (text, port),
    };
    Ok(Host::Tcp(name.to_owned(), port))
}

fn number(text: &str) -> Result<u16, String> {
    text.parse()
        .map_err(|_| format!("{text:?} in it is no port: say a number from 1 to 65535"))
}

/// A part of a URL, whose percent-encoding is undone (RFC 3986, 2.1).
fn decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        if *first != b'%' {
            bytes.push(*first);
            rest = others;
            continue;
        }
        let digits = others.get(..2).and_then(|it| str::from_utf8(it).ok());
        let byte = digits.and_then(|it| u8::from_str_radix(it, 16).ok());
        bytes.push(byte.ok_or_else(|| format!("{text:?} in it has a % without two digits"))?);
        rest = &others[2..];
    }
    String::from_utf8(bytes).map_err(|_| format!("{text:?} in it is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(url: &str) -> Vec<Host> {
        parse(url).expect("a URL").hosts
    }

    fn tcp(name: &str, port: u16) -> Host {
        Host::Tcp(name.to_owned(), port)
    }

    #[test]
    fn a_url_names_hosts_in_order() {
        assert_eq!(
            hosts("postgres://adsync@db1,db2:5433,[::1]:1/app"),
            [tcp("db1", 5432), tcp("db2", 5433), tcp("[::1]", 1)]
        );
        assert_eq!(hosts("mysql://adsync@db1/app"), [tcp("db1", 3306)]);
        let socket = Host::Socket(PathBuf::from("/run/postgresql"), 5433);
        assert_eq!(
            hosts("postgres://adsync@/app?host=/run/postgresql&port=5433"),
            [socket]
        );
    }

    #[test]
    fn what_is_wrong_with_a_url_is_said() {
        for (url, why) in [
            ("app", "begins with"),
            ("oracle://x@db/app", "no database that adsync knows"),
            ("postgres://adsync:geheim@db1/app", "password_file"),
            ("postgres://adsync@db1", "no database"),
            ("postgres://adsync@/app", "no host"),
            ("postgres://adsync@db1:x/app", "no port"),
            ("postgres://adsync@db1/app?sslmode=disable", "means nothing"),
            ("postgres://a%zz@db1/app", "without two digits"),
        ] {
            let told = parse(url).expect_err("it is refused");
            assert!(told.contains(why), "{url}: {told}");
            assert!(!told.contains("geheim"), "{told}");
        }
    }

    #[test]
    fn a_name_may_be_encoded() {
        let server = parse("postgres://ad%40sync@db1/my%20app").expect("a URL");
        assert_eq!(
            (&*server.username, &*server.database),
            ("ad@sync", "my app")
        );
    }
}
