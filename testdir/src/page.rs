//! Making one page of an answer: what a search request finds, as far as it goes.

use std::collections::HashMap;

use ldap3_proto::proto::{LdapSearchRequest, LdapSearchScope};

use crate::directory::Directory;
use crate::entry::EntryId;
use crate::fault::{Operation, What};
use crate::faults::{Due, Event};
use crate::filter::Filter;
use crate::page_request::PageRequest;
use crate::results::{self, LdapResult};
use crate::root_dse::{self, root_dse};
use crate::search::{BadBase, Search, Visibility};
use crate::selection::Selection;
use crate::settings::{Kind, Settings};
use crate::state::State;
use crate::wire;

/// A search that has another page, under its cookie.
#[derive(Debug)]
pub(crate) struct PagedSearch {
    search: Search,
    selection: Selection,
    pages_sent: u32,
    entries_sent: usize,
    /// Sent in front of the next page, for [`What::SendAgainOnNextPage`].
    carried: Vec<Vec<u8>>,
}

/// The parts of an answer, encoded but for the message around each.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) references: Vec<String>,
    pub(crate) result: LdapResult,
    /// For the control of paged results, if the client sent one; empty on the last page.
    pub(crate) cookie: Option<Vec<u8>>,
}

pub(crate) type PagedSearches = HashMap<Vec<u8>, PagedSearch>;

/// Answers a search request, and tells which faults are to interrupt the answer.
pub(crate) fn make(
    state: &mut State,
    settings: &Settings,
    request: &PageRequest,
    logged_in: bool,
    searches: &mut PagedSearches,
) -> (Page, Vec<Due>) {
    let cookie = request.paging.as_ref().map(|(_, cookie)| cookie.as_slice());
    let cookie = cookie.filter(|cookie| !cookie.is_empty());
    let continued = cookie.and_then(|cookie| searches.remove(cookie));
    let page = continued.as_ref().map_or(1, |paged| paged.pages_sent + 1);
    let logged = request.logged(page);
    let operation = if request.is_root_dse() {
        Operation::RootDse
    } else {
        Operation::Search
    };
    let due = state.faults.due(&Event {
        operation,
        page,
        filter: &logged.filter,
        base: &logged.base,
    });
    let mut request = request.clone();
    if due.iter().any(|due| due.what == What::Unpaged) {
        request.paging = None;
    }
    let request = &request;
    let same_cookie = due.iter().find_map(|due| match &due.what {
        What::SameCookie(cookie) => Some(cookie.clone()),
        _ => None,
    });
    let cookie = cookie.filter(|cookie| same_cookie.as_deref() != Some(cookie));
    state.stats.search_requests += 1;
    if cookie.is_none() {
        state.stats.searches += 1;
    }
    state.searches.push(logged);
    state.run_before_search();

    if operation == Operation::RootDse {
        return (root_page(state, settings, request), due);
    }
    if logged_in && request.is_of(&settings.subschema()) {
        return (subschema_page(state, settings, request), due);
    }
    state.run_hooks(page);
    let paged = match (continued, cookie) {
        (Some(paged), _) => Ok(paged),
        (None, Some(_)) => Err(LdapResult::new(
            results::UNWILLING_TO_PERFORM,
            results::BAD_COOKIE,
        )),
        (None, None) => begin(state, settings, request, logged_in, &due),
    };
    let mut page = match paged {
        Ok(paged) => fill(state, settings, request, paged, &due, searches),
        Err(result) => Page {
            result,
            ..Page::default()
        },
    };
    if let (Some(cookie), Some(sent)) = (same_cookie, page.cookie.as_mut()) {
        *sent = cookie;
    }
    state.stats.entries_sent += page.entries.len();
    (page, due)
}

fn root_page(state: &State, settings: &Settings, request: &PageRequest) -> Page {
    let selection = Selection::new(&request.search.attrs, request.search.typesonly, settings);
    let mut list = root_dse(settings, &state.directory);
    root_dse::alter(&mut list, &state.root_dse);
    let attributes = selection.of_list(list);
    Page {
        entries: vec![wire::entry("", &attributes)],
        cookie: request.paging.is_some().then(Vec::new),
        ..Page::default()
    }
}

fn subschema_page(state: &State, settings: &Settings, request: &PageRequest) -> Page {
    let selection = Selection::new(&request.search.attrs, request.search.typesonly, settings);
    let list = vec![
        ("objectClass", vec![b"top".to_vec(), b"subSchema".to_vec()]),
        ("attributeTypes", state.directory.attribute_types()),
    ];
    Page {
        entries: vec![wire::entry(&settings.subschema(), &selection.of_list(list))],
        cookie: request.paging.is_some().then(Vec::new),
        ..Page::default()
    }
}

