//! Which attributes there are, and what their values say.

use std::collections::HashMap;

use crate::support::adsync::{Sandbox, Settings};
use crate::support::samba::ldif::Record;
use crate::support::samba::{BASE_DN, SambaDc, Search};
use crate::{imported, json, named, person, run_json, user, users};

/// Settings for a domain controller, with these attributes.
fn settings(dc: &SambaDc, attributes: &str) -> Settings {
    Settings {
        more_attributes: attributes.to_owned(),
        ..Settings::for_dc(dc)
    }
}

#[test]
fn an_object_identifier_is_as_good_as_a_name() {
    let (dc, sandbox) = imported(&[person("alice"), person("bob")]);
    sandbox.configure(&settings(
        &dc,
        "username = \"1.2.840.113556.1.4.221\"\nlast_name = \"2.5.4.4\"\nguid = \"1.2.840.113556.1.4.2\"",
    ));
    assert_eq!(
        json(&sandbox, &["sync", "--full"])["counts"]["unchanged"],
        2
    );
    let chosen = json(&sandbox, &["sync", "--users", "alice"]);
    assert_eq!(chosen["counts"]["unchanged"], 1);
    let import = json(&sandbox, &["import", "--users", "ALICE"]);
    assert_eq!(import["counts"]["unchanged"], 1, "{import:#}");
    let check = sandbox.run(&["check"]).expect_code(0);
    assert!(!check.stdout.contains("warn  attributes"), "{check}");
}

#[test]
fn what_the_schema_does_not_have_is_refused_before_anything_is_compared() {
    let (dc, sandbox) = imported(&[person("alice"), person("bob")]);
    let before = users(&sandbox);
    for (attribute, meant) in [
        ("mial", "mail"),
        ("surname", "sn"),
        ("rfc822Mailbox", "mail"),
        ("extensionAttribute1", "msDS-cloudExtensionAttribute1"),
    ] {
        sandbox.configure(&settings(&dc, &format!("last_name = \"{attribute}\"")));
        for arguments in [&["sync"][..], &["sync", "--full"], &["import", "--all"]] {
            let error = &run_json(&sandbox, arguments).expect_code(2).json()["error"];
            assert_eq!(error["kind"], "settings");
            let message = error["message"].as_str().expect("a message");
            let said = format!("last_name is read from {attribute}");
            assert!(message.contains(&said), "{message}");
            let hint = error["hint"].as_str().expect("a hint");
            if meant != "msDS-cloudExtensionAttribute1" {
                let said = format!("did you mean last_name = \"{meant}\"");
                assert!(hint.contains(&said), "{hint}");
            }
        }
        let check = sandbox.run(&["check"]).expect_code(2);
        assert!(check.stdout.contains("FAIL  attributes"), "{check}");
    }
    assert_eq!(users(&sandbox), before);
}

/// What is asked for without a look at the schema, every schema has.
#[test]
fn every_domain_has_what_is_taken_for_granted() {
    let dc = SambaDc::start();
    let aggregate = format!("CN=Aggregate,CN=Schema,CN=Configuration,{BASE_DN}");
    let search = Search::entry(&aggregate).attributes(&["attributeTypes"]);
    let entries = dc.search(&search);
    let types = entries[0].texts("attributeTypes");
    assert!(types.len() > 1000, "{} attribute types", types.len());
    let names: HashMap<&str, &str> = types
        .iter()
        .filter_map(|it| {
            let (_, rest) = it.split_once("NAME '")?;
            Some((rest.split('\'').next()?, it.as_str()))
        })
        .collect();
    for name in ldap::standard::ACTIVE_DIRECTORY {
        assert!(names.contains_key(name), "{name}");
    }
}

#[test]
fn without_other_names_no_schema_is_read() {
    let dc = SambaDc::builder().logging_searches().start();
    dc.add_all(&[person("alice")]);
    let sandbox = Sandbox::new(&settings(
        &dc,
        "email = [\"proxyAddresses\", \"mail\"]\ncontact_number = [\"ipPhone\", \"mobile\"]",
    ));
    json(&sandbox, &["import", "--all"]);
    json(&sandbox, &["sync", "--full"]);
    let reads_schema = || {
        let asked = dc.asked();
        asked.iter().any(|it| it.base.starts_with("CN=Aggregate"))
    };
    assert!(!reads_schema());
    sandbox.configure(&settings(&dc, "email = \"0.9.2342.19200300.100.1.3\""));
    json(&sandbox, &["sync", "--full"]);
    assert!(reads_schema());
}

#[test]
fn the_primary_of_the_proxy_addresses_is_the_address() {
    let dc = SambaDc::start();
    let with = |name: &str, addresses: &[&str]| {
        let dn = dc.add_user(&person(name));
        let record = addresses.iter().fold(Record::modify(&dn), |record, it| {
            record.add_value("proxyAddresses", it)
        });
        dc.ldif(&record.to_string());
    };
    with(
        "alice",
        &[
            "smtp:alias@x.example",
            "SMTP:alice@x.example",
            "x500:/o=corp/cn=alice",
        ],
    );
    with("bob", &["smtp:bob@x.example"]);
    let sandbox = Sandbox::new(&settings(&dc, "email = \"proxyAddresses\""));
    json(&sandbox, &["import", "--all"]);
    assert_eq!(user(&sandbox, "alice")["email"], "alice@x.example");
    assert_eq!(user(&sandbox, "bob")["email"], serde_json::Value::Null);
    let found = json(&sandbox, &["search", "alice@x"]);
    assert_eq!(named(&found["users"]), ["alice"]);

    sandbox.configure(&settings(&dc, "email = [\"proxyAddresses\", \"mail\"]"));
    json(&sandbox, &["sync", "--full"]);
    assert_eq!(user(&sandbox, "bob")["email"], "bob@corp.example.com");
}

#[test]
fn white_space_is_no_value() {
    let dc = SambaDc::start();
    dc.add_all(&[person("alice").mail(" "), person("bob").mail(" ")]);
    let sandbox = Sandbox::for_dc(&dc);
    let run = json(&sandbox, &["import", "--all"]);
    assert_eq!(named(&run["imported"]), ["alice", "bob"], "{run:#}");
    for name in ["alice", "bob"] {
        assert_eq!(user(&sandbox, name)["email"], serde_json::Value::Null);
    }
    sandbox.configure(&settings(&dc, "email = [\"mail\", \"userPrincipalName\"]"));
    json(&sandbox, &["sync", "--full"]);
    assert_eq!(user(&sandbox, "bob")["email"], "bob@corp.example.com");
}
