//! Command lines that cannot be meant: exit 2, and nobody is touched.

use crate::stage::{add, alone, assert_says, usernames, with_users};

#[test]
fn what_is_not_known_is_refused() {
    let sandbox = alone();
    for (arguments, says) in [
        (&["sink"][..], "'sink'"),
        (&["sync", "--dryrun"], "--dry-run"),
        (&["list", "alice"], "'alice'"),
        (&["list", "--format", "xml"], "table, json, csv"),
        (&["list", "--color", "blue"], "auto, always, never"),
        (&["completions", "tcsh"], "bash"),
        (&["list", "-q", "-v"], "--quiet"),
        (&["sync", "--allow-deletes", "many"], "'many'"),
        (&["sync", "--allow-deletes", "-1"], "'-1'"),
        (&["sync", "--allow-missing", "many"], "'many'"),
        (&["sync", "--allow-cleared", "50,30,x"], "'x'"),
        (&["sync", "--allow-disabled", "-1"], "'-1'"),
        (&["import", "--all", "--allow-modified", "1.5"], "'1.5'"),
        (
            &["import", "--all", "--allow-deletes", "1"],
            "'--allow-deletes'",
        ),
        (
            &["import", "--all", "--delete-missing"],
            "'--delete-missing'",
        ),
        (&["sync", "--delete-missing=yes"], "--delete-missing"),
        (&["sync", "--all", "--users", "alice"], "--users"),
        (&["search", ""], "PREFIX"),
        (&["search"], "PREFIX"),
        (&["remove"], "USERNAME"),
        (&["add"], "USERNAME"),
        (&["add", "alice", "--from-csv", "-"], "--from-csv"),
        (&["add", "--from-csv", "-", "--email", "a@x"], "--from-csv"),
        (&["import", "--filter", "(("], "RFC 4515"),
    ] {
        let answer = sandbox.run(arguments).expect_code(2);
        assert_says(&answer, &["error: ", says]);
        assert_eq!(answer.stdout, "", "{answer}");
    }
    assert!(!sandbox.store_path().exists(), "a store was made");
}

#[test]
fn without_a_command_the_commands_are_shown() {
    let answer = alone().run(&[]).expect_code(2);
    assert_says(&answer, &["Usage: adsync", "import", "sync"]);
    assert_eq!(answer.stdout, "", "{answer}");
}

#[test]
fn an_import_says_who() {
    let sandbox = alone();
    let answer = sandbox.run(&["import"]).expect_code(2);
    assert_says(
        &answer,
        &["--users", "--group", "--ou", "--filter", "--all"],
    );
    for two in [
        &["--all", "--users", "alice"][..],
        &["--group", "Sales", "--ou", "OU=Sales"],
        &["--filter", "(cn=a)", "--all"],
    ] {
        let answer = sandbox.run(&[&["import"], two].concat()).expect_code(2);
        assert_says(&answer, &["cannot be used with"]);
    }
}

#[test]
fn exit_code_goes_with_dry_run() {
    let sandbox = alone();
    for command in [&["sync"][..], &["import", "--all"]] {
        let answer = sandbox
            .run(&[command, &["--exit-code"]].concat())
            .expect_code(2);
        assert_says(&answer, &["--dry-run"]);
    }
}

#[test]
fn csv_safe_goes_with_csv() {
    let sandbox = alone();
    for format in ["table", "json"] {
        let answer = sandbox
            .run(&["list", "--csv-safe", "--format", format])
            .expect_code(2);
        assert_says(&answer, &["--csv-safe", "--format csv"]);
    }
}

#[test]
fn a_name_in_an_empty_store_is_told_that_it_is_empty() {
    let (_directory, sandbox) = with_users(&["alice"]);
    add(&sandbox, &["zoe"]);
    sandbox.run(&["remove", "zoe"]).expect_code(0);
    let answer = sandbox.run(&["sync", "--users", "alice"]).expect_code(2);
    assert_says(&answer, &["no user \"alice\"", "adsync import --help"]);
}

