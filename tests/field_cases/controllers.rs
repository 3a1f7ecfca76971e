//! Several domain controllers: one that lags behind, and one whose name has an address that is silent.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::modes::{ALL, UNMARKED, age_missing, sync};
use crate::support::adsync::{Sandbox, Settings};
use crate::support::embedded::names;
use crate::support::process;
use crate::support::samba::{HOST_NAME, SambaDc};
use crate::{
    ACCOUNTS, Account, assert_missing, assert_reason, domain, import, json, person, six, user,
};

/// Settings that name several domain controllers, in this order.
fn settings_for(sandbox: &Sandbox, controllers: &[&SambaDc]) -> Settings {
    let cas = sandbox.path().join("cas.pem");
    let pem = controllers
        .iter()
        .map(|dc| fs::read(dc.ca_file()).expect("a CA"));
    fs::write(&cas, pem.collect::<Vec<_>>().concat()).expect("the sandbox is writable");
    Settings {
        urls: controllers.iter().map(|dc| dc.url()).collect(),
        ca_file: Some(cas),
        ..Settings::for_dc(controllers[0])
    }
}

/// multiOTP#59, nulib/meadow#432
#[test]
fn a_controller_that_lags_behind_deletes_nobody() {
    for account in ACCOUNTS {
        let mut first = domain(&["alice", "bob", "carol", "dave"].map(person), account);
        let second = first.second_controller();
        let sandbox = Sandbox::for_dc(&first);
        sandbox.configure(&settings_for(&sandbox, &[&first, &second]));
        first.add_all(&["erin", "fred"].map(person));
        import(&sandbox, "dave");
        first.stop();

        let hired = ["erin", "fred"];
        for run in sync(&sandbox, &UNMARKED, &["alice", "erin", "fred"], &[]) {
            assert_missing(&run.json(0), &run.users, &hired);
            assert_reason(&run.json(0), "may lag behind");
        }
        // However long, and whoever says not to wait: this one has never seen them.
        json(&sandbox, 0, &["sync"]);
        age_missing(&sandbox, 10_000);
        for more in [&[][..], &["--delete-missing"]] {
            for run in sync(&sandbox, &UNMARKED, &["alice", "erin", "fred"], more) {
                assert_missing(&run.json(0), &run.users, &hired);
            }
        }
        first.restart();
        let found = json(&sandbox, 0, &["sync"]);
        assert_eq!(names(&found, "missing"), [""; 0]);
        for name in hired {
            assert_eq!(user(&sandbox, name)["status"], "ok");
        }
    }
}

/// Its word counts from the moment on that it has returned the user.
#[test]
fn a_controller_that_has_caught_up_is_believed() {
    let (mut first, sandbox) = six(Account::Ordinary);
    let mut second = first.second_controller();
    first.add_all(&["gina", "hans"].map(person));
    json(&sandbox, 0, &["import", "--users", "gina,hans"]);
    second.catch_up_with(&mut first);
    sandbox.configure(&Settings::for_dc(&second));
    second.delete(&second.dn_of("alice"));
    // It has returned neither yet.
    for more in [&[][..], &["--delete-missing"]] {
        for run in sync(&sandbox, &UNMARKED, &["alice", "bob"], more) {
            assert_missing(&run.json(0), &run.users, &["alice"]);
        }
    }
    let found = json(&sandbox, 0, &["sync"]);
    assert_eq!(names(&found, "missing"), ["alice"]);
    // A run by mark must find its witness, which any of them may be.
    let leaver = if is_witness(&sandbox, &second.guid_of("gina")) {
        "hans"
    } else {
        "gina"
    };
    second.delete(&second.dn_of(leaver));
    for run in sync(&sandbox, &ALL, &[leaver, "bob"], &["--delete-missing"]) {
        let found = run.json(0);
        assert_eq!(names(&found, "deleted"), [leaver], "{found:#}");
        assert!(usernames_of(&run.users).contains(&"alice".to_owned()));
    }
}

