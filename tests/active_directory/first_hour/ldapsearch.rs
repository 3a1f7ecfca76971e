//! The command line of `ldapsearch` that `check -v` prints: it is pasted into a shell, and must find the
//! same users.

use std::process::Command;
use std::time::Duration;

use super::but;
use crate::person;
use crate::support::adsync::{Sandbox, Settings};
use crate::support::process;
use crate::support::samba::{BASE_DN, SERVICE_PASSWORD, STAFF_DN, SambaDc};

const LIMIT: Duration = Duration::from_mins(1);

/// The line that `check -v` prints.
fn line(sandbox: &Sandbox, code: i32) -> String {
    let answer = sandbox.run(&["check", "-v"]).expect_code(code);
    let line = answer
        .stderr
        .lines()
        .find(|line| line.contains("ldapsearch"));
    let line = line.unwrap_or_else(|| panic!("no ldapsearch in {answer}"));
    assert!(!answer.stderr.contains(SERVICE_PASSWORD), "{answer}");
    line.strip_prefix("info: ")
        .expect("a line of the log")
        .to_owned()
}

/// What a shell makes of it.
fn pasted(line: &str, sandbox: &Sandbox) -> String {
    let mut bash = Command::new("bash");
    bash.args(["-c", line])
        .current_dir(sandbox.path())
        // Where the machine's own settings for LDAP play no part.
        .env("LDAPCONF", "/dev/null")
        .env("HOME", sandbox.path());
    let finished = process::run(&mut bash, b"", LIMIT);
    let stderr = String::from_utf8_lossy(&finished.stderr).into_owned();
    assert!(finished.status.success(), "{line}\n{stderr}");
    String::from_utf8_lossy(&finished.stdout).into_owned()
}

fn finds(line: &str, sandbox: &Sandbox) -> usize {
    pasted(line, sandbox).matches("\nsAMAccountName: ").count()
}

#[test]
fn it_finds_the_same_users() {
    let dc = SambaDc::start();
    let ou = dc.add_ou("O'Brien & `Sons` $HOME", STAFF_DN);
    dc.add_all(&[
        person("alice").ou(&ou),
        person("bob").ou(&ou),
        person("carol"),
    ]);
    let mut settings = but(&dc, |settings| {
        settings.base_dn = Some(ou);
        settings.username = Some(r"CORP\svc-adsync".to_owned());
        "filter = \"(&(objectClass=user)(!(cn=zoe's*)))\"".clone_into(&mut settings.more_directory);
    });
    let sandbox = Sandbox::new(&settings);
    assert_eq!(finds(&line(&sandbox, 0), &sandbox), 2);

    // With a line end behind the password, as an editor leaves it, and over StartTLS.
    settings.password = Some(format!("{SERVICE_PASSWORD}\n"));
    settings.urls = vec![dc.ldap_url()];
    settings.more_directory.push_str("\nstarttls = true");
    sandbox.configure(&settings);
    let line = line(&sandbox, 0);
    assert!(line.contains(" -ZZ "), "{line}");
    assert_eq!(finds(&line, &sandbox), 2);
}

#[test]
fn where_the_login_fails_it_tries_the_login() {
    let dc = SambaDc::start();
    let sandbox = Sandbox::new(&but(&dc, |settings| {
        settings.ca_file = Some(dc.other_ca_file());
    }));
    let refused = line(&sandbox, 5);
    let mended = refused.replace("other-ca.pem", "ca.pem");
    assert!(pasted(&mended, &sandbox).contains(&format!("defaultNamingContext: {BASE_DN}")));
}

#[test]
fn it_asks_for_a_password_that_is_in_no_file() {
    let dc = SambaDc::start();
    let sandbox = Sandbox::new(&Settings {
        password: None,
        ..but(&dc, |settings| {
            settings.more_directory =
                format!("password_command = [\"printf\", \"%s\", \"{SERVICE_PASSWORD}\"]");
        })
    });
    let line = line(&sandbox, 0);
    assert!(line.contains(" -W "), "{line}");
}
