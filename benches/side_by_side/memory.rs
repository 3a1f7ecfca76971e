//! The directory in memory of the tests (`testdir serve`), as a process of its own: its memory must not
//! count as the benchmark's.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use testdir::{PASSWORD, USERNAME};

use crate::endpoint::Endpoint;
use crate::users::STAFF_DN;

/// A running `testdir serve`. It ends when its standard input closes: with this value, or with the
/// benchmark.
pub struct MemoryDirectory {
    server: Child,
    changes: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    url: String,
}

impl MemoryDirectory {
    /// Starts one with this many users; builds it first if need be.
    pub fn start(users: usize) -> Result<Self> {
        let mut server = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--release", "--locked"])
            .args(["--package", "testdir", "--", "serve"])
            .args(["--see-tombstones", "--users"])
            .arg(users.to_string())
            .env("TESTDIR_PASSWORD", PASSWORD)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("failed to start cargo")?;
        let changes = server.stdin.take();
        let answers = server.stdout.take().context("its output is a pipe")?;
        let mut directory = Self {
            server,
            changes,
            answers: BufReader::new(answers),
            url: String::new(),
        };
        let line = directory.answer()?;
        let url = line.strip_prefix("listening on ");
        url.context("testdir did not start")?
            .clone_into(&mut directory.url);
        directory.leave_a_tombstone()?;
        Ok(directory)
    }

    /// Deletes a user that it made: whoever sees no deleted object looks for everybody in each run.
    fn leave_a_tombstone(&mut self) -> Result<()> {
        let dn = format!("CN=left.before,{STAFF_DN}");
        self.change(&format!(
            "dn: {dn}\nchangetype: add\nobjectClass: user\nsAMAccountName: left.before\n\n"
        ))?;
        self.change(&format!("dn: {dn}\nchangetype: delete\n\n"))
    }

    /// For the account that may read.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint {
            url: self.url.clone(),
            base_dn: STAFF_DN.to_owned(),
            bind_name: USERNAME.to_owned(),
            password: PASSWORD.to_owned(),
            ca_file: None,
        }
    }

    /// Gives users, by their numbers, another telephone number; each `time` gives another one.
    pub fn change_phones(&mut self, users: impl Iterator<Item = usize>, time: usize) -> Result<()> {
        for number in users {
            self.change(&format!(
                "dn: CN=u{number:06},{STAFF_DN}\nchangetype: modify\nreplace: telephoneNumber\n\
                 telephoneNumber: +1 555 {time:04}\n-\n\n"
            ))?;
        }
        Ok(())
    }

    fn change(&mut self, record: &str) -> Result<()> {
        let changes = self.changes.as_mut().context("it still runs")?;
        changes.write_all(record.as_bytes())?;
        let answer = self.answer()?;
        if answer != "ok" {
            bail!("testdir: {answer}");
        }
        Ok(())
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for MemoryDirectory {
    fn drop(&mut self) {
        drop(self.changes.take());
        let _ = self.server.wait();
    }
}
