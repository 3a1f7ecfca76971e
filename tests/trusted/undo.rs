//! `adsync undo`: whatever a run did is taken back, and what was changed since is left and said.

use rusqlite::Connection;
use serde_json::Value;
use testdir::{What, When};

use crate::store::open;
use crate::support::adsync::{Answer, Sandbox};
use crate::support::embedded::{ELSEWHERE, STAFF, Stage, assert_says, names, rows, text};

/// Opens the store, if there is one: to open one that is not there would make it.
fn opened(sandbox: &Sandbox) -> Option<Connection> {
    let path = sandbox.store_path();
    let db = path.exists().then(|| Connection::open(path));
    db.map(|db| db.expect("the store can be opened"))
}

/// The table of the users, all of it but for when each row was written.
pub(crate) fn table_of(sandbox: &Sandbox) -> Vec<String> {
    let Some(db) = opened(sandbox) else {
        return Vec::new();
    };
    let columns: String = db
        .query_row(
            "SELECT group_concat(name) FROM pragma_table_info('users') WHERE name <> 'synced_at'",
            [],
            |row| row.get(0),
        )
        .expect("the table is there");
    rows(&db, &format!("SELECT {columns} FROM users ORDER BY id"))
}

/// The number of the last run; 0 before the first.
pub(crate) fn last_in(sandbox: &Sandbox) -> i64 {
    let last = opened(sandbox).map(|db| {
        db.query_row("SELECT coalesce(max(id), 0) FROM runs", [], |row| {
            row.get(0)
        })
    });
    last.map_or(0, |last| last.expect("a number"))
}

/// Takes back a run, however many users it brought in.
pub(crate) fn undo_in(sandbox: &Sandbox, run: i64) -> Answer {
    let brought_in: i64 = opened(sandbox)
        .expect("a store")
        .query_row(
            "SELECT count(*) FROM changes JOIN users ON users.id = user_id
             WHERE run_id = ?1 AND before IS NULL",
            [run],
            |row| row.get(0),
        )
        .expect("a number");
    let (run, brought_in) = (run.to_string(), brought_in.to_string());
    let arguments = ["undo", &run, "--allow-deletes", &brought_in];
    sandbox.run(&[&arguments[..], &["--format", "json"]].concat())
}

fn users(stage: &Stage) -> Vec<String> {
    table_of(&stage.sandbox)
}

fn last(stage: &Stage) -> i64 {
    last_in(&stage.sandbox)
}

#[track_caller]
fn undo(stage: &Stage, code: i32, run: i64) -> Value {
    undo_in(&stage.sandbox, run).expect_code(code).json()
}

/// Does something, which is one run, and takes it back; then takes that back, and takes that back again.
#[track_caller]
fn comes_back(stage: &Stage, code: i32, arguments: &[&str]) -> Value {
    let before = users(stage);
    let run = stage.json(code, arguments);
    let after = users(stage);
    assert_ne!(before, after, "{arguments:?} changes nothing\n{run:#}");
    let number = last(stage);
    assert_eq!(run["run"], number);
    for (undone, expected) in [
        (number, &before),
        (number + 1, &after),
        (number + 2, &before),
    ] {
        let said = undo(stage, 0, undone);
        assert_eq!(said["undoes"], undone, "{said:#}");
        let found = users(stage);
        assert_eq!(&found, expected, "{arguments:?}\n{run:#}\n{said:#}");
    }
    run
}

