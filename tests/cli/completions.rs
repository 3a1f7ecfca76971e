//! The completion scripts that are shipped in `completions/`. `tests/terminal` loads them into shells.

use crate::golden;
use crate::stage::{add, alone};
use crate::support::adsync::Sandbox;

const SCRIPTS: [(&str, &str); 5] = [
    ("bash", "adsync.bash"),
    ("elvish", "adsync.elv"),
    ("fish", "adsync.fish"),
    ("powershell", "_adsync.ps1"),
    ("zsh", "_adsync"),
];

#[test]
fn they_are_current() {
    let sandbox = alone();
    for (shell, file) in SCRIPTS {
        let answer = sandbox.run(&["completions", shell]).expect_code(0);
        assert_eq!(answer.stderr, "", "{answer}");
        golden::check(&format!("completions/{file}"), &answer.stdout);
    }
}

/// What a shell is answered that completes the last of these words.
fn answered(sandbox: &Sandbox, words: &[&str]) -> String {
    let answer = sandbox
        .prepare(&[&["--", "adsync"], words].concat())
        .env("ADSYNC_COMPLETE", "fish")
        .run();
    assert_eq!(answer.stderr, "", "{answer}");
    answer.expect_code(0).stdout
}

#[test]
fn names_are_completed_by_how_they_begin() {
    let sandbox = alone();
    for name in ["alice", "Albert", "bob", "al ice", "élodie"] {
        add(&sandbox, &[name]);
    }
    for (word, answer) in [
        ("al", "Albert\nalice\n"),
        ("AL", "Albert\nalice\n"),
        ("É", "élodie\n"),
        ("bob,al", "bob,Albert\nbob,alice\n"),
        ("alice,al", "alice,Albert\n"),
        ("x", ""),
    ] {
        assert_eq!(answered(&sandbox, &["remove", word]), answer, "{word:?}");
    }
    assert_eq!(answered(&sandbox, &["sync", "--users", "al"]), "");
    assert_eq!(answered(&sandbox, &["sync", "--users=al"]), "");
    let other = sandbox.path().join("other.toml");
    std::fs::rename(sandbox.config_file(), &other).expect("an own file can be moved");
    assert_eq!(answered(&sandbox, &["remove", "bo"]), "");
    let words = ["-c", "other.toml", "remove", "bo"];
    assert_eq!(answered(&sandbox, &words), "bob\n");
}

#[test]
fn runs_are_completed_by_their_numbers() {
    let sandbox = alone();
    for name in ["alice", "bob"] {
        add(&sandbox, &[name]);
    }
    sandbox.run(&["remove", "alice"]).expect_code(0);
    let offered = answered(&sandbox, &["undo", ""]);
    let offered: Vec<(&str, &str)> = offered
        .lines()
        .filter(|line| !line.starts_with("--"))
        .map(|line| line.split_once('\t').expect("each says what it was"))
        .collect();
    let numbers: Vec<&str> = offered.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, ["3", "2", "1"]);
    for ((_, what), command) in offered.iter().zip(["remove", "add", "add"]) {
        assert!(what.ends_with(command), "{what}");
    }
    assert_eq!(answered(&sandbox, &["undo", "2"]).lines().count(), 1);
    assert_eq!(answered(&sandbox, &["undo", "4"]), "");
    assert_eq!(answered(&sandbox, &["show", "b"]), "bob\n");
    assert_eq!(answered(&sandbox, &["set", "b"]), "bob\n");
    assert_eq!(answered(&sandbox, &["show", "al"]), "");
}

/// A part of them would let the shell complete to what only that part has in common.
#[test]
fn too_many_are_none() {
    let sandbox = alone();
    let lines = |count: u32| (1..=count).map(|n| format!("u{n:04}\n"));
    let csv = std::iter::once("username\n".to_owned()).chain(lines(2001));
    sandbox
        .prepare(&["add", "--from-csv", "-"])
        .input(&csv.collect::<String>())
        .run()
        .expect_code(0);
    assert_eq!(answered(&sandbox, &["remove", "u"]), "");
    assert_eq!(answered(&sandbox, &["remove", "u2"]), "u2000\nu2001\n");
}
