//! What may be the reason that a user is found nowhere, other than that it was deleted: while one of these is possible
//! nobody is deleted, however long it lasts, whomever a run looks at, and whatever the administrator waives.

use serde_json::Value;
use testdir::{TestDir, User, What, When};

use crate::support::embedded::{ELSEWHERE, STAFF, Stage, names, text};
use crate::support::store::{age_missing, open};

/// Where the people are who become hard to find.
const SALES: &str = "OU=Sales,OU=Staff,DC=corp,DC=example,DC=com";

/// Everything that looks at bob. That a right was lost is no change that a run by mark would hear of, so a full one comes
/// first; it looks again at who is missing then.
const WAYS: [&[&str]; 3] = [&["sync", "--full"], &["sync"], &["sync", "--users", "bob"]];

/// Imported users, of whom bob and carol are in `OU=Sales`, and a full run after that.
fn stage() -> Stage {
    let stage = Stage::with(&["alice", "dave", "erin"]);
    for user in ["bob", "carol"] {
        stage.change(|directory| directory.add_user(User::new(user).below(SALES)));
    }
    stage.run(&["import", "--all"]).expect_code(0);
    stage.sync(0);
    stage
}

/// Fails unless every run keeps bob as missing with this reason, now and in a thousand hours, with and without waiting.
#[track_caller]
fn stays_missing(stage: &Stage, reason: &str) {
    let before = stage.user("bob");
    for hours in [0, 1000] {
        age_missing(&stage.sandbox.store_path(), hours);
        for arguments in WAYS {
            for more in [&[][..], &["--delete-missing"]] {
                let arguments = [arguments, more].concat();
                let run = stage.json(0, &arguments);
                let told = format!("{arguments:?} after {hours} h: {run:#}");
                assert_eq!(run["counts"]["deleted"], 0, "{told}");
                assert!(names(&run, "missing").contains(&"bob".to_owned()), "{told}");
                let users = run["missing"].as_array().expect("a list").iter();
                let mut bob = users.filter(|it| it["username"] == "bob");
                let said = bob.next().map(|it| text(it, "reason")).unwrap_or_default();
                assert!(said.contains(reason), "{told}");
                assert_eq!(stage.user("bob")["reason"], said);
            }
        }
    }
    let mut after = stage.user("bob");
    for field in ["status", "reason"] {
        after[field] = before[field].clone();
    }
    assert_eq!(after, before, "it is kept as it was");
}

/// Fails unless a run that need not wait deletes bob.
#[track_caller]
fn is_deleted_now(stage: &Stage) {
    let run = stage.json(0, &["sync", "--delete-missing"]);
    assert_eq!(names(&run, "deleted"), ["bob"], "{run:#}");
    assert_eq!(run["deleted"][0]["evidence"], "absent");
}

/// Fails unless bob is found by the next run and in step.
#[track_caller]
fn is_back(stage: &Stage) {
    let run = stage.sync(0);
    assert!(
        !names(&run, "missing").contains(&"bob".to_owned()),
        "{run:#}"
    );
    let bob = stage.user("bob");
    assert_eq!(
        (&bob["status"], &bob["reason"]),
        (&"ok".into(), &Value::Null)
    );
}

#[test]
fn without_a_doubt_it_is_deleted() {
    let stage = stage();
    stage.change(|directory| directory.delete("bob"));
    is_deleted_now(&stage);
}

// (a) Where tombstones are seen, none is no proof.

/// It was moved to another domain of the forest, say: its tombstone is nowhere.
#[test]
fn there_is_no_tombstone_where_tombstones_are_seen() {
    let stage = stage();
    stage.directory.see_tombstones(true);
    stage.change(|directory| directory.add_user("long gone"));
    stage.change(|directory| directory.delete("long gone"));
    stage.change(|directory| directory.forget("bob"));
    stays_missing(
        &stage,
        "neither in the domain nor among its deleted objects",
    );
}

