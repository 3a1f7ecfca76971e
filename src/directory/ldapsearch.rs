//! The equivalent command line of `ldapsearch` (`OpenLDAP`), for people who want to see for
//! themselves. It never contains the password.

use super::connection::{SHOW_DELETED, Scope, Search};
use crate::directory::options::Options;
use crate::directory::url::ServerUrl;
use crate::util::shell::quoted;

/// A search as `-vv` shows it: without the login, which is the same for all of them.
pub fn bare(search: &Search, server: &ServerUrl) -> String {
    let mut words = vec!["ldapsearch".to_owned(), "-H".into(), server.to_string()];
    words.extend(question(search));
    in_shell(&words)
}

/// A search with its login, as words of a shell to paste into bash or zsh.
pub fn complete(search: &Search, server: &ServerUrl, options: &Options, login: &str) -> String {
    let mut environment = String::new();
    if options.accept_invalid_certs {
        environment.push_str("LDAPTLS_REQCERT=never ");
    } else if let Some(path) = &options.ca_file {
        environment = format!("LDAPTLS_CACERT={} ", quoted(&path.to_string_lossy()));
    }
    let mut words: Vec<String> = ["ldapsearch", "-o", "ldif-wrap=no", "-H"]
        .map(str::to_owned)
        .to_vec();
    words.push(server.to_string());
    if options.starttls {
        // Twice: a server that refuses ends it.
        words.push("-ZZ".to_owned());
    }
    format!(
        "{environment}{} {login} {}",
        in_shell(&words),
        in_shell(&question(search))
    )
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
