//! The guard beyond deletions: users who lose a value, are disabled, or change at all; the last seven days; what it says;
//! and the number that lets exactly that through.

use testdir::User;

use crate::support::embedded::{ELSEWHERE, STAFF, Stage, assert_says, names};
use crate::support::store::age;

fn name(number: usize) -> String {
    format!("u{number:06}")
}

/// Changes the first users, `u000001` and on.
fn each(stage: &Stage, users: impl IntoIterator<Item = usize>, change: impl Fn(&Stage, &str)) {
    for number in users {
        change(stage, &name(number));
    }
}

fn disable(stage: &Stage, user: &str) {
    stage.set(user, "userAccountControl", "514");
}

/// Fails unless a run is refused with these words, rehearsed or not, and nothing is changed.
#[track_caller]
fn is_refused(stage: &Stage, arguments: &[&str], error: &str, hint: &str) {
    let before = stage.contents();
    for more in [&["--dry-run"][..], &[]] {
        let answer = stage.run(&[arguments, more].concat()).expect_code(4);
        let lines: Vec<&str> = answer.stderr.lines().collect();
        let said = format!("error: refused: {error}; nothing was changed");
        assert!(lines.contains(&said.as_str()), "{said:?}\n{answer}");
        let said = format!("hint: {hint}");
        assert!(lines.contains(&said.as_str()), "{said:?}\n{answer}");
        assert!(
            answer.stdout.ends_with("(refused: nothing was changed)\n"),
            "{answer}"
        );
    }
    stage.contents().assert_only_noted(&before, "refused");
}

#[test]
fn the_right_to_read_an_attribute_is_lost() {
    let stage = Stage::imported_many(50);
    stage.directory.hide_attribute("mail", STAFF).expect("a DN");
    let error = "50 users would lose the email address; \
                 max_cleared = 10% lets 5 of 50 imported users with an email address through";
    let hint = "none of the users that were read has an email address; \
                the account may have lost the right to read mail";
    let flag = "; if all 50 are meant, say --allow-cleared 50";
    for arguments in [
        &["sync"][..],
        &["sync", "--full"],
        &["sync", "--allow-deletes", "50"],
        &["sync", "--allow-cleared", "49"],
        &["sync", "--allow-cleared", "51,49"],
        &["sync", "--allow-modified", "50"],
        &["import", "--all"],
    ] {
        is_refused(&stage, arguments, error, &format!("{hint}{flag}"));
    }
    // They change, too, and that is more than half of them.
    is_refused(
        &stage,
        &["sync", "--allow-cleared", "50"],
        "50 users would be modified; max_modified = 50% lets 25 of 50 imported users through",
        "check what would change; an attribute may mean something else now; \
         if all 50 are meant, say --allow-modified 50",
    );
    let meant = ["sync", "--allow-cleared", "50", "--allow-modified", "50"];
    let run = stage.json(0, &meant);
    assert_eq!(run["counts"]["modified"], 50);
    assert!(stage.users().iter().all(|user| user["email"].is_null()));
}

#[test]
fn each_field_that_is_lost_has_its_number() {
    let mut stage = Stage::with_many(50);
    each(&stage, 31..=50, |stage, user| {
        stage.set(user, "telephoneNumber", "");
    });
    stage.run(&["import", "--all"]).expect_code(0);
    stage.configure_sync("max_modified = \"100%\"");
    for attribute in ["mail", "telephoneNumber"] {
        stage
            .directory
            .hide_attribute(attribute, STAFF)
            .expect("a DN");
    }
    let numbers = "30 users would lose the contact number; \
                   max_cleared = 10% lets 5 of 30 imported users with a contact number through";
    let hint = "none of the users that were read has a contact number; the account may have lost the right \
                to read telephoneNumber; if all 30 are meant, say --allow-cleared 30";
    is_refused(&stage, &["sync", "--allow-cleared", "50"], numbers, hint);
    for wrong in ["30", "50,29", "49,30", "80"] {
        stage
            .run(&["sync", "--allow-cleared", wrong])
            .expect_code(4);
    }
    for right in [
        &["--allow-cleared", "50,30"][..],
        &["--allow-cleared", "30,50"],
        &["--allow-cleared=50", "--allow-cleared=30"],
    ] {
        stage
            .run(&[&["sync", "--dry-run"], right].concat())
            .expect_code(0);
    }
    stage
        .run(&["sync", "--allow-cleared", "50,30"])
        .expect_code(0);
    assert_eq!(stage.sync(0)["counts"]["unchanged"], 50);
}

