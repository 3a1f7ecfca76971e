//! What the rest of the program can ask a directory.
//!
//! Everything below speaks LDAP; everything above speaks of users. Reading is complete or an error,
//! and nothing is ever written.

mod attribute;
mod changes;
mod error;
mod exclude;
pub(crate) mod group;
mod identity;
mod inspection;
mod leftover;
pub(crate) mod mapping;
mod names;
mod options;
mod proof;
mod root_dse;
pub(crate) mod schema;
mod servers;
mod srv;
mod values;

use std::collections::HashSet;

use ldap::{Connection, Filter, Scope, Search, ServerUrl, Tally, dn, filter};

use crate::plan::change_mark::{Position, ReadSettings};
use crate::plan::compare::{BadEntry, MissingValue};
use crate::user::{DirectoryUser, ObjectGuid};

use exclude::Exclude;
use identity::{MOST_NAMES, Names};
use mapping::Mapping;
use root_dse::RootDse;

pub use error::DirectoryError;
pub use inspection::{Identities, Unfilled, ldapsearch_of_root, open_ports};
pub use mapping::{Unusable, WhyUnusable};
pub use names::FoundUser;
pub use options::{Attributes, Options, PEOPLE, ServerSource};
pub use servers::Servers;

/// How many identities or names are asked for in one search. A filter of this many terms is far
/// from any server's limit, and an answer fits one page.
const BATCH: usize = 200;

/// How many users are looked up to see whether any can be found by identity.
const WITNESSES: usize = 20;

/// A user of the directory, or why the entry cannot be used as one.
pub type Read = Result<DirectoryUser, BadEntry>;

/// A directory, connected and authenticated.
#[derive(Debug)]
pub struct Directory {
    connection: Connection,
    root: RootDse,
    mapping: Mapping,
    base: String,
    /// The naming context around the base: where missing users are looked for.
    domain: String,
    filter: Filter,
    /// What the settings leave out of it.
    exclude: Exclude,
    /// The attributes of the settings that cannot be used.
    unusable: Vec<Unusable>,
    /// Whether the server's schema was checked for them.
    has_schema: bool,
    /// The names behind identities that are hashes of names, once needed.
    names: Option<Names>,
    /// The first users read of the scope, to test whether they can be found by identity.
    sentinels: Vec<ObjectGuid>,
    /// The domain controller's position, once asked for.
    position: Option<Position>,
    /// Containers known to be readable.
    containers: HashSet<String>,
}

/// Which part of the scope to read.
#[derive(Clone, Debug)]
pub enum Selection {
    /// All of it.
    All,
    /// Entries that also match this filter.
    Filter(Filter),
    /// Entries at or below this DN.
    Below(String),
}

impl Directory {
    /// The server in use.
    pub fn server(&self) -> &ServerUrl {
        self.connection.server()
    }

    /// The authenticated account: its bind name, or its principal.
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

    /// What an attribute without a value means.
    pub fn missing_value(&self) -> MissingValue {
        if self.server().is_global_catalog() {
            MissingValue::Keeps
        } else {
            MissingValue::Clears
        }
    }

