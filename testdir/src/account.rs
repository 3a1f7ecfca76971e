//! The accounts that may log in, and what the directory says to those that may not.

use std::fmt;

/// An account for simple binds, with all the names it may be called by: a UPN,
/// `DOMAIN\name`, a DN.
#[derive(Clone)]
pub struct Account {
    names: Vec<String>,
    password: String,
    refused_with: Option<String>,
}

impl Account {
    #[must_use]
    pub fn new(name: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            names: vec![name.into()],
            password: password.into(),
            refused_with: None,
        }
    }

    /// One more name for the same account.
    #[must_use]
    pub fn also_called(mut self, name: impl Into<String>) -> Self {
        self.names.push(name.into());
        self
    }

    /// The right password is refused with this sub-code of error 49: `533`
    /// disabled, `701` expired, `773` must change its password, `532` password
    /// expired, `775` locked out, `530` not at this time, `531` not from here.
    #[must_use]
    pub fn refused_with(mut self, data: impl Into<String>) -> Self {
        self.set_refused_with(Some(data.into()));
        self
    }

    pub(crate) fn set_refused_with(&mut self, data: Option<String>) {
        self.refused_with = data;
    }

    pub(crate) fn set_password(&mut self, password: String) {
        self.password = password;
    }

    pub(crate) fn is_called(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.names.iter().any(|own| own.to_lowercase() == name)
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("names", &self.names)
            .field("refused_with", &self.refused_with)
            .finish_non_exhaustive()
    }
}

/// Tries a name and a password; the error is AD's sub-code. AD says `52e` to
/// an unknown name and to a wrong password alike.
pub(crate) fn authenticate(accounts: &[Account], name: &str, password: &str) -> Result<(), String> {
    let account = accounts
        .iter()
        .find(|account| account.is_called(name) && account.password == password)
        .ok_or("52e")?;
    match &account.refused_with {
        Some(data) => Err(data.clone()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sub_code_is_told_only_to_who_knows_the_password() {
        let accounts = [Account::new("svc@x", "secret")
            .also_called(r"X\svc")
            .refused_with("533")];
        assert_eq!(
            authenticate(&accounts, r"x\SVC", "secret"),
            Err("533".into())
        );
        assert_eq!(authenticate(&accounts, "svc@x", "wrong"), Err("52e".into()));
        assert_eq!(
            authenticate(&accounts, "nobody", "secret"),
            Err("52e".into())
        );
    }
}
