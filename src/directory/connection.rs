//! One LDAP connection: opening it, and reading from it page by page.
//!
//! The connection lives on a thread of its own. There the answers are received and decoded, while the
//! caller works on the page before; the next page is asked for as soon as its cookie is there. Every
//! wait has a deadline. An answer is complete or an error: only success on the last page ends a
//! search well.

pub(crate) mod bare;
mod ber;
pub(crate) mod framing;
mod guard;
pub(super) mod opening;
pub(crate) mod paging;
mod start_tls;

use std::sync::Arc;
use std::time::Duration;

use ldap3::{Ldap, LdapError, LdapResult};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::entry::Entry;
use super::error::{Cause, DirectoryError, Step};
use super::ldapsearch;
use super::tls::Tls;
use crate::config::{Directory as Settings, ServerUrl};
use crate::login::Credentials;

use guard::Guard;
use paging::{Asked, PAGES_AHEAD, Reader};

pub use ldap3::Scope;
pub use opening::Opened;

/// The name of the connection's thread. A panic there (a dependency on a malformed answer) is a
/// failed read and is reported as such.
pub const THREAD: &str = "adsync-ldap";

/// `LDAP_SERVER_SHOW_DELETED_OID` (MS-ADTS 3.1.1.3.4.1.14)
pub const SHOW_DELETED: &str = "1.2.840.113556.1.4.417";

/// What to search for.
#[derive(Clone, Debug)]
pub struct Search {
    /// What it is called in an error; reads after "cannot read".
    pub what: String,
    /// Base DN.
    pub base: String,
    /// How far below the base.
    pub scope: Scope,
    /// Filter (RFC 4515).
    pub filter: String,
    /// The attributes to return.
    pub attributes: Vec<String>,
    /// Whether deleted objects are to be returned as well.
    pub show_deleted: bool,
    /// Whether the first page will do: then no other is asked for.
    pub first_page_only: bool,
}

/// What a search came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Entries received.
    pub entries: u64,
    /// References to other servers; counted, not followed.
    pub referrals: u64,
    /// Pages, the last included.
    pub pages: u64,
}

