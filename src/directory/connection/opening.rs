//! Opening a connection: name, TCP, TLS, bind, all within one deadline.

use std::net::SocketAddr;
use std::time::Duration;

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, StdStream};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::{lost, refused};
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
    /// The account is logged in; its name.
    Bound(String),
}

pub type StepError = (Step, Cause);

/// One deadline over several steps.
#[derive(Clone, Copy)]
pub struct Deadline {
    at: Instant,
    after: Duration,
}

impl Deadline {
    pub fn new(after: Duration) -> Self {
        Self {
            at: Instant::now() + after,
            after,
        }
    }

    pub async fn over<T>(self, future: impl Future<Output = T>) -> Result<T, Cause> {
        timeout_at(self.at, future)
            .await
            .map_err(|_| Cause::Timeout(self.after))
    }
}

pub async fn connect(
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

pub async fn encrypt(
    server: &ServerUrl,
    settings: &Settings,
    tls: &Tls,
    stream: TcpStream,
    deadline: Deadline,
) -> Result<(LdapConnAsync, Ldap), StepError> {
    let stream = stream
        .into_std()
        .map_err(|error| (Step::Connect, Cause::Io(error)))?;
    let options = LdapConnSettings::new()
        .set_starttls(settings.starttls)
        .set_config(tls.config.clone())
        .set_std_stream(StdStream::Tcp(stream));
    let url = server.to_string();
    let opening = LdapConnAsync::with_settings(options, &url);
    match deadline.over(opening).await {
        Err(cause) => Err((Step::Tls, cause)),
        Ok(Ok(opened)) => Ok(opened),
        Ok(Err(LdapError::LdapResult { result })) => Err((Step::StartTls, refused(result))),
        Ok(Err(LdapError::Io { source })) => Err((Step::Tls, tls_cause(source, tls))),
        Ok(Err(LdapError::ResultRecv { .. } | LdapError::EndOfStream)) => {
            Err((Step::StartTls, Cause::Lost))
        }
        Ok(Err(error)) => Err((Step::Tls, Cause::Tls(error.to_string()))),
    }
}

pub fn tls_cause(error: std::io::Error, tls: &Tls) -> Cause {
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

pub async fn bind(
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
