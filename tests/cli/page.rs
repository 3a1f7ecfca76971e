//! `--report FILE.html`: what is in the page, in a real browser, and how its file is written.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::runs::office;
use crate::stage::{add, assert_says, mode, usernames, with_users};
use crate::support::adsync::{Answer, Sandbox};

fn page_of(sandbox: &Sandbox) -> PathBuf {
    sandbox.path().join("report.html")
}

#[track_caller]
fn read(page: &Path) -> String {
    fs::read_to_string(page).unwrap_or_else(|error| panic!("{}: {error}", page.display()))
}

#[track_caller]
fn sync(sandbox: &Sandbox, more: &[&str]) -> Answer {
    sandbox.run(&[&["sync", "--report", "report.html"], more].concat())
}

/// The names of the users that a list shows, in their order.
fn shown(browser: &mut Browser, list: &str) -> Value {
    browser.eval(&format!(
        "Array.from(document.querySelectorAll('#{list} tbody'))
              .filter((body) => body.checkVisibility())
              .map((body) => body.querySelector('th bdi').textContent)"
    ))
}

fn text(browser: &mut Browser, selector: &str) -> Value {
    browser.eval(&format!(
        "document.querySelector({selector:?}).innerText.replace(/\\s+/g, ' ').trim()"
    ))
}

#[test]
fn a_page_is_read_searched_and_sorted() {
    let (_directory, sandbox) = office();
    sync(&sandbox, &[]).expect_code(7);
    let mut browser = Browser::start();
    browser.open(&page_of(&sandbox));

    assert_eq!(text(&mut browser, "h1"), "adsync sync, run 4");
    assert_eq!(
        text(&mut browser, ".numbers"),
        "4 modified 2 deleted 2 duplicate 1 out_of_scope 1 missing 1 failed"
    );
    assert_eq!(
        text(&mut browser, ".others"),
        "13 users checked, 2 unchanged."
    );
    assert_eq!(
        shown(&mut browser, "modified"),
        json!(["alice", "erin", "frank", "niaj"])
    );
    assert_eq!(
        text(&mut browser, "#modified tbody"),
        "alice CN=alice,OU=Staff,DC=corp,DC=example,DC=com email alice@example.com \
         alice@new.example.com contact number +1 555 0100 none"
    );
    assert_eq!(text(&mut browser, "#modified ins"), "new.");
    assert_eq!(
        text(&mut browser, "#deleted tbody"),
        "bob CN=bob,OU=Staff,DC=corp,DC=example,DC=com Bob Example bob@example.com \
         deleted in the directory tombstone"
    );
    assert_eq!(
        text(&mut browser, "#duplicate tbody"),
        "carol CN=carol,OU=Staff,DC=corp,DC=example,DC=com email carol@example.com \
         Dave@Example.com is held by dave (local)"
    );

    let missing = text(&mut browser, "#missing tbody");
    let missing = missing.as_str().unwrap_or_default();
    assert!(
        missing.starts_with("oscar CN=oscar,OU=Staff,DC=corp,DC=example,DC=com 20")
            && missing.contains("neither in the domain nor among its deleted objects"),
        "{missing}"
    );

    browser.eval("document.getElementById('text').focus()");
    browser.type_text("ERIN");
    assert_eq!(shown(&mut browser, "modified"), json!(["erin"]));
    assert_eq!(shown(&mut browser, "deleted"), json!([]));
    assert_eq!(text(&mut browser, "#found"), "1 of 11 found");
    assert_eq!(text(&mut browser, "#modified .count"), "1 of 4");
    browser.type_text(" xyzzy");
    assert_eq!(text(&mut browser, "#found"), "0 of 11 found");
    browser.eval("document.getElementById('text').select()");
    browser.type_text("is held by");
    assert_eq!(shown(&mut browser, "duplicate"), json!(["carol", "heidi"]));
    assert_eq!(text(&mut browser, "#found"), "2 of 11 found");

    browser.open(&page_of(&sandbox));
    let user = "#modified th:nth-child(1) button";
    browser.click(user);
    assert_eq!(
        shown(&mut browser, "modified"),
        json!(["alice", "erin", "frank", "niaj"])
    );
    browser.click(user);
    assert_eq!(
        shown(&mut browser, "modified"),
        json!(["niaj", "frank", "erin", "alice"])
    );
    let sorted = "document.querySelector('#modified [aria-sort]').innerText + ' ' + \
                  document.querySelector('#modified [aria-sort]').getAttribute('aria-sort')";
    assert_eq!(browser.eval(sorted), "User descending");
    // By what the fields were before: alice@…, erin, niaj@…, yes.
    browser.click("#modified th:nth-child(4) button");
    assert_eq!(
        shown(&mut browser, "modified"),
        json!(["alice", "erin", "niaj", "frank"])
    );
    assert_eq!(shown(&mut browser, "deleted"), json!(["bob", "grace"]));

    let url = format!("file://{}", page_of(&sandbox).display());
    assert_eq!(browser.requests(), [url], "something was loaded");
    assert_eq!(browser.complaints(), Vec::<Value>::new());
}

