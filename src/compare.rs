//! Comparing the directory with the store, one user at a time.
//!
//! Owns what must be remembered between the first user that is read and the plan: what differs,
//! what is new, what cannot be used, and which rows were seen. It gets each user together with
//! its row and does no I/O of its own, so that a large directory streams past it: what is in step
//! leaves a bit behind, nothing else.

mod seen;

use std::collections::{HashMap, HashSet};

use crate::plan::{Changed, Deletion, Evidence, FailedUser, Findings, Import, OutOfScope, Refresh};
use crate::user::{DirectoryUser, ObjectGuid, Origin, Profile, Status, StoredUser, UserId, Values};

pub use seen::Seen;

/// What a directory user that the store does not have is to the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newcomers {
    /// `import`: shall be new in the store.
    Import,
    /// `sync`: not its business.
    Ignore,
}

/// What it means that an attribute has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingValue {
    /// The attribute is empty: the field is cleared.
    Clears,
    /// The answer comes from a global catalog, which has but a part of the attributes: the field
    /// keeps what it has.
    Keeps,
}

/// What to do with users that left the scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutOfScopePolicy {
    /// Keep and mark them.
    #[default]
    Keep,
    /// Delete them; the guard applies.
    Delete,
}

impl OutOfScopePolicy {
    /// The name of the policy in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Delete => "delete",
        }
    }
}

/// An entry of the directory that cannot be used as it is.
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

/// Where an imported user is that the scope did not return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// In the domain, outside the scope.
    Elsewhere {
        /// Its DN.
        dn: String,
    },
    /// Deleted; the directory still has the object.
    Tombstone,
    /// Nowhere in a complete answer of the whole domain.
    Nowhere,
}

/// The comparison as far as it has come.
#[derive(Debug)]
pub struct Comparison {
    newcomers: Newcomers,
    missing_value: MissingValue,
    findings: Findings,
    seen: Seen,
    /// Identities of users that are not in the store, to notice when one comes twice.
    new: HashSet<ObjectGuid>,
    /// Users that came more than once, and their rows.
    repeated: HashMap<ObjectGuid, Option<UserId>>,
    /// Users that an entry without a readable identity was taken for, because it has their DN.
    by_dn: HashSet<ObjectGuid>,
    /// Entries that cannot be tied to any user of the store: each may be one that seems missing.
    unidentified: u64,
}

impl Comparison {
    /// Nothing seen yet.
    pub fn new(newcomers: Newcomers, missing_value: MissingValue) -> Self {
        Self {
            newcomers,
            missing_value,
            findings: Findings::default(),
            seen: Seen::default(),
            new: HashSet::new(),
            repeated: HashMap::new(),
            by_dn: HashSet::new(),
            unidentified: 0,
        }
    }

    /// Takes in a user of the directory and the row with the same identity.
    pub fn see(&mut self, user: DirectoryUser, stored: Option<StoredUser>) {
        let Some(stored) = stored else {
            return self.see_new(user);
        };
        if !self.seen.insert(stored.id) {
            self.repeated.insert(user.guid, Some(stored.id));
            return;
        }
        let known = stored.values.as_deref();
        let wanted = Values {
            profile: self.fill_in(user.profile(), &known.profile),
            enabled: user.enabled.unwrap_or(known.enabled),
        };
        let dn = || user.dn().to_owned();
        if wanted != known {
            let wanted = wanted.to_owned();
            self.findings.changed.push(Changed {
                user: stored,
                origin: Origin::Directory {
                    guid: user.guid,
                    dn: dn(),
                },
                wanted,
            });
        } else if Refresh::is_needed(&stored, user.dn()) {
            self.findings.refreshed.push(Refresh {
                user: stored,
                dn: dn(),
            });
        } else {
            self.findings.unchanged += 1;
        }
    }

    fn see_new(&mut self, user: DirectoryUser) {
        if self.newcomers == Newcomers::Ignore {
            return;
        }
        if !self.new.insert(user.guid) {
            self.repeated.insert(user.guid, None);
            return;
        }
        let mut import = Import::from(user);
        import.arrival = self.new.len() as u64;
        self.findings.new.push(import);
    }

