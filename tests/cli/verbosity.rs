//! `-q`, `-v`, and where things are printed.

use crate::stage::{add, alone, assert_says, settings, with_users};
use crate::support::adsync::Sandbox;

#[test]
fn without_a_terminal_only_the_result_is_said() {
    let (_directory, sandbox) = with_users(&["alice", "bob"]);
    for arguments in [
        &["import", "--all"][..],
        &["sync"],
        &["sync", "--dry-run"],
        &["search", "a"],
        &["list"],
        &["check"],
    ] {
        let answer = sandbox.run(arguments).expect_code(0);
        assert_eq!(answer.stderr, "", "{answer}");
        assert!(!answer.stdout.is_empty(), "{answer}");
    }
}

#[test]
fn quiet_says_nothing_when_nothing_happened() {
    let (_directory, sandbox) = with_users(&["alice", "bob"]);
    sandbox.run(&["import", "--all"]).expect_code(0);
    for format in ["table", "json", "csv"] {
        for arguments in [&["sync"][..], &["sync", "--dry-run"], &["import", "--all"]] {
            let answer = sandbox
                .run(&[arguments, &["--quiet", "--format", format]].concat())
                .expect_code(0);
            assert_eq!(
                (answer.stdout.as_str(), answer.stderr.as_str()),
                ("", ""),
                "{answer}"
            );
        }
    }
}

#[test]
fn a_quiet_check_says_nothing_when_all_is_well() {
    let directory = testdir::TestDir::builder()
        .kind(testdir::Kind::PlainLdap)
        .start()
        .expect("a server on loopback starts");
    directory
        .add_user("alice")
        .expect("a fresh directory takes her");
    let mut settings = settings(&directory.url());
    settings.more_directory = "filter = \"(objectClass=inetOrgPerson)\"".to_owned();
    settings.more_attributes = "username = \"uid\"\nguid = \"entryUUID\"".to_owned();
    let sandbox = Sandbox::new(&settings);
    let loud = sandbox.run(&["check"]).expect_code(0);
    assert!(!loud.stdout.contains("warn"), "{loud}");
    let quiet = sandbox.run(&["check", "-q"]).expect_code(0);
    assert_eq!(
        (quiet.stdout.as_str(), quiet.stderr.as_str()),
        ("", ""),
        "{quiet}"
    );
    // A warning is something wrong: nobody in the scope.
    directory.delete("alice").expect("alice is there");
    let quiet = sandbox.run(&["check", "-q"]).expect_code(0);
    assert!(quiet.stdout.contains("warn  users"), "{quiet}");
}

#[test]
fn quiet_says_what_changed() {
    let (directory, sandbox) = with_users(&["alice", "bob"]);
    let quiet = sandbox.run(&["import", "--all", "-q"]).expect_code(0);
    assert!(quiet.stdout.contains("2 imported"), "{quiet}");
    directory
        .replace("alice", "mail", ["new@example.com"])
        .expect("alice is there");
    for arguments in [&["sync", "-q", "--dry-run"][..], &["sync", "-q"]] {
        let quiet = sandbox.run(arguments).expect_code(0);
        assert!(
            quiet.stdout.contains("1 modified") && quiet.stderr.is_empty(),
            "{quiet}"
        );
    }
    let quiet = sandbox.run(&["remove", "bob", "-q"]).expect_code(0);
    assert!(
        quiet.stdout.contains("1 removed") && quiet.stderr.is_empty(),
        "{quiet}"
    );
}

#[test]
fn quiet_says_what_is_wrong() {
    let (directory, sandbox) = with_users(&["alice"]);
    add(&sandbox, &["robot", "--email", "alice@example.com"]);
    // A duplicate, at each run until it has gone.
    for _ in 0..2 {
        let quiet = sandbox.run(&["import", "--all", "-q"]).expect_code(0);
        assert!(quiet.stdout.contains("held by robot"), "{quiet}");
    }
    let unknown = sandbox.run(&["remove", "nobody", "-q"]).expect_code(2);
    assert_says(&unknown, &["error: ", "nobody"]);
    drop(directory);
    let unreachable = sandbox.run(&["sync", "-q"]).expect_code(5);
    assert_says(&unreachable, &["error: cannot connect"]);
}

#[test]
fn quiet_does_not_swallow_what_was_asked_for() {
    let (_directory, sandbox) = with_users(&["alice"]);
    sandbox.run(&["import", "--all", "-q"]).expect_code(0);
    for arguments in [&["list", "-q"], &["search", "ali", "-q"][..]] {
        let answer = sandbox.run(arguments).expect_code(0);
        assert!(answer.stdout.contains("alice"), "{answer}");
    }
}

#[test]
fn verbose_says_more_on_standard_error_alone() {
    let (_directory, sandbox) = with_users(&["alice"]);
    sandbox.run(&["import", "--all"]).expect_code(0);
    let plain = sandbox.run(&["sync", "--dry-run"]).expect_code(0);
    let verbose = sandbox.run(&["sync", "--dry-run", "-v"]).expect_code(0);
    let more = sandbox.run(&["sync", "--dry-run", "-vv"]).expect_code(0);
    assert_eq!(plain.stdout, verbose.stdout);
    assert_eq!(plain.stdout, more.stdout);
    assert_eq!(plain.stderr, "");
    assert_says(&verbose, &["info: settings adsync.toml\n"]);
    assert!(!verbose.stderr.contains("debug: "), "{verbose}");
    // The search, so that it can be repeated with ldapsearch.
    assert_says(
        &more,
        &[
            "info: settings adsync.toml\n",
            "debug: ",
            "(objectCategory=person)",
            "DC=corp",
        ],
    );

    let list = sandbox.run(&["list", "-v"]).expect_code(0);
    assert_eq!(list.stderr, "info: settings adsync.toml\n");
    let json = sandbox
        .run(&["list", "-vv", "--format", "json"])
        .expect_code(0);
    json.json();
}

#[test]
fn an_environment_for_loggers_changes_nothing() {
    let sandbox = alone();
    let answer = sandbox
        .prepare(&["list"])
        .env("RUST_LOG", "trace")
        .run()
        .expect_code(0);
    assert_eq!(answer.stderr, "");
}
