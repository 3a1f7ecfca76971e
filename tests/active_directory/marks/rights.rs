//! An account that may see less than before gets no error but fewer entries.

use super::{
    assert_settled, delta, delta_like_full, four, full, full_because, gone_in_a_day, marked,
    marked_by, marked_with_tombstones, unguarded,
};
use crate::support::adsync::Sandbox;
use crate::support::samba::{SERVICE_ACCOUNT, STAFF_DN, SambaDc, User};
use crate::{a_day_passes, json, named, person, user, usernames};

#[test]
fn the_account_loses_the_right_to_see_tombstones() {
    let (dc, sandbox) = marked_with_tombstones();
    dc.delete(&dc.dn_of("alice"));
    assert_eq!(
        delta_like_full(&sandbox)["deleted"][0]["evidence"],
        "tombstone"
    );
    dc.revoke_tombstones(SERVICE_ACCOUNT);
    dc.delete(&dc.dn_of("bob"));
    gone_in_a_day(&sandbox, &["bob"]);
    dc.delete(&dc.dn_of("carol"));
    gone_in_a_day(&sandbox, &["carol"]);
    assert_eq!(usernames(&sandbox), ["dave"]);
}

#[test]
fn the_container_of_the_deleted_is_no_tombstone() {
    // It carries isDeleted itself, and to take rights on it away changes it.
    let (dc, sandbox) = marked_with_tombstones();
    dc.revoke_tombstones_but_not_their_container(SERVICE_ACCOUNT);
    dc.delete(&dc.dn_of("alice"));
    gone_in_a_day(&sandbox, &["alice"]);
    dc.delete(&dc.dn_of("bob"));
    gone_in_a_day(&sandbox, &["bob"]);
}

#[test]
fn a_tombstone_that_lies_elsewhere_is_no_proof() {
    // Some deleted objects stay where they were, where everybody sees them.
    let (dc, sandbox) = marked();
    let stays = dc.add_ou_that_stays("Stays", STAFF_DN);
    dc.delete(&stays);
    dc.delete(&dc.dn_of("alice"));
    gone_in_a_day(&sandbox, &["alice"]);
    dc.delete(&dc.dn_of("bob"));
    gone_in_a_day(&sandbox, &["bob"]);
}

#[test]
fn an_account_that_may_not_read_the_numbers_of_changes_reads_everything() {
    let dc = SambaDc::start();
    dc.add_all(&four());
    dc.deny_usn_changed(STAFF_DN, SERVICE_ACCOUNT);
    let sandbox = Sandbox::for_dc(&dc);
    sandbox.run(&["import", "--all"]).expect_code(0);
    for name in ["First", "Second"] {
        dc.modify(&dc.dn_of("alice"), "sn", Some(name));
        assert_eq!(named(&full(&sandbox)["modified"]), ["alice"]);
    }
}

#[test]
fn an_account_that_may_no_longer_read_them_reads_everything() {
    let (dc, sandbox) = marked();
    dc.deny_usn_changed(STAFF_DN, SERVICE_ACCOUNT);
    dc.modify(&dc.dn_of("alice"), "sn", Some("Archer"));
    let result = full_because(&sandbox, "uSNChanged");
    assert_eq!(named(&result["modified"]), ["alice"]);
    dc.modify(&dc.dn_of("bob"), "sn", Some("Bright"));
    assert_eq!(named(&full(&sandbox)["modified"]), ["bob"]);
}

#[test]
fn an_account_that_may_not_read_the_settings_of_the_controller_reads_everything() {
    let (dc, sandbox) = marked();
    dc.deny_read(&dc.service_dn(), SERVICE_ACCOUNT);
    for name in ["First", "Second"] {
        dc.modify(&dc.dn_of("alice"), "sn", Some(name));
        assert_eq!(named(&full(&sandbox)["modified"]), ["alice"]);
    }
}

#[test]
fn a_witness_that_was_deleted_does_not_speak_for_the_living() {
    let (dc, sandbox) = marked_with_tombstones();
    dc.delete(&dc.dn_of("dave"));
    json(&sandbox, &["sync"]);
    dc.deny_usn_changed(STAFF_DN, SERVICE_ACCOUNT);
    dc.modify(&dc.dn_of("alice"), "sn", Some("Changed"));
    let result = json(&sandbox, &["sync"]);
    assert_eq!(named(&result["modified"]), ["alice"]);
}

#[test]
fn a_witness_out_of_scope_does_not_speak_for_those_in_it() {
    let (dc, sandbox) = marked();
    dc.move_to(&dc.dn_of("dave"), "CN=Users,DC=corp,DC=example,DC=com");
    json(&sandbox, &["sync"]);
    dc.deny_usn_changed(STAFF_DN, SERVICE_ACCOUNT);
    dc.modify(&dc.dn_of("alice"), "sn", Some("Changed"));
    let result = json(&sandbox, &["sync"]);
    assert_eq!(named(&result["modified"]), ["alice"]);
}

#[test]
fn users_that_the_account_may_not_see_any_more_are_missing_and_never_deleted() {
    for (sees, why) in [
        (true, "neither in the domain nor among its deleted objects"),
        (false, "its container cannot be read either"),
    ] {
        let dc = SambaDc::start();
        if sees {
            dc.grant_tombstones(SERVICE_ACCOUNT);
            dc.delete(&dc.add_user(&User::new("left.before")));
        }
        let hidden = dc.add_ou("Hidden", STAFF_DN);
        dc.add_all(&four());
        dc.add_user(&person("emil").ou(&hidden));
        let sandbox = marked_by("dave", &unguarded(&dc));
        dc.deny_read(&hidden, SERVICE_ACCOUNT);
        delta(&sandbox);
        for arguments in [
            &["sync", "--full"][..],
            &["sync"],
            &["sync", "--users", "emil"],
            &["sync", "--delete-missing"],
            &["sync", "--full", "--delete-missing"],
        ] {
            let result = json(&sandbox, arguments);
            assert_eq!(named(&result["missing"]), ["emil"], "{arguments:?}");
            let reason = result["missing"][0]["reason"].to_string();
            assert!(reason.contains(why), "{arguments:?}: {reason}");
            a_day_passes(&sandbox);
        }
        assert_eq!(
            usernames(&sandbox),
            ["alice", "bob", "carol", "dave", "emil"]
        );
        assert_settled(&sandbox);
        assert_eq!(user(&sandbox, "dave")["status"], "ok");
    }
}
