//! Scope decides who comes in, not who is forgotten: whoever left it is kept in step like everybody.

use crate::modes::{ALL, Run, sync};
use crate::support::adsync::{Sandbox, Settings};
use crate::support::embedded::{names, text};
use crate::support::samba::{BASE_DN, SambaDc};
use crate::{Account, SIX, domain, import, json, person, six, user};

/// As the settings that come with adsync give it.
const WITHOUT_DISABLED: &str = "filter = \"(&(objectCategory=person)(objectClass=user)\
     (!(userAccountControl:1.2.840.113556.1.4.803:=2)))\"";

/// Six people, imported with a filter that leaves disabled accounts out.
fn six_enabled() -> (SambaDc, Sandbox) {
    let dc = domain(&SIX.map(person), Account::Ordinary);
    let sandbox = Sandbox::new(&Settings {
        more_directory: WITHOUT_DISABLED.to_owned(),
        ..Settings::for_dc(&dc)
    });
    import(&sandbox, "fritz");
    (dc, sandbox)
}

#[track_caller]
fn assert_disabled(run: &Run, name: &str) {
    let found = run.json(0);
    assert_eq!(names(&found, "modified"), [name], "{}", run.answer);
    let enabled = &found["modified"][0]["changes"]["enabled"];
    assert_eq!(
        (&enabled["from"], &enabled["to"]),
        (&true.into(), &false.into())
    );
    let stored = run.user(name);
    assert_eq!(stored["enabled"], false, "{stored:#}");
    assert_eq!(stored["status"], "out_of_scope", "{stored:#}");
}

/// active-directory-integration2#208, user-sync.py#9
#[test]
fn a_filter_that_leaves_disabled_accounts_out_disables_who_leaves() {
    let (dc, sandbox) = six_enabled();
    dc.disable(&dc.dn_of("alice"));
    for run in sync(&sandbox, &ALL, &["alice"], &[]) {
        assert_disabled(&run, "alice");
    }
    json(&sandbox, 0, &["sync"]);
    let again = json(&sandbox, 0, &["sync"]);
    assert_eq!(names(&again, "modified"), [""; 0], "{again:#}");
    assert_eq!(names(&again, "out_of_scope"), ["alice"]);
    // And back.
    dc.enable(&dc.dn_of("alice"));
    for run in sync(&sandbox, &ALL, &["alice"], &[]) {
        assert_eq!(names(&run.json(0), "modified"), ["alice"]);
        assert_eq!(run.user("alice")["enabled"], true);
        assert_eq!(run.user("alice")["status"], "ok");
    }
}

/// snipe-it#6158
#[test]
fn who_was_disabled_and_moved_to_the_leavers_is_disabled() {
    let (dc, sandbox) = six(Account::Ordinary);
    let leavers = dc.add_ou("Leavers", BASE_DN);
    dc.disable(&dc.dn_of("alice"));
    dc.move_to(&dc.dn_of("alice"), &leavers);
    for run in sync(&sandbox, &ALL, &["alice"], &[]) {
        assert_disabled(&run, "alice");
        assert_eq!(text(run.user("alice"), "dn"), format!("CN=alice,{leavers}"));
    }
}

/// Also later, when nothing but the user changed.
#[test]
fn the_values_of_who_is_out_of_scope_stay_in_step() {
    let (dc, sandbox) = six(Account::Ordinary);
    let leavers = dc.add_ou("Leavers", BASE_DN);
    dc.move_to(&dc.dn_of("alice"), &leavers);
    let left = json(&sandbox, 0, &["sync"]);
    assert_eq!(names(&left, "out_of_scope"), ["alice"]);

    let older = dc.add_ou("Older", &leavers);
    let dn = dc.move_to(&dc.dn_of("alice"), &older);
    for run in sync(&sandbox, &ALL, &["alice"], &[]) {
        // Where somebody is, is kept fresh and is no change.
        assert_eq!(names(&run.json(0), "modified"), [""; 0], "{}", run.answer);
        assert_eq!(text(run.user("alice"), "dn"), dn);
    }
    dc.rename_account("alice", "alice.archer");
    for (attribute, value) in [
        ("givenName", None),
        ("sn", Some("Archer")),
        ("mail", Some("archer@corp.example.com")),
        ("telephoneNumber", Some("42")),
    ] {
        dc.modify(&dn, attribute, value);
    }
    dc.disable(&dn);
    for run in sync(&sandbox, &ALL, &["alice"], &[]) {
        assert_eq!(names(&run.json(0), "modified"), ["alice"], "{}", run.answer);
        let alice = run.user("alice.archer");
        assert_eq!(alice["first_name"], serde_json::Value::Null);
        assert_eq!(alice["last_name"], "Archer");
        assert_eq!(alice["email"], "archer@corp.example.com");
        assert_eq!(alice["contact_number"], "42");
        assert_eq!(alice["enabled"], false);
        assert_eq!(alice["status"], "out_of_scope");
    }
}

