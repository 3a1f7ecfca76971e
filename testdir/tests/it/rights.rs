//! What an account may not read, and what a rootDSE does not say.

use anyhow::Result;
use testdir::TestDir;

use crate::support::{BASE, Client, text};

#[test]
fn an_attribute_that_is_hidden_is_not_sent_and_finds_nobody() -> Result<()> {
    let directory = TestDir::start()?;
    directory.add_user("alice")?;
    let mut client = Client::logged_in(&directory)?;
    let filters = [
        "(&(cn=alice)(uSNChanged>=1))",
        "(&(cn=alice)(uSNChanged=*))",
        "(&(cn=alice)(!(uSNChanged=0)))",
        "(&(cn=alice)(uSNChanged:1.2.840.113556.1.4.803:=0))",
    ];
    for filter in filters {
        assert_eq!(client.names(filter)?, ["alice"], "{filter}");
    }
    directory.hide_attribute("usnchanged", BASE)?;
    for filter in filters {
        assert_eq!(client.names(filter)?, [] as [&str; 0], "{filter}");
    }
    assert_eq!(client.names("(|(uSNChanged>=1)(cn=alice))")?, ["alice"]);
    let alice = directory.edit(|content| content.dn("alice"))?;
    let entry = client.read(&alice, &["uSNChanged", "cn"])?;
    assert_eq!(
        (text(&entry, "uSNChanged"), text(&entry, "cn")),
        (None, Some("alice"))
    );

    directory.show_all_attributes();
    assert_eq!(client.names(filters[0])?, ["alice"]);
    directory.hide_attribute("uSNChanged", &format!("OU=Sales,{BASE}"))?;
    assert_eq!(client.names(filters[0])?, ["alice"]);
    directory.hide_attribute("uSNChanged", &alice)?;
    assert_eq!(client.names(filters[0])?, [] as [&str; 0]);

    directory.hide_attribute("objectGUID", &alice)?;
    let guid = directory.edit(|content| content.guid("alice"))?;
    let guid = crate::support::escaped(&guid.to_bytes_le());
    assert_eq!(
        client.names(&format!("(objectGUID={guid})"))?,
        [] as [&str; 0]
    );
    Ok(())
}

#[test]
fn a_root_dse_can_say_something_else() -> Result<()> {
    let directory = TestDir::start()?;
    let mut client = Client::logged_in(&directory)?;
    let asked = ["dsServiceName", "highestCommittedUSN"];
    directory.alter_root_dse("dsServiceName", [""; 0]);
    directory.alter_root_dse("highestCommittedUSN", ["many"]);
    let root = client.read("", &asked)?;
    let said = asked.map(|name| text(&root, name));
    assert_eq!(said, [None, Some("many")]);
    directory.restore_root_dse();
    let root = client.read("", &asked)?;
    assert!(text(&root, "dsServiceName").is_some());
    assert_ne!(text(&root, "highestCommittedUSN"), Some("many"));
    Ok(())
}

#[test]
fn an_attribute_may_be_read_and_not_searched_for() -> Result<()> {
    let directory = TestDir::start()?;
    let guid = directory.add_user("alice")?;
    let mut client = Client::logged_in(&directory)?;
    let guid = crate::support::escaped(&guid.to_bytes_le());
    let by_identity = format!("(objectGUID={guid})");
    assert_eq!(client.names(&by_identity)?, ["alice"]);
    directory.deny_search("objectGUID", BASE)?;
    assert_eq!(client.names(&by_identity)?, [""; 0]);
    let found = client.search("(cn=alice)")?;
    assert!(crate::support::bytes(&found.entries[0], "objectGUID").is_some());
    directory.show_all_attributes();
    assert_eq!(client.names(&by_identity)?, ["alice"]);
    Ok(())
}

#[test]
fn of_a_denied_entry_only_the_name_is_told_and_nothing_of_what_is_below() -> Result<()> {
    let directory = TestDir::builder().see_tombstones(true).start()?;
    directory.add_user("alice")?;
    let bob = directory.add_user("bob")?;
    let staff = format!("OU=Staff,{BASE}");
    let dn = |name: &str| format!("CN={name},{staff}");
    let mut client = Client::logged_in(&directory)?;
    directory.deny("bob")?;
    assert_eq!(client.names("(objectClass=user)")?, ["alice"]);
    let by_identity = format!("<GUID={bob}>");
    for base in [dn("bob"), by_identity] {
        let entry = client.read(&base, &["*"])?;
        assert_eq!((entry.dn, entry.attrs.len()), (dn("bob"), 0));
    }
    let found = client.ask(&dn("bob"), ldap3::Scope::Base, "(cn=*)", &["*"], Vec::new())?;
    assert_eq!((found.code, found.entries.len()), (0, 0));

    // It stays so wherever he goes, and when he is gone.
    directory.move_to("bob", &format!("OU=Sales,{BASE}"))?;
    assert_eq!(client.names("(cn=bob)")?, [""; 0]);
    directory.delete("bob")?;
    assert_eq!(client.deleted("(sAMAccountName=bob)")?.entries.len(), 0);
    directory.allow_all();
    assert_eq!(client.deleted("(sAMAccountName=bob)")?.entries.len(), 1);

    directory.deny(&staff)?;
    assert_eq!(client.names("(objectClass=user)")?, [""; 0]);
    assert_eq!(client.read(&staff, &["*"])?.attrs.len(), 0);
    let any = "(objectClass=*)";
    let found = client.ask(&dn("alice"), ldap3::Scope::Base, any, &["*"], Vec::new())?;
    assert_eq!(found.code, 32);
    Ok(())
}
