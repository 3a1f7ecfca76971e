//! The keytab: the file with the keys of the account, from which a ticket is fetched for the run.
//!
//! MIT Kerberos does that itself, and renews the ticket when half of its life is over, for the keytab and
//! the place for tickets that two environment variables name. It reads them from the process's own
//! environment, which a program cannot change safely once it runs; so adsync starts itself anew with them,
//! in the same process, before it has done anything.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

use ldap::Kerberos;

use super::password;
use crate::error::{Failure, Kind};

/// Names the keytab of a client.
const KEYTAB_VARIABLE: &str = "KRB5_CLIENT_KTNAME";
/// Names where tickets are kept.
const TICKETS_VARIABLE: &str = "KRB5CCNAME";
/// In the memory of this process: no file is left behind, and nobody else's ticket is touched.
const OWN_TICKETS: &str = "MEMORY:adsync";

/// The name of the systemd credential (`LoadCredential=keytab:…`) that may be the keytab.
const CREDENTIAL: &str = "keytab";

/// The keytab that is used: that of the settings, or a systemd credential.
pub fn of(kerberos: &Kerberos) -> Option<PathBuf> {
    kerberos
        .keytab
        .clone()
        .or_else(|| password::credential(CREDENTIAL))
}

/// Checks that the keytab exists, can be read, and is not readable by everybody.
pub fn check(kerberos: &Kerberos) -> Result<(), Failure> {
    let Some(path) = of(kerberos) else {
        return Ok(());
    };
    let metadata = File::open(&path)
        .and_then(|file| file.metadata())
        .map_err(|error| cannot_read(&path, &error))?;
    password::refuse_if_others_have_it(&path, &metadata)
}

fn cannot_read(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("cannot read the keytab {}: {error}", path.display());
    let hint = match error.kind() {
        std::io::ErrorKind::NotFound => {
            "make it on a domain controller with ktpass, or with ktutil here; docs/active-directory.md says how"
        }
        _ => "the account that runs adsync must be allowed to read it",
    };
    Failure::settings(message).hint(hint)
}

/// Makes the keytab of the settings that of this process. Returns at once where there is none, or where
/// that is done.
pub fn adopt(kerberos: &Kerberos) -> Result<(), Failure> {
    let Some(path) = of(kerberos) else {
        return Ok(());
    };
    let mut name = OsString::from("FILE:");
    name.push(path);
    let is_set = |variable, value| std::env::var_os(variable).as_ref() == Some(value);
    if is_set(KEYTAB_VARIABLE, &name) && is_set(TICKETS_VARIABLE, &OWN_TICKETS.into()) {
        return Ok(());
    }
    Err(start_anew(&name))
}

/// Does not return on success.
fn start_anew(keytab: &OsString) -> Failure {
    use std::os::unix::process::CommandExt;
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_else(|| "adsync".into());
    let error = match std::env::current_exe() {
        Err(error) => error,
        Ok(program) => std::process::Command::new(program)
            .arg0(name)
            .args(arguments)
            .env(KEYTAB_VARIABLE, keytab)
            .env(TICKETS_VARIABLE, OWN_TICKETS)
            .exec(),
    };
    Failure::new(
        Kind::Failed,
        format!("cannot start adsync with the keytab: {error}"),
    )
}
