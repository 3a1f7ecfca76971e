//! `add`, `remove` and `list` in a store without any directory.

use serde_json::{Value, json};

use crate::stage::{add, alone, assert_says, usernames, users};

#[test]
fn an_empty_store_has_nobody() {
    let sandbox = alone();
    let answer = sandbox.run(&["list"]).expect_code(0);
    assert_eq!((answer.stdout.as_str(), answer.stderr.as_str()), ("", ""));
    let answer = sandbox.run(&["list", "--format", "json"]).expect_code(0);
    assert_eq!(answer.json(), json!({"version": 1, "users": []}));
    let answer = sandbox.run(&["list", "--format", "csv"]).expect_code(0);
    assert_eq!(answer.stdout.lines().count(), 1, "{answer}");
    assert!(!sandbox.store_path().exists(), "reading made a store");
}

#[test]
fn a_user_is_added_with_its_values() {
    let sandbox = alone();
    let all = [
        "alice",
        "--email",
        "a@x",
        "--first-name",
        "Alice",
        "--last-name",
        "O'Hara, \"A\"",
        "--contact-number",
        "+1 555",
    ];
    add(&sandbox, &all);
    add(&sandbox, &["bob"]);
    add(&sandbox, &["carol", "--email", ""]);
    let absent = Value::Null;
    let alice = json!({
        "username": "alice", "first_name": "Alice", "last_name": "O'Hara, \"A\"", "email": "a@x",
        "contact_number": "+1 555", "source": "local", "status": "ok", "reason": absent,
        "enabled": true, "guid": absent, "domain": absent, "dn": absent, "synced_at": absent,
    });
    let bob = json!({
        "username": "bob", "first_name": absent, "last_name": absent, "email": absent,
        "contact_number": absent, "source": "local", "status": "ok", "reason": absent,
        "enabled": true, "guid": absent, "domain": absent, "dn": absent, "synced_at": absent,
    });
    let found = users(&sandbox);
    assert_eq!(found[..2], [alice, bob]);
    // An empty value is no value, and never collides.
    assert_eq!(found[2]["email"], absent);
    add(&sandbox, &["dave", "--email", ""]);
}

#[test]
fn a_list_as_csv() {
    let sandbox = alone();
    add(
        &sandbox,
        &["alice", "--email", "a@x", "--last-name", "O'Hara, \"A\""],
    );
    let answer = sandbox.run(&["list", "--format", "csv"]).expect_code(0);
    assert_eq!(
        answer.stdout,
        "username,first_name,last_name,email,contact_number,source,status,reason,enabled,guid,domain,dn,synced_at\n\
         alice,,\"O'Hara, \"\"A\"\"\",a@x,,local,ok,,true,,,,\n"
    );
}

#[test]
fn a_list_as_a_table() {
    let sandbox = alone();
    add(
        &sandbox,
        &[
            "alice",
            "--email",
            "a@x",
            "--first-name",
            "Alice",
            "--last-name",
            "Lee",
        ],
    );
    add(&sandbox, &["bob", "--contact-number", "+1 555"]);
    let answer = sandbox.run(&["list"]).expect_code(0);
    assert_eq!(
        answer.stdout,
        "USERNAME  NAME       EMAIL  CONTACT NUMBER  SOURCE  STATUS  SYNCED AT\n\
         alice     Alice Lee  a@x    -               local   ok      -\n\
         bob       -          -      +1 555          local   ok      -\n"
    );
}

#[test]
fn a_taken_name_or_address_is_reported_with_its_holder() {
    let sandbox = alone();
    add(&sandbox, &["ÉLODIE", "--email", "Élodie@Straße.example"]);
    for (arguments, field, value) in [
        (&["ÉLODIE"][..], "username", "ÉLODIE"),
        (&["élodie"], "username", "élodie"),
        (
            &["zoe", "--email", "éLODIE@STRASSE.EXAMPLE"],
            "email",
            "éLODIE@STRASSE.EXAMPLE",
        ),
    ] {
        let add = [&["add"], arguments].concat();
        let answer = sandbox.run(&add).expect_code(7);
        let says = format!("{field} {value} is held by ÉLODIE (local)");
        assert!(answer.stdout.contains(&says), "{answer}");

        let answer = sandbox
            .run(&[&add[..], &["--format", "json"]].concat())
            .expect_code(7);
        let object = answer.json();
        assert_eq!(object["counts"]["duplicate"], 1, "{answer}");
        let conflict = &object["duplicate"][0]["conflicts"][0];
        assert_eq!(conflict["field"], field, "{answer}");
        assert_eq!(conflict["value"], value, "{answer}");
        let holder = json!({"username": "ÉLODIE", "source": "local", "guid": null});
        assert_eq!(conflict["held_by"], holder, "{answer}");
        assert_eq!(usernames(&sandbox), ["ÉLODIE"]);
    }
    // An accent makes another name.
    add(&sandbox, &["elodie"]);
}

