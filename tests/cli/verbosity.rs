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

/// The first thing in a line that looks as Rust prints its types for a developer: a name with a bracket or
/// a brace behind it (`Some(`, `Error {`), a list (`["`, `[1, `), or a unit type (`Kind::Other`).
fn debug_output(line: &str) -> Option<&str> {
    let is_word = |it: char| it.is_ascii_alphanumeric() || it == '_';
    for (at, _) in line.match_indices(['(', '{', '[', ':']) {
        let (before, rest) = line.split_at(at);
        let name = &before[before.trim_end().trim_end_matches(is_word).len()..];
        let is_type = name.starts_with(|it: char| it.is_ascii_uppercase());
        let is_list = rest.starts_with("[\"")
            || rest.starts_with("[(")
            || rest.starts_with('[') && rest[1..].starts_with(|it: char| it.is_ascii_digit());
        let is_struct = rest.starts_with("{ ") || rest.starts_with("{ }");
        let is_tuple = rest.starts_with('(') && name.trim_end() == name;
        if is_list || is_struct || is_type && (is_tuple || rest.starts_with("::")) {
            return Some(&line[at - name.len()..]);
        }
    }
    None
}

#[test]
fn what_a_developer_prints_is_recognised() {
    for line in [
        "found Some(1)",
        "debug: Ok(())",
        "Error { code: 1 }",
        "it is Os { code: 2, kind: NotFound }",
        "[\"a\", \"b\"]",
        "bytes [1, 2]",
        "because Kind::Other",
    ] {
        assert!(debug_output(line).is_some(), "{line}");
    }
    for line in [
        "ldapsearch -b 'DC=corp' '(&(objectCategory=person)(sn=A*))' mail",
        "under [directory]: a DN (RFC 4512, 1.4)",
        "$adsync = {alice}",
    ] {
        assert_eq!(debug_output(line), None, "{line}");
    }
}

#[track_caller]
fn assert_legible(sandbox: &Sandbox, code: i32, command: &str) {
    let arguments: Vec<&str> = command.split(' ').chain(["-vv"]).collect();
    let answer = sandbox.run(&arguments).expect_code(code);
    for line in answer.stderr.lines() {
        let found = debug_output(line);
        assert_eq!(found, None, "{command}: {line}\n{answer}");
    }
}

#[test]
fn what_vv_adds_is_for_people() {
    let (directory, sandbox) = with_users(&["alice", "bob", "carol"]);
    directory
        .add(
            "CN=sales,DC=corp,DC=example,DC=com",
            [("objectClass", "group")],
        )
        .expect("a fresh directory takes any group");
    directory.see_tombstones(true);
    for (code, command) in [
        (0, "check"),
        (0, "search a"),
        (0, "import --users alice --dry-run"),
        (0, "import --group sales"),
        (0, "import --ou DC=corp,DC=example,DC=com"),
        (0, "import --filter (sn=*)"),
        (0, "import --all"),
        (0, "sync"),
        (0, "sync --full"),
        (0, "sync --users alice,bob"),
        (2, "sync --users alic"),
        (0, "add zoe --email zoe@example.com"),
        (7, "add zoe"),
        (0, "set zoe --first-name Zoe"),
        (0, "list"),
        (0, "show alice"),
        (0, "remove alice"),
        (0, "restore alice"),
        (0, "undo 2 --allow-deletes 3 --dry-run"),
        (0, "history"),
        (0, "history 2"),
        (0, "history --changes"),
        (0, "config show"),
        (0, "config example"),
        (2, "setup --print-sql"),
        (0, "check"),
    ] {
        assert_legible(&sandbox, code, command);
    }
    for user in ["alice", "bob", "carol"] {
        directory.delete(user).expect("the user is there");
    }
    let mut guarded = settings(&directory.url());
    guarded.more_sync = "max_deletes = 0".to_owned();
    sandbox.configure(&guarded);
    assert_legible(&sandbox, 4, "sync");
    assert_legible(&sandbox, 0, "sync --allow-deletes 2");
    directory.fault(testdir::When::bind(), testdir::What::answer(49, "data 52e"));
    assert_legible(&sandbox, 5, "sync");
    directory.clear_faults();
    directory.fault(testdir::When::search(), testdir::What::Cut);
    assert_legible(&sandbox, 5, "sync");
    drop(directory);
    for command in ["check", "search a", "import --all", "sync"] {
        assert_legible(&sandbox, 5, command);
    }
}

#[test]
fn what_vv_adds_of_a_database_is_for_people() {
    let mut settings = settings("ldap://127.0.0.1:1");
    settings.store = Some("url = \"postgres://adsync@127.0.0.1:1/app\"".to_owned());
    let sandbox = Sandbox::new(&settings);
    assert_legible(&sandbox, 0, "setup --print-sql");
    assert_legible(&sandbox, 1, "list");
}
