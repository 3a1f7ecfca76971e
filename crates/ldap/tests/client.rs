//! The client against a directory in memory, which misbehaves on demand.

use std::time::Duration;

use adsync_ldap::{
    AllValues, Cause, Connection, Credentials, Entry, Error, LimitKind, Limits, Opened, Options,
    RunDeadline, Search, ServerUrl, Step, Tls, Trust, dn,
};
use testdir::{PASSWORD, TestDir, USERNAME, User, What, When};

const LIMITS: Limits = Limits {
    page_size: 10,
    connect_timeout: Duration::from_secs(5),
    timeout: Duration::from_secs(5),
    run_timeout: Duration::from_mins(1),
    max_entries: 1000,
    max_value_bytes: 64 << 10,
    max_message_bytes: 1 << 20,
};

fn directory_of(users: usize) -> TestDir {
    let directory = TestDir::start().expect("a directory");
    directory.add_users(users).expect("users");
    directory
}

fn log_in(directory: &TestDir, password: &str, limits: Limits) -> Result<Connection, Error> {
    let server = ServerUrl::try_from(directory.url()).expect("a URL");
    let options = Options {
        starttls: false,
        limits,
    };
    let tls = Tls::new(&Trust::Nobody).expect("it needs no CA");
    let credentials = Credentials::Password(USERNAME, password.into());
    let run = RunDeadline::new(limits.run_timeout);
    let mut steps = Vec::new();
    let connection = Connection::open(&server, &options, &credentials, &tls, run, &mut |step| {
        steps.push(step);
    })?;
    assert!(
        matches!(&steps[..], [Opened::Resolved(_), Opened::Connected { .. }, Opened::Bound(account)] if account == USERNAME),
        "{steps:?}"
    );
    Ok(connection)
}

fn connected(directory: &TestDir, limits: Limits) -> Connection {
    log_in(directory, PASSWORD, limits).expect("a connection")
}

fn users(directory: &TestDir) -> Search {
    let filter = "(objectCategory=person)".to_owned();
    let base = directory.base_dn();
    Search::below("the users".to_owned(), &base, filter, &["mail", "sn"])
}

/// The pages that came, and how it ended.
fn read(connection: &mut Connection, search: &Search) -> (Vec<Vec<Entry>>, Option<Error>) {
    let mut pages = Vec::new();
    for page in connection.search(search).expect("it is sent") {
        match page {
            Ok(entries) => pages.push(entries),
            Err(error) => return (pages, Some(error)),
        }
    }
    (pages, None)
}

#[test]
fn an_answer_comes_page_by_page_and_is_complete() {
    let directory = directory_of(25);
    let mut connection = connected(&directory, LIMITS);
    let search = users(&directory);
    let (pages, error) = read(&mut connection, &search);
    assert!(error.is_none(), "{error:?}");
    let sizes: Vec<usize> = pages.iter().map(Vec::len).collect();
    assert_eq!(sizes, [10, 10, 5]);
    for entry in pages.iter().flatten() {
        assert!(dn::is_within(&entry.dn(), &directory.base_dn()));
        assert!(entry.first_text("MAIL").is_some(), "{entry:?}");
        assert_eq!(entry.first("telephoneNumber"), None, "it was not asked for");
    }
    // The connection serves the next search.
    let first = &pages[0][0];
    let same = connection.entry(&Search::at(&first.dn(), &["mail", "sn"]));
    assert_eq!(same.expect("an answer").as_ref(), Some(first));
    let nobody = Search::at(&format!("CN=nobody,{}", directory.base_dn()), &["mail"]);
    assert_eq!(connection.entry(&nobody).expect("an answer"), None);
}

#[test]
fn a_search_that_is_not_read_to_its_end_leaves_the_connection_usable() {
    let directory = directory_of(50);
    let mut connection = connected(&directory, LIMITS);
    let search = users(&directory);
    let first = connection.search(&search).expect("it is sent").next();
    assert_eq!(first.expect("a page").expect("a page").len(), 10);
    let (all, tally) = connection
        .search(&search)
        .and_then(adsync_ldap::Pages::all)
        .expect("an answer");
    assert_eq!(
        (all.len(), tally.entries, tally.pages, tally.referrals),
        (50, 50, 5, 1)
    );
}

