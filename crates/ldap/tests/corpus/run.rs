//! Runs the checks of a package's fuzz targets on their corpus. adsync's tests use it as well.

use std::fs;
use std::path::{Path, PathBuf};

/// Runs a check on each file of its target's corpus.
pub fn run(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|file| file.expect("an entry").path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    for file in files {
        let data = fs::read(&file).expect("a file of the corpus");
        let outcome = std::panic::catch_unwind(|| check(&data));
        assert!(outcome.is_ok(), "{} fails", file.display());
    }
}

macro_rules! targets {
    ($($target:ident)*) => {
        $(#[test]
        fn $target() {
            run::run(stringify!($target), checks::$target);
        })*

        #[test]
        fn every_target_is_run() {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/fuzz_targets");
            let mut known = vec![$(concat!(stringify!($target), ".rs")),*];
            known.sort_unstable();
            let mut there: Vec<String> = std::fs::read_dir(folder)
                .expect("the targets are there")
                .map(|file| file.expect("an entry").file_name().display().to_string())
                .collect();
            there.sort();
            assert_eq!(there, known);
        }
    };
}
