//! A connection as a series of messages. Data is read only on demand, and never more than one
//! message and a chunk: anything else a server sends waits in the network.

use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::framing::{Refusal, message_length};
use super::message::{self, EXTENDED_RESPONSE, Message, Outcome};
use super::opening::{Layer, Stream};
use super::told;
use crate::ber::Flaw;
use crate::error::{Cause, Limit};

/// How much is read at once, in bytes.
const PIECE: usize = 64 << 10;

/// A read shorter than this has drained the socket.
const LITTLE: usize = 8 << 10;

/// How long to let data accumulate where much is expected. A server that sends entry by entry would otherwise wake this
/// thread for each, which costs both sides more than the entry itself (`docs/benchmarks.md`). Shorter than
/// a person or a server would notice, and longer than an entry takes.
const PAUSE: Duration = Duration::from_micros(250);

/// What is expected next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// One message, which has to be acted on.
    One,
    /// Many messages.
    Many,
}

pub(super) struct Wire {
    stream: Box<dyn Stream>,
    /// Where Kerberos encrypts the connection, the task that does it.
    layer: Option<Layer>,
    /// The longest accepted message, in bytes.
    longest: u64,
    received: BytesMut,
    /// The length of the last message handed out, which is still at the front.
    handed_out: usize,
    /// How much the last read returned, in bytes.
    last_read: usize,
    /// The ID of the last request.
    number: u32,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}

impl Wire {
    pub(super) fn new(stream: Box<dyn Stream>, layer: Option<Layer>, longest: u64) -> Self {
        Self {
            stream,
            layer,
            longest,
            received: BytesMut::new(),
            handed_out: 0,
            last_read: 0,
            number: 0,
        }
    }

    /// Sends a request; returns its ID.
    pub(super) async fn send(&mut self, operation: &[u8], controls: &[u8]) -> u32 {
        // Wraps after two thousand million; a run sends fewer.
        self.number = self.number % (u32::MAX >> 1) + 1;
        let message = message::message(self.number, operation, controls);
        let written = async {
            self.stream.write_all(&message).await?;
            self.stream.flush().await
        };
        // A server that accepts nothing more may have said why; reading finds that, or the end of the stream.
        if let Err(error) = written.await {
            log::debug!("the request was not sent: {error}");
        }
        self.number
    }

    /// The next message, whichever request it answers.
    pub(super) async fn receive(&mut self, expected: Expected) -> Result<Message<'_>, Cause> {
        let message = self.next_message(expected).await?;
        let message = Message::decode(message).map_err(malformed)?;
        if message.number == 0 && message.operation.tag == EXTENDED_RESPONSE {
            let reason = Outcome::decode(message.operation.content).map_err(malformed)?;
            let (code, text) = told(reason);
            return Err(Cause::Disconnected { code, text });
        }
        Ok(message)
    }

    async fn next_message(&mut self, expected: Expected) -> Result<&[u8], Cause> {
        self.received.advance(std::mem::take(&mut self.handed_out));
        let length = loop {
            let length = message_length(&self.received, self.longest);
            match length.map_err(|refusal| self.refused(refusal))? {
                Some(length) if length <= self.received.len() => break length,
                _ => self.read(expected).await?,
            }
        };
        self.handed_out = length;
        Ok(&self.received[..length])
    }

    async fn read(&mut self, expected: Expected) -> Result<(), Cause> {
        if expected == Expected::Many && self.last_read < LITTLE {
            // Not tokio's sleep, which has a resolution of a millisecond. The only other task on this thread, which
            // unseals messages, has more to do afterwards as well.
            std::thread::sleep(PAUSE);
        }
        self.received.reserve(PIECE);
        self.last_read = match self.stream.read_buf(&mut self.received).await {
            Ok(0) => return Err(self.lost().await),
            Ok(bytes) => bytes,
            Err(error) => return Err(Cause::Io(error)),
        };
        Ok(())
    }

    /// Why the connection ended.
    async fn lost(&mut self) -> Cause {
        let ended = match self.layer.take() {
            Some(layer) => layer.await.ok().flatten(),
            None => None,
        };
        ended.unwrap_or(Cause::Lost)
    }

    fn refused(&self, refusal: Refusal) -> Cause {
        match refusal {
            Refusal::Flaw(flaw) => malformed(flaw),
            Refusal::TooLong(_) => Cause::Limit(Limit::message(refusal.to_string(), self.longest)),
        }
    }
}

/// The error for an answer that cannot be decoded.
pub(super) fn malformed(flaw: Flaw) -> Cause {
    Cause::Malformed(flaw.to_string())
}
