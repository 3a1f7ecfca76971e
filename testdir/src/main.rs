//! The directory as a program of its own, for the quickstart: it serves until
//! its standard input closes, and does what LDIF records on it say.

use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use testdir::{Account, Kind, PASSWORD, TestDir, USERNAME};

/// An LDAP directory in memory that behaves like Active Directory, for tests
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(Serve),
}

/// Serve until standard input closes
///
/// Prints one line, "listening on ldap://…", when it is ready. LDIF records on
/// standard input are applied at each blank line; each is answered with a line,
/// "ok" or "error: …".
#[derive(clap::Args)]
struct Serve {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// DN of the domain
    #[arg(long, value_name = "DN", default_value = "DC=corp,DC=example,DC=com")]
    base_dn: String,

    /// Load this LDIF file first
    #[arg(long, value_name = "FILE")]
    ldif: Vec<PathBuf>,

    /// Add this many made-up users
    #[arg(long, value_name = "N", default_value_t = 0)]
    users: usize,

    /// Name that may log in: a UPN, DOMAIN\name or a DN
    #[arg(long, alias = "bind-dn", value_name = "NAME", default_value = USERNAME)]
    bind_user: Vec<String>,

    /// File with the password of that name; else it is taken from `$TESTDIR_PASSWORD`
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// Be a plain LDAP server instead of an Active Directory
    #[arg(long)]
    plain: bool,

    /// Let the account read deleted objects
    #[arg(long)]
    see_tombstones: bool,
}

fn main() -> Result<()> {
    let Command::Serve(options) = Cli::parse().command;
    let directory = start(&options)?;
    // A closed standard output ends the program with an error, which is as it should be.
    let mut out = std::io::stdout();
    writeln!(out, "listening on {}", directory.url())?;
    out.flush()?;
    apply_records(&directory, std::io::stdin().lock(), out)
}

fn start(options: &Serve) -> Result<TestDir> {
    let password = match &options.password_file {
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read the password file {}", file.display()))?;
            text.trim_end_matches(['\r', '\n']).to_owned()
        }
        None => std::env::var("TESTDIR_PASSWORD").unwrap_or_else(|_| PASSWORD.to_owned()),
    };
    let kind = if options.plain {
        Kind::PlainLdap
    } else {
        Kind::ActiveDirectory
    };
    let mut builder = TestDir::builder()
        .listen(options.listen)
        .base_dn(&options.base_dn)
        .kind(kind)
        .see_tombstones(options.see_tombstones);
    for name in &options.bind_user {
        builder = builder.account(Account::new(name, &password));
    }
    let directory = builder.start()?;
    for file in &options.ldif {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        directory
            .load_ldif(&text)
            .with_context(|| format!("cannot load {}", file.display()))?;
    }
    directory.add_users(options.users)?;
    Ok(directory)
}

fn apply_records(directory: &TestDir, input: impl BufRead, mut out: impl Write) -> Result<()> {
    let mut record = String::new();
    // The empty line at the end applies a record that no blank line follows.
    for line in input.lines().chain([Ok(String::new())]) {
        let line = line?;
        if !line.is_empty() {
            record.push_str(&line);
            record.push('\n');
            continue;
        }
        match directory.load_ldif(&std::mem::take(&mut record)) {
            Ok(0) => {}
            Ok(_) => writeln!(out, "ok")?,
            Err(error) => writeln!(out, "error: {error:#}")?,
        }
        out.flush()?;
    }
    Ok(())
}
