//! Reading a search page by page (RFC 2696), on the connection's thread.

use std::sync::Arc;
use std::time::Duration;

use ldap3::controls::{Control, ControlType, PagedResults, RawControl};
use ldap3::{Ldap, SearchOptions};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{SHOW_DELETED, Search, lost, refused};
use crate::directory::entry::Entry;
use crate::directory::error::Cause;

/// Pages that may wait for the caller. More would only use memory: the slower side sets the pace.
pub(super) const PAGES_AHEAD: usize = 2;

/// What one page brought.
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    pub(super) referrals: u64,
    pub(super) is_last: bool,
}

type Stream = ldap3::SearchStream<'static, String, Vec<String>>;

/// What reads it.
pub(super) struct Reader {
    pub(super) ldap: Ldap,
    pub(super) search: Arc<Search>,
    pub(super) timeout: Duration,
    pub(super) page_size: i32,
    /// Whether only the names of attributes are wanted.
    pub(super) types_only: bool,
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
        let mut stream = self.request(Vec::new()).await?;
        let mut is_paged = false;
        loop {
            let Ok(read) = timeout(self.timeout, Self::page(&mut stream)).await else {
                return Err(Cause::Timeout(self.timeout));
            };
            let (mut page, cookie) = read?;
            if is_paged && cookie.is_none() {
                return Err(Cause::Malformed(
                    "a page without the paging control".to_owned(),
                ));
            }
            let next = match cookie {
                Some(cookie) if !cookie.is_empty() && !self.search.first_page_only => {
                    Some(self.request(cookie).await?)
                }
                _ => None,
            };
            is_paged = true;
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
        let options = SearchOptions::new().typesonly(self.types_only);
        let ldap = self.ldap.with_search_options(options);
        let request =
            ldap.with_controls(controls)
                .streaming_search(base, *scope, filter, attributes.clone());
        timeout(self.timeout, request)
            .await
            .map_err(|_| Cause::Timeout(self.timeout))?
            .map_err(lost)
    }

    /// Reads one page to its end; with it the cookie, if the server pages at all.
    async fn page(stream: &mut Stream) -> Result<(Page, Option<Vec<u8>>), Cause> {
        let mut page = Page {
            entries: Vec::new(),
            referrals: 0,
            is_last: false,
        };
        while let Some(item) = stream.next().await.map_err(lost)? {
            if item.is_ref() {
                page.referrals += 1;
            } else if !item.is_intermediate() {
                let entry =
                    Entry::decode(item.0).map_err(|what| Cause::Malformed(what.to_owned()))?;
                page.entries.push(entry);
            }
        }
        let result = stream.finish().await;
        if result.rc != 0 {
            return Err(refused(result));
        }
        let cookie = cookie(&result.ctrls)?;
        Ok((page, cookie))
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
    let decoded = raw
        .val
        .as_deref()
        .and_then(|value| lber::parse::parse_tag(value).ok())
        .and_then(|(_, tag)| tag.expect_constructed())
        .and_then(|parts| parts.into_iter().nth(1)?.expect_primitive());
    match decoded {
        Some(cookie) => Ok(Some(cookie)),
        None => Err(Cause::Malformed(
            "a paging control that cannot be decoded".to_owned(),
        )),
    }
}
