//! Several servers, and a login that is refused: tried once, and nowhere else.

use testdir::{PASSWORD, TestDir, USERNAME, What, When};

use crate::support::embedded::{STAFF, Stage, assert_says, names, text};

/// Three imported users, one of them changed since, on two servers that have the same content; the
/// settings name both.
fn two_servers() -> (Stage, TestDir) {
    let mut stage = Stage::imported(&["alice", "bob", "carol"]);
    let second = TestDir::start().expect("a free port");
    for name in ["alice", "bob", "carol"] {
        let guid = stage.change(|directory| directory.guid(name));
        let user = testdir::User::new(name).with("objectGUID", [guid.to_bytes_le()]);
        second.add_user(user).expect("a user");
    }
    stage.set("alice", "mail", "new@example.com");
    second
        .replace("alice", "mail", ["new@example.com"])
        .expect("a change");
    stage.hurry();
    let urls = vec![stage.directory.url(), second.url()];
    stage.configure(|settings| settings.urls = urls);
    stage.directory.reset_stats();
    (stage, second)
}

#[test]
fn a_wrong_password_is_tried_once_and_on_one_server() {
    let (stage, second) = two_servers();
    let contents = stage.contents();
    stage.directory.set_password(USERNAME, "another");
    for (logins, arguments) in [(1, &["sync"][..]), (2, &["sync", "--users", "alice"])] {
        let answer = stage.run(arguments).expect_code(5);
        assert_says(
            &answer,
            &[
                "cannot log in to",
                &stage.directory.url(),
                USERNAME,
                "the username or the password is wrong",
                "52e",
            ],
        );
        assert!(!answer.stderr.contains(PASSWORD), "{answer}");
        assert!(!answer.stderr.contains("trying the next"), "{answer}");
        assert_eq!(stage.directory.stats().binds, logins);
        assert_eq!(stage.directory.stats().failed_binds, logins);
        assert_eq!(second.stats().connections, 0);
        stage.contents().assert_only_noted(&contents, "failed");
    }
}

#[test]
fn an_account_that_is_locked_is_not_tried_elsewhere() {
    let (stage, second) = two_servers();
    for (data, reason) in [
        ("532", "the password has expired"),
        ("533", "the account is disabled"),
        ("701", "the account has expired"),
        ("773", "the password must be changed"),
        ("775", "the account is locked out"),
    ] {
        stage.directory.refuse_account(USERNAME, Some(data));
        let answer = stage.run(&["sync"]).expect_code(5);
        assert_says(&answer, &[reason, data, "hint: "]);
        assert_eq!(second.stats().connections, 0);
    }
}

/// Result codes that say more than that a password is wrong.
#[test]
fn a_login_that_the_server_does_not_take_is_explained() {
    const LOCKED: &str = "hint: see what the server says: the account may be locked, logins without TLS may be off, or the DN may be empty";
    let stage = Stage::imported(&["alice"]);
    let contents = stage.contents();
    for (code, said, reason, hint) in [
        (
            13,
            "TLS confidentiality required",
            "the server takes no password over a connection without encryption (confidentialityRequired)",
            "hint: use ldaps://, or starttls = true under [directory]",
        ),
        (
            34,
            "invalid DN",
            "the server takes a DN as the name of the account (invalidDNSyntax)",
            "hint: write the DN of the account as username under [directory], such as cn=svc-adsync,ou=services,dc=example,dc=com",
        ),
        (
            53,
            "unauthenticated bind (DN with no password) disallowed",
            "the server does not allow this login (unwillingToPerform): unauthenticated bind",
            LOCKED,
        ),
        (
            53,
            "",
            "the server does not allow this login (unwillingToPerform)\n",
            LOCKED,
        ),
    ] {
        stage.directory.clear_faults();
        stage
            .directory
            .fault(When::bind(), What::answer(code, said));
        stage.directory.reset_stats();
        let error = format!(
            "error: cannot log in to {} as {USERNAME}: {reason}",
            stage.directory.url()
        );
        for arguments in [&["sync"][..], &["search", "a"], &["import", "--all"]] {
            let answer = stage.run(arguments).expect_code(5);
            assert_says(&answer, &[&error, hint]);
        }
        let check = stage.json(5, &["check"]);
        let steps = check["steps"].as_array().expect("a list of steps");
        let bind = steps.iter().find(|it| it["step"] == "bind");
        let bind = bind.expect("a step");
        assert!(text(bind, "message").contains(reason.trim_end()), "{bind}");
        assert!(hint.contains(&text(bind, "hint")), "{bind}");
        // Once each: an account is locked after a few.
        assert_eq!(stage.directory.stats().binds, 4);
        stage.contents().assert_only_noted(&contents, "failed");
    }
}