/// Nothing but the page's own style and script is let through, whatever else would get into it.
#[test]
fn values_are_only_shown() {
    const ATTACKS: [&str; 4] = [
        "<script>window.struck=1</script>",
        "\"><img src=x onerror=window.struck=1>",
        "'</bdi></td></table><svg/onload=window.struck=1>{{7*7}}&lt;b&gt;",
        "a\u{202e}gpj.exe\u{2066}\u{1b}[2J\u{85}z",
    ];
    let (directory, sandbox) = with_users(&["eve", "mallory", "zoe"]);
    sandbox.run(&["import", "--all"]).expect_code(0);
    add(&sandbox, &[ATTACKS[0], "--email", ATTACKS[1]]);
    directory
        .edit(|it| {
            it.replace("eve", "givenName", [ATTACKS[0]])?;
            it.replace("eve", "sn", [ATTACKS[1]])?;
            it.replace("eve", "mail", [ATTACKS[2]])?;
            it.replace("eve", "telephoneNumber", [ATTACKS[3]])?;
            it.replace("zoe", "sAMAccountName", [ATTACKS[2]])?;
            it.replace("mallory", "mail", [ATTACKS[1]])
        })
        .expect("a directory takes any value");
    sync(&sandbox, &[]).expect_code(0);
    let html = read(&page_of(&sandbox));
    let harmful = |it: char| (it.is_control() && it != '\n') || "\u{202e}\u{2066}".contains(it);
    assert!(!html.contains(harmful), "{html:?}");

    let mut browser = Browser::start();
    browser.open(&page_of(&sandbox));
    assert_eq!(shown(&mut browser, "modified"), json!(["eve", "zoe"]));
    let cells = "Array.from(document.querySelectorAll('#modified tbody td:last-child'), (it) => it.textContent)";
    assert_eq!(
        browser.eval(cells),
        json!([
            ATTACKS[0],
            ATTACKS[1],
            ATTACKS[2],
            "agpj.exe[2Jz",
            ATTACKS[2]
        ])
    );
    let held = format!("is held by {} (local)", ATTACKS[0]);
    assert_eq!(
        browser.eval("document.querySelector('#duplicate td:last-child').textContent"),
        held.as_str()
    );
    assert_eq!(
        browser.eval("[document.scripts.length, document.querySelectorAll('img, svg').length]"),
        json!([1, 0])
    );
    assert_eq!(browser.eval("typeof window.struck"), "undefined");
    assert_eq!(browser.complaints(), Vec::<Value>::new());
    // And if one got through the escaping, the policy would stop it.
    browser.eval(
        "{ const it = document.createElement('script'); it.textContent = 'window.struck=1'; \
           document.body.append(it); document.body.insertAdjacentHTML('beforeend', \
           '<img src=x onerror=window.struck=1><p style=\"color:red\" id=red>'); }",
    );
    assert_eq!(browser.eval("typeof window.struck"), "undefined");
    assert_ne!(browser.complaints(), Vec::<Value>::new());
}

