//! Runs of a part of the users set no mark, and drop one that would not be true any more.

use testdir::{User, What, When};

use crate::controllers::{global_catalog, replicate, second, use_controller};
use crate::mark::{
    Mark, WITNESS, a_day_passes, agrees, delta, full, mark, marked, marked_at_once,
    marked_with_tombstones, set_mark,
};
use crate::support::adsync::Settings;
use crate::support::embedded::{ELSEWHERE, STAFF, Stage, names};

/// The runs that read a part of the users.
const PARTS: [&[&str]; 4] = [
    &["import", "--users", "alice"],
    &["import", "--all"],
    &["import", "--filter", "(cn=alice)"],
    &["sync", "--users", "alice"],
];

#[test]
fn they_never_set_one() {
    for part in PARTS {
        let stage = Stage::imported(&["alice", "bob"]);
        stage.run(part).expect_code(0);
        assert_eq!(Mark::of(&stage), None, "{part:?}");
    }
}

#[test]
fn on_the_controller_of_the_mark_they_leave_it_where_it_is() {
    for part in PARTS {
        let stage = marked(&["alice", "bob"]);
        let before = mark(&stage);
        stage.set("alice", "mail", "new@example.com");
        stage.set("bob", "mail", "other@example.com");
        stage.run(part).expect_code(0);
        assert_eq!(mark(&stage), before, "{part:?}");
        agrees(&stage, 0);
    }
}

#[test]
fn on_another_controller_they_drop_it() {
    for part in PARTS {
        let mut stage = marked(&["alice", "bob"]);
        let first = stage.directory.url();
        let second = second(&stage, 500);
        stage.set("alice", "mail", "new@example.com");
        delta(&stage, 0);
        use_controller(&mut stage, &second);
        stage.run(part).expect_code(0);
        // The second had not heard of it yet.
        assert_eq!(
            stage.user("alice")["email"],
            "alice@example.com",
            "{part:?}"
        );
        assert_eq!(Mark::of(&stage), None, "{part:?}");
        stage.configure(|settings| settings.urls = vec![first]);
        assert_eq!(names(&full(&stage, 0), "modified"), ["alice"], "{part:?}");
        delta(&stage, 0);
    }
}

#[test]
fn on_another_controller_a_rehearsal_a_refusal_and_a_failure_drop_nothing() {
    let mut stage = marked(&["alice", "bob"]);
    let second = second(&stage, 500);
    let before = mark(&stage);
    use_controller(&mut stage, &second);
    for part in PARTS {
        let rehearsal = [part, &["--dry-run"]].concat();
        stage.run(&rehearsal).expect_code(0);
        assert_eq!(Mark::of(&stage).as_ref(), Some(&before), "{part:?}");
    }
    stage.run(&["import", "--users", "nobody"]).expect_code(2);
    second.see_tombstones(true);
    second.delete("alice").expect("she is there");
    second.delete("bob").expect("he is there");
    stage.run(&["sync", "--users", "alice,bob"]).expect_code(4);
    second.fault(When::search(), What::answer(53, "no"));
    stage.run(&["sync", "--users", "alice"]).expect_code(5);
    assert_eq!(Mark::of(&stage), Some(before));
}

#[test]
fn what_needs_no_directory_leaves_it() {
    let stage = marked(&["alice", "bob"]);
    let before = mark(&stage);
    stage.run(&["add", "zoe"]).expect_code(0);
    stage.run(&["remove", "zoe", "alice"]).expect_code(0);
    stage.run(&["restore", "alice"]).expect_code(0);
    assert_eq!(mark(&stage), before);
    assert_eq!(agrees(&stage, 0)["counts"]["unchanged"], 3);
}

#[test]
fn a_user_that_was_imported_between_two_runs_and_then_changed_is_found() {
    for stage in [
        marked(&["alice", "bob"]),
        marked_with_tombstones(&["alice", "bob"]),
    ] {
        stage.change(|directory| directory.add_user("newcomer"));
        stage.set("newcomer", "mail", "first@example.com");
        stage.run(&["import", "--users", "newcomer"]).expect_code(0);
        stage.set("newcomer", "mail", "second@example.com");
        assert_eq!(names(&agrees(&stage, 0), "modified"), ["newcomer"]);
        stage.change(|directory| directory.delete("newcomer"));
        if mark(&stage).deleted_witness.is_none() {
            // The controller that answers is the one that returned him when he was imported.
            assert_eq!(names(&agrees(&stage, 0), "missing"), ["newcomer"]);
            a_day_passes(&stage);
        }
        assert_eq!(names(&agrees(&stage, 0), "deleted"), ["newcomer"]);
    }
}

#[test]
fn a_user_that_was_imported_with_old_values_and_then_left_alone() {
    // He changed last before the mark; nothing tells of him but the import.
    let stage = Stage::with(&["alice", "bob", WITNESS]);
    stage
        .run(&["import", "--users", "alice,wanda"])
        .expect_code(0);
    full(&stage, 0);
    stage.run(&["import", "--users", "bob"]).expect_code(0);
    let run = agrees(&stage, 0);
    assert_eq!(run["counts"]["checked"], 3);
    assert_eq!(run["counts"]["unchanged"], 3);
}

