//! Reading a search page by page (RFC 2696), on the connection's thread.

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::message::{
    self, INTERMEDIATE_RESPONSE, Message, Outcome, SEARCH_RESULT_DONE, SEARCH_RESULT_ENTRY,
    SEARCH_RESULT_REFERENCE,
};
use super::wire::{Expected, Wire, malformed};
use super::{RunDeadline, SHOW_DELETED, Search, refusal};
use crate::ber::{Element, Flaw};
use crate::entry::Entry;
use crate::error::{Cause, Limit};
use crate::options::Limits;

/// How many pages may wait for the caller. More would only use memory, since the slower side sets the pace.
pub(super) const PAGES_AHEAD: usize = 2;

/// Roughly how much memory the entries of a page may take, in bytes. A larger page is delivered in parts.
const PART: usize = 4 << 20;

/// A page counts as long once this many entries have come, and when this many are left its end
/// is awaited, so that the next page can be requested at once.
const FEW: usize = 64;

/// How many pages without an entry may come in a row, each with a cookie for more.
const MOST_EMPTY_PAGES: u32 = 100;

/// A page, or a part of one.
#[derive(Default)]
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    pub(super) referrals: u64,
    /// Whether it completes the page.
    pub(super) is_complete: bool,
    pub(super) is_last: bool,
}

/// How each entry is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Its values. One over the limit ends the search.
    Values,
    /// The same, but a value over the limit affects that entry alone.
    Lenient,
    /// Only the names of its attributes.
    Names,
}

/// How to read it.
pub(super) struct Reader {
    pub(super) search: Search,
    pub(super) asked: Asked,
    pub(super) run: RunDeadline,
    pub(super) limits: Limits,
}

/// A requested page.
struct Request {
    number: u32,
    /// Entries and references of this page and those before it.
    received: u64,
}

/// How a part of a page ended.
enum End {
    /// More of it follows.
    Part,
    /// Complete, with the cookie if the server pages.
    Page(Option<Vec<u8>>),
}

impl Reader {
    pub(super) async fn read(self, wire: &mut Wire, pages: mpsc::Sender<Result<Page, Cause>>) {
        let result = self.read_all(wire, &pages).await;
        if let Err(cause) = result {
            // Nobody is listening any more.
            let _ = pages.send(Err(cause)).await;
        }
    }

    async fn read_all(
        &self,
        wire: &mut Wire,
        pages: &mpsc::Sender<Result<Page, Cause>>,
    ) -> Result<(), Cause> {
        let search = message::search(&self.search, self.asked == Asked::Names)
            .ok_or_else(|| Cause::Malformed("the filter cannot be parsed".to_owned()))?;
        let mut request = Request {
            number: self.request(wire, &search, &[]).await?,
            received: 0,
        };
        let mut is_paged = false;
        let mut empty_pages = 0;
        loop {
            let part = self.part(wire, &mut request);
            let (mut page, end) = self.in_time(part).await??;
            if !page.entries.is_empty() {
                empty_pages = 0;
            }
            let End::Page(cookie) = end else {
                if pages.send(Ok(page)).await.is_err() {
                    return Ok(());
                }
                continue;
            };
            if is_paged && cookie.is_none() {
                return Err(Cause::Malformed(
                    "a page without the paging control".to_owned(),
                ));
            }
            page.is_last = true;
            if let Some(cookie) = cookie.filter(|it| !it.is_empty())
                && !self.search.first_page_only
            {
                empty_pages += u32::from(page.entries.is_empty());
                if empty_pages > MOST_EMPTY_PAGES {
                    return Err(Cause::Malformed(format!(
                        "{empty_pages} pages in a row without an entry"
                    )));
                }
                request.number = self.request(wire, &search, &cookie).await?;
                page.is_last = false;
            }
            is_paged = true;
            page.is_complete = true;
            let is_last = page.is_last;
            if pages.send(Ok(page)).await.is_err() || is_last {
                return Ok(());
            }
        }
    }

    /// Requests the page after a cookie; returns the ID of the request.
    async fn request(&self, wire: &mut Wire, search: &[u8], cookie: &[u8]) -> Result<u32, Cause> {
        let paged = message::paged_results(self.limits.page_size, cookie);
        let controls = if self.search.show_deleted {
            message::controls(&[&paged, &message::critical(SHOW_DELETED)])
        } else {
            message::controls(&[&paged])
        };
        self.in_time(wire.send(search, &controls)).await
    }

    async fn in_time<T>(&self, future: impl Future<Output = T>) -> Result<T, Cause> {
        let is_last = self.run.left() < self.limits.timeout;
        let left = self.run.left().min(self.limits.timeout);
        timeout(left, future).await.map_err(|_| {
            if is_last {
                Cause::RunTimeout(self.run.after)
            } else {
                Cause::Timeout(self.limits.timeout)
            }
        })
    }

    /// Reads a page to its end, or as much of it as fits in a part.
    async fn part(&self, wire: &mut Wire, request: &mut Request) -> Result<(Page, End), Cause> {
        let mut page = Page::default();
        let mut size = 0;
        loop {
            let message = wire.receive(self.expected(&page)).await?;
            // The answer to an earlier request, no longer wanted.
            if message.number != request.number {
                continue;
            }
            let Element { tag, content } = message.operation;
            if tag == SEARCH_RESULT_DONE {
                let outcome = Outcome::decode(content).map_err(malformed)?;
                return match outcome.code {
                    0 => Ok((page, End::Page(self.cookie(message)?))),
                    _ => Err(refusal(outcome)),
                };
            }
            request.received += 1;
            if request.received > self.limits.max_entries {
                return Err(Cause::Limit(Limit::entries(self.limits.max_entries)));
            }
            match tag {
                SEARCH_RESULT_ENTRY => {
                    let entry = self.entry(content)?;
                    size += entry.size();
                    page.entries.push(entry);
                    if size > PART {
                        return Ok((page, End::Part));
                    }
                }
                SEARCH_RESULT_REFERENCE => page.referrals += 1,
                INTERMEDIATE_RESPONSE => {}
                _ => return Err(malformed(Flaw::Unexpected)),
            }
        }
    }

    /// What to expect next, given how much of a page has come.
    fn expected(&self, page: &Page) -> Expected {
        let most = usize::try_from(self.limits.page_size).unwrap_or(usize::MAX);
        if (FEW..most.saturating_sub(FEW)).contains(&page.entries.len()) {
            Expected::Many
        } else {
            Expected::One
        }
    }

    fn entry(&self, content: &[u8]) -> Result<Entry, Cause> {
        let entry = Entry::decode(content, self.limits.max_value_bytes).map_err(malformed)?;
        match entry.oversized.first() {
            Some((_, limit)) if self.asked != Asked::Lenient => Err(Cause::Limit(limit.clone())),
            _ => Ok(entry),
        }
    }

    /// The cookie of a page; `None` if the server does not page.
    fn cookie(&self, message: Message<'_>) -> Result<Option<Vec<u8>>, Cause> {
        let cookie = message
            .cookie()
            .map_err(|_| Cause::Malformed("a paging control that cannot be decoded".to_owned()))?;
        match cookie {
            Some(cookie) if cookie.len() > self.limits.max_value_bytes => {
                let limit = Limit::value("a cookie", cookie.len(), self.limits.max_value_bytes);
                Err(Cause::Limit(limit))
            }
            cookie => Ok(cookie.map(<[u8]>::to_vec)),
        }
    }
}
