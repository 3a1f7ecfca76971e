//! `config.example.toml`: every key, with its default, and all of them known to adsync.

use std::collections::{BTreeMap, BTreeSet};

use adsync::testing::{Options, Settings, Sync};

use crate::stage::{alone, write_private};
use crate::support::adsync::Sandbox;

const EXAMPLE: &str = include_str!("../../config.example.toml");

/// Keys that may not stand beside another, with the one they take the place of.
const ALTERNATIVES: [(&str, &str); 3] = [
    ("urls", "url"),
    ("domain", "url"),
    ("password_command", "password_file"),
];

/// Keys that stand only beside another.
const COMPANIONS: [&str; 2] = ["dns_server", "allowed_servers"];
const BESIDE: &str = "domain";

/// Keys that stand only beside `auth = "kerberos"`, and those that do not stand there.
const KERBEROS: [&str; 2] = ["keytab", "principal"];
#[cfg(feature = "kerberos")]
const PASSWORD: [&str; 2] = ["username", "password_file"];

/// Keys of a database server, which do not stand beside `path`; and its table of users.
const SERVER: [&str; 6] = [
    "url",
    "ca_file",
    "password_file",
    "password_command",
    "password",
    "schema",
];
const SERVER_USERS: &str = "store.users";

/// The key that a line sets: as it stands, or behind a bare `#`. Prose has a space behind the `#`.
fn key(line: &str) -> Option<&str> {
    let line = line.strip_prefix('#').unwrap_or(line);
    let name = line.split_once(" = ")?.0;
    let is_key = |it: char| it.is_ascii_lowercase() || it == '_';
    (!name.is_empty() && name.chars().all(is_key)).then_some(name)
}

/// The keys of each table of the example; the tables themselves are the keys of "".
fn keys() -> BTreeMap<String, BTreeSet<String>> {
    let mut tables = BTreeMap::<_, BTreeSet<_>>::new();
    let mut table = String::new();
    for line in EXAMPLE.lines() {
        if let Some(header) = header(line) {
            let (parent, name) = header.rsplit_once('.').unwrap_or(("", header));
            tables
                .entry(parent.to_owned())
                .or_default()
                .insert(name.to_owned());
            header.clone_into(&mut table);
        } else if let Some(key) = key(line) {
            let is_new = tables
                .entry(table.clone())
                .or_default()
                .insert(key.to_owned());
            assert!(is_new, "{key} stands twice in [{table}]");
        }
    }
    tables
}

/// The table that a line begins, in force or not.
fn header(line: &str) -> Option<&str> {
    let line = line.strip_prefix('#').unwrap_or(line);
    line.strip_prefix('[')?.strip_suffix(']')
}

/// The example with a database server in the place of a path, and the table of an application.
fn with_server(password: &str) -> String {
    let mut table = String::new();
    let line = |line: &str| {
        if let Some(header) = header(line) {
            header.clone_into(&mut table);
        }
        let is_of_server = match (&*table, key(line)) {
            (SERVER_USERS, _) => key(line).is_some() || header(line).is_some(),
            ("store", Some(key)) => {
                SERVER.contains(&key) && (!key.starts_with("password") || key == password)
            }
            _ => false,
        };
        match line.strip_prefix('#') {
            Some(setting) if is_of_server => format!("{setting}\n"),
            _ => format!("{line}\n"),
        }
    };
    EXAMPLE.lines().map(line).collect()
}

/// The example with these of its optional keys in force; an alternative takes its opposite's place. The store stays a
/// file.
fn uncommented(wanted: impl Fn(&str) -> bool) -> String {
    let replaced: Vec<&str> = ALTERNATIVES
        .iter()
        .filter(|(key, _)| wanted(key))
        .map(|(_, opposite)| *opposite)
        .collect();
    let mut table = "";
    let mut text = String::new();
    for line in EXAMPLE.lines() {
        table = header(line).unwrap_or(table);
        let name = key(line);
        let is_of_server = match table {
            SERVER_USERS => true,
            "store" => name.is_some_and(|it| SERVER.contains(&it)),
            _ => false,
        };
        match (name, line.strip_prefix('#')) {
            (Some(key), Some(setting)) if wanted(key) && !is_of_server => text += setting,
            (Some(key), None) if replaced.contains(&key) => continue,
            _ => text += line,
        }
        text.push('\n');
    }
    text
}

