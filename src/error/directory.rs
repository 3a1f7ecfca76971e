//! How to fix a directory that cannot be read: a hint and, where possible, the exact commands.

use ldap::code::{BUSY, NO_SUCH_OBJECT, UNAVAILABLE};
use ldap::{Cause, Step};

use super::{Kind, attributes, certificate, handshake, kerberos, login, network};
use crate::directory::DirectoryError;

/// The kind that decides the exit code.
pub fn kind(error: &DirectoryError) -> Kind {
    match error {
        DirectoryError::Ldap(error) => kind_of_ldap(error),
        DirectoryError::NoServers { .. } | DirectoryError::OutsideServers { .. } => {
            Kind::Unreachable
        }
        DirectoryError::Unusable { .. } | DirectoryError::Undecided { .. } => Kind::Settings,
        DirectoryError::NoContext { .. }
        | DirectoryError::OutsideDomain { .. }
        | DirectoryError::IdentityNotSearchable { .. }
        | DirectoryError::TooMany { .. } => Kind::Directory,
    }
}

fn kind_of_ldap(error: &ldap::Error) -> Kind {
    match (&error.step, &error.cause) {
        (_, Cause::NoThread(_)) => Kind::Failed,
        (Step::Ticket(_), Cause::Ticket(ticket)) => kerberos::kind(ticket),
        (Step::Bind(_) | Step::Kerberos(_), Cause::Result { .. })
        | (Step::Kerberos(_), Cause::Ticket(_) | Cause::NotEncrypted) => Kind::Login,
        (
            Step::Read(_),
            Cause::Timeout(_)
            | Cause::RunTimeout(_)
            | Cause::Lost
            | Cause::Disconnected { .. }
            | Cause::Io(_),
        ) => Kind::Unreachable,
        (Step::Read(_), _) => Kind::Directory,
        _ => Kind::Unreachable,
    }
}

/// What to do about it.
pub fn hint(error: &DirectoryError) -> Option<String> {
    let fixed = match error {
        DirectoryError::Ldap(error) => return hint_on_ldap(error),
        DirectoryError::NoServers { .. } => network::UNKNOWN_NAME,
        DirectoryError::OutsideServers { hosts, .. } => {
            return Some(format!(
                "if the password may go there, say allowed_servers = [\"{}\"] under [directory]; else somebody has changed what the DNS says",
                hosts.join("\", \"")
            ));
        }
        DirectoryError::NoContext { .. } => "set base_dn under [directory]",
        DirectoryError::OutsideDomain { contexts, .. } => return Some(domain_hint(contexts)),
        DirectoryError::IdentityNotSearchable { attribute, .. } => {
            return Some(identity_hint(attribute));
        }
        DirectoryError::Unusable { unusable, .. } => {
            return unusable.first().map(attributes::hint);
        }
        DirectoryError::Undecided { .. } => {
            "the attribute needs a substring matching rule, its values must look like the patterns, and the account must have the right to search for it; say the same in filter under [directory] with another attribute"
        }
        DirectoryError::TooMany { .. } => return None,
    };
    Some(fixed.to_owned())
}

fn hint_on_ldap(error: &ldap::Error) -> Option<String> {
    let fixed = match (&error.step, &error.cause) {
        (Step::Tls | Step::StartTls, Cause::Certificate(rejected)) => {
            return Some(certificate::hint(rejected, &error.server));
        }
        (Step::Bind(username), Cause::Result { code, text }) => {
            return Some(login::hint(*code, text, username));
        }
        (Step::Kerberos(account), Cause::Result { code, text }) => {
            return Some(kerberos::hint(*code, text, account));
        }
        (_, Cause::NoThread(_)) => {
            "nothing was changed; give the account more processes (ulimit -u, TasksMax of the service), or the host more memory"
        }
        (_, Cause::RunTimeout(_)) => {
            "nothing was changed; run_timeout under [directory] says how long all of a run's reading may take"
        }
        (_, Cause::Ticket(ticket)) => return kerberos::ticket_hint(ticket),
        (_, Cause::NotEncrypted) => {
            "use ldaps:// in url under [directory]: without TLS adsync logs in only where Kerberos encrypts the connection"
        }
        (Step::Ticket(_), Cause::Timeout(_)) => kerberos::NO_KDC,
        (Step::Read(_), Cause::Result { code, .. }) => return read_hint(*code),
        (Step::Read(_), Cause::Lost | Cause::Disconnected { .. }) => {
            "nothing was changed; the next run tries again, and a second server in urls would take over"
        }
        (Step::Read(_), Cause::Timeout(_)) => {
            "the server is reachable but does not answer; timeout_secs under [directory] says how long to wait"
        }
        (_, Cause::Limit(limit)) => {
            return Some(format!(
                "nothing was changed; if this server is to be trusted with more, raise {} under [directory]",
                limit.kind.name()
            ));
        }
        (Step::Read(_), _) => return None,
        _ => return network::hint(error),
    };
    Some(fixed.to_owned())
}

