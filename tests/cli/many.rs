//! `add --from-csv`: many local users at once.

use serde_json::Value;

use crate::stage::{add, alone, assert_says, usernames, users, write_private};

const HEADER: &str = "username,email,first_name,last_name,contact_number";

#[test]
fn from_a_file_and_from_standard_input() {
    let sandbox = alone();
    let csv = format!("{HEADER}\nalice,a@x,Alice,\"O'Hara, \"\"A\"\"\",+1 555\nbob,,,,\n");
    write_private(&sandbox.path().join("users.csv"), &csv);
    sandbox
        .run(&["add", "--from-csv", "users.csv"])
        .expect_code(0);
    assert_eq!(usernames(&sandbox), ["alice", "bob"]);
    let found = users(&sandbox);
    assert_eq!(found[0]["last_name"], "O'Hara, \"A\"");
    assert_eq!(found[1]["email"], Value::Null);

    let answer = sandbox
        .prepare(&["add", "--from-csv", "-"])
        .input("last_name,username\r\nLee,carol\r\n")
        .run()
        .expect_code(0);
    assert!(answer.stdout.contains("1 added"), "{answer}");
    assert_eq!(users(&sandbox)[2]["last_name"], "Lee");
}

#[test]
fn what_cannot_be_read_adds_nobody() {
    let sandbox = alone();
    for (csv, says) in [
        (
            "username,e-mail\nalice,a@x\n",
            "there is no column \"e-mail\"; did you mean email?",
        ),
        (
            "email,first_name\na@x,Alice\n",
            "there is no column username",
        ),
        ("alice,a@x\nbob,b@x\n", "it has no header"),
        (
            "username,email\nalice,a@x\nbob\n",
            "line 3 has 1 columns, and the header 2",
        ),
        (
            "username,username\nalice,bob\n",
            "there are two columns username",
        ),
        (
            "username,enabled\nalice,true\nbob,perhaps\n",
            "line 3: enabled is \"perhaps\"",
        ),
        ("username,email\n", "it has a header, but no users"),
        (
            "username,last_name\nalice,\"O'Hara\nbob,Lee\n",
            "the quote in line 2 is never closed",
        ),
        (
            "username,last_name\nalice,\"O\nHara\"\nbob\n",
            "line 4 has 1 columns, and the header 2",
        ),
        (
            "username,email,\nalice,a@x,\n",
            "column 3 has no name in the header",
        ),
        ("username,email\n,\n", "it has a header, but no users"),
        ("\n \n", "it is empty"),
        ("", "it is empty"),
    ] {
        let answer = sandbox
            .prepare(&["add", "--from-csv", "-"])
            .input(csv)
            .run()
            .expect_code(2);
        assert_says(
            &answer,
            &["cannot read standard input", says, "hint: ", "header"],
        );
        assert!(!answer.stderr.contains("CSV error"), "{answer}");
        assert_eq!(usernames(&sandbox), Vec::<String>::new(), "{csv}");
    }
    std::fs::write(sandbox.path().join("latin1.csv"), b"username\nJos\xe9\n").expect("writable");
    let answer = sandbox
        .run(&["add", "--from-csv", "latin1.csv"])
        .expect_code(2);
    assert_says(&answer, &["latin1.csv", "line 2 is not UTF-8", "CSV UTF-8"]);
    let answer = sandbox
        .run(&["add", "--from-csv", "absent.csv"])
        .expect_code(2);
    assert_says(&answer, &["absent.csv", "No such file"]);
}

