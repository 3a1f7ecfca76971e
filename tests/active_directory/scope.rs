//! Missing is not deleted.

use serde_json::json;

use crate::support::adsync::{Sandbox, Settings};
use crate::support::samba::{BASE_DN, STAFF_DN, SambaDc};
use crate::{imported, json, named, person, run_json, user, usernames, users};

const USERS: &str = "CN=Users,DC=corp,DC=example,DC=com";

#[test]
fn a_user_moved_out_of_the_base_is_kept_and_cleared_when_it_comes_back() {
    let (dc, sandbox) = imported(&[person("alice"), person("bob")]);
    let elsewhere = dc.move_to(&dc.dn_of("alice"), USERS);

    for _ in 0..2 {
        let result = json(&sandbox, &["sync"]);
        assert_eq!(named(&result["out_of_scope"]), ["alice"]);
        assert_eq!(result["out_of_scope"][0]["dn"], elsewhere);
        assert_eq!(result["counts"]["deleted"], 0);
        assert_eq!(user(&sandbox, "alice")["status"], "out_of_scope");
    }
    let chosen = json(&sandbox, &["sync", "--users", "alice"]);
    assert_eq!(named(&chosen["out_of_scope"]), ["alice"]);

    dc.move_to(&elsewhere, STAFF_DN);
    assert_eq!(json(&sandbox, &["sync"])["counts"]["unchanged"], 2);
    assert_eq!(user(&sandbox, "alice")["status"], "ok");
}

#[test]
fn out_of_scope_users_are_deleted_only_when_the_settings_say_so() {
    let (dc, sandbox) = imported(&[person("alice"), person("bob"), person("carol")]);
    dc.move_to(&dc.dn_of("alice"), USERS);
    let mut settings = Settings::for_dc(&dc);
    settings.more_sync = "out_of_scope = \"delete\"".to_owned();
    sandbox.configure(&settings);
    let result = json(&sandbox, &["sync"]);
    assert_eq!(result["deleted"][0]["evidence"], "out_of_scope");
    assert_eq!(usernames(&sandbox), ["bob", "carol"]);
}

#[test]
fn a_filter_that_matches_nobody_deletes_nobody() {
    let (dc, sandbox) = imported(&[person("alice"), person("bob")]);
    for filter in [
        "(sAMAccountName=nobody)",
        "(noSuchAttribute=x)",
        "(objectClass=usr)",
    ] {
        let mut settings = Settings::for_dc(&dc);
        settings.more_directory = format!("filter = \"{filter}\"");
        sandbox.configure(&settings);
        let result = json(&sandbox, &["sync"]);
        assert_eq!(named(&result["out_of_scope"]), ["alice", "bob"], "{filter}");
        assert_eq!(result["counts"]["deleted"], 0);

        settings.more_sync = "out_of_scope = \"delete\"".to_owned();
        sandbox.configure(&settings);
        let refused = run_json(&sandbox, &["sync"]).expect_code(4);
        assert_eq!(refused.json()["error"]["kind"], "guard");
        assert_eq!(named(&refused.json()["deleted"]), ["alice", "bob"]);
    }
    assert_eq!(usernames(&sandbox), ["alice", "bob"]);
}

#[test]
fn a_base_that_does_not_exist_ends_the_run() {
    let (dc, sandbox) = imported(&[person("alice"), person("bob")]);
    let before = users(&sandbox);
    let mut settings = Settings::for_dc(&dc);
    settings.base_dn = Some(format!("OU=Staf,{BASE_DN}"));
    sandbox.configure(&settings);

    let answer = sandbox.run(&["sync"]).expect_code(5);
    assert!(answer.stderr.contains("noSuchObject"), "{answer}");
    assert!(answer.stderr.contains("OU=Staf,"), "{answer}");
    assert!(answer.stderr.contains("base_dn"), "{answer}");

    sandbox.configure(&Settings::for_dc(&dc));
    assert_eq!(users(&sandbox), before);
}

#[test]
fn the_whole_domain_is_read_with_its_referrals_when_no_base_is_set() {
    let (dc, sandbox) = imported(&[person("alice")]);
    let mut settings = Settings::for_dc(&dc);
    settings.base_dn = None;
    sandbox.configure(&settings);
    let result = json(&sandbox, &["import", "--all", "--dry-run"]);
    let new = named(&result["imported"]);
    assert!(new.contains(&"svc-adsync".to_owned()), "{new:?}");
    assert!(!new.contains(&"Administrator".to_owned()), "{new:?}");
    assert_eq!(json(&sandbox, &["sync"])["counts"]["unchanged"], 1);
}

#[test]
fn a_lost_right_is_refused_by_the_guard() {
    let dc = crate::support::samba::SambaDc::start();
    let hidden = dc.add_ou("Hidden", STAFF_DN);
    for n in 1..=25 {
        let sam = format!("seen{n:02}");
        dc.add_user(&person(&sam));
        let sam = format!("hidden{n:02}");
        dc.add_user(&person(&sam).ou(&hidden));
    }
    let sandbox = crate::support::adsync::Sandbox::for_dc(&dc);
    sandbox.run(&["import", "--all"]).expect_code(0);
    dc.deny_read(&hidden, "svc-adsync");

    for arguments in [&["sync"][..], &["sync", "--dry-run"]] {
        let refused = run_json(&sandbox, arguments).expect_code(4);
        assert_eq!(refused.json()["counts"]["missing"], 25);
        assert_eq!(refused.json()["counts"]["deleted"], 0);
        assert!(refused.stderr.contains("--allow-missing 25"), "{refused}");
        let cause = "the account may have lost the right to see them";
        assert!(refused.stderr.contains(cause), "{refused}");
    }
    let table = sandbox.run(&["sync"]).expect_code(4);
    assert!(
        table.stdout.contains("hidden07"),
        "the plan is shown: {table}"
    );
    for wrong in ["24", "26"] {
        sandbox
            .run(&["sync", "--allow-missing", wrong])
            .expect_code(4);
    }
    assert_eq!(
        named(&json(&sandbox, &["sync", "--users", "hidden01"])["missing"]),
        ["hidden01"]
    );
    sandbox
        .run(&["sync", "--allow-missing", "24"])
        .expect_code(0);
    // However long it lasts, and whatever is said: it is no proof.
    crate::a_day_passes(&sandbox);
    for arguments in [
        &["sync"][..],
        &["sync", "--delete-missing", "--allow-deletes", "25"],
        &[
            "sync",
            "--full",
            "--delete-missing",
            "--allow-deletes",
            "25",
        ],
    ] {
        let result = json(&sandbox, arguments);
        assert_eq!(result["counts"]["missing"], 25, "{arguments:?}");
        assert_eq!(result["counts"]["deleted"], 0, "{arguments:?}");
    }
    assert_eq!(users(&sandbox).len(), 50);
}

