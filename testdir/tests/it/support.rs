//! A client, small enough to read.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use ldap3::controls::{Control, ControlType, PagedResults, RawControl};
use ldap3::{LdapConn, LdapConnSettings, Scope, SearchEntry, SearchOptions};
use testdir::{PASSWORD, TestDir, USERNAME};

pub(crate) const BASE: &str = "DC=corp,DC=example,DC=com";
pub(crate) const PEOPLE: &str = "(&(objectCategory=person)(objectClass=user))";
/// Long enough for a healthy answer on a busy machine.
const PATIENCE: Duration = Duration::from_secs(5);
const SHOW_DELETED: &str = "1.2.840.113556.1.4.417";

pub(crate) struct Client {
    pub(crate) connection: LdapConn,
    patience: Duration,
}

/// What a search came to.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) entries: Vec<SearchEntry>,
    pub(crate) code: u32,
    pub(crate) text: String,
    pub(crate) references: Vec<String>,
    pub(crate) cookie: Option<Vec<u8>>,
}

impl Client {
    /// Connects, without a login; an answer that takes longer than [`PATIENCE`] is an error.
    pub(crate) fn connect(directory: &TestDir) -> Result<Self> {
        let settings = LdapConnSettings::new().set_conn_timeout(PATIENCE);
        let connection = LdapConn::with_settings(settings, &directory.url())?;
        Ok(Self {
            connection,
            patience: PATIENCE,
        })
    }

    /// Gives up early, for answers that never come.
    pub(crate) fn hurried(mut self) -> Self {
        self.patience = Duration::from_millis(300);
        self
    }

    pub(crate) fn logged_in(directory: &TestDir) -> Result<Self> {
        let mut client = Self::connect(directory)?;
        let (code, text) = client.bind(USERNAME, PASSWORD)?;
        ensure!(code == 0, "{code} {text}");
        Ok(client)
    }

    pub(crate) fn bind(&mut self, name: &str, password: &str) -> Result<(u32, String)> {
        let result = self
            .connection
            .with_timeout(self.patience)
            .simple_bind(name, password)?;
        Ok((result.rc, result.text))
    }

    pub(crate) fn search(&mut self, filter: &str) -> Result<Found> {
        self.ask(BASE, Scope::Subtree, filter, &["*"], Vec::new())
    }

    /// The usernames of what a filter finds, in order.
    pub(crate) fn names(&mut self, filter: &str) -> Result<Vec<String>> {
        let found = self.search(filter)?;
        ensure!(found.code == 0, "{} {}", found.code, found.text);
        let mut names: Vec<_> = found.entries.iter().map(username).collect();
        names.sort();
        Ok(names)
    }

    pub(crate) fn read(&mut self, base: &str, attributes: &[&str]) -> Result<SearchEntry> {
        let found = self.ask(base, Scope::Base, "(objectClass=*)", attributes, Vec::new())?;
        let entry = found.entries.into_iter().next();
        entry.with_context(|| format!("{base}: {} {}", found.code, found.text))
    }

    pub(crate) fn deleted(&mut self, filter: &str) -> Result<Found> {
        self.ask(BASE, Scope::Subtree, filter, &["*"], vec![show_deleted()])
    }

    pub(crate) fn page(&mut self, size: i32, cookie: Vec<u8>) -> Result<Found> {
        let control = PagedResults { size, cookie }.into();
        self.ask(BASE, Scope::Subtree, PEOPLE, &["*"], vec![control])
    }

    /// All pages: how many entries each had, and how it ended.
    pub(crate) fn pages(&mut self, size: i32) -> Result<(Vec<usize>, Found)> {
        let mut sizes = Vec::new();
        let mut cookie = Vec::new();
        loop {
            let page = self.page(size, cookie)?;
            sizes.push(page.entries.len());
            cookie = page.cookie.clone().unwrap_or_default();
            if cookie.is_empty() || page.code != 0 {
                return Ok((sizes, page));
            }
        }
    }

    pub(crate) fn ask(
        &mut self,
        base: &str,
        scope: Scope,
        filter: &str,
        attributes: &[&str],
        controls: Vec<RawControl>,
    ) -> Result<Found> {
        self.connection.with_timeout(self.patience);
        if !controls.is_empty() {
            self.connection.with_controls(controls);
        }
        let search = self.connection.search(base, scope, filter, attributes)?;
        let (entries, result) = (search.0, search.1);
        let mut cookie = None;
        for Control(kind, raw) in &result.ctrls {
            if matches!(kind, Some(ControlType::PagedResults)) {
                cookie = Some(raw.parse::<PagedResults>().cookie);
            }
        }
        Ok(Found {
            entries: entries.into_iter().map(SearchEntry::construct).collect(),
            code: result.rc,
            text: result.text,
            references: result.refs,
            cookie,
        })
    }

    pub(crate) fn limit(&mut self, size: i32) -> &mut Self {
        self.connection
            .with_search_options(SearchOptions::new().sizelimit(size));
        self
    }
}

pub(crate) fn show_deleted() -> RawControl {
    RawControl {
        ctype: SHOW_DELETED.to_owned(),
        crit: true,
        val: None,
    }
}

pub(crate) fn text<'a>(entry: &'a SearchEntry, attribute: &str) -> Option<&'a str> {
    entry.attrs.get(attribute)?.first().map(String::as_str)
}

/// A value as bytes, in whichever of its two maps `ldap3` put it.
pub(crate) fn bytes(entry: &SearchEntry, attribute: &str) -> Option<Vec<u8>> {
    let text = entry.attrs.get(attribute).and_then(|values| values.first());
    let binary = entry
        .bin_attrs
        .get(attribute)
        .and_then(|values| values.first());
    text.map(|text| text.as_bytes().to_vec())
        .or_else(|| binary.cloned())
}

pub(crate) fn username(entry: &SearchEntry) -> String {
    let name = text(entry, "sAMAccountName").or_else(|| text(entry, "uid"));
    name.unwrap_or(&entry.dn).to_owned()
}

/// As a filter wants it: each byte escaped.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |escaped, byte| {
        escaped + &format!("\\{byte:02x}")
    })
}
