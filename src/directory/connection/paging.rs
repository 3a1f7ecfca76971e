//! Reading a search page by page (RFC 2696), on the connection's thread.

use std::sync::Arc;
use std::time::Duration;

use lber::structure::StructureTag;
use ldap3::controls::{Control, ControlType, PagedResults, RawControl};
use ldap3::{Ldap, SearchOptions};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::ber::value;
use super::guard::Guard;
use super::{SHOW_DELETED, Search, lost, refused};
use crate::directory::entry::Entry;
use crate::directory::error::{Cause, Limit};

/// Pages that may wait for the caller. More would only use memory: the slower side sets the pace.
pub(super) const PAGES_AHEAD: usize = 2;

/// What the entries of a page may need together, about, in bytes. A page that needs more comes in parts.
const PART: usize = 4 << 20;

/// How many pages may come in a row without an entry, each with a cookie that promises more.
const MOST_EMPTY_PAGES: u32 = 100;

const SEQUENCE: u8 = 0x30;
const OCTET_STRING: u8 = 0x04;

/// What one page brought, or a part of it.
#[derive(Default)]
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    pub(super) referrals: u64,
    /// Whether it is the page to its end.
    pub(super) is_complete: bool,
    pub(super) is_last: bool,
}

/// What is asked for of each entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Its values. One over the limit ends the search.
    Values,
    /// The same, but a value over the limit is the fault of that entry only.
    Users,
    /// Only the names of its attributes.
    Names,
}

type Stream = ldap3::SearchStream<'static, String, Vec<String>>;

/// What reads it.
pub(super) struct Reader {
    pub(super) ldap: Ldap,
    pub(super) search: Arc<Search>,
    pub(super) timeout: Duration,
    pub(super) page_size: i32,
    pub(super) guard: Guard,
    pub(super) max_entries: u64,
    pub(super) max_value_bytes: usize,
    pub(super) asked: Asked,
}

/// How a part of a page ended.
enum End {
    /// There is more of it.
    Part,
    /// With the cookie, if the server pages at all.
    Page(Option<Vec<u8>>),
}

impl Reader {
    pub(super) async fn read(mut self, pages: mpsc::Sender<Result<Page, Cause>>) {
        let result = self.read_all(&pages).await;
        if let Err(cause) = result {
            // Nobody listens any more: then nobody needs to know.
            let _ = pages.send(Err(cause)).await;
        }
    }

    async fn read_all(&mut self, pages: &mpsc::Sender<Result<Page, Cause>>) -> Result<(), Cause> {
        self.guard.begin();
        let mut stream = self.request(Vec::new()).await?;
        let mut is_paged = false;
        let mut received = 0;
        let mut empty_pages = 0;
        loop {
            let part = self.part(&mut stream, &mut received);
            let Ok(read) = timeout(self.timeout, part).await else {
                return Err(Cause::Timeout(self.timeout));
            };
            let (mut page, end) = read?;
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
            let next = match cookie {
                Some(cookie) if !cookie.is_empty() && !self.search.first_page_only => {
                    empty_pages += u32::from(page.entries.is_empty());
                    if empty_pages > MOST_EMPTY_PAGES {
                        return Err(Cause::Malformed(format!(
                            "{empty_pages} pages in a row without an entry"
                        )));
                    }
                    Some(self.request(cookie).await?)
                }
                _ => None,
            };
            is_paged = true;
            page.is_complete = true;
            page.is_last = next.is_none();
            if pages.send(Ok(page)).await.is_err() {
                return Ok(());
            }
            match next {
                Some(next) => stream = next,
                None => return Ok(()),
            }
        }
    }

    async fn request(&mut self, cookie: Vec<u8>) -> Result<Stream, Cause> {
        let mut controls: Vec<RawControl> = vec![
            PagedResults {
                size: self.page_size,
                cookie,
            }
            .into(),
        ];
        if self.search.show_deleted {
            controls.push(RawControl {
                ctype: SHOW_DELETED.to_owned(),
                crit: true,
                val: None,
            });
        }
        let Search {
            base,
            scope,
            filter,
            attributes,
            ..
        } = &*self.search;
        let options = SearchOptions::new().typesonly(self.asked == Asked::Names);
        let ldap = self.ldap.with_search_options(options);
        let request =
            ldap.with_controls(controls)
                .streaming_search(base, *scope, filter, attributes.clone());
        timeout(self.timeout, request)
            .await
            .map_err(|_| Cause::Timeout(self.timeout))?
            .map_err(lost)
    }

    /// Reads a page to its end, or as much of it as may be held at once.
    async fn part(&self, stream: &mut Stream, received: &mut u64) -> Result<(Page, End), Cause> {
        let mut page = Page::default();
        let mut size = 0;
        while let Some(item) = stream.next().await.map_err(lost)? {
            self.guard.take();
            *received += 1;
            if *received > self.max_entries {
                return Err(Cause::Limit(Limit::entries(self.max_entries)));
            }
            if item.is_ref() {
                page.referrals += 1;
            } else if !item.is_intermediate() {
                let entry = self.entry(item.0)?;
                size += entry.size();
                page.entries.push(entry);
                if size > PART {
                    return Ok((page, End::Part));
                }
            }
        }
        self.guard.take();
        let result = stream.finish().await;
        if result.rc != 0 {
            return Err(refused(result));
        }
        let cookie = cookie(&result.ctrls)?;
        if let Some(cookie) = &cookie
            && cookie.len() > self.max_value_bytes
        {
            let limit = Limit::value("a cookie", cookie.len(), self.max_value_bytes);
            return Err(Cause::Limit(limit));
        }
        Ok((page, End::Page(cookie)))
    }

    fn entry(&self, operation: StructureTag) -> Result<Entry, Cause> {
        let entry = Entry::decode(operation, self.max_value_bytes)
            .map_err(|what| Cause::Malformed(what.to_owned()))?;
        match entry.oversized.first() {
            Some((_, limit)) if self.asked != Asked::Users => Err(Cause::Limit(limit.clone())),
            _ => Ok(entry),
        }
    }
}

/// The cookie of the paged results control (RFC 2696); none if the server did not send the control.
fn cookie(controls: &[Control]) -> Result<Option<Vec<u8>>, Cause> {
    let Some(Control(_, raw)) = controls
        .iter()
        .find(|Control(kind, _)| matches!(kind, Some(ControlType::PagedResults)))
    else {
        return Ok(None);
    };
    let decoded = raw.val.as_deref().and_then(cookie_of);
    match decoded {
        Some(cookie) => Ok(Some(cookie)),
        None => Err(Cause::Malformed(
            "a paging control that cannot be decoded".to_owned(),
        )),
    }
}

/// The value of the control: an estimate of how many entries there are, and the cookie.
pub fn cookie_of(control: &[u8]) -> Option<Vec<u8>> {
    let (control, _) = value(control).filter(|(it, _)| it.tag == SEQUENCE)?;
    let (_estimate, rest) = value(control.content)?;
    let (cookie, _) = value(rest).filter(|(it, _)| it.tag == OCTET_STRING)?;
    Some(cookie.content.to_vec())
}
