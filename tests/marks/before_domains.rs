//! A store of the version before users belonged to domains: what was known of them is kept, and the change
//! mark is gone on from.

use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::mark::{Mark, WITNESS, a_day_passes, agrees, delta, full, in_mode, mark};
use crate::support::embedded::{DOMAIN, ELSEWHERE, STAFF, Stage, assert_says, names, rows, text};
use crate::support::store::open;

const SCHEMA: &str = include_str!("fixtures/store-v4.sql");

/// The default filter of then.
const FILTER: &str = "(&(objectCategory=person)(objectClass=user))";

/// A directory, and a store of version 4 that was in step with it: alice, bob and carol were imported, and
/// dave, who has left the scope since; erin was deleted; zoe is a local user.
struct Then {
    stage: Stage,
    /// The deleted object that the mark has for its witness.
    erin: testdir::Uuid,
}

impl Then {
    fn new() -> Self {
        let mut stage = Stage::with(&["alice", "bob", "carol", "dave", "erin", WITNESS]);
        stage.configure_directory(&format!("filter = \"{FILTER}\""));
        stage.directory.see_tombstones(true);
        stage.change(|directory| directory.move_to("dave", ELSEWHERE));
        let erin = stage.change(|directory| directory.guid("erin"));
        stage.change(|directory| directory.delete("erin"));
        let then = Self { stage, erin };
        then.write_store();
        then
    }

    /// One whose account does not see deleted objects, nor did then.
    fn of_an_ordinary_account() -> Self {
        let then = Self::new();
        then.stage.directory.see_tombstones(false);
        let update = "UPDATE marks SET deleted_witness = NULL";
        assert_eq!(open(&then.stage).execute(update, []), Ok(1));
        then
    }

    fn write_store(&self) {
        let db = Connection::open(self.stage.sandbox.store_path()).expect("a fresh file");
        db.pragma_update(None, "journal_mode", "wal")
            .and_then(|()| db.execute_batch(SCHEMA))
            .and_then(|()| db.pragma_update(None, "user_version", 4))
            .expect("the schema of then");
        for (id, user) in (1..).zip(["alice", "bob", "carol", "dave", WITNESS]) {
            self.write_user(&db, id, user);
        }
        db.execute_batch(
            "INSERT INTO users (id, username, username_folded, source) VALUES (7, 'zoe', 'zoe', 'local');
             INSERT INTO runs (command, mode, started_at, duration_ms, run_by, host, outcome, checked, unchanged,
                imported, modified, deleted, duplicate, out_of_scope, failed, scope_users)
             VALUES ('import', 'full', '2026-01-01T02:00:00Z', 12, 'root', 'app1', 'done',
                    6, 0, 6, 0, 0, 0, 0, 0, NULL),
                ('sync', 'full', strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 hour'), 9, 'root', 'app1', 'done',
                    6, 4, 0, 0, 1, 0, 1, 0, 4);",
        )
        .expect("what happened");
        self.write_changes(&db);
        self.write_mark(&db);
    }