#[test]
fn a_thousand_changes_open_within_a_second() {
    const MANY: usize = 1000;
    let (directory, sandbox) = with_users(&[]);
    directory
        .edit(|it| it.add_users(MANY))
        .expect("a fresh directory takes them");
    sandbox.run(&["import", "--all"]).expect_code(0);
    directory
        .edit(|it| {
            (1..=MANY).try_for_each(|i| {
                it.replace(&format!("u{i:06}"), "telephoneNumber", [format!("{i}")])?;
                it.replace(&format!("u{i:06}"), "sn", ["Other"])
            })
        })
        .expect("they are there");
    let all = MANY.to_string();
    sync(&sandbox, &["--dry-run", "--allow-modified", &all]).expect_code(0);
    let mut browser = Browser::start();
    browser.open(&page_of(&sandbox));
    let work = browser.work();
    assert!(work < Duration::from_secs(1), "{work:?}");
    assert_eq!(text(&mut browser, ".numbers .modified b"), "1,000");
    browser.eval("document.getElementById('text').focus()");
    browser.type_text("u000777");
    assert_eq!(shown(&mut browser, "modified"), json!(["u000777"]));
}

#[test]
fn a_page_says_when_nothing_was_changed() {
    let (directory, sandbox) = with_users(&["alice", "bob"]);
    let import = |more: &[&str]| {
        let import = ["import", "--all", "--report", "report.html"];
        sandbox.run(&[&import, more].concat()).expect_code(0);
        read(&page_of(&sandbox))
    };
    let dry_run = import(&["--dry-run"]);
    assert!(
        dry_run.contains("Dry run: nothing was changed."),
        "{dry_run}"
    );
    assert!(dry_run.contains("<h1>adsync import</h1>"), "{dry_run}");
    let done = import(&[]);
    assert!(!done.contains("nothing was changed"), "{done}");
    assert!(done.contains("<h1>adsync import, run 1</h1>"), "{done}");
    // Also when there is nothing to say, and nothing is said.
    let quiet = import(&["-q"]);
    assert!(
        quiet.contains("There is nothing to say of anybody."),
        "{quiet}"
    );
    assert!(quiet.contains("2 users checked, 2 unchanged."), "{quiet}");

    directory.see_tombstones(true);
    directory.delete("alice").expect("she is there");
    directory.delete("bob").expect("he is there");
    sync(&sandbox, &[]).expect_code(4);
    let refused = read(&page_of(&sandbox));
    for part in [
        "Refused: nothing was changed.",
        "all 2 users of this run would be deleted",
        "--allow-deletes 2",
        ">alice<",
    ] {
        assert!(refused.contains(part), "{part:?} in\n{refused}");
    }
}

#[test]
fn the_file_is_private_and_whole() {
    let (_directory, sandbox) = with_users(&["alice"]);
    let page = page_of(&sandbox);
    let older = ["import", "--all", "--dry-run", "--report", "report.html"];
    sandbox.run(&older).expect_code(0);
    let link = sandbox.path().join("link.html");
    std::os::unix::fs::symlink(&page, &link).expect("the sandbox is writable");
    sandbox
        .run(&["import", "--all", "--report", "link.html"])
        .expect_code(0);
    assert!(read(&page).ends_with("</html>\n") || read(&page).ends_with("</html>"));
    assert_eq!(mode(&page), 0o600);
    assert!(link.is_symlink(), "the link was replaced");
    let hidden = fs::read_dir(sandbox.path()).expect("it is readable");
    let hidden: Vec<_> = hidden
        .filter_map(|it| it.expect("it is readable").file_name().into_string().ok())
        .filter(|name| name.starts_with('.'))
        .collect();
    assert_eq!(hidden, Vec::<String>::new(), "a draft was left");
}

#[test]
fn a_run_that_is_killed_leaves_nothing_for_good() {
    let (_directory, sandbox) = with_users(&["alice"]);
    let import = ["import", "--all", "--report", "report.html"];
    let hidden = || {
        let files = fs::read_dir(sandbox.path()).expect("it is readable");
        files
            .map(|it| it.expect("it is readable").file_name())
            .filter(|it| it.as_encoded_bytes().starts_with(b"."))
            .count()
    };
    for _ in 0..3 {
        let killed = sandbox
            .prepare(&import)
            .env("ADSYNC_CRASH_AT", "output written")
            .run();
        assert_eq!(killed.code, -1, "{killed}");
        assert!(!page_of(&sandbox).exists());
        assert_eq!(hidden(), 1, "one, however many were killed");
    }
    sandbox.run(&import).expect_code(0);
    assert!(read(&page_of(&sandbox)).contains("<h1>adsync import, run 4</h1>"));
    assert_eq!(hidden(), 0);
}

