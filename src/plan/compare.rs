//! Comparing the directory with the store, one user at a time.
//!
//! Keeps what has to be remembered from the first user read to the plan: what differs,
//! what is new, what cannot be used, and which rows were seen. It gets each user together with
//! its row and does no I/O of its own, so a large directory streams through it: a user that
//! matches leaves one bit behind.

mod seen;

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::plan::{Deletion, Evidence, FailedUser, Findings, Import, Missing, Update};
use crate::user::{
    Absence, DirectoryUser, DomainId, Field, Folded, ObjectGuid, Origin, Profile, Status,
    StoredUser, Tracking, UserId, Values,
};
use crate::util::named::named;

pub use seen::Seen;

/// What the run does with a directory user that the store does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newcomers {
    /// `import`: adds it.
    Import,
    /// `sync`: ignores it.
    Ignore,
}

/// What an attribute without a value means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingValue {
    /// The attribute is empty: the field is cleared.
    Clears,
    /// The answer comes from a global catalog, which holds only some attributes: the field
    /// keeps its value.
    Keeps,
}

named! {
    /// What to do with users that left the scope.
    #[derive(Default, serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum OutOfScopePolicy {
        /// Keep and refresh them, marked as out of scope.
        #[default]
        Keep = "keep",
        /// Keep, refresh and disable them; the guard applies.
        Disable = "disable",
        /// Delete them; the guard applies.
        Delete = "delete",
    }
}

/// An entry of the directory that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BadEntry {
    /// The identity, where it could be read.
    pub guid: Option<ObjectGuid>,
    /// Distinguished name.
    pub dn: String,
    /// The username, where it could be read.
    pub username: Option<String>,
    /// Why it cannot be used.
    pub reason: String,
}

/// Why a user outside the scope is marked so.
const OUT_OF_SCOPE: &str = "in the domain, but outside base_dn and filter";

/// What a comparison has to know of the run.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// When the run began: whose account has expired by then is not enabled.
    pub now: Timestamp,
    /// What a user of the directory is that the store does not have.
    pub newcomers: Newcomers,
    /// What an attribute without a value means.
    pub missing_value: MissingValue,
    /// What happens to users that left the scope.
    pub out_of_scope: OutOfScopePolicy,
    /// The domain that is read; none while the store does not know it.
    pub domain: Option<DomainId>,
}

/// The comparison as far as it has come.
#[derive(Debug)]
pub struct Comparison {
    terms: Terms,
    findings: Findings,
    seen: Seen,
    /// Identities of users that are not in the store, to notice when one comes twice.
    new: HashSet<ObjectGuid>,
    /// Users that came more than once, and their rows.
    repeated: HashMap<ObjectGuid, Option<UserId>>,
    /// Entries that came without an identity that could be told: each may be a user that seems missing. That one stands
    /// at the DN of a user of the store makes it likely to be this one, and no more.
    unidentified: u64,
    /// How many entries cannot be used and belong to nobody in the store.
    strangers: u64,
}

impl Comparison {
    /// Nothing seen yet.
    pub fn new(terms: Terms) -> Self {
        Self {
            terms,
            findings: Findings::default(),
            seen: Seen::default(),
            new: HashSet::new(),
            repeated: HashMap::new(),
            unidentified: 0,
            strangers: 0,
        }
    }

    /// Takes in a user of the directory and the row with the same identity.
    pub fn observe(&mut self, user: DirectoryUser, stored: Option<StoredUser>) {
        let Some(stored) = stored else {
            return self.observe_new(user);
        };
        if !self.seen.insert(stored.id) {
            self.repeated.insert(user.guid, Some(stored.id));
            return;
        }
        self.compare(&user, stored, true);
    }

    /// Takes in a user of the store that is in the domain, but not in the scope.
    pub fn observe_outside(&mut self, user: &DirectoryUser, stored: StoredUser) {
        if self.terms.out_of_scope == OutOfScopePolicy::Delete {
            return self.record_deleted(stored, Evidence::OutOfScope);
        }
        self.compare(user, stored, false);
    }