#[test]
fn a_few_who_lose_a_value_need_no_number() {
    let mut stage = Stage::imported_many(61);
    let clear = |stage: &Stage, user: &str| stage.set(user, "sn", "");
    each(&stage, 1..=8, clear);
    is_refused(
        &stage,
        &["sync"],
        "8 users would lose the last name; max_cleared = 10% lets 7 of 61 imported users with a last name through",
        "check in the directory whether the last name was removed; the account may have lost the right to read sn; \
         if all 8 are meant, say --allow-cleared 8",
    );
    stage.set(&name(8), "sn", "Last8");
    assert_eq!(stage.sync(0)["counts"]["modified"], 7);
    // Of those who have one, never fewer than five; a number is that number.
    each(&stage, 8..=12, clear);
    stage.configure_sync("max_cleared = \"1%\"");
    assert_eq!(stage.sync(0)["counts"]["modified"], 5);
    stage.configure(|settings| settings.more_sync = "max_cleared = 0".to_owned());
    each(&stage, [13], clear);
    is_refused(
        &stage,
        &["sync"],
        "1 user would lose the last name; max_cleared = 0 lets 0 of 49 imported users with a last name through",
        "check in the directory whether the last name was removed; the account may have lost the right to read sn; \
         if it is meant, say --allow-cleared 1",
    );
    // Whom an administrator names alone is meant.
    stage.run(&["sync", "--users", &name(13)]).expect_code(0);
    assert_eq!(stage.user(&name(13))["last_name"], serde_json::Value::Null);
}

#[test]
fn accounts_that_are_disabled() {
    let mut stage = Stage::imported_many(61);
    each(&stage, 1..=8, disable);
    let hint = "check in the directory whether that many accounts were disabled; \
                if all 8 are meant, say --allow-disabled 8";
    let error =
        "8 users would be disabled; max_disabled = 10% lets 7 of 61 enabled imported users through";
    for arguments in [
        &["sync"][..],
        &["sync", "--allow-disabled", "7"],
        &["sync", "--allow-modified", "8"],
        &["import", "--all"],
    ] {
        is_refused(&stage, arguments, error, hint);
    }
    stage.run(&["sync", "--allow-disabled", "8"]).expect_code(0);
    // Of those who are enabled. What was said does not count in.
    stage.configure_sync("max_disabled = \"12%\"");
    each(&stage, 9..=16, disable);
    is_refused(
        &stage,
        &["sync"],
        "8 users would be disabled; max_disabled = 12% lets 7 of 53 enabled imported users through",
        hint,
    );
    stage.set(&name(16), "userAccountControl", "512");
    assert_eq!(stage.sync(0)["counts"]["modified"], 7);
    // Who is enabled again is no matter of this limit.
    stage.configure(|settings| settings.more_sync = "max_disabled = 0".to_owned());
    each(&stage, 1..=16, |stage, user| {
        stage.set(user, "userAccountControl", "512");
    });
    assert_eq!(stage.sync(0)["counts"]["modified"], 15);
}

#[test]
fn users_who_change_at_all() {
    let mut stage = Stage::imported_many(50);
    let rename = |stage: &Stage, user: &str| stage.set(user, "sn", &format!("New {user}"));
    each(&stage, 1..=26, rename);
    let hint = "check what would change; an attribute may mean something else now; \
                if all 26 are meant, say --allow-modified 26";
    let error =
        "26 users would be modified; max_modified = 50% lets 25 of 50 imported users through";
    for arguments in [
        &["sync"][..],
        &["sync", "--full"],
        &["sync", "--allow-modified", "25"],
        &["import", "--all"],
    ] {
        is_refused(&stage, arguments, error, hint);
    }
    stage
        .run(&["sync", "--dry-run", "--allow-modified", "26"])
        .expect_code(0);
    stage
        .run(&["import", "--all", "--dry-run", "--allow-modified", "26"])
        .expect_code(0);
    stage.set(&name(26), "sn", "Last26");
    assert_eq!(stage.sync(0)["counts"]["modified"], 25);

    // A share is never fewer than twenty.
    stage.configure_sync("max_modified = \"1%\"");
    let again = |stage: &Stage, user: &str| stage.set(user, "sn", &format!("Newer {user}"));
    each(&stage, 1..=21, again);
    stage.run(&["sync"]).expect_code(4);
    stage.set(&name(21), "sn", "New u000021");
    assert_eq!(stage.sync(0)["counts"]["modified"], 20);
    // A number is.
    stage.configure(|settings| settings.more_sync = "max_modified = 3".to_owned());
    each(&stage, 1..=4, rename);
    stage.run(&["sync"]).expect_code(4);
    stage
        .run(&["sync", "--users", "u000001,u000002,u000003,u000004"])
        .expect_code(4);
    assert_eq!(
        names(&stage.json(0, &["sync", "--users", "u000001"]), "modified"),
        ["u000001"]
    );
    assert_eq!(stage.sync(0)["counts"]["modified"], 3);
}