    /// Reads the users of the scope, page by page. The pages count only if this
    /// returns `Ok`.
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
        let mut sentinels = Vec::new();
        let tally = self.read_users(&search, |users| {
            let guids = users.iter().flatten().map(|user| user.guid);
            sentinels.extend(guids.take(WITNESSES - sentinels.len()));
            on_page(users)
        })?;
        self.sentinels = sentinels;
        Ok(tally)
    }

    /// The settings that decide what is read of a user.
    pub fn read_settings(&self) -> ReadSettings {
        let mut settings = ReadSettings::default();
        settings.insert("base_dn", &self.base);
        settings.insert("filter", self.filter.as_str());
        for (field, attributes) in self.mapping.settings() {
            let names: Vec<&str> = attributes.iter().collect();
            settings.insert(&format!("attributes.{field}"), names.join(", "));
        }
        settings
    }

    /// Reads those users of the scope that have these identities, in batches.
    pub fn read_guids<E: From<DirectoryError>>(
        &mut self,
        guids: &[ObjectGuid],
        mut on_page: impl FnMut(Vec<Read>) -> Result<(), E>,
    ) -> Result<(), E> {
        for batch in guids.chunks(BATCH) {
            let identities = self.any_of(batch)?;
            let search = self.search_for_users(
                format!("{} users of {} by identity", batch.len(), self.base),
                self.base.clone(),
                filter::all(&[self.filter.as_str(), &identities]),
            );
            let asked: HashSet<&ObjectGuid> = batch.iter().collect();
            let was_asked = |read: &Read| {
                let guid = read
                    .as_ref()
                    .map_or_else(|bad| bad.guid, |it| Some(it.guid));
                guid.is_none_or(|guid| asked.contains(&guid))
            };
            let mut strangers = 0;
            self.read_users(&search, |mut users| {
                let all = users.len();
                users.retain(was_asked);
                strangers += all - users.len();
                on_page(users)
            })?;
            self.tell_of_strangers(strangers);
        }
        Ok(())
    }

    /// Warns that a server sends what was not asked for: that is no answer, and nobody is changed by it.
    fn tell_of_strangers(&self, entries: usize) {
        if entries > 0 {
            let server = self.server();
            log::warn!(
                "{server} sent {entries} entries that were not asked for; they are passed over"
            );
        }
    }

    /// Makes sure that an existing user is found by identity. An attribute without an equality
    /// matching rule, or one that the account may read but not search, finds nobody, with success, and would make
    /// everybody seem gone. If the account sees no user at all this cannot be tested, and the guard decides.
    pub fn verify_search_by_identity(&mut self) -> Result<(), DirectoryError> {
        match self.identity_is_searchable()? {
            Some(false) => Err(self.not_searchable()),
            Some(true) | None => Ok(()),
        }
    }

    /// The error for an identity that finds nobody.
    pub fn not_searchable(&self) -> DirectoryError {
        DirectoryError::IdentityNotSearchable {
            server: self.server().clone(),
            domain: self.domain.clone(),
            attribute: self.mapping.guid_attribute().to_owned(),
        }
    }

    /// Whether users who were just read are found by identity. Any of the first few will do, since one may be
    /// hidden. `None` if nobody can be read.
    pub fn identity_is_searchable(&mut self) -> Result<Option<bool>, DirectoryError> {
        if self.sentinels.is_empty() {
            self.sentinels = self.first_identities()?;
        }
        let sentinels = self.sentinels.clone();
        if sentinels.is_empty() {
            return Ok(None);
        }
        let filter = self.any_of(&sentinels)?;
        let search = self.search_identities(
            format!("users of {} by identity", self.domain),
            filter,
            self.root.shows_deleted,
        );
        let mapping = &self.mapping;
        let mut is_found = false;
        for page in self.connection.search(&search)? {
            let entries = page?;
            let mut guids = entries.iter().filter_map(|it| mapping.guid(it).ok());
            is_found |= guids.any(|guid| sentinels.contains(&guid));
        }
        Ok(Some(is_found))
    }

    /// The identities of the first users of the scope. Not by `(objectGUID=*)`: an account that may not search the
    /// identity finds nobody by that either.
    fn first_identities(&mut self) -> Result<Vec<ObjectGuid>, DirectoryError> {
        let search = Search {
            what: format!("users of {}", self.base),
            base: self.base.clone(),
            scope: Scope::Subtree,
            filter: self.filter.as_str().to_owned(),
            attributes: vec![self.mapping.guid_attribute().to_owned()],
            show_deleted: false,
            first_page_only: true,
        };
        let mapping = &self.mapping;
        let mut first = Vec::new();
        for page in self.connection.search(&search)? {
            let entries = page?;
            first.extend(entries.iter().filter_map(|it| mapping.guid(it).ok()));
            first.truncate(WITNESSES);
        }
        Ok(first)
    }

    /// A filter for the entries with one of these identities.
    fn any_of(&mut self, guids: &[ObjectGuid]) -> Result<String, DirectoryError> {
        if self.names.is_none() && self.mapping.identity().needs_names(guids) {
            self.names = Some(self.read_names_of_domain()?);
        }
        let identity = self.mapping.identity();
        Ok(match &self.names {
            Some(names) => identity.any_of(guids, names),
            None => identity.any_of(guids, &Names::default()),
        })
    }

    /// The names that serve as identities in the domain. Not by a filter on them: whether the account may search
    /// them is a separate right.
    fn read_names_of_domain(&mut self) -> Result<Names, DirectoryError> {
        let search = self.search_identities(
            format!("every {} of {}", self.mapping.guid_attribute(), self.domain),
            "(objectClass=*)".to_owned(),
            self.root.shows_deleted,
        );
        let identity = self.mapping.identity();
        let mut names = Names::default();
        for page in self.connection.search_lenient(&search)? {
            let entries = page?;
            for entry in &entries {
                names.see(identity, entry);
            }
        }
        if names.are_too_many() {
            return Err(DirectoryError::too_many(
                &self.connection,
                search.what,
                "bytes of names that serve as identities",
                MOST_NAMES,
            ));
        }
        Ok(names)
    }

    /// The attributes of the settings that cannot be used on this server.
    pub fn unusable(&self) -> &[Unusable] {
        &self.unusable
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
        let members = group::members::of(&mut self.connection, &self.domain, group)?;
        let is_member = |read: &Read| {
            let dn = match read {
                Ok(user) => user.dn(),
                Err(entry) => &entry.dn,
            };
            members.contains(&dn::key(dn))
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
        let mut is_useless = true;
        let mut pages = self
            .connection
            .search_lenient(search)
            .map_err(DirectoryError::from)?;
        for page in &mut pages {
            let entries = page.map_err(DirectoryError::from)?;
            let users: Vec<Read> = entries.iter().map(|entry| mapping.user(entry)).collect();
            is_useless &= users.iter().all(Result::is_err);
            on_page(users)?;
        }
        let tally = pages.tally();
        if is_useless && tally.entries > 0 {
            self.explain_useless()?;
        }
        Ok(tally)
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
