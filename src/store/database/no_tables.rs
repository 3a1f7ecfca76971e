//! The table of an application before adsync has made its own tables: all of its users are local ones.

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::Timestamp;

use super::view::Reader;
use crate::plan::{Holders, Population, Recent};
use crate::store::{
    Changes, Command, Domains, Held, Keys, Known, LastSeen, Listing, Matching, Ours, PastChange,
    PastRun, Runs, StoreError, UserCounts, View, Visit, Which,
};
use crate::user::{Domain, Folded, ObjectGuid, StoredUser, UniqueField, UserId, Values};

/// A store without tables of adsync's.
#[derive(Debug)]
pub struct NoTables {
    /// Reads the application's table.
    pub reader: Reader,
    /// Has no domains, no imported users and no history.
    pub nothing: Box<dyn View>,
}

impl View for NoTables {
    fn location(&self) -> Cow<'_, str> {
        self.reader.location()
    }

    fn hold_still(&self) -> Result<Box<dyn Held + '_>, StoreError> {
        self.reader.hold_still()
    }

    fn domains(&self) -> Result<Domains, StoreError> {
        self.nothing.domains()
    }

    fn imported_and_foreign(&self, domain: &Domain) -> Result<(u64, u64), StoreError> {
        self.nothing.imported_and_foreign(domain)
    }

    fn population(&self, domain: Option<&Domain>, at_most: u64) -> Result<Population, StoreError> {
        self.nothing.population(domain, at_most)
    }

    fn recent(&self, domain: Option<&Domain>, since: Timestamp) -> Result<Recent, StoreError> {
        self.nothing.recent(domain, since)
    }

    fn last_seen(&self) -> Result<LastSeen, StoreError> {
        self.nothing.last_seen()
    }

    fn matching(&self, ours: &Ours) -> Box<dyn Matching + '_> {
        self.nothing.matching(ours)
    }

    fn users(&self, keys: Keys<'_>) -> Result<Vec<StoredUser>, StoreError> {
        self.reader.users(keys)
    }

    fn imported(&self, domain: &Domain, which: Which<'_>) -> Result<Vec<StoredUser>, StoreError> {
        self.nothing.imported(domain, which)
    }

    fn imported_guids(
        &self,
        domain: &Domain,
        limit: Option<u32>,
    ) -> Result<Vec<ObjectGuid>, StoreError> {
        self.nothing.imported_guids(domain, limit)
    }

    fn rows_by_dn(&self, domain: &Domain) -> Result<HashMap<String, UserId>, StoreError> {
        self.nothing.rows_by_dn(domain)
    }

    fn misfit(&self, values: &Values<&str>) -> Option<String> {
        self.reader.misfit(values)
    }

    fn holders(
        &self,
        names: &mut dyn Iterator<Item = (UniqueField, Folded)>,
    ) -> Result<Holders, StoreError> {
        self.reader.holders(names)
    }

    fn counts(&self) -> Result<UserCounts, StoreError> {
        self.reader.counts()
    }

    fn list(&self, listing: &Listing, visit: &mut Visit<'_>) -> anyhow::Result<()> {
        let last_seen = self.nothing.last_seen()?;
        self.reader
            .visit_users(listing, &last_seen, &HashMap::new(), visit)
    }

    fn each_username(&self, which: Known, visit: &mut dyn FnMut(String)) -> Result<(), StoreError> {
        self.names(which).each_username(which, visit)
    }

    fn usernames(
        &self,
        which: Known,
        prefix: &str,
        limit: Option<usize>,
    ) -> Result<Vec<String>, StoreError> {
        self.names(which).usernames(which, prefix, limit)
    }

    fn runs(&self, which: Runs) -> Result<Vec<PastRun>, StoreError> {
        self.nothing.runs(which)
    }

    fn last_success(&self, command: Command) -> Result<Option<Timestamp>, StoreError> {
        self.nothing.last_success(command)
    }

    fn changes(&self, which: Changes<'_>) -> Result<Vec<PastChange>, StoreError> {
        self.nothing.changes(which)
    }

    fn newest_deletions(
        &self,
        names: &[Folded],
    ) -> Result<(Vec<Option<PastChange>>, Vec<String>), StoreError> {
        self.nothing.newest_deletions(names)
    }
}

impl NoTables {
    /// Who knows names of that kind: there are local ones alone.
    fn names(&self, which: Known) -> &dyn View {
        match which {
            Known::Stored => &self.reader,
            Known::Imported | Known::Deleted | Known::Ever => &*self.nothing,
        }
    }
}
