//! Where the password of the service account comes from.
//!
//! The password lives in a [`SecretString`], which is wiped when it is dropped and has no readable
//! `Debug`; it never reaches a log, an error message or the process list.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};

use crate::failure::{Failure, Kind};

/// The environment variable that may hold the password.
pub const PASSWORD_VARIABLE: &str = "ADSYNC_PASSWORD";

/// The name of the systemd credential (`LoadCredential=password:…`) that may hold the password.
const CREDENTIAL: &str = "password";

/// How long a `password_command` may take.
const COMMAND_DEADLINE: Duration = Duration::from_secs(30);

/// The sources that the settings name. What they leave out is looked for in the environment.
#[derive(Debug, Default)]
pub struct PasswordSources {
    /// `password_file`
    pub file: Option<PathBuf>,
    /// `password_command`: a program and its arguments, run without a shell.
    pub command: Option<Vec<String>>,
    /// `password`
    pub inline: Option<SecretString>,
}

/// Reads the password from the first source there is: the file, the command, the environment, a
/// systemd credential, last the settings themselves.
pub fn password(sources: &PasswordSources) -> Result<SecretString, Failure> {
    let (password, source) =
        if let Some(path) = &sources.file {
            (
                read_file(path)?,
                format!("password_file {}", path.display()),
            )
        } else if let Some(command) = &sources.command {
            (run(command)?, "password_command".to_owned())
        } else if let Some(value) = std::env::var_os(PASSWORD_VARIABLE) {
            let value = value
                .into_string()
                .map_err(|_| settings(format!("{PASSWORD_VARIABLE} is not valid UTF-8")))?;
            (SecretString::from(value), PASSWORD_VARIABLE.to_owned())
        } else if let Some(path) = credential(CREDENTIAL) {
            (read_file(&path)?, format!("credential {}", path.display()))
        } else if let Some(password) = &sources.inline {
            (password.clone(), "password".to_owned())
        } else {
            return Err(settings("no password for the directory".to_owned()).hint(format!(
            "set password_file or password_command under [directory], or {PASSWORD_VARIABLE}"
        )));
        };
    // AD answers a bind with an empty password with success, as anonymous (RFC 4513, 5.1.2).
    if password.expose_secret().is_empty() {
        return Err(settings(format!("the password from {source} is empty"))
            .hint("a login without a password would be anonymous, and is never tried"));
    }
    Ok(password)
}

fn settings(message: String) -> Failure {
    Failure::new(Kind::Settings, message)
}

/// The file that the password comes from, if it comes from one.
pub fn file_of(sources: &PasswordSources) -> Option<PathBuf> {
    if let Some(path) = &sources.file {
        return Some(path.clone());
    }
    let is_elsewhere = sources.command.is_some() || std::env::var_os(PASSWORD_VARIABLE).is_some();
    if is_elsewhere {
        None
    } else {
        credential(CREDENTIAL)
    }
}

/// The file of a systemd credential, if there is one of that name.
pub fn credential(name: &str) -> Option<PathBuf> {
    let path = Path::new(&std::env::var_os("CREDENTIALS_DIRECTORY")?).join(name);
    path.exists().then_some(path)
}

fn read_file(path: &Path) -> Result<SecretString, Failure> {
    let failed = |error: std::io::Error| {
        let failure = settings(format!(
            "cannot read the password file {}: {error}",
            path.display()
        ));
        match error.kind() {
            ErrorKind::NotFound => failure.hint(format!(
                "write the account's password into it, alone, and chmod 0600 '{}'",
                path.display()
            )),
            ErrorKind::PermissionDenied => {
                failure.hint("the account that runs adsync must be allowed to read it")
            }
            _ => failure,
        }
    };
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    refuse_if_others_can_read(path, &metadata)?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(failed)?;
    Ok(first_line(text))
}

/// A secret in a file that every account of the host can read is no secret.
pub fn refuse_if_others_can_read(path: &Path, metadata: &std::fs::Metadata) -> Result<(), Failure> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = metadata.permissions().mode();
        if mode & 0o007 != 0 {
            return Err(settings(format!(
                "{} holds a password and can be read by others (mode {:04o})",
                path.display(),
                mode & 0o7777
            ))
            .hint(format!("chmod 0600 '{}'", path.display())));
        }
    }
    #[cfg(not(unix))]
    let _ = (path, metadata);
    Ok(())
}

fn run(command: &[String]) -> Result<SecretString, Failure> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(settings("password_command is empty".to_owned()));
    };
    let failed = |what: String| settings(format!("password_command '{program}' {what}"));
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|error| failed(format!("cannot be started: {error}")))?;
    let Some(mut stdout) = child.stdout.take() else {
        return Err(failed("has no output".to_owned()));
    };
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    let deadline = Instant::now() + COMMAND_DEADLINE;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                // Nothing more can be done about a process that does not even die.
                let _ = child.kill();
                let _ = child.wait();
                let seconds = COMMAND_DEADLINE.as_secs();
                return Err(failed(format!("did not end within {seconds} s")));
            }
            Err(error) => return Err(failed(format!("cannot be waited for: {error}"))),
        }
    };
    if !status.success() {
        return Err(failed(format!("failed: {status}")));
    }
    match reader.join() {
        Ok(Ok(text)) => Ok(first_line(text)),
        _ => Err(failed("did not print text".to_owned())),
    }
}

/// The text without the line end that an editor or a command puts behind it.
fn first_line(mut text: String) -> SecretString {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    SecretString::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> PasswordSources {
        PasswordSources {
            command: Some(vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()]),
            ..PasswordSources::default()
        }
    }

    #[test]
    fn one_line_end_is_taken_off_and_nothing_else() {
        for (printed, kept) in [
            (r"pass\n", "pass"),
            (r" pa ss \r\n", " pa ss "),
            (r"p\n\n", "p\n"),
        ] {
            let password = password(&sh(&format!("printf '{printed}'"))).expect("a password");
            assert_eq!(password.expose_secret(), kept);
        }
    }

    #[test]
    fn an_empty_password_is_refused() {
        let error = password(&sh("printf '\\n'")).expect_err("refused");
        assert_eq!(error.message, "the password from password_command is empty");
    }

    #[test]
    fn a_command_that_fails_is_no_password() {
        let error = password(&sh("printf secret; exit 3")).expect_err("refused");
        assert!(error.message.contains("exit status: 3"), "{error}");
        assert!(!error.message.contains("secret"), "{error}");
    }

    #[test]
    fn a_file_that_is_not_there_says_what_belongs_into_it() {
        let sources = PasswordSources {
            file: Some(PathBuf::from("/nowhere/password")),
            ..PasswordSources::default()
        };
        let error = password(&sources).expect_err("nothing to read");
        let hint = error.hint.expect("a hint");
        assert!(hint.contains("chmod 0600 '/nowhere/password'"), "{hint}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("password");
        std::fs::write(&path, "secret\n").expect("written");
        let sources = PasswordSources {
            file: Some(path.clone()),
            ..PasswordSources::default()
        };
        for (mode, accepted) in [(0o600, true), (0o640, true), (0o644, false), (0o604, false)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
            assert_eq!(password(&sources).is_ok(), accepted, "{mode:o}");
        }
    }
}