#[test]
fn a_connection_that_is_lost_mid_answer_is_an_error() {
    for what in [What::Cut, What::CutInsideEntry] {
        let directory = directory_of(25);
        directory.fault(When::page(2).after_entries(3), what);
        let mut connection = connected(&directory, LIMITS);
        let (pages, error) = read(&mut connection, &users(&directory));
        assert_eq!(pages.len(), 1);
        let error = error.expect("it is not complete");
        assert!(matches!(error.cause, Cause::Lost), "{error:?}");
        assert_eq!(error.step, Step::Read("the users (page 2)".to_owned()));
        assert!(error.is_passing(1) && !error.is_login_refused());
        // What comes after it fails as well.
        assert!(read(&mut connection, &users(&directory)).1.is_some());
    }
}

#[test]
fn more_entries_than_allowed_are_an_error() {
    let directory = directory_of(25);
    let limits = Limits {
        max_entries: 24,
        ..LIMITS
    };
    let (_, error) = read(&mut connected(&directory, limits), &users(&directory));
    let error = error.expect("a limit is met");
    assert!(
        matches!(&error.cause, Cause::Limit(limit) if limit.kind == LimitKind::Entries),
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        format!(
            "cannot read the users (page 3) from {}: the answer goes beyond a limit: more than 24 entries, and max_entries is 24",
            directory.url()
        )
    );
}

#[test]
fn a_value_over_the_limit_ends_a_search_or_is_left_out() {
    let directory = TestDir::start().expect("a directory");
    directory
        .add_user(User::new("user1").email("ann@corp.example.com"))
        .expect("a user");
    directory.fault(When::search(), What::huge_value("user1", "mail"));
    let limits = Limits {
        max_message_bytes: 16 << 20,
        ..LIMITS
    };
    let mut connection = connected(&directory, limits);
    let search = users(&directory);
    let (_, error) = read(&mut connection, &search);
    let cause = error.expect("a limit is met").cause;
    assert!(
        matches!(&cause, Cause::Limit(limit) if limit.kind == LimitKind::ValueBytes),
        "{cause:?}"
    );
    let pages = connected(&directory, limits)
        .search_lenient(&search)
        .and_then(adsync_ldap::Pages::all);
    let (entries, _) = pages.expect("an answer");
    assert_eq!(entries[0].first("mail"), None);
    assert_eq!(entries[0].oversized[0].0, "mail");
    // The whole message may be too long as well; then nothing more can be read.
    let mut connection = connected(&directory, LIMITS);
    let cause = read(&mut connection, &search)
        .1
        .expect("a limit is met")
        .cause;
    assert!(
        matches!(&cause, Cause::Limit(limit) if limit.kind == LimitKind::MessageBytes),
        "{cause:?}"
    );
}

#[test]
fn silence_is_an_error_after_the_deadline() {
    let directory = directory_of(5);
    directory.fault(When::page(1).after_entries(2), What::Hang);
    let limits = Limits {
        timeout: Duration::from_millis(300),
        ..LIMITS
    };
    let (_, error) = read(&mut connected(&directory, limits), &users(&directory));
    let cause = error.expect("it does not come").cause;
    assert!(matches!(cause, Cause::Timeout(_)), "{cause:?}");
}

#[test]
fn a_wrong_password_is_told_from_a_server_that_cannot_serve() {
    let directory = directory_of(1);
    let error = log_in(&directory, "wrong", LIMITS).expect_err("it is refused");
    assert!(error.is_login_refused() && !error.is_passing(1), "{error}");
    assert_eq!(error.step, Step::Bind(USERNAME.to_owned()));
    directory.fault(When::bind(), What::answer(51, "busy"));
    let error = log_in(&directory, PASSWORD, LIMITS).expect_err("it is busy");
    assert!(error.is_passing(1) && !error.is_login_refused(), "{error}");
}

#[test]
fn an_attribute_is_read_to_its_last_value() {
    let directory = TestDir::builder()
        .max_val_range(10)
        .start()
        .expect("a directory");
    directory.add_users(25).expect("users");
    let base = directory.base_dn();
    let group = format!("CN=all,{base}");
    let mut connection = connected(&directory, LIMITS);
    let (members, _) = connection
        .search(&users(&directory))
        .and_then(adsync_ldap::Pages::all)
        .expect("users");
    let members: Vec<String> = members.iter().map(|it| it.dn().into_owned()).collect();
    directory
        .add(&group, [("objectClass", "group"), ("cn", "all")])
        .expect("a group");
    directory
        .add_members(&group, members.iter().map(String::as_str))
        .expect("members");
    let all = AllValues {
        what: "the members".to_owned(),
        dn: &group,
        filter: "(objectClass=*)",
        attributes: &["member"],
    };
    let mut found = Vec::new();
    all.read(&mut connection, |_, dn| found.push(dn.to_vec()))
        .expect("all of them");
    assert_eq!(found.len(), 25);
}
