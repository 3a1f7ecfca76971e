//! Each fault, as a client meets it.

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use testdir::{PASSWORD, TestDir, USERNAME, What, When};

use crate::raw::raw_search;
use crate::support::{Client, PEOPLE, bytes, text, username};

/// 25 users, which are three pages of ten at most.
fn directory() -> Result<TestDir> {
    let directory = TestDir::builder().max_page_size(10).start()?;
    directory.add_users(25)?;
    Ok(directory)
}

#[test]
fn a_refused_connection_and_the_same_port_again() -> Result<()> {
    let directory = directory()?;
    for _ in 0..3 {
        directory.fault(When::connect(), What::RefuseConnections);
        let error = TcpStream::connect(("127.0.0.1", directory.port())).expect_err("it is closed");
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        directory.clear_faults();
        Client::logged_in(&directory)?;
    }
    Ok(())
}

#[test]
fn hanging_at_the_connection_the_login_and_a_search() -> Result<()> {
    for when in [When::connect(), When::bind(), When::search().nth(2)] {
        let directory = directory()?;
        directory.fault(when, What::Hang);
        let began = Instant::now();
        let mut client = Client::connect(&directory)?.hurried();
        let outcome = client.bind(USERNAME, PASSWORD).and_then(|_| {
            client.search("(cn=u000001)")?;
            client.search("(cn=u000001)")
        });
        assert!(outcome.is_err());
        assert!(began.elapsed() >= Duration::from_millis(300));
    }
    Ok(())
}

#[test]
fn cut_or_silent_in_the_middle_of_a_page() -> Result<()> {
    for what in [What::Cut, What::CutInsideEntry, What::Hang] {
        let directory = directory()?;
        directory.fault(When::page(2).after_entries(3), what.clone());
        let mut client = Client::logged_in(&directory)?.hurried();
        let first = client.page(10, Vec::new())?;
        assert_eq!((first.code, first.entries.len()), (0, 10));
        let second = client.page(10, first.cookie.unwrap_or_default());
        assert!(second.is_err(), "{what:?}");
        // The next connection meets page 1 again.
        assert_eq!(Client::logged_in(&directory)?.page(10, Vec::new())?.code, 0);
    }
    Ok(())
}

#[test]
fn a_cut_answer_ends_where_it_should() -> Result<()> {
    let directory = directory()?;
    let whole = raw_search(&directory, &directory.base_dn())?;
    directory.fault(When::search().after_entries(2), What::CutInsideEntry);
    let cut = raw_search(&directory, &directory.base_dn())?;
    assert!(whole.starts_with(&cut) && whole.len() > cut.len());
    let entries = |answer: &str| answer.matches("DC=corp,DC=example,DC=com").count();
    assert!(entries(&cut) < 3, "{cut:?}");
    Ok(())
}

#[test]
fn a_result_code_on_a_page_the_login_and_the_root_dse() -> Result<()> {
    let directory = directory()?;
    directory.fault(When::page(3).after_entries(1), What::answer(51, "busy"));
    directory.fault(When::root_dse().times(1), What::answer(52, ""));
    let mut client = Client::logged_in(&directory)?;
    let (sizes, last) = client.pages(10)?;
    assert_eq!(
        (sizes, last.code, last.text.as_str()),
        (vec![10, 10, 1], 51, "busy")
    );
    assert!(client.read("", &["*"]).is_err());
    assert!(client.read("", &["*"]).is_ok());

    directory.clear_faults();
    assert_eq!(client.pages(10)?.0, [10, 10, 5]);
    directory.fault(When::bind(), What::answer(8, "00002028"));
    assert_eq!(
        Client::connect(&directory)?.bind("x", "y")?,
        (8, "00002028".to_owned())
    );
    assert_eq!(directory.stats().failed_binds, 1);
    Ok(())
}

#[test]
fn a_forgotten_cookie_a_referral_and_an_empty_success() -> Result<()> {
    let directory = directory()?;
    let mut client = Client::logged_in(&directory)?;
    for (what, code, last) in [
        (What::forget_cookie(), 53, 0),
        (What::referral("ldap://dc2.corp.example.com/"), 10, 0),
        (What::Empty, 0, 0),
    ] {
        directory.fault(When::page(2), what.clone());
        let (sizes, found) = client.pages(10)?;
        assert_eq!((sizes, found.code), (vec![10, last], code), "{what:?}");
        directory.clear_faults();
    }
    Ok(())
}

#[test]
fn garbage_and_another_message_id() -> Result<()> {
    let directory = directory()?;
    directory.fault(When::search(), What::garbage());
    assert!(raw_search(&directory, &directory.base_dn())?.contains("HTTP/1.1 400"));
    assert!(Client::logged_in(&directory)?.page(10, Vec::new()).is_err());

    directory.clear_faults();
    directory.fault(When::search(), What::WrongMessageId);
    // The client waits for an answer to its own message, in vain.
    let mut client = Client::logged_in(&directory)?.hurried();
    assert!(client.page(10, Vec::new()).is_err());
    Ok(())
}

#[test]
fn a_notice_of_disconnection() -> Result<()> {
    let directory = directory()?;
    directory.fault(
        When::search().after_entries(1),
        What::notice_of_disconnection(),
    );
    let answer = raw_search(&directory, &directory.base_dn())?;
    assert!(answer.ends_with("1.3.6.1.4.1.1466.20036"), "{answer:?}");
    assert!(Client::logged_in(&directory)?.page(10, Vec::new()).is_err());
    Ok(())
}

