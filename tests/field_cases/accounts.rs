//! Accounts that are no people's, and accounts whose time is over.

use crate::modes::{self, ALL, sync, sync_through};
use crate::support::adsync::{Run, Sandbox, Settings};
use crate::support::embedded::names;
use crate::support::process;
use crate::support::samba::{SERVICE_ACCOUNT, SambaDc};
use crate::{ACCOUNTS, Account, SIX, domain, import, json, person, six, user, usernames};

/// zarafa4ucs#32
#[test]
fn the_default_filter_leaves_out_what_is_the_systems_own() {
    let dc = SambaDc::start();
    dc.add_all(&SIX.map(person));
    dc.add_trust_account("PARTNER$");
    let sandbox = Sandbox::new(&Settings {
        base_dn: None,
        ..Settings::for_dc(&dc)
    });
    import(&sandbox, "fritz");
    let expected = [&SIX[..], &[SERVICE_ACCOUNT]].concat();
    assert_eq!(usernames(&sandbox), expected);
    let check = sandbox.run(&["check"]).expect_code(0);
    // Administrator, Guest, krbtgt, Samba's own for its DNS, and the trust.
    assert!(check.stdout.contains("5 system accounts"), "{check}");
}

/// Those that an older adsync imported with the default filter of its time are out of scope, and kept.
#[test]
fn system_accounts_that_were_imported_are_kept() {
    let dc = SambaDc::start();
    dc.add_all(&SIX.map(person));
    let settings = Settings {
        base_dn: None,
        ..Settings::for_dc(&dc)
    };
    let sandbox = Sandbox::new(&Settings {
        more_directory: "filter = \"(&(objectCategory=person)(objectClass=user))\"".to_owned(),
        ..settings.clone()
    });
    import(&sandbox, "fritz");
    assert!(usernames(&sandbox).contains(&"krbtgt".to_owned()));
    sandbox.configure(&settings);
    let run = json(&sandbox, 0, &["sync"]);
    assert_eq!(names(&run, "deleted"), [""; 0]);
    let mut out_of_scope = names(&run, "out_of_scope");
    out_of_scope.sort();
    assert_eq!(
        out_of_scope,
        ["Administrator", "Guest", "dns-dc1", "krbtgt"]
    );
}

/// As AD writes a moment: in units of 100 ns since 1601 (MS-ADTS 2.2.6, MS-DTYP 2.3.3).
fn in_seconds(seconds: i64) -> String {
    let unix = jiff::Timestamp::now().as_second() + seconds;
    ((unix + 11_644_473_600) * 10_000_000).to_string()
}

#[track_caller]
fn assert_enabled(run: &modes::Run, name: &str, enabled: bool) {
    let found = run.json(0);
    assert_eq!(names(&found, "modified"), [name], "{}", run.answer);
    assert_eq!(run.user(name)["enabled"], enabled, "{}", run.answer);
}

/// authentik#22035
#[test]
fn an_account_that_has_expired_is_not_enabled() {
    let (dc, sandbox) = six(Account::Ordinary);
    let alice = dc.dn_of("alice");
    dc.modify(&alice, "accountExpires", Some(&in_seconds(-60)));
    for run in sync(&sandbox, &ALL, &["alice"], &[]) {
        assert_enabled(&run, "alice", false);
    }
    json(&sandbox, 0, &["sync"]);
    let again = json(&sandbox, 0, &["sync"]);
    assert_eq!(names(&again, "modified"), [""; 0], "{again:#}");
    // Two numbers mean never, and a moment to come has not.
    for (number, later) in ["0", "9223372036854775807", &in_seconds(3600)]
        .into_iter()
        .enumerate()
    {
        dc.modify(&alice, "accountExpires", Some(later));
        for run in sync(&sandbox, &ALL, &["alice"], &[]) {
            assert_enabled(&run, "alice", true);
        }
        assert!(number < 3);
    }
    // A disabled account does not come back by a new date.
    dc.disable(&alice);
    dc.modify(&alice, "accountExpires", Some("0"));
    let run = json(&sandbox, 0, &["sync"]);
    assert_eq!(names(&run, "modified"), [""; 0], "{run:#}");
}

#[test]
fn an_account_that_had_expired_is_imported_as_it_is() {
    let dc = domain(&SIX.map(person), Account::Ordinary);
    dc.modify(&dc.dn_of("alice"), "accountExpires", Some(&in_seconds(-60)));
    let sandbox = Sandbox::for_dc(&dc);
    import(&sandbox, "fritz");
    assert_eq!(user(&sandbox, "alice")["enabled"], false);
    assert_eq!(user(&sandbox, "bob")["enabled"], true);
}

/// It passes without any change of the object: no change mark shows it.
#[test]
fn an_account_expires_when_nothing_but_the_clock_has_moved() {
    for account in ACCOUNTS {
        let dc = domain(&SIX.map(person), account);
        let sandbox = Sandbox::for_dc(&dc);
        dc.modify(
            &dc.dn_of("alice"),
            "accountExpires",
            Some(&in_seconds(3600)),
        );
        import(&sandbox, "fritz");
        let before = json(&sandbox, 0, &["sync"]);
        assert_eq!(before["mode"], "delta");
        assert_eq!(user(&sandbox, "alice")["enabled"], true);
        for run in sync_through(&sandbox, &ALL, &["alice"], &[], two_hours_later) {
            assert_enabled(&run, "alice", false);
        }
        // Once.
        let run = |arguments: &[&str]| {
            let arguments = [arguments, &["--format", "json"]].concat();
            let run = two_hours_later(sandbox.prepare(&arguments)).run();
            run.expect_code(0).json()
        };
        assert_eq!(names(&run(&["sync"]), "modified"), ["alice"]);
        let again = run(&["sync"]);
        assert_eq!(again["mode"], "delta");
        assert_eq!(names(&again, "modified"), [""; 0], "{again:#}");
        // And the administrator has given it more time.
        dc.modify(
            &dc.dn_of("alice"),
            "accountExpires",
            Some(&in_seconds(86_400)),
        );
        assert_eq!(names(&run(&["sync"]), "modified"), ["alice"]);
        assert_eq!(user(&sandbox, "alice")["enabled"], true);
    }
}

/// The run as it would be then.
fn two_hours_later(run: Run) -> Run {
    let missing =
        "`faketime` is needed: ./scripts/install-test-deps.sh, or apt-get install faketime";
    run.under(&process::find("faketime").expect(missing), &["-f", "+2h"])
}