/// Whether the change mark has this user for its witness.
fn is_witness(sandbox: &Sandbox, guid: &str) -> bool {
    let db = rusqlite::Connection::open(sandbox.store_path()).expect("the store can be opened");
    let witness: Vec<u8> = db
        .query_row("SELECT witness FROM marks", [], |row| row.get(0))
        .expect("a mark");
    let witness = testdir::Uuid::from_slice_le(&witness).expect("16 bytes");
    witness.to_string() == guid
}

/// A domain controller that was restored from a backup is another one: it may have lost what came after.
#[test]
fn a_controller_restored_from_a_backup_is_not_believed() {
    let (mut dc, sandbox) = six(Account::Ordinary);
    let backup = dc.snapshot();
    dc.add_user(&person("gina"));
    json(&sandbox, 0, &["import", "--users", "gina"]);
    json(&sandbox, 0, &["sync", "--full"]);
    dc.revert_to(&backup);
    dc.renew_invocation_id();
    for more in [&[][..], &["--delete-missing"]] {
        for run in sync(&sandbox, &UNMARKED, &["gina", "bob"], more) {
            assert_missing(&run.json(0), &run.users, &["gina"]);
        }
    }
}

fn usernames_of(users: &[serde_json::Value]) -> Vec<String> {
    let name = |user: &serde_json::Value| user["username"].as_str().unwrap_or_default().to_owned();
    users.iter().map(name).collect()
}

/// owncloud/core#16958, packetfence#6040
#[test]
fn an_address_that_is_silent_does_not_hide_the_next() {
    let (dc, sandbox) = six(Account::Ordinary);
    let silent = Silent::start();
    // Both addresses have one name, and the silent one comes first.
    let hosts = sandbox.path().join("hosts");
    let lines = format!("{} {HOST_NAME}\n{} {HOST_NAME}\n", Silent::IP, dc.ip());
    fs::write(&hosts, lines).expect("the sandbox is writable");
    let unshare =
        process::find("unshare").expect("`unshare` is needed: apt-get install util-linux");
    let bind = format!("mount --bind {} /etc/hosts && exec \"$@\"", hosts.display());
    let under_that_name = |arguments: &[&str]| {
        let run = sandbox.prepare(arguments).limit(Duration::from_secs(20));
        let arguments = ["--map-root-user", "--mount", "sh", "-c", &bind, "sh"];
        run.under(&unshare, &arguments).run()
    };
    sandbox.configure(&Settings {
        urls: vec![format!("ldaps://{HOST_NAME}")],
        ..Settings::for_dc(&dc)
    });
    dc.modify(&dc.dn_of("alice"), "sn", Some("Archer"));
    let found = under_that_name(&["sync", "--format", "json"]).expect_code(0);
    assert_eq!(names(&found.json(), "modified"), ["alice"], "{found}");
    under_that_name(&["check"]).expect_code(0);
    drop(silent);
}

/// An address where connections are neither taken nor refused, as behind a firewall that drops: a port
/// whose queue is full. It ends with this value, and with the test.
struct Silent(Child);

impl Silent {
    /// Nearer to the address that connections come from than those of domain controllers, so it is the
    /// first that a resolver gives (RFC 6724, rule 9).
    const IP: &str = "127.0.0.2";

    fn start() -> Self {
        let script = "import socket, sys\n\
             s = socket.socket()\n\
             s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n\
             s.bind((sys.argv[1], 636))\n\
             s.listen(0)\n\
             full = [socket.socket() for _ in range(4)]\n\
             for c in full:\n\
             \x20   c.setblocking(False)\n\
             \x20   c.connect_ex((sys.argv[1], 636))\n\
             print('silent', flush=True)\n\
             sys.stdin.read()\n";
        let mut child = Command::new("/usr/bin/python3")
            .args(["-c", script, Self::IP])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is part of what Samba needs");
        let stdout = child.stdout.take().expect("it is a pipe");
        let mut said = String::new();
        let read = BufReader::new(stdout).read_line(&mut said);
        assert!(read.is_ok() && said == "silent\n", "{said:?}");
        Self(child)
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