#[test]
fn an_empty_selection_is_never_everybody() {
    let (directory, sandbox) = with_users(&["alice", "bob"]);
    sandbox.run(&["import", "--all"]).expect_code(0);
    directory
        .replace("alice", "mail", ["new@example.com"])
        .expect("alice is there");
    let before = sandbox.store_bytes();
    for names in ["", ",", " ", " , ,"] {
        for command in ["sync", "import"] {
            let answer = sandbox.run(&[command, "--users", names]).expect_code(2);
            assert_says(&answer, &["no name"]);
        }
        let answer = sandbox.run(&["remove", names]).expect_code(2);
        assert_says(&answer, &["no name"]);
    }
    for selection in ["--group", "--ou", "--filter"] {
        sandbox.run(&["import", selection, ""]).expect_code(2);
    }
    assert!(before == sandbox.store_bytes(), "somebody was touched");
    assert_eq!(usernames(&sandbox), ["alice", "bob"]);
}

#[test]
fn an_empty_selection_is_refused_before_the_directory_is_asked() {
    let answer = alone().run(&["import", "--users", ""]).expect_code(2);
    assert_says(&answer, &["no name"]);
}

#[test]
fn an_unknown_name_stops_the_run_and_all_of_them_are_listed() {
    let (directory, sandbox) = with_users(&["alice", "bob", "carol"]);
    sandbox
        .run(&["import", "--users", "alice,bob"])
        .expect_code(0);
    add(&sandbox, &["robot"]);
    directory
        .replace("alice", "mail", ["new@example.com"])
        .expect("alice is there");
    let before = sandbox.store_bytes();
    let sync = sandbox
        .run(&["sync", "--users", "alice,alise,BOBB,nobody"])
        .expect_code(2);
    assert_says(
        &sync,
        &[
            "alise",
            "BOBB",
            "nobody",
            "did you mean alice?",
            "did you mean bob?",
        ],
    );
    let import = sandbox
        .run(&["import", "--users", "carol,caroll,zzz"])
        .expect_code(2);
    assert_says(&import, &["caroll", "zzz", "did you mean carol?"]);
    // A local user has nothing to be synchronised with.
    let local = sandbox
        .run(&["sync", "--users", "alice,Robot"])
        .expect_code(2);
    assert_says(&local, &["robot", "local"]);
    assert!(before == sandbox.store_bytes(), "somebody was touched");
}

#[test]
fn names_are_found_in_any_case_and_any_number_of_flags() {
    let (directory, sandbox) = with_users(&["alice", "bob", "carol"]);
    sandbox
        .run(&[
            "import",
            "--users",
            "ALICE, Bob",
            "--users",
            "carol@example.com",
        ])
        .expect_code(0);
    for username in ["alice", "bob", "carol"] {
        directory
            .replace(username, "telephoneNumber", ["1"])
            .expect("they are there");
    }
    let answer = sandbox
        .run(&["sync", "--users", "Alice,bob", "--users", "ALICE"])
        .expect_code(0);
    assert!(answer.stdout.contains("2 modified"), "{answer}");
    let answer = sandbox.run(&["sync", "--all"]).expect_code(0);
    assert!(answer.stdout.contains("1 modified"), "{answer}");
}

