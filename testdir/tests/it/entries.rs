//! What an entry looks like.

use anyhow::{Context, Result};
use testdir::{TestDir, User};

use crate::support::{BASE, Client, bytes, text};

#[test]
fn a_user_has_what_active_directory_gives_it() -> Result<()> {
    let directory = TestDir::start()?;
    let guid = directory.add_user("alice")?;
    let mut client = Client::logged_in(&directory)?;
    let alice = client.read(&format!("CN=ALICE,OU=Staff,{BASE}"), &[])?;
    assert_eq!(alice.dn, format!("CN=alice,OU=Staff,{BASE}"));
    assert_eq!(
        bytes(&alice, "objectGUID"),
        Some(guid.to_bytes_le().to_vec())
    );
    assert_eq!(
        alice.attrs["objectClass"],
        ["top", "person", "organizationalPerson", "user"]
    );
    for (attribute, value) in [
        ("cn", "alice"),
        ("sAMAccountName", "alice"),
        ("userPrincipalName", "alice@corp.example.com"),
        ("givenName", "Alice"),
        ("userAccountControl", "512"),
        ("distinguishedName", &alice.dn),
    ] {
        assert_eq!(text(&alice, attribute), Some(value), "{attribute}");
    }
    Ok(())
}

#[test]
fn attributes_are_chosen_without_case_and_sent_with_their_own() -> Result<()> {
    let directory = TestDir::start()?;
    directory.add_user(User::new("alice").with("jpegPhoto", [vec![0, 255, 1]]))?;
    let mut client = Client::logged_in(&directory)?;
    let alice = directory.edit(|d| d.dn("alice"))?;
    let entry = client.read(&alice, &["MAIL", "jpegphoto", "nothing"])?;
    assert_eq!(text(&entry, "mail"), Some("alice@example.com"));
    assert_eq!(bytes(&entry, "jpegPhoto"), Some(vec![0, 255, 1]));
    assert_eq!(entry.attrs.len() + entry.bin_attrs.len(), 2);
    Ok(())
}

#[test]
fn a_user_without_a_username_can_be_made() -> Result<()> {
    let directory = TestDir::start()?;
    directory.add_user(User::new("ghost").without("sAMAccountName"))?;
    let mut client = Client::logged_in(&directory)?;
    assert_eq!(client.names("(&(cn=ghost)(!(sAMAccountName=*)))")?.len(), 1);
    Ok(())
}

#[test]
fn names_with_awkward_characters_are_found_by_their_dn() -> Result<()> {
    let directory = TestDir::start()?;
    let mut client = Client::logged_in(&directory)?;
    for name in [
        "Smith, Alice",
        " lead",
        "#hash",
        "a+b=c",
        "quo\"te\\",
        "🦀 \u{202e}x",
    ] {
        directory.add_user(User::new("u").common_name(name))?;
        let dn = directory.edit(|d| d.dn("u"))?;
        assert_eq!(text(&client.read(&dn, &["cn"])?, "cn"), Some(name));
        directory.delete("u")?;
    }
    Ok(())
}

#[test]
fn a_large_group_comes_in_ranges() -> Result<()> {
    let directory = TestDir::start()?;
    directory.add_users(3001)?;
    let group = format!("CN=all,{BASE}");
    directory.add(&group, [("objectClass", "group")])?;
    let names: Vec<_> = (1..=3001)
        .map(|i| format!("CN=u{i:06},OU=Staff,{BASE}"))
        .collect();
    directory.add_members(&group, names.iter().map(String::as_str))?;
    let mut client = Client::logged_in(&directory)?;

    let mut members = Vec::new();
    let mut range = "member".to_owned();
    loop {
        let entry = client.read(&group, &[&range])?;
        let mut parts = entry
            .attrs
            .into_iter()
            .filter(|(_, values)| !values.is_empty());
        let (name, values) = parts.next().context("no values")?;
        members.extend(values);
        assert!(parts.next().is_none());
        match name.rsplit_once('-').context("no range")?.1 {
            "*" => break,
            last => range = format!("member;range={}-*", last.parse::<usize>()? + 1),
        }
        assert!(
            members.len() == 1500 || members.len() == 3000,
            "{}",
            members.len()
        );
    }
    assert_eq!(members.len(), 3001);
    let part = client.read(&group, &["member;range=10-11"])?;
    assert_eq!(part.attrs["member;range=10-11"], members[10..=11]);

    // A group of 1,500 comes as it is.
    directory.modify(
        &group,
        &[testdir::Modification::Delete(
            "member".into(),
            members[1500..].iter().map(|m| m.clone().into()).collect(),
        )],
    )?;
    assert_eq!(
        client.read(&group, &["member"])?.attrs["member"].len(),
        1500
    );
    Ok(())
}

#[test]
fn the_root_dse_leads_to_the_invocation_id() -> Result<()> {
    let id = testdir::Uuid::from_u128(7);
    let directory = TestDir::builder().invocation_id(id).start()?;
    let mut client = Client::logged_in(&directory)?;
    let root = client.read("", &["*", "+"])?;
    assert!(root.attrs["supportedCapabilities"].contains(&"1.2.840.113556.1.4.800".to_owned()));
    assert!(root.attrs["supportedControl"].contains(&"1.2.840.113556.1.4.319".to_owned()));
    let service = &root.attrs["dsServiceName"][0];
    let settings = client.read(service, &["invocationId"])?;
    assert_eq!(
        bytes(&settings, "invocationId"),
        Some(id.to_bytes_le().to_vec())
    );
    Ok(())
}