#[test]
fn every_kind_of_run_comes_back() {
    let mut stage = Stage::with(&["alice", "bob", "carol", "dave", "erin", "frank", "grace"]);
    stage.configure_sync("missing_after = \"0\"");
    comes_back(&stage, 0, &["import", "--all"]);
    stage.run(&["import", "--all"]).expect_code(0);
    comes_back(
        &stage,
        0,
        &[
            "add",
            "zoe",
            "--email",
            "zoe@example.com",
            "--last-name",
            "Z",
        ],
    );
    stage
        .run(&["add", "zoe", "--email", "zoe@example.com"])
        .expect_code(0);

    // Values and names, an exchange of them, a duplicate, a DN, one who left the scope, one who was deleted.
    stage.directory.see_tombstones(true);
    for (attribute, value) in [
        ("givenName", "Alicia"),
        ("sn", ""),
        ("mail", "new@example.com"),
        ("userAccountControl", "514"),
        ("accountExpires", "137919572470000000"),
    ] {
        stage.set("alice", attribute, value);
    }
    stage.set("bob", "sAMAccountName", "carol2");
    stage.set(&format!("CN=carol,{STAFF}"), "sAMAccountName", "bob");
    stage.set(&format!("CN=bob,{STAFF}"), "sAMAccountName", "carol");
    stage.set("dave", "mail", "zoe@example.com");
    stage.change(|directory| directory.rename("erin", "CN=Erin Brown"));
    stage.change(|directory| directory.move_to("frank", ELSEWHERE));
    stage.set("frank", "telephoneNumber", "+1 555 0199");
    stage.change(|directory| directory.delete("grace"));
    let run = comes_back(&stage, 0, &["sync"]);
    assert_eq!(names(&run, "modified"), ["alice", "bob", "carol", "frank"]);
    assert_eq!(names(&run, "deleted"), ["grace"]);
    assert_eq!(names(&run, "duplicate"), ["dave"]);
    comes_back(&stage, 0, &["sync", "--users", "alice,frank"]);
    stage.sync(0);

    // Nobody but a mark: missing, failed, and both gone again.
    stage.set("alice", "telephoneNumber", &"9".repeat(1025));
    let hidden = stage.change(|directory| directory.guid("erin"));
    stage.directory.deny_identity(hidden);
    let run = comes_back(&stage, 7, &["sync", "--full"]);
    assert_eq!(names(&run, "missing"), ["erin"]);
    assert_eq!(names(&run, "failed"), ["alice"]);
    stage.sync(7);
    stage.directory.allow_all();
    stage.set("alice", "telephoneNumber", "+1 555 0100");
    comes_back(&stage, 0, &["sync", "--full"]);
    stage.sync(0);

    // By hand.
    let run = comes_back(&stage, 0, &["remove", "alice", "zoe", "dave"]);
    assert_eq!(names(&run, "deleted"), ["alice", "dave", "zoe"]);
    stage.run(&["remove", "alice", "zoe"]).expect_code(0);
    let run = comes_back(&stage, 0, &["restore", "alice", "zoe", "grace"]);
    assert_eq!(names(&run, "restored"), ["alice", "grace", "zoe"]);
    stage
        .run(&["restore", "alice", "zoe", "grace"])
        .expect_code(0);
    // Found again, which a restored user was not.
    comes_back(&stage, 0, &["sync", "--full"]);
    stage.sync(0);

    // Of a domain that was only known from their DNs.
    open(&stage)
        .execute_batch(OF_AN_OLD_DOMAIN)
        .expect("written");
    comes_back(&stage, 0, &["sync", "--full"]);
}

/// As a store of an older version has its users: of a domain that no run has read yet.
pub(crate) const OF_AN_OLD_DOMAIN: &str =
    "INSERT INTO domains (dn, provisional) VALUES ('dc=old', 1);
     UPDATE users SET domain = (SELECT max(id) FROM domains) WHERE guid IS NOT NULL;
     UPDATE runs SET scope_users = NULL;
     DELETE FROM marks;";

