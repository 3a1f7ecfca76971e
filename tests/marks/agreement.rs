//! Whatever changes, a run by change mark says and does what a full run at that moment would.

use serde_json::Value;
use testdir::User;

use crate::mark::{
    a_day_passes, agrees, agrees_with, delta, full, in_mode, marked, marked_at_once,
    marked_with_tombstones,
};
use crate::support::embedded::{ELSEWHERE, STAFF, Stage, names, text};

const USERS: &[&str] = &["alice", "bob", "carol", "dave", "erin"];

fn dn(user: &str) -> String {
    format!("CN={user},{STAFF}")
}

fn sales() -> String {
    format!("OU=Sales,{STAFF}")
}

/// The stage on which everything is changed: imported users, and a local one.
fn stage() -> Stage {
    with_zoe(marked(USERS))
}

fn with_zoe(stage: Stage) -> Stage {
    stage
        .run(&["add", "zoe", "--email", "zoe@example.com"])
        .expect_code(0);
    stage
}

/// Fails unless both kinds of run agree after this, and put these users into that bucket.
#[track_caller]
fn agree_on(
    change: impl FnOnce(&Stage),
    code: i32,
    bucket: &str,
    users: &[&str],
) -> (Stage, Value) {
    agree_at(stage(), change, code, bucket, users)
}

/// The same on that stage.
#[track_caller]
fn agree_at(
    stage: Stage,
    change: impl FnOnce(&Stage),
    code: i32,
    bucket: &str,
    users: &[&str],
) -> (Stage, Value) {
    change(&stage);
    let run = agrees(&stage, code);
    assert_eq!(names(&run, bucket), users, "{run:#}");
    (stage, run)
}

#[test]
fn a_changed_value() {
    for (attribute, value, field) in [
        ("mail", "new@example.com", "email"),
        ("givenName", "Anna", "first_name"),
        ("sn", "Brown", "last_name"),
        ("telephoneNumber", "+49 30 1", "contact_number"),
        ("sAMAccountName", "anna", "username"),
        ("sAMAccountName", "ALICE", "username"),
        ("mail", "ALICE@example.com", "email"),
    ] {
        let (_, run) = agree_on(
            |it| it.set("alice", attribute, value),
            0,
            "modified",
            &["alice"],
        );
        let change = &run["modified"][0]["changes"][field];
        assert_eq!(change["to"], value, "{run:#}");
    }
}

#[test]
fn a_value_that_is_gone() {
    for (attribute, field) in [
        ("mail", "email"),
        ("givenName", "first_name"),
        ("sn", "last_name"),
        ("telephoneNumber", "contact_number"),
    ] {
        let (stage, _) = agree_on(
            |it| it.set("alice", attribute, ""),
            0,
            "modified",
            &["alice"],
        );
        assert_eq!(stage.user("alice")[field], Value::Null);
    }
}

#[test]
fn an_account_that_is_disabled_and_enabled_again() {
    let disable = |it: &Stage| it.set("bob", "userAccountControl", "514");
    let (stage, _) = agree_on(disable, 0, "modified", &["bob"]);
    assert_eq!(stage.user("bob")["enabled"], false);
    stage.set("bob", "userAccountControl", "512");
    assert_eq!(names(&agrees(&stage, 0), "modified"), ["bob"]);
}

#[test]
fn a_change_that_was_taken_back() {
    let there_and_back = |it: &Stage| {
        it.set("alice", "mail", "new@example.com");
        it.set("alice", "mail", "alice@example.com");
    };
    let (_, run) = agree_on(there_and_back, 0, "modified", &[]);
    assert_eq!(run["counts"]["unchanged"], 6);
}

#[test]
fn a_rename_and_a_move_within_the_scope_are_new_dns() {
    let rename = |it: &Stage| it.change(|directory| directory.rename("alice", "CN=Alice Brown"));
    let (stage, run) = agree_on(rename, 0, "modified", &[]);
    assert_eq!(run["counts"]["unchanged"], 6);
    assert_eq!(stage.user("alice")["dn"], dn("Alice Brown"));

    let put = |it: &Stage| it.change(|directory| directory.move_to("alice", &sales()));
    let (stage, run) = agree_on(put, 0, "modified", &[]);
    assert_eq!(run["counts"]["unchanged"], 6);
    assert_eq!(stage.user("alice")["dn"], format!("CN=alice,{}", sales()));
}

