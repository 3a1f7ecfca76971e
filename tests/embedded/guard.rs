//! The guard: no run deletes more than is usual, unless an administrator says the number.

use testdir::{TestDir, What, When};

use crate::support::embedded::{ELSEWHERE, STAFF, Stage, assert_says, names};

/// Imported users, `u000001` and on, of whom the first ones have left the directory, as their tombstones say.
fn with_departures(users: usize, gone: usize) -> Stage {
    let stage = Stage::imported_many(users);
    stage.directory.see_tombstones(true);
    leave(&stage, 1..=gone);
    stage
}

fn leave(stage: &Stage, who: impl IntoIterator<Item = usize>) {
    for i in who {
        stage.change(|directory| directory.delete(&format!("u{i:06}")));
    }
}

/// What a run is refused for: the bucket, what would be done, and the flag.
type Reason = (&'static str, &'static str, &'static str);

const DELETED: Reason = ("deleted", "would be deleted", "--allow-deletes");
const MISSING: Reason = ("missing", "would be newly missing", "--allow-missing");

/// Fails unless a sync with these arguments is refused for that many deletions, shows them, and
/// changes nothing, rehearsed or not.
#[track_caller]
fn is_refused(stage: &Stage, deletions: usize, arguments: &[&str]) {
    is_refused_for(stage, DELETED, deletions, arguments);
}

/// The same for any reason.
#[track_caller]
fn is_refused_for(stage: &Stage, reason: Reason, users: usize, arguments: &[&str]) {
    let (bucket, what, flag) = reason;
    let contents = stage.contents();
    let arguments = [&["sync"], arguments].concat();
    for extra in [&[][..], &["--dry-run"]] {
        let arguments = [arguments.as_slice(), extra].concat();
        let answer = stage.run(&arguments).expect_code(4);
        assert_says(
            &answer,
            &[
                "error: refused: ",
                &format!("{users} users"),
                what,
                "nothing was changed",
                &format!("{flag} {users}"),
            ],
        );
        let shown = answer
            .stdout
            .lines()
            .filter(|it| it.starts_with(&format!("{bucket} ")));
        assert_eq!(shown.count(), users, "{answer}");
        let summary = format!("{users} {bucket}");
        assert!(answer.stdout.contains(&summary), "{answer}");

        let run = stage.json(4, &arguments);
        // A refused run is in the history, a rehearsed one is not.
        assert_eq!(run["run"].is_i64(), extra.is_empty());
        assert_eq!(names(&run, bucket).len(), users);
        assert_eq!(run["counts"][bucket], users);
        assert_eq!(run["error"]["kind"], "guard");
        assert!(run["error"]["message"].is_string() && run["error"]["hint"].is_string());
        assert_eq!(run["dry_run"], !extra.is_empty());
    }
    stage.contents().assert_only_noted(&contents, "refused");
}

#[test]
fn a_base_that_does_not_exist_is_an_error() {
    let mut stage = Stage::imported_many(3);
    stage.configure(|settings| settings.base_dn = Some(format!("OU=Staf,{STAFF}")));
    let contents = stage.contents();
    for arguments in [&["sync"][..], &["sync", "--users", "u000001"]] {
        let answer = stage.run(arguments).expect_code(5);
        assert_says(
            &answer,
            &["32 noSuchObject", "OU=Staf,", "hint: check base_dn"],
        );
        stage.contents().assert_only_noted(&contents, "failed");
    }
}

#[test]
fn a_filter_that_matches_nobody_deletes_nobody() {
    let mut stage = Stage::imported_many(20);
    stage.configure_directory("filter = \"(&(objectClass=user)(department=Slaes))\"");
    let run = stage.sync(0);
    assert_eq!(run["counts"]["out_of_scope"], 20);
    assert_eq!(run["counts"]["deleted"], 0);
    let users = stage.users();
    assert_eq!(users.len(), 20);
    assert!(users.iter().all(|user| user["status"] == "out_of_scope"));

    // The filter is mended, and all is as before.
    stage.configure(|settings| settings.more_directory.clear());
    assert_eq!(stage.sync(0)["counts"]["unchanged"], 20);
    assert!(stage.users().iter().all(|user| user["status"] == "ok"));
}

#[test]
fn a_filter_that_matches_nobody_is_refused_where_it_would_delete() {
    let mut stage = Stage::imported_many(20);
    stage.configure_directory("filter = \"(&(objectClass=user)(department=Slaes))\"");
    stage.configure_sync("out_of_scope = \"delete\"");
    is_refused(&stage, 20, &[]);
}

/// The rights to half of the users are lost: they are neither found nor, as on AD, told apart from nobody.
#[test]
fn a_lost_right_deletes_nobody() {
    let stage = Stage::imported_many(50);
    for i in 1..=25 {
        let denied = stage.directory.deny(&format!("u{i:06}"));
        denied.expect("it is there");
    }
    is_refused_for(&stage, MISSING, 25, &[]);
    is_refused_for(&stage, MISSING, 25, &["--allow-missing", "24"]);
    is_refused_for(&stage, MISSING, 25, &["--allow-missing", "26"]);
    // Nor is waiting what they lack: there is an entry at each of their DNs.
    is_refused_for(&stage, MISSING, 25, &["--delete-missing"]);
    is_refused_for(
        &stage,
        MISSING,
        25,
        &["--delete-missing", "--allow-deletes", "25"],
    );

    let hidden: Vec<String> = (1..=25).map(|i| format!("u{i:06}")).collect();
    let run = stage.json(0, &["sync", "--delete-missing", "--allow-missing", "25"]);
    assert_eq!(names(&run, "missing"), hidden);
    assert_eq!(run["counts"]["deleted"], 0);
    assert_eq!(stage.usernames().len(), 50);
    // Once they are known to be missing they are not so newly.
    assert_eq!(stage.sync(0)["counts"]["missing"], 25);
    stage.directory.allow_all();
    assert_eq!(stage.sync(0)["counts"]["unchanged"], 50);
    assert!(stage.users().iter().all(|user| user["status"] == "ok"));
}

/// On a server that does not even say that there is an entry nothing tells them from those that were deleted: then it
/// takes time, and an administrator who says the number.
#[test]
fn users_that_are_hidden_without_a_trace_are_deleted_in_time_and_by_the_number_only() {
    let stage = Stage::imported_many(50);
    for i in 1..=25 {
        stage
            .directory
            .fault(When::search(), What::hide(&format!("u{i:06}")));
    }
    is_refused_for(&stage, MISSING, 25, &[]);
    is_refused(&stage, 25, &["--delete-missing"]);
    is_refused(&stage, 25, &["--delete-missing", "--allow-deletes", "24"]);
    is_refused(&stage, 25, &["--delete-missing", "--allow-deletes", "26"]);
    is_refused(&stage, 25, &["--delete-missing", "--allow-missing", "25"]);
    assert_eq!(stage.usernames().len(), 50);

    let run = stage.json(0, &["sync", "--delete-missing", "--allow-deletes", "25"]);
    let gone: Vec<String> = (1..=25).map(|i| format!("u{i:06}")).collect();
    assert_eq!(names(&run, "deleted"), gone);
    let left: Vec<String> = (26..=50).map(|i| format!("u{i:06}")).collect();
    assert_eq!(stage.usernames(), left);
}

#[test]
fn an_empty_directory_that_answers_success_deletes_nobody() {
    let stage = Stage::imported_many(8);
    let contents = stage.contents();
    stage.directory.fault(When::search(), What::Empty);
    is_refused_for(&stage, MISSING, 8, &[]);
    is_refused_for(&stage, MISSING, 8, &["--delete-missing"]);
    for arguments in [
        &["sync", "--users", "u000001,u000003"][..],
        &["sync", "--users", "u000001,u000003", "--delete-missing"],
        &["sync", "--users", "u000002", "--delete-missing"],
        &["sync", "--delete-missing", "--allow-missing", "8"],
    ] {
        let run = stage.json(0, arguments);
        assert_eq!(run["counts"]["deleted"], 0, "{run:#}");
        let reason = run["missing"][0]["reason"].as_str().unwrap_or_default();
        assert!(reason.contains("nor is any other user"), "{run:#}");
    }
    stage.directory.clear_faults();
    assert_eq!(stage.sync(0)["counts"]["unchanged"], 8);
    assert_eq!(stage.contents().users.len(), contents.users.len());
}

#[test]
fn a_page_that_is_empty_and_called_the_last_deletes_nobody() {
    let mut stage = Stage::imported_many(20);
    stage.configure_directory("page_size = 5");
    let contents = stage.contents();
    stage.directory.fault(When::page(3), What::Empty);
    // Those that did not come are looked up one by one, and are there.
    let run = stage.sync(0);
    assert_eq!(run["counts"]["unchanged"], 20);
    assert_eq!(stage.contents().users, contents.users);
}

#[test]
fn users_out_of_scope_count_where_they_are_to_be_deleted() {
    let mut stage = Stage::imported_many(20);
    stage.configure_sync("out_of_scope = \"delete\"");
    for i in 1..=6 {
        stage.change(|directory| directory.move_to(&format!("u{i:06}"), ELSEWHERE));
    }
    is_refused(&stage, 6, &[]);
    stage.change(|directory| directory.move_to("u000006", STAFF));
    let run = stage.sync(0);
    assert_eq!(names(&run, "deleted").len(), 5);
    assert_eq!(run["deleted"][0]["evidence"], "out_of_scope");
}

#[test]
fn max_deletes_is_a_number() {
    let mut stage = with_departures(20, 3);
    stage.configure_sync("max_deletes = 2");
    is_refused(&stage, 3, &[]);
    stage.configure(|settings| settings.more_sync = "max_deletes = 3".to_owned());
    assert_eq!(names(&stage.sync(0), "deleted").len(), 3);
    stage.configure(|settings| settings.more_sync = "max_deletes = 0".to_owned());
    leave(&stage, [4]);
    is_refused_one(
        &stage,
        "1 user would be deleted, after 3 in the last 7 days; max_deletes = 0 lets 0 of 17 imported users through",
        "--allow-deletes 1",
    );
}

#[test]
fn max_deletes_is_a_share_of_all_imported_users() {
    // 10% of 61, rounded up, are 7.
    let stage = with_departures(61, 8);
    is_refused(&stage, 8, &[]);
    let stage = with_departures(61, 7);
    assert_eq!(names(&stage.sync(0), "deleted").len(), 7);

    let mut stage = with_departures(50, 11);
    stage.configure_sync("max_deletes = \"20%\"");
    is_refused(&stage, 11, &[]);
    stage.configure(|settings| settings.more_sync = "max_deletes = \"21%\"".to_owned());
    assert_eq!(names(&stage.sync(0), "deleted").len(), 11);
}

#[test]
fn a_share_is_never_fewer_than_five() {
    let stage = with_departures(10, 5);
    assert_eq!(names(&stage.sync(0), "deleted").len(), 5);
    let stage = with_departures(10, 6);
    is_refused(&stage, 6, &[]);
}

#[test]
fn max_missing_is_a_share_or_a_number() {
    let forgotten = |users: usize, gone: usize| {
        let stage = Stage::imported_many(users);
        for i in 1..=gone {
            let name = format!("u{i:06}");
            stage.change(|directory| directory.delete(&name));
        }
        stage
    };
    let stage = forgotten(61, 8);
    is_refused_for(&stage, MISSING, 8, &[]);
    let stage = forgotten(61, 7);
    assert_eq!(stage.sync(0)["counts"]["missing"], 7);
    let stage = forgotten(10, 6);
    is_refused_for(&stage, MISSING, 6, &[]);
    let mut stage = forgotten(10, 3);
    stage.configure_sync("max_missing = 2");
    is_refused_for(&stage, MISSING, 3, &[]);
    let run = stage.json(0, &["sync", "--allow-missing", "3"]);
    assert_eq!(run["counts"]["missing"], 3);
    // Those are known; the limit is about who is missing newly.
    let run = stage.sync(0);
    assert_eq!(run["counts"]["missing"], 3);
    for i in 4..=5 {
        let name = format!("u{i:06}");
        stage.change(|directory| directory.delete(&name));
    }
    assert_eq!(stage.sync(0)["counts"]["missing"], 5);
}

#[test]
fn the_guard_counts_for_named_users_as_well() {
    let stage = with_departures(20, 6);
    let named = "u000001,u000002,u000003,u000004,u000005,u000006,u000007";
    is_refused(&stage, 6, &["--users", named]);
}

#[test]
fn a_run_that_would_delete_everybody_is_refused() {
    let stage = with_departures(2, 2);
    is_refused(&stage, 2, &[]);
    let stage = with_departures(20, 2);
    is_refused(&stage, 2, &["--users", "u000001,u000002"]);
    // With one that stays it is an ordinary run.
    stage
        .run(&["sync", "--users", "u000001,u000002,u000003"])
        .expect_code(0);
    assert_eq!(stage.usernames().len(), 18);
}

#[test]
fn one_user_that_has_left_is_deleted() {
    let stage = with_departures(20, 2);
    let run = stage.json(0, &["sync", "--users", "u000001"]);
    assert_eq!(names(&run, "deleted"), ["u000001"]);
    let stage = with_departures(1, 1);
    assert_eq!(names(&stage.sync(0), "deleted"), ["u000001"]);
}

/// Whom an administrator names alone is meant, whatever the limits are.
#[test]
fn one_user_that_is_named_needs_no_number() {
    let mut stage = with_departures(20, 1);
    stage.configure_sync("max_deletes = 0");
    is_refused_one(&stage, "1 user would be deleted", "--allow-deletes 1");
    let run = stage.json(0, &["sync", "--users", "u000001"]);
    assert_eq!(names(&run, "deleted"), ["u000001"]);
}

#[track_caller]
fn is_refused_one(stage: &Stage, says: &str, flag: &str) {
    let contents = stage.contents();
    let answer = stage.run(&["sync"]).expect_code(4);
    assert_says(&answer, &[says, flag]);
    stage.contents().assert_only_noted(&contents, "refused");
}

#[test]
fn a_number_that_is_not_needed_does_no_harm() {
    let stage = with_departures(20, 1);
    let run = stage.json(0, &["sync", "--allow-deletes", "7"]);
    assert_eq!(names(&run, "deleted"), ["u000001"]);
}

#[test]
fn another_directory_altogether_deletes_nobody() {
    let mut stage = Stage::imported_many(8);
    let other = TestDir::start().expect("a free port");
    for i in 1..=8_u8 {
        // The same names, but not the same people.
        let user = testdir::User::new(&format!("u{i:06}")).with("objectGUID", [[i; 16]]);
        other.add_user(user).expect("a user");
    }
    let url = other.url();
    stage.configure(|settings| settings.urls = vec![url]);
    is_refused_for(&stage, MISSING, 8, &[]);
    is_refused_for(&stage, MISSING, 8, &["--delete-missing"]);
    let run = stage.json(0, &["sync", "--delete-missing", "--allow-missing", "8"]);
    assert_eq!(run["counts"]["deleted"], 0);
    assert_eq!(run["counts"]["missing"], 8);
}