    fn fill_in<'a>(
        &self,
        profile: Profile<&'a str>,
        stored: &Profile<&'a str>,
    ) -> Profile<&'a str> {
        if self.missing_value == MissingValue::Clears {
            return profile;
        }
        Profile {
            username: profile.username,
            first_name: profile.first_name.or(stored.first_name),
            last_name: profile.last_name.or(stored.last_name),
            email: profile.email.or(stored.email),
            contact_number: profile.contact_number.or(stored.contact_number),
        }
    }

    /// Takes in an entry that cannot be used, and the row it belongs to, if one could be found.
    pub fn see_bad(&mut self, entry: BadEntry, stored: Option<StoredUser>) {
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
        if guid.is_none() {
            let owner = stored.as_ref().and_then(|user| user.origin.guid());
            self.by_dn.extend(owner);
        }
        match (&stored, guid) {
            (Some(user), _) if !self.seen.insert(user.id) => {
                self.repeated.extend(guid.map(|guid| (guid, Some(user.id))));
                return;
            }
            // Known by its identity not to be in the store: no business of a synchronisation.
            (None, Some(_)) if self.newcomers == Newcomers::Ignore => return,
            (None, Some(guid)) if !self.new.insert(guid) => {
                self.repeated.insert(guid, None);
                return;
            }
            (None, None) => self.unidentified += 1,
            _ => {}
        }
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

    /// Takes in how many entries of a look-up by identity carry none that was asked for.
    pub fn see_unidentified(&mut self, entries: u64) {
        self.unidentified = self.unidentified.max(entries);
    }

    /// Forgets the users that came more than once (one that is moved while pages are read may come
    /// from both places) and says which: they are to be read again and taken in anew.
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
            failed,
        } = &mut self.findings;
        let before = refreshed.len() + changed.len() + new.len() + failed.len();
        let is_again = |guid: Option<ObjectGuid>| guid.is_some_and(|it| repeated.contains_key(&it));
        refreshed.retain(|it| !is_again(it.user.origin.guid()));
        changed.retain(|it| !is_again(it.origin.guid()));
        new.retain(|it| !is_again(it.guid()));
        failed.retain(|it| !is_again(it.guid));
        let removed = before - refreshed.len() - changed.len() - new.len() - failed.len();
        // What stood in no list was counted as unchanged.
        *unchanged -= (repeated.len() - removed) as u64;

        for (guid, row) in &repeated {
            // It came by its identity as well: the entry at its old DN is somebody else.
            self.unidentified += u64::from(self.by_dn.remove(guid));
            match row {
                Some(id) => self.seen.remove(*id),
                None => _ = self.new.remove(guid),
            }
        }
        repeated.into_keys().collect()
    }

    /// The users that are new, in the order in which they came.
    pub fn new_users(&self) -> &[Import] {
        &self.findings.new
    }

    /// The rows that were seen.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Takes in where a user is that the scope did not return.
    pub fn miss(&mut self, user: StoredUser, whereabouts: Whereabouts, policy: OutOfScopePolicy) {
        let would_go = match &whereabouts {
            Whereabouts::Elsewhere { .. } => policy == OutOfScopePolicy::Delete,
            Whereabouts::Tombstone | Whereabouts::Nowhere => true,
        };
        if would_go && user.status == Status::Restored {
            // An administrator brought it back and knows that the scope does not have it.
            self.findings.unchanged += 1;
            return;
        }
        let evidence = match whereabouts {
            Whereabouts::Elsewhere { dn } => {
                if policy == OutOfScopePolicy::Keep {
                    self.findings.out_of_scope.push(OutOfScope { user, dn });
                    return;
                }
                Evidence::OutOfScope
            }
            Whereabouts::Tombstone => Evidence::Tombstone,
            Whereabouts::Nowhere if self.unidentified > 0 => {
                self.findings.failed.push(doubtful(user, self.unidentified));
                return;
            }
            Whereabouts::Nowhere => Evidence::Absent,
        };
        self.findings.deletions.push(Deletion { user, evidence });
    }

    /// Takes in users that were not looked at, because nothing changed about them: how many are in step,
    /// and those that are out of scope.
    pub fn vouch_for(&mut self, in_step: u64, out_of_scope: Vec<StoredUser>) {
        self.findings.unchanged += in_step;
        let unmoved = out_of_scope.into_iter().map(|user| OutOfScope {
            dn: user.origin.dn().unwrap_or_default().to_owned(),
            user,
        });
        self.findings.out_of_scope.extend(unmoved);
    }

    /// Whether entries were seen whose identity cannot be read.
    pub fn is_doubtful(&self) -> bool {
        self.unidentified > 0 || !self.by_dn.is_empty()
    }

    /// All that was found.
    pub fn finish(self) -> Findings {
        self.findings
    }
}