/// Whom a run modified gets the values of then back, and who was deleted comes back in the row it had.
#[test]
fn values_rows_and_new_users_are_as_before() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.directory.see_tombstones(true);
    stage.set("alice", "mail", "new@example.com");
    stage.change(|directory| directory.delete("bob"));
    stage.sync(0);
    let said = stage.json(0, &["undo", "2"]);
    assert_eq!(names(&said, "modified"), ["alice"]);
    assert_eq!(names(&said, "restored"), ["bob"]);
    assert_eq!(
        said["modified"][0]["changes"]["email"],
        serde_json::json!({"from": "new@example.com", "to": "alice@example.com"})
    );
    assert_eq!(
        (&said["command"], &said["run"]),
        (&"undo".into(), &3.into())
    );
    assert_eq!(said["counts"]["restored"], 1);
    assert_eq!(stage.user("alice")["email"], "alice@example.com");
    assert_eq!(stage.user("bob")["status"], "ok");

    // The directory has not changed its mind, so the next run does it again.
    let run = stage.sync(0);
    assert_eq!(names(&run, "modified"), ["alice"]);
    assert_eq!(names(&run, "deleted"), ["bob"]);

    let answer = stage.run(&["undo", "1"]).expect_code(4);
    assert_says(&answer, &["all 2 users", "--allow-deletes 2"]);
    let said = stage.run(&["undo", "1", "--allow-deletes", "2"]);
    // Whom run 4 deleted cannot be taken out any more.
    assert_says(
        &said,
        &[
            "bob: not in the store any more: run 4 deleted it",
            "1 user that goes has other values than run 1 left: alice",
        ],
    );
    let said = said.expect_code(7);
    for line in ["deleted  alice", "failed   bob", "2 deleted, "] {
        assert!(said.stdout.contains(line), "{line}\n{said}");
    }
    assert_eq!(stage.usernames(), [] as [&str; 0]);
}

/// alice has a new address and number by run 2.
fn changed_alice() -> Stage {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.set("alice", "mail", "b@example.com");
    stage.set("alice", "telephoneNumber", "+1 555 0199");
    stage.sync(0);
    stage
}

#[test]
fn a_value_that_was_changed_since_is_left_and_said() {
    // By another run, and by another program.
    for by_run in [true, false] {
        let stage = changed_alice();
        if by_run {
            stage.set("alice", "mail", "c@example.com");
            stage.sync(0);
        } else {
            let db = open(&stage);
            db.execute_batch(
                "UPDATE users SET email = 'c@example.com', email_folded = 'c@example.com'
                 WHERE username = 'alice'",
            )
            .expect("a row can be written");
        }
        let by = if by_run { "run 3" } else { "another program" };
        let reason = format!(
            "email is left: it is now c@example.com, not b@example.com as run 2 left it; {by} changed it"
        );
        let before = stage.contents();
        for more in [&["--dry-run"][..], &["--dry-run", "--exit-code"], &[]] {
            let answer = stage.run(&[&["undo", "2", "--format", "json"], more].concat());
            assert_says(&answer, &[&format!("warning: alice: {reason}")]);
            let said = answer.expect_code(7).json();
            assert_eq!(names(&said, "modified"), ["alice"], "{said:#}");
            assert_eq!(said["counts"]["failed"], 0);
            assert_eq!(
                said["left"],
                serde_json::json!([format!("alice: {reason}")])
            );
            if !more.is_empty() {
                assert_eq!(stage.contents(), before);
            }
        }
        let alice = stage.user("alice");
        assert_eq!(alice["email"], "c@example.com");
        assert_eq!(alice["contact_number"], "+1 555 0100");

        // Nothing is left to be set back but what is left alone.
        let run = last(&stage);
        let said = stage.json(7, &["undo", "2"]);
        assert_eq!(text(&said["failed"][0], "reason"), reason);
        assert_eq!(names(&said, "modified"), [] as [&str; 0]);
        // The user is none the worse for it, and the history knows why.
        assert_eq!(stage.user("alice")["status"], "ok");
        for run in [run, run + 1] {
            let history = stage.json(0, &["history", &run.to_string()]);
            assert_eq!(history["run"]["outcome"], "partial");
            assert_eq!(history["run"]["undoes"], 2);
            let error = text(&history["run"], "error");
            assert_eq!(error, format!("not taken back: alice: {reason}"));
        }
        let table = stage.run(&["history"]).expect_code(0);
        assert!(table.stdout.contains("undo 2"), "{table}");
        assert!(
            table.stdout.contains("1 failed; not taken back: alice"),
            "{table}"
        );
        // What was taken back in part is itself taken back.
        let said = undo(&stage, 0, run);
        assert_eq!(names(&said, "modified"), ["alice"]);
        assert_eq!(stage.user("alice")["contact_number"], "+1 555 0199");
    }
}

