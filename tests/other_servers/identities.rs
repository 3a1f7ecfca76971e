//! What tells a user from all others, where it is not an `entryUUID`.

use super::{Person, PlainServer, Sandbox, json, names, settings, user, usernames};
use crate::support::plain::{PEOPLE, SUFFIX, dn_of};
use crate::support::samba::ldif::Record;

/// One with a name that the store cannot keep as it is, and one with a name beyond ASCII.
const ALL_KINDS: [&str; 4] = ["Alice", "bob", "a.very.long.name@example.com", "josé"];

/// Those whom 389 Directory Server takes in: its uid is of seven bits.
const PLAIN_KINDS: [&str; 3] = ["Alice", "bob", "a.very.long.name@example.com"];

/// Adds them, and says who they are.
fn add_all(server: &PlainServer, names: &'static [&'static str]) -> &'static [&'static str] {
    let numbered = names.iter().enumerate();
    let people = numbered.map(|(number, name)| {
        Person::new(name)
            .set("employeeNumber", &[&format!("E-{number}")])
            // In ASCII, as its syntax wants it.
            .set("mail", &[&format!("number.{number}@mail.example.com")])
    });
    server.add_all(&people.collect::<Vec<_>>());
    names
}

/// What a run finds after somebody was renamed, somebody was moved out of the scope, and nobody was deleted.
fn all_are_found_again(server: &PlainServer, people: &[&str], guid: &str) {
    let attributes = [("guid", guid), ("username", "\"cn\"")];
    let sandbox = Sandbox::new(&settings(server, &attributes));
    let run = json(&sandbox, 0, &["import", "--all"]);
    assert_eq!(run["counts"]["imported"], people.len(), "{guid}: {run:#}");
    let run = json(&sandbox, 0, &["sync"]);
    assert_eq!(run["counts"]["unchanged"], people.len(), "{guid}: {run:#}");

    for name in people {
        server.modify(name, "sn", &[guid]);
        let run = json(&sandbox, 0, &["sync", "--users", name]);
        assert_eq!(names(&run, "modified"), [*name], "{guid}: {run:#}");
    }
    // Out of the scope: looked for by identity in the whole of the domain.
    for name in people {
        let move_away = Record::rename(&dn_of(name), &format!("uid={name}"), Some(SUFFIX));
        server.apply(&move_away.to_string());
        let run = json(&sandbox, 0, &["sync"]);
        assert_eq!(names(&run, "deleted"), [""; 0], "{guid}: {run:#}");
        let moved = user(&sandbox, name);
        assert_eq!(moved["status"], "out_of_scope", "{guid}: {moved:#}");
        let dn = format!("uid={name},{SUFFIX}");
        let move_back = Record::rename(&dn, &format!("uid={name}"), Some(PEOPLE));
        server.apply(&move_back.to_string());
    }
    let run = json(&sandbox, 0, &["sync"]);
    assert_eq!(run["counts"]["out_of_scope"], 0, "{guid}: {run:#}");
    assert_eq!(usernames(&sandbox).len(), people.len());
}

#[test]
fn a_name_that_nobody_else_has() {
    for (server, kinds) in [
        (PlainServer::openldap(), &ALL_KINDS[..]),
        (PlainServer::ds389(), &PLAIN_KINDS),
    ] {
        let people = add_all(&server, kinds);
        for guid in ["\"uid\"", "\"userid\"", "\"employeeNumber\"", "\"mail\""] {
            all_are_found_again(&server, people, guid);
        }
    }
}

#[test]
fn the_unique_id_of_389_directory_server() {
    let server = PlainServer::ds389();
    let people = add_all(&server, &PLAIN_KINDS);
    for guid in ["\"nsUniqueId\"", "\"2.16.840.1.113730.3.1.542\""] {
        all_are_found_again(&server, people, guid);
    }
}

#[test]
fn check_says_what_a_name_is_worth() {
    let server = PlainServer::openldap();
    server.add_all(&["alice", "bob"].map(Person::new));
    let sandbox = Sandbox::new(&settings(&server, &[("guid", "\"uid\"")]));
    let check = sandbox.run(&["check"]).expect_code(0).stdout;
    assert!(check.contains("warn  identity    uid is a name"), "{check}");

    sandbox.configure(&settings(&server, &[]));
    let check = sandbox.run(&["check"]).expect_code(0).stdout;
    let said = "ok    identity    every user has an entryUUID and is found by it";
    assert!(check.contains(said), "{check}");
}

