//! Rule 2, from its good side: whoever was deleted in the directory is deleted in the store, at once on
//! a tombstone's word, and where none can be seen after `missing_after`.

use crate::modes::{ALL, UNMARKED, age_missing, sync};
use crate::support::adsync::{Sandbox, Settings};
use crate::support::embedded::{names, text};
use crate::support::plain::{Person, PlainServer, dn_of};
use crate::support::samba::{SERVICE_ACCOUNT, SambaDc};
use crate::{
    Account, SIX, assert_missing, assert_reason, domain, import, json, person, six, user, usernames,
};

#[test]
fn a_tombstone_deletes_at_once_in_every_mode() {
    let (dc, sandbox) = six(Account::SeesDeleted);
    dc.delete(&dc.dn_of("alice"));
    for run in sync(&sandbox, &ALL, &["alice", "bob"], &[]) {
        let found = run.json(0);
        assert_eq!(names(&found, "deleted"), ["alice"], "{found:#}");
        assert_eq!(found["deleted"][0]["evidence"], "tombstone");
        assert_eq!(names(&found, "missing"), [""; 0]);
    }
}

#[test]
fn without_tombstones_a_user_is_missing_first_and_deleted_after_missing_after() {
    let (dc, sandbox) = six(Account::Ordinary);
    dc.delete(&dc.dn_of("alice"));
    for run in sync(&sandbox, &ALL, &["alice", "bob"], &[]) {
        assert_missing(&run.json(0), &run.users, &["alice"]);
        assert_reason(&run.json(0), "missing_after");
        assert_eq!(run.user("alice")["email"], "alice@corp.example.com");
    }

    let first = json(&sandbox, 0, &["sync"]);
    let since = text(&first["missing"][0], "since");
    let age = since.parse::<jiff::Timestamp>().expect("a moment");
    let age = jiff::Timestamp::now().as_second() - age.as_second();
    assert!((0..60).contains(&age), "missing since {since}");

    // Before the time has passed it stays, and for as long as it was.
    age_missing(&sandbox, 23);
    for run in sync(&sandbox, &ALL, &["alice", "bob"], &[]) {
        let found = run.json(0);
        assert_missing(&found, &run.users, &["alice"]);
        assert!(text(&found["missing"][0], "since") < since, "{found:#}");
    }
    for run in sync(&sandbox, &ALL, &["alice", "bob"], &["--strict"]) {
        assert_missing(&run.json(7), &run.users, &["alice"]);
    }

    // Then the next run that holds all conditions deletes it.
    age_missing(&sandbox, 25);
    for run in sync(&sandbox, &ALL, &["alice", "bob"], &[]) {
        let found = run.json(0);
        assert_eq!(names(&found, "deleted"), ["alice"], "{found:#}");
        assert_eq!(found["deleted"][0]["evidence"], "absent");
    }
    json(&sandbox, 0, &["sync"]);
    assert_eq!(usernames(&sandbox), SIX[1..]);
}

#[test]
fn missing_after_0_deletes_in_the_first_run() {
    let dc = domain(&SIX.map(person), Account::Ordinary);
    let sandbox = Sandbox::new(&Settings {
        more_sync: "missing_after = \"0\"".to_owned(),
        ..Settings::for_dc(&dc)
    });
    import(&sandbox, "fritz");
    dc.delete(&dc.dn_of("alice"));
    for run in sync(&sandbox, &ALL, &["alice", "bob"], &[]) {
        let found = run.json(0);
        assert_eq!(names(&found, "deleted"), ["alice"], "{found:#}");
        assert_eq!(found["deleted"][0]["evidence"], "absent");
    }
}

#[test]
fn delete_missing_waives_the_waiting() {
    let (dc, sandbox) = six(Account::Ordinary);
    dc.delete(&dc.dn_of("alice"));
    // Also in the run that misses it first.
    for _ in 0..2 {
        for run in sync(&sandbox, &ALL, &["alice", "bob"], &["--delete-missing"]) {
            let found = run.json(0);
            assert_eq!(names(&found, "deleted"), ["alice"], "{found:#}");
            assert_eq!(found["deleted"][0]["evidence"], "absent");
        }
        assert_eq!(names(&json(&sandbox, 0, &["sync"]), "missing"), ["alice"]);
    }
}

/// It waives the waiting and nothing else: who is hidden from an account that sees the deleted stays.
#[test]
fn delete_missing_does_not_delete_the_hidden() {
    let (dc, sandbox) = six(Account::SeesDeleted);
    dc.deny_all(&dc.dn_of("alice"), SERVICE_ACCOUNT);
    dc.modify(&dc.dn_of("alice"), "title", Some("so that a mark shows it"));
    let found = json(&sandbox, 0, &["sync", "--full"]);
    assert_eq!(names(&found, "missing"), ["alice"], "{found:#}");
    age_missing(&sandbox, 10_000);
    for run in sync(&sandbox, &ALL, &["alice", "bob"], &["--delete-missing"]) {
        assert_missing(&run.json(0), &run.users, &["alice"]);
    }
}

