//! Why a user is deleted, and who only left the scope.

use testdir::{What, When};

use crate::support::embedded::{ELSEWHERE, STAFF, Stage, assert_says, names, text};

/// Whom a run looks at decides nothing about bob.
const WAYS: [&[&str]; 4] = [
    &["sync"],
    &["sync", "--full"],
    &["sync", "--users", "bob"],
    &["sync", "--users", "alice,bob"],
];

/// Why a user outside the scope is marked.
pub(crate) const OUTSIDE: &str = "in the domain, but outside base_dn and filter";

#[test]
fn a_tombstone_deletes_at_once_for_an_account_that_may_see_it() {
    for arguments in WAYS {
        let stage = Stage::imported(&["alice", "bob"]);
        stage.directory.see_tombstones(true);
        stage.change(|directory| directory.delete("bob"));
        let run = stage.json(0, arguments);
        assert_eq!(names(&run, "deleted"), ["bob"]);
        assert_eq!(text(&run["deleted"][0], "evidence"), "tombstone");
        assert_eq!(run["counts"]["missing"], 0);
        assert_eq!(stage.usernames(), ["alice"]);
        let noted = &stage.contents().changes;
        assert!(noted.iter().any(|it| it.contains("tombstone")), "{noted:?}");
    }
}

#[test]
fn an_account_that_sees_none_marks_first_and_deletes_when_it_need_not_wait() {
    for arguments in WAYS {
        let mut stage = Stage::imported(&["alice", "bob"]);
        stage.change(|directory| directory.delete("bob"));
        let run = stage.json(0, arguments);
        assert_eq!(names(&run, "missing"), ["bob"], "{run:#}");
        assert_eq!(run["counts"]["deleted"], 0, "{run:#}");
        assert_eq!(stage.usernames(), ["alice", "bob"]);

        stage.configure_sync("missing_after = \"0\"");
        let run = stage.json(0, arguments);
        assert_eq!(names(&run, "deleted"), ["bob"], "{run:#}");
        assert_eq!(text(&run["deleted"][0], "evidence"), "absent");
        assert_eq!(stage.usernames(), ["alice"]);
        let noted = &stage.contents().changes;
        assert!(noted.iter().any(|it| it.contains("absent")), "{noted:?}");
    }
}

#[test]
fn a_user_that_left_the_base_is_kept_in_step_and_marked() {
    for arguments in WAYS {
        let stage = Stage::imported(&["alice", "bob"]);
        stage.change(|directory| directory.move_to("bob", ELSEWHERE));
        stage.set("bob", "mail", "new@example.com");
        let run = stage.json(0, arguments);
        // In one bucket: what changed is news, that it is outside stands in the store.
        assert_eq!(names(&run, "modified"), ["bob"], "{run:#}");
        assert_eq!(run["counts"]["out_of_scope"], 0, "{run:#}");
        let dn = format!("CN=bob,{ELSEWHERE}");
        assert_eq!(run["modified"][0]["dn"], dn);
        let bob = stage.user("bob");
        assert_eq!(bob["status"], "out_of_scope");
        assert_eq!(bob["reason"], OUTSIDE);
        assert_eq!(bob["email"], "new@example.com");
        assert_eq!(bob["dn"], dn);

        let rows = stage.contents().users;
        let run = stage.json(0, arguments);
        assert_eq!(names(&run, "out_of_scope"), ["bob"], "{run:#}");
        assert_eq!(run["out_of_scope"][0]["dn"], dn);
        assert_eq!(stage.contents().users, rows, "nothing is written again");

        // And when it comes back it is in scope again.
        stage.change(|directory| directory.move_to("bob", STAFF));
        stage.set("bob", "mail", "newer@example.com");
        let run = stage.json(0, arguments);
        assert_eq!(names(&run, "modified"), ["bob"]);
        let bob = stage.user("bob");
        assert_eq!(bob["status"], "ok");
        assert_eq!(bob["reason"], serde_json::Value::Null);
        assert_eq!(bob["email"], "newer@example.com");
    }
}

#[test]
fn a_user_that_comes_back_as_it_was_is_unchanged_and_its_status_is_cleared() {
    let stage = Stage::imported(&["alice", "bob"]);
    stage.change(|directory| directory.move_to("bob", ELSEWHERE));
    stage.sync(0);
    stage.change(|directory| directory.move_to("bob", STAFF));
    let run = stage.sync(0);
    assert_eq!(run["counts"]["unchanged"], 2);
    assert_eq!(run["counts"]["modified"], 0);
    assert_eq!(stage.user("bob")["status"], "ok");
}

