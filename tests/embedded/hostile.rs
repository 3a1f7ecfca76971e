//! A server that means harm: whatever it sends, a run ends with exit 5 and a reason, soon, with little memory
//! used, and with the store as it was.

use std::time::{Duration, Instant};

use testdir::{What, When};

use crate::support::embedded::{STAFF, Stage, measured};

/// The most memory that a run may have, in bytes, whatever it is sent.
const MEMORY: u64 = 200_000_000;

/// The deadline of an answer is five seconds; a busy machine takes its time.
const BOUND: Duration = Duration::from_secs(30);

/// Eight imported users in pages of two, of whom one has left: a run that went on would show it.
fn stage() -> Stage {
    let mut stage = Stage::imported_many(8);
    stage.directory.see_tombstones(true);
    stage.change(|directory| directory.delete("u000008"));
    stage.configure_directory("page_size = 2\nmax_entries = 2000\ntimeout_secs = 5");
    stage
}

/// Fails unless these faults end a sync and an import as they should, with these words.
#[track_caller]
fn is_survived(stage: &Stage, when: &When, whats: &[What], words: &[&str]) {
    let (users, contents) = (stage.users(), stage.contents());
    for arguments in [&["sync"][..], &["import", "--all"], &["search", "u"]] {
        stage.directory.clear_faults();
        for what in whats {
            stage.directory.fault(when.clone(), what.clone());
        }
        let started = Instant::now();
        let (status, stderr, peak) = measured(stage.prepare(arguments), BOUND);
        let code = status.code();
        let told = format!(
            "{arguments:?}: {} MB, {:?}, {code:?}\n{stderr}",
            peak / 1_000_000,
            started.elapsed()
        );
        assert_eq!(code, Some(5), "{told}");
        assert!(peak < MEMORY, "{told}");
        assert!(stderr.starts_with("error: cannot "), "{told}");
        assert!(stderr.len() < 4000, "{told}");
        for word in words {
            assert!(stderr.contains(word), "{word:?} is missing: {told}");
        }
    }
    stage.directory.clear_faults();
    assert_eq!(stage.users(), users);
    stage.contents().assert_only_noted(&contents, "failed");
}

/// A search for users of the scope, or a further page of one.
fn users() -> When {
    When::search().base_is(STAFF)
}

/// The same in the middle of the second page.
#[track_caller]
fn a_page_is_survived(what: What, words: &[&str]) {
    is_survived(&stage(), &When::page(2).after_entries(1), &[what], words);
}

fn header(tag: u8, length: u32) -> Vec<u8> {
    [&[tag, 0x84], &length.to_be_bytes()[..]].concat()
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).expect("a short element");
    [&header(tag, length), content].concat()
}

/// A message with that content behind its number, for each number that a request may have here.
fn to_any_request(content: &[u8]) -> Vec<u8> {
    (1..=9)
        .flat_map(|number| element(0x30, &[&[0x02, 1, number], content].concat()))
        .collect()
}

#[test]
fn a_message_of_four_gigabytes() {
    let flood = What::Flood {
        first: header(0x30, u32::MAX),
        then: vec![0; 1 << 16],
    };
    let words = [
        "a message of 4294967301 bytes, and max_message_bytes is 16777216",
        "hint: nothing was changed",
        "raise max_message_bytes under [directory]",
    ];
    a_page_is_survived(flood, &words);
}

#[test]
fn a_message_of_nothing_but_empty_values() {
    let flood = What::Flood {
        first: header(0x30, 16_000_000),
        then: [0x04, 0x00].repeat(1 << 15),
    };
    a_page_is_survived(flood, &["the answer cannot be understood"]);
}

#[test]
fn the_largest_message_there_may_be() {
    let message = [header(0x30, 16_000_000), header(0x04, 15_999_994)].concat();
    let flood = What::Flood {
        first: message,
        then: vec![b'x'; 1 << 16],
    };
    a_page_is_survived(flood, &["the answer cannot be understood"]);
}

#[test]
fn an_inner_length_that_lies() {
    let lie = [header(0x30, 20), header(0x04, 2_000_000_000)].concat();
    let words = ["the answer cannot be understood: an element is longer than the message it is in"];
    a_page_is_survived(What::Garbage(lie), &words);
}

#[test]
fn elements_a_hundred_thousand_deep() {
    let depth = 100_000_u32;
    let nested = (0..depth).rev().flat_map(|left| header(0x30, 6 * left));
    let words = ["the answer cannot be understood: a part of it cannot be decoded"];
    a_page_is_survived(What::Garbage(nested.collect()), &words);
}

#[test]
fn a_control_a_hundred_thousand_deep() {
    let depth = 100_000_u32;
    let nested: Vec<u8> = (0..depth)
        .rev()
        .flat_map(|left| header(0x30, 6 * left))
        .collect();
    let oid = element(0x04, b"1.2.840.113556.1.4.319");
    let control = element(0x30, &[oid, element(0x04, &nested)].concat());
    let done = element(0x65, &[0x0a, 1, 0, 0x04, 0, 0x04, 0]);
    let answers = to_any_request(&[done, element(0xa0, &control)].concat());
    let words = ["a paging control that cannot be decoded"];
    a_page_is_survived(What::Garbage(answers), &words);
}

