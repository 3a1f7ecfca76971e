//! `adsync check`: everything that a run needs, one line a step, and what to do about each that fails.

use std::path::Path;

use serde::Serialize;

use crate::cli::Format;
use crate::config::{ServerUrl, Settings};
use crate::directory::{Certificate, Directory, DirectoryError, NO_SUCH_OBJECT, Opened, Step};
use crate::exit_code::ExitCode;
use crate::failure::{Failure, Kind};
use crate::output::{Output, json, legible, table};
use crate::secret;
use crate::store::{Reader, StoreError};

/// Days before its end at which a certificate is worth a warning.
const CERTIFICATE_WARNING_DAYS: i64 = 30;

/// How a step came out.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Ok,
    Warning,
    Failed,
}

/// A step and how it came out.
#[derive(Serialize)]
struct Line {
    step: &'static str,
    outcome: Outcome,
    message: String,
    hint: Option<String>,
}

/// All steps so far.
#[derive(Default)]
struct Findings {
    lines: Vec<Line>,
    /// The first failure decides the exit code.
    failure: Option<Kind>,
}

impl Findings {
    fn ok(&mut self, step: &'static str, message: impl Into<String>) {
        self.lines.push(Line {
            step,
            outcome: Outcome::Ok,
            message: message.into(),
            hint: None,
        });
    }

    fn warn(&mut self, step: &'static str, message: impl Into<String>, hint: &str) {
        self.lines.push(Line {
            step,
            outcome: Outcome::Warning,
            message: message.into(),
            hint: Some(hint.to_owned()),
        });
    }

    fn fail(&mut self, step: &'static str, failure: Failure) {
        self.failure.get_or_insert(failure.kind);
        self.lines.push(Line {
            step,
            outcome: Outcome::Failed,
            message: failure.message,
            hint: failure.hint,
        });
    }
}

/// Runs the command.
pub fn run(config: Option<&Path>, output: &Output) -> anyhow::Result<ExitCode> {
    let mut findings = Findings::default();
    match Settings::load(config) {
        Err(failure) => findings.fail("settings", failure),
        Ok(settings) => {
            findings.ok("settings", settings.file.display().to_string());
            check_directory(&settings, &mut findings);
            check_store(&settings, &mut findings);
        }
    }
    print(&findings, output)?;
    Ok(findings.failure.map_or(ExitCode::Done, Kind::exit_code))
}

fn check_directory(settings: &Settings, findings: &mut Findings) {
    let password = match secret::password(&settings.directory.password) {
        Ok(password) => password,
        Err(failure) => return findings.fail("password", failure),
    };
    if settings.directory.accept_invalid_certs {
        findings.warn(
            "tls",
            "danger_accept_invalid_certs is on: anybody on the network can read the password",
            "name your CA as ca_file under [directory] and take the switch out",
        );
    }
    let usable = Directory::probe(&settings.directory, &password, |url, result| {
        check_server(url, result, &settings.directory.username, findings);
    });
    match usable {
        // Before the first server is asked for, only its name and the CA can be wrong.
        Err(failure) if failure.kind == Kind::Unreachable => findings.fail("name", failure),
        Err(failure) => findings.fail("tls", failure),
        Ok(None) => {}
        Ok(Some(mut directory)) => check_scope(&mut directory, findings),
    }
}

fn check_server(
    url: &ServerUrl,
    result: Result<Vec<Opened>, (Vec<Opened>, DirectoryError)>,
    username: &str,
    findings: &mut Findings,
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
                findings.ok(
                    "name",
                    format!("{} is {}", url.host(), addresses.join(", ")),
                );
            }
            Opened::Connected(address) => findings.ok("tcp", format!("connected to {address}")),
            Opened::Encrypted(certificate) => check_certificate(certificate, findings),
            Opened::Bound => {
                if !url.is_ldaps() && url.is_loopback() {
                    log::info!("no TLS: nothing leaves this host");
                }
                findings.ok("bind", format!("logged in to {url} as {username}"));
            }
        }
    }
    if let Some(error) = error {
        let step = match &error.step {
            Step::Resolve => "name",
            Step::Connect => "tcp",
            Step::StartTls | Step::Tls => "tls",
            Step::Bind(_) => "bind",
            Step::Read(_) => "rootdse",
        };
        findings.fail(step, error.into());
    }
}

