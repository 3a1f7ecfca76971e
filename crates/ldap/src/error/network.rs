//! Names that do not resolve, closed ports, and TLS spoken to a port without it.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use crate::url::ServerUrl;

/// An address to which no connection was established.
#[derive(Debug)]
pub struct Missed {
    /// Which.
    pub address: SocketAddr,
    /// Why; `None` if it did not answer.
    pub why: Option<io::Error>,
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, why } = self;
        write!(f, "{}: ", address.ip())?;
        match why {
            None => f.write_str("no answer"),
            Some(error) if error.kind() == ErrorKind::ConnectionRefused => {
                write!(f, "nothing listens on port {}", address.port())
            }
            Some(error) => f.write_str(&reason(error, None)),
        }
    }
}

/// The operating system's error, in an administrator's words where it has only a number.
pub fn reason(error: &io::Error, url: Option<&ServerUrl>) -> String {
    match (error.kind(), url) {
        (ErrorKind::ConnectionRefused, Some(url)) => format!(
            "the connection was refused, for nothing listens on port {} there",
            url.port()
        ),
        (ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof, _) => {
            "the server closed the connection".to_owned()
        }
        _ => {
            let text = error.to_string();
            let text = text
                .strip_prefix("failed to lookup address information: ")
                .unwrap_or(&text);
            text.to_owned()
        }
    }
}

/// All of them in one line.
pub fn all(missed: &[Missed]) -> String {
    let each: Vec<String> = missed.iter().map(Missed::to_string).collect();
    each.join("; ")
}
