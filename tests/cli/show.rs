//! `adsync show`: one user, with everything that is known of it.

use serde_json::{Value, json};
use testdir::TestDir;

use crate::stage::{add, alone, assert_says, settings, users, with_users};
use crate::support::adsync::{Answer, Sandbox};

/// Of the table the value behind each label.
fn fact(answer: &Answer, label: &str) -> Option<String> {
    let facts = answer.stdout.split("\n\n").next()?;
    let rest = facts.lines().find_map(|line| line.strip_prefix(label))?;
    rest.starts_with("  ").then(|| rest.trim().to_owned())
}

#[track_caller]
fn facts(answer: &Answer, expected: &[(&str, &str)]) {
    for (label, value) in expected {
        let found = fact(answer, label);
        assert_eq!(found.as_deref(), Some(*value), "{label}\n{answer}");
    }
}

fn show(sandbox: &Sandbox, name: &str) -> Answer {
    sandbox.run(&["show", name]).expect_code(0)
}

fn in_json(sandbox: &Sandbox, name: &str) -> Value {
    let arguments = ["show", name, "--format", "json"];
    sandbox.run(&arguments).expect_code(0).json()
}

/// alice, bob and carol were imported; carol can have her new address not, bob is hidden, and alice's account expired.
fn company() -> (TestDir, Sandbox) {
    let (directory, sandbox) = with_users(&["alice", "bob", "carol"]);
    sandbox.run(&["import", "--all"]).expect_code(0);
    add(&sandbox, &["zoe", "--email", "desk@example.com"]);
    directory
        .edit(|it| {
            it.replace("alice", "accountExpires", ["116444736000000000"])?;
            it.replace("alice", "telephoneNumber", [] as [&str; 0])?;
            it.replace("carol", "mail", ["desk@example.com"])
        })
        .expect("they are there");
    directory.deny("bob").expect("he is there");
    sandbox.run(&["sync"]).expect_code(0);
    (directory, sandbox)
}

#[test]
fn every_field_and_where_it_comes_from() {
    let (directory, sandbox) = company();
    let alice = show(&sandbox, "ALICE");
    let guid = directory.edit(|it| it.guid("alice")).expect("she is there");
    let found = fact(&alice, "found").unwrap_or_default();
    facts(
        &alice,
        &[
            ("username", "alice"),
            ("first name", "Alice"),
            ("last name", "Example"),
            ("email", "alice@example.com"),
            ("contact number", "-"),
            ("enabled", "no"),
            ("source", "directory"),
            ("status", "disabled"),
            ("domain", "DC=corp,DC=example,DC=com"),
            ("guid", &guid.to_string()),
            ("dn", "CN=alice,OU=Staff,DC=corp,DC=example,DC=com"),
            ("expires", "1970-01-01 00:00:00 UTC"),
        ],
    );
    assert!(found.starts_with("since run 1, returned by "), "{alice}");
    let at = fact(&alice, "last sync").unwrap_or_default();
    assert!(at.ends_with(" UTC"), "{alice}");
    for label in ["reason", "missing since", "returned by"] {
        assert_eq!(fact(&alice, label), None, "{alice}");
    }
    for line in [
        "imported",
        "contact_number: +1 555 0100 → (none); enabled: yes → no",
    ] {
        assert!(alice.stdout.contains(line), "{line}\n{alice}");
    }

    // What ties a user to a directory a local one does not have.
    let zoe = show(&sandbox, "zoe");
    facts(
        &zoe,
        &[("source", "local"), ("status", "ok"), ("first name", "-")],
    );
    for label in ["domain", "guid", "dn", "found", "expires", "last sync"] {
        assert_eq!(fact(&zoe, label), None, "{zoe}");
    }
    assert!(zoe.stdout.contains("added"), "{zoe}");
}

#[test]
fn why_it_stands_as_it_does() {
    let (_directory, sandbox) = company();
    let held = "email desk@example.com is held by zoe (local)";
    let carol = show(&sandbox, "carol");
    facts(&carol, &[("status", "duplicate"), ("reason", held)]);
    assert!(
        carol.stdout.contains(&format!("duplicate: {held}")),
        "in the history, too\n{carol}"
    );
    let bob = show(&sandbox, "bob");
    facts(&bob, &[("status", "missing")]);
    for label in ["reason", "missing since", "returned by"] {
        let value = fact(&bob, label).unwrap_or_default();
        assert!(value.len() > 3, "{label}: {value:?}\n{bob}");
    }
    let said = fact(&bob, "reason").unwrap_or_default();
    assert!(bob.stdout.contains(&format!("missing: {said}")), "{bob}");
}

