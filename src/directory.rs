//! What the rest of the program may ask of a directory.
//!
//! Everything below speaks LDAP; everything above speaks of users. Reading is complete or an error,
//! and nothing is ever written.

pub(crate) mod ber;
mod changes;
pub(crate) mod connection;
pub(crate) mod dn;
pub(crate) mod entry;
mod error;
pub(crate) mod filter;
mod group;
mod inspection;
#[cfg(feature = "kerberos")]
mod kerberos;
mod ldapsearch;
pub(crate) mod mapping;
mod names;
mod proof;
mod root_dse;
mod servers;
mod srv;
mod tls;
mod values;

use std::collections::HashSet;

use crate::compare::{BadEntry, MissingValue};
use crate::config::{Filter, ServerUrl};
use crate::failure::Failure;
use crate::mark::{Position, Question};
use crate::user::{DirectoryUser, ObjectGuid};

use connection::{Connection, Scope, Search};
use mapping::Mapping;
use root_dse::RootDse;

pub use changes::Changes;
pub use connection::{Opened, THREAD as CONNECTION_THREAD, Tally};
pub use error::{Cause, DirectoryError, Missed, NO_SUCH_OBJECT, Step, TicketError};
pub use inspection::{Unfilled, ldapsearch_of_root, open_ports};
pub use names::FoundUser;
pub use proof::Located;
pub use servers::Servers;
pub use tls::Certificate;

/// How many identities or names are asked for in one search. A filter of this many terms is far
/// from any server's limit, and an answer fits one page.
const BATCH: usize = 200;

/// A user of the directory, or why the entry cannot be used as one.
pub type Read = Result<DirectoryUser, BadEntry>;

/// The directory, connected and logged in.
#[derive(Debug)]
pub struct Directory {
    connection: Connection,
    root: RootDse,
    mapping: Mapping,
    base: String,
    /// The naming context around the base: where missing users are looked for.
    domain: String,
    filter: Filter,
    /// Where the domain controller stands, once it was asked and said so.
    position: Option<Position>,
    /// Containers that were found readable.
    containers: HashSet<String>,
}

/// Which part of the scope is read.
#[derive(Clone, Debug)]
pub enum Selection {
    /// All of it.
    All,
    /// What matches this filter as well.
    Filter(Filter),
    /// What lies at or below this DN.
    Below(String),
}

impl Directory {
    /// The server that is used.
    pub fn server(&self) -> &ServerUrl {
        self.connection.server()
    }

    /// The account that is logged in: its bind name, or its principal.
    pub fn account(&self) -> &str {
        self.connection.account()
    }

    /// The base of the scope.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The naming context around the base.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether it is Active Directory, Windows' or Samba's.
    pub fn is_active_directory(&self) -> bool {
        self.root.is_active_directory
    }

    /// The filter of the scope.
    pub fn filter(&self) -> &str {
        self.filter.as_str()
    }

    /// Whether a DN lies in the base of the scope.
    pub fn is_in_base(&self, dn: &str) -> bool {
        dn::is_within(dn, &self.base)
    }

    /// What it means that an attribute has no value.
    pub fn missing_value(&self) -> MissingValue {
        if self.server().is_global_catalog() {
            MissingValue::Keeps
        } else {
            MissingValue::Clears
        }
    }

    /// Reads the users of the scope, page by page. What was handed over counts only when this
    /// returns well.
    pub fn read<E: From<DirectoryError>>(
        &mut self,
        selection: &Selection,
        mut on_page: impl FnMut(Vec<Read>) -> Result<(), E>,
    ) -> Result<Tally, E> {
        let (base, filter) = match selection {
            Selection::All => (&self.base, self.filter.as_str().to_owned()),
            Selection::Filter(filter) => (
                &self.base,
                filter::all(&[self.filter.as_str(), filter.as_str()]),
            ),
            Selection::Below(dn) => (dn, self.filter.as_str().to_owned()),
        };
        let search = self.search_for_users(format!("the users of {base}"), base.clone(), filter);
        self.read_users(&search, &mut on_page)
    }

    /// The settings that decide how users look when they are read.
    pub fn question(&self) -> Question {
        let mut question = Question::default();
        question.insert("base_dn", &self.base);
        question.insert("filter", self.filter.as_str());
        for (field, attributes) in self.mapping.fields() {
            let names: Vec<&str> = attributes.iter().collect();
            question.insert(&format!("attributes.{field}"), names.join(", "));
        }
        question
    }

