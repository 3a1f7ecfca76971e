//! Groups that name their members by account name, or by a search.

use crate::SIX;
use crate::json;
use crate::support::adsync::Sandbox;
use crate::support::embedded::names;
use crate::support::plain::{PEOPLE, Person, PlainServer, SUFFIX};
use crate::support::samba::ldif::Record;

/// Imports the members of a group, in a store of its own.
#[track_caller]
fn members(server: &PlainServer, group: &str) -> Vec<String> {
    let sandbox = Sandbox::new(&server.settings());
    let run = json(&sandbox, 0, &["import", "--group", group]);
    names(&run, "imported")
}

fn servers() -> [PlainServer; 2] {
    let servers = [PlainServer::openldap(), PlainServer::ds389()];
    for server in &servers {
        server.add_all(&SIX.map(|uid| {
            let title = if uid < "d" { "developer" } else { "tester" };
            Person::new(uid).set("title", &[title])
        }));
    }
    servers
}

/// bitwarden, grafana, authentik, glpi: the groups of their test directories
#[test]
fn the_members_of_a_posix_group_are_read() {
    for server in servers() {
        let dn = format!("cn=devs,{SUFFIX}");
        let mut group = Record::add(&dn)
            .value("objectClass", "posixGroup")
            .value("cn", "devs")
            .value("gidNumber", "4242");
        for uid in ["alice", "CAROL", "nobody-of-that-name"] {
            group = group.value("memberUid", uid);
        }
        server.apply(&group.to_string());
        for name in ["devs", &dn] {
            assert_eq!(members(&server, name), ["alice", "carol"]);
        }
    }
}

#[test]
fn the_members_of_a_group_of_urls_are_read() {
    for server in servers() {
        let dn = format!("cn=devs,{SUFFIX}");
        let group = Record::add(&dn)
            .value("objectClass", "groupOfURLs")
            .value("cn", "devs")
            .value(
                "memberURL",
                format!("ldap:///{PEOPLE}??sub?(title=developer)"),
            )
            .value(
                "memberURL",
                format!("ldap:///uid=fritz,{PEOPLE}??base?(objectClass=*)"),
            );
        server.apply(&group.to_string());
        for name in ["devs", &dn] {
            assert_eq!(members(&server, name), ["alice", "bob", "carol", "fritz"]);
        }
    }
}

/// One level is one level, percent signs escape (RFC 4516), and a URL of another server is not chased.
#[test]
fn a_url_says_where_how_deep_and_whom() {
    let [server, _] = servers();
    let deeper = server.add_ou("deeper");
    server.add(&Person::new("gina").below(&deeper));
    let group = |name: &str, url: &str| {
        let dn = format!("cn={name},{SUFFIX}");
        let group = Record::add(&dn)
            .value("objectClass", "groupOfURLs")
            .value("cn", name)
            .value("memberURL", url);
        server.apply(&group.to_string());
        members(&server, name)
    };
    let all = [&SIX[..], &["gina"]].concat();
    assert_eq!(group("one", &format!("ldap:///{PEOPLE}??one?(uid=*)")), SIX);
    assert_eq!(group("sub", &format!("ldap:///{PEOPLE}??sub?(uid=*)")), all);
    assert_eq!(
        group("base", &format!("ldap:///uid=alice,{PEOPLE}")),
        ["alice"]
    );
    assert_eq!(
        group(
            "escaped",
            &format!("ldap:///{}??sub?(uid=g%69na)", PEOPLE.replace(',', "%2C"))
        ),
        ["gina"]
    );
    assert_eq!(
        group(
            "elsewhere",
            &format!("ldap://192.0.2.1/{PEOPLE}??sub?(uid=*)")
        ),
        [""; 0]
    );
}
