//! The security layer of a connection without TLS (RFC 4752, 3.3): sealed buffers, each with
//! a four-byte length before it.
//!
//! A buffer may hold several LDAP messages, one, or part of one. So the
//! layer knows nothing of LDAP: bytes go in at one side and come out at the other. A buffer that cannot be
//! unsealed ends the connection, and with it the read.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};

use super::exchange::LARGEST_BUFFER;
use super::ticket::Context;
use crate::connection::bare::fill;
use crate::connection::opening::{Layer, Stream};
use crate::error::Cause;

/// The most that sealing adds to a buffer, in bytes: two headers, a confounder and a checksum
/// (RFC 4121, 4.2.4) make less than half of it.
const OVERHEAD: usize = 256;

/// How much to seal at once if the server sets no limit, in bytes.
const USUAL_PIECE: usize = 64 * 1024;

/// How much unsealed data may wait to be read, in bytes.
const OPENED: usize = 64 * 1024;

/// Seals requests and unseals responses.
pub struct Sealing {
    context: Context,
    /// How many bytes are sealed at once.
    piece: usize,
}

impl Sealing {
    /// A layer with buffers of at most `largest` bytes towards the server; 0 for no limit.
    pub fn new(context: Context, largest: u32) -> Self {
        let largest = match largest {
            0 => USUAL_PIECE,
            bytes => usize::try_from(bytes).unwrap_or(USUAL_PIECE),
        };
        let piece = largest.saturating_sub(OVERHEAD).clamp(1, USUAL_PIECE);
        Self { context, piece }
    }

    /// The stream to the server through the layer, and the task that does the work.
    pub fn over(self, server: Box<dyn Stream>) -> (DuplexStream, Layer) {
        let (near, far) = tokio::io::duplex(OPENED);
        let Self { context, piece } = self;
        let layer = tokio::spawn(async move {
            let context = Arc::new(Mutex::new(context));
            let (from_server, to_server) = tokio::io::split(server);
            let (from_here, to_here) = tokio::io::split(far);
            tokio::select! {
                result = seal(&context, piece, from_here, to_server) => result.err(),
                result = open(&context, from_server, to_here) => result.err(),
            }
        });
        (near, layer)
    }
}

async fn seal(
    context: &Mutex<Context>,
    piece: usize,
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
) -> Result<(), Cause> {
    let mut plain = vec![0; piece];
    loop {
        let length = from.read(&mut plain).await.map_err(Cause::Io)?;
        if length == 0 {
            return Ok(());
        }
        let sealed = lock(context).wrap(true, &plain[..length])?;
        let length = u32::try_from(sealed.len()).unwrap_or(u32::MAX);
        let buffer = [&length.to_be_bytes()[..], &sealed].concat();
        to.write_all(&buffer).await.map_err(Cause::Io)?;
        to.flush().await.map_err(Cause::Io)?;
    }
}

async fn open(
    context: &Mutex<Context>,
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
) -> Result<(), Cause> {
    let mut sealed = Vec::new();
    loop {
        let mut length = [0; 4];
        // The stream may end between buffers; an end within one is a lost connection.
        if from.read(&mut length[..1]).await.map_err(Cause::Io)? == 0 {
            return Ok(());
        }
        fill(&mut from, &mut length[1..]).await?;
        let length = u32::from_be_bytes(length);
        if length > LARGEST_BUFFER {
            return Err(Cause::Malformed(format!(
                "a sealed buffer of {length} bytes, which is more than was agreed on"
            )));
        }
        sealed.resize(usize::try_from(length).unwrap_or_default(), 0);
        fill(&mut from, &mut sealed).await?;
        let plain = lock(context).unwrap(&sealed)?;
        to.write_all(&plain).await.map_err(Cause::Io)?;
    }
}

fn lock(context: &Mutex<Context>) -> std::sync::MutexGuard<'_, Context> {
    context.lock().unwrap_or_else(PoisonError::into_inner)
}
