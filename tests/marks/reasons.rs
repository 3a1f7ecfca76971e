//! What makes a run read everything although there is a mark, and that it says so.

use std::time::Duration;

use crate::mark::{
    Mark, WITNESS, a_day_passes, agrees, delta, full, in_mode, mark, marked,
    marked_with_tombstones, update_mark,
};
use crate::support::adsync::Settings;
use crate::support::embedded::{ELSEWHERE, STAFF, Stage, assert_says, names, text};
use crate::support::store::open;

/// Fails unless the next run reads everything and says why; the one after that goes on from the new
/// mark.
#[track_caller]
fn reads_everything(stage: &Stage, arguments: &[&str], why: &str) {
    let arguments = [&["sync", "-v"], arguments].concat();
    let answer = stage.run(&arguments).expect_code(0);
    let reason = answer
        .stderr
        .lines()
        .find(|line| line.contains("reading everything: "));
    let reason = reason.unwrap_or_else(|| panic!("it does not say why\n{answer}"));
    assert!(reason.contains(why), "{why:?} is not in {reason:?}");
    let history = stage.json(0, &["history", "--limit", "1"]);
    assert_eq!(history["runs"][0]["mode"], "full");
    if !arguments.contains(&"--dry-run") {
        delta(stage, 0);
    }
}

/// Lets the last full run have been then (a time that `SQLite` understands, from now).
fn set_full_at(stage: &Stage, modifier: &str) {
    let then: String = open(stage)
        .query_row(
            "SELECT strftime('%Y-%m-%dT%H:%M:%SZ', 'now', ?1)",
            [modifier],
            |row| row.get(0),
        )
        .expect("a time");
    update_mark(stage, "full_at", then);
}

#[test]
fn the_command_line_says_so() {
    let stage = marked(&["alice", "bob"]);
    let before = mark(&stage);
    stage.change(|directory| directory.add_user("other"));
    reads_everything(&stage, &["--full"], "--full");
    assert!(mark(&stage).usn > before.usn);
}

#[test]
fn the_last_full_run_was_long_ago() {
    let stage = marked(&["alice", "bob"]);
    set_full_at(&stage, "-86100 seconds");
    delta(&stage, 0);
    set_full_at(&stage, "-86401 seconds");
    reads_everything(&stage, &[], "full_every");
    let mut stage = marked(&["alice", "bob"]);
    stage.configure_sync("full_every = \"2h\"");
    set_full_at(&stage, "-7000 seconds");
    delta(&stage, 0);
    set_full_at(&stage, "-7300 seconds");
    reads_everything(&stage, &[], "full_every");
}

#[test]
fn a_run_by_change_mark_does_not_put_the_next_full_one_off() {
    let stage = marked(&["alice", "bob"]);
    set_full_at(&stage, "-80000 seconds");
    let before = mark(&stage);
    stage.set("alice", "mail", "new@example.com");
    delta(&stage, 0);
    assert_eq!(mark(&stage).full_at, before.full_at);
    reads_everything(&stage, &["--full"], "--full");
    assert!(mark(&stage).full_at > before.full_at);
}

#[test]
fn every_run_is_to_be_full() {
    let mut stage = marked(&["alice", "bob"]);
    stage.configure_sync("full_every = \"0\"");
    full(&stage, 0);
    full(&stage, 0);
}

#[test]
fn the_clock_was_set_back() {
    let stage = marked(&["alice", "bob"]);
    set_full_at(&stage, "+1 hour");
    reads_everything(&stage, &[], "full_every");
    set_full_at(&stage, "+10 years");
    reads_everything(&stage, &[], "full_every");
}

#[test]
fn the_settings_differ() {
    type Change = fn(&mut Settings);
    let changes: [(&str, Change); 8] = [
        ("base_dn", |it| it.base_dn = None),
        ("filter", |it| {
            it.more_directory = "filter = \"(objectClass=user)\"".to_owned();
        }),
        ("username", |it| {
            it.more_attributes = "username = [\"sAMAccountName\", \"cn\"]".to_owned();
        }),
        ("first_name", |it| {
            it.more_attributes = "first_name = \"displayName\"".to_owned();
        }),
        ("last_name", |it| {
            it.more_attributes = "last_name = [\"sn\", \"cn\"]".to_owned();
        }),
        ("email", |it| {
            it.more_attributes = "email = \"userPrincipalName\"".to_owned();
        }),
        ("contact_number", |it| {
            it.more_attributes = "contact_number = \"mobile\"".to_owned();
        }),
        ("out_of_scope", |it| {
            it.more_sync = "out_of_scope = \"delete\"".to_owned();
        }),
    ];
    for (name, change) in changes {
        let mut stage = marked(&["alice", "bob"]);
        stage.configure(change);
        reads_everything(&stage, &[], name);
        stage.configure(|settings| {
            settings.base_dn = Some(STAFF.to_owned());
            settings.more_directory.clear();
            settings.more_attributes.clear();
            settings.more_sync.clear();
        });
        reads_everything(&stage, &[], name);
    }
}

