//! Where there is nothing to mark, every run reads everything, as if there were no marks.

use testdir::{Kind, TestDir, What, When};

use crate::controllers::global_catalog;
use crate::mark::{Mark, WITNESS, a_day_passes, delta, full, marked};
use crate::support::embedded::{STAFF, Stage, names, text};

/// Fails unless every run from now on is full and finds what changed; of a mark that was there nothing
/// is left.
#[track_caller]
fn is_always_read_as_a_whole(stage: &Stage) {
    for mail in ["a@x.org", "b@x.org", "c@x.org"] {
        stage.set("alice", "mail", mail);
        assert_eq!(names(&full(stage, 0), "modified"), ["alice"]);
        assert_eq!(Mark::of(stage), None);
    }
    stage.change(|directory| directory.delete("bob"));
    for _ in 0..2 {
        let run = full(stage, 0);
        assert_eq!(names(&run, "missing"), ["bob"]);
        let reason = text(&run["missing"][0], "reason");
        assert!(reason.contains("(missing_after)"), "{reason}");
    }
    a_day_passes(stage);
    let run = full(stage, 0);
    assert_eq!(names(&run, "deleted"), ["bob"]);
    assert_eq!(text(&run["deleted"][0], "evidence"), "absent");
}

/// A stage that never had a mark, and one that has: then it goes away.
fn stages() -> [Stage; 2] {
    let users = ["alice", "bob"];
    [Stage::imported(&["alice", "bob", WITNESS]), marked(&users)]
}

#[test]
fn where_the_root_dse_does_not_say_what_it_takes() {
    let values: [(&str, &[&str]); 9] = [
        ("dsServiceName", &[]),
        ("dsServiceName", &[""]),
        ("highestCommittedUSN", &[]),
        ("highestCommittedUSN", &[""]),
        ("highestCommittedUSN", &["many"]),
        ("highestCommittedUSN", &["12.5"]),
        ("highestCommittedUSN", &["9223372036854775808"]),
        // Without the capability it is not Active Directory.
        ("supportedCapabilities", &[]),
        ("supportedCapabilities", &["1.2.840.113556.1.4.1670"]),
    ];
    for (attribute, values) in values {
        for stage in stages() {
            stage
                .directory
                .alter_root_dse(attribute, values.iter().copied());
            is_always_read_as_a_whole(&stage);
            stage.directory.restore_root_dse();
            full(&stage, 0);
            delta(&stage, 0);
        }
    }
}

#[test]
fn where_the_settings_of_the_controller_cannot_be_read() {
    let settings = || When::search().base_contains("cn=ntds settings");
    for what in [
        What::answer(32, "00002030: no such object"),
        What::answer(50, "00002098: insufficient access"),
        What::Empty,
    ] {
        for stage in stages() {
            stage.directory.fault(settings(), what.clone());
            is_always_read_as_a_whole(&stage);
        }
    }
    for stage in stages() {
        let configuration = "CN=Configuration,DC=corp,DC=example,DC=com";
        stage
            .directory
            .hide_attribute("invocationId", configuration)
            .expect("a DN");
        is_always_read_as_a_whole(&stage);
    }
}

#[test]
fn where_the_invocation_id_is_none() {
    for stage in stages() {
        let service = "CN=NTDS Settings,CN=DC1,CN=Servers,CN=Default-First-Site-Name,CN=Sites,\
                       CN=Configuration,DC=corp,DC=example,DC=com";
        for bytes in [vec![], vec![vec![7; 15]], vec![vec![7; 17]]] {
            stage.change(|directory| directory.replace(service, "invocationId", bytes));
            full(&stage, 0);
            assert_eq!(Mark::of(&stage), None);
        }
    }
}

#[test]
fn where_nobody_is_found_by_usn() {
    for stage in stages() {
        stage
            .directory
            .hide_attribute("uSNChanged", STAFF)
            .expect("a DN");
        is_always_read_as_a_whole(&stage);
    }
}

