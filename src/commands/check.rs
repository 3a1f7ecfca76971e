//! `adsync check`: everything a run needs, one line per step, and what to do about each failure.

mod database;
mod findings;
#[cfg(unix)]
mod rights;
mod scope;

use std::path::Path;

use ldap::{Certificate, Opened, ServerUrl, Step, Tls};

use crate::config::Settings;
use crate::directory::{self, Directory, DirectoryError};
use crate::error::{self, Failure, Kind};
use crate::exit_code::ExitCode;
use crate::output::Output;
use crate::output::file::{Content, OutputFile};
use crate::store::{self, Listing, Location, Store, StoreError, Trial, UserCounts};
use crate::user::Standing;

use findings::Findings;

/// How many days before it expires a certificate is worth a warning.
const CERTIFICATE_WARNING_DAYS: i64 = 30;

/// How many users a line names.
const NAMED: usize = 3;

/// Runs the command. If only reading is allowed, nothing else is tried.
pub fn run(config: Option<&Path>, read_only: bool, output: &Output) -> anyhow::Result<ExitCode> {
    let mut findings = Findings::new(output);
    let apart = |it: Settings| {
        it.require_apart(&it.store.files())?;
        Ok(it)
    };
    match Settings::load(config).and_then(apart) {
        Err(failure) => findings.fail("settings", failure),
        Ok(settings) => {
            settings.login.prepare()?;
            findings.ok("settings", settings.file.display().to_string());
            check_directory(&settings, &mut findings);
            let read_only = read_only || settings.read_only;
            match &settings.store {
                Location::File(path) => check_file(path, read_only, &mut findings),
                Location::Server(server) => {
                    database::check(&settings, server, read_only, &mut findings);
                }
            }
            if !read_only && let Some(file) = &settings.sync.metrics_file {
                check_metrics(file, &mut findings);
            }
            #[cfg(unix)]
            if let Location::File(path) = &settings.store {
                rights::check_store(path, &mut findings);
            }
        }
    }
    let code = findings.failure.map_or(ExitCode::Done, Kind::exit_code);
    findings.finish()?;
    Ok(code)
}

fn check_directory(settings: &Settings, findings: &mut Findings<'_>) {
    let credentials = match settings.login.credentials() {
        Ok(credentials) => credentials,
        Err(failure) => return findings.fail(settings.login.secret(), failure),
    };
    if settings.directory.accept_invalid_certs {
        findings.warn(
            "tls",
            "danger_accept_invalid_certs is on: anybody on the network can read the password",
            "name your CA as ca_file under [directory] and take the switch out",
        );
    }
    let options = &settings.directory;
    let tls = match Tls::new(&options.trust()) {
        Ok(tls) => tls,
        Err(error) => return findings.fail("tls", error),
    };
    let usable = Directory::probe(options, &credentials, &tls, |url, result| {
        check_server(url, result, settings, findings);
    });
    match usable {
        // Before the first server is contacted, only its name can be wrong.
        Err(error) => findings.fail("name", error),
        Ok(None) => {}
        Ok(Some(mut directory)) => {
            let login = login(settings, directory.server());
            log::info!("{}", directory.ldapsearch(options, &login));
            scope::check(&mut directory, findings);
        }
    }
}

/// How `ldapsearch` would log in to a server.
fn login(settings: &Settings, server: &ServerUrl) -> String {
    let is_encrypted = server.is_ldaps() || settings.directory.starttls;
    settings.login.ldapsearch(is_encrypted)
}

fn check_server(
    url: &ServerUrl,
    result: Result<Vec<Opened>, (Vec<Opened>, DirectoryError)>,
    settings: &Settings,
    findings: &mut Findings<'_>,
) {
    let (steps, error) = match result {
        Ok(steps) => (steps, None),
        Err((steps, error)) => (steps, Some(error)),
    };
    for step in steps {
        match step {
            Opened::Resolved(addresses) => {
                let addresses: Vec<String> = addresses
                    .iter()
                    .map(|address| address.ip().to_string())
                    .collect();
                let is_address = addresses == [url.host()];
                findings.ok(
                    "name",
                    if is_address {
                        format!("{} is an address", url.host())
                    } else {
                        format!("{} is {}", url.host(), addresses.join(", "))
                    },
                );
            }
            Opened::Connected { address, missed } => {
                let missed: Vec<String> = missed.iter().map(|it| format!("; {it}")).collect();
                findings.ok("tcp", format!("connected to {address}{}", missed.concat()));
            }
            Opened::Encrypted(certificate) => check_certificate(certificate, findings),
            Opened::Bound(account) => {
                let is_plain = !url.is_ldaps() && !settings.directory.starttls;
                let mut message = format!("logged in to {url} as {account}");
                if is_plain && settings.login.password().is_none() {
                    message.push_str("; Kerberos encrypts the connection");
                } else if is_plain && url.is_loopback() {
                    log::info!("no TLS: nothing leaves this host");
                }
                findings.ok("bind", message);
            }
        }
    }
    if let Some(error) = error {
        log::info!(
            "{}",
            directory::ldapsearch_of_root(url, &settings.directory, &login(settings, url))
        );
        report(&error, url, findings);
    }
}

