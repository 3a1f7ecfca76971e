//! `password_command`: a program that prints the password.
//!
//! It runs without a shell, in a process group of its own, and has a deadline. What it says on standard error
//! is shown, line by line; what it prints is the password and is never shown, nor is how it was called.

use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::{PASSWORD_VARIABLE, one_line, read_secret};
use crate::error::{Failure, Kind};
use crate::util::threads;

/// How often to check whether the program has ended.
const PAUSE: Duration = Duration::from_millis(5);

/// Runs the program and returns what it prints.
pub fn run(command: &[String], deadline: Duration) -> Result<SecretString, Failure> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(Failure::settings("password_command is empty".to_owned()));
    };
    let failed = |what: String| Failure::settings(format!("password_command '{program}' {what}"));
    let late = || {
        let seconds = deadline.as_secs();
        failed(format!("did not end within {seconds} s"))
            .hint("it cannot ask at the terminal: it must print the password by itself")
    };
    let ends = Instant::now() + deadline;
    let mut child = spawn(program, arguments).map_err(|error| {
        let failure = failed(format!("cannot be started: {error}"));
        match error.kind() {
            // Nothing is wrong with the settings then.
            ErrorKind::OutOfMemory | ErrorKind::WouldBlock => {
                Failure::new(Kind::Failed, failure.message)
            }
            _ => failure,
        }
    })?;
    let mut aside = || -> std::io::Result<_> {
        let password = child.stdout.take().map(read_aside).transpose()?;
        Ok((password, child.stderr.take().map(show_aside).transpose()?))
    };
    let (password, said) = match aside() {
        Ok(both) => both,
        Err(error) => {
            end_group(&mut child);
            return Err(Failure::new(Kind::Failed, error.to_string()));
        }
    };
    let status = match wait(&mut child, ends) {
        Ok(Some(status)) => status,
        Ok(None) => {
            end_group(&mut child);
            return Err(late());
        }
        Err(error) => return Err(failed(format!("cannot be waited for: {error}"))),
    };
    // What it left running may hold its output open.
    let left = || ends.saturating_duration_since(Instant::now());
    if let Some(said) = said {
        let _ = said.recv_timeout(left().min(Duration::from_secs(1)));
    }
    if !status.success() {
        return Err(failed(format!("failed: {status}"))
            .hint("run it by hand, as the account that runs adsync"));
    }
    match password.map(|it| it.recv_timeout(left())) {
        Some(Ok(Some(text))) => one_line(&text, "what password_command prints"),
        Some(Err(RecvTimeoutError::Timeout)) => {
            end_group(&mut child);
            Err(late())
        }
        _ => Err(failed("did not print a line of text".to_owned())),
    }
}

fn spawn(program: &str, arguments: &[String]) -> std::io::Result<Child> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        // Where two sources are there, this one is not the business of the other.
        .env_remove(PASSWORD_VARIABLE)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn()
}

fn wait(child: &mut Child, ends: Instant) -> std::io::Result<Option<ExitStatus>> {
    loop {
        match child.try_wait()? {
            Some(status) => return Ok(Some(status)),
            None if Instant::now() >= ends => return Ok(None),
            None => std::thread::sleep(PAUSE),
        }
    }
}

/// Ends the program and what it has started. Nothing more can be done about a process that does not even die.
fn end_group(child: &mut Child) {
    #[cfg(unix)]
    if let Ok(group) = i32::try_from(child.id()) {
        use nix::sys::signal::{Signal, killpg};
        let _ = killpg(nix::unistd::Pid::from_raw(group), Signal::SIGKILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Reads the password; gives none if it is no text, or too much of it.
fn read_aside(
    stdout: impl Read + Send + 'static,
) -> std::io::Result<mpsc::Receiver<Option<Zeroizing<String>>>> {
    let (done, password) = mpsc::channel();
    threads::spawn("adsync-password", move || {
        // Nobody is waiting if the program was too late.
        let _ = done.send(read_secret(stdout).ok());
    })?;
    Ok(password)
}

/// Shows what the program says, and signals when it is done.
fn show_aside(stderr: impl Read + Send + 'static) -> std::io::Result<mpsc::Receiver<()>> {
    let (done, told) = mpsc::channel();
    threads::spawn("adsync-password-says", move || {
        let lines = BufReader::new(stderr).split(b'\n');
        for line in lines.map_while(Result::ok) {
            log::warn!(
                "password_command: {}",
                String::from_utf8_lossy(&line).trim_end()
            );
        }
        let _ = done.send(());
    })?;
    Ok(told)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(300);

    fn sh(script: &str, deadline: Duration) -> Result<SecretString, Failure> {
        run(&["sh", "-c", script].map(str::to_owned), deadline)
    }

    /// Whether a process is there, and not only waits for its parent to ask how it ended.
    fn lives(pid: &str) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.contains("State:") && !status.contains("State:\tZ")
    }

    #[test]
    fn one_that_does_not_end_is_ended_with_all_that_it_started() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("pid");
        // The second holds the output open, though the program itself has ended.
        for end in ["wait", "echo password"] {
            let script = format!("sleep 600 & echo $! > '{}'; {end}", file.display());
            let began = Instant::now();
            let error = sh(&script, SOON).expect_err("too late");
            assert!(error.message.contains("did not end within"), "{error}");
            assert!(!error.message.contains("sleep"), "{error}");
            assert!(began.elapsed() < Duration::from_secs(10));
            let pid = std::fs::read_to_string(&file).expect("it was started");
            let gone = (0..200).any(|_| {
                std::thread::sleep(Duration::from_millis(10));
                !lives(pid.trim())
            });
            assert!(gone, "process {pid} was left behind");
        }
    }

    #[test]
    fn what_prints_without_end_is_no_password() {
        let began = Instant::now();
        sh("exec yes", Duration::from_mins(1)).expect_err("refused");
        assert!(began.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn another_source_is_none_of_its_business() {
        use secrecy::ExposeSecret;
        let seen = sh(&format!("echo \"<${PASSWORD_VARIABLE}>\""), SOON * 100);
        assert_eq!(seen.expect("printed").expose_secret(), "<>");
    }
}
