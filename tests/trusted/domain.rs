//! Domain controllers that are found in the DNS.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::adsync::{Answer, Sandbox, Settings};
use crate::support::embedded::assert_says;
use crate::support::samba::{SERVICE_PASSWORD, SERVICE_UPN, STAFF_DN, SambaDc, User};

const NAME: &str = "_ldap._tcp.dc._msdcs.corp.example.com";
/// Nobody listens there.
const CLOSED: u16 = 1;

/// An SRV record.
#[derive(Clone)]
struct Srv {
    priority: u16,
    weight: u16,
    port: u16,
    target: String,
}

fn srv(priority: u16, weight: u16, port: u16, target: &str) -> Srv {
    Srv {
        priority,
        weight,
        port,
        target: target.to_owned(),
    }
}

/// A DNS server that has these records, and nothing else. It ends with the test process.
struct Dns {
    address: String,
    asked: Arc<AtomicUsize>,
}

impl Dns {
    fn with(records: Vec<Srv>) -> Self {
        Self::answering(move |query| answer(query, &records))
    }

    fn answering(answer: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + 'static) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let address = socket.local_addr().expect("it has a port").to_string();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        std::thread::spawn(move || {
            let mut buffer = [0; 1500];
            while let Ok((length, client)) = socket.recv_from(&mut buffer) {
                count.fetch_add(1, Ordering::Relaxed);
                if let Some(answer) = answer(&buffer[..length]) {
                    // A client that is gone needs no answer.
                    let _ = socket.send_to(&answer, client);
                }
            }
        });
        Self { address, asked }
    }

    fn silent() -> Self {
        Self::answering(|_| None)
    }

    /// With a result code and no records: 2 is SERVFAIL, 5 REFUSED (RFC 1035, 4.1.1).
    fn refusing(code: u8) -> Self {
        Self::answering(move |query| {
            let question = question(query)?.1;
            Some(message(query, question, code, &[]))
        })
    }
}

/// The name that is asked for, its type, and the bytes of the question.
fn question(query: &[u8]) -> Option<((String, u16), &[u8])> {
    let mut at = 12;
    let mut labels = Vec::new();
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(query.get(at..at + length)?).to_lowercase());
        at += length;
    }
    let kind = u16::from_be_bytes([*query.get(at)?, *query.get(at + 1)?]);
    Some(((labels.join("."), kind), query.get(12..at + 4)?))
}

