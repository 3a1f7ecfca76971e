//! The few messages exchanged before TLS or Kerberos takes over: one request, one response.
//!
//! The server has not proved its identity yet, so as little as possible is read and decoded.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::framing::message_length;
use super::message::{self, Message, Outcome};
use super::wire::malformed;
use crate::ber::Flaw;
use crate::error::Cause;

/// Responses in this part of the protocol are a few kilobytes.
const LARGEST_ANSWER: u64 = 1 << 20;

/// Sends an operation and reads the response, which must have this tag. Nothing else is in
/// flight, so the message ID does not matter.
pub async fn ask(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    operation: &[u8],
    kind: u8,
) -> Result<Outcome, Cause> {
    let request = message::message(1, operation, &[]);
    stream.write_all(&request).await.map_err(Cause::Io)?;
    stream.flush().await.map_err(Cause::Io)?;
    let answer = read_message(stream).await?;
    decode(&answer, kind).map_err(malformed)
}

/// Reads one message and not a byte more: what follows belongs to TLS or Kerberos.
async fn read_message(stream: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, Cause> {
    let mut message = Vec::new();
    // The header is read byte by byte.
    let mut wanted = 1;
    while message.len() < wanted {
        let here = message.len();
        message.resize(wanted, 0);
        fill(stream, &mut message[here..]).await?;
        wanted = match message_length(&message, LARGEST_ANSWER) {
            Ok(Some(length)) => length,
            Ok(None) => wanted + 1,
            Err(refusal) => return Err(Cause::Malformed(refusal.to_string())),
        };
    }
    Ok(message)
}

/// Fills the buffer. An end of stream before it is full is a lost connection.
pub async fn fill(stream: &mut (impl AsyncRead + Unpin), buffer: &mut [u8]) -> Result<(), Cause> {
    match stream.read_exact(buffer).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(Cause::Lost),
        Err(error) => Err(Cause::Io(error)),
    }
}

/// The result in a message with this operation tag.
pub fn decode(message: &[u8], kind: u8) -> Result<Outcome, Flaw> {
    match Message::decode(message)?.operation {
        operation if operation.tag == kind => Outcome::decode(operation.content),
        _ => Err(Flaw::Unexpected),
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::{BIND_RESPONSE, EXTENDED_RESPONSE};
    use super::*;
    use crate::ber::{SEQUENCE, element};

    fn answer(parts: &[u8]) -> Vec<u8> {
        element(SEQUENCE, &[&[2, 1, 1], &element(BIND_RESPONSE, &[parts])]).to_vec()
    }

    #[test]
    fn an_answer_has_a_code_a_text_and_a_token() {
        let parts = [&[10, 1, 14, 4, 0, 4, 2][..], b"hm", &[0x87, 3], b"tok"].concat();
        let answer = decode(&answer(&parts), BIND_RESPONSE).expect("an answer");
        assert_eq!((answer.code, answer.text.as_str()), (14, "hm"));
        assert_eq!(answer.token, b"tok");
    }

    #[test]
    fn what_is_no_answer_is_told_and_not_followed() {
        let good = answer(&[10, 1, 0, 4, 0, 4, 0]);
        for end in 0..good.len() {
            assert!(decode(&good[..end], BIND_RESPONSE).is_err(), "{end} bytes");
        }
        let other = decode(&good, EXTENDED_RESPONSE);
        assert_eq!(other, Err(Flaw::Unexpected), "an answer to something else");
        let lies = [0x30, 0x84, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(decode(&lies, BIND_RESPONSE), Err(Flaw::Overrun));
        let nested = (0..2000).fold(Vec::new(), |nested, _| {
            element(SEQUENCE, &[&nested]).to_vec()
        });
        assert!(decode(&answer(&nested), BIND_RESPONSE).is_err());
    }

    #[tokio::test]
    async fn not_a_byte_too_many_is_read() {
        let first = answer(&[0; 300]);
        let bytes = [&first[..], b"\x16\x03\x01"].concat();
        let mut rest = &bytes[..];
        let message = read_message(&mut rest).await.expect("a message");
        assert_eq!(message, first);
        assert_eq!(rest, b"\x16\x03\x01");
    }

    #[tokio::test]
    async fn an_answer_of_megabytes_is_not_waited_for() {
        let mut bytes = &[0x30, 0x84, 0, 0x10, 0, 1][..];
        let refused = read_message(&mut bytes).await.expect_err("it is too long");
        assert!(matches!(refused, Cause::Malformed(_)), "{refused:?}");
    }
}
