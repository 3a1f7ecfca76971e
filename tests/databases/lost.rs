//! The connection is cut at a COMMIT: before it reaches the server, or before its answer comes back.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::side_by_side::InDatabase;
use crate::support::adsync::Settings;
use crate::support::database::{Database, Kind};
use crate::support::embedded::{Stage, assert_says, names, settings_for};

/// When the connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    Before,
    After,
}

/// A proxy that cuts the first connection on which there is a COMMIT, and passes on everything else.
struct Proxy {
    address: SocketAddr,
    has_cut: Arc<AtomicBool>,
}

impl Proxy {
    fn before(server: SocketAddr, cut: Cut) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let has_cut = Arc::new(AtomicBool::new(false));
        let cuts = Arc::clone(&has_cut);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let cuts = Arc::clone(&cuts);
                thread::spawn(move || pass_on(&client, server, cut, &cuts));
            }
        });
        Self { address, has_cut }
    }
}

fn pass_on(mut client: &TcpStream, server: SocketAddr, cut: Cut, has_cut: &AtomicBool) {
    let server = TcpStream::connect(server).expect("the server");
    let (mut answers, mut back) = (
        server.try_clone().expect("the same"),
        client.try_clone().expect("the same"),
    );
    thread::spawn(move || {
        let _ = std::io::copy(&mut answers, &mut back);
        let _ = back.shutdown(std::net::Shutdown::Both);
    });
    let mut piece = [0; 8192];
    while let Ok(length @ 1..) = client.read(&mut piece) {
        let asked = &piece[..length];
        let is_commit = asked
            .strip_suffix(b"\0")
            .unwrap_or(asked)
            .ends_with(b"COMMIT");
        if is_commit && !has_cut.swap(true, Ordering::SeqCst) {
            // Nothing of the answer gets through.
            let _ = client.shutdown(std::net::Shutdown::Both);
            if cut == Cut::After {
                let _ = (&server).write_all(asked);
            }
            break;
        }
        if (&server).write_all(asked).is_err() {
            break;
        }
    }
    // What was sent is read, and then the end.
    let _ = server.shutdown(std::net::Shutdown::Write);
}

/// adsync on a database, behind a proxy.
fn behind(kind: Kind, cut: Cut) -> (Stage, InDatabase, Proxy) {
    let stage = Stage::with(&["alice", "bob"]);
    let it = InDatabase::new(&stage.directory, Database::new(kind), "");
    it.json(0, &["import", "--all"]);
    stage.set("alice", "sn", "Archer");
    let proxy = Proxy::before(it.database.address(), cut);
    let url = it.database.url_at(proxy.address);
    let password = it.database.password_file();
    it.sandbox.configure(&Settings {
        store: Some(format!(
            "url = {url:?}\npassword_file = \"{}\"\n",
            password.display()
        )),
        ..settings_for(&stage.directory)
    });
    (stage, it, proxy)
}

#[test]
fn a_commit_whose_answer_is_lost_is_asked_for() {
    for kind in Kind::ALL {
        let (_stage, it, proxy) = behind(kind, Cut::After);
        let run = it.json(0, &["sync"]);
        assert!(proxy.has_cut.load(Ordering::SeqCst), "{kind:?}");
        assert_eq!(names(&run, "modified"), ["alice"], "{run:#}");
        let again = it.json(0, &["sync", "--full"]);
        assert_eq!(again["counts"]["unchanged"], 2, "{again:#}");
    }
}

#[test]
fn a_commit_that_does_not_arrive_has_changed_nothing() {
    for kind in Kind::ALL {
        let (_stage, it, proxy) = behind(kind, Cut::Before);
        let answer = it.run(&["sync"]).expect_code(1);
        assert!(proxy.has_cut.load(Ordering::SeqCst), "{kind:?}");
        assert_says(&answer, &["nothing was changed"]);
        let run = it.json(0, &["sync", "--full"]);
        assert_eq!(names(&run, "modified"), ["alice"], "{run:#}");
    }
}
