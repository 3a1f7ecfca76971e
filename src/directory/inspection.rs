//! What `adsync check` asks: is the base there, who is in scope, what may the account see.

use super::Directory;
use super::connection::{Scope, Search, Tally};
use super::error::DirectoryError;

impl Directory {
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
            first_page_only: false,
        };
        let tally = self
            .connection
            .search(&search, |_| Ok::<_, DirectoryError>(()))?;
        Ok(tally.entries == 1)
    }

    /// Whether the account sees any deleted object; none, if the directory has no such thing.
    pub fn sees_deleted(&mut self) -> Result<Option<bool>, DirectoryError> {
        if !self.root.shows_deleted {
            return Ok(None);
        }
        Ok(Some(self.a_deleted_object()?.is_some()))
    }
}