#[test]
fn remove_is_the_way_past() {
    let (dc, sandbox) = six(Account::SeesDeleted);
    dc.deny_all(&dc.dn_of("alice"), SERVICE_ACCOUNT);
    let found = json(&sandbox, 0, &["sync", "--full"]);
    assert_eq!(names(&found, "missing"), ["alice"], "{found:#}");
    sandbox.run(&["remove", "alice"]).expect_code(0);
    assert_eq!(usernames(&sandbox), SIX[1..]);
    json(&sandbox, 0, &["sync", "--full"]);
    assert_eq!(usernames(&sandbox), SIX[1..]);
}

#[test]
fn who_is_there_again_is_missing_no_more_and_later_anew() {
    let (dc, sandbox) = six(Account::Ordinary);
    let (guid, dn) = (dc.guid_of("alice"), dc.dn_of("alice"));
    dc.delete(&dn);
    let found = json(&sandbox, 0, &["sync"]);
    assert_eq!(names(&found, "missing"), ["alice"], "{found:#}");
    age_missing(&sandbox, 23);
    dc.reanimate(&guid, &dn);
    for run in sync(&sandbox, &ALL, &["alice"], &[]) {
        assert_eq!(names(&run.json(0), "missing"), [""; 0]);
        assert_eq!(run.user("alice")["status"], "ok");
    }
    json(&sandbox, 0, &["sync"]);
    dc.delete(&dn);
    let found = json(&sandbox, 0, &["sync"]);
    assert_eq!(names(&found, "missing"), ["alice"]);
    let since = text(&found["missing"][0], "since");
    let since = since.parse::<jiff::Timestamp>().expect("a moment");
    let age = jiff::Timestamp::now().as_second() - since.as_second();
    assert!((0..60).contains(&age), "missing since {since}");
}

#[test]
fn a_dry_run_finds_the_missing_and_marks_nobody() {
    let (dc, sandbox) = six(Account::Ordinary);
    dc.delete(&dc.dn_of("alice"));
    let before = sandbox.store_bytes();
    let found = json(&sandbox, 0, &["sync", "--dry-run"]);
    assert_eq!(names(&found, "missing"), ["alice"], "{found:#}");
    assert!(before == sandbox.store_bytes(), "the store was written");
    assert_eq!(user(&sandbox, "alice")["status"], "ok");
}

/// What an administrator reads the morning after.
#[test]
fn the_missing_are_shown_with_the_reason_and_since_when() {
    let (dc, sandbox) = six(Account::Ordinary);
    dc.delete(&dc.dn_of("alice"));
    let said = sandbox.run(&["sync"]).expect_code(0);
    assert!(said.stdout.contains("1 missing"), "{said}");
    let line = said.stdout.lines().find(|line| line.contains("alice"));
    assert!(line.is_some_and(|it| it.contains("missing")), "{said}");

    let shown = json(&sandbox, 0, &["show", "alice"]).to_string();
    assert!(shown.contains("\"missing\""), "{shown}");
    let stored = user(&sandbox, "alice");
    assert_eq!(stored["status"], "missing");
    assert!(!text(&stored, "reason").is_empty(), "{stored:#}");
}

/// What stands as it stood is counted, and with `-q` not said at all where there is nothing else.
#[test]
fn with_q_the_missing_of_yesterday_are_not_said_again() {
    let (dc, sandbox) = six(Account::Ordinary);
    dc.delete(&dc.dn_of("alice"));
    let first = sandbox.run(&["sync", "-q"]).expect_code(0);
    assert!(first.stdout.contains("alice"), "{first}");
    let again = sandbox.run(&["sync", "-q"]).expect_code(0);
    assert_eq!((again.stdout.as_str(), again.stderr.as_str()), ("", ""));
    dc.delete(&dc.dn_of("bob"));
    let more = sandbox.run(&["sync", "-q"]).expect_code(0);
    assert!(more.stdout.contains("bob"), "{more}");
    assert!(!more.stdout.contains("alice"), "{more}");
    assert!(more.stdout.contains("2 missing"), "{more}");
}

#[test]
fn a_directory_that_is_not_ad_has_the_same_rule() {
    for server in [PlainServer::openldap(), PlainServer::ds389()] {
        server.add_all(&SIX.map(Person::new));
        let sandbox = Sandbox::new(&server.settings());
        import(&sandbox, "fritz");
        server.delete(&dn_of("alice"));
        for run in sync(&sandbox, &UNMARKED, &["alice", "bob"], &[]) {
            assert_missing(&run.json(0), &run.users, &["alice"]);
        }
        json(&sandbox, 0, &["sync"]);
        age_missing(&sandbox, 25);
        for run in sync(&sandbox, &UNMARKED, &["alice", "bob"], &[]) {
            let found = run.json(0);
            assert_eq!(names(&found, "deleted"), ["alice"], "{found:#}");
            assert_eq!(found["deleted"][0]["evidence"], "absent");
        }
    }
}

/// Somebody living must be found in the same way.
#[test]
fn with_nobody_left_to_bear_witness_nobody_is_deleted() {
    let dc = SambaDc::start();
    dc.add_all(&["alice", "bob"].map(person));
    let sandbox = Sandbox::for_dc(&dc);
    import(&sandbox, "bob");
    for name in ["alice", "bob"] {
        dc.delete(&dc.dn_of(name));
    }
    for more in [&[][..], &["--delete-missing"]] {
        for run in sync(&sandbox, &UNMARKED, &["alice", "bob"], more) {
            assert_missing(&run.json(0), &run.users, &["alice", "bob"]);
        }
    }
}
