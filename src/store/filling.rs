//! Filling an empty store while the directory is still read.
//!
//! A first import is as long as the directory takes to send everybody, and then as long as it takes to
//! write them. Here the second happens during the first: users are written as they come, in a transaction
//! that ends only when everything was read and the plan was approved. Who turns out to be a duplicate is
//! taken out again. What ends otherwise was never in the store.

use rusqlite::{Connection, OpenFlags};

use super::apply::Application;
use super::error::StoreError;
use super::indexes::SetAside;
use super::{Run, Writer, crash, history, open, sql};
use crate::plan::{Import, Plan};
use crate::user::{ObjectGuid, UserId};

/// How much of the store is kept in memory while it is filled: what indexes are sorted in, and pages that
/// wait for being written.
const CACHE_KIB: i64 = 8 * 1024;

/// A store that is being filled. Dropping it takes everything back.
#[derive(Debug)]
pub struct Filling {
    db: Connection,
    failed: Failed,
    pub(super) run_id: i64,
    now: String,
    aside: SetAside,
    /// Who was written, in which row.
    rows: Vec<(UserId, ObjectGuid)>,
}

/// Puts errors into words.
struct Failed(Box<dyn Fn(rusqlite::Error) -> StoreError + Send>);

impl std::fmt::Debug for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Failed")
    }
}

impl Writer {
    /// Begins to fill the store, if it has no users.
    pub fn fill(&self, run: &Run) -> Result<Option<Filling>, StoreError> {
        if self.user_count()? > 0 {
            return Ok(None);
        }
        let db = match &self.draft {
            Some(draft) => draft.open()?,
            None => open(self.path(), OpenFlags::SQLITE_OPEN_READ_WRITE)?,
        };
        let failed = sql(self.path(), "write to");
        let (run_id, aside) = begin(&db, run).map_err(&failed)?;
        Ok(Some(Filling {
            db,
            failed: Failed(Box::new(failed)),
            run_id,
            now: run.started_at.to_string(),
            aside,
            rows: Vec::new(),
        }))
    }

    /// Takes in what was filled: the plan that is applied next has its new users from there.
    pub fn take_in(&mut self, filling: Filling) {
        self.filling = Some(filling);
    }

    /// What was filled and is to be taken in with the plan.
    pub fn filling(&mut self) -> Option<&mut Filling> {
        self.filling.as_mut()
    }
}

fn begin(db: &Connection, run: &Run) -> rusqlite::Result<(i64, SetAside)> {
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    db.pragma_update(None, "foreign_keys", true)?;
    // Not a `Transaction`, which would borrow the connection that it lives beside.
    db.execute_batch("BEGIN IMMEDIATE")?;
    crash::point("begun");
    let run_id = history::begin_run(db, run)?;
    crash::point("run noted");
    Ok((run_id, SetAside::begin(db)?))
}

impl Filling {
    /// Writes users that were read.
    pub fn add(&mut self, users: &[Import]) -> Result<(), StoreError> {
        let rows = &mut self.rows;
        Application::new(&self.db, &self.now, self.run_id)
            .import(users.iter(), |row, user| {
                rows.extend(user.origin.guid().map(|guid| (row, guid)));
            })
            .map_err(&self.failed.0)
    }

    /// Takes users out again that are to be read anew.
    pub fn withdraw(&mut self, guids: &[ObjectGuid]) -> Result<(), StoreError> {
        let guids: std::collections::HashSet<&ObjectGuid> = guids.iter().collect();
        self.withdraw_if(|guid| guids.contains(guid))
            .map_err(&self.failed.0)
    }

    fn withdraw_if(&mut self, is_out: impl Fn(&ObjectGuid) -> bool) -> rusqlite::Result<()> {
        let application = Application::new(&self.db, &self.now, self.run_id);
        let (out, left) = self.rows.iter().partition(|(_, guid)| is_out(guid));
        self.rows = left;
        let out: Vec<(UserId, ObjectGuid)> = out;
        out.iter()
            .try_for_each(|(row, _)| application.undo_import(*row))
    }

    /// Makes the indexes that can be made already. The rest is made when it is known who stays.
    pub fn make_indexes(&mut self) -> Result<(), StoreError> {
        self.aside.make_possible(&self.db).map_err(&self.failed.0)
    }

    /// Leaves in the store whom the plan imports, and gives the connection in whose transaction it is.
    pub(super) fn settle(mut self, plan: &Plan) -> Result<Connection, StoreError> {
        self.keep_imported(plan)
            .and_then(|()| self.aside.end(&self.db))
            .map_err(&self.failed.0)?;
        Ok(self.db)
    }

    fn keep_imported(&mut self, plan: &Plan) -> rusqlite::Result<()> {
        if !plan.duplicate.is_empty() {
            let out: std::collections::HashSet<ObjectGuid> = plan
                .duplicate
                .iter()
                .filter_map(|it| it.origin.guid())
                .collect();
            self.withdraw_if(|guid| out.contains(guid))?;
        }
        super::apply::expect(self.rows.len(), plan.imported.len())
    }
}
