//! Several DCs of one domain: the same people, and USNs of their own.

use anyhow::Result;
use testdir::{TestDir, User, Uuid};

use crate::support::{BASE, Client};

/// A second DC of the domain.
fn second() -> Result<TestDir> {
    TestDir::builder()
        .ds_service_name(&format!(
            "CN=NTDS Settings,CN=DC2,CN=Servers,CN=Default-First-Site-Name,CN=Sites,\
             CN=Configuration,{BASE}"
        ))
        .invocation_id(Uuid::from_u128(2))
        .first_usn(500)
        .start()
}

fn replicate(from: &TestDir, to: &TestDir) {
    from.edit(|source| to.edit(|target| target.replicate_from(source)));
}

fn usn(directory: &TestDir, name: &str) -> Result<u64> {
    let usn = directory.edit(|content| content.text(name, "uSNChanged"))?;
    Ok(usn.unwrap_or_default().parse()?)
}

#[test]
fn they_have_the_same_people_under_the_same_identities() -> Result<()> {
    let (first, second) = (TestDir::start()?, second()?);
    let alice = first.add_user("alice")?;
    first.add_user(User::new("bob").below("OU=Sales"))?;
    let team = format!("CN=team,{BASE}");
    first.add(&team, [("objectClass", "group")])?;
    first.add_members(&team, ["bob"])?;
    replicate(&first, &second);
    assert_eq!(second.edit(|content| content.guid("alice"))?, alice);
    let mut client = Client::logged_in(&second)?;
    assert_eq!(client.names(&format!("(memberOf={team})"))?, ["bob"]);

    second.see_tombstones(true);
    first.delete("alice")?;
    first.rename(&format!("OU=Sales,{BASE}"), "OU=Marketing")?;
    replicate(&first, &second);
    assert_eq!(client.names("(cn=alice*)")?, [] as [&str; 0]);
    assert_eq!(client.deleted("(sAMAccountName=alice)")?.entries.len(), 1);
    let bob = format!("CN=bob,OU=Marketing,{BASE}");
    assert_eq!(second.edit(|content| content.dn("bob"))?, bob);
    // What it has is its own from now on.
    second.replace("bob", "mail", ["b@example.com"])?;
    assert_eq!(client.names("(mail=b@example.com)")?, ["bob"]);
    Ok(())
}

#[test]
fn each_counts_for_itself_what_is_new_to_it() -> Result<()> {
    let (first, second) = (TestDir::start()?, second()?);
    first.add_user("alice")?;
    first.add_user("bob")?;
    replicate(&first, &second);
    assert!(usn(&first, "alice")? > usn(&second, "alice")?);
    assert!(usn(&second, "alice")? < usn(&second, "bob")?);

    let before = (usn(&second, "alice")?, usn(&second, "bob")?);
    first.replace("alice", "mail", ["new@example.com"])?;
    first.rename(&format!("OU=Staff,{BASE}"), "OU=Personnel")?;
    replicate(&first, &second);
    assert!(usn(&second, "alice")? > before.0);
    assert_eq!(usn(&second, "bob")?, before.1, "its OU has another name");

    let before = usn(&second, "bob")?;
    first.move_to("bob", &format!("OU=Other,{BASE}"))?;
    replicate(&first, &second);
    assert!(usn(&second, "bob")? > before);

    let highest = second.edit(|content| content.highest_usn());
    replicate(&first, &second);
    assert_eq!(second.edit(|content| content.highest_usn()), highest);
    Ok(())
}

#[test]
fn each_keeps_its_own_settings() -> Result<()> {
    let (first, second) = (TestDir::start()?, second()?);
    replicate(&first, &second);
    let mut client = Client::logged_in(&second)?;
    let name = client.read("", &["dsServiceName"])?.attrs["dsServiceName"][0].clone();
    assert!(name.contains("CN=DC2"), "{name}");
    let settings = client.read(&name, &["invocationId"])?;
    let id = crate::support::bytes(&settings, "invocationId");
    assert_eq!(id, Some(Uuid::from_u128(2).to_bytes_le().to_vec()));
    assert!(client.read(&name.replace("DC2", "DC1"), &["cn"]).is_err());
    Ok(())
}
