//! What `docs/reliability.md` promises is tested by tests that exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The names in the document that stand for tests: `binary::module::test`.
fn named() -> Vec<String> {
    let text = include_str!("../../docs/reliability.md");
    let quoted = text.split('`').skip(1).step_by(2);
    quoted
        .filter(|it| it.contains("::") && !it.contains(char::is_whitespace))
        .map(str::to_owned)
        .collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder of a test can be read");
    entries
        .map(|entry| entry.expect("an entry").path())
        .flat_map(|path| {
            if path.is_dir() {
                sources(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// All tests of adsync and of its crate `ldap` that are run, as their binary names them, with the name of the binary
/// before, and before that `ldap`.
fn existing() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tests = tests_in(&root.join("tests"));
    let of_ldap = tests_in(&root.join("crates/ldap/tests"));
    tests.extend(of_ldap.iter().map(|it| format!("ldap::{it}")));
    tests
}

fn tests_in(root: &Path) -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    for file in sources(root) {
        if file.extension().is_none_or(|it| it != "rs") {
            continue;
        }
        let path = file.strip_prefix(root).expect("it was found there");
        let modules: Vec<String> = path
            .with_extension("")
            .components()
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .filter(|part| part != "main")
            .collect();
        let text = std::fs::read_to_string(&file).expect("a source can be read");
        let mut is_test = false;
        for line in text.lines().map(str::trim) {
            if line == "#[test]" {
                is_test = true;
            } else if line.starts_with("#[ignore") {
                is_test = false;
            } else if let Some(function) = line.strip_prefix("fn ") {
                let name = function.split('(').next().unwrap_or_default();
                if is_test {
                    tests.insert(format!("{}::{name}", modules.join("::")));
                }
                is_test = false;
            }
        }
    }
    tests
}

#[test]
fn every_promise_names_a_test_that_exists() {
    let existing = existing();
    let named = named();
    assert!(named.len() >= 30, "the table is gone");
    let missing: Vec<&String> = named.iter().filter(|it| !existing.contains(*it)).collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}