#[test]
fn what_is_as_before_already_is_no_failure() {
    let stage = changed_alice();
    stage.set("alice", "mail", "alice@example.com");
    stage.set("alice", "telephoneNumber", "+1 555 0100");
    stage.sync(0);
    let before = stage.contents();
    let said = stage.json(0, &["undo", "2"]);
    assert_eq!(said["counts"]["unchanged"], 1, "{said:#}");
    let now = stage.contents();
    assert_eq!((now.users, now.changes), (before.users, before.changes));

    stage.run(&["remove", "bob"]).expect_code(0);
    stage
        .run(&["import", "--users", "bob@corp.example.com"])
        .expect_code(0);
    let users = stage.contents().users;
    let removal = last(&stage) - 1;
    let said = stage.json(0, &["undo", &removal.to_string()]);
    assert_eq!(said["counts"]["unchanged"], 1, "{said:#}");
    assert_eq!(stage.contents().users, users, "he is there once");
}

#[test]
fn whoever_is_gone_since_is_said() {
    let stage = changed_alice();
    stage.run(&["remove", "alice"]).expect_code(0);
    let said = stage.run(&["undo", "2"]).expect_code(7);
    assert_says(
        &said,
        &["warning: alice: not in the store any more: run 3 deleted it"],
    );
    // She is there again, but as another.
    stage.run(&["import", "--all"]).expect_code(0);
    let users = stage.contents().users;
    stage.run(&["undo", "2"]).expect_code(7);
    assert_eq!(stage.contents().users, users);
    open(&stage)
        .execute_batch("DELETE FROM users WHERE username = 'bob'")
        .expect("a row can be deleted");
    let said = stage.json(7, &["undo", "1", "--allow-deletes", "1"]);
    assert_eq!(names(&said, "failed"), ["alice", "bob"]);
    assert_eq!(
        text(&said["failed"][1], "reason"),
        "not in the store any more: another program deleted it"
    );
    assert_eq!(names(&said, "deleted"), ["carol"]);
    assert_eq!(stage.usernames(), ["alice"]);
}

#[test]
fn a_name_that_somebody_has_now_makes_a_duplicate() {
    let stage = changed_alice();
    stage.run(&["remove", "bob"]).expect_code(0);
    for (name, email) in [("zoe", "ALICE@example.com"), ("BOB", "b2@example.com")] {
        stage.run(&["add", name, "--email", email]).expect_code(0);
    }
    let users = stage.contents().users;
    for (run, who, holder) in [("2", "alice", "zoe"), ("3", "bob", "BOB")] {
        let said = stage.json(7, &["undo", run]);
        assert_eq!(names(&said, "duplicate"), [who], "{said:#}");
        let conflict = &said["duplicate"][0]["conflicts"][0];
        assert_eq!(conflict["held_by"]["username"], holder);
        // How she stands to the directory was not asked.
        assert_eq!(stage.contents().users, users);
        let history = stage.json(0, &["history", &last(&stage).to_string()]);
        assert_eq!(history["run"]["outcome"], "partial");
        let error = text(&history["run"], "error");
        assert!(
            error.contains(&format!("is held by {holder} (local)")),
            "{error}"
        );
    }
    // With the names free it goes on.
    stage.run(&["remove", "zoe", "BOB"]).expect_code(0);
    undo(&stage, 0, 2);
    undo(&stage, 0, 3);
    assert_eq!(stage.usernames(), ["alice", "bob", "carol"]);
}

