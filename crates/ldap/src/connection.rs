//! One LDAP connection: opening it, and reading from it page by page.
//!
//! The connection lives on a thread of its own, which receives and decodes answers while the
//! caller works on the previous page; the next page is requested as soon as its cookie is there. Every
//! wait has a deadline. An answer is complete or an error: only success on the last page ends a
//! search successfully.
//!
//! From the network to the caller: `addresses` connects, `opening` makes the stream, `wire` cuts it into
//! messages (`framing`), `message` decodes them, and `paging` makes pages of them.

mod addresses;
pub(crate) mod bare;
pub(crate) mod framing;
pub(crate) mod message;
pub(crate) mod opening;
mod paging;
mod start_tls;
mod wire;

use std::convert::Infallible;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use crate::entry::Entry;
use crate::error::{Cause, Error, Step};
use crate::ldapsearch;
use crate::options::{Credentials, Limits, Options};
use crate::threads;
use crate::tls::Tls;
use crate::url::ServerUrl;

use message::Outcome;
use paging::{Asked, PAGES_AHEAD, Page, Reader};
use wire::Wire;

pub use opening::Opened;

/// The name of the connection's thread. A panic there is a failed read, and is reported as such.
pub const THREAD: &str = "adsync-ldap";

/// `LDAP_SERVER_SHOW_DELETED_OID` (MS-ADTS 3.1.1.3.4.1.14)
pub const SHOW_DELETED: &str = "1.2.840.113556.1.4.417";

/// How far a search goes; the numbers are those of the protocol (RFC 4511, 4.5.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The base alone.
    Base = 0,
    /// The direct children of the base.
    OneLevel = 1,
    /// The base and everything below it.
    Subtree = 2,
}

/// What to search for.
#[derive(Clone, Debug)]
pub struct Search {
    /// What an error calls it, after "cannot read".
    pub what: String,
    /// Base DN.
    pub base: String,
    /// How far below the base.
    pub scope: Scope,
    /// Filter (RFC 4515).
    pub filter: String,
    /// The attributes to return.
    pub attributes: Vec<String>,
    /// Whether to return deleted objects as well.
    pub show_deleted: bool,
    /// Whether the first page is enough, so that no other is requested.
    pub first_page_only: bool,
}

impl Search {
    /// The entry with that DN, if the account sees it.
    pub fn at(dn: &str, attributes: &[&str]) -> Self {
        Self {
            scope: Scope::Base,
            ..Self::below(dn.to_owned(), dn, "(objectClass=*)".to_owned(), attributes)
        }
    }

    /// The entries at and below a DN that match a filter.
    pub fn below(what: String, base: &str, filter: String, attributes: &[&str]) -> Self {
        Self {
            what,
            base: base.to_owned(),
            scope: Scope::Subtree,
            filter,
            attributes: attributes.iter().map(|it| (*it).to_owned()).collect(),
            show_deleted: false,
            first_page_only: false,
        }
    }
}

/// The totals of a search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Entries received.
    pub entries: u64,
    /// References to other servers; counted, not followed.
    pub referrals: u64,
    /// Pages, the last included.
    pub pages: u64,
}

/// Until when a run may read, across all its connections.
#[derive(Clone, Copy, Debug)]
pub struct RunDeadline {
    began: Instant,
    after: Duration,
}

impl RunDeadline {
    /// A deadline counted from now.
    pub fn new(after: Duration) -> Self {
        Self {
            began: Instant::now(),
            after,
        }
    }

    fn left(self) -> Duration {
        self.after.saturating_sub(self.began.elapsed())
    }
}

/// An authenticated LDAP connection, which runs one search at a time. When it is dropped it is closed.
#[derive(Debug)]
pub struct Connection {
    /// Requests to the connection's thread, which ends when this is dropped.
    searches: mpsc::UnboundedSender<(Reader, mpsc::Sender<Result<Page, Cause>>)>,
    /// The same, where it waits for a server just then.
    _is_wanted: oneshot::Sender<Infallible>,
    server: ServerUrl,
    account: String,
    run: RunDeadline,
    limits: Limits,
}

