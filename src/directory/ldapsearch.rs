//! The command line of `ldapsearch` (`OpenLDAP`) that asks the same, for people who want to see for
//! themselves. It never holds the password.

use std::path::Path;

use super::connection::{SHOW_DELETED, Scope, Search};
use crate::config::{Directory as Settings, ServerUrl};
use crate::login::Login;
use crate::secret::{self, PasswordSources};
use crate::shell::quoted;

/// A search as `-vv` shows it: without the login, which is the same for all of them.
pub fn bare(search: &Search, server: &ServerUrl) -> String {
    let mut words = vec!["ldapsearch".to_owned(), "-H".into(), server.to_string()];
    words.extend(question(search));
    in_shell(&words)
}

/// A search with its login, to be pasted into bash or zsh.
pub fn complete(search: &Search, server: &ServerUrl, settings: &Settings) -> String {
    let mut environment = String::new();
    if settings.accept_invalid_certs {
        environment.push_str("LDAPTLS_REQCERT=never ");
    } else if let Some(path) = &settings.ca_file {
        environment = format!("LDAPTLS_CACERT={} ", quoted(&path.to_string_lossy()));
    }
    let mut words: Vec<String> = ["ldapsearch", "-o", "ldif-wrap=no", "-H"]
        .map(str::to_owned)
        .to_vec();
    words.push(server.to_string());
    if settings.starttls {
        // Twice: a server that refuses ends it.
        words.push("-ZZ".to_owned());
    }
    format!(
        "{environment}{} {} {}",
        in_shell(&words),
        login(&settings.login, server.is_ldaps() || settings.starttls),
        in_shell(&question(search))
    )
}

/// How `ldapsearch` logs in.
fn login(login: &Login, is_encrypted: bool) -> String {
    match login.password() {
        Some((username, sources)) => format!("-x -D {} {}", quoted(username), password(sources)),
        // AD refuses a second encryption within TLS.
        None if is_encrypted => "-Y GSSAPI -Q -N -O maxssf=0".to_owned(),
        None => "-Y GSSAPI -Q -N -O minssf=56".to_owned(),
    }
}

/// Where `ldapsearch` takes the password from. A command of the settings may hold a secret itself, so it is
/// asked for instead, as what is not in a file is.
fn password(sources: &PasswordSources) -> String {
    let Some(path) = secret::file_of(sources) else {
        return "-W".to_owned();
    };
    let file = quoted(&path.to_string_lossy()).into_owned();
    if ends_a_line(&path) {
        // ldapsearch would take the line end as a part of the password.
        format!("-y <(printf %s \"$(cat {file})\")")
    } else {
        format!("-y {file}")
    }
}

fn ends_a_line(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| bytes.ends_with(b"\n"))
}

fn question(search: &Search) -> Vec<String> {
    let scope = match search.scope {
        Scope::Base => "base",
        Scope::OneLevel => "one",
        Scope::Subtree => "sub",
    };
    let mut words: Vec<String> = ["-b", &search.base, "-s", scope, "-E", "pr=1000/noprompt"]
        .map(str::to_owned)
        .to_vec();
    if search.show_deleted {
        words.extend(["-E".to_owned(), format!("!{SHOW_DELETED}")]);
    }
    words.push(search.filter.clone());
    words.extend(search.attributes.iter().cloned());
    words
}

fn in_shell(words: &[String]) -> String {
    let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
    words.join(" ")
}
