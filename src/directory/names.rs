//! Users by name: those somebody typed, and those that start with a prefix.

use std::collections::HashSet;

use ldap::filter;

use super::attribute::Attribute;
use super::error::DirectoryError;
use super::{BATCH, Directory, Read, values};
use crate::user::Folded;

/// How many users the names of a batch may match. More than one for a name is an error in any case.
const MOST_NAMED: usize = 10_000;
/// How many users an interactive search may find.
const MOST_FOUND: usize = 100_000;
/// How many names are looked for outside the scope.
const MOST_PLACES: usize = 20;
/// How many names are kept for "did you mean", and their most bytes.
const MOST_KNOWN: usize = 200_000;
const LONGEST_KNOWN: usize = 256;

/// Adds names for "did you mean", as far as they are useful.
pub(super) fn add_known<'a>(known: &mut Vec<String>, names: impl Iterator<Item = &'a str>) {
    let left = MOST_KNOWN - known.len();
    let names = names.filter(|it| it.len() <= LONGEST_KNOWN);
    known.extend(names.take(left).map(str::to_owned));
}

/// A user found by an interactive search.
#[derive(Debug)]
pub struct FoundUser {
    /// The user, or why the entry cannot be used.
    pub user: Read,
    /// `displayName`, where there is one.
    pub display_name: Option<String>,
}

impl Directory {
    /// Reads the users of the scope that one of these names may mean: as the mapped username,
    /// `sAMAccountName`, `userPrincipalName` or `mail`. Each comes with the one that matched.
    pub fn read_names(
        &mut self,
        names: &[String],
    ) -> Result<Vec<(HashSet<Folded>, Read)>, DirectoryError> {
        let attributes = self.name_attributes();
        let mut users = Vec::new();
        for batch in names.chunks(BATCH / attributes.len()) {
            let terms = batch.iter().flat_map(|name| {
                attributes
                    .iter()
                    .map(|attribute| filter::equals(attribute.asked(), name))
            });
            let mut search = self.search_for_users(
                format!("{} users of {} by name", batch.len(), self.base),
                self.base.clone(),
                filter::all(&[self.filter.as_str(), &filter::any(terms)]),
            );
            let asked = attributes.iter().map(|it| it.asked().to_owned());
            search.attributes.extend(asked);
            let mapping = &self.mapping;
            let asked: HashSet<Folded> = batch.iter().map(|it| Folded::new(it)).collect();
            let mut are_too_many = false;
            for page in self.connection.search(&search)? {
                for entry in page? {
                    let called: HashSet<Folded> = attributes
                        .iter()
                        .flat_map(|attribute| entry.values_under(attribute.names()))
                        .map(|name| Folded::new(&String::from_utf8_lossy(name)))
                        .filter(|name| asked.contains(name))
                        .collect();
                    // Somebody with another name was not asked for.
                    if called.is_empty() {
                        continue;
                    }
                    are_too_many |= users.len() == MOST_NAMED;
                    if !are_too_many {
                        users.push((called, mapping.user(&entry)));
                    }
                }
            }
            if are_too_many {
                return Err(DirectoryError::too_many(
                    &self.connection,
                    search.what,
                    "users of that name",
                    MOST_NAMED,
                ));
            }
        }
        if !users.is_empty() && users.iter().all(|(_, user)| user.is_err()) {
            self.explain_useless()?;
        }
        Ok(users)
    }

    /// The DNs of what has one of these names anywhere in the domain, in the scope or not; a few of them.
    pub fn places(&mut self, names: &[String]) -> Result<Vec<(String, String)>, DirectoryError> {
        let attributes = self.name_attributes();
        let mut places = Vec::new();
        for name in names.iter().take(MOST_PLACES) {
            let terms = attributes.iter();
            let terms = terms.map(|attribute| filter::equals(attribute.asked(), name));
            let mut search = self.search_for_users(
                format!("who is called {name}"),
                self.domain.clone(),
                filter::any(terms),
            );
            search.attributes = vec![self.mapping.guid_attribute().to_owned()];
            let (entries, _) = self.connection.search(&search)?.all()?;
            let first = entries.first().map(|it| it.dn().into_owned());
            places.extend(first.map(|dn| (name.clone(), dn)));
        }
        Ok(places)
    }

    fn name_attributes(&self) -> Vec<Attribute> {
        let mut attributes = self.mapping.username().to_vec();
        for standard in ["sAMAccountName", "userPrincipalName", "mail"] {
            if !attributes.iter().any(|it| it.is_called(standard)) {
                let is_active_directory = self.is_active_directory();
                attributes.push(Attribute::unresolved(standard, is_active_directory));
            }
        }
        attributes
    }

    /// All usernames of the scope, for "did you mean".
    pub fn usernames(&mut self) -> Result<Vec<String>, DirectoryError> {
        let attributes = self.mapping.username();
        let mut search = self.search_for_users(
            format!("the usernames of {}", self.base),
            self.base.clone(),
            self.filter.as_str().to_owned(),
        );
        search.attributes = attributes.iter().map(|it| it.asked().to_owned()).collect();
        let mut names = Vec::new();
        for page in self.connection.search(&search)? {
            let entries = page?;
            let username = |entry| Some(values::of(entry, attributes).ok()??.first);
            let them = entries.iter().filter_map(username);
            add_known(&mut names, them);
        }
        Ok(names)
    }

    /// The users of the scope whose username, first, last or display name, or email starts with a
    /// prefix.
    pub fn search(&mut self, prefix: &str) -> Result<Vec<FoundUser>, DirectoryError> {
        const DISPLAY_NAME: &str = "displayName";
        let terms = self
            .mapping
            .searchable()
            .map(|attribute| {
                let prefix = format!("{}{prefix}", values::prefix(attribute));
                filter::starts_with(attribute.asked(), &prefix)
            })
            .chain([filter::starts_with(DISPLAY_NAME, prefix)]);
        let mut search = self.search_for_users(
            format!("the users of {}", self.base),
            self.base.clone(),
            filter::all(&[self.filter.as_str(), &filter::any(terms)]),
        );
        search.attributes.push(DISPLAY_NAME.to_owned());
        let mapping = &self.mapping;
        let mut found = Vec::new();
        let mut are_too_many = false;
        for page in self.connection.search(&search)? {
            let entries = page?;
            are_too_many |= found.len() + entries.len() > MOST_FOUND;
            if !are_too_many {
                found.extend(entries.into_iter().map(|entry| FoundUser {
                    display_name: entry.first_text(DISPLAY_NAME),
                    user: mapping.user(&entry),
                }));
            }
        }
        if are_too_many {
            return Err(DirectoryError::too_many(
                &self.connection,
                search.what,
                "users that begin so",
                MOST_FOUND,
            ));
        }
        if !found.is_empty() && found.iter().all(|it| it.user.is_err()) {
            self.explain_useless()?;
        }
        Ok(found)
    }
}
