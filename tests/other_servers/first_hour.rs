//! What `adsync check` says to settings that lead to the wrong place, and to servers that refuse what a run needs.

use std::net::Ipv4Addr;

use serde_json::Value;

use super::{Person, PlainServer, Sandbox, Settings, json, settings};
use crate::support::samba::{CA_FILE, Cert, certificate_files};

#[test]
fn a_base_that_is_no_container_is_told() {
    let server = PlainServer::openldap();
    server.add(&Person::new("alice"));
    server.apply(
        "dn: cn=sales,dc=corp,dc=example,dc=com\nchangetype: add\nobjectClass: groupOfNames\ncn: sales\n\
         member: uid=alice,ou=people,dc=corp,dc=example,dc=com\n\n",
    );
    for (base, what, instead) in [
        (
            "uid=alice,ou=people,dc=corp,dc=example,dc=com",
            "is a person, and nobody is below it",
            "write base_dn = \"ou=people,dc=corp,dc=example,dc=com\"",
        ),
        (
            "cn=sales,dc=corp,dc=example,dc=com",
            "is a group, and nobody is below it",
            "`adsync import --group`",
        ),
    ] {
        let mut settings = settings(&server, &[]);
        settings.base_dn = Some(base.to_owned());
        let check = Sandbox::new(&settings).run(&["check"]).expect_code(0);
        for words in [what, instead, "warn  base"] {
            assert!(check.stdout.contains(words), "{words:?}: {check}");
        }
    }
}

/// slapd names the control in its rootDSE whether it allows it or not.
#[test]
fn a_server_that_refuses_pages_is_told() {
    let server = PlainServer::openldap_with("limits users size.prtotal=disabled\n");
    server.add(&Person::new("alice"));
    let sandbox = Sandbox::new(&settings(&server, &[]));
    let check = sandbox.run(&["check"]).expect_code(5);
    let import = sandbox.run(&["import", "--all"]).expect_code(5);
    for said in [check.stdout, import.stderr] {
        for words in [
            "pagedResults control not allowed",
            "olcLimits with size.prtotal=unlimited",
        ] {
            assert!(said.contains(words), "{said}");
        }
    }
}

/// As good as settings can be for a server that is not AD.
fn best(server: &PlainServer, guid: &str, more: &str) -> Sandbox {
    let attributes = [("guid", guid), ("email", "[\"mail\", \"uid\"]")];
    let mut settings = settings(server, &attributes);
    settings.more_directory += "\nexclude = [\"svc-*\", \"nobody\"]\n";
    settings.more_directory += more;
    let sandbox = Sandbox::new(&settings);
    let metrics = sandbox.path().join("home/adsync.prom");
    settings.more_sync = format!("metrics_file = \"{}\"", metrics.display());
    sandbox.configure(&settings);
    sandbox
}

/// The steps of a check that are not well.
fn advised(sandbox: &Sandbox) -> Vec<Value> {
    let check = json(sandbox, 0, &["check"]);
    let steps = check["steps"].as_array().expect("a list of steps");
    let is_advice = |it: &&Value| it["outcome"] != "ok" || !it["hint"].is_null();
    steps.iter().filter(is_advice).cloned().collect()
}

/// What such a server cannot have (deleted objects, a change mark, a clock) is no reason for advice.
#[test]
fn settings_that_cannot_be_better_get_no_advice() {
    let folder = tempfile::tempdir().expect("the temporary directory is writable");
    let (pem, key) = certificate_files(folder.path(), Ipv4Addr::LOCALHOST, Cert::Good);
    let tls = format!(
        "TLSCertificateFile {}\nTLSCertificateKeyFile {}\n",
        pem.display(),
        key.display()
    );
    let ca_file = folder.path().join(CA_FILE);
    let starttls = format!("starttls = true\nca_file = \"{}\"", ca_file.display());
    for (server, guid, more) in [
        (PlainServer::openldap(), "\"entryUUID\"", ""),
        (PlainServer::openldap_with(&tls), "\"entryUUID\"", &starttls),
        (PlainServer::ds389(), "\"entryUUID\"", ""),
        (PlainServer::ds389(), "\"nsUniqueId\"", ""),
    ] {
        server.add_all(&["alice", "bob"].map(Person::new));
        let sandbox = best(&server, guid, more);
        // With and without users in the store.
        for _ in 0..2 {
            assert_eq!(advised(&sandbox), [] as [Value; 0], "{guid}");
            let quiet = sandbox.run(&["check", "-q"]).expect_code(0);
            let said = (quiet.stdout.as_str(), quiet.stderr.as_str());
            assert_eq!(said, ("", ""), "{quiet}");
            json(&sandbox, 0, &["import", "--all"]);
        }
    }
}

#[test]
fn a_filter_for_people_is_not_advised_where_it_is_set() {
    let server = PlainServer::openldap();
    server.add(&Person::new("alice"));
    for (filter, is_advised) in [
        ("(&(objectClass=inetOrgPerson)(sn=nobody))", false),
        ("(&(objectClass=INETORGPERSON)(sn=nobody))", false),
        ("(&(objectClass=account)(sn=nobody))", true),
    ] {
        let settings = Settings {
            more_directory: format!("filter = \"{filter}\""),
            ..settings(&server, &[])
        };
        let advice = advised(&Sandbox::new(&settings));
        let hint = advice[0]["hint"].as_str().expect("a hint");
        assert!(hint.starts_with("check filter under [directory]"), "{hint}");
        assert_eq!(
            hint.contains("inetOrgPerson"),
            is_advised,
            "{filter}: {hint}"
        );
    }
}

#[test]
fn an_identity_is_not_advised_where_it_is_set() {
    // Read, but not searched for.
    let access = "access to attrs=entryUUID,employeeNumber by users =rcxd\n";
    let server = PlainServer::openldap_with(access);
    server.add(&Person::new("alice").set("employeeNumber", &["1"]));
    for (guid, is_advised) in [("\"entryUUID\"", false), ("\"employeeNumber\"", true)] {
        let sandbox = Sandbox::new(&settings(&server, &[("guid", guid)]));
        let check = sandbox.run(&["check"]);
        let words = "the account must have the right to search for the attribute";
        let said = check
            .stdout
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        assert!(said.contains(words), "{check}");
        let advice = "guid = \"entryUUID\" under";
        assert_eq!(said.contains(advice), is_advised, "{check}");
    }
}
