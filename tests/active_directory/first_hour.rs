//! The first hour with adsync: everything that goes wrong in it, made against a real domain controller, and
//! what `adsync check` says of it.

mod ldapsearch;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::person;
use crate::support::adsync::{Answer, Sandbox, Settings};
use crate::support::process;
use crate::support::samba::{BASE_DN, Cert, STAFF_DN, SambaDc, User};

const PASSWORD: &str = "Another-Passw0rd";

/// What `check` says with these settings: each step, and how it came out.
fn check(settings: &Settings) -> Answer {
    Sandbox::new(settings).run(&["check", "--format", "json"])
}

/// The settings for a domain controller, but for one mistake.
fn but(dc: &SambaDc, mistake: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = Settings::for_dc(dc);
    mistake(&mut settings);
    settings
}

/// Sees that a step came out so, and that its message, hint or commands say all of this.
#[track_caller]
fn says(answer: &Answer, outcome: &str, step: &str, words: &[&str]) {
    let steps = answer.json()["steps"].as_array().expect("steps").clone();
    let is_it = |it: &&Value| it["step"] == step && it["outcome"] == outcome;
    let said: String = steps.iter().filter(is_it).map(Value::to_string).collect();
    assert!(!said.is_empty(), "no step {step} is {outcome}\n{answer}");
    // As a person reads it: the quotes of a message are not escaped.
    let said = said.replace("\\\"", "\"").replace("\\\\", "\\");
    for word in words {
        assert!(
            said.contains(word),
            "{word} is not said of {step}\n{answer}"
        );
    }
}

#[track_caller]
fn fails(answer: Answer, step: &str, words: &[&str]) {
    let answer = answer.expect_code(5);
    says(&answer, "failed", step, words);
}

#[track_caller]
fn warns(answer: Answer, step: &str, words: &[&str]) {
    let answer = answer.expect_code(0);
    says(&answer, "warning", step, words);
}

/// The controller of these settings has the wrong name, the wrong port, or speaks the other protocol.
#[test]
fn the_server_is_not_found_where_the_settings_look() {
    let dc = SambaDc::start();
    let with_url = |url: &str, more: &str| {
        check(&but(&dc, |settings| {
            settings.urls = vec![url.to_owned()];
            more.clone_into(&mut settings.more_directory);
        }))
    };

    // 1. A name with a typo in it.
    let unknown = with_url("ldaps://dc9.corp.invalid", "");
    fails(
        unknown,
        "name",
        &[
            "dc9.corp.invalid",
            "/etc/resolv.conf",
            "getent hosts dc9.corp.invalid",
        ],
    );
    // 2. The bare name of the host.
    fails(
        with_url("ldaps://dc9", ""),
        "name",
        &["write the full name", "ldaps://dc1.corp.example.com"],
    );

    // 3. A port where nobody listens.
    let refused = with_url(&format!("{}:637", dc.url()), "");
    fails(
        refused,
        "tcp",
        &[
            "nothing listens on port 637",
            "636 is open there, for ldaps://",
        ],
    );

    // 4. LDAPS on the port of LDAP.
    let mixed_up = with_url(&format!("{}:389", dc.url()), "");
    fails(
        mixed_up,
        "tls",
        &[
            "389 is the port of plain LDAP",
            "leave it out of url",
            "starttls = true",
        ],
    );
    // 5. LDAP on the port of LDAPS, with StartTLS and without.
    let plain = format!("{}:636", dc.ldap_url());
    let words = ["636 is the port of LDAPS", "write ldaps://"];
    fails(with_url(&plain, "starttls = true"), "tls", &words);
    fails(with_url(&plain, ""), "bind", &words);

    // 6. A login in clear.
    let signing = with_url(&dc.ldap_url(), "");
    fails(
        signing,
        "bind",
        &["strongerAuthRequired", "use ldaps://, or starttls = true"],
    );

    // 7. The global catalog, which answers, but not with everything.
    let catalog = with_url(&format!("{}:3269", dc.url()), "");
    warns(
        catalog,
        "port",
        &[
            "3269 is the port of the global catalog",
            &format!("url = \"{}\"", dc.url()),
        ],
    );
}

