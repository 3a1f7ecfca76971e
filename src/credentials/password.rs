//! Where the password of the service account comes from.
//!
//! The password lives in a [`SecretString`], which is wiped when it is dropped and has no readable
//! `Debug`; it never reaches a log, an error message or the process list.

mod command;
mod file;

use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use crate::error::Failure;

pub use file::refuse_if_others_have_it;

/// The environment variable that may hold the password.
pub const PASSWORD_VARIABLE: &str = "ADSYNC_PASSWORD";

/// The name of the systemd credential (`LoadCredential=password:…`) that may hold the password.
const CREDENTIAL: &str = "password";

/// How long a `password_command` may take.
const COMMAND_DEADLINE: Duration = Duration::from_secs(30);

/// How long a password may be, in bytes. AD has 256 characters; this is a file that is none.
const LONGEST: usize = 64 * 1024;

/// The sources that the settings name. What they leave out is looked for in the environment.
#[derive(Default)]
pub struct PasswordSources {
    /// `password_file`
    pub file: Option<PathBuf>,
    /// `password_command`: a program and its arguments, run without a shell.
    pub command: Option<Vec<String>>,
    /// `password`
    pub inline: Option<SecretString>,
}

/// Without the command: an argument of it may be a secret, too.
impl fmt::Debug for PasswordSources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordSources")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

/// Reads the password from the first source there is: the file, the command, the environment, a
/// systemd credential, last the settings themselves.
pub fn read(sources: &PasswordSources) -> Result<SecretString, Failure> {
    let (password, source) =
        if let Some(path) = &sources.file {
            (
                read_file(path)?,
                format!("password_file {}", path.display()),
            )
        } else if let Some(command) = &sources.command {
            (
                command::run(command, COMMAND_DEADLINE)?,
                "password_command".to_owned(),
            )
        } else if let Some(value) = std::env::var_os(PASSWORD_VARIABLE) {
            let value = value.into_string().map(Zeroizing::new).map_err(|_| {
                Failure::settings(format!("{PASSWORD_VARIABLE} is not valid UTF-8"))
            })?;
            (
                SecretString::from(value.as_str()),
                PASSWORD_VARIABLE.to_owned(),
            )
        } else if let Some(path) = credential(CREDENTIAL) {
            (read_file(&path)?, format!("credential {}", path.display()))
        } else if let Some(password) = &sources.inline {
            (password.clone(), "password".to_owned())
        } else {
            return Err(Failure::settings("no password for the directory".to_owned()).hint(format!(
            "set password_file or password_command under [directory], or {PASSWORD_VARIABLE}"
        )));
        };
    // AD answers a bind with an empty password with success, as anonymous (RFC 4513, 5.1.2).
    if password.expose_secret().is_empty() {
        return Err(
            Failure::settings(format!("the password from {source} is empty"))
                .hint("a login without a password would be anonymous, and is never tried"),
        );
    }
    Ok(password)
}

/// The environment variable that may hold the password of the store's server.
pub const STORE_VARIABLE: &str = "ADSYNC_STORE_PASSWORD";

/// The name of the systemd credential that may hold it.
const STORE_CREDENTIAL: &str = "store-password";

/// Reads the password of the store's server from the first source there is, as [`read`] does; none where a server asks
/// for none.
pub fn of_store(sources: &PasswordSources) -> Result<Option<SecretString>, Failure> {
    if let Some(path) = &sources.file {
        return read_file(path).map(Some);
    }
    if let Some(command) = &sources.command {
        return command::run(command, COMMAND_DEADLINE).map(Some);
    }
    if let Some(value) = std::env::var_os(STORE_VARIABLE) {
        let value = value.into_string().map(Zeroizing::new);
        let value =
            value.map_err(|_| Failure::settings(format!("{STORE_VARIABLE} is not valid UTF-8")))?;
        return Ok(Some(SecretString::from(value.as_str())));
    }
    match credential(STORE_CREDENTIAL) {
        Some(path) => read_file(&path).map(Some),
        None => Ok(sources.inline.clone()),
    }
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

/// Reads a password from what holds nothing else.
fn read_file(path: &Path) -> Result<SecretString, Failure> {
    let text = read_secret(file::open(path)?).map_err(|error| {
        Failure::settings(format!(
            "cannot read the password file {}: {error}",
            path.display()
        ))
    })?;
    one_line(&text, &format!("the password file {}", path.display()))
}

/// Reads a text into a place that is wiped. It never grows, for what it grew out of would stay behind.
fn read_secret(source: impl Read) -> io::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * LONGEST));
    let most = u64::try_from(LONGEST + 1).unwrap_or(u64::MAX);
    source.take(most).read_to_end(&mut bytes)?;
    if bytes.len() > LONGEST {
        let message = format!("it has more than {LONGEST} bytes, which is no password");
        return Err(io::Error::other(message));
    }
    match str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(io::Error::other("it is not valid UTF-8")),
    }
}

