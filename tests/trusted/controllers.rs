//! Several domain controllers of a real domain: when the first cannot be used, the second takes over.

use std::fs;
use std::time::{Duration, Instant};

use crate::support::adsync::{Answer, Sandbox, Settings};
use crate::support::embedded::assert_says;
use crate::support::samba::{SambaDc, User};

/// Two servers with the same content, adsync that knows both, and alice imported from the first.
fn two() -> (SambaDc, SambaDc, Sandbox) {
    // The same domain, copied: the built-in objects have one identity on both.
    let (first, second) = (SambaDc::start(), SambaDc::start());
    let sandbox = Sandbox::for_dc(&first);
    // Each has a CA of its own.
    let both = sandbox.path().join("both.pem");
    let pem = [first.ca_file(), second.ca_file()].map(|file| fs::read(file).expect("a CA"));
    fs::write(&both, pem.concat()).expect("the sandbox is writable");
    sandbox.configure(&Settings {
        urls: vec![first.url(), second.url()],
        ca_file: Some(both),
        more_directory: "connect_timeout_secs = 2\ntimeout_secs = 2".to_owned(),
        ..Settings::for_dc(&first)
    });
    (first, second, sandbox)
}

#[track_caller]
fn used(answer: &Answer, dc: &SambaDc) {
    let reading = format!("from {}", dc.url());
    let used = answer
        .stderr
        .lines()
        .any(|line| line.starts_with("info: reading ") && line.ends_with(&reading));
    assert!(used, "does not say that {} was used\n{answer}", dc.url());
}

#[test]
fn the_second_takes_over_when_the_first_is_stopped_or_frozen() {
    let (mut first, second, sandbox) = two();
    for dc in [&first, &second] {
        dc.add_user(&User::new("alice").mail("alice@corp.example.com"));
    }
    let said = sandbox.run(&["search", "alice", "-v"]).expect_code(0);
    used(&said, &first);
    assert!(!said.stderr.contains("warning"), "{said}");

    first.freeze();
    let started = Instant::now();
    let said = sandbox.run(&["import", "--all", "-v"]).expect_code(0);
    let took = started.elapsed();
    used(&said, &second);
    assert_says(
        &said,
        &[
            "warning: cannot ",
            &first.url(),
            "no answer within 2 s",
            "trying the next server",
        ],
    );
    assert!(took < Duration::from_secs(10), "{took:?}");

    first.thaw();
    first.stop();
    let said = sandbox.run(&["sync", "-v"]).expect_code(0);
    used(&said, &second);
    assert_says(
        &said,
        &["warning: cannot connect to", &first.url(), "refused"],
    );
    assert!(said.stdout.contains("0 modified, 0 deleted"), "{said}");

    // Without -v the warning alone says it.
    let said = sandbox.run(&["sync"]).expect_code(0);
    assert_eq!(said.stderr.lines().count(), 1, "{said}");
    assert_says(&said, &[&first.url(), "trying the next server"]);
}

#[test]
fn with_all_of_them_gone_nothing_is_changed() {
    let (mut first, mut second, sandbox) = two();
    first.add_user(&User::new("alice"));
    sandbox.run(&["import", "--all"]).expect_code(0);
    let list = sandbox.run(&["list"]).expect_code(0).stdout;
    first.stop();
    second.freeze();
    let said = sandbox.run(&["sync"]).expect_code(5);
    assert_says(&said, &[&first.url(), &second.url(), "error: cannot "]);
    assert_eq!(sandbox.run(&["list"]).expect_code(0).stdout, list);
    second.thaw();
}

#[test]
fn a_first_that_comes_back_is_used_again() {
    let (mut first, second, sandbox) = two();
    for dc in [&first, &second] {
        dc.add_user(&User::new("alice"));
    }
    first.stop();
    used(
        &sandbox.run(&["search", "alice", "-v"]).expect_code(0),
        &second,
    );
    first.restart();
    let said = sandbox.run(&["search", "alice", "-v"]).expect_code(0);
    used(&said, &first);
    assert!(!said.stderr.contains("warning"), "{said}");
}
