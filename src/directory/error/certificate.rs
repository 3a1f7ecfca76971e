//! Certificates that are not accepted.

use std::net::IpAddr;

use rustls::CertificateError as E;

use super::{DirectoryError, RejectedCertificate};

/// What is wrong with it.
pub fn problem(problem: &E) -> String {
    match problem {
        E::UnknownIssuer => {
            "its certificate was not issued by a CA that is trusted here".to_owned()
        }
        E::Expired | E::ExpiredContext { .. } => "its certificate has expired".to_owned(),
        E::NotValidYet | E::NotValidYetContext { .. } => {
            "its certificate is not valid yet".to_owned()
        }
        E::NotValidForName | E::NotValidForNameContext { .. } => {
            "its certificate is for another name".to_owned()
        }
        other => format!("its certificate is not accepted: {other}"),
    }
}

/// What to do about it.
pub fn hint(rejected: &RejectedCertificate, error: &DirectoryError) -> String {
    let certificate = rejected.certificate.as_ref();
    match &rejected.problem {
        E::NotValidForName | E::NotValidForNameContext { .. } => {
            let names = certificate.map_or(&[][..], |it| it.names.as_slice());
            match usable(names) {
                Some(name) => format!(
                    "write url = \"{}://{name}\" under [directory], a name that the certificate has, and let it resolve here; or give the domain controller a certificate for the name in url",
                    if is_ldaps(error) { "ldaps" } else { "ldap" }
                ),
                None => "give the domain controller a certificate with its name in the subjectAltName, as the template Kerberos Authentication makes it; a name in the subject alone does not count".to_owned(),
            }
        }
        E::Expired | E::ExpiredContext { .. } => {
            "renew the certificate of the domain controller; if it is not that old, set this host's clock".to_owned()
        }
        E::NotValidYet | E::NotValidYetContext { .. } => {
            let begin = certificate.map(|it| format!("it begins {}: ", it.first_date()));
            let begin = begin.unwrap_or_default();
            format!("{begin}set this host's clock, or that of the CA")
        }
        _ => match certificate {
            Some(it) if it.issuer == it.subject => "it signed itself: copy that very certificate (PEM) here and name the file as ca_file under [directory], or let a CA issue one".to_owned(),
            Some(it) => format!(
                "name the certificate (PEM) of the CA \"{}\" as ca_file under [directory]; a domain with its own CA exports it with certutil on the CA's host",
                it.issuer
            ),
            None => "name the certificate of your CA (PEM) as ca_file under [directory]".to_owned(),
        },
    }
}

fn is_ldaps(error: &DirectoryError) -> bool {
    error.url().is_some_and(|url| url.is_ldaps())
}

/// The first name that can stand in a URL: not an address, if there is another, and not a wildcard.
fn usable(names: &[String]) -> Option<&String> {
    let mut names: Vec<_> = names.iter().filter(|it| !it.starts_with("*.")).collect();
    names.sort_by_key(|it| it.parse::<IpAddr>().is_ok());
    names.first().copied()
}

/// How to get hold of the CA's certificate.
pub fn commands(rejected: &RejectedCertificate, error: &DirectoryError) -> Vec<String> {
    let mut commands = Vec::new();
    if !matches!(rejected.problem, E::UnknownIssuer) {
        return commands;
    }
    let signed_itself = rejected
        .certificate
        .as_ref()
        .is_some_and(|it| it.issuer == it.subject);
    if !signed_itself {
        commands.extend(
            [
                "certutil -ca.cert ca.cer",
                "certutil -encode ca.cer corp-ca.pem",
            ]
            .map(str::to_owned),
        );
    }
    if let Some(url) = error.url() {
        let host = match url.host() {
            v6 if v6.contains(':') => format!("[{v6}]"),
            host => host.to_owned(),
        };
        let starttls = if url.is_ldaps() {
            ""
        } else {
            " -starttls ldap"
        };
        commands.push(format!(
            "openssl s_client -connect {host}:{}{starttls} -showcerts < /dev/null",
            url.port()
        ));
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::usable;

    #[test]
    fn a_name_is_better_than_an_address_and_a_wildcard_is_none() {
        let names = |names: &[&str]| names.iter().map(|&it| it.to_owned()).collect::<Vec<_>>();
        let of = |all: &[&str]| usable(&names(all)).cloned();
        assert_eq!(of(&["192.0.2.1", "dc1.x"]).as_deref(), Some("dc1.x"));
        assert_eq!(of(&["*.x", "192.0.2.1"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(of(&["*.x"]), None);
    }
}
