//! Pages, their cookies, and the limits of one answer.

use std::time::Instant;

use anyhow::Result;
use ldap3::Scope;
use testdir::{TestDir, User};

use crate::support::{BASE, Client, PEOPLE, escaped};

#[test]
fn every_user_comes_once_around_the_page_size() -> Result<()> {
    for (users, expected) in [
        (0, vec![0]),
        (999, vec![999]),
        (1000, vec![1000]),
        (1001, vec![1000, 1]),
        (2001, vec![1000, 1000, 1]),
    ] {
        let directory = TestDir::start()?;
        directory.add_users(users)?;
        let mut client = Client::logged_in(&directory)?;
        let (sizes, last) = client.pages(1000)?;
        assert_eq!((sizes, last.code), (expected.clone(), 0), "{users} users");
        // A larger page than the server allows is cut to what it allows.
        assert_eq!(client.pages(5000)?.0, expected);
        assert_eq!(directory.stats().searches, 2);
    }
    Ok(())
}

#[test]
fn without_pages_an_answer_ends_at_the_limit() -> Result<()> {
    let directory = TestDir::builder().max_page_size(10).start()?;
    directory.add_users(11)?;
    let mut client = Client::logged_in(&directory)?;
    let found = client.search(PEOPLE)?;
    assert_eq!((found.entries.len(), found.code), (10, 4));
    let found = client.search("(sAMAccountName=u00001*)")?;
    assert_eq!((found.entries.len(), found.code), (2, 0));
    Ok(())
}

#[test]
fn the_clients_own_limit_counts_over_all_pages() -> Result<()> {
    let directory = TestDir::start()?;
    directory.add_users(11)?;
    let mut client = Client::logged_in(&directory)?;
    assert_eq!(client.limit(5).search(PEOPLE)?.code, 4);
    assert_eq!(client.limit(11).search(PEOPLE)?.code, 0);
    let first = client.limit(7).page(5, Vec::new())?;
    let second = client.limit(7).page(5, first.cookie.unwrap_or_default())?;
    assert_eq!((second.entries.len(), second.code), (2, 4));
    Ok(())
}

#[test]
fn a_cookie_is_good_once_and_on_its_own_connection() -> Result<()> {
    let directory = TestDir::start()?;
    directory.add_users(30)?;
    let mut client = Client::logged_in(&directory)?;
    let cookie = client.page(10, Vec::new())?.cookie.unwrap_or_default();
    assert!(!cookie.is_empty());

    let mut other = Client::logged_in(&directory)?;
    let refused = other.page(10, cookie.clone())?;
    assert_eq!((refused.code, refused.entries.len()), (53, 0));
    assert!(
        refused.text.contains("Error processing control"),
        "{}",
        refused.text
    );

    assert_eq!(client.page(10, cookie.clone())?.code, 0);
    assert_eq!(client.page(10, cookie)?.code, 53);
    assert_eq!(client.page(10, b"made up".to_vec())?.code, 53);
    Ok(())
}

#[test]
fn a_search_from_the_root_refers_to_the_configuration_on_its_last_page() -> Result<()> {
    let directory = TestDir::builder().max_page_size(15).start()?;
    directory.add_users(15)?;
    let mut client = Client::logged_in(&directory)?;
    let (sizes, last) = client.pages(10)?;
    assert_eq!(sizes, [10, 5]);
    assert_eq!(
        last.references,
        [format!("ldaps://corp.example.com/CN=Configuration,{BASE}")]
    );
    assert!(client.page(10, Vec::new())?.references.is_empty());
    let staff = format!("OU=Staff,{BASE}");
    let found = client.ask(&staff, Scope::Subtree, PEOPLE, &["cn"], vec![])?;
    assert_eq!((found.entries.len(), found.references.len()), (15, 0));
    Ok(())
}

#[test]
fn a_change_between_two_pages_shows() -> Result<()> {
    let directory = TestDir::start()?;
    directory.add_users(20)?;
    directory.on_page(2, |content| {
        content.delete("u000015").expect("it is there");
        content
            .replace("u000016", "mail", ["new@example.com"])
            .expect("it is there");
    });
    let mut client = Client::logged_in(&directory)?;
    let first = client.page(10, Vec::new())?;
    let second = client.page(10, first.cookie.unwrap_or_default())?;
    assert_eq!((first.entries.len(), second.entries.len()), (10, 9));
    assert_eq!(second.entries[4].attrs["mail"], ["new@example.com"]);
    Ok(())
}

#[test]
fn many_users_are_added_and_looked_up_quickly() -> Result<()> {
    const USERS: usize = 10_000;
    let began = Instant::now();
    let directory = TestDir::start()?;
    directory.add_users(USERS)?;
    let guids = directory.edit(|content| {
        let names = (1..=USERS)
            .step_by(10)
            .map(|i| format!("CN=u{i:06},OU=Staff,{BASE}"));
        names
            .map(|name| content.guid(&name))
            .collect::<Result<Vec<_>>>()
    })?;
    let mut client = Client::logged_in(&directory)?;
    let any = guids.iter().fold(String::new(), |any, guid| {
        any + &format!("(objectGUID={})", escaped(&guid.to_bytes_le()))
    });
    assert_eq!(client.names(&format!("(|{any})"))?.len(), guids.len());
    let (sizes, _) = client.pages(1000)?;
    assert_eq!(sizes.iter().sum::<usize>(), USERS);
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    Ok(())
}

#[test]
fn an_empty_page_asks_for_nothing_more() -> Result<()> {
    let directory = TestDir::start()?;
    directory.add_user(User::new("alice"))?;
    let mut client = Client::logged_in(&directory)?;
    let page = client.page(0, Vec::new())?;
    assert_eq!(
        (page.code, page.entries.len(), page.cookie),
        (0, 0, Some(vec![]))
    );
    Ok(())
}