impl Connection {
    /// Connects and authenticates, within [`Limits::connect_timeout`]: by the first address of the host that answers (RFC
    /// 8305), with a simple bind (RFC 4511, 4.2) or a ticket. `on_step` is told of each step that succeeded; an error
    /// names the one that failed. Nothing is tried twice: a few wrong passwords lock an account.
    pub fn open(
        server: &ServerUrl,
        options: &Options,
        credentials: &Credentials<'_>,
        tls: &Tls,
        run: RunDeadline,
        on_step: &mut dyn FnMut(Opened),
    ) -> Result<Self, Error> {
        let fail = |step, cause| Error {
            server: server.clone(),
            step,
            cause,
        };
        let no_thread = |error| fail(Step::Connect, Cause::NoThread(error));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(no_thread)?;
        let opened = runtime.block_on(opening::open(server, options, credentials, tls, on_step));
        let (wire, account) = opened.map_err(|(step, cause)| fail(step, cause))?;
        let (searches, asked) = mpsc::unbounded_channel();
        let (is_wanted, gone) = oneshot::channel();
        threads::spawn(THREAD, move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(wire, asked) => {}
                    _ = gone => {}
                }
            });
        })
        .map_err(no_thread)?;
        Ok(Self {
            searches,
            _is_wanted: is_wanted,
            server: server.clone(),
            account,
            run,
            limits: options.limits,
        })
    }

    /// The server it is connected to.
    pub fn server(&self) -> &ServerUrl {
        &self.server
    }

    /// The authenticated account.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The most entries of a search ([`Limits::max_entries`]), and the most values of an attribute.
    pub fn max_entries(&self) -> u64 {
        self.limits.max_entries
    }

    /// Runs a search, page by page (RFC 2696). A value over the limit ends it with [`Cause::Limit`].
    pub fn search(&mut self, search: &Search) -> Result<Pages<'_>, Error> {
        self.read(search, Asked::Values)
    }

    /// The same, but an entry with a value over the limit comes without it, and says so ([`Entry::oversized`]).
    pub fn search_lenient(&mut self, search: &Search) -> Result<Pages<'_>, Error> {
        self.read(search, Asked::Lenient)
    }

    /// The same, but with attribute names only, without values (`typesOnly`, RFC 4511, 4.5.1.6).
    pub fn search_names(&mut self, search: &Search) -> Result<Pages<'_>, Error> {
        self.read(search, Asked::Names)
    }

    /// The single entry a search is for; `None` if it is absent or hidden from this account.
    pub fn entry(&mut self, search: &Search) -> Result<Option<Entry>, Error> {
        match self.search(search).and_then(Pages::all) {
            Ok((entries, _)) => Ok(entries.into_iter().next()),
            Err(error) if error.is_of_entry() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn read(&mut self, search: &Search, asked: Asked) -> Result<Pages<'_>, Error> {
        log::debug!("{}", ldapsearch::bare(search, &self.server));
        let (sender, pages) = mpsc::channel(PAGES_AHEAD);
        let reader = Reader {
            search: search.clone(),
            asked,
            run: self.run,
            limits: self.limits,
        };
        if self.searches.send((reader, sender)).is_err() {
            return Err(self.error(&search.what, Cause::Lost));
        }
        Ok(Pages {
            connection: self,
            received: pages,
            what: search.what.clone(),
            tally: Tally::default(),
            started: Instant::now(),
            is_over: false,
        })
    }

    /// The error for an answer that was received and cannot be used; `what` is what was read.
    pub fn error(&self, what: &str, cause: Cause) -> Error {
        Error {
            server: self.server.clone(),
            step: Step::Read(what.to_owned()),
            cause,
        }
    }
}

/// The answer to a search, page by page. Earlier pages count only if the last one arrives: after an error, nothing that
/// was read is known to be all there is. Dropped early, it asks for no further page.
#[derive(Debug)]
pub struct Pages<'a> {
    connection: &'a Connection,
    received: mpsc::Receiver<Result<Page, Cause>>,
    what: String,
    tally: Tally,
    started: Instant,
    is_over: bool,
}

impl Pages<'_> {
    /// The totals so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// All entries, for a search that returns few.
    pub fn all(mut self) -> Result<(Vec<Entry>, Tally), Error> {
        let mut entries = Vec::new();
        for page in &mut self {
            entries.extend(page?);
        }
        Ok((entries, self.tally))
    }

    fn next_page(&mut self) -> Result<Vec<Entry>, Cause> {
        match self.received.blocking_recv() {
            // Working on what arrived may take long as well.
            Some(Ok(_)) if self.connection.run.left().is_zero() => {
                Err(Cause::RunTimeout(self.connection.run.after))
            }
            Some(Ok(page)) => {
                self.tally.pages += u64::from(page.is_complete);
                self.tally.entries += page.entries.len() as u64;
                self.tally.referrals += page.referrals;
                if page.is_last {
                    self.is_over = true;
                    let took = self.started.elapsed().as_millis();
                    let Tally {
                        entries,
                        pages,
                        referrals,
                    } = self.tally;
                    log::debug!(
                        "{entries} entries in {pages} pages, {referrals} references, {took} ms"
                    );
                }
                Ok(page.entries)
            }
            Some(Err(cause)) => Err(cause),
            // The reader panicked, which is a bug.
            None => Err(Cause::Malformed("reading it failed".to_owned())),
        }
    }
}

impl Iterator for Pages<'_> {
    type Item = Result<Vec<Entry>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        Some(self.next_page().map_err(|cause| {
            self.is_over = true;
            if self.tally.pages > 0 {
                self.what = format!("{} (page {})", self.what, self.tally.pages + 1);
            }
            self.connection.error(&self.what, cause)
        }))
    }
}

/// Serves searches, one after another.
async fn serve(
    mut wire: Wire,
    mut asked: mpsc::UnboundedReceiver<(Reader, mpsc::Sender<Result<Page, Cause>>)>,
) {
    while let Some((reader, pages)) = asked.recv().await {
        reader.read(&mut wire, pages).await;
    }
}

/// The longest diagnostic message that is shown, in characters. Real ones are shorter.
const LONGEST_TEXT: usize = 1000;

/// What a result other than success means.
pub(crate) fn refusal(outcome: Outcome) -> Cause {
    let (code, text) = told(outcome);
    Cause::Result { code, text }
}

/// The result code, with the server's diagnostic message.
fn told(outcome: Outcome) -> (u32, String) {
    let Outcome {
        code,
        mut text,
        referrals,
        token: _,
    } = outcome;
    if !referrals.is_empty() {
        text = format!("{text} {}", referrals.join(" "));
    }
    if let Some((end, _)) = text.char_indices().nth(LONGEST_TEXT) {
        text.truncate(end);
        text.push('…');
    }
    (code, text)
}
