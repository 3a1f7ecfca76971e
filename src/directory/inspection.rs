//! What `adsync check` asks: is the base there, who is in scope, what may the account see.

use super::connection::{Scope, Search, Tally};
use super::entry::Entry;
use super::error::DirectoryError;
use super::{Directory, First};

/// `WKGUID` of the container of deleted objects (MS-ADTS 6.1.1.4.3)
const DELETED_OBJECTS: &str = "18e2ea80684f11d2b9aa00c04f79f805";

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
                Err(First::Found(()))
            }
        };
        match self.connection.search(&search, first_is_enough) {
            Ok(_) => Ok(Some(false)),
            Err(First::Found(())) => Ok(Some(true)),
            // Without the right to list it the container may not be there at all.
            Err(First::Failed(error)) if error.result_code().is_some() => Ok(Some(false)),
            Err(First::Failed(error)) => Err(error),
        }
    }
}
