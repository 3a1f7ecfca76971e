//! Changes, and the USNs that tell of them.

use anyhow::Result;
use testdir::TestDir;

use crate::support::{BASE, Client, text};

fn usn(directory: &TestDir, name: &str) -> Result<u64> {
    let usn = directory.edit(|content| content.text(name, "uSNChanged"))?;
    Ok(usn.unwrap_or_default().parse()?)
}

#[test]
fn a_write_raises_the_usn_and_a_no_op_does_not() -> Result<()> {
    let directory = TestDir::builder().first_usn(100).start()?;
    directory.add_user("alice")?;
    directory.add_user("bob")?;
    let before = directory.edit(|content| content.highest_usn());
    assert_eq!(usn(&directory, "bob")?, before);

    directory.replace("alice", "mail", ["new@example.com"])?;
    assert_eq!(usn(&directory, "alice")?, before + 1);
    directory.replace("alice", "mail", ["new@example.com"])?;
    assert_eq!(directory.edit(|content| content.highest_usn()), before + 1);
    directory.rename("alice", "CN=Alice Jones")?;
    directory.move_to("alice", &format!("OU=Other,{BASE}"))?;
    assert_eq!(
        directory.edit(|d| d.dn("alice"))?,
        format!("CN=Alice Jones,OU=Other,{BASE}")
    );

    let mut client = Client::logged_in(&directory)?;
    let changed = format!("(&(objectClass=user)(uSNChanged>={}))", before + 1);
    assert_eq!(client.names(&changed)?, ["alice"]);
    let root = client.read("", &["highestCommittedUSN"])?;
    let highest = directory.edit(|content| content.highest_usn());
    assert_eq!(
        text(&root, "highestCommittedUSN"),
        Some(highest.to_string().as_str())
    );
    Ok(())
}

#[test]
fn a_membership_changes_the_group_and_not_the_member() -> Result<()> {
    let directory = TestDir::start()?;
    directory.add_user("alice")?;
    let group = format!("CN=staff,{BASE}");
    directory.add(&group, [("objectClass", "group")])?;
    let before = (usn(&directory, "alice")?, usn(&directory, &group)?);
    directory.add_members(&group, ["alice"])?;
    assert_eq!(usn(&directory, "alice")?, before.0);
    assert_eq!(usn(&directory, &group)?, before.1 + 1);
    Ok(())
}

#[test]
fn renaming_an_ou_moves_those_below_without_touching_them() -> Result<()> {
    let directory = TestDir::start()?;
    directory.add_user("alice")?;
    let before = usn(&directory, "alice")?;
    directory.rename(&format!("OU=Staff,{BASE}"), "OU=Personnel")?;
    assert_eq!(usn(&directory, "alice")?, before);
    let mut client = Client::logged_in(&directory)?;
    let alice = client.read(
        &format!("CN=alice,OU=Personnel,{BASE}"),
        &["distinguishedName"],
    )?;
    assert_eq!(text(&alice, "distinguishedName"), Some(alice.dn.as_str()));
    assert!(
        client
            .read(&format!("CN=alice,OU=Staff,{BASE}"), &["cn"])
            .is_err()
    );
    assert!(
        directory
            .move_to(&format!("OU=Personnel,{BASE}"), &alice.dn)
            .is_err()
    );
    Ok(())
}

#[test]
fn ldif_adds_and_changes() -> Result<()> {
    let directory = TestDir::start()?;
    let records = directory.load_ldif(&format!(
        "dn: CN=Alice,OU=A,{BASE}\nobjectClass: user\nsAMAccountName: alice\n\
         mail: a@x\nsn:: w4XDpA==\n\n\
         dn: CN=Team,{BASE}\nobjectClass: group\nmember: CN=Alice,OU=A,{BASE}\n\n\
         dn: CN=Alice,OU=A,{BASE}\nchangetype: modify\nreplace: mail\nmail: b@x\n-\n\n\
         dn: CN=Alice,OU=A,{BASE}\nchangetype: modrdn\nnewrdn: CN=Alicia\ndeleteoldrdn: 1\n\
         newsuperior: OU=B,{BASE}\n"
    ))?;
    assert_eq!(records, 4);
    let mut client = Client::logged_in(&directory)?;
    let alice = client.read(&format!("CN=Alicia,OU=B,{BASE}"), &["*"])?;
    assert_eq!(
        (text(&alice, "mail"), text(&alice, "sn")),
        (Some("b@x"), Some("Åä"))
    );
    assert_eq!(
        text(&alice, "memberOf"),
        Some(format!("CN=Team,{BASE}").as_str())
    );
    let error =
        directory.load_ldif("dn: CN=nobody,DC=corp,DC=example,DC=com\nchangetype: delete\n");
    assert!(format!("{:#}", error.expect_err("there is nobody")).contains("CN=nobody"));
    Ok(())
}

#[test]
fn the_directory_can_change_before_every_search_request() -> Result<()> {
    let directory = TestDir::start()?;
    directory.add_users(3)?;
    let mut number = 0;
    directory.before_each_search(move |content| {
        number += 1;
        let mail = format!("{number}@example.com");
        content
            .replace("u000001", "mail", [mail])
            .expect("she is there");
    });
    let mail = |directory: &TestDir| directory.edit(|content| content.text("u000001", "mail"));
    let mut client = Client::logged_in(&directory)?;
    client.read("", &["highestCommittedUSN"])?;
    assert_eq!(mail(&directory)?.as_deref(), Some("1@example.com"));
    client.pages(2)?;
    assert_eq!(mail(&directory)?.as_deref(), Some("3@example.com"));
    assert_eq!(client.names("(mail=4@example.com)")?, ["u000001"]);
    directory.leave_alone();
    assert_eq!(client.names("(mail=4@example.com)")?, ["u000001"]);
    Ok(())
}

#[test]
fn time_passes_without_a_change() -> Result<()> {
    let directory = TestDir::start()?;
    let never = i64::MAX.to_string();
    for (name, expires) in [("alice", "100000000000"), ("bob", "0"), ("carol", &never)] {
        directory.add_user(testdir::User::new(name).with("accountExpires", [expires]))?;
    }
    let highest = directory.edit(|content| content.highest_usn());
    directory.edit(|content| content.pass_time(60));
    let expires = |name| directory.edit(|content| content.text(name, "accountExpires"));
    assert_eq!(expires("alice")?.as_deref(), Some("99400000000"));
    assert_eq!(expires("bob")?.as_deref(), Some("0"));
    assert_eq!(expires("carol")?, Some(never));
    assert_eq!(directory.edit(|content| content.highest_usn()), highest);
    Ok(())
}
