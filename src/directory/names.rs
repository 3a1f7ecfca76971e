//! Users by name: those that somebody typed, and those that begin with something.

use super::error::DirectoryError;
use super::{BATCH, Directory, Read, filter};
use crate::user::Folded;

/// A user that a search at the terminal found.
#[derive(Debug)]
pub struct FoundUser {
    /// The user, or why the entry cannot be used.
    pub user: Read,
    /// `displayName`, where there is one.
    pub display_name: Option<String>,
}

impl Directory {
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
                    users.push((called, mapping.user(&entry)));
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
                user: mapping.user(&entry),
            }));
            Ok::<_, DirectoryError>(())
        })?;
        Ok(found)
    }
}