#[test]
fn import_below_an_ou_stays_in_the_base() {
    let dc = crate::support::samba::SambaDc::start();
    let sales = dc.add_ou("Sales", STAFF_DN);
    dc.add_all(&[person("alice"), person("bob").ou(&sales)]);
    let sandbox = crate::support::adsync::Sandbox::for_dc(&dc);

    let outside = sandbox.run(&["import", "--ou", USERS]).expect_code(2);
    assert!(outside.stderr.contains("not in the base"), "{outside}");
    sandbox
        .run(&["import", "--ou", &format!("OU=Sale,{STAFF_DN}")])
        .expect_code(2);
    assert_eq!(users(&sandbox), [] as [serde_json::Value; 0]);

    let result = json(&sandbox, &["import", "--ou", &sales]);
    assert_eq!(named(&result["imported"]), ["bob"]);
    let filtered = json(&sandbox, &["import", "--filter", "(sAMAccountName=al*)"]);
    assert_eq!(named(&filtered["imported"]), ["alice"]);
    assert_eq!(json!(2), json!(users(&sandbox).len()));
}

/// The whole domain is read where the settings name no base.
#[test]
fn accounts_of_the_domain_itself_are_left_out() {
    let dc = SambaDc::start();
    dc.add_all(&[person("alice"), person("bob")]);
    let mut settings = Settings::for_dc(&dc);
    settings.base_dn = None;
    let sandbox = Sandbox::new(&settings);
    let run = json(&sandbox, &["import", "--all"]);
    assert_eq!(named(&run["imported"]), ["alice", "bob", "svc-adsync"]);
    let check = sandbox.run(&["check"]).expect_code(0).stdout;
    let line = check.lines().find(|line| line.contains("in scope"));
    // Administrator, Guest, krbtgt, and Samba's dns-dc1.
    let said = "3 in scope, 4 system accounts left out";
    assert!(line.is_some_and(|it| it.contains(said)), "{check}");

    settings.more_directory = "filter = \"(objectCategory=person)\"".to_owned();
    sandbox.configure(&settings);
    let check = sandbox.run(&["check"]).expect_code(0).stdout;
    // krbtgt and Guest.
    assert!(check.contains("7 in scope, 2 disabled"), "{check}");
    assert!(
        check.contains("4 of them are accounts of the domain itself"),
        "{check}"
    );
    assert!(
        check.contains("(!(isCriticalSystemObject=TRUE))"),
        "{check}"
    );
}

/// The loser of a conflict between two domain controllers, one whose OU was deleted meanwhile, and one whose account
/// name another had as well.
#[test]
fn what_replication_left_behind_is_nobody() {
    let (dc, sandbox) = imported(&[person("alice"), person("bob"), person("carol")]);
    let lost = "CN=LostAndFound,DC=corp,DC=example,DC=com";
    let conflict = "CNF:3f2504e0-4f89-11d3-9a0c-0305e82c3301";
    dc.add_all(&[
        person("dave").cn(&format!("dave\n{conflict}")),
        person("emil").ou(lost),
        person("$DUPLICATE-44f"),
    ]);
    let mut settings = Settings::for_dc(&dc);
    settings.base_dn = None;
    sandbox.configure(&settings);
    let run = run_json(&sandbox, &["import", "--all", "--dry-run"]).expect_code(7);
    let run = run.json();
    assert_eq!(named(&run["imported"]), ["svc-adsync"], "{run:#}");
    let reasons: Vec<String> = run["failed"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|failed| failed["reason"].to_string())
        .collect();
    assert_eq!(reasons.len(), 3, "{run:#}");
    for said in ["CNF:", "LostAndFound", "sAMAccountName"] {
        assert!(reasons.iter().any(|it| it.contains(said)), "{reasons:?}");
    }
    // Those who are not in the store are no business of a synchronisation.
    let run = json(&sandbox, &["sync", "--full"]);
    assert_eq!(run["counts"]["unchanged"], 3, "{run:#}");

    // One who is stays as it was, and is told.
    let dn = dc.rename_cn(&dc.dn_of("bob"), &format!("bob\n{conflict}"));
    dc.modify(&dn, "mail", Some("changed@x.example"));
    for arguments in [
        &["sync"][..],
        &["sync", "--full"],
        &["sync", "--users", "bob"],
    ] {
        let run = run_json(&sandbox, arguments).expect_code(7).json();
        assert_eq!(named(&run["failed"]), ["bob"], "{run:#}");
        assert_eq!(run["counts"]["deleted"], 0, "{run:#}");
        assert_eq!(user(&sandbox, "bob")["email"], "bob@corp.example.com");
    }
}
