//! Asking a server for TLS on a plain connection (`StartTLS`: RFC 4511, 4.14).

use tokio::io::{AsyncRead, AsyncWrite};

use super::bare;
use crate::directory::error::Cause;

/// The extended request 1.3.6.1.4.1.1466.20037, as message 1.
const REQUEST: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// The tag of an extended response.
const EXTENDED_RESPONSE: u8 = 0x78;

/// Asks, and waits for the server to agree. Not a byte more is read: what comes behind the answer belongs to
/// TLS, where nobody can have added to it.
pub async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<(), Cause> {
    match bare::ask(stream, REQUEST, EXTENDED_RESPONSE).await? {
        answer if answer.code == 0 => Ok(()),
        answer => Err(answer.refused()),
    }
}

#[cfg(test)]
mod tests {
    use super::REQUEST;

    #[test]
    fn the_request_is_one_message() {
        let (rest, _) = lber::parse::parse_tag(REQUEST).expect("it can be decoded");
        assert!(rest.is_empty());
    }
}
