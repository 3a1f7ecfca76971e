//! Reading the directory and comparing it with the store: the I/O around a [`Comparison`].

use std::collections::{HashMap, HashSet};

use ldap::dn;

use super::absence::{Judge, Seen, Verdict};
use super::reach::Reach;
use super::{Progress, RunError};
use crate::directory::{Directory, Read};
use crate::plan::compare::{BadEntry, Comparison, Newcomers, Terms};
use crate::plan::{Evidence, Findings};
use crate::store::{BulkLoad, Held, Matching, Ours, StoreError, View, Which};
use crate::user::{ObjectGuid, Origin, Status, StoredUser, UserId};

/// How many unusable entries of unknown users are reported one by one. More than that is no oversight.
pub const MOST_UNUSABLE: u64 = 100_000;

/// A comparison of the directory with the store, under way.
pub struct Reconciliation<'a> {
    store: &'a dyn View,
    reach: &'a Reach<'a>,
    /// Which rows belong to the domain.
    ours: Ours,
    users: Box<dyn Matching + 'a>,
    _held: Box<dyn Held + 'a>,
    comparison: Comparison,
    progress: Box<dyn Progress>,
    rows_by_dn: Option<HashMap<String, UserId>>,
    /// The selected users, if not all; nobody else is touched.
    chosen: Option<HashSet<UserId>>,
    /// Their rows, so that they are not looked up again.
    known: HashMap<ObjectGuid, StoredUser>,
    /// A user of the store that was found in the scope.
    witness: Option<ObjectGuid>,
    /// One that was found outside it, where other rights may apply.
    found_outside: Option<ObjectGuid>,
    /// How many users were found that had no known domain before.
    adopted: u64,
    /// Whether all of the scope was read.
    has_read_scope: bool,
    /// Loads new users while they are read.
    bulk_load: Option<Box<dyn BulkLoad>>,
}

impl<'a> Reconciliation<'a> {
    /// Starts one of that many users, if known.
    pub fn new(
        store: &'a dyn View,
        directory: &Directory,
        reach: &'a Reach<'a>,
        newcomers: Newcomers,
        expected: Option<u64>,
    ) -> Result<Self, StoreError> {
        let ours = reach.domains.ours(&reach.domain);
        let terms = Terms {
            now: reach.now,
            newcomers,
            missing_value: directory.missing_value(),
            out_of_scope: reach.engine.policy.out_of_scope,
            domain: reach.domain.id,
        };
        let what = format!("reading {}", directory.base());
        Ok(Self {
            store,
            reach,
            users: store.matching(&ours),
            ours,
            _held: store.hold_still()?,
            comparison: Comparison::new(terms),
            progress: reach.engine.observer.counting(&what, expected),
            rows_by_dn: None,
            chosen: None,
            known: HashMap::new(),
            witness: None,
            found_outside: None,
            adopted: 0,
            has_read_scope: false,
            bulk_load: None,
        })
    }

    /// Loads new users while they are read.
    #[must_use]
    pub fn bulk_load(mut self, bulk_load: Option<Box<dyn BulkLoad>>) -> Self {
        self.bulk_load = bulk_load;
        self
    }

    /// Restricts it to these users, if any were selected.
    #[must_use]
    pub fn among(mut self, chosen: Option<&[StoredUser]>) -> Self {
        self.chosen = chosen.map(|users| users.iter().map(|user| user.id).collect());
        let identities = chosen.unwrap_or_default().iter();
        self.known = identities
            .filter_map(|user| Some((user.origin.guid()?, user.clone())))
            .collect();
        self
    }

    /// Compares users that were read.
    pub fn take(&mut self, users: Vec<Read>) -> anyhow::Result<()> {
        self.progress.advance(users.len() as u64);
        let known = self.comparison.new_users().len();
        let guids = users.iter().filter_map(|it| Some(it.as_ref().ok()?.guid));
        let unknown = guids.filter(|it| !self.known.contains_key(it));
        self.users.expect(unknown.collect())?;
        for user in users {
            match user {
                Ok(user) => {
                    let stored = match self.known.get(&user.guid) {
                        Some(known) => Some(known.clone()),
                        None => self.users.next()?,
                    };
                    if let Some(stored) = &stored {
                        self.witness.get_or_insert(user.guid);
                        self.adopted += u64::from(!self.is_of_domain(stored));
                    }
                    self.comparison.observe(user, stored);
                }
                Err(entry) => {
                    let stored = self.owner(&entry)?;
                    self.comparison.observe_unusable(entry, stored);
                }
            }
        }
        if self.comparison.strangers() > MOST_UNUSABLE {
            return Err(RunError::Unusable.into());
        }
        if let Some(bulk_load) = &mut self.bulk_load {
            bulk_load.add(&self.comparison.new_users()[known..])?;
        }
        Ok(())
    }

