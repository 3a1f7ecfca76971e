//! What changed is found, in as few searches as can be.

use serde_json::json;

use super::{
    delta, delta_like_full, findings, four, full, full_because, in_mode, marked, marked_by,
    unguarded,
};
use crate::support::adsync::Sandbox;
use crate::support::samba::ldif::Record;
use crate::support::samba::{SERVICE_ACCOUNT, STAFF_DN, SambaDc, User};
use crate::{imported, json, named, person, user, usernames};

const USERS: &str = "CN=Users,DC=corp,DC=example,DC=com";

#[test]
fn the_first_run_is_full_and_those_after_it_are_not() {
    let (_dc, sandbox) = imported(&four());
    assert_eq!(full(&sandbox)["counts"]["unchanged"], 4);
    for _ in 0..2 {
        let result = delta(&sandbox);
        assert_eq!(result["counts"]["unchanged"], 4);
        assert_eq!(result["counts"]["checked"], 4);
    }
    let history = json(&sandbox, &["history"]);
    let runs = history["runs"].as_array().expect("runs");
    let modes: Vec<_> = runs.iter().map(|run| &run["mode"]).collect();
    assert_eq!(modes.iter().filter(|mode| ***mode == "delta").count(), 2);
}

#[test]
fn two_searches_tell_that_nothing_changed_and_four_that_nobody_did() {
    let mut dc = SambaDc::builder().logging_searches().start();
    dc.add_all(&four());
    dc.grant_tombstones(SERVICE_ACCOUNT);
    dc.delete(&dc.add_user(&User::new("left.before")));
    let sandbox = marked_by("dave", &unguarded(&dc));
    dc.restart();

    delta(&sandbox);

    let asked = dc.asked();
    let bases: Vec<_> = asked.iter().map(|it| it.base.as_str()).collect();
    let service = dc.service_dn();
    assert_eq!(bases, ["", &service], "{asked:#?}");

    dc.add_user(&User::new("stranger"));
    let before = dc.asked().len();
    delta(&sandbox);

    let asked = &dc.asked()[before..];
    let bases: Vec<_> = asked.iter().map(|it| it.base.as_str()).collect();
    assert_eq!(
        bases,
        [
            "",
            &service,
            "DC=corp,DC=example,DC=com",
            "DC=corp,DC=example,DC=com"
        ],
        "{asked:#?}"
    );
    // What changed is asked for alone, which is cheapest for Samba; then the witnesses.
    assert!(asked[2].filter.starts_with("(uSNChanged>="), "{asked:#?}");
    assert!(asked[3].filter.contains("objectGUID="), "{asked:#?}");
}

#[test]
fn every_kind_of_change_is_found() {
    let people = [
        "renamed", "moved", "disabled", "cleared", "recn", "mailed", "same", "login",
    ];
    let dc = SambaDc::start();
    dc.add_all(&people.map(person));
    let deeper = dc.add_ou("Deeper", STAFF_DN);
    let sandbox = marked_by("same", &unguarded(&dc));

    dc.rename_account("renamed", "renamed.now");
    let moved = dc.move_to(&dc.dn_of("moved"), &deeper);
    dc.disable(&dc.dn_of("disabled"));
    dc.modify(&dc.dn_of("cleared"), "telephoneNumber", None);
    let renamed = dc.rename_cn(&dc.dn_of("recn"), "Another, Name");
    dc.modify(&dc.dn_of("mailed"), "mail", Some("New@corp.example.com"));
    dc.modify(&dc.dn_of("same"), "title", Some("nothing that is read"));
    dc.set_password(&dc.dn_of("login"), "another password");

    let result = delta_like_full(&sandbox);

    assert_eq!(
        named(&result["modified"]),
        ["cleared", "disabled", "mailed", "renamed"]
    );
    assert_eq!(
        result["modified"][0]["changes"],
        json!({"contact_number": {"from": "+1 555 0100", "to": null}})
    );
    assert_eq!(user(&sandbox, "moved")["dn"], moved);
    assert_eq!(user(&sandbox, "recn")["dn"], renamed);
    assert_eq!(user(&sandbox, "disabled")["enabled"], false);
    assert_eq!(result["counts"]["unchanged"], 4);
}

