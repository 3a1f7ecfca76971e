//! `metrics_file`: what Prometheus is told of a run, however it ended.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use testdir::TestDir;

use crate::stage::{add, assert_says, set_mode, settings, with_users};
use crate::support::adsync::{Sandbox, Settings};
use crate::support::process;

/// A directory with these users, and settings that name a file for metrics.
fn measured(usernames: &[&str]) -> (TestDir, Sandbox) {
    let (directory, sandbox) = with_users(usernames);
    sandbox.configure(&with_metrics(&directory.url(), &sandbox));
    (directory, sandbox)
}

fn with_metrics(url: &str, sandbox: &Sandbox) -> Settings {
    let mut settings = settings(url);
    settings.more_sync = format!("metrics_file = \"{}\"", file(sandbox).display());
    settings
}

fn file(sandbox: &Sandbox) -> PathBuf {
    sandbox.path().join("home/adsync.prom")
}

/// The samples of the file. Sees that it keeps the rules of the exposition format on the way.
#[track_caller]
fn samples(sandbox: &Sandbox) -> BTreeMap<String, f64> {
    let text = fs::read_to_string(file(sandbox)).expect("there is a file");
    assert!(text.ends_with('\n'), "{text}");
    let mut samples = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let (mut helped, mut typed) = ("", "");
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            helped = rest.split_once(' ').expect("a text").0;
            assert!(seen.insert(helped), "{helped} is described twice");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            assert_eq!(rest, format!("{helped} gauge"));
            typed = helped;
        } else {
            let (name, value) = line.rsplit_once(' ').expect("a value");
            // All samples of a metric stand below its type.
            let metric = name.split('{').next().expect("a name");
            assert_eq!(metric, typed, "{line}");
            let value: f64 = value.parse().expect("a number");
            assert!(
                samples.insert(name.to_owned(), value).is_none(),
                "{name} stands twice"
            );
        }
    }
    samples
}

#[track_caller]
fn assert_has(samples: &BTreeMap<String, f64>, wanted: &[(&str, f64)]) {
    for (name, value) in wanted {
        let found = samples.get(&format!("adsync_{name}"));
        assert_eq!(found, Some(value), "{name} in {samples:#?}");
    }
}

fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("it is past 1970").as_secs_f64()
}

#[test]
fn a_run_says_how_it_went() {
    let (directory, sandbox) = measured(&["alice", "bob", "carol"]);
    let before = now() - 1.0;
    sandbox.run(&["import", "--all"]).expect_code(0);
    assert_has(
        &samples(&sandbox),
        &[
            ("last_run_info{command=\"import\",mode=\"full\"}", 1.0),
            ("last_run_exit_code", 0.0),
            ("last_run_users{result=\"imported\"}", 3.0),
            ("users{source=\"directory\",status=\"ok\"}", 3.0),
            ("users{source=\"local\",status=\"ok\"}", 0.0),
        ],
    );

    add(&sandbox, &["robot", "--email", "robot@example.com"]);
    directory
        .replace("alice", "mail", ["new@example.com"])
        .expect("alice is there");
    directory
        .replace("bob", "mail", ["robot@example.com"])
        .expect("bob is there");
    sandbox.run(&["sync"]).expect_code(0);
    let metrics = samples(&sandbox);
    assert_has(
        &metrics,
        &[
            ("last_run_exit_code", 0.0),
            ("last_run_checked_users", 3.0),
            ("last_run_users{result=\"modified\"}", 1.0),
            ("last_run_users{result=\"duplicate\"}", 1.0),
            ("last_run_users{result=\"imported\"}", 0.0),
            ("users{source=\"directory\",status=\"ok\"}", 2.0),
            ("users{source=\"directory\",status=\"duplicate\"}", 1.0),
            ("users{source=\"local\",status=\"ok\"}", 1.0),
        ],
    );
    // Seconds, and of now: not milliseconds, and not local time.
    for name in [
        "last_run_timestamp_seconds",
        "last_success_timestamp_seconds{command=\"sync\"}",
        "last_success_timestamp_seconds{command=\"import\"}",
    ] {
        let at = metrics[&format!("adsync_{name}")];
        assert!((before..=now() + 1.0).contains(&at), "{name} {at}");
    }
    let took = metrics["adsync_last_run_duration_seconds"];
    assert!(took > 0.0 && took < 60.0, "{took}");
}

