//! Rejected certificates.

use rustls::CertificateError as E;

use super::RejectedCertificate;

/// What is wrong with it.
pub fn problem(rejected: &RejectedCertificate) -> String {
    if let Some(weakness) = Weakness::of(rejected) {
        return weakness.problem();
    }
    match &rejected.problem {
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
        E::BadSignature => {
            "the signature of its certificate does not fit its CA, or that CA has a key of less than 2048 bits".to_owned()
        }
        E::BadEncoding => "its certificate cannot be decoded".to_owned(),
        E::Revoked => "its certificate was revoked".to_owned(),
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => {
            "its certificate is not for servers (no extended key usage serverAuth)".to_owned()
        }
        other => format!("its certificate is not accepted: {other}"),
    }
}

/// A kind of certificate that is rejected as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// The certificate of a CA.
    OfACa,
    /// An RSA key with this many bits.
    ShortKey(usize),
    /// A signature that can be forged.
    Signature,
}

impl Weakness {
    /// What it is of this one.
    pub fn of(rejected: &RejectedCertificate) -> Option<Self> {
        let certificate = rejected.certificate.as_ref()?;
        match &rejected.problem {
            // Trusting it would not help.
            E::Other(_) | E::UnknownIssuer if certificate.is_ca => Some(Self::OfACa),
            E::Expired
            | E::ExpiredContext { .. }
            | E::NotValidYet
            | E::NotValidYetContext { .. }
            | E::NotValidForName
            | E::NotValidForNameContext { .. } => None,
            _ => match certificate.rsa_bits {
                Some(bits) if bits < SHORTEST_KEY => Some(Self::ShortKey(bits)),
                _ if certificate.has_weak_signature => Some(Self::Signature),
                _ => None,
            },
        }
    }

    fn problem(self) -> String {
        match self {
            Self::OfACa => {
                "its certificate is that of a CA, which no server may use as its own".to_owned()
            }
            Self::ShortKey(bits) => format!(
                "its certificate has an RSA key of {bits} bits; less than {SHORTEST_KEY} are not accepted"
            ),
            Self::Signature => {
                "its certificate is signed with SHA-1 or MD5, which can be forged and is not accepted".to_owned()
            }
        }
    }
}

/// The shortest RSA key that is accepted, in bits.
const SHORTEST_KEY: usize = 2048;
