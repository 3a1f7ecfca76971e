//! Kerberos logins that fail: for want of a ticket, or because the server rejects it.

use std::fmt;

use super::code::INVALID_CREDENTIALS;
use super::login;

/// An error of the Kerberos library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketError {
    /// Its number (MIT Kerberos' `krb5.h`).
    pub code: i32,
    /// Whether the library reports an expired ticket.
    pub has_expired: bool,
    /// Whether the ticket was to be obtained with a keytab.
    pub has_keytab: bool,
    /// Its message.
    pub text: String,
}

/// The first number of the library's errors; those that a KDC sends follow in the order of RFC 4120, 7.5.9.
const BASE: i32 = -1_765_328_384;

/// What went wrong, as far as an administrator can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There is no ticket at all.
    NoTicket,
    /// There was one, which has expired.
    Expired,
    /// The keytab has no key of that principal.
    NotInKeytab,
    /// The KDC does not know the account.
    UnknownAccount,
    /// The account is disabled, locked out or has expired.
    Barred,
    /// The account's password has expired.
    PasswordExpired,
    /// The keys of the keytab are not, or no longer, those of the account.
    WrongKeys,
    /// The KDC knows no such server.
    UnknownServer,
    /// The server cannot decrypt the ticket, or its answer cannot be decrypted.
    NotForServer,
    /// The clocks are too far apart.
    Clock,
    /// No KDC answers.
    NoKdc,
    /// The KDCs of the realm are unknown.
    UnknownRealm,
    /// Anything else.
    Other,
}

impl TicketError {
    /// What went wrong.
    pub fn trouble(&self) -> Trouble {
        match self.trouble_of_code() {
            Trouble::NoTicket if self.has_keytab => Trouble::NotInKeytab,
            trouble => trouble,
        }
    }

    fn trouble_of_code(&self) -> Trouble {
        if self.has_expired {
            return Trouble::Expired;
        }
        match self.code.wrapping_sub(BASE) {
            6 => Trouble::UnknownAccount,
            7 => Trouble::UnknownServer,
            18 => Trouble::Barred,
            23 => Trouble::PasswordExpired,
            // No common encryption type; pre-authentication failed, or required.
            14 | 24 | 25 => Trouble::WrongKeys,
            32 => Trouble::Expired,
            // A ticket not yet valid and an answer from another time have the same cause.
            33 | 37 | 161 => Trouble::Clock,
            31 | 35 | 41 | 44 => Trouble::NotForServer,
            141 | 195 => Trouble::NoTicket,
            156 => Trouble::NoKdc,
            154 | 220 => Trouble::UnknownRealm,
            181 => Trouble::NotInKeytab,
            _ => self.trouble_by_words(),
        }
    }

    /// The GSSAPI part of the library numbers its errors per process.
    fn trouble_by_words(&self) -> Trouble {
        let words = [
            ("No Kerberos credentials available", Trouble::NoTicket),
            ("No credentials cache found", Trouble::NoTicket),
            ("Matching credential not found", Trouble::NoTicket),
            ("Can't find client principal", Trouble::NoTicket),
            ("found in keytab", Trouble::NotInKeytab),
            ("Keytab contains no", Trouble::NotInKeytab),
            ("Cannot contact any KDC", Trouble::NoKdc),
            ("Cannot find KDC", Trouble::UnknownRealm),
            ("default realm", Trouble::UnknownRealm),
            ("expired", Trouble::Expired),
        ];
        let found = words.iter().find(|(word, _)| self.text.contains(word));
        found.map_or(Trouble::Other, |(_, trouble)| *trouble)
    }

    /// Whether it would fail at every server.
    pub fn concerns_account(&self) -> bool {
        !matches!(
            self.trouble(),
            Trouble::UnknownServer | Trouble::NotForServer | Trouble::Other
        )
    }
}

impl fmt::Display for TicketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = match self.trouble() {
            Trouble::NoTicket => "this account has no ticket",
            Trouble::Expired => "the ticket has expired",
            Trouble::NotInKeytab => "the keytab has no key that can be used",
            Trouble::UnknownAccount => "the KDC knows no such account",
            Trouble::Barred => "the account is disabled, locked out or has expired",
            Trouble::PasswordExpired => "the password of the account has expired",
            Trouble::WrongKeys => "the keys of the keytab are not those of the account",
            Trouble::UnknownServer => "the KDC knows no server of that name",
            Trouble::NotForServer => {
                "the server cannot read the ticket, which is for another account"
            }
            Trouble::Clock => "the clocks of this host and of the domain are too far apart",
            Trouble::NoKdc => "no KDC of the realm can be reached",
            Trouble::UnknownRealm => "it is not known where the KDCs of the realm are",
            Trouble::Other => return f.write_str(self.minor()),
        };
        write!(f, "{said} ({})", self.minor())
    }
}

impl TicketError {
    /// The mechanism's message, without the generic part that GSSAPI adds.
    fn minor(&self) -> &str {
        let text = self.text.trim();
        let minor = text.split_once(" (").map(|(_, minor)| minor);
        minor.map_or(text, |it| it.strip_suffix(')').unwrap_or(it))
    }
}

/// `SEC_E_BAD_BINDINGS` (MS-ERREF 2.1), in the diagnostic message of a refused bind.
pub const BAD_BINDINGS: &str = "80090346";

/// Why a server refused a login with a ticket, where the words differ from those for a password.
pub fn reason(code: u32, text: &str) -> Option<String> {
    if code != INVALID_CREDENTIALS {
        return None;
    }
    if text.contains(BAD_BINDINGS) {
        return Some("the login belongs to another TLS connection than the server's (AD error data 80090346)".to_owned());
    }
    match login::reason(code, text) {
        Some(reason) if !reason.contains("password is wrong") => Some(reason),
        _ => Some("the server does not accept the ticket (error 49)".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: i32, text: &str) -> TicketError {
        TicketError {
            code,
            has_expired: false,
            has_keytab: false,
            text: text.to_owned(),
        }
    }

    #[test]
    fn the_words_of_the_library_follow_those_that_help() {
        let skew = error(
            BASE + 37,
            "Unspecified GSS failure.  Minor code may provide more information (Clock skew too great)",
        );
        assert_eq!(
            skew.to_string(),
            "the clocks of this host and of the domain are too far apart (Clock skew too great)"
        );
        let other = error(7, "A required output parameter could not be written (Odd)");
        assert_eq!(other.to_string(), "Odd");
        assert_eq!(error(7, "Odd").to_string(), "Odd");
    }

    #[test]
    fn without_a_ticket_a_keytab_is_to_blame_where_there_is_one() {
        let none = error(
            100_001,
            "No credentials were supplied (No Kerberos credentials available (default cache: MEMORY:adsync))",
        );
        assert_eq!(none.trouble(), Trouble::NoTicket);
        let keytab = TicketError {
            has_keytab: true,
            ..none
        };
        assert_eq!(keytab.trouble(), Trouble::NotInKeytab);
        assert!(
            keytab
                .to_string()
                .contains("(No Kerberos credentials available (default cache: MEMORY:adsync))"),
            "{keytab}"
        );
    }

    #[test]
    fn only_a_server_of_its_own_making_leaves_the_next_one_a_turn() {
        assert!(!error(BASE + 7, "").concerns_account());
        assert!(error(BASE + 24, "").concerns_account());
        assert!(error(BASE + 32, "").concerns_account());
    }
}