#[test]
fn a_value_that_cannot_be_kept_is_said() {
    let sandbox = alone();
    let long = "x".repeat(1025);
    let answer = sandbox
        .run(&["add", "alice", "--email", &long])
        .expect_code(7);
    assert!(
        answer.stdout.contains("1025") && answer.stdout.contains("1 failed"),
        "{answer}"
    );
    let answer = sandbox.run(&["add", "  "]);
    assert_ne!(answer.code, 0, "{answer}");
    assert_eq!(usernames(&sandbox), Vec::<String>::new());
    add(&sandbox, &["alice", "--email", &long[1..]]);
}

#[test]
fn users_are_removed_by_name_in_any_case() {
    let sandbox = alone();
    for username in ["alice", "bob", "ÉLODIE", "dave"] {
        add(&sandbox, &[username]);
    }
    let answer = sandbox
        .run(&["remove", "ALICE", "élodie", "--format", "json"])
        .expect_code(0);
    let object = answer.json();
    assert_eq!(object["counts"]["deleted"], 2, "{answer}");
    assert_eq!(
        object["deleted"],
        json!([
            {"guid": null, "username": "alice", "evidence": "removed"},
            {"guid": null, "username": "ÉLODIE", "evidence": "removed"},
        ])
    );
    assert_eq!(usernames(&sandbox), ["bob", "dave"]);
    // The last one, too; no guard stands before what was named.
    sandbox.run(&["remove", "bob", "dave"]).expect_code(0);
    assert_eq!(usernames(&sandbox), Vec::<String>::new());
}

#[test]
fn who_is_not_there_stops_a_removal() {
    let sandbox = alone();
    for username in ["alice", "bob"] {
        add(&sandbox, &[username]);
    }
    let answer = sandbox
        .run(&["remove", "alice", "alise", "bobb", "xyzzy"])
        .expect_code(2);
    assert_says(
        &answer,
        &[
            "\"alise\"",
            "\"bobb\"",
            "\"xyzzy\"",
            "alise: did you mean alice?",
            "bobb: did you mean bob?",
        ],
    );
    assert_eq!(answer.stdout, "", "{answer}");
    assert_eq!(usernames(&sandbox), ["alice", "bob"]);
}

#[test]
fn a_rehearsal_of_both_writes_nothing() {
    let sandbox = alone();
    let says = |arguments: &[&str], code, words: &str| {
        let answer = sandbox
            .run(&[arguments, &["--dry-run"]].concat())
            .expect_code(code);
        assert!(answer.stdout.contains(words), "{words:?}\n{answer}");
        assert!(
            answer.stdout.contains("dry run: nothing was changed"),
            "{answer}"
        );
    };
    says(&["add", "alice"], 0, "1 added");
    assert!(!sandbox.store_path().exists(), "it made a store");
    add(&sandbox, &["alice", "--email", "a@x"]);
    let bytes = sandbox.store_bytes();
    says(&["add", "bob", "--email", "A@X"], 7, "is held by alice");
    says(&["remove", "alice"], 0, "1 removed");
    sandbox.run(&["remove", "bob", "--dry-run"]).expect_code(2);
    assert!(sandbox.store_bytes() == bytes, "not a byte");
    assert_eq!(usernames(&sandbox), ["alice"]);
}

#[test]
fn a_freed_name_can_be_taken() {
    let sandbox = alone();
    add(&sandbox, &["alice", "--email", "a@x"]);
    sandbox.run(&["remove", "alice"]).expect_code(0);
    add(&sandbox, &["ALICE", "--email", "A@X"]);
    assert_eq!(usernames(&sandbox), ["ALICE"]);
}
