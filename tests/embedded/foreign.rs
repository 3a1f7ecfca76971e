//! Two domains in one store: what a run does not read it does not touch.

use serde_json::Value;
use testdir::{TestDir, User};

use crate::support::adsync::{Sandbox, Settings};
use crate::support::embedded::{DOMAIN, Stage, assert_says, names, settings_for, text};

const OTHER: &str = "DC=other,DC=org";

/// Five users of the first domain and two of another, in one store; which domain is read depends on the settings.
struct Two {
    stage: Stage,
    other: TestDir,
    /// Those of each domain, as they were.
    files: [Settings; 2],
}

impl Two {
    fn start() -> Self {
        let stage = Stage::with(&["alice", "bob", "carol", "dave", "erin"]);
        let other = TestDir::builder().base_dn(OTHER).start();
        let other = other.expect("a free port");
        for user in ["olga", "otto"] {
            other
                .add_user(user)
                .expect("a fresh directory takes any user");
        }
        let files = [
            settings_for(&stage.directory),
            Settings {
                base_dn: Some(format!("OU=Staff,{OTHER}")),
                username: Some(format!("CN=svc-adsync,CN=Users,{OTHER}")),
                ..settings_for(&other)
            },
        ];
        let two = Self {
            stage,
            other,
            files,
        };
        two.sandbox().configure(&two.files[0]);
        two.stage.run(&["import", "--all"]).expect_code(0);
        two.sandbox().configure(&two.files[1]);
        two.stage.run(&["import", "--all"]).expect_code(0);
        two.read(0);
        two
    }

    fn sandbox(&self) -> &Sandbox {
        &self.stage.sandbox
    }

    /// From now on the settings lead to that domain.
    fn read(&self, domain: usize) {
        self.sandbox().configure(&self.files[domain]);
    }

    #[track_caller]
    fn sync(&self, domain: usize, arguments: &[&str]) -> Value {
        self.read(domain);
        self.stage.json(0, &[&["sync"], arguments].concat())
    }

    /// The rows of the users of a domain.
    fn rows(&self, domain: usize) -> Vec<String> {
        let names: &[&str] = if domain == 0 {
            &["alice", "bob", "carol", "dave", "erin"]
        } else {
            &["olga", "otto"]
        };
        let mut rows = self.stage.contents().users;
        rows.retain(|row| names.iter().any(|name| row.contains(&format!("{name:?}"))));
        rows
    }
}

#[test]
fn each_run_looks_at_its_own_and_counts_the_others() {
    let two = Two::start();
    let before = (two.rows(0), two.rows(1));
    for arguments in [&[][..], &["--full"], &["--delete-missing"]] {
        let first = two.sync(0, arguments);
        assert_eq!(first["counts"]["unchanged"], 5, "{first:#}");
        assert_eq!(first["counts"]["checked"], 5);
        assert_eq!(first["counts"]["foreign"], 2);
        let second = two.sync(1, arguments);
        assert_eq!(second["counts"]["unchanged"], 2, "{second:#}");
        assert_eq!(second["counts"]["checked"], 2);
        assert_eq!(second["counts"]["foreign"], 5);
        for run in [first, second] {
            for bucket in ["modified", "deleted", "missing", "out_of_scope", "failed"] {
                assert_eq!(run["counts"][bucket], 0, "{run:#}");
            }
        }
    }
    assert_eq!((two.rows(0), two.rows(1)), before);
    let table = two.stage.run(&["sync"]).expect_code(0);
    assert_eq!(
        table.stdout,
        "0 modified, 0 deleted, 0 duplicate, 2 unchanged, 5 foreign\n"
    );
    let users = two.stage.users();
    let domain = |name: &str| {
        let user = users.iter().find(|it| it["username"] == name);
        text(user.expect("it is in the store"), "domain")
    };
    assert_eq!(
        (domain("alice"), domain("otto")),
        (DOMAIN.to_owned(), OTHER.to_owned())
    );
}

