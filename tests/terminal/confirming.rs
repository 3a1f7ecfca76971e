//! The question before users are deleted.

use std::time::Duration;

use crate::support::embedded::Stage;
use crate::support::terminal::{ENDED, Terminal};

/// Four imported users, of whom two are deleted in the directory.
fn two_leave() -> Stage {
    let stage = Stage::imported(&["alice", "bob", "carol", "dave"]);
    for user in ["bob", "carol"] {
        stage.bury(user);
    }
    stage
}

/// The same, where the account does not see that they were deleted.
fn two_are_missing() -> Stage {
    let stage = two_leave();
    stage.directory.see_tombstones(false);
    stage
}

fn asked(stage: &Stage, command: &str) -> Terminal {
    let mut terminal = Terminal::open(&stage.sandbox, 80, 24);
    terminal.command(&format!("{command}{ENDED}"));
    terminal
}

#[test]
fn yes_deletes() {
    for (stage, command, why) in [
        (two_leave(), "adsync sync", "deleted in the directory"),
        (
            two_are_missing(),
            "adsync sync --delete-missing",
            "not in the directory any more",
        ),
    ] {
        let mut terminal = asked(&stage, command);
        let screen = terminal.wait_for("Delete 2 users? [y/N]");
        for said in ["bob", "carol", "bob@", why] {
            assert!(screen.contains(said), "does not say {said:?}\n{screen}");
        }
        assert!(!screen.contains("alice"), "{screen}");
        terminal.command("y");
        let screen = terminal.wait_for_end(0);
        assert!(screen.contains("0 modified, 2 deleted"), "{screen}");
        assert_eq!(stage.usernames(), ["alice", "dave"]);
    }
}

#[test]
fn nobody_is_asked_about_users_who_are_missing() {
    let stage = two_are_missing();
    let mut terminal = asked(&stage, "adsync sync");
    let screen = terminal.wait_for_end(0);
    assert!(!screen.contains("[y/N]"), "{screen}");
    for said in ["missing", "bob", "carol", "2 missing"] {
        assert!(screen.contains(said), "does not say {said:?}\n{screen}");
    }
    assert_eq!(stage.usernames(), ["alice", "bob", "carol", "dave"]);
    assert_eq!(stage.user("bob")["status"], "missing");
}

#[test]
fn no_changes_nothing() {
    for answer in ["n", "", "nonsense"] {
        let stage = two_leave();
        stage.set("alice", "mail", "new@example.com");
        let before = stage.contents();
        let mut terminal = asked(&stage, "adsync sync");
        terminal.wait_for("Delete 2 users? [y/N]");
        terminal.command(answer);
        let screen = terminal.wait_for_end(1);
        assert!(
            screen.contains("error: not confirmed; nothing was changed"),
            "{screen}"
        );
        assert!(screen.contains("refused: nothing was changed"), "{screen}");
        stage.contents().assert_only_noted(&before, "refused");
    }
}

#[test]
fn nobody_is_asked_who_need_not_be() {
    let stage = two_leave();
    // A dry run deletes nobody.
    let mut terminal = asked(&stage, "adsync sync --dry-run");
    let screen = terminal.wait_for_end(0);
    assert!(!screen.contains("[y/N]"), "{screen}");
    // The answer was given with the command.
    let mut terminal = asked(&stage, "adsync sync -y");
    let screen = terminal.wait_for_end(0);
    assert!(!screen.contains("[y/N]"), "{screen}");
    assert_eq!(stage.usernames(), ["alice", "dave"]);
    // Nobody goes.
    let mut terminal = asked(&stage, "adsync sync");
    terminal.wait_for_end(0);
    // Whom to remove was said.
    let mut terminal = asked(&stage, "adsync remove dave");
    terminal.wait_for_end(0);
    assert_eq!(stage.usernames(), ["alice"]);
}

#[test]
fn an_undo_that_takes_users_out_asks() {
    let stage = Stage::imported(&["alice"]);
    stage.run(&["add", "zoe"]).expect_code(0);
    let before = stage.contents();
    let mut terminal = asked(&stage, "adsync undo 2");
    let screen = terminal.wait_for("Delete 1 user? [y/N]");
    assert!(screen.contains("zoe"), "{screen}");
    assert!(screen.contains("is taken back"), "{screen}");
    terminal.command("n");
    terminal.wait_for_end(1);
    stage.contents().assert_only_noted(&before, "refused");
    let mut terminal = asked(&stage, "adsync undo 2 --yes");
    let screen = terminal.wait_for_end(0);
    assert!(!screen.contains("[y/N]"), "{screen}");
    assert_eq!(stage.usernames(), ["alice"]);
}

#[test]
fn after_a_no_nothing_is_said_to_be_done() {
    for (command, keys) in [
        ("adsync sync", &[][..]),
        ("adsync undo 1 --allow-deletes 4", &[]),
        ("adsync remove --interactive", &["Space", "Enter"]),
    ] {
        let stage = two_leave();
        let before = stage.contents();
        let mut terminal = asked(&stage, command);
        if !keys.is_empty() {
            terminal.wait_for("0 of 4 picked");
            terminal.press(keys);
        }
        terminal.wait_for("[y/N]");
        terminal.command("n");
        let screen = terminal.wait_for_end(1);
        for said in ["WOULD BE", "would be: ", "refused: nothing was changed"] {
            assert!(screen.contains(said), "does not say {said:?}\n{screen}");
        }
        assert!(!screen.contains("RESULT"), "{screen}");
        stage.contents().assert_only_noted(&before, "refused");
    }
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    for redirected in ["< /dev/null", "2> errors"] {
        let stage = two_leave();
        let mut terminal = asked(&stage, &format!("adsync sync {redirected}"));
        let screen = terminal.wait_for_end(0);
        assert!(!screen.contains("[y/N]"), "{screen}");
        assert_eq!(stage.usernames(), ["alice", "dave"]);
    }
}

#[test]
fn the_answer_is_no_way_round_the_guard() {
    let mut stage = two_leave();
    stage.configure_sync("max_deletes = 1");
    let mut terminal = asked(&stage, "adsync sync --yes");
    let screen = terminal.wait_for_end(4);
    assert!(!screen.contains("[y/N]"), "{screen}");
}

#[test]
fn a_result_for_a_program_stays_one() {
    let stage = two_leave();
    let mut terminal = asked(&stage, "adsync sync --format json > result");
    terminal.wait_for("Delete 2 users? [y/N]");
    terminal.command("n");
    terminal.wait_for_end(1);
    let text = std::fs::read_to_string(stage.sandbox.path().join("result")).expect("a result");
    let result: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(result["counts"]["deleted"], 2, "{text}");
    assert_eq!(result["error"]["kind"], "failed", "{text}");
}

#[test]
fn ctrl_c_is_no_answer() {
    let stage = two_leave();
    let before = stage.contents();
    let mut terminal = asked(&stage, "adsync sync");
    terminal.wait_for("[y/N]");
    // While it is asked nobody else changes the store.
    stage.run(&["add", "eve"]).expect_code(6);
    terminal.press(&["C-c"]);
    let screen = terminal.wait_for_end(1);
    assert!(
        screen.contains("stopped by SIGINT; nothing was changed"),
        "{screen}"
    );
    assert_eq!(stage.contents(), before);
    stage
        .prepare(&["add", "eve"])
        .limit(Duration::from_secs(5))
        .run()
        .expect_code(0);
}
