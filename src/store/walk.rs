//! Finding the users of the store by identity while a directory is read.
//!
//! A directory returns its users in much the same order in every run, and the first import made their
//! rows in that order. So the next user asked for is mostly the one in the next row, and reading rows in
//! order costs a fraction of looking each up in the index of identities.

use std::collections::VecDeque;

use super::Reader;
use super::error::StoreError;
use super::reader::Ours;
use crate::user::{Domain, ObjectGuid, StoredUser, UserId};

/// How many rows are read at once, at first and at most. It doubles as long as the rows are asked for in
/// their order.
const FIRST_READ: u32 = 16;
const LARGEST_READ: u32 = 512;

/// A row at most so far behind the last one is worth reading on from.
const NEAR: i64 = 8;

/// The imported users of a store, asked for one after the other.
#[derive(Debug)]
pub struct Walk<'a> {
    store: &'a Reader,
    ours: Ours,
    /// The rows that follow the last one.
    ahead: VecDeque<StoredUser>,
    last: UserId,
    /// None where nothing is to be gained.
    next_read: u32,
    /// Whether nobody is in it.
    is_empty: bool,
}

impl<'a> Walk<'a> {
    /// Begins before the first row.
    pub fn new(store: &'a Reader, domain: &Domain) -> Result<Self, StoreError> {
        Ok(Self {
            store,
            ours: store.ours(domain)?,
            ahead: VecDeque::new(),
            last: UserId(0),
            next_read: FIRST_READ,
            is_empty: false,
        })
    }

    /// The imported user of the domain with that identity.
    pub fn find(&mut self, guid: ObjectGuid) -> Result<Option<StoredUser>, StoreError> {
        if self.ahead.is_empty() && self.next_read > 0 {
            self.ahead = self.store.imported_after(self.last, self.next_read)?.into();
            self.is_empty |= self.ahead.is_empty() && self.last == UserId(0);
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
            self.last = user.id;
        }
        Ok(user)
    }

    /// Goes on behind a row that was not the next one.
    fn turn_to(&mut self, row: UserId) {
        let is_behind = |user: &StoredUser| user.id > row;
        let skipped = self.ahead.iter().take_while(|it| !is_behind(it)).count();
        let is_near = (1..=NEAR).contains(&(row.0 - self.last.0));
        if skipped < self.ahead.len() && row > self.last {
            self.ahead.drain(..skipped);
        } else {
            self.ahead.clear();
            self.next_read = if is_near { FIRST_READ } else { 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::{DomainId, Origin};

    const USERS: u8 = 200;

    fn guid(number: u8) -> ObjectGuid {
        ObjectGuid::from_bytes([number; 16])
    }

    fn domain() -> Domain {
        Domain {
            id: Some(DomainId(1)),
            guid: None,
            dn: "DC=x".to_owned(),
        }
    }

    fn store() -> Reader {
        let store =
            Reader::open(std::path::Path::new("/nonexistent/users.db")).expect("an empty one");
        for number in 1..=USERS {
            store
                .db
                .execute(
                    "INSERT INTO users (username, username_folded, source, guid, dn, domain)
                     VALUES (?1, ?1, 'directory', ?2, '', 1)",
                    (number.to_string(), [number; 16]),
                )
                .expect("a user");
        }
        store
    }

    fn found(walk: &mut Walk<'_>, number: u8) -> Option<ObjectGuid> {
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
            let mut walk = Walk::new(&store, &domain()).expect("it can be read");
            for number in order {
                assert_eq!(found(&mut walk, number), Some(guid(number)));
            }
        }
    }

    #[test]
    fn strangers_are_not_found_and_lose_nobody() {
        let store = store();
        let mut walk = Walk::new(&store, &domain()).expect("it can be read");
        for number in 1..=USERS {
            assert_eq!(found(&mut walk, USERS + 1), None);
            assert_eq!(found(&mut walk, number), Some(guid(number)));
        }
    }
}
