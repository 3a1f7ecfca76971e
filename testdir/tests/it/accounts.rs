//! Who may log in, and what the others are told.

use anyhow::Result;
use testdir::{Account, Kind, PASSWORD, TestDir, USERNAME};

use crate::support::{BASE, Client};

#[test]
fn a_login_by_upn_domain_name_and_dn() -> Result<()> {
    let directory = TestDir::start()?;
    let dn = format!("cn=svc-adsync,cn=users,{BASE}");
    for name in [USERNAME, r"corp\SVC-adsync", &dn] {
        assert_eq!(
            Client::connect(&directory)?.bind(name, PASSWORD)?.0,
            0,
            "{name}"
        );
    }
    assert_eq!(directory.stats().connections, 3);
    assert_eq!(directory.stats().binds, 3);
    Ok(())
}

#[test]
fn a_refused_login_says_why() -> Result<()> {
    let locked = Account::new("locked@corp.example.com", "secret").refused_with("775");
    let directory = TestDir::builder().account(locked).start()?;
    let mut client = Client::connect(&directory)?;
    let (code, text) = client.bind("locked@corp.example.com", "secret")?;
    assert_eq!(code, 49);
    assert_eq!(
        text,
        "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 775, v4563"
    );
    let (_, text) = client.bind("locked@corp.example.com", "wrong")?;
    assert!(text.contains("data 52e"), "{text}");
    directory.refuse_account("locked@corp.example.com", None);
    assert_eq!(client.bind("locked@corp.example.com", "secret")?.0, 0);
    assert_eq!(directory.stats().failed_binds, 2);
    Ok(())
}

#[test]
fn an_empty_password_is_an_anonymous_success_that_may_read_the_root_dse_only() -> Result<()> {
    let directory = TestDir::start()?;
    let mut client = Client::connect(&directory)?;
    assert_eq!(client.bind(USERNAME, "")?.0, 0);
    let found = client.search("(objectClass=*)")?;
    assert_eq!(found.code, 1);
    assert!(
        found.text.starts_with("000004DC: LdapErr"),
        "{}",
        found.text
    );
    let root = client.read("", &["defaultNamingContext", "highestCommittedUSN"])?;
    assert_eq!(root.attrs["defaultNamingContext"], [BASE]);
    assert_eq!(root.attrs.len(), 2);
    Ok(())
}

#[test]
fn a_plain_server_refuses_a_name_without_a_password() -> Result<()> {
    let directory = TestDir::builder().kind(Kind::PlainLdap).start()?;
    assert_eq!(Client::connect(&directory)?.bind(USERNAME, "")?.0, 53);
    Ok(())
}

#[test]
fn nobody_writes() -> Result<()> {
    let directory = TestDir::start()?;
    directory.add_user("alice")?;
    let mut client = Client::logged_in(&directory)?;
    let alice = directory.edit(|d| d.dn("alice"))?;
    assert_eq!(client.connection.delete(&alice)?.rc, 53);
    let nothing: Vec<ldap3::Mod<&str>> = Vec::new();
    assert_eq!(client.connection.modify(&alice, nothing)?.rc, 53);
    assert_eq!(
        client.connection.modifydn(&alice, "CN=b", true, None)?.rc,
        53
    );
    assert_eq!(client.names("(sAMAccountName=alice)")?, ["alice"]);
    Ok(())
}

#[test]
fn start_tls_is_not_there() -> Result<()> {
    let directory = TestDir::start()?;
    let settings = ldap3::LdapConnSettings::new().set_starttls(true);
    assert!(ldap3::LdapConn::with_settings(settings, &directory.url()).is_err());
    Ok(())
}
