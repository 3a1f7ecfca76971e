//! What clients did: counters, and a log of their searches.

/// Counters since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    pub connections: usize,
    pub binds: usize,
    pub failed_binds: usize,
    /// Searches, the rootDSE's included; the further pages of a search are not counted again.
    pub searches: usize,
    /// Search requests: every page counts.
    pub search_requests: usize,
    pub entries_sent: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Base,
    OneLevel,
    Subtree,
    Children,
}

/// One search request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedSearch {
    pub base: String,
    pub scope: Scope,
    /// As RFC 4515 writes it; values that are no readable text are escaped byte by byte.
    pub filter: String,
    pub attributes: Vec<String>,
    /// Counted from 1; 1 as well for a search without pages.
    pub page: u32,
    /// As the client asked for it.
    pub page_size: Option<i64>,
    pub show_deleted: bool,
}
