//! Runs the adsync binary as an administrator would, in a folder of its own:
//! its settings, its store, its home. Nothing of the machine's settings or
//! environment reaches it.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::process;
use super::samba::{SERVICE_PASSWORD, SambaDc};

const TIME_LIMIT: Duration = Duration::from_mins(1);

/// What `adsync.toml` will say. `None` leaves a key out.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) urls: Vec<String>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) base_dn: Option<String>,
    pub(crate) username: Option<String>,
    /// Written to a file of mode 0600 that the settings name.
    pub(crate) password: Option<String>,
    /// What `[store]` says in the place of the path of a file in the sandbox.
    pub(crate) store: Option<String>,
    /// More lines of TOML, at the end of these tables.
    pub(crate) more_directory: String,
    pub(crate) more_attributes: String,
    pub(crate) more_store: String,
    pub(crate) more_sync: String,
}

impl Settings {
    /// For one server, without a CA and a login.
    pub(crate) fn for_url(url: &str) -> Self {
        Self {
            urls: vec![url.to_owned()],
            ca_file: None,
            base_dn: None,
            username: None,
            password: None,
            store: None,
            more_directory: String::new(),
            more_attributes: String::new(),
            more_store: String::new(),
            more_sync: String::new(),
        }
    }

    /// For a domain controller: LDAPS, its CA, `OU=Staff`, the service account.
    pub(crate) fn for_dc(dc: &SambaDc) -> Self {
        Self {
            ca_file: Some(dc.ca_file()),
            base_dn: Some(dc.domain().staff_dn.to_owned()),
            username: Some(dc.domain().service_upn.to_owned()),
            password: Some(SERVICE_PASSWORD.to_owned()),
            ..Self::for_url(&dc.url())
        }
    }

    fn to_toml(&self, sandbox: &Sandbox) -> String {
        let mut text = String::from("[directory]\n");
        let mut put = |key: &str, value: Option<toml::Value>| {
            if let Some(value) = value {
                writeln!(text, "{key} = {value}").expect("writing to a string does not fail");
            }
        };
        let path = |path: &Path| toml::Value::from(path.to_string_lossy().into_owned());
        match self.urls.as_slice() {
            [url] => put("url", Some(url.as_str().into())),
            urls => put("urls", Some(urls.to_vec().into())),
        }
        put("ca_file", self.ca_file.as_deref().map(path));
        put("base_dn", self.base_dn.as_deref().map(Into::into));
        put("username", self.username.as_deref().map(Into::into));
        let password_file = self.password.is_some().then(|| sandbox.password_file());
        put("password_file", password_file.as_deref().map(path));
        let file = || format!("path = {}", path(&sandbox.store_path()));
        format!(
            "{text}{}\n\n\
             [directory.attributes]\n{}\n\n\
             [store]\n{}\n{}\n\n\
             [sync]\n{}\n",
            self.more_directory,
            self.more_attributes,
            self.store.clone().unwrap_or_else(file),
            self.more_store,
            self.more_sync
        )
    }
}

/// A folder with `adsync.toml`, the store and a home directory.
pub(crate) struct Sandbox {
    directory: TempDir,
}

impl Sandbox {
    pub(crate) fn new(settings: &Settings) -> Self {
        let directory = tempfile::Builder::new()
            .prefix("adsync-test-")
            .tempdir()
            .expect("the temporary directory is writable");
        let sandbox = Self { directory };
        for folder in ["store", "home"] {
            fs::create_dir(sandbox.path().join(folder)).expect("a fresh folder is writable");
        }
        sandbox.configure(settings);
        sandbox
    }

    /// Ready to sync `OU=Staff` of a domain controller.
    pub(crate) fn for_dc(dc: &SambaDc) -> Self {
        Self::new(&Settings::for_dc(dc))
    }

    /// Writes `adsync.toml` and the password file anew; the store stays.
    pub(crate) fn configure(&self, settings: &Settings) {
        self.write_config(&settings.to_toml(self));
        if let Some(password) = &settings.password {
            write_private(&self.password_file(), password);
        }
    }

    /// Writes a second settings file beside `adsync.toml`, which leads to the same store and the same
    /// password; for `--config`.
    pub(crate) fn configure_as(&self, name: &str, settings: &Settings) -> PathBuf {
        let path = self.path().join(name);
        write_private(&path, &settings.to_toml(self));
        if let Some(password) = &settings.password {
            write_private(&self.password_file(), password);
        }
        path
    }

