//! How to fix a failed Kerberos login.

use ldap::code::{BAD_BINDINGS, INVALID_CREDENTIALS, STRONGER_AUTH_REQUIRED, login_reason};
use ldap::{TicketError, Trouble};

use super::{Kind, login};

/// The kind that decides the exit code.
pub fn kind(error: &TicketError) -> Kind {
    match error.trouble() {
        Trouble::NotInKeytab => Kind::Settings,
        Trouble::NoKdc | Trouble::UnknownRealm => Kind::Unreachable,
        _ => Kind::Login,
    }
}

/// What to do about it.
pub fn ticket_hint(error: &TicketError) -> Option<String> {
    let hint = match error.trouble() {
        Trouble::NoTicket => {
            "run kinit as the account that runs adsync, or name a keytab under [directory], as cron and systemd need it"
        }
        Trouble::Expired => {
            "run kinit again, or name a keytab under [directory], with which adsync fetches a ticket for each run"
        }
        Trouble::NotInKeytab => {
            "`klist -k FILE` shows whose keys the keytab has; principal under [directory] must be one of them, its realm in capitals"
        }
        Trouble::UnknownAccount => {
            "write the principal as AD has it: the sAMAccountName or the UPN, and the realm in capitals, such as svc-adsync@CORP.EXAMPLE.COM"
        }
        Trouble::Barred => "enable or unlock the account in AD, or set a later expiry date",
        Trouble::PasswordExpired => {
            "set a new password in AD, best one that never expires, and make the keytab anew"
        }
        Trouble::WrongKeys => {
            "a keytab is worth nothing once the password of its account was changed: make it anew with ktpass or ktutil"
        }
        Trouble::UnknownServer => {
            "write the domain controller's full name in url under [directory], as its servicePrincipalName has it; an address or an alias has no ticket"
        }
        Trouble::NotForServer => {
            "another account may have this servicePrincipalName as well: `setspn -X` finds it, and url under [directory] must name a domain controller"
        }
        Trouble::Clock => {
            "set this host's clock by that of the domain controllers; AD allows five minutes between them"
        }
        Trouble::NoKdc => NO_KDC,
        Trouble::UnknownRealm => {
            "let this host ask the domain's DNS, or name the KDCs of the realm in /etc/krb5.conf"
        }
        Trouble::Other => return None,
    };
    Some(hint.to_owned())
}

/// Commands that show more, or fix it.
pub fn commands(error: &TicketError, service: &str) -> Vec<String> {
    let commands: &[&str] = match error.trouble() {
        Trouble::NoTicket | Trouble::Expired => &["klist"],
        Trouble::UnknownServer => &["setspn -Q {service}"],
        Trouble::NotForServer => &["setspn -X", "setspn -Q {service}"],
        Trouble::Clock => &["timedatectl status"],
        _ => &[],
    };
    commands
        .iter()
        .map(|it| it.replace("{service}", service))
        .collect()
}

/// What to do if no KDC answers.
pub const NO_KDC: &str = "Kerberos is port 88 (TCP and UDP) of the domain controllers: check that no firewall drops it, and which of them /etc/krb5.conf names";

/// What to do about it.
pub fn hint(code: u32, text: &str, account: &str) -> String {
    let hint = match code {
        INVALID_CREDENTIALS if text.contains(BAD_BINDINGS) => {
            "something between here and the domain controller takes the TLS connection apart, and the domain controller insists on channel binding: name the domain controller itself in url under [directory]"
        }
        INVALID_CREDENTIALS => match login_reason(code, text) {
            Some(reason) if !reason.contains("password is wrong") => {
                return login::hint(code, text, account);
            }
            _ => {
                "another account may have the servicePrincipalName of this domain controller as well: `setspn -X` finds it; a clock that is minutes wrong is answered so, too"
            }
        },
        STRONGER_AUTH_REQUIRED => {
            "this server takes no Kerberos login over TLS: write ldap:// in url under [directory], without starttls, and Kerberos encrypts the connection itself"
        }
        _ => return login::hint(code, text, account),
    };
    hint.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ldap::code::kerberos_reason;

    #[test]
    fn a_login_that_belongs_to_another_connection_is_told() {
        let text = "80090346: LdapErr: DSID-0C090716, comment: AcceptSecurityContext error, data 80090346, v4563";
        let said = kerberos_reason(49, text).expect("a reason");
        assert!(said.contains("another TLS connection"), "{said}");
        assert!(hint(49, text, "svc").contains("channel binding"));
        assert!(hint(49, "", "svc").contains("setspn -X"));
    }
}
