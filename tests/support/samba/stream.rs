//! Owns changes that go on while something else happens: one connection that
//! takes change after change, hundreds in a second.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::SambaDc;
use super::ldif::Record;
use super::provision::program;

/// Changes by the administrator. It ends when this value is dropped, and also when
/// the test process is killed: its standard input is a pipe from here.
pub(crate) struct ChangeStream {
    tool: Child,
    output: BufReader<ChildStdout>,
    errors: File,
}

impl SambaDc {
    pub(crate) fn change_stream(&self) -> ChangeStream {
        let errors = tempfile::tempfile().expect("the temporary directory is writable");
        let tool = self.tool("ldapmodify", self.admin());
        // The tool keeps its lines to itself while they go to a pipe.
        let mut unbuffered = Command::new(program("stdbuf"));
        unbuffered
            .arg("-oL")
            .arg(tool.get_program())
            .args(tool.get_args());
        for (name, value) in tool.get_envs() {
            match value {
                Some(value) => unbuffered.env(name, value),
                None => unbuffered.env_remove(name),
            };
        }
        let mut tool = unbuffered
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors.try_clone().expect("a file handle can be duplicated"))
            .spawn()
            .expect("the tool was found and can be started");
        let output = tool.stdout.take().expect("it is a pipe");
        ChangeStream {
            tool,
            output: BufReader::new(output),
            errors,
        }
    }
}

impl ChangeStream {
    /// Makes one change, and waits until it is made.
    pub(crate) fn send(&mut self, change: &Record) {
        let stdin = self.tool.stdin.as_mut().expect("it is open until the end");
        let is_made = stdin.write_all(change.to_string().as_bytes()).is_ok() && self.is_made();
        assert!(is_made, "{change} was refused: {}", self.errors());
    }

    /// The tool says what it does, and an empty line when that is done.
    fn is_made(&mut self) -> bool {
        let mut line = String::new();
        loop {
            line.clear();
            match self.output.read_line(&mut line) {
                Ok(1..) if line == "\n" => return true,
                Ok(1..) => {}
                _ => return false,
            }
        }
    }

    fn errors(&mut self) -> String {
        let mut text = String::new();
        self.errors
            .rewind()
            .and_then(|()| self.errors.read_to_string(&mut text))
            .expect("a temporary file can be read back");
        text
    }
}

impl Drop for ChangeStream {
    fn drop(&mut self) {
        // Nothing is under way: every change was waited for.
        let _ = self.tool.kill();
        let _ = self.tool.wait();
    }
}
