//! What happened to a user, in a few words.

use crate::output::legible;
use crate::output::table::phrases::Detail;
use crate::output::table::{local_time, reason};
use crate::plan::{Conflict, Evidence, Missing, Update};
use crate::user::{Profile, Status, StoredUser};

/// Why a user is deleted.
pub fn evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Tombstone => "deleted in the directory",
        Evidence::Absent => "not in the directory any more",
        Evidence::OutOfScope => "left the scope, and out_of_scope = \"delete\"",
        Evidence::Removed => "taken out by hand",
        Evidence::Undone => "the run that brought it in is taken back",
    }
}

/// What changed of a user, and that it has left the scope in this run.
pub fn modified(it: &Update) -> Detail {
    let what = Detail::changes(&it.changes());
    let has_left = it.next.status == Status::OutOfScope && it.user.status != Status::OutOfScope;
    if has_left {
        return what.and(format!("out of scope: {}", place(&it.next)));
    }
    what
}

/// Where a user is in the directory.
pub fn place(user: &StoredUser) -> String {
    legible(user.origin.dn().unwrap_or_default())
}

/// Since when a user is missing, and why it is kept.
pub fn missing(it: &Missing) -> String {
    let since = it.absence().map(|it| local_time(it.since));
    let since = since.unwrap_or_default();
    format!("kept, missing since {since}: {}", reason(it.reason()))
}

/// `email d@x is held by dave (local)`
pub fn conflicts(conflicts: &[Conflict]) -> Detail {
    Detail::phrases(conflicts.iter().map(|it| legible(&it.to_string())))
}

/// `Ann Lee <ann@x>`
pub fn person<T: AsRef<str>>(profile: &Profile<T>) -> String {
    let name = profile.full_name();
    let email = profile.as_deref().email.map(|email| format!("<{email}>"));
    let parts = [Some(name).filter(|name| !name.is_empty()), email];
    legible(&parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
}
