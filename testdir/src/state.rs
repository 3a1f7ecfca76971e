//! What the connections and the handle share.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;
use uuid::Uuid;

use crate::account::Account;
use crate::directory::Directory;
use crate::dn::Key;
use crate::faults::Faults;
use crate::settings::Settings;
use crate::stats::{LoggedSearch, Stats};

/// A change to the directory that waits for a page to be asked for.
pub(crate) type Hook = Box<dyn FnOnce(&mut Directory) + Send>;

/// A change to the directory before each search request.
pub(crate) type RepeatedHook = Box<dyn FnMut(&mut Directory) + Send>;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    /// Whether the port is open.
    accepting: watch::Sender<bool>,
    /// What became of it: set by the server, waited for by the handle.
    is_open: Mutex<bool>,
    opened_or_closed: Condvar,
    state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) directory: Directory,
    pub(crate) accounts: Vec<Account>,
    pub(crate) see_tombstones: bool,
    pub(crate) see_deleted_container: bool,
    /// Attributes that the accounts may not read, at or below these entries.
    pub(crate) hidden_attributes: Vec<(String, Key)>,
    /// Attributes that the accounts may read but not search for.
    pub(crate) unsearchable: Vec<(String, Key)>,
    /// Entries on which, and below which, the accounts have no right.
    pub(crate) denied: Vec<Uuid>,
    /// What the rootDSE says instead of the truth.
    pub(crate) root_dse: Vec<(String, Vec<Vec<u8>>)>,
    pub(crate) faults: Faults,
    pub(crate) hooks: Vec<(u32, Hook)>,
    pub(crate) before_searches: Option<RepeatedHook>,
    pub(crate) stats: Stats,
    pub(crate) searches: Vec<LoggedSearch>,
    /// Cookies are unique in the whole server, so that one of another
    /// connection is never taken for an own one.
    pub(crate) cookies_made: u64,
}

impl Shared {
    pub(crate) fn new(settings: Settings) -> Result<Self> {
        Ok(Self {
            accepting: watch::Sender::new(true),
            is_open: Mutex::new(true),
            opened_or_closed: Condvar::new(),
            state: Mutex::new(State {
                directory: Directory::new(&settings)?,
                accounts: settings.accounts.clone(),
                see_tombstones: settings.see_tombstones,
                see_deleted_container: false,
                hidden_attributes: Vec::new(),
                unsearchable: Vec::new(),
                denied: Vec::new(),
                root_dse: Vec::new(),
                faults: Faults::default(),
                hooks: Vec::new(),
                before_searches: None,
                stats: Stats::default(),
                searches: Vec::new(),
                cookies_made: 0,
            }),
            settings,
        })
    }

    /// Opens or closes the port, and returns when that is done.
    pub(crate) fn open_port(&self, open: bool) {
        self.accepting.send_replace(open);
        let is_open = self.is_open.lock().unwrap_or_else(PoisonError::into_inner);
        // The limit is for a server that has died; what is wrong then shows soon enough.
        let _ =
            self.opened_or_closed
                .wait_timeout_while(is_open, Duration::from_secs(5), |is_open| *is_open != open);
    }

    /// For the server: the wishes of [`Self::open_port`].
    pub(crate) fn port_wishes(&self) -> watch::Receiver<bool> {
        self.accepting.subscribe()
    }

    /// For the server: what was done about a wish.
    pub(crate) fn set_port_open(&self, open: bool) {
        *self.is_open.lock().unwrap_or_else(PoisonError::into_inner) = open;
        self.opened_or_closed.notify_all();
    }

    /// A test that panicked in a closure must not make all others fail with it.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Where the entries are now on which the accounts have no right.
    pub(crate) fn denied_keys(&self) -> Vec<Key> {
        let directory = &self.directory;
        let ids = self
            .denied
            .iter()
            .filter_map(|it| directory.id_of_guid(*it));
        ids.filter_map(|id| Some(directory.entry(id)?.key.clone()))
            .collect()
    }

    /// Runs the change that comes before every search request.
    pub(crate) fn run_before_search(&mut self) {
        if let Some(change) = &mut self.before_searches {
            change(&mut self.directory);
        }
    }

    /// Runs the changes that wait for this page.
    pub(crate) fn run_hooks(&mut self, page: u32) {
        let (due, later) = std::mem::take(&mut self.hooks)
            .into_iter()
            .partition(|(at, _)| *at == page);
        self.hooks = later;
        let due: Vec<(u32, Hook)> = due;
        for (_, hook) in due {
            hook(&mut self.directory);
        }
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("faults", &self.faults)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}
