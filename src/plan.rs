//! What a run would do, as a pure function of what it found.
//!
//! [`Findings`] say what differs between the directory and the store and what is missing, [`Holders`]
//! who holds the names that are wanted; [`plan`] sorts every user into exactly one bucket of a
//! [`Plan`]. The [guard](Guard) then stands between a plan and the store: only a plan that it
//! [approved](Approved) can be applied, and applying consumes it.
//!
//! Nothing here knows a connection, a database, a clock or a printer.

mod action;
mod again;
pub mod change_mark;
pub mod compare;
mod counts;
mod duplicates;
pub mod evidence;
mod guard;
mod import;
#[cfg(test)]
mod properties;
mod reversal;

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::user::{
    Absence, Change, Field, Folded, ObjectGuid, Origin, Status, StoredUser, UniqueField, UserId,
    Values,
};
use crate::util::named::named;

pub use action::Action;
pub use counts::Counts;
use duplicates::Candidates;
pub use guard::{
    Allowed, Approved, Guard, GuardLimits, Impact, Limit, Population, Recent, Refusal, Subject,
    indefinite,
};
pub use import::{Import, Return};
pub use reversal::{Left, Reversal};

/// What reading the directory and comparing it with the store has found. Every user that was
/// looked at is in exactly one of these lists, or counted in `unchanged`.
#[derive(Debug, Default)]
pub struct Findings {
    /// Users whose values match the store, with nothing to write.
    pub unchanged: u64,
    /// Users whose values match the store, but who have something else to write, such as their DN.
    pub refreshed: Vec<Update>,
    /// Users of the store whose values are to change.
    pub changed: Vec<Update>,
    /// Users to add to the store.
    pub new: Vec<Import>,
    /// Users to delete from the store.
    pub deletions: Vec<Deletion>,
    /// Users in the domain but outside the scope, kept, whose values match the store.
    pub out_of_scope: Vec<Update>,
    /// Users found nowhere, without proof that they were deleted.
    pub missing: Vec<Missing>,
    /// Users whose data cannot be used.
    pub failed: Vec<FailedUser>,
    /// Imported users of other domains, which the run leaves alone.
    pub foreign: u64,
    /// How many users were read, and how many of them had a value in each optional field.
    pub sample: Sample,
}

/// What the users that were read had: tells a lost read right from values that were really removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// How many users there were.
    pub users: u64,
    /// How many had a value, in the order of [`Field::OPTIONAL`].
    pub with_value: [u64; Field::OPTIONAL.len()],
}

/// What is to become of a user of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// The user as it is in the store.
    pub user: StoredUser,
    /// The user as it is to be.
    pub next: StoredUser,
}

impl Update {
    /// What differs in its values.
    pub fn changes(&self) -> Vec<Change> {
        self.user.values.changes(&self.next.values)
    }
}

named! {
    /// Why a user is to be deleted.
    pub enum Evidence {
        /// The directory has it as a deleted object.
        Tombstone = "tombstone",
        /// A complete answer of the whole domain does not have it.
        Absent = "absent",
        /// It left the scope, and the settings say `out_of_scope = "delete"`.
        OutOfScope = "out_of_scope",
        /// The administrator named it in `adsync remove`.
        Removed = "removed",
        /// The run that added it is being undone.
        Undone = "undone",
    }
}

/// A user to delete from the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// The user as it is in the store.
    pub user: StoredUser,
    /// Why.
    pub evidence: Evidence,
}

/// A user found nowhere, without proof that it was deleted; it keeps its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The user as it is in the store.
    pub user: StoredUser,
    /// The user as it is to be, with the time since when it is missing and why it is kept.
    pub next: StoredUser,
}

impl Missing {
    /// Whether it has only now gone missing.
    pub fn is_new(&self) -> bool {
        self.user.status != Status::Missing
    }

    /// Since when.
    pub fn absence(&self) -> Option<&Absence> {
        self.next.tracking.absence.as_ref()
    }

    /// Whether its status is what the last run that looked at it left.
    pub fn is_as_before(&self) -> bool {
        !self.is_new() && self.user.tracking.reason == self.next.tracking.reason
    }

    /// Why it is kept.
    pub fn reason(&self) -> &str {
        self.next.tracking.reason.as_deref().unwrap_or_default()
    }
}

