//! Opening a connection: name, TCP, TLS, bind, all within one deadline.

use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, StdStream};
use rustls::pki_types::ServerName;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{lost, refused, start_tls};
use crate::config::{Directory as Settings, ServerUrl};
use crate::directory::error::{Cause, RejectedCertificate, Step};
use crate::directory::tls::{Certificate, Tls};

/// A step that went well while a connection was opened.
#[derive(Debug)]
pub enum Opened {
    /// The name was found, at these addresses.
    Resolved(Vec<SocketAddr>),
    /// A TCP connection stands.
    Connected(SocketAddr),
    /// TLS stands; what the server presented.
    Encrypted(Option<Certificate>),
    /// The account is logged in.
    Bound,
}

pub(super) type StepError = (Step, Cause);

/// One deadline over several steps.
#[derive(Clone, Copy)]
pub(super) struct Deadline {
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

    async fn over<T>(self, future: impl Future<Output = T>) -> Result<T, Cause> {
        timeout_at(self.at, future)
            .await
            .map_err(|_| Cause::Timeout(self.after))
    }
}

pub(super) async fn connect(
    server: &ServerUrl,
    deadline: Deadline,
    on_step: &mut dyn FnMut(Opened),
) -> Result<TcpStream, StepError> {
    let look_up = tokio::net::lookup_host((server.host(), server.port()));
    let addresses: Vec<SocketAddr> = match deadline.over(look_up).await {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(error)) => return Err((Step::Resolve, Cause::Io(error))),
        Err(cause) => return Err((Step::Resolve, cause)),
    };
    on_step(Opened::Resolved(addresses.clone()));
    let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match deadline.over(TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Requests are small and waited for.
                stream.set_nodelay(true).ok();
                on_step(Opened::Connected(address));
                return Ok(stream);
            }
            Ok(Err(error)) => last = error,
            Err(cause) => return Err((Step::Connect, cause)),
        }
    }
    Err((Step::Connect, Cause::Io(last)))
}

/// Makes a connection a TLS connection: at once, or after asking for it (`StartTLS`).
pub(super) async fn encrypt(
    server: &ServerUrl,
    settings: &Settings,
    tls: &Tls,
    mut stream: TcpStream,
    deadline: Deadline,
) -> Result<TlsStream<TcpStream>, StepError> {
    if settings.starttls {
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

/// The protocol over a socket that is connected already.
pub(super) async fn through(socket: UnixStream) -> Result<(LdapConnAsync, Ldap), StepError> {
    let options = LdapConnSettings::new().set_std_stream(StdStream::Unix(socket));
    // The URL is for its scheme only, which is the one of such sockets.
    LdapConnAsync::with_settings(options, "ldapi://guard")
        .await
        .map_err(|error| (Step::Connect, lost(error)))
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
        Some(other) => Cause::Tls(other.to_string()),
        None => Cause::Io(error),
    }
}

pub(super) async fn bind(
    ldap: &mut Ldap,
    username: &str,
    password: &SecretString,
    deadline: Deadline,
) -> Result<(), StepError> {
    let step = || Step::Bind(username.to_owned());
    let answer = deadline
        .over(ldap.simple_bind(username, password.expose_secret()))
        .await
        .map_err(|cause| (step(), cause))?;
    match answer {
        Ok(result) if result.rc == 0 => Ok(()),
        Ok(result) => Err((step(), refused(result))),
        Err(error) => Err((step(), lost(error))),
    }
}
