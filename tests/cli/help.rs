//! `--help` of every command, and `docs/cli.md`, which is made of it.

use std::fmt::Write as _;

use adsync::testing::Cli;
use clap::CommandFactory;

use crate::golden;
use crate::stage::alone;
use crate::support::adsync::Sandbox;

/// The commands in the order in which `adsync --help` names them.
fn commands() -> Vec<String> {
    let cli = Cli::command();
    cli.get_subcommands()
        .map(|it| it.get_name().to_owned())
        .collect()
}

fn help(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let answer = sandbox
        .run(&[arguments, &["--help"]].concat())
        .expect_code(0);
    assert_eq!(answer.stderr, "", "{answer}");
    answer.stdout
}

#[test]
fn the_help_texts() {
    let sandbox = alone();
    golden::check("tests/cli/golden/help.txt", &help(&sandbox, &[]));
    for command in commands() {
        let file = format!("tests/cli/golden/help-{command}.txt");
        golden::check(&file, &help(&sandbox, &[&command]));
    }
}

#[test]
fn the_help_command_says_the_same() {
    let sandbox = alone();
    for command in commands() {
        let answer = sandbox.run(&["help", &command]).expect_code(0);
        assert_eq!(answer.stdout, help(&sandbox, &[&command]));
    }
}

#[test]
fn every_command_and_every_flag_is_explained() {
    let mut cli = Cli::command();
    cli.build();
    for command in cli.get_subcommands() {
        assert!(command.get_about().is_some(), "{}", command.get_name());
        for argument in command.get_arguments() {
            assert!(
                argument.get_help().is_some(),
                "{} of {}",
                argument.get_id(),
                command.get_name()
            );
        }
    }
}

/// The commands of the contract, `docs/cli.md` being its reference.
#[test]
fn the_commands_are_all_there() {
    assert_eq!(
        commands(),
        [
            "check",
            "search",
            "import",
            "list",
            "show",
            "add",
            "set",
            "remove",
            "sync",
            "history",
            "restore",
            "undo",
            "setup",
            "config",
            "completions",
            "man"
        ]
    );
}

#[test]
fn the_manual_is_current() {
    let sandbox = alone();
    let mut manual = String::from(
        "# The command line\n\n\
         <!-- Made of the help texts by `UPDATE_GOLDEN=1 cargo test --test cli`; change src/cli.rs instead. -->\n\n\
         What `adsync --help` and `adsync COMMAND --help` say. The settings are explained in\n\
         [`config.example.toml`](../config.example.toml).\n",
    );
    let mut section = |title: &str, text: &str| {
        write!(
            manual,
            "\n## {title}\n\n```text\n{}\n```\n",
            text.trim_end()
        )
        .expect("a string takes it");
    };
    section("adsync", &help(&sandbox, &[]));
    for command in commands() {
        section(&format!("adsync {command}"), &help(&sandbox, &[&command]));
    }
    golden::check("docs/cli.md", &manual);
}

#[test]
fn the_version_is_that_of_the_package() {
    let answer = alone().run(&["--version"]).expect_code(0);
    assert_eq!(
        answer.stdout,
        format!("adsync {}\n", env!("CARGO_PKG_VERSION"))
    );
}

/// On a terminal of 80 by 50 no line is too long, the options of a command are on the first screen, and nothing is
/// wrapped that was wrapped before: no line of a paragraph is short but its last.
#[test]
fn the_help_fits_a_small_terminal() {
    let sandbox = alone();
    let commands = commands().into_iter().map(Some);
    for command in commands.chain([None]) {
        let arguments: Vec<&str> = command.as_deref().into_iter().chain(["--help"]).collect();
        let help = sandbox.prepare(&arguments);
        let help = help.env("COLUMNS", "80").run().expect_code(0).stdout;
        let command = command.as_deref().unwrap_or("adsync");
        let lines: Vec<&str> = help.lines().collect();
        let global = lines.iter().position(|it| *it == "Global options:");
        let own = global.expect("global options have a heading");
        assert!(
            own <= 50,
            "{command}: {own} lines before the global options"
        );
        for line in &lines {
            assert!(line.chars().count() <= 80, "{command}: {line}");
        }
        let paragraphs = lines.windows(2).filter(|pair| {
            let is_text = |line: &str| line.starts_with(|it: char| it.is_ascii_uppercase());
            let is_usage = pair[0].starts_with("Usage: ");
            is_text(pair[0]) && !is_usage && !pair[1].is_empty() && !pair[0].ends_with(':')
        });
        for pair in paragraphs {
            let next = pair[1].split(' ').next().unwrap_or_default();
            let had_room = pair[0].chars().count() + 1 + next.chars().count() <= 80;
            assert!(
                !had_room,
                "{command}: wrapped twice\n{}\n{}",
                pair[0], pair[1]
            );
        }
    }
}