#[test]
fn json_has_what_a_list_has_and_more() {
    let (_directory, sandbox) = company();
    for listed in users(&sandbox) {
        let name = listed["username"].as_str().expect("a name");
        let shown = in_json(&sandbox, name);
        assert_eq!(shown["version"], 1);
        let user = shown["user"].as_object().expect("an object");
        let mut more = user.clone();
        more.retain(|key, value| listed.get(key) != Some(value));
        let keys: Vec<&str> = more.keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            ["expires_at", "found_on", "found_run", "missing_since"],
            "{shown:#}"
        );
        assert_eq!(user.len(), listed.as_object().expect("an object").len() + 4);
        let history = sandbox.run(&["history", "--user", name, "--format", "json"]);
        assert_eq!(shown["history"], history.expect_code(0).json()["changes"]);

        let csv = sandbox
            .run(&["show", name, "--format", "csv"])
            .expect_code(0);
        let list = sandbox.run(&["list", "--format", "csv"]).expect_code(0);
        let mut lines = csv.stdout.lines();
        assert_eq!(lines.next(), list.stdout.lines().next());
        let line = lines.next().expect("a line");
        assert!(list.stdout.lines().any(|it| it == line), "{csv}\n{list}");
        assert_eq!(lines.next(), None);
    }
    let alice = &in_json(&sandbox, "alice")["user"];
    assert_eq!(alice["expires_at"], "1970-01-01T00:00:00Z");
    assert_eq!(alice["found_run"], 1);
    assert!(alice["found_on"].is_string(), "{alice:#}");
    let bob = &in_json(&sandbox, "bob")["user"];
    let since = bob["missing_since"].as_str().expect("a time");
    assert!(since.parse::<jiff::Timestamp>().is_ok(), "{since}");
    let zoe = &in_json(&sandbox, "zoe")["user"];
    assert_eq!(
        (&zoe["found_run"], &zoe["found_on"], &zoe["missing_since"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
}

/// Whoever is imported again has another row, and is the same.
#[test]
fn its_history_goes_beyond_its_row_and_its_name() {
    let (directory, sandbox) = with_users(&["alice", "bob"]);
    sandbox.run(&["import", "--all"]).expect_code(0);
    sandbox.run(&["remove", "alice"]).expect_code(0);
    directory
        .edit(|it| it.replace("alice", "sAMAccountName", ["alice2"]))
        .expect("she is there");
    sandbox.run(&["import", "--all"]).expect_code(0);
    let alice = in_json(&sandbox, "alice2");
    let life = alice["history"].as_array().expect("a list");
    let seen: Vec<Value> = life
        .iter()
        .map(|it| json!([it["run"], it["action"], it["username"]]))
        .collect();
    let expected = json!([
        [1, "imported", "alice"],
        [2, "deleted", "alice"],
        [3, "imported", "alice2"]
    ]);
    assert_eq!(Value::from(seen), expected);
}

#[test]
fn who_is_not_there_is_said() {
    let sandbox = alone();
    let said = sandbox.run(&["show", "alice"]).expect_code(2);
    assert_says(&said, &["no user \"alice\" in the store", "no users yet"]);
    assert!(!sandbox.store_path().exists(), "looking made a store");

    let (directory, sandbox) = with_users(&["alice", "bob", "o'neil"]);
    sandbox.run(&["import", "--all"]).expect_code(0);
    let said = sandbox.run(&["show", "alcie"]).expect_code(2);
    assert_says(
        &said,
        &["no user \"alcie\" in the store\n", "did you mean alice?"],
    );
    let error = sandbox.run(&["show", "xyzzy", "--format", "json"]);
    assert_eq!(error.expect_code(2).json()["error"]["kind"], "unknown_name");
    sandbox.run(&["show"]).expect_code(2);
    sandbox.run(&["show", ""]).expect_code(2);
    show(&sandbox, " bob ");

    sandbox.run(&["remove", "o'neil"]).expect_code(0);
    let said = sandbox.run(&["show", "O'Neil"]).expect_code(2);
    assert_says(
        &said,
        &[
            "no user \"O'Neil\" in the store any more: run 2 deleted it",
            r"`adsync history --user 'O'\''Neil'` shows what became of it",
            r"`adsync restore 'o'\''neil'` brings it back",
        ],
    );
    directory
        .edit(|it| it.replace("bob", "sAMAccountName", ["robert"]))
        .expect("he is there");
    sandbox.run(&["sync"]).expect_code(0);
    let said = sandbox.run(&["show", "bob"]).expect_code(2);
    assert_says(
        &said,
        &[
            "no user \"bob\" in the store any more",
            "it is robert since run 3",
        ],
    );
    // Gone under another name than the one that is asked for.
    sandbox.run(&["remove", "robert"]).expect_code(0);
    let said = sandbox.run(&["show", "bob"]).expect_code(2);
    assert_says(
        &said,
        &["any more: run 4 deleted it", "`adsync restore robert`"],
    );
    // And imported again, in another row.
    sandbox.run(&["import", "--all"]).expect_code(0);
    let said = sandbox.run(&["show", "bob"]).expect_code(2);
    assert_says(&said, &["it is robert since run 3"]);
}

#[test]
fn nothing_acts_on_a_terminal() {
    let (directory, sandbox) = with_users(&["alice"]);
    directory
        .edit(|it| it.replace("alice", "givenName", ["A\u{1b}[31m\u{202e}"]))
        .expect("she is there");
    sandbox.run(&["import", "--all"]).expect_code(0);
    let alice = show(&sandbox, "alice");
    assert!(!alice.stdout.contains(['\u{1b}', '\u{202e}']), "{alice}");
    assert_eq!(
        in_json(&sandbox, "alice")["user"]["first_name"],
        "A\u{1b}[31m\u{202e}"
    );
}

#[test]
fn the_directory_is_not_asked() {
    let (directory, sandbox) = with_users(&["alice"]);
    sandbox.run(&["import", "--all"]).expect_code(0);
    drop(directory);
    sandbox.configure(&settings(crate::stage::NO_SERVER));
    show(&sandbox, "alice");
}
