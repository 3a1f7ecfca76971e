//! What importing a single user would do.

use crate::plan::{Conflict, Findings, Import, plan};
use crate::store::{Ours, View};
use crate::user::DirectoryUser;

/// What importing a directory user would do.
#[derive(Debug)]
pub enum Preview {
    /// It would be new.
    New,
    /// It is in the store already.
    Imported,
    /// It would be a duplicate.
    Duplicate(Vec<Conflict>),
}

/// For a user of the directory.
pub fn of(user: &DirectoryUser, store: &dyn View, ours: &Ours) -> anyhow::Result<Preview> {
    if store.by_guid(ours, user.guid)?.is_some() {
        return Ok(Preview::Imported);
    }
    let conflicts = conflicts(
        Import::from_directory(user.clone(), jiff::Timestamp::now()),
        store,
    )?;
    Ok(if conflicts.is_empty() {
        Preview::New
    } else {
        Preview::Duplicate(conflicts)
    })
}

/// The users that hold the names of a new one.
pub fn conflicts(user: Import, store: &dyn View) -> anyhow::Result<Vec<Conflict>> {
    let findings = Findings {
        new: vec![user],
        ..Findings::default()
    };
    let holders = store.holders(&mut findings.wanted_names())?;
    let duplicate = plan(findings, &holders).duplicate.into_iter().next();
    Ok(duplicate.map_or_else(Vec::new, |it| it.conflicts))
}
