//! Certificates that cannot be used: what is wrong with it, and the command that shows it.

use crate::support::adsync::{Sandbox, Settings};
use crate::support::samba::{Cert, SambaDc};
use crate::support::tls_server::TlsServer;

/// Names of a library's types, and its structures.
const DUMPS: [&str; 10] = [
    "Other(",
    "OtherError",
    "CaUsedAsEndEntity",
    "UnsupportedSignature",
    "UnsupportedCert",
    "BadSignature",
    "HandshakeFailure",
    "InvalidCertificate",
    "AlertReceived",
    " { ",
];

/// Refused by a run and by `check`, in words that have these in them.
#[track_caller]
fn refused(settings: &Settings, address: &str, words: &[&str]) {
    let sandbox = Sandbox::new(settings);
    let run = sandbox.run(&["import", "--all"]).expect_code(5);
    let check = sandbox.run(&["check"]).expect_code(5);
    for said in [&run.stderr, &check.stdout] {
        for words in words {
            assert!(said.contains(words), "{words:?} is not said:\n{said}");
        }
        for dump in DUMPS {
            assert!(!said.contains(dump), "{dump:?} is said:\n{said}");
        }
    }
    // What an administrator types to see it.
    let command = format!("openssl s_client -connect {address}");
    assert!(check.stdout.contains(&command), "{check}");
}

#[track_caller]
fn server_refused(certificate: Cert, options: &[&str], words: &[&str]) {
    let server = TlsServer::start(certificate, options);
    let settings = Settings {
        ca_file: Some(server.ca_file()),
        username: Some("svc-adsync@corp.example.com".to_owned()),
        password: Some("never sent".to_owned()),
        ..Settings::for_url(&server.url())
    };
    refused(&settings, &server.address(), words);
}

/// webpki#205: to name it as `ca_file`, which it is, goes in a circle.
#[test]
fn the_certificate_of_a_ca_itself() {
    let words = ["is that of a CA", "subjectAltName"];
    server_refused(Cert::OfTheCaItself, &[], &words);
}

#[test]
fn a_certificate_signed_over_sha_1() {
    server_refused(Cert::Sha1, &["-cipher", "DEFAULT@SECLEVEL=0"], &["SHA-1"]);
    let dc = SambaDc::builder().certificate(Cert::Sha1).start();
    let address = format!("{}:636", dc.ip());
    refused(&Settings::for_dc(&dc), &address, &["SHA-1"]);
}

#[test]
fn a_key_of_rsa_1024() {
    let options = ["-cipher", "DEFAULT@SECLEVEL=0"];
    server_refused(Cert::Rsa1024, &options, &["RSA", "1024", "2048"]);
}

/// rustls#512
#[test]
fn no_cipher_suite_in_common() {
    let options = ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"];
    server_refused(Cert::Good, &options, &["cipher suite"]);
}

/// A domain controller may say nothing, and close the connection.
#[test]
fn no_cipher_suite_in_common_and_no_word_about_it() {
    let priority = "tls priority = NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC";
    let dc = SambaDc::builder().config(priority).start();
    let address = format!("{}:636", dc.ip());
    let words = ["closed the connection", "cipher suite"];
    refused(&Settings::for_dc(&dc), &address, &words);
}