#[test]
fn a_first_server_that_cannot_be_used_is_passed_over_with_a_warning() {
    for (when, what, cause) in [
        (When::connect(), What::RefuseConnections, "refused"),
        (When::connect(), What::Hang, "no answer within 1 s"),
        (When::connect(), What::Cut, "connection"),
        (When::bind(), What::Hang, "no answer within 1 s"),
        (When::bind(), What::answer(51, "busy"), "51 busy"),
        (When::root_dse(), What::Hang, "no answer within 1 s"),
        (When::root_dse(), What::answer(52, ""), "52 unavailable"),
    ] {
        let (stage, second) = two_servers();
        stage.directory.fault(when, what);
        let answer = stage.run(&["sync"]).expect_code(0);
        let warning = answer.stderr.lines().next().unwrap_or_default();
        assert!(warning.starts_with("warning: cannot "), "{answer}");
        assert!(warning.contains(&stage.directory.url()), "{answer}");
        assert_says(&answer, &[cause, "trying the next server"]);
        assert_eq!(answer.stderr.lines().count(), 1, "{answer}");
        assert_eq!(stage.user("alice")["email"], "new@example.com");
        assert_eq!(second.stats().binds, 1);
    }
}

#[test]
fn with_no_server_left_the_last_one_is_an_error() {
    let (stage, second) = two_servers();
    let contents = stage.contents();
    stage
        .directory
        .fault(When::connect(), What::RefuseConnections);
    second.fault(When::connect(), What::RefuseConnections);
    let answer = stage.run(&["sync"]).expect_code(5);
    assert_says(&answer, &[&stage.directory.url(), &second.url(), "error: "]);
    stage.contents().assert_only_noted(&contents, "failed");
}

#[test]
fn a_read_that_breaks_off_is_begun_anew_on_another_server() {
    let (stage, second) = two_servers();
    stage
        .directory
        .fault(When::page(1).after_entries(2), What::Cut);
    let answer = stage.run(&["sync"]).expect_code(0);
    assert_says(
        &answer,
        &[
            "warning: cannot read the users",
            &stage.directory.url(),
            "trying again",
        ],
    );
    // All of them, each once: what the first server had sent does not count.
    assert!(
        answer
            .stdout
            .contains("1 modified, 0 deleted, 0 duplicate, 2 unchanged"),
        "{answer}"
    );
    assert_eq!(second.stats().connections, 1);
}

#[test]
fn a_replica_without_data_deletes_nobody() {
    let (stage, second) = two_servers();
    let contents = stage.contents();
    for name in ["alice", "bob", "carol"] {
        // Not even tombstones: it never had them.
        second.fault(When::search(), What::hide(name));
    }
    stage
        .directory
        .fault(When::connect(), What::RefuseConnections);
    // However it is asked: what a server does not have that returned nobody is not gone.
    for arguments in [
        &["sync", "--dry-run"][..],
        &["sync", "--dry-run", "--delete-missing"],
        &["sync", "--dry-run", "--delete-missing", "--users", "alice"],
    ] {
        let run = stage.json(0, arguments);
        assert_eq!(run["counts"]["deleted"], 0, "{run:#}");
        let reason = text(&run["missing"][0], "reason");
        assert!(reason.contains("nor is any other user"), "{reason}");
    }
    assert_eq!(stage.contents(), contents);
    let run = stage.sync(0);
    assert_eq!(names(&run, "missing"), ["alice", "bob", "carol"]);
    let values = |users: Vec<serde_json::Value>| -> Vec<_> {
        let values = |it: &serde_json::Value| (text(it, "username"), text(it, "email"));
        users.iter().map(values).collect()
    };
    let kept = ["alice", "bob", "carol"].map(|it| (it.to_owned(), format!("{it}@example.com")));
    assert_eq!(values(stage.users()), kept);

    // As soon as the first server is back, so are they, changed meanwhile as one of them was.
    stage.directory.clear_faults();
    let run = stage.sync(0);
    assert_eq!(names(&run, "modified"), ["alice"]);
    assert_eq!(run["counts"]["unchanged"], 2);
    assert!(stage.users().iter().all(|user| user["status"] == "ok"));
}

#[test]
fn a_replica_without_the_base_is_an_error() {
    let (stage, second) = two_servers();
    let contents = stage.contents();
    second
        .rename(STAFF, "OU=Not yet replicated")
        .expect("a rename");
    stage
        .directory
        .fault(When::connect(), What::RefuseConnections);
    let answer = stage.run(&["sync"]).expect_code(5);
    assert_says(&answer, &["32 noSuchObject", STAFF, &second.url()]);
    stage.contents().assert_only_noted(&contents, "failed");
}

#[test]
fn what_passes_is_waited_for() {
    for what in [
        What::answer(51, "busy"),
        What::answer(52, "unavailable"),
        What::Cut,
    ] {
        let stage = Stage::imported_many(3);
        let fault = When::page(1).filter_contains("objectcategory").times(2);
        stage.directory.fault(fault, what.clone());
        let answer = stage.run(&["sync"]).expect_code(0);
        let tries = answer.stderr.matches("trying again in").count();
        assert_eq!(tries, 2, "{answer}");
        assert!(
            answer.stderr.contains("in 500 ms") && answer.stderr.contains("in 1500 ms"),
            "{answer}"
        );
        assert!(answer.stdout.contains("3 unchanged"), "{answer}");
    }
}