#[test]
fn a_user_that_leaves_the_scope_stays_outside_and_comes_back() {
    let leave = |it: &Stage| it.change(|directory| directory.move_to("carol", ELSEWHERE));
    let (stage, _) = agree_on(leave, 0, "out_of_scope", &["carol"]);
    // Nothing changes about her, and she is told again.
    let run = agrees(&stage, 0);
    assert_eq!(names(&run, "out_of_scope"), ["carol"]);
    assert_eq!(run["counts"]["unchanged"], 5);
    assert_eq!(run["counts"]["checked"], 6);

    stage.change(|directory| directory.move_to("carol", &format!("OU=Further,{ELSEWHERE}")));
    stage.set("carol", "mail", "c@example.com");
    // Out of scope she is kept in step like everybody else.
    let run = agrees(&stage, 0);
    assert_eq!(names(&run, "modified"), ["carol"]);
    assert_eq!(names(&run, "out_of_scope"), [""; 0]);
    let carol = stage.user("carol");
    assert_eq!(carol["status"], "out_of_scope");
    assert_eq!(carol["dn"], format!("CN=carol,OU=Further,{ELSEWHERE}"));
    assert_eq!(carol["email"], "c@example.com");
    let run = agrees(&stage, 0);
    assert_eq!(names(&run, "out_of_scope"), ["carol"]);

    stage.change(|directory| directory.move_to("carol", ELSEWHERE));
    let run = agrees(&stage, 0);
    let dn = format!("CN=carol,{ELSEWHERE}");
    assert_eq!(run["out_of_scope"][0]["dn"], dn, "a move is no change");
    assert_eq!(stage.user("carol")["dn"], dn);

    stage.change(|directory| directory.move_to("carol", STAFF));
    let run = agrees(&stage, 0);
    assert_eq!(names(&run, "modified"), [""; 0]);
    assert_eq!(names(&run, "out_of_scope"), [""; 0]);
    assert_eq!(stage.user("carol")["status"], "ok");
}

#[test]
fn a_user_out_of_scope_is_kept_in_step_in_everything() {
    let leave = |it: &Stage| it.change(|directory| directory.move_to("carol", ELSEWHERE));
    let (stage, _) = agree_on(leave, 0, "out_of_scope", &["carol"]);
    let dn = format!("CN=carol,{ELSEWHERE}");
    for (attribute, value, field) in [
        ("mail", "c@example.com", "email"),
        ("mail", "", "email"),
        ("givenName", "Caroline", "first_name"),
        ("sn", "Brown", "last_name"),
        ("telephoneNumber", "+49 30 1", "contact_number"),
        ("sAMAccountName", "caroline", "username"),
    ] {
        stage.set(&dn, attribute, value);
        let run = agrees(&stage, 0);
        assert_eq!(names(&run, "modified"), ["carol"], "{run:#}");
        let change = &run["modified"][0]["changes"][field];
        assert_eq!(change["to"].as_str().unwrap_or_default(), value);
        assert_eq!(run["counts"]["unchanged"], 5);
    }
    let enabled = |stage: &Stage| stage.user("caroline")["enabled"].clone();
    for (control, is_enabled) in [("514", false), ("512", true)] {
        stage.set(&dn, "userAccountControl", control);
        assert_eq!(names(&agrees(&stage, 0), "modified"), ["caroline"]);
        assert_eq!(enabled(&stage), is_enabled);
        assert_eq!(stage.user("caroline")["status"], "out_of_scope");
    }
}

