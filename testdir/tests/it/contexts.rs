//! Several naming contexts, references to other servers, and what is the same on every server.

use anyhow::Result;
use ldap3::Scope;
use testdir::{Directory, Kind, TestDir, User, Uuid};

use crate::support::{BASE, Client, PEOPLE, bytes, escaped, text};

const OTHER: &str = "DC=other,DC=org";

fn head(directory: &TestDir, dn: &str) -> Result<Uuid> {
    directory.edit(|content| content.guid(dn))
}

#[test]
fn the_head_of_a_domain_has_the_same_identity_on_each_of_its_controllers() -> Result<()> {
    let (first, again) = (TestDir::start()?, TestDir::start()?);
    let other = TestDir::builder().base_dn(OTHER).start()?;
    assert_eq!(head(&first, BASE)?, head(&again, BASE)?);
    assert_ne!(head(&first, BASE)?, head(&other, OTHER)?);
    let mut client = Client::logged_in(&first)?;
    let read = bytes(&client.read(BASE, &["objectGUID"])?, "objectGUID");
    assert_eq!(read, Some(head(&first, BASE)?.to_bytes_le().to_vec()));

    // So have users, but those of another domain are others.
    let alice = first.add_user("alice")?;
    assert_eq!(alice, again.add_user("alice")?);
    assert_ne!(alice, other.add_user("alice")?);
    Ok(())
}

