//! Misbehaviour on demand: [`When`] says at which moment, [`What`] says what happens then.

use std::time::Duration;

/// The moment of a fault. Everything that is set must be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    pub(crate) operation: Operation,
    pub(crate) nth: Option<u32>,
    pub(crate) first: Option<u32>,
    pub(crate) page: Option<u32>,
    pub(crate) after_entries: usize,
    pub(crate) filter_contains: Option<String>,
    pub(crate) base_contains: Option<String>,
    pub(crate) base: Option<String>,
    pub(crate) times: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Connect,
    Bind,
    RootDse,
    Search,
}

impl When {
    const fn new(operation: Operation) -> Self {
        Self {
            operation,
            nth: None,
            first: None,
            page: None,
            after_entries: 0,
            filter_contains: None,
            base_contains: None,
            base: None,
            times: None,
        }
    }

    /// A client has connected.
    #[must_use]
    pub const fn connect() -> Self {
        Self::new(Operation::Connect)
    }

    #[must_use]
    pub const fn bind() -> Self {
        Self::new(Operation::Bind)
    }

    /// The rootDSE is read.
    #[must_use]
    pub const fn root_dse() -> Self {
        Self::new(Operation::RootDse)
    }

    /// A search, or a further page of one; not of the rootDSE.
    #[must_use]
    pub const fn search() -> Self {
        Self::new(Operation::Search)
    }

    /// This page of a search, counted from 1; a search without pages is its own page 1.
    #[must_use]
    pub const fn page(page: u32) -> Self {
        let mut when = Self::search();
        when.page = Some(page);
        when
    }

    /// Only the nth operation, counted from 1, of those that fit and come after the fault was set.
    #[must_use]
    pub const fn nth(mut self, nth: u32) -> Self {
        self.nth = Some(nth);
        self
    }

    /// This operation, counted as for [`Self::nth`], and all that come after it.
    #[must_use]
    pub const fn from(mut self, first: u32) -> Self {
        self.first = Some(first);
        self
    }

    /// After this many entries of the page; never, if the page has fewer.
    #[must_use]
    pub const fn after_entries(mut self, entries: usize) -> Self {
        self.after_entries = entries;
        self
    }

    /// Only searches whose filter, written as text, contains this.
    #[must_use]
    pub fn filter_contains(mut self, part: &str) -> Self {
        self.filter_contains = Some(part.to_lowercase());
        self
    }

    /// Only searches whose base DN contains this.
    #[must_use]
    pub fn base_contains(mut self, part: &str) -> Self {
        self.base_contains = Some(part.to_lowercase());
        self
    }

    /// Only searches from this base DN, in any case.
    #[must_use]
    pub fn base_is(mut self, dn: &str) -> Self {
        self.base = Some(dn.to_lowercase());
        self
    }

    /// For this many operations; without it, until the faults are cleared.
    #[must_use]
    pub const fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }
}

/// What happens. All but the last group happen at one point of an answer, and
/// what does not end the answer lets it go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The port is closed until the faults are cleared. Only for [`When::connect`], which it takes as a whole.
    RefuseConnections,
    /// Nothing more is ever said; the connection stays open.
    Hang,
    Delay(Duration),
    /// The connection is closed.
    Cut,
    /// The connection is closed after half of the bytes of the next entry.
    CutInsideEntry,
    /// The answer ends with this result code.
    Answer {
        code: u32,
        text: String,
        referrals: Vec<String>,
    },
    /// A search result reference, and the answer goes on.
    Reference(Vec<String>),
    /// These bytes, and the answer goes on.
    Garbage(Vec<u8>),
    /// These bytes, and then those again and again, until the client has gone.
    Flood {
        first: Vec<u8>,
        then: Vec<u8>,
    },
    /// Users that are not in the directory, each another one, until the client has gone.
    EndlessUsers,
    /// A search result reference again and again, until the client has gone.
    EndlessReferences(String),
    /// The rest of the answer carries the message ID of no request.
    WrongMessageId,
    /// The unsolicited notification that a server sends before it closes a
    /// connection (RFC 4511, section 4.4.1); then it is closed.
    NoticeOfDisconnection {
        code: u32,
        text: String,
    },

    /// The page, and with it the search, is empty, with success.
    Empty,
    /// The answer has every user of the domain, whatever was asked for.
    Everybody,
    /// The answer has no pages, as if the server did not know the control.
    Unpaged,
    /// The page has this cookie, and whoever comes back with it gets the first page again.
    SameCookie(Vec<u8>),
    /// The user is neither found nor looked up: the account lost the right to read it.
    Hide {
        user: String,
    },
    /// The user is sent with these values, none at all for an empty list.
    Alter {
        user: String,
        attribute: String,
        values: Vec<Vec<u8>>,
    },
    /// The user is sent twice, one right after the other.
    SendTwice {
        user: String,
    },
    /// The user is sent again at the start of the next page, as if it had been
    /// moved to this DN in between.
    SendAgainOnNextPage {
        user: String,
        dn: String,
    },
}

impl What {
    #[must_use]
    pub fn answer(code: u32, text: &str) -> Self {
        Self::Answer {
            code,
            text: text.to_owned(),
            referrals: Vec::new(),
        }
    }

    /// A referral as the result (code 10), not among the entries.
    #[must_use]
    pub fn referral(uri: &str) -> Self {
        Self::Answer {
            code: 10,
            text: String::new(),
            referrals: vec![uri.to_owned()],
        }
    }

    /// The page cookie is answered as if the server did not know it.
    #[must_use]
    pub fn forget_cookie() -> Self {
        Self::answer(53, crate::results::BAD_COOKIE)
    }

    /// Bytes that are no BER.
    #[must_use]
    pub fn garbage() -> Self {
        Self::Garbage(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())
    }

    #[must_use]
    pub fn notice_of_disconnection() -> Self {
        Self::NoticeOfDisconnection {
            code: 52,
            text: "the server is shutting down".to_owned(),
        }
    }

    #[must_use]
    pub fn hide(user: &str) -> Self {
        Self::Hide {
            user: user.to_owned(),
        }
    }

    #[must_use]
    pub fn alter(user: &str, attribute: &str, values: Vec<Vec<u8>>) -> Self {
        Self::Alter {
            user: user.to_owned(),
            attribute: attribute.to_owned(),
            values,
        }
    }

    /// An `objectGUID` of 15 bytes.
    #[must_use]
    pub fn short_guid(user: &str) -> Self {
        Self::alter(user, "objectGUID", vec![vec![0xa5; 15]])
    }

    #[must_use]
    pub fn no_guid(user: &str) -> Self {
        Self::alter(user, "objectGUID", Vec::new())
    }

    /// A value of 10 MB.
    #[must_use]
    pub fn huge_value(user: &str, attribute: &str) -> Self {
        Self::alter(user, attribute, vec![vec![b'x'; 10_000_000]])
    }

    #[must_use]
    pub fn invalid_utf8(user: &str, attribute: &str) -> Self {
        Self::alter(user, attribute, vec![b"caf\xe9".to_vec()])
    }

    /// Whether it changes what a page consists of, rather than how the answer goes.
    pub(crate) fn shapes_page(&self) -> bool {
        matches!(
            self,
            Self::Empty
                | Self::Unpaged
                | Self::SameCookie(_)
                | Self::Hide { .. }
                | Self::Alter { .. }
                | Self::SendTwice { .. }
                | Self::SendAgainOnNextPage { .. }
        )
    }
}