#[test]
fn a_user_out_of_scope_that_wants_a_name_or_gives_one_up() {
    let leave = |it: &Stage| it.change(|directory| directory.move_to("carol", ELSEWHERE));
    let (stage, _) = agree_on(leave, 0, "out_of_scope", &["carol"]);
    stage.set("carol", "mail", "zoe@example.com");
    let run = agrees(&stage, 0);
    assert_eq!(names(&run, "duplicate"), ["carol"]);
    assert_eq!(names(&agrees(&stage, 0), "duplicate"), ["carol"], "again");
    // Her address was taken away, and given to somebody in the scope.
    stage.set("carol", "mail", "");
    stage.set("alice", "mail", "carol@example.com");
    let run = agrees(&stage, 0);
    assert_eq!(names(&run, "modified"), ["alice", "carol"]);
    assert_eq!(stage.user("carol")["status"], "out_of_scope");
    assert_eq!(names(&agrees(&stage, 0), "out_of_scope"), ["carol"]);
}

#[test]
fn users_that_are_not_enabled_when_they_leave_the_scope() {
    let mut stage = Stage::with(USERS);
    stage.configure_sync("out_of_scope = \"disable\"");
    stage.run(&["import", "--all"]).expect_code(0);
    full(&stage, 0);
    stage.change(|directory| directory.move_to("bob", ELSEWHERE));
    let run = agrees(&stage, 0);
    assert_eq!(names(&run, "modified"), ["bob"]);
    assert_eq!(run["modified"][0]["changes"]["enabled"]["to"], false);
    let bob = stage.user("bob");
    assert_eq!(
        (&bob["enabled"], &bob["status"]),
        (&false.into(), &"out_of_scope".into())
    );
    stage.set("bob", "mail", "b@example.com");
    assert_eq!(names(&agrees(&stage, 0), "modified"), ["bob"]);
    assert_eq!(stage.user("bob")["enabled"], false);
    stage.change(|directory| directory.move_to("bob", STAFF));
    assert_eq!(names(&agrees(&stage, 0), "modified"), ["bob"]);
    assert_eq!(stage.user("bob")["enabled"], true);
}

#[test]
fn several_out_of_scope_are_told_in_the_same_order() {
    let stage = stage();
    for user in ["erin", "alice", "carol"] {
        stage.change(|directory| directory.move_to(user, ELSEWHERE));
        agrees(&stage, 0);
    }
    let run = agrees(&stage, 0);
    assert_eq!(names(&run, "out_of_scope"), ["alice", "carol", "erin"]);
    stage.set("carol", "mail", "c@example.com");
    let run = agrees(&stage, 0);
    assert_eq!(names(&run, "modified"), ["carol"]);
    assert_eq!(names(&run, "out_of_scope"), ["alice", "erin"]);
}

#[test]
fn a_user_that_the_filter_does_not_match_any_more() {
    let mut stage = Stage::with(USERS);
    stage.configure_directory("filter = \"(&(objectClass=user)(!(description=leaver)))\"");
    stage.run(&["import", "--all"]).expect_code(0);
    full(&stage, 0);
    stage.set("bob", "description", "leaver");
    assert_eq!(names(&agrees(&stage, 0), "out_of_scope"), ["bob"]);
    stage.set("bob", "description", "");
    let run = agrees(&stage, 0);
    assert_eq!(run["counts"]["unchanged"], 5);
    assert_eq!(stage.user("bob")["status"], "ok");
}

#[test]
fn users_that_are_deleted_when_they_leave_the_scope() {
    let mut stage = Stage::with(USERS);
    stage.configure_sync("out_of_scope = \"delete\"");
    stage.run(&["import", "--all"]).expect_code(0);
    full(&stage, 0);
    stage.change(|directory| directory.move_to("bob", ELSEWHERE));
    let run = agrees(&stage, 0);
    assert_eq!(run["deleted"][0]["evidence"], "out_of_scope");
}

#[test]
fn a_deleted_user_with_and_without_the_right_to_see_it() {
    let delete = |it: &Stage| it.change(|directory| directory.delete("dave"));
    let (_, run) = agree_at(marked_at_once(USERS), delete, 0, "deleted", &["dave"]);
    assert_eq!(run["deleted"][0]["evidence"], "absent");

    let stage = marked_with_tombstones(USERS);
    delete(&stage);
    let run = agrees(&stage, 0);
    assert_eq!(names(&run, "deleted"), ["dave"]);
    assert_eq!(run["deleted"][0]["evidence"], "tombstone");
}

