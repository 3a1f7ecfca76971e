//! Deleted objects.

use anyhow::Result;
use ldap3::Scope;
use testdir::TestDir;

use crate::support::{BASE, Client, bytes, escaped, show_deleted, text};

#[test]
fn a_tombstone_keeps_the_identity_and_loses_the_person() -> Result<()> {
    let directory = TestDir::builder().see_tombstones(true).start()?;
    let guid = directory.add_user("alice")?;
    directory.delete("alice")?;
    let mut client = Client::logged_in(&directory)?;
    let by_guid = format!("(objectGUID={})", escaped(&guid.to_bytes_le()));

    assert!(client.search(&by_guid)?.entries.is_empty());
    let found = client.deleted(&by_guid)?;
    let [tombstone] = &found.entries[..] else {
        panic!("{found:?}")
    };
    assert_eq!(
        tombstone.dn,
        format!("CN=alice\\0ADEL:{guid},CN=Deleted Objects,{BASE}")
    );
    assert_eq!(
        bytes(tombstone, "objectGUID"),
        Some(guid.to_bytes_le().to_vec())
    );
    let highest = directory.edit(|content| content.highest_usn()).to_string();
    let staff = format!("OU=Staff,{BASE}");
    for (attribute, value) in [
        ("isDeleted", Some("TRUE")),
        ("lastKnownParent", Some(staff.as_str())),
        ("sAMAccountName", Some("alice")),
        ("userAccountControl", Some("512")),
        ("uSNChanged", Some(highest.as_str())),
        ("mail", None),
        ("userPrincipalName", None),
        ("objectCategory", None),
        ("givenName", None),
        ("sn", None),
        ("telephoneNumber", None),
    ] {
        assert_eq!(text(tombstone, attribute), value, "{attribute}");
    }
    assert!(
        client
            .deleted("(&(objectCategory=person)(isDeleted=TRUE))")?
            .entries
            .is_empty()
    );
    let base = format!("<GUID={guid}>");
    let attributes = ["isDeleted"];
    let any = "(objectClass=*)";
    let found = client.ask(&base, Scope::Base, any, &attributes, vec![show_deleted()])?;
    assert_eq!(found.entries.len(), 1);
    assert_eq!(
        client
            .ask(&base, Scope::Base, any, &attributes, vec![])?
            .code,
        32
    );

    // The name is free again.
    assert_ne!(directory.add_user("alice")?, guid);
    Ok(())
}

#[test]
fn an_ordinary_account_gets_success_and_no_tombstones() -> Result<()> {
    let directory = TestDir::start()?;
    directory.add_user("alice")?;
    directory.delete("alice")?;
    let mut client = Client::logged_in(&directory)?;
    let found = client.deleted("(isDeleted=TRUE)")?;
    assert_eq!((found.code, found.entries.len()), (0, 0));
    assert!(
        directory
            .searches()
            .iter()
            .any(|search| search.show_deleted)
    );
    directory.see_tombstones(true);
    assert_eq!(
        client
            .deleted("(&(isDeleted=TRUE)(objectClass=user))")?
            .entries
            .len(),
        1
    );
    Ok(())
}

#[test]
fn what_was_deleted_long_ago_is_forgotten() -> Result<()> {
    let directory = TestDir::builder().see_tombstones(true).start()?;
    directory.add_user("bob")?;
    let guid = directory.add_user("alice")?;
    assert!(directory.edit(|content| content.dn_of(guid)).is_some());
    directory.delete("alice")?;
    assert_eq!(directory.edit(|content| content.dn_of(guid)), None);
    let mut client = Client::logged_in(&directory)?;
    assert_eq!(client.deleted("(sAMAccountName=alice)")?.entries.len(), 1);
    directory.edit(testdir::Directory::collect_garbage);
    let found = client.deleted("(|(sAMAccountName=*)(cn=Deleted Objects))")?;
    let dns: Vec<&str> = found.entries.iter().map(|it| it.dn.as_str()).collect();
    assert_eq!(
        dns,
        [
            format!("CN=Deleted Objects,{BASE}"),
            format!("CN=bob,OU=Staff,{BASE}")
        ]
    );
    Ok(())
}

#[test]
fn a_tombstone_can_come_back_to_life() -> Result<()> {
    let directory = TestDir::builder().see_tombstones(true).start()?;
    let guid = directory.add_user("alice")?;
    assert!(
        directory
            .edit(|content| content.reanimate(guid, BASE))
            .is_err()
    );
    directory.delete("alice")?;
    directory.edit(|content| content.reanimate(guid, &format!("OU=Staff,{BASE}")))?;
    let mut client = Client::logged_in(&directory)?;
    let alice = client.read(&format!("CN=alice,OU=Staff,{BASE}"), &["*"])?;
    assert_eq!(
        bytes(&alice, "objectGUID"),
        Some(guid.to_bytes_le().to_vec())
    );
    let highest = directory.edit(|content| content.highest_usn()).to_string();
    assert_eq!(text(&alice, "uSNChanged"), Some(highest.as_str()));
    for gone in ["isDeleted", "lastKnownParent", "mail"] {
        assert_eq!(text(&alice, gone), None, "{gone}");
    }
    assert_eq!(
        client.names("(&(objectCategory=person)(cn=alice))")?,
        ["alice"]
    );
    assert!(
        client.deleted("(isDeleted=TRUE)")?.entries.len() == 1,
        "the container"
    );
    Ok(())
}

#[test]
fn the_container_can_be_there_for_everybody() -> Result<()> {
    let directory = TestDir::start()?;
    directory.add_user("alice")?;
    directory.delete("alice")?;
    directory.see_deleted_container(true);
    let mut client = Client::logged_in(&directory)?;
    assert!(client.search("(isDeleted=TRUE)")?.entries.is_empty());
    let found = client.deleted("(isDeleted=TRUE)")?;
    let dns: Vec<&str> = found.entries.iter().map(|it| it.dn.as_str()).collect();
    assert_eq!(dns, [format!("CN=Deleted Objects,{BASE}")]);
    Ok(())
}

#[test]
fn an_ou_with_children_stays() -> Result<()> {
    let directory = TestDir::start()?;
    directory.add_user("alice")?;
    assert!(directory.delete(&format!("OU=Staff,{BASE}")).is_err());
    assert_eq!(
        Client::logged_in(&directory)?.names("(cn=alice)")?,
        ["alice"]
    );
    Ok(())
}

#[test]
fn one_tombstone_can_be_forgotten() -> Result<()> {
    let directory = TestDir::builder().see_tombstones(true).start()?;
    let [alice, bob] = [directory.add_user("alice")?, directory.add_user("bob")?];
    directory.delete("alice")?;
    directory.edit(|content| [alice, bob].map(|guid| content.collect(guid)));
    let mut client = Client::logged_in(&directory)?;
    assert_eq!(client.deleted("(sAMAccountName=alice)")?.entries.len(), 0);
    assert_eq!(client.names("(sAMAccountName=bob)")?, ["bob"]);
    Ok(())
}
