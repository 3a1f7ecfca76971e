//! Certificates are verified, and a refusal names them.

use crate::support::adsync::{Sandbox, Settings};
use crate::support::samba::{Cert, SambaDc};
use crate::{imported, person, users};

fn refused(certificate: Cert) -> String {
    let dc = SambaDc::builder().certificate(certificate).start();
    let answer = Sandbox::for_dc(&dc)
        .run(&["import", "--all"])
        .expect_code(5);
    assert!(
        answer.stderr.contains("cannot make a TLS connection"),
        "{answer}"
    );
    assert!(answer.stderr.contains("the server presented"), "{answer}");
    answer.stderr
}

#[test]
fn an_unknown_ca_is_refused_and_the_certificate_named() {
    let (dc, sandbox) = imported(&[person("alice")]);
    let before = users(&sandbox);
    let mut settings = Settings::for_dc(&dc);
    settings.ca_file = Some(dc.other_ca_file());
    sandbox.configure(&settings);
    let answer = sandbox.run(&["sync"]).expect_code(5);
    assert!(
        answer.stderr.contains("not issued by a CA that is trusted"),
        "{answer}"
    );
    assert!(answer.stderr.contains("issued by"), "{answer}");
    assert!(answer.stderr.contains("ca_file"), "{answer}");
    assert_eq!(users(&sandbox), before);
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let said = refused(Cert::WrongName);
    assert!(said.contains("for another name"), "{said}");
}

#[test]
fn an_expired_certificate_is_refused() {
    let said = refused(Cert::Expired);
    assert!(said.contains("has expired"), "{said}");
}

#[test]
fn a_certificate_without_names_is_refused() {
    let said = refused(Cert::CommonNameOnly);
    assert!(said.contains("for no name at all"), "{said}");
}

#[test]
fn starttls_is_verified_in_the_same_way() {
    let dc = SambaDc::start();
    dc.add_user(&person("alice"));
    let mut settings = Settings::for_dc(&dc);
    settings.urls = vec![dc.ldap_url()];
    settings.more_directory = "starttls = true".to_owned();
    let sandbox = Sandbox::new(&settings);
    sandbox.run(&["import", "--all"]).expect_code(0);
    assert_eq!(users(&sandbox).len(), 1);

    settings.ca_file = Some(dc.other_ca_file());
    sandbox.configure(&settings);
    let answer = sandbox.run(&["sync"]).expect_code(5);
    assert!(
        answer.stderr.contains("not issued by a CA that is trusted"),
        "{answer}"
    );
}

#[test]
fn a_plain_login_that_the_server_refuses_says_what_to_use() {
    let dc = SambaDc::start();
    let mut settings = Settings::for_dc(&dc);
    settings.urls = vec![dc.ldap_url()];
    let answer = Sandbox::new(&settings).run(&["sync"]).expect_code(5);
    assert!(
        answer.stderr.contains("ldaps://, or starttls = true"),
        "{answer}"
    );
}

#[test]
fn the_switch_that_turns_verification_off_is_honoured_and_warned_of() {
    let dc = SambaDc::builder().certificate(Cert::CommonNameOnly).start();
    let mut settings = Settings::for_dc(&dc);
    settings.ca_file = None;
    settings.more_directory = "danger_accept_invalid_certs = true".to_owned();
    let sandbox = Sandbox::new(&settings);
    sandbox.run(&["sync"]).expect_code(0);
    let check = sandbox.run(&["check"]).expect_code(0);
    assert!(
        check.stdout.contains("danger_accept_invalid_certs is on"),
        "{check}"
    );
}