#[test]
fn a_user_that_was_deleted_is_missing_for_a_day_first() {
    let delete = |it: &Stage| it.change(|directory| directory.delete("dave"));
    let (stage, run) = agree_on(delete, 0, "missing", &["dave"]);
    assert_eq!(run["counts"]["deleted"], 0);
    assert_eq!(run["counts"]["unchanged"], 5);
    assert_eq!(run["missing"][0]["dn"], dn("dave"));
    let reason = text(&run["missing"][0], "reason");
    assert!(reason.starts_with("not found in the domain; "), "{reason}");
    let dave = stage.user("dave");
    assert_eq!(dave["status"], "missing");
    assert_eq!(dave["reason"], reason);
    assert_eq!(dave["email"], "dave@example.com", "he keeps his values");

    let again = agrees(&stage, 0);
    assert_eq!(again["missing"], run["missing"], "since then");
    in_mode(&stage, 7, &["sync", "--strict"], "delta");
    a_day_passes(&stage);
    let run = agrees(&stage, 0);
    assert_eq!(names(&run, "deleted"), ["dave"]);
    assert_eq!(run["deleted"][0]["evidence"], "absent");
}

#[test]
fn who_does_not_want_to_wait_says_so() {
    let stage = stage();
    stage.change(|directory| directory.delete("dave"));
    let run = agrees_with(&stage, 0, &["--delete-missing"]);
    assert_eq!(names(&run, "deleted"), ["dave"]);
    assert_eq!(run["deleted"][0]["evidence"], "absent");
}

#[test]
fn a_missing_user_that_comes_back_is_as_if_it_had_never_been_away() {
    let delete = |it: &Stage| it.change(|directory| directory.delete("dave"));
    let (stage, _) = agree_on(delete, 0, "missing", &["dave"]);
    a_day_passes(&stage);
    // It is made again from a backup, which gives it its identity back.
    let guid = text(&stage.user("dave"), "guid");
    let guid: testdir::Uuid = guid.parse().expect("a GUID");
    stage.change(|directory| directory.reanimate(guid, STAFF));
    for (attribute, value) in [
        ("mail", "dave@example.com"),
        ("givenName", "Dave"),
        ("sn", "Example"),
        ("telephoneNumber", "+1 555 0100"),
    ] {
        stage.set("dave", attribute, value);
    }
    let run = agrees(&stage, 0);
    assert_eq!(run["counts"]["unchanged"], 6, "{run:#}");
    let dave = stage.user("dave");
    assert_eq!(
        (&dave["status"], &dave["reason"]),
        (&"ok".into(), &Value::Null)
    );
    // The day begins anew.
    delete(&stage);
    assert_eq!(names(&agrees(&stage, 0), "missing"), ["dave"]);
    assert_eq!(names(&agrees(&stage, 0), "missing"), ["dave"]);
}

#[test]
fn a_user_that_was_deleted_and_made_anew_under_the_old_name() {
    let replace = |it: &Stage| {
        it.change(|directory| directory.delete("dave"));
        it.change(|directory| directory.add_user("dave"));
    };
    agree_at(marked_at_once(USERS), replace, 0, "deleted", &["dave"]);
    let (stage, _) = agree_on(replace, 0, "missing", &["dave"]);
    a_day_passes(&stage);
    assert_eq!(names(&agrees(&stage, 0), "deleted"), ["dave"]);
}

#[test]
fn a_user_that_was_deleted_and_came_back_to_life() {
    let stage = marked_with_tombstones(USERS);
    let guid = stage.change(|directory| directory.guid("dave"));
    stage.change(|directory| directory.delete("dave"));
    stage.change(|directory| directory.reanimate(guid, STAFF));
    let run = agrees(&stage, 0);
    assert_eq!(
        names(&run, "modified"),
        ["dave"],
        "a tombstone loses its values"
    );
}

