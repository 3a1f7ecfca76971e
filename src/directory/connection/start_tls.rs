//! Asking a server for TLS on a plain connection (`StartTLS`: RFC 4511, 4.14).

use lber::common::TagClass;
use lber::structure::StructureTag;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::framing::Framing;
use super::guard;
use crate::directory::error::Cause;

/// The extended request 1.3.6.1.4.1.1466.20037, as message 1.
const REQUEST: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// The application tag of an extended response.
const EXTENDED_RESPONSE: u64 = 24;

/// An answer of no more than a result code and a few words.
const LONGEST: u64 = 64 << 10;

/// Asks, and waits for the server to agree.
pub(super) async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<(), Cause> {
    stream.write_all(REQUEST).await.map_err(Cause::Io)?;
    let message = one_message(stream).await?;
    let (code, text) = result(&message)
        .ok_or_else(|| Cause::Malformed("it is no answer to StartTLS".to_owned()))?;
    match code {
        0 => Ok(()),
        code => Err(Cause::Result { code, text }),
    }
}

/// Reads byte by byte: what comes behind the answer belongs to TLS, where nobody can have added to it.
async fn one_message(stream: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, Cause> {
    let mut framing = Framing::new(LONGEST);
    let mut message = Vec::new();
    loop {
        let mut byte = [0];
        if stream.read(&mut byte).await.map_err(Cause::Io)? == 0 {
            return Err(Cause::Lost);
        }
        framing
            .follow(&byte)
            .map_err(|violation| guard::cause(violation, LONGEST))?;
        message.extend(byte);
        if framing.take_complete().is_some() {
            return Ok(message);
        }
    }
}

/// The result code and the diagnostic message.
fn result(message: &[u8]) -> Option<(u32, String)> {
    let (_, message) = lber::parse::parse_tag(message).ok()?;
    let operation = message.expect_constructed()?.into_iter().nth(1)?;
    let is_answer = (operation.class, operation.id) == (TagClass::Application, EXTENDED_RESPONSE);
    let mut parts = operation
        .expect_constructed()
        .filter(|_| is_answer)?
        .into_iter();
    let mut octets = || parts.next().and_then(StructureTag::expect_primitive);
    let code = octets()?.iter().try_fold(0_u32, |code, byte| {
        Some(code.checked_mul(256)? + u32::from(*byte))
    })?;
    let (_matched_dn, text) = (octets()?, octets()?);
    Some((code, String::from_utf8_lossy(&text).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::{REQUEST, result};

    #[test]
    fn the_request_is_one_message() {
        let (rest, _) = lber::parse::parse_tag(REQUEST).expect("it can be decoded");
        assert!(rest.is_empty());
    }

    #[test]
    fn an_answer_is_understood_or_refused() {
        let refused = b"\x30\x11\x02\x01\x01\x78\x0c\x0a\x01\x34\x04\x00\x04\x05later";
        assert_eq!(result(refused), Some((52, "later".to_owned())));
        for other in [
            &b"\x30\x00"[..],
            b"\x04\x00",
            b"\x30\x0c\x02\x01\x01\x65\x07\x0a\x01\x00\x04\x00\x04\x00",
            b"\x30\x05\x02\x01\x01\x78\x00",
            b"\x30\x10\x02\x01\x01\x78\x0b\x0a\x05\x01\x00\x00\x00\x00\x04\x00\x04\x00",
        ] {
            assert_eq!(result(other), None, "{other:?}");
        }
    }
}
