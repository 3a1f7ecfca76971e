//! Why a user is deleted, and who only left the scope.

use testdir::{What, When};

use crate::support::embedded::{ELSEWHERE, STAFF, Stage, assert_says, names, text};

#[test]
fn a_tombstone_is_evidence_for_an_account_that_may_see_it() {
    for (may_see, evidence) in [(true, "tombstone"), (false, "absent")] {
        for arguments in [&["sync"][..], &["sync", "--users", "bob"]] {
            let stage = Stage::imported(&["alice", "bob"]);
            stage.directory.see_tombstones(may_see);
            stage.change(|directory| directory.delete("bob"));
            let run = stage.json(0, arguments);
            assert_eq!(names(&run, "deleted"), ["bob"]);
            assert_eq!(text(&run["deleted"][0], "evidence"), evidence);
            assert_eq!(stage.usernames(), ["alice"]);
            let noted = &stage.contents().changes;
            assert!(noted.iter().any(|it| it.contains(evidence)), "{noted:?}");
        }
    }
}

#[test]
fn a_user_that_left_the_base_is_kept_and_marked() {
    for arguments in [&["sync"][..], &["sync", "--users", "bob"]] {
        let stage = Stage::imported(&["alice", "bob"]);
        stage.change(|directory| directory.move_to("bob", ELSEWHERE));
        stage.set("bob", "mail", "new@example.com");
        let run = stage.json(0, arguments);
        assert_eq!(names(&run, "out_of_scope"), ["bob"]);
        let dn = format!("CN=bob,{ELSEWHERE}");
        assert_eq!(run["out_of_scope"][0]["dn"], dn);
        let bob = stage.user("bob");
        assert_eq!(bob["status"], "out_of_scope");
        assert_eq!(bob["email"], "bob@example.com", "it keeps its values");
        assert_eq!(bob["dn"], dn);

        // And when it comes back it is in step again.
        stage.change(|directory| directory.move_to("bob", STAFF));
        let run = stage.json(0, arguments);
        assert_eq!(names(&run, "modified"), ["bob"]);
        let bob = stage.user("bob");
        assert_eq!(bob["status"], "ok");
        assert_eq!(bob["email"], "new@example.com");
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
        assert!(answer.stdout.contains("1 out of scope"), "{answer}");
        answer
            .stdout
            .lines()
            .any(|it| it.starts_with("out of scope"))
    };
    assert!(row(&stage), "the first time it is news");
    assert!(!row(&stage), "the second time it is known");
}

#[test]
fn a_user_that_left_the_scope_and_then_the_directory_is_deleted() {
    let stage = Stage::imported(&["alice", "bob"]);
    stage.change(|directory| directory.move_to("bob", ELSEWHERE));
    stage.sync(0);
    stage.change(|directory| directory.delete("bob"));
    assert_eq!(names(&stage.sync(0), "deleted"), ["bob"]);
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
    stage.change(|directory| directory.delete("bob"));
    stage.change(|directory| directory.add_user("bob"));
    let run = stage.sync(0);
    assert_eq!(names(&run, "deleted"), ["bob"]);
    let run = stage.json(0, &["import", "--users", "bob"]);
    assert_eq!(names(&run, "imported"), ["bob"]);
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
    let stage = Stage::imported(&["alice", "bob", "carol"]);
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
