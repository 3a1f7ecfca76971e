//! `--interactive`: users are picked from a list.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::embedded::{Stage, names};
use crate::support::terminal::{ENDED, PROMPT, Terminal};

/// What stands below every list.
const HELP: &str = "Space: pick";

/// A list on a terminal of 80 columns.
fn list(stage: &Stage, command: &str) -> Terminal {
    let mut terminal = Terminal::open(&stage.sandbox, 80, 24);
    terminal.command(&format!("{command} --interactive{ENDED}"));
    terminal.wait_for(HELP);
    terminal
}

/// The last run in the history, as JSON.
fn last_run(stage: &Stage) -> Value {
    let history = stage
        .run(&["history", "--limit", "1", "--format", "json"])
        .expect_code(0)
        .json();
    history["runs"][0].clone()
}

#[test]
fn three_of_ten_thousand_are_imported() {
    let stage = Stage::with_many(10_000);
    let mut terminal = list(&stage, "adsync import");
    let screen = terminal.wait_for("0 of 10000 picked");
    assert!(screen.contains("USERNAME  NAME"), "{screen}");
    assert!(screen.contains("u000001   First1 Last1"), "{screen}");

    let began = Instant::now();
    for (typed, shown) in [("u00500", 10), ("0", 1)] {
        terminal.type_text(typed);
        terminal.wait_for(&format!("{shown} shown"));
    }
    terminal.press(&["BSpace", "Space"]);
    terminal.wait_for("1 of 10000 picked");
    terminal.press(&["Down", "Down", "Space", "End", "Space"]);
    terminal.wait_for("10 shown, 3 of 10000 picked");
    // Six screens, each with a search among all users; the bound is for a machine under load.
    let took = began.elapsed();
    assert!(took < Duration::from_secs(5), "the keys lag: {took:?}");

    terminal.press(&["Enter"]);
    let screen = terminal.wait_for_end(0);
    for said in [
        "picked 3 of 10000: u005000, u005002, u005009",
        "3 imported, 0 duplicate",
    ] {
        assert!(screen.contains(said), "does not say {said:?}\n{screen}");
    }
    assert_eq!(stage.usernames(), ["u005000", "u005002", "u005009"]);
    assert_eq!(last_run(&stage)["mode"], "selected");
}

#[test]
fn duplicates_of_an_import_cannot_be_picked() {
    let stage = Stage::with(&["alice", "bob", "carol"]);
    stage.run(&["add", "bob"]).expect_code(0);
    stage
        .run(&["add", "helpdesk", "--email", "carol@example.com"])
        .expect_code(0);
    let mut terminal = list(&stage, "adsync import");
    let screen = terminal.screen();
    for said in ["username already exists", "email already exists"] {
        assert!(screen.contains(said), "does not say {said:?}\n{screen}");
    }
    terminal.press(&["Down", "Space"]);
    terminal.wait_for("bob cannot be picked: username bob is held by bob (local)");
    terminal.press(&["Right"]);
    terminal.wait_for("left out: 2 who cannot be picked");
    terminal.press(&["Enter"]);
    terminal.wait_for_end(0);
    assert_eq!(stage.usernames(), ["alice", "bob", "helpdesk"]);

    // Who is in the store is not offered again.
    let mut terminal = list(&stage, "adsync import");
    let screen = terminal.wait_for("1 in the store already");
    assert!(!screen.contains("alice"), "{screen}");
}

#[test]
fn a_selection_narrows_what_is_offered() {
    let stage = Stage::with(&["alice", "bob", "carol"]);
    let filter = "adsync import --filter '(|(sAMAccountName=alice)(sAMAccountName=bob))'";
    let mut terminal = list(&stage, filter);
    terminal.wait_for("0 of 2 picked");
    terminal.press(&["Down", "Space", "Enter"]);
    terminal.wait_for_end(0);
    assert_eq!(stage.usernames(), ["bob"]);
}

