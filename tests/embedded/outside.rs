//! Users that left the scope: kept in step, or disabled, or deleted, as the settings say.

use serde_json::Value;

use crate::evidence::OUTSIDE;
use crate::support::embedded::{ELSEWHERE, STAFF, Stage, assert_says, names, text};

/// What looks at everybody: from the mark and in full.
const WAYS: [(&[&str], &str); 2] = [(&["sync"], "delta"), (&["sync", "--full"], "full")];

fn stage(policy: &str) -> Stage {
    let mut stage = Stage::imported(&["alice", "bob", "carol", "dave"]);
    stage.configure_sync(&format!("out_of_scope = {policy:?}"));
    stage.sync(0);
    stage
}

fn moves(stage: &Stage, to: &str) {
    stage.change(|directory| directory.move_to("bob", to));
}

#[track_caller]
fn run(stage: &Stage, (arguments, mode): (&[&str], &str)) -> Value {
    let run = stage.json(0, arguments);
    assert_eq!(run["mode"], mode, "{run:#}");
    run
}

fn enabled(stage: &Stage) -> (bool, String) {
    let bob = stage.user("bob");
    (bob["enabled"] == true, text(&bob, "status"))
}

#[test]
fn who_left_is_kept_in_step_in_every_field() {
    for way in WAYS {
        let stage = stage("keep");
        moves(&stage, ELSEWHERE);
        assert_eq!(names(&run(&stage, way), "out_of_scope"), ["bob"]);
        for (attribute, value, field) in [
            ("mail", "b@example.com", "email"),
            ("givenName", "Robert", "first_name"),
            ("sn", "", "last_name"),
            ("telephoneNumber", "1", "contact_number"),
        ] {
            stage.set("bob", attribute, value);
            let run = run(&stage, way);
            assert_eq!(names(&run, "modified"), ["bob"], "{run:#}");
            let bob = stage.user("bob");
            assert_eq!(bob[field].as_str().unwrap_or_default(), value);
            assert_eq!(bob["status"], "out_of_scope");
            assert_eq!(bob["reason"], OUTSIDE);
        }
        stage.set("bob", "userAccountControl", "514");
        run(&stage, way);
        assert_eq!(enabled(&stage), (false, "out_of_scope".to_owned()));
        stage.set("bob", "userAccountControl", "512");
        run(&stage, way);
        assert_eq!(enabled(&stage), (true, "out_of_scope".to_owned()));
        let settled = stage.contents();
        stage.freeze_users();
        assert_eq!(names(&run(&stage, way), "out_of_scope"), ["bob"]);
        assert_eq!(stage.contents().changes, settled.changes);
    }
}

#[test]
fn a_leaver_whose_address_is_given_to_somebody_lets_go_of_it() {
    for way in WAYS {
        let stage = stage("keep");
        moves(&stage, ELSEWHERE);
        run(&stage, way);
        stage.set("bob", "mail", "");
        stage.set("carol", "mail", "bob@example.com");
        let run = run(&stage, way);
        assert_eq!(names(&run, "modified"), ["bob", "carol"], "{run:#}");
        assert_eq!(stage.user("carol")["email"], "bob@example.com");
    }
}

#[test]
fn an_account_that_is_disabled_and_left_out_by_the_filter() {
    for way in WAYS {
        let mut stage = Stage::imported(&["alice", "bob", "carol"]);
        let enabled_only =
            "filter = \"(&(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))\"";
        stage.configure_directory(enabled_only);
        stage.sync(0);
        stage.set("bob", "userAccountControl", "514");
        let run = run(&stage, way);
        assert_eq!(names(&run, "modified"), ["bob"], "{run:#}");
        assert_eq!(enabled(&stage), (false, "out_of_scope".to_owned()));
    }
}

