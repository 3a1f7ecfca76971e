//! What each value of the settings must be, and the line that is named when it is not.

use crate::stage::{alone, assert_says};
use crate::support::adsync::Sandbox;

const COMPLETE: &str = r#"[directory]
url = "ldaps://dc1.corp.example.com"
username = "svc-adsync@corp.example.com"

[directory.attributes]

[store]

[sync]
"#;

/// The complete settings with this line in a table, in place of the one that sets the same key; and
/// the number of the line.
fn with(table: &str, line: &str) -> (String, usize) {
    let key = |line: &str| line.split(' ').next().map(str::to_owned);
    let mut lines: Vec<&str> = COMPLETE.lines().collect();
    let header = lines.iter().position(|it| *it == table).expect("a table");
    let body = &lines[header + 1..];
    let body = body
        .iter()
        .position(|it| it.is_empty())
        .unwrap_or(body.len());
    let old = (header + 1..=header + body).find(|&at| key(lines[at]) == key(line));
    if let Some(old) = old {
        lines.remove(old);
    }
    lines.insert(header + 1, line);
    (lines.join("\n") + "\n", header + 2)
}

#[track_caller]
fn refused(sandbox: &Sandbox, table: &str, line: &str, says: &[&str]) {
    let (toml, number) = with(table, line);
    sandbox.write_config(&toml);
    let answer = sandbox.run(&["list"]).expect_code(2);
    assert_says(&answer, &[&format!("adsync.toml, line {number}: ")]);
    assert_says(&answer, says);
    let (key, _) = line.split_once(" = ").expect("a key and a value");
    let twice = format!("{key}: {key} ");
    assert!(!answer.stderr.contains(&twice), "{answer}");
}

/// A check of several values together, which has no line.
#[track_caller]
fn refused_together(sandbox: &Sandbox, table: &str, line: &str, says: &[&str]) {
    sandbox.write_config(&with(table, line).0);
    let answer = sandbox.run(&["list"]).expect_code(2);
    assert_says(&answer, &["adsync.toml"]);
    assert_says(&answer, says);
}

#[track_caller]
fn accepted(sandbox: &Sandbox, table: &str, line: &str) {
    sandbox.write_config(&with(table, line).0);
    let answer = sandbox.run(&["list"]).expect_code(0);
    assert_eq!(answer.stderr, "", "{line}\n{answer}");
}

#[test]
fn a_value_of_the_wrong_type_is_named_with_its_line() {
    let sandbox = alone();
    for (table, lines) in [
        (
            "[directory]",
            &[
                "url = 1",
                "urls = \"ldaps://dc1\"",
                "starttls = \"yes\"",
                "ca_file = 1",
                "username = 1",
                "password_file = true",
                "password_command = \"pass show corp\"",
                "password = 1",
                "base_dn = [\"DC=corp\"]",
                "filter = 1",
                "page_size = \"1000\"",
                "connect_timeout_secs = \"5\"",
                "timeout_secs = 5.5",
                "allow_plaintext = 1",
                "danger_accept_invalid_certs = \"no\"",
            ][..],
        ),
        (
            "[directory.attributes]",
            &[
                "username = 1",
                "first_name = true",
                "last_name = [1]",
                "email = {}",
                "contact_number = 1",
                "guid = 1",
            ],
        ),
        ("[store]", &["path = 1"]),
        (
            "[sync]",
            &[
                "max_deletes = true",
                "max_cleared = [5]",
                "max_disabled = {}",
                "max_modified = false",
                "max_missing = true",
                "missing_after = 24",
                "out_of_scope = false",
                "full_every = 24",
                "history_days = \"365\"",
            ],
        ),
    ] {
        for line in lines {
            refused(&sandbox, table, line, &[]);
        }
    }
}

#[test]
fn the_server_is_an_ldap_url() {
    let sandbox = alone();
    for url in [
        "dc1.corp.example.com",
        "https://dc1",
        "ldapi:///run/slapd",
        "ldaps://",
        "ldaps://dc1/DC=corp",
        "ldaps://dc1:0x1",
        "ldaps://dc1?cn",
        "",
    ] {
        refused(
            &sandbox,
            "[directory]",
            &format!("url = {url:?}"),
            &["ldaps://dc1.corp.example.com"],
        );
    }
    for url in [
        "LDAPS://DC1",
        "ldaps://dc1:3269/",
        "ldaps://10.0.0.1",
        "ldaps://[2001:db8::1]:636",
    ] {
        accepted(&sandbox, "[directory]", &format!("url = {url:?}"));
    }
}