    fn compare(&mut self, user: &DirectoryUser, stored: StoredUser, is_in_scope: bool) {
        let known = stored.values.as_deref();
        let mut profile = with_known_values(user, &known.profile);
        if self.terms.missing_value == MissingValue::Keeps {
            for field in Field::OPTIONAL {
                let value = profile.get(field).or(known.profile.get(field));
                profile.set(field, value.copied());
            }
        }
        self.findings.sample.users += 1;
        let counts = self.findings.sample.with_value.iter_mut();
        for (count, field) in counts.zip(Field::OPTIONAL) {
            *count += u64::from(profile.get(field).is_some());
        }
        let may_be_enabled = is_in_scope || self.terms.out_of_scope != OutOfScopePolicy::Disable;
        let wanted = Values {
            profile,
            enabled: may_be_enabled && user.enabled_at(self.terms.now, known.enabled),
        };
        let status = if is_in_scope {
            Status::Ok
        } else {
            Status::OutOfScope
        };
        let is_same = wanted == known;
        let is_as_stored = is_same && self.is_as_stored(user, &stored, status);
        if is_as_stored && is_in_scope {
            self.findings.unchanged += 1;
            return;
        }
        let next = if is_as_stored {
            stored.clone()
        } else {
            let reason = (!is_in_scope).then(|| OUT_OF_SCOPE.to_owned());
            let mut next = stored.with_status(status, reason);
            next.origin = Origin::Directory {
                guid: user.guid,
                dn: user.dn().to_owned(),
            };
            next.tracking.domain = self.terms.domain;
            next.tracking.expires = user.expires;
            if !is_same {
                next.values = wanted.to_owned();
            }
            next
        };
        let bucket = match (is_same, is_in_scope) {
            (false, _) => &mut self.findings.changed,
            (true, true) => &mut self.findings.refreshed,
            (true, false) => &mut self.findings.out_of_scope,
        };
        bucket.push(Update { user: stored, next });
    }

    /// Whether there is nothing to write about a user whose values are those of the directory.
    fn is_as_stored(&self, user: &DirectoryUser, stored: &StoredUser, status: Status) -> bool {
        let Tracking {
            domain,
            reason,
            absence: _,
            domain_dn: _,
            expires,
            found: _,
        } = &stored.tracking;
        stored.status == status
            && stored.origin.dn() == Some(user.dn())
            && *domain == self.terms.domain
            && *expires == user.expires
            && reason.is_some() == (status != Status::Ok)
    }

    fn observe_new(&mut self, user: DirectoryUser) {
        if self.terms.newcomers == Newcomers::Ignore {
            return;
        }
        if !self.new.insert(user.guid) {
            self.repeated.insert(user.guid, None);
            return;
        }
        let mut import = Import::from_directory(user, self.terms.now);
        import.arrival = self.new.len() as u64;
        self.findings.new.push(import);
    }

    /// Takes in an entry that cannot be used, and the row it belongs to, if one could be found.
    pub fn observe_unusable(&mut self, entry: BadEntry, stored: Option<StoredUser>) {
        let BadEntry {
            guid,
            dn,
            username,
            reason,
        } = entry;
        // A DN is no identity: who was seen already is not this entry, and who was brought back by hand
        // is not seen in the directory by it.
        let stored = stored.filter(|user| {
            guid.is_some() || !(self.seen.contains(user.id) || user.status == Status::Restored)
        });
        self.unidentified += u64::from(guid.is_none());
        match (&stored, guid) {
            (Some(user), _) if !self.seen.insert(user.id) => {
                self.repeated.extend(guid.map(|guid| (guid, Some(user.id))));
                return;
            }
            // Its identity says that it is not in the store: `sync` ignores it.
            (None, Some(_)) if self.terms.newcomers == Newcomers::Ignore => return,
            (None, Some(guid)) if !self.new.insert(guid) => {
                self.repeated.insert(guid, None);
                return;
            }
            _ => {}
        }
        self.strangers += u64::from(stored.is_none());
        self.findings.failed.push(FailedUser {
            guid: guid.or_else(|| stored.as_ref().and_then(|user| user.origin.guid())),
            username: stored
                .as_ref()
                .map(|user| user.values.profile.username.clone())
                .or(username)
                .unwrap_or_else(|| dn.clone()),
            user: stored,
            dn: Some(dn),
            reason,
        });
    }

