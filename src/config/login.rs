//! The keys of the login, which depend on each other.

use std::path::Path;

use serde::Deserialize;

use super::{DirectoryTable, path};
use crate::credentials::Login;
use crate::credentials::password::PasswordSources;
use crate::error::Failure;

/// What was probably meant by a name in double quotes in which backslashes became control characters; `None` if
/// there are none.
fn in_single_quotes(username: &str) -> Option<String> {
    let escapes = [
        ('\u{8}', 'b'),
        ('\t', 't'),
        ('\n', 'n'),
        ('\u{c}', 'f'),
        ('\r', 'r'),
        ('\u{1b}', 'e'),
    ];
    let written = |it: char| {
        let escape = escapes.iter().find(|(control, _)| *control == it);
        escape.map_or(it.to_string(), |(_, letter)| format!("\\{letter}"))
    };
    username
        .contains(char::is_control)
        .then(|| username.chars().map(written).collect())
}

/// How to log in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// A simple bind with a password.
    #[default]
    Password,
    /// SASL GSSAPI with a Kerberos ticket.
    Kerberos,
}

impl DirectoryTable {
    /// A login with a password, if the keys go together, in the settings of this folder; `wrong` says which are meant.
    pub fn login_with_password(
        &mut self,
        folder: &Path,
        wrong: impl Fn(&str) -> Failure,
    ) -> Result<Login, Failure> {
        let username = match self.username.as_deref() {
            Some("") => return Err(wrong("username under [directory] is empty")),
            None => {
                return Err(wrong("no username under [directory]").hint(
                    "add username = \"svc-adsync@corp.example.com\", the account that adsync logs in with",
                ));
            }
            Some(username) => match in_single_quotes(username) {
                None => username.to_owned(),
                Some(meant) => {
                    return Err(wrong("username under [directory] has a control character: in double quotes a backslash begins an escape")
                        .hint(format!("write it in single quotes: username = '{meant}'")));
                }
            },
        };
        if self.password_file.is_some() && self.password_command.is_some() {
            return Err(wrong("both password_file and password_command are given"));
        }
        for (key, is_given) in [
            ("keytab", self.keytab.is_some()),
            ("principal", self.principal.is_some()),
        ] {
            if is_given {
                return Err(wrong(&format!("{key} under [directory] is for Kerberos"))
                    .hint("add auth = \"kerberos\", and take username and the password out"));
            }
        }
        let mut command = self.password_command.take().map(|it| it.0);
        if let Some(program) = command.as_mut().and_then(|it| it.first_mut()) {
            *program = path::program(program, folder)
                .map_err(|why| wrong(&format!("password_command under [directory]: {why}")))?;
        }
        Ok(Login::Password {
            username,
            sources: PasswordSources {
                file: self.password_file.take().map(|it| it.within(folder)),
                command,
                inline: self.password.take().map(|it| it.0),
            },
        })
    }

    /// The same with a ticket.
    #[cfg(feature = "kerberos")]
    pub fn login_with_ticket(
        &mut self,
        folder: &Path,
        wrong: impl Fn(&str) -> Failure,
    ) -> Result<Login, Failure> {
        for (key, is_given) in [
            ("username", self.username.is_some()),
            ("password_file", self.password_file.is_some()),
            ("password_command", self.password_command.is_some()),
            ("password", self.password.is_some()),
        ] {
            if is_given {
                return Err(wrong(&format!(
                    "{key} under [directory] does not go with auth = \"kerberos\""
                ))
                .hint("take it out: the account is that of the ticket or the keytab; principal names it where there are several"));
            }
        }
        if self.principal.as_deref() == Some("") {
            return Err(wrong("principal under [directory] is empty")
                .hint("leave it out for that of the ticket, or the first of the keytab"));
        }
        Ok(Login::Kerberos(ldap::Kerberos {
            keytab: self.keytab.take().map(|it| it.within(folder)),
            principal: self.principal.take(),
        }))
    }

    #[cfg(not(feature = "kerberos"))]
    #[expect(clippy::unused_self, reason = "as it is with Kerberos")]
    pub fn login_with_ticket(
        &mut self,
        _folder: &Path,
        wrong: impl Fn(&str) -> Failure,
    ) -> Result<Login, Failure> {
        Err(wrong("auth = \"kerberos\" under [directory], and this adsync was built without Kerberos").hint(
            "the Debian package has it; from the sources: apt-get install libkrb5-dev libclang-dev pkg-config, then cargo install --path . --locked --features kerberos",
        ))
    }
}
