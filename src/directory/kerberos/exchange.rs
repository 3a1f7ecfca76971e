//! The few messages that are exchanged before the LDAP library takes over: `StartTLS` (RFC 4511, 4.14) and
//! the SASL bind (RFC 4513, 5.2; RFC 4752, 3.1).

use lber::common::TagClass;
use lber::structures::{ASNTag, Integer, OctetString, Sequence, Tag};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Stream;
use super::layer::Layer;
use super::ticket::{Context, Ticket};
use crate::directory::error::Cause;

/// `saslBindInProgress`
const IN_PROGRESS: u32 = 14;
const BIND_REQUEST: u64 = 0;
const EXTENDED_REQUEST: u64 = 23;
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

/// An answer of this part of the protocol is some kilobytes long.
const LARGEST_ANSWER: usize = 1 << 20;

/// Steps of a login with Kerberos: three, and one to spare.
const STEPS: usize = 4;

/// What the layer may be, as bits (RFC 4752, 3.3).
const NO_LAYER: u8 = 1;
const CONFIDENTIALITY: u8 = 4;

/// The largest sealed buffer that is taken, in bytes.
pub const LARGEST_BUFFER: u32 = 0x000F_FFFF;

/// What a server answered.
struct Answer {
    code: u32,
    text: String,
    token: Vec<u8>,
}

impl Answer {
    fn refused(self) -> Cause {
        Cause::Result {
            code: self.code,
            text: self.text,
        }
    }
}

/// Asks for TLS on a plain connection.
pub async fn start_tls(stream: &mut impl Stream) -> Result<(), Cause> {
    let request = sequence(
        EXTENDED_REQUEST,
        TagClass::Application,
        vec![octets(0, START_TLS)],
    );
    match ask(stream, request).await? {
        Answer { code: 0, .. } => Ok(()),
        answer => Err(answer.refused()),
    }
}

/// Logs in, and agrees on what protects the connection from then on.
pub async fn bind(stream: &mut impl Stream, ticket: Ticket) -> Result<Layer, Cause> {
    let Ticket {
        mut token,
        mut context,
        ..
    } = ticket;
    // First the two sides prove who they are.
    let mut answer = Vec::new();
    for _ in 0..STEPS {
        answer = proceed(stream, &token).await?;
        if context.is_complete() {
            break;
        }
        token = context.step(&answer)?.unwrap_or_default();
    }
    if !context.is_complete() {
        return Err(unexpected("the login does not come to its end"));
    }
    // Then the server says what it can protect the connection with, and how much it takes at once.
    let offer = context.unwrap(&answer)?;
    let [layers, size @ ..] = <[u8; 4]>::try_from(offer.as_slice())
        .map_err(|_| unexpected("what it offers to protect the connection with"))?;
    let layer = if context.seals() {
        if layers & CONFIDENTIALITY == 0 || !context.can_seal() {
            return Err(Cause::NotEncrypted);
        }
        CONFIDENTIALITY
    } else {
        if layers & NO_LAYER == 0 {
            return Err(unexpected("it wants to encrypt what TLS encrypts already"));
        }
        NO_LAYER
    };
    let wanted = if layer == NO_LAYER { 0 } else { LARGEST_BUFFER };
    let choice = (u32::from(layer) << 24 | wanted).to_be_bytes();
    let choice = context.wrap(false, &choice)?;
    let answer = ask(stream, bind_request(&choice)).await?;
    if answer.code != 0 {
        return Err(answer.refused());
    }
    Ok(layer_of(layer, context, size))
}

fn layer_of(layer: u8, context: Context, [a, b, c]: [u8; 3]) -> Layer {
    if layer == NO_LAYER {
        Layer::none()
    } else {
        Layer::sealing(context, u32::from_be_bytes([0, a, b, c]))
    }
}

/// One step of the login; the token of the answer.
async fn proceed(stream: &mut impl Stream, token: &[u8]) -> Result<Vec<u8>, Cause> {
    match ask(stream, bind_request(token)).await? {
        answer if answer.code == IN_PROGRESS => Ok(answer.token),
        Answer { code: 0, .. } => Err(unexpected("a login that is done before its end")),
        answer => Err(answer.refused()),
    }
}

fn bind_request(token: &[u8]) -> Tag {
    let mut credentials = vec![Tag::OctetString(OctetString {
        inner: b"GSSAPI".to_vec(),
        ..OctetString::default()
    })];
    if !token.is_empty() {
        credentials.push(Tag::OctetString(OctetString {
            inner: token.to_vec(),
            ..OctetString::default()
        }));
    }
    let version = Tag::Integer(Integer {
        inner: 3,
        ..Integer::default()
    });
    let nobody = Tag::OctetString(OctetString::default());
    let sasl = sequence(3, TagClass::Context, credentials);
    sequence(
        BIND_REQUEST,
        TagClass::Application,
        vec![version, nobody, sasl],
    )
}