    fn write_user(&self, db: &Connection, id: i64, user: &str) {
        let (guid, dn) = self.stage.change(|directory| {
            let guid = directory.guid(user)?;
            Ok((guid, directory.dn_of(guid)))
        });
        let first_name = format!("{}{}", user[..1].to_uppercase(), &user[1..]);
        let status = if user == "dave" { "out_of_scope" } else { "ok" };
        db.execute(
            "INSERT INTO users (id, username, username_folded, first_name, last_name, email, email_folded,
                contact_number, enabled, source, guid, dn, status, synced_at)
             VALUES (?1, ?2, ?2, ?3, 'Example', ?4, ?4, '+1 555 0100', 1, 'directory', ?5, ?6, ?7,
                '2026-01-01T02:00:00Z')",
            params![
                id,
                user,
                first_name,
                format!("{user}@example.com"),
                guid.to_bytes_le(),
                dn,
                status
            ],
        )
        .expect("a user");
    }

    /// As the program of then wrote what an import and a sync did.
    fn write_changes(&self, db: &Connection) {
        let of = |user: &str, guid: testdir::Uuid| {
            json!({
                "username": user, "first_name": null, "last_name": null, "email": null, "contact_number": null,
                "enabled": true, "source": "directory", "guid": guid.to_string(), "dn": format!("CN={user},{STAFF}"),
            })
            .to_string()
        };
        let mut note = db
            .prepare(
                "INSERT INTO changes (run_id, user_id, action, username, evidence, before, after)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )
            .expect("the table of then");
        for (id, user) in (1..).zip(["alice", "bob", "carol", "dave", WITNESS]) {
            let guid = self.stage.change(|directory| directory.guid(user));
            note.execute(params![
                1,
                id,
                "imported",
                user,
                None::<&str>,
                None::<&str>,
                of(user, guid)
            ])
            .expect("a change");
        }
        let erin = of("erin", self.erin);
        note.execute(params![
            1,
            6,
            "imported",
            "erin",
            None::<&str>,
            None::<&str>,
            erin
        ])
        .expect("a change");
        note.execute(params![
            2,
            6,
            "deleted",
            "erin",
            "tombstone",
            erin,
            None::<&str>
        ])
        .expect("a change");
    }

    fn write_mark(&self, db: &Connection) {
        let service = format!(
            "CN=NTDS Settings,CN=DC1,CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration,{DOMAIN}"
        );
        let settings = json!({
            "adsync": env!("CARGO_PKG_VERSION"),
            "attributes.contact_number": "telephoneNumber",
            "attributes.email": "mail",
            "attributes.first_name": "givenName",
            "attributes.guid": "objectGUID",
            "attributes.last_name": "sn",
            "attributes.username": "sAMAccountName",
            "base_dn": STAFF,
            "filter": FILTER,
            "out_of_scope": "keep",
            "username": testdir::USERNAME,
        });
        let witness = self.stage.change(|directory| directory.guid(WITNESS));
        let usn = self
            .stage
            .directory
            .edit(|directory| directory.highest_usn());
        db.execute(
            "INSERT INTO marks (id, service, invocation_id, usn, settings, full_at, witness, deleted_witness)
             VALUES (1, ?1, ?2, ?3, ?4, (SELECT started_at FROM runs WHERE id = 2), ?5, ?6)",
            params![
                service,
                invocation_id().to_bytes_le(),
                i64::try_from(usn).expect("a small number"),
                settings.to_string(),
                witness.to_bytes_le(),
                self.erin.to_bytes_le(),
            ],
        )
        .expect("a mark");
    }
}

/// Of a directory of its own: they all have the same.
fn invocation_id() -> testdir::Uuid {
    let stage = Stage::imported(&["alice"]);
    full(&stage, 0);
    mark(&stage).invocation_id
}

/// What the program of then could read, as it is now.
fn kept(db: &Connection) -> [Vec<String>; 3] {
    [
        "SELECT id, username, username_folded, first_name, last_name, email, email_folded, contact_number,
            enabled, source, guid, dn, status, synced_at FROM users ORDER BY id",
        "SELECT id, command, mode, started_at, duration_ms, run_by, sudo_for, host, outcome, error, checked,
            unchanged, imported, modified, deleted, duplicate, out_of_scope, failed, in_step, scope_users
         FROM runs WHERE id < 3 ORDER BY id",
        "SELECT run_id, user_id, action, username, evidence, before, after FROM changes WHERE run_id < 3
         ORDER BY run_id, user_id",
    ]
    .map(|query| rows(db, query))
}

fn version(db: &Connection) -> i64 {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
        .expect("a version")
}

fn domains(stage: &Stage) -> Vec<String> {
    rows(
        &open(stage),
        "SELECT id, dn, provisional, guid IS NOT NULL FROM domains ORDER BY id",
    )
}