fn check_certificate(certificate: Option<Certificate>, findings: &mut Findings) {
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

fn check_scope(directory: &mut Directory, findings: &mut Findings) {
    let base = directory.base().to_owned();
    match directory.base_exists() {
        Ok(true) => findings.ok("base", format!("{base} is there")),
        Ok(false) => {
            return findings.fail(
                "base",
                Failure::new(Kind::Directory, format!("{base} cannot be read"))
                    .hint("give the account read access to it"),
            );
        }
        Err(error) => {
            let is_absent = error.result_code() == Some(NO_SUCH_OBJECT);
            let mut failure = Failure::from(error);
            if is_absent {
                let domain = directory.domain().to_owned();
                failure.hint = Some(format!("check base_dn; the domain itself is {domain}"));
            }
            return findings.fail("base", failure);
        }
    }
    match directory.count() {
        Ok(tally) if tally.entries == 0 => findings.warn(
            "users",
            format!("nobody in {base} matches the filter"),
            "check filter and base_dn under [directory]: imported users would all be out of scope",
        ),
        Ok(tally) => findings.ok("users", format!("{} in scope", tally.entries)),
        Err(error) => return findings.fail("users", error.into()),
    }
    match directory.sees_deleted() {
        Ok(None) => findings.ok("rights", "this directory keeps no deleted objects"),
        Ok(Some(true)) => findings.ok("rights", "the account sees deleted objects"),
        Ok(Some(false)) => findings.warn(
            "rights",
            "the account sees no deleted objects: users deleted in AD are told by their absence",
            "that works, and the guard watches over it; for certainty grant List and Read on CN=Deleted Objects (docs/active-directory.md)",
        ),
        Err(error) => findings.fail("rights", error.into()),
    }
}

fn check_store(settings: &Settings, findings: &mut Findings) {
    let count = || -> Result<(u64, u64), StoreError> {
        let store = Reader::open(&settings.store_path)?;
        Ok((store.user_count()?, store.imported_count()?))
    };
    let path = settings.store_path.display();
    match count() {
        Err(error) => {
            let failure = Failure {
                kind: error.kind(),
                message: error.to_string(),
                hint: error.hint(),
            };
            findings.fail("store", failure);
        }
        Ok(_) if !settings.store_path.exists() => {
            findings.ok("store", format!("{path} will be made by the first import"));
        }
        Ok((users, imported)) => {
            findings.ok(
                "store",
                format!("{path}: {users} users, {imported} of them imported"),
            );
        }
    }
}

fn print(findings: &Findings, output: &Output) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Checked<'a> {
        version: u32,
        ok: bool,
        steps: &'a [Line],
    }
    let is_quiet = output.quiet
        && findings
            .lines
            .iter()
            .all(|line| line.outcome == Outcome::Ok);
    match output.format {
        _ if is_quiet => Ok(()),
        Format::Json => Ok(output.result(&json::text(&Checked {
            version: 1,
            ok: findings.failure.is_none(),
            steps: &findings.lines,
        }))?),
        Format::Csv => {
            let mut csv = csv::Writer::from_writer(Vec::new());
            for line in &findings.lines {
                csv.serialize(line)?;
            }
            Ok(output.result(&String::from_utf8(csv.into_inner()?)?)?)
        }
        Format::Table => Ok(output.result(&as_lines(&findings.lines, output))?),
    }
}

fn as_lines(lines: &[Line], output: &Output) -> String {
    lines.iter().map(|line| as_line(line, output)).collect()
}

fn as_line(line: &Line, output: &Output) -> String {
    let (mark, color) = match line.outcome {
        Outcome::Ok => ("ok  ", "32"),
        Outcome::Warning => ("warn", "33"),
        Outcome::Failed => ("FAIL", "1;31"),
    };
    let mark = table::label(output, mark, color);
    let text = format!("{mark}  {:<9} {}\n", line.step, legible(&line.message));
    match &line.hint {
        None => text,
        Some(hint) => format!("{text}                {}\n", legible(hint)),
    }
}
