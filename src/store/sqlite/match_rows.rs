//! Matching directory users with rows by identity.
//!
//! A directory returns its users in much the same order in every run, and the first import inserted them in that order.
//! So the next user is usually in the next row, and reading rows in order costs a fraction of index lookups. Where the
//! two orders part, the rest of the page is looked up at once.

use std::collections::{HashMap, VecDeque};

use super::Reader;
use crate::store::{Keys, Matching, Ours, StoreError, View};
use crate::user::{ObjectGuid, StoredUser, UserId};

/// How many rows are read at once, at first and at most. Doubles as long as rows are requested in order.
const FIRST_READ: u32 = 16;
const LARGEST_READ: u32 = 512;

/// How many rows may be passed over for the one requested: users of the store that are not in the scope.
const NEAR: usize = 8;

/// Looks up imported users one after another.
#[derive(Debug)]
pub struct RowMatcher<'a> {
    store: &'a Reader,
    ours: Ours,
    /// The announced identities of the page.
    expected: std::vec::IntoIter<ObjectGuid>,
    /// The rest of the page, if it was looked up.
    found: Option<HashMap<ObjectGuid, StoredUser>>,
    /// Rows read ahead.
    ahead: VecDeque<StoredUser>,
    /// The row returned last; none before the first.
    last: Option<UserId>,
    /// How many rows to read ahead next.
    next_read: u32,
    /// Whether the store has no imported users.
    is_empty: bool,
}

impl<'a> RowMatcher<'a> {
    /// Starts before the first row.
    pub fn new(store: &'a Reader, ours: Ours) -> Self {
        Self {
            store,
            ours,
            expected: Vec::new().into_iter(),
            found: None,
            ahead: VecDeque::new(),
            last: None,
            next_read: FIRST_READ,
            is_empty: false,
        }
    }

    /// The user, if it is the next in row order.
    fn next_row(&mut self, guid: ObjectGuid) -> Result<Option<StoredUser>, StoreError> {
        if self.ahead.is_empty() {
            self.ahead = self.store.imported_after(self.last, self.next_read)?.into();
            self.is_empty = self.ahead.is_empty() && self.last.is_none();
            self.next_read = (self.next_read * 2).min(LARGEST_READ);
        }
        let is_it = |user: &StoredUser| user.origin.guid() == Some(guid) && self.ours.has(user);
        let Some(skipped) = self.ahead.iter().take(NEAR).position(is_it) else {
            return Ok(None);
        };
        let user = self.ahead.drain(..=skipped).next_back();
        self.last = user.as_ref().map(|it| it.id);
        Ok(user)
    }

    /// Looks up this user and the rest of the page. Reading ahead goes on after the last of them.
    fn look_up(
        &mut self,
        guid: ObjectGuid,
    ) -> Result<&HashMap<ObjectGuid, StoredUser>, StoreError> {
        let mut guids = vec![guid];
        guids.extend(self.expected.as_slice());
        let mut found = HashMap::new();
        if !self.is_empty {
            let users = self.store.users(Keys::Identities(&guids))?.into_iter();
            for user in users.filter(|it| self.ours.has(it)) {
                found.extend(user.origin.guid().map(|guid| (guid, user)));
            }
        }
        let last = guids.iter().rev().find_map(|guid| found.get(guid));
        self.last = last.map(|user| user.id).or(self.last);
        self.ahead.clear();
        self.next_read = FIRST_READ;
        Ok(self.found.insert(found))
    }

    /// The imported user of the domain with that identity.
    fn find(&mut self, guid: ObjectGuid) -> Result<Option<StoredUser>, StoreError> {
        if let Some(found) = &self.found {
            return Ok(found.get(&guid).cloned());
        }
        match self.next_row(guid)? {
            Some(user) => Ok(Some(user)),
            None => Ok(self.look_up(guid)?.get(&guid).cloned()),
        }
    }
}

impl Matching for RowMatcher<'_> {
    fn expect(&mut self, guids: Vec<ObjectGuid>) -> Result<(), StoreError> {
        self.expected = guids.into_iter();
        self.found = None;
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
        walk.expect(vec![guid(number)]).expect("it can be read");
        let user = walk.next().expect("it can be read");
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
    fn a_page_that_is_out_of_order_is_looked_up_at_once() {
        let store = store();
        let page: Vec<u8> = vec![1, 2, 3, 120, 4, 5, 5, USERS + 1, 20, 6];
        let mut walk = RowMatcher::new(&store, ours(&store));
        for page in [page.clone(), (7..=90).collect(), page, vec![]] {
            let guids = page.iter().copied().map(guid).collect();
            walk.expect(guids).expect("it can be read");
            for number in page {
                let user = walk.next().expect("it can be read");
                let expected = Some(guid(number)).filter(|_| number <= USERS);
                assert_eq!(user.and_then(|it| it.origin.guid()), expected);
            }
            assert_eq!(walk.next().expect("it can be read"), None);
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