#[test]
fn a_selected_user_that_changed_is_found_in_step_by_the_next_run() {
    let stage = marked(&["alice", "bob"]);
    stage.set("alice", "mail", "new@example.com");
    stage.change(|directory| directory.move_to("bob", ELSEWHERE));
    stage.run(&["sync", "--users", "alice,bob"]).expect_code(0);
    let run = agrees(&stage, 0);
    assert_eq!(names(&run, "modified"), [""; 0]);
    assert_eq!(names(&run, "out_of_scope"), ["bob"]);
}

#[test]
fn a_part_that_was_read_under_other_settings_is_read_again_under_the_old_ones() {
    type Change = fn(&mut Settings);
    let changes: [(&str, Change); 4] = [
        ("another attribute", |it| {
            it.more_attributes = "email = \"userPrincipalName\"".to_owned();
        }),
        ("another base", |it| it.base_dn = Some(ELSEWHERE.to_owned())),
        ("another filter", |it| {
            it.more_directory = "filter = \"(&(objectClass=user)(cn=nobody))\"".to_owned();
        }),
        ("another policy", |it| {
            it.base_dn = Some(ELSEWHERE.to_owned());
            it.more_sync = "out_of_scope = \"keep\"".to_owned();
        }),
    ];
    for (name, change) in changes {
        let mut stage = marked(&["alice", "bob"]);
        stage.configure(change);
        stage.run(&["sync", "--users", "alice"]).expect_code(0);
        stage.configure(|settings| {
            settings.base_dn = Some(STAFF.to_owned());
            settings.more_attributes.clear();
            settings.more_directory.clear();
            settings.more_sync.clear();
        });
        let expected = stage.json(0, &["sync", "--dry-run", "--full"]);
        let run = stage.sync(0);
        for bucket in ["counts", "modified", "out_of_scope"] {
            assert_eq!(run[bucket], expected[bucket], "{name}: {run:#}");
        }
        assert_eq!(stage.user("alice")["status"], "ok", "{name}");
        assert_eq!(stage.user("alice")["email"], "alice@example.com", "{name}");
    }
}

#[test]
fn a_user_that_another_scope_brought_in_is_told_out_of_scope() {
    let mut stage = marked(&["alice", "bob"]);
    stage.change(|directory| directory.add_user(User::new("eve").below(ELSEWHERE)));
    stage.configure(|settings| settings.base_dn = None);
    stage.run(&["import", "--users", "eve"]).expect_code(0);
    stage.configure(|settings| settings.base_dn = Some(STAFF.to_owned()));
    assert_eq!(names(&stage.sync(0), "out_of_scope"), ["eve"]);
    agrees(&stage, 0);
}

#[test]
fn what_a_global_catalog_does_not_have_is_read_from_its_controller() {
    let mut stage = Stage::with(&["alice", "newcomer", WITNESS]);
    stage
        .run(&["import", "--users", "alice,wanda"])
        .expect_code(0);
    set_mark(&stage);
    let first = stage.directory.url();
    // The same controller, on the port of the global catalog, without one of the attributes.
    let catalog = global_catalog();
    replicate(&stage.directory, &catalog);
    catalog
        .hide_attribute("telephoneNumber", STAFF)
        .expect("a DN");
    use_controller(&mut stage, &catalog);
    stage.run(&["import", "--users", "newcomer"]).expect_code(0);
    assert_eq!(
        stage.user("newcomer")["contact_number"],
        serde_json::Value::Null
    );
    stage.configure(|settings| settings.urls = vec![first]);
    assert_eq!(names(&stage.sync(0), "modified"), ["newcomer"]);
    assert_eq!(stage.user("newcomer")["contact_number"], "+1 555 0100");
}

#[test]
fn on_a_controller_that_went_back_they_drop_it() {
    // The mark lies before the controller now; what it takes in from here on may get the numbers again
    // that the mark has behind it.
    for part in PARTS {
        let stage = marked(&["alice", "bob"]);
        let then = stage.directory.edit(|directory| directory.highest_usn());
        for mail in ["new@example.com", "newer@example.com"] {
            stage.set("alice", "mail", mail);
        }
        delta(&stage, 0);
        let go_back = |mail: &str| {
            stage.change(|directory| {
                directory.set_highest_usn(then - 1);
                directory.replace("alice", "mail", [mail])
            });
        };
        go_back("alice@example.com");
        stage.run(part).expect_code(0);
        assert_eq!(stage.user("alice")["email"], "alice@example.com");
        go_back("newer@example.com");
        for user in ["one", "two", "three", "four"] {
            stage.change(|directory| directory.add_user(user));
        }
        assert_eq!(names(&stage.sync(0), "modified"), ["alice"], "{part:?}");
    }
}

#[test]
fn a_restored_user_of_a_domain_that_is_gone_does_not_end_a_run() {
    let stage = marked_at_once(&["alice", "bob"]);
    stage.change(|directory| directory.delete("bob"));
    delta(&stage, 0);
    stage.run(&["restore", "bob"]).expect_code(0);
    let moved = crate::support::store::open(&stage).execute(
        "UPDATE users SET dn = 'CN=bob,OU=Staff,DC=old,DC=example,DC=com' WHERE username = 'bob'",
        [],
    );
    assert_eq!(moved, Ok(1));
    assert_eq!(agrees(&stage, 0)["counts"]["unchanged"], 3);
    stage.run(&["sync", "--users", "bob"]).expect_code(0);
}