#[test]
fn users_history_and_mark_are_kept_and_the_old_file_beside_them() {
    let then = Then::new();
    let stage = &then.stage;
    let before = kept(&open(stage));
    let old_mark = mark(stage);
    let run = delta(stage, 0);
    assert_eq!(run["run"], 3);
    assert_eq!(run["counts"]["unchanged"], 4, "{run:#}");
    assert_eq!(names(&run, "out_of_scope"), ["dave"]);
    assert_eq!(run["counts"]["foreign"], 0);

    let db = open(stage);
    assert_eq!(version(&db), 5);
    assert_eq!(kept(&db), before);
    assert_eq!(mark(stage), old_mark, "nothing changed since");
    let known = rows(&db, "SELECT domain, identity, full_run FROM controllers");
    let identity = invocation_id()
        .to_bytes_le()
        .map(|it| format!("{it:02x}"))
        .concat();
    assert_eq!(
        known,
        [format!("[Integer(1), Text({identity:?}), Integer(2)]")]
    );

    let backup = stage.sandbox.store_path().with_file_name("users.db.v4");
    let backup = Connection::open(backup).expect("the backup can be opened");
    assert_eq!(version(&backup), 4);
    assert_eq!(kept(&backup), before);

    // What had happened is told, and can be taken back.
    let life = stage.json(0, &["history", "--user", "erin"]);
    let actions: Vec<String> = life["changes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| text(it, "action"))
        .collect();
    assert_eq!(actions, ["imported", "deleted"]);
    stage.run(&["restore", "erin"]).expect_code(0);
    assert_eq!(stage.user("erin")["domain"], DOMAIN);
    agrees(stage, 0);
}

#[test]
fn users_get_their_domain_from_their_dn_until_a_run_reads_it() {
    let then = Then::new();
    let stage = &then.stage;
    // A command that does not ask the directory.
    stage.run(&["add", "newcomer"]).expect_code(0);
    let lower = DOMAIN.to_lowercase();
    let provisional = format!("[Integer(1), Text({lower:?}), Integer(1), Integer(0)]");
    assert_eq!(domains(stage), [provisional]);
    let of_users = |stage: &Stage| rows(&open(stage), "SELECT domain FROM users ORDER BY id");
    let (imported, local) = ("[Integer(1)]", "[Null]");
    let expected = [
        imported, imported, imported, imported, imported, local, local,
    ];
    assert_eq!(of_users(stage), expected);
    assert_eq!(stage.user("zoe")["domain"], Value::Null);

    delta(stage, 0);
    let read = format!("[Integer(1), Text({DOMAIN:?}), Integer(0), Integer(1)]");
    assert_eq!(domains(stage), [read]);
    assert_eq!(of_users(stage), expected);
    assert_eq!(stage.user("alice")["domain"], DOMAIN);
    agrees(stage, 0);
}

#[test]
fn what_changed_since_the_mark_of_then_is_found() {
    for then in [Then::new(), Then::of_an_ordinary_account()] {
        let stage = &then.stage;
        stage.set("alice", "mail", "new@example.com");
        stage.set("dave", "sn", "Married");
        let run = agrees(stage, 0);
        assert_eq!(names(&run, "modified"), ["alice", "dave"]);
        assert_eq!(stage.user("dave")["status"], "out_of_scope");
        assert_eq!(stage.user("dave")["last_name"], "Married");
    }
}

#[test]
fn a_tombstone_deletes_by_the_first_run() {
    let then = Then::new();
    let stage = &then.stage;
    stage.change(|directory| directory.delete("bob"));
    stage.change(|directory| directory.delete("dave"));
    let run = agrees(stage, 0);
    assert_eq!(names(&run, "deleted"), ["bob", "dave"]);
    for user in 0..2 {
        assert_eq!(run["deleted"][user]["evidence"], "tombstone");
    }
    assert_eq!(stage.usernames(), ["alice", "carol", WITNESS, "zoe"]);
}

#[test]
fn who_is_absent_was_returned_by_the_controller_of_the_mark() {
    let then = Then::of_an_ordinary_account();
    let stage = &then.stage;
    stage.change(|directory| directory.delete("bob"));
    let run = agrees(stage, 0);
    assert_eq!(names(&run, "missing"), ["bob"]);
    let reason = text(&run["missing"][0], "reason");
    assert!(reason.contains("(missing_after)"), "{reason}");
    a_day_passes(stage);
    let run = agrees(stage, 0);
    assert_eq!(names(&run, "deleted"), ["bob"]);
    assert_eq!(run["deleted"][0]["evidence"], "absent");
}

#[test]
fn who_was_imported_after_the_last_full_run_was_returned_by_nobody_knows_whom() {
    let then = Then::of_an_ordinary_account();
    let stage = &then.stage;
    let db = open(stage);
    db.execute_batch(
        "INSERT INTO runs (command, mode, started_at, duration_ms, run_by, host, outcome, checked, unchanged,
            imported, modified, deleted, duplicate, out_of_scope, failed)
         VALUES ('import', 'selected', strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 minute'), 12, 'root', 'app1',
            'done', 1, 0, 1, 0, 0, 0, 0, 0);
         UPDATE changes SET run_id = 3 WHERE user_id = 2;",
    )
    .expect("what happened");
    drop(db);
    stage.change(|directory| directory.delete("bob"));
    for _ in 0..3 {
        let run = stage.json(0, &["sync", "--delete-missing"]);
        assert_eq!(names(&run, "missing"), ["bob"]);
        let reason = text(&run["missing"][0], "reason");
        assert!(reason.contains("has never returned this user"), "{reason}");
        a_day_passes(stage);
    }
    in_mode(stage, 0, &["sync", "--full", "--delete-missing"], "full");
    assert!(stage.usernames().contains(&"bob".to_owned()));
    stage.run(&["remove", "bob"]).expect_code(0);
}