fn sequence(id: u64, class: TagClass, inner: Vec<Tag>) -> Tag {
    Tag::Sequence(Sequence { id, class, inner })
}

fn octets(id: u64, inner: &[u8]) -> Tag {
    Tag::OctetString(OctetString {
        id,
        class: TagClass::Context,
        inner: inner.to_vec(),
    })
}

/// Sends a request and reads the answer. Nothing else is under way, so its number does not matter.
async fn ask(stream: &mut impl Stream, request: Tag) -> Result<Answer, Cause> {
    let number = Tag::Integer(Integer {
        inner: 1,
        ..Integer::default()
    });
    let message = Tag::Sequence(Sequence {
        inner: vec![number, request],
        ..Sequence::default()
    });
    #[expect(
        clippy::default_trait_access,
        reason = "its type is of a crate that only lber needs"
    )]
    let mut bytes = Default::default();
    lber::write::encode_into(&mut bytes, message.into_structure()).map_err(Cause::Io)?;
    stream.write_all(&bytes).await.map_err(Cause::Io)?;
    stream.flush().await.map_err(Cause::Io)?;
    let message = read_message(stream).await?;
    decode(&message).ok_or_else(|| unexpected("its answer to the login"))
}

/// Reads one message and not a byte more: what follows belongs to the layer.
async fn read_message(stream: &mut impl Stream) -> Result<Vec<u8>, Cause> {
    let mut message = vec![0; 2];
    read_exact(stream, &mut message).await?;
    let mut length = usize::from(message[1]);
    if let Some(octets @ 1..=4) = length.checked_sub(0x80) {
        message.resize(2 + octets, 0);
        read_exact(stream, &mut message[2..]).await?;
        length = number(&message[2..]).map_or(usize::MAX, |it| it as usize);
    } else if length >= 0x80 {
        return Err(unexpected("its answer to the login"));
    }
    if length > LARGEST_ANSWER {
        return Err(unexpected("an answer to the login of more than 1 MB"));
    }
    let head = message.len();
    message.resize(head + length, 0);
    read_exact(stream, &mut message[head..]).await?;
    Ok(message)
}

async fn read_exact(stream: &mut impl Stream, buffer: &mut [u8]) -> Result<(), Cause> {
    match stream.read_exact(buffer).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(Cause::Lost),
        Err(error) => Err(Cause::Io(error)),
    }
}

/// A result (RFC 4511, 4.1.9), with the server's SASL credentials if there are any. Whoever answers has not
/// proved who he is yet, so only the outermost values are looked at, whatever is nested in them.
fn decode(message: &[u8]) -> Option<Answer> {
    const ENUMERATED: u8 = 0x0a;
    const SERVER_SASL_CREDENTIALS: u8 = 0x87;
    let (message, _) = value(message)?;
    let (_number, operation) = value(message.content)?;
    let (operation, _) = value(operation)?;
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

/// A BER value: its tag, and what is in it.
struct Value<'a> {
    tag: u8,
    content: &'a [u8],
}

/// The first value, and what follows it.
fn value(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    let [tag, length, rest @ ..] = bytes else {
        return None;
    };
    let (length, rest) = match usize::from(*length) {
        short @ ..0x80 => (short, rest),
        long => {
            let (octets, rest) = rest.split_at_checked(long - 0x80)?;
            (usize::try_from(number(octets)?).ok()?, rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((Value { tag: *tag, content }, rest))
}

/// An unsigned number of one to four bytes.
fn number(octets: &[u8]) -> Option<u32> {
    let sum = octets
        .iter()
        .fold(0, |sum: u32, it| sum << 8 | u32::from(*it));
    (1..=4).contains(&octets.len()).then_some(sum)
}

fn unexpected(what: &str) -> Cause {
    Cause::Malformed(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let answer = decode(&answer(&parts)).expect("an answer");
        assert_eq!((answer.code, answer.text.as_str()), (14, "hm"));
        assert_eq!(answer.token, b"tok");
    }

    #[test]
    fn what_is_no_answer_is_told_and_not_followed() {
        let good = answer(&[10, 1, 0, 4, 0, 4, 0]);
        for end in 0..good.len() {
            assert!(decode(&good[..end]).is_none(), "{end} bytes");
        }
        let lies = [0x30, 0x84, 0xff, 0xff, 0xff, 0xff];
        assert!(decode(&lies).is_none());
        let mut nested = Vec::new();
        for _ in 0..2000 {
            nested = wrapped(0x30, &nested);
        }
        assert!(decode(&answer(&nested)).is_none());
    }
}
