//! How to fix a rejected certificate.

use std::net::IpAddr;

use ldap::{CertificateError as E, RejectedCertificate, ServerUrl, Weakness};

/// What to do about it.
pub fn hint(rejected: &RejectedCertificate, server: &ServerUrl) -> String {
    if let Some(weakness) = Weakness::of(rejected) {
        return weakness_hint(weakness).to_owned();
    }
    let certificate = rejected.certificate.as_ref();
    match &rejected.problem {
        E::NotValidForName | E::NotValidForNameContext { .. } => {
            let names = certificate.map_or(&[][..], |it| it.names.as_slice());
            match usable(names) {
                Some(name) => format!(
                    "write url = \"{}://{name}\" under [directory], a name that the certificate has, and let it resolve here; or give the domain controller a certificate for the name in url",
                    if server.is_ldaps() { "ldaps" } else { "ldap" }
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

fn weakness_hint(weakness: Weakness) -> &'static str {
    match weakness {
        Weakness::OfACa => {
            "give the domain controller a certificate of its own, issued by that CA with CA:FALSE and its name in the subjectAltName, and name the CA's certificate as ca_file under [directory]"
        }
        Weakness::ShortKey(_) => {
            "give the domain controller a new certificate with an RSA key of 2048 bits or more, or an ECDSA key"
        }
        Weakness::Signature => {
            "give the domain controller a new certificate that is signed with SHA-256; if the CA still signs with SHA-1: certutil -setreg ca\\csp\\CNGHashAlgorithm SHA256 on its host, and restart it"
        }
    }
}

/// The first name that can stand in a URL: not an address, if there is another, and not a wildcard.
fn usable(names: &[String]) -> Option<&String> {
    let mut names: Vec<_> = names.iter().filter(|it| !it.starts_with("*.")).collect();
    names.sort_by_key(|it| it.parse::<IpAddr>().is_ok());
    names.first().copied()
}

/// How to get hold of the CA's certificate.
pub fn commands(rejected: &RejectedCertificate, server: &ServerUrl) -> Vec<String> {
    let mut commands = Vec::new();
    if Weakness::of(rejected).is_some() || matches!(rejected.problem, E::BadSignature) {
        let connect = connect(server);
        return vec![format!(
            "{connect} -showcerts < /dev/null | openssl x509 -noout -text"
        )];
    }
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
    commands.push(format!("{} -showcerts < /dev/null", connect(server)));
    commands
}

/// `openssl s_client -connect dc1.corp.example.com:636`
pub fn connect(server: &ServerUrl) -> String {
    let host = match server.host() {
        v6 if v6.contains(':') => format!("[{v6}]"),
        host => host.to_owned(),
    };
    let starttls = if server.is_ldaps() {
        ""
    } else {
        " -starttls ldap"
    };
    format!(
        "openssl s_client -connect {host}:{}{starttls}",
        server.port()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_better_than_an_address_and_a_wildcard_is_none() {
        let names = |names: &[&str]| names.iter().map(|&it| it.to_owned()).collect::<Vec<_>>();
        let of = |all: &[&str]| usable(&names(all)).cloned();
        assert_eq!(of(&["192.0.2.1", "dc1.x"]).as_deref(), Some("dc1.x"));
        assert_eq!(of(&["*.x", "192.0.2.1"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(of(&["*.x"]), None);
    }
}