#[test]
fn a_server_that_hangs_is_not_waited_for() {
    let mut dc = SambaDc::start();
    let settings = but(&dc, |settings| {
        "connect_timeout_secs = 1".clone_into(&mut settings.more_directory);
    });
    dc.freeze();
    fails(
        check(&settings),
        "tls",
        &[
            "no answer within 1 s",
            "port 636 is open but does not answer",
        ],
    );
    dc.thaw();
}

/// 8. The CA is unknown here.
#[test]
fn the_ca_is_not_known() {
    let dc = SambaDc::start();
    let unknown = check(&but(&dc, |settings| {
        settings.ca_file = Some(dc.other_ca_file());
    }));
    fails(
        unknown,
        "tls",
        &[
            "not issued by a CA that is trusted here",
            "the CA \"CN=adsync test CA\" as ca_file",
            "certutil -ca.cert",
            "certutil -encode",
            &format!("openssl s_client -connect {}:636", dc.ip()),
        ],
    );
    let missing = check(&but(&dc, |settings| {
        settings.ca_file = Some(PathBuf::from("/nowhere/ca.pem"));
    }));
    says(
        &missing.expect_code(2),
        "failed",
        "tls",
        &["/nowhere/ca.pem", "BEGIN CERTIFICATE"],
    );
}

/// 9 to 11. The certificate is for another name, or for another time.
#[test]
fn the_certificate_does_not_fit() {
    for (certificate, words) in [
        (
            Cert::WrongName,
            &[
                "for another name",
                "for other.example.net",
                "url = \"ldaps://other.example.net\"",
            ][..],
        ),
        (
            Cert::CommonNameOnly,
            &["subjectAltName", "Kerberos Authentication"],
        ),
        (
            Cert::Expired,
            &[
                "has expired",
                "valid until 2021-01-01",
                "renew the certificate",
            ],
        ),
        (
            Cert::NotYetValid,
            &["not valid yet", "it begins 2090-01-01", "clock"],
        ),
    ] {
        let dc = SambaDc::builder().certificate(certificate).start();
        fails(check(&Settings::for_dc(&dc)), "tls", words);
    }
}

/// 12 to 18. Every reason for which AD refuses an account.
#[test]
fn the_account_cannot_log_in() {
    let dc = SambaDc::start();
    let account = |sam: &str| dc.add_user(&User::new(sam).password(PASSWORD));
    let log_in = |username: &str, password: &str| {
        check(&but(&dc, |settings| {
            settings.username = Some(username.to_owned());
            settings.password = Some(password.to_owned());
        }))
    };
    let upn = |sam: &str| format!("{sam}@corp.example.com");
    let refused = |sam: &str, words: &[&str]| fails(log_in(&upn(sam), PASSWORD), "bind", words);

    account("good");
    log_in(&upn("good"), PASSWORD).expect_code(0);
    fails(
        log_in(&upn("good"), "wrong"),
        "bind",
        &[
            "the username or the password is wrong (AD error data 52e)",
            "tried once",
        ],
    );
    fails(
        log_in("good", "wrong"),
        "bind",
        &["as AD takes it", r"CORP\svc-adsync"],
    );
    fails(
        log_in(&upn("nobody"), PASSWORD),
        "bind",
        &["data 52e", "Get-ADUser -Identity 'nobody'"],
    );

    dc.disable(&account("disabled"));
    refused(
        "disabled",
        &[
            "the account is disabled (AD error data 533)",
            "Enable-ADAccount -Identity 'disabled'",
        ],
    );

    dc.modify(&account("temp"), "accountExpires", Some("1"));
    refused(
        "temp",
        &[
            "the account has expired (AD error data 701)",
            "Clear-ADAccountExpiration -Identity 'temp'",
        ],
    );

    dc.modify(&account("fresh"), "pwdLastSet", Some("0"));
    refused(
        "fresh",
        &[
            "the password must be changed before the first login (AD error data 773)",
            "Set-ADAccountPassword -Identity 'fresh' -Reset",
        ],
    );

    dc.modify(&account("bound"), "userWorkstations", Some("OTHERPC"));
    refused(
        "bound",
        &[
            "may not log in from this host (AD error data 531)",
            "Set-ADUser -Identity 'bound' -Clear userWorkstations",
        ],
    );

    // No hour of the week.
    dc.modify(&account("nightly"), "logonHours", Some(&"\0".repeat(21)));
    refused(
        "nightly",
        &[
            "may not log in at this time of day (AD error data 530)",
            "Set-ADUser -Identity 'nightly' -Clear logonHours",
        ],
    );

    account("locked");
    dc.lock_out_after(1);
    log_in(&upn("locked"), "wrong").expect_code(5);
    refused(
        "locked",
        &[
            "the account is locked out (AD error data 775)",
            "Unlock-ADAccount -Identity 'locked'",
        ],
    );

    dc.expire_password(&account("old"));
    refused(
        "old",
        &[
            "the password has expired (AD error data 532)",
            "never expires",
            "-PasswordNeverExpires $true",
        ],
    );
}