#[test]
fn a_user_with_a_million_empty_values() {
    let stage = stage();
    let name = |text: &[u8]| element(0x04, text);
    let attribute =
        |text, values: &[u8]| element(0x30, &[name(text), element(0x31, values)].concat());
    let attributes = [
        attribute(b"objectGUID", &name(&[0x77; 16])),
        attribute(b"sAMAccountName", &name(b"zoe")),
        attribute(b"mail", &[0x04, 0x00].repeat(1_000_000)),
    ]
    .concat();
    let entry = [name(b"CN=zoe,OU=Staff"), element(0x30, &attributes)].concat();
    let answers = to_any_request(&element(0x64, &entry));
    let when = When::page(2).after_entries(1);
    stage.directory.fault(when, What::Garbage(answers));
    let (status, stderr, peak) = measured(stage.prepare(&["import", "--all"]), BOUND);
    let code = status.code();
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(peak < MEMORY, "{} MB", peak / 1_000_000);
    assert!(stage.usernames().iter().any(|it| it == "zoe"));
}

#[test]
fn a_message_without_anything() {
    a_page_is_survived(
        What::Garbage(vec![0x30, 0x00]),
        &["the answer cannot be understood: a part of it cannot be decoded"],
    );
}

#[test]
fn users_without_end_between_what_nobody_asked_for() {
    // What is kept of a user must not keep what came around it.
    let mut stage = Stage::imported_many(8);
    stage.configure_directory("page_size = 2\nmax_entries = 5000\ntimeout_secs = 20");
    let entry = [element(0x04, b"CN=zoe,OU=Staff"), element(0x30, &[])].concat();
    let junk = element(
        0x30,
        &[&[0x02, 1, 99][..], &element(0x04, &vec![0; 60_000])].concat(),
    );
    let flood = What::Flood {
        first: Vec::new(),
        then: [to_any_request(&element(0x64, &entry)), junk].concat(),
    };
    let words = ["more than 5000 entries, and max_entries is 5000"];
    is_survived(&stage, &When::page(2).after_entries(1), &[flood], &words);
}

#[test]
fn users_without_end() {
    let words = [
        "more than 2000 entries, and max_entries is 2000",
        "raise max_entries under [directory]",
    ];
    a_page_is_survived(What::EndlessUsers, &words);
}

#[test]
fn references_without_end() {
    let reference = What::EndlessReferences("ldap://dc9.example.com/DC=other".to_owned());
    a_page_is_survived(reference, &["max_entries is 2000"]);
}

#[test]
fn answers_to_nobody_without_end() {
    let whats = [What::WrongMessageId, What::EndlessUsers];
    is_survived(&stage(), &When::page(2), &whats, &["no answer within 5 s"]);
}

#[test]
fn the_same_page_without_end() {
    let cookie = What::SameCookie(b"again".to_vec());
    let words = ["max_entries is 2000"];
    is_survived(&stage(), &users(), &[cookie], &words);
}

#[test]
fn empty_pages_without_end() {
    let whats = [What::SameCookie(b"again".to_vec()), What::Empty];
    let words = ["101 pages in a row without an entry"];
    is_survived(&stage(), &users(), &whats, &words);
}

#[test]
fn a_cookie_of_a_megabyte() {
    let cookie = What::SameCookie(vec![b'c'; 1 << 20]);
    let words = ["a cookie is 1048576 bytes long, and max_value_bytes is 65536"];
    is_survived(&stage(), &users(), &[cookie], &words);
}

#[test]
fn a_diagnostic_message_of_ten_megabytes() {
    let what = What::answer(53, &"x".repeat(10_000_000));
    a_page_is_survived(what, &["53 unwillingToPerform: xxx", "x…"]);
}

#[test]
fn a_referral_back_to_itself() {
    let stage = stage();
    let url = stage.directory.url();
    let when = When::search().filter_contains("objectclass=user");
    stage.directory.reset_stats();
    let words = ["the server answered 10 referral", url.as_str()];
    is_survived(&stage, &when, &[What::referral(&url)], &words);
    // It is told, and nobody goes there.
    assert_eq!(stage.directory.stats().connections, 3);
}

#[test]
fn a_flood_in_place_of_a_login() {
    let stage = stage();
    let flood = What::Flood {
        first: header(0x30, u32::MAX),
        then: vec![0; 1 << 16],
    };
    for when in [When::bind(), When::root_dse()] {
        let words = ["max_message_bytes is 16777216"];
        is_survived(&stage, &when, std::slice::from_ref(&flood), &words);
    }
    let zeros = What::Flood {
        first: Vec::new(),
        then: vec![0; 1 << 16],
    };
    is_survived(&stage, &When::connect(), &[zeros], &["it is not LDAP"]);
}
