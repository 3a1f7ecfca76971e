//! `PostgreSQL`: how it is set up, started and asked.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{ACCOUNT, CERTIFICATE, DATA, KEY, PASSWORD, RUN, Server, check, missing, unprivileged};

const FOLDER: &str = "/usr/lib/postgresql/15/bin";

pub(super) fn program(name: &str) -> PathBuf {
    let program = Path::new(FOLDER).join(name);
    assert!(
        program.is_file(),
        "{}",
        missing(name, "postgresql-15 postgresql-client-15")
    );
    program
}

/// Makes the files of a server in a folder.
pub(super) fn make(folder: &Path) {
    check(
        unprivileged(&program("initdb"))
            .args(["--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8"])
            // The socket is in a folder of the test; a network would need the password.
            .args(["--auth-local=trust", "--auth-host=scram-sha-256"])
            .args(["--no-sync", "--no-instructions", "--wal-segsize=1"])
            .arg("--pgdata")
            .arg(folder.join(DATA)),
    );
}

/// The server as an ordinary account, for the watcher.
pub(super) fn command(server: &Server) -> Command {
    let mut command = unprivileged(&program("postgres"));
    let path = |name| server.path(name).display().to_string();
    let settings = [
        ("listen_addresses", server.address.ip().to_string()),
        ("port", server.kind.port().to_string()),
        ("unix_socket_directories", path(RUN)),
        ("ssl", "on".to_owned()),
        ("ssl_cert_file", path(CERTIFICATE)),
        ("ssl_key_file", path(KEY)),
        // It is thrown away: no need to wait for the disk, which outlives the server's process.
        ("fsync", "off".to_owned()),
        ("shared_buffers", "16MB".to_owned()),
    ];
    command.arg("-D").arg(server.path(DATA));
    for (name, value) in settings {
        command.arg("-c").arg(format!("{name}={value}"));
    }
    command
}

pub(super) fn client(server: &Server, database: &str) -> Command {
    let mut client = Command::new(program("psql"));
    let database = if database.is_empty() {
        "postgres"
    } else {
        database
    };
    client
        .args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "postgres",
        ])
        .arg("-h")
        .arg(server.path(RUN))
        .args(["-p", &server.kind.port().to_string(), "-d", database]);
    client
}

pub(super) fn create_database(server: &Server, name: &str) {
    server.sql(
        "",
        &format!(
            "DO $$ BEGIN CREATE ROLE {ACCOUNT} LOGIN PASSWORD '{PASSWORD}';
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;"
        ),
    );
    server.sql("", &format!("CREATE DATABASE {name} OWNER {ACCOUNT}"));
}
