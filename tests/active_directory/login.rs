//! Logins that are refused, and servers that do not answer.

use std::time::{Duration, Instant};

use crate::support::adsync::{Sandbox, Settings};
use crate::support::samba::{SERVICE_DN, SambaDc};
use crate::{imported, person, users};

#[test]
fn a_wrong_password_is_said_in_words_and_changes_nothing() {
    let (dc, sandbox) = imported(&[person("alice")]);
    let before = users(&sandbox);
    let mut settings = Settings::for_dc(&dc);
    settings.password = Some("wrong".to_owned());
    sandbox.configure(&settings);

    let answer = sandbox.run(&["sync"]).expect_code(5);

    assert!(
        answer.stderr.contains("cannot log in to ldaps://"),
        "{answer}"
    );
    assert!(answer.stderr.contains("svc-adsync"), "{answer}");
    assert!(
        answer
            .stderr
            .contains("the username or the password is wrong"),
        "{answer}"
    );
    assert_eq!(users(&sandbox), before);
}

#[test]
fn a_wrong_password_is_tried_once_whatever_the_number_of_servers() {
    let (mut dc, sandbox) = imported(&[person("alice")]);
    dc.lock_out_after(2);
    let mut settings = Settings::for_dc(&dc);
    settings.urls = vec![dc.url(), dc.url(), dc.url()];
    settings.password = Some("wrong".to_owned());
    sandbox.configure(&settings);
    sandbox.run(&["sync"]).expect_code(5);

    // Two tries would have locked the account.
    sandbox.configure(&Settings::for_dc(&dc));
    sandbox.run(&["sync"]).expect_code(0);

    // And so it does: the test can fail.
    settings.urls = vec![dc.url()];
    sandbox.configure(&settings);
    for _ in 0..2 {
        sandbox.run(&["sync"]).expect_code(5);
    }
    sandbox.configure(&Settings::for_dc(&dc));
    let locked = sandbox.run(&["sync"]).expect_code(5);
    assert!(locked.stderr.contains("locked out"), "{locked}");
    dc.stop();
}

#[test]
fn each_way_an_account_can_be_barred_has_its_words() {
    let dc = SambaDc::start();
    let sandbox = Sandbox::for_dc(&dc);
    sandbox.run(&["add", "zoe"]).expect_code(0);
    dc.modify(SERVICE_DN, "accountExpires", Some("1"));
    let expired = sandbox.run(&["sync"]).expect_code(5);
    assert!(
        expired.stderr.contains("the account has expired"),
        "{expired}"
    );
    dc.modify(SERVICE_DN, "accountExpires", Some("0"));

    dc.modify(SERVICE_DN, "pwdLastSet", Some("0"));
    let change = sandbox.run(&["sync"]).expect_code(5);
    assert!(change.stderr.contains("must be changed"), "{change}");
    dc.modify(SERVICE_DN, "pwdLastSet", Some("-1"));

    dc.disable(SERVICE_DN);
    let disabled = sandbox.run(&["sync"]).expect_code(5);
    assert!(
        disabled.stderr.contains("the account is disabled"),
        "{disabled}"
    );
}

#[test]
fn every_form_of_the_bind_name_works() {
    let dc = SambaDc::start();
    dc.add_user(&person("alice"));
    for name in [
        "svc-adsync@corp.example.com",
        r"CORP\svc-adsync",
        SERVICE_DN,
    ] {
        let mut settings = Settings::for_dc(&dc);
        settings.username = Some(name.to_owned());
        Sandbox::new(&settings)
            .run(&["import", "--all"])
            .expect_code(0);
    }
}

#[test]
fn a_stopped_server_is_named_and_changes_nothing() {
    let (mut dc, sandbox) = imported(&[person("alice")]);
    let before = users(&sandbox);
    dc.stop();
    let answer = sandbox.run(&["sync"]).expect_code(5);
    assert!(
        answer
            .stderr
            .contains(&format!("cannot connect to {}", dc.url())),
        "{answer}"
    );
    assert!(answer.stderr.contains("refused"), "{answer}");
    assert_eq!(users(&sandbox), before);
}

#[test]
fn a_hung_server_ends_within_its_deadline() {
    let (mut dc, sandbox) = imported(&[person("alice")]);
    let before = users(&sandbox);
    let mut settings = Settings::for_dc(&dc);
    settings.more_directory = "connect_timeout_secs = 1\ntimeout_secs = 1".to_owned();
    sandbox.configure(&settings);
    dc.freeze();
    let started = Instant::now();
    let answer = sandbox.run(&["sync"]).expect_code(5);
    assert!(started.elapsed() < Duration::from_secs(10), "{answer}");
    assert!(answer.stderr.contains("no answer within 1 s"), "{answer}");
    dc.thaw();
    assert_eq!(users(&sandbox), before);
    sandbox.run(&["sync"]).expect_code(0);
}

#[test]
fn the_second_server_takes_over() {
    let (dc, sandbox) = imported(&[person("alice")]);
    let mut settings = Settings::for_dc(&dc);
    settings.urls = vec!["ldaps://127.0.0.1:1".to_owned(), dc.url()];
    sandbox.configure(&settings);
    let answer = sandbox.run(&["sync"]).expect_code(0);
    assert!(answer.stderr.contains("ldaps://127.0.0.1:1"), "{answer}");
    assert!(answer.stderr.contains("trying the next server"), "{answer}");
}

#[test]
fn check_passes_and_says_what_the_account_may_see() {
    let (dc, sandbox) = imported(&[person("alice"), person("bob")]);
    dc.delete(&dc.add_user(&person("carol")));
    let plain = sandbox.run(&["check"]).expect_code(0);
    for said in [
        "CN=",
        "valid until",
        "2 in scope",
        "2 of them imported",
        "sees no deleted objects",
    ] {
        assert!(plain.stdout.contains(said), "{said}: {plain}");
    }
    dc.grant_tombstones("svc-adsync");
    dc.delete(&dc.dn_of("bob"));
    let granted = sandbox.run(&["check"]).expect_code(0);
    assert!(granted.stdout.contains("sees deleted objects"), "{granted}");
}

#[test]
fn check_says_for_each_failure_what_to_do() {
    let dc = SambaDc::start();
    let sandbox = Sandbox::for_dc(&dc);
    let mut settings = Settings::for_dc(&dc);
    settings.base_dn = Some("OU=Nowhere,DC=corp,DC=example,DC=com".to_owned());
    sandbox.configure(&settings);
    let answer = sandbox.run(&["check"]).expect_code(5);
    assert!(answer.stdout.contains("FAIL  base"), "{answer}");
    assert!(
        answer
            .stdout
            .contains("the domain itself is DC=corp,DC=example,DC=com"),
        "{answer}"
    );

    let mut settings = Settings::for_dc(&dc);
    settings.more_directory = "filter = \"(cn=nobody at all)\"".to_owned();
    sandbox.configure(&settings);
    let answer = sandbox.run(&["check"]).expect_code(0);
    assert!(answer.stdout.contains("warn  users"), "{answer}");

    let mut settings = Settings::for_dc(&dc);
    settings.password = Some("wrong".to_owned());
    sandbox.configure(&settings);
    let answer = sandbox.run(&["check", "--format", "json"]).expect_code(5);
    let steps = answer.json()["steps"].clone();
    let failed: Vec<_> = steps
        .as_array()
        .expect("steps")
        .iter()
        .filter(|step| step["outcome"] == "failed")
        .collect();
    assert_eq!(failed.len(), 1, "{answer}");
    assert_eq!(failed[0]["step"], "bind");
}