#[test]
fn the_servers_are_named_once() {
    let sandbox = alone();
    refused_together(
        &sandbox,
        "[directory]",
        "urls = [\"ldaps://dc2\"]",
        &["both url and urls"],
    );
    sandbox.write_config("[directory]\nurls = [\"ldaps://a\", \"http://b\"]\nusername = \"svc\"\n");
    let answer = sandbox.run(&["list"]).expect_code(2);
    assert_says(&answer, &["line 2: ", "http://b"]);
    sandbox
        .write_config("[directory]\nurls = [\"ldaps://a\", \"ldaps://b\"]\nusername = \"svc\"\n");
    sandbox.run(&["list"]).expect_code(0);
}

#[test]
fn the_filter_is_an_ldap_filter() {
    let sandbox = alone();
    for filter in [
        "",
        "(",
        "(&(mail=*)",
        "(mail=*))",
        "(a=b)(c=d)",
        "(!(a=b)(c=d))",
        "mail",
    ] {
        refused(
            &sandbox,
            "[directory]",
            &format!("filter = {filter:?}"),
            &["RFC 4515"],
        );
    }
    for filter in [
        "mail=*",
        "(|(mail=*)(sn=O\\28x))",
        "(!(userAccountControl:1.2.840.113556.1.4.803:=2))",
    ] {
        accepted(&sandbox, "[directory]", &format!("filter = '{filter}'"));
    }
}

#[test]
fn numbers_have_limits() {
    let sandbox = alone();
    for size in ["0", "1001", "-1", "99999999999"] {
        let line = format!("page_size = {size}");
        refused(&sandbox, "[directory]", &line, &["page_size", "1 to 1000"]);
    }
    for line in [
        "connect_timeout_secs = 0",
        "connect_timeout_secs = -5",
        "timeout_secs = 0",
        "timeout_secs = 9223372036854775807",
    ] {
        refused(&sandbox, "[directory]", line, &["from 1"]);
    }
    for (line, words) in [
        ("max_entries = 0", "at least 1"),
        ("max_value_bytes = 4095", "from 4096 to 1048576"),
        ("max_value_bytes = 1048577", "from 4096 to 1048576"),
        ("max_message_bytes = 1048575", "from 1048576 to 4294967295"),
        ("max_message_bytes = -1", "from 1048576 to 4294967295"),
    ] {
        refused(&sandbox, "[directory]", line, &[words]);
    }
    for line in [
        "max_entries = 1",
        "max_value_bytes = 4096",
        "max_value_bytes = 1048576",
        "max_message_bytes = 1048576",
        "page_size = 1",
        "page_size = 1000",
        "timeout_secs = 1",
        "connect_timeout_secs = 1",
    ] {
        accepted(&sandbox, "[directory]", line);
    }
    refused(&sandbox, "[sync]", "history_days = -1", &["-1"]);
    accepted(&sandbox, "[sync]", "history_days = 0");
}

#[test]
fn limits_of_the_guard_are_numbers_or_percentages() {
    let sandbox = alone();
    for key in [
        "max_deletes",
        "max_cleared",
        "max_disabled",
        "max_modified",
        "max_missing",
    ] {
        for value in [
            "\"101%\"",
            "\"-1%\"",
            "\"10.5%\"",
            "\"%\"",
            "\"ten\"",
            "\"\"",
            "-1",
        ] {
            refused(
                &sandbox,
                "[sync]",
                &format!("{key} = {value}"),
                &[key, "percentage"],
            );
        }
        let fraction = format!("{key} = 1.5");
        refused(&sandbox, "[sync]", &fraction, &["percentage"]);
        for value in ["\"0%\"", "\"100%\"", "0", "12", "\"12\""] {
            accepted(&sandbox, "[sync]", &format!("{key} = {value}"));
        }
    }
}

#[test]
fn the_other_values_of_a_sync() {
    let sandbox = alone();
    refused(
        &sandbox,
        "[sync]",
        "out_of_scope = \"remove\"",
        &["`keep`", "`disable`", "`delete`"],
    );
    for policy in ["keep", "disable", "delete"] {
        accepted(&sandbox, "[sync]", &format!("out_of_scope = {policy:?}"));
    }
    for key in ["full_every", "missing_after"] {
        for value in ["", "24", "-1h", "soon"] {
            refused(
                &sandbox,
                "[sync]",
                &format!("{key} = {value:?}"),
                &[key, "24h"],
            );
        }
        refused(&sandbox, "[sync]", &format!("{key} = 24"), &[key]);
        for value in ["0", "90m", "7d"] {
            accepted(&sandbox, "[sync]", &format!("{key} = {value:?}"));
        }
    }
}