#[test]
fn an_import_of_one_user_is_meant() {
    let mut stage = Stage::imported_many(3);
    stage.configure_sync("max_modified = 0\nmax_cleared = 0\nmax_disabled = 0");
    each(&stage, 1..=3, |stage, user| {
        stage.set(user, "mail", "");
        disable(stage, user);
    });
    stage.run(&["import", "--all"]).expect_code(4);
    stage
        .run(&["import", "--users", "u000001,u000002"])
        .expect_code(4);
    stage
        .run(&["import", "--filter", "(cn=u000001)"])
        .expect_code(4);
    stage.run(&["import", "--users", "u000001"]).expect_code(0);
    assert_eq!(stage.user("u000001")["enabled"], false);
}

#[test]
fn new_users_and_moves_within_the_scope_are_no_matter_of_a_limit() {
    let mut stage = Stage::with_many(30);
    stage.configure_sync(
        "max_deletes = 0\nmax_cleared = 0\nmax_disabled = 0\nmax_modified = 0\nmax_missing = 0",
    );
    stage.run(&["import", "--all"]).expect_code(0);
    stage.change(|directory| {
        directory.add_user(User::new("zoe").below(&format!("OU=Sales,{STAFF}")))
    });
    each(&stage, 1..=30, |stage, user| {
        stage.change(|directory| directory.move_to(user, &format!("OU=Sales,{STAFF}")));
    });
    assert_eq!(stage.sync(0)["counts"]["unchanged"], 30);
    // Nor is that somebody left the scope and is kept as it is.
    each(&stage, 1..=30, |stage, user| {
        stage.change(|directory| directory.move_to(user, ELSEWHERE));
    });
    assert_eq!(stage.sync(0)["counts"]["out_of_scope"], 30);
}

// The settings are the likely cause.

#[test]
fn the_settings_that_changed_are_named() {
    let mut stage = Stage::imported_many(50);
    stage.sync(0);
    stage.sync(0);
    let run = text_of_last_run(&stage);
    // The last user has a department, and so the directory knows the attribute.
    stage.set(&name(50), "department", "sales@example.com");
    stage.configure(|settings| settings.more_attributes = "email = \"department\"".to_owned());
    let error = "49 users would lose the email address; \
                 max_cleared = 10% lets 5 of 50 imported users with an email address through";
    let hint = format!(
        "the settings changed since run {run}: email: mail → department; \
         if all 49 are meant, say --allow-cleared 49"
    );
    is_refused(&stage, &["sync"], error, &hint);
    is_refused(&stage, &["import", "--all"], error, &hint);
    // Refused again, it is still the run that was carried out that they are compared with.
    is_refused(&stage, &["sync"], error, &hint);

    stage.configure(|settings| settings.more_attributes.clear());
    stage.configure_directory("filter = \"(&(objectClass=user)(sn=Last1*))\"");
    stage.configure_sync("out_of_scope = \"delete\"");
    let answer = stage.run(&["sync"]).expect_code(4);
    assert_says(
        &answer,
        &[
            &format!("hint: the settings changed since run {run}: "),
            "filter: (&(objectCategory=person)(objectClass=user)",
            " → (&(objectClass=user)(sn=Last1*))",
            "out_of_scope: keep → delete",
            "say --allow-deletes 39",
        ],
    );
    // With settings that are as they were the cause is another.
    stage.configure(|settings| {
        settings.more_directory.clear();
        settings.more_sync.clear();
    });
    stage.directory.hide_attribute("mail", STAFF).expect("a DN");
    let answer = stage.run(&["sync", "--full"]).expect_code(4);
    assert_says(
        &answer,
        &["hint: none of the users that were read has an email"],
    );
}

