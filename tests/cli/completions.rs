//! The completion scripts that are shipped in `completions/`.

use crate::golden;
use crate::stage::{alone, through};

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

#[test]
fn bash_completes_commands_and_flags() {
    let sandbox = alone();
    let script = r#"
        eval "$("$0" completions bash)"
        complete_words() {
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
            _adsync adsync "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            echo "${COMPREPLY[*]}"
        }
        complete_words adsync im
        complete_words adsync sync --dry
        complete_words adsync list --format ''
    "#;
    let said = through(&["bash", "--norc", "-c", script], &sandbox, &[]);
    assert_eq!(said.stderr, "");
    assert_eq!(said.stdout, "import\n--dry-run\ntable json csv\n");
}