#[test]
fn a_change_of_case_alone_is_found() {
    let (dc, sandbox) = marked();
    dc.rename_account("alice", "Alice");
    let result = delta_like_full(&sandbox);
    assert_eq!(named(&result["modified"]), ["alice"]);
}

#[test]
fn people_who_swap_their_names_are_found() {
    let dc = SambaDc::start();
    // The server keeps others from an account name that is part of somebody's UPN.
    dc.add_all(&["alice", "bob", "dave"].map(|sam| person(sam).upn(&format!("u-{sam}@upn"))));
    let sandbox = marked_by("dave", &unguarded(&dc));
    dc.rename_account("alice", "between");
    dc.rename_account("bob", "alice");
    dc.rename_account("between", "bob");
    let result = delta_like_full(&sandbox);
    assert_eq!(named(&result["modified"]), ["alice", "bob"]);
    assert_eq!(result["counts"]["duplicate"], 0);
}

#[test]
fn a_user_that_leaves_the_base_or_the_filter_is_out_of_scope_and_comes_back() {
    let (dc, sandbox) = marked();
    let elsewhere = dc.move_to(&dc.dn_of("alice"), USERS);
    for _ in 0..2 {
        let result = delta_like_full(&sandbox);
        assert_eq!(named(&result["out_of_scope"]), ["alice"]);
        assert_eq!(result["out_of_scope"][0]["dn"], elsewhere);
        assert_eq!(result["counts"]["checked"], 4);
    }
    // What happens to it there is seen, too.
    let elsewhere = dc.rename_cn(&elsewhere, "Alice Abroad");
    let result = delta_like_full(&sandbox);
    assert_eq!(result["out_of_scope"][0]["dn"], elsewhere);

    dc.modify(&elsewhere, "mail", Some("abroad@corp.example.com"));
    let result = delta_like_full(&sandbox);
    assert_eq!(named(&result["modified"]), ["alice"]);
    let alice = user(&sandbox, "alice");
    assert_eq!(alice["email"], "abroad@corp.example.com");
    assert_eq!(alice["status"], "out_of_scope");

    dc.modify(&elsewhere, "sn", Some("Returned"));
    dc.move_to(&elsewhere, STAFF_DN);
    let result = delta_like_full(&sandbox);
    assert_eq!(named(&result["modified"]), ["alice"]);
    assert_eq!(result["counts"]["out_of_scope"], 0);
    assert_eq!(user(&sandbox, "alice")["status"], "ok");
}

#[test]
fn a_filter_on_the_account_is_followed() {
    let dc = SambaDc::start();
    dc.add_all(&four());
    let mut settings = unguarded(&dc);
    settings.more_directory = "filter = \"(&(objectCategory=person)\
        (!(userAccountControl:1.2.840.113556.1.4.803:=2)))\""
        .to_owned();
    let sandbox = marked_by("dave", &settings);

    dc.disable(&dc.dn_of("bob"));
    let result = delta_like_full(&sandbox);
    assert_eq!(named(&result["modified"]), ["bob"], "he is kept in step");
    let bob = user(&sandbox, "bob");
    assert_eq!(bob["status"], "out_of_scope", "he left the filter");
    assert_eq!(bob["enabled"], false);
    let result = delta_like_full(&sandbox);
    assert_eq!(named(&result["out_of_scope"]), ["bob"]);

    dc.enable(&dc.dn_of("bob"));
    let result = delta_like_full(&sandbox);
    assert_eq!(named(&result["modified"]), ["bob"]);
    assert_eq!(result["counts"]["out_of_scope"], 0);
    let bob = user(&sandbox, "bob");
    assert_eq!(
        (&bob["status"], &bob["enabled"]),
        (&json!("ok"), &json!(true))
    );
}

