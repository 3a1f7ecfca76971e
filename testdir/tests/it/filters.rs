//! What filters match.

use std::fmt::Write as _;

use anyhow::Result;
use ldap3::Scope;
use testdir::{Kind, TestDir, User};

use crate::support::{BASE, Client, escaped};

fn people() -> Result<TestDir> {
    let directory = TestDir::start()?;
    directory.add_user(User::new("alice").last_name("Smith, (*) \\"))?;
    directory.add_user(User::new("bob").without("mail").disabled())?;
    directory.add_user(User::new("josé").last_name("ŁUKASZ"))?;
    Ok(directory)
}

#[test]
fn each_kind_of_filter() -> Result<()> {
    let directory = people()?;
    let mut client = Client::logged_in(&directory)?;
    let usn = directory
        .edit(|d| d.text("bob", "uSNChanged"))?
        .unwrap_or_default();
    for (filter, expected) in [
        ("(sAMAccountName=ALICE)", "alice"),
        ("(sAMAccountName=JOSÉ)", "josé"),
        ("(sn=łukasz)", "josé"),
        (r"(sn=smith, \28\2a\29 \5c)", "alice"),
        ("(mail=alice*)", "alice"),
        ("(mail=*@EXAMPLE.com)", "alice josé"),
        ("(mail=a*ice*exam*)", "alice"),
        ("(mail=ali*lice@example.com)", ""),
        ("(&(objectClass=user)(mail=*))", "alice josé"),
        ("(&(objectCategory=person)(!(mail=*)))", "bob"),
        ("(|(sAMAccountName=alice)(sAMAccountName=bob))", "alice bob"),
        ("(userAccountControl:1.2.840.113556.1.4.803:=2)", "bob"),
        ("(userAccountControl:1.2.840.113556.1.4.803:=514)", "bob"),
        (
            "(userAccountControl:1.2.840.113556.1.4.804:=514)",
            "alice bob josé",
        ),
        ("(&(sAMAccountName>=b)(sAMAccountName<=c))", "bob"),
        ("(givenName~=alice)", "alice"),
        (
            &format!("(&(objectClass=user)(uSNChanged>={usn}))"),
            "bob josé",
        ),
        (
            &format!("(&(objectClass=user)(uSNChanged<={usn}))"),
            "alice bob",
        ),
        (
            &format!("(distinguishedName=cn=BOB, ou=staff,{BASE})"),
            "bob",
        ),
        (
            &format!("(objectCategory=CN=Person,CN=Schema,CN=Configuration,{BASE})"),
            "alice bob josé",
        ),
    ] {
        assert_eq!(client.names(filter)?.join(" "), expected, "{filter}");
    }
    Ok(())
}

#[test]
fn an_unknown_attribute_is_undefined_and_not_even_its_opposite_matches() -> Result<()> {
    let directory = people()?;
    let mut client = Client::logged_in(&directory)?;
    for filter in [
        "(noSuchAttribute=x)",
        "(noSuchAttribute=*)",
        "(!(noSuchAttribute=x))",
        "(&(objectClass=user)(!(noSuchAttribute=x)))",
        "(sAMAccountName:1.2.3:=alice)",
    ] {
        assert!(client.names(filter)?.is_empty(), "{filter}");
    }
    let or = "(|(noSuchAttribute=x)(sAMAccountName=bob))";
    assert_eq!(client.names(or)?, ["bob"]);
    Ok(())
}

#[test]
fn a_guid_is_found_by_its_bytes_and_as_a_base() -> Result<()> {
    let directory = people()?;
    let guid = directory.edit(|d| d.guid("alice"))?;
    let mut client = Client::logged_in(&directory)?;

    let filter = format!("(objectGUID={})", escaped(&guid.to_bytes_le()));
    assert_eq!(client.names(&filter)?, ["alice"]);
    assert_eq!(
        directory.searches().last().map(|s| s.filter.clone()),
        Some(filter)
    );
    let big_endian = format!("(objectGUID={})", escaped(guid.as_bytes()));
    assert!(client.names(&big_endian)?.is_empty());

    for base in [
        format!("<GUID={guid}>"),
        format!(
            "<GUID={}>",
            guid.to_bytes_le()
                .iter()
                .fold(String::new(), |mut hex, byte| {
                    let _ = write!(hex, "{byte:02x}");
                    hex
                },)
        ),
    ] {
        assert!(client.read(&base, &["cn"])?.dn.starts_with("CN=alice,"));
    }
    Ok(())
}

