//! The SASL bind (RFC 4513, 5.2; RFC 4752, 3.1).

use super::layer::Sealing;
use super::ticket::Ticket;
use crate::connection::message::{BIND_RESPONSE, Outcome, sasl_bind};
use crate::connection::opening::Stream;
use crate::connection::{bare, refusal};
use crate::error::Cause;

/// `saslBindInProgress`
const IN_PROGRESS: u32 = 14;

/// The most steps of a Kerberos login: three, and one to spare.
const STEPS: usize = 4;

/// The security layers, as bits (RFC 4752, 3.3).
const NO_LAYER: u8 = 1;
const CONFIDENTIALITY: u8 = 4;

/// The largest accepted sealed buffer, in bytes.
pub const LARGEST_BUFFER: u32 = 0x000F_FFFF;

/// Authenticates, and agrees on what protects the connection from then on: sealed buffers, or the existing TLS.
pub async fn bind(stream: &mut Box<dyn Stream>, ticket: Ticket) -> Result<Option<Sealing>, Cause> {
    let Ticket {
        mut token,
        mut context,
        ..
    } = ticket;
    // First, mutual authentication.
    let mut answer = Vec::new();
    for _ in 0..STEPS {
        answer = proceed(stream, &token).await?;
        if context.is_complete() {
            break;
        }
        token = context.step(&answer)?.unwrap_or_default();
    }
    if !context.is_complete() {
        return Err(unexpected("the login does not come to its end"));
    }
    // Then the server offers its security layers and its buffer size.
    let offer = context.unwrap(&answer)?;
    let [layers, size @ ..] = <[u8; 4]>::try_from(offer.as_slice())
        .map_err(|_| unexpected("what it offers to protect the connection with"))?;
    let layer = if context.seals() {
        if layers & CONFIDENTIALITY == 0 || !context.can_seal() {
            return Err(Cause::NotEncrypted);
        }
        CONFIDENTIALITY
    } else {
        if layers & NO_LAYER == 0 {
            return Err(unexpected("it wants to encrypt what TLS encrypts already"));
        }
        NO_LAYER
    };
    let wanted = if layer == NO_LAYER { 0 } else { LARGEST_BUFFER };
    let choice = (u32::from(layer) << 24 | wanted).to_be_bytes();
    let choice = context.wrap(false, &choice)?;
    let answer = ask(stream, &choice).await?;
    if answer.code != 0 {
        return Err(refusal(answer));
    }
    let [a, b, c] = size;
    let largest = u32::from_be_bytes([0, a, b, c]);
    Ok((layer == CONFIDENTIALITY).then(|| Sealing::new(context, largest)))
}

/// One step of the login; returns the server's token.
async fn proceed(stream: &mut Box<dyn Stream>, token: &[u8]) -> Result<Vec<u8>, Cause> {
    match ask(stream, token).await? {
        answer if answer.code == IN_PROGRESS => Ok(answer.token),
        Outcome { code: 0, .. } => Err(unexpected("a login that is done before its end")),
        answer => Err(refusal(answer)),
    }
}

async fn ask(stream: &mut Box<dyn Stream>, token: &[u8]) -> Result<Outcome, Cause> {
    bare::ask(stream, &sasl_bind("GSSAPI", token), BIND_RESPONSE).await
}

fn unexpected(what: &str) -> Cause {
    Cause::Malformed(what.to_owned())
}