/// The number of the last run.
fn text_of_last_run(stage: &Stage) -> i64 {
    let history = stage.json(0, &["history", "--limit", "1"]);
    history["runs"][0]["run"].as_i64().expect("a number")
}

// A little every night.

#[test]
fn disablings_of_the_last_seven_days_count_in() {
    let stage = Stage::imported_many(30);
    each(&stage, 1..=3, disable);
    let first = stage.sync(0)["run"].as_i64().expect("a number");
    each(&stage, 4..=6, disable);
    is_refused(
        &stage,
        &["sync"],
        "3 users would be disabled, after 3 in the last 7 days; max_disabled = 10% lets 5 of 27 enabled imported users through",
        "check in the directory whether that many accounts were disabled; \
         if all 3 are meant, say --allow-disabled 3",
    );
    age(&stage, first, 7 * 24 * 3600 - 60);
    stage.run(&["sync", "--dry-run"]).expect_code(4);
    age(&stage, first, 7 * 24 * 3600 + 60);
    stage.run(&["sync"]).expect_code(0);
    // These three count in now.
    each(&stage, 7..=9, disable);
    stage.run(&["sync"]).expect_code(4);
    // Said, they do not later.
    stage.run(&["sync", "--allow-disabled", "3"]).expect_code(0);
    each(&stage, 10..=11, disable);
    stage.run(&["sync"]).expect_code(0);
    each(&stage, [12], disable);
    stage.run(&["sync"]).expect_code(4);
    // Who is enabled again, or changes otherwise, is not held up by what was.
    stage.set(&name(12), "userAccountControl", "512");
    each(&stage, 1..=6, |stage, user| {
        stage.set(user, "userAccountControl", "512");
    });
    stage.run(&["sync"]).expect_code(0);
}

#[test]
fn deletions_of_the_last_seven_days_count_in() {
    let stage = Stage::imported_many(30);
    stage.directory.see_tombstones(true);
    let delete = |stage: &Stage, user: &str| stage.change(|directory| directory.delete(user));
    each(&stage, 1..=3, delete);
    let first = stage.sync(0)["run"].as_i64().expect("a number");
    each(&stage, 4..=6, delete);
    is_refused(
        &stage,
        &["sync"],
        "3 users would be deleted, after 3 in the last 7 days; max_deletes = 10% lets 5 of 27 imported users through",
        "check in the directory whether that many were deleted; if all 3 are meant, say --allow-deletes 3",
    );
    // Named alone they are meant, and do not count; nor do those that are taken out.
    stage.run(&["sync", "--users", &name(4)]).expect_code(0);
    stage.run(&["remove", &name(5)]).expect_code(0);
    each(&stage, [7], delete);
    stage.run(&["sync"]).expect_code(0);
    each(&stage, [8], delete);
    stage.run(&["sync"]).expect_code(4);
    stage.run(&["sync", "--allow-deletes", "1"]).expect_code(0);
    each(&stage, [9], delete);
    stage.run(&["sync"]).expect_code(4);
    age(&stage, first, 8 * 24 * 3600);
    stage.run(&["sync"]).expect_code(0);
}

#[test]
fn what_a_refused_run_would_have_done_does_not_count_in() {
    let stage = Stage::imported_many(30);
    each(&stage, 1..=6, disable);
    for _ in 0..3 {
        stage.run(&["sync"]).expect_code(4);
    }
    stage.set(&name(6), "userAccountControl", "512");
    stage.run(&["sync"]).expect_code(0);
}

#[test]
fn who_is_deleted_for_having_been_missing_counts_too() {
    let stage = Stage::imported_many(30);
    let delete = |stage: &Stage, user: &str| stage.change(|directory| directory.delete(user));
    each(&stage, 1..=5, delete);
    assert_eq!(stage.sync(0)["counts"]["missing"], 5);
    each(&stage, 6..=8, delete);
    assert_eq!(stage.sync(0)["counts"]["missing"], 8);
    is_refused(
        &stage,
        &["sync", "--delete-missing"],
        "8 users would be deleted; max_deletes = 10% lets 5 of 30 imported users through",
        "check in the directory whether they were deleted; the account may have lost the right to see them; \
         if all 8 are meant, say --allow-deletes 8",
    );
    let run = stage.json(0, &["sync", "--delete-missing", "--allow-deletes", "8"]);
    assert_eq!(run["counts"]["deleted"], 8);
}
