//! What `adsync check` says to settings that lead to the wrong place, and to servers that refuse what a run needs.

use super::{Person, PlainServer, Sandbox, settings};

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
