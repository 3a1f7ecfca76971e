//! Queries on a store. They work on sets, so that a store across a network needs no more round trips than a file.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

use jiff::Timestamp;

use super::{
    Command, Domains, Known, LastSeen, Listing, Ours, PastChange, PastRun, StoreError, UserCounts,
};
use crate::plan::compare::Seen;
use crate::plan::{Holders, Population, Recent};
use crate::user::{Domain, Folded, ObjectGuid, Status, StoredUser, UniqueField, UserId, Values};

/// A store that can be read but not written.
pub trait View: fmt::Debug {
    /// Where it is.
    fn location(&self) -> Cow<'_, str>;

    /// Holds one consistent state of the store until the result is dropped. It makes many queries cheaper, too.
    fn hold_still(&self) -> Result<Box<dyn Held + '_>, StoreError>;

    /// All that is known of the domains.
    fn domains(&self) -> Result<Domains, StoreError>;

    /// How many imported users a domain has, and how many the others have.
    fn imported_and_foreign(&self, domain: &Domain) -> Result<(u64, u64), StoreError>;

    /// What percentages refer to: counts over the imported users of a domain, or of all domains. Counting stops at
    /// `at_most`.
    fn population(&self, domain: Option<&Domain>, at_most: u64) -> Result<Population, StoreError>;

    /// What runs since that time did without confirmation, to the users of a domain or of all domains.
    fn recent(&self, domain: Option<&Domain>, since: Timestamp) -> Result<Recent, StoreError>;

    /// When users were last seen.
    fn last_seen(&self) -> Result<LastSeen, StoreError>;

    /// Starts matching directory users of a domain with rows.
    fn matching(&self, ours: &Ours) -> Box<dyn Matching + '_>;

    /// The users with these keys, in the order of the keys; keys without a user are skipped.
    fn users(&self, keys: Keys<'_>) -> Result<Vec<StoredUser>, StoreError>;

    /// The imported users of a domain that match.
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

    /// Why the store cannot keep values that others could, if it cannot: such as a name that is too long for its column.
    fn misfit(&self, _values: &Values<&str>) -> Option<String> {
        None
    }

    /// Who holds each of these names.
    fn holders(
        &self,
        names: &mut dyn Iterator<Item = (UniqueField, Folded)>,
    ) -> Result<Holders, StoreError>;

    /// How many users there are of each kind.
    fn counts(&self) -> Result<UserCounts, StoreError>;

    /// Visits the users of a listing one by one.
    fn list(&self, listing: &Listing, visit: &mut Visit<'_>) -> anyhow::Result<()>;

    /// Visits usernames one by one, in any order, some more than once: nothing keeps all of them.
    fn each_username(&self, which: Known, visit: &mut dyn FnMut(String)) -> Result<(), StoreError>;

    /// The usernames with this prefix, in any case, in order; at most `limit` of them.
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

    /// The newest deletion of each of these names, if there is one; and names of deleted users: all of them, if one of
    /// these has no deletion.
    fn newest_deletions(
        &self,
        names: &[Folded],
    ) -> Result<(Vec<Option<PastChange>>, Vec<String>), StoreError>;
}

/// A visitor of users.
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

/// A consistent state of a store, until this is dropped.
pub trait Held {}

/// Looks up imported users in the order in which a directory returns them.
pub trait Matching {
    /// Announces the identities of the next calls, so that a store across a network can fetch them all at once.
    fn expect(&mut self, guids: Vec<ObjectGuid>) -> Result<(), StoreError>;

    /// The user with the next announced identity.
    fn next(&mut self) -> Result<Option<StoredUser>, StoreError>;
}

/// How users are looked up.
#[derive(Clone, Copy, Debug)]
pub enum Keys<'a> {
    /// By row.
    Rows(&'a [UserId]),
    /// By username.
    Usernames(&'a [Folded]),
    /// By identity, in any domain, so that one key may match several users.
    Identities(&'a [ObjectGuid]),
}

/// Which imported users are meant.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// Those with that status.
    With(Status),
    /// Enabled users whose accounts have expired by then.
    Expired(Timestamp),
    /// All but these.
    Except(&'a Seen),
}

/// Which runs are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// The newest ones.
    Last(u64),
    /// The one with that number.
    Number(i64),
}

/// Which changes are meant.
#[derive(Clone, Copy, Debug)]
pub enum Changes<'a> {
    /// Those of a run, by username.
    OfRun(i64),
    /// Those of later runs to these users, the oldest first.
    Since(i64, &'a HashSet<UserId>),
    /// All changes of every user that ever had that name, oldest first.
    OfName(&'a Folded),
    /// All changes of a user, oldest first, including those of earlier rows with the same identity.
    OfUser(&'a StoredUser),
    /// The deletions of a run, or of all runs, newest first.
    Deletions(Option<i64>),
}
