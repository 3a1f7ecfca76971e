//! The history of single users. They are found through the runs that renamed or deleted somebody, and then by row: the
//! million changes of a first import are not read.

use std::collections::HashSet;

use std::rc::Rc;

use rusqlite::types::Value;
use rusqlite::{Row, params};

use super::Reader;
use super::history::{CHANGE_COLUMNS, past_change};
use crate::store::{Keys, PastChange, StoreError, View};
use crate::user::{Folded, ObjectGuid, StoredUser};

/// Renames and deletions: row, names before and after, identity.
const NAMING: &str =
    "SELECT user_id, username, after ->> '$.username', coalesce(before, after) ->> '$.guid'
     FROM runs CROSS JOIN changes ON run_id = runs.id
     WHERE (deleted > 0 OR modified > 0) AND (action = 'deleted' OR action = 'modified')";

/// The same for all changes, for users that another program renamed or removed.
const EVERY: &str = "SELECT user_id, username, after ->> '$.username', coalesce(before, after) ->> '$.guid' FROM changes";

/// The deletions of a run, or of all runs, newest first.
const DELETIONS: &str = "FROM runs CROSS JOIN changes ON run_id = runs.id
     WHERE deleted > 0 AND action = 'deleted' AND (?1 IS NULL OR run_id = ?1) ORDER BY run_id DESC, username";

/// Rows and identities of users.
#[derive(Debug, Default)]
struct Traces {
    rows: HashSet<i64>,
    guids: HashSet<String>,
}

impl Traces {
    fn add(&mut self, row: i64, guid: Option<String>) {
        self.rows.insert(row);
        self.guids.extend(guid);
    }

    fn add_user(&mut self, user: &StoredUser) {
        self.add(user.id.0, user.origin.guid().map(|it| it.to_string()));
    }
}

impl Reader {
    /// All changes of every user that ever had a name, oldest first.
    pub(super) fn changes_of_user(&self, name: &Folded) -> Result<Vec<PastChange>, StoreError> {
        let is_it = |text: Option<&str>| text.is_some_and(|it| Folded::new(it) == *name);
        let is_named = |row: &Row<'_>| -> rusqlite::Result<bool> {
            let (before, after) = (row.get_ref(1)?, row.get_ref(2)?);
            Ok(is_it(before.as_str_or_null()?) || is_it(after.as_str_or_null()?))
        };
        let mut traces = Traces::default();
        for user in self.users(Keys::Usernames(std::slice::from_ref(name)))? {
            traces.add_user(&user);
        }
        self.trace(&mut traces, NAMING, &is_named)?;
        if traces.rows.is_empty() {
            self.trace(&mut traces, EVERY, &is_named)?;
        }
        self.lives(traces)
    }

    /// All changes of a user, oldest first, including those of its earlier rows.
    pub(super) fn changes_of(&self, user: &StoredUser) -> Result<Vec<PastChange>, StoreError> {
        let mut traces = Traces::default();
        traces.add_user(user);
        self.lives(traces)
    }

    /// All changes of these users. A user that was removed and imported again has a new row, but the same identity.
    fn lives(&self, mut traces: Traces) -> Result<Vec<PastChange>, StoreError> {
        let guids = std::mem::take(&mut traces.guids);
        let identities: Vec<ObjectGuid> = guids.iter().filter_map(|it| it.parse().ok()).collect();
        for user in self.users(Keys::Identities(&identities))? {
            traces.add_user(&user);
        }
        if !guids.is_empty() {
            self.trace(&mut traces, NAMING, &|row| {
                let guid = row.get_ref(3)?.as_str_or_null()?;
                Ok(guid.is_some_and(|it| guids.contains(it)))
            })?;
        }
        let rows: Vec<Value> = traces.rows.into_iter().map(Value::from).collect();
        let query = format!(
            "SELECT {CHANGE_COLUMNS} FROM runs CROSS JOIN changes ON run_id = runs.id
             WHERE user_id IN rarray(?1) ORDER BY run_id, user_id"
        );
        self.rows(&query, [Rc::new(rows)], past_change)
    }

    /// Adds the rows and identities of matching changes.
    fn trace(
        &self,
        traces: &mut Traces,
        query: &str,
        is_meant: &dyn Fn(&Row<'_>) -> rusqlite::Result<bool>,
    ) -> Result<(), StoreError> {
        let mut trace = || {
            let mut statement = self.db.prepare(query)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                if is_meant(row)? {
                    traces.add(row.get(0)?, row.get(3)?);
                }
            }
            Ok(())
        };
        trace().map_err(self.failed("read"))
    }

    /// The deletions of a run, or of all of them, the newest first.
    pub(super) fn deletions(&self, run: Option<i64>) -> Result<Vec<PastChange>, StoreError> {
        let query = format!("SELECT {CHANGE_COLUMNS} {DELETIONS}");
        self.rows(&query, [run], past_change)
    }

    /// The newest deletion of each of these names, if there is one; and names of deleted users: all of them, if one
    /// of these has no deletion.
    pub(super) fn read_newest_deletions(
        &self,
        names: &[Folded],
    ) -> Result<(Vec<Option<PastChange>>, Vec<String>), StoreError> {
        let mut found = vec![None; names.len()];
        let query = format!("SELECT {CHANGE_COLUMNS} {DELETIONS}");
        let mut find = || {
            let mut statement = self.db.prepare(&query)?;
            let mut rows = statement.query(params![None::<i64>])?;
            let mut known = Vec::new();
            while found.iter().any(Option::is_none)
                && let Some(row) = rows.next()?
            {
                let username: String = row.get(4)?;
                let folded = Folded::new(&username);
                let places = names.iter().zip(&mut found);
                let mut places = places.filter(|(name, place)| **name == folded && place.is_none());
                if let Some((_, place)) = places.next() {
                    *place = Some(past_change(row)?);
                }
                known.push(username);
            }
            Ok(known)
        };
        let known = find().map_err(self.failed("read"))?;
        Ok((found, known))
    }
}
