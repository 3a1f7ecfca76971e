//! A host name with several addresses, as the domain's own name has those of all its domain controllers.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use testdir::{TestDir, USERNAME, What, When};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Runtime;

use crate::support::adsync::Answer;
use crate::support::embedded::{Stage, assert_says};

/// The host's addresses, in the order in which the system gives them (RFC 6724, rule 9): the first is nearest
/// to the address of this host.
const FIRST: Ipv4Addr = Ipv4Addr::LOCALHOST;
const SECOND: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
const THIRD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

const HOST: &str = "dc.corp.example.com";

/// A port at which nobody answers: its queue is full, and the system drops what comes.
struct Silent {
    _listener: TcpListener,
    _queue: TcpStream,
    _runtime: Runtime,
}

impl Silent {
    fn at(address: SocketAddr) -> std::io::Result<Self> {
        let runtime = Runtime::new()?;
        let (listener, queue) = runtime.block_on(async {
            let socket = TcpSocket::new_v4()?;
            socket.bind(address)?;
            let listener = socket.listen(0)?;
            Ok::<_, std::io::Error>((listener, TcpStream::connect(address).await?))
        })?;
        Ok(Self {
            _listener: listener,
            _queue: queue,
            _runtime: runtime,
        })
    }
}

/// Three imported users, one of them changed since, on a server at one of the addresses of the host that the
/// settings name.
struct Host {
    stage: Stage,
    addresses: Vec<Ipv4Addr>,
}

impl Host {
    /// The server is at the last of them.
    fn at(addresses: &[Ipv4Addr]) -> Self {
        let last = addresses.last().expect("an address");
        let listen = SocketAddr::from((*last, 0));
        let directory = TestDir::builder().listen(listen).start();
        let mut stage = Stage::around(directory.expect("a free port"));
        for name in ["alice", "bob", "carol"] {
            stage.change(|directory| directory.add_user(name));
        }
        stage.run(&["import", "--all"]).expect_code(0);
        stage.set("alice", "mail", "new@example.com");
        let url = format!("ldap://{HOST}:{}", stage.directory.port());
        stage.configure(|settings| settings.urls = vec![url]);
        stage.configure_directory("allow_plaintext = true");
        stage.directory.reset_stats();
        Self {
            stage,
            addresses: addresses.to_vec(),
        }
    }

    /// The same, silent at the first address.
    fn with_silence(addresses: &[Ipv4Addr]) -> (Self, Silent) {
        // Another test may have that port of the other address.
        for _ in 0..20 {
            let host = Self::at(addresses);
            let silent = (addresses[0], host.stage.directory.port());
            if let Ok(silent) = Silent::at(silent.into()) {
                return (host, silent);
            }
        }
        panic!("no port is free at both addresses");
    }

    /// Runs adsync where the host has these addresses.
    fn run(&self, arguments: &[&str]) -> Answer {
        let hosts = self.stage.sandbox.path().join("hosts");
        let lines = self.addresses.iter().map(|it| format!("{it} {HOST}\n"));
        std::fs::write(&hosts, lines.collect::<String>()).expect("the sandbox is writable");
        let script = "mount --bind hosts /etc/hosts && exec \"$0\" \"$@\"";
        let namespace = ["--user", "--map-root-user", "--mount", "sh", "-c", script];
        let run = self.stage.prepare(arguments);
        run.under(Path::new("unshare"), &namespace).run()
    }
}

#[test]
fn one_that_is_silent_does_not_hide_the_next() {
    let (host, _silent) = Host::with_silence(&[FIRST, THIRD]);
    for arguments in [&["sync"][..], &["sync", "--full"], &["search", "ali"]] {
        let began = Instant::now();
        host.run(arguments).expect_code(0);
        assert!(began.elapsed() < Duration::from_secs(4), "not waited for");
    }
    assert_eq!(host.stage.user("alice")["email"], "new@example.com");
    let check = host.run(&["check"]).expect_code(0);
    let port = host.stage.directory.port();
    for line in [
        format!("{HOST} is {FIRST}, {THIRD}"),
        format!("connected to {THIRD}:{port}; {FIRST}: no answer"),
    ] {
        assert!(check.stdout.contains(&line), "{line}\n{check}");
    }
}

#[test]
fn nor_does_one_at_which_nothing_listens() {
    let host = Host::at(&[FIRST, SECOND, THIRD]);
    host.run(&["sync"]).expect_code(0);
    let check = host.run(&["check"]).expect_code(0);
    let port = host.stage.directory.port();
    let line = format!(
        "connected to {THIRD}:{port}; {FIRST}: nothing listens on port {port}; {SECOND}: nothing"
    );
    assert!(check.stdout.contains(&line), "{check}");
}

#[test]
fn where_none_answers_each_is_named() {
    let (mut host, _silent) = Host::with_silence(&[FIRST, THIRD]);
    host.stage.hurry();
    host.addresses = vec![FIRST, SECOND];
    let before = host.stage.contents();
    let began = Instant::now();
    let answer = host.run(&["sync"]).expect_code(5);
    let port = host.stage.directory.port();
    let says = format!(
        "error: cannot connect to ldap://{HOST}:{port}: {FIRST}: no answer; {SECOND}: nothing listens on port {port}\nhint: "
    );
    assert_says(&answer, &[&says]);
    // One deadline for all of them.
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
    host.stage.contents().assert_only_noted(&before, "failed");
}

/// Two servers at the same port of two addresses.
fn two_servers() -> (TestDir, TestDir) {
    let at = |ip: Ipv4Addr, port: u16| TestDir::builder().listen((ip, port).into()).start();
    for _ in 0..20 {
        let second = at(THIRD, 0).expect("a free port");
        if let Ok(first) = at(FIRST, second.port()) {
            return (first, second);
        }
    }
    panic!("no port is free at both addresses");
}

/// Above all not a password that was refused.
#[test]
fn what_fails_on_the_connection_is_not_tried_at_another_address() {
    for (what, logins) in [
        (What::answer(49, "data 52e"), 1),
        // Tried three times, as a server that is busy is.
        (What::answer(51, "busy"), 3),
        (What::Cut, 3),
    ] {
        let (first, second) = two_servers();
        let mut stage = Stage::around(first);
        let url = format!("ldap://{HOST}:{}", second.port());
        stage.configure(|settings| settings.urls = vec![url]);
        stage.configure_directory("allow_plaintext = true");
        stage.directory.fault(When::bind(), what);
        let addresses = vec![FIRST, THIRD];
        let host = Host { stage, addresses };
        let answer = host.run(&["search", "ali"]).expect_code(5);
        assert_says(&answer, &["cannot log in to", USERNAME]);
        assert_eq!(second.stats().connections, 0, "{answer}");
        assert_eq!(host.stage.directory.stats().binds, logins, "{answer}");
    }
}