#[track_caller]
fn is_read(sandbox: &Sandbox, toml: &str) -> Settings {
    // Not through the binary, which would look into the store that the example names.
    sandbox.write_config(toml);
    Settings::load(Some(&sandbox.config_file())).unwrap_or_else(|failure| panic!("{failure}"))
}

#[test]
fn the_example_is_read_as_it_is() {
    let sandbox = alone();
    write_private(&sandbox.config_file(), EXAMPLE);
    let list = sandbox.run(&["list"]).expect_code(0);
    assert_eq!((list.stdout.as_str(), list.stderr.as_str()), ("", ""));
}

#[test]
fn every_key_of_the_example_is_read() {
    let sandbox = alone();
    let is_alternative = |key: &str| ALTERNATIVES.iter().any(|(name, _)| *name == key);
    let is_companion = |key: &str| COMPANIONS.contains(&key);
    is_read(
        &sandbox,
        &uncommented(|key| !is_alternative(key) && !is_companion(key) && !KERBEROS.contains(&key)),
    );
    is_read(
        &sandbox,
        &uncommented(|key| is_companion(key) || key == BESIDE),
    );
    for (alternative, _) in ALTERNATIVES {
        is_read(&sandbox, &uncommented(|key| key == alternative));
    }
    for password in ["password_file", "password_command", "password"] {
        is_read(&sandbox, &with_server(password));
    }
}

#[cfg(feature = "kerberos")]
#[test]
fn every_key_for_kerberos_is_read() {
    let text = uncommented(|key| key == "auth" || KERBEROS.contains(&key));
    // The attributes have a username of their own, which is commented out.
    let lines = text
        .lines()
        .filter(|line| line.starts_with('#') || key(line).is_none_or(|it| !PASSWORD.contains(&it)));
    let text = lines.collect::<Vec<_>>().join("\n");
    let text = text.replace("auth = \"password\"", "auth = \"kerberos\"");
    let settings = is_read(&alone(), &text);
    let login = format!("{:?}", settings.login);
    for said in ["/etc/adsync/adsync.keytab", "svc-adsync@CORP.EXAMPLE.COM"] {
        assert!(login.contains(said), "{login}");
    }
}

#[test]
fn every_key_of_adsync_is_in_the_example() {
    let sandbox = alone();
    let tables = keys();
    assert_eq!(tables.len(), 6, "{tables:?}");
    let example = with_server("password_file");
    for (table, in_example) in tables {
        // A key that is like none is answered with all that are known.
        let header = format!("[{table}]");
        let toml = if table.is_empty() {
            format!("qqqqqqqq = 1\n{example}")
        } else {
            example.replace(&header, &format!("{header}\nqqqqqqqq = 1"))
        };
        sandbox.write_config(&toml);
        let answer = sandbox.run(&["list"]).expect_code(2);
        let known: BTreeSet<String> = answer
            .stderr
            .lines()
            .find_map(|line| line.strip_prefix("hint: known here: "))
            .unwrap_or_else(|| panic!("the known keys are not named\n{answer}"))
            .split(", ")
            .map(str::to_owned)
            .collect();
        assert_eq!(known, in_example, "[{table}]");
    }
}