/// What Excel writes as "CSV UTF-8" where a comma is for decimals, and as "Unicode Text".
#[test]
fn what_a_spreadsheet_writes_is_read() {
    let semicolons = "\u{feff}Username;First Name;E-Mail;enabled\r\nalice; Ann ;a@x;false\r\n";
    let semicolons = semicolons.replace("E-Mail", "email");
    let tabs = "Username\tLast name\tContact-Number\r\njosé\tLee\t+1 555\r\n";
    let little: Vec<u8> = (tabs.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let big: Vec<u8> = (tabs.encode_utf16().flat_map(u16::to_be_bytes)).collect();
    for (bytes, username, field, value) in [
        (semicolons.into_bytes(), "alice", "first_name", "Ann"),
        (
            [&[0xFF, 0xFE], &little[..]].concat(),
            "josé",
            "last_name",
            "Lee",
        ),
        (
            [&[0xFE, 0xFF], &big[..]].concat(),
            "josé",
            "contact_number",
            "+1 555",
        ),
    ] {
        let sandbox = alone();
        std::fs::write(sandbox.path().join("users.csv"), bytes).expect("writable");
        sandbox
            .run(&["add", "--from-csv", "users.csv"])
            .expect_code(0);
        let users = users(&sandbox);
        assert_eq!(users[0]["username"], username);
        assert_eq!(users[0][field], value);
        assert_eq!(users[0]["enabled"], username != "alice");
    }
}

#[test]
fn a_space_before_a_quote_is_no_part_of_a_value() {
    let sandbox = alone();
    let csv = "username, \"email\", last_name\n alice,  \"a@x\" , \"O'Hara, \"\"A\"\"\"\nbob, b\"x , \"a\n , \"\n";
    sandbox
        .prepare(&["add", "--from-csv", "-"])
        .input(csv)
        .run()
        .expect_code(0);
    let users = users(&sandbox);
    assert_eq!(users[0]["email"], "a@x");
    assert_eq!(users[0]["last_name"], "O'Hara, \"A\"");
    assert_eq!(users[1]["email"], "b\"x");
    assert_eq!(users[1]["last_name"], "a\n ,");
}

#[test]
fn what_list_prints_can_be_fed_back() {
    let (one, other) = (alone(), alone());
    add(&one, &["alice"]);
    add(&one, &["bob"]);
    let list = one.run(&["list", "--format", "csv"]).expect_code(0);
    let answer = other
        .prepare(&["add", "--from-csv", "-"])
        .input(&list.stdout)
        .run()
        .expect_code(0);
    assert!(answer.stdout.contains("2 added"), "{answer}");
    assert_eq!(usernames(&other), ["alice", "bob"]);
}

#[test]
fn a_spreadsheet_begins_its_csv_with_a_mark() {
    let sandbox = alone();
    sandbox
        .prepare(&["add", "--from-csv", "-"])
        .input("\u{feff}username,email\r\nalice,a@x\r\n")
        .run()
        .expect_code(0);
    assert_eq!(usernames(&sandbox), ["alice"]);
}

#[test]
fn two_lines_with_one_name_are_both_duplicates() {
    let sandbox = alone();
    let answer = sandbox
        .prepare(&["add", "--from-csv", "-", "--format", "json"])
        .input("username,email\nalice,a@x\nALICE,b@x\nbob,c@x\ncarol,C@X\ndave,d@x\n")
        .run()
        .expect_code(7);
    let object = answer.json();
    assert_eq!(object["counts"]["duplicate"], 4, "{answer}");
    assert_eq!(object["counts"]["added"], 1, "{answer}");
    assert_eq!(usernames(&sandbox), ["dave"]);
}

#[test]
fn one_bad_line_does_not_stop_the_others() {
    let sandbox = alone();
    add(&sandbox, &["alice"]);
    let answer = sandbox
        .prepare(&["add", "--from-csv", "-"])
        .input("username,email\nAlice,a@x\n,\n,b@x\ncarol,c@x\n")
        .run()
        .expect_code(7);
    assert!(
        answer.stdout.contains("1 added, 1 duplicate, 1 failed"),
        "{answer}"
    );
    assert!(answer.stdout.contains("line 4: no username"), "{answer}");
    assert_eq!(usernames(&sandbox), ["alice", "carol"]);
}

#[test]
fn a_local_user_is_given_other_values() {
    let sandbox = alone();
    add(&sandbox, &["helpdesk", "--email", "a@x"]);
    add(&sandbox, &["bob", "--email", "b@x"]);
    let set = |arguments: &[&str]| sandbox.run(&[&["set", "HelpDesk"], arguments].concat());
    let answer = set(&["--email", "it@x", "--first-name", "IT"]).expect_code(0);
    assert!(answer.stdout.contains("email: a@x → it@x"), "{answer}");
    assert!(answer.stdout.contains("1 modified"), "{answer}");
    let answer = set(&["--email", "it@x"]).expect_code(0);
    assert!(answer.stdout.contains("0 modified"), "{answer}");
    set(&["--first-name", "", "--dry-run"]).expect_code(0);
    assert_eq!(users(&sandbox)[1]["first_name"], "IT");
    set(&["--first-name", ""]).expect_code(0);
    assert_eq!(users(&sandbox)[1]["first_name"], Value::Null);
    // Somebody else has it.
    let answer = set(&["--email", "B@X"]).expect_code(7);
    assert!(answer.stdout.contains("is held by bob (local)"), "{answer}");
    // Who cannot be changed stays as it is.
    assert_eq!(users(&sandbox)[1]["status"], "ok");
    set(&[]).expect_code(2);
    let answer = set(&["--username", ""]).expect_code(7);
    assert!(answer.stdout.contains("no username"), "{answer}");
    assert_eq!(users(&sandbox)[1]["status"], "ok");
    sandbox
        .run(&["set", "nobody", "--email", "x"])
        .expect_code(2);
    // It is in the history, and can be taken back.
    sandbox.run(&["undo", "3"]).expect_code(0);
    assert_eq!(users(&sandbox)[1]["email"], "a@x");
}
