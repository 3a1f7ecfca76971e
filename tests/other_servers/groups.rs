//! Members of groups, by DN, by user name, and by a search.

use super::{Person, PlainServer, Sandbox, json, names};
use crate::support::plain::{PEOPLE, SUFFIX, dn_of};
use crate::support::samba::ldif::Record;

const PEOPLE_THERE: [&str; 5] = ["alice", "bob", "carol", "dave", "emil"];

fn servers() -> [PlainServer; 2] {
    let servers = [PlainServer::openldap(), PlainServer::ds389()];
    for server in &servers {
        server.add_all(&PEOPLE_THERE.map(|name| Person::new(name).set("title", &[&name[..1]])));
    }
    servers
}

/// Adds a group with these values and returns its DN.
fn add_group(server: &PlainServer, name: &str, class: &str, values: &[(&str, &str)]) -> String {
    let dn = format!("cn={name},{SUFFIX}");
    let group = Record::add(&dn)
        .value("objectClass", class)
        .value("cn", name);
    let group = values.iter().fold(group, |group, (attribute, value)| {
        group.value(attribute, value)
    });
    server.apply(&group.to_string());
    dn
}

/// Whom an import of a group would bring in.
#[track_caller]
fn members(server: &PlainServer, group: &str) -> Vec<String> {
    let sandbox = Sandbox::new(&server.settings());
    names(
        &json(&sandbox, 0, &["import", "--group", group]),
        "imported",
    )
}

#[test]
fn a_dn_is_the_same_however_it_is_written() {
    for server in servers() {
        let brown = format!(r"cn=Brown\2C Ann,{PEOPLE}");
        let person = Record::add(&brown)
            .value("objectClass", "inetOrgPerson")
            .value("cn", "Brown, Ann")
            .value("sn", "Brown")
            .value("uid", "ann");
        server.apply(&person.to_string());
        let people = PEOPLE.replace("ou=people", "OU = People");
        add_group(
            &server,
            "written",
            "groupOfNames",
            &[
                ("member", &format!("UID=ALICE,{people}")),
                ("member", &format!("userid=bob,{PEOPLE}")),
                ("member", &format!(r#"cn="Brown, Ann",{PEOPLE}"#)),
            ],
        );
        assert_eq!(members(&server, "written"), ["alice", "ann", "bob"]);
    }
}

#[test]
fn a_unique_member_may_have_an_identifier() {
    for server in servers() {
        let with_bits = format!("{}#'0101'B", dn_of("alice"));
        add_group(
            &server,
            "unique",
            "groupOfUniqueNames",
            &[
                ("uniqueMember", &with_bits),
                ("uniqueMember", &dn_of("bob")),
            ],
        );
        assert_eq!(members(&server, "unique"), ["alice", "bob"]);
    }
}

#[test]
fn a_posix_group_names_users_and_is_the_own_group_of_others() {
    for server in servers() {
        add_group(
            &server,
            "staff",
            "posixGroup",
            &[
                ("gidNumber", "4242"),
                ("memberUid", "alice"),
                ("memberUid", "zoe"),
            ],
        );
        let dn = dn_of("bob");
        let posix = Record::modify(&dn)
            .add_value("objectClass", "posixAccount")
            .add_value("uidNumber", "1")
            .add_value("gidNumber", "4242")
            .add_value("homeDirectory", "/");
        server.apply(&posix.to_string());
        assert_eq!(members(&server, "staff"), ["alice", "bob"]);
    }
}

#[test]
fn groups_of_every_kind_hold_each_other() {
    for server in servers() {
        let url = |rest: &str| format!("ldap:///{rest}");
        let posix = add_group(
            &server,
            "posix",
            "posixGroup",
            &[("gidNumber", "1"), ("memberUid", "dave")],
        );
        let by_search = add_group(
            &server,
            "search",
            "groupOfURLs",
            &[
                ("memberURL", &url(&format!("{PEOPLE}??one?(title=c)"))),
                ("memberURL", &url(&format!("{SUFFIX}??sub?(cn=posix)"))),
                // Nowhere, on another server, and outside the domain.
                ("memberURL", &url(&format!("ou=gone,{SUFFIX}??sub?(uid=*)"))),
                (
                    "memberURL",
                    "ldap://192.0.2.1/dc=corp,dc=example,dc=com??sub?(uid=*)",
                ),
                ("memberURL", "ldap:///dc=other??sub?(uid=*)"),
            ],
        );
        let outer = add_group(
            &server,
            "outer",
            "groupOfNames",
            &[("member", &dn_of("alice")), ("member", &by_search)],
        );
        // In a circle.
        let circle = format!("{outer}??base");
        server.apply(
            &Record::modify(&by_search)
                .add_value("memberURL", url(&circle))
                .to_string(),
        );
        assert!(posix.starts_with("cn=posix,"));
        assert_eq!(members(&server, "outer"), ["alice", "carol", "dave"]);
        assert_eq!(members(&server, &outer), ["alice", "carol", "dave"]);

        let sandbox = Sandbox::new(&server.settings());
        let said = sandbox.run(&["import", "--group", "outer"]).expect_code(0);
        for elsewhere in ["ldap://192.0.2.1/", "ldap:///dc=other"] {
            assert!(said.stderr.contains(elsewhere), "{said}");
        }
    }
}

/// The overlay adds the members that a search finds to what is read of the group.
#[test]
fn a_dynamic_list_of_openldap() {
    let server = PlainServer::openldap_with(
        "moduleload dynlist\noverlay dynlist\ndynlist-attrset groupOfURLs memberURL member",
    );
    server.add_all(&PEOPLE_THERE.map(Person::new));
    let url = format!("ldap:///{PEOPLE}??sub?(|(uid=bob)(uid=carol))");
    let dn = add_group(&server, "dynamic", "groupOfURLs", &[("memberURL", &url)]);
    let shown = server.search(&dn, &["member"]);
    assert!(shown.contains("member: uid=bob,"), "{shown}");
    assert_eq!(members(&server, "dynamic"), ["bob", "carol"]);
}