#[test]
fn with_disable_who_left_is_not_enabled_until_it_is_back() {
    for way in WAYS {
        let stage = stage("disable");
        moves(&stage, ELSEWHERE);
        let left = run(&stage, way);
        assert_eq!(names(&left, "modified"), ["bob"], "{left:#}");
        let change = &left["modified"][0]["changes"]["enabled"];
        assert_eq!(
            (&change["from"], &change["to"]),
            (&true.into(), &false.into())
        );
        assert_eq!(enabled(&stage), (false, "out_of_scope".to_owned()));
        assert_eq!(stage.user("bob")["reason"], OUTSIDE);

        // Then it stands as it stands, whatever the directory says of the account.
        for control in ["514", "512"] {
            stage.set("bob", "userAccountControl", control);
            let settled = run(&stage, way);
            assert_eq!(names(&settled, "out_of_scope"), ["bob"], "{settled:#}");
            assert_eq!(enabled(&stage), (false, "out_of_scope".to_owned()));
        }
        stage.set("bob", "mail", "b@example.com");
        run(&stage, way);
        assert_eq!(stage.user("bob")["email"], "b@example.com");
        assert_eq!(enabled(&stage), (false, "out_of_scope".to_owned()));

        moves(&stage, STAFF);
        let back = run(&stage, way);
        assert_eq!(names(&back, "modified"), ["bob"], "{back:#}");
        assert_eq!(enabled(&stage), (true, "ok".to_owned()));
    }
}

#[test]
fn the_table_says_why_an_account_is_disabled() {
    let stage = stage("disable");
    moves(&stage, ELSEWHERE);
    let answer = stage.run(&["sync"]).expect_code(0);
    let row = answer.stdout.lines().find(|it| it.starts_with("modified"));
    let said = format!("enabled: yes → no; out of scope: CN=bob,{ELSEWHERE}");
    assert!(row.is_some_and(|it| it.ends_with(&said)), "{answer}");
}

#[test]
fn the_settings_may_change_while_somebody_is_outside() {
    let mut stage = stage("keep");
    moves(&stage, ELSEWHERE);
    stage.sync(0);
    let with = |stage: &mut Stage, policy: &str| {
        let line = format!("out_of_scope = {policy:?}");
        stage.configure(|settings| settings.more_sync = line);
        stage.sync(0)
    };
    assert_eq!(names(&with(&mut stage, "disable"), "modified"), ["bob"]);
    assert_eq!(enabled(&stage), (false, "out_of_scope".to_owned()));
    assert_eq!(names(&with(&mut stage, "keep"), "modified"), ["bob"]);
    assert_eq!(enabled(&stage), (true, "out_of_scope".to_owned()));
    let run = with(&mut stage, "delete");
    assert_eq!(names(&run, "deleted"), ["bob"]);
    assert_eq!(run["deleted"][0]["evidence"], "out_of_scope");
}

#[test]
fn the_guard_counts_those_who_would_be_disabled() {
    let mut stage = Stage::imported_many(20);
    stage.configure_sync("out_of_scope = \"disable\"");
    stage.sync(0);
    for number in 1..=6 {
        stage.change(|directory| directory.move_to(&format!("u{number:06}"), ELSEWHERE));
    }
    let before = stage.contents();
    let answer = stage.run(&["sync"]).expect_code(4);
    assert_says(
        &answer,
        &[
            "6 users would be disabled; max_disabled = 10% lets 5 of 20 enabled imported users through",
            "check base_dn and filter: who is outside is disabled (out_of_scope = \"disable\"); if all 6 are meant, say --allow-disabled 6",
        ],
    );
    stage.contents().assert_only_noted(&before, "refused");
    let run = stage.json(0, &["sync", "--allow-disabled", "6"]);
    assert_eq!(run["counts"]["modified"], 6);
    // A typo in the filter puts everybody outside.
    stage.configure_directory("filter = \"(&(objectClass=user)(department=Slaes))\"");
    let answer = stage.run(&["sync"]).expect_code(4);
    assert_says(
        &answer,
        &[
            "14 users would be disabled",
            "settings changed since run",
            "filter: ",
        ],
    );
}

#[test]
fn who_left_and_cannot_be_used_has_failed_and_is_as_it_was() {
    for way in WAYS {
        let stage = stage("disable");
        moves(&stage, ELSEWHERE);
        stage.set("bob", "telephoneNumber", &"9".repeat(2000));
        let (arguments, _) = way;
        let run = stage.json(7, arguments);
        assert_eq!(names(&run, "failed"), ["bob"], "{run:#}");
        assert_eq!(enabled(&stage), (true, "failed".to_owned()));
    }
}
