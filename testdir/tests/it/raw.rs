//! A search in bare bytes, for what a client library would hide.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::Result;
use testdir::TestDir;

/// Logs in and searches, and returns all that comes until the server closes, as text.
pub(crate) fn raw_search(directory: &TestDir, base: &str) -> Result<String> {
    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![tag, 0x81, u8::try_from(content.len()).expect("it is short")];
        out.extend_from_slice(content);
        out
    }
    let bind = [
        tlv(2, &[3]),
        tlv(4, testdir::USERNAME.as_bytes()),
        tlv(0x80, testdir::PASSWORD.as_bytes()),
    ];
    let search = [
        tlv(4, base.as_bytes()),
        vec![10, 1, 2, 10, 1, 0, 2, 1, 0, 2, 1, 0, 1, 1, 0],
        tlv(0x87, b"objectCategory"),
        tlv(0x30, &tlv(4, b"1.1")),
    ];
    let mut stream = TcpStream::connect(("127.0.0.1", directory.port()))?;
    let message = |id: u8, tag, operation: Vec<u8>| {
        tlv(0x30, &[tlv(2, &[id]), tlv(tag, &operation)].concat())
    };
    stream.write_all(&message(1, 0x60, bind.concat()))?;
    stream.write_all(&message(2, 0x63, search.concat()))?;
    // The server closes when it comes to the unbind request, after all it has to say.
    stream.write_all(&[0x30, 5, 2, 1, 3, 0x42, 0])?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        // It closed before it had read that.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        outcome => {
            outcome?;
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
