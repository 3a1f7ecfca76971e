//! Two domains in one store, each read by a settings file of its own: each has its own change mark.

use serde_json::Value;
use testdir::TestDir;

use crate::controllers::second;
use crate::mark::{findings, in_mode};
use crate::support::adsync::Settings;
use crate::support::embedded::{Stage, names, rows, settings_for, text};
use crate::support::store::{age_missing, open};

const LAB: &str = "DC=lab,DC=example,DC=org";

/// The usual domain, and a second one with olga, otto and olaf, which `lab.toml` leads to. Their controllers have
/// the same `invocationId`, as where the one was made from a copy of the other.
struct Two {
    stage: Stage,
    lab: TestDir,
}

/// Which settings file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Corp,
    Lab,
}

use Of::{Corp, Lab};

impl Two {
    /// Everybody is imported, and both domains have a mark.
    fn new() -> Self {
        let stage = Stage::imported(&["alice", "bob", "carol"]);
        let lab = TestDir::builder()
            .base_dn(LAB)
            .first_usn(500_000)
            .start()
            .expect("a free port");
        for user in ["olga", "otto", "olaf"] {
            lab.add_user(user).expect("a fresh directory");
        }
        let two = Self { stage, lab };
        two.lead_to(&two.lab);
        two.json(Lab, 0, &["import", "--all"]);
        for of in [Corp, Lab] {
            two.sync(of, 0, "full");
        }
        let lives = rows(
            &open(&two.stage),
            "SELECT DISTINCT invocation_id FROM marks",
        );
        assert_eq!(lives.len(), 1, "{lives:?}");
        two
    }

    /// Lets `lab.toml` lead to this controller.
    fn lead_to(&self, controller: &TestDir) {
        let settings = Settings {
            base_dn: Some(format!("OU=Staff,{LAB}")),
            username: Some(format!("CN=svc-adsync,CN=Users,{LAB}")),
            ..settings_for(controller)
        };
        self.stage.sandbox.configure_as("lab.toml", &settings);
    }

    #[track_caller]
    fn json(&self, of: Of, code: i32, arguments: &[&str]) -> Value {
        let config: &[&str] = match of {
            Corp => &[],
            Lab => &["--config", "lab.toml"],
        };
        self.stage.json(code, &[config, arguments].concat())
    }

    #[track_caller]
    fn sync(&self, of: Of, code: i32, mode: &str) -> Value {
        let run = self.json(of, code, &["sync"]);
        assert_eq!(run["mode"], mode, "{run:#}");
        assert_eq!(run["counts"]["foreign"], 3, "{run:#}");
        run
    }

    fn directory(&self, of: Of) -> &TestDir {
        match of {
            Corp => &self.stage.directory,
            Lab => &self.lab,
        }
    }

    /// The mark of a domain.
    fn mark(&self, of: Of) -> Option<String> {
        let like = match of {
            Corp => "%DC=corp,DC=example,DC=com",
            Lab => "%DC=lab,DC=example,DC=org",
        };
        let query = format!("SELECT * FROM marks WHERE service LIKE '{like}'");
        rows(&open(&self.stage), &query).pop()
    }

    /// The rows of the users of a domain.
    fn users(&self, of: Of) -> Vec<String> {
        let like = match of {
            Corp => "%DC=corp,DC=example,DC=com",
            Lab => "%DC=lab,DC=example,DC=org",
        };
        let query = format!("SELECT * FROM users WHERE dn LIKE '{like}' ORDER BY id");
        rows(&open(&self.stage), &query)
    }
}

/// Whoever is of the other domain.
fn other(of: Of) -> Of {
    if of == Corp { Lab } else { Corp }
}

/// Somebody of a domain, and somebody else.
fn some(of: Of) -> [&'static str; 2] {
    match of {
        Corp => ["alice", "bob"],
        Lab => ["olga", "otto"],
    }
}

#[test]
fn each_goes_on_from_its_own_mark_and_leaves_the_other_alone() {
    let two = Two::new();
    for round in 0..2 {
        for of in [Corp, Lab] {
            let (mark, users) = (two.mark(other(of)), two.users(other(of)));
            assert!(mark.is_some());
            let [one, _] = some(of);
            let mail = format!("{one}{round}@example.net");
            two.directory(of)
                .replace(one, "mail", [mail])
                .expect("a user");
            let run = two.sync(of, 0, "delta");
            assert_eq!(names(&run, "modified"), [one]);
            assert_eq!(run["counts"]["checked"], 3);
            assert_eq!(two.mark(other(of)), mark);
            assert_eq!(two.users(other(of)), users);
        }
    }
}

