//! What a plan comes to, in numbers.

use serde::Serialize;

use super::Plan;

/// How many users came out how, of a plan or of a run of the history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Users that were looked at.
    pub checked: u64,
    /// Users that are as they are in the directory.
    pub unchanged: u64,
    /// Users that are new.
    pub imported: u64,
    /// Users that got new values.
    pub modified: u64,
    /// Users that left the store.
    pub deleted: u64,
    /// Users that stay as they are because of another.
    pub duplicate: u64,
    /// Users that left the scope and stay as they are.
    pub out_of_scope: u64,
    /// Users that were found nowhere, which is not yet proof that they were deleted.
    pub missing: u64,
    /// Imported users of other domains, which the run left alone.
    pub foreign: u64,
    /// Users whose data cannot be used.
    pub failed: u64,
}

impl Counts {
    /// Of a plan.
    pub fn of(plan: &Plan) -> Self {
        Self {
            checked: plan.checked(),
            unchanged: plan.untouched(),
            imported: plan.imported.len() as u64,
            modified: plan.modified.len() as u64,
            deleted: plan.deleted.len() as u64,
            duplicate: plan.duplicate.len() as u64,
            out_of_scope: plan.out_of_scope.len() as u64,
            missing: plan.missing.len() as u64,
            foreign: plan.foreign,
            failed: plan.failed.len() as u64,
        }
    }
}