#[test]
fn its_tombstone_may_be_gone_after_the_time_for_which_they_are_kept() {
    for (tombstone, deleted, kept) in [
        (Some(10), None, 10),
        (Some(10), Some(30), 30),
        (Some(30), Some(10), 30),
        // Not set: sixty days (MS-ADTS).
        (None, None, 60),
    ] {
        let stage = stage();
        stage.directory.see_tombstones(true);
        stage.change(|directory| directory.set_lifetimes(tombstone, deleted));
        stage.change(|directory| directory.add_user("long gone"));
        stage.change(|directory| directory.delete("long gone"));
        stage.change(|directory| directory.forget("bob"));
        stage.json(0, &["sync", "--full"]);
        for (days, is_deleted) in [(kept - 1, false), (kept + 1, true)] {
            seen_days_ago(&stage, days);
            let run = stage.json(0, &["sync", "--delete-missing"]);
            let bucket = if is_deleted { "deleted" } else { "missing" };
            assert_eq!(names(&run, bucket), ["bob"], "after {days} days: {run:#}");
        }
    }
}

/// Lets it be so long since bob, who is missing, was found last.
fn seen_days_ago(stage: &Stage, days: i64) {
    let aged = open(stage).execute(
        "UPDATE users SET synced_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', ?1)
         WHERE username = 'bob' AND status = 'missing'",
        [format!("-{days} days")],
    );
    assert_eq!(aged, Ok(1));
}

/// One who stood aside was found by every run all the same.
#[test]
fn a_user_that_was_not_in_step_for_long_was_seen_by_the_last_run_nevertheless() {
    let stage = stage();
    stage.directory.see_tombstones(true);
    stage.change(|directory| directory.set_lifetimes(Some(10), None));
    stage.change(|directory| directory.add_user("long gone"));
    stage.change(|directory| directory.delete("long gone"));
    stage.set("bob", "telephoneNumber", &"9".repeat(2000));
    stage.sync(7);
    open(&stage)
        .execute(
            "UPDATE users SET synced_at = '2001-01-01T00:00:00Z' WHERE username = 'bob'",
            [],
        )
        .expect("a row");
    stage.sync(7);
    stage.change(|directory| directory.forget("bob"));
    stays_missing_briefly(
        &stage,
        "neither in the domain nor among its deleted objects",
    );
}

/// Whom an import returns was seen, though nothing about the row had to be written.
#[test]
fn an_import_sees_whom_it_finds() {
    for (import, finds_bob) in [
        (&["import", "--all"][..], true),
        (&["import", "--users", "bob,carol"], true),
        (&["import", "--users", "carol"], false),
        (&["import", "--all"], false),
    ] {
        let stage = stage();
        stage.directory.see_tombstones(true);
        stage.change(|directory| directory.set_lifetimes(Some(10), None));
        stage.change(|directory| directory.add_user("long gone"));
        stage.change(|directory| directory.delete("long gone"));
        open(&stage)
            .execute_batch(
                "UPDATE users SET synced_at = '2026-01-01T00:00:00Z';
                 UPDATE runs SET started_at = '2026-01-01T00:00:00Z';",
            )
            .expect("both have it");
        if !finds_bob {
            stage.change(|directory| directory.forget("bob"));
        }
        stage.run(import).expect_code(0);
        if finds_bob {
            stage.change(|directory| directory.forget("bob"));
        }
        let run = stage.json(0, &["sync", "--full", "--delete-missing"]);
        let bucket = if finds_bob { "missing" } else { "deleted" };
        assert_eq!(names(&run, bucket), ["bob"], "{import:?}: {run:#}");
    }
}

/// The same as [`stays_missing`], of a user whose status was another.
#[track_caller]
fn stays_missing_briefly(stage: &Stage, reason: &str) {
    for arguments in WAYS {
        let run = stage.json(0, &[arguments, &["--delete-missing"]].concat());
        assert_eq!(names(&run, "missing"), ["bob"], "{run:#}");
        let said = text(&run["missing"][0], "reason");
        assert!(said.contains(reason), "{said}");
    }
}

// (c) A domain controller that has never returned the user.

/// Why what such a controller says proves nothing.
const NEVER_RETURNED: &str = "has never returned this user, so it may lag behind";

/// A second domain controller that has what the first had then, and the container as well.
fn lagging(stage: &mut Stage) -> TestDir {
    stage.change(|directory| directory.add_user(User::new("zoe").below(SALES)));
    let second = stage.directory.twin("DC2").expect("a free port");
    stage.hurry();
    let urls = vec![stage.directory.url(), second.url()];
    stage.configure(|settings| settings.urls = urls);
    second
}

