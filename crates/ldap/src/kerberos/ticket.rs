//! The calls to the Kerberos library: getting a ticket for a server, and using it.
//!
//! The library waits for files and KDCs without a limit. So it is called on a thread of its own,
//! which is abandoned at the deadline.

use libgssapi::context::{ClientCtx, CtxFlags, SecurityContext};
use libgssapi::credential::{Cred, CredUsage};
use libgssapi::error::{Error, MajorFlags};
use libgssapi::name::Name;
use libgssapi::oid::{GSS_MECH_KRB5, GSS_NT_KRB5_PRINCIPAL, OidSet};
use tokio::sync::oneshot;

use crate::error::{Cause, TicketError};
use crate::options::Kerberos;
use crate::threads;

/// The server that a ticket is for.
pub struct Service {
    /// Its name in the URL; never one from the DNS, which nobody vouches for.
    pub host: String,
    /// Whether the ticket must also encrypt the connection.
    pub seals: bool,
    /// The TLS connection that the login is tied to.
    pub bindings: Option<Vec<u8>>,
}

impl Service {
    /// Its service principal name, as AD knows it.
    pub fn spn(&self) -> String {
        format!("ldap/{}", self.host)
    }

    fn flags(&self) -> CtxFlags {
        // Mutual authentication, with replay and sequence detection. AD refuses a login over TLS
        // that asks for more.
        let always = CtxFlags::GSS_C_MUTUAL_FLAG | CtxFlags::GSS_C_SEQUENCE_FLAG;
        if self.seals {
            always | CtxFlags::GSS_C_INTEG_FLAG | CtxFlags::GSS_C_CONF_FLAG
        } else {
            always
        }
    }
}

/// A ticket, and the login begun with it.
pub struct Ticket {
    /// Whose it is: the principal.
    pub account: String,
    /// The first token for the server.
    pub token: Vec<u8>,
    pub context: Context,
}

/// A login in progress, or complete.
pub struct Context {
    context: ClientCtx,
    service: Service,
}

/// Gets a ticket for the service: with the caller's tickets, or from a KDC with the keytab.
pub async fn get(service: Service, kerberos: Kerberos) -> Result<Ticket, Cause> {
    let (sender, answer) = oneshot::channel();
    threads::spawn("adsync-kerberos", move || {
        // After the deadline nobody is waiting.
        let _ = sender.send(begin(service, &kerberos));
    })
    .map_err(Cause::NoThread)?;
    match answer.await {
        Ok(begun) => begun.map_err(|error| Cause::Ticket(Box::new(error))),
        Err(_) => Err(Cause::Malformed(
            "the Kerberos library gave no answer".to_owned(),
        )),
    }
}

fn begin(service: Service, kerberos: &Kerberos) -> Result<Ticket, TicketError> {
    let begin = || {
        let mechanisms = OidSet::singleton(GSS_MECH_KRB5)?;
        let name = match &kerberos.principal {
            Some(principal) => Some(Name::new(
                principal.as_bytes(),
                Some(GSS_NT_KRB5_PRINCIPAL),
            )?),
            None => None,
        };
        let usage = CredUsage::Initiate;
        let cred = Cred::acquire(name.as_ref(), None, usage, Some(&mechanisms))?;
        // The empty realm is that of the host, as krb5.conf or a KDC knows it (RFC 6806).
        let target = format!("{}@", service.spn());
        let target = Name::new(target.as_bytes(), Some(GSS_NT_KRB5_PRINCIPAL))?;
        let mut context = ClientCtx::new(
            Some(cred.clone()),
            target,
            service.flags(),
            Some(GSS_MECH_KRB5),
        );
        let token = context.step(None, service.bindings.as_deref())?;
        // Only now: asked earlier, a credential that cannot be obtained does not say why.
        let account = cred.name()?.display_name()?;
        log::info!(
            "a ticket of {} for {}, good for {} s",
            String::from_utf8_lossy(&account),
            service.spn(),
            cred.lifetime()?.as_secs()
        );
        Ok((
            String::from_utf8_lossy(&account).into_owned(),
            token.map(|it| it.to_vec()).unwrap_or_default(),
            context,
        ))
    };
    let (account, token, context) = begin().map_err(|error| TicketError {
        has_keytab: kerberos.keytab.is_some(),
        ..explain(error)
    })?;
    Ok(Ticket {
        account,
        token,
        context: Context { context, service },
    })
}

/// The library keeps an error's message per thread.
fn explain(error: Error) -> TicketError {
    TicketError {
        // The same 32 bits, signed as Kerberos has them.
        code: error.minor.cast_signed(),
        has_expired: error.major.contains(MajorFlags::GSS_S_CREDENTIALS_EXPIRED),
        has_keytab: false,
        text: error.to_string(),
    }
}

impl Context {
    /// Processes the server's token; returns the next one, if any.
    pub fn step(&mut self, answer: &[u8]) -> Result<Option<Vec<u8>>, Cause> {
        let token = self
            .context
            .step(Some(answer), self.service.bindings.as_deref());
        token.map(|it| it.map(|it| it.to_vec())).map_err(broken)
    }

    /// Whether the server has proved its identity.
    pub fn is_complete(&self) -> bool {
        self.context.is_complete()
    }

    /// Whether the connection is to be encrypted.
    pub fn seals(&self) -> bool {
        self.service.seals
    }

    /// Whether it can be.
    pub fn can_seal(&self) -> bool {
        let flags = self.context.flags();
        flags.is_ok_and(|it| it.contains(CtxFlags::GSS_C_CONF_FLAG))
    }

    /// Signs, or also encrypts.
    pub fn wrap(&mut self, encrypt: bool, message: &[u8]) -> Result<Vec<u8>, Cause> {
        let wrapped = self.context.wrap(encrypt, message);
        wrapped.map(|it| it.to_vec()).map_err(broken)
    }

    /// Verifies, and decrypts what is encrypted.
    pub fn unwrap(&mut self, message: &[u8]) -> Result<Vec<u8>, Cause> {
        let opened = self.context.unwrap(message);
        opened.map(|it| it.to_vec()).map_err(broken)
    }
}

fn broken(error: Error) -> Cause {
    Cause::Ticket(Box::new(explain(error)))
}