#[test]
fn a_run_that_changed_nothing_cannot_be_undone() {
    let mut stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.hurry();
    stage.directory.see_tombstones(true);
    for user in ["alice", "bob", "carol"] {
        stage.change(|directory| directory.delete(user));
    }
    stage.sync(4);
    stage
        .directory
        .fault(When::connect(), What::RefuseConnections);
    stage.sync(5);
    stage.directory.clear_faults();
    let before = stage.contents();
    for (run, says) in [
        ("99", "no run 99 in the history"),
        (
            "2",
            "run 2 was refused and changed nothing: there is nothing to undo",
        ),
        (
            "3",
            "run 3 failed and changed nothing: there is nothing to undo",
        ),
    ] {
        let said = stage.run(&["undo", run]).expect_code(2);
        assert_says(
            &said,
            &["error: ", says, "hint: `adsync history` lists the runs"],
        );
        let error = stage.json(2, &["undo", run, "--dry-run"]);
        assert_eq!(error["error"]["kind"], "unknown_name");
    }
    stage.run(&["undo"]).expect_code(2);
    stage.run(&["undo", "alice"]).expect_code(2);
    assert_eq!(stage.contents(), before, "it was no run");

    // One that was carried out, and found everybody in step, is taken back by doing nothing.
    let stage = Stage::imported(&["alice"]);
    stage.sync(0);
    let said = stage.run(&["undo", "2"]).expect_code(0);
    assert_eq!(
        said.stdout,
        "0 restored, 0 modified, 0 deleted, 0 duplicate\n"
    );
}

#[test]
fn a_rehearsal_writes_nothing_and_says_what_the_run_does() {
    let stage = changed_alice();
    stage.run(&["remove", "bob"]).expect_code(0);
    for run in ["2", "3"] {
        let (bytes, contents) = (stage.sandbox.store_bytes(), stage.contents());
        let rehearsal = stage.json(0, &["undo", run, "--dry-run"]);
        stage
            .run(&["undo", run, "--dry-run", "--exit-code"])
            .expect_code(3);
        stage
            .run(&["undo", run, "--dry-run", "--read-only"])
            .expect_code(0);
        assert!(bytes == stage.sandbox.store_bytes(), "not a byte");
        assert_eq!(stage.contents(), contents);
        assert_eq!(
            (&rehearsal["run"], &rehearsal["dry_run"]),
            (&Value::Null, &true.into())
        );
        let said = stage.json(0, &["undo", run]);
        for bucket in ["restored", "modified", "deleted", "counts"] {
            assert_eq!(rehearsal[bucket], said[bucket], "{bucket}");
        }
    }
    stage.run(&["undo", "2", "--read-only"]).expect_code(2);
}

#[test]
fn the_guard_stands_before_what_a_run_did_to_many() {
    let mut stage = Stage::imported_many(30);
    stage.configure_sync("max_modified = 1000");
    stage.change(|directory| {
        for user in 1..=30 {
            let user = format!("u{user:06}");
            let values: &[&str] = &[];
            // As it was before: nobody has a number.
            directory.replace(&user, "telephoneNumber", values.iter().copied())?;
        }
        Ok(())
    });
    stage.run(&["sync", "--allow-cleared", "30"]).expect_code(0);
    stage.change(|directory| {
        for user in 1..=30 {
            directory.replace(&format!("u{user:06}"), "telephoneNumber", ["+1 555"])?;
        }
        Ok(())
    });
    stage.sync(0);
    stage.configure_sync("max_cleared = \"20%\"");
    let before = users(&stage);
    let said = stage.run(&["undo", "3"]).expect_code(4);
    assert_says(
        &said,
        &[
            "30 users would lose the contact number; max_cleared = 20% lets 6 of 30 imported users",
            "`adsync history 3` shows what run 3 did, which this takes back",
            "--allow-cleared 30",
        ],
    );
    assert_eq!(users(&stage), before);
    stage
        .run(&["undo", "3", "--allow-cleared", "30"])
        .expect_code(0);

    // A local user more or less is no share of the imported ones.
    let lines: Vec<String> = (0..6).map(|user| format!("local{user}\n")).collect();
    stage
        .prepare(&["add", "--from-csv", "-"])
        .input(&format!("username\n{}", lines.concat()))
        .run()
        .expect_code(0);
    let run = last(&stage).to_string();
    stage.configure_sync("max_deletes = 5");
    let said = stage.run(&["undo", &run]).expect_code(4);
    assert_says(
        &said,
        &["6 users would be deleted; max_deletes = 5 lets 5 of 30 imported users"],
    );
    stage
        .run(&["undo", &run, "--allow-deletes", "6"])
        .expect_code(0);
}

