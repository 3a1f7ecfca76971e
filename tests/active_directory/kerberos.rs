//! Logging in with Kerberos, at Samba's KDC: with the caller's ticket or a keytab, over `ldap://` that
//! Kerberos encrypts, and over TLS.

mod encryption;
mod keytabs;
mod openldap;
mod tickets;

use std::path::PathBuf;

use serde_json::Value;

use crate::person;
use crate::support::adsync::{Answer, Run, Sandbox, Settings};
use crate::support::process;
use crate::support::samba::{SERVICE_PASSWORD, SERVICE_PRINCIPAL, SambaDc};

/// The settings for a login with the caller's ticket, at that URL; more lines for `[directory]`.
fn settings(dc: &SambaDc, url: &str, more: &str) -> Settings {
    Settings {
        urls: vec![url.to_owned()],
        username: None,
        password: None,
        more_directory: format!("auth = \"kerberos\"\n{more}"),
        ..Settings::for_dc(dc)
    }
}

/// A line that names the keytab of the sandbox.
fn keytab_line(sandbox: &Sandbox) -> String {
    format!("keytab = \"{}\"", keytab(sandbox).display())
}

fn keytab(sandbox: &Sandbox) -> PathBuf {
    sandbox.path().join("keytab")
}

/// Where the ticket of the caller is.
fn tickets(sandbox: &Sandbox) -> PathBuf {
    sandbox.path().join("tickets")
}

/// A domain with alice and bob, and somebody who has a ticket of the service account.
fn stage(dc: &SambaDc) -> Sandbox {
    dc.add_all(&[person("alice"), person("bob")]);
    let sandbox = Sandbox::new(&settings(dc, &dc.ldap_url(), ""));
    dc.ticket(&tickets(&sandbox), SERVICE_PRINCIPAL, SERVICE_PASSWORD, &[]);
    sandbox
}

/// A run of somebody who has that ticket.
fn prepare(dc: &SambaDc, sandbox: &Sandbox, arguments: &[&str]) -> Run {
    sandbox
        .prepare(arguments)
        .env("KRB5_CONFIG", dc.krb5_conf())
        .env("KRB5CCNAME", tickets(sandbox))
}

fn run(dc: &SambaDc, sandbox: &Sandbox, arguments: &[&str]) -> Answer {
    prepare(dc, sandbox, arguments).run()
}

/// A run by a clock that is wrong.
fn run_by_clock(dc: &SambaDc, sandbox: &Sandbox, arguments: &[&str], offset: &str) -> Answer {
    let faketime = process::find("faketime")
        .expect("`faketime` is needed: apt-get install --no-install-recommends faketime");
    prepare(dc, sandbox, arguments)
        .under(&faketime, &["-f", offset])
        .run()
}

/// The run failed with that exit code and that kind, and said all of this.
#[track_caller]
fn assert_fails(answer: Answer, code: i32, kind: &str, said: &[&str]) {
    let answer = answer.expect_code(code);
    let error: Value = answer.json()["error"].clone();
    assert_eq!(error["kind"], kind, "{answer}");
    let text = format!("{} {}", error["message"], error["hint"]);
    for said in said {
        assert!(text.contains(said), "{said}: {answer}");
    }
}