#[test]
fn users_of_another_domain_are_foreign() {
    let then = Then::new();
    let stage = &then.stage;
    let moved = open(stage).execute(
        "UPDATE users SET dn = 'CN=carol,OU=Staff,DC=old,DC=Example,DC=com' WHERE username = 'carol'",
        [],
    );
    assert_eq!(moved, Ok(1));
    stage.change(|directory| directory.delete("carol"));
    let run = agrees(stage, 0);
    assert_eq!(run["counts"]["foreign"], 1, "{run:#}");
    assert_eq!(run["counts"]["checked"], 4);
    in_mode(stage, 0, &["sync", "--full"], "full");
    let carol = stage.user("carol");
    assert_eq!(
        (&carol["status"], &carol["domain"]),
        (&"ok".into(), &"dc=old,dc=example,dc=com".into())
    );
    let answer = stage
        .run(&["sync", "--users", "alice,carol"])
        .expect_code(2);
    assert_says(&answer, &["of another domain than", "carol", "hint: "]);
    assert!(!answer.stderr.contains("alice"), "{answer}");
    // Nor is she believed to be gone where she is nowhere.
    stage.change(|directory| {
        directory.collect_garbage();
        Ok(())
    });
    in_mode(stage, 0, &["sync", "--full", "--delete-missing"], "full");
    assert!(stage.usernames().contains(&"carol".to_owned()));
}

#[test]
fn who_is_of_no_known_domain_is_taken_in_where_its_identity_is_found() {
    let then = Then::new();
    let stage = &then.stage;
    let moved = open(stage).execute_batch(
        "UPDATE users SET dn = 'CN=carol,OU=Staff,DC=old,DC=Example,DC=com' WHERE username = 'carol';
         UPDATE users SET dn = '' WHERE username = 'bob';",
    );
    assert_eq!(moved, Ok(()));
    // A change tells of carol, and only a run that reads everything of bob.
    stage.set("carol", "mail", "c@example.com");
    let run = delta(stage, 0);
    assert_eq!(names(&run, "modified"), ["carol"], "{run:#}");
    assert_eq!(run["counts"]["foreign"], 1);
    assert_eq!(run["counts"]["unchanged"], 2);
    let run = in_mode(stage, 0, &["sync", "--full"], "full");
    assert_eq!(run["counts"]["foreign"], 0, "{run:#}");
    assert_eq!(run["counts"]["unchanged"], 4);
    for user in ["bob", "carol"] {
        let user = stage.user(user);
        assert_eq!(user["domain"], DOMAIN);
        assert_eq!(
            user["dn"],
            format!("CN={},{STAFF}", text(&user, "username"))
        );
    }
    agrees(stage, 0);
}

