//! The guard between a server and ldap3: what it lets through is bounded, whatever the server sends.
//!
//! ldap3 takes a socket and not a stream, so the guard stands between two: the one that leads to the server,
//! inside TLS, and one end of a socket pair. It looks at the frames of the messages that come (`framing`), and
//! it reads on only while there is room, for ldap3 keeps all that nobody has taken yet.

use std::collections::VecDeque;
use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::Notify;

use super::framing::{Framing, Violation};
use crate::directory::error::{Cause, Limit};

/// What messages may weigh together that were let through and not taken. A page of users weighs less.
const ROOM: u64 = 4 << 20;

/// What is read at once.
const PIECE: usize = 64 << 10;

/// Both sides of the guard: what is read here, and what was let through.
#[derive(Clone, Debug)]
pub(super) struct Guard(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    longest: u64,
    let_through: AtomicU64,
    taken: AtomicU64,
    room: Notify,
    ended: Mutex<Option<Ended>>,
}

/// Why nothing more comes.
#[derive(Debug)]
enum Ended {
    Refused(Violation),
    Failed(io::Error),
}

impl Guard {
    /// Guards a connection, and makes the socket that leads through the guard.
    pub(super) fn of<S>(stream: S, longest: u64) -> io::Result<(Self, StdUnixStream)>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let (near, far) = StdUnixStream::pair()?;
        far.set_nonblocking(true)?;
        let far = UnixStream::from_std(far)?;
        let guard = Self(Arc::new(Shared {
            longest,
            let_through: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            room: Notify::new(),
            ended: Mutex::new(None),
        }));
        tokio::spawn(carry(stream, far, guard.0.clone()));
        Ok((guard, near))
    }

    /// A search begins: what came before it and was not taken never will be.
    pub(super) fn begin(&self) {
        let all = self.0.let_through.load(Ordering::Relaxed);
        self.0.taken.store(all, Ordering::Relaxed);
        self.0.room.notify_one();
    }

    /// A message was taken.
    pub(super) fn take(&self) {
        self.0.taken.fetch_add(1, Ordering::Relaxed);
        self.0.room.notify_one();
    }

    /// Why the connection ended, if it did so here.
    pub(super) fn explain(&self) -> Option<Cause> {
        match self.0.ended().take()? {
            Ended::Failed(error) => Some(Cause::Io(error)),
            Ended::Refused(violation) => Some(cause(violation, self.0.longest)),
        }
    }
}

/// What a message that is refused means for the read.
pub(super) fn cause(violation: Violation, longest: u64) -> Cause {
    match violation {
        Violation::TooLong(_) | Violation::TooManyElements(_) => {
            Cause::Limit(Limit::message(violation.to_string(), longest))
        }
        Violation::NotLdap | Violation::Overrun | Violation::TooDeep => {
            Cause::Malformed(violation.to_string())
        }
    }
}

impl Shared {
    fn ended(&self) -> std::sync::MutexGuard<'_, Option<Ended>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Carries bytes both ways until one side ends. What is dropped then ends the other.
async fn carry<S>(stream: S, client: UnixStream, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (mut from_server, mut to_server) = tokio::io::split(stream);
    let (mut from_client, mut to_client) = client.into_split();
    let requests = async {
        if tokio::io::copy(&mut from_client, &mut to_server)
            .await
            .is_err()
        {
            // The answers tell more of what has become of the connection.
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        answers = answers(&mut from_server, &mut to_client, &shared) => {
            *shared.ended() = answers.err();
        }
        () = requests => {
            // Nobody reads any more. A server that has gone already needs no goodbye.
            let _ = to_server.shutdown().await;
        }
    }
}

async fn answers(
    from_server: &mut (impl AsyncRead + Unpin),
    to_client: &mut (impl AsyncWrite + Unpin),
    shared: &Shared,
) -> Result<(), Ended> {
    let mut framing = Framing::new(shared.longest);
    let mut waiting = Waiting::default();
    let mut piece = vec![0; PIECE];
    loop {
        waiting.for_room(shared).await;
        let length = from_server.read(&mut piece).await.map_err(Ended::Failed)?;
        if length == 0 {
            return Ok(());
        }
        let piece = &piece[..length];
        framing.follow(piece).map_err(Ended::Refused)?;
        while let Some(weight) = framing.take_complete() {
            waiting.add(weight);
            shared.let_through.fetch_add(1, Ordering::Relaxed);
        }
        // A client that has gone is the end, and no failure.
        if to_client.write_all(piece).await.is_err() {
            return Ok(());
        }
    }
}

/// The messages that were let through and wait to be taken, by what they weigh.
#[derive(Debug, Default)]
struct Waiting {
    weights: VecDeque<u64>,
    together: u64,
    taken: u64,
}

impl Waiting {
    fn add(&mut self, weight: u64) {
        self.weights.push_back(weight);
        self.together += weight;
    }

    async fn for_room(&mut self, shared: &Shared) {
        loop {
            let taken = shared.taken.load(Ordering::Relaxed);
            while self.taken < taken {
                self.taken += 1;
                self.together -= self.weights.pop_front().unwrap_or_default();
            }
            if self.together <= ROOM {
                return;
            }
            // Whoever takes one in the meantime leaves a word, so that nothing is missed.
            shared.room.notified().await;
        }
    }
}
