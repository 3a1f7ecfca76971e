//! What is asked is what is answered: attributes under any of their names, values in any order, and
//! white space that is no value.

use serde_json::Value;

use crate::modes::{ALL, UNMARKED, sync};
use crate::support::adsync::{Sandbox, Settings};
use crate::support::embedded::{names, text};
use crate::support::plain::{Person, PlainServer};
use crate::{Account, SIX, import, imported, json, person, user};

/// ldap3#297: a server answers with the name that its schema puts first.
#[test]
fn an_attribute_is_read_under_any_of_its_names() {
    for server in [PlainServer::openldap(), PlainServer::ds389()] {
        server.add_all(&SIX.map(Person::new));
        let sandbox = Sandbox::new(&server.settings());
        import(&sandbox, "fritz");
        let before = user(&sandbox, "alice");
        for (first, last, email, phone, username) in [
            ("gn", "surname", "rfc822Mailbox", "2.5.4.20", "userid"),
            (
                "2.5.4.42",
                "2.5.4.4",
                "0.9.2342.19200300.100.1.3",
                "TELEPHONENUMBER",
                "UserID",
            ),
        ] {
            let settings = Settings {
                more_attributes: format!(
                    "username = \"{username}\"\nfirst_name = \"{first}\"\nlast_name = \"{last}\"\n\
                     email = \"{email}\"\ncontact_number = \"{phone}\"\nguid = \"entryUUID\""
                ),
                ..server.settings()
            };
            sandbox.configure(&settings);
            for run in sync(&sandbox, &UNMARKED, &["alice", "bob"], &[]) {
                assert_eq!(names(&run.json(0), "modified"), [""; 0], "{}", run.answer);
                assert_eq!(run.user("alice")["email"], before["email"]);
            }
            let check = sandbox.run(&["check"]).expect_code(0);
            assert!(!check.stdout.contains("nobody has"), "{check}");

            let fresh = Sandbox::new(&settings);
            import(&fresh, "fritz");
            for field in [
                "username",
                "first_name",
                "last_name",
                "email",
                "contact_number",
            ] {
                assert_eq!(user(&fresh, "alice")[field], before[field], "{field}");
            }
            let search = json(&fresh, 0, &["search", "ali"]);
            assert_eq!(names(&search, "users"), ["alice"]);
        }
    }
}

/// `redmine_ldap_sync#142`, `kanidm#1287`
#[test]
fn two_values_in_another_order_are_no_change() {
    for server in [PlainServer::openldap(), PlainServer::ds389()] {
        server.add_all(&SIX.map(Person::new));
        server.modify("alice", "mail", &["one@example.com", "two@example.com"]);
        let sandbox = Sandbox::new(&server.settings());
        import(&sandbox, "fritz");
        let stored = text(&user(&sandbox, "alice"), "email");
        for mail in [
            ["two@example.com", "one@example.com"],
            ["one@example.com", "two@example.com"],
        ] {
            server.modify("alice", "mail", &mail);
            for run in sync(&sandbox, &UNMARKED, &["alice", "bob"], &[]) {
                assert_eq!(names(&run.json(0), "modified"), [""; 0], "{}", run.answer);
                assert_eq!(text(run.user("alice"), "email"), stored);
            }
        }
        // One more in front of it does not take its place, and when it is gone another does.
        server.modify("alice", "mail", &["three@example.com", &stored]);
        let run = json(&sandbox, 0, &["sync"]);
        assert_eq!(names(&run, "modified"), [""; 0], "{run:#}");
        server.modify("alice", "mail", &["three@example.com"]);
        for run in sync(&sandbox, &UNMARKED, &["alice"], &[]) {
            assert_eq!(names(&run.json(0), "modified"), ["alice"]);
            assert_eq!(run.user("alice")["email"], "three@example.com");
        }
    }
}

/// A change of case of the stored value is a change, also among several.
#[test]
fn among_several_values_a_change_of_case_is_seen() {
    let server = PlainServer::openldap();
    server.add_all(&SIX.map(Person::new));
    let sandbox = Sandbox::new(&server.settings());
    import(&sandbox, "fritz");
    server.modify("alice", "mail", &["other@example.com", "Alice@example.com"]);
    for run in sync(&sandbox, &UNMARKED, &["alice"], &[]) {
        assert_eq!(names(&run.json(0), "modified"), ["alice"]);
        assert_eq!(run.user("alice")["email"], "Alice@example.com");
    }
}

/// user-sync.py#489
#[test]
fn white_space_is_no_value() {
    let people = SIX.map(|sam| match sam {
        "alice" | "bob" => person(sam).mail(" "),
        _ => person(sam),
    });
    let (dc, sandbox) = imported(&people, Account::Ordinary);
    let run = json(&sandbox, 0, &["sync", "--full"]);
    assert_eq!(names(&run, "duplicate"), [""; 0], "{run:#}");
    for name in ["alice", "bob"] {
        assert_eq!(user(&sandbox, name)["email"], Value::Null);
        assert_eq!(user(&sandbox, name)["status"], "ok");
    }
    // What becomes white space is cleared; of several attributes the next one counts.
    dc.modify(&dc.dn_of("carol"), "mail", Some(" \t\u{a0}\u{3000}"));
    for run in sync(&sandbox, &ALL, &["carol"], &[]) {
        let found = run.json(0);
        assert_eq!(names(&found, "modified"), ["carol"], "{found:#}");
        assert_eq!(run.user("carol")["email"], Value::Null);
    }
    sandbox.configure(&Settings {
        more_attributes: "email = [\"mail\", \"userPrincipalName\"]".to_owned(),
        ..Settings::for_dc(&dc)
    });
    json(&sandbox, 0, &["sync"]);
    assert_eq!(user(&sandbox, "alice")["email"], "alice@corp.example.com");
}

/// Only a value that is nothing else: what is around a value belongs to it.
#[test]
fn white_space_around_a_value_belongs_to_it() {
    let (dc, sandbox) = imported(&SIX.map(person), Account::Ordinary);
    dc.modify(&dc.dn_of("alice"), "sn", Some(" Archer "));
    json(&sandbox, 0, &["sync"]);
    assert_eq!(user(&sandbox, "alice")["last_name"], " Archer ");
}