    /// Writes `adsync.toml` as given.
    pub(crate) fn write_config(&self, toml: &str) {
        write_private(&self.config_file(), toml);
    }

    /// The working directory of every run.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn config_file(&self) -> PathBuf {
        self.path().join("adsync.toml")
    }

    pub(crate) fn password_file(&self) -> PathBuf {
        self.path().join("password")
    }

    pub(crate) fn store_path(&self) -> PathBuf {
        self.path().join("store/users.db")
    }

    /// The database file, to see that not a byte of it has changed.
    pub(crate) fn store_bytes(&self) -> Vec<u8> {
        let path = self.store_path();
        fs::read(&path).unwrap_or_else(|error| panic!("failed to read {}: {error}", path.display()))
    }

    /// Runs adsync with these arguments to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Answer {
        self.prepare(arguments).run()
    }

    /// A run to add to: environment, input, another time limit.
    pub(crate) fn prepare(&self, arguments: &[&str]) -> Run {
        let home = self.path().join("home");
        let mut command = Command::new(env!("CARGO_BIN_EXE_adsync"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("HOME", &home)
            .env("TZ", "UTC")
            .env("LANG", "C.UTF-8");
        for (name, folder) in [
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_RUNTIME_DIR", "runtime"),
        ] {
            command.env(name, home.join(folder));
        }
        // The second is where a coverage run collects what the binary did.
        for name in ["PATH", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        Run {
            command,
            input: Vec::new(),
            limit: TIME_LIMIT,
        }
    }
}

/// One run of adsync that has not started yet.
pub(crate) struct Run {
    command: Command,
    input: Vec<u8>,
    limit: Duration,
}

impl Run {
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Standard input; by default there is none.
    pub(crate) fn input(mut self, input: &str) -> Self {
        self.input = input.into();
        self
    }

    /// The same run, started by another program, such as one that sets its clock.
    pub(crate) fn under(self, program: &Path, arguments: &[&str]) -> Self {
        let mut outer = Command::new(program);
        outer.args(arguments).arg(self.command.get_program());
        self.replace(outer)
    }

    /// The same run, of a copy of the program.
    pub(crate) fn of(self, copy: &Path) -> Self {
        self.replace(Command::new(copy))
    }

    /// Another command with these arguments, environment and folder.
    fn replace(mut self, mut command: Command) -> Self {
        command.args(self.command.get_args()).env_clear();
        for (name, value) in self.command.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        if let Some(folder) = self.command.get_current_dir() {
            command.current_dir(folder);
        }
        self.command = command;
        self
    }

    /// The run is killed after this time, and the test fails.
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    pub(crate) fn run(mut self) -> Answer {
        let command_line = self.command_line();
        let finished = process::run(&mut self.command, &self.input, self.limit);
        let answer = Answer {
            command_line,
            // A process that a signal ended has no exit code.
            code: finished.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&finished.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&finished.stderr).into_owned(),
        };
        assert!(
            !finished.timed_out,
            "still running after {:?}\n{answer}",
            self.limit
        );
        answer
    }

    /// The command itself, for a test that pipes or kills.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }

    /// Starts it and listens to nothing it says, for a test that kills it.
    pub(crate) fn start(self) -> Child {
        self.start_into(Stdio::null(), Stdio::null())
    }

    /// Starts it with these for its output.
    pub(crate) fn start_into(mut self, stdout: Stdio, stderr: Stdio) -> Child {
        self.command
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .spawn()
            .expect("adsync starts")
    }

    fn command_line(&self) -> String {
        let arguments: Vec<OsString> = self.command.get_args().map(OsStr::to_owned).collect();
        format!("adsync {}", arguments.join(OsStr::new(" ")).display())
    }
}

/// What a run printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Answer {
    command_line: String,
    /// The exit code; -1 when a signal ended the process.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Answer {
    /// Fails the test, with everything that was printed, unless this was the
    /// exit code.
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "not the expected exit code\n{self}");
        self
    }

    /// Standard output as one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("stdout is not JSON: {error}\n{self}"))
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "$ {} (exit code {})\n--- stdout\n{}\n--- stderr\n{}\n---",
            self.command_line, self.code, self.stdout, self.stderr
        )
    }
}

fn write_private(path: &Path, text: &str) {
    fs::write(path, text)
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o600)))
        .unwrap_or_else(|error| panic!("failed to write {}: {error}", path.display()));
}
