//! A read that fails changes nobody, whatever goes wrong and wherever: exit 5, and a message that names
//! the server, what was being read, and why it ended.

use std::time::Duration;

use testdir::{What, When};

use crate::support::adsync::Settings;
use crate::support::embedded::{STAFF, Stage, assert_says, settings_for};

/// Long enough for a run with deadlines of a second, on a machine that is busy.
const BOUND: Duration = Duration::from_secs(15);

/// Reading everybody, and reading those that are named: four pages either way.
const READS: [&[&str]; 2] = [
    &["sync"],
    &[
        "sync",
        "--users",
        "u000001,u000002,u000003,u000004,u000005,u000006,u000007,u000008",
    ],
];

/// Eight imported users in pages of two, of whom one has since got another address and one has left:
/// a run that went on in spite of a fault would show it.
pub(crate) fn stage() -> Stage {
    let mut stage = Stage::imported_many(8);
    stage.directory.see_tombstones(true);
    stage.set("u000001", "mail", "new@example.com");
    stage.change(|directory| directory.delete("u000008"));
    stage.configure_directory("page_size = 2");
    stage.hurry();
    stage
}

/// Fails unless this fault ends every kind of read with exit 5 and these words, and the store is as it was.
#[track_caller]
pub(crate) fn ends_every_read(stage: &Stage, when: &When, what: &What, words: &[&str]) {
    let (list, contents) = (stage.users(), stage.contents());
    let url = stage.directory.url();
    for arguments in READS {
        stage.directory.clear_faults();
        stage.directory.fault(when.clone(), what.clone());
        let answer = stage.prepare(arguments).limit(BOUND).run().expect_code(5);
        assert_says(&answer, &["error: cannot ", &url]);
        assert_says(&answer, words);
        assert_eq!(answer.stdout, "", "{answer}");
        assert_eq!(stage.users(), list, "{answer}");
        stage.contents().assert_only_noted(&contents, "failed");
    }
    stage.directory.clear_faults();
}

/// A page of a search for users of the scope.
fn users(page: u32) -> When {
    When::page(page).base_is(STAFF)
}

/// The same in the middle of the first, the third and the last page of the users.
#[track_caller]
fn ends_every_page(stage: &Stage, what: &What, cause: &str) {
    for page in [1, 3, 4] {
        let when = users(page).after_entries(1);
        let whom = format!("users of {STAFF}");
        let number = format!("(page {page})");
        let number = if page == 1 { "" } else { number.as_str() };
        ends_every_read(stage, &when, what, &[&whom, number, cause]);
    }
}

#[test]
fn silence_in_the_middle_of_a_page() {
    ends_every_page(&stage(), &What::Hang, "no answer within 1 s");
}

#[test]
fn silence_between_pages() {
    ends_every_read(
        &stage(),
        &users(2),
        &What::Hang,
        &["users of OU=Staff", "(page 2)", "no answer within 1 s"],
    );
}

#[test]
fn a_connection_cut_between_entries() {
    ends_every_page(&stage(), &What::Cut, "the connection was lost");
}

#[test]
fn a_connection_cut_inside_an_entry() {
    let stage = stage();
    let lost = "the connection was lost";
    ends_every_page(&stage, &What::CutInsideEntry, lost);
    for page in [1, 3, 4] {
        ends_every_read(
            &stage,
            &users(page),
            &What::CutInsideEntry,
            &["users of OU=Staff", lost],
        );
    }
}

#[test]
fn a_result_code_on_the_first_and_the_third_page() {
    let stage = stage();
    for (code, name) in [
        (1, "operationsError"),
        (2, "protocolError"),
        (3, "timeLimitExceeded"),
        (4, "sizeLimitExceeded"),
        (8, "strongerAuthRequired"),
        (11, "adminLimitExceeded"),
        (12, "unavailableCriticalExtension"),
        (32, "noSuchObject"),
        (50, "insufficientAccessRights"),
        (51, "busy"),
        (52, "unavailable"),
        (53, "unwillingToPerform"),
        (80, "other"),
    ] {
        let what = What::answer(code, "00002024: as the server put it");
        let cause = format!("the server answered {code} {name}: 00002024: as the server put it");
        for (page, number) in [(1, ""), (3, "(page 3)")] {
            let words = ["users of OU=Staff", number, cause.as_str()];
            ends_every_read(&stage, &users(page), &what, &words);
        }
    }
}