#[test]
fn a_run_that_fails_says_so_and_keeps_when_one_succeeded() {
    let (directory, sandbox) = measured(&["alice", "bob"]);
    sandbox.run(&["import", "--all"]).expect_code(0);
    sandbox.run(&["sync"]).expect_code(0);
    let success = "adsync_last_success_timestamp_seconds{command=\"sync\"}";
    let succeeded = samples(&sandbox)[success];
    let fails = |exit_code: f64| {
        let metrics = samples(&sandbox);
        assert_has(&metrics, &[("last_run_exit_code", exit_code)]);
        assert!((metrics[success] - succeeded).abs() < 0.001, "{metrics:#?}");
        metrics
    };
    // The file is written anew from the history: what was in it does not matter.
    fs::write(file(&sandbox), "# HELP adsync_nonsense").expect("the sandbox is writable");

    // 4: the guard.
    directory.see_tombstones(true);
    for user in ["alice", "bob"] {
        directory.delete(user).expect("the user is there");
    }
    sandbox.run(&["sync"]).expect_code(4);
    assert_has(
        &fails(4.0),
        &[("users{source=\"directory\",status=\"ok\"}", 2.0)],
    );

    // 2: settings that lead to no password.
    let password = fs::read_to_string(sandbox.password_file()).expect("it was written");
    fs::remove_file(sandbox.password_file()).expect("it is there");
    sandbox.run(&["sync"]).expect_code(2);
    assert_has(&fails(2.0), &[("last_run_users{result=\"deleted\"}", 0.0)]);
    fs::write(sandbox.password_file(), password).expect("the sandbox is writable");
    set_mode(&sandbox.password_file(), 0o600);

    // 6: another run holds the store.
    let lock = fs::File::open(sandbox.path().join("store/users.db.lock")).expect("it is there");
    lock.lock().expect("nobody holds it");
    sandbox.run(&["sync"]).expect_code(6);
    assert_has(
        &fails(6.0),
        &[("last_run_info{command=\"sync\",mode=\"\"}", 1.0)],
    );
    drop(lock);

    // 5: nobody answers.
    drop(directory);
    sandbox.run(&["sync"]).expect_code(5);
    assert_has(
        &fails(5.0),
        &[("users{source=\"directory\",status=\"ok\"}", 2.0)],
    );

    // 1: the store is none.
    fs::write(
        sandbox.store_path(),
        "no database, but a text that is long enough to be taken for one",
    )
    .expect("the sandbox is writable");
    sandbox.run(&["sync"]).expect_code(1);
    let metrics = samples(&sandbox);
    assert_has(&metrics, &[("last_run_exit_code", 1.0)]);
    assert!(
        !metrics.keys().any(|it| it.starts_with("adsync_users")),
        "{metrics:#?}"
    );
}

#[test]
fn a_run_that_leaves_users_out_is_a_success_with_an_exit_code() {
    let (directory, sandbox) = measured(&["alice", "bob"]);
    sandbox.run(&["import", "--all"]).expect_code(0);
    let too_long = "x".repeat(100_000);
    directory
        .replace("bob", "givenName", [too_long.as_str()])
        .expect("bob is there");
    sandbox.run(&["sync"]).expect_code(7);
    let metrics = samples(&sandbox);
    assert_has(
        &metrics,
        &[
            ("last_run_exit_code", 7.0),
            ("last_run_users{result=\"failed\"}", 1.0),
            ("users{source=\"directory\",status=\"failed\"}", 1.0),
        ],
    );
    assert!(metrics.contains_key("adsync_last_success_timestamp_seconds{command=\"sync\"}"));
}

#[test]
fn a_run_of_a_few_is_no_sync_of_all() {
    let (_directory, sandbox) = measured(&["alice"]);
    sandbox.run(&["import", "--all"]).expect_code(0);
    sandbox.run(&["sync", "--users", "alice"]).expect_code(0);
    let metrics = samples(&sandbox);
    assert_has(
        &metrics,
        &[("last_run_info{command=\"sync\",mode=\"selected\"}", 1.0)],
    );
    assert!(!metrics.contains_key("adsync_last_success_timestamp_seconds{command=\"sync\"}"));
}

#[test]
fn what_is_no_run_is_not_measured() {
    let (_directory, sandbox) = measured(&["alice"]);
    add(&sandbox, &["zoe"]);
    for (code, arguments) in [
        (0, &["import", "--all", "--dry-run"][..]),
        (0, &["sync", "--dry-run"]),
        (2, &["sync", "--users", "nobody"]),
        (0, &["list"]),
        (0, &["check"]),
    ] {
        sandbox.run(arguments).expect_code(code);
        assert!(!file(&sandbox).exists(), "{arguments:?}");
    }
}

#[test]
fn everybody_may_read_the_file_whatever_the_umask() {
    let (_directory, sandbox) = measured(&["alice"]);
    let import = sandbox.prepare(&["import", "--all"]).into_command();
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 077; exec \"$@\"", "sh"]);
    shell
        .arg(import.get_program())
        .args(import.get_args())
        .env("ADSYNC_CONFIG", sandbox.config_file())
        .current_dir(sandbox.path());
    let finished = process::run(&mut shell, b"", Duration::from_mins(1));
    assert!(finished.status.success());
    let mode = fs::metadata(file(&sandbox))
        .expect("there is a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o644);
}

#[test]
fn a_file_that_cannot_be_written_fails_no_run() {
    let (directory, sandbox) = with_users(&["alice"]);
    let mut settings = settings(&directory.url());
    settings.more_sync = "metrics_file = \"/nowhere/adsync.prom\"".to_owned();
    sandbox.configure(&settings);
    let answer = sandbox.run(&["import", "--all", "-q"]).expect_code(0);
    assert_says(
        &answer,
        &["warning: cannot write the metrics_file /nowhere/adsync.prom"],
    );
    sandbox.run(&["sync"]).expect_code(0);
    // The failure of the run stays the failure that is told.
    drop(directory);
    let failed = sandbox.run(&["sync"]).expect_code(5);
    assert_says(&failed, &["warning: ", "error: cannot connect"]);
}

