//! Names that several users hold or want.

use serde_json::json;

use crate::support::samba::User;
use crate::{imported, json, named, run_json, user, usernames};

/// A person whose account name can be given to somebody else: AD lets no account have a name that
/// another's userPrincipalName implies.
fn person(sam: &str) -> User {
    crate::person(sam).upn(&format!("{sam}.upn@corp.example.com"))
}

#[test]
fn two_who_swap_their_usernames_are_two_updates() {
    let (dc, sandbox) = imported(&[person("alice"), person("bob")]);
    let guid = user(&sandbox, "alice")["guid"].clone();
    dc.rename_account("alice", "tmp");
    dc.rename_account("bob", "alice");
    dc.rename_account("tmp", "bob");

    let alone = json(&sandbox, &["sync", "--users", "alice"]);
    assert_eq!(named(&alone["duplicate"]), ["alice"]);
    assert_eq!(
        alone["duplicate"][0]["conflicts"],
        json!([{
            "field": "username",
            "value": "bob",
            "held_by": {"username": "bob", "source": "directory", "guid": user(&sandbox, "bob")["guid"]},
            "contested": false
        }])
    );
    assert_eq!(user(&sandbox, "alice")["status"], "duplicate");

    let both = json(&sandbox, &["sync"]);
    assert_eq!(named(&both["modified"]), ["alice", "bob"]);
    assert_eq!(user(&sandbox, "bob")["guid"], guid);
    assert_eq!(
        user(&sandbox, "bob")["status"],
        "ok",
        "the status is cleared"
    );
}

#[test]
fn three_who_rotate_their_usernames_are_three_updates() {
    let (dc, sandbox) = imported(&[person("a1"), person("b1"), person("c1")]);
    let guid = user(&sandbox, "a1")["guid"].clone();
    dc.rename_account("a1", "tmp");
    dc.rename_account("c1", "a1");
    dc.rename_account("b1", "c1");
    dc.rename_account("tmp", "b1");

    let one = json(&sandbox, &["sync", "--users", "b1"]);
    assert_eq!(
        one["duplicate"][0]["conflicts"][0]["held_by"]["username"],
        "c1"
    );

    let all = json(&sandbox, &["sync"]);
    assert_eq!(named(&all["modified"]), ["a1", "b1", "c1"]);
    assert_eq!(user(&sandbox, "b1")["guid"], guid);
}

#[test]
fn a_local_user_blocks_a_rename_without_regard_to_case() {
    let (dc, sandbox) = imported(&[person("eva"), person("bob")]);
    sandbox.run(&["add", "ÉLODIE"]).expect_code(0);
    dc.rename_account("eva", "élodie");

    let result = json(&sandbox, &["sync"]);

    assert_eq!(named(&result["duplicate"]), ["eva"]);
    let holder = &result["duplicate"][0]["conflicts"][0]["held_by"];
    assert_eq!(
        holder,
        &json!({"username": "ÉLODIE", "source": "local", "guid": null})
    );
    assert_eq!(usernames(&sandbox), ["bob", "eva", "ÉLODIE"]);
    run_json(&sandbox, &["sync", "--strict"]).expect_code(7);

    sandbox.run(&["remove", "élodie"]).expect_code(0);
    let freed = json(&sandbox, &["sync"]);
    assert_eq!(named(&freed["modified"]), ["eva"]);
    assert_eq!(user(&sandbox, "élodie")["status"], "ok");
}

#[test]
fn a_name_freed_by_a_deletion_is_taken_in_the_same_run() {
    let (dc, sandbox) = imported(&[person("alice"), person("bob"), person("carol")]);
    dc.grant_tombstones("svc-adsync");
    dc.delete(&dc.dn_of("bob"));
    dc.rename_account("alice", "bob");
    dc.modify(&dc.dn_of("bob"), "mail", Some("bob@corp.example.com"));
    let result = json(&sandbox, &["sync"]);
    assert_eq!(named(&result["modified"]), ["alice"]);
    assert_eq!(named(&result["deleted"]), ["bob"]);
    assert_eq!(usernames(&sandbox), ["bob", "carol"]);
}

#[test]
fn one_address_on_two_new_users_makes_both_duplicates_that_name_each_other() {
    let dc = crate::support::samba::SambaDc::start();
    dc.add_all(&[
        person("alice").mail("office@corp.example.com"),
        person("bob").mail("Office@corp.example.com"),
        person("carol"),
    ]);
    let sandbox = crate::support::adsync::Sandbox::for_dc(&dc);

    let result = json(&sandbox, &["import", "--all"]);

    assert_eq!(named(&result["imported"]), ["carol"]);
    assert_eq!(named(&result["duplicate"]), ["alice", "bob"]);
    let conflict = |at: usize| &result["duplicate"][at]["conflicts"][0];
    assert_eq!(conflict(0)["held_by"]["username"], "bob");
    assert_eq!(conflict(1)["held_by"]["username"], "alice");
    assert_eq!(conflict(0)["contested"], true);
}

#[test]
fn empty_addresses_never_collide() {
    let (dc, sandbox) = imported(&[person("alice"), person("bob")]);
    for sam in ["alice", "bob"] {
        dc.modify(&dc.dn_of(sam), "mail", None);
    }
    let result = json(&sandbox, &["sync"]);
    assert_eq!(named(&result["modified"]), ["alice", "bob"]);
}
