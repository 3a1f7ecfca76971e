//! Attributes under other names than those that the server returns them under, and those that it does not have.

use super::{Person, PlainServer, Sandbox, json, names, settings, user};

/// The names that older standards gave the attributes, and their object identifiers.
const SYNONYMS: &[&[(&str, &str)]] = &[
    &[
        ("username", "\"userid\""),
        ("first_name", "\"gn\""),
        ("last_name", "\"surname\""),
        ("email", "\"rfc822Mailbox\""),
    ],
    &[
        ("username", "\"0.9.2342.19200300.100.1.1\""),
        ("first_name", "\"2.5.4.42\""),
        ("last_name", "\"2.5.4.4\""),
        ("email", "[\"2.5.4.13\", \"0.9.2342.19200300.100.1.3\"]"),
        ("guid", "\"1.3.6.1.1.16.4\""),
    ],
];

#[test]
fn an_attribute_is_read_under_any_of_its_names() {
    for server in [PlainServer::openldap(), PlainServer::ds389()] {
        server.add_all(&["alice", "bob"].map(Person::new));
        let sandbox = Sandbox::new(&settings(&server, &[]));
        json(&sandbox, 0, &["import", "--all"]);
        for attributes in SYNONYMS {
            sandbox.configure(&settings(&server, attributes));
            let run = json(&sandbox, 0, &["sync", "--full"]);
            assert_eq!(run["counts"]["unchanged"], 2, "{attributes:?}: {run:#}");
            let run = json(&sandbox, 0, &["sync", "--users", "alice"]);
            assert_eq!(run["counts"]["unchanged"], 1, "{attributes:?}: {run:#}");
            let found = json(&sandbox, 0, &["search", "surn"]);
            assert_eq!(names(&found, "users"), ["alice", "bob"], "{found:#}");
            let check = sandbox.run(&["check"]).expect_code(0);
            assert!(!check.stdout.contains("warn"), "{check}");
        }
    }
}

/// On 389 Directory Server reading the schema takes as long as reading a thousand users.
#[test]
fn settings_as_documented_need_no_schema() {
    for (server, guids) in [
        (PlainServer::openldap(), &["\"entryUUID\""][..]),
        (PlainServer::ds389(), &["\"entryUUID\"", "\"nsUniqueId\""]),
    ] {
        server.add(&Person::new("alice"));
        for guid in guids {
            let sandbox = Sandbox::new(&settings(&server, &[("guid", guid)]));
            for arguments in [&["import", "--all"][..], &["sync", "--full"]] {
                let log = sandbox.run(&[arguments, &["-vv"]].concat()).expect_code(0);
                assert!(log.stderr.contains("ldapsearch"), "{log}");
                assert!(!log.stderr.contains("(objectClass=subschema)"), "{log}");
            }
        }
        let sandbox = Sandbox::new(&settings(&server, &[("last_name", "\"surname\"")]));
        let log = sandbox.run(&["import", "--all", "-vv"]).expect_code(0);
        assert!(log.stderr.contains("(objectClass=subschema)"), "{log}");
    }
}

/// What is asked for without a look at the schema is returned under the name that it is asked for by.
#[test]
fn servers_have_what_is_taken_for_granted_under_its_first_name() {
    for (server, subschema) in [
        (PlainServer::openldap(), "cn=Subschema"),
        (PlainServer::ds389(), "cn=schema"),
    ] {
        let types = server.search(subschema, &["-s", "base", "attributeTypes"]);
        let first_name = |oid: &str| {
            let begin = format!("attributeTypes: ( {oid} NAME ");
            let line = types.lines().find_map(|line| line.strip_prefix(&begin))?;
            line.split('\'').nth(1)
        };
        for known in ldap::standard::STANDARDS {
            let found = first_name(known.oid).map(str::to_lowercase);
            let expected = known.names[0].to_lowercase();
            assert_eq!(found, Some(expected), "{subschema}: {}", known.oid);
        }
    }
}

#[test]
fn the_same_attribute_twice_is_read_twice() {
    for server in [PlainServer::openldap(), PlainServer::ds389()] {
        server.add(&Person::new("alice"));
        let attributes = [("first_name", "\"surname\""), ("last_name", "\"sn\"")];
        let sandbox = Sandbox::new(&settings(&server, &attributes));
        json(&sandbox, 0, &["import", "--all"]);
        let alice = user(&sandbox, "alice");
        assert_eq!(alice["first_name"], "Surname");
        assert_eq!(alice["last_name"], "Surname");
    }
}

