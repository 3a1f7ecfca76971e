//! `contrib/`: what is put into cron, systemd and CI is accepted there, says commands that adsync knows,
//! and does what its comments say.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use adsync::testing::Cli;
use clap::Parser;
use testdir::TestDir;
use yaml_rust2::{Yaml, YamlLoader};

use crate::stage::with_users;
use crate::support::adsync::Sandbox;
use crate::support::process;

const LIMIT: Duration = Duration::from_mins(1);
const BINARY: &str = env!("CARGO_BIN_EXE_adsync");

fn contrib(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("contrib")
        .join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The one value of a key in a unit.
fn value<'a>(unit: &'a str, key: &str) -> &'a str {
    let mut values = unit
        .lines()
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    let value = values.next().unwrap_or_else(|| panic!("no {key}"));
    assert_eq!(values.next(), None, "{key} stands twice");
    value
}

#[track_caller]
fn is_known(command_line: &str) {
    if let Err(error) = Cli::try_parse_from(command_line.split_whitespace()) {
        panic!("{command_line}: {error}");
    }
}

fn yaml(name: &str) -> Yaml {
    let mut documents = YamlLoader::load_from_str(&contrib(name)).expect("YAML");
    assert_eq!(documents.len(), 1, "{name}");
    documents.remove(0)
}

/// Runs one of systemd's tools on the unit files, which name this build of adsync.
#[track_caller]
fn systemd_analyze(arguments: &[&str]) {
    let tool = process::find("systemd-analyze")
        .expect("`systemd-analyze` is needed: apt-get install --no-install-recommends systemd");
    let folder = tempfile::tempdir().expect("the temporary directory is writable");
    let units: Vec<PathBuf> = ["adsync.service", "adsync.timer"]
        .map(|name| {
            let unit = contrib(&format!("systemd/{name}")).replace("/usr/bin/adsync", BINARY);
            let path = folder.path().join(name);
            fs::write(&path, unit).expect("a fresh folder is writable");
            path
        })
        .to_vec();
    let mut command = Command::new(tool);
    command.args(arguments);
    match arguments[0] {
        "verify" => command.args(&units),
        _ => command.arg(&units[0]),
    };
    let finished = process::run(&mut command, b"", LIMIT);
    let said = String::from_utf8_lossy(&[finished.stdout, finished.stderr].concat()).into_owned();
    assert!(finished.status.success(), "{arguments:?}: {said}");
    // It ends with 0 at a key that it does not know, too.
    assert!(arguments[0] != "verify" || said.is_empty(), "{said}");
}

#[test]
fn systemd_takes_the_units() {
    systemd_analyze(&["verify", "--man=no"]);
    // From 0 to 10, in tenths: a service without any protection has 9.6.
    systemd_analyze(&["security", "--offline=yes", "--threshold=15", "--no-pager"]);
    let service = contrib("systemd/adsync.service");
    assert_eq!(value(&service, "ExecStart"), "/usr/bin/adsync sync -q");
    is_known(value(&service, "ExecStart"));
    // What adsync looks for, where systemd puts it.
    assert_eq!(
        value(&service, "LoadCredential"),
        "password:/etc/adsync/password"
    );
}

#[test]
fn the_account_of_the_service_is_made() {
    let account = contrib("systemd/adsync.sysusers");
    let line = account
        .lines()
        .find(|line| !line.starts_with('#'))
        .expect("a line");
    let words: Vec<&str> = line.split_whitespace().collect();
    let user = value(&contrib("systemd/adsync.service"), "User").to_owned();
    let folder = value(&contrib("systemd/adsync.service"), "StateDirectory").to_owned();
    assert_eq!(
        words,
        ["u", &user, "-", "\"adsync\"", &format!("/var/lib/{folder}")]
    );
}

#[test]
fn cron_is_told_when_who_and_what() {
    let table = contrib("cron/adsync");
    let lines: Vec<&str> = table
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#') && !line.contains('='))
        .collect();
    let [line] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[5], "adsync", "the account");
    is_known(&words[6..].join(" "));
}

#[test]
fn gitlab_takes_something_to_do_as_a_warning() {
    let job = &yaml("ci/gitlab-ci.yml")["adsync"];
    let script: Vec<&str> = texts(&job["script"]);
    for line in &script {
        is_known(line);
    }
    let (directory, sandbox) = with_users(&["alice"]);
    sandbox.run(&["import", "--all"]).expect_code(0);
    // GitLab runs the lines one after the other until one fails.
    let script = format!("set -e\n{}", script.join("\n"));
    assert_eq!(shell(&script, &sandbox).0, 0);
    change(&directory);
    let (code, _) = shell(&script, &sandbox);
    assert_eq!(code, 3);
    let allowed: Vec<i64> = job["allow_failure"]["exit_codes"]
        .as_vec()
        .expect("a list")
        .iter()
        .filter_map(Yaml::as_i64)
        .collect();
    assert_eq!(allowed, [i64::from(code)]);
    drop(directory);
    assert_eq!(shell(&script, &sandbox).0, 5);
}

#[test]
fn github_takes_something_to_do_as_a_warning() {
    let job = &yaml("ci/github-actions.yml")["jobs"]["adsync"];
    let steps = job["steps"].as_vec().expect("steps");
    let script: Vec<&str> = steps
        .iter()
        .filter_map(|step| step["run"].as_str())
        .collect();
    is_known(script[0]);
    let (directory, sandbox) = with_users(&["alice"]);
    sandbox.run(&["import", "--all"]).expect_code(0);
    // GitHub runs each step with `bash -e`.
    let script = format!("set -e\n{}", script.join("\n"));
    let (code, said) = shell(&script, &sandbox);
    assert_eq!((code, said.contains("::warning")), (0, false), "{said}");
    change(&directory);
    let (code, said) = shell(&script, &sandbox);
    assert_eq!((code, said.contains("::warning")), (0, true), "{said}");
    drop(directory);
    assert_eq!(shell(&script, &sandbox).0, 5);
}

fn texts(list: &Yaml) -> Vec<&str> {
    let list = list.as_vec().expect("a list");
    list.iter().filter_map(Yaml::as_str).collect()
}

fn change(directory: &TestDir) {
    directory
        .replace("alice", "mail", ["new@example.com"])
        .expect("alice is there");
}

/// Runs a script as CI does, with this build of adsync.
fn shell(script: &str, sandbox: &Sandbox) -> (i32, String) {
    let folder = Path::new(BINARY).parent().expect("it lies in a folder");
    let mut path = folder.as_os_str().to_owned();
    path.push(":/usr/bin:/bin");
    let mut bash = Command::new("bash");
    bash.args(["-c", script])
        .current_dir(sandbox.path())
        .env("PATH", path)
        .env("ADSYNC_CONFIG", "adsync.toml");
    let finished = process::run(&mut bash, b"", LIMIT);
    let said = String::from_utf8_lossy(&finished.stdout).into_owned();
    (finished.status.code().unwrap_or(-1), said)
}
