//! Opening a connection: name, TCP, TLS and bind, within one deadline.

use std::net::SocketAddr;
use std::time::Duration;

#[cfg(feature = "kerberos")]
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::addresses::{self, Connected};
use super::message::{self, BIND_RESPONSE, Outcome};
use super::wire::{Expected, Wire, malformed};
use super::{refusal, start_tls};
use crate::ber::Flaw;
use crate::error::{Cause, Missed, RejectedCertificate, Step, handshake};
use crate::options::{Credentials, Options};
use crate::tls::{Certificate, Tls};
use crate::url::ServerUrl;

/// A step of opening a connection that succeeded.
#[derive(Debug)]
pub enum Opened {
    /// The name resolved to these addresses.
    Resolved(Vec<SocketAddr>),
    /// A TCP connection was established.
    Connected {
        /// The address it is connected to.
        address: SocketAddr,
        /// The addresses tried before it.
        missed: Vec<Missed>,
    },
    /// TLS was established; the certificate that the server presented.
    Encrypted(Option<Certificate>),
    /// The account was authenticated; its name.
    Bound(String),
}

pub type StepError = (Step, Cause);

/// The stream of a connection's messages: TCP, TLS, or a Kerberos security layer.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {
    /// The certificate that the server proved to be its own.
    #[cfg(feature = "kerberos")]
    fn certificate(&self) -> Option<&CertificateDer<'_>> {
        None
    }
}

impl Stream for TcpStream {}

impl Stream for TlsStream<TcpStream> {
    #[cfg(feature = "kerberos")]
    fn certificate(&self) -> Option<&CertificateDer<'_>> {
        self.get_ref().1.peer_certificates()?.first()
    }
}

/// The task that unseals buffers, which returns why it ended.
pub type Layer = JoinHandle<Option<Cause>>;

/// One deadline for several steps.
#[derive(Clone, Copy)]
pub struct Deadline {
    at: Instant,
    after: Duration,
}

impl Deadline {
    pub(super) fn new(after: Duration) -> Self {
        Self {
            at: Instant::now() + after,
            after,
        }
    }

    pub async fn over<T>(self, future: impl Future<Output = T>) -> Result<T, Cause> {
        timeout_at(self.at, future)
            .await
            .map_err(|_| self.timeout())
    }

    /// The error once it has passed.
    pub(super) fn timeout(self) -> Cause {
        Cause::Timeout(self.after)
    }

    /// The time left.
    pub(super) fn left(self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }
}

/// Connects and authenticates; returns the connection and the account.
pub(super) async fn open(
    server: &ServerUrl,
    options: &Options,
    credentials: &Credentials<'_>,
    tls: &Tls,
    on_step: &mut dyn FnMut(Opened),
) -> Result<(Wire, String), StepError> {
    let deadline = Deadline::new(options.limits.connect_timeout);
    let tcp = connect(server, deadline, on_step).await?;
    let is_encrypted = server.is_ldaps() || options.starttls;
    let stream: Box<dyn Stream> = if is_encrypted {
        let stream = encrypt(server, options, tls, tcp, deadline).await?;
        on_step(Opened::Encrypted(tls.presented()));
        Box::new(stream)
    } else {
        Box::new(tcp)
    };
    let longest = options.limits.max_message_bytes;
    let (wire, account) = match credentials {
        Credentials::Password(username, password) => {
            let mut wire = Wire::new(stream, None, longest);
            deadline
                .over(bind(&mut wire, username, password))
                .await
                .flatten()
                .map_err(|cause| (Step::Bind((*username).to_owned()), cause))?;
            (wire, (*username).to_owned())
        }
        #[cfg(feature = "kerberos")]
        Credentials::Ticket(kerberos) => {
            let (stream, layer, account) =
                crate::kerberos::log_in(stream, server.host(), !is_encrypted, kerberos, deadline)
                    .await?;
            (Wire::new(stream, layer, longest), account)
        }
    };
    on_step(Opened::Bound(account.clone()));
    Ok((wire, account))
}

async fn connect(
    server: &ServerUrl,
    deadline: Deadline,
    on_step: &mut dyn FnMut(Opened),
) -> Result<TcpStream, StepError> {
    let addresses = deadline.over(addresses::look_up(server)).await.flatten();
    let addresses = addresses.map_err(|cause| (Step::Resolve, cause))?;
    on_step(Opened::Resolved(addresses.clone()));
    let connected = addresses::connect(&addresses, deadline).await;
    let Connected {
        stream,
        address,
        missed,
    } = connected.map_err(|cause| (Step::Connect, cause))?;
    log::info!("connected to {address}");
    on_step(Opened::Connected { address, missed });
    // Requests are small, and each is waited for.
    stream.set_nodelay(true).ok();
    Ok(stream)
}

/// Upgrades a connection to TLS: at once, or with `StartTLS`.
async fn encrypt(
    server: &ServerUrl,
    options: &Options,
    tls: &Tls,
    mut stream: TcpStream,
    deadline: Deadline,
) -> Result<TlsStream<TcpStream>, StepError> {
    if options.starttls {
        deadline
            .over(start_tls::ask(&mut stream))
            .await
            .flatten()
            .map_err(|cause| (Step::StartTls, cause))?;
    }
    let name = ServerName::try_from(server.host().to_owned())
        .map_err(|error| (Step::Tls, Cause::Tls(error.to_string())))?;
    let handshake = TlsConnector::from(tls.config.clone()).connect(name, stream);
    match deadline.over(handshake).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err((Step::Tls, tls_cause(error, tls))),
        Err(cause) => Err((Step::Tls, cause)),
    }
}

fn tls_cause(error: std::io::Error, tls: &Tls) -> Cause {
    let inner = error
        .get_ref()
        .and_then(|it| it.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(problem)) => {
            Cause::Certificate(Box::new(RejectedCertificate {
                problem: problem.clone(),
                certificate: tls.presented(),
            }))
        }
        Some(other) => Cause::Tls(handshake::problem(other)),
        None => Cause::Io(error),
    }
}

/// Authenticates with a simple bind.
async fn bind(wire: &mut Wire, username: &str, password: &SecretString) -> Result<(), Cause> {
    let request = message::simple_bind(username, password.expose_secret());
    let number = wire.send(&request, &[]).await;
    loop {
        let answer = wire.receive(Expected::One).await?;
        if answer.number != number {
            continue;
        }
        if answer.operation.tag != BIND_RESPONSE {
            return Err(malformed(Flaw::Unexpected));
        }
        let outcome = Outcome::decode(answer.operation.content).map_err(malformed)?;
        return match outcome.code {
            0 => Ok(()),
            _ => Err(refusal(outcome)),
        };
    }
}