fn report(error: &DirectoryError, url: &ServerUrl, findings: &mut Findings<'_>) {
    let failed = error.ldap().map(|it| &it.step);
    let step = match (error, failed) {
        (DirectoryError::OutsideDomain { .. }, _) => "base",
        (DirectoryError::Unusable { .. }, _) => "attributes",
        (_, Some(Step::Resolve)) => "name",
        (_, Some(Step::Connect)) => "tcp",
        (_, Some(Step::StartTls | Step::Tls)) => "tls",
        (_, Some(Step::Ticket(_))) => "ticket",
        (_, Some(Step::Bind(_) | Step::Kerberos(_))) => "bind",
        (_, Some(Step::Read(_)) | None) => "rootdse",
    };
    let commands = error::commands(error);
    let is_closed = failed == Some(&Step::Connect);
    let mut failure = Failure::from(error);
    if is_closed && let Some(hint) = &mut failure.hint {
        match directory::open_ports(url).as_slice() {
            [] => hint.push_str("; neither 389 nor 636 is open there"),
            [389] => hint.push_str("; 389 is open there, for ldap:// with starttls = true"),
            _ => hint.push_str("; 636 is open there, for ldaps:// without a port"),
        }
    }
    findings.fail_with(step, failure, commands);
}

fn check_certificate(certificate: Option<Certificate>, findings: &mut Findings<'_>) {
    let Some(certificate) = certificate else {
        return findings.ok("tls", "encrypted");
    };
    let left = certificate.not_after - jiff::Timestamp::now().as_second();
    let message = format!("{certificate}");
    if left < CERTIFICATE_WARNING_DAYS * 24 * 60 * 60 {
        let hint = "renew the certificate of the domain controller";
        findings.warn("tls", message, hint);
    } else {
        findings.ok("tls", message);
    }
}

fn check_file(path: &Path, read_only: bool, findings: &mut Findings<'_>) {
    let trial = Trial::of(path);
    let (counts, duplicates) = match inventory(&*store::at(path)) {
        Ok(found) => found,
        Err(error) => return findings.fail("store", Failure::explain(&error)),
    };
    let what = if store::is_there(path).unwrap_or(false) {
        let (users, imported) = (counts.all(), counts.imported());
        format!(
            "{}: {users} users, {imported} of them imported",
            path.display()
        )
    } else {
        format!("{} will be made by the first import", path.display())
    };
    let tried = if read_only { Ok(None) } else { trial.run() };
    match tried {
        Ok(None) => findings.ok("store", what),
        Ok(Some(holder)) => findings.ok(
            "store",
            format!("{what}; just now a run holds it: {holder}"),
        ),
        // An administrator checks; the runs are made by the account that owns the store.
        Err(error @ StoreError::OfAnother { .. }) => findings.warn_with(
            "store",
            format!("{what}; but {error}"),
            "check it as that account:",
            Failure::from(&error).hint.into_iter().collect(),
        ),
        Err(error) => findings.fail("store", Failure::from(&error)),
    }
    if !duplicates.is_empty() {
        check_duplicates(&duplicates, findings);
    }
}

/// A run continues if its metrics cannot be written, so only its warnings would tell.
fn check_metrics(path: &Path, findings: &mut Findings<'_>) {
    match OutputFile::writable(path, Content::Metrics) {
        Ok(file) => findings.ok("metrics", file.to_string()),
        Err(error) => findings.warn(
            "metrics",
            error.to_string(),
            "name a file under [sync] that this account may make, or take metrics_file out",
        ),
    }
}

/// The users of the store, counted, and the usernames of those waiting for another to give up a name or an address.
fn inventory(store: &dyn Store) -> anyhow::Result<(UserCounts, Vec<String>)> {
    let store = store.read()?;
    let counts = store.counts()?;
    let mut duplicates = Vec::new();
    let listing = Listing {
        standings: vec![Standing::Duplicate],
        ..Listing::default()
    };
    store.list(&listing, &mut |user| {
        duplicates.push(user.values.profile.username);
        Ok(())
    })?;
    Ok((counts, duplicates))
}

fn check_duplicates(usernames: &[String], findings: &mut Findings<'_>) {
    let shown: Vec<&str> = usernames.iter().take(NAMED).map(String::as_str).collect();
    let more = if usernames.len() > NAMED { " …" } else { "" };
    let what = match usernames.len() {
        1 => "1 user is a duplicate and keeps its".to_owned(),
        many => format!("{many} users are duplicates and keep their"),
    };
    findings.warn_with(
        "duplicates",
        format!("{what} old values: {}{more}", shown.join(", ")),
        "a dry run says who holds the wanted names and addresses; change them there, or in the directory:",
        vec!["adsync sync --dry-run".to_owned()],
    );
}
