//! The life of a store, told side by side: whatever a command prints as JSON on `SQLite` it prints on the others.

use serde_json::Value;
use testdir::{What, When};

use crate::side_by_side::{SideBySide, while_held};
use crate::support::database::Database;
use crate::support::embedded::{assert_says, names, text};

const USERS: &[&str] = &[
    "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi",
];

fn own_tables() -> SideBySide {
    let mut all = SideBySide::with(USERS, |_| String::new());
    // Nearly everybody changes here, which is no accident.
    all.configure_sync("max_modified = \"100%\"\nmax_deletes = 1\n");
    all
}

/// All that can be asked of a store.
#[track_caller]
fn look(all: &SideBySide) {
    all.run(0, &["list"]);
    all.run(0, &["history"]);
    all.run(0, &["history", "--changes"]);
    for user in ["alice", "erin"] {
        all.run(0, &["history", "--user", user]);
    }
}

fn change_each_field(all: &SideBySide) {
    for (attribute, value) in [
        ("givenName", "Aloïs"),
        ("sn", "O'Brien \\ \"Q\" %_;--"),
        ("mail", "new@example.com"),
        ("telephoneNumber", ""),
        ("userAccountControl", "514"),
    ] {
        all.set("alice", attribute, value);
    }
    all.set("bob", "telephoneNumber", "+44 20 7946 0000");
    all.set("carol", "sAMAccountName", "caroline");
}

fn swap_names(all: &SideBySide) {
    // Two who swap, and a chain: frank becomes grace, grace heidi, and heidi somebody new.
    all.set("dave", "sAMAccountName", "erin-parked");
    all.set("erin", "sAMAccountName", "dave");
    all.set("dave", "sAMAccountName", "erin");
    all.set("dave", "mail", "erin@example.com");
    all.set("erin", "mail", "dave@example.com");
    all.set("heidi", "sAMAccountName", "ivan");
    all.set("grace", "sAMAccountName", "heidi");
    all.set("frank", "sAMAccountName", "grace");
}

#[test]
fn everything_is_as_in_a_file() {
    let all = own_tables();
    let planned = all.run(0, &["import", "--all", "--dry-run"]);
    assert_eq!(planned["counts"]["imported"], 8);
    all.run(0, &["import", "--all"]);
    all.run(0, &["add", "Zoë", "--email", "Zoe@Example.com"]);
    all.run(0, &["sync"]);
    let run = all.run(0, &["sync"]);
    assert_eq!(run["mode"], "delta");
    look(&all);

    change_each_field(&all);
    let planned = all.run(3, &["sync", "--dry-run", "--exit-code"]);
    assert_eq!(names(&planned, "modified"), ["alice", "bob", "carol"]);
    let run = all.run(0, &["sync"]);
    assert_eq!(names(&run, "modified"), ["alice", "bob", "carol"]);
    look(&all);

    swap_names(&all);
    let run = all.run(0, &["sync", "--full"]);
    assert_eq!(run["counts"]["modified"], 5);
    look(&all);

    // The local user holds both, in another case.
    all.set("bob", "sAMAccountName", "ZOË");
    all.set("carol", "mail", "zoe@EXAMPLE.com");
    let run = all.run(0, &["sync"]);
    assert_eq!(names(&run, "duplicate"), ["bob", "caroline"]);
    all.run(7, &["sync", "--strict"]);
    all.run(0, &["show", "bob"]);
    look(&all);

    all.bury("heidi");
    all.bury("bob");
    all.run(4, &["sync"]);
    let run = all.run(0, &["sync", "--allow-deletes", "2"]);
    assert_eq!(run["counts"]["deleted"], 2);
    look(&all);
    let deleted = run["run"].to_string();
    all.run(0, &["restore", "bob", "--dry-run"]);
    all.run(0, &["restore", "bob"]);
    all.run(0, &["undo", &deleted]);
    look(&all);

    all.run(0, &["sync", "--users", "alice,GRACE"]);
    all.run(2, &["sync", "--users", "nobody,gracy"]);
    all.run(0, &["set", "zoë", "--last-name", "Quux"]);
    all.run(0, &["show", "zoë"]);
    all.run(7, &["add", "ALICE"]);
    all.run(0, &["remove", "zoë", "caroline"]);
    all.run(0, &["sync", "--full"]);
    look(&all);
    for n in 1..=12 {
        all.run(0, &["history", &n.to_string()]);
    }
}