#[test]
fn what_two_have_is_no_identity() {
    let server = PlainServer::openldap();
    server.add_all(&["alice", "bob", "carol"].map(Person::new));
    server.modify("bob", "mail", &["alice@example.com"]);
    let sandbox = Sandbox::new(&settings(&server, &[("guid", "\"mail\"")]));
    let check = sandbox.run(&["check"]).expect_code(0).stdout;
    assert!(
        check.contains("1 of 3 users have the same mail as another: uid=bob,"),
        "{check}"
    );
    let run = json(&sandbox, 7, &["import", "--all"]);
    assert_eq!(names(&run, "imported"), ["carol"]);
    let reason = run["failed"][0]["reason"].as_str().expect("a reason");
    assert!(
        reason.contains("uid=alice,") && reason.contains("uid=bob,"),
        "{run:#}"
    );
}

#[test]
fn what_nobody_can_be_told_by_is_refused() {
    let server = PlainServer::openldap();
    server.add(&Person::new("alice"));
    let sandbox = Sandbox::new(&settings(&server, &[("guid", "\"telephoneNumber\"")]));
    let error = &json(&sandbox, 2, &["import", "--all"])["error"];
    assert_eq!(error["kind"], "settings");
    let message = error["message"].as_str().expect("a message");
    assert!(
        message.contains("telephoneNumber, which cannot serve as an identity"),
        "{message}"
    );
    let hint = error["hint"].as_str().expect("a hint");
    assert!(hint.contains("entryUUID"), "{hint}");
    let check = sandbox.run(&["check"]).expect_code(2).stdout;
    assert!(
        check.contains("FAIL  attributes  guid is read from telephoneNumber"),
        "{check}"
    );
}

#[test]
fn an_identity_that_can_be_read_and_not_searched_deletes_nobody() {
    for attribute in ["entryUUID", "uid"] {
        let mut server = PlainServer::openldap();
        let people = ["alice", "bob", "carol"].map(Person::new);
        server.add_all(&people);
        let guid = format!("\"{attribute}\"");
        let sandbox = Sandbox::new(&settings(&server, &[("guid", &guid)]));
        json(&sandbox, 0, &["import", "--all"]);
        let before = usernames(&sandbox);
        // Read and disclose, but not search.
        server.restrict(&format!("access to attrs={attribute} by users =rd"));
        for arguments in [
            &["sync", "--users", "bob"][..],
            &["sync", "--users", "alice,bob"],
        ] {
            let error = &json(&sandbox, 5, arguments)["error"];
            let message = error["message"].as_str().expect("a message");
            let said = format!("does not find users by their {attribute}");
            assert!(message.contains(&said), "{message}");
        }
        // Who leaves the scope is looked for by identity.
        let move_away = Record::rename(&dn_of("bob"), "uid=bob", Some(SUFFIX));
        server.apply(&move_away.to_string());
        json(&sandbox, 5, &["sync"]);
        assert_eq!(usernames(&sandbox), before);
        let check = sandbox.run(&["check"]).expect_code(5).stdout;
        assert!(check.contains("FAIL  identity"), "{check}");
        assert!(check.contains("does not find users by their"), "{check}");
    }
}

#[test]
fn the_first_import_says_that_an_identity_cannot_be_searched_for() {
    let server = PlainServer::openldap_with("access to attrs=entryUUID by users =rd");
    server.add_all(&["alice", "bob"].map(Person::new));
    let sandbox = Sandbox::new(&settings(&server, &[]));
    for arguments in [
        &["import", "--all"][..],
        &["import", "--users", "alice"],
        &["import", "--all", "--dry-run"],
    ] {
        let error = &json(&sandbox, 5, arguments)["error"];
        let message = error["message"].as_str().expect("a message");
        assert!(
            message.contains("does not find users by their entryUUID"),
            "{message}"
        );
    }
    assert!(usernames(&sandbox).is_empty());
}

#[test]
fn an_identity_that_some_do_not_show_is_told() {
    let server = PlainServer::openldap_with(&format!(
        "access to dn.base=\"{}\" attrs=entryUUID by * none",
        dn_of("bob")
    ));
    server.add_all(&["alice", "bob"].map(Person::new));
    let sandbox = Sandbox::new(&settings(&server, &[]));
    let check = sandbox.run(&["check"]).expect_code(0).stdout;
    assert!(
        check.contains("1 of 2 users have no identity: uid=bob,"),
        "{check}"
    );
}