#[test]
fn only_those_picked_are_synchronised() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    for user in ["alice", "bob"] {
        stage.set(user, "sn", "New");
    }
    stage.bury("carol");
    stage.run(&["add", "local"]).expect_code(0);
    let mut terminal = list(&stage, "adsync sync");
    let screen = terminal.wait_for("0 of 3 picked");
    assert!(
        !screen.contains("local"),
        "not from the directory\n{screen}"
    );
    terminal.press(&["Down", "Space", "Down", "Space", "Enter"]);
    // Who was picked to be synchronised was not picked to be deleted.
    terminal.wait_for("Delete 1 user? [y/N]");
    terminal.command("y");
    let screen = terminal.wait_for_end(0);
    assert!(screen.contains("1 modified, 1 deleted"), "{screen}");
    assert_eq!(stage.usernames(), ["alice", "bob", "local"]);
    assert_eq!(last_run(&stage)["mode"], "selected");
    // The same path as --users: alice is still to be done.
    assert_eq!(names(&stage.sync(0), "modified"), ["alice"]);
}

#[test]
fn those_picked_are_removed_and_restored() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.run(&["add", "local"]).expect_code(0);
    let mut terminal = list(&stage, "adsync remove");
    terminal.press(&["Down", "Space", "End", "Space", "Enter"]);
    terminal.wait_for("Remove 2 users? [y/N]");
    terminal.command("y");
    terminal.wait_for_end(0);
    assert_eq!(stage.usernames(), ["alice", "carol"]);

    // Meanwhile another took the name.
    stage.run(&["add", "local"]).expect_code(0);
    let mut terminal = list(&stage, "adsync restore");
    let screen = terminal.wait_for("username already exists");
    assert!(!screen.contains("alice"), "she is there\n{screen}");
    terminal.press(&["Right", "Enter"]);
    let screen = terminal.wait_for_end(0);
    assert!(screen.contains("1 restored"), "{screen}");
    assert_eq!(stage.usernames(), ["alice", "bob", "carol", "local"]);
}

#[test]
fn the_deleted_of_one_run_are_offered() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.run(&["remove", "alice"]).expect_code(0);
    stage.run(&["remove", "bob", "carol"]).expect_code(0);
    let mut terminal = list(&stage, "adsync restore --run 3");
    terminal.wait_for("0 of 2 picked");
    terminal.press(&["Space", "Enter"]);
    terminal.wait_for_end(0);
    assert_eq!(stage.usernames(), ["bob"]);
}

#[test]
fn a_list_that_is_left_leaves_the_terminal_whole() {
    for keys in [&["C-c"][..], &["Escape"], &["a", "Space", "C-c"]] {
        let stage = Stage::imported(&["alice", "bob"]);
        let before = stage.contents();
        let mut terminal = Terminal::open(&stage.sandbox, 80, 24);
        terminal.command("stty -g > before");
        terminal.command(&format!("echo as it was; adsync sync --interactive{ENDED}"));
        terminal.wait_for(HELP);
        assert_eq!(terminal.knows("cursor_flag"), "0");
        terminal.press(keys);
        let screen = terminal.wait_for_end(1);
        assert!(screen.contains("as it was"), "{screen}");
        assert!(
            screen.contains("error: left the list; nothing was changed"),
            "{screen}"
        );
        assert_whole(&mut terminal);
        assert_eq!(stage.contents(), before);
    }
}

/// Fails unless the terminal is as it was, by its own word and as one sees it.
#[track_caller]
fn assert_whole(terminal: &mut Terminal) {
    assert_eq!(terminal.knows("cursor_flag"), "1", "the cursor is hidden");
    assert_eq!(terminal.knows("alternate_on"), "0", "the other screen");
    terminal.command("clear; stty -g | cmp - before && echo the same settings");
    terminal.wait_until("the same settings", |screen| {
        screen.lines().any(|line| line == "the same settings")
    });
    terminal.type_text("echoed");
    terminal.wait_for(&format!("{PROMPT}echoed"));
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let stage = Stage::imported(&["alice", "bob"]);
    let mut terminal = Terminal::open(&stage.sandbox, 80, 24);
    terminal.command("stty -g > before");
    // The shell tells its own number, and adsync takes its place.
    terminal.command(&format!(
        "sh -c 'echo $$ > pid; exec adsync sync --interactive'{ENDED}"
    ));
    terminal.wait_for(HELP);
    let pid = std::fs::read_to_string(stage.sandbox.path().join("pid")).expect("a number");
    let killed = std::process::Command::new("kill").arg(pid.trim()).status();
    assert!(killed.is_ok_and(|it| it.success()));
    let screen = terminal.wait_for_end(1);
    assert!(
        screen.contains("stopped by SIGTERM; nothing was changed"),
        "{screen}"
    );
    assert_whole(&mut terminal);
}

