//! Kerberos logins (SASL GSSAPI, RFC 4752), and the security layer they establish.
//!
//! `ticket` calls the Kerberos library, which may wait for a KDC; `exchange` passes its tokens to the
//! server over the bare connection; `layer` then sits between that connection and the messages on it, and
//! seals and unseals what passes. `binding` ties the login to the server's certificate.

mod binding;
mod exchange;
mod layer;
mod ticket;

use tokio::io::DuplexStream;

use crate::connection::opening::{Deadline, Layer, StepError, Stream};
use crate::error::Step;
use crate::options::Kerberos;

impl Stream for DuplexStream {}

/// Authenticates to the server with that name; returns the stream through the security layer
/// and the principal. Without TLS the connection `must_seal`.
pub async fn log_in(
    mut stream: Box<dyn Stream>,
    host: &str,
    must_seal: bool,
    kerberos: &Kerberos,
    deadline: Deadline,
) -> Result<(Box<dyn Stream>, Option<Layer>, String), StepError> {
    let service = ticket::Service {
        host: host.to_owned(),
        seals: must_seal,
        bindings: stream.certificate().and_then(binding::of),
    };
    let spn = service.spn();
    let ticket = deadline
        .over(ticket::get(service, kerberos.clone()))
        .await
        .flatten()
        .map_err(|cause| (Step::Ticket(spn), cause))?;
    let account = ticket.account.clone();
    let sealing = deadline
        .over(exchange::bind(&mut stream, ticket))
        .await
        .flatten()
        .map_err(|cause| (Step::Kerberos(account.clone()), cause))?;
    let Some(sealing) = sealing else {
        return Ok((stream, None, account));
    };
    let (stream, layer) = sealing.over(stream);
    Ok((Box::new(stream), Some(layer), account))
}