fn stop_first(stage: &Stage) {
    stage
        .directory
        .fault(When::connect(), What::RefuseConnections);
}

#[test]
fn the_second_controller_lags_behind() {
    let mut stage = Stage::with(&["alice", "dave", "erin"]);
    let second = lagging(&mut stage);
    for user in ["bob", "carol"] {
        stage.change(|directory| directory.add_user(User::new(user).below(SALES)));
    }
    stage.run(&["import", "--all"]).expect_code(0);
    assert_eq!(stage.sync(0)["counts"]["unchanged"], 6);

    stop_first(&stage);
    stays_missing(&stage, NEVER_RETURNED);
    assert_eq!(
        stage.usernames(),
        ["alice", "bob", "carol", "dave", "erin", "zoe"]
    );
    // It has caught up.
    stage.directory.replicate_to(&second);
    is_back(&stage);
    assert_eq!(stage.user("carol")["status"], "ok");
    // Now that it has returned them it can say that they are gone.
    second.delete("bob").expect("he is there");
    is_deleted_now(&stage);
}

#[test]
fn the_first_controller_is_back_before_the_second_has_caught_up() {
    let mut stage = Stage::with(&["alice", "dave", "erin"]);
    let _second = lagging(&mut stage);
    stage.change(|directory| directory.add_user(User::new("bob").below(SALES)));
    stage.run(&["import", "--all"]).expect_code(0);
    stage.sync(0);
    for _ in 0..3 {
        // That he is missing on the second in a full run is no run in which it returned him.
        stop_first(&stage);
        let run = stage.json(0, &["sync", "--delete-missing"]);
        assert_eq!(names(&run, "missing"), ["bob"], "{run:#}");
        let reason = text(&run["missing"][0], "reason");
        assert!(reason.contains(NEVER_RETURNED), "{reason}");
        stage.directory.clear_faults();
        is_back(&stage);
    }
    // What the second one never returned is not proven by it, nor are its own users less believed by the first.
    stage.change(|directory| directory.delete("bob"));
    is_deleted_now(&stage);
}

#[test]
fn a_full_run_while_it_was_missing_returned_it_no_more_than_before() {
    let mut stage = Stage::with(&["alice", "dave", "erin"]);
    let _second = lagging(&mut stage);
    stage.change(|directory| directory.add_user(User::new("bob").below(SALES)));
    stage.run(&["import", "--all"]).expect_code(0);
    stop_first(&stage);
    for _ in 0..3 {
        // A full run on the second, and another after it.
        let run = stage.json(0, &["sync", "--full", "--delete-missing"]);
        assert_eq!(names(&run, "missing"), ["bob"], "{run:#}");
        let reason = text(&run["missing"][0], "reason");
        assert!(reason.contains(NEVER_RETURNED), "{reason}");
    }
}

#[test]
fn an_import_from_the_controller_is_enough() {
    let mut stage = Stage::with(&["alice", "bob"]);
    let second = lagging(&mut stage);
    stop_first(&stage);
    stage.run(&["import", "--all"]).expect_code(0);
    second.delete("bob").expect("he is there");
    is_deleted_now(&stage);
}

#[test]
fn a_controller_that_was_brought_back_from_a_copy() {
    let mut stage = Stage::with(&["alice", "dave", "erin"]);
    let copy = stage.directory.twin("DC1").expect("a free port");
    stage.change(|directory| directory.add_user(User::new("bob").below(SALES)));
    stage.run(&["import", "--all"]).expect_code(0);
    stage.sync(0);
    // Under its old name, and with its old life, it has what it had before bob came.
    let url = copy.url();
    stage.configure(|settings| settings.urls = vec![url]);
    stays_missing(&stage, NEVER_RETURNED);
}

// (d) Nobody else is found.

#[test]
fn the_account_has_lost_every_right() {
    let stage = stage();
    stage.directory.deny(STAFF).expect("it is there");
    for (arguments, code) in [
        (&["sync", "--users", "bob"][..], 0),
        (&["sync", "--users", "bob", "--delete-missing"], 0),
        (&["sync", "--users", "alice,bob", "--delete-missing"], 0),
        (&["sync", "--full", "--delete-missing"], 0),
        (&["sync", "--delete-missing"], 0),
    ] {
        let answer = stage.run(&[arguments, &["--format", "json"]].concat());
        // A base that the account cannot see may also be one that is not there.
        assert!([code, 5].contains(&answer.code), "{answer}");
        assert_eq!(stage.usernames().len(), 5, "{answer}");
        if answer.code == 0 {
            let reason = text(&answer.json()["missing"][0], "reason");
            assert!(
                reason.contains("nor is any other user of the store"),
                "{answer}"
            );
        }
    }
    stage.directory.allow_all();
    is_back(&stage);
}