#[test]
fn a_twin_has_the_same_content_and_is_another_controller() -> Result<()> {
    let first = TestDir::start()?;
    let alice = first.add_user("alice")?;
    let twin = first.twin("DC2")?;
    assert_eq!(twin.edit(|content| content.guid("alice"))?, alice);
    assert_eq!(head(&first, BASE)?, head(&twin, BASE)?);

    first.delete("alice")?;
    first.add_user("bob")?;
    let mut client = Client::logged_in(&twin)?;
    assert_eq!(client.names(PEOPLE)?, ["alice"], "it lags behind");
    first.replicate_to(&twin);
    assert_eq!(client.names(PEOPLE)?, ["bob"]);

    let mut ids = Vec::new();
    for directory in [&first, &twin, &first.twin("DC3")?] {
        let mut client = Client::logged_in(directory)?;
        let root = client.read("", &["dsServiceName"])?;
        let service = text(&root, "dsServiceName").unwrap_or_default();
        ids.push(bytes(&client.read(service, &["*"])?, "invocationId"));
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    Ok(())
}

#[test]
fn a_search_does_not_pass_from_one_naming_context_into_another() -> Result<()> {
    let child = format!("DC=child,{BASE}");
    let directory = TestDir::builder()
        .naming_context(&child)
        .naming_context(OTHER)
        .see_tombstones(true)
        .start()?;
    directory.add_user("alice")?;
    let bob = directory.add(
        &format!("CN=bob,{child}"),
        [("objectClass", "user"), ("sAMAccountName", "bob")],
    )?;
    let carol = format!("CN=carol,{OTHER}");
    directory.add(
        &carol,
        [("objectClass", "user"), ("sAMAccountName", "carol")],
    )?;

    let mut client = Client::logged_in(&directory)?;
    let root = client.read("", &["namingContexts"])?;
    for context in [BASE, &child, OTHER] {
        assert!(root.attrs["namingContexts"].iter().any(|it| it == context));
    }
    assert_eq!(client.names(PEOPLE)?, ["alice"]);
    let by_identity = format!("(objectGUID={})", escaped(&bob.to_bytes_le()));
    assert_eq!(client.names(&by_identity)?, [""; 0]);
    for (base, name) in [(child.as_str(), "bob"), (OTHER, "carol")] {
        let found = client.ask(base, Scope::Subtree, PEOPLE, &["*"], Vec::new())?;
        let [entry] = &found.entries[..] else {
            panic!("{found:?}")
        };
        assert_eq!(text(entry, "sAMAccountName"), Some(name));
    }

    directory.delete(&carol)?;
    let deleted = client.ask(
        OTHER,
        Scope::Subtree,
        "(sAMAccountName=carol)",
        &["*"],
        vec![crate::support::show_deleted()],
    )?;
    assert!(
        deleted.entries[0]
            .dn
            .ends_with(&format!("CN=Deleted Objects,{OTHER}"))
    );
    Ok(())
}

#[test]
fn a_branch_that_is_a_reference_is_on_another_server() -> Result<()> {
    for kind in [Kind::ActiveDirectory, Kind::PlainLdap] {
        let directory = TestDir::builder().kind(kind).start()?;
        directory.add_user("alice")?;
        directory.add_user(User::new("bob").below("OU=Sales"))?;
        let sales = format!("OU=Sales,{BASE}");
        let uri = format!("ldap://elsewhere/{sales}");
        directory.edit(|content| content.refer(&sales, &uri))?;

        let mut client = Client::logged_in(&directory)?;
        let found = client.search("(objectClass=person)")?;
        assert_eq!((found.code, found.entries.len()), (0, 1), "{kind:?}");
        let read = client.ask(&sales, Scope::Base, "(objectClass=*)", &["*"], Vec::new())?;
        assert_eq!((read.code, &read.references), (10, &vec![uri.clone()]));
        let below = format!("CN=bob,{sales}");
        let read = client.ask(&below, Scope::Base, "(objectClass=*)", &["*"], Vec::new())?;
        assert_eq!(read.code, 10);
        // Whoever manages references sees it.
        let manage = ldap3::controls::RawControl {
            ctype: "2.16.840.1.113730.3.4.2".to_owned(),
            crit: true,
            val: None,
        };
        let read = client.ask(&sales, Scope::Base, "(ref=*)", &["*"], vec![manage])?;
        assert_eq!(read.entries[0].attrs["ref"], [uri]);
    }
    Ok(())
}

#[test]
fn what_is_forgotten_leaves_no_tombstone() -> Result<()> {
    let directory = TestDir::builder().see_tombstones(true).start()?;
    directory.add_user("alice")?;
    directory.add_user(User::new("bob").below("OU=Sales"))?;
    directory.edit(|content| content.forget(&format!("OU=Sales,{BASE}")))?;
    let mut client = Client::logged_in(&directory)?;
    assert_eq!(client.names(PEOPLE)?, ["alice"]);
    let found = client.deleted("(sAMAccountName=bob)")?;
    assert_eq!(found.entries.len(), 0);
    assert!(directory.edit(|content| content.forget(BASE)).is_err());
    Ok(())
}

#[test]
fn the_lifetimes_of_deleted_objects_are_said() -> Result<()> {
    let directory = TestDir::start()?;
    let dn = format!("CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration,{BASE}");
    let names = ["tombstoneLifetime", "msDS-DeletedObjectLifetime"];
    let mut client = Client::logged_in(&directory)?;
    let mut said = || -> Result<[Option<String>; 2]> {
        let entry = client.read(&dn, &names)?;
        Ok(names.map(|name| text(&entry, name).map(str::to_owned)))
    };
    assert_eq!(said()?, [Some("180".to_owned()), None]);
    directory.edit(|content| content.set_lifetimes(None, Some(7)))?;
    assert_eq!(said()?, [None, Some("7".to_owned())]);
    Ok(())
}

#[test]
fn with_a_recycle_bin_the_deleted_keep_their_values_until_they_are_recycled() -> Result<()> {
    let directory = TestDir::builder().see_tombstones(true).start()?;
    directory.edit(Directory::enable_recycle_bin)?;
    let alice = directory.add_user("alice")?;
    directory.delete("alice")?;
    let mut client = Client::logged_in(&directory)?;
    let partitions = client.read(&format!("CN=Partitions,CN=Configuration,{BASE}"), &["*"])?;
    let feature = text(&partitions, "msDS-EnabledFeature").unwrap_or_default();
    assert!(feature.starts_with("CN=Recycle Bin Feature,"), "{feature}");
    let filter = "(sAMAccountName=alice)";
    let deleted = client.deleted(filter)?;
    assert_eq!(text(&deleted.entries[0], "mail"), Some("alice@example.com"));

    directory.edit(|content| content.recycle(alice))?;
    assert_eq!(client.deleted(filter)?.entries.len(), 0);
    let show_recycled = ldap3::controls::RawControl {
        ctype: "1.2.840.113556.1.4.2064".to_owned(),
        crit: true,
        val: None,
    };
    let found = client.ask(BASE, Scope::Subtree, filter, &["*"], vec![show_recycled])?;
    let recycled = &found.entries[0];
    assert_eq!(
        ["isRecycled", "mail"].map(|name| text(recycled, name)),
        [Some("TRUE"), None]
    );
    Ok(())
}

#[test]
fn the_subschema_names_the_attributes() -> Result<()> {
    for kind in [Kind::ActiveDirectory, Kind::PlainLdap] {
        let directory = TestDir::builder().kind(kind).start()?;
        directory.add_user(User::new("alice").with("badgeNumber", ["7"]))?;
        let mut client = Client::logged_in(&directory)?;
        let root = client.read("", &["subschemaSubentry"])?;
        let subschema = text(&root, "subschemaSubentry").unwrap_or_default();
        let types = client.read(subschema, &["attributeTypes"])?.attrs["attributeTypes"].join("\n");
        assert!(types.contains("( 2.5.4.4 NAME 'sn' )"), "{types}");
        assert!(types.contains("NAME 'badgeNumber'"), "{types}");
        assert!(!types.contains("'mial'"));
    }
    Ok(())
}
