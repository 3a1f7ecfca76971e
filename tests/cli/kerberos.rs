//! The keys of a login with Kerberos, and an adsync that was built without it.

use crate::stage::{alone, assert_says};

/// Settings with these lines in `[directory]`.
fn with(lines: &str) -> String {
    format!("[directory]\nurl = \"ldap://dc1.corp.example.com\"\n{lines}\n")
}

#[cfg(not(feature = "kerberos"))]
#[test]
fn an_adsync_without_kerberos_says_how_to_get_it() {
    let sandbox = alone();
    sandbox.write_config(&with("auth = \"kerberos\""));
    for command in ["list", "check", "sync"] {
        let answer = sandbox.run(&[command]).expect_code(2);
        for said in [
            "built without Kerberos",
            "Debian package",
            "libkrb5-dev",
            "--features kerberos",
        ] {
            let all = format!("{}{}", answer.stdout, answer.stderr).replace('\n', " ");
            let all = all.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(all.contains(said), "{said}: {answer}");
        }
    }
}

#[cfg(feature = "kerberos")]
#[test]
fn what_does_not_go_with_a_ticket_is_named() {
    let sandbox = alone();
    for (line, said) in [
        (
            "username = \"svc\"",
            "username under [directory] does not go with",
        ),
        (
            "password_file = \"/p\"",
            "password_file under [directory] does not go with",
        ),
        (
            "password = \"p\"",
            "password under [directory] does not go with",
        ),
        ("principal = \"\"", "principal under [directory] is empty"),
    ] {
        sandbox.write_config(&with(&format!("auth = \"kerberos\"\n{line}")));
        assert_says(&sandbox.run(&["list"]).expect_code(2), &[said]);
    }
    // Kerberos encrypts ldap:// itself, so that it needs no leave to be used.
    sandbox.write_config(&with("auth = \"kerberos\""));
    sandbox.run(&["list"]).expect_code(0);
}

#[test]
fn a_password_over_plain_ldap_is_refused_as_ever() {
    let sandbox = alone();
    sandbox.write_config(&with("username = \"svc@corp.example.com\""));
    let answer = sandbox.run(&["list"]).expect_code(2);
    assert_says(&answer, &["the password would cross the network in clear"]);
}

#[test]
fn the_keys_of_kerberos_stand_beside_it_only() {
    let sandbox = alone();
    for key in ["keytab", "principal"] {
        let lines = format!("username = \"svc@corp.example.com\"\n{key} = \"it\"");
        sandbox.write_config(&with(&lines));
        let answer = sandbox.run(&["list"]).expect_code(2);
        assert_says(
            &answer,
            &[
                &format!("{key} under [directory] is for Kerberos"),
                "auth = \"kerberos\"",
            ],
        );
    }
    sandbox.write_config(&with("auth = \"ntlm\""));
    let answer = sandbox.run(&["list"]).expect_code(2);
    assert_says(&answer, &["line 3", "ntlm", "password", "kerberos"]);
}
