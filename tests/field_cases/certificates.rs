//! Certificates that cannot be used: what is wrong with it, and the command that shows it.

use crate::support::adsync::Sandbox;
use crate::support::samba::{Cert, SambaDc};

/// Refused by a run and by `check`, in words that have these in them.
#[track_caller]
fn refused(dc: &SambaDc, words: &[&str]) {
    let sandbox = Sandbox::for_dc(dc);
    let sync = sandbox.run(&["import", "--all"]).expect_code(5);
    let check = sandbox.run(&["check"]).expect_code(5);
    for said in [&sync.stderr, &check.stdout] {
        for words in words {
            assert!(said.contains(words), "{words:?} is not said:\n{said}");
        }
        // Names of a library's types, and its structures.
        for dump in [
            "Other(",
            "OtherError",
            "CaUsedAsEndEntity",
            "UnsupportedSignature",
            "UnsupportedCert",
            "BadSignature",
            "HandshakeFailure",
            "InvalidCertificate",
            " { ",
        ] {
            assert!(!said.contains(dump), "{dump:?} is said:\n{said}");
        }
    }
    // What an administrator types to see it.
    let command = format!("openssl s_client -connect {}:636", dc.ip());
    assert!(check.stdout.contains(&command), "{check}");
}

/// webpki#205: naming it as the CA, as the hint had it, goes in a circle.
#[test]
fn the_certificate_of_a_ca_itself() {
    let dc = SambaDc::builder().certificate(Cert::OfTheCaItself).start();
    refused(&dc, &["is a CA's own", "basicConstraints"]);
}

#[test]
fn a_certificate_signed_over_sha_1() {
    let dc = SambaDc::builder().certificate(Cert::Sha1).start();
    refused(&dc, &["SHA-1"]);
}

#[test]
fn a_key_of_rsa_1024() {
    let dc = SambaDc::builder().certificate(Cert::Rsa1024).start();
    refused(&dc, &["RSA", "1024"]);
}

/// rustls#512
#[test]
fn no_cipher_suite_in_common() {
    let priority = "tls priority = NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC";
    let dc = SambaDc::builder().config(priority).start();
    refused(&dc, &["cipher suite"]);
}