/// The text without the line end that an editor or a command puts behind it. More lines, or what an editor puts
/// before a text, would be tried as a part of the password, and a few tries lock the account.
fn one_line(text: &str, source: &str) -> Result<SecretString, Failure> {
    let line = text.strip_suffix('\n');
    let line = line.map_or(text, |it| it.strip_suffix('\r').unwrap_or(it));
    if line.starts_with('\u{feff}') {
        let message = format!("{source} begins with a byte order mark (U+FEFF)");
        return Err(Failure::settings(message)
            .hint("save it as UTF-8 without BOM: `sed -i '1s/^\\xEF\\xBB\\xBF//'` takes it out"));
    }
    if line.contains(['\n', '\r']) {
        let message = format!("{source} has more than one line, and a password is one");
        return Err(Failure::settings(message)
            .hint("leave the password in it alone, with one line end behind it at most"));
    }
    if line.trim() != line {
        log::warn!(
            "{source} begins or ends with a space, which is taken as a part of the password"
        );
    }
    Ok(SecretString::from(line))
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
        for (printed, kept) in [(r"pass\n", "pass"), (r" pa ss \r\n", " pa ss ")] {
            let password = read(&sh(&format!("printf '{printed}'"))).expect("a password");
            assert_eq!(password.expose_secret(), kept);
        }
    }

    #[test]
    fn what_is_more_than_a_password_is_told_and_not_tried() {
        for (printed, told) in [
            (r"p\n\n", "more than one line"),
            (r"p\r\n\r\n", "more than one line"),
            (r"p\nq", "more than one line"),
            (r"\357\273\277p\n", "byte order mark"),
        ] {
            let error = read(&sh(&format!("printf '{printed}'"))).expect_err("refused");
            assert!(error.message.contains(told), "{error}");
        }
    }

    #[test]
    fn sources_are_formatted_without_what_is_secret() {
        let sources = PasswordSources {
            inline: Some(SecretString::from("secret")),
            ..sh("echo secret")
        };
        assert!(!format!("{sources:#?}").contains("secret"));
    }

    #[test]
    fn an_empty_password_is_refused() {
        let error = read(&sh("printf '\\n'")).expect_err("refused");
        assert_eq!(error.message, "the password from password_command is empty");
    }

    #[test]
    fn a_command_that_fails_is_no_password() {
        let error = read(&sh("printf secret; exit 3")).expect_err("refused");
        assert!(error.message.contains("exit status: 3"), "{error}");
        assert!(!error.message.contains("secret"), "{error}");
    }

    #[test]
    fn a_file_that_is_not_there_says_what_belongs_into_it() {
        let sources = PasswordSources {
            file: Some(PathBuf::from("/nowhere/password")),
            ..PasswordSources::default()
        };
        let error = read(&sources).expect_err("nothing to read");
        let hint = error.hint.expect("a hint");
        assert!(hint.contains("chmod 0600 /nowhere/password"), "{hint}");
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
        for (mode, accepted) in [
            (0o600, true),
            (0o400, true),
            (0o640, true),
            (0o644, false),
            (0o604, false),
            (0o660, false),
            (0o602, false),
        ] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
            assert_eq!(read(&sources).is_ok(), accepted, "{mode:o}");
        }
    }
}