#[test]
fn two_that_swap_names() {
    for (attribute, one, other) in [
        ("sAMAccountName", "alice", "bob"),
        ("mail", "alice@example.com", "bob@example.com"),
    ] {
        let swap = |it: &Stage| {
            it.set(&dn("alice"), attribute, other);
            it.set(&dn("bob"), attribute, one);
        };
        agree_on(swap, 0, "modified", &["alice", "bob"]);
    }
}

#[test]
fn a_freed_name_that_another_takes() {
    let after_a_rename = |it: &Stage| {
        it.set(&dn("alice"), "sAMAccountName", "anna");
        it.set(&dn("bob"), "sAMAccountName", "alice");
    };
    agree_on(after_a_rename, 0, "modified", &["alice", "bob"]);
    let after_a_deletion = |it: &Stage| {
        it.change(|directory| directory.delete("alice"));
        it.set("bob", "sAMAccountName", "alice");
        it.set(&dn("bob"), "mail", "alice@example.com");
    };
    let at_once = with_zoe(marked_at_once(USERS));
    let (stage, run) = agree_at(at_once, after_a_deletion, 0, "modified", &["bob"]);
    assert_eq!(names(&run, "deleted"), ["alice"]);
    assert_eq!(
        stage.usernames(),
        ["alice", "carol", "dave", "erin", "wanda", "zoe"]
    );
    // One that is missing keeps its names until it is deleted.
    let (stage, run) = agree_on(after_a_deletion, 0, "duplicate", &["bob"]);
    assert_eq!(names(&run, "missing"), ["alice"]);
    a_day_passes(&stage);
    let run = agrees(&stage, 0);
    assert_eq!(names(&run, "deleted"), ["alice"]);
    assert_eq!(names(&run, "modified"), ["bob"]);
    assert_eq!(stage.user("alice")["email"], "alice@example.com");
}

#[test]
fn a_new_duplicate() {
    for (mail, holder) in [
        ("zoe@example.com", "zoe"),
        ("BOB@example.com", "bob"),
        ("wanda@example.com", "wanda"),
    ] {
        let (_, run) = agree_on(
            |it| it.set("alice", "mail", mail),
            0,
            "duplicate",
            &["alice"],
        );
        let conflict = &run["duplicate"][0]["conflicts"][0];
        assert_eq!(conflict["held_by"]["username"], holder, "{run:#}");
    }
    let both = |it: &Stage| {
        it.set("alice", "mail", "same@example.com");
        it.set("carol", "mail", "same@example.com");
    };
    agree_on(both, 0, "duplicate", &["alice", "carol"]);
    let strict = stage();
    strict.set("alice", "mail", "zoe@example.com");
    in_mode(&strict, 7, &["sync", "--strict"], "delta");
}

#[test]
fn a_duplicate_whose_blocker_left_the_store_alone() {
    let blocked = |it: &Stage| it.set("alice", "mail", "zoe@example.com");
    let (stage, _) = agree_on(blocked, 0, "duplicate", &["alice"]);
    assert_eq!(names(&agrees(&stage, 0), "duplicate"), ["alice"], "again");
    stage.run(&["remove", "zoe"]).expect_code(0);
    assert_eq!(names(&agrees(&stage, 0), "modified"), ["alice"]);
    assert_eq!(stage.user("alice")["status"], "ok");
    assert_eq!(stage.user("alice")["email"], "zoe@example.com");
}

#[test]
fn a_duplicate_whose_blocker_changed_or_left_in_the_directory() {
    let blocked = |it: &Stage| it.set("alice", "mail", "bob@example.com");
    let (stage, _) = agree_on(blocked, 0, "duplicate", &["alice"]);
    stage.set("bob", "mail", "b@example.com");
    assert_eq!(names(&agrees(&stage, 0), "modified"), ["alice", "bob"]);

    let (stage, _) = agree_on(blocked, 0, "duplicate", &["alice"]);
    stage.change(|directory| directory.delete("bob"));
    let run = agrees(&stage, 0);
    assert_eq!(names(&run, "duplicate"), ["alice"]);
    assert_eq!(names(&run, "missing"), ["bob"]);
    a_day_passes(&stage);
    let run = agrees(&stage, 0);
    assert_eq!(names(&run, "modified"), ["alice"]);
    assert_eq!(names(&run, "deleted"), ["bob"]);
}

