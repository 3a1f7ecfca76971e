//! Users that no search finds any more: collects the evidence for and against a deletion, and has it judged.

use std::collections::HashSet;

use super::reach::Reach;
use crate::directory::Directory;
use crate::plan::compare::LastSeen;
use crate::plan::evidence::{self, Circumstances, Doubt, LastPlace, Trace};
use crate::store::{self, StoreError, View};
use crate::user::{Absence, ControllerId, Domain, ObjectGuid, StoredUser};

/// How many other users are looked up to see whether the account can find anybody by identity.
const WITNESSES: u32 = 100;

/// What a run has seen by the time it looks for missing users.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// A user of the store that was found. If there is none, other users are looked up instead.
    pub found: Option<ObjectGuid>,
    /// Entries without a usable identity.
    pub unidentified: u64,
    /// Whether all of the scope was read.
    pub has_read_scope: bool,
}

/// The fate of a user that was not found.
#[derive(Debug)]
pub enum Verdict {
    /// Deleted.
    Deleted,
    /// Still there, but its entry cannot be used; the reason.
    Unusable(String),
    /// Not proven deleted; the reason, and what to store with it.
    Missing(String, LastSeen),
}

/// Judges users one by one.
pub struct Judge<'a> {
    circumstances: Circumstances,
    reach: &'a Reach<'a>,
    last_seen: store::LastSeen,
    /// Whether all of the scope was read, and with it every entry whose identity cannot be read.
    has_read_scope: bool,
    directory: &'a mut Directory,
}

impl<'a> Judge<'a> {
    /// Collects the evidence that concerns all of them.
    pub fn new(
        reach: &'a Reach<'a>,
        store: &dyn View,
        directory: &'a mut Directory,
        nowhere: &[ObjectGuid],
        seen: Seen,
    ) -> anyhow::Result<Self> {
        let Seen {
            found,
            unidentified,
            has_read_scope,
        } = seen;
        directory.verify_search_by_identity()?;
        let mut located = directory.locate(found.as_slice())?;
        let mut unidentified = unidentified.max(located.unidentified);
        if located.living.is_empty() {
            let others = others(store, &reach.domain, nowhere)?;
            located = directory.locate(&others)?;
            unidentified = unidentified.max(located.unidentified);
        }
        Ok(Self {
            circumstances: Circumstances {
                now: reach.now,
                missing_after: reach.missing_after(),
                deleted_objects: directory.deleted_objects()?,
                has_witness: !located.living.is_empty(),
                unidentified,
            },
            reach,
            last_seen: store.last_seen()?,
            has_read_scope,
            directory,
        })
    }

    /// Judges a user.
    pub fn judge(&mut self, user: &StoredUser) -> anyhow::Result<Verdict> {
        let last = LastSeen {
            at: self.last_seen.found(user),
            returned_by: self.returned_by(user),
        };
        let trace = Trace {
            last_seen: last.at,
            missing_since: user.tracking.absence.as_ref().map(|it| it.since),
            was_returned: self
                .reach
                .controller
                .id
                .is_some_and(|it| last.returned_by.contains(&it)),
        };
        let directory = &mut *self.directory;
        let place = || match (user.origin.guid(), user.origin.dn()) {
            (Some(guid), Some(dn)) if !dn.is_empty() => directory.last_place(guid, dn),
            _ => Ok(LastPlace::Unknown),
        };
        let doubt = match evidence::absence(&trace, &self.circumstances, place)? {
            Err(doubt) => doubt,
            Ok(()) if self.has_nameless()? => Doubt::Unidentified,
            Ok(()) => return Ok(Verdict::Deleted),
        };
        Ok(match doubt.defect() {
            Some(defect) => Verdict::Unusable(defect.to_owned()),
            None => Verdict::Missing(doubt.to_string(), last),
        })
    }

    /// Whether the scope has entries without a usable identity. A run that reads only part of the scope asks this
    /// before it deletes anybody, so that it trusts no more than a full run does.
    fn has_nameless(&mut self) -> anyhow::Result<bool> {
        if !self.has_read_scope {
            self.circumstances.unidentified += self.directory.nameless()?;
            self.has_read_scope = true;
        }
        Ok(self.circumstances.unidentified > 0)
    }

    /// The domain controllers that had returned a user before it went missing: the one it was imported from, and those
    /// read completely since.
    fn returned_by(&self, user: &StoredUser) -> Vec<ControllerId> {
        if let Some(Absence { returned_by, .. }) = &user.tracking.absence {
            return returned_by.clone();
        }
        let Some(found) = user.tracking.found else {
            return Vec::new();
        };
        let since = self.reach.full_runs().filter(|(_, run)| *run > found.run);
        let mut controllers: Vec<ControllerId> = since.map(|(controller, _)| controller).collect();
        controllers.extend(found.on.filter(|it| !controllers.contains(it)));
        controllers.sort_unstable();
        controllers
    }
}

/// Users of the store that are not missing, to look up.
fn others(
    store: &dyn View,
    domain: &Domain,
    nowhere: &[ObjectGuid],
) -> Result<Vec<ObjectGuid>, StoreError> {
    let nowhere: HashSet<&ObjectGuid> = nowhere.iter().collect();
    let enough = WITNESSES.saturating_add(u32::try_from(nowhere.len()).unwrap_or(u32::MAX));
    let mut others = store.imported_guids(domain, Some(enough))?;
    others.retain(|it| !nowhere.contains(it));
    others.truncate(WITNESSES as usize);
    Ok(others)
}
