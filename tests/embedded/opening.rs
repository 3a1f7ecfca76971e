//! What goes wrong before the first search: connecting, logging in, reading the rootDSE.

use testdir::{USERNAME, What, When};

use crate::faults::{ends_every_read, stage};
use crate::support::embedded::{Stage, assert_says};

#[test]
fn a_refused_connection() {
    let stage = stage();
    ends_every_read(
        &stage,
        &When::connect(),
        &What::RefuseConnections,
        &[
            "cannot connect to",
            "refused",
            "hint: check that the server is up",
        ],
    );
}

#[test]
fn silence_at_the_login() {
    let stage = stage();
    for when in [When::connect(), When::bind()] {
        let login = format!("cannot log in to {}", stage.directory.url());
        ends_every_read(
            &stage,
            &when,
            &What::Hang,
            &[&login, USERNAME, "no answer within 1 s", "hint: "],
        );
    }
}

#[test]
fn silence_at_the_first_answer() {
    ends_every_read(
        &stage(),
        &When::root_dse(),
        &What::Hang,
        &["cannot read the rootDSE", "no answer within 1 s"],
    );
}

#[test]
fn what_goes_wrong_before_the_first_search() {
    let stage = stage();
    let http = What::Garbage(b"HTTP/1.1 400 Bad Request\r\n\r\n".repeat(8));
    for (what, cause) in [
        (What::Cut, "the connection was lost"),
        (What::CutInsideEntry, "the connection was lost"),
        (
            What::notice_of_disconnection(),
            "the server closed the connection: 52 unavailable: the server is shutting down",
        ),
        (What::WrongMessageId, "no answer within 1 s"),
        (http, ""),
    ] {
        for (when, step) in [
            (When::bind(), "cannot log in to"),
            (When::root_dse(), "cannot read the rootDSE"),
        ] {
            ends_every_read(&stage, &when, &what, &[step, cause]);
        }
    }
    for (code, name) in [(1, "operationsError"), (52, "unavailable"), (8, "")] {
        let what = What::answer(code, "");
        ends_every_read(&stage, &When::root_dse(), &what, &["the rootDSE", name]);
        ends_every_read(&stage, &When::bind(), &what, &["cannot log in", name]);
    }
}

#[test]
fn a_connection_cut_at_the_login() {
    let stage = stage();
    for when in [When::connect(), When::bind()] {
        ends_every_read(&stage, &when, &What::Cut, &["cannot log in", "connection"]);
    }
}

#[test]
fn silence_at_the_tls_handshake() {
    let mut stage = stage();
    let before = stage.contents();
    // It accepts, for that the system does, and never says a word.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("it has one").port();
    let url = format!("ldaps://127.0.0.1:{port}");
    stage.configure(|settings| settings.urls = vec![url.clone()]);
    stage.configure_directory("danger_accept_invalid_certs = true");
    for arguments in [&["sync"][..], &["sync", "--users", "u000001"]] {
        let answer = stage.run(arguments).expect_code(5);
        let step = format!("cannot make a TLS connection to {url}");
        assert_says(&answer, &[&step, "no answer within 1 s"]);
    }
    stage.contents().assert_only_noted(&before, "failed");
}

#[test]
fn a_plain_connection_asks_for_no_trusted_ca() {
    let mut stage = stage();
    let without_cas = |stage: &Stage| {
        let sync = stage.prepare(&["sync", "--dry-run"]);
        sync.env("SSL_CERT_FILE", "/dev/null").run()
    };
    without_cas(&stage).expect_code(0);
    stage.configure(|settings| settings.urls = vec!["ldaps://127.0.0.1:1".to_owned()]);
    let answer = without_cas(&stage).expect_code(2);
    assert_says(&answer, &["the system's trust store has no CA"]);
}