#[test]
fn where_entries_have_no_identity_that_can_be_read() {
    for what in [What::no_guid("stranger"), What::short_guid("stranger")] {
        let stage = Stage::imported(&["alice", "bob", WITNESS]);
        stage.change(|directory| directory.add_user("stranger"));
        stage.directory.fault(When::search(), what);
        for mail in ["a@x.org", "b@x.org"] {
            stage.set("alice", "mail", mail);
            assert_eq!(names(&full(&stage, 7), "modified"), ["alice"]);
            assert_eq!(Mark::of(&stage), None);
        }
        stage.directory.clear_faults();
        full(&stage, 0);
        delta(&stage, 0);
    }
}

#[test]
fn where_an_imported_user_has_no_identity_that_can_be_read() {
    let stage = Stage::imported(&["alice", "bob", WITNESS]);
    stage.directory.fault(When::search(), What::no_guid("bob"));
    for _ in 0..2 {
        assert_eq!(names(&full(&stage, 7), "failed"), ["bob"]);
        assert_eq!(Mark::of(&stage), None);
    }
    stage.directory.clear_faults();
    full(&stage, 0);
    assert_eq!(stage.user("bob")["status"], "ok");
    delta(&stage, 0);
}

#[test]
fn where_nobody_was_imported() {
    let stage = Stage::with(&["alice", "bob"]);
    stage.run(&["add", "zoe"]).expect_code(0);
    for _ in 0..2 {
        let run = stage.sync(0);
        assert_eq!(run["counts"]["checked"], 0);
    }
    stage.run(&["import", "--all"]).expect_code(0);
    stage.set("alice", "mail", "new@example.com");
    assert_eq!(names(&stage.sync(0), "modified"), ["alice"]);
}

#[test]
fn on_a_global_catalog() {
    let stage = Stage::around(global_catalog());
    for user in ["alice", "bob", WITNESS] {
        stage.change(|directory| directory.add_user(user));
    }
    stage.run(&["import", "--all"]).expect_code(0);
    is_always_read_as_a_whole(&stage);
}

#[test]
fn on_a_server_that_is_not_active_directory() {
    let directory = TestDir::builder().kind(Kind::PlainLdap).start();
    let mut stage = Stage::around(directory.expect("a free port"));
    stage.configure_directory("filter = \"(objectClass=inetOrgPerson)\"");
    stage.configure(|settings| {
        settings.more_attributes = "username = \"uid\"\nguid = \"entryUUID\"".to_owned();
    });
    for user in ["alice", "bob", WITNESS] {
        stage.change(|directory| directory.add_user(user));
    }
    stage.run(&["import", "--all"]).expect_code(0);
    stage.directory.reset_stats();
    is_always_read_as_a_whole(&stage);
    let searches = stage.directory.searches();
    let is_foreign = |filter: &str| filter.to_lowercase().contains("usnchanged");
    assert!(!searches.iter().any(|it| is_foreign(&it.filter)));
}

#[test]
fn where_the_identity_is_not_one_that_every_object_has() {
    // Tombstones, groups and the like do not have it.
    let mut stage = Stage::with(&[]);
    stage.configure(|settings| {
        settings.more_attributes = "guid = \"employeeID\"".to_owned();
    });
    for (number, user) in [(1, "alice"), (2, "bob"), (3, WITNESS)] {
        let id = testdir::Uuid::from_u128(number).to_string();
        let user = testdir::User::new(user).with("employeeID", [id]);
        stage.change(|directory| directory.add_user(user));
    }
    stage.run(&["import", "--all"]).expect_code(0);
    stage.sync(0);
    for mail in ["a@x.org", "b@x.org"] {
        stage.set("alice", "mail", mail);
        assert_eq!(names(&stage.sync(0), "modified"), ["alice"]);
    }
    stage.change(|directory| directory.delete("bob"));
    assert_eq!(names(&stage.sync(0), "missing"), ["bob"]);
    a_day_passes(&stage);
    // Deleted objects do not have the identity, so it is no doubt that none of them is he.
    stage.directory.see_tombstones(true);
    let run = stage.sync(0);
    assert_eq!(names(&run, "deleted"), ["bob"]);
    assert_eq!(text(&run["deleted"][0], "evidence"), "absent");
}