/// What an administrator types is not what happens unasked at night.
#[test]
fn it_does_not_count_in_for_the_guard_of_the_next_days() {
    let mut stage = Stage::imported_many(40);
    stage.configure_sync("max_deletes = 3\nmax_disabled = 4");
    stage.directory.see_tombstones(true);
    stage.change(|directory| {
        for user in ["u000041", "u000042", "u000043"] {
            directory.add_user(user)?;
        }
        directory.replace("u000001", "userAccountControl", ["514"])?;
        directory.replace("u000002", "userAccountControl", ["514"])
    });
    stage.sync(0);
    stage.run(&["import", "--all"]).expect_code(0);
    stage.run(&["remove", "u000043"]).expect_code(0);
    stage.change(|directory| {
        directory.replace("u000001", "userAccountControl", ["512"])?;
        directory.replace("u000002", "userAccountControl", ["512"])
    });
    stage.sync(0);
    // Two are disabled again, and one is deleted who was brought in.
    stage
        .run(&["undo", &last(&stage).to_string()])
        .expect_code(0);
    stage.run(&["add", "local"]).expect_code(0);
    stage
        .run(&["undo", &last(&stage).to_string()])
        .expect_code(0);
    let unsaid: (i64, i64) = open(&stage)
        .query_row(
            "SELECT sum(unsaid_deleted), sum(unsaid_disabled) FROM runs WHERE command = 'undo'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .expect("numbers");
    assert_eq!(unsaid, (0, 0));
}

#[test]
fn the_next_run_reads_everything() {
    let stage = changed_alice();
    assert_eq!(stage.sync(0)["mode"], "delta");
    assert_eq!(stage.contents().marks.len(), 1);
    stage.run(&["undo", "2"]).expect_code(0);
    assert_eq!(stage.contents().marks, [] as [&str; 0]);
    let run = stage.sync(0);
    assert_eq!(run["mode"], "full");
    assert_eq!(names(&run, "modified"), ["alice"]);
}

/// When a missing user was last found decides whether it may be deleted one day.
#[test]
fn a_missing_user_comes_back_with_the_time_when_it_was_last_found() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.directory.deny("bob").expect("he is there");
    assert_eq!(names(&stage.sync(0), "missing"), ["bob"]);
    let row = || rows(&open(&stage), "SELECT * FROM users WHERE username = 'bob'");
    let db = open(&stage);
    db.execute_batch("UPDATE users SET synced_at = '2026-01-01T02:00:00Z' WHERE username = 'bob'")
        .expect("a row can be written");
    let bob = row();
    stage.run(&["remove", "bob"]).expect_code(0);
    stage.run(&["undo", "3"]).expect_code(0);
    assert_eq!(row(), bob);
    stage.directory.allow_all();
    stage.sync(0);
    assert_eq!(stage.user("bob")["status"], "ok");
    stage
        .run(&["undo", &last(&stage).to_string()])
        .expect_code(0);
    assert_eq!(row(), bob);
}

