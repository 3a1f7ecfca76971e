//! A mark belongs to one domain controller. On another, everything is read.

use super::{delta, delta_like_full, full, full_because, in_mode, marked};
use crate::support::adsync::{Sandbox, Settings};
use crate::support::samba::{SambaDc, User};
use crate::{json, named, person, user};

/// Two domain controllers of one domain, a store that knows the first, and nothing that differs yet but
/// the numbers of their changes.
fn two() -> (SambaDc, SambaDc, Sandbox) {
    let (mut first, sandbox) = marked();
    let mut second = first.duplicate();
    second.renew_invocation_id();
    second.rename_controller("DC2");
    for n in 0..50 {
        second.modify(&second.dn_of("alice"), "title", Some(&n.to_string()));
    }
    assert!(second.highest_usn() > first.highest_usn() + 20);
    (first, second, sandbox)
}

#[test]
fn the_switch_to_another_controller_and_back_reads_everything_each_time() {
    let (first, second, sandbox) = two();
    delta(&sandbox);
    for dc in [&first, &second] {
        dc.modify(&dc.dn_of("alice"), "sn", Some("Archer"));
    }

    sandbox.configure(&Settings::for_dc(&second));
    let result = full_because(&sandbox, "another domain controller");
    assert_eq!(named(&result["modified"]), ["alice"]);
    second.modify(&second.dn_of("bob"), "sn", Some("Bright"));
    assert_eq!(named(&delta_like_full(&sandbox)["modified"]), ["bob"]);

    sandbox.configure(&Settings::for_dc(&first));
    let result = full_because(&sandbox, "another domain controller");
    // It does not have the change yet.
    assert_eq!(named(&result["modified"]), ["bob"]);
    first.modify(&first.dn_of("bob"), "sn", Some("Bright"));
    assert_eq!(named(&delta_like_full(&sandbox)["modified"]), ["bob"]);
}

#[test]
fn a_controller_that_takes_over_for_a_moment_costs_two_full_runs() {
    let (mut first, second, sandbox) = two();
    let both = sandbox.path().join("both.pem");
    let pem = [first.ca_file(), second.ca_file()].map(|file| std::fs::read(file).expect("a CA"));
    std::fs::write(&both, pem.concat()).expect("the sandbox is writable");
    sandbox.configure(&Settings {
        urls: vec![first.url(), second.url()],
        ca_file: Some(both),
        more_directory: "connect_timeout_secs = 2\ntimeout_secs = 5".to_owned(),
        ..Settings::for_dc(&first)
    });
    delta(&sandbox);
    first.stop();
    second.modify(&second.dn_of("carol"), "sn", Some("Clever"));
    assert_eq!(named(&full(&sandbox)["modified"]), ["carol"]);
    delta(&sandbox);

    first.restart();
    first.modify(&first.dn_of("carol"), "sn", Some("Clever"));
    assert_eq!(full(&sandbox)["counts"]["unchanged"], 4);
    delta(&sandbox);
}

#[test]
fn what_was_read_in_part_on_another_controller_drops_the_mark() {
    let (first, second, sandbox) = two();
    // The second lags behind: it does not know that alice has married.
    first.modify(&first.dn_of("alice"), "sn", Some("Archer"));
    assert_eq!(named(&delta(&sandbox)["modified"]), ["alice"]);

    for arguments in [
        &["sync", "--users", "alice"][..],
        &["import", "--all"],
        &["import", "--users", "alice,bob"],
    ] {
        sandbox.configure(&Settings::for_dc(&second));
        json(&sandbox, arguments);
        sandbox.configure(&Settings::for_dc(&first));
        full(&sandbox);
        assert_eq!(user(&sandbox, "alice")["last_name"], "Archer");
        delta(&sandbox);
    }
}

#[test]
fn a_dry_run_and_a_search_on_another_controller_drop_nothing() {
    let (first, second, sandbox) = two();
    sandbox.configure(&Settings::for_dc(&second));
    in_mode(&sandbox, "full", &["sync", "--dry-run"]);
    json(&sandbox, &["sync", "--users", "alice", "--dry-run"]);
    json(&sandbox, &["import", "--all", "--dry-run"]);
    sandbox.run(&["search", "alice"]).expect_code(0);
    sandbox.run(&["check"]).expect_code(0);
    sandbox.configure(&Settings::for_dc(&first));
    delta(&sandbox);
}

#[test]
fn a_part_read_on_the_same_controller_leaves_the_mark_where_it_is() {
    let (dc, sandbox) = marked();
    for sam in ["alice", "bob"] {
        dc.modify(&dc.dn_of(sam), "sn", Some("Changed"));
    }
    dc.add_user(&person("emil"));
    let chosen = json(&sandbox, &["sync", "--users", "alice"]);
    assert_eq!(named(&chosen["modified"]), ["alice"]);
    json(&sandbox, &["import", "--users", "emil"]);
    dc.modify(&dc.dn_of("emil"), "sn", Some("Changed"));
    let result = delta_like_full(&sandbox);
    assert_eq!(named(&result["modified"]), ["bob", "emil"]);
}

#[test]
fn another_address_of_the_same_controller_is_no_other_controller() {
    let (dc, sandbox) = marked();
    sandbox.configure(&Settings {
        urls: vec![dc.ldap_url()],
        more_directory: "starttls = true".to_owned(),
        ..Settings::for_dc(&dc)
    });
    dc.modify(&dc.dn_of("alice"), "sn", Some("Archer"));
    assert_eq!(named(&delta_like_full(&sandbox)["modified"]), ["alice"]);
}

#[test]
fn a_global_catalog_has_no_marks() {
    let (dc, sandbox) = marked();
    let catalog = Settings {
        urls: vec![format!("{}:3269", dc.url())],
        ..Settings::for_dc(&dc)
    };
    sandbox.configure(&catalog);
    for sam in ["alice", "bob"] {
        dc.rename_account(sam, &format!("{sam}.new"));
        assert_eq!(named(&full(&sandbox)["modified"]), [sam]);
    }
    // On the domain's own port it begins anew.
    sandbox.configure(&Settings::for_dc(&dc));
    full(&sandbox);
    delta(&sandbox);
}

#[test]
fn an_unreachable_controller_moves_no_mark() {
    let (mut dc, sandbox) = marked();
    dc.modify(&dc.dn_of("alice"), "sn", Some("Archer"));
    dc.stop();
    for _ in 0..2 {
        sandbox.run(&["sync"]).expect_code(5);
    }
    dc.restart();
    assert_eq!(named(&delta_like_full(&sandbox)["modified"]), ["alice"]);
}

#[test]
fn a_domain_without_imported_users_has_nothing_to_go_on_from() {
    let dc = SambaDc::start();
    dc.add_user(&User::new("alice"));
    let sandbox = Sandbox::for_dc(&dc);
    sandbox.run(&["add", "zoe"]).expect_code(0);
    for _ in 0..2 {
        assert_eq!(full(&sandbox)["counts"]["checked"], 0);
    }
    sandbox.run(&["import", "--all"]).expect_code(0);
    assert_eq!(full(&sandbox)["counts"]["unchanged"], 1);
    delta(&sandbox);
}