    /// How many entries cannot be used and belong to nobody in the store.
    pub fn strangers(&self) -> u64 {
        self.strangers
    }

    /// Records how many entries of a look-up by identity have none of the identities asked for.
    pub fn observe_unidentified(&mut self, entries: u64) {
        self.unidentified = self.unidentified.max(entries);
    }

    /// Forgets the users that were returned more than once (one moved while pages are read may be returned
    /// from both places) and returns them, to be read and compared again.
    pub fn take_repeated(&mut self) -> Vec<ObjectGuid> {
        let repeated = std::mem::take(&mut self.repeated);
        if repeated.is_empty() {
            return Vec::new();
        }
        let Findings {
            unchanged,
            refreshed,
            changed,
            new,
            deletions: _,
            out_of_scope: _,
            missing: _,
            failed,
            foreign: _,
            sample: _,
        } = &mut self.findings;
        let before = refreshed.len() + changed.len() + new.len() + failed.len();
        let is_again = |guid: Option<ObjectGuid>| guid.is_some_and(|it| repeated.contains_key(&it));
        refreshed.retain(|it| !is_again(it.user.origin.guid()));
        changed.retain(|it| !is_again(it.next.origin.guid()));
        new.retain(|it| !is_again(it.guid()));
        failed.retain(|it| !is_again(it.guid));
        let removed = before - refreshed.len() - changed.len() - new.len() - failed.len();
        // Whoever was in no list had been counted as unchanged.
        *unchanged -= (repeated.len() - removed) as u64;

        for (guid, row) in &repeated {
            match row {
                Some(id) => self.seen.remove(*id),
                None => _ = self.new.remove(guid),
            }
        }
        repeated.into_keys().collect()
    }

    /// The new users, in the order of arrival.
    pub fn new_users(&self) -> &[Import] {
        &self.findings.new
    }

    /// The rows that were seen.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Records a user of the store that is a deleted object of the directory, proven to be gone, or not to be kept
    /// outside the scope.
    pub fn record_deleted(&mut self, user: StoredUser, evidence: Evidence) {
        if user.status == Status::Restored {
            // An administrator restored it, knowing that the directory does not have it.
            self.findings.unchanged += 1;
            return;
        }
        self.findings.deletions.push(Deletion { user, evidence });
    }

    /// Records a user of the store that was found nowhere, and why that is no proof; `last_seen` and `returned_by`
    /// are stored for one that is newly missing.
    pub fn record_missing(&mut self, user: StoredUser, reason: String, last: LastSeen) {
        if user.status == Status::Restored {
            self.findings.unchanged += 1;
            return;
        }
        let mut next = user.clone();
        next.status = Status::Missing;
        next.tracking.reason = Some(reason);
        if user.tracking.absence.is_none() {
            next.tracking.absence = Some(Absence {
                since: self.terms.now,
                returned_by: last.returned_by,
            });
            next.synced_at = last.at.or(user.synced_at);
        }
        self.findings.missing.push(Missing { user, next });
    }

    /// Records a user of the store whose entry outside the scope cannot be used.
    pub fn fail(&mut self, user: StoredUser, reason: String) {
        self.findings.failed.push(FailedUser::of(user, reason));
    }

