//! Every hostile value that there is a name for (`support::hostile`), through every command that prints values:
//! nothing of it acts on a terminal, in a table, a message or a log, and JSON and CSV carry it as it is.

use std::collections::BTreeMap;

use serde_json::Value;
use testdir::{TestDir, User};

use crate::stage::{settings, users};
use crate::support::adsync::{Sandbox, Settings};
use crate::support::hostile::{acts_on_a_terminal, values};
use crate::terminal::at_a_terminal;

/// Fields that take any value.
const FIELDS: [(&str, &str); 4] = [
    ("givenName", "first_name"),
    ("sn", "last_name"),
    ("mail", "email"),
    ("telephoneNumber", "contact_number"),
];

/// Out of the scope, under a name that is no better.
const HIDEOUT: &str = "OU=\u{1b}[2J\u{202e}\u{9b}31m";

/// The name of the user with that value. Of what a username may not hold only the number is left.
fn username(number: usize, value: &str) -> String {
    if value.contains(char::is_control) {
        return format!("u{number:03}");
    }
    let value: String = value.chars().take(200).collect();
    format!("u{number:03}{value}")
}

/// A directory in which each value is all over a user, and the reason why another one fails.
fn directory() -> (TestDir, Sandbox) {
    let directory = TestDir::builder().see_tombstones(true).start();
    let directory = directory.expect("a server on loopback starts");
    let add = |user: User| {
        directory
            .add_user(user)
            .expect("a directory takes any value")
    };
    for (number, value) in values().iter().enumerate() {
        let mut user = User::new(&format!("u{number:03}"))
            .with("sAMAccountName", [username(number, value)])
            .with("displayName", [value.as_str()]);
        for (attribute, _) in FIELDS {
            user = user.with(attribute, [value.as_str()]);
        }
        add(user);
        let bad = User::new(&format!("bad{number:03}"))
            .common_name(&format!("bad{number:03}{value}"))
            .with("sAMAccountName", [format!("b\u{7}{value}")]);
        add(bad);
    }
    directory
        .add(
            &format!("{HIDEOUT},{}", directory.base_dn()),
            [("objectClass", "organizationalUnit")],
        )
        .expect("a directory takes any name");
    let sandbox = Sandbox::new(&Settings {
        base_dn: Some(format!("OU=Staff,{}", directory.base_dn())),
        ..settings(&directory.url())
    });
    (directory, sandbox)
}

/// Runs adsync in a pipe and at a terminal. What it prints shows something, and acts on no terminal.
#[track_caller]
fn is_harmless(sandbox: &Sandbox, arguments: &[&str], codes: &[i32]) {
    let piped = sandbox.run(arguments);
    assert!(codes.contains(&piped.code), "{piped}");
    assert_harmless(&piped.stdout, arguments);
    assert_harmless(&piped.stderr, arguments);
    assert!(
        !piped.stdout.is_empty() || !piped.stderr.is_empty(),
        "{piped}"
    );
    // Without colours and a moving bar there is no sequence that could be adsync's own.
    let run = sandbox.prepare(arguments).env("TERM", "dumb");
    let shown = at_a_terminal(120, run);
    assert!(codes.contains(&shown.code), "{}", shown.stdout);
    assert_harmless(&shown.stdout.replace("\r\n", "\n"), arguments);
}

#[track_caller]
fn assert_harmless(text: &str, arguments: &[&str]) {
    for line in text.lines() {
        let harm = line.chars().find(|it| acts_on_a_terminal(*it));
        assert_eq!(harm, None, "adsync {}: {line:?}", arguments.join(" "));
    }
}

/// What `list` says of each user of the directory, by the number in its name.
fn listed(list: &[Value]) -> BTreeMap<usize, &Value> {
    list.iter()
        .map(|user| {
            let name = user["username"].as_str().expect("a username");
            (name[1..4].parse().expect("a number"), user)
        })
        .collect()
}