#[test]
fn changes_are_those_of_the_domain_that_is_read() {
    let two = Two::start();
    two.sync(0, &[]);
    two.sync(1, &[]);
    two.stage.directory.see_tombstones(true);
    two.other.see_tombstones(true);
    two.stage.set("alice", "mail", "a@example.com");
    two.stage.change(|directory| directory.delete("bob"));
    two.other
        .replace("olga", "mail", ["o@example.com"])
        .expect("she is there");
    two.other.delete("otto").expect("he is there");

    let others = two.rows(1);
    let run = two.sync(0, &[]);
    assert_eq!(names(&run, "modified"), ["alice"]);
    assert_eq!(names(&run, "deleted"), ["bob"]);
    assert_eq!(two.rows(1), others);
    let others = two.rows(0);
    let run = two.sync(1, &[]);
    assert_eq!(names(&run, "modified"), ["olga"]);
    assert_eq!(names(&run, "deleted"), ["otto"]);
    assert_eq!(two.rows(0), others);
}

/// Each domain has its own mark: a run of one does not send the other back to the start.
#[test]
fn each_goes_on_from_its_own_mark() {
    let two = Two::start();
    two.sync(0, &[]);
    two.sync(1, &[]);
    for _ in 0..2 {
        assert_eq!(two.sync(0, &[])["mode"], "delta");
        assert_eq!(two.sync(1, &[])["mode"], "delta");
    }
    assert_eq!(two.stage.contents().marks.len(), 2);
    two.stage.set("alice", "mail", "a@example.com");
    two.other
        .replace("otto", "mail", ["o@example.com"])
        .expect("he is there");
    assert_eq!(names(&two.sync(0, &[]), "modified"), ["alice"]);
    assert_eq!(names(&two.sync(1, &[]), "modified"), ["otto"]);
}

#[test]
fn who_is_missing_in_one_is_so_in_that_one_only() {
    let two = Two::start();
    two.sync(0, &[]);
    two.sync(1, &[]);
    two.other.delete("otto").expect("he is there");
    assert_eq!(names(&two.sync(1, &[]), "missing"), ["otto"]);
    let before = two.rows(1);
    let run = two.sync(0, &["--delete-missing", "--full"]);
    assert_eq!(run["counts"]["missing"], 0, "{run:#}");
    assert_eq!(run["counts"]["foreign"], 2);
    assert_eq!(two.rows(1), before);
    // The users of the other domain bear no witness, and are no doubt either.
    let run = two.sync(1, &["--delete-missing"]);
    assert_eq!(names(&run, "deleted"), ["otto"], "{run:#}");
}

/// A user of the first domain is no witness for one of the second.
#[test]
fn the_last_of_a_domain_has_no_witness_in_another() {
    let two = Two::start();
    two.stage.run(&["remove", "olga"]).expect_code(0);
    two.other.delete("otto").expect("he is there");
    let run = two.sync(1, &["--delete-missing"]);
    assert_eq!(names(&run, "missing"), ["otto"], "{run:#}");
    let reason = text(&run["missing"][0], "reason");
    assert!(
        reason.contains("nor is any other user of the store"),
        "{reason}"
    );
}

#[test]
fn the_guard_is_about_the_domain_that_is_read() {
    let two = Two::start();
    two.other
        .edit(|it| it.add_users(18))
        .expect("a fresh directory takes them");
    two.read(1);
    two.stage.run(&["import", "--all"]).expect_code(0);
    for number in 1..=6 {
        let user = format!("u{number:06}");
        two.other
            .replace(&user, "userAccountControl", ["514"])
            .expect("it is there");
    }
    let answer = two.stage.run(&["sync"]).expect_code(4);
    assert_says(&answer, &["lets 5 of 20 enabled imported users through"]);
    // What one domain does in a week does not hold the other up.
    two.stage
        .run(&["sync", "--dry-run", "--allow-disabled", "6"])
        .expect_code(0);
    two.other
        .replace("u000006", "userAccountControl", ["512"])
        .expect("it is there");
    two.stage.run(&["sync"]).expect_code(0);
    two.stage.set("alice", "userAccountControl", "514");
    assert_eq!(names(&two.sync(0, &[]), "modified"), ["alice"]);
}

