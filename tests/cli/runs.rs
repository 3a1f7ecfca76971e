//! What a sync prints, word for word: one story with every kind of result, in every format.

use testdir::{TestDir, User};

use crate::golden;
use crate::stage::{add, settings, users};
use crate::support::adsync::{Answer, Sandbox};

const STAFF: &str = "OU=Staff,DC=corp,DC=example,DC=com";
const ALUMNI: &str = "OU=Alumni,DC=corp,DC=example,DC=com";

/// Thirteen people were imported, and two local users were there before them. Then this happened:
/// alice has a new address and no telephone any more; erin married; frank is on leave; bob and grace
/// left; carol and heidi want what others hold; ivan moved to the alumni, and so did niaj, who has a new
/// address as well; mallory got a telephone number that nobody can dial; oscar is nowhere, and no
/// tombstone tells of him; judy and peggy are as they were.
pub(crate) fn office() -> (TestDir, Sandbox) {
    let directory = TestDir::builder()
        .see_tombstones(true)
        .start()
        .expect("a server on loopback starts");
    let people = [
        "alice", "bob", "carol", "erin", "frank", "grace", "heidi", "ivan", "judy", "mallory",
        "niaj", "oscar", "peggy",
    ];
    for username in people {
        directory
            .add_user(username)
            .expect("a fresh directory takes any user");
    }
    let mut settings = settings(&directory.url());
    settings.base_dn = Some(STAFF.to_owned());
    let sandbox = Sandbox::new(&settings);
    add(
        &sandbox,
        &[
            "dave",
            "--email",
            "dave@example.com",
            "--first-name",
            "Dave",
        ],
    );
    add(&sandbox, &["Trent"]);
    let import = sandbox.run(&["import", "--all"]).expect_code(0);
    golden::check("tests/cli/golden/import.txt", &import.stdout);

    directory
        .edit(|it| {
            it.replace("alice", "mail", ["alice@new.example.com"])?;
            it.replace("alice", "telephoneNumber", Vec::<&str>::new())?;
            it.replace("carol", "mail", ["Dave@Example.com"])?;
            it.replace("erin", "sn", ["O'Hara"])?;
            it.rename("erin", "CN=erin.ohara")?;
            it.replace("erin", "sAMAccountName", ["erin.ohara"])?;
            it.replace("frank", "userAccountControl", ["514"])?;
            it.replace("heidi", "mail", ["judy@example.com"])?;
            it.replace("heidi", "sAMAccountName", ["trent"])?;
            it.replace("mallory", "telephoneNumber", ["9".repeat(1025)])?;
            it.move_to("ivan", ALUMNI)?;
            it.move_to("niaj", ALUMNI)?;
            it.replace("niaj", "mail", ["niaj@alumni.example.com"])?;
            it.forget("oscar")?;
            it.delete("bob")?;
            it.delete("grace")
        })
        .expect("they are all there");
    (directory, sandbox)
}

/// The JSON with the time and the duration of the run taken out.
fn timeless(answer: &Answer) -> String {
    let object = answer.json();
    let started_at = object["started_at"].as_str().expect("a time");
    let is_time = started_at.parse::<jiff::Timestamp>().is_ok() && started_at.ends_with('Z');
    assert!(is_time && started_at.len() == 20, "{started_at}");
    let duration = object["duration_ms"].as_u64().expect("milliseconds");
    answer
        .stdout
        .replace(&format!("\"{started_at}\""), "\"TIME\"")
        .replace(
            &format!("\"duration_ms\": {duration}"),
            "\"duration_ms\": 0",
        )
}

#[test]
fn a_sync_as_a_table() {
    let (_directory, sandbox) = office();
    let dry_run = sandbox.run(&["sync", "--dry-run"]).expect_code(7);
    golden::check_at_any_time("tests/cli/golden/sync-dry-run.txt", &dry_run.stdout);
    let sync = sandbox.run(&["sync"]).expect_code(7);
    golden::check_at_any_time("tests/cli/golden/sync.txt", &sync.stdout);
    let again = sandbox.run(&["sync"]).expect_code(7);
    golden::check_at_any_time("tests/cli/golden/sync-again.txt", &again.stdout);
    for answer in [dry_run, sync, again] {
        assert_eq!(answer.stderr, "", "{answer}");
    }
}

#[test]
fn a_sync_as_json() {
    let (_directory, sandbox) = office();
    let dry_run = sandbox
        .run(&["sync", "--dry-run", "--format", "json"])
        .expect_code(7);
    golden::check("tests/cli/golden/sync-dry-run.json", &timeless(&dry_run));
    let sync = sandbox.run(&["sync", "--format", "json"]).expect_code(7);
    golden::check("tests/cli/golden/sync.json", &timeless(&sync));
}

/// As AD tools write it, the first three groups byte-swapped; the server sends the bytes.
#[test]
fn an_identity_is_written_as_ad_tools_write_it() {
    let (directory, sandbox) = office();
    let expected = directory
        .edit(|it| it.guid("alice"))
        .expect("alice is there")
        .hyphenated()
        .to_string();
    let alice = &users(&sandbox)[0];
    assert_eq!(alice["username"], "alice");
    assert_eq!(alice["guid"], expected);
}

#[test]
fn a_sync_as_csv() {
    let (_directory, sandbox) = office();
    let sync = sandbox.run(&["sync", "--format", "csv"]).expect_code(7);
    golden::check("tests/cli/golden/sync.csv", &sync.stdout);
}

