//! Words are completed in real shells, by the scripts of `completions/`.

use std::path::{Path, PathBuf};

use crate::support::embedded::Stage;
use crate::support::terminal::{PROMPT, Terminal};

const SHELLS: [fn(&Stage) -> Terminal; 3] = [bash, zsh, fish];

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("completions")
}

fn open(stage: &Stage, shell: &[&str]) -> Terminal {
    let program = shell[0];
    assert!(
        crate::support::process::find(program).is_some(),
        "{program} is not installed; scripts/install-test-deps.sh installs what the tests need"
    );
    let environment = [("PS1", PROMPT)];
    let mut terminal = Terminal::open_with(&stage.sandbox, shell, (100, 30), &environment);
    terminal.wait_for(PROMPT.trim_end());
    terminal
}

/// Waits until the shell has done all that it was told.
fn is_ready(mut terminal: Terminal) -> Terminal {
    terminal.command("echo set 'up'");
    terminal.wait_for("set up");
    terminal
}

/// As `source`d by somebody's `.bashrc`.
fn bash(stage: &Stage) -> Terminal {
    let mut terminal = open(stage, &["bash", "--norc", "--noprofile", "-i"]);
    terminal.command(&format!("source {}/adsync.bash", scripts().display()));
    is_ready(terminal)
}

/// From a folder of `$fpath`, where the package puts it.
fn zsh(stage: &Stage) -> Terminal {
    let mut terminal = open(stage, &["zsh", "-f", "-i"]);
    terminal.command(&format!(
        "fpath=({} $fpath); autoload -Uz compinit; compinit -u -D",
        scripts().display()
    ));
    is_ready(terminal)
}

fn fish(stage: &Stage) -> Terminal {
    let start = format!(
        "function fish_prompt; echo -n '{PROMPT}'; end; set -g fish_autosuggestion_enabled 0; \
         source {}/adsync.fish",
        scripts().display()
    );
    is_ready(open(stage, &["fish", "--no-config", "-i", "-C", &start]))
}

/// alice and bob were imported, carla is local, dave was deleted.
fn stage() -> Stage {
    let stage = Stage::imported(&["alice", "bob", "dave"]);
    stage.run(&["add", "carla"]).expect_code(0);
    stage.run(&["add", "$(touch x)"]).expect_code(0);
    stage.run(&["remove", "dave"]).expect_code(0);
    stage
}

/// What a line becomes by Tab. No user begins with `zz`, which shows that the shell has done with it.
#[track_caller]
fn completes(terminal: &mut Terminal, typed: &str, line: &str) {
    terminal.press(&["C-u", "C-l"]);
    terminal.type_text(typed);
    terminal.wait_for(&format!("{PROMPT}{typed}"));
    terminal.press(&["Tab"]);
    terminal.type_text("zz");
    let screen = terminal.wait_for("zz");
    let found = screen.contains(&format!("{PROMPT}{line} zz"))
        || screen.contains(&format!("{PROMPT}{line}zz"));
    assert!(found, "{typed:?} does not become {line:?}\n{screen}");
}

#[test]
fn usernames_of_the_store() {
    let stage = stage();
    let asked = stage.directory.stats();
    for shell in SHELLS {
        let mut terminal = shell(&stage);
        for (typed, line) in [
            // The first word that is completed, before zsh has loaded its function.
            ("adsync remove al", "adsync remove alice"),
            ("adsync remove alice c", "adsync remove alice carla"),
            ("adsync sync --users al", "adsync sync --users alice"),
            (
                "adsync sync --users alice,b",
                "adsync sync --users alice,bob",
            ),
            // Only imported users can be synchronised.
            ("adsync sync --users car", "adsync sync --users car"),
            ("adsync restore d", "adsync restore dave"),
            ("adsync show car", "adsync show carla"),
            // Run 4 is the removal of dave.
            ("adsync undo 4", "adsync undo 4"),
            ("adsync history --user da", "adsync history --user dave"),
            // It would have to be quoted.
            ("adsync remove \\$", "adsync remove \\$"),
            // And what is known without the store.
            ("adsync imp", "adsync import"),
            ("adsync list --format js", "adsync list --format json"),
        ] {
            completes(&mut terminal, typed, line);
        }
    }
    let now = stage.directory.stats();
    assert_eq!(
        now.connections, asked.connections,
        "the directory was asked"
    );
    assert!(!stage.sandbox.path().join("x").exists());
}

#[test]
fn where_nothing_works_nothing_is_said() {
    let stage = stage();
    stage.sandbox.write_config("nonsense");
    for shell in SHELLS {
        let mut terminal = shell(&stage);
        completes(&mut terminal, "adsync remove al", "adsync remove al");
        let screen = terminal.screen();
        assert_eq!(screen.trim().lines().count(), 1, "{screen}");
    }
}
