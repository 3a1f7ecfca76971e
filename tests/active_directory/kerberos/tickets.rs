//! Tickets that are good, and all that can be wrong with one.

use std::time::{Duration, Instant};

use super::{assert_fails, prepare, run, run_by_clock, settings, stage, tickets};
use crate::support::samba::{SERVICE_DN, SERVICE_PRINCIPAL, SambaDc};
use crate::{usernames, users};

const SEARCH: [&str; 4] = ["search", "a", "--format", "json"];

#[test]
fn the_ticket_of_the_caller_is_enough() {
    let dc = SambaDc::start_with_kdc();
    let sandbox = stage(&dc);
    run(&dc, &sandbox, &["import", "--all"]).expect_code(0);
    assert_eq!(usernames(&sandbox), ["alice", "bob"]);
    dc.rename_account("alice", "alice.archer");
    let answer = run(&dc, &sandbox, &["sync"]).expect_code(0);
    assert!(answer.stdout.contains("1 modified"), "{answer}");
    assert_eq!(answer.stderr, "", "{answer}");

    let check = run(&dc, &sandbox, &["check"]).expect_code(0);
    let said = format!(
        "logged in to {} as {SERVICE_PRINCIPAL}; Kerberos encrypts the connection",
        dc.ldap_url()
    );
    assert!(check.stdout.contains(&said), "{check}");
    // And -v names the command that asks the same.
    let verbose = run(&dc, &sandbox, &["check", "-v"]).expect_code(0);
    let said = format!("-H {} -Y GSSAPI -Q -N -O minssf=56", dc.ldap_url());
    assert!(verbose.stderr.contains(&said), "{verbose}");
}

#[test]
fn each_ticket_that_is_none_has_its_words() {
    let dc = SambaDc::start_with_kdc();
    let sandbox = stage(&dc);
    run(&dc, &sandbox, &["import", "--all"]).expect_code(0);
    let before = users(&sandbox);

    let without = prepare(&dc, &sandbox, &SEARCH).env("KRB5CCNAME", "/nowhere/tickets");
    let said = [
        "this account has no ticket",
        "run kinit",
        "keytab under [directory]",
    ];
    assert_fails(without.run(), 5, "login", &said);

    let expired = run_by_clock(&dc, &sandbox, &SEARCH, "+2d");
    let said = ["the ticket has expired", "run kinit again"];
    assert_fails(expired, 5, "login", &said);

    for offset in ["+20m", "-20m"] {
        let skewed = run_by_clock(&dc, &sandbox, &SEARCH, offset);
        let said = [
            "the clocks of this host and of the domain are too far apart",
            "set this host's clock",
        ];
        assert_fails(skewed, 5, "login", &said);
    }

    sandbox.configure(&settings(
        &dc,
        &dc.ldap_url(),
        "principal = \"other@CORP.EXAMPLE.COM\"",
    ));
    let said = ["no ticket", "other@CORP.EXAMPLE.COM"];
    assert_fails(run(&dc, &sandbox, &SEARCH), 5, "login", &said);
    assert_eq!(users(&sandbox), before);
}

#[test]
fn a_server_that_the_kdc_does_not_know_is_named() {
    let dc = SambaDc::start_with_kdc();
    let sandbox = stage(&dc);
    dc.remove_spn(&dc.spn());
    let said = [
        format!("cannot get a Kerberos ticket for {}", dc.spn()),
        "the KDC knows no server of that name".to_owned(),
        "full name".to_owned(),
    ];
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    assert_fails(run(&dc, &sandbox, &SEARCH), 5, "login", &said);

    let check = run(&dc, &sandbox, &["check"]).expect_code(5);
    assert!(check.stdout.contains("FAIL  ticket"), "{check}");
    let command = format!("setspn -Q {}", dc.spn());
    assert!(check.stdout.contains(&command), "{check}");
}

#[test]
fn a_ticket_for_the_account_of_another_is_not_taken() {
    let dc = SambaDc::start_with_kdc();
    let sandbox = stage(&dc);
    dc.remove_spn(&dc.spn());
    dc.add_spn(SERVICE_DN, &dc.spn());
    let said = ["with Kerberos as svc-adsync@CORP.EXAMPLE.COM", "setspn -X"];
    assert_fails(run(&dc, &sandbox, &SEARCH), 5, "login", &said);
}

#[test]
fn a_kdc_that_is_not_there_or_hangs_ends_within_the_deadline() {
    let mut dc = SambaDc::start_with_kdc();
    let sandbox = stage(&dc);
    let closed = dc.krb5_conf_for("127.0.0.1:1");
    let away = sandbox.prepare(&SEARCH).env("KRB5_CONFIG", &closed);
    let away = away.env("KRB5CCNAME", tickets(&sandbox)).run();
    let said = ["no KDC of the realm can be reached", "port 88"];
    assert_fails(away, 5, "unreachable", &said);

    let none = sandbox.path().join("none.conf");
    std::fs::write(&none, "[libdefaults]\ndns_lookup_kdc = false\n").expect("a file");
    let homeless = prepare(&dc, &sandbox, &SEARCH).env("KRB5_CONFIG", none);
    // The ticket for the domain itself names the realm, but nobody knows its KDC.
    let said = [
        "it is not known where the KDCs of the realm are",
        "krb5.conf",
    ];
    assert_fails(homeless.run(), 5, "unreachable", &said);

    let line = "connect_timeout_secs = 1";
    sandbox.configure(&settings(&dc, &dc.ldap_url(), line));
    dc.freeze();
    let started = Instant::now();
    let hung = run(&dc, &sandbox, &SEARCH);
    assert!(started.elapsed() < Duration::from_secs(5), "{hung}");
    let said = [
        "cannot get a Kerberos ticket",
        "no answer within 1 s",
        "port 88",
    ];
    assert_fails(hung, 5, "unreachable", &said);
    dc.thaw();
}
