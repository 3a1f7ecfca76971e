//! A controller that was restored counts its changes anew. A mark of its former life means nothing.

use super::{delta, delta_like_full, full_because, marked, marked_with_tombstones};
use crate::support::samba::SambaDc;
use crate::{named, person, user, usernames};

#[test]
fn a_controller_reverted_to_an_older_copy_is_read_whole() {
    let (mut dc, sandbox) = marked();
    let then = dc.snapshot();
    dc.modify(&dc.dn_of("alice"), "sn", Some("Archer"));
    dc.modify(&dc.dn_of("bob"), "sn", Some("Bright"));
    assert_eq!(delta(&sandbox)["counts"]["modified"], 2);

    dc.revert_to(&then);
    let result = full_because(&sandbox, "USN");
    assert_eq!(named(&result["modified"]), ["alice", "bob"]);
    assert_eq!(user(&sandbox, "alice")["last_name"], "Surname");
    dc.modify(&dc.dn_of("carol"), "sn", Some("Clever"));
    assert_eq!(named(&delta_like_full(&sandbox)["modified"]), ["carol"]);
}

#[test]
fn a_reverted_controller_that_has_not_been_further_is_gone_on_from() {
    let (mut dc, sandbox) = marked();
    let then = dc.snapshot();
    dc.revert_to(&then);
    delta(&sandbox);
}

#[test]
fn a_controller_with_a_new_invocation_id_is_read_whole() {
    let (mut dc, sandbox) = marked();
    dc.renew_invocation_id();
    dc.modify(&dc.dn_of("alice"), "sn", Some("Archer"));
    let result = full_because(&sandbox, "invocationId");
    assert_eq!(named(&result["modified"]), ["alice"]);
    dc.modify(&dc.dn_of("bob"), "sn", Some("Bright"));
    assert_eq!(named(&delta_like_full(&sandbox)["modified"]), ["bob"]);
}

#[test]
fn a_restored_controller_is_read_whole_also_when_it_has_come_further_than_before() {
    let (mut dc, sandbox) = marked_with_tombstones();
    let then = dc.snapshot();
    dc.modify(&dc.dn_of("alice"), "sn", Some("Archer"));
    dc.delete(&dc.dn_of("bob"));
    delta(&sandbox);
    assert_eq!(usernames(&sandbox), ["alice", "carol", "dave"]);
    let usn = dc.highest_usn();

    dc.revert_to(&then);
    dc.renew_invocation_id();
    work(&dc, usn);
    let result = full_because(&sandbox, "invocationId");
    assert_eq!(named(&result["modified"]), ["alice"]);
    assert_eq!(user(&sandbox, "alice")["last_name"], "Surname");
    delta_like_full(&sandbox);
}

#[test]
fn a_restored_twin_under_another_name_is_read_whole() {
    let (mut dc, sandbox) = marked();
    let mut twin = dc.duplicate();
    twin.renew_invocation_id();
    sandbox.configure(&crate::support::adsync::Settings::for_dc(&twin));
    twin.modify(&twin.dn_of("alice"), "sn", Some("Archer"));
    let result = full_because(&sandbox, "invocationId");
    assert_eq!(named(&result["modified"]), ["alice"]);
}

/// Days go by: the number of changes passes this one.
fn work(dc: &SambaDc, usn: u64) {
    let dn = dc.add_user(&person("new"));
    let mut n = 0;
    while dc.highest_usn() <= usn {
        n += 1;
        dc.modify(&dn, "title", Some(&n.to_string()));
    }
}
