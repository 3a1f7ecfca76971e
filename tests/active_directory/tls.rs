//! Certificates are verified, and a refusal names them.

use crate::support::adsync::{Sandbox, Settings};
use crate::support::samba::{Cert, SambaDc};
use crate::support::tls_server::TlsServer;
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

/// The one that stands in for a domain controller that is down gets neither the password nor a say.
#[test]
fn a_second_controller_with_a_certificate_for_another_name_is_refused() {
    let (first, sandbox) = imported(&[person("alice")]);
    let second = SambaDc::builder().certificate(Cert::WrongName).start();
    let before = users(&sandbox);
    let mut settings = Settings::for_dc(&second);
    let second_url = settings.urls[0].clone();
    settings.urls.splice(..0, Settings::for_dc(&first).urls);
    sandbox.configure(&settings);
    drop(first);
    let answer = sandbox.run(&["sync"]).expect_code(5);
    let said = &answer.stderr;
    let refused = format!("cannot make a TLS connection to {second_url}");
    for words in [refused.as_str(), "for another name", "other.example.net"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(users(&sandbox), before);
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

/// A domain controller that speaks one version of TLS only.
fn speaking(version: &str) -> SambaDc {
    let priority = format!("tls priority = NORMAL:-VERS-ALL:+VERS-{version}");
    SambaDc::builder().config(&priority).start()
}

#[test]
fn tls_is_spoken_from_1_2_on() {
    for version in ["TLS1.2", "TLS1.3"] {
        let dc = speaking(version);
        Sandbox::for_dc(&dc).run(&["search", "a"]).expect_code(0);
    }
}

#[test]
fn an_older_tls_is_refused() {
    // Samba's TLS library speaks it no more; this is what an old domain controller would say.
    let old = ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"];
    let old = TlsServer::start(Cert::Good, &old);
    let mut settings = Settings::for_url(&old.url());
    settings.ca_file = Some(old.ca_file());
    settings.username = Some("svc-adsync".to_owned());
    settings.password = Some("never sent".to_owned());
    let answer = Sandbox::new(&settings).run(&["search", "a"]).expect_code(5);
    for said in [
        "cannot make a TLS connection",
        "no version of TLS in common",
        "TLS 1.2",
    ] {
        assert!(answer.stderr.contains(said), "{said}: {answer}");
    }
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
    let sandbox = Sandbox::new(&settings);
    let answer = sandbox.run(&["search", "a"]).expect_code(5);
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
    sandbox.run(&["search", "a"]).expect_code(0);
    let check = sandbox.run(&["check"]).expect_code(0);
    assert!(
        check.stdout.contains("danger_accept_invalid_certs is on"),
        "{check}"
    );
}
