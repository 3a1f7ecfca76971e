//! Loading an empty store while the directory is still being read.
//!
//! A first import would take as long as the directory needs to send everybody, plus as long as it takes to write them.
//! Here the two overlap: users are written as they arrive, in a transaction that is committed only when everything was
//! read and the plan was approved. Duplicates are removed again; any other end rolls everything back.

use std::any::Any;

use rusqlite::{Connection, OpenFlags};

use super::apply::Application;
use super::domains::{self, RunKeys};
use super::indexes::SetAside;
use super::staging;
use super::{WRITE_CACHE_KIB, Writer, history, journal, open, sql};
use crate::plan::{Duplicate, Import, Plan};
use crate::store::{BulkLoad, Run, StoreError};
use crate::user::{ObjectGuid, UserId};
use crate::util::crash;
use crate::util::threads;

/// Threads that sort index entries while rows are read, a cache full at a time; below some 50,000 users they are idle.
const SORTERS: i64 = 1;

/// A store that is being loaded. Dropping it rolls back.
#[derive(Debug)]
pub struct Loading {
    db: Connection,
    /// Where the draft is, if it is one.
    draft: Option<staging::Paths>,
    failed: Failed,
    pub(super) run_id: i64,
    pub(super) keys: RunKeys,
    now: String,
    aside: SetAside,
    /// How many users it has.
    count: usize,
}

/// Wraps errors.
struct Failed(Box<dyn Fn(rusqlite::Error) -> StoreError + Send>);

impl std::fmt::Debug for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Failed")
    }
}

impl Writer {
    /// Starts loading, if the store has no users.
    pub(super) fn fill(&self, run: &Run) -> Result<Option<Loading>, StoreError> {
        if self.user_count()? > 0 {
            return Ok(None);
        }
        let db = if let Some(draft) = &self.draft {
            draft.open()?
        } else {
            journal::begin(&self.reader.db, &self.path)?;
            open(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?
        };
        let failed = sql(&self.path, "write to");
        begin(&db).map_err(&failed)?;
        // From here on no other program can write to it.
        self.require_same_file(false)?;
        if count(&db).map_err(&failed)? > 0 {
            return Ok(None);
        }
        let (run_id, keys, aside) = prepare(&db, run).map_err(&failed)?;
        Ok(Some(Loading {
            db,
            draft: self.draft.as_deref().cloned(),
            failed: Failed(Box::new(failed)),
            run_id,
            keys,
            now: run.started_at.to_string(),
            aside,
            count: 0,
        }))
    }
}

fn begin(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "cache_size", -WRITE_CACHE_KIB)?;
    db.pragma_update(None, "threads", SORTERS)?;
    db.pragma_update(None, "foreign_keys", true)?;
    // Not a `Transaction`, which would borrow the connection that it lives beside.
    db.execute_batch("BEGIN IMMEDIATE")?;
    crash::point("begun");
    Ok(())
}

fn count(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("SELECT count(*) FROM users", [], |row| row.get(0))
}

fn prepare(db: &Connection, run: &Run) -> rusqlite::Result<(i64, RunKeys, SetAside)> {
    let run_id = history::begin_run(db, run)?;
    crash::point("run noted");
    let keys = domains::note(db, run)?;
    Ok((run_id, keys, SetAside::begin(db)?))
}

impl BulkLoad for Loading {
    fn add(&mut self, users: &[Import]) -> Result<(), StoreError> {
        Application::new(&self.db, &self.now, self.run_id, self.keys)
            .import(users.iter())
            .map_err(&self.failed.0)?;
        self.count += users.len();
        Ok(())
    }

    fn withdraw(&mut self, guids: &[ObjectGuid]) -> Result<(), StoreError> {
        self.take_out(guids).map_err(&self.failed.0)
    }

    fn make_indexes(&mut self) -> Result<(), StoreError> {
        let Self { draft, aside, .. } = self;
        let settle = || draft.as_ref().map_or(Ok(()), staging::Paths::settle);
        let (settled, made) = threads::both(settle, || aside.make_possible(&self.db));
        made.map_err(&self.failed.0).and(settled)
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

impl Loading {
    fn take_out(&mut self, guids: &[ObjectGuid]) -> rusqlite::Result<()> {
        if guids.is_empty() {
            return Ok(());
        }
        let rows = rows(&self.db, guids)?;
        let application = Application::new(&self.db, &self.now, self.run_id, self.keys);
        rows.iter()
            .try_for_each(|row| application.undo_import(*row))?;
        self.count -= rows.len();
        Ok(())
    }

    /// Keeps only the users that the plan imports. Returns the connection with the open transaction.
    pub(super) fn settle(mut self, plan: &Plan) -> Result<Connection, StoreError> {
        self.keep_imported(plan)
            .and_then(|()| self.aside.end(&self.db))
            .map_err(&self.failed.0)?;
        Ok(self.db)
    }

    fn keep_imported(&mut self, plan: &Plan) -> rusqlite::Result<()> {
        let out: Vec<ObjectGuid> = plan.duplicate.iter().filter_map(Duplicate::guid).collect();
        self.take_out(&out)?;
        super::apply::expect(self.count, plan.imported.len())
    }
}

/// The rows of those of these users that were loaded. Looking up the few that are removed again takes less memory
/// than remembering everybody.
fn rows(db: &Connection, guids: &[ObjectGuid]) -> rusqlite::Result<Vec<UserId>> {
    let digits = |guid: &ObjectGuid| format!("{:032x}", u128::from_be_bytes(*guid.as_bytes()));
    let guids: Vec<String> = guids.iter().map(digits).collect();
    let guids = serde_json::to_string(&guids)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    // One statement for all: without an index, each one scans the table.
    db.prepare("SELECT id FROM users WHERE guid IN (SELECT unhex(value) FROM json_each(?1))")?
        .query_map([guids], |row| row.get(0).map(UserId))?
        .collect()
}
