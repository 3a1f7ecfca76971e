//! TLS: which certificates are trusted, and what a server presented.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};
use x509_parser::public_key::PublicKey;

/// `sha1WithRSAEncryption`, `md5WithRSAEncryption`, `ecdsa-with-SHA1` (RFC 3279, 2.2)
const WEAK_SIGNATURES: [&str; 3] = [
    "1.2.840.113549.1.1.5",
    "1.2.840.113549.1.1.4",
    "1.2.840.10045.4.1",
];

/// What a server's certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Subject, as a DN.
    pub subject: String,
    /// Issuer, as a DN.
    pub issuer: String,
    /// The start of its validity, in seconds since 1970.
    pub not_before: i64,
    /// The end of its validity, in seconds since 1970.
    pub not_after: i64,
    /// Its names and addresses (`subjectAltName`).
    pub names: Vec<String>,
    /// Whether it is that of a CA (`basicConstraints`).
    pub is_ca: bool,
    /// The length of its RSA key, in bits, if it has one.
    pub rsa_bits: Option<usize>,
    /// Whether it is signed with SHA-1 or MD5.
    pub has_weak_signature: bool,
}

impl Certificate {
    fn parse(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let names = certificate
            .subject_alternative_name()
            .ok()
            .flatten()
            .map(|extension| {
                extension
                    .value
                    .general_names
                    .iter()
                    .filter_map(name)
                    .collect()
            })
            .unwrap_or_default();
        Some(Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            not_before: certificate.validity().not_before.timestamp(),
            not_after: certificate.validity().not_after.timestamp(),
            names,
            is_ca: certificate.is_ca(),
            rsa_bits: match certificate.public_key().parsed() {
                Ok(PublicKey::RSA(key)) => Some(key.key_size()),
                _ => None,
            },
            has_weak_signature: WEAK_SIGNATURES.contains(
                &certificate
                    .signature_algorithm
                    .algorithm
                    .to_id_string()
                    .as_str(),
            ),
        })
    }

    /// The day its validity starts, in UTC.
    pub fn first_date(&self) -> String {
        date(self.not_before)
    }

    /// The day its validity ends, in UTC.
    pub fn end_date(&self) -> String {
        date(self.not_after)
    }
}

fn date(second: i64) -> String {
    jiff::Timestamp::from_second(second).map_or_else(
        |_| "?".to_owned(),
        |time| time.strftime("%Y-%m-%d").to_string(),
    )
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(octets) => {
            let address = match <[u8; 4]>::try_from(*octets) {
                Ok(v4) => std::net::IpAddr::from(v4),
                Err(_) => std::net::IpAddr::from(<[u8; 16]>::try_from(*octets).ok()?),
            };
            Some(address.to_string())
        }
        _ => None,
    }
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = match self.subject.as_str() {
            "" => "a certificate without subject",
            subject => subject,
        };
        write!(
            f,
            "{subject}, issued by {}, valid until {}",
            self.issuer,
            self.end_date()
        )?;
        match self.names.as_slice() {
            [] => f.write_str(", for no name at all"),
            names => write!(f, ", for {}", names.join(", ")),
        }
    }
}

/// U+FEFF in UTF-8
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The trusted CAs cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The system has none.
    #[error("the system's trust store has no CA")]
    NoSystemCa,
    /// The file that holds them.
    #[error("cannot use ca_file {}: {what}", path.display())]
    CaFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        what: String,
    },
    /// They cannot be used to verify certificates.
    #[error("cannot use the trusted CAs: {0}")]
    Cas(String),
    /// The TLS library refuses its own defaults.
    #[error("cannot set up TLS: {0}")]
    Tls(rustls::Error),
}

/// Which certificates are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Any. Whoever is on the network can then read the password.
    Anybody,
    /// None: no connection uses TLS, and nothing is read.
    Nobody,
    /// Those that a CA of the system's trust store signed.
    System,
    /// Those that a CA of this file signed, which holds certificates in PEM.
    CaFile(PathBuf),
}

/// The TLS settings of connections. Remembers the certificate that the server presented, even one
/// that was refused, so that an error can name it.
#[derive(Debug)]
pub struct Tls {
    /// The TLS library's settings.
    pub(crate) config: Arc<ClientConfig>,
    verifier: Arc<Verifier>,
}

impl Tls {
    /// Reads the CA file or the system's trust store.
    pub fn new(trust: &Trust) -> Result<Self, TrustError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = match trust {
            Trust::Anybody | Trust::Nobody => None,
            Trust::System => Some(system_roots()?),
            Trust::CaFile(path) => Some(roots_in(path)?),
        };
        let signed = roots.map(|roots| {
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                .build()
                .map_err(|error| TrustError::Cas(error.to_string()))
        });
        let verifier = Arc::new(Verifier {
            accepts_any: *trust == Trust::Anybody,
            signed: signed.transpose()?,
            provider: provider.clone(),
            presented: Mutex::new(None),
        });
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TrustError::Tls)?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone())
            .with_no_client_auth();
        Ok(Self {
            config: Arc::new(config),
            verifier,
        })
    }

    /// The certificate that the server presented last.
    pub fn presented(&self) -> Option<Certificate> {
        let presented = self.verifier.presented.lock();
        presented.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn system_roots() -> Result<RootCertStore, TrustError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        log::warn!("the system's trust store: {error}");
    }
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(TrustError::NoSystemCa);
    }
    Ok(roots)
}

fn roots_in(path: &Path) -> Result<RootCertStore, TrustError> {
    let mut roots = RootCertStore::empty();
    let wrong = |what: String| TrustError::CaFile {
        path: path.to_owned(),
        what,
    };
    let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    // Windows editors put one at the start of a file.
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
    let certificates = CertificateDer::pem_slice_iter(text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| wrong(error.to_string()))?;
    for certificate in certificates {
        roots
            .add(certificate)
            .map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("no certificate in it".to_owned()));
    }
    Ok(roots)
}

/// Verifies as rustls does, and remembers the certificate.
#[derive(Debug)]
struct Verifier {
    accepts_any: bool,
    /// Accepts what a trusted CA signed, if any is trusted.
    signed: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
    presented: Mutex<Option<Certificate>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self
            .presented
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Certificate::parse(end_entity);
        match &self.signed {
            _ if self.accepts_any => Ok(ServerCertVerified::assertion()),
            None => Err(CertificateError::UnknownIssuer.into()),
            Some(signed) => signed.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            ),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
