//! Colour, and what a person at a terminal sees more. `script` (util-linux) is the terminal.

use crate::golden;
use crate::runs::office;
use crate::stage::{Said, add, alone, through_command, with_users};
use crate::support::adsync::{Answer, Run, Sandbox};

const ESCAPE: char = '\u{1b}';

fn is_colored(answer: &Answer) -> (bool, bool) {
    (
        answer.stdout.contains(ESCAPE),
        answer.stderr.contains(ESCAPE),
    )
}

/// Runs adsync at a terminal with this many columns; both streams come as standard output.
pub(crate) fn at_a_terminal(columns: u16, run: Run) -> Said {
    let mut command = run.into_command();
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let quoted = words.map(|word| format!("'{}'", word.to_str().expect("an argument in UTF-8")));
    let line = quoted.collect::<Vec<_>>().join(" ");
    let inside = format!("stty cols {columns}; exec {line}");
    command.env("INSIDE", inside).env("SHELL", "/bin/sh");
    let script = "exec script --quiet --return --echo never --command \"$INSIDE\" /dev/null";
    through_command(&["sh", "-c", script], &command)
}

fn with_a_disabled_user() -> (testdir::TestDir, Sandbox) {
    let (directory, sandbox) = with_users(&[]);
    directory
        .add_user(testdir::User::new("alice").disabled())
        .expect("a fresh directory takes her");
    sandbox.run(&["import", "--all"]).expect_code(0);
    (directory, sandbox)
}

#[test]
fn a_pipe_gets_no_colour() {
    let (_directory, sandbox) = with_a_disabled_user();
    for color in [&[][..], &["--color", "auto"], &["--color", "never"]] {
        for command in [
            &["list"][..],
            &["search", "a"],
            &["sync"],
            &["check"],
            &["remove", "nobody"],
            &["--help"],
            &["nonsense"],
        ] {
            let answer = sandbox
                .prepare(&[command, color].concat())
                .env("TERM", "xterm-256color")
                .env("COLORTERM", "truecolor")
                .run();
            assert_eq!(is_colored(&answer), (false, false), "{answer}");
        }
    }
}

#[test]
fn always_is_always() {
    let (directory, sandbox) = with_a_disabled_user();
    directory
        .replace("alice", "mail", ["new@example.com"])
        .expect("alice is there");
    for no_color in ["", "1"] {
        let run = |arguments: &[&str]| {
            sandbox
                .prepare(&[arguments, &["--color", "always"]].concat())
                .env("NO_COLOR", no_color)
                .run()
        };
        for arguments in [&["list"][..], &["sync", "--dry-run"], &["check"]] {
            assert_eq!(is_colored(&run(arguments)), (true, false), "{arguments:?}");
        }
        assert_eq!(is_colored(&run(&["remove", "nobody"])), (false, true));
    }
}

#[test]
fn colour_changes_nothing_else() {
    let (_directory, sandbox) = with_a_disabled_user();
    let plain = sandbox.run(&["list"]).expect_code(0).stdout;
    let colored = sandbox
        .run(&["list", "--color", "always"])
        .expect_code(0)
        .stdout;
    assert_ne!(plain, colored);
    assert_eq!(without_colour(&colored), plain);
}

/// Takes SGR sequences out; anything else that begins with an escape stays, and is seen.
fn without_colour(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('m') {
            Some((codes, rest)) if codes.bytes().all(|it| it.is_ascii_digit() || it == b';') => {
                plain += rest;
            }
            _ => plain.extend(["\u{1b}[", part]),
        }
    }
    plain
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

#[test]
fn data_formats_have_no_colour() {
    let sandbox = alone();
    add(&sandbox, &["alice"]);
    for format in ["json", "csv"] {
        let answer = sandbox
            .run(&["list", "--format", format, "--color", "always"])
            .expect_code(0);
        assert_eq!(is_colored(&answer), (false, false), "{answer}");
    }
}

#[test]
fn a_terminal_gets_colour_unless_it_is_declined() {
    let (_directory, sandbox) = with_a_disabled_user();
    let colored = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut run = sandbox.prepare(arguments).env("TERM", "xterm");
        for (name, value) in environment {
            run = run.env(name, value);
        }
        let said = at_a_terminal(100, run);
        assert!(
            said.stdout.contains("alice"),
            "{:?} {:?}",
            said.stdout,
            said.stderr
        );
        said.stdout.contains(ESCAPE)
    };
    assert!(colored(&["list"], &[]));
    assert!(
        colored(&["list"], &[("NO_COLOR", "")]),
        "an empty NO_COLOR is not set"
    );
    assert!(!colored(&["list"], &[("NO_COLOR", "1")]));
    assert!(!colored(&["list"], &[("TERM", "dumb")]));
    assert!(!colored(&["list", "--color", "never"], &[]));
    assert!(colored(
        &["list", "--color", "always"],
        &[("NO_COLOR", "1"), ("TERM", "dumb")]
    ));
}

#[test]
fn a_person_is_told_more() {
    let sandbox = alone();
    let said = at_a_terminal(100, sandbox.prepare(&["list"]).env("TERM", "xterm"));
    assert!(said.stdout.contains("no users in"), "{:?}", said.stdout);
    let said = at_a_terminal(100, sandbox.prepare(&["list", "-q"]).env("TERM", "xterm"));
    assert_eq!(said.stdout, "");
}