#[test]
fn a_chain_of_duplicates_that_comes_loose_at_its_end() {
    let chain = |it: &Stage| {
        it.set(&dn("carol"), "sAMAccountName", "zoe");
        it.set(&dn("bob"), "sAMAccountName", "carol");
        it.set(&dn("alice"), "sAMAccountName", "bob");
    };
    let (stage, _) = agree_on(chain, 0, "duplicate", &["alice", "bob", "carol"]);
    stage.run(&["remove", "zoe"]).expect_code(0);
    assert_eq!(
        names(&agrees(&stage, 0), "modified"),
        ["alice", "bob", "carol"]
    );
}

#[test]
fn a_user_whose_data_cannot_be_used_and_is_mended() {
    let long = "x".repeat(1025);
    for (attribute, bad, good) in [
        ("givenName", long.as_str(), "Alice"),
        ("sAMAccountName", "", "alice"),
        ("sAMAccountName", "a\u{1b}[31m", "alicia"),
    ] {
        let spoil = |it: &Stage| it.set(&dn("alice"), attribute, bad);
        let (stage, _) = agree_on(spoil, 7, "failed", &["alice"]);
        assert_eq!(names(&agrees(&stage, 7), "failed"), ["alice"], "again");
        stage.set(&dn("alice"), attribute, good);
        let run = agrees(&stage, 0);
        assert_eq!(names(&run, "failed"), [""; 0]);
        assert_eq!(stage.user(good_name(attribute, good))["status"], "ok");
    }
}

fn good_name<'a>(attribute: &str, good: &'a str) -> &'a str {
    if attribute == "sAMAccountName" {
        good
    } else {
        "alice"
    }
}

#[test]
fn a_failed_user_that_is_deleted_or_leaves_the_scope() {
    let spoil = |it: &Stage| it.set(&dn("alice"), "sAMAccountName", "");
    let (stage, _) = agree_on(spoil, 7, "failed", &["alice"]);
    // It cannot be kept in step outside either, and there is one who failed wherever it is.
    stage.change(|directory| directory.move_to(&dn("alice"), ELSEWHERE));
    let outside = format!("CN=alice,{ELSEWHERE}");
    for _ in 0..2 {
        let run = agrees(&stage, 7);
        assert_eq!(names(&run, "failed"), ["alice"]);
        assert_eq!(names(&run, "out_of_scope"), [""; 0]);
    }
    stage.set(&outside, "sAMAccountName", "alice");
    assert_eq!(names(&agrees(&stage, 0), "out_of_scope"), ["alice"]);
    stage.set(&outside, "sAMAccountName", "");
    assert_eq!(names(&agrees(&stage, 7), "failed"), ["alice"]);
    stage.change(|directory| directory.delete(&outside));
    assert_eq!(names(&agrees(&stage, 0), "missing"), ["alice"]);
    a_day_passes(&stage);
    assert_eq!(names(&agrees(&stage, 0), "deleted"), ["alice"]);
}

#[test]
fn a_restored_user_until_the_directory_has_it_again() {
    for mut stage in [marked_at_once(USERS), marked_with_tombstones(USERS)] {
        let guid = stage.change(|directory| directory.guid("bob"));
        stage.change(|directory| directory.delete("bob"));
        assert_eq!(names(&agrees(&stage, 0), "deleted"), ["bob"]);
        stage.run(&["restore", "bob"]).expect_code(0);
        let run = agrees(&stage, 0);
        assert_eq!(run["counts"]["unchanged"], 6, "{run:#}");
        assert_eq!(stage.user("bob")["status"], "restored");
        stage.configure_directory("page_size = 2");
        agrees(&stage, 0);
        stage.change(|directory| directory.reanimate(guid, STAFF));
        assert_eq!(names(&agrees(&stage, 0), "modified"), ["bob"]);
        assert_eq!(stage.user("bob")["status"], "ok");
    }
}

