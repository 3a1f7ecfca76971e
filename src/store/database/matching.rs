//! Matching directory users with rows by identity, a page at a time.

use std::collections::HashMap;

use super::view::Reader;
use crate::store::{Matching, Ours, StoreError};
use crate::user::{ObjectGuid, StoredUser};

/// Looks up imported users, all of a page in one query.
#[derive(Debug)]
pub struct PageMatcher<'a> {
    store: &'a Reader,
    ours: Ours,
    expected: std::vec::IntoIter<ObjectGuid>,
    found: HashMap<ObjectGuid, StoredUser>,
}

impl<'a> PageMatcher<'a> {
    pub fn new(store: &'a Reader, ours: Ours) -> Self {
        Self {
            store,
            ours,
            expected: Vec::new().into_iter(),
            found: HashMap::new(),
        }
    }
}

impl Matching for PageMatcher<'_> {
    fn expect(&mut self, guids: Vec<ObjectGuid>) -> Result<(), StoreError> {
        self.found.clear();
        if !guids.is_empty() {
            let users = self.store.by_identity(&guids)?.into_iter();
            let ours = users.filter(|it| self.ours.has(it));
            self.found = ours
                .filter_map(|it| Some((it.origin.guid()?, it)))
                .collect();
        }
        self.expected = guids.into_iter();
        Ok(())
    }

    fn next(&mut self) -> Result<Option<StoredUser>, StoreError> {
        let guid = self.expected.next();
        Ok(guid.and_then(|it| self.found.get(&it).cloned()))
    }
}
