//! A terminal with a shell in it, as somebody sits at over SSH: keys go in, and what is on the screen can
//! be read. `tmux` is the terminal.
//!
//! It owns the server of tmux, which ends with the test. It knows nothing of what the programs do.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::adsync::Sandbox;
use super::process;

/// How long a screen is waited for; a machine under load gets its time.
const PATIENCE: Duration = Duration::from_mins(1);

/// The prompt of every shell here.
pub(crate) const PROMPT: &str = "ready> ";

pub(crate) struct Terminal {
    socket: PathBuf,
    _folder: TempDir,
}

impl Terminal {
    /// Bash in the folder of a sandbox, with `adsync` in its `PATH`.
    pub(crate) fn open(sandbox: &Sandbox, columns: u16, rows: u16) -> Self {
        let shell = ["bash", "--norc", "--noprofile", "-i"];
        let mut terminal = Self::open_with(sandbox, &shell, (columns, rows), &[("PS1", PROMPT)]);
        terminal.wait_for(PROMPT.trim_end());
        terminal
    }

    /// Any shell, with these in its environment.
    pub(crate) fn open_with(
        sandbox: &Sandbox,
        shell: &[&str],
        (columns, rows): (u16, u16),
        environment: &[(&str, &str)],
    ) -> Self {
        let tmux = process::find("tmux").expect(
            "tmux is not installed; scripts/install-test-deps.sh installs what the tests need",
        );
        let folder = tempfile::Builder::new()
            .prefix("adsync-terminal-")
            .tempdir()
            .expect("the temporary directory is writable");
        let socket = folder.path().join("tmux");
        let adsync = sandbox.prepare(&[]).into_command();
        let mut command = Command::new(tmux);
        command.env_clear();
        for (name, value) in adsync.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        let binaries = Path::new(adsync.get_program())
            .parent()
            .expect("a binary lies in a folder");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(binaries.to_owned()).chain(std::env::split_paths(&path));
        command
            .env("PATH", std::env::join_paths(folders).expect("folders"))
            // Whoever is left at the prompt is logged out, so that a killed test leaves nothing behind.
            .env("TMOUT", "300")
            .env("TERM", "xterm-256color")
            .envs(environment.iter().copied())
            .arg("-S")
            .arg(&socket)
            .args(["-f", "/dev/null", "-u", "new-session", "-d"])
            .args(["-x", &columns.to_string(), "-y", &rows.to_string()])
            .arg("-c")
            .arg(sandbox.path())
            .args(shell);
        let status = command
            .stdin(Stdio::null())
            .status()
            .expect("tmux can be started");
        assert!(status.success(), "tmux: {status}");
        Self {
            socket,
            _folder: folder,
        }
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let output = Command::new("tmux")
            .arg("-S")
            .arg(&self.socket)
            .args(arguments)
            .output()
            .expect("tmux can be started");
        assert!(
            output.status.success(),
            "tmux {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Types text as it is.
    pub(crate) fn type_text(&mut self, text: &str) {
        self.tmux(&["send-keys", "-l", "--", text]);
    }

    /// Presses keys by the names that tmux has for them: `Enter`, `Down`, `C-c`.
    pub(crate) fn press(&mut self, keys: &[&str]) {
        self.tmux(&[&["send-keys", "--"], keys].concat());
    }

    /// Types a command and Enter.
    pub(crate) fn command(&mut self, line: &str) {
        self.type_text(line);
        self.press(&["Enter"]);
    }

    /// What is on the screen.
    pub(crate) fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// What tmux knows of the terminal by the name of one of its variables.
    pub(crate) fn knows(&self, variable: &str) -> String {
        let asked = format!("#{{{variable}}}");
        self.tmux(&["display-message", "-p", &asked])
            .trim()
            .to_owned()
    }

    /// Waits until the screen is so, and gives it.
    #[track_caller]
    pub(crate) fn wait_until(&mut self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if is_so(&screen) {
                return screen;
            }
            assert!(
                Instant::now() < deadline,
                "never on the screen: {what}\n{screen}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until this is on the screen, and gives the screen.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        self.wait_until(text, |screen| screen.contains(text))
    }

    /// Waits for the prompt after a command that ended with this exit code, and gives the screen. The
    /// command must be followed by [`ENDED`].
    #[track_caller]
    pub(crate) fn wait_for_end(&mut self, code: i32) -> String {
        let screen = self.wait_for("ended with ");
        assert!(
            screen.contains(&format!("ended with {code}.")),
            "not exit code {code}\n{screen}"
        );
        screen
    }

    /// Sets another size.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        self.tmux(&["resize-window", "-x", &columns, "-y", &rows]);
    }
}

/// Says the exit code of the command before it, in words that are not on the screen already.
pub(crate) const ENDED: &str = "; echo \"ended 'with' $?.\" | tr -d \\'";

impl Drop for Terminal {
    fn drop(&mut self) {
        // A server whose shell has ended is gone already.
        let _ = Command::new("tmux")
            .arg("-S")
            .arg(&self.socket)
            .arg("kill-server")
            .stderr(Stdio::null())
            .status();
    }
}
