//! An account that may see less than before gets no error but fewer entries.

use crate::modes::{ALL, Mode, UNMARKED, sync};
use crate::support::adsync::{Sandbox, Settings};
use crate::support::embedded::names;
use crate::support::samba::{BASE_DN, SERVICE_ACCOUNT, STAFF_DN, SambaDc, User};
use crate::{
    ACCOUNTS, Account, assert_missing, assert_reason, domain, import, json, person, six, usernames,
    users,
};

/// gitea#7949, wg-portal#744: users went one by one, for the guard is not asked about one.
#[test]
fn an_account_that_lost_every_right_on_the_users_deletes_none_by_name() {
    for account in ACCOUNTS {
        let dc = domain(&[], account);
        let everybody = dc.add_users(20);
        let sandbox = Sandbox::for_dc(&dc);
        import(&sandbox, "user0020");
        dc.deny_read(STAFF_DN, SERVICE_ACCOUNT);
        let reason = "the account may have lost its rights";
        for more in [&[][..], &["--delete-missing"]] {
            for run in sync(&sandbox, &[Mode::Selected], &["user0012"], more) {
                assert_missing(&run.json(0), &run.users, &["user0012"]);
                assert_reason(&run.json(0), reason);
            }
        }
        // Nor when it reads everything; whatever it says of so many.
        let modes = [Mode::Full, Mode::Any];
        for run in sync(&sandbox, &modes, &[], &["--delete-missing"]) {
            let found = run.answer.json();
            assert_eq!(names(&found, "deleted"), [""; 0], "{}", run.answer);
            assert_eq!(run.users.len(), everybody.len(), "{}", run.answer);
        }
    }
}

/// Where not even the head of the domain can be read, nothing is known of it.
#[test]
fn an_account_that_lost_every_right_in_the_domain_deletes_nobody() {
    let (dc, sandbox) = six(Account::Ordinary);
    dc.deny_read(BASE_DN, SERVICE_ACCOUNT);
    for more in [&[][..], &["--delete-missing"]] {
        for run in sync(&sandbox, &UNMARKED, &["alice"], more) {
            assert_eq!(run.users.len(), 6, "{}", run.answer);
            assert!(matches!(run.code, 0 | 4 | 5), "{}", run.answer);
        }
    }
}

/// wg-portal#744
#[test]
fn a_user_on_whom_every_right_is_denied_has_the_same_fate_in_every_mode() {
    for account in ACCOUNTS {
        let (dc, sandbox) = six(account);
        let alice = dc.dn_of("alice");
        dc.deny_all(&alice, SERVICE_ACCOUNT);
        // A mark shows what changed.
        dc.modify(&alice, "title", Some("hidden"));
        for more in [&[][..], &["--delete-missing"]] {
            let reason = match account {
                Account::Ordinary => "of which the account may read nothing",
                Account::SeesDeleted => "hidden from the account",
            };
            for run in sync(&sandbox, &ALL, &["alice", "bob"], more) {
                assert_reason(&run.json(0), reason);
                if (account, run.mode) == (Account::SeesDeleted, Mode::Delta) {
                    // To this account a mark shows who changed and who was deleted, and this is neither.
                    assert_missing(&run.json(0), &run.users, &[]);
                    assert_eq!(run.user("alice")["status"], "ok");
                } else {
                    assert_missing(&run.json(0), &run.users, &["alice"]);
                }
            }
        }
    }
}

/// wg-portal#744: an account that sees tombstones, and finds none, was not shown a deletion.
#[test]
fn an_ou_that_is_hidden_from_an_account_that_sees_tombstones_is_missing() {
    let dc = domain(&[], Account::SeesDeleted);
    let hidden = dc.add_ou("Hidden", STAFF_DN);
    let mut people: Vec<User> = (1..=46).map(User::numbered).collect();
    people.extend((47..=50).map(|n| User::numbered(n).ou(&hidden)));
    dc.add_all(&people);
    let sandbox = Sandbox::for_dc(&dc);
    import(&sandbox, "user0001");
    dc.deny_read(&hidden, SERVICE_ACCOUNT);
    let four = ["user0047", "user0048", "user0049", "user0050"];
    for more in [&[][..], &["--delete-missing"]] {
        for run in sync(&sandbox, &[Mode::Full], &[], more) {
            assert_missing(&run.json(0), &run.users, &four);
        }
        let chosen = ["user0001", "user0047", "user0048", "user0049", "user0050"];
        for run in sync(&sandbox, &[Mode::Selected], &chosen, more) {
            assert_missing(&run.json(0), &run.users, &four);
        }
    }
    // By mark they are found missing too, once a run has missed them.
    json(&sandbox, 0, &["sync", "--full"]);
    for run in sync(&sandbox, &ALL, &four, &["--delete-missing"]) {
        assert_missing(&run.json(0), &run.users, &four);
    }
}

/// An ordinary account sees no tombstones, so to it the hidden look like the deleted; but the container
/// that they were last in cannot be read.
#[test]
fn an_ou_that_is_hidden_from_an_ordinary_account_is_missing() {
    let dc = domain(
        &["alice", "bob", "carol", "dave"].map(person),
        Account::Ordinary,
    );
    let hidden = dc.add_ou("Hidden", STAFF_DN);
    dc.add_user(&person("emil").ou(&hidden));
    let sandbox = Sandbox::for_dc(&dc);
    import(&sandbox, "dave");
    dc.deny_read(&hidden, SERVICE_ACCOUNT);
    for more in [&[][..], &["--delete-missing"]] {
        for run in sync(&sandbox, &ALL, &["alice", "emil"], more) {
            assert_missing(&run.json(0), &run.users, &["emil"]);
            assert_reason(&run.json(0), "its container cannot be read");
        }
    }
    assert_eq!(usernames(&sandbox).len(), 5);
}

/// The guard also stands before too many who are newly missing.
#[test]
fn a_run_that_would_newly_miss_too_many_is_refused() {
    let dc = SambaDc::start();
    let hidden = dc.add_ou("Hidden", STAFF_DN);
    let people = (1..=30).map(|n| match n {
        ..=10 => User::numbered(n),
        _ => User::numbered(n).ou(&hidden),
    });
    dc.add_all(&people.collect::<Vec<_>>());
    let sandbox = Sandbox::for_dc(&dc);
    import(&sandbox, "user0001");
    dc.deny_read(&hidden, SERVICE_ACCOUNT);
    let before = users(&sandbox);
    let refused = sandbox.run(&["sync", "--full"]).expect_code(4);
    for said in ["max_missing", "20", "--allow-missing 20"] {
        assert!(refused.stderr.contains(said), "{said}: {refused}");
    }
    assert_eq!(users(&sandbox), before, "a refused run marks nobody");

    let twenty: Vec<String> = (11..=30).map(|n| format!("user{n:04}")).collect();
    let twenty: Vec<&str> = twenty.iter().map(String::as_str).collect();
    for run in sync(&sandbox, &[Mode::Full], &[], &["--allow-missing", "20"]) {
        assert_missing(&run.json(0), &run.users, &twenty);
    }
    sandbox.configure(&Settings {
        more_sync: "max_missing = \"100%\"".to_owned(),
        ..Settings::for_dc(&dc)
    });
    json(&sandbox, 0, &["sync", "--full"]);
    // Whoever was missing before is no news.
    sandbox.configure(&Settings::for_dc(&dc));
    let again = json(&sandbox, 0, &["sync", "--full"]);
    assert_eq!(names(&again, "missing"), twenty);
}
