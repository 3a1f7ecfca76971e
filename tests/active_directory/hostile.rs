//! What any employee may set about himself, in a real AD: it takes nearly all of it.

use crate::support::adsync::{Answer, Sandbox};
use crate::support::hostile::{acts_on_a_terminal, values};
use crate::support::samba::{SambaDc, User};
use crate::{json, person, users};

#[track_caller]
fn is_harmless(answer: &Answer) {
    for line in answer.stdout.lines().chain(answer.stderr.lines()) {
        assert!(!line.contains(acts_on_a_terminal), "{line:?}\n{answer}");
    }
}

/// Values that AD's schema has room for.
fn fitting() -> Vec<String> {
    let fits = |value: &String| value.chars().count() <= 64 && !value.trim().is_empty();
    values().into_iter().filter(fits).collect()
}

#[test]
fn hostile_values_are_carried_unchanged_and_shown_harmless() {
    let dc = SambaDc::start();
    let values = fitting();
    let people = values.iter().enumerate().map(|(number, value)| {
        User::new(&format!("u{number:03}"))
            .given(value)
            .sn(value)
            .phone(value)
            .mail(&format!("{number}{value}"))
    });
    let mut people: Vec<User> = people.collect();
    // In a CN, and so in the DN, too.
    people.push(person("dn1").cn("x\u{1b}[2J\u{202e}, \"y\"\\+=<>;#"));
    people.push(person("-rf").cn("*)(uid=*"));
    people.push(person("zero\u{200b}width\u{202e}"));
    dc.add_all(&people);
    dc.grant_tombstones("svc-adsync");
    let sandbox = Sandbox::for_dc(&dc);
    is_harmless(&sandbox.run(&["search", "u", "-vv"]).expect_code(0));
    is_harmless(&sandbox.run(&["import", "--all", "-vv"]).expect_code(0));
    is_harmless(&sandbox.run(&["list"]).expect_code(0));
    let list = users(&sandbox);
    assert_eq!(list.len(), people.len());
    for (number, value) in values.iter().enumerate() {
        let name = format!("u{number:03}");
        let user = list.iter().find(|user| user["username"] == name.as_str());
        let user = user.unwrap_or_else(|| panic!("{name} is missing"));
        for field in ["first_name", "last_name", "contact_number"] {
            assert_eq!(user[field], value.as_str(), "{name}");
        }
        assert_eq!(user["email"], format!("{number}{value}"));
    }
    for (number, person) in people
        .iter()
        .enumerate()
        .filter(|(number, _)| number % 3 == 0)
    {
        match number % 2 {
            0 => dc.delete(&person.dn()),
            _ => dc.modify(&person.dn(), "sn", Some("\u{9b}31m\u{202e}new")),
        }
    }
    let allowed = [
        "sync",
        "--allow-deletes",
        &people.len().div_ceil(6).to_string(),
    ]
    .map(str::to_owned);
    let allowed: Vec<&str> = allowed.iter().map(String::as_str).collect();
    is_harmless(
        &sandbox
            .run(&[&allowed[..], &["--dry-run", "-vv"]].concat())
            .expect_code(0),
    );
    let run = json(&sandbox, &allowed);
    assert_eq!(run["counts"]["failed"], 0);
    assert_eq!(run["counts"]["deleted"], people.len().div_ceil(6));
    assert_eq!(
        run["modified"][0]["changes"]["last_name"]["to"],
        "\u{9b}31m\u{202e}new"
    );
    is_harmless(&sandbox.run(&["history", "2"]).expect_code(0));
}

/// The name of an account can be looked for whatever it is, and finds nobody else.
#[test]
fn a_name_that_looks_like_a_filter_or_an_option_finds_its_own_user_only() {
    let names = [
        "a)(uid",
        "a(b",
        "a!(b",
        "-rf",
        "--all",
        "' OR 1--",
        "$(reboot)",
        "a#b",
        "null",
    ];
    let dc = SambaDc::start();
    for (number, name) in names.into_iter().enumerate() {
        dc.add_user(&person(name).upn(&format!("{number}@corp.example.com")));
    }
    dc.add_user(&person("bystander"));
    let sandbox = Sandbox::for_dc(&dc);
    for (number, name) in names.into_iter().enumerate() {
        let run = json(&sandbox, &["import", &format!("--users={name}")]);
        assert_eq!(run["counts"]["imported"], 1, "{name}");
        assert_eq!(users(&sandbox).len(), number + 1);
        let run = json(&sandbox, &["sync", &format!("--users={name}")]);
        assert_eq!(run["counts"]["unchanged"], 1, "{name}");
    }
    let nobody = sandbox.run(&["import", "--users", "*"]).expect_code(2);
    assert!(nobody.stderr.contains('*'), "{nobody}");
}