    /// The user of the store that an unusable entry belongs to: by identity, or by DN if the identity cannot be read.
    fn owner(&mut self, entry: &BadEntry) -> Result<Option<StoredUser>, StoreError> {
        if let Some(guid) = entry.guid {
            return self.store.by_guid(&self.ours, guid);
        }
        let rows = match &mut self.rows_by_dn {
            Some(rows) => rows,
            // Rarely needed; but if one identity cannot be read, often none can.
            none => none.insert(self.store.rows_by_dn(&self.reach.domain)?),
        };
        let is_chosen = |id: &UserId| self.chosen.as_ref().is_none_or(|them| them.contains(id));
        let row = rows
            .get(&dn::normalised(&entry.dn))
            .copied()
            .filter(is_chosen);
        row.map_or(Ok(None), |id| self.store.by_id(id))
    }

    /// Notes that all of the scope was read.
    pub fn note_whole_scope(&mut self) {
        self.has_read_scope = true;
    }

    /// Reads again the users that were returned more than once. Those that still are, are unusable.
    pub fn settle_repeated(&mut self, directory: &mut Directory) -> anyhow::Result<()> {
        let repeated = self.comparison.take_repeated();
        if repeated.is_empty() {
            return Ok(());
        }
        self.withdraw(&repeated)?;
        // The same entry twice is not another user.
        let mut again: HashSet<Read> = HashSet::new();
        directory.read_guids(&repeated, |users| {
            again.extend(users);
            Ok::<_, anyhow::Error>(())
        })?;
        self.take(again.iter().cloned().collect())?;
        let several = self.comparison.take_repeated();
        self.withdraw(&several)?;
        for guid in several {
            let mut dns: Vec<&str> = again
                .iter()
                .map(|read| match read {
                    Ok(user) => (Some(user.guid), user.dn()),
                    Err(entry) => (entry.guid, entry.dn.as_str()),
                })
                .filter(|(its, _)| *its == Some(guid))
                .map(|(_, dn)| dn)
                .collect();
            dns.sort_unstable();
            let entry = BadEntry {
                guid: Some(guid),
                dn: dns.first().copied().unwrap_or_default().to_owned(),
                username: None,
                reason: several_entries(guid, &dns),
            };
            let stored = self.store.by_guid(&self.ours, guid)?;
            self.comparison.observe_unusable(entry, stored);
        }
        Ok(())
    }

    fn withdraw(&mut self, guids: &[ObjectGuid]) -> Result<(), StoreError> {
        let bulk_load = self.bulk_load.as_mut();
        bulk_load.map_or(Ok(()), |bulk_load| bulk_load.withdraw(guids))
    }

    /// Finds out what became of the imported users that were not returned: of the whole domain, or among these.
    pub fn settle_missing(
        &mut self,
        directory: &mut Directory,
        among: Option<&[StoredUser]>,
    ) -> anyhow::Result<()> {
        let nowhere = self.look_for_missing(directory, among)?;
        self.judge(directory, nowhere)
    }

