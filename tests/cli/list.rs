//! `adsync list`: which users, in which order, with which columns.

use serde_json::Value;

use crate::stage::{add, alone, assert_says, settings, with_users};
use crate::support::adsync::Sandbox;

/// The usernames of a list, in its order.
#[track_caller]
fn listed(sandbox: &Sandbox, arguments: &[&str]) -> Vec<String> {
    let json = [&["list", "--format", "json"], arguments].concat();
    let list = sandbox.run(&json).expect_code(0).json();
    let names = |users: &Value| -> Vec<String> {
        let users = users.as_array().expect("a list").iter();
        let name = |user: &Value| user["username"].as_str().expect("a name").to_owned();
        users.map(name).collect()
    };
    let in_json = names(&list["users"]);
    // The other formats have the same.
    let csv = [
        &["list", "--format", "csv", "--columns", "username"],
        arguments,
    ]
    .concat();
    let csv = sandbox.run(&csv).expect_code(0).stdout;
    assert_eq!(csv.lines().skip(1).collect::<Vec<_>>(), in_json);
    let table = [&["list", "--columns", "username"], arguments].concat();
    let table = sandbox.run(&table).expect_code(0).stdout;
    assert_eq!(table.lines().skip(1).collect::<Vec<_>>(), in_json);
    in_json
}

/// One user for each standing but `restored`, and a local one.
fn company() -> (testdir::TestDir, Sandbox) {
    let names = ["alice", "bob", "carol", "dave", "erin", "zoe"];
    let (directory, sandbox) = with_users(&names);
    let mut settings = settings(&directory.url());
    settings.base_dn = Some(format!("OU=Staff,{}", directory.base_dn()));
    sandbox.configure(&settings);
    sandbox.run(&["import", "--all"]).expect_code(0);
    add(
        &sandbox,
        &[
            "Émile",
            "--email",
            "Desk@example.com",
            "--last-name",
            "ÖZIL",
        ],
    );
    directory
        .edit(|it| {
            it.replace("bob", "userAccountControl", ["514"])?;
            it.replace("carol", "mail", ["desk@example.com"])?;
            it.replace("carol", "userAccountControl", ["514"])?;
            it.replace("erin", "telephoneNumber", ["9".repeat(1025).as_str()])?;
            it.replace("zoe", "mail", ["aaa@example.com"])?;
            it.move_to("dave", "OU=Alumni,DC=corp,DC=example,DC=com")
        })
        .expect("they are there");
    sandbox.run(&["sync"]).expect_code(7);
    (directory, sandbox)
}

#[test]
fn only_those_who_were_asked_for() {
    let (directory, sandbox) = company();
    for (arguments, expected) in [
        (&["--status", "ok"][..], &["alice", "zoe", "Émile"][..]),
        // Whatever else: carol is a duplicate, too, and keeps what she had.
        (&["--status", "disabled"], &["bob"]),
        (&["--status", "duplicate"], &["carol"]),
        (&["--status", "out-of-scope"], &["dave"]),
        (&["--status", "failed"], &["erin"]),
        (&["--status", "duplicate,failed"], &["carol", "erin"]),
        (&["--status", "restored"], &[]),
        (&["--source", "local"], &["Émile"]),
        (
            &["--source", "directory", "--status", "ok"],
            &["alice", "zoe"],
        ),
        (&["--filter", "ALI"], &["alice"]),
        (&["--filter", "éMILE"], &["Émile"]),
        (&["--filter", "özil"], &["Émile"]),
        (&["--filter", "DESK@"], &["Émile"]),
        (&["--filter", "bob ex"], &["bob"]),
        (&["--filter", "example", "--status", "failed"], &["erin"]),
        (&["--filter", "xyzzy"], &[]),
        // Text is text, and no pattern.
        (&["--filter", "%"], &[]),
    ] {
        assert_eq!(listed(&sandbox, arguments), expected, "{arguments:?}");
    }
    directory.delete("alice").expect("she is there");
    sandbox.run(&["sync", "--users", "alice"]).expect_code(0);
    assert_eq!(listed(&sandbox, &["--status", "missing"]), ["alice"]);
    assert_eq!(
        listed(&sandbox, &["--status", "missing,failed"]),
        ["alice", "erin"]
    );
    sandbox
        .run(&["sync", "--users", "alice", "--delete-missing"])
        .expect_code(0);
    assert_eq!(listed(&sandbox, &["--status", "missing"]), [""; 0]);
    sandbox.run(&["restore", "alice"]).expect_code(0);
    assert_eq!(listed(&sandbox, &["--status", "restored"]), ["alice"]);
}

