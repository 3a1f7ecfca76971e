//! What the rest of the program may ask of a directory.
//!
//! Everything below speaks LDAP; everything above speaks of users. Reading is complete or an error,
//! and nothing is ever written.

mod connection;
mod dn;
mod entry;
mod error;
mod filter;
mod group;
mod mapping;
mod root_dse;
mod srv;
mod tls;

use std::collections::{HashMap, HashSet};

use secrecy::SecretString;

use crate::compare::{BadEntry, MissingValue, Whereabouts};
use crate::config::{Directory as Settings, Filter, ServerUrl};
use crate::failure::Failure;
use crate::user::{DirectoryUser, Folded, ObjectGuid};

use connection::{Connection, Scope, Search};
use entry::Entry;
use mapping::Mapping;
use root_dse::RootDse;
use tls::Tls;

pub use connection::{Opened, THREAD as CONNECTION_THREAD, Tally};
pub use error::{Cause, DirectoryError, NO_SUCH_OBJECT, Step};
pub use tls::Certificate;

/// How many identities or names are asked for in one search. A filter of this many terms is far
/// from any server's limit, and an answer fits one page.
const BATCH: usize = 200;

/// `WKGUID` of the container of deleted objects (MS-ADTS 6.1.1.4.3)
const DELETED_OBJECTS: &str = "18e2ea80684f11d2b9aa00c04f79f805";

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

/// Where users are that were looked up by identity.
#[derive(Debug, Default)]
pub struct Located {
    /// Those that were found.
    pub found: HashMap<ObjectGuid, Whereabouts>,
    /// Entries that carry none of the identities that were asked for.
    pub unidentified: u64,
}

/// A user that a search at the terminal found.
#[derive(Debug)]
pub struct FoundUser {
    /// The user, or why the entry cannot be used.
    pub user: Read,
    /// `displayName`, where there is one.
    pub display_name: Option<String>,
}

/// The servers of a directory, to be tried in order.
#[derive(Debug)]
pub struct Servers<'a> {
    settings: &'a Settings,
    password: &'a SecretString,
    tls: Tls,
    urls: Vec<ServerUrl>,
    /// Where the next round begins: behind the server that was used last.
    next: usize,
}

impl<'a> Servers<'a> {
    /// The servers that the settings name, or that the domain names in the DNS.
    pub fn new(settings: &'a Settings, password: &'a SecretString) -> Result<Self, Failure> {
        Ok(Self {
            settings,
            password,
            tls: Tls::new(settings)?,
            urls: srv::servers(settings)?,
            next: 0,
        })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.urls.len()
    }

    /// Connects to the first that can be used, beginning behind the one that was used last, and logs
    /// in. `on_trouble` hears of those that could not. A server that refuses the credentials ends the
    /// search: on the next one they would be as wrong, and the account one try nearer to being locked.
    pub fn connect(
        &mut self,
        mut on_trouble: impl FnMut(&DirectoryError),
    ) -> Result<Directory, DirectoryError> {
        let mut left = self.urls.len();
        loop {
            let url = &self.urls[self.next % self.urls.len()];
            self.next += 1;
            left = left.saturating_sub(1);
            match Directory::connect_to(url, self.settings, self.password, &self.tls, &mut |_| {}) {
                Ok(directory) => return Ok(directory),
                Err(error) if left > 0 && !error.is_login_refused() => on_trouble(&error),
                Err(error) => return Err(error),
            }
        }
    }
}

impl Directory {
    /// Connects to each server in turn and says how far it came, step by step.
    pub fn probe(
        settings: &Settings,
        password: &SecretString,
        mut on_server: impl FnMut(&ServerUrl, Result<Vec<Opened>, (Vec<Opened>, DirectoryError)>),
    ) -> Result<Option<Self>, Failure> {
        let tls = Tls::new(settings)?;
        let mut usable = None;
        for url in &srv::servers(settings)? {
            let mut steps = Vec::new();
            let result =
                Self::connect_to(url, settings, password, &tls, &mut |step| steps.push(step));
            match result {
                Ok(directory) => {
                    on_server(url, Ok(steps));
                    usable = usable.or(Some(directory));
                }
                Err(error) => {
                    let refused = error.is_login_refused();
                    on_server(url, Err((steps, error)));
                    if refused {
                        break;
                    }
                }
            }
        }
        Ok(usable)
    }

    fn connect_to(
        url: &ServerUrl,
        settings: &Settings,
        password: &SecretString,
        tls: &Tls,
        on_step: &mut dyn FnMut(Opened),
    ) -> Result<Self, DirectoryError> {
        let mut connection = Connection::open(url, settings, password, tls, on_step)?;
        let root = RootDse::read(&mut connection)?;
        let base = settings
            .base_dn
            .clone()
            .or_else(|| root.default_base().map(str::to_owned))
            .ok_or_else(|| DirectoryError {
                server: url.to_string(),
                step: Step::Read("the rootDSE".to_owned()),
                cause: Cause::Malformed(
                    "it names no naming context; set base_dn under [directory]".to_owned(),
                ),
            })?;
        // Without the whole domain nobody could be told to be absent from it.
        let domain = root.domain_of(&base).ok_or_else(|| DirectoryError {
            server: url.to_string(),
            step: Step::Read(base.clone()),
            cause: Cause::OutsideDomain(root.naming_contexts.clone()),
        })?;
        log::info!("reading {base} from {url}");
        Ok(Self {
            mapping: Mapping::new(settings.attributes.clone(), root.is_active_directory),
            filter: settings.filter.clone(),
            connection,
            root,
            base,
            domain,
        })
    }