#[test]
fn an_attribute_with_an_option_is_another() {
    let server = PlainServer::openldap();
    server.add(&Person::new("alice").set("givenName;lang-de", &["Anders"]));
    server.add(&Person::new("bob").set("givenName;lang-de", &["Anders"]));
    server.modify("bob", "givenName", &[]);
    let sandbox = Sandbox::new(&settings(&server, &[("first_name", "\"gn\"")]));
    json(&sandbox, 0, &["import", "--all"]);
    assert_eq!(user(&sandbox, "alice")["first_name"], "Given");
    assert_eq!(user(&sandbox, "bob")["first_name"], serde_json::Value::Null);
}

#[test]
fn an_attribute_that_the_schema_does_not_have_is_refused_in_every_run() {
    for server in [PlainServer::openldap(), PlainServer::ds389()] {
        server.add(&Person::new("alice"));
        let sandbox = Sandbox::new(&settings(&server, &[]));
        json(&sandbox, 0, &["import", "--all"]);
        let listed = || sandbox.run(&["list", "--format", "json"]).stdout;
        let before = listed();
        let bad = [("email", "[\"mial\", \"mail\"]"), ("guid", "\"entryUID\"")];
        sandbox.configure(&settings(&server, &bad));
        for arguments in [
            &["sync"][..],
            &["sync", "--full"],
            &["sync", "--users", "alice"],
            &["sync", "--dry-run"],
            &["import", "--all"],
            &["search", "a"],
        ] {
            let error = &json(&sandbox, 2, arguments)["error"];
            assert_eq!(error["kind"], "settings", "{error:#}");
            let message = error["message"].as_str().expect("a message");
            for said in ["email is read from mial", "guid is read from entryUID"] {
                assert!(message.contains(said), "{message}");
            }
            let hint = error["hint"].as_str().expect("a hint");
            assert!(hint.contains("did you mean email = \"mail\""), "{hint}");
            assert_eq!(listed(), before, "{arguments:?} changed the users");
        }
        let check = sandbox.run(&["check"]).expect_code(2).stdout;
        for said in [
            "FAIL  attributes  email is read from mial",
            "did you mean email = \"mail\"",
            "FAIL  attributes  guid is read from entryUID",
            "did you mean guid = \"entryUUID\"",
        ] {
            assert!(check.contains(said), "{check}");
        }
    }
}

#[test]
fn settings_that_were_made_for_ad_are_told_what_to_say_here() {
    let server = PlainServer::openldap();
    server.add(&Person::new("alice"));
    let mut settings = server.settings();
    settings.more_attributes.clear();
    let sandbox = Sandbox::new(&settings);
    for arguments in [
        &["import", "--all"][..],
        &["import", "--users", "alice@example.com"],
        &["search", "s"],
    ] {
        let error = &json(&sandbox, 2, arguments)["error"];
        let hint = error["hint"].as_str().expect("a hint");
        assert!(hint.contains("did you mean"), "{error:#}");
    }
    let check = sandbox.run(&["check"]).expect_code(2).stdout;
    for said in [
        "did you mean username = \"uid\"",
        "did you mean guid = \"entryUUID\"",
    ] {
        assert!(check.contains(said), "{check}");
    }
}

#[test]
fn a_filter_on_an_attribute_that_the_schema_does_not_have_is_told() {
    let server = PlainServer::openldap();
    server.add(&Person::new("alice"));
    let mut settings = server.settings();
    "filter = \"(&(objectClass=inetOrgPerson)(!(mial=x))(|(sn;lang-de=*)(uid=*)))\""
        .clone_into(&mut settings.more_directory);
    let sandbox = Sandbox::new(&settings);
    let check = sandbox.run(&["check"]).expect_code(0).stdout;
    let said =
        "warn  filter      mial is an attribute that the schema of this server does not have";
    assert!(check.contains(said), "{check}");
    assert!(check.contains("did you mean mail in filter"), "{check}");
    assert_eq!(check.matches("does not have").count(), 1, "{check}");
}

#[test]
fn a_schema_that_may_not_be_read_stops_nobody() {
    let mut server = PlainServer::openldap();
    server.add(&Person::new("alice"));
    server.restrict("");
    let attributes = [
        ("last_name", "\"surname\""),
        ("first_name", "[\"nickname\", \"gn\"]"),
    ];
    let sandbox = Sandbox::new(&settings(&server, &attributes));
    json(&sandbox, 2, &["import", "--all"]);
    server.hide_schema();
    let run = sandbox.run(&["-v", "import", "--all"]).expect_code(0);
    assert!(run.stderr.contains("its schema"), "{run}");
    let alice = user(&sandbox, "alice");
    assert_eq!(alice["last_name"], "Surname");
    assert_eq!(alice["first_name"], "Given");
}