/// What a key behind a bare `#` shows is its default, unless the comment says that it is an example.
#[test]
fn the_example_shows_the_defaults() {
    let examples: Vec<&str> = EXAMPLE
        .split("\n\n")
        .filter(|block| block.contains("# Example: "))
        .flat_map(|block| block.lines().filter_map(key))
        .collect();
    assert_eq!(
        examples,
        [
            "urls",
            "domain",
            "dns_server",
            "allowed_servers",
            "ca_file",
            "password_command",
            "password",
            "keytab",
            "principal",
            "base_dn",
            "exclude",
            "path",
            "url",
            "ca_file",
            "password_file",
            "password_command",
            "password",
            "schema",
            "table",
            "key",
            "username",
            "email",
            "first_name",
            "last_name",
            "contact_number",
            "guid",
            "enabled",
            "where",
            "insert",
            "on_delete",
            "metrics_file"
        ]
    );
    let sandbox = alone();
    let as_it_is = is_read(&sandbox, EXAMPLE);
    let of_attributes = [
        "username",
        "email",
        "first_name",
        "last_name",
        "contact_number",
        "guid",
    ];
    let is_default = |key: &str| !examples.contains(&key) || of_attributes.contains(&key);
    let in_force = is_read(&sandbox, &uncommented(is_default));
    assert_eq!(defaults(&as_it_is), defaults(&in_force));
}

/// All settings that have a default.
fn defaults(settings: &Settings) -> String {
    let Settings {
        file: _,
        store: _,
        store_password: _,
        read_only,
        login: _,
        directory:
            Options {
                servers: _,
                starttls,
                ca_file: _,
                base_dn: _,
                filter,
                exclude: _,
                limits: reading,
                accept_invalid_certs,
                attributes,
            },
        sync:
            Sync {
                limits,
                missing_after,
                out_of_scope,
                full_every,
                history_days,
                metrics_file: _,
            },
    } = settings;
    format!(
        "{read_only} {starttls} {filter:?} {reading:?} {accept_invalid_certs} {attributes:?} {limits:?} {missing_after:?} {out_of_scope:?} {full_every:?} {history_days}"
    )
}

#[test]
fn the_example_and_the_settings_in_force_are_shown() {
    let sandbox = crate::stage::alone();
    let example = sandbox.run(&["config", "example"]).expect_code(0);
    let file = std::fs::read_to_string("config.example.toml").expect("the example");
    assert_eq!(example.stdout, file);
    let shown = sandbox
        .run(&["config", "show", "--format", "json"])
        .expect_code(0)
        .json();
    let from = |name: &str| {
        let settings = shown["settings"].as_array().expect("a list").iter();
        let found = settings.clone().find(|it| it["setting"] == name);
        found.map(|it| it["from"].as_str().unwrap_or_default().to_owned())
    };
    assert!(
        from("directory.url")
            .expect("a setting")
            .starts_with("line ")
    );
    assert_eq!(from("sync.max_deletes").as_deref(), Some("default"));
    assert_eq!(from("directory.keytab"), None);
    assert!(from("store.path").is_some());
    let table = sandbox.run(&["config", "show"]).expect_code(0);
    assert!(!table.stdout.contains("pw-of-test"), "{table}");
}

#[test]
fn a_key_in_another_table_is_told_its_own() {
    let sandbox = crate::stage::alone();
    let path = sandbox.path().join("adsync.toml");
    let text = std::fs::read_to_string(&path).expect("settings");
    let text = text.replace("[store]", "[store]\nmax_deletes = 3");
    std::fs::write(&path, text).expect("written");
    let answer = sandbox.run(&["list"]).expect_code(2);
    assert!(
        answer.stderr.contains("it belongs under [sync]"),
        "{answer}"
    );
}

#[test]
fn a_password_is_said_to_come_from_where_it_does() {
    let sandbox = crate::stage::alone();
    let source = |line: &str, variable: &str| {
        let text = format!("[directory]\nurl = \"ldaps://dc1\"\nusername = \"svc@x\"\n{line}\n");
        crate::stage::write_private(&sandbox.path().join("other.toml"), &text);
        let show = ["-c", "other.toml", "config", "show", "--format", "json"];
        let run = sandbox.prepare(&show).env("ADSYNC_PASSWORD", variable);
        let shown = run.run().expect_code(0).json();
        let settings = shown["settings"].as_array().expect("a list").clone();
        let found = settings
            .into_iter()
            .find(|it| it["setting"] == "directory.password");
        found.map(|it| it["from"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(source("password_file = \"secret\"", "x"), None);
    let variable = source("password = \"y\"", "x");
    assert_eq!(variable.as_deref(), Some("$ADSYNC_PASSWORD"));
    assert_eq!(source("", "x"), variable);
}
