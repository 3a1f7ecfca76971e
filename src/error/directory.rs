//! How to fix a directory that cannot be read: a hint and, where possible, the exact commands.

use super::{Kind, attributes, certificate, handshake, kerberos, login, network};
use crate::directory::code::{BUSY, NO_SUCH_OBJECT, UNAVAILABLE};
use crate::directory::{Cause, DirectoryError, ServerUrl, Step, is_incompatible};

/// The kind that decides the exit code.
pub fn kind(error: &DirectoryError) -> Kind {
    match (&error.step, &error.cause) {
        (_, Cause::NoThread(_)) => Kind::Failed,
        (_, Cause::RunTimeout(_)) => Kind::Unreachable,
        (Step::Ticket(_), Cause::Ticket(ticket)) => kerberos::kind(ticket),
        (Step::Settings, _) => Kind::Settings,
        (Step::Bind(_) | Step::Kerberos(_), Cause::Result { .. })
        | (Step::Kerberos(_), Cause::Ticket(_) | Cause::NotEncrypted) => Kind::Login,
        (
            Step::Resolve
            | Step::Connect
            | Step::StartTls
            | Step::Tls
            | Step::Bind(_)
            | Step::Ticket(_)
            | Step::Kerberos(_),
            _,
        )
        | (_, Cause::Timeout(_) | Cause::Lost | Cause::Disconnected { .. } | Cause::Io(_)) => {
            Kind::Unreachable
        }
        _ => Kind::Directory,
    }
}

/// What to do about it.
pub fn hint(error: &DirectoryError) -> Option<String> {
    let fixed = match (&error.step, &error.cause) {
        (Step::Tls | Step::StartTls, Cause::Certificate(rejected)) => {
            return Some(certificate::hint(rejected, error));
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
        (_, Cause::NoContext) => "set base_dn under [directory]",
        (_, Cause::OutsideDomain(contexts)) => return Some(domain_hint(contexts)),
        (_, Cause::IdentityNotSearchable(_)) => {
            "the account must have the right to search for the attribute, not only to read it, and the server an equality matching rule for it; where it is not AD, guid = \"entryUUID\" under [directory.attributes] has one"
        }
        (_, Cause::OutsideServers(hosts)) => {
            return Some(format!(
                "if the password may go there, say allowed_servers = [\"{}\"] under [directory]; else somebody has changed what the DNS says",
                hosts.replace(", ", "\", \"")
            ));
        }
        (_, Cause::Unusable(unusable)) => {
            return unusable.first().and_then(attributes::hint);
        }
        (Step::Read(_), Cause::Lost | Cause::Disconnected { .. }) => {
            "nothing was changed; the next run tries again, and a second server in urls would take over"
        }
        (Step::Read(_), Cause::Timeout(_)) => {
            "the server is reachable but does not answer; timeout_secs under [directory] says how long to wait"
        }
        (_, Cause::Limit(limit)) => {
            return Some(format!(
                "nothing was changed; if this server is to be trusted with more, raise {} under [directory]",
                limit.setting
            ));
        }
        (Step::Read(_), _) => return None,
        _ => return network::hint(error),
    };
    Some(fixed.to_owned())
}

/// Commands that fix it or show more, for the person the hint names.
pub fn commands(error: &DirectoryError) -> Vec<String> {
    match (&error.step, &error.cause) {
        (Step::Resolve, _) => network::commands(error),
        (_, Cause::Certificate(rejected)) => certificate::commands(rejected, error),
        (_, Cause::Tls(what)) if is_incompatible(what) => handshake::commands(error),
        (Step::Tls | Step::StartTls, _)
            if network::hint(error).as_deref() == Some(network::NO_CERTIFICATE) =>
        {
            handshake::commands(error)
        }
        (Step::Bind(username), Cause::Result { code, text }) => {
            login::commands(*code, text, username)
        }
        (Step::Ticket(service), Cause::Ticket(ticket)) => kerberos::commands(ticket, service),
        _ => Vec::new(),
    }
}

/// The server, if one was chosen already.
pub fn url(error: &DirectoryError) -> Option<ServerUrl> {
    error.url()
}

/// What to do about a server that says that it cannot at the moment.
pub const BUSY_HINT: &str =
    "the server is busy or going down; try again later, or name a second one in urls";

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
        3 | 4 | 11 => {
            "the server cut its answer short; a smaller page_size or a higher limit on the server helps"
        }
        8 | 13 => "use ldaps://, or starttls = true under [directory]",
        10 => "base_dn is in another domain; name one of its own domain controllers in url",
        50 => "give the account read access to the users",
        BUSY | UNAVAILABLE => BUSY_HINT,
        _ => return None,
    };
    Some(hint.to_owned())
}