#[test]
fn every_standing_of_then_is_one_of_now() {
    let then = Then::new();
    let stage = &then.stage;
    stage.set("alice", "mail", "zoe@example.com");
    stage.set(&format!("CN=bob,{STAFF}"), "sAMAccountName", "");
    let set = open(stage).execute_batch(
        "UPDATE users SET email = 'zoe@example.com', email_folded = 'zoe@example.com' WHERE username = 'zoe';
         UPDATE users SET status = 'duplicate' WHERE username = 'alice';
         UPDATE users SET status = 'failed' WHERE username = 'bob';
         UPDATE users SET status = 'restored' WHERE username = 'carol';",
    );
    assert_eq!(set, Ok(()));
    stage.change(|directory| directory.delete("carol"));
    let run = agrees(stage, 7);
    assert_eq!(names(&run, "duplicate"), ["alice"]);
    assert_eq!(names(&run, "failed"), ["bob"]);
    assert_eq!(names(&run, "deleted"), [""; 0], "carol was restored");
    for (user, status) in [
        ("alice", "duplicate"),
        ("bob", "failed"),
        ("dave", "out_of_scope"),
    ] {
        assert_eq!(stage.user(user)["status"], status);
    }
    for user in ["alice", "bob"] {
        assert_ne!(stage.user(user)["reason"], Value::Null, "{user}");
    }
    assert_eq!(stage.user("carol")["status"], "restored");
}

#[test]
fn another_default_filter_than_then_is_another_question() {
    let mut then = Then::new();
    then.stage
        .configure(|settings| settings.more_directory.clear());
    let answer = then.stage.run(&["sync", "-v"]).expect_code(0);
    let why = "reading everything: filter has changed";
    assert!(answer.stderr.contains(why), "{answer}");
    delta(&then.stage, 0);
}

#[test]
fn a_rehearsal_leaves_it_as_it_is() {
    let then = Then::new();
    let stage = &then.stage;
    let bytes = stage.sandbox.store_bytes();
    stage.set("alice", "mail", "new@example.com");
    let run = in_mode(stage, 0, &["sync", "--dry-run"], "delta");
    assert_eq!(names(&run, "modified"), ["alice"]);
    stage.run(&["list"]).expect_code(0);
    stage.run(&["history"]).expect_code(0);
    assert_eq!(stage.sandbox.store_bytes(), bytes);
    assert!(!stage.store_files().contains(&"users.db.v4".to_owned()));
}

#[test]
fn a_run_that_is_killed_while_it_is_brought_up_to_date() {
    for point in [
        "locked",
        "file made",
        "prepared",
        "begun",
        "run noted",
        "written",
    ] {
        let then = Then::new();
        let stage = &then.stage;
        let before = kept(&open(stage));
        stage.change(|directory| directory.delete("bob"));
        let killed = stage.prepare(&["sync"]).env("ADSYNC_CRASH_AT", point).run();
        assert_eq!(killed.code, -1, "{killed}");
        assert_eq!(kept(&open(stage)), before, "{point}");
        assert!(Mark::of(stage).is_some(), "{point}");
        assert_eq!(names(&delta(stage, 0), "deleted"), ["bob"]);
        assert!(
            stage.store_files().contains(&"users.db.v4".to_owned()),
            "{point}"
        );
    }
}
