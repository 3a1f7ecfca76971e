//! Matching directory users with rows by identity.
//!
//! A directory returns its users in much the same order in every run, and the first import inserted them in that order.
//! So the next user is usually in the next row, and reading rows in order costs a fraction of index lookups.

use std::collections::VecDeque;

use super::Reader;
use crate::store::StoreError;
use crate::store::{Matching, Ours};
use crate::user::{ObjectGuid, StoredUser, UserId};

/// How many rows are read at once, at first and at most. Doubles as long as rows are requested in order.
const FIRST_READ: u32 = 16;
const LARGEST_READ: u32 = 512;

/// How far ahead a row may be for sequential reading to resume from it.
const NEAR: i64 = 8;

/// Looks up imported users one after another.
#[derive(Debug)]
pub struct RowMatcher<'a> {
    store: &'a Reader,
    ours: Ours,
    /// Rows read ahead.
    ahead: VecDeque<StoredUser>,
    /// The row returned last; none before the first.
    last: Option<UserId>,
    /// How many rows to read ahead next; 0 if that does not pay.
    next_read: u32,
    /// Whether the store has no imported users.
    is_empty: bool,
    /// The announced identities.
    expected: std::vec::IntoIter<ObjectGuid>,
}

impl<'a> RowMatcher<'a> {
    /// Starts before the first row.
    pub fn new(store: &'a Reader, ours: Ours) -> Self {
        Self {
            store,
            ours,
            ahead: VecDeque::new(),
            last: None,
            next_read: FIRST_READ,
            is_empty: false,
            expected: Vec::new().into_iter(),
        }
    }

    /// The imported user of the domain with that identity.
    fn find(&mut self, guid: ObjectGuid) -> Result<Option<StoredUser>, StoreError> {
        if self.ahead.is_empty() && self.next_read > 0 {
            self.ahead = self.store.imported_after(self.last, self.next_read)?.into();
            self.is_empty |= self.ahead.is_empty() && self.last.is_none();
            self.next_read = if self.ahead.is_empty() {
                0
            } else {
                (self.next_read * 2).min(LARGEST_READ)
            };
        }
        if self.is_empty {
            return Ok(None);
        }
        let is_it = |user: &StoredUser| user.origin.guid() == Some(guid) && self.ours.has(user);
        let is_next = self.ahead.front().is_some_and(is_it);
        let user = if is_next {
            self.ahead.pop_front()
        } else {
            self.store.by_guid(&self.ours, guid)?
        };
        if let Some(user) = &user {
            if !is_next {
                self.turn_to(user.id);
            }
            self.last = Some(user.id);
        }
        Ok(user)
    }

    /// Resumes after a row that was not the next one.
    fn turn_to(&mut self, row: UserId) {
        let is_behind = |user: &StoredUser| user.id > row;
        let skipped = self.ahead.iter().take_while(|it| !is_behind(it)).count();
        // The difference may overflow.
        let distance = self
            .last
            .map_or(Some(row.0), |last| row.0.checked_sub(last.0));
        let is_near = distance.is_some_and(|it| (1..=NEAR).contains(&it));
        if skipped < self.ahead.len() && self.last.is_none_or(|last| row > last) {
            self.ahead.drain(..skipped);
        } else {
            self.ahead.clear();
            self.next_read = if is_near { FIRST_READ } else { 0 };
        }
    }
}

impl Matching for RowMatcher<'_> {
    fn expect(&mut self, guids: Vec<ObjectGuid>) -> Result<(), StoreError> {
        self.expected = guids.into_iter();
        Ok(())
    }

    fn next(&mut self) -> Result<Option<StoredUser>, StoreError> {
        let guid = self.expected.next();
        guid.map_or(Ok(None), |guid| self.find(guid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::{Domain, DomainId, Origin};

    const USERS: u8 = 200;

    fn guid(number: u8) -> ObjectGuid {
        ObjectGuid::from_bytes([number; 16])
    }

    fn ours(store: &Reader) -> Ours {
        store.read_domains().expect("readable").ours(&Domain {
            id: Some(DomainId(1)),
            guid: None,
            dn: "DC=x".to_owned(),
        })
    }

    fn store() -> Reader {
        let everybody: Vec<u8> = (1..=USERS).collect();
        store_of(&everybody, i64::from)
    }

    /// Each user in the row that `row` says.
    fn store_of(users: &[u8], row: impl Fn(u8) -> i64) -> Reader {
        let store =
            Reader::open(std::path::Path::new("/nonexistent/users.db")).expect("an empty one");
        for number in users {
            store
                .db
                .execute(
                    "INSERT INTO users (id, username, username_folded, source, guid, dn, domain)
                     VALUES (?1, ?2, ?2, 'directory', ?3, '', 1)",
                    (row(*number), number.to_string(), [*number; 16]),
                )
                .expect("a user");
        }
        store
    }

    fn found(walk: &mut RowMatcher<'_>, number: u8) -> Option<ObjectGuid> {
        let user = walk.find(guid(number)).expect("it can be read");
        user.map(|user| match user.origin {
            Origin::Directory { guid, .. } => guid,
            Origin::Local => panic!("nobody is local"),
        })
    }

    #[test]
    fn everybody_is_found_in_any_order() {
        let store = store();
        let in_order: Vec<u8> = (1..=USERS).collect();
        let backwards: Vec<u8> = in_order.iter().rev().copied().collect();
        let scattered: Vec<u8> = in_order
            .iter()
            .map(|it| it.wrapping_mul(77) % USERS + 1)
            .collect();
        let with_gaps: Vec<u8> = in_order.iter().filter(|it| *it % 5 != 0).copied().collect();
        let twice: Vec<u8> = in_order.iter().flat_map(|it| [*it, *it]).collect();
        for order in [in_order, backwards, scattered, with_gaps, twice] {
            let mut walk = RowMatcher::new(&store, ours(&store));
            for number in order {
                assert_eq!(found(&mut walk, number), Some(guid(number)));
            }
        }
    }

    #[test]
    fn row_numbers_may_be_any() {
        let rows = [
            i64::MIN,
            i64::MIN + 1,
            -1,
            0,
            1,
            2,
            1 << 40,
            i64::MAX - 1,
            i64::MAX,
        ];
        let users: Vec<u8> = (0..9).collect();
        let store = store_of(&users, |number| rows[usize::from(number)]);
        let backwards: Vec<u8> = users.iter().rev().copied().collect();
        for order in [users, backwards, vec![0, 8, 0, 4, 8, 8, 1]] {
            let mut walk = RowMatcher::new(&store, ours(&store));
            for number in order {
                assert_eq!(found(&mut walk, number), Some(guid(number)));
            }
            assert_eq!(found(&mut walk, 99), None);
        }
    }

    #[test]
    fn strangers_are_not_found_and_lose_nobody() {
        let store = store();
        let mut walk = RowMatcher::new(&store, ours(&store));
        for number in 1..=USERS {
            assert_eq!(found(&mut walk, USERS + 1), None);
            assert_eq!(found(&mut walk, number), Some(guid(number)));
        }
    }
}
