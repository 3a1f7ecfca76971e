//! Logging in with Kerberos (SASL GSSAPI, RFC 4752), and the sealed connection that comes of it.
//!
//! `ticket` asks the Kerberos library, which may wait for a KDC; `exchange` shows what it gives to the
//! server, over the bare connection; `layer` then stands between that connection and the LDAP library,
//! and seals and opens what passes. `binding` ties the login to the server's certificate.
//!
//! ldap3 has such a login too, and it is not used: it drops LDAP messages that came in one sealed buffer
//! when another buffer has arrived behind it, which would make users seem gone, fails when a buffer's
//! length arrives in two pieces, and never refuses a server without encryption (`protocol.rs` and `ldap.rs`
//! of 0.12.1). `docs/active-directory.md` says what is promised.

mod binding;
mod exchange;
mod layer;
mod ticket;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, StdStream};

use super::connection::opening::{Deadline, Opened, StepError, tls_cause};
use super::error::{Cause, Step};
use super::tls::Tls;
use crate::config::{Directory as Settings, ServerUrl};
use crate::login::Kerberos;

pub use layer::Relay;

/// A connection to a server, with or without TLS.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection that is logged in: the one for LDAP, and what carries it to the server.
pub struct LoggedIn {
    pub driver: LdapConnAsync,
    pub ldap: Ldap,
    pub relay: Relay,
    /// The principal.
    pub account: String,
}

/// Encrypts where the settings say so, and logs in.
pub async fn log_in(
    server: &ServerUrl,
    settings: &Settings,
    kerberos: &Kerberos,
    tls: &Tls,
    mut tcp: TcpStream,
    deadline: Deadline,
    on_step: &mut dyn FnMut(Opened),
) -> Result<LoggedIn, StepError> {
    if settings.starttls {
        deadline
            .over(exchange::start_tls(&mut tcp))
            .await
            .and_then(|it| it)
            .map_err(|cause| (Step::StartTls, cause))?;
    }
    let is_encrypted = server.is_ldaps() || settings.starttls;
    let mut bindings = None;
    let mut stream: Box<dyn Stream> = if is_encrypted {
        let stream = handshake(server, tls, tcp, deadline).await?;
        on_step(Opened::Encrypted(tls.presented()));
        let presented = stream.get_ref().1.peer_certificates();
        bindings = presented.and_then(|chain| binding::of(chain.first()?));
        Box::new(stream)
    } else {
        Box::new(tcp)
    };
    let service = ticket::Service {
        host: server.host().to_owned(),
        seals: !is_encrypted,
        bindings,
    };
    let spn = service.spn();
    let ticket = deadline
        .over(ticket::get(service, kerberos.clone()))
        .await
        .and_then(|it| it)
        .map_err(|cause| (Step::Ticket(spn), cause))?;
    let account = ticket.account.clone();
    let layer = deadline
        .over(exchange::bind(&mut stream, ticket))
        .await
        .and_then(|it| it)
        .map_err(|cause| (Step::Kerberos(account.clone()), cause))?;
    let (driver, ldap, relay) = relayed(stream, layer)
        .await
        .map_err(|error| (Step::Kerberos(account.clone()), error))?;
    Ok(LoggedIn {
        driver,
        ldap,
        relay,
        account,
    })
}

async fn handshake(
    server: &ServerUrl,
    tls: &Tls,
    tcp: TcpStream,
    deadline: Deadline,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, StepError> {
    let name = rustls::pki_types::ServerName::try_from(server.host().to_owned())
        .map_err(|error| (Step::Tls, Cause::Tls(error.to_string())))?;
    let connector = tokio_rustls::TlsConnector::from(tls.config.clone());
    match deadline.over(connector.connect(name, tcp)).await {
        Err(cause) => Err((Step::Tls, cause)),
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err((Step::Tls, tls_cause(error, tls))),
    }
}

/// Puts the layer between the server and the LDAP library, which speaks plain LDAP over a pair of sockets
/// that does not leave this process.
async fn relayed(
    stream: Box<dyn Stream>,
    layer: layer::Layer,
) -> Result<(LdapConnAsync, Ldap, Relay), Cause> {
    let (here, there) = std::os::unix::net::UnixStream::pair().map_err(Cause::Io)?;
    here.set_nonblocking(true).map_err(Cause::Io)?;
    let here = UnixStream::from_std(here).map_err(Cause::Io)?;
    let options = LdapConnSettings::new().set_std_stream(StdStream::Unix(there));
    let (driver, ldap) = LdapConnAsync::with_settings(options, "ldapi://adsync")
        .await
        .map_err(super::connection::lost)?;
    Ok((driver, ldap, layer.relay(stream, here)))
}
