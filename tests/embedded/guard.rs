//! The guard: no run deletes more than is usual, unless an administrator says the number.

use testdir::{TestDir, What, When};

use crate::support::embedded::{ELSEWHERE, STAFF, Stage, assert_says, names};

/// Imported users, `u000001` and on, of whom the first ones have left the directory.
fn with_departures(users: usize, gone: usize) -> Stage {
    let stage = Stage::imported_many(users);
    leave(&stage, 1..=gone);
    stage
}

fn leave(stage: &Stage, who: impl IntoIterator<Item = usize>) {
    for i in who {
        stage.change(|directory| directory.delete(&format!("u{i:06}")));
    }
}

/// Fails unless a sync with these arguments is refused for that many deletions, shows them, and
/// changes nothing, rehearsed or not.
#[track_caller]
fn is_refused(stage: &Stage, deletions: usize, arguments: &[&str]) {
    let contents = stage.contents();
    let arguments = [&["sync"], arguments].concat();
    for extra in [&[][..], &["--dry-run"]] {
        let arguments = [arguments.as_slice(), extra].concat();
        let answer = stage.run(&arguments).expect_code(4);
        assert_says(
            &answer,
            &[
                "error: refused: ",
                &format!("{deletions} users"),
                "would be deleted",
                "nothing was changed",
                &format!("--allow-deletes {deletions}"),
            ],
        );
        let shown = answer
            .stdout
            .lines()
            .filter(|it| it.starts_with("deleted "));
        assert_eq!(shown.count(), deletions, "{answer}");
        let summary = format!("{deletions} deleted");
        assert!(answer.stdout.contains(&summary), "{answer}");

        let run = stage.json(4, &arguments);
        // A refused run is in the history, a rehearsed one is not.
        assert_eq!(run["run"].is_i64(), extra.is_empty());
        assert_eq!(names(&run, "deleted").len(), deletions);
        assert_eq!(run["counts"]["deleted"], deletions);
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

#[test]
fn a_lost_right_deletes_nobody() {
    let stage = Stage::imported_many(50);
    for i in 1..=25 {
        stage
            .directory
            .fault(When::search(), What::hide(&format!("u{i:06}")));
    }
    is_refused(&stage, 25, &[]);
    is_refused(&stage, 25, &["--allow-deletes", "24"]);
    is_refused(&stage, 25, &["--allow-deletes", "26"]);
    assert_eq!(stage.usernames().len(), 50);

    let run = stage.json(0, &["sync", "--allow-deletes", "25"]);
    let gone: Vec<String> = (1..=25).map(|i| format!("u{i:06}")).collect();
    assert_eq!(names(&run, "deleted"), gone);
    let left: Vec<String> = (26..=50).map(|i| format!("u{i:06}")).collect();
    assert_eq!(stage.usernames(), left);
}

#[test]
fn an_empty_directory_that_answers_success_deletes_nobody() {
    let stage = Stage::imported_many(3);
    stage.directory.fault(When::search(), What::Empty);
    is_refused(&stage, 3, &[]);
    is_refused(&stage, 2, &["--users", "u000001,u000003"]);
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
    let answer = stage.run(&["sync"]).expect_code(4);
    assert_says(&answer, &["1 user would be deleted", "--allow-deletes 1"]);
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
    is_refused(&stage, 8, &[]);
}