#[test]
fn attributes_have_names() {
    let sandbox = alone();
    let table = "[directory.attributes]";
    for value in [
        "\"\"",
        "[]",
        "[\"mail\", \"\"]",
        "\"ma il\"",
        "\"mail)(cn=*\"",
        "\"*\"",
    ] {
        refused(&sandbox, table, &format!("email = {value}"), &["attribute"]);
    }
    refused_together(
        &sandbox,
        table,
        "guid = [\"objectGUID\", \"entryUUID\"]",
        &["guid", "one attribute"],
    );
    for line in [
        "email = [\"mail\", \"userPrincipalName\"]",
        "guid = \"entryUUID\"",
        "username = \"0.9.2342.19200300.100.1.1\"",
    ] {
        accepted(&sandbox, table, line);
    }
}

#[test]
fn what_may_not_be_empty() {
    let sandbox = alone();
    refused_together(
        &sandbox,
        "[directory]",
        "username = \"\"",
        &["username", "empty"],
    );
    refused_together(
        &sandbox,
        "[directory]",
        "base_dn = \"\"",
        &["base_dn", "empty", "leave it out"],
    );
}

#[test]
fn starttls_is_for_plain_connections() {
    let sandbox = alone();
    refused_together(
        &sandbox,
        "[directory]",
        "starttls = true",
        &["starttls", "ldaps://dc1"],
    );
}

#[test]
fn a_password_does_not_cross_the_network_in_clear() {
    let sandbox = alone();
    let plain = |url: &str, more: &str| {
        sandbox.write_config(&format!(
            "[directory]\nurl = \"{url}\"\nusername = \"svc\"\n{more}\n"
        ));
        sandbox.run(&["list"])
    };
    for url in [
        "ldap://dc1.corp.example.com",
        "ldap://10.0.0.1",
        "ldap://localhost.corp.example.com",
        "ldap://127.0.0.1.corp.example.com",
        "ldap://[2001:db8::1]",
    ] {
        let answer = plain(url, "").expect_code(2);
        assert_says(
            &answer,
            &[
                url,
                "in clear",
                "ldaps://",
                "starttls = true",
                "allow_plaintext = true",
            ],
        );
        plain(url, "starttls = true").expect_code(0);
        plain(url, "allow_plaintext = true").expect_code(0);
        plain(url, "allow_plaintext = false").expect_code(2);
    }
    for url in [
        "ldap://127.0.0.1",
        "ldap://127.9.9.9:1389",
        "ldap://[::1]",
        "ldap://localhost",
        "ldap://LocalHost:389",
    ] {
        plain(url, "").expect_code(0);
    }
    // One plain server among several is enough.
    sandbox.write_config(
        "[directory]\nurls = [\"ldaps://dc1\", \"ldap://dc2\"]\nusername = \"svc\"\n",
    );
    let answer = sandbox.run(&["list"]).expect_code(2);
    assert_says(&answer, &["ldap://dc2"]);
}

#[test]
fn slips_of_the_pen_are_named_in_words() {
    let sandbox = alone();
    for (line, says) in [
        ("url = \"ldaps://dc1", "the text is not closed with a quote"),
        (
            "url = [\"ldaps://dc1\"]",
            "this is a list, expected a text in quotes",
        ),
        ("url = 'ldaps://dc1", "the text is not closed with a quote"),
        ("url = ldaps://dc1", "a text must stand in straight quotes"),
        (
            "url = “ldaps://dc1”",
            "a text must stand in straight quotes",
        ),
        ("urls = \"ldaps://dc1\"", "expected a list in brackets"),
        ("starttls = 1", "expected true or false"),
        (
            "timeout_secs = 99999999999999999999",
            "this number is too large",
        ),
        (
            "auth = \"ntlm\"",
            "this cannot be `ntlm`, expected `password` or",
        ),
        // A list is no table: its first value would be the attribute of usernames.
        ("attributes = [\"mail\"]", "expected a table"),
        ("attributes = \"mail\"", "expected a table"),
    ] {
        let key = line.split(' ').next().expect("a key");
        let (toml, number) = with("[directory]", line);
        // Its own table would be a second one.
        sandbox.write_config(&toml.replace("[directory.attributes]\n", ""));
        let answer = sandbox.run(&["list"]).expect_code(2);
        let place = format!("adsync.toml, line {number}: {key}: ");
        assert_says(&answer, &[&place, says]);
    }
    // As in CORP\unicorn.
    for name in ["unicorn", "Unicorn", "svc-adsync"] {
        let line = format!("username = \"CORP\\{name}\"");
        refused(&sandbox, "[directory]", &line, &["in single quotes"]);
    }
    for table in ["directory", "store", "sync"] {
        sandbox.write_config(&format!("{table} = [\"x\"]\n"));
        let answer = sandbox.run(&["list"]).expect_code(2);
        assert_says(&answer, &[table, "expected a table"]);
    }
    let twice = COMPLETE.replace("username = ", "url = \"ldaps://dc2\"\nusername = ");
    sandbox.write_config(&twice);
    let answer = sandbox.run(&["list"]).expect_code(2);
    assert_says(&answer, &["line 3: the key `url` stands there twice"]);
}