/// 19 to 21. The users are not where the settings look for them.
#[test]
fn nobody_is_found() {
    let dc = SambaDc::start();
    dc.add_all(&[person("alice"), person("bob")]);
    let in_base = |base: &str| {
        check(&but(&dc, |settings| {
            settings.base_dn = Some(base.to_owned());
        }))
    };
    let filtered = |filter: &str| {
        check(&but(&dc, |settings| {
            settings.more_directory = format!("filter = \"{filter}\"");
        }))
    };

    // A typo, a container taken for an OU, and one in the domain part.
    let misspelt = in_base(&format!("OU=Staf,{BASE_DN}"));
    fails(
        misspelt,
        "base",
        &[
            &format!("did you mean base_dn = \"{STAFF_DN}\"?"),
            &format!("the domain itself is {BASE_DN}"),
        ],
    );
    let container = in_base(&format!("OU=Users,{BASE_DN}"));
    fails(
        container,
        "base",
        &[&format!("did you mean base_dn = \"CN=Users,{BASE_DN}\"?")],
    );
    dc.add_ou("Sales", STAFF_DN);
    let below = in_base(&format!("OU=Sales,OU=Staf,{BASE_DN}"));
    fails(
        below,
        "base",
        &[&format!("did you mean base_dn = \"OU=Sales,{STAFF_DN}\"?")],
    );
    let unlike = in_base(&format!("OU=Nowhere,{BASE_DN}"));
    fails(
        unlike,
        "base",
        &["check base_dn", &format!("the domain itself is {BASE_DN}")],
    );
    for outside in ["OU=Staff,DC=corp,DC=exmaple,DC=com", "corp.example.com"] {
        fails(
            in_base(outside),
            "base",
            &[
                "none of the server's naming contexts",
                &format!("base_dn = \"{BASE_DN}\""),
            ],
        );
    }

    // A filter that finds nobody, for what it asks and for how it asks.
    warns(
        filtered("(department=Sales)"),
        "users",
        &[
            "matches the filter (department=Sales); without it there are 2",
            "check filter",
        ],
    );
    warns(
        filtered("(&(objectCategry=person)(sAMAccountName=*))"),
        "users",
        &[
            "without it there are 2",
            "did you mean objectCategory instead of objectCategry",
        ],
    );

    // An OU without anybody in it.
    let empty = in_base(&format!("OU=Sales,{STAFF_DN}"));
    warns(
        empty,
        "users",
        &[
            "with the filter or without",
            "check base_dn",
            &format!("{BASE_DN} has "),
        ],
    );
}

/// 22. An attribute that the domain does not know.
#[test]
fn the_mapping_has_a_typo() {
    let dc = SambaDc::start();
    dc.add_all(&[person("alice"), User::new("bob")]);
    let mapped = |lines: &str| {
        check(&but(&dc, |settings| {
            lines.clone_into(&mut settings.more_attributes);
        }))
    };
    for (lines, said, meant) in [
        (
            "email = \"mial\"",
            "email is read from mial",
            "email = \"mail\"",
        ),
        (
            "contact_number = [\"mobile\", \"telefoneNumber\"]",
            "contact_number is read from telefoneNumber",
            "contact_number = \"telephoneNumber\"",
        ),
        (
            "username = \"samAccountNam\"",
            "username is read from samAccountNam",
            "username = \"sAMAccountName\"",
        ),
    ] {
        let unknown = mapped(lines).expect_code(2);
        let hint = format!("did you mean {meant} under [directory.attributes]");
        says(&unknown, "failed", "attributes", &[said, &hint]);
    }
    // One that nobody has.
    warns(
        mapped("email = \"otherMailbox\""),
        "attributes",
        &["nobody has otherMailbox, which email is read from"],
    );

    // Nobody has a mobile, and that is no mistake where another attribute takes its place.
    let plausible = mapped("contact_number = [\"telephoneNumber\", \"mobile\"]").expect_code(0);
    says(&plausible, "ok", "attributes", &["nobody has mobile"]);
    says(&mapped("").expect_code(0), "ok", "attributes", &["in use"]);
}

