//! Channel binding: the hash of the server's certificate in the login, so that a login captured by one server
//! cannot be relayed to another (RFC 5929, section 4, `tls-server-end-point`).

use ring::digest::{Algorithm, SHA256, SHA384, SHA512, digest};
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::signature_algorithm::SignatureAlgorithm;

/// The channel binding for a TLS connection with that certificate; `None` if no hash is defined for its
/// signature (Ed25519).
pub fn of(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let signature = &parsed.signature_algorithm;
    let oid = match SignatureAlgorithm::try_from(signature) {
        Ok(SignatureAlgorithm::RSASSA_PSS(parameters)) => {
            parameters.hash_algorithm_oid().to_id_string()
        }
        _ => signature.algorithm.to_id_string(),
    };
    let Some(algorithm) = algorithm(&oid) else {
        log::info!("no channel binding: none is defined for certificates signed with {oid}");
        return None;
    };
    let mut binding = b"tls-server-end-point:".to_vec();
    binding.extend(digest(algorithm, certificate).as_ref());
    Some(binding)
}

/// The hash of a signature or of its parameters; SHA-256 in place of MD5 and SHA-1, as the RFC says.
fn algorithm(oid: &str) -> Option<&'static Algorithm> {
    Some(match oid {
        // With RSA (RFC 8017, A.2.4), with ECDSA (RFC 5758, 3.2), and alone, as RSASSA-PSS names it.
        "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.1"
        | "1.2.840.10045.4.3.2"
        | "1.3.14.3.2.26"
        | "2.16.840.1.101.3.4.2.1" => &SHA256,
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" | "2.16.840.1.101.3.4.2.2" => &SHA384,
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" | "2.16.840.1.101.3.4.2.3" => &SHA512,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

    use super::*;

    fn certificate(algorithm: &'static rcgen::SignatureAlgorithm) -> CertificateDer<'static> {
        let key = KeyPair::generate_for(algorithm).expect("a key");
        let certificate = CertificateParams::default().self_signed(&key);
        certificate.expect("a certificate").der().clone()
    }

    #[test]
    fn the_hash_is_that_of_the_signature() {
        for (signed, hash) in [
            (&rcgen::PKCS_ECDSA_P256_SHA256, &SHA256),
            (&PKCS_ECDSA_P384_SHA384, &SHA384),
        ] {
            let certificate = certificate(signed);
            let bound = of(&certificate).expect("a binding");
            let hash = digest(hash, &certificate);
            assert_eq!(
                bound,
                [b"tls-server-end-point:", hash.as_ref()].concat(),
                "{signed:?}"
            );
        }
    }

    #[test]
    fn a_signature_without_a_hash_of_its_own_has_no_binding() {
        assert_eq!(of(&certificate(&PKCS_ED25519)), None);
    }
}
