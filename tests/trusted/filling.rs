//! A store that is filled while the directory is still read: it ends as if everybody had been written
//! afterwards, and nobody sees anything of it before.

use rusqlite::{Connection, params};
use testdir::{What, When};

use crate::kills::dies_at_every_point;
use crate::store::{Rows, open};
use crate::support::embedded::{CRASH_POINTS, Stage, names, rows};

/// A directory in which everything stands that an import can meet: users of several pages, two who share an
/// address, one who has that of another in another case, one who is sent twice, one who cannot be used.
fn everything() -> Stage {
    let mut stage = Stage::with_many(250);
    stage.configure_directory("page_size = 100");
    for (user, mail) in [
        ("u000003", "shared@example.com"),
        ("u000240", "SHARED@example.com"),
        ("u000100", ""),
        ("u000101", ""),
    ] {
        stage.set(user, "mail", mail);
    }
    stage.set("u000050", "sAMAccountName", "");
    stage.directory.fault(
        When::search(),
        What::SendTwice {
            user: "u000150".to_owned(),
        },
    );
    stage
}

const IMPORTED: &str = "SELECT username, username_folded, first_name, last_name, email, email_folded, \
    contact_number, enabled, source, guid, dn, status FROM users WHERE source = 'directory' ORDER BY username";
const CHANGES: &str = "SELECT action, username, evidence, before, after FROM changes \
    WHERE action = 'imported' ORDER BY username";
const INDEXES: &str = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' ORDER BY name";

#[test]
fn it_ends_as_if_everybody_had_been_written_afterwards() {
    let stage = everything();
    // A user of its own is what keeps a store from being filled.
    stage.run(&["add", "zoe"]).expect_code(0);
    let run = stage.json(7, &["import", "--all"]);
    assert_eq!(names(&run, "duplicate"), ["u000003", "u000240"]);
    assert_eq!(run["counts"]["failed"], 1);
    assert_eq!(run["counts"]["imported"], 247);
    let written = [IMPORTED, CHANGES, INDEXES].map(|query| rows(&open(&stage), query));

    std::fs::remove_file(stage.sandbox.store_path()).expect("the store is removed");
    let filled = stage.json(7, &["import", "--all"]);
    for bucket in ["counts", "imported", "duplicate", "failed"] {
        assert_eq!(filled[bucket], run[bucket], "{bucket}");
    }
    let found = [IMPORTED, CHANGES, INDEXES].map(|query| rows(&open(&stage), query));
    assert_eq!(found, written);
    assert_eq!(stage.sync(0)["counts"]["unchanged"], 247);
}

/// Users in the directory, and a store that is there and has nobody.
fn with_an_empty_store(users: &[&str]) -> Stage {
    emptied(Stage::with(users))
}

/// With a store that had somebody and has nobody.
fn emptied(stage: Stage) -> Stage {
    stage.run(&["add", "zoe"]).expect_code(0);
    stage.run(&["remove", "zoe"]).expect_code(0);
    stage
}

#[test]
fn a_store_that_is_there_and_empty() {
    let stage = with_an_empty_store(&["alice", "bob"]);
    dies_at_every_point(&stage, &["import", "--all"], 0);
    assert_eq!(stage.usernames(), ["alice", "bob"]);
}

#[test]
fn what_does_not_fit_into_memory_is_taken_back_too() {
    // More than the connection keeps: pages of the unfinished transaction lie in the files when it dies.
    let stage = emptied(Stage::with_many(6000));
    let path = stage.sandbox.store_path();
    let before = Rows::of(&path);
    let killed = stage
        .prepare(&["import", "--all"])
        .env("ADSYNC_CRASH_AT", "written")
        .run();
    assert_eq!(killed.code, -1, "{killed}");
    let log = std::fs::metadata(path.with_extension("db-wal")).expect("a log");
    assert!(log.len() > 1 << 20, "{} bytes were written", log.len());
    assert_eq!(Rows::of(&path), before);
    assert_eq!(stage.usernames(), [] as [&str; 0]);
    stage.run(&["import", "--all"]).expect_code(0);
    assert_eq!(stage.usernames().len(), 6000);
}

#[test]
fn a_row_number_is_never_given_twice() {
    let stage = with_an_empty_store(&["alice"]);
    stage.run(&["import", "--all"]).expect_code(0);
    let ids: Vec<String> = rows(&open(&stage), "SELECT id FROM users");
    assert_eq!(ids.len(), 1);
    assert!(!ids[0].contains("Integer(1)"), "{ids:?}");
}

