//! The other way round than `docs`: each command, flag, status, key of JSON, kind of error and exit code that adsync
//! has is named in a page. Settings are in `config.example.toml`, which `example` holds to the same.

use std::collections::{BTreeMap, BTreeSet};

use adsync::testing::{Cli, Kind};
use clap::CommandFactory;
use clap::builder::PossibleValue;
use serde_json::Value;

use crate::docs::pages;

/// The words in the spans of code of a text, blocks of code apart.
fn words_in_code(text: &str) -> BTreeSet<String> {
    let prose: String = text.split("```").step_by(2).collect();
    let is_word = |it: char| it.is_ascii_alphanumeric() || "_-".contains(it);
    let spans = prose.split('`').skip(1).step_by(2);
    let words = spans.flat_map(|span| span.split(|it| !is_word(it)).map(str::to_owned));
    words.filter(|it| !it.is_empty()).collect()
}

/// Those in every page that was written, and not made of the help texts.
fn words_of_the_pages() -> BTreeSet<String> {
    let pages = pages();
    pages
        .iter()
        .flat_map(|(_, text)| words_in_code(text))
        .collect()
}

#[track_caller]
fn assert_named<'a>(what: &str, names: impl IntoIterator<Item = &'a str>) {
    let words = words_of_the_pages();
    let missing: BTreeSet<&str> = names
        .into_iter()
        .filter(|it| !words.contains(*it))
        .collect();
    assert!(missing.is_empty(), "{what} that no page names: {missing:?}");
}

#[test]
fn every_command_is_in_the_readme() {
    let readme = std::fs::read_to_string("README.md").expect("README");
    let words = words_in_code(&readme);
    for command in Cli::command().get_subcommands() {
        let name = command.get_name();
        assert!(words.contains(name), "README.md does not name `{name}`");
    }
}

#[test]
fn every_flag_is_in_the_manual() {
    let manual = std::fs::read_to_string("docs/cli.md").expect("the manual");
    let mut cli = Cli::command();
    cli.build();
    let is_word = |it: char| it.is_ascii_alphanumeric() || it == '-';
    for command in cli.get_subcommands().filter(|it| it.get_name() != "help") {
        let name = command.get_name();
        let (_, section) = manual
            .split_once(&format!("\n## adsync {name}\n"))
            .unwrap_or_else(|| panic!("docs/cli.md has no section on {name}"));
        let section = section.split("\n## ").next().unwrap_or_default();
        let words: BTreeSet<&str> = section.split(|it| !is_word(it)).collect();
        for flag in command.get_arguments().filter_map(|it| it.get_long()) {
            let flag = format!("--{flag}");
            assert!(words.contains(flag.as_str()), "{name}: {flag}");
        }
    }
}

/// What `--status` and `--action` take is all that there is.
#[test]
fn every_status_and_every_action_is_in_a_page() {
    for (command, flag) in [("list", "status"), ("history", "action")] {
        let cli = Cli::command();
        let command = cli.find_subcommand(command).expect("a command");
        let mut flags = command.get_arguments();
        let flag = flags.find(|it| it.get_id() == flag).expect("a flag");
        let values = flag.get_possible_values();
        assert!(values.len() > 5, "{values:?}");
        let names = values.iter().map(PossibleValue::get_name);
        assert_named(&format!("values of --{}", flag.get_id()), names);
    }
}

/// The keys of a schema's objects, and the values that it lists.
fn names_in<'a>(schema: &'a Value, root: &'a Value, names: &mut BTreeSet<&'a str>) {
    let reference = schema["$ref"].as_str().map(|it| it.trim_start_matches('#'));
    if let Some(defined) = reference.and_then(|it| root.pointer(it)) {
        names_in(defined, root, names);
    }
    let properties = schema["properties"].as_object().into_iter().flatten();
    for (key, value) in properties {
        names.insert(key);
        names_in(value, root, names);
    }
    for below in ["items", "additionalProperties"] {
        if schema[below].is_object() {
            names_in(&schema[below], root, names);
        }
    }
    let values = schema["enum"].as_array().into_iter().flatten();
    names.extend(values.filter_map(Value::as_str));
}

/// `json_schema` holds the schema to what adsync prints.
#[test]
fn every_key_and_value_of_json_is_in_a_page() {
    let text = std::fs::read_to_string("docs/json.schema.json").expect("the schema");
    let root: Value = serde_json::from_str(&text).expect("it is JSON");
    let definitions = root["$defs"].as_object().expect("definitions");
    let mut names = BTreeSet::new();
    for schema in definitions.values() {
        names_in(schema, &root, &mut names);
    }
    assert!(names.len() > 80, "{names:?}");
    assert_named("keys and values of JSON", names);
}

/// The rows of the table of exit codes: of each code the kinds of errors that end with it.
fn documented_codes() -> BTreeMap<u8, BTreeSet<String>> {
    let page = std::fs::read_to_string("docs/operations.md").expect("the page");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| "));
    rows.filter_map(|row| {
        let mut cells = row.split(" | ");
        let code = cells.next()?.parse().ok()?;
        Some((code, words_in_code(cells.next()?)))
    })
    .collect()
}

#[test]
fn every_exit_code_and_every_kind_of_error_is_in_the_table() {
    let source = std::fs::read_to_string("src/exit_code.rs").expect("the exit codes");
    let codes = source.lines().filter_map(|line| {
        let (_, number) = line.strip_suffix(',')?.split_once(" = ")?;
        number.parse::<u8>().ok()
    });
    let mut expected: BTreeMap<u8, BTreeSet<String>> =
        codes.map(|it| (it, BTreeSet::new())).collect();
    assert!(expected.len() > 7, "{expected:?}");
    for kind in Kind::ALL {
        let kinds = expected.entry(kind.exit_code() as u8).or_default();
        kinds.insert(kind.name().to_owned());
    }
    assert_eq!(documented_codes(), expected);
}
