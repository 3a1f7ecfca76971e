//! How to fix a refused login.

use ldap::code::{
    BUSY, CONFIDENTIALITY_REQUIRED, INVALID_CREDENTIALS, INVALID_DN_SYNTAX, STRONGER_AUTH_REQUIRED,
    UNAVAILABLE, UNWILLING_TO_PERFORM, sub_code,
};

use super::directory::BUSY_HINT;

/// What to do about it.
pub fn hint(code: u32, text: &str, username: &str) -> String {
    let hint = match (code, sub_code(text)) {
        (STRONGER_AUTH_REQUIRED | CONFIDENTIALITY_REQUIRED, _) => {
            "use ldaps://, or starttls = true under [directory]"
        }
        (INVALID_DN_SYNTAX, _) => {
            "write the DN of the account as username under [directory], such as cn=svc-adsync,ou=services,dc=example,dc=com"
        }
        (UNWILLING_TO_PERFORM, _) => {
            "see what the server says: the account may be locked, logins without TLS may be off, or the DN may be empty"
        }
        (BUSY | UNAVAILABLE, _) => BUSY_HINT,
        (_, Some("530")) => "clear the account's logon hours in AD",
        (_, Some("531")) => {
            "clear the account's list of workstations in AD, or add this host to it"
        }
        (_, Some("532" | "773")) => {
            "set a new password in AD, best one that never expires, and put it where the settings look for it"
        }
        (_, Some("533")) => "enable the account in AD",
        (_, Some("701")) => "set a later expiry date for the account in AD, or none",
        (_, Some("775")) => {
            "unlock the account in AD, after mending the password of whoever locked it"
        }
        _ if !is_bind_name(username) => {
            "write username under [directory] as AD takes it: svc-adsync@corp.example.com, CORP\\svc-adsync, or the DN of the account"
        }
        _ => {
            "check username and password under [directory]; it was tried once and on one server only, so that the account is not locked"
        }
    };
    hint.to_owned()
}

/// Whether it looks like a UPN, `DOMAIN\name` or a DN.
fn is_bind_name(username: &str) -> bool {
    username.contains(['@', '\\', '='])
}

/// What a domain administrator types in `PowerShell` (the `ActiveDirectory` module) to fix it.
pub fn commands(code: u32, text: &str, username: &str) -> Vec<String> {
    if code != INVALID_CREDENTIALS {
        return Vec::new();
    }
    let Some(data) = sub_code(text) else {
        return Vec::new();
    };
    let who = format!("-Identity {}", quoted(identity(username)));
    let commands: &[&str] = match data {
        "525" | "52e" => &["Get-ADUser {who} -Properties LockedOut, PasswordLastSet"],
        "530" => &["Set-ADUser {who} -Clear logonHours"],
        "531" => &["Set-ADUser {who} -Clear userWorkstations"],
        "532" | "773" => &[
            "Set-ADAccountPassword {who} -Reset",
            "Set-ADUser {who} -ChangePasswordAtLogon $false -PasswordNeverExpires $true",
        ],
        "533" => &["Enable-ADAccount {who}"],
        "701" => &["Clear-ADAccountExpiration {who}"],
        "775" => &["Unlock-ADAccount {who}"],
        _ => &[],
    };
    commands
        .iter()
        .map(|it| it.replace("{who}", &who))
        .collect()
}

/// What `-Identity` takes: a DN as it is, else the name without its domain.
fn identity(username: &str) -> &str {
    if username.contains('=') {
        return username;
    }
    let name = username.split_once('\\').map_or(username, |(_, name)| name);
    name.split_once('@').map_or(name, |(name, _)| name)
}

/// A text as `PowerShell` reads it unchanged (`about_Quoting_Rules`).
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ldap::code::login_reason;

    fn data(code: &str) -> String {
        format!(
            "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data {code}, v1db1"
        )
    }

    #[test]
    fn every_sub_code_has_its_words_its_hint_and_its_command() {
        let general = hint(49, &data("0"), "a@b");
        for code in ["530", "531", "532", "533", "701", "773", "775"] {
            let reason = login_reason(49, &data(code)).expect("a reason");
            assert!(!reason.starts_with("the login was refused"), "{reason}");
            assert!(
                reason.ends_with(&format!("(AD error data {code})")),
                "{reason}"
            );
            assert_ne!(hint(49, &data(code), "a@b"), general, "{code}");
            let commands = commands(49, &data(code), "a@b");
            assert!(commands[0].contains("-Identity 'a'"), "{commands:?}");
        }
    }

    #[test]
    fn the_account_is_named_as_powershell_takes_it() {
        let unlock = |username| commands(49, &data("775"), username).remove(0);
        assert_eq!(unlock(r"CORP\svc"), "Unlock-ADAccount -Identity 'svc'");
        assert_eq!(
            unlock("CN=O'Brien,DC=com"),
            "Unlock-ADAccount -Identity 'CN=O''Brien,DC=com'"
        );
    }

    #[test]
    fn a_bare_name_is_no_bind_name() {
        assert!(hint(49, &data("52e"), "svc-adsync").contains(r"CORP\svc-adsync"));
        assert!(!hint(49, &data("52e"), r"CORP\svc-adsync").contains("as AD takes it"));
    }
}
