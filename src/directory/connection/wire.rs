//! A connection as a series of messages. What is read is read when it is asked for, and no more of it than a
//! message may have and a piece: whatever a server sends, it waits in the network until somebody wants it.

use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::framing::{Refusal, message_length};
use super::message::{self, EXTENDED_RESPONSE, Message, Outcome};
use super::opening::{Layer, Stream};
use super::told;
use crate::directory::error::{Cause, Limit};
use crate::ldap::ber::Flaw;

/// How much is read at once, in bytes.
const PIECE: usize = 64 << 10;

/// A read of less, in bytes, has taken all that was there.
const LITTLE: usize = 8 << 10;

/// How long more is let come where much is to come. A server that sends entry by entry would otherwise wake this
/// thread for each, which costs both sides more than the entry does (`docs/performance.md`). It is shorter than
/// anything that a person or a server notices, and longer than an entry takes.
const PAUSE: Duration = Duration::from_micros(250);

/// What is expected to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// A message, upon which something else is to be done.
    One,
    /// Many of them.
    Many,
}

pub(super) struct Wire {
    stream: Box<dyn Stream>,
    /// Where Kerberos encrypts the connection, the task that does it.
    layer: Option<Layer>,
    /// The longest message that is taken, in bytes.
    longest: u64,
    received: BytesMut,
    /// How long the message was that was handed out last. It is still in front.
    handed_out: usize,
    /// How much the last read brought, in bytes.
    last_read: usize,
    /// The number of the last request.
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

    /// Sends a request; its number.
    pub(super) async fn send(&mut self, operation: &[u8], controls: &[u8]) -> u32 {
        // After two thousand million of them it begins again: those of a run are fewer.
        self.number = self.number % (u32::MAX >> 1) + 1;
        let message = message::message(self.number, operation, controls);
        let written = async {
            self.stream.write_all(&message).await?;
            self.stream.flush().await
        };
        // A server that takes nothing more may have said why. Who reads that finds the end of it anyway.
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
            // Not tokio's, which sleeps for whole milliseconds. Whoever else is on this thread, which is what
            // opens sealed messages, finds more to do afterwards as well.
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

/// An answer that cannot be decoded.
pub(super) fn malformed(flaw: Flaw) -> Cause {
    Cause::Malformed(flaw.to_string())
}
