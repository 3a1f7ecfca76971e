//! `--log-format json`: every line of standard error is an object.

use serde_json::Value;

use crate::stage::{add, alone, with_users};
use crate::support::adsync::Answer;

/// The lines of standard error; each has what every line has.
#[track_caller]
fn log(answer: &Answer) -> Vec<Value> {
    let parse = |line: &str| -> Value {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}\n{answer}"))
    };
    let lines: Vec<Value> = answer.stderr.lines().map(parse).collect();
    for line in &lines {
        let text = |key: &str| {
            line[key]
                .as_str()
                .unwrap_or_else(|| panic!("no {key} in {line}"))
        };
        assert!(
            text("timestamp").parse::<jiff::Timestamp>().is_ok(),
            "{line}"
        );
        assert!(
            ["error", "warn", "info", "debug"].contains(&text("level")),
            "{line}"
        );
        assert!(
            !text("target").is_empty() && !text("message").is_empty(),
            "{line}"
        );
    }
    lines
}

#[test]
fn an_error_is_a_line_with_its_hint() {
    let sandbox = alone();
    add(&sandbox, &["zoe"]);
    let answer = sandbox
        .run(&["sync", "--log-format", "json"])
        .expect_code(5);
    let log = log(&answer);
    let error = log.last().expect("a line");
    assert_eq!(error["level"], "error");
    assert_eq!(error["target"], "adsync");
    assert_eq!(error["kind"], "unreachable");
    let message = error["message"].as_str().expect("a text");
    assert!(
        message.starts_with("cannot connect to ldap://127.0.0.1:1"),
        "{message}"
    );
    assert!(error["hint"].is_string(), "{error}");
    assert_eq!(answer.stdout, "");
}

#[test]
fn a_command_line_that_cannot_be_parsed_is_a_line_too() {
    let answer = alone()
        .run(&["sync", "--log-format", "json", "--nonsense"])
        .expect_code(2);
    let log = log(&answer);
    assert_eq!(log.len(), 1, "{answer}");
    assert_eq!(log[0]["kind"], "usage");
}

#[test]
fn the_levels_are_those_of_v() {
    let (_directory, sandbox) = with_users(&["alice"]);
    sandbox.run(&["import", "--all"]).expect_code(0);
    for (verbosity, levels) in [
        (&[][..], &[][..]),
        (&["-v"], &["info"]),
        (&["-vv"], &["info", "debug"]),
    ] {
        let arguments = [&["sync", "--log-format=json"][..], verbosity].concat();
        let answer = sandbox.run(&arguments).expect_code(0);
        let log = log(&answer);
        let said = |level: &str| log.iter().any(|line| line["level"] == level);
        for level in ["error", "warn", "info", "debug"] {
            assert_eq!(said(level), levels.contains(&level), "{level}\n{answer}");
        }
        assert!(answer.stdout.contains("1 unchanged"), "{answer}");
    }
}

#[test]
fn warnings_and_refusals_are_lines_too() {
    let (directory, sandbox) = with_users(&["alice", "bob"]);
    directory.see_tombstones(true);
    sandbox.run(&["import", "--all"]).expect_code(0);
    for user in ["alice", "bob"] {
        directory.delete(user).expect("the user is there");
    }
    let refused = sandbox.run(&["sync", "--log-format=json"]).expect_code(4);
    assert_eq!(log(&refused).last().expect("a line")["kind"], "guard");

    // Where the first server is not there: a warning, and the next one is tried.
    let config = std::fs::read_to_string(sandbox.config_file()).expect("it was written");
    let url = format!("url = \"{}\"", directory.url());
    assert!(config.contains(&url), "{config}");
    let urls = format!("urls = [\"ldap://127.0.0.1:1\", \"{}\"]", directory.url());
    sandbox.write_config(&config.replace(&url, &urls));
    let warned = sandbox
        .run(&["search", "a", "--log-format=json", "--color=always"])
        .expect_code(0);
    let log = log(&warned);
    assert!(log.iter().any(|line| line["level"] == "warn"), "{warned}");
    assert!(!warned.stderr.contains('\u{1b}'), "{warned}");
}

#[test]
fn the_result_stays_what_it_is() {
    let sandbox = alone();
    add(&sandbox, &["robot"]);
    let plain = sandbox.run(&["list"]).expect_code(0);
    let logged = sandbox.run(&["list", "--log-format=json"]).expect_code(0);
    assert_eq!(plain.stdout, logged.stdout);
    assert_eq!(logged.stderr, "");
}
