//! How to fix a name that does not resolve, a closed port, and TLS spoken to a port without it.

use ldap::{Cause, Error, ServerUrl, Step};

use super::handshake;

/// Explains an open port on which the TLS handshake does not start.
pub const NO_CERTIFICATE: &str = "so does a domain controller without a certificate: give it one for server authentication (from AD Certificate Services, or as PEM to Samba); and one with no cipher suite in common: let it speak TLS 1.2 or 1.3 with ECDHE and AES-GCM";

/// What to do if a name does not resolve.
pub const UNKNOWN_NAME: &str = "check url or domain under [directory]; the names of a domain are known to its own DNS, as a rule its domain controllers, so this host must ask them (/etc/resolv.conf)";

/// What to do if no connection was established.
pub fn hint(error: &Error) -> Option<String> {
    let Error {
        server,
        step,
        cause,
    } = error;
    let (port, is_ldaps) = (server.port(), server.is_ldaps());
    let hint = match (step, cause) {
        (Step::Resolve, _) if !server.host().contains('.') => "write the full name in url under [directory], such as ldaps://dc1.corp.example.com".to_owned(),
        (Step::Resolve, _) => UNKNOWN_NAME.to_owned(),
        (Step::Connect, Cause::Timeout(_)) => {
            format!("the host is down, or a firewall drops what goes to its port {port}")
        }
        (Step::Connect, Cause::Addresses(missed)) if missed.iter().all(|it| it.why.is_none()) => {
            format!("the hosts are down, or a firewall drops what goes to their port {port}")
        }
        (Step::Connect, _) => "check that the server is up and that it is a domain controller; LDAPS is port 636, LDAP 389".to_owned(),
        (_, Cause::Timeout(_)) => format!(
            "port {port} is open but does not answer: the server hangs, or speaks something else there; connect_timeout_secs under [directory] says how long to wait"
        ),
        (Step::Tls, _) if is_ldaps && matches!(port, 389 | 3268) => format!(
            "{port} is the port of plain LDAP: leave it out of url under [directory], for LDAPS is port 636, or write ldap:// with starttls = true"
        ),
        (Step::Tls, cause) if cause.is_incompatible_tls() => handshake::INCOMPATIBLE.to_owned(),
        (Step::Tls, Cause::Tls(_)) if is_ldaps => {
            format!("what answers on port {port} does not speak TLS as it should; LDAPS is port 636")
        }
        (Step::Tls, _) if is_ldaps => NO_CERTIFICATE.to_owned(),
        (Step::StartTls, Cause::Result { .. }) => NO_CERTIFICATE.to_owned(),
        (_, _) if !is_ldaps && matches!(port, 636 | 3269) => {
            format!("{port} is the port of LDAPS: write ldaps:// in url under [directory], without starttls")
        }
        (Step::StartTls | Step::Tls | Step::Bind(_) | Step::Kerberos(_), _) => "it may be starting or going down, or be no LDAP server at all; nothing was changed, and a second server in urls would take over".to_owned(),
        (Step::Read(_) | Step::Ticket(_), _) => return None,
    };
    Some(hint)
}

/// How to see what the DNS says of a server.
pub fn commands(server: &ServerUrl) -> Vec<String> {
    vec![format!("getent hosts {}", server.host())]
}

/// How to see what the DNS says of a domain.
pub fn commands_of_domain(domain: &str) -> Vec<String> {
    vec![format!("nslookup -type=SRV _ldap._tcp.dc._msdcs.{domain}")]
}

#[cfg(test)]
mod tests {
    use std::io::{self, ErrorKind};
    use std::time::Duration;

    use super::*;
    use crate::directory::DirectoryError;

    fn of(server: &str, step: Step, cause: Cause) -> String {
        let error = Error {
            server: ServerUrl::try_from(server.to_owned()).expect("a server"),
            step,
            cause,
        };
        format!("{error}: {}", hint(&error).unwrap_or_default())
    }

    #[test]
    fn silence_is_a_firewall_before_the_connection_and_the_server_behind_it() {
        let silence = || Cause::Timeout(Duration::from_secs(5));
        let before = of("ldaps://dc1.x", Step::Connect, silence());
        assert!(
            before.contains("a firewall drops what goes to its port 636"),
            "{before}"
        );
        let behind = of("ldaps://dc1.x", Step::Tls, silence());
        assert!(
            behind.contains("port 636 is open but does not answer"),
            "{behind}"
        );
    }

    #[test]
    fn a_controller_without_a_certificate_closes_the_connection() {
        let reset = io::Error::from(ErrorKind::ConnectionReset);
        let said = of("ldaps://dc1.x", Step::Tls, Cause::Io(reset));
        assert!(said.contains("the server closed the connection: so does a domain controller without a certificate"), "{said}");
        let unavailable = Cause::Result {
            code: 52,
            text: "Error initializing SSL/TLS".to_owned(),
        };
        let said = of("ldap://dc1.x", Step::StartTls, unavailable);
        assert!(said.contains("without a certificate"), "{said}");
    }

    #[test]
    fn a_domain_is_looked_up_as_adsync_does() {
        let error = DirectoryError::NoServers {
            domain: "corp.example.com".to_owned(),
            why: "no record".to_owned(),
        };
        assert_eq!(
            crate::error::commands(&error),
            ["nslookup -type=SRV _ldap._tcp.dc._msdcs.corp.example.com"]
        );
        let said = crate::error::Failure::from(error).hint;
        assert_eq!(said.as_deref(), Some(UNKNOWN_NAME));
    }
}
