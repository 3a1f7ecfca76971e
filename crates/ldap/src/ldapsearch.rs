//! The equivalent command line of `ldapsearch` (`OpenLDAP`), for people who want to see for
//! themselves. It never contains the password.

use crate::connection::{SHOW_DELETED, Scope, Search};
use crate::shell::quoted;
use crate::tls::Trust;
use crate::url::ServerUrl;

/// A search as it is logged: without the login, which is the same for all of them.
pub(crate) fn bare(search: &Search, server: &ServerUrl) -> String {
    let mut words = vec!["ldapsearch".to_owned(), "-H".into(), server.to_string()];
    words.extend(question(search));
    in_shell(&words)
}

/// A search with its login, as words of a shell to paste into bash or zsh. `login` is passed on as it is.
pub fn complete(
    search: &Search,
    server: &ServerUrl,
    trust: &Trust,
    starttls: bool,
    login: &str,
) -> String {
    let environment = match trust {
        Trust::Anybody => "LDAPTLS_REQCERT=never ".to_owned(),
        Trust::CaFile(path) => format!("LDAPTLS_CACERT={} ", quoted(&path.to_string_lossy())),
        Trust::System | Trust::Nobody => String::new(),
    };
    let mut words: Vec<String> = ["ldapsearch", "-o", "ldif-wrap=no", "-H"]
        .map(str::to_owned)
        .to_vec();
    words.push(server.to_string());
    if starttls {
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