#[test]
fn a_table_names_a_user_that_left_the_scope_once() {
    let stage = Stage::imported(&["alice", "bob"]);
    stage.change(|directory| directory.move_to("bob", ELSEWHERE));
    let row = |stage: &Stage| {
        let answer = stage.run(&["sync"]).expect_code(0);
        assert!(answer.stdout.contains("1 out_of_scope"), "{answer}");
        answer
            .stdout
            .lines()
            .any(|it| it.starts_with("out_of_scope"))
    };
    assert!(row(&stage), "the first time it is news");
    assert!(!row(&stage), "the second time it is known");
}

#[test]
fn a_user_that_left_the_scope_and_then_the_directory_is_deleted() {
    for (may_see, evidence) in [(true, "tombstone"), (false, "absent")] {
        let mut stage = Stage::imported(&["alice", "bob"]);
        stage.directory.see_tombstones(may_see);
        stage.configure_sync("missing_after = \"0\"");
        stage.change(|directory| directory.move_to("bob", ELSEWHERE));
        assert_eq!(names(&stage.sync(0), "out_of_scope"), ["bob"]);
        stage.change(|directory| directory.delete("bob"));
        let run = stage.sync(0);
        assert_eq!(names(&run, "deleted"), ["bob"], "{run:#}");
        assert_eq!(run["deleted"][0]["evidence"], evidence);
    }
}

#[test]
fn an_ou_that_is_renamed_changes_nobody() {
    let mut stage = Stage::imported_many(4);
    stage.change(|directory| directory.rename(STAFF, "OU=Personnel"));
    let personnel = STAFF.replace("Staff", "Personnel");
    stage.configure(|settings| settings.base_dn = Some(personnel.clone()));
    let run = stage.sync(0);
    assert_eq!(run["counts"]["unchanged"], 4, "{run:#}");
    let dn = text(&stage.user("u000001"), "dn");
    assert_eq!(dn, format!("CN=u000001,{personnel}"));
}

#[test]
fn a_user_that_was_made_anew_under_the_old_name_is_another_one() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    let guid = stage.user("bob")["guid"].clone();
    stage.change(|directory| directory.delete("bob"));
    stage.change(|directory| directory.add_user("bob"));
    // That somebody else has its name and its DN now is no doubt that it is gone.
    let run = stage.sync(0);
    assert_eq!(names(&run, "missing"), ["bob"]);
    assert_eq!(stage.user("bob")["guid"], guid);
    // While the old one is kept its name is taken.
    let run = stage.json(7, &["import", "--users", "bob"]);
    assert_eq!(names(&run, "duplicate"), ["bob"]);
    let run = stage.json(0, &["sync", "--delete-missing"]);
    assert_eq!(names(&run, "deleted"), ["bob"], "{run:#}");
    let run = stage.json(0, &["import", "--users", "bob"]);
    assert_eq!(names(&run, "imported"), ["bob"]);
    assert_ne!(stage.user("bob")["guid"], guid);
}

#[test]
fn a_disabled_account_is_kept_and_marked() {
    let stage = Stage::imported(&["alice", "bob"]);
    stage.set("bob", "userAccountControl", "514");
    let run = stage.sync(0);
    let change = &run["modified"][0]["changes"]["enabled"];
    assert_eq!(
        (&change["from"], &change["to"]),
        (&true.into(), &false.into())
    );
    assert_eq!(stage.user("bob")["enabled"], false);
}

#[test]
fn nobody_is_gone_where_nobody_is_found_by_identity() {
    let mut stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.configure_sync("missing_after = \"0\"");
    stage.change(|directory| directory.delete("alice"));
    let before = stage.contents();
    // As on a server that has no equality matching rule for the attribute: nothing, with success.
    stage.directory.fault(
        When::search().filter_contains("(objectGUID=\\"),
        What::Empty,
    );
    for arguments in [
        &["sync"][..],
        &["sync", "--users", "alice"],
        &["sync", "--users", "bob"],
    ] {
        let answer = stage.run(arguments).expect_code(5);
        assert_says(
            &answer,
            &[
                "does not find users by their objectGUID",
                "hint: ",
                "entryUUID",
            ],
        );
    }
    stage.contents().assert_only_noted(&before, "failed");
    stage.directory.clear_faults();
    assert_eq!(names(&stage.sync(0), "deleted"), ["alice"]);
}
