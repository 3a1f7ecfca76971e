//! A ticket that is fetched for the run, with a keytab.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::{assert_fails, keytab, keytab_line, run_by_clock, settings, stage};
use crate::support::adsync::{Answer, Sandbox};
use crate::support::samba::{SERVICE_DN, SERVICE_PASSWORD, SERVICE_PRINCIPAL, SambaDc};
use crate::usernames;

const SEARCH: [&str; 4] = ["search", "a", "--format", "json"];

/// A stage with a keytab in the settings, and nobody who has a ticket.
fn with_keytab(dc: &SambaDc) -> Sandbox {
    let sandbox = stage(dc);
    fs::remove_file(super::tickets(&sandbox)).expect("the ticket of the caller goes");
    dc.keytab(&keytab(&sandbox), SERVICE_PRINCIPAL, SERVICE_PASSWORD);
    sandbox.configure(&settings(dc, &dc.ldap_url(), &keytab_line(&sandbox)));
    sandbox
}

/// A run as cron starts it: without a place for tickets.
fn run(dc: &SambaDc, sandbox: &Sandbox, arguments: &[&str]) -> Answer {
    let run = sandbox.prepare(arguments);
    run.env("KRB5_CONFIG", dc.krb5_conf()).run()
}

#[test]
fn a_keytab_fetches_a_ticket_for_each_run_and_leaves_none_behind() {
    let dc = SambaDc::start_with_kdc();
    let sandbox = with_keytab(&dc);
    run(&dc, &sandbox, &["import", "--all"]).expect_code(0);
    assert_eq!(usernames(&sandbox), ["alice", "bob"]);
    let check = run(&dc, &sandbox, &["check"]).expect_code(0);
    assert!(check.stdout.contains(SERVICE_PRINCIPAL), "{check}");
    let search = run(&dc, &sandbox, &["search", "ali"]).expect_code(0);
    assert!(search.stdout.contains("alice"), "{search}");

    // Another's tickets are neither used nor touched, whatever they are.
    let tickets = super::tickets(&sandbox);
    fs::write(&tickets, "no tickets at all").expect("a file");
    super::run(&dc, &sandbox, &["sync"]).expect_code(0);
    let after = fs::read_to_string(&tickets).expect("the file");
    assert_eq!(after, "no tickets at all");

    let verbose = run(&dc, &sandbox, &["sync", "-vv"]).expect_code(0);
    assert!(
        verbose.stderr.contains("a ticket of svc-adsync@"),
        "{verbose}"
    );
    assert!(!verbose.stderr.contains(SERVICE_PASSWORD), "{verbose}");

    // Who asks the KDC for a ticket is told its time: a wrong clock of this host does not matter then.
    run_by_clock(&dc, &sandbox, &["sync"], "+20m").expect_code(0);
}

#[test]
fn each_keytab_that_is_of_no_use_has_its_words() {
    let dc = SambaDc::start_with_kdc();
    let sandbox = with_keytab(&dc);
    let file = keytab(&sandbox);

    fs::set_permissions(&file, Permissions::from_mode(0o644)).expect("set");
    let said = ["can be read by others (mode 0644)", "chmod 0600"];
    assert_fails(run(&dc, &sandbox, &SEARCH), 2, "settings", &said);
    let check = run(&dc, &sandbox, &["check"]).expect_code(2);
    assert!(check.stdout.contains("FAIL  keytab"), "{check}");
    fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("set");

    dc.set_password(SERVICE_DN, "Another-Passw0rd");
    let said = [
        "the keys of the keytab are not those of the account",
        "make it anew",
    ];
    assert_fails(run(&dc, &sandbox, &SEARCH), 5, "login", &said);
    dc.set_password(SERVICE_DN, SERVICE_PASSWORD);
    run(&dc, &sandbox, &SEARCH).expect_code(0);

    dc.disable(SERVICE_DN);
    let said = ["the account is disabled, locked out or has expired"];
    assert_fails(run(&dc, &sandbox, &SEARCH), 5, "login", &said);
    dc.enable(SERVICE_DN);

    fs::remove_file(&file).expect("removed");
    let said = ["cannot read the keytab", "ktpass"];
    assert_fails(run(&dc, &sandbox, &SEARCH), 2, "settings", &said);

    dc.keytab(&file, "nobody@CORP.EXAMPLE.COM", "any");
    let said = ["the KDC knows no such account", "realm in capitals"];
    assert_fails(run(&dc, &sandbox, &SEARCH), 5, "login", &said);

    let principal = format!(
        "{}\nprincipal = {SERVICE_PRINCIPAL:?}",
        keytab_line(&sandbox)
    );
    sandbox.configure(&settings(&dc, &dc.ldap_url(), &principal));
    let said = ["the keytab has no key that can be used", "klist -k"];
    assert_fails(run(&dc, &sandbox, &SEARCH), 2, "settings", &said);
}

#[test]
fn systemd_hands_a_keytab_over_as_a_credential() {
    let dc = SambaDc::start_with_kdc();
    let sandbox = with_keytab(&dc);
    sandbox.configure(&settings(&dc, &dc.ldap_url(), ""));
    run(&dc, &sandbox, &SEARCH).expect_code(5);
    let with = sandbox.prepare(&SEARCH).env("KRB5_CONFIG", dc.krb5_conf());
    // The keytab of the sandbox has that very name.
    let with = with.env("CREDENTIALS_DIRECTORY", sandbox.path());
    with.run().expect_code(0);
}

#[test]
fn of_several_keys_the_principal_of_the_settings_counts() {
    let dc = SambaDc::start_with_kdc();
    let sandbox = with_keytab(&dc);
    fs::remove_file(keytab(&sandbox)).expect("removed");
    dc.keytab(&keytab(&sandbox), "nobody@CORP.EXAMPLE.COM", "any");
    dc.keytab(&keytab(&sandbox), SERVICE_PRINCIPAL, SERVICE_PASSWORD);
    run(&dc, &sandbox, &SEARCH).expect_code(5);
    let principal = format!(
        "{}\nprincipal = {SERVICE_PRINCIPAL:?}",
        keytab_line(&sandbox)
    );
    sandbox.configure(&settings(&dc, &dc.ldap_url(), &principal));
    run(&dc, &sandbox, &SEARCH).expect_code(0);
}