#[test]
fn another_account_is_used() {
    let mut stage = marked(&["alice", "bob"]);
    stage.configure(|settings| settings.username = Some(r"CORP\svc-adsync".to_owned()));
    reads_everything(&stage, &[], "username");
}

#[test]
fn another_version_of_adsync_set_the_mark() {
    let stage = marked(&["alice", "bob"]);
    let other = mark(&stage)
        .settings
        .replace(env!("CARGO_PKG_VERSION"), "0.0.0");
    assert_ne!(other, mark(&stage).settings, "the version is in it");
    update_mark(&stage, "settings", other);
    reads_everything(&stage, &[], "adsync");
}

#[test]
fn what_does_not_matter_changes_nothing() {
    let mut stage = marked(&["alice", "bob"]);
    stage.configure_directory("page_size = 2\ntimeout_secs = 9");
    stage.configure_sync("max_deletes = 3\nhistory_days = 10\nmissing_after = \"0\"");
    stage.configure_sync("max_cleared = 3\nmax_disabled = 3\nmax_modified = 3\nmax_missing = 3");
    let url = stage.directory.url().replace("127.0.0.1", "localhost");
    stage.configure(|settings| settings.urls = vec![url]);
    delta(&stage, 0);
}

#[test]
fn a_mark_that_cannot_be_understood_is_none() {
    for (column, value) in [
        ("settings", "no JSON"),
        ("settings", "[]"),
        ("full_at", "yesterday"),
        ("full_at", ""),
    ] {
        let stage = marked(&["alice", "bob"]);
        update_mark(&stage, column, value);
        full(&stage, 0);
        delta(&stage, 0);
    }
}

#[test]
fn the_store_of_another_scope_is_read_anew() {
    // What the old scope says of a user must not outlive it.
    let mut stage = marked(&["alice", "bob"]);
    stage.change(|directory| directory.move_to("bob", ELSEWHERE));
    assert_eq!(names(&agrees(&stage, 0), "out_of_scope"), ["bob"]);
    stage.configure(|settings| settings.base_dn = None);
    let run = full(&stage, 0);
    assert_eq!(names(&run, "out_of_scope"), [""; 0]);
    assert_eq!(stage.user("bob")["status"], "ok");
    agrees(&stage, 0);
}

#[test]
fn the_witness_is_gone() {
    let stage = marked(&["alice", "bob"]);
    stage.change(|directory| directory.delete(WITNESS));
    let run = full(&stage, 0);
    assert_eq!(names(&run, "missing"), [WITNESS]);
    assert_ne!(
        text(&run["missing"][0], "guid"),
        mark(&stage).witness.to_string()
    );
    a_day_passes(&stage);
    assert_eq!(names(&agrees(&stage, 0), "deleted"), [WITNESS]);
    // Another one has taken over.
    stage.set("alice", "mail", "new@example.com");
    assert_eq!(names(&agrees(&stage, 0), "modified"), ["alice"]);
}

#[test]
fn a_witness_that_is_deleted_does_not_bear_witness_for_the_living() {
    let stage = marked_with_tombstones(&["alice", "bob"]);
    stage.change(|directory| directory.delete(WITNESS));
    assert_eq!(names(&stage.sync(0), "deleted"), [WITNESS]);
    let witness = mark(&stage).witness;
    assert!(stage.directory.edit(|it| it.dn_of(witness)).is_some());

    stage
        .directory
        .hide_attribute("uSNChanged", STAFF)
        .expect("a DN");
    stage.set("alice", "mail", "new@example.com");
    assert_eq!(names(&full(&stage, 0), "modified"), ["alice"]);
}

#[test]
fn a_witness_that_left_the_scope_does_not_bear_witness_for_those_in_it() {
    let stage = marked(&["alice", "bob"]);
    stage.change(|directory| directory.move_to(WITNESS, ELSEWHERE));
    assert_eq!(names(&stage.sync(0), "out_of_scope"), [WITNESS]);
    stage
        .directory
        .hide_attribute("uSNChanged", STAFF)
        .expect("a DN");
    stage.set("alice", "mail", "new@example.com");
    assert_eq!(names(&full(&stage, 0), "modified"), ["alice"]);
}