#[test]
fn a_new_store_that_is_not_in_its_place_yet_is_none() {
    let stage = Stage::with(&["alice", "bob"]);
    let killed = stage
        .prepare(&["import", "--all"])
        .env("ADSYNC_CRASH_AT", "draft made")
        .run();
    assert_eq!(killed.code, -1, "{killed}");
    assert_eq!(Rows::of(&stage.sandbox.store_path()), Rows::nothing());
    stage.run(&["list"]).expect_code(0);
    stage.run(&["import", "--all"]).expect_code(0);
    assert_eq!(stage.usernames(), ["alice", "bob"]);
    let files = stage.store_files();
    assert!(!files.iter().any(|it| it.contains(".new")), "{files:?}");
    assert!(!CRASH_POINTS.contains(&"draft made"), "it has its own test");
}

#[test]
fn nobody_sees_it_before_its_end() {
    let users = ["alice", "bob", "carol"];
    for mut stage in [Stage::with(&users), with_an_empty_store(&users)] {
        stage.configure_directory("page_size = 2");
        stage.directory.reset_stats();
        stage.directory.fault(When::page(2), What::Hang);
        let mut run = stage.prepare(&["import", "--all"]).start();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while stage.directory.stats().search_requests < 3 {
            assert!(std::time::Instant::now() < deadline, "no second page");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert_eq!(stage.usernames(), [] as [&str; 0]);
        stage.run(&["history"]).expect_code(0);
        stage.run(&["import", "--all"]).expect_code(6);
        run.kill().expect("an own child");
        run.wait().expect("an own child can be waited for");
        assert_eq!(stage.usernames(), [] as [&str; 0]);
        stage.directory.clear_faults();
        stage.run(&["import", "--all"]).expect_code(0);
        assert_eq!(stage.usernames(), users);
    }
}

#[test]
fn a_connection_that_is_lost_on_the_way_writes_nobody_twice() {
    let users = ["alice", "bob", "carol", "dave", "erin"];
    for mut stage in [Stage::with(&users), with_an_empty_store(&users)] {
        stage.configure_directory("page_size = 2");
        let on_the_way = When::page(2).after_entries(1).times(1);
        stage.directory.fault(on_the_way, What::Cut);
        let answer = stage.run(&["import", "--all"]).expect_code(0);
        assert!(answer.stderr.contains("trying again"), "{answer}");
        assert_eq!(stage.usernames(), users);
        assert_eq!(
            Rows::of(&stage.sandbox.store_path()).users.len(),
            users.len()
        );
    }
}

#[test]
fn a_large_import_beside_others_makes_its_indexes_again() {
    let stage = Stage::with_many(10_001);
    stage.run(&["add", "zoe"]).expect_code(0);
    let before = rows(&open(&stage), INDEXES);
    let run = stage.json(0, &["import", "--all"]);
    assert_eq!(run["counts"]["imported"], 10_001);
    assert_eq!(rows(&open(&stage), INDEXES), before);
    Rows::of(&stage.sandbox.store_path());
}

#[test]
fn no_two_users_share_a_name_whoever_writes() {
    let stage = everything();
    stage.run(&["import", "--all"]).expect_code(7);
    let db: Connection = open(&stage);
    let query = "INSERT INTO users (username, username_folded, email, email_folded, source, guid) \
        SELECT ?1, ?1, ?2, ?2, 'directory', ?3";
    for clash in [
        params!["u000001", "new@example.com", [1u8; 16]],
        params!["new", "u000001@example.com", [2u8; 16]],
    ] {
        let refused = db.execute(query, clash).expect_err("a name is taken");
        assert!(refused.to_string().contains("UNIQUE"), "{refused}");
    }
}

/// A killed run left its log, and then the store was taken away.
#[test]
fn the_log_of_a_store_that_is_gone_is_not_that_of_the_next() {
    let stage = Stage::imported(&["alice", "bob"]);
    let add = stage.prepare(&["add", "zoe"]);
    assert_eq!(add.env("ADSYNC_CRASH_AT", "committed").run().code, -1);
    let path = stage.sandbox.store_path();
    assert!(path.with_extension("db-wal").exists());
    std::fs::remove_file(&path).expect("it is there");
    stage.run(&["add", "yves"]).expect_code(0);
    assert_eq!(stage.usernames(), ["yves"]);
    assert_eq!(Rows::of(&path).users.len(), 1);
    stage.run(&["import", "--all"]).expect_code(0);
    assert_eq!(stage.usernames(), ["alice", "bob", "yves"]);
}
