//! What cannot be seen to be meant: a right that was lost on one attribute, or a mapping with a typo,
//! looks like everybody's value being deleted.

use crate::modes::{Mode, sync};
use crate::support::adsync::{Sandbox, Settings};
use crate::support::embedded::{assert_says, names};
use crate::support::plain::{Person, PlainServer};
use crate::support::samba::{SERVICE_ACCOUNT, STAFF_DN, SambaDc};
use crate::{SIX, import, json, user, users};

/// `schemaIDGUID` of `mail` (MS-ADA2).
const MAIL: &str = "bf967961-0de6-11d0-a285-00aa003049e2";

fn fifty() -> (SambaDc, Sandbox) {
    let dc = SambaDc::start();
    dc.add_users(50);
    let sandbox = Sandbox::for_dc(&dc);
    import(&sandbox, "user0050");
    (dc, sandbox)
}

/// authentik#981
#[test]
fn a_right_that_was_lost_on_one_attribute_clears_nobodys_value() {
    let (dc, sandbox) = fifty();
    let before = users(&sandbox);
    dc.deny_attribute_of_users(STAFF_DN, MAIL, SERVICE_ACCOUNT);
    let changed: Vec<String> = (1..=12).map(|n| format!("user{n:04}")).collect();
    let changed: Vec<&str> = changed.iter().map(String::as_str).collect();
    for run in sync(
        &sandbox,
        &[Mode::Full, Mode::Delta, Mode::Selected],
        &changed,
        &[],
    ) {
        assert_eq!(run.code, 4, "{}", run.answer);
        for mail in run.users.iter().map(|user| &user["email"]) {
            assert!(mail.is_string(), "{}", run.answer);
        }
    }
    let refused = sandbox.run(&["sync", "--full"]).expect_code(4);
    let said = [
        "email",
        "mail",
        "50",
        "max_cleared",
        "--allow-cleared 50",
        "lost the right to read mail",
    ];
    assert_says(&refused, &said);
    assert_eq!(users(&sandbox), before);

    // Exactly as many as the administrator saw.
    sandbox
        .run(&["sync", "--full", "--allow-cleared", "49"])
        .expect_code(4);
    let said = ["--allow-cleared", "50", "--allow-modified", "50"];
    let meant = json(&sandbox, 0, &[&["sync", "--full"][..], &said].concat());
    assert_eq!(names(&meant, "modified").len(), 50);
    assert!(user(&sandbox, "user0050")["email"].is_null());
    // And back, of its own accord: what comes is no loss.
    dc.allow_attribute_of_users(STAFF_DN, MAIL, SERVICE_ACCOUNT);
    json(&sandbox, 0, &["sync", "--full", "--allow-modified", "50"]);
    assert!(user(&sandbox, "user0050")["email"].is_string());
}

#[test]
fn a_few_values_that_are_gone_are_cleared() {
    let (dc, sandbox) = fifty();
    for n in 1..=5 {
        dc.modify(&dc.dn_of(&format!("user{n:04}")), "mail", None);
    }
    let run = json(&sandbox, 0, &["sync"]);
    assert_eq!(names(&run, "modified").len(), 5);
}

/// The settings are named that changed since the last run.
#[test]
fn another_mapping_that_clears_a_field_is_named() {
    let (dc, sandbox) = fifty();
    sandbox.configure(&Settings {
        more_attributes: "email = \"facsimileTelephoneNumber\"".to_owned(),
        ..Settings::for_dc(&dc)
    });
    let refused = sandbox.run(&["sync"]).expect_code(4);
    assert_says(
        &refused,
        &[
            "max_cleared",
            "mail",
            "facsimileTelephoneNumber",
            "since run",
        ],
    );
    assert!(user(&sandbox, "user0001")["email"].is_string());
}

/// authentik#981
#[test]
fn an_attribute_that_the_schema_does_not_know_is_an_error_of_the_settings() {
    let (dc, sandbox) = fifty();
    let server = PlainServer::openldap();
    server.add_all(&SIX.map(Person::new));
    let plain = Sandbox::new(&server.settings());
    import(&plain, "fritz");
    let typo = |settings: Settings| Settings {
        more_attributes: format!("{}\nemail = \"mial\"", settings.more_attributes),
        ..settings
    };
    sandbox.configure(&typo(Settings::for_dc(&dc)));
    plain.configure(&typo(server.settings()));
    for sandbox in [&sandbox, &plain] {
        let before = users(sandbox);
        let name = before[0]["username"].as_str().expect("a name").to_owned();
        for arguments in [
            &["sync"][..],
            &["sync", "--full"],
            &["sync", "--users", &name],
            &["import", "--all"],
        ] {
            let refused = sandbox.run(arguments).expect_code(2);
            assert_says(&refused, &["mial", "email", "did you mean", "mail"]);
        }
        assert_eq!(users(sandbox), before);
        let check = sandbox.run(&["check"]).expect_code(2);
        let failed = |line: &str| line.starts_with("FAIL") && line.contains("mial");
        assert!(check.stdout.lines().any(failed), "{check}");
    }
}