#[test]
fn an_account_that_expires_is_followed() {
    let (dc, sandbox) = marked();
    let expire_in = |seconds: i64| {
        let at = jiff::Timestamp::now().as_second() + seconds;
        let value = ((at + 11_644_473_600) * 10_000_000).to_string();
        dc.modify(&dc.dn_of("alice"), "accountExpires", Some(&value));
        jiff::Timestamp::from_second(at).expect("a time")
    };
    let at = expire_in(8);
    let result = delta(&sandbox);
    assert!(
        jiff::Timestamp::now() < at,
        "the machine is too slow for this"
    );
    assert_eq!(named(&result["modified"]), [""; 0]);
    let left = at.duration_since(jiff::Timestamp::now()) + jiff::SignedDuration::from_millis(10);
    std::thread::sleep(left.try_into().unwrap_or_default());
    let usn = dc.highest_usn();
    let result = delta_like_full(&sandbox);
    assert_eq!(named(&result["modified"]), ["alice"]);
    assert_eq!(dc.highest_usn(), usn, "nothing but the clock has moved");
    assert_eq!(user(&sandbox, "alice")["enabled"], false);
    expire_in(3600);
    assert_eq!(named(&delta_like_full(&sandbox)["modified"]), ["alice"]);
    assert_eq!(user(&sandbox, "alice")["enabled"], true);
}

#[test]
fn out_of_scope_users_are_deleted_where_the_settings_say_so() {
    let dc = SambaDc::start();
    dc.add_all(&four());
    let mut settings = unguarded(&dc);
    settings.more_sync.push_str("\nout_of_scope = \"delete\"");
    let sandbox = marked_by("dave", &settings);
    dc.move_to(&dc.dn_of("carol"), USERS);
    let result = delta_like_full(&sandbox);
    assert_eq!(result["deleted"][0]["evidence"], "out_of_scope");
    assert_eq!(usernames(&sandbox), ["alice", "bob", "dave"]);
}

#[test]
fn a_new_duplicate_is_found_and_settled_when_its_blocker_has_gone() {
    let (dc, sandbox) = marked();
    sandbox
        .run(&["add", "local", "--email", "wanted@corp.example.com"])
        .expect_code(0);
    dc.modify(&dc.dn_of("alice"), "mail", Some("Wanted@corp.example.com"));
    dc.rename_account("bob", "LOCAL");
    for _ in 0..2 {
        let result = delta_like_full(&sandbox);
        assert_eq!(named(&result["duplicate"]), ["alice", "bob"]);
        assert_eq!(result["counts"]["unchanged"], 2);
    }
    // What blocked them goes from the store alone: nothing changes in the directory.
    let usn = dc.highest_usn();
    sandbox.run(&["remove", "local"]).expect_code(0);
    let result = delta_like_full(&sandbox);
    assert_eq!(dc.highest_usn(), usn);
    assert_eq!(named(&result["modified"]), ["alice", "bob"]);
    assert_eq!(user(&sandbox, "alice")["status"], "ok");
}

#[test]
fn a_duplicate_of_a_user_that_did_not_change_is_found() {
    let (dc, sandbox) = marked();
    dc.modify(&dc.dn_of("alice"), "mail", Some("bob@corp.example.com"));
    let result = delta_like_full(&sandbox);
    assert_eq!(named(&result["duplicate"]), ["alice"]);
    let holder = &result["duplicate"][0]["conflicts"][0]["held_by"];
    assert_eq!(holder["username"], "bob");

    // It is free when bob is deleted, and in the same run; while he is missing it is not.
    dc.delete(&dc.dn_of("bob"));
    let result = delta_like_full(&sandbox);
    assert_eq!(named(&result["missing"]), ["bob"]);
    assert_eq!(named(&result["duplicate"]), ["alice"]);
    crate::a_day_passes(&sandbox);
    let result = delta_like_full(&sandbox);
    assert_eq!(named(&result["modified"]), ["alice"]);
    assert_eq!(named(&result["deleted"]), ["bob"]);
}