/// 23. An account without the right to list deleted objects.
#[test]
fn the_account_sees_no_deleted_objects() {
    let dc = SambaDc::start();
    dc.add_user(&person("alice"));
    dc.delete(&dc.add_user(&person("bob")));
    let container = format!("dsacls \"CN=Deleted Objects,{BASE_DN}\"");
    let domain_name = r"CORP\svc-adsync";
    for (username, granted_to) in [
        (domain_name, domain_name),
        (
            crate::support::samba::SERVICE_DN,
            "svc-adsync@corp.example.com",
        ),
    ] {
        let blind = check(&but(&dc, |settings| {
            settings.username = Some(username.to_owned());
        }));
        let grant = format!("{container} /g \"{granted_to}:LCRP\"");
        warns(
            blind,
            "rights",
            &[
                "sees no deleted objects",
                &format!("{container} /takeownership"),
                &grant,
            ],
        );
    }
    dc.grant_tombstones("svc-adsync");
    let seeing = check(&Settings::for_dc(&dc)).expect_code(0);
    says(&seeing, "ok", "rights", &["sees deleted objects"]);
}

/// 24. A clock that goes wrong.
#[test]
fn the_clock_is_ten_minutes_off() {
    let faketime = process::find("faketime")
        .expect("`faketime` is needed: apt-get install --no-install-recommends faketime");
    let dc = SambaDc::start();
    let sandbox = Sandbox::for_dc(&dc);
    for (shift, words) in [
        (
            "+601s",
            "this host's clock is 10 minutes ahead of the domain controller's",
        ),
        (
            "-2h",
            "this host's clock is 2 hours behind the domain controller's",
        ),
        ("-2d", "behind the domain controller's"),
    ] {
        let check = sandbox
            .prepare(&["check", "--format", "json"])
            .into_command();
        let mut command = Command::new(&faketime);
        command
            .args(["-f", shift])
            .arg(check.get_program())
            .args(check.get_args());
        command.current_dir(sandbox.path());
        let finished = process::run(&mut command, b"", Duration::from_mins(1));
        let said = String::from_utf8_lossy(&finished.stdout).into_owned();
        assert!(said.contains(words) && said.contains("Kerberos"), "{said}");
    }
    says(
        &check(&Settings::for_dc(&dc)).expect_code(0),
        "ok",
        "clock",
        &["from the domain controller's"],
    );
}

/// 25. Users that wait for a name or an address.
#[test]
fn duplicates_wait_in_the_store() {
    let dc = SambaDc::start();
    dc.add_all(&[person("alice"), person("bob")]);
    let sandbox = Sandbox::for_dc(&dc);
    sandbox.run(&["import", "--all"]).expect_code(0);
    sandbox
        .run(&["add", "helpdesk", "--email", "help@corp.example.com"])
        .expect_code(0);
    dc.modify(&dc.dn_of("alice"), "mail", Some("help@corp.example.com"));
    sandbox.run(&["sync"]).expect_code(0);
    let answer = sandbox.run(&["check", "--format", "json"]);
    warns(
        answer,
        "duplicates",
        &["1 user is a duplicate", "alice", "adsync sync --dry-run"],
    );
}

/// As it is read at a terminal: what can be typed is not wrapped, and in CSV it stays in its column.
#[test]
fn what_can_be_typed_stands_on_lines_of_its_own() {
    let dc = SambaDc::start();
    let sandbox = Sandbox::new(&but(&dc, |settings| {
        settings.ca_file = Some(dc.other_ca_file());
    }));
    let table = sandbox.run(&["check"]).expect_code(5);
    assert!(
        table
            .stdout
            .contains("\n                  certutil -ca.cert ca.cer\n"),
        "{table}"
    );
    let csv = sandbox.run(&["check", "--format", "csv"]).expect_code(5);
    assert!(
        csv.stdout
            .starts_with("step,outcome,message,hint,commands\nsettings,ok,"),
        "{csv}"
    );
    assert!(
        csv.stdout.contains("\"certutil -ca.cert ca.cer\ncertutil"),
        "{csv}"
    );
}
