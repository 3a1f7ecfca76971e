//! Values that would act on a terminal or deceive its reader: a table shows them harmless, JSON and CSV
//! carry them as they are.

use crate::stage::{alone, users, with_users};
use crate::support::adsync::{Answer, Sandbox};
use crate::support::hostile::acts_on_a_terminal;

/// A clear-screen sequence, a window title, a C1 control, a bell, a line end, a right-to-left override.
const HOSTILE: &str = "eve\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\r\nroot\u{202e}gpj.exe\u{2066}";
const HARMLESS: &str = "eve[2J]0;owned31m  rootgpj.exe";

/// The same for a username, which may not hold control characters.
const HOSTILE_USERNAME: &str = "eve\u{202e}gpj.exe\u{2066}\u{61c}";

fn is_harmful(character: char) -> bool {
    character != '\n' && acts_on_a_terminal(character)
}

#[track_caller]
fn assert_harmless(answer: &Answer) {
    for stream in [&answer.stdout, &answer.stderr] {
        assert!(!stream.contains(is_harmful), "{answer:?}");
    }
}

/// A row stays a row.
#[track_caller]
fn assert_shown_harmless(answer: &Answer) {
    assert_harmless(answer);
    assert!(answer.stdout.contains(HARMLESS), "{answer:?}");
}

fn csv_field(text: &str) -> String {
    format!("\"{text}\"")
}

#[track_caller]
fn assert_list_is_faithful(sandbox: &Sandbox) {
    assert_shown_harmless(&sandbox.run(&["list"]).expect_code(0));
    let eve = &users(sandbox)[0];
    assert_eq!(eve["username"], HOSTILE_USERNAME);
    for field in ["first_name", "last_name", "email", "contact_number"] {
        assert_eq!(eve[field], HOSTILE, "{field}");
    }
    let csv = sandbox.run(&["list", "--format", "csv"]).expect_code(0);
    assert!(csv.stdout.contains(&csv_field(HOSTILE)), "{csv:?}");
}

#[test]
fn a_local_user() {
    let sandbox = alone();
    let by_hand = [
        "add",
        HOSTILE_USERNAME,
        "--email",
        HOSTILE,
        "--first-name",
        HOSTILE,
        "--last-name",
        HOSTILE,
        "--contact-number",
        HOSTILE,
    ];
    assert_shown_harmless(&sandbox.run(&by_hand).expect_code(0));
    assert_list_is_faithful(&sandbox);
    let again = sandbox.run(&by_hand).expect_code(7);
    assert_shown_harmless(&again);
    assert_harmless(
        &sandbox
            .run(&["remove", "eve", HOSTILE_USERNAME, "nobody\u{1b}[2J"])
            .expect_code(2),
    );
    assert_harmless(&sandbox.run(&["remove", HOSTILE_USERNAME]).expect_code(0));
    assert_shown_harmless(&sandbox.run(&["add", HOSTILE]).expect_code(7));
}

#[test]
fn a_user_of_the_directory() {
    let (directory, sandbox) = with_users(&[]);
    let mut eve = testdir::User::new("eve").common_name("eve");
    eve = eve.with("sAMAccountName", [HOSTILE_USERNAME]);
    for attribute in ["displayName", "givenName", "sn", "mail", "telephoneNumber"] {
        eve = eve.with(attribute, [HOSTILE]);
    }
    directory
        .add_user(eve)
        .expect("a directory takes any value");
    assert_shown_harmless(&sandbox.run(&["search", "eve", "-vv"]).expect_code(0));
    assert_shown_harmless(&sandbox.run(&["import", "--all", "-vv"]).expect_code(0));
    assert_list_is_faithful(&sandbox);

    let dn = format!("CN=eve,OU=Staff,{}", directory.base_dn());
    let other = format!("{HOSTILE}2");
    directory
        .replace(&dn, "mail", [other.as_str()])
        .expect("eve is there");
    let dry = sandbox.run(&["sync", "--dry-run", "-vv"]).expect_code(0);
    assert_shown_harmless(&dry);
    let json = sandbox
        .run(&["sync", "--format", "json"])
        .expect_code(0)
        .json();
    assert_eq!(json["modified"][0]["username"], HOSTILE_USERNAME);
    assert_eq!(json["modified"][0]["changes"]["email"]["from"], HOSTILE);
    assert_eq!(json["modified"][0]["changes"]["email"]["to"], other);
}

#[test]
fn a_name_in_a_message() {
    let (_directory, sandbox) = with_users(&["alice"]);
    for arguments in [
        &["sync", "--users", HOSTILE][..],
        &["import", "--users", HOSTILE],
        &["import", "--group", HOSTILE],
        &["import", "--ou", HOSTILE],
        &["add", "--from-csv", HOSTILE],
        &["list", "--config", HOSTILE],
    ] {
        assert_harmless(&sandbox.run(arguments).expect_code(2));
    }
}