#[test]
fn groups_in_groups() -> Result<()> {
    let directory = people()?;
    let group = |name: &str| format!("CN={name},OU=Groups,{BASE}");
    for name in ["inner", "outer"] {
        directory.add(
            &group(name),
            [("objectClass", "group"), ("sAMAccountName", name)],
        )?;
    }
    directory.add_members(&group("inner"), ["alice"])?;
    directory.add_members(&group("outer"), ["bob", &group("inner")])?;
    let mut client = Client::logged_in(&directory)?;

    let outer = group("OUTER");
    assert_eq!(
        client.names(&format!("(memberOf={outer})"))?,
        ["bob", "inner"]
    );
    let chain = format!("(memberOf:1.2.840.113556.1.4.1941:={outer})");
    assert_eq!(client.names(&chain)?, ["alice", "bob", "inner"]);
    let alice = directory.edit(|d| d.dn("alice"))?;
    let groups = format!("(member:1.2.840.113556.1.4.1941:={alice})");
    assert_eq!(client.names(&groups)?, ["inner", "outer"]);

    // A circle is no trap.
    directory.add_members(&group("inner"), [group("outer").as_str()])?;
    assert_eq!(client.names(&chain)?, ["alice", "bob", "inner", "outer"]);

    // Links follow a rename, and end with a deletion.
    directory.rename("alice", "CN=alice jones")?;
    let members = client.read(&group("inner"), &["member"])?.attrs["member"].join(" ");
    assert!(members.contains("CN=alice jones,"), "{members}");
    directory.delete("alice")?;
    assert_eq!(client.names(&chain)?, ["bob", "inner", "outer"]);
    Ok(())
}

#[test]
fn scopes_and_bases() -> Result<()> {
    let directory = people()?;
    directory.add_user(User::new("carol").below("OU=Far,OU=Staff"))?;
    let mut client = Client::logged_in(&directory)?;
    let staff = format!("ou=STAFF,{BASE}");
    let mut count = |base: &str, scope| -> Result<_> {
        let found = client.ask(base, scope, "(objectClass=*)", &["1.1"], vec![])?;
        assert!(found.entries.iter().all(|entry| entry.attrs.is_empty()));
        Ok((found.code, found.entries.len()))
    };
    assert_eq!(count(&staff, Scope::Base)?, (0, 1));
    assert_eq!(count(&staff, Scope::OneLevel)?, (0, 4));
    assert_eq!(count(&staff, Scope::Subtree)?, (0, 6));
    assert_eq!(count(&format!("OU=Staf,{BASE}"), Scope::Subtree)?.0, 32);
    assert_eq!(count("OU=Staff", Scope::Subtree)?.0, 10);
    assert_eq!(count("Staff", Scope::Subtree)?.0, 34);
    Ok(())
}

#[test]
fn a_plain_server_has_no_more_than_plain_ldap() -> Result<()> {
    let directory = TestDir::builder().kind(Kind::PlainLdap).start()?;
    let guid = directory.add_user("alice")?;
    let mut client = Client::logged_in(&directory)?;
    let filter = format!("(&(objectClass=inetOrgPerson)(entryUUID={guid}))");
    assert_eq!(client.names(&filter)?, ["alice"]);
    assert!(client.names("(objectGUID=*)")?.is_empty());
    let alice = client.read(&format!("uid=alice,OU=Staff,{BASE}"), &["*"])?;
    assert!(!alice.attrs.contains_key("entryUUID"));
    let alice = client.read(&alice.dn, &["entryUUID", "mail"])?;
    assert_eq!(alice.attrs["entryUUID"], [guid.to_string()]);
    assert_eq!(client.deleted("(objectClass=*)")?.code, 12);
    let root = client.read("", &["*"])?;
    assert!(!root.attrs.contains_key("supportedCapabilities"));
    directory.delete("alice")?;
    assert!(client.names(&filter)?.is_empty());
    Ok(())
}
