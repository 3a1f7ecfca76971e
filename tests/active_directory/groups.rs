//! Members of groups.

use crate::support::adsync::Sandbox;
use crate::support::samba::{SambaDc, User};
use crate::{json, named, person};

#[test]
fn nested_members_are_imported_also_in_a_circle() {
    let dc = SambaDc::start();
    dc.add_all(&[
        person("alice"),
        person("bob"),
        person("carol"),
        person("dave"),
    ]);
    let inner = dc.add_group("Inner", &[dc.dn_of("carol")]);
    let middle = dc.add_group("Middle", &[dc.dn_of("bob"), inner.clone()]);
    let outer = dc.add_group("Outer (all)", &[dc.dn_of("alice"), middle]);
    dc.add_member(&inner, &outer);
    let sandbox = Sandbox::for_dc(&dc);

    let by_name = json(&sandbox, &["import", "--group", "outer (ALL)", "--dry-run"]);
    assert_eq!(named(&by_name["imported"]), ["alice", "bob", "carol"]);
    let by_dn = json(&sandbox, &["import", "--group", &outer, "--dry-run"]);
    assert_eq!(by_dn["imported"], by_name["imported"]);

    let typo = sandbox.run(&["import", "--group", "Midle"]).expect_code(2);
    assert!(typo.stderr.contains("did you mean Middle?"), "{typo}");
}

#[test]
fn the_primary_group_counts() {
    let dc = SambaDc::start();
    dc.add_all(&[person("alice"), person("bob")]);
    let sandbox = Sandbox::for_dc(&dc);
    let result = json(&sandbox, &["import", "--group", "Domain Users"]);
    assert_eq!(named(&result["imported"]), ["alice", "bob"]);
}

#[test]
fn a_group_of_more_than_1500_members_is_imported_whole() {
    const MEMBERS: usize = 1_501;
    let dc = SambaDc::builder().users(MEMBERS).start();
    let members: Vec<String> = (1..=MEMBERS).map(|n| User::numbered(n).dn()).collect();
    let group = dc.add_group("Everybody", &members);
    let sandbox = Sandbox::for_dc(&dc);
    let result = json(&sandbox, &["import", "--group", &group]);
    assert_eq!(result["counts"]["imported"], MEMBERS);
}
