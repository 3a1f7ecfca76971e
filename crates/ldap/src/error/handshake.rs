//! TLS handshakes that fail for reasons other than certificates.

use rustls::{AlertDescription, Error};

/// What failed, in words; rustls' own are meant for programmers.
pub fn problem(error: &Error) -> String {
    match error {
        Error::AlertReceived(AlertDescription::HandshakeFailure) => {
            "the server and this client have no cipher suite in common (TLS alert handshake_failure)".to_owned()
        }
        Error::AlertReceived(AlertDescription::ProtocolVersion) => {
            "the server and this client have no version of TLS in common (TLS alert protocol_version)".to_owned()
        }
        Error::AlertReceived(AlertDescription::InsufficientSecurity) => {
            "the server asks for stronger ciphers than this client has (TLS alert insufficient_security)".to_owned()
        }
        Error::AlertReceived(alert) => format!("the server ended it with the TLS alert {alert:?}"),
        Error::PeerIncompatible(_) => {
            "the server offers nothing that this client accepts: no version of TLS, cipher suite or kind of signature".to_owned()
        }
        Error::InvalidMessage(_) | Error::InappropriateMessage { .. } => {
            "what the server sends is not TLS".to_owned()
        }
        other => other.to_string(),
    }
}

/// Whether the two sides share no version or cipher suite.
pub fn is_incompatible(problem: &str) -> bool {
    ["cipher", "version of TLS"]
        .iter()
        .any(|it| problem.contains(it))
}