/// A user whose data cannot be used; it keeps its values and is never counted as missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedUser {
    /// The user as it is in the store; `None` if the store does not have it, or cannot tell which it is.
    pub user: Option<StoredUser>,
    /// The identity, where it could be read.
    pub guid: Option<ObjectGuid>,
    /// What to call it: the username in the store, else in the directory, else its DN.
    pub username: String,
    /// The DN, where it is known.
    pub dn: Option<String>,
    /// Why its data cannot be used.
    pub reason: String,
}

/// What a run would do. Each user is in one bucket; each bucket is sorted by username.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Users who match the directory, with nothing to write.
    pub unchanged: u64,
    /// Users counted as unchanged for whom something is written.
    pub refreshed: Vec<Update>,
    /// Users to add to the store.
    pub imported: Vec<Import>,
    /// Users whose values will change.
    pub modified: Vec<Update>,
    /// Users to delete from the store.
    pub deleted: Vec<Deletion>,
    /// Users left unchanged because another user holds or wants the same name.
    pub duplicate: Vec<Duplicate>,
    /// Users outside the scope whose values match the store.
    pub out_of_scope: Vec<Update>,
    /// Users found nowhere, left unchanged.
    pub missing: Vec<Missing>,
    /// Users left unchanged because their data cannot be used.
    pub failed: Vec<FailedUser>,
    /// Imported users of other domains, which the run leaves alone.
    pub foreign: u64,
    /// What the users that were read had.
    pub sample: Sample,
}

/// A user left unchanged because another user holds or wants the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The user as it would be.
    pub wanted: Wanted,
    /// Each value that it cannot have, and because of whom; never empty.
    pub conflicts: Vec<Conflict>,
}

/// The user as it would be if nobody else had its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// One of the store, with its other values.
    Changed(Box<Update>),
    /// One that would be new.
    New(Box<Import>),
}

/// A value that a user cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Which field.
    pub field: UniqueField,
    /// The wanted value, as the directory writes it.
    pub value: String,
    /// The user that is in the way.
    pub holder: Holder,
    /// False: `holder` has the value and keeps it. True: nobody has it, but `holder` newly wants
    /// it too, and nothing says who should get it.
    pub contested: bool,
}

/// A user that holds a name, or wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its row; `None` for a user that is not in the store yet.
    pub id: Option<UserId>,
    /// Its username: the stored one, if it is in the store.
    pub username: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Who holds, before the run, the names that users newly want.
#[derive(Debug, Default)]
pub struct Holders {
    held: HashMap<(UniqueField, Folded), Holder>,
    are_kept_by_deleted: bool,
    /// Those who were deleted, and whose rows are still there.
    departed: HashSet<UserId>,
    /// Other names that the store holds for equal to a name.
    alike: HashMap<(UniqueField, Folded), Vec<Folded>>,
}

impl Holders {
    /// Records that a user of the store holds a name.
    pub fn insert(&mut self, field: UniqueField, name: Folded, holder: Holder) {
        self.held.insert((field, name), holder);
    }

    /// Says that a holder was deleted, and that its row is still there.
    pub fn note_departed(&mut self, holder: UserId) {
        self.departed.insert(holder);
    }

    /// Whether a holder was deleted, and its row is still there.
    pub fn is_departed(&self, holder: UserId) -> bool {
        self.departed.contains(&holder)
    }

    /// Says which names the store holds for equal, beside those that are.
    pub fn make_alike(&mut self, field: UniqueField, names: &[Folded]) {
        for name in names {
            let others = names.iter().filter(|it| *it != name).cloned();
            self.alike
                .entry((field, name.clone()))
                .or_default()
                .extend(others);
        }
    }

    /// The other names that the store holds for equal to that one.
    pub fn alike(&self, field: UniqueField, name: &Folded) -> &[Folded] {
        if self.alike.is_empty() {
            return &[];
        }
        let found = self.alike.get(&(field, name.clone()));
        found.map_or(&[], Vec::as_slice)
    }

    /// Says that the row of a deleted user stays, and holds its names on.
    pub fn keep_of_deleted(&mut self) {
        self.are_kept_by_deleted = true;
    }

    /// Whether a deleted user holds its names on.
    pub fn are_kept_by_deleted(&self) -> bool {
        self.are_kept_by_deleted
    }

