//! Asking a server for TLS on a plain connection (`StartTLS`: RFC 4511, 4.14).

use tokio::io::{AsyncRead, AsyncWrite};

use super::message::{EXTENDED_RESPONSE, extended};
use super::{bare, refusal};
use crate::error::Cause;

/// The OID of the request.
const START_TLS: &str = "1.3.6.1.4.1.1466.20037";

/// Asks, and waits for the server to agree. Not a byte more is read: whatever follows belongs to
/// TLS, and cannot have been injected.
pub async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<(), Cause> {
    match bare::ask(stream, &extended(START_TLS), EXTENDED_RESPONSE).await? {
        answer if answer.code == 0 => Ok(()),
        answer => Err(refusal(answer)),
    }
}