#[test]
fn a_result_code_after_the_entries_of_a_page() {
    let stage = stage();
    for code in [3, 4, 11] {
        let what = What::answer(code, "");
        ends_every_page(&stage, &what, &format!("the server answered {code} "));
    }
}

#[test]
fn a_forgotten_cookie() {
    ends_every_read(
        &stage(),
        &users(2),
        &What::forget_cookie(),
        &["(page 2)", "53 unwillingToPerform"],
    );
}

#[test]
fn a_notice_of_disconnection() {
    let reason = "the server closed the connection: 52 unavailable: the server is shutting down";
    ends_every_page(&stage(), &What::notice_of_disconnection(), reason);
}

#[test]
fn garbage() {
    let cause = "the answer cannot be understood";
    // Enough of it, so that it cannot be taken for the beginning of a long answer.
    let http = What::Garbage(b"HTTP/1.1 400 Bad Request\r\n\r\n".repeat(8));
    ends_every_page(&stage(), &http, cause);
    // A message that never comes to its end.
    let endless = What::Garbage(vec![0x30, 0x83, 0x80, 0, 0, 0x04, 0x83, 0x7f, 0xff, 0xfb]);
    ends_every_page(&stage(), &endless, "no answer within 1 s");
}

#[test]
fn an_answer_to_another_request() {
    ends_every_page(&stage(), &What::WrongMessageId, "no answer within 1 s");
}

#[test]
fn a_referral_instead_of_an_answer() {
    ends_every_read(
        &stage(),
        &users(2),
        &What::referral("ldap://dc9.example.com/DC=other"),
        &[
            "the server answered 10 referral",
            "ldap://dc9.example.com/DC=other",
            "hint: base_dn is in another domain",
        ],
    );
}

#[test]
fn a_failed_look_up_of_the_missing_deletes_nobody() {
    let stage = stage();
    let contents = stage.contents();
    // The enumeration asks by class, the look-up of those that it did not return by identity.
    let look_up = When::search().filter_contains("objectguid");
    for (what, cause) in [
        (What::Cut, "connection"),
        (What::CutInsideEntry, "connection"),
        (What::Hang, "no answer within 1 s"),
        (What::answer(51, ""), "51 busy"),
        (What::answer(4, ""), "4 sizeLimitExceeded"),
        (What::referral("ldap://dc9/"), "10 referral"),
        (What::garbage(), "cannot be understood"),
    ] {
        stage.directory.clear_faults();
        stage.directory.fault(look_up.clone(), what);
        let answer = stage.prepare(&["sync"]).limit(BOUND).run().expect_code(5);
        let url = stage.directory.url();
        assert_says(&answer, &["missing user", &url, cause]);
        stage.contents().assert_only_noted(&contents, "failed");
    }
}

/// That the schema is not sent just now does not say that there is none, by which a field whose attribute is misspelt
/// would be empty.
#[test]
fn a_schema_that_is_not_answered_empties_no_field() {
    let stage = stage();
    stage.sandbox.configure(&Settings {
        more_attributes: "email = \"mial\"".to_owned(),
        ..settings_for(&stage.directory)
    });
    let contents = stage.contents();
    let schema = When::search().filter_contains("subschema");
    for (what, cause) in [
        (What::answer(51, ""), "51 busy"),
        (What::answer(3, ""), "3 timeLimitExceeded"),
        (What::answer(80, ""), "80 other"),
        (What::Cut, "connection"),
    ] {
        stage.directory.clear_faults();
        stage.directory.fault(schema.clone(), what);
        for arguments in [&["sync"][..], &["sync", "--users", "u000002"]] {
            let answer = stage.prepare(arguments).limit(BOUND).run().expect_code(5);
            assert_says(&answer, &["the schema in", cause]);
            assert_eq!(stage.contents().users, contents.users);
        }
    }
}

