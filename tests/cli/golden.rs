//! Files that hold what adsync prints, compared exactly. `UPDATE_GOLDEN=1` writes them anew.

use std::fs;
use std::path::Path;

/// The same, with dates and times that are always the same, as wide as they were.
#[track_caller]
pub(crate) fn check_at_any_time(file: &str, actual: &str) {
    let dated = like(actual, "dddd-dd-dd", "YYYY-MM-DD");
    check(file, &like(&dated, "dd:dd:dd", "hh:mm:ss"));
}

/// The text with this in place of whatever looks like that; `d` is a digit.
fn like(text: &str, pattern: &str, new: &str) -> String {
    let is_it = |text: &str| {
        let mut pairs = text.chars().zip(pattern.chars());
        let same = |(is, like): (char, char)| {
            if like == 'd' {
                is.is_ascii_digit()
            } else {
                is == like
            }
        };
        text.chars().count() >= pattern.len() && pairs.all(same)
    };
    let mut rest = text;
    let mut result = String::new();
    while let Some(next) = rest.chars().next() {
        let taken = if is_it(rest) {
            result += new;
            pattern.len()
        } else {
            result.push(next);
            next.len_utf8()
        };
        rest = &rest[taken..];
    }
    result
}

/// Compares with a file of the repository, or writes it.
#[track_caller]
pub(crate) fn check(file: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        let folder = path
            .parent()
            .expect("a file of the repository has a folder");
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, actual))
            .unwrap_or_else(|error| panic!("failed to write {file}: {error}"));
        return;
    }
    let expected =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("failed to read {file}: {error}"));
    if expected == actual {
        return;
    }
    let lines = expected.lines().zip(actual.lines());
    let same = lines.take_while(|(one, other)| one == other).count();
    panic!(
        "{file} is not current (UPDATE_GOLDEN=1 writes it anew); line {}:\n- {}\n+ {}\n--- all of it\n{actual}",
        same + 1,
        expected.lines().nth(same).unwrap_or("(its end)"),
        actual.lines().nth(same).unwrap_or("(its end)"),
    );
}
