//! How to fix a TLS handshake that fails for reasons other than certificates.

use ldap::ServerUrl;

use super::certificate;

/// What to do if the two sides share no version or cipher suite.
pub const INCOMPATIBLE: &str = "let the server speak TLS 1.2 or 1.3 with ECDHE and AES-GCM or ChaCha20-Poly1305 (on Windows under SCHANNEL in the registry and in the order of cipher suites, on Samba with tls priority)";

/// What shows what the server offers.
pub fn commands(server: &ServerUrl) -> Vec<String> {
    vec![format!(
        "{} -tls1_2 < /dev/null",
        certificate::connect(server)
    )]
}