/// A run only warns where its metrics cannot be written, which nobody reads at night.
#[test]
fn check_says_whether_they_can_be_written() {
    let (_directory, sandbox) = measured(&["alice"]);
    let checked = |code| sandbox.run(&["check"]).expect_code(code);
    assert!(
        checked(0).stdout.contains("ok    metrics"),
        "{}",
        checked(0)
    );
    assert!(!file(&sandbox).exists(), "it leaves no trace");
    fs::write(file(&sandbox), "notes").expect("the sandbox is writable");
    let told = checked(0);
    for words in [
        "warn  metrics",
        "not a metrics file of adsync",
        "under [sync]",
    ] {
        assert!(told.stdout.contains(words), "{told}");
    }
}

/// What `promtool` says of the rules of the page, where those series stand still since the epoch: each case is
/// the hour, the alert, and the labels with which it fires, if it does.
#[track_caller]
fn assert_alerts(series: &[(String, f64)], cases: &[(u32, &str, Option<&str>)]) {
    let page = fs::read_to_string("docs/operations.md").expect("the page");
    let blocks = page.split("```yaml\n").skip(1);
    let mut blocks = blocks.filter_map(|it| it.split("```").next());
    let rules = blocks.find(|it| it.starts_with("groups:"));
    let folder = tempfile::tempdir().expect("the temporary directory is writable");
    fs::write(folder.path().join("rules.yml"), rules.expect("rules")).expect("a fresh folder");
    let series: Vec<String> = series
        .iter()
        .map(|(name, value)| format!("{{series: '{name}', values: '{value}x9000'}}"))
        .collect();
    let cases: Vec<String> = cases
        .iter()
        .map(|(hour, alert, labels)| {
            let fires = labels.map(|it| format!("{{exp_labels: {it}}}"));
            let fires = fires.unwrap_or_default();
            format!("{{eval_time: {hour}h, alertname: {alert}, exp_alerts: [{fires}]}}")
        })
        .collect();
    let test = format!(
        "rule_files: [rules.yml]\ntests: [{{interval: 1m, input_series: [{}], alert_rule_test: [{}]}}]\n",
        series.join(", "),
        cases.join(", ")
    );
    fs::write(folder.path().join("test.yml"), test).expect("a fresh folder");
    let promtool = process::find("promtool").expect(
        "promtool is not installed; scripts/install-test-deps.sh installs what the tests need",
    );
    let mut command = Command::new(promtool);
    command.args(["test", "rules", "test.yml"]);
    command.current_dir(folder.path());
    let finished = process::run(&mut command, b"", Duration::from_mins(1));
    let said = [finished.stdout, finished.stderr].concat();
    assert!(
        finished.status.success(),
        "{}",
        String::from_utf8_lossy(&said)
    );
}

/// The samples of the last run, as if the last success was at the epoch.
fn since_success(sandbox: &Sandbox) -> Vec<(String, f64)> {
    let samples = samples(sandbox).into_iter();
    let at_epoch = |name: &str| name.contains("timestamp_seconds");
    samples
        .map(|(name, value)| {
            let value = if at_epoch(&name) { 0.0 } else { value };
            (name, value)
        })
        .collect()
}

#[test]
fn the_alerts_of_the_page_fire_when_they_should() {
    const SYNC: Option<&str> = Some("{command: sync}");
    let (directory, sandbox) = measured(&["alice", "bob", "carol"]);
    // No metrics file at all, or an import and never a sync.
    assert_alerts(&[], &[(0, "AdsyncStale", SYNC), (1, "AdsyncRefused", None)]);
    sandbox.run(&["import", "--all"]).expect_code(0);
    assert_alerts(&since_success(&sandbox), &[(0, "AdsyncStale", SYNC)]);

    sandbox.run(&["sync"]).expect_code(0);
    let good = [
        (0, "AdsyncStale", None),
        (47, "AdsyncStale", None),
        (49, "AdsyncStale", SYNC),
        (1, "AdsyncRefused", None),
        (100, "AdsyncDuplicates", None),
    ];
    assert_alerts(&since_success(&sandbox), &good);

    add(&sandbox, &["robot", "--email", "robot@example.com"]);
    directory
        .replace("alice", "mail", ["robot@example.com"])
        .expect("alice is there");
    sandbox.run(&["sync"]).expect_code(0);
    let duplicate = Some("{source: directory, status: duplicate}");
    let waits = [
        (71, "AdsyncDuplicates", None),
        (73, "AdsyncDuplicates", duplicate),
    ];
    assert_alerts(&since_success(&sandbox), &waits);

    directory.see_tombstones(true);
    for user in ["alice", "bob", "carol"] {
        directory.delete(user).expect("the user is there");
    }
    sandbox.run(&["sync"]).expect_code(4);
    let refused = [(1, "AdsyncRefused", Some("{}")), (1, "AdsyncStale", None)];
    assert_alerts(&since_success(&sandbox), &refused);
}
