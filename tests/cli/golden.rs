//! Files that hold what adsync prints, compared exactly. `UPDATE_GOLDEN=1` writes them anew.

use std::fs;
use std::path::Path;

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
