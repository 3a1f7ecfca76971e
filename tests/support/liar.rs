//! A server that answers every search as a test says, byte for byte: for answers that no directory gives.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

/// What a client asks for.
pub(crate) struct Asked {
    /// The number of its message.
    number: u32,
    /// The base of a search; empty for a login.
    pub(crate) base: String,
    /// The whole request.
    pub(crate) bytes: Vec<u8>,
    /// Whether it is a login.
    pub(crate) is_login: bool,
}

impl Asked {
    /// Whether a text stands in the request, such as the name of an attribute.
    pub(crate) fn names(&self, text: &str) -> bool {
        self.bytes
            .windows(text.len())
            .any(|it| it == text.as_bytes())
    }

    /// An entry in answer to it.
    pub(crate) fn entry(&self, dn: &str, attributes: &[(&str, &[u8])]) -> Vec<u8> {
        let attributes: Vec<u8> = attributes
            .iter()
            .flat_map(|(name, values)| {
                element(
                    0x30,
                    &[element(4, name.as_bytes()), element(0x31, values)].concat(),
                )
            })
            .collect();
        let entry = [element(4, dn.as_bytes()), element(0x30, &attributes)].concat();
        self.message(&element(0x64, &entry))
    }

    /// The end of the answer, with success and what else stands in the result.
    pub(crate) fn done(&self, more: &[u8]) -> Vec<u8> {
        let tag = if self.is_login { 0x61 } else { 0x65 };
        let result = [&[0x0a, 1, 0, 4, 0, 4, 0][..], more].concat();
        self.message(&element(tag, &result))
    }

    fn message(&self, operation: &[u8]) -> Vec<u8> {
        let number = [&[2, 4][..], &self.number.to_be_bytes()].concat();
        element(0x30, &[&number, operation].concat())
    }
}

/// An element of BER, its length in four bytes.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).expect("a length of four bytes");
    [&[tag, 0x84][..], &length.to_be_bytes(), content].concat()
}

/// A value of an attribute.
pub(crate) fn value(text: impl AsRef<[u8]>) -> Vec<u8> {
    element(4, text.as_ref())
}

/// Gives the answer to a request, piece by piece, to what sends it.
pub(crate) type Answer = dyn Fn(&Asked, &mut dyn FnMut(&[u8])) + Send + Sync;

/// Serves until the test ends; the URL.
pub(crate) fn serve(
    answer: impl Fn(&Asked, &mut dyn FnMut(&[u8])) + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it listens");
    let answer: Arc<Answer> = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            std::thread::spawn(move || converse(stream, &*answer));
        }
    });
    format!("ldap://{address}")
}

fn converse(mut stream: TcpStream, answer: &Answer) {
    while let Some(asked) = read(&mut stream) {
        let mut is_gone = false;
        answer(&asked, &mut |bytes| {
            // Who has had enough goes.
            is_gone = is_gone || stream.write_all(bytes).is_err();
        });
        if is_gone {
            return;
        }
    }
}

fn read(stream: &mut TcpStream) -> Option<Asked> {
    let (_, bytes) = read_element(stream)?;
    let mut rest = &bytes[..];
    let number = take(&mut rest)?.1;
    let number = number.iter().fold(0, |sum, it| sum << 8 | u32::from(*it));
    let (tag, operation) = take(&mut rest)?;
    let base = match tag {
        0x63 => String::from_utf8_lossy(take(&mut &operation[..])?.1).into_owned(),
        0x60 => String::new(),
        _ => return None,
    };
    Some(Asked {
        number,
        base,
        is_login: tag == 0x60,
        bytes: bytes.clone(),
    })
}

fn read_element(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 2];
    stream.read_exact(&mut head).ok()?;
    let mut length = usize::from(head[1]);
    if length > 0x7f {
        let mut bytes = vec![0; length - 0x80];
        stream.read_exact(&mut bytes).ok()?;
        length = bytes.iter().fold(0, |sum, it| sum << 8 | usize::from(*it));
    }
    let mut content = vec![0; length];
    stream.read_exact(&mut content).ok()?;
    Some((head[0], content))
}

fn take<'a>(bytes: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (head, rest) = bytes.split_at_checked(2)?;
    let (mut length, mut rest) = (usize::from(head[1]), rest);
    if length > 0x7f {
        let (bytes, after) = rest.split_at_checked(length - 0x80)?;
        length = bytes.iter().fold(0, |sum, it| sum << 8 | usize::from(*it));
        rest = after;
    }
    let (content, after) = rest.split_at_checked(length)?;
    *bytes = after;
    Some((head[0], content))
}