    /// Reads those users of the scope that have these identities, in batches.
    pub fn read_guids<E: From<DirectoryError>>(
        &mut self,
        guids: &[ObjectGuid],
        mut on_page: impl FnMut(Vec<Read>) -> Result<(), E>,
    ) -> Result<(), E> {
        for batch in guids.chunks(BATCH) {
            let identities = filter::any_guid(self.mapping.guid_attribute(), batch);
            let search = self.search_for_users(
                format!("{} users of {} by identity", batch.len(), self.base),
                self.base.clone(),
                filter::all(&[self.filter.as_str(), &identities]),
            );
            self.read_users(&search, &mut on_page)?;
        }
        Ok(())
    }

    /// Makes sure that a user who is there is found by identity. An attribute without an equality
    /// matching rule is found by nobody, with success, and would make everybody seem gone. Where the
    /// account sees no user at all this cannot be told, and the guard has the word.
    pub fn verify_search_by_identity(&mut self) -> Result<(), DirectoryError> {
        let attribute = self.mapping.guid_attribute().to_owned();
        let by_identity = |directory: &Self, base: &str, filter| Search {
            what: format!("users of {base} by identity"),
            base: base.to_owned(),
            scope: Scope::Subtree,
            filter,
            attributes: vec![attribute.clone()],
            show_deleted: directory.root.shows_deleted,
            first_page_only: true,
        };
        let present = filter::all(&[self.filter.as_str(), &format!("({attribute}=*)")]);
        let search = by_identity(self, &self.base, present);
        let mapping = &self.mapping;
        let mut witness = None;
        self.connection.search(&search, |entries| {
            witness = entries.iter().find_map(|entry| mapping.guid(entry).ok());
            Ok::<_, DirectoryError>(())
        })?;
        let Some(witness) = witness else {
            return Ok(());
        };
        let filter = filter::any_guid(&attribute, &[witness]);
        let search = by_identity(self, &self.domain, filter);
        let tally = self
            .connection
            .search(&search, |_| Ok::<_, DirectoryError>(()))?;
        if tally.entries > 0 {
            return Ok(());
        }
        Err(DirectoryError {
            server: self.connection.server().to_string(),
            step: Step::Read(search.what),
            cause: Cause::IdentityNotSearchable(attribute),
        })
    }

    /// The DNs of groups with that name or DN.
    pub fn groups(&mut self, name: &str) -> Result<Vec<group::Group>, DirectoryError> {
        group::find(&mut self.connection, &self.domain, name)
    }

    /// The names of all groups, for "did you mean".
    pub fn group_names(&mut self) -> Result<Vec<String>, DirectoryError> {
        group::names(&mut self.connection, &self.domain)
    }

    /// Reads the users of the scope that are members of a group, nested ones included.
    pub fn read_group<E: From<DirectoryError>>(
        &mut self,
        group: &group::Group,
        mut on_page: impl FnMut(Vec<Read>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.root.is_active_directory {
            let chain = group::in_chain(&mut self.connection, &self.domain, group)?;
            let search = self.search_for_users(
                format!("the members of {}", group.dn),
                self.base.clone(),
                filter::all(&[self.filter.as_str(), &chain]),
            );
            self.read_users(&search, &mut on_page)?;
            return Ok(());
        }
        let members: HashSet<String> =
            group::member_dns(&mut self.connection, &self.domain, group)?;
        let is_member = |read: &Read| {
            let dn = match read {
                Ok(user) => user.dn(),
                Err(entry) => &entry.dn,
            };
            members.contains(&dn.to_lowercase())
        };
        self.read(&Selection::All, |users| {
            on_page(users.into_iter().filter(is_member).collect())
        })?;
        Ok(())
    }

    /// Reads what a search returns as users, page by page.
    fn read_users<E: From<DirectoryError>>(
        &mut self,
        search: &Search,
        mut on_page: impl FnMut(Vec<Read>) -> Result<(), E>,
    ) -> Result<Tally, E> {
        let mapping = &self.mapping;
        self.connection.search_users(search, |entries| {
            let users = entries.iter().map(|entry| mapping.user(entry));
            on_page(users.collect())
        })
    }

    fn search_for_users(&self, what: String, base: String, filter: String) -> Search {
        Search {
            what,
            base,
            scope: Scope::Subtree,
            filter,
            attributes: self.mapping.requested(),
            show_deleted: false,
            first_page_only: false,
        }
    }
}

/// A DN in a form in which two that name the same entry are the same text.
pub fn normalised_dn(dn: &str) -> String {
    dn::normalised(dn)
}

/// Whether a DN is `base` or lies below it.
pub fn is_within_dn(dn: &str, base: &str) -> bool {
    dn::is_within(dn, base)
}

/// Whether two DNs name the same entry.
pub fn same_dn(one: &str, other: &str) -> bool {
    one == other || normalised_dn(one) == normalised_dn(other)
}

impl From<DirectoryError> for Failure {
    fn from(error: DirectoryError) -> Self {
        Self {
            kind: error.kind(),
            message: error.to_string(),
            hint: error.hint(),
        }
    }
}