#[test]
fn a_store_in_which_everybody_is_foreign() {
    let two = Two::start();
    two.stage.run(&["remove", "olga", "otto"]).expect_code(0);
    let before = two.stage.contents();
    two.read(1);
    for arguments in [
        &["sync"][..],
        &["sync", "--full"],
        &["sync", "--dry-run"],
        &["sync", "--delete-missing", "--allow-deletes", "5"],
    ] {
        let answer = two.stage.run(arguments).expect_code(2);
        assert_says(
            &answer,
            &[
                &format!(
                    "error: all 5 imported users of the store belong to another domain ({DOMAIN}), and these settings read {OTHER}"
                ),
                "hint: check url and base_dn under [directory], and path under [store]",
            ],
        );
        assert_eq!(answer.stdout, "");
    }
    let error = two.stage.json(2, &["sync"]);
    assert_eq!(error["error"]["kind"], "settings");
    assert_eq!(two.stage.contents().users, before.users);
    // Nor is an entry without an identity one of the store's.
    let olga = format!("CN=olga,OU=Staff,{OTHER}");
    two.other
        .hide_attribute("objectGUID", &olga)
        .expect("she is there");
    two.stage.run(&["sync", "--full"]).expect_code(2);
    two.other.show_all_attributes();
    // An import is how the first of a domain come in.
    let run = two.stage.json(0, &["import", "--all"]);
    assert_eq!(names(&run, "imported"), ["olga", "otto"]);
    assert_eq!(two.sync(1, &[])["counts"]["unchanged"], 2);
}

#[test]
fn a_foreign_user_that_is_named() {
    let two = Two::start();
    let before = two.stage.contents();
    for selection in ["otto", "alice,otto", "OLGA,otto"] {
        let answer = two
            .stage
            .run(&["sync", "--users", selection])
            .expect_code(2);
        assert_says(
            &answer,
            &[
                &format!("of another domain than {DOMAIN}: "),
                "otto",
                "hint: ",
            ],
        );
    }
    assert_eq!(two.stage.contents(), before);
    let run = two.sync(1, &["--users", "otto"]);
    assert_eq!(run["counts"]["unchanged"], 1);
}

#[test]
fn names_are_unique_across_domains() {
    let two = Two::start();
    two.other
        .add_user(User::new("alice").email("x@example.com"))
        .expect("she is new");
    two.read(1);
    let run = two.stage.json(0, &["import", "--all"]);
    assert_eq!(names(&run, "duplicate"), ["alice"], "{run:#}");
    two.stage.set("bob", "mail", "otto@example.com");
    let run = two.sync(0, &[]);
    assert_eq!(names(&run, "duplicate"), ["bob"]);
    assert_eq!(
        run["duplicate"][0]["conflicts"][0]["held_by"]["username"],
        "otto"
    );
}

/// The same identity in two domains is two users.
#[test]
fn an_identity_is_one_of_its_domain() {
    let two = Two::start();
    let guid = two.stage.change(|directory| directory.guid("alice"));
    let twin = User::new("annika").with("objectGUID", [guid.to_bytes_le()]);
    two.other
        .add_user(twin)
        .expect("the other domain does not know of it");
    two.read(1);
    let run = two.stage.json(0, &["import", "--users", "annika"]);
    assert_eq!(names(&run, "imported"), ["annika"], "{run:#}");
    assert_eq!(
        two.stage.user("annika")["guid"],
        two.stage.user("alice")["guid"]
    );
    let run = two.sync(1, &["--full"]);
    assert_eq!(run["counts"]["unchanged"], 3, "{run:#}");
    let run = two.sync(0, &["--full"]);
    assert_eq!(run["counts"]["unchanged"], 5, "{run:#}");
    // And is deleted as one.
    two.other.see_tombstones(true);
    two.other.delete("annika").expect("she is there");
    assert_eq!(names(&two.sync(0, &["--full"]), "deleted"), [""; 0]);
    assert_eq!(names(&two.sync(1, &["--full"]), "deleted"), ["annika"]);
    assert_eq!(two.stage.user("alice")["status"], "ok");
}