#[test]
fn a_run_that_fails_is_in_the_history_and_changes_nothing() {
    let all = own_tables();
    all.run(0, &["import", "--all"]);
    all.set("alice", "mail", "new@example.com");
    for it in 0..=all.databases.len() {
        let directory = &all.file.directory;
        directory.fault(When::page(1), What::answer(51, "busy with other things"));
        let run = |arguments: &[&str]| match it {
            0 => all.file.run(arguments),
            n => all.databases[n - 1].run(arguments),
        };
        run(&["sync", "--full"]).expect_code(5);
        directory.clear_faults();
    }
    let history = all.run(0, &["history"]);
    assert_eq!(
        text(&history["runs"][0], "outcome"),
        "failed",
        "{history:#}"
    );
    let run = all.run(0, &["sync"]);
    assert_eq!(names(&run, "modified"), ["alice"]);
}

#[test]
fn a_dry_run_writes_nothing() {
    let all = own_tables();
    for it in &all.databases {
        it.json(0, &["import", "--all", "--dry-run"]);
        assert_eq!(tables(&it.database), "0", "it makes no tables");
        it.json(0, &["import", "--all"]);
    }
    all.set("alice", "mail", "new@example.com");
    all.bury("bob");
    for it in &all.databases {
        let before = contents(&it.database);
        assert!(before.contains("alice@example.com"), "{before}");
        for arguments in [
            &["sync", "--dry-run"][..],
            &["sync", "--dry-run", "--full"],
            &["sync", "--dry-run", "--users", "alice"],
            &["add", "zoe", "--dry-run"],
            &["remove", "carol", "--dry-run"],
            &["undo", "1", "--dry-run", "--allow-deletes", "8"],
        ] {
            it.json(0, arguments);
            assert_eq!(contents(&it.database), before, "{arguments:?}");
        }
    }
}

/// How many tables a database has beside those of the server.
fn tables(database: &Database) -> String {
    database.sql(
        "SELECT count(*) FROM information_schema.tables
         WHERE table_schema NOT IN ('pg_catalog', 'information_schema', 'mysql', 'sys', 'performance_schema')
             AND (table_schema = 'adsync' OR table_name LIKE 'adsync%' AND table_schema = '@')"
            .replace('@', database.name())
            .as_str(),
    )
}

/// All that adsync's tables hold.
fn contents(database: &Database) -> String {
    let prefix = if database.is_postgres() {
        "adsync."
    } else {
        "adsync_"
    };
    let tables = [
        "meta",
        "users",
        "links",
        "departed",
        "runs",
        "changes",
        "domains",
        "controllers",
        "marks",
    ];
    let queries = tables.map(|it| format!("SELECT * FROM {prefix}{it} ORDER BY 1, 2;"));
    database.sql(&queries.concat())
}

#[test]
fn the_second_of_two_runs_is_told_who_holds_the_store() {
    let all = own_tables();
    all.run(0, &["import", "--all"]);
    for it in &all.databases {
        while_held(&all.file.directory, &it.sandbox, |process| {
            let answer = it.run(&["sync"]).expect_code(6);
            assert_says(&answer, &["another run holds", "hint: "]);
            if it.database.is_postgres() {
                let holder = format!("sync, {}, process {process}, since 20", host());
                assert_says(&answer, &[&holder]);
            }
            it.json(0, &["list"]);
            it.json(0, &["sync", "--dry-run"]);
        });
        // Nobody waits for the dead.
        it.run(&["sync", "--wait", "30"]).expect_code(0);
    }
}

fn host() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("a host has a name");
    host.trim().to_owned()
}

#[test]
fn names_are_one_that_adsync_folds_to_one() {
    let all = SideBySide::with(&["straße", "İstanbul", "ΣΊΣΥΦΟΣ"], |_| {
        String::new()
    });
    all.run(0, &["import", "--all"]);
    all.run(0, &["sync", "--users", "STRASSE"]);
    all.run(7, &["add", "strasse"]);
    all.run(0, &["add", "josé"]);
    all.run(0, &["add", "jose"]);
    let list = all.run(0, &["list"]);
    assert_eq!(list["users"].as_array().map(Vec::len), Some(5));
}

#[test]
fn whatever_the_directory_holds_is_kept_as_it_is() {
    let all = SideBySide::with(&["alice"], |_| String::new());
    all.run(0, &["import", "--all"]);
    for value in [
        "👩‍👩‍👧 Zoë",
        "Пётр Ильи́ч",
        "a\tb\nc",
        " both ends ",
        "O'Brien\\'; DROP TABLE users; --",
        "\\N",
        "?$1:x{}",
        &"ß".repeat(1000),
    ] {
        all.set("alice", "sn", value);
        all.run(0, &["sync"]);
        let user = all.run(0, &["list"]);
        assert_eq!(user["users"][0]["last_name"], Value::from(value));
    }
}
