//! Sets the stage: a sandbox with or without a directory.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use testdir::TestDir;

use crate::support::adsync::{Answer, Sandbox, Settings};
use crate::support::process;

/// Nobody listens on port 1: what needs no directory works, what needs one is refused at once.
pub(crate) const NO_SERVER: &str = "ldap://127.0.0.1:1";

/// Settings that log in as the service account of `testdir`.
pub(crate) fn settings(url: &str) -> Settings {
    Settings {
        username: Some(testdir::USERNAME.to_owned()),
        password: Some(testdir::PASSWORD.to_owned()),
        ..Settings::for_url(url)
    }
}

/// A sandbox whose directory cannot be reached.
pub(crate) fn alone() -> Sandbox {
    Sandbox::new(&settings(NO_SERVER))
}

/// A sandbox with a directory of these users.
pub(crate) fn with_users(usernames: &[&str]) -> (TestDir, Sandbox) {
    let directory = TestDir::start().expect("a server on loopback starts");
    for username in usernames {
        directory
            .add_user(*username)
            .expect("a fresh directory takes any user");
    }
    let sandbox = Sandbox::new(&settings(&directory.url()));
    (directory, sandbox)
}

/// The users of the store, as `list --format json` has them.
#[track_caller]
pub(crate) fn users(sandbox: &Sandbox) -> Vec<Value> {
    let list = sandbox
        .run(&["list", "--format", "json"])
        .expect_code(0)
        .json();
    list["users"].as_array().expect("a list of users").clone()
}

/// Their usernames.
#[track_caller]
pub(crate) fn usernames(sandbox: &Sandbox) -> Vec<String> {
    let name = |user: &Value| user["username"].as_str().expect("a name").to_owned();
    users(sandbox).iter().map(name).collect()
}

/// Adds local users and sees that it worked.
#[track_caller]
pub(crate) fn add(sandbox: &Sandbox, arguments: &[&str]) {
    sandbox.run(&[&["add"], arguments].concat()).expect_code(0);
}

/// A file that only its owner can read, as the settings must be.
pub(crate) fn write_private(path: &Path, text: &str) {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).expect("the sandbox is writable");
    }
    fs::write(path, text).expect("the sandbox is writable");
    set_mode(path, 0o600);
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .expect("the rights of an own file can be set");
}

pub(crate) fn mode(path: &Path) -> u32 {
    let metadata = fs::metadata(path)
        .unwrap_or_else(|error| panic!("failed to look at {}: {error}", path.display()));
    metadata.permissions().mode() & 0o7777
}

/// Whether the tests run as root, who may give files to other accounts.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0)
}

/// What a program printed that started adsync.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs adsync through another program (`sh -c …`, `setpriv …`), which finds the path of adsync and
/// its arguments behind its own.
pub(crate) fn through(wrapper: &[&str], sandbox: &Sandbox, arguments: &[&str]) -> Said {
    through_command(wrapper, &sandbox.prepare(arguments).into_command())
}

/// The same for a command that was prepared.
pub(crate) fn through_command(wrapper: &[&str], adsync: &Command) -> Said {
    let (program, own) = wrapper.split_first().expect("a program");
    let mut command = Command::new(program);
    command
        .args(own)
        .arg(adsync.get_program())
        .args(adsync.get_args())
        .env_clear();
    for (name, value) in adsync.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    if let Some(folder) = adsync.get_current_dir() {
        command.current_dir(folder);
    }
    let finished = process::run(&mut command, &[], Duration::from_mins(1));
    assert!(!finished.timed_out, "{wrapper:?} did not end");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said {
        code: finished.status.code().unwrap_or(-1),
        stdout: text(&finished.stdout),
        stderr: text(&finished.stderr),
    }
}

/// Fails unless standard error has each of these.
#[track_caller]
pub(crate) fn assert_says(answer: &Answer, fragments: &[&str]) {
    for fragment in fragments {
        assert!(
            answer.stderr.contains(fragment),
            "does not say {fragment:?}\n{answer}"
        );
    }
}