fn begin(
    state: &State,
    settings: &Settings,
    request: &PageRequest,
    logged_in: bool,
    due: &[Due],
) -> Result<PagedSearch, LdapResult> {
    let plain = settings.kind == Kind::PlainLdap;
    if !logged_in {
        return Err(if plain {
            LdapResult::new(results::INSUFFICIENT_ACCESS_RIGHTS, "")
        } else {
            LdapResult::new(results::OPERATIONS_ERROR, results::NOT_LOGGED_IN)
        });
    }
    let knows_deleted = root_dse::controls(settings.kind).contains(&root_dse::SHOW_DELETED);
    if request.unknown_critical || (request.deleted_is_critical && !knows_deleted) {
        return Err(LdapResult::new(
            results::UNAVAILABLE_CRITICAL_EXTENSION,
            results::UNKNOWN_CONTROL,
        ));
    }
    let LdapSearchRequest {
        base,
        scope,
        attrs,
        typesonly,
        ..
    } = &request.search;
    let visibility = Visibility {
        recycled: request.show_recycled,
        tombstones: request.show_deleted && knows_deleted && state.see_tombstones,
        deleted_container: request.show_deleted && knows_deleted && state.see_deleted_container,
        hidden: hidden_users(due),
        hidden_attributes: state.hidden_attributes.clone(),
        unsearchable: state.unsearchable.clone(),
        denied: state.denied_keys(),
        tells_bare_names: !plain,
        manages_references: request.manages_references,
    };
    let has_everybody = due.iter().any(|due| due.what == What::Everybody);
    let search = if has_everybody {
        let users = Filter::Equality("objectClass".to_owned(), b"user".to_vec());
        let base = settings.base.to_string();
        Search::new(
            &state.directory,
            &base,
            LdapSearchScope::Subtree,
            &users,
            visibility,
        )
    } else {
        let filter = &request.filter;
        Search::new(&state.directory, base, scope.clone(), filter, visibility)
    };
    let search = search.map_err(|bad| match bad {
        BadBase::Malformed => LdapResult::new(results::INVALID_DN_SYNTAX, results::BAD_NAME),
        BadBase::Elsewhere if plain => LdapResult::no_such_object(String::new()),
        BadBase::Elsewhere => LdapResult::elsewhere(base),
        BadBase::Missing(nearest) => LdapResult::no_such_object(nearest),
        BadBase::Reference(uris) => LdapResult::referral(uris),
    })?;
    Ok(PagedSearch {
        search,
        selection: Selection::new(attrs, *typesonly, settings),
        pages_sent: 0,
        entries_sent: 0,
        carried: Vec::new(),
    })
}

fn hidden_users(due: &[Due]) -> Vec<String> {
    let users = due.iter().filter_map(|due| match &due.what {
        What::Hide { user } => Some(user.clone()),
        _ => None,
    });
    users.collect()
}

fn fill(
    state: &mut State,
    settings: &Settings,
    request: &PageRequest,
    mut paged: PagedSearch,
    due: &[Due],
    searches: &mut PagedSearches,
) -> Page {
    if due.iter().any(|due| due.what == What::Empty) {
        return Page {
            cookie: request.paging.is_some().then(Vec::new),
            ..Page::default()
        };
    }
    let directory = &state.directory;
    let wanted = request.paging.as_ref().map(|(size, _)| *size);
    if wanted == Some(0) {
        // RFC 2696: a page of no entries gives the search up.
        return Page {
            cookie: Some(Vec::new()),
            ..Page::default()
        };
    }
    let page_size = wanted
        .and_then(|size| usize::try_from(size).ok())
        .map_or(settings.max_page_size, |size| {
            size.min(settings.max_page_size)
        });
    let size_limit = usize::try_from(request.search.sizelimit).unwrap_or(0);
    let left = match size_limit {
        0 => usize::MAX,
        limit => limit.saturating_sub(paged.entries_sent),
    };
    let ids = paged.search.take(directory, page_size.min(left));
    paged.entries_sent += ids.len();
    paged.pages_sent += 1;

    let mut page = Page {
        entries: std::mem::take(&mut paged.carried),
        ..Page::default()
    };
    for id in ids {
        encode(directory, id, &mut paged, due, &mut page.entries);
    }
    let more = paged.search.has_more(directory);
    let limit_met = more && (left <= page_size || wanted.is_none());
    if limit_met {
        page.result = LdapResult::new(results::SIZE_LIMIT_EXCEEDED, "");
    } else if !more && paged.carried.is_empty() {
        page.references.append(&mut paged.search.referrals);
        if paged.search.includes_domain_root {
            page.references.extend(settings.referrals());
        }
    }
    if wanted.is_some() {
        page.cookie = Some(Vec::new());
        if (more || !paged.carried.is_empty()) && !limit_met {
            let cookie = new_cookie(state);
            page.cookie = Some(cookie.clone());
            searches.insert(cookie, paged);
        }
    }
    page
}

fn new_cookie(state: &mut State) -> Vec<u8> {
    state.cookies_made += 1;
    let mut cookie = state.cookies_made.to_le_bytes().to_vec();
    cookie.push(0xff); // never UTF-8, as AD's cookies are not
    cookie
}

fn encode(
    directory: &Directory,
    id: EntryId,
    paged: &mut PagedSearch,
    due: &[Due],
    entries: &mut Vec<Vec<u8>>,
) {
    let Some(entry) = directory.entry(id) else {
        return;
    };
    let mut attributes = paged.selection.of_entry(directory, entry);
    let visibility = &paged.search.visibility;
    attributes.retain(|(name, _)| !paged.search.is_bare && !visibility.hides(entry, name));
    let mut times = 1;
    for due in due {
        match &due.what {
            What::Alter {
                user,
                attribute,
                values,
            } if entry.is_user_called(user) => {
                let kind = directory.kind();
                let selection = &paged.selection;
                selection.alter(kind, &mut attributes, attribute, values);
            }
            What::SendTwice { user } if entry.is_user_called(user) => times = 2,
            What::SendAgainOnNextPage { user, dn } if entry.is_user_called(user) => {
                paged.carried.push(wire::entry(dn, &attributes));
            }
            _ => {}
        }
    }
    let encoded = wire::entry(&entry.dn, &attributes);
    entries.extend(std::iter::repeat_n(encoded, times));
}
