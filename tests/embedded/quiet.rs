//! `-q`: what stands as the last run left it is counted, and where there is nothing else, nothing is said.

use testdir::What;

use crate::support::adsync::Answer;
use crate::support::embedded::{ELSEWHERE, Stage};

const WAYS: [&[&str]; 3] = [
    &["sync", "-q"],
    &["sync", "-q", "--full"],
    &["sync", "-q", "--users", "alice,bob,carol,dave,erin"],
];

/// Bob is missing, carol is a duplicate, dave cannot be used, and erin is out of scope.
fn stage() -> Stage {
    let stage = Stage::imported(&["alice", "bob", "carol", "dave", "erin"]);
    for (name, email) in [("robot", "robot@example.com"), ("desk", "desk@example.com")] {
        stage.run(&["add", name, "--email", email]).expect_code(0);
    }
    stage.change(|directory| directory.delete("bob"));
    stage.set("carol", "mail", "robot@example.com");
    stage.set("dave", "sAMAccountName", "");
    stage.change(|directory| directory.move_to("erin", ELSEWHERE));
    stage
}

#[track_caller]
fn lists(answer: &Answer, names: &[&str]) {
    for name in ["bob", "carol", "dave", "erin"] {
        let has = |line: &str| line.split_whitespace().nth(1) == Some(name);
        let is_listed = answer.stdout.lines().any(has);
        assert_eq!(is_listed, names.contains(&name), "{name}: {answer}");
    }
}

#[track_caller]
fn says_nothing(answer: &Answer) {
    let said = (answer.stdout.as_str(), answer.stderr.as_str());
    assert_eq!(said, ("", ""), "{answer}");
}

#[test]
fn what_stands_as_it_stood_is_said_once() {
    for way in WAYS {
        let stage = stage();
        lists(
            &stage.run(way).expect_code(7),
            &["bob", "carol", "dave", "erin"],
        );
        for way in WAYS {
            says_nothing(&stage.run(way).expect_code(7));
            says_nothing(&stage.run(&[way, &["--dry-run"]].concat()).expect_code(7));
        }
        // A new reason is news, and the others are counted.
        stage.set("carol", "mail", "desk@example.com");
        let answer = stage.run(way).expect_code(7);
        lists(&answer, &["carol"]);
        for count in ["1 duplicate", "1 missing", "1 out_of_scope", "1 failed"] {
            assert!(answer.stdout.contains(count), "{count}: {answer}");
        }
        says_nothing(&stage.run(way).expect_code(7));
    }
}

#[test]
fn a_dry_run_or_a_refused_one_tells_nothing_to_the_next() {
    for way in WAYS {
        let mut stage = stage();
        let all = ["bob", "carol", "dave", "erin"];
        lists(
            &stage.run(&[way, &["--dry-run"]].concat()).expect_code(7),
            &all,
        );
        stage.configure_sync("max_modified = 0");
        stage.set("alice", "mail", "new@example.com");
        let refused = stage.run(way).expect_code(4);
        lists(&refused, &all);
        assert!(refused.stderr.contains("error: "), "{refused}");
        stage.set("alice", "mail", "alice@example.com");
        lists(&stage.run(way).expect_code(7), &all);
        // A refusal is said each time, what stands is not listed again.
        stage.set("alice", "mail", "new@example.com");
        for _ in 0..2 {
            let refused = stage.run(way).expect_code(4);
            lists(&refused, &[]);
            assert!(refused.stdout.contains("modified  alice"), "{refused}");
            assert!(refused.stderr.contains("hint: "), "{refused}");
        }
        stage.set("alice", "mail", "alice@example.com");
        says_nothing(&stage.run(way).expect_code(7));
    }
}

#[test]
fn an_error_and_a_warning_are_always_said() {
    let mut stage = stage();
    stage.run(WAYS[0]).expect_code(7);
    let search = testdir::When::search();
    stage.directory.fault(search, What::answer(50, "no"));
    for _ in 0..2 {
        let answer = stage.run(WAYS[1]).expect_code(5);
        assert!(answer.stderr.contains("error: "), "{answer}");
    }
    stage.directory.clear_faults();
    stage.configure(|settings| settings.urls.insert(0, "ldap://127.0.0.1:1".to_owned()));
    for _ in 0..2 {
        let answer = stage.run(WAYS[0]).expect_code(7);
        assert_eq!(answer.stdout, "", "{answer}");
        assert!(answer.stderr.contains("warning: "), "{answer}");
    }
}

#[test]
fn each_of_them_is_news_by_itself() {
    type Happens = fn(&Stage);
    let alone: [(&str, Happens); 4] = [
        ("bob", |stage| stage.change(|it| it.delete("bob"))),
        ("carol", |stage| {
            stage.set("carol", "mail", "robot@example.com");
        }),
        ("dave", |stage| stage.set("dave", "sAMAccountName", "")),
        ("erin", |stage| {
            stage.change(|it| it.move_to("erin", ELSEWHERE));
        }),
    ];
    for way in WAYS {
        for (name, happens) in alone {
            let stage = Stage::imported(&["alice", "bob", "carol", "dave", "erin"]);
            let robot = ["add", "robot", "--email", "robot@example.com"];
            stage.run(&robot).expect_code(0);
            happens(&stage);
            lists(&stage.run(way), &[name]);
            says_nothing(&stage.run(way));
        }
    }
}