/// A terminal may not know its size: `docker exec -t`, a job runner, a serial console.
#[test]
fn a_terminal_without_a_size_gets_whole_words() {
    let (_directory, sandbox) = with_a_disabled_user();
    let run = sandbox.prepare(&["list"]).env("TERM", "xterm");
    let said = at_a_terminal(0, run);
    for word in ["USERNAME", "alice@example.com", "disabled"] {
        assert!(said.stdout.contains(word), "{}", said.stdout);
    }
}

/// What a person sees at a terminal with this many columns, line by line.
fn seen(columns: u16, sandbox: &Sandbox, arguments: &[&str]) -> String {
    let run = sandbox.prepare(arguments).env("TERM", "xterm");
    at_a_terminal(columns, run).stdout.replace("\r\n", "\n")
}

#[track_caller]
fn assert_fits(text: &str, columns: usize) {
    for line in text.lines() {
        assert!(line.chars().count() <= columns, "{line:?} in\n{text}");
    }
}

#[test]
fn a_sync_fits_the_terminal() {
    let (_directory, sandbox) = office();
    // Quiet, for a progress bar is not for this test.
    let arguments = ["sync", "--dry-run", "--color", "never", "-q"];
    for columns in [60, 80, 120] {
        let text = seen(columns, &sandbox, &arguments);
        assert_fits(&text, columns.into());
        if columns == 80 {
            golden::check_at_any_time("tests/cli/golden/sync-terminal.txt", &text);
        }
    }
}

#[test]
fn the_part_that_changed_is_coloured() {
    let (_directory, sandbox) = office();
    let text = seen(100, &sandbox, &["sync", "--dry-run", "-q"]);
    for part in [
        "alice@example.com → alice@\u{1b}[32mnew.\u{1b}[0mexample.com",
        "erin → erin\u{1b}[32m.ohara\u{1b}[0m",
        "\u{1b}[31mExample\u{1b}[0m → \u{1b}[32mO'Hara\u{1b}[0m",
        "\u{1b}[1;36m4 modified\u{1b}[0m, \u{1b}[1;31m2 deleted\u{1b}[0m",
    ] {
        assert!(text.contains(part), "{part:?} in\n{text:?}");
    }
    assert_fits(&without_colour(&text), 100);
}

#[test]
fn a_list_leaves_out_what_a_narrow_terminal_has_no_room_for() {
    let (_directory, sandbox) = office();
    let all = seen(160, &sandbox, &["list"]);
    assert!(
        all.contains("CONTACT NUMBER") && all.contains("SYNCED AT"),
        "{all}"
    );
    let some = seen(80, &sandbox, &["list", "--color", "never"]);
    assert_fits(&some, 80);
    assert!(!some.contains("CONTACT NUMBER"), "{some}");
    assert!(some.contains("alice@example.com"), "{some}");
    assert!(some.contains("no room for contact_number"), "{some}");
    // What was asked for is shown, cut if need be; a user stays a line.
    let named = seen(
        60,
        &sandbox,
        &["list", "--columns", "username,dn,email,guid"],
    );
    assert_fits(&without_colour(&named), 60);
    assert!(named.contains('…') && named.contains("GUID"), "{named}");
    assert_eq!(named.lines().count(), 16, "{named}");
    // A pipe gets all of it.
    let piped = sandbox.run(&["list"]).expect_code(0).stdout;
    assert!(
        piped.contains("CONTACT NUMBER") && !piped.contains('…'),
        "{piped}"
    );
}

/// A person cannot read a thousand lines; a program reads them all.
#[test]
fn a_terminal_gets_long_lists_cut() {
    const MANY: usize = 60;
    let (directory, sandbox) = with_users(&[]);
    directory
        .edit(|it| it.add_users(MANY))
        .expect("a fresh directory takes them");
    let import = seen(100, &sandbox, &["import", "--all"]);
    assert!(
        import.contains("… and 40 more (adsync history 1 for all)"),
        "{import}"
    );
    directory
        .edit(|it| {
            (1..=MANY).try_for_each(|i| it.replace(&format!("u{i:06}"), "telephoneNumber", ["1"]))
        })
        .expect("they are there");
    let rows =
        |text: &str| text.matches("telephone").count() + text.matches("contact_number: ").count();
    let dry = seen(100, &sandbox, &["sync", "--dry-run", "--allow-modified=60"]);
    assert_eq!(rows(&dry), 50, "{dry}");
    assert!(
        dry.contains("… and 10 more (--format json for all)"),
        "{dry}"
    );
    let last = without_colour(&dry);
    assert!(
        last.ends_with("60 modified, 0 deleted, 0 duplicate (dry run: nothing was changed)\n"),
        "{last:?}"
    );
    let piped = sandbox.run(&["sync", "--dry-run", "--allow-modified=60"]);
    let piped = piped.expect_code(0).stdout;
    assert_eq!(rows(&piped), MANY, "{piped}");
    assert_eq!(piped.lines().count(), MANY + 3, "{piped}");
    // What was done cannot be rehearsed again, but looked up.
    let sync = seen(100, &sandbox, &["sync", "--allow-modified=60"]);
    assert!(
        sync.contains("… and 10 more (adsync history 2 for all)"),
        "{sync}"
    );
}