    /// Looks for the imported users that were not returned. Returns those that cannot be found.
    /// Users of another domain, or of none that is known, are skipped: what this domain lacks, or has only as a deleted
    /// object, may have been moved out of it.
    pub fn look_for_missing(
        &mut self,
        directory: &mut Directory,
        among: Option<&[StoredUser]>,
    ) -> anyhow::Result<Vec<StoredUser>> {
        let seen = self.comparison.seen();
        let missing = match among {
            None => {
                let except = Which::Except(seen);
                self.store.imported(&self.reach.domain, except)?
            }
            Some(users) => users
                .iter()
                .filter(|user| !seen.contains(user.id) && self.is_of_domain(user))
                .cloned()
                .collect(),
        };
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let count = missing.len();
        self.progress
            .describe(&format!("looking for {count} missing"));
        let mut located = directory.locate(&guids(&missing))?;
        self.comparison.observe_unidentified(located.unidentified);

        // A user that was moved within the scope while pages were read may have been missed: those found in the
        // domain are looked up in the scope once more.
        let elsewhere: Vec<ObjectGuid> = located.living.keys().copied().collect();
        directory.read_guids(&elsewhere, |users| self.take(users))?;

        let mut nowhere = Vec::new();
        for user in missing {
            if self.comparison.seen().contains(user.id) {
                continue;
            }
            let Some(guid) = user.origin.guid() else {
                continue;
            };
            if let Some(dns) = located.several.remove(&guid) {
                let dns: Vec<&str> = dns.iter().map(String::as_str).collect();
                self.comparison.fail(user, several_entries(guid, &dns));
            } else if located.deleted.contains_key(&guid) {
                self.comparison.record_deleted(user, Evidence::Tombstone);
            } else {
                match located.living.remove(&guid) {
                    Some(Ok(found)) => {
                        self.found_outside = Some(guid);
                        self.comparison.observe_outside(&found, user);
                    }
                    Some(Err(entry)) => self.comparison.fail(user, entry.reason),
                    // A restored user is not expected in the directory; its absence proves nothing.
                    None if user.status == Status::Restored => {
                        self.comparison.record_deleted(user, Evidence::Absent);
                    }
                    None => nowhere.push(user),
                }
            }
        }
        Ok(nowhere)
    }

    /// Judges the users that are neither in the domain nor among the deleted objects.
    fn judge(&mut self, directory: &mut Directory, nowhere: Vec<StoredUser>) -> anyhow::Result<()> {
        if nowhere.is_empty() {
            return Ok(());
        }
        let mut judge = Judge::new(
            self.reach,
            self.store,
            directory,
            &guids(&nowhere),
            Seen {
                found: self.witness.or(self.found_outside),
                unidentified: self.comparison.unidentified(),
                has_read_scope: self.has_read_scope,
            },
        )?;
        for user in nowhere {
            match judge.judge(&user)? {
                Verdict::Deleted => self.comparison.record_deleted(user, Evidence::Absent),
                Verdict::Unusable(reason) => self.comparison.fail(user, reason),
                Verdict::Missing(reason, last) => {
                    self.comparison.record_missing(user, reason, last);
                }
            }
        }
        Ok(())
    }

    /// Counts users that were not read because nothing about them changed.
    pub fn assume_unchanged(&mut self, in_step: u64, out_of_scope: Vec<StoredUser>) {
        self.comparison.assume_unchanged(in_step, out_of_scope);
    }

    /// Whether a user of the store is known to be of the domain that is read.
    pub fn is_of_domain(&self, user: &StoredUser) -> bool {
        user.tracking.domain == self.reach.domain.id
    }

    /// The rows whose users were read.
    pub fn seen(&self) -> &crate::plan::compare::Seen {
        self.comparison.seen()
    }

    /// What was loaded.
    pub fn take_bulk_load(&mut self) -> Option<Box<dyn BulkLoad>> {
        self.bulk_load.take()
    }

    /// A user of the store that was read.
    pub fn witness(&self) -> Option<ObjectGuid> {
        self.witness
    }

    /// Whether there were entries whose identity cannot be read.
    pub fn is_doubtful(&self) -> bool {
        self.comparison.unidentified() > 0
    }

    /// The findings. The store has that many users of other domains; a user found by identity may have had a domain
    /// known only from its DN.
    pub fn finish(self, foreign: u64) -> Findings {
        let mut findings = self.comparison.finish();
        findings.foreign = foreign.saturating_sub(self.adopted);
        findings
    }
}

fn several_entries(guid: ObjectGuid, dns: &[&str]) -> String {
    let dns = dns.join("; ");
    format!("several entries of the directory have the identity {guid}: {dns}")
}

/// The identities of imported users.
pub fn guids(users: &[StoredUser]) -> Vec<ObjectGuid> {
    users.iter().filter_map(|user| user.origin.guid()).collect()
}

/// Whether a user of the store came from the directory.
pub fn is_imported(user: &StoredUser) -> bool {
    matches!(user.origin, Origin::Directory { .. })
}