/// gitlab-ce-ldap-sync#23
#[test]
fn the_address_of_a_leaver_can_be_given_to_somebody() {
    let (dc, sandbox) = six(Account::Ordinary);
    let leavers = dc.add_ou("Leavers", BASE_DN);
    let alice = dc.move_to(&dc.dn_of("alice"), &leavers);
    json(&sandbox, 0, &["sync"]);
    dc.modify(&alice, "mail", None);
    dc.modify(&dc.dn_of("bob"), "mail", Some("alice@corp.example.com"));
    for run in sync(&sandbox, &ALL, &["alice", "bob"], &[]) {
        let found = run.json(0);
        assert_eq!(names(&found, "duplicate"), [""; 0], "{found:#}");
        assert_eq!(names(&found, "modified"), ["alice", "bob"], "{found:#}");
        assert_eq!(run.user("alice")["email"], serde_json::Value::Null);
        assert_eq!(run.user("bob")["email"], "alice@corp.example.com");
    }
}

/// Without being disabled in the directory.
#[test]
fn out_of_scope_disable_disables_who_leaves_the_scope() {
    let dc = domain(&SIX.map(person), Account::Ordinary);
    let sandbox = Sandbox::new(&Settings {
        more_sync: "out_of_scope = \"disable\"".to_owned(),
        ..Settings::for_dc(&dc)
    });
    import(&sandbox, "fritz");
    let leavers = dc.add_ou("Leavers", BASE_DN);
    dc.move_to(&dc.dn_of("alice"), &leavers);
    for run in sync(&sandbox, &ALL, &["alice"], &[]) {
        assert_disabled(&run, "alice");
    }
    json(&sandbox, 0, &["sync"]);
    let again = json(&sandbox, 0, &["sync", "--full"]);
    assert_eq!(names(&again, "modified"), [""; 0], "{again:#}");
    dc.move_to(&dc.dn_of("alice"), dc.domain().staff_dn);
    for run in sync(&sandbox, &ALL, &["alice"], &[]) {
        assert_eq!(names(&run.json(0), "modified"), ["alice"]);
        assert_eq!(run.user("alice")["enabled"], true);
        assert_eq!(run.user("alice")["status"], "ok");
    }
}

/// A run that would disable too many is refused; the setting, the number and the flag are named.
#[test]
fn a_filter_with_a_typo_does_not_disable_everybody() {
    let dc = SambaDc::start();
    dc.add_users(20);
    let settings = Settings {
        more_sync: "out_of_scope = \"disable\"".to_owned(),
        ..Settings::for_dc(&dc)
    };
    let sandbox = Sandbox::new(&settings);
    import(&sandbox, "user0020");
    sandbox.configure(&Settings {
        more_directory: "filter = \"(&(objectCategory=person)(objectClas=user))\"".to_owned(),
        ..settings
    });
    for run in sync(&sandbox, &ALL[..1], &[], &[]) {
        assert_eq!(run.code, 4, "{}", run.answer);
    }
    let refused = sandbox.run(&["sync"]).expect_code(4);
    for said in ["max_disabled", "20", "--allow-disabled 20"] {
        assert!(refused.stderr.contains(said), "{said}: {refused}");
    }
    assert_eq!(user(&sandbox, "user0001")["enabled"], true);
    json(&sandbox, 0, &["sync", "--allow-disabled", "20"]);
    assert_eq!(user(&sandbox, "user0001")["enabled"], false);
}
