//! A plan in numbers.

use serde::Serialize;

use super::Plan;

/// How many users have each outcome, in a plan or in a run of the history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Users looked at.
    pub checked: u64,
    /// Users who match the directory.
    pub unchanged: u64,
    /// Users added.
    pub imported: u64,
    /// Users whose values changed.
    pub modified: u64,
    /// Users deleted.
    pub deleted: u64,
    /// Users left unchanged because another holds or wants their name.
    pub duplicate: u64,
    /// Users who left the scope and were kept.
    pub out_of_scope: u64,
    /// Users found nowhere, without proof that they were deleted.
    pub missing: u64,
    /// Imported users of other domains, not looked at.
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
