//! `adsync man`: pages that `man` shows without a warning.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::stage::alone;
use crate::support::process;

/// What `man` shows of a page on 80 columns, and what it has to say about it.
fn shown(page: &Path) -> (String, String) {
    let man = process::find("man")
        .expect("man is not installed; scripts/install-test-deps.sh installs what the tests need");
    let mut command = Command::new(man);
    command
        .args(["--warnings", "--local-file"])
        .arg(page)
        .env("MANPAGER", "cat")
        .env("MANWIDTH", "80")
        .env("LC_ALL", "C.UTF-8");
    let finished = process::run(&mut command, &[], Duration::from_mins(1));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&finished.stdout), text(&finished.stderr))
}

/// What `mandoc` finds in the source of a page.
fn lint(page: &Path) -> String {
    let mandoc = process::find("mandoc").expect(
        "mandoc is not installed; scripts/install-test-deps.sh installs what the tests need",
    );
    let mut command = Command::new(mandoc);
    command.args(["-T", "lint"]).arg(page);
    let finished = process::run(&mut command, &[], Duration::from_mins(1));
    String::from_utf8_lossy(&finished.stdout).into_owned()
}

#[test]
fn there_is_a_page_for_each_command() {
    let sandbox = alone();
    let answer = sandbox.run(&["man", "share/man1"]).expect_code(0);
    assert_eq!(answer.stdout, "");
    let folder = sandbox.path().join("share/man1");
    let files = std::fs::read_dir(&folder).expect("it was made");
    let mut names: Vec<String> = files
        .map(|it| it.expect("an entry").file_name().display().to_string())
        .collect();
    names.sort();
    let help = sandbox.run(&["--help"]).expect_code(0).stdout;
    assert_eq!(names[0], "adsync-add.1");
    for name in &names {
        let (page, warnings) = shown(&folder.join(name));
        assert_eq!(warnings, "", "{name}");
        assert_eq!(lint(&folder.join(name)), "");
        for said in ["NAME", "SYNOPSIS", "OPTIONS", "--config", "SEE ALSO"] {
            assert!(page.contains(said), "{name} has no {said}\n{page}");
        }
        let command = name.trim_end_matches(".1").trim_start_matches("adsync-");
        assert!(command == "adsync.1" || help.contains(command), "{name}");
    }
    let (page, _) = shown(&folder.join("adsync.1"));
    for said in ["EXIT CODES", "adsync-sync(1)", "adsync manual"] {
        assert!(page.contains(said), "{page}");
    }
    let (page, _) = shown(&folder.join("adsync-sync.1"));
    for said in [
        "EXAMPLES",
        "adsync sync --users alice,bob",
        "--allow-deletes",
    ] {
        assert!(page.contains(said), "{page}");
    }
}

#[test]
fn pages_can_be_made_again_byte_for_byte() {
    let sandbox = alone();
    let page = |folder: &str| {
        let run = sandbox.prepare(&["man", folder]);
        run.env("SOURCE_DATE_EPOCH", "86400").run().expect_code(0);
        let page = sandbox.path().join(folder).join("adsync.1");
        std::fs::read_to_string(page).expect("a page")
    };
    let text = page("one");
    assert!(text.contains("1970-01-02"), "{text}");
    assert_eq!(page("other"), text);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let sandbox = alone();
    let answer = sandbox.run(&["man", "adsync.toml/man1"]).expect_code(1);
    assert!(answer.stderr.contains("adsync.toml/man1"), "{answer}");
}
