//! What tells a user from all others, where it is not `objectGUID`.

use crate::support::adsync::{Sandbox, Settings};
use crate::support::samba::{SERVICE_ACCOUNT, STAFF_DN, SambaDc, User};
use crate::{json, named, person, run_json, user, usernames};

const ELSEWHERE: &str = "CN=Users,DC=corp,DC=example,DC=com";

/// A domain of alice, bob and carol, and settings with this identity.
fn stage(guid: &str, identified: impl Fn(User, u8) -> User) -> (SambaDc, Sandbox) {
    let dc = SambaDc::start();
    let numbered = ["alice", "bob", "carol"].into_iter().zip(1..);
    let people: Vec<User> = numbered
        .map(|(name, number)| identified(person(name), number))
        .collect();
    dc.add_all(&people);
    let sandbox = Sandbox::new(&Settings {
        more_attributes: format!("guid = \"{guid}\""),
        ..Settings::for_dc(&dc)
    });
    let run = json(&sandbox, &["import", "--all"]);
    assert_eq!(run["counts"]["imported"], 3, "{run:#}");
    (dc, sandbox)
}

/// Renamed, chosen, moved out of the scope and back: always the same users.
fn all_are_found_again((dc, sandbox): &(SambaDc, Sandbox)) {
    assert_eq!(json(sandbox, &["sync"])["counts"]["unchanged"], 3);
    dc.modify(&dc.dn_of("alice"), "sn", Some("Changed"));
    let run = json(sandbox, &["sync", "--users", "alice,bob"]);
    assert_eq!(named(&run["modified"]), ["alice"]);
    let dn = dc.move_to(&dc.dn_of("bob"), ELSEWHERE);
    for arguments in [
        &["sync"][..],
        &["sync", "--full"],
        &["sync", "--users", "bob"],
    ] {
        let run = json(sandbox, arguments);
        assert_eq!(named(&run["out_of_scope"]), ["bob"], "{run:#}");
    }
    dc.move_to(&dn, STAFF_DN);
    let run = json(sandbox, &["sync"]);
    assert_eq!(run["counts"]["unchanged"], 3, "{run:#}");
    assert_eq!(user(sandbox, "bob")["status"], "ok");
    assert_eq!(usernames(sandbox), ["alice", "bob", "carol"]);
    let check = sandbox.run(&["check"]).expect_code(0);
    assert!(!check.stdout.contains("FAIL"), "{check}");
}

#[test]
fn any_sixteen_octets() {
    // With bytes that are UTF-8 and such as are not, and those that filters are made of.
    let octets = |number: u8| {
        let mut octets = *b"\0*()\\=\xff\xfe 0123456";
        octets[15] = number;
        octets
    };
    for guid in ["mS-DS-ConsistencyGuid", "ms-ds-consistencyguid"] {
        let stage = stage(guid, |person, number| {
            person.attribute("mS-DS-ConsistencyGuid", octets(number))
        });
        all_are_found_again(&stage);
    }
}

#[test]
fn one_without_it_fails_and_check_says_so() {
    let (dc, sandbox) = stage("mS-DS-ConsistencyGuid", |person, number| {
        person.attribute("mS-DS-ConsistencyGuid", [number; 16])
    });
    dc.add_all(&[person("dave")]);
    let check = sandbox.run(&["check"]).expect_code(0);
    assert!(
        check
            .stdout
            .contains("1 of 4 users have no identity: CN=dave,"),
        "{check}"
    );
    let run = run_json(&sandbox, &["import", "--all"])
        .expect_code(7)
        .json();
    assert_eq!(run["failed"][0]["reason"], "no mS-DS-ConsistencyGuid");
}

#[test]
fn a_number_or_a_name_that_nobody_else_has() {
    for guid in ["employeeID", "sAMAccountName", "userPrincipalName"] {
        let stage = stage(guid, |person, number| {
            person.attribute("employeeID", format!("e{number}"))
        });
        all_are_found_again(&stage);
    }
}

#[test]
fn octets_of_another_length_are_refused_by_check() {
    let dc = SambaDc::start();
    dc.add_all(&[person("alice"), person("bob")]);
    let sandbox = Sandbox::new(&Settings {
        more_attributes: "guid = \"objectSid\"".to_owned(),
        ..Settings::for_dc(&dc)
    });
    let check = sandbox.run(&["check"]).expect_code(2);
    for said in [
        "FAIL  identity",
        "28 bytes long instead of 16",
        "objectGUID",
    ] {
        assert!(check.stdout.contains(said), "{check}");
    }
    let run = run_json(&sandbox, &["import", "--all"])
        .expect_code(7)
        .json();
    assert_eq!(run["counts"]["failed"], 2);
}

#[test]
fn an_account_that_sees_deleted_objects_is_told_so_whatever_the_identity() {
    let (dc, sandbox) = stage("employeeID", |person, number| {
        person.attribute("employeeID", format!("e{number}"))
    });
    dc.grant_tombstones(SERVICE_ACCOUNT);
    dc.delete(&dc.dn_of("carol"));
    let check = sandbox.run(&["check"]).expect_code(0);
    assert!(
        check.stdout.contains("the account sees deleted objects"),
        "{check}"
    );
}