#[test]
fn a_witness_that_is_not_in_the_store_any_more_may_be_anywhere() {
    let stage = marked(&["alice", "bob"]);
    stage.run(&["remove", WITNESS]).expect_code(0);
    stage.change(|directory| directory.move_to(WITNESS, ELSEWHERE));
    stage
        .directory
        .hide_attribute("uSNChanged", STAFF)
        .expect("a DN");
    stage.set("alice", "mail", "new@example.com");
    assert_eq!(names(&stage.sync(0), "modified"), ["alice"]);
}

#[test]
fn the_right_to_read_usns_was_lost() {
    let stage = marked(&["alice", "bob"]);
    stage
        .directory
        .hide_attribute("uSNChanged", STAFF)
        .expect("a DN");
    stage.set("alice", "mail", "new@example.com");
    let answer = stage.run(&["sync", "-v"]).expect_code(0);
    assert_says(&answer, &["reading everything: ", "uSNChanged"]);
    assert_eq!(stage.user("alice")["email"], "new@example.com");
    assert_eq!(Mark::of(&stage), None);
    stage.set("alice", "mail", "newer@example.com");
    assert_eq!(names(&full(&stage, 0), "modified"), ["alice"]);

    stage.directory.show_all_attributes();
    full(&stage, 0);
    stage.set("alice", "mail", "newest@example.com");
    assert_eq!(names(&delta(&stage, 0), "modified"), ["alice"]);
}

#[test]
fn a_changed_entry_has_no_identity_that_can_be_read() {
    use testdir::{What, When};
    let stage = marked(&["alice", "bob"]);
    stage.set("alice", "mail", "new@example.com");
    stage
        .directory
        .fault(When::search(), What::no_guid("alice"));
    // It is her by her DN; whoever she is, nothing is lost.
    in_mode(&stage, 7, &["sync"], "full");
    assert_eq!(Mark::of(&stage), None);
    stage.directory.clear_faults();
    assert_eq!(names(&full(&stage, 0), "modified"), ["alice"]);
    delta(&stage, 0);
}

#[test]
fn a_user_without_an_identity_that_can_be_read_is_seen_by_a_run_from_the_mark() {
    use testdir::{What, When};
    for user in ["alice", "bob"] {
        let stage = marked(&["alice", "bob"]);
        stage.set(user, "mail", "new@example.com");
        // It is among the changes, and is not told when it is read.
        let users = When::search().filter_contains("objectcategory");
        stage.directory.fault(users, What::no_guid(user));
        let run = in_mode(&stage, 7, &["sync"], "delta");
        assert_eq!(names(&run, "failed"), [user]);
        assert_eq!(Mark::of(&stage), None);
        stage.directory.clear_faults();
        assert_eq!(names(&full(&stage, 0), "modified"), [user]);
    }
}

#[test]
fn a_rehearsal_is_full_for_the_same_reasons() {
    let stage = marked(&["alice", "bob"]);
    set_full_at(&stage, "-2 days");
    let before = mark(&stage);
    for _ in 0..2 {
        in_mode(&stage, 0, &["sync", "--dry-run"], "full");
    }
    assert_eq!(mark(&stage), before);
}

#[test]
fn so_many_changed_that_everything_is_read_for_less() {
    let stage = Stage::imported_many(260);
    full(&stage, 0);
    for number in 1..=250 {
        let user = format!("u{number:06}");
        stage.set(&user, "sn", "Married");
    }
    // So many are refused at first, and are not fewer for having been read as a whole.
    let sync = ["sync", "--format", "json"];
    let run = stage.prepare(&sync).limit(Duration::from_mins(1)).run();
    let run = run.expect_code(4).json();
    assert_eq!(
        (&run["mode"], &run["counts"]["modified"]),
        (&"full".into(), &250.into())
    );
    let sync = ["sync", "--allow-modified", "250", "--format", "json"];
    let run = stage.prepare(&sync).limit(Duration::from_mins(1)).run();
    let run = run.expect_code(0).json();
    assert_eq!(run["mode"], "full");
    assert_eq!(run["counts"]["modified"], 250);
    assert_eq!(run["counts"]["unchanged"], 10);
    assert_eq!(delta(&stage, 0)["counts"]["unchanged"], 260);
}