#[test]
fn nothing_acts_on_a_terminal() {
    let (directory, sandbox) = directory();
    let values = values();
    is_harmless(&sandbox, &["search", "u", "-vv"], &[0]);
    is_harmless(&sandbox, &["search", "b"], &[0]);
    is_harmless(&sandbox, &["import", "--all", "--dry-run", "-vv"], &[7]);
    // Each of them once: the users of a value are few enough for no row to be left out.
    for few in values.chunks(18) {
        let terms = few.iter().map(|value| {
            let number = values
                .iter()
                .position(|it| it == value)
                .expect("it is one of them");
            format!("(userPrincipalName=u{number:03}@*)")
        });
        let filter = format!("(|{})", terms.collect::<String>());
        is_harmless(
            &sandbox,
            &["import", "--filter", &filter, "--dry-run"],
            &[0],
        );
    }
    sandbox.run(&["import", "--all"]).expect_code(7);
    is_harmless(&sandbox, &["list"], &[0]);
    is_harmless(&sandbox, &["history"], &[0]);
    is_harmless(&sandbox, &["history", "1"], &[0]);
    is_harmless(&sandbox, &["check", "-v"], &[0]);

    change(&directory, &values);
    let sync = allowing(&values);
    let sync: Vec<&str> = sync.iter().map(String::as_str).collect();
    is_harmless(&sandbox, &["sync"], &[4]);
    is_harmless(&sandbox, &[&sync[..], &["--dry-run", "-vv"]].concat(), &[7]);
    sandbox.run(&sync).expect_code(7);
    let counts = |run: &str| {
        sandbox
            .run(&["history", run, "--format", "json"])
            .expect_code(0)
            .stdout
    };
    for bucket in [
        "modified",
        "deleted",
        "duplicate",
        "out_of_scope",
        "missing",
        "failed",
    ] {
        assert!(
            !counts("4").contains(&format!("\"{bucket}\": 0,")),
            "nobody is {bucket}"
        );
    }
    is_harmless(&sandbox, &["history"], &[0]);
    is_harmless(&sandbox, &["history", "4"], &[0]);
    is_harmless(&sandbox, &["list"], &[0]);
    is_harmless(&sandbox, &["restore", "--run", "4", "--dry-run"], &[0]);
}

/// A sync of what [`change`] did, with the numbers of those who are deleted and missing.
fn allowing(values: &[String]) -> Vec<String> {
    let missing = values.len().div_ceil(20);
    let deleted = values.len().div_ceil(5) - missing;
    vec![
        "sync".to_owned(),
        format!("--allow-deletes={deleted}"),
        format!("--allow-missing={missing}"),
    ]
}

/// A fifth is deleted (of every fourth of them no tombstone tells), a fifth gets another value, a fifth wants what
/// another has, a fifth cannot be used any more, a fifth leaves.
fn change(directory: &TestDir, values: &[String]) {
    for (number, value) in values.iter().enumerate() {
        let dn = format!("CN=u{number:03},OU=Staff,{}", directory.base_dn());
        match number % 5 {
            0 if number % 20 == 0 => directory.edit(|it| it.forget(&dn)),
            0 => directory.delete(&dn),
            1 => directory.replace(&dn, "sn", [format!("{value}2").as_str()]),
            2 => directory.replace(&dn, "mail", [values[number - 1].as_str()]),
            3 => directory.replace(&dn, "sAMAccountName", [format!("b\u{7}{value}").as_str()]),
            _ => directory.move_to(&dn, &format!("{HIDEOUT},{}", directory.base_dn())),
        }
        .expect("the user is there");
    }
}

#[test]
fn names_that_nobody_has_are_told_harmlessly() {
    let (_directory, sandbox) = directory();
    sandbox
        .run(&["import", "--filter", "(cn=u00*)"])
        .expect_code(0);
    // No argument can hold a NUL.
    let values: Vec<String> = values()
        .into_iter()
        .filter(|it| !it.contains('\0'))
        .collect();
    for few in values.chunks(40) {
        let users: Vec<String> = few
            .iter()
            .map(|value| format!("--users=x{value}"))
            .collect();
        for command in ["sync", "import"] {
            let mut arguments = vec![command];
            arguments.extend(users.iter().map(String::as_str));
            let answer = sandbox.run(&arguments).expect_code(2);
            assert_harmless(&answer.stderr, &[command]);
        }
        let names: Vec<String> = few.iter().map(|value| format!("x{value}")).collect();
        for command in ["remove", "restore"] {
            let mut arguments = vec![command, "--"];
            arguments.extend(names.iter().map(String::as_str));
            let answer = sandbox.run(&arguments).expect_code(2);
            assert_harmless(&answer.stderr, &[command]);
        }
    }
    for value in values.iter().filter(|it| !it.is_empty()).step_by(9) {
        for arguments in [
            ["import", "--group", value],
            ["history", "--user", value],
            ["search", "-vv", &format!("x{value}")],
        ] {
            // Clap takes some of them for its own.
            let answer = sandbox.run(&arguments);
            assert!([0, 2].contains(&answer.code), "{answer}");
            assert_harmless(&answer.stderr, &arguments);
            assert_harmless(&answer.stdout, &arguments);
        }
    }
}