/// Commands that fix it or show more, for the person the hint names.
pub fn commands(error: &DirectoryError) -> Vec<String> {
    let error = match error {
        DirectoryError::Ldap(error) => error,
        DirectoryError::NoServers { domain, .. }
        | DirectoryError::OutsideServers { domain, .. } => {
            return network::commands_of_domain(domain);
        }
        _ => return Vec::new(),
    };
    let server = &error.server;
    match (&error.step, &error.cause) {
        (Step::Resolve, _) => network::commands(server),
        (_, Cause::Certificate(rejected)) => certificate::commands(rejected, server),
        (_, cause) if cause.is_incompatible_tls() => handshake::commands(server),
        (Step::Tls | Step::StartTls, _)
            if network::hint(error).as_deref() == Some(network::NO_CERTIFICATE) =>
        {
            handshake::commands(server)
        }
        (Step::Bind(username), Cause::Result { code, text }) => {
            login::commands(*code, text, username)
        }
        (Step::Ticket(service), Cause::Ticket(ticket)) => kerberos::commands(ticket, service),
        _ => Vec::new(),
    }
}

/// What to do about a server that says that it cannot at the moment.
pub const BUSY_HINT: &str =
    "the server is busy or going down; try again later, or name a second one in urls";

fn identity_hint(attribute: &str) -> String {
    let needed = "the account must have the right to search for the attribute, not only to read it, and the server an equality matching rule for it";
    if attribute.eq_ignore_ascii_case("entryUUID") {
        return needed.to_owned();
    }
    format!(
        "{needed}; where it is not AD, guid = \"entryUUID\" under [directory.attributes] has one"
    )
}

fn domain_hint(contexts: &[String]) -> String {
    match contexts.first() {
        Some(domain) => format!(
            "write base_dn = \"{domain}\" under [directory], or a DN below it; left out, the whole domain is read"
        ),
        None => "check base_dn under [directory]".to_owned(),
    }
}

fn read_hint(code: u32) -> Option<String> {
    let hint = match code {
        NO_SUCH_OBJECT => {
            "check base_dn under [directory]; `adsync check` shows the domain's own naming context"
        }
        3 => {
            "raise the server's time limit for this account: MaxQueryDuration in AD's LDAP policies, olcTimeLimit in OpenLDAP, nsslapd-timelimit in 389 DS"
        }
        4 | 11 => {
            "raise the server's size limit for this account: olcLimits with size.prtotal=unlimited in OpenLDAP, nsslapd-sizelimit, nsslapd-pagedsizelimit and nsslapd-lookthroughlimit in 389 DS; on AD set page_size under [directory] to MaxPageSize or less"
        }
        8 | 13 => "use ldaps://, or starttls = true under [directory]",
        10 => "base_dn is in another domain; name one of its own domain controllers in url",
        12 | 53 => {
            "see what the server says: it may refuse answers in pages (RFC 2696), without which a directory is not read to its end; in OpenLDAP olcLimits with size.pr and size.prtotal=unlimited allows them for this account"
        }
        50 => "give the account read access to the users",
        BUSY | UNAVAILABLE => BUSY_HINT,
        _ => return None,
    };
    Some(hint.to_owned())
}
