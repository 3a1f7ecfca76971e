//! The identity: searchable, readable and unique on this server, whatever its form, or `check` and the
//! first run say so.

use crate::modes::{Mode, UNMARKED, sync};
use crate::support::adsync::{Sandbox, Settings};
use crate::support::embedded::{names, text};
use crate::support::plain::{PEOPLE, Person, PlainServer, READER, dn_of};
use crate::support::samba::{BASE_DN, SambaDc, User};
use crate::{SIX, assert_missing, import, json, person, user, usernames};

/// A server with six imported people, whose identity can then be read and not be searched any more.
fn unsearchable() -> [(PlainServer, Sandbox); 2] {
    let mut openldap = PlainServer::openldap();
    let ds389 = PlainServer::ds389();
    let stage = |server: &PlainServer| {
        server.add_all(&SIX.map(Person::new));
        let sandbox = Sandbox::new(&server.settings());
        import(&sandbox, "fritz");
        sandbox
    };
    let sandboxes = [stage(&openldap), stage(&ds389)];
    // Read, compare and disclose, but not search (slapd.access(5)).
    openldap.restrict("access to attrs=entryUUID by users =rcd");
    ds389.add_rule(
        PEOPLE,
        &format!(
            r#"(targetattr = "entryUUID")(version 3.0; acl "no search"; deny (search) userdn = "ldap:///{READER}";)"#
        ),
    );
    let [first, second] = sandboxes;
    [(openldap, first), (ds389, second)]
}

/// 389 DS, `OpenLDAP`, ldapjs
#[test]
fn an_identity_that_can_be_read_but_not_searched_deletes_nobody() {
    for (server, sandbox) in unsearchable() {
        // One has left the filter, and all are living.
        server.modify("alice", "employeeType", &["leaver"]);
        let mut settings = server.settings();
        settings.more_directory =
            "filter = \"(&(objectClass=inetOrgPerson)(!(employeeType=leaver)))\"".to_owned();
        sandbox.configure(&settings);
        for more in [&[][..], &["--delete-missing"]] {
            for run in sync(&sandbox, &UNMARKED, &["alice"], more) {
                assert_eq!(run.code, 5, "{}", run.answer);
                assert_eq!(run.users.len(), 6, "{}", run.answer);
                assert!(run.answer.stdout.contains("entryUUID"), "{}", run.answer);
            }
        }
        for run in sync(&sandbox, &[Mode::Selected], &["bob"], &[]) {
            assert_eq!(run.code, 5, "{}", run.answer);
            assert_eq!(run.users.len(), 6, "{}", run.answer);
        }
    }
}

#[test]
fn check_and_the_first_run_say_that_an_identity_cannot_be_searched() {
    for (server, _) in unsearchable() {
        let sandbox = Sandbox::new(&server.settings());
        let check = sandbox.run(&["check"]);
        assert_ne!(check.code, 0, "{check}");
        let failed = |line: &str| line.starts_with("FAIL") && line.contains("entryUUID");
        assert!(check.stdout.lines().any(failed), "{check}");
        let first = sandbox.run(&["import", "--all"]).expect_code(5);
        assert!(first.stderr.contains("entryUUID"), "{first}");
        assert!(first.stderr.contains("hint: "), "{first}");
    }
}

/// The settings of a domain controller with another identity.
fn by_consistency_guid(dc: &SambaDc) -> Settings {
    Settings {
        more_attributes: "guid = \"mS-DS-ConsistencyGuid\"".to_owned(),
        ..Settings::for_dc(dc)
    }
}

/// With an identity of 16 octets, among them those that a filter must escape.
fn identified(sam: &str, number: u8) -> User {
    let mut octets = *b"*()\\\0\xff\x80\n 0123456";
    octets[15] = number;
    person(sam).attribute("mS-DS-ConsistencyGuid", octets)
}

/// glpi#24332
#[test]
fn an_identity_that_is_not_the_objectguid_works_also_when_somebody_left() {
    let dc = SambaDc::start();
    let numbers = 1..=6;
    let people: Vec<User> = SIX
        .iter()
        .zip(numbers)
        .map(|(sam, n)| identified(sam, n))
        .collect();
    dc.add_all(&people);
    let sandbox = Sandbox::new(&by_consistency_guid(&dc));
    sandbox.run(&["check"]).expect_code(0);
    import(&sandbox, "fritz");
    let elsewhere = dc.add_ou("Leavers", BASE_DN);
    dc.move_to(&dc.dn_of("alice"), &elsewhere);
    dc.modify(&dc.dn_of("bob"), "sn", Some("Bright"));
    for run in sync(&sandbox, &UNMARKED, &["alice", "bob"], &[]) {
        let found = run.json(0);
        assert_eq!(names(&found, "out_of_scope"), ["alice"], "{found:#}");
        assert_eq!(names(&found, "modified"), ["bob"]);
        assert_eq!(
            text(run.user("alice"), "dn"),
            format!("CN=alice,{elsewhere}")
        );
    }
    dc.delete(&dc.dn_of("carol"));
    for run in sync(&sandbox, &UNMARKED, &["carol", "bob"], &[]) {
        assert_missing(&run.json(0), &run.users, &["carol"]);
    }
}

/// owncloud/core#15931
#[test]
fn a_textual_identity_that_is_unique_works() {
    for identity in ["nsUniqueId", "uid", "entryUUID"] {
        let server = PlainServer::ds389();
        server.add_all(&SIX.map(Person::new));
        let settings = Settings {
            more_attributes: format!("username = \"cn\"\nguid = \"{identity}\""),
            ..server.settings()
        };
        let sandbox = Sandbox::new(&settings);
        let check = sandbox.run(&["check"]).expect_code(0);
        assert!(!check.stdout.contains("FAIL"), "{check}");
        // It has read one.
        assert!(check.stdout.contains(identity), "{check}");

        import(&sandbox, "fritz");
        assert_eq!(usernames(&sandbox), SIX);
        server.modify("alice", "sn", &["Archer"]);
        server.delete(&dn_of("bob"));
        for run in sync(&sandbox, &UNMARKED, &["alice", "bob", "carol"], &[]) {
            let found = run.json(0);
            assert_eq!(
                names(&found, "modified"),
                ["alice"],
                "{identity}: {found:#}"
            );
            assert_missing(&found, &run.users, &["bob"]);
        }
        json(&sandbox, 0, &["sync"]);
        let deleted = json(&sandbox, 0, &["sync", "--delete-missing"]);
        assert_eq!(names(&deleted, "deleted"), ["bob"]);
        assert_eq!(user(&sandbox, "alice")["last_name"], "Archer");
    }
}

#[test]
fn an_identity_that_is_not_unique_is_nobodys() {
    let server = PlainServer::openldap();
    server.add_all(&SIX.map(|uid| Person::new(uid).set("employeeType", &["staff"])));
    let sandbox = Sandbox::new(&Settings {
        more_attributes: "username = \"uid\"\nguid = \"employeeType\"".to_owned(),
        ..server.settings()
    });
    let check = sandbox.run(&["check"]);
    let is_told = |line: &str| !line.starts_with("ok") && line.contains("the same employeeType");
    assert!(check.stdout.lines().any(is_told), "{check}");
    // Six entries have one identity, and none of them is anybody.
    let first = sandbox.run(&["import", "--all"]);
    assert_ne!(first.code, 0, "{first}");
    assert_eq!(usernames(&sandbox), [""; 0]);
}
