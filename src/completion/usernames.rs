//! Usernames to complete a word with, and the numbers of runs.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use crate::config::Settings;
use crate::output::legible;
use crate::output::table::local_time;
use crate::store::{Known, Outcome, Runs, View};

/// Where which usernames are meant: the command, its argument, and how a word is completed there.
pub fn completers() -> [(&'static str, &'static str, ArgValueCompleter); 7] {
    [
        ("sync", "users", completer(|it| list(it, Known::Imported))),
        (
            "remove",
            "usernames",
            completer(|it| list(it, Known::Stored)),
        ),
        ("restore", "names", completer(|it| list(it, Known::Deleted))),
        ("history", "user", completer(|it| one(it, Known::Ever))),
        ("show", "user", completer(|it| one(it, Known::Stored))),
        ("set", "user", completer(|it| one(it, Known::Stored))),
        ("undo", "run", completer(runs)),
    ]
}

fn completer(complete: fn(&str) -> Vec<CompletionCandidate>) -> ArgValueCompleter {
    ArgValueCompleter::new(move |word: &OsStr| word.to_str().map(complete).unwrap_or_default())
}

/// With more names than this nobody is helped, and the shell would take its time.
const MOST: usize = 2000;

/// How many runs are offered.
const RUNS: u64 = 20;

/// The numbers of the last runs that can be undone, each with what it was.
fn runs(prefix: &str) -> Vec<CompletionCandidate> {
    let runs = store().and_then(|store| store.runs(Runs::Last(RUNS)).ok());
    let runs = runs.unwrap_or_default().into_iter();
    runs.filter(|run| matches!(run.outcome, Outcome::Done | Outcome::Partial))
        .map(|run| (run.run.to_string(), run))
        .filter(|(number, _)| number.starts_with(prefix))
        .map(|(number, run)| {
            let what = format!("{} {}", local_time(run.started_at), run.command);
            CompletionCandidate::new(number).help(Some(legible(&what).into()))
        })
        .collect()
}

/// One username.
fn one(prefix: &str, known: Known) -> Vec<CompletionCandidate> {
    find(prefix, known).map(CompletionCandidate::new).collect()
}

/// The last of several usernames with commas between.
fn list(word: &str, known: Known) -> Vec<CompletionCandidate> {
    let (before, prefix) = match word.rfind(',') {
        Some(comma) => word.split_at(comma + 1),
        None => ("", word),
    };
    let is_named = |name: &String| before.split(',').any(|it| it == name);
    find(prefix, known)
        .filter(|name| !is_named(name))
        .map(|name| CompletionCandidate::new(format!("{before}{name}")))
        .collect()
}

/// The usernames of the store that begin so.
fn find(prefix: &str, known: Known) -> impl Iterator<Item = String> + use<> {
    let names = store().and_then(|it| it.usernames(known, prefix, Some(MOST + 1)).ok());
    // A part of them would complete to what only that part has in common.
    let names = names.filter(|it| it.len() <= MOST).unwrap_or_default();
    names.into_iter().filter(|it| is_plain(it))
}

/// The store of the settings that the unfinished line means.
fn store() -> Option<Box<dyn View>> {
    let settings = Settings::load(settings_file(std::env::args_os()).as_deref());
    // A command for a password may ask somebody, and nobody expects that of a Tab.
    let settings = settings.ok()?;
    let asks_nobody = settings.store_password.command.is_none();
    asks_nobody.then(|| settings.open_store().ok()?.read().ok())?
}

/// Whether a shell takes the name as it is. Any other would have to be quoted, by the rules of each
/// shell, and `$(reboot)` is a name that somebody may have given himself.
fn is_plain(name: &str) -> bool {
    let is_safe = |it: char| it.is_alphanumeric() || "._-@+".contains(it);
    name.chars().all(is_safe) && !name.starts_with('-')
}

/// What the unfinished command line says with `--config`.
fn settings_file(arguments: impl Iterator<Item = OsString>) -> Option<PathBuf> {
    let mut words = arguments.skip_while(|it| it != "--").skip(1);
    while let Some(word) = words.next() {
        if word == "-c" || word == "--config" {
            return words.next().map(PathBuf::from);
        }
        if let Some(file) = word.to_str().and_then(|it| it.strip_prefix("--config=")) {
            return Some(file.into());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_no_shell_takes_apart_are_offered() {
        for name in [
            "alice",
            "élodie.o",
            "a_b-c+d",
            "alice@corp.example.com",
            "山田",
        ] {
            assert!(is_plain(name), "{name}");
        }
        for name in [
            "$(reboot)",
            "al ice",
            "o'brien",
            "a;b",
            "a,b",
            "-f",
            "a\\b",
            "*",
            "~a",
        ] {
            assert!(!is_plain(name), "{name}");
        }
    }

    #[test]
    fn the_settings_of_the_unfinished_line_count() {
        let file = |line: &str| {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            settings_file(words.into_iter())
        };
        assert_eq!(file("adsync -- adsync sync --users a"), None);
        for line in [
            "adsync -- adsync -c x.toml sync",
            "adsync -- adsync sync --config x.toml",
            "adsync -- adsync sync --config=x.toml --users a",
        ] {
            assert_eq!(file(line), Some(PathBuf::from("x.toml")), "{line}");
        }
    }
}
