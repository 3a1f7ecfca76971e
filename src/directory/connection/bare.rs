//! The few messages that are exchanged before the LDAP library takes over: one is sent, one comes back.
//!
//! Whoever answers has not proved who he is yet, so little is read, and less is looked at.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::ber::{number, value};
use crate::directory::error::Cause;

/// An answer of this part of the protocol is some kilobytes long.
const LARGEST_ANSWER: usize = 1 << 20;

/// What a server answered: a result (RFC 4511, 4.1.9), with its SASL credentials if there are any.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The result code.
    pub code: u32,
    /// The diagnostic message.
    pub text: String,
    /// `serverSaslCreds`; empty if there are none.
    pub token: Vec<u8>,
}

impl Answer {
    /// What a result other than success means.
    pub fn refused(self) -> Cause {
        super::refusal(self.code, self.text)
    }
}

/// Sends a message and reads the answer, which is an operation of that kind (its tag). Nothing else is under
/// way, so the number of the message does not matter.
pub async fn ask(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    message: &[u8],
    kind: u8,
) -> Result<Answer, Cause> {
    stream.write_all(message).await.map_err(Cause::Io)?;
    stream.flush().await.map_err(Cause::Io)?;
    let answer = read_message(stream).await?;
    decode(&answer, kind).ok_or_else(|| Cause::Malformed("its first answer".to_owned()))
}

/// Reads one message and not a byte more: what follows belongs to TLS or to Kerberos.
async fn read_message(stream: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, Cause> {
    let mut message = vec![0; 2];
    fill(stream, &mut message).await?;
    let mut length = usize::from(message[1]);
    if let Some(octets @ 1..=4) = length.checked_sub(0x80) {
        message.resize(2 + octets, 0);
        fill(stream, &mut message[2..]).await?;
        length = number(&message[2..]).map_or(usize::MAX, |it| it as usize);
    } else if length >= 0x80 {
        return Err(Cause::Malformed("its first answer".to_owned()));
    }
    if length > LARGEST_ANSWER {
        return Err(Cause::Malformed(
            "a first answer of more than 1 MB".to_owned(),
        ));
    }
    let head = message.len();
    message.resize(head + length, 0);
    fill(stream, &mut message[head..]).await?;
    Ok(message)
}

/// Fills the buffer. The end before it is full is a loss.
pub async fn fill(stream: &mut (impl AsyncRead + Unpin), buffer: &mut [u8]) -> Result<(), Cause> {
    match stream.read_exact(buffer).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(Cause::Lost),
        Err(error) => Err(Cause::Io(error)),
    }
}

/// A result (RFC 4511, 4.1.9), with the server's SASL credentials if there are any. Whoever answers has not
/// proved who he is yet, so only the outermost values are looked at, whatever is nested in them.
pub fn decode(message: &[u8], kind: u8) -> Option<Answer> {
    const ENUMERATED: u8 = 0x0a;
    const SERVER_SASL_CREDENTIALS: u8 = 0x87;
    let (message, _) = value(message)?;
    let (_number, operation) = value(message.content)?;
    let (operation, _) = value(operation)?;
    if operation.tag != kind {
        return None;
    }
    let (code, parts) = value(operation.content)?;
    if code.tag != ENUMERATED {
        return None;
    }
    let (_matched, parts) = value(parts)?;
    let (text, mut parts) = value(parts)?;
    let mut token = Vec::new();
    while let Some((part, rest)) = value(parts) {
        if part.tag == SERVER_SASL_CREDENTIALS {
            token = part.content.to_vec();
        }
        parts = rest;
    }
    Some(Answer {
        code: number(code.content)?,
        text: String::from_utf8_lossy(text.content).into_owned(),
        token,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BIND_RESPONSE: u8 = 0x61;

    fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).expect("short enough");
        [&[tag, 0x84], &length.to_be_bytes()[..], content].concat()
    }

    fn answer(parts: &[u8]) -> Vec<u8> {
        wrapped(0x30, &[&[2, 1, 1][..], &wrapped(0x61, parts)].concat())
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
            assert!(decode(&good[..end], BIND_RESPONSE).is_none(), "{end} bytes");
        }
        assert!(decode(&good, 0x78).is_none(), "an answer to something else");
        let lies = [0x30, 0x84, 0xff, 0xff, 0xff, 0xff];
        assert!(decode(&lies, BIND_RESPONSE).is_none());
        let mut nested = Vec::new();
        for _ in 0..2000 {
            nested = wrapped(0x30, &nested);
        }
        assert!(decode(&answer(&nested), BIND_RESPONSE).is_none());
    }
}