#[test]
fn json_and_csv_carry_them_as_they_are() {
    let (_directory, sandbox) = directory();
    let (values, run) = (
        values(),
        sandbox.run(&["import", "--all", "--format", "json"]),
    );
    let run = run.expect_code(7).json();
    let failed = run["failed"].as_array().expect("those who failed");
    assert!(failed.len() >= values.len());
    let list = users(&sandbox);
    let by_number = listed(&list);
    let csv = sandbox
        .run(&["list", "--format", "csv"])
        .expect_code(0)
        .stdout;
    let rows = rows(&csv);
    let safe = sandbox.run(&["list", "--format", "csv", "--csv-safe"]);
    let safe = self::rows(&safe.expect_code(0).stdout);
    let duplicates: Vec<&str> = run["duplicate"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|user| user["username"].as_str())
        .collect();
    let mut formulas = 0;
    for (number, value) in values.iter().enumerate() {
        let name = username(number, value);
        let Some(user) = by_number.get(&number) else {
            assert!(duplicates.contains(&name.as_str()), "{name:?} is missing");
            continue;
        };
        assert_eq!(user["username"], name.as_str());
        for (_, field) in FIELDS {
            if value.trim().is_empty() {
                // White space is no value.
                assert_eq!(user[field], Value::Null, "{name:?}");
                assert_eq!(rows[&number][field], "");
                continue;
            }
            assert_eq!(user[field], value.as_str(), "{name:?}");
            assert_eq!(rows[&number][field], *value);
            let shown = &safe[&number][field];
            let begins = value.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝']);
            formulas += usize::from(begins);
            assert_eq!(
                shown.strip_prefix('\'').filter(|_| begins).unwrap_or(shown),
                value
            );
            assert_eq!(
                shown.starts_with('\'') && !value.starts_with('\''),
                begins,
                "{shown:?}"
            );
        }
    }
    assert!(formulas > 40, "{formulas} formulas are too few");
}

#[test]
fn no_command_prints_a_formula_with_csv_safe() {
    let (directory, sandbox) = directory();
    sandbox.run(&["import", "--all"]).expect_code(7);
    change(&directory, &values());
    let sync = allowing(&values());
    let sync: Vec<&str> = sync.iter().map(String::as_str).collect();
    let has_formula = |csv: &str| {
        let fields = fields(csv);
        fields
            .iter()
            .any(|it| it.starts_with(['=', '+', '-', '@', '\t', '\r']))
    };
    let dry = [&sync[..], &["--dry-run"]].concat();
    // What has formulas in it without the flag, and what has it with the flag.
    for (plain, safe) in [
        (&["search", "u"][..], &["search", "u"][..]),
        (&["list"], &["list"]),
        (&dry, &sync),
        (&["history", "2"], &["history", "2"]),
    ] {
        let plain = sandbox.run(&[plain, &["--format", "csv"]].concat());
        assert!(has_formula(&plain.stdout), "{plain}");
        let safe = sandbox.run(&[safe, &["--format", "csv", "--csv-safe"]].concat());
        assert!(!has_formula(&safe.stdout), "{safe}");
        assert_eq!(fields(&plain.stdout).len(), fields(&safe.stdout).len());
    }
}

/// All fields of a CSV.
fn fields(csv: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(csv.as_bytes());
    let rows = reader.records().map(|row| row.expect("a row of CSV"));
    rows.flat_map(|row| row.iter().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// The rows of a list in CSV, by the number in the username.
fn rows(csv: &str) -> BTreeMap<usize, BTreeMap<String, String>> {
    csv::Reader::from_reader(csv.as_bytes())
        .deserialize()
        .map(|row| {
            let row: BTreeMap<String, String> = row.expect("a row of CSV");
            (row["username"][1..4].parse().expect("a number"), row)
        })
        .collect()
}
