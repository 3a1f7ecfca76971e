//! The documentation: each command line that it shows is one that adsync takes, and each setting and exit code that it
//! names is one that there is.

use std::path::{Path, PathBuf};

use adsync::testing::Cli;
use clap::CommandFactory;

/// README and the pages of `docs/`, but for the help texts.
pub(crate) fn pages() -> Vec<(PathBuf, String)> {
    let folder = Path::new("docs").read_dir().expect("docs");
    let pages = folder.map(|it| it.expect("an entry").path());
    let is_written =
        |path: &PathBuf| path.extension().is_some_and(|it| it == "md") && !path.ends_with("cli.md");
    let all = pages.filter(is_written).chain([PathBuf::from("README.md")]);
    all.map(|path| {
        let text = std::fs::read_to_string(&path).expect("a page");
        (path, text)
    })
    .collect()
}

/// The words of a shell up to what ends a command; `None` if a quote is open.
fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for character in line.chars() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, '|' | '>' | '<' | '&' | ';' | '#' | ')') => break,
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

/// The command lines of adsync in a page, from its blocks and spans of code, without the program.
fn command_lines(text: &str) -> Vec<Vec<String>> {
    let mut code = Vec::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
        } else if in_block {
            code.push(line);
        } else {
            code.extend(line.split('`').skip(1).step_by(2));
        }
    }
    let cli = Cli::command();
    let is_command = |words: &Vec<String>| {
        let first = words.first().map_or("", String::as_str);
        first.starts_with("--") || cli.find_subcommand(first).is_some()
    };
    let starts = code.iter().flat_map(|line| {
        let starts = line.match_indices("adsync ");
        starts.map(|(at, name)| &line[at + name.len()..])
    });
    starts.filter_map(words).filter(is_command).collect()
}

/// What adsync does not take of a command line; that a value is left out is no fault of a sentence.
fn fault(words: &[String]) -> Option<String> {
    use clap::error::ErrorKind;

    let example = |word: &String| match word.as_str() {
        "RUN" | "N" => "1".to_owned(),
        word => word.to_owned(),
    };
    let words = ["adsync".to_owned()]
        .into_iter()
        .chain(words.iter().map(example));
    let error = Cli::command().try_get_matches_from(words).err()?;
    let is_left_out = error.to_string().contains("a value is required");
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::MissingRequiredArgument => {
            None
        }
        ErrorKind::InvalidValue if is_left_out => None,
        _ => Some(error.to_string()),
    }
}

#[test]
fn every_command_line_is_one_that_adsync_takes() {
    let mut count = 0;
    for (page, text) in pages() {
        for words in command_lines(&text) {
            count += 1;
            let fault = fault(&words);
            assert!(
                fault.is_none(),
                "{}: {words:?}\n{}",
                page.display(),
                fault.unwrap_or_default()
            );
        }
    }
    assert!(count > 40, "only {count} were found");
}

/// Flags that stand alone in a sentence: `--allow-deletes N`.
#[test]
fn every_flag_is_there() {
    let mut cli = Cli::command();
    cli.build();
    let flags: Vec<String> = std::iter::once(&cli)
        .chain(cli.get_subcommands())
        .flat_map(|command| command.get_arguments().filter_map(|it| it.get_long()))
        .map(|long| format!("--{long}"))
        .collect();
    // Of other programs.
    let others = [
        "--features",
        "--locked",
        "--path",
        "--read",
        "--purge",
        "--test",
        "--short",
        "--serve",
        "--rounds",
        "--sizes",
        "--only",
    ];
    for (page, text) in pages() {
        for span in text.split('`').skip(1).step_by(2) {
            let Some(flag) = span
                .split([' ', '='])
                .next()
                .filter(|it| it.starts_with("--"))
            else {
                continue;
            };
            let is_known = flags.iter().any(|it| it == flag) || others.contains(&flag);
            assert!(is_known, "{}: `{span}`", page.display());
        }
    }
}

/// What the table of exit codes in `docs/operations.md` names, `--help` names as well.
#[test]
fn the_exit_codes_are_the_same_everywhere() {
    let text = std::fs::read_to_string("docs/operations.md").expect("a page");
    let help = Cli::command().render_help().to_string();
    let codes = |text: &str, begin: &str| -> Vec<u8> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(begin));
        lines
            .filter_map(|line| line.split([' ', '|']).next()?.parse().ok())
            .collect()
    };
    assert_eq!(codes(&text, "| "), (0..=7).collect::<Vec<u8>>());
    assert_eq!(codes(&help, "  "), (0..=7).collect::<Vec<u8>>());
}

/// Each setting that a page names with its table, or gives a value, is one of the example.
#[test]
fn every_setting_is_there() {
    let example = std::fs::read_to_string("config.example.toml").expect("the example");
    let is_known = |name: &str| {
        let mut lines = example.lines().map(|line| line.trim_start_matches('#'));
        lines.any(|line| {
            line.strip_prefix(name)
                .is_some_and(|it| it.starts_with(" = "))
        })
    };
    for (page, text) in pages() {
        let mut rest = text.as_str();
        while let Some(at) = rest.find("` under `[") {
            let name = rest[..at].rsplit('`').next().unwrap_or_default();
            let name = name.split([' ', '=']).next().unwrap_or_default();
            assert!(is_known(name), "{}: {name:?}", page.display());
            rest = &rest[at + 1..];
        }
    }
}