#[test]
fn a_page_that_cannot_be_written_stops_a_run_before_it_begins() {
    let (_directory, sandbox) = with_users(&["alice"]);
    for (file, says) in [
        ("absent/report.html", "No such file or directory"),
        ("store", "not a file"),
        ("adsync.toml", "it is the settings file"),
        ("password", "it is password_file"),
        ("store/users.db", "it is a file of the store"),
        ("store/users.db.lock", "it is a file of the store"),
        ("/dev/null", "not a file"),
        ("adsync.toml/report.html", "Not a directory"),
    ] {
        let answer = sandbox
            .run(&["import", "--all", "--report", file])
            .expect_code(2);
        assert_says(&answer, &["cannot write the report ", file, says, "hint: "]);
        assert_eq!(answer.stdout, "", "{answer}");
    }
    assert_eq!(usernames(&sandbox), Vec::<String>::new());
    // What failed while it read has nothing to show; the page before it stays.
    let page = page_of(&sandbox);
    let older = ["import", "--all", "--dry-run", "--report", "report.html"];
    sandbox.run(&older).expect_code(0);
    let older = read(&page);
    let nobody = ["import", "--users", "nobody", "--report", "report.html"];
    sandbox.run(&nobody).expect_code(2);
    assert_eq!(read(&page), older);
}

/// Exit code 1 would say that nothing was changed.
#[test]
fn a_page_that_is_lost_at_the_end_is_said() {
    let (directory, sandbox) = with_users(&["alice"]);
    let folder = sandbox.path().join("reports");
    // The folder goes away while the run is under way.
    let mut settings = crate::stage::settings(&directory.url());
    settings.password = None;
    settings.more_directory = format!(
        "password_command = [\"sh\", \"-c\", \"rm -r reports; echo {}\"]",
        testdir::PASSWORD
    );
    sandbox.configure(&settings);
    let import = |code: i32, more: &[&str]| {
        fs::create_dir(&folder).expect("the sandbox is writable");
        let import = ["import", "--all", "--report", "reports/r.html"];
        sandbox.run(&[&import, more].concat()).expect_code(code)
    };
    let dry_run = import(1, &["--dry-run"]);
    assert!(dry_run.stdout.contains("1 imported"), "{dry_run}");
    assert_says(&dry_run, &["error: cannot write the report reports/r.html"]);
    let done = import(7, &["--format", "json"]);
    assert_says(
        &done,
        &[
            "error: run 1 was done, but its report is lost: cannot write the report reports/r.html",
            "`adsync history 1`",
        ],
    );
    assert_eq!(done.json()["counts"]["imported"], 1);
    assert_eq!(done.json()["error"]["kind"], "output_failed");
    assert_eq!(usernames(&sandbox), ["alice"]);
}

/// The policy of the page names its style and its script by their hashes.
#[test]
fn the_policy_is_that_of_the_style_and_the_script() {
    let (_directory, sandbox) = with_users(&["alice"]);
    sandbox
        .run(&["import", "--all", "--report", "report.html"])
        .expect_code(0);
    let html = read(&page_of(&sandbox));
    for element in ["style", "script"] {
        let (_, rest) = html
            .split_once(&format!("<{element}>"))
            .expect("it is there");
        let (text, _) = rest.split_once(&format!("</{element}>")).expect("it ends");
        let policy = format!("{element}-src 'sha256-{}'", hash(text));
        assert!(
            html.contains(&policy),
            "put into templates/report.html: {policy}"
        );
    }
}

fn hash(text: &str) -> String {
    let mut openssl = Command::new("sh")
        .args(["-c", "openssl dgst -sha256 -binary | openssl base64"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sh starts");
    let mut input = openssl.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut input, text.as_bytes()).expect("openssl reads");
    drop(input);
    let output = openssl.wait_with_output().expect("openssl ends");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
