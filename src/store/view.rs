//! What a run asks of a store: in sets, so that a store on the other side of a network is asked as seldom as one in a
//! file.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::Path;

use jiff::Timestamp;

use super::{
    Command, Domains, Known, LastSeen, Listing, Ours, PastChange, PastRun, StoreError, UserCounts,
};
use crate::plan::compare::Seen;
use crate::plan::{Holders, Population, Recent};
use crate::user::{Domain, Folded, ObjectGuid, Status, StoredUser, UniqueField, UserId};

/// A store that can be asked, and not changed.
pub trait View: fmt::Debug {
    /// Where it is.
    fn location(&self) -> &Path;

    /// Keeps the answers to one state of the store until what is returned is dropped. Many questions cost less so, too.
    fn hold_still(&self) -> Result<Box<dyn Held + '_>, StoreError>;

    /// All that is known of the domains.
    fn domains(&self) -> Result<Domains, StoreError>;

    /// How many imported users a domain has, and how many the others have.
    fn imported_and_foreign(&self, domain: &Domain) -> Result<(u64, u64), StoreError>;

    /// What shares are of: the imported users of a domain, or all of them, counted; no more than so many.
    fn population(&self, domain: Option<&Domain>, at_most: u64) -> Result<Population, StoreError>;

    /// What runs since that time did to users of a domain, or to all, that no administrator said.
    fn recent(&self, domain: Option<&Domain>, since: Timestamp) -> Result<Recent, StoreError>;

    /// When users were last seen.
    fn last_seen(&self) -> Result<LastSeen, StoreError>;

    /// Begins to match the users of a domain with rows, page by page.
    fn matching(&self, ours: &Ours) -> Box<dyn Matching + '_>;

    /// The users with these keys, in the order of the keys; whoever is not there is left out.
    fn users(&self, keys: Keys<'_>) -> Result<Vec<StoredUser>, StoreError>;

    /// The imported users of a domain of which this holds.
    fn imported(&self, domain: &Domain, which: Which<'_>) -> Result<Vec<StoredUser>, StoreError>;

    /// The identities of the imported users of a domain; with a limit, of those that were imported first.
    fn imported_guids(
        &self,
        domain: &Domain,
        limit: Option<u32>,
    ) -> Result<Vec<ObjectGuid>, StoreError>;

    /// The rows of the imported users of a domain by the normalised DNs under which they were last seen; for entries
    /// whose identity cannot be read.
    fn rows_by_dn(&self, domain: &Domain) -> Result<HashMap<String, UserId>, StoreError>;

    /// Who holds each of these names.
    fn holders(
        &self,
        names: &mut dyn Iterator<Item = (UniqueField, Folded)>,
    ) -> Result<Holders, StoreError>;

    /// How many users there are of each kind.
    fn counts(&self) -> Result<UserCounts, StoreError>;

    /// Hands over the users of a listing, one by one.
    fn list(&self, listing: &Listing, visit: &mut Visit<'_>) -> anyhow::Result<()>;

    /// The usernames that begin so, any case, in order; with a limit, no more than so many of them.
    fn usernames(
        &self,
        which: Known,
        prefix: &str,
        limit: Option<usize>,
    ) -> Result<Vec<String>, StoreError>;

    /// Past runs, the newest first.
    fn runs(&self, which: Runs) -> Result<Vec<PastRun>, StoreError>;

    /// When a run of a command last ended that was carried out; of a sync, one that looked at everybody.
    fn last_success(&self, command: Command) -> Result<Option<Timestamp>, StoreError>;

    /// What runs changed.
    fn changes(&self, which: Changes<'_>) -> Result<Vec<PastChange>, StoreError>;

    /// The newest deletion of each of these names, where there is one; and the names that were deleted: all of them, if
    /// one of these was not.
    fn newest_deletions(
        &self,
        names: &[Folded],
    ) -> Result<(Vec<Option<PastChange>>, Vec<String>), StoreError>;
}

/// What becomes of the users that a store hands over one by one.
pub type Visit<'a> = dyn FnMut(StoredUser) -> anyhow::Result<()> + 'a;

impl dyn View + '_ {
    /// The user of that row.
    pub fn by_id(&self, id: UserId) -> Result<Option<StoredUser>, StoreError> {
        Ok(self.users(Keys::Rows(&[id]))?.pop())
    }

    /// The user of a domain with that identity.
    pub fn by_guid(&self, ours: &Ours, guid: ObjectGuid) -> Result<Option<StoredUser>, StoreError> {
        let users = self.users(Keys::Identities(&[guid]))?;
        Ok(users.into_iter().find(|it| ours.has(it)))
    }

    /// The user with that username, any case.
    pub fn by_username(&self, username: &Folded) -> Result<Option<StoredUser>, StoreError> {
        let names = std::slice::from_ref(username);
        Ok(self.users(Keys::Usernames(names))?.pop())
    }

    /// The user with that username, any case, as a list has it.
    pub fn listed(&self, username: &Folded) -> Result<Option<StoredUser>, StoreError> {
        let mut found = self.by_username(username)?;
        if let Some(user) = &mut found {
            self.last_seen()?.fill_in(user, &self.domains()?.names());
        }
        Ok(found)
    }

    /// The run of that number.
    pub fn run(&self, number: i64) -> Result<Option<PastRun>, StoreError> {
        Ok(self.runs(Runs::Number(number))?.pop())
    }
}

/// While this is there, a store answers as it was when it was made.
pub trait Held {}

/// The imported users of a store, asked for in the order in which a directory returns them.
pub trait Matching {
    /// These are asked for next: a store on the other side of a network looks all of them up at once.
    fn expect(&mut self, guids: Vec<ObjectGuid>) -> Result<(), StoreError>;

    /// The user with the next of the identities that are expected.
    fn next(&mut self) -> Result<Option<StoredUser>, StoreError>;
}

/// What users are looked up by.
#[derive(Clone, Copy, Debug)]
pub enum Keys<'a> {
    /// Their rows.
    Rows(&'a [UserId]),
    /// Their usernames.
    Usernames(&'a [Folded]),
    /// Their identities; of any domain, so that one may have several.
    Identities(&'a [ObjectGuid]),
}

/// Which imported users are meant.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// Those with that status.
    With(Status),
    /// Those who are enabled, and whose accounts have expired by then.
    Expired(Timestamp),
    /// All but these.
    Except(&'a Seen),
}

/// Which runs are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// So many, the newest of them.
    Last(u64),
    /// The one of that number.
    Number(i64),
}

/// Which changes are meant.
#[derive(Clone, Copy, Debug)]
pub enum Changes<'a> {
    /// Those of a run, by username.
    OfRun(i64),
    /// Those of later runs to these users, the oldest first.
    Since(i64, &'a HashSet<UserId>),
    /// The life of every user that ever had a name, the oldest first.
    OfName(&'a Folded),
    /// The life of a user of the store, the oldest first: that of its row, and of the rows it had before.
    OfUser(&'a StoredUser),
    /// The deletions of a run, or of all of them, the newest first.
    Deletions(Option<i64>),
}