fn encoded(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        bytes.push(u8::try_from(label.len()).expect("a short label"));
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

fn message(query: &[u8], question: &[u8], code: u8, records: &[Srv]) -> Vec<u8> {
    let count = u16::try_from(records.len()).expect("a few records");
    let mut bytes = query[..2].to_vec();
    // A response, authoritative, to a query that may have asked for recursion.
    bytes.extend([0x84 | (query[2] & 1), 0x80 | code, 0, 1]);
    bytes.extend(count.to_be_bytes());
    bytes.extend([0, 0, 0, 0]);
    bytes.extend(question);
    for record in records {
        let mut data = Vec::new();
        for number in [record.priority, record.weight, record.port] {
            data.extend(number.to_be_bytes());
        }
        data.extend(encoded(&record.target));
        let length = u16::try_from(data.len()).expect("a short name");
        // The name of the question; SRV, IN, for a minute.
        bytes.extend([0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60]);
        bytes.extend(length.to_be_bytes());
        bytes.extend(data);
    }
    bytes
}

fn answer(query: &[u8], records: &[Srv]) -> Option<Vec<u8>> {
    let ((name, kind), question) = question(query)?;
    Some(match (name == NAME, kind) {
        (true, 33) => message(query, question, 0, records),
        // There is such a name, with other records only.
        (true, _) => message(query, question, 0, &[]),
        // There is no such name.
        (false, _) => message(query, question, 3, &[]),
    })
}

fn sandbox(dns: &Dns, more: &str) -> Sandbox {
    allowing(&outside(), dns, more)
}

fn allowing(allowed: &[String], dns: &Dns, more: &str) -> Sandbox {
    let sandbox = Sandbox::new(&Settings {
        password: Some(SERVICE_PASSWORD.to_owned()),
        ..Settings::for_url("ldap://127.0.0.1:1")
    });
    sandbox.write_config(&format!(
        "[directory]\ndomain = \"corp.example.com\"\ndns_server = {:?}\nallowed_servers = {:?}\n\
         username = {SERVICE_UPN:?}\npassword_file = \"{}\"\nbase_dn = {STAFF_DN:?}\n{more}\n\
         [store]\npath = \"{}\"\n",
        dns.address,
        allowed,
        sandbox.password_file().display(),
        sandbox.store_path().display(),
    ));
    // Without a store there is nothing to synchronise.
    sandbox.run(&["add", "zoe"]).expect_code(0);
    sandbox
}

/// The addresses that tests have name servers by, which lie outside of the domain.
fn outside() -> Vec<String> {
    let addresses = (1..255).map(|last| format!("127.0.0.{last}"));
    addresses
        .chain(["dc7.nowhere.invalid".to_owned()])
        .collect()
}

#[test]
fn a_server_outside_the_domain_gets_no_password() {
    let dns = Dns::with(vec![
        srv(0, 100, CLOSED, "dc1.corp.example.com.evil.example"),
        srv(1, 100, CLOSED, "127.1.0.9"),
    ]);
    let answer = sandbox(&dns, "starttls = true")
        .run(&["search", "a"])
        .expect_code(5);
    assert_eq!(tried(&answer), Vec::<String>::new(), "{answer}");
    assert_says(
        &answer,
        &[
            "names servers outside of it only (dc1.corp.example.com.evil.example, 127.1.0.9)",
            "allowed_servers",
        ],
    );
}

/// The servers in the order in which they were tried, as the messages name them.
fn tried(answer: &Answer) -> Vec<String> {
    let lines = answer.stderr.lines();
    lines
        .filter_map(|line| {
            let (_, url) = line.split_once("cannot connect to ")?;
            Some(url.split(": ").next().unwrap_or_default().to_owned())
        })
        .collect()
}

#[test]
fn servers_are_tried_by_priority_on_the_port_of_their_records() {
    let dns = Dns::with(vec![
        srv(20, 100, CLOSED, "127.0.0.23"),
        srv(0, 0, CLOSED, "127.0.0.21"),
        srv(10, 100, CLOSED, "127.0.0.22."),
        srv(65535, 0, CLOSED, "127.0.0.24"),
    ]);
    let sandbox = sandbox(&dns, "starttls = true");
    let said = sandbox.run(&["sync"]).expect_code(5);
    let expected = [21, 22, 23, 24].map(|last| format!("ldap://127.0.0.{last}:1"));
    assert_eq!(tried(&said), expected, "{said}");
    assert_eq!(said.stderr.matches("trying the next server").count(), 3);
    assert_says(&said, &["error: cannot connect to ldap://127.0.0.24:1"]);
    let history = sandbox.run(&["history", "--format", "json"]).json();
    assert_eq!(history["runs"][0]["outcome"], "failed");
}

#[test]
fn without_starttls_it_is_ldaps_on_its_own_port() {
    let dns = Dns::with(vec![
        srv(0, 100, 389, "127.0.0.31"),
        srv(1, 100, 389, "127.0.0.32"),
    ]);
    let said = sandbox(&dns, "").run(&["sync"]).expect_code(5);
    assert_eq!(
        tried(&said),
        ["ldaps://127.0.0.31", "ldaps://127.0.0.32"],
        "{said}"
    );
}

#[test]
fn within_a_priority_the_weight_decides_how_often_one_comes_first() {
    let dns = Dns::with(vec![
        srv(0, 1, CLOSED, "127.0.0.41"),
        srv(0, 1000, CLOSED, "127.0.0.42"),
        srv(1, 60000, CLOSED, "127.0.0.43"),
    ]);
    let sandbox = sandbox(&dns, "starttls = true");
    let mut heavy = 0;
    for _ in 0..20 {
        let said = sandbox.run(&["search", "a"]).expect_code(5);
        let order = tried(&said);
        assert_eq!(order.len(), 3, "{said}");
        assert_eq!(order[2], "ldap://127.0.0.43:1", "{said}");
        heavy += usize::from(order[0] == "ldap://127.0.0.42:1");
    }
    // All but never fewer, at a thousand to one.
    assert!(heavy >= 17, "{heavy} of 20");
}

#[test]
fn a_server_whose_name_has_no_address_is_passed_over() {
    let dns = Dns::with(vec![
        srv(0, 100, CLOSED, "dc7.nowhere.invalid"),
        srv(1, 100, CLOSED, "127.0.0.51"),
    ]);
    let said = sandbox(&dns, "starttls = true")
        .run(&["sync"])
        .expect_code(5);
    assert_says(
        &said,
        &[
            "warning: cannot find the address of ldap://dc7.nowhere.invalid:1",
            "error: cannot connect to ldap://127.0.0.51:1",
        ],
    );
}

#[test]
fn a_domain_without_servers_is_an_error_that_names_it() {
    for dns in [
        // The name is there, without such records; and it is not there.
        Dns::with(Vec::new()),
        Dns::refusing(3),
        Dns::refusing(2),
        Dns::refusing(5),
    ] {
        let sandbox = sandbox(&dns, "connect_timeout_secs = 2");
        let said = sandbox.run(&["sync"]).expect_code(5);
        assert_says(
            &said,
            &[
                "error: cannot find the address of the domain corp.example.com",
                NAME,
                "hint: ",
            ],
        );
        assert_eq!(
            said.stderr
                .lines()
                .filter(|it| it.starts_with("error"))
                .count(),
            1
        );
        let error = sandbox.run(&["sync", "--format", "json"]).expect_code(5);
        assert_eq!(error.json()["error"]["kind"], "unreachable");
        let history = sandbox.run(&["history", "--format", "json"]).json();
        assert_eq!(history["runs"][0]["outcome"], "failed");
        assert!(dns.asked.load(Ordering::Relaxed) > 0, "it was not asked");
    }
}

#[test]
fn a_domain_that_says_it_has_no_servers_is_an_error() {
    // RFC 2782: a target of "." means that the service is decidedly not available.
    let dns = Dns::with(vec![srv(0, 0, 389, ".")]);
    for arguments in [
        &["sync"][..],
        &["import", "--all"],
        &["search", "a"],
        &["check"],
    ] {
        let said = sandbox(&dns, "").run(arguments).expect_code(5);
        assert!(!said.stderr.contains("panicked"), "{said}");
        let text = format!("{}{}", said.stdout, said.stderr);
        assert!(text.contains("corp.example.com"), "{said}");
    }
}

#[test]
fn a_dns_server_that_does_not_answer_is_given_up_in_time() {
    let dns = Dns::silent();
    let sandbox = sandbox(&dns, "connect_timeout_secs = 2");
    let started = Instant::now();
    let said = sandbox.run(&["sync"]).expect_code(5);
    let took = started.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(took >= Duration::from_secs(1), "{took:?}");
    assert_says(&said, &["the domain corp.example.com", "hint: "]);
}

#[test]
fn an_answer_that_is_none_is_an_error() {
    let dns = Dns::answering(|query| Some([&query[..2], b"HTTP/1.1 400"].concat()));
    let sandbox = sandbox(&dns, "connect_timeout_secs = 2");
    let said = sandbox.run(&["sync"]).expect_code(5);
    assert_says(&said, &["the domain corp.example.com"]);
}

#[test]
fn the_check_says_that_the_dns_is_it() {
    let said = sandbox(&Dns::refusing(3), "")
        .run(&["check"])
        .expect_code(5);
    let line = said.stdout.lines().find(|line| line.starts_with("FAIL"));
    let line = line.unwrap_or_else(|| panic!("nothing failed\n{said}"));
    assert!(line.contains("the domain corp.example.com"), "{said}");
    assert!(!line.contains("tls"), "TLS is not the trouble\n{said}");
}

#[test]
fn a_sync_with_servers_from_the_dns() {
    let dc = SambaDc::start();
    dc.add_user(&User::new("alice").mail("alice@corp.example.com"));
    let ip = dc.ip().to_string();
    let ca = format!("ca_file = {:?}", dc.ca_file());
    // LDAPS on 636; StartTLS on the port of the record. A first server is out of order.
    for (more, port, scheme) in [("", 636, "ldaps"), ("\nstarttls = true", 389, "ldap")] {
        let dns = Dns::with(vec![
            srv(5, 100, port, &ip),
            srv(0, 100, CLOSED, "127.0.0.61"),
        ]);
        let allowed = [ip.clone(), "127.0.0.61".to_owned()];
        let sandbox = allowing(&allowed, &dns, &format!("{ca}{more}"));
        let said = sandbox.run(&["import", "--all", "-v"]).expect_code(0);
        assert_says(
            &said,
            &[
                &format!("cannot connect to {scheme}://127.0.0.61"),
                "trying the next server",
                &format!("from {scheme}://{ip}"),
            ],
        );
        let list = sandbox.run(&["list"]).expect_code(0);
        assert!(list.stdout.contains("alice@corp.example.com"), "{list}");
        let check = sandbox.run(&["check"]);
        assert!(check.stdout.contains("127.0.0.61"), "{check}");
        assert!(check.stdout.contains(&ip), "{check}");
    }
}