/// An imported user that is nowhere, while the directory sent entries whose identity cannot be
/// read: it may be one of them.
fn doubtful(user: StoredUser, unidentified: u64) -> FailedUser {
    let entries = if unidentified == 1 {
        "entry"
    } else {
        "entries"
    };
    FailedUser {
        guid: user.origin.guid(),
        username: user.values.profile.username.clone(),
        dn: user.origin.dn().map(str::to_owned),
        user: Some(user),
        reason: format!(
            "not found, but the directory sent {unidentified} {entries} without a usable identity, and this user may be among them"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::Packed;

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
        }
    }

    fn read(number: u8, email: Option<&str>) -> DirectoryUser {
        DirectoryUser {
            guid: guid(number),
            text: Packed::new(&profile(email).as_deref(), "CN=alice"),
            enabled: Some(true),
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
        Comparison::new(Newcomers::Ignore, MissingValue::Clears)
    }

    #[test]
    fn what_is_in_step_leaves_a_bit_and_nothing_else() {
        let mut comparison = sync();
        comparison.see(read(1, Some("a@x")), Some(stored(1, Status::Ok)));
        assert!(comparison.seen().contains(UserId(1)));
        assert!(!comparison.seen().contains(UserId(2)));
        let findings = comparison.finish();
        assert_eq!(findings.unchanged, 1);
        assert!(findings.changed.is_empty() && findings.refreshed.is_empty());
    }

    #[test]
    fn a_status_to_clear_is_a_refresh_and_no_change() {
        let mut comparison = sync();
        comparison.see(read(1, Some("a@x")), Some(stored(1, Status::Duplicate)));
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
        comparison.see(unsaid, Some(disabled));
        assert_eq!(comparison.finish().unchanged, 1);
    }

    #[test]
    fn a_global_catalog_clears_no_field() {
        for (missing, changed) in [(MissingValue::Clears, 1), (MissingValue::Keeps, 0)] {
            let mut comparison = Comparison::new(Newcomers::Ignore, missing);
            comparison.see(read(1, None), Some(stored(1, Status::Ok)));
            assert_eq!(comparison.finish().changed.len(), changed, "{missing:?}");
        }
    }

    #[test]
    fn newcomers_are_the_business_of_an_import_alone() {
        for (newcomers, new) in [(Newcomers::Import, 1), (Newcomers::Ignore, 0)] {
            let mut comparison = Comparison::new(newcomers, MissingValue::Clears);
            comparison.see(read(1, None), None);
            assert_eq!(comparison.finish().new.len(), new, "{newcomers:?}");
        }
    }

    #[test]
    fn who_comes_twice_is_forgotten_and_asked_for_again() {
        for first in [Some("a@x"), Some("b@x")] {
            let mut comparison = sync();
            comparison.see(read(1, first), Some(stored(1, Status::Ok)));
            comparison.see(read(1, Some("c@x")), Some(stored(1, Status::Ok)));
            assert_eq!(comparison.take_repeated(), [guid(1)]);
            assert!(!comparison.seen().contains(UserId(1)));
            comparison.see(read(1, Some("c@x")), Some(stored(1, Status::Ok)));
            assert!(comparison.take_repeated().is_empty());
            let findings = comparison.finish();
            assert_eq!((findings.unchanged, findings.changed.len()), (0, 1));
        }
    }

    #[test]
    fn a_newcomer_that_comes_twice_is_asked_for_again_too() {
        let mut comparison = Comparison::new(Newcomers::Import, MissingValue::Clears);
        comparison.see(read(1, None), None);
        comparison.see(read(1, Some("a@x")), None);
        assert_eq!(comparison.take_repeated(), [guid(1)]);
        assert!(comparison.finish().new.is_empty());
    }

    #[test]
    fn a_failed_user_is_seen_and_never_missing() {
        let mut comparison = sync();
        comparison.see_bad(bad(Some(guid(1))), Some(stored(1, Status::Ok)));
        assert!(comparison.seen().contains(UserId(1)));
        assert_eq!(comparison.finish().failed.len(), 1);
    }

    #[test]
    fn an_unusable_entry_of_nobody_in_the_store_is_no_business_of_a_sync() {
        let mut comparison = sync();
        comparison.see_bad(bad(Some(guid(1))), None);
        assert!(comparison.finish().failed.is_empty());
    }

    #[test]
    fn nobody_is_absent_while_an_entry_has_no_identity() {
        let mut comparison = sync();
        comparison.see_bad(bad(None), None);
        comparison.miss(
            stored(1, Status::Ok),
            Whereabouts::Nowhere,
            OutOfScopePolicy::Keep,
        );
        comparison.miss(
            stored(2, Status::Ok),
            Whereabouts::Tombstone,
            OutOfScopePolicy::Keep,
        );
        let findings = comparison.finish();
        assert_eq!(findings.failed.len(), 2);
        // A tombstone is certain all the same.
        assert_eq!(findings.deletions.len(), 1);
        assert_eq!(findings.deletions[0].evidence, Evidence::Tombstone);
    }

    #[test]
    fn where_a_missing_user_is_decides() {
        let elsewhere = || Whereabouts::Elsewhere {
            dn: "CN=elsewhere".to_owned(),
        };
        for (whereabouts, policy, evidence) in [
            (
                Whereabouts::Nowhere,
                OutOfScopePolicy::Keep,
                Some(Evidence::Absent),
            ),
            (
                Whereabouts::Tombstone,
                OutOfScopePolicy::Keep,
                Some(Evidence::Tombstone),
            ),
            (elsewhere(), OutOfScopePolicy::Keep, None),
            (
                elsewhere(),
                OutOfScopePolicy::Delete,
                Some(Evidence::OutOfScope),
            ),
        ] {
            let mut comparison = sync();
            comparison.miss(stored(1, Status::Ok), whereabouts, policy);
            let findings = comparison.finish();
            let deleted = findings.deletions.first().map(|it| it.evidence);
            assert_eq!(deleted, evidence);
            assert_eq!(findings.out_of_scope.len(), usize::from(evidence.is_none()));
        }
    }

    #[test]
    fn who_was_restored_is_kept_though_the_directory_does_not_have_it() {
        for whereabouts in [Whereabouts::Nowhere, Whereabouts::Tombstone] {
            let mut comparison = sync();
            let restored = stored(1, Status::Restored);
            comparison.miss(restored, whereabouts, OutOfScopePolicy::Delete);
            let findings = comparison.finish();
            assert!(findings.deletions.is_empty());
            assert_eq!(findings.unchanged, 1);
        }
    }

    fn is_doubted(mut comparison: Comparison) -> bool {
        let (user, keep) = (stored(9, Status::Ok), OutOfScopePolicy::Keep);
        comparison.miss(user, Whereabouts::Nowhere, keep);
        comparison.finish().deletions.is_empty()
    }

    #[test]
    fn an_entry_without_identity_among_those_looked_up_is_not_forgotten() {
        for counts in [[1, 0], [0, 1]] {
            let mut comparison = sync();
            for entries in counts {
                comparison.see_unidentified(entries);
            }
            assert!(is_doubted(comparison));
        }
        let mut comparison = sync();
        comparison.see_bad(bad(None), None);
        comparison.see_unidentified(0);
        assert!(is_doubted(comparison));
    }

    #[test]
    fn an_entry_without_identity_is_not_one_that_was_seen_or_brought_back() {
        let mut comparison = sync();
        comparison.see(read(1, Some("a@x")), Some(stored(1, Status::Ok)));
        comparison.see_bad(bad(None), Some(stored(1, Status::Ok)));
        assert_eq!(comparison.findings.failed[0].user, None);
        assert!(is_doubted(comparison));

        let mut comparison = sync();
        comparison.see_bad(bad(None), Some(stored(1, Status::Restored)));
        assert!(!comparison.seen().contains(UserId(1)));
        assert_eq!(comparison.findings.failed[0].user, None);
        assert!(is_doubted(comparison));
    }

    #[test]
    fn an_entry_without_identity_is_not_one_that_is_seen_later() {
        let mut comparison = sync();
        comparison.see_bad(bad(None), Some(stored(1, Status::Ok)));
        comparison.see(read(1, Some("a@x")), Some(stored(1, Status::Ok)));
        assert_eq!(comparison.take_repeated(), [guid(1)]);
        comparison.see(read(1, Some("a@x")), Some(stored(1, Status::Ok)));
        assert_eq!(comparison.findings.unchanged, 1);
        assert!(is_doubted(comparison));
    }

    #[test]
    fn another_dn_alone_is_written() {
        let mut comparison = sync();
        let mut moved = read(1, Some("a@x"));
        moved.text = Packed::new(&moved.profile(), "CN=moved");
        comparison.see(moved, Some(stored(1, Status::Ok)));
        let findings = comparison.finish();
        assert_eq!((findings.refreshed.len(), findings.unchanged), (1, 0));
    }
}
