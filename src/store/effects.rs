//! What a plan does to the rows of a store, whatever that store is.

use crate::plan::{Action, Duplicate, Plan};
use crate::store::{Outcome, Run};
use crate::user::{StoredUser, UniqueField};

/// The users of the store that a plan would write.
pub fn written(plan: &Plan) -> impl Iterator<Item = &StoredUser> {
    let Plan {
        unchanged: _,
        refreshed,
        imported: _,
        modified,
        deleted,
        duplicate,
        out_of_scope,
        missing,
        failed,
        foreign: _,
        sample: _,
    } = plan;
    (refreshed.iter().map(|it| &it.user))
        .chain(modified.iter().map(|it| &it.user))
        .chain(deleted.iter().map(|it| &it.user))
        .chain(duplicate.iter().filter_map(Duplicate::user))
        .chain(out_of_scope.iter().map(|it| &it.user))
        .chain(missing.iter().map(|it| &it.user))
        .chain(failed.iter().filter_map(|it| it.user.as_ref()))
}

/// Whether a row is unchanged, apart from when it was last in step.
pub fn is_same(now: &StoredUser, before: &StoredUser) -> bool {
    let StoredUser {
        id,
        origin,
        values,
        status,
        synced_at: _,
        tracking,
    } = now;
    *id == before.id
        && *origin == before.origin
        && *values == before.values
        && *status == before.status
        && *tracking == before.tracking
}

/// What it is called that a user becomes what it is next; none if nothing does.
pub fn action_of(user: &StoredUser, next: &StoredUser) -> Option<Action> {
    if user.values != next.values {
        Some(Action::Modified)
    } else if user.status != next.status || user.tracking.reason != next.tracking.reason {
        Some(Action::Marked)
    } else if user.origin != next.origin || user.tracking != next.tracking {
        Some(Action::Refreshed)
    } else {
        None
    }
}

/// Whether a user gets another username or email address, as these are compared.
pub fn changes_name(user: &StoredUser, next: &StoredUser) -> bool {
    let (user, next) = (&user.values.profile, &next.values.profile);
    UniqueField::ALL
        .into_iter()
        .any(|field| user.unique(field) != next.unique(field))
}

/// What an undo could not undo.
pub fn left(run: &Run, plan: &Plan) -> Option<String> {
    run.undoes?;
    let duplicates = plan
        .duplicate
        .iter()
        .map(|it| format!("{}: {}", it.username(), it.reason()));
    let all: Vec<String> = run.left.iter().cloned().chain(duplicates).collect();
    (!all.is_empty()).then(|| format!("not taken back: {}", all.join("; ")))
}

/// How a run ended whose plan was applied.
pub fn outcome_of(plan: &Plan, left: Option<&str>) -> Outcome {
    if plan.failed.is_empty() && left.is_none() {
        Outcome::Done
    } else {
        Outcome::Partial
    }
}
