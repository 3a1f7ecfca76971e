//! What importing single users would do.

use std::collections::HashSet;

use crate::plan::{Conflict, Findings, Holders, Import, plan};
use crate::store::{Keys, Ours, StoreError, View};
use crate::user::{DirectoryUser, ObjectGuid};

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

/// What the store has of users of the directory, asked of all of them at once.
#[derive(Debug)]
pub struct Previews {
    imported: HashSet<ObjectGuid>,
    holders: Holders,
}

impl Previews {
    /// For these users.
    pub fn of<'u>(
        users: impl Iterator<Item = &'u DirectoryUser> + Clone,
        store: &dyn View,
        ours: &Ours,
    ) -> Result<Self, StoreError> {
        let guids: Vec<ObjectGuid> = users.clone().map(|it| it.guid).collect();
        let stored = store.users(Keys::Identities(&guids))?;
        let stored = stored.iter().filter(|it| ours.has(it));
        Ok(Self {
            imported: stored.filter_map(|it| it.origin.guid()).collect(),
            holders: holders(users.map(import).collect(), store)?,
        })
    }

    /// What importing one of them would do, and nobody else.
    pub fn preview(&self, user: &DirectoryUser) -> Preview {
        if self.imported.contains(&user.guid) {
            return Preview::Imported;
        }
        let conflicts = conflicts(import(user), &self.holders);
        if conflicts.is_empty() {
            Preview::New
        } else {
            Preview::Duplicate(conflicts)
        }
    }
}

fn import(user: &DirectoryUser) -> Import {
    Import::from_directory(user.clone(), jiff::Timestamp::now())
}

/// Who holds the names of new users.
pub fn holders(new: Vec<Import>, store: &dyn View) -> Result<Holders, StoreError> {
    let findings = Findings {
        new,
        ..Findings::default()
    };
    store.holders(&mut findings.wanted_names())
}

/// The users that hold the names of a new one.
pub fn conflicts(user: Import, holders: &Holders) -> Vec<Conflict> {
    let findings = Findings {
        new: vec![user],
        ..Findings::default()
    };
    let duplicate = plan(findings, holders).duplicate.into_iter().next();
    duplicate.map_or_else(Vec::new, |it| it.conflicts)
}