    /// Records users that were not looked at because nothing changed about them: how many match,
    /// and those that are out of scope.
    pub fn assume_unchanged(&mut self, in_step: u64, out_of_scope: Vec<StoredUser>) {
        self.findings.unchanged += in_step;
        let unmoved = out_of_scope.into_iter().map(|user| Update {
            next: user.clone(),
            user,
        });
        self.findings.out_of_scope.extend(unmoved);
    }

    /// How many entries had no readable identity.
    pub fn unidentified(&self) -> u64 {
        self.unidentified
    }

    /// The findings.
    pub fn finish(self) -> Findings {
        self.findings
    }
}

/// What to remember about a user that was found nowhere, while it is missing.
#[derive(Clone, Debug, Default)]
pub struct LastSeen {
    /// When a run last found it.
    pub at: Option<Timestamp>,
    /// The controllers that have returned it.
    pub returned_by: Vec<crate::user::ControllerId>,
}

/// The values the directory has for a user. Of several, the stored one stays as long as it is among them: their order
/// carries no meaning (RFC 4511, 4.1.7).
fn with_known_values<'a>(user: &'a DirectoryUser, known: &Profile<&'a str>) -> Profile<&'a str> {
    let mut profile = user.profile();
    for (field, others) in &user.others {
        let value = profile.get(*field);
        let Some(&known) = known.get(*field).filter(|known| value != Some(known)) else {
            continue;
        };
        // A value that differs only in case is the same value in its new spelling.
        let folded = Folded::new(known);
        let is_respelt = value.is_some_and(|it| Folded::new(it) == folded);
        let is_alike = |it: &&String| !is_respelt && Folded::new(it) == folded;
        if others.iter().any(|it| it == known) {
            profile.set(*field, Some(known));
        } else if let Some(alike) = others.iter().find(is_alike) {
            profile.set(*field, Some(alike));
        }
    }
    profile
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::{ControllerId, Found, Packed};

    fn guid(number: u8) -> ObjectGuid {
        ObjectGuid::from_bytes([number; 16])
    }

    fn profile(email: Option<&str>) -> Profile {
        Profile {
            username: "alice".to_owned(),
            email: email.map(str::to_owned),
            ..Profile::default()
        }
    }

    /// A user of the store whose row and identity have the same number.
    fn stored(number: u8, status: Status) -> StoredUser {
        StoredUser {
            id: UserId(i64::from(number)),
            origin: Origin::Directory {
                guid: guid(number),
                dn: "CN=alice".to_owned(),
            },
            values: Values {
                profile: profile(Some("a@x")),
                enabled: true,
            },
            status,
            synced_at: None,
            tracking: tracking(),
        }
    }

    fn tracking() -> Tracking {
        Tracking {
            domain: Some(DomainId(1)),
            found: Some(Found { run: 1, on: None }),
            ..Tracking::default()
        }
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_700_000_000).expect("a time")
    }

    fn terms() -> Terms {
        Terms {
            now: now(),
            newcomers: Newcomers::Ignore,
            missing_value: MissingValue::Clears,
            out_of_scope: OutOfScopePolicy::Keep,
            domain: Some(DomainId(1)),
        }
    }

    fn importing() -> Comparison {
        Comparison::new(Terms {
            newcomers: Newcomers::Import,
            ..terms()
        })
    }

    fn read(number: u8, email: Option<&str>) -> DirectoryUser {
        DirectoryUser {
            guid: guid(number),
            text: Packed::new(&profile(email).as_deref(), "CN=alice"),
            enabled: Some(true),
            expires: None,
            others: Vec::new(),
        }
    }

    fn bad(guid: Option<ObjectGuid>) -> BadEntry {
        BadEntry {
            guid,
            dn: "CN=?".to_owned(),
            username: None,
            reason: "unusable".to_owned(),
        }
    }

    fn sync() -> Comparison {
        Comparison::new(terms())
    }

    #[test]
    fn what_is_in_step_leaves_a_bit_and_nothing_else() {
        let mut comparison = sync();
        comparison.observe(read(1, Some("a@x")), Some(stored(1, Status::Ok)));
        assert!(comparison.seen().contains(UserId(1)));
        assert!(!comparison.seen().contains(UserId(2)));
        let findings = comparison.finish();
        assert_eq!(findings.unchanged, 1);
        assert!(findings.changed.is_empty() && findings.refreshed.is_empty());
    }

    #[test]
    fn a_status_to_clear_is_a_refresh_and_no_change() {
        let mut comparison = sync();
        comparison.observe(read(1, Some("a@x")), Some(stored(1, Status::Duplicate)));
        let findings = comparison.finish();
        assert_eq!((findings.unchanged, findings.refreshed.len()), (0, 1));
    }

    #[test]
    fn what_the_directory_does_not_say_keeps_what_the_store_has() {
        let mut disabled = stored(1, Status::Ok);
        disabled.values.enabled = false;
        let mut comparison = sync();
        let unsaid = DirectoryUser {
            enabled: None,
            ..read(1, Some("a@x"))
        };
        comparison.observe(unsaid, Some(disabled));
        assert_eq!(comparison.finish().unchanged, 1);
    }

    #[test]
    fn a_global_catalog_clears_no_field() {
        for (missing, changed) in [(MissingValue::Clears, 1), (MissingValue::Keeps, 0)] {
            let mut comparison = Comparison::new(Terms {
                missing_value: missing,
                ..terms()
            });
            comparison.observe(read(1, None), Some(stored(1, Status::Ok)));
            assert_eq!(comparison.finish().changed.len(), changed, "{missing:?}");
        }
    }

    #[test]
    fn newcomers_are_the_business_of_an_import_alone() {
        for (newcomers, new) in [(Newcomers::Import, 1), (Newcomers::Ignore, 0)] {
            let mut comparison = Comparison::new(Terms {
                newcomers,
                ..terms()
            });
            comparison.observe(read(1, None), None);
            assert_eq!(comparison.finish().new.len(), new, "{newcomers:?}");
        }
    }

    #[test]
    fn who_comes_twice_is_forgotten_and_asked_for_again() {
        for first in [Some("a@x"), Some("b@x")] {
            let mut comparison = sync();
            comparison.observe(read(1, first), Some(stored(1, Status::Ok)));
            comparison.observe(read(1, Some("c@x")), Some(stored(1, Status::Ok)));
            assert_eq!(comparison.take_repeated(), [guid(1)]);
            assert!(!comparison.seen().contains(UserId(1)));
            comparison.observe(read(1, Some("c@x")), Some(stored(1, Status::Ok)));
            assert!(comparison.take_repeated().is_empty());
            let findings = comparison.finish();
            assert_eq!((findings.unchanged, findings.changed.len()), (0, 1));
        }
    }

    #[test]
    fn a_newcomer_that_comes_twice_is_asked_for_again_too() {
        let mut comparison = importing();
        comparison.observe(read(1, None), None);
        comparison.observe(read(1, Some("a@x")), None);
        assert_eq!(comparison.take_repeated(), [guid(1)]);
        assert!(comparison.finish().new.is_empty());
    }

    #[test]
    fn a_failed_user_is_seen_and_never_missing() {
        let mut comparison = sync();
        comparison.observe_unusable(bad(Some(guid(1))), Some(stored(1, Status::Ok)));
        assert!(comparison.seen().contains(UserId(1)));
        assert_eq!(comparison.finish().failed.len(), 1);
    }

    #[test]
    fn an_unusable_entry_of_nobody_in_the_store_is_no_business_of_a_sync() {
        let mut comparison = sync();
        comparison.observe_unusable(bad(Some(guid(1))), None);
        assert!(comparison.finish().failed.is_empty());
    }

    fn outside(policy: OutOfScopePolicy, email: Option<&str>) -> Findings {
        let mut comparison = Comparison::new(Terms {
            out_of_scope: policy,
            ..terms()
        });
        comparison.observe_outside(&read(1, email), stored(1, Status::Ok));
        comparison.finish()
    }

    #[test]
    fn who_left_the_scope_is_kept_in_step() {
        let same = outside(OutOfScopePolicy::Keep, Some("a@x"));
        assert_eq!((same.out_of_scope.len(), same.changed.len()), (1, 0));
        assert_eq!(same.out_of_scope[0].next.status, Status::OutOfScope);
        let other = outside(OutOfScopePolicy::Keep, Some("b@x"));
        assert_eq!((other.out_of_scope.len(), other.changed.len()), (0, 1));
        let next = &other.changed[0].next;
        assert_eq!(next.status, Status::OutOfScope);
        assert_eq!(next.values.profile.email.as_deref(), Some("b@x"));
    }

    #[test]
    fn who_left_the_scope_may_be_disabled_or_deleted() {
        let disabled = outside(OutOfScopePolicy::Disable, Some("a@x"));
        assert!(!disabled.changed[0].next.values.enabled);
        let deleted = outside(OutOfScopePolicy::Delete, Some("b@x"));
        assert_eq!(deleted.deletions[0].evidence, Evidence::OutOfScope);
    }

    #[test]
    fn a_user_is_missing_since_it_was_missed_first() {
        let miss = |user: StoredUser| {
            let mut comparison = sync();
            let last = LastSeen {
                at: Some(now()),
                returned_by: vec![ControllerId(7)],
            };
            comparison.record_missing(user, "not found".to_owned(), last);
            let missing = comparison.finish().missing.remove(0);
            assert_eq!(missing.next.status, Status::Missing);
            assert_eq!(missing.reason(), "not found");
            missing
        };
        let newly = miss(stored(1, Status::Ok));
        assert!(newly.is_new());
        let absence = newly.absence().expect("since when").clone();
        assert_eq!(absence.since, now());
        assert_eq!(absence.returned_by, [ControllerId(7)]);

        let earlier = Absence {
            since: Timestamp::from_second(1).expect("a time"),
            returned_by: vec![ControllerId(3)],
        };
        let mut again = stored(1, Status::Missing);
        again.tracking.absence = Some(earlier.clone());
        let again = miss(again);
        assert!(!again.is_new());
        assert_eq!(again.absence(), Some(&earlier));
    }

    #[test]
    fn who_comes_back_is_found_since_this_run() {
        let mut missing = stored(1, Status::Missing);
        missing.tracking.absence = Some(Absence {
            since: now(),
            returned_by: Vec::new(),
        });
        missing.tracking.reason = Some("not found".to_owned());
        let mut comparison = sync();
        comparison.observe(read(1, Some("a@x")), Some(missing));
        let findings = comparison.finish();
        let Tracking {
            absence,
            reason,
            found,
            ..
        } = &findings.refreshed[0].next.tracking;
        assert_eq!((absence, reason, found), (&None, &None, &None));
    }

    #[test]
    fn who_was_restored_is_kept_though_the_directory_does_not_have_it() {
        let mut comparison = sync();
        comparison.record_deleted(stored(1, Status::Restored), Evidence::Tombstone);
        comparison.record_missing(
            stored(2, Status::Restored),
            String::new(),
            LastSeen::default(),
        );
        let findings = comparison.finish();
        assert!(findings.deletions.is_empty() && findings.missing.is_empty());
        assert_eq!(findings.unchanged, 2);
    }

    #[test]
    fn an_account_is_enabled_until_it_expires() {
        let expiring = |second| {
            let mut user = read(1, Some("a@x"));
            user.expires = Timestamp::from_second(second).ok();
            let mut comparison = sync();
            comparison.observe(user, Some(stored(1, Status::Ok)));
            comparison.finish()
        };
        let later = expiring(1_700_000_001);
        // When it expires is kept, so that a run by mark knows of it.
        assert_eq!((later.refreshed.len(), later.changed.len()), (1, 0));
        assert!(later.refreshed[0].next.tracking.expires.is_some());
        for past in [1_700_000_000, 1_699_999_999] {
            let changed = expiring(past).changed;
            assert!(!changed[0].next.values.enabled);
        }
    }

    #[test]
    fn of_several_values_the_stored_one_stays() {
        let with = |first: &str, others: &[&str]| {
            let mut user = read(1, Some(first));
            let others = others.iter().map(|it| (*it).to_owned()).collect();
            user.others = vec![(Field::Email, others)];
            let mut comparison = sync();
            comparison.observe(user, Some(stored(1, Status::Ok)));
            let findings = comparison.finish();
            let next = findings
                .changed
                .first()
                .map(|it| it.next.values.profile.email.clone());
            next.flatten()
        };
        assert_eq!(with("b@x", &["a@x"]), None);
        assert_eq!(with("a@x", &["b@x"]), None);
        assert_eq!(with("b@x", &["c@x"]).as_deref(), Some("b@x"));
        // A change of case is a change of that value.
        assert_eq!(with("b@x", &["A@x"]).as_deref(), Some("A@x"));
        assert_eq!(with("A@x", &["b@x"]).as_deref(), Some("A@x"));
    }

    #[test]
    fn a_user_of_a_domain_that_was_not_read_before_becomes_one_of_this_one() {
        let mut other = stored(1, Status::Ok);
        other.tracking.domain = Some(DomainId(9));
        let mut comparison = sync();
        comparison.observe(read(1, Some("a@x")), Some(other));
        let findings = comparison.finish();
        assert_eq!(
            findings.refreshed[0].next.tracking.domain,
            Some(DomainId(1))
        );
    }

    fn is_doubted(comparison: &Comparison) -> bool {
        comparison.unidentified() > 0
    }

    #[test]
    fn an_entry_without_identity_among_those_looked_up_is_not_forgotten() {
        for counts in [[1, 0], [0, 1]] {
            let mut comparison = sync();
            for entries in counts {
                comparison.observe_unidentified(entries);
            }
            assert!(is_doubted(&comparison));
        }
        let mut comparison = sync();
        comparison.observe_unusable(bad(None), None);
        comparison.observe_unidentified(0);
        assert!(is_doubted(&comparison));
    }

    #[test]
    fn an_entry_without_identity_is_not_one_that_was_seen_or_brought_back() {
        let mut comparison = sync();
        comparison.observe(read(1, Some("a@x")), Some(stored(1, Status::Ok)));
        comparison.observe_unusable(bad(None), Some(stored(1, Status::Ok)));
        assert_eq!(comparison.findings.failed[0].user, None);
        assert!(is_doubted(&comparison));

        let mut comparison = sync();
        comparison.observe_unusable(bad(None), Some(stored(1, Status::Restored)));
        assert!(!comparison.seen().contains(UserId(1)));
        assert_eq!(comparison.findings.failed[0].user, None);
        assert!(is_doubted(&comparison));
    }

    #[test]
    fn an_entry_without_identity_is_not_one_that_is_seen_later() {
        let mut comparison = sync();
        comparison.observe_unusable(bad(None), Some(stored(1, Status::Ok)));
        comparison.observe(read(1, Some("a@x")), Some(stored(1, Status::Ok)));
        assert_eq!(comparison.take_repeated(), [guid(1)]);
        comparison.observe(read(1, Some("a@x")), Some(stored(1, Status::Ok)));
        assert_eq!(comparison.findings.unchanged, 1);
        assert!(is_doubted(&comparison));
    }

    #[test]
    fn another_dn_alone_is_written() {
        let mut comparison = sync();
        let mut moved = read(1, Some("a@x"));
        moved.text = Packed::new(&moved.profile(), "CN=moved");
        comparison.observe(moved, Some(stored(1, Status::Ok)));
        let findings = comparison.finish();
        assert_eq!((findings.refreshed.len(), findings.unchanged), (1, 0));
    }
}