#[test]
fn a_user_without_a_username_fails_in_every_run_until_it_has_one() {
    let dc = SambaDc::start();
    dc.add_all(&four().map(|user| user.attribute("title", "t")));
    for sam in ["alice", "bob", "carol", "dave"] {
        dc.modify(&dc.dn_of(sam), "title", Some(sam));
    }
    let mut settings = unguarded(&dc);
    settings.more_attributes = "username = \"title\"".to_owned();
    let sandbox = marked_by("dave", &settings);

    dc.modify(&dc.dn_of("alice"), "title", None);
    dc.modify(&dc.dn_of("bob"), "sn", Some("Bright"));
    for others in [1, 0] {
        let result = crate::run_json(&sandbox, &["sync"]).expect_code(7).json();
        assert_eq!(result["mode"], "delta");
        assert_eq!(named(&result["failed"]), ["alice"]);
        assert_eq!(result["counts"]["modified"], others);
        assert_eq!(result["counts"]["checked"], 4);
    }
    dc.modify(&dc.dn_of("alice"), "title", Some("alice.again"));
    let result = delta_like_full(&sandbox);
    assert_eq!(named(&result["modified"]), ["alice"]);
}

#[test]
fn a_user_in_step_was_synchronised_by_the_last_run() {
    let (dc, sandbox) = marked();
    let before = user(&sandbox, "bob")["synced_at"].clone();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    dc.modify(&dc.dn_of("alice"), "sn", Some("Archer"));
    let result = delta(&sandbox);
    for sam in ["alice", "bob"] {
        let synced_at = user(&sandbox, sam)["synced_at"].clone();
        assert_ne!(synced_at, before, "{sam}");
        assert_eq!(synced_at, result["started_at"], "{sam}");
    }
}

#[test]
fn a_dry_run_moves_no_mark_and_no_byte() {
    let (dc, sandbox) = marked();
    dc.modify(&dc.dn_of("alice"), "sn", Some("Archer"));
    let before = sandbox.store_bytes();
    for _ in 0..2 {
        let dry = in_mode(&sandbox, "delta", &["sync", "--dry-run"]);
        assert_eq!(named(&dry["modified"]), ["alice"]);
        assert_eq!(dry["run"], json!(null));
    }
    sandbox
        .run(&["sync", "--dry-run", "--exit-code"])
        .expect_code(3);
    assert_eq!(sandbox.store_bytes(), before);
    assert_eq!(named(&delta_like_full(&sandbox)["modified"]), ["alice"]);
    sandbox
        .run(&["sync", "--dry-run", "--exit-code"])
        .expect_code(0);
}

#[test]
fn many_changes_at_once_are_all_found() {
    let dc = SambaDc::builder().users(450).start();
    let sandbox = Sandbox::new(&unguarded(&dc));
    sandbox.run(&["import", "--all"]).expect_code(0);
    full(&sandbox);
    for (count, name) in [(201, "Second"), (450, "Third")] {
        let mut changes = dc.change_stream();
        for n in 1..=count {
            let dn = User::numbered(n).dn();
            changes.send(&Record::modify(&dn).replace("sn", name));
        }
        // How it reads them is its own choice.
        let dry = json(&sandbox, &["sync", "--dry-run"]);
        let dry_full = json(&sandbox, &["sync", "--dry-run", "--full"]);
        assert_eq!(dry["counts"]["modified"], count);
        assert_eq!(findings(dry), findings(dry_full));
        json(&sandbox, &["sync"]);
        assert_eq!(delta(&sandbox)["counts"]["unchanged"], 450);
    }
}

#[test]
fn those_below_a_renamed_ou_are_found_by_a_full_run() {
    let dc = SambaDc::start();
    let sales = dc.add_ou("Sales", STAFF_DN);
    dc.add_all(&[person("alice").ou(&sales), person("dave")]);
    let sandbox = marked_by("dave", &unguarded(&dc));

    dc.rename_cn(&sales, "Marketing");
    full_because(&sandbox, "OU=Marketing");
    assert_eq!(user(&sandbox, "alice")["dn"], dc.dn_of("alice"));
}