#[test]
fn in_the_order_that_was_asked_for() {
    let (_directory, sandbox) = company();
    for (arguments, expected) in [
        (
            &["--sort", "email"][..],
            ["zoe", "alice", "bob", "carol", "dave", "Émile", "erin"],
        ),
        (
            &["--sort", "email", "--reverse"],
            ["erin", "Émile", "dave", "carol", "bob", "alice", "zoe"],
        ),
        (
            &["--reverse"],
            ["Émile", "zoe", "erin", "dave", "carol", "bob", "alice"],
        ),
        // Users without a value come last, either way.
        (
            &["--sort", "dn", "--reverse"],
            ["zoe", "erin", "dave", "carol", "bob", "alice", "Émile"],
        ),
        (
            &["--sort", "status"],
            ["bob", "carol", "erin", "alice", "zoe", "Émile", "dave"],
        ),
    ] {
        assert_eq!(listed(&sandbox, arguments), expected, "{arguments:?}");
    }
}

/// A run writes nothing about those who are in step; when they were seen is told from the runs.
#[test]
fn by_the_last_time_that_they_were_seen() {
    let (_directory, sandbox) = with_users(&["alice", "bob", "carol"]);
    add(&sandbox, &["dave"]);
    sandbox.run(&["import", "--all"]).expect_code(0);
    // Times are kept to the second.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    sandbox.run(&["sync", "--users", "alice"]).expect_code(0);
    assert_eq!(
        listed(&sandbox, &["--sort", "synced_at"]),
        ["bob", "carol", "alice", "dave"]
    );
    std::thread::sleep(std::time::Duration::from_millis(1100));
    sandbox.run(&["sync"]).expect_code(0);
    sandbox.run(&["sync", "--users", "bob"]).expect_code(0);
    let order = listed(&sandbox, &["--sort", "synced_at", "--reverse"]);
    assert_eq!(order[3], "dave");
    let list = sandbox
        .run(&["list", "--format", "json", "--sort", "synced_at"])
        .expect_code(0)
        .json();
    let times: Vec<&str> = list["users"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|user| user["synced_at"].as_str())
        .collect();
    assert!(times.is_sorted(), "{times:?}");
}

#[test]
fn the_columns_that_were_asked_for() {
    let sandbox = alone();
    add(
        &sandbox,
        &[
            "bob",
            "--email",
            "b@x",
            "--first-name",
            "Bob",
            "--last-name",
            "Lee",
        ],
    );
    add(&sandbox, &["zoe"]);
    let table = sandbox
        .run(&["list", "--columns", "email,username,name,enabled"])
        .expect_code(0);
    assert_eq!(
        table.stdout,
        "EMAIL  USERNAME  NAME     ENABLED\n\
         b@x    bob       Bob Lee  yes\n\
         -      zoe       -        yes\n"
    );
    let csv = sandbox
        .run(&[
            "list",
            "--columns",
            "email,username,name,enabled",
            "--format",
            "csv",
        ])
        .expect_code(0);
    assert_eq!(
        csv.stdout,
        "email,username,name,enabled\nb@x,bob,Bob Lee,true\n,zoe,,true\n"
    );
    // What is ignored would deceive: JSON is a contract, and has all keys.
    let json = sandbox
        .run(&["list", "--columns", "email", "--format", "json"])
        .expect_code(2);
    assert_says(&json, &["--columns", "hint: "]);
    for arguments in [
        &["list", "--columns", "mail"][..],
        &["list", "--columns", ""],
        &["list", "--sort", "mail"],
        &["list", "--status", "gone"],
        &["list", "--source", "ldap"],
    ] {
        sandbox.run(arguments).expect_code(2);
    }
}
