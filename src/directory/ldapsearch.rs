//! The command line of `ldapsearch` (`OpenLDAP`) that asks the same, for people who want to see for
//! themselves. It never holds the password.

use std::borrow::Cow;
use std::path::Path;

use super::connection::{SHOW_DELETED, Scope, Search};
use crate::config::{Directory as Settings, ServerUrl};
use crate::secret::{self, PasswordSources};

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
    let mut login: Vec<String> = ["ldapsearch", "-x", "-o", "ldif-wrap=no", "-H"]
        .map(str::to_owned)
        .to_vec();
    login.push(server.to_string());
    if settings.starttls {
        // Twice: a server that refuses ends it.
        login.push("-ZZ".to_owned());
    }
    login.extend(["-D".to_owned(), settings.username.clone()]);
    format!(
        "{environment}{} {} {}",
        in_shell(&login),
        password(&settings.password),
        in_shell(&question(search))
    )
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

/// A word as a shell reads it unchanged (POSIX.1-2024, Shell Command Language, 2.2.2).
pub fn quoted(word: &str) -> Cow<'_, str> {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "_-./:@=,+%".contains(it);
    if !word.is_empty() && word.chars().all(is_plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn the_shell_reads_each_word_as_it_is() {
        for (word, said) in [
            ("-b", "-b"),
            ("DC=corp,DC=com", "DC=corp,DC=com"),
            (r"CORP\svc", r"'CORP\svc'"),
            ("(cn=O'Brien*)", r"'(cn=O'\''Brien*)'"),
            ("", "''"),
            ("$HOME `x` !y", "'$HOME `x` !y'"),
        ] {
            assert_eq!(quoted(word), said);
        }
    }
}
