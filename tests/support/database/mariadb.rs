//! `MariaDB`: how it is set up, started and asked.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{ACCOUNT, CERTIFICATE, DATA, KEY, PASSWORD, RUN, Server, check, missing, unprivileged};
use crate::support::process;

/// The name of the socket in its folder.
pub(super) const SOCKET: &str = "mariadb.sock";

/// Small files: each server gets a copy of them.
const SIZES: [&str; 3] = [
    "--innodb-log-file-size=4M",
    "--innodb-data-file-path=ibdata1:8M:autoextend",
    "--innodb-autoextend-increment=1",
];

pub(super) fn program(name: &str) -> PathBuf {
    process::find(name)
        .unwrap_or_else(|| panic!("{}", missing(name, "mariadb-server mariadb-client")))
}

/// Makes the files of a server in a folder.
pub(super) fn make(folder: &Path) {
    check(
        unprivileged(&program("mariadb-install-db"))
            .arg("--no-defaults")
            .arg(format!("--datadir={}", folder.join(DATA).display()))
            .args(["--auth-root-authentication-method=normal", "--skip-test-db"])
            .arg("--skip-name-resolve")
            .args(SIZES),
    );
}

/// The server as an ordinary account, for the watcher.
pub(super) fn command(server: &Server) -> Command {
    let mut command = unprivileged(&program("mariadbd"));
    let path = |name| server.path(name).display().to_string();
    command
        .arg("--no-defaults")
        .arg(format!("--datadir={}", path(DATA)))
        .arg(format!("--socket={}/{SOCKET}", path(RUN)))
        .arg(format!("--pid-file={}/mariadb.pid", path(RUN)))
        .arg(format!("--bind-address={}", server.address.ip()))
        .arg(format!("--port={}", server.kind.port()))
        .arg(format!("--ssl-cert={}", path(CERTIFICATE)))
        .arg(format!("--ssl-key={}", path(KEY)))
        .arg("--skip-name-resolve")
        // It is thrown away: no need to wait for the disk, which outlives the server's process.
        .args([
            "--innodb-flush-log-at-trx-commit=2",
            "--innodb-buffer-pool-size=16M",
        ])
        .args([
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_general_ci",
        ])
        .args(SIZES);
    command
}

pub(super) fn client(server: &Server, database: &str) -> Command {
    let mut client = Command::new(program("mariadb"));
    client
        .args(["--no-defaults", "--default-character-set=utf8mb4"])
        .args(["--skip-column-names", "--batch", "--user=root"])
        .arg(format!("--socket={}/{SOCKET}", server.path(RUN).display()));
    if !database.is_empty() {
        client.arg(database);
    }
    client
}

pub(super) fn create_database(server: &Server, name: &str) {
    server.sql(
        "",
        &format!(
            "CREATE USER IF NOT EXISTS {ACCOUNT}@'%' IDENTIFIED BY '{PASSWORD}';
             CREATE DATABASE {name}; GRANT ALL ON {name}.* TO {ACCOUNT}@'%';"
        ),
    );
}