#[test]
fn the_same_run_on_a_healthy_server_is_done() {
    let stage = stage();
    let run = stage.sync(0);
    assert_eq!(run["counts"]["modified"], 1);
    assert_eq!(run["counts"]["deleted"], 1);
}

#[test]
fn a_failed_read_says_so_in_json_too() {
    let stage = stage();
    stage.directory.fault(users(2), What::answer(51, ""));
    let error = stage.sync(5);
    assert_eq!(error["version"], 1);
    assert_eq!(error["error"]["kind"], "directory");
    let message = error["error"]["message"].as_str().expect("a message");
    assert!(message.contains("51 busy"), "{message}");
    stage.directory.clear_faults();
    stage.directory.fault(users(2), What::Cut);
    assert_eq!(stage.sync(5)["error"]["kind"], "unreachable");
}

#[test]
fn a_failed_import_brings_nobody_in() {
    let mut stage = Stage::with_many(6);
    stage.configure_directory("page_size = 2");
    for what in [What::Cut, What::answer(4, ""), What::forget_cookie()] {
        stage.directory.clear_faults();
        stage.directory.fault(users(3), what);
        let answer = stage.run(&["import", "--all"]).expect_code(5);
        assert_says(&answer, &["users of OU=Staff", "(page 3)"]);
        assert_eq!(stage.usernames(), [] as [&str; 0]);
    }
}

#[test]
fn a_reference_to_another_server_is_no_error() {
    let mut stage = stage();
    stage.directory.fault(
        users(2).after_entries(1),
        What::Reference(vec!["ldap://elsewhere.example.com/DC=elsewhere".to_owned()]),
    );
    let answer = stage.run(&["sync"]).expect_code(0);
    assert_eq!(answer.stderr, "", "{answer}");
    assert_eq!(
        answer.stdout.lines().last(),
        Some("1 modified, 1 deleted, 0 duplicate, 6 unchanged")
    );

    // From the root of the domain Active Directory sends one by itself.
    stage.directory.clear_faults();
    stage.configure(|settings| settings.base_dn = None);
    let answer = stage.run(&["sync", "-vv"]).expect_code(0);
    assert_says(&answer, &["1 references"]);
}

/// One user a page, each just in time: without an end of its own.
#[test]
fn a_run_does_not_read_for_as_long_as_a_server_likes() {
    let mut stage = Stage::imported_many(60);
    stage.configure_directory("page_size = 1\ntimeout_secs = 1\nrun_timeout = \"2s\"");
    let pause = Duration::from_millis(400);
    for arguments in [
        &["sync", "--full"][..],
        &[
            "sync",
            "--users",
            "u000001,u000002,u000003,u000004,u000005,u000006,u000007",
        ],
        &["import", "--all"],
        &["search", "u"],
    ] {
        stage.directory.clear_faults();
        stage.directory.fault(When::search(), What::Delay(pause));
        let before = stage.contents();
        let started = std::time::Instant::now();
        let answer = stage.prepare(arguments).limit(BOUND).run().expect_code(5);
        let took = started.elapsed();
        assert!(took < Duration::from_secs(4), "{arguments:?}: {took:?}");
        assert_says(
            &answer,
            &[
                "this run has read for 2s, and is not at an end",
                "run_timeout under [directory]",
            ],
        );
        assert_eq!(stage.contents().users, before.users);
    }
    // Nor does it try again, nor another server, beyond that.
    stage.directory.clear_faults();
    stage.sync(0);
}

#[test]
fn a_slow_server_is_waited_for() {
    let stage = stage();
    let pause = Duration::from_millis(600);
    stage.directory.fault(When::search(), What::Delay(pause));
    stage.prepare(&["sync"]).limit(BOUND).run().expect_code(0);
}