#[test]
fn the_store_after_a_sync() {
    let (_directory, sandbox) = office();
    sandbox.run(&["sync"]).expect_code(7);
    let mut times: Vec<String> = users(&sandbox)
        .iter()
        .filter_map(|user| user["synced_at"].as_str().map(str::to_owned))
        .collect();
    times.sort();
    times.dedup();
    let timeless = |mut text: String| {
        for time in &times {
            let at_the_terminal = time.replace('T', " ").replace('Z', " UTC");
            text = text.replace(time, "TIME").replace(&at_the_terminal, "TIME");
        }
        text
    };
    let list = |format: &str| {
        sandbox
            .run(&["list", "--format", format])
            .expect_code(0)
            .stdout
    };
    golden::check("tests/cli/golden/list.txt", &timeless(list("table")));
    golden::check("tests/cli/golden/list.json", &timeless(list("json")));
    golden::check("tests/cli/golden/list.csv", &timeless(list("csv")));
}

#[test]
fn a_sync_that_the_guard_refuses() {
    let (directory, sandbox) = office();
    for username in ["alice", "carol", "erin.ohara", "frank"] {
        directory.delete(username).expect("they are there");
    }
    let users = || {
        sandbox
            .run(&["list", "--format", "json"])
            .expect_code(0)
            .stdout
    };
    let before = users();
    let refused = sandbox.run(&["sync"]).expect_code(4);
    golden::check_at_any_time("tests/cli/golden/sync-refused.txt", &refused.stdout);
    golden::check("tests/cli/golden/sync-refused.stderr.txt", &refused.stderr);
    assert_eq!(before, users(), "somebody was touched");
}

#[test]
fn a_search_in_every_format() {
    let (_directory, sandbox) = office();
    for (format, file) in [
        ("table", "search.txt"),
        ("json", "search.json"),
        ("csv", "search.csv"),
    ] {
        let search = sandbox
            .run(&["search", "e", "--format", format])
            .expect_code(0);
        golden::check(&format!("tests/cli/golden/{file}"), &search.stdout);
    }
}

#[test]
fn the_exit_codes_of_a_rehearsal() {
    let (directory, sandbox) = crate::stage::with_users(&["alice", "bob"]);
    let run = |arguments: &[&str], code: i32| {
        sandbox.run(arguments).expect_code(code);
    };
    run(&["import", "--all", "--dry-run"], 0);
    run(&["import", "--all", "--dry-run", "--exit-code"], 3);
    run(&["import", "--all"], 0);
    run(&["sync", "--dry-run", "--exit-code"], 0);
    directory
        .replace("alice", "mail", ["new@example.com"])
        .expect("alice is there");
    run(&["sync", "--dry-run", "--exit-code"], 3);
    run(&["sync", "--dry-run"], 0);
    run(&["sync"], 0);
    // A duplicate is nothing to do, and no failure unless it is to be one.
    directory
        .add_user(User::new("carol").email("bob@example.com"))
        .expect("carol is new");
    run(&["import", "--all", "--dry-run", "--exit-code"], 0);
    run(&["import", "--all", "--strict"], 7);
    run(&["import", "--all"], 0);
    // Who is missing is kept, and that is nothing to do, nor a failure unless it is to be one.
    let delete_missing = ["sync", "--delete-missing", "--dry-run", "--exit-code"];
    directory.delete("alice").expect("alice is there");
    run(&["sync", "--dry-run", "--exit-code"], 0);
    run(&["sync", "--dry-run", "--strict"], 7);
    run(&["sync", "--strict"], 7);
    run(&delete_missing, 3);
    // Two deletions of two would be all of them.
    directory.see_tombstones(true);
    directory.delete("bob").expect("bob is there");
    run(&["sync", "--dry-run", "--exit-code"], 4);
    run(&["sync", "--allow-deletes", "1"], 4);
    run(&["sync", "--allow-deletes", "2", "--dry-run"], 0);
    run(&["sync", "--allow-deletes", "2"], 0);
}

#[test]
fn the_history_is_bounded_and_its_changes_are_listed() {
    let sandbox = crate::stage::alone();
    for name in ["alice", "bob"] {
        sandbox.run(&["add", name]).expect_code(0);
    }
    sandbox.run(&["remove", "bob"]).expect_code(0);
    let lines = |arguments: &[&str]| {
        let answer = sandbox.run(&[&["history", "--format", "csv"], arguments].concat());
        answer.expect_code(0).stdout.lines().count() - 1
    };
    assert_eq!(lines(&["--since", "2000-01-01"]), 3);
    assert_eq!(lines(&["--since", "2000-01-01", "--limit", "2"]), 2);
    assert_eq!(lines(&["--until", "2000-01-01"]), 0);
    assert_eq!(lines(&["--since", "2999-01-01T00:00:00Z"]), 0);
    let answer = sandbox
        .run(&["history", "--action", "deleted", "--format", "json"])
        .expect_code(0);
    let changes = answer.json()["changes"].clone();
    assert_eq!(changes.as_array().map(Vec::len), Some(1), "{answer}");
    assert_eq!(changes[0]["username"], "bob");
    let all = sandbox
        .run(&["history", "--changes", "--format", "json"])
        .expect_code(0)
        .json();
    assert_eq!(all["changes"].as_array().map(Vec::len), Some(3));
    let answer = sandbox
        .run(&["history", "--since", "yesterday"])
        .expect_code(2);
    assert!(
        answer.stderr.contains("it must be a date or a time"),
        "{answer}"
    );
}