    /// Whether none of the names has a holder.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty() && self.alike.is_empty()
    }

    /// Who holds that name.
    pub fn get(&self, field: UniqueField, name: &Folded) -> Option<&Holder> {
        // The key is a pair of an owned name, so it has to be made for the look-up.
        self.held.get(&(field, name.clone()))
    }
}

impl Findings {
    /// Takes users whose new values the store cannot keep for failed; `why` says why, if so.
    pub fn refuse(&mut self, why: impl Fn(&Values<&str>) -> Option<String>) {
        let failed = &mut self.failed;
        self.changed
            .retain(|it| match why(&it.next.values.as_deref()) {
                Some(reason) => {
                    failed.push(FailedUser::of(it.user.clone(), reason));
                    false
                }
                None => true,
            });
        self.new.retain(|it| match why(&it.values()) {
            Some(reason) => {
                failed.push(FailedUser {
                    user: None,
                    guid: it.guid(),
                    username: it.username().to_owned(),
                    dn: it.dn().map(str::to_owned),
                    reason,
                });
                false
            }
            None => true,
        });
    }

    /// How many of the users looked at are in the store or to be added.
    pub fn stored(&self) -> u64 {
        self.looked_at() - FailedUser::strangers(&self.failed)
    }

    /// How many users were looked at.
    pub fn looked_at(&self) -> u64 {
        let Self {
            unchanged,
            refreshed,
            changed,
            new,
            deletions,
            out_of_scope,
            missing,
            failed,
            foreign: _,
            sample: _,
        } = self;
        let listed = refreshed.len()
            + changed.len()
            + new.len()
            + deletions.len()
            + out_of_scope.len()
            + missing.len()
            + failed.len();
        unchanged + listed as u64
    }

    /// The names that users newly want: those whose holders [`plan`] has to know.
    pub fn wanted_names(&self) -> impl Iterator<Item = (UniqueField, Folded)> {
        let candidates = Candidates::of(self);
        (0..candidates.len()).flat_map(move |at| candidates.get(at).claims())
    }
}

impl fmt::Display for Conflict {
    /// `email d@x is held by dave (local)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field.field().name();
        write!(f, "{field} {} {}", self.value, self.who())
    }
}

impl Conflict {
    /// `is held by dave (local)`
    pub fn who(&self) -> String {
        let verb = if self.contested {
            "is also wanted by"
        } else {
            "is held by"
        };
        let Holder {
            username, origin, ..
        } = &self.holder;
        format!("{verb} {username} ({})", origin.name())
    }
}

impl FailedUser {
    /// How many of these are not in the store.
    fn strangers(failed: &[Self]) -> u64 {
        failed.iter().filter(|it| it.user.is_none()).count() as u64
    }

    /// A user of the store.
    pub fn of(user: StoredUser, reason: String) -> Self {
        Self {
            guid: user.origin.guid(),
            username: user.values.profile.username.clone(),
            dn: user.origin.dn().map(str::to_owned),
            user: Some(user),
            reason,
        }
    }

    /// Whether its status is what the last run that looked at it left.
    pub fn is_as_before(&self) -> bool {
        stands_so(self.user.as_ref(), Status::Failed, || self.reason.clone())
    }
}

fn stands_so(user: Option<&StoredUser>, status: Status, reason: impl FnOnce() -> String) -> bool {
    user.is_some_and(|it| it.status == status && it.tracking.reason == Some(reason()))
}

impl Duplicate {
    /// The user as it is in the store; `None` for one that could not be added.
    pub fn user(&self) -> Option<&StoredUser> {
        match &self.wanted {
            Wanted::Changed(it) => Some(&it.user),
            Wanted::New(_) => None,
        }
    }

    /// Its identity in the directory, if it has one.
    pub fn guid(&self) -> Option<ObjectGuid> {
        match &self.wanted {
            Wanted::Changed(it) => it.next.origin.guid(),
            Wanted::New(it) => it.guid(),
        }
    }

    /// Its current distinguished name, if it has one.
    pub fn dn(&self) -> Option<&str> {
        match &self.wanted {
            Wanted::Changed(it) => it.next.origin.dn(),
            Wanted::New(it) => it.dn(),
        }
    }

    /// Whether its status is what the last run that looked at it left.
    pub fn is_as_before(&self) -> bool {
        stands_so(self.user(), Status::Duplicate, || self.reason())
    }