#[test]
fn nobody_else_is_found() {
    let stage = stage();
    for user in ["alice", "bob", "carol", "dave", "erin"] {
        stage.directory.fault(When::search(), What::hide(user));
    }
    stays_missing(&stage, "nor is any other user of the store");
    stage.directory.clear_faults();
    is_back(&stage);
}

#[test]
fn the_last_user_of_a_store_has_no_witness() {
    let stage = Stage::with(&["alice", "bob"]);
    stage.run(&["import", "--users", "bob"]).expect_code(0);
    stage.change(|directory| directory.delete("bob"));
    // There is another in the directory, but none that the store knows.
    stays_missing(&stage, "nor is any other user of the store");
    stage.run(&["import", "--users", "alice"]).expect_code(0);
    is_deleted_now(&stage);
}

// (e) Something may be where it was.

#[test]
fn it_is_hidden_from_the_account() {
    let stage = stage();
    stage.directory.deny("bob").expect("he is there");
    stays_missing(
        &stage,
        "an entry at its DN of which the account may read nothing",
    );
    stage.directory.allow_all();
    is_back(&stage);
}

#[test]
fn its_container_is_hidden_from_the_account() {
    let stage = stage();
    stage.directory.deny(SALES).expect("it is there");
    stays_missing(
        &stage,
        &format!("its container cannot be read either: {SALES}"),
    );
    assert_eq!(stage.user("carol")["status"], "missing");
    stage.directory.allow_all();
    is_back(&stage);
}

#[test]
fn its_branch_has_become_a_reference() {
    let stage = stage();
    let referred = "ldap://other.example.com/OU=Sales,DC=other,DC=example,DC=com";
    stage.change(|directory| directory.refer(SALES, referred));
    stays_missing(&stage, "its DN lies inside a reference to another server");
    assert_eq!(stage.user("carol")["status"], "missing");
}

#[test]
fn it_is_there_and_not_found_by_its_identity() {
    let stage = stage();
    stage
        .directory
        .deny_search("objectGUID", &format!("CN=bob,{SALES}"))
        .expect("he is there");
    // In the enumeration of a full run it is found as ever; by its identity, which is all that the others ask, not.
    for arguments in [
        &["sync", "--users", "bob"][..],
        &["sync", "--users", "bob", "--delete-missing"],
    ] {
        let run = stage.json(0, arguments);
        assert_eq!(names(&run, "missing"), ["bob"], "{run:#}");
        let reason = text(&run["missing"][0], "reason");
        assert!(reason.contains("it is there at its DN"), "{reason}");
    }
    stage.directory.show_all_attributes();
    is_back(&stage);
}

#[test]
fn its_identity_cannot_be_read_any_more() {
    let stage = stage();
    stage
        .directory
        .hide_attribute("objectGUID", &format!("CN=bob,{SALES}"))
        .expect("he is there");
    let before = stage.user("bob");
    for arguments in WAYS {
        for more in [&[][..], &["--delete-missing"]] {
            // It is there, and cannot be used: failed, as wherever its data cannot be used.
            let run = stage.json(7, &[arguments, more].concat());
            assert_eq!(names(&run, "failed"), ["bob"], "{run:#}");
            assert_eq!(run["counts"]["deleted"], 0);
        }
    }
    let after = stage.user("bob");
    assert_eq!(after["status"], "failed");
    assert_eq!(after["email"], before["email"]);
    stage.directory.show_all_attributes();
    is_back(&stage);
}

#[test]
fn where_it_was_is_not_known() {
    let stage = stage();
    stage.change(|directory| directory.delete("bob"));
    let forgotten = "UPDATE users SET dn = NULL WHERE username = 'bob'";
    open(&stage).execute(forgotten, []).expect("a row");
    stays_missing(&stage, "where it was last is not known");
}