#[test]
fn what_was_meant_is_said() {
    let sandbox = alone();
    for (arguments, says) in [
        (&["sync", "alice"][..], "`adsync sync --users alice`"),
        (
            &["import", "alice bob"],
            "`adsync import --users 'alice bob'`",
        ),
        (&["history", "--run", "3"], "`adsync history N`"),
        (&["history", "alice"], "`adsync history --user alice`"),
        (&["history", "--users", "alice"], "--user NAME"),
        (&["undo", "--run", "3"], "`adsync undo N`"),
        (&["undo"], "`adsync undo 42`"),
        (&["list", "alice"], "`adsync list --filter alice`"),
        (&["list", "--users", "alice"], "--filter TEXT"),
        (&["list", "--group", "a"], "`adsync import --group`"),
        (&["sync", "--group", "a"], "`adsync import --group`"),
        (&["sync", "--filter", "a"], "--users NAME"),
        (&["import", "--dn", "OU=a"], "--ou DN"),
        (&["import"], "--users alice,bob"),
        (&["remove"], "`adsync remove --interactive`"),
        (&["remove", "--users", "bob"], "`adsync remove NAME`"),
        (&["restore"], "`adsync restore --run 42`"),
        (&["restore", "--user", "bob"], "`adsync restore NAME`"),
        (&["show"], "`adsync show alice`"),
        (&["show", "--user", "bob"], "`adsync show NAME`"),
        (&["show", "alice", "bob"], "one name or number at a time"),
        (&["search"], "`adsync search ali`"),
        (&["search", "--users", "ali"], "`adsync search NAME`"),
        (&["add"], "`adsync add --from-csv FILE`"),
        (&["set", "alice"], "`adsync set alice --email"),
        (&["check", "alice"], "takes no name"),
        (
            &["import", "--group", "a", "--group", "b"],
            "once for each group",
        ),
        (&["undo", "x"], "it must be the number of a run"),
        (&["undo", "0"], "it must be the number of a run"),
        (
            &["sync", "--allow-deletes", "ten"],
            "it must be a whole number from 0",
        ),
        (
            &["sync", "--wait", "1s"],
            "it must be a whole number from 0",
        ),
    ] {
        let answer = sandbox.run(arguments).expect_code(2);
        assert!(answer.stderr.contains(says), "{answer}");
        assert!(!answer.stderr.contains("invalid digit"), "{answer}");
        assert!(!answer.stderr.contains("as a value"), "{answer}");
    }
}

#[test]
fn a_name_that_was_written_otherwise_is_offered() {
    let sandbox = alone();
    for name in ["alice", "josé"] {
        sandbox.run(&["add", name]).expect_code(0);
    }
    for (name, says) in [
        (r"CORP\alice", "did you mean alice? leave the domain out"),
        (
            "alice@corp.example.com",
            "did you mean alice? leave the domain out",
        ),
        (
            "jose\u{301}",
            "josé is written with other Unicode characters",
        ),
        ("alcie", "did you mean alice?"),
    ] {
        let answer = sandbox.run(&["sync", "--users", name]).expect_code(2);
        assert!(answer.stderr.contains(says), "{answer}");
    }
}

#[test]
fn names_may_come_from_a_file_or_from_standard_input() {
    let (_directory, sandbox) = with_users(&["alice", "bob", "carol", "dave"]);
    let write = |bytes: &[u8]| {
        std::fs::write(sandbox.path().join("names.txt"), bytes).expect("writable");
    };
    write(b"alice\r\n\n  bob \ncarol");
    let answer = sandbox
        .run(&["import", "--users", "@names.txt", "--users", "dave"])
        .expect_code(0);
    assert!(answer.stdout.contains("4 imported"), "{answer}");
    let utf16: Vec<u8> = "\u{feff}alice\r\nbob\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    write(&utf16);
    let answer = sandbox
        .run(&["sync", "--users", "@names.txt"])
        .expect_code(0);
    assert!(answer.stdout.contains("2 unchanged"), "{answer}");
    for command in ["remove", "restore"] {
        let answer = sandbox
            .prepare(&[command, "-"])
            .input("alice\nbob\n")
            .run()
            .expect_code(0);
        assert!(answer.stdout.contains(&format!("2 {command}d")), "{answer}");
    }
    // What is not there, or has no name, is never everybody.
    let before = sandbox.store_bytes();
    for empty in [&b""[..], b"\n \r\n", b"\xff\xfe", b"Jos\xe9\n"] {
        write(empty);
        for command in [
            &["sync", "--users"][..],
            &["import", "--users"],
            &["remove"],
            &["restore"],
        ] {
            for list in ["@names.txt", "@absent.txt", "@", "-"] {
                let answer = sandbox.run(&[command, &[list]].concat()).expect_code(2);
                assert_says(&answer, &["cannot read names from", "a name a line"]);
            }
        }
    }
    let answer = sandbox
        .run(&["sync", "--users", "@names.txt"])
        .expect_code(2);
    assert_says(&answer, &["names.txt: line 1 is not UTF-8"]);
    assert!(before == sandbox.store_bytes(), "somebody was touched");
}