    /// Why it is a duplicate, in one line.
    pub fn reason(&self) -> String {
        let conflicts: Vec<String> = self.conflicts.iter().map(ToString::to_string).collect();
        conflicts.join("; ")
    }

    /// The stored username; for a user that could not be added, the wanted one.
    pub fn username(&self) -> &str {
        match &self.wanted {
            Wanted::Changed(it) => &it.user.values.profile.username,
            Wanted::New(it) => it.username(),
        }
    }
}

/// Sorts every user found into its bucket.
///
/// `holders` must know the holder of each of [`Findings::wanted_names`] that has one. The result
/// does not depend on the order in which users were found.
pub fn plan(mut findings: Findings, holders: &Holders) -> Plan {
    let username = |values: &Values| values.profile.folded_username();
    let by_user = |user: &StoredUser| (username(&user.values), user.id);
    findings.changed.sort_by_cached_key(|it| by_user(&it.user));
    let mut conflicts = duplicates::conflicts(&findings, holders);

    let Findings {
        unchanged,
        mut refreshed,
        changed,
        mut new,
        mut deletions,
        mut out_of_scope,
        mut missing,
        mut failed,
        foreign,
        sample,
    } = findings;
    let mut duplicate = Vec::new();
    let mut modified = Vec::new();
    let first_new = changed.len();
    for (at, update) in changed.into_iter().enumerate() {
        match conflicts.remove(&at) {
            None => modified.push(update),
            Some(conflicts) => duplicate.push(Duplicate {
                wanted: Wanted::Changed(Box::new(update)),
                conflicts,
            }),
        }
    }
    let mut at = first_new;
    new.retain(|import| {
        let conflicts = conflicts.remove(&at);
        at += 1;
        let is_free = conflicts.is_none();
        duplicate.extend(conflicts.map(|conflicts| Duplicate {
            wanted: Wanted::New(Box::new(import.clone())),
            conflicts,
        }));
        is_free
    });

    // Sorted only now: in the order of arrival their strings are adjacent in memory, which matters at a million users.
    new.sort_by_cached_key(|it| (Folded::new(it.username()), it.guid()));
    // The changed users came sorted, so what was made of them is sorted too.
    duplicate.sort_by_cached_key(|it| (Folded::new(it.username()), it.guid()));
    refreshed.sort_by_cached_key(|it| by_user(&it.user));
    deletions.sort_by_cached_key(|it| by_user(&it.user));
    out_of_scope.sort_by_cached_key(|it| by_user(&it.user));
    missing.sort_by_cached_key(|it| by_user(&it.user));
    failed.sort_by_cached_key(|it| (Folded::new(&it.username), it.guid, it.dn.clone()));
    Plan {
        unchanged,
        refreshed,
        imported: new,
        modified,
        deleted: deletions,
        duplicate,
        out_of_scope,
        missing,
        failed,
        foreign,
        sample,
    }
}

impl Plan {
    /// How many users the run looked at.
    pub fn checked(&self) -> u64 {
        let Self {
            unchanged: _,
            refreshed: _,
            imported,
            modified,
            deleted,
            duplicate,
            out_of_scope,
            missing,
            failed,
            foreign: _,
            sample: _,
        } = self;
        let listed = imported.len()
            + modified.len()
            + deleted.len()
            + duplicate.len()
            + out_of_scope.len()
            + missing.len()
            + failed.len();
        self.untouched() + listed as u64
    }

    /// How many users match the directory.
    pub fn untouched(&self) -> u64 {
        self.unchanged + self.refreshed.len() as u64
    }

    /// Whether somebody has become a duplicate, missing, failed or out of scope, or is one for a new reason.
    pub fn has_news(&self) -> bool {
        self.duplicate.iter().any(|it| !it.is_as_before())
            || self.missing.iter().any(|it| !it.is_as_before())
            || self.failed.iter().any(|it| !it.is_as_before())
            || self.newly_out_of_scope().next().is_some()
    }

    /// Users that only now are out of scope; they may stay so for years.
    pub fn newly_out_of_scope(&self) -> impl Iterator<Item = &Update> {
        let all = self.out_of_scope.iter();
        all.filter(|it| it.user.status != Status::OutOfScope)
    }

    /// Whether applying the plan would change a user.
    pub fn has_changes(&self) -> bool {
        !(self.imported.is_empty() && self.modified.is_empty() && self.deleted.is_empty())
    }
}