#[test]
fn each_deletes_its_own_only() {
    for of in [Corp, Lab] {
        let two = Two::new();
        for (directory, user) in [(&two.stage.directory, "bob"), (&two.lab, "otto")] {
            directory.delete(user).expect("a user");
        }
        let users = two.users(other(of));
        let [_, gone] = some(of);
        assert_eq!(names(&two.sync(of, 0, "delta"), "missing"), [gone]);
        age_missing(&two.stage.sandbox.store_path(), 24);
        let run = two.json(of, 0, &["sync"]);
        assert_eq!(names(&run, "deleted"), [gone]);
        assert_eq!(two.users(other(of)), users);
        two.json(of, 0, &["sync", "--full", "--delete-missing"]);
        assert_eq!(two.users(other(of)), users);
        // The other one finds its own later.
        let [_, gone] = some(other(of));
        let run = two.json(other(of), 0, &["sync", "--delete-missing"]);
        assert_eq!(
            (&run["mode"], names(&run, "deleted")),
            (&"delta".into(), vec![gone.to_owned()])
        );
    }
}

#[test]
fn a_delta_finds_what_a_full_run_would() {
    for of in [Corp, Lab] {
        let two = Two::new();
        let [one, gone] = some(of);
        two.directory(of).see_tombstones(true);
        two.directory(of)
            .replace(one, "sn", ["Married"])
            .expect("a user");
        two.directory(of).delete(gone).expect("a user");
        let full = two.json(of, 0, &["sync", "--dry-run", "--full"]);
        let delta = two.json(of, 0, &["sync", "--dry-run"]);
        assert_eq!(delta["mode"], "delta");
        assert_eq!(findings(&delta), findings(&full));
        assert_eq!(names(&delta, "deleted"), [gone]);
    }
}

#[test]
fn a_mark_that_is_dropped_is_that_of_one_domain() {
    let two = Two::new();
    let corp = two.mark(Corp);
    // Another controller of the second domain answers.
    let lab2 = two.lab.twin("DC2").expect("a free port");
    two.lead_to(&lab2);
    two.json(Lab, 0, &["sync", "--users", "olga"]);
    assert_eq!(two.mark(Lab), None);
    assert_eq!(two.mark(Corp), corp);
    two.sync(Corp, 0, "delta");
    two.sync(Lab, 0, "full");
    two.sync(Corp, 0, "delta");
    two.sync(Lab, 0, "delta");
}

#[test]
fn other_settings_are_those_of_one_domain() {
    let mut two = Two::new();
    two.stage.configure(|settings| settings.base_dn = None);
    two.sync(Corp, 0, "full");
    two.sync(Lab, 0, "delta");
    two.sync(Corp, 0, "delta");
}

#[test]
fn a_run_that_fails_or_is_refused_drops_neither() {
    let mut two = Two::new();
    let marks = (two.mark(Corp), two.mark(Lab));
    two.stage.configure_sync("max_deletes = 0");
    two.stage.bury("bob");
    two.json(Corp, 4, &["sync"]);
    two.lab.fault(
        testdir::When::search().from(2),
        testdir::What::answer(53, "no"),
    );
    two.json(Lab, 5, &["sync", "--full"]);
    assert_eq!((two.mark(Corp), two.mark(Lab)), marks);
}

#[test]
fn a_store_of_one_domain_and_the_settings_of_another() {
    // A settings file that was copied, with the path of the wrong store.
    let mut stage = Stage::imported(&["alice", "bob"]);
    stage.sync(0);
    let before = stage.contents();
    let lab = TestDir::builder()
        .base_dn(LAB)
        .start()
        .expect("a free port");
    lab.add_user("olga").expect("a fresh directory");
    let corp = stage.directory.url();
    stage.configure(|settings| {
        *settings = Settings {
            base_dn: Some(format!("OU=Staff,{LAB}")),
            username: Some(format!("CN=svc-adsync,CN=Users,{LAB}")),
            ..settings_for(&lab)
        };
    });
    for arguments in [
        &["sync"][..],
        &["sync", "--full"],
        &["sync", "--delete-missing"],
    ] {
        let error = stage.json(2, arguments);
        let message = text(&error["error"], "message");
        assert!(message.contains("belong to another domain"), "{message}");
    }
    let after = stage.contents();
    assert_eq!(
        (after.users, after.changes, after.marks),
        (before.users, before.changes, before.marks)
    );
    let settings = settings_for(&stage.directory);
    stage.configure(|it| {
        *it = Settings {
            urls: vec![corp],
            ..settings
        }
    });
    in_mode(&stage, 0, &["sync"], "delta");
}

#[test]
fn the_same_domain_by_another_controller_is_not_another_domain() {
    let stage = Stage::imported(&["alice", "bob"]);
    let dc2 = second(&stage, 9000);
    let settings = settings_for(&dc2);
    stage.sandbox.configure_as("second.toml", &settings);
    stage.sync(0);
    let run = stage.json(0, &["--config", "second.toml", "sync"]);
    assert_eq!(
        (&run["mode"], &run["counts"]["unchanged"]),
        (&"full".into(), &2.into())
    );
    assert_eq!(run["counts"]["foreign"], 0);
    assert_eq!(stage.contents().marks.len(), 1);
}