    /// The server that is used.
    pub fn server(&self) -> &ServerUrl {
        self.connection.server()
    }

    /// The server's own DNS name, where it says it.
    pub fn host_name(&self) -> Option<&str> {
        self.root.dns_host_name.as_deref()
    }

    /// The base of the scope.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The naming context around the base.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether it is Active Directory.
    pub fn is_active_directory(&self) -> bool {
        self.root.is_active_directory
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
        let mapping = &self.mapping;
        self.connection.search(&search, |entries| {
            on_page(
                entries
                    .into_iter()
                    .map(|entry| mapping.user(entry))
                    .collect(),
            )
        })
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
            let mapping = &self.mapping;
            self.connection.search(&search, |entries| {
                on_page(
                    entries
                        .into_iter()
                        .map(|entry| mapping.user(entry))
                        .collect(),
                )
            })?;
        }
        Ok(())
    }

    /// Looks users up by identity in the whole domain, without the filter of the scope, among the
    /// living and, where the account may see them, the deleted. A user that is not in the result is
    /// nowhere.
    pub fn locate(&mut self, guids: &[ObjectGuid]) -> Result<Located, DirectoryError> {
        let mut located = Located::default();
        for batch in guids.chunks(BATCH) {
            let search = Search {
                what: format!(
                    "{} missing users of {} by identity",
                    batch.len(),
                    self.domain
                ),
                base: self.domain.clone(),
                scope: Scope::Subtree,
                filter: filter::any_guid(self.mapping.guid_attribute(), batch),
                attributes: vec![
                    self.mapping.guid_attribute().to_owned(),
                    "isDeleted".to_owned(),
                ],
                show_deleted: self.root.shows_deleted,
            };
            let asked: HashSet<ObjectGuid> = batch.iter().copied().collect();
            let mapping = &self.mapping;
            self.connection.search(&search, |entries| {
                for entry in entries {
                    match mapping.guid(&entry) {
                        Ok(guid) if asked.contains(&guid) => {
                            located.found.insert(guid, whereabouts(entry));
                        }
                        // It was found by one of these identities, but does not say by which: it may be any
                        // of them, and taking that one for "not found" would delete a user.
                        _ => located.unidentified += 1,
                    }
                }
                Ok::<_, DirectoryError>(())
            })?;
        }
        Ok(located)
    }

    /// Reads the users of the scope that one of these names may mean: as the mapped username,
    /// `sAMAccountName`, `userPrincipalName` or `mail`. With each comes what it is called by.
    pub fn read_names(
        &mut self,
        names: &[String],
    ) -> Result<Vec<(Vec<Folded>, Read)>, DirectoryError> {
        let attributes = self.name_attributes();
        let mut users = Vec::new();
        for batch in names.chunks(BATCH / attributes.len()) {
            let terms = batch.iter().flat_map(|name| {
                attributes
                    .iter()
                    .map(|attribute| filter::equals(attribute, name))
            });
            let mut search = self.search_for_users(
                format!("{} users of {} by name", batch.len(), self.base),
                self.base.clone(),
                filter::all(&[self.filter.as_str(), &filter::any(terms)]),
            );
            search.attributes.extend(attributes.iter().cloned());
            let mapping = &self.mapping;
            self.connection.search(&search, |entries| {
                for entry in entries {
                    let called = attributes
                        .iter()
                        .flat_map(|attribute| entry.texts(attribute))
                        .map(|name| Folded::new(&name))
                        .collect();
                    users.push((called, mapping.user(entry)));
                }
                Ok::<_, DirectoryError>(())
            })?;
        }
        Ok(users)
    }

    fn name_attributes(&self) -> Vec<String> {
        let mut attributes: Vec<String> =
            self.mapping.username().iter().map(str::to_owned).collect();
        for standard in ["sAMAccountName", "userPrincipalName", "mail"] {
            if !attributes
                .iter()
                .any(|it| it.eq_ignore_ascii_case(standard))
            {
                attributes.push(standard.to_owned());
            }
        }
        attributes
    }

    /// All usernames of the scope, for "did you mean".
    pub fn usernames(&mut self) -> Result<Vec<String>, DirectoryError> {
        let attributes: Vec<String> = self.mapping.username().iter().map(str::to_owned).collect();
        let mut search = self.search_for_users(
            format!("the usernames of {}", self.base),
            self.base.clone(),
            self.filter.as_str().to_owned(),
        );
        search.attributes.clone_from(&attributes);
        let mut names = Vec::new();
        self.connection.search(&search, |entries| {
            names.extend(entries.iter().filter_map(|entry| {
                attributes
                    .iter()
                    .find_map(|attribute| entry.first_text(attribute))
            }));
            Ok::<_, DirectoryError>(())
        })?;
        Ok(names)
    }

    /// The users of the scope whose username, first, last or display name, or email starts with a
    /// prefix.
    pub fn search(&mut self, prefix: &str) -> Result<Vec<FoundUser>, DirectoryError> {
        const DISPLAY_NAME: &str = "displayName";
        let terms = self
            .mapping
            .searchable()
            .chain([DISPLAY_NAME])
            .map(|attribute| filter::starts_with(attribute, prefix));
        let mut search = self.search_for_users(
            format!("the users of {}", self.base),
            self.base.clone(),
            filter::all(&[self.filter.as_str(), &filter::any(terms)]),
        );
        search.attributes.push(DISPLAY_NAME.to_owned());
        let mapping = &self.mapping;
        let mut found = Vec::new();
        self.connection.search(&search, |entries| {
            found.extend(entries.into_iter().map(|entry| FoundUser {
                display_name: entry.first_text(DISPLAY_NAME),
                user: mapping.user(entry),
            }));
            Ok::<_, DirectoryError>(())
        })?;
        Ok(found)
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
            let mapping = &self.mapping;
            self.connection.search(&search, |entries| {
                on_page(
                    entries
                        .into_iter()
                        .map(|entry| mapping.user(entry))
                        .collect(),
                )
            })?;
            return Ok(());
        }
        let members: HashSet<String> =
            group::member_dns(&mut self.connection, &self.domain, group)?;
        let is_member = |read: &Read| {
            let dn = match read {
                Ok(user) => &user.dn,
                Err(entry) => &entry.dn,
            };
            members.contains(&dn.to_lowercase())
        };
        self.read(&Selection::All, |users| {
            on_page(users.into_iter().filter(is_member).collect())
        })?;
        Ok(())
    }

    /// How many users the scope has.
    pub fn count(&mut self) -> Result<Tally, DirectoryError> {
        let mut search = self.search_for_users(
            format!("the users of {}", self.base),
            self.base.clone(),
            self.filter.as_str().to_owned(),
        );
        search.attributes = vec!["1.1".to_owned()];
        self.connection
            .search(&search, |_| Ok::<_, DirectoryError>(()))
    }

    /// Whether the base of the scope is there.
    pub fn base_exists(&mut self) -> Result<bool, DirectoryError> {
        let search = Search {
            what: format!("the base {}", self.base),
            base: self.base.clone(),
            scope: Scope::Base,
            filter: "(objectClass=*)".to_owned(),
            attributes: vec!["1.1".to_owned()],
            show_deleted: false,
        };
        let tally = self
            .connection
            .search(&search, |_| Ok::<_, DirectoryError>(()))?;
        Ok(tally.entries == 1)
    }

    /// Whether the account sees any deleted object; none, if the directory has no such thing. The
    /// container itself is no proof: Samba shows it to everybody.
    pub fn sees_deleted(&mut self) -> Result<Option<bool>, DirectoryError> {
        if !self.root.shows_deleted {
            return Ok(None);
        }
        let search = Search {
            what: "the deleted objects".to_owned(),
            base: format!("<WKGUID={DELETED_OBJECTS},{}>", self.domain),
            scope: Scope::OneLevel,
            filter: "(isDeleted=TRUE)".to_owned(),
            attributes: vec!["1.1".to_owned()],
            show_deleted: true,
        };
        let first_is_enough = |entries: Vec<Entry>| {
            if entries.is_empty() {
                Ok(())
            } else {
                Err(Look::Seen)
            }
        };
        match self.connection.search(&search, first_is_enough) {
            Ok(_) => Ok(Some(false)),
            Err(Look::Seen) => Ok(Some(true)),
            // Without the right to list it the container may not be there at all.
            Err(Look::Failed(error)) if error.result_code().is_some() => Ok(Some(false)),
            Err(Look::Failed(error)) => Err(error),
        }
    }

    fn search_for_users(&self, what: String, base: String, filter: String) -> Search {
        Search {
            what,
            base,
            scope: Scope::Subtree,
            filter,
            attributes: self.mapping.requested(),
            show_deleted: false,
        }
    }
}

/// How a look for any entry at all ends before the search does.
enum Look {
    Seen,
    Failed(DirectoryError),
}

impl From<DirectoryError> for Look {
    fn from(error: DirectoryError) -> Self {
        Self::Failed(error)
    }
}

fn whereabouts(entry: Entry) -> Whereabouts {
    let deleted = entry
        .first("isDeleted")
        .is_some_and(|value| value.eq_ignore_ascii_case(b"TRUE"));
    if deleted {
        Whereabouts::Tombstone
    } else {
        Whereabouts::Elsewhere { dn: entry.dn }
    }
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