/// That a domain controller read everything counts for those whom it returned. Of a run that is taken back nobody
/// can say any more whom that was.
#[test]
fn a_controller_that_never_returned_a_user_cannot_testify_after_an_undo() {
    let mut stage = Stage::with(&["alice", "bob", "carol"]);
    let lagging = stage.directory.twin("DC2").expect("a free port");
    stage.change(|directory| directory.add_user("dora"));
    stage.configure_sync("missing_after = \"0\"");
    stage.run(&["import", "--all"]).expect_code(0);
    stage.configure(|settings| settings.urls = vec![lagging.url()]);
    let run = stage.sync(0);
    assert_eq!(names(&run, "missing"), ["dora"], "{run:#}");
    stage
        .run(&["undo", &last(&stage).to_string()])
        .expect_code(0);
    assert_eq!(stage.user("dora")["status"], "ok");
    for _ in 0..2 {
        let run = stage.json(0, &["sync", "--full"]);
        assert_eq!(names(&run, "deleted"), [] as [&str; 0], "{run:#}");
        assert_eq!(names(&run, "missing"), ["dora"]);
    }

    // The same for somebody who comes back with it, after a full run that could not know her.
    let mut stage = Stage::with(&["alice", "bob", "carol"]);
    let lagging = stage.directory.twin("DC2").expect("a free port");
    stage.change(|directory| directory.add_user("dora"));
    stage.configure_sync("missing_after = \"0\"");
    stage.run(&["import", "--all"]).expect_code(0);
    stage.sync(0);
    stage.run(&["remove", "dora"]).expect_code(0);
    stage.configure(|settings| settings.urls = vec![lagging.url()]);
    stage.sync(0);
    stage.run(&["undo", "3"]).expect_code(0);
    let run = stage.sync(0);
    assert_eq!(names(&run, "missing"), ["dora"], "{run:#}");
}

/// A history from before there were domains does not say of which one somebody was.
#[test]
fn a_deletion_of_an_older_version_is_taken_back_into_its_domain() {
    let stage = Stage::imported(&["alice", "bob", "carol"]);
    stage.directory.see_tombstones(true);
    stage.change(|directory| directory.delete("bob"));
    stage.sync(0);
    open(&stage)
        .execute_batch(
            "UPDATE changes SET before = json_remove(before, '$.domain', '$.found_run', '$.found_on')
             WHERE action = 'deleted';
             UPDATE domains SET provisional = 1;",
        )
        .expect("the history can be written");
    stage.run(&["undo", "2"]).expect_code(0);
    let provisional: i64 = open(&stage)
        .query_row("SELECT provisional FROM domains", [], |row| row.get(0))
        .expect("a domain");
    assert_eq!(provisional, 1, "nobody has read it");
    let domain = &stage.user("alice")["domain"];
    assert!(domain.is_string());
    assert_eq!(&stage.user("bob")["domain"], domain);
    // He is one of those that the next run looks for.
    assert_eq!(names(&stage.sync(0), "deleted"), ["bob"]);
}

#[test]
fn the_report_is_of_an_undo() {
    let stage = changed_alice();
    stage.run(&["remove", "bob"]).expect_code(0);
    let page = |run: &str, code| {
        let arguments = ["undo", run, "--report", "undo.html"];
        stage.run(&arguments).expect_code(code);
        let page = stage.sandbox.path().join("undo.html");
        std::fs::read_to_string(page).expect("a page was written")
    };
    let restored = page("3", 0);
    for said in ["adsync undo, run 4", "Restored", "back in the store"] {
        assert!(restored.contains(said), "{said}\n{restored}");
    }
    stage.set("alice", "mail", "c@example.com");
    stage.sync(0);
    let left = page("2", 7);
    for said in [
        "Not everything could be taken back",
        "it is now c@example.com",
        "before the run",
    ] {
        assert!(left.contains(said), "{said}\n{left}");
    }
}
