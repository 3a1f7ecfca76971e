//! How somebody who is not in the store stands to it: what bringing in this user alone would come to.

use crate::output::picker::Item;
use crate::output::table::detail;
use crate::plan::{Conflict, Findings, Import, plan};
use crate::store::{Ours, Reader};
use crate::user::{DirectoryUser, UniqueField};

/// What an import of a directory user alone would come to.
#[derive(Debug)]
pub enum Standing {
    /// It would be new.
    New,
    /// It is in the store already.
    Imported,
    /// It would be a duplicate.
    Duplicate(Vec<Conflict>),
}

/// Of a user of the directory.
pub fn of(user: &DirectoryUser, store: &Reader, ours: &Ours) -> anyhow::Result<Standing> {
    if store.by_guid(ours, user.guid)?.is_some() {
        return Ok(Standing::Imported);
    }
    let conflicts = conflicts(
        Import::from_directory(user.clone(), jiff::Timestamp::now()),
        store,
    )?;
    Ok(if conflicts.is_empty() {
        Standing::New
    } else {
        Standing::Duplicate(conflicts)
    })
}

/// Who holds what somebody would bring along.
pub fn conflicts(user: Import, store: &Reader) -> anyhow::Result<Vec<Conflict>> {
    let findings = Findings {
        new: vec![user],
        ..Findings::default()
    };
    let holders = store.holders(findings.wanted_names())?;
    let duplicate = plan(findings, &holders).duplicate.into_iter().next();
    Ok(duplicate.map_or_else(Vec::new, |it| it.conflicts))
}

/// An item of a list, which cannot be picked if there are conflicts.
pub fn refused(item: Item, conflicts: &[Conflict]) -> Item {
    let is_held = |field: &UniqueField| conflicts.iter().any(|it| it.field == *field);
    let held: Vec<&str> = UniqueField::ALL
        .iter()
        .filter(|field| is_held(field))
        .map(|field| field.field().name())
        .collect();
    let verb = match held.len() {
        0 => return item,
        1 => "exists",
        _ => "exist",
    };
    Item {
        note: format!("{} already {verb}", held.join(" and ")),
        refusal: Some(detail::conflicts(conflicts).plain()),
        ..item
    }
}