#[test]
fn a_reference_among_the_entries() -> Result<()> {
    let directory = directory()?;
    let uri = "ldap://elsewhere.example.com/DC=elsewhere".to_owned();
    directory.fault(
        When::page(1).after_entries(4),
        What::Reference(vec![uri.clone()]),
    );
    assert!(raw_search(&directory, &directory.base_dn())?.contains(&uri));
    assert_eq!(Client::logged_in(&directory)?.pages(10)?.0, [10, 10, 5]);
    Ok(())
}

#[test]
fn a_slow_page() -> Result<()> {
    let directory = directory()?;
    directory.fault(When::search(), What::Delay(Duration::from_millis(50)));
    let began = Instant::now();
    assert_eq!(Client::logged_in(&directory)?.pages(10)?.0, [10, 10, 5]);
    assert!(began.elapsed() >= Duration::from_millis(150));
    Ok(())
}

#[test]
fn a_user_that_comes_twice() -> Result<()> {
    let directory = directory()?;
    directory.fault(
        When::search(),
        What::SendTwice {
            user: "u000003".into(),
        },
    );
    let mut client = Client::logged_in(&directory)?;
    assert_eq!(client.pages(10)?.0, [11, 10, 5]);

    directory.clear_faults();
    let dn = format!("CN=u000003,OU=Moved,{}", directory.base_dn());
    directory.fault(
        When::page(1),
        What::SendAgainOnNextPage {
            user: "u000003".into(),
            dn: dn.clone(),
        },
    );
    let first = client.page(10, Vec::new())?;
    let second = client.page(10, first.cookie.unwrap_or_default())?;
    assert_eq!(second.entries[0].dn, dn);
    assert_eq!(username(&second.entries[0]), "u000003");
    assert_eq!((first.entries.len(), second.entries.len()), (10, 11));
    Ok(())
}

#[test]
fn values_that_no_server_should_send() -> Result<()> {
    let directory = directory()?;
    directory.fault(When::search(), What::short_guid("u000001"));
    directory.fault(When::search(), What::no_guid("u000002"));
    directory.fault(When::search(), What::huge_value("u000003", "mail"));
    directory.fault(When::search(), What::invalid_utf8("u000004", "sn"));
    let mut client = Client::logged_in(&directory)?;
    let found = client.search("(sAMAccountName=u00000*)")?;
    assert_eq!(found.code, 0);
    let user = |name: &str| {
        let mut entries = found.entries.iter();
        entries
            .find(|entry| username(entry) == name)
            .context("missing")
    };
    assert_eq!(
        bytes(user("u000001")?, "objectGUID").map(|guid| guid.len()),
        Some(15)
    );
    assert_eq!(bytes(user("u000002")?, "objectGUID"), None);
    assert_eq!(
        text(user("u000003")?, "mail").map(str::len),
        Some(10_000_000)
    );
    assert_eq!(bytes(user("u000004")?, "sn"), Some(b"caf\xe9".to_vec()));
    Ok(())
}

#[test]
fn a_hidden_user_is_neither_found_nor_looked_up() -> Result<()> {
    let directory = directory()?;
    let dn = directory.edit(|content| content.dn("u000003"))?;
    directory.fault(When::search(), What::hide("u000003"));
    let mut client = Client::logged_in(&directory)?;
    assert_eq!(client.pages(10)?.0, [10, 10, 4]);
    assert!(client.search("(cn=u000003)")?.entries.is_empty());
    assert!(client.read(&dn, &["cn"]).is_err());
    directory.clear_faults();
    assert!(client.read(&dn, &["cn"]).is_ok());
    Ok(())
}

#[test]
fn a_fault_for_some_searches_only() -> Result<()> {
    let directory = directory()?;
    directory.fault(
        When::search().filter_contains("objectguid"),
        What::answer(51, ""),
    );
    let mut client = Client::logged_in(&directory)?;
    assert_eq!(client.search("(objectGUID=*)")?.code, 51);
    assert_eq!(client.search("(cn=u000001)")?.code, 0);
    let log = directory.searches();
    let filters: Vec<_> = log.iter().map(|search| search.filter.as_str()).collect();
    assert_eq!(filters, ["(objectGUID=*)", "(cn=u000001)"]);
    client.pages(10)?;
    let log = directory.searches();
    let pages: Vec<_> = log[2..]
        .iter()
        .map(|search| (search.page, search.page_size))
        .collect();
    assert_eq!(pages, [(1, Some(10)), (2, Some(10)), (3, Some(10))]);
    assert!(log[2].filter.eq_ignore_ascii_case(PEOPLE));
    Ok(())
}

#[test]
fn the_same_page_for_whoever_comes_back_with_its_cookie() -> Result<()> {
    let directory = directory()?;
    directory.fault(When::search(), What::SameCookie(b"again".to_vec()));
    let mut client = Client::logged_in(&directory)?;
    let first = client.page(10, Vec::new())?;
    assert_eq!(first.cookie.as_deref(), Some(&b"again"[..]));
    let second = client.page(10, b"again".to_vec())?;
    assert_eq!(second.cookie, first.cookie);
    assert_eq!(second.entries.len(), first.entries.len());
    Ok(())
}

#[test]
fn a_flood_lasts_until_the_client_has_gone() -> Result<()> {
    let directory = directory()?;
    let flood = What::Flood {
        first: b"begin".to_vec(),
        then: vec![b'x'; 1000],
    };
    let reference = What::EndlessReferences("ldap://dc9/".to_owned());
    for what in [flood, What::EndlessUsers, reference] {
        directory.clear_faults();
        directory.fault(When::connect(), what);
        let mut stream = TcpStream::connect(("127.0.0.1", directory.port()))?;
        let mut much = vec![0; 1 << 20];
        stream.read_exact(&mut much)?;
        drop(stream);
    }
    directory.clear_faults();
    Client::logged_in(&directory)?;
    Ok(())
}