#[test]
fn a_removed_user_that_is_restored_with_old_values() {
    let stage = stage();
    stage.run(&["remove", "bob"]).expect_code(0);
    stage.set("bob", "mail", "new@example.com");
    agrees(&stage, 0);
    stage.run(&["restore", "bob"]).expect_code(0);
    assert_eq!(names(&agrees(&stage, 0), "modified"), ["bob"]);
}

#[test]
fn everything_at_once() {
    let stage = marked_with_tombstones(&[USERS, &["frank", "gina", "henry", "ines"]].concat());
    stage
        .run(&["add", "zoe", "--email", "zoe@example.com"])
        .expect_code(0);
    stage.change(|directory| directory.add_user(User::new("newcomer")));
    stage.set(&dn("alice"), "sAMAccountName", "swapping");
    stage.set(&dn("bob"), "sAMAccountName", "alice");
    stage.set(&dn("alice"), "sAMAccountName", "bob");
    stage.set("carol", "mail", "zoe@example.com");
    stage.change(|directory| directory.delete("dave"));
    stage.change(|directory| directory.move_to("erin", ELSEWHERE));
    stage.set(&dn("frank"), "sAMAccountName", "");
    stage.set("gina", "mail", "dave@example.com");
    stage.change(|directory| directory.rename("henry", "CN=Henry Jones"));
    let run = agrees(&stage, 7);
    for (bucket, users) in [
        ("modified", &["alice", "bob", "gina"][..]),
        ("duplicate", &["carol"]),
        ("deleted", &["dave"]),
        ("out_of_scope", &["erin"]),
        ("failed", &["frank"]),
    ] {
        assert_eq!(names(&run, bucket), users, "{bucket}");
    }
    assert_eq!(run["counts"]["checked"], 10);
    assert_eq!(run["counts"]["unchanged"], 3, "henry, ines and the witness");
}

#[test]
fn a_change_in_a_store_of_many_that_the_directory_has_few_of() {
    let stage = Stage::with_many(40);
    stage
        .run(&["import", "--users", "u000003,u000005,u000007"])
        .expect_code(0);
    full(&stage, 0);
    let witness = crate::mark::mark(&stage).witness;
    let others = ["u000003", "u000005", "u000007"];
    let is_other = |user: &&&str| text(&stage.user(user), "guid") != witness.to_string();
    let others: Vec<&str> = others.iter().filter(is_other).copied().collect();
    stage.set(others[0], "mail", "new@example.com");
    stage.change(|directory| directory.delete(others[1]));
    let run = agrees(&stage, 0);
    assert_eq!(names(&run, "modified"), [others[0]]);
    assert_eq!(names(&run, "missing"), [others[1]]);
    a_day_passes(&stage);
    assert_eq!(names(&agrees(&stage, 0), "deleted"), [others[1]]);
    assert_eq!(delta(&stage, 0)["counts"]["unchanged"], 2);
}

#[test]
fn an_ou_that_is_renamed_ends_nobody_and_makes_the_run_a_full_one() {
    let stage = stage();
    stage.change(|directory| directory.move_to("alice", &sales()));
    agrees(&stage, 0);
    stage.change(|directory| directory.rename(&sales(), "OU=Marketing"));
    let run = full(&stage, 0);
    assert_eq!(run["counts"]["unchanged"], 6, "{run:#}");
    assert_eq!(
        stage.user("alice")["dn"],
        format!("CN=alice,OU=Marketing,{STAFF}")
    );
    stage.change(|directory| directory.rename(&format!("OU=Marketing,{STAFF}"), "OU=Sales"));
    stage.set("alice", "mail", "new@example.com");
    let run = full(&stage, 0);
    assert_eq!(names(&run, "modified"), ["alice"]);
    assert_eq!(stage.user("alice")["dn"], format!("CN=alice,{}", sales()));
    delta(&stage, 0);
}

#[test]
fn an_ou_that_is_new_moves_nobody() {
    let stage = stage();
    let further = format!("OU=Further,{STAFF}");
    stage.change(|directory| directory.add(&further, [("objectClass", "organizationalUnit")]));
    assert_eq!(delta(&stage, 0)["counts"]["unchanged"], 6);
}