/// An LDAP connection, logged in.
#[derive(Debug)]
pub struct Connection {
    ldap: Ldap,
    guard: Guard,
    server: ServerUrl,
    account: String,
    timeout: Duration,
    page_size: i32,
    max_entries: u64,
    max_value_bytes: usize,
    /// What opens sealed buffers, where Kerberos encrypts the connection; why it ended.
    layer: Option<JoinHandle<Option<Cause>>>,
    driver: Option<JoinHandle<Result<(), LdapError>>>,
    // Last, so that the tasks that need it are gone before it.
    runtime: Option<Runtime>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Not waited for: a look-up of a name may hang in the operating system.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Connection {
    /// Opens a connection and logs in, all within one deadline.
    pub fn open(
        server: &ServerUrl,
        settings: &Settings,
        credentials: &Credentials<'_>,
        tls: &Tls,
        on_step: &mut dyn FnMut(Opened),
    ) -> Result<Self, DirectoryError> {
        let fail = |step, cause| DirectoryError {
            server: server.to_string(),
            step,
            cause,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name(THREAD)
            .enable_all()
            .build()
            .map_err(|error| fail(Step::Connect, Cause::Io(error)))?;
        match runtime.block_on(opening::open(server, settings, credentials, tls, on_step)) {
            Ok(opening::Open {
                ldap,
                guard,
                layer,
                driver,
                account,
            }) => Ok(Self {
                ldap,
                guard,
                server: server.clone(),
                account,
                timeout: settings.timeout,
                page_size: settings.page_size,
                max_entries: settings.max_entries,
                max_value_bytes: settings.max_value_bytes,
                layer,
                driver: Some(driver),
                runtime: Some(runtime),
            }),
            Err((step, cause)) => {
                runtime.shutdown_background();
                Err(fail(step, cause))
            }
        }
    }

    /// The server it leads to.
    pub fn server(&self) -> &ServerUrl {
        &self.server
    }

    /// The account that is logged in.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Reads all that a search returns, and hands it over page by page. What was handed over counts
    /// only when the search ends well. A value over the limit ends it.
    pub fn search<E: From<DirectoryError>>(
        &mut self,
        search: &Search,
        on_page: impl FnMut(Vec<Entry>) -> Result<(), E>,
    ) -> Result<Tally, E> {
        self.read(search, Asked::Values, on_page)
    }

    /// The same, but an entry with a value over the limit comes without it, and says so.
    pub fn search_users<E: From<DirectoryError>>(
        &mut self,
        search: &Search,
        on_page: impl FnMut(Vec<Entry>) -> Result<(), E>,
    ) -> Result<Tally, E> {
        self.read(search, Asked::Users, on_page)
    }

    /// The same, but of each attribute only its name comes, without values.
    pub fn search_names<E: From<DirectoryError>>(
        &mut self,
        search: &Search,
        on_page: impl FnMut(Vec<Entry>) -> Result<(), E>,
    ) -> Result<Tally, E> {
        self.read(search, Asked::Names, on_page)
    }

    fn read<E: From<DirectoryError>>(
        &mut self,
        search: &Search,
        asked: Asked,
        mut on_page: impl FnMut(Vec<Entry>) -> Result<(), E>,
    ) -> Result<Tally, E> {
        log::debug!("{}", ldapsearch::bare(search, &self.server));
        let started = std::time::Instant::now();
        let (sender, mut pages) = mpsc::channel(PAGES_AHEAD);
        let reader = Reader {
            ldap: self.ldap.clone(),
            search: Arc::new(search.clone()),
            timeout: self.timeout,
            page_size: self.page_size,
            guard: self.guard.clone(),
            max_entries: self.max_entries,
            max_value_bytes: self.max_value_bytes,
            asked,
        };
        let Some(runtime) = &self.runtime else {
            return Err(self.error(search, 1, Cause::Lost).into());
        };
        runtime.spawn(reader.read(sender));
        let mut tally = Tally::default();
        loop {
            match pages.blocking_recv() {
                Some(Ok(page)) => {
                    tally.pages += u64::from(page.is_complete);
                    tally.entries += page.entries.len() as u64;
                    tally.referrals += page.referrals;
                    on_page(page.entries)?;
                    if page.is_last {
                        log::debug!("{tally:?} in {} ms", started.elapsed().as_millis());
                        return Ok(tally);
                    }
                }
                Some(Err(cause)) => {
                    let cause = self.explain_loss(cause);
                    return Err(self.error(search, tally.pages + 1, cause).into());
                }
                // The reader panicked: a dependency met an answer it was not made for.
                None => {
                    let cause = Cause::Malformed("a part of it cannot be decoded".to_owned());
                    return Err(self.error(search, tally.pages + 1, cause).into());
                }
            }
        }
    }

    fn error(&self, search: &Search, page: u64, cause: Cause) -> DirectoryError {
        let what = match page {
            1 => search.what.clone(),
            page => format!("{} (page {page})", search.what),
        };
        DirectoryError {
            server: self.server.to_string(),
            step: Step::Read(what),
            cause,
        }
    }

    /// Why the connection ended: the task that drives it knows.
    fn explain_loss(&mut self, cause: Cause) -> Cause {
        let (Cause::Lost, Some(runtime)) = (&cause, &self.runtime) else {
            return cause;
        };
        if let Some(cause) = self.guard.explain() {
            return cause;
        }
        if let Some(layer) = self.layer.take() {
            let ended =
                runtime.block_on(async { timeout(Duration::from_millis(200), layer).await });
            if let Ok(Ok(Some(cause))) = ended {
                return cause;
            }
        }
        let Some(driver) = self.driver.take() else {
            return cause;
        };
        let ended = runtime.block_on(async { timeout(Duration::from_millis(200), driver).await });
        match ended {
            Ok(Err(panic)) if panic.is_panic() => {
                Cause::Malformed("a part of it cannot be decoded".to_owned())
            }
            Ok(Ok(Err(LdapError::Io { source }))) if source.to_string() == "decoding error" => {
                Cause::Malformed("it is not LDAP".to_owned())
            }
            // What tokio's codec says of a connection that ends within a message.
            Ok(Ok(Err(LdapError::Io { source })))
                if source.to_string() == "bytes remaining on stream" =>
            {
                Cause::Lost
            }
            Ok(Ok(Err(LdapError::Io { source }))) => Cause::Io(source),
            _ => cause,
        }
    }
}

/// The longest diagnostic message that is repeated, in characters. No server has that much to say.
const LONGEST_TEXT: usize = 1000;

fn refused(result: LdapResult) -> Cause {
    let mut text = result.text;
    if !result.refs.is_empty() {
        text = format!("{text} {}", result.refs.join(" "));
    }
    refusal(result.rc, text)
}

/// A result other than success.
fn refusal(code: u32, mut text: String) -> Cause {
    if let Some((end, _)) = text.char_indices().nth(LONGEST_TEXT) {
        text.truncate(end);
        text.push('…');
    }
    Cause::Result { code, text }
}

fn lost(error: LdapError) -> Cause {
    match error {
        LdapError::Io { source } => Cause::Io(source),
        LdapError::FilterParsing => Cause::Malformed("the filter cannot be parsed".to_owned()),
        _ => Cause::Lost,
    }
}