#[test]
fn others_may_change_the_store_meanwhile() {
    let stage = Stage::imported(&["alice", "bob"]);
    let mut terminal = list(&stage, "adsync sync");
    stage.run(&["remove", "alice"]).expect_code(0);
    terminal.press(&["Space", "Enter"]);
    let screen = terminal.wait_for_end(2);
    assert!(screen.contains("alice is no longer as pic"), "{screen}");
    assert_eq!(stage.usernames(), ["bob"]);
}

#[test]
fn nobody_may_be_there() {
    let stage = Stage::with(&[]);
    for command in ["sync", "remove", "restore", "import"] {
        let mut terminal = Terminal::open(&stage.sandbox, 80, 24);
        terminal.command(&format!("adsync {command} --interactive{ENDED}"));
        let screen = terminal.wait_for_end(0);
        assert!(screen.contains("nobody to pick"), "{screen}");
    }
}

#[test]
fn a_terminal_may_be_small_and_change_its_size() {
    let stage = Stage::imported(&["alice", "bob", "carol", "dave"]);
    let mut terminal = list(&stage, "adsync remove");
    terminal.resize(30, 6);
    terminal.wait_until("two users", |screen| {
        screen.contains("> [ ] alice") && !screen.contains("carol")
    });
    terminal.press(&["End"]);
    terminal.wait_until("the last two", |screen| {
        screen.contains("> [ ] dave") && !screen.contains("alice")
    });
    terminal.resize(120, 30);
    terminal.wait_until("all of them, and nothing of the small list", |screen| {
        screen.contains("alice@example.com") && !screen.contains('…')
    });
    terminal.press(&["C-c"]);
    terminal.wait_for_end(1);
}

/// Names in a directory are made by people, some of whom try things.
#[test]
fn names_act_on_no_terminal() {
    let stage = Stage::imported(&["alice", "bob"]);
    stage.set("alice", "givenName", "\u{1b}[2J\u{1b}[1;1HEve\u{202e}");
    stage.set("bob", "givenName", "山田👩‍💻e\u{301}");
    stage.sync(0);
    let terminal = list(&stage, "adsync sync");
    let screen = terminal.screen();
    for said in [
        "Synchronise imported users",
        "alice     [2J[1;1HEve",
        "bob       山田",
    ] {
        assert!(screen.contains(said), "does not show {said:?}\n{screen}");
    }
}

#[test]
fn without_a_terminal_it_is_a_usage_error() {
    let stage = Stage::imported(&["alice"]);
    for (command, instead) in [
        ("sync", "name the users with --users"),
        ("import", "--users"),
        ("restore", "name the users"),
        ("remove", "name the users"),
    ] {
        let answer = stage.run(&[command, "--interactive"]).expect_code(2);
        for said in ["error: --interactive needs a terminal", "hint: ", instead] {
            assert!(answer.stderr.contains(said), "{said}\n{answer}");
        }
        assert_eq!(answer.stdout, "");
    }
}

#[test]
fn it_excludes_names() {
    let stage = Stage::with(&[]);
    for arguments in [
        &["sync", "--interactive", "--users", "a"][..],
        &["sync", "--interactive", "--all"],
        &["import", "--interactive", "--users", "a"],
        &["remove", "--interactive", "a"],
        &["restore", "--interactive", "a"],
    ] {
        let answer = stage.run(arguments).expect_code(2);
        assert!(answer.stderr.contains("cannot be used with"), "{answer}");
    }
}
