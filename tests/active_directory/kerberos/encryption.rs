//! What Kerberos encrypts on `ldap://`, as it is seen on the way, and logins over TLS.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{assert_fails, run, settings, stage};
use crate::support::samba::SambaDc;
use crate::{usernames, users};

/// What stands between adsync and the domain controller, and hears all that either says. It ends with the
/// test process.
struct Tap {
    url: String,
    /// What adsync said.
    asked: Arc<Mutex<Vec<u8>>>,
    /// What the server said.
    heard: Arc<Mutex<Vec<u8>>>,
}

/// What a tap does with the server's words.
#[derive(Clone, Copy)]
enum Deed {
    /// Passes them on.
    Listen,
    /// Passes them on in pieces of a few bytes.
    Chop,
    /// Turns a bit of the byte at that place.
    Forge(usize),
}

impl Tap {
    fn before(dc: &SambaDc, deed: Deed) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("it has a port").port();
        let server = (dc.ip(), 389);
        let [asked, heard] = [(); 2].map(|()| Arc::new(Mutex::new(Vec::new())));
        let tap = Self {
            url: format!("ldap://127.0.0.1:{port}"),
            asked: Arc::clone(&asked),
            heard: Arc::clone(&heard),
        };
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(server).expect("the server listens");
                let handle = |stream: &TcpStream| stream.try_clone().expect("a handle");
                let (to_server, from_client) = (handle(&server), handle(&client));
                let other_ear = Arc::clone(&asked);
                std::thread::spawn(move || {
                    pass_on(from_client, to_server, &other_ear, Deed::Listen);
                });
                let ear = Arc::clone(&heard);
                std::thread::spawn(move || pass_on(server, client, &ear, deed));
            }
        });
        tap
    }
}

fn pass_on(mut server: TcpStream, mut client: TcpStream, ear: &Mutex<Vec<u8>>, deed: Deed) {
    let mut buffer = [0; 4096];
    let mut passed = 0;
    let _ = client.set_nodelay(true);
    while let Ok(length @ 1..) = server.read(&mut buffer) {
        let said = &mut buffer[..length];
        ear.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(&*said);
        if let Deed::Forge(place) = deed
            && (passed..passed + length).contains(&place)
        {
            said[place - passed] ^= 1;
        }
        passed += length;
        let sent = match deed {
            Deed::Listen | Deed::Forge(_) => client.write_all(said),
            // Lengths of buffers, and messages, come apart at every place sooner or later.
            Deed::Chop => said.chunks(997).try_for_each(|piece| {
                let (head, rest) = piece.split_at(piece.len().min(3));
                client.write_all(head)?;
                std::thread::sleep(Duration::from_micros(50));
                client.write_all(rest)
            }),
        };
        if sent.is_err() {
            return;
        }
    }
    let _ = client.shutdown(Shutdown::Write);
}

fn all(ear: &Arc<Mutex<Vec<u8>>>) -> Vec<u8> {
    ear.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

#[test]
fn plain_ldap_is_sealed_and_arrives_whole_in_whatever_pieces() {
    const USERS: usize = 300;
    let dc = SambaDc::builder().service("kdc").users(USERS).start();
    // The name in the URL is what the ticket is for.
    dc.add_spn(&SambaDc::controller(), "ldap/127.0.0.1");
    let sandbox = stage(&dc);
    let tap = Tap::before(&dc, Deed::Chop);
    sandbox.configure(&settings(&dc, &tap.url, ""));
    run(&dc, &sandbox, &["import", "--all"]).expect_code(0);
    assert_eq!(usernames(&sandbox).len(), USERS + 2);

    let [asked, heard] = [&tap.asked, &tap.heard].map(all);
    assert!(heard.len() > 200 * USERS, "{} bytes", heard.len());
    for secret in ["alice", "sAMAccountName", "telephoneNumber", "OU=Staff"] {
        for said in [&asked, &heard] {
            let is_there = said.windows(secret.len()).any(|it| it == secret.as_bytes());
            assert!(!is_there, "{secret} crossed the network in clear");
        }
    }
}

#[test]
fn a_byte_that_was_turned_on_the_way_ends_the_run() {
    let dc = SambaDc::start_with_kdc();
    dc.add_spn(&SambaDc::controller(), "ldap/127.0.0.1");
    let sandbox = stage(&dc);
    run(&dc, &sandbox, &["import", "--all"]).expect_code(0);
    dc.rename_account("alice", "alice.archer");
    let before = users(&sandbox);
    let tap = Tap::before(&dc, Deed::Listen);
    sandbox.configure(&settings(&dc, &tap.url, ""));
    run(&dc, &sandbox, &["sync", "--dry-run", "--full"]).expect_code(0);
    let length = all(&tap.heard).len();

    // In the last answer, which is the users.
    let tap = Tap::before(&dc, Deed::Forge(length - 40));
    sandbox.configure(&settings(&dc, &tap.url, ""));
    let answer = run(&dc, &sandbox, &["sync", "--full", "--format", "json"]);
    assert_fails(answer, 5, "directory", &["cannot read"]);
    assert_eq!(users(&sandbox), before);
}

#[test]
fn over_tls_kerberos_only_says_who_it_is() {
    let dc = SambaDc::builder()
        .service("kdc")
        .config("ldap server require strong auth = allow_sasl_over_tls")
        .start();
    dc.add_spn(&SambaDc::controller(), &dc.spn());
    let sandbox = stage(&dc);
    for (url, more) in [(dc.url(), ""), (dc.ldap_url(), "starttls = true")] {
        sandbox.configure(&settings(&dc, &url, more));
        run(&dc, &sandbox, &["import", "--all"]).expect_code(0);
        run(&dc, &sandbox, &["sync"]).expect_code(0);
        let check = run(&dc, &sandbox, &["check"]).expect_code(0);
        assert!(check.stdout.contains("valid until"), "{check}");
        assert!(!check.stdout.contains("Kerberos encrypts"), "{check}");
    }
    // The certificate is verified as ever.
    let mut settings = settings(&dc, &dc.url(), "");
    settings.ca_file = Some(dc.other_ca_file());
    sandbox.configure(&settings);
    let answer = run(&dc, &sandbox, &["sync", "--format", "json"]);
    let said = [
        "cannot make a TLS connection",
        "not issued by a CA that is trusted",
    ];
    assert_fails(answer, 5, "unreachable", &said);
}

#[test]
fn a_server_that_takes_no_ticket_over_tls_says_what_to_use() {
    let dc = SambaDc::start_with_kdc();
    let sandbox = stage(&dc);
    sandbox.configure(&settings(&dc, &dc.url(), ""));
    let answer = run(&dc, &sandbox, &["search", "a", "--format", "json"]);
    assert_fails(
        answer,
        5,
        "login",
        &["write ldap:// in url", "strongerAuthRequired"],
    );
}