#[test]
fn who_has_its_dn_now_is_another_one() {
    let stage = stage();
    stage.change(|directory| directory.delete("bob"));
    stage.change(|directory| directory.add_user(User::new("bob").below(SALES)));
    is_deleted_now(&stage);
}

#[test]
fn an_ou_that_was_deleted_with_all_that_was_in_it() {
    let stage = stage();
    for name in ["bob", "carol", SALES] {
        stage.change(|directory| directory.delete(name));
    }
    // Nobody can say that its container is only hidden; so it is kept, and told.
    stays_missing(
        &stage,
        &format!("its container cannot be read either: {SALES}"),
    );
    stage.run(&["remove", "bob", "carol"]).expect_code(0);
    assert_eq!(stage.sync(0)["counts"]["unchanged"], 3);
}

#[test]
fn somewhere_there_is_an_entry_without_an_identity() {
    let stage = stage();
    stage.change(|directory| directory.add_user(User::new("mallory")));
    stage
        .directory
        .hide_attribute("objectGUID", &format!("CN=mallory,{STAFF}"))
        .expect("she is there");
    stage.change(|directory| directory.delete("bob"));
    for arguments in WAYS {
        let answer = stage.run(&[arguments, &["--delete-missing", "--format", "json"]].concat());
        let run = answer.json();
        assert!([0, 7].contains(&answer.code), "{answer}");
        assert_eq!(names(&run, "missing"), ["bob"], "{answer}");
        let reason = text(&run["missing"][0], "reason");
        assert!(
            reason.contains("entries that cannot be identified"),
            "{reason}"
        );
    }
    stage.directory.show_all_attributes();
    is_deleted_now(&stage);
}

/// It stands where somebody was who is elsewhere now, and so it is not hers.
#[test]
fn an_entry_without_an_identity_at_the_old_dn_of_somebody_else() {
    let stage = stage();
    stage.change(|directory| directory.rename("erin", "CN=erin-of-old"));
    stage.change(|directory| directory.add_user(User::new("mallory")));
    stage.change(|directory| directory.rename("mallory", "CN=erin"));
    stage
        .directory
        .hide_attribute("objectGUID", &format!("CN=erin,{STAFF}"))
        .expect("she is there");
    stage.change(|directory| directory.delete("bob"));
    for arguments in [["sync", "--users", "bob"], ["sync", "--users", "bob,carol"]] {
        let run = stage.json(0, &[&arguments[..], &["--delete-missing"]].concat());
        assert_eq!(names(&run, "missing"), ["bob"], "{run:#}");
    }
}

// What a search that fails is no answer to.

/// Each of the searches of a run that would delete bob: cut short, or refused.
#[test]
fn a_question_that_is_not_answered_proves_nothing() {
    let delete = ["sync", "--full", "--delete-missing", "--format", "json"];
    let stage = stage();
    stage.change(|directory| directory.delete("bob"));
    stage.directory.reset_stats();
    let rehearsal = stage.run(&[&delete[..], &["--dry-run"]].concat());
    assert_eq!(names(&rehearsal.json(), "deleted"), ["bob"], "{rehearsal}");
    // The first is for the rootDSE.
    let searches = stage.directory.searches();
    assert!(searches.len() > 7, "{searches:#?}");
    for (nth, search) in (1..).zip(&searches[1..]) {
        for what in [What::garbage(), What::answer(53, "no"), What::answer(3, "")] {
            let contents = stage.contents();
            let when = When::search().nth(nth);
            stage.directory.fault(when, what.clone());
            let answer = stage.run(&[&delete[..], &["--dry-run"]].concat());
            let told = format!("{what:?} for {search:#?}\n{answer}");
            assert_eq!(answer.code, 5, "{told}");
            assert_eq!(stage.contents(), contents, "{told}");
            stage.directory.clear_faults();
        }
    }
    is_deleted_now(&stage);
}

#[test]
fn a_user_that_is_elsewhere_in_the_domain_is_not_missing_at_all() {
    let stage = stage();
    stage.change(|directory| directory.move_to("bob", ELSEWHERE));
    for arguments in WAYS {
        let run = stage.json(0, &[arguments, &["--delete-missing"]].concat());
        assert_eq!(names(&run, "out_of_scope"), ["bob"], "{run:#}");
        assert_eq!(run["counts"]["missing"], 0);
    }
}
