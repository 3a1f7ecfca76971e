//! Loading an empty store while the directory is still being read, in the transaction of the run.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::connection::Connection;
use super::domains::RunKeys;
use super::error::{DatabaseError, Refusal};
use super::layout::Tables;
use super::writing::{Numbers, Writing};
use crate::plan::{Duplicate, Import, Plan};
use crate::store::{BulkLoad, Domains, Run, StoreError};
use crate::user::ObjectGuid;

/// A store that is being loaded. Dropping it takes out again what was loaded.
pub struct Loading {
    db: Arc<Connection>,
    tables: Tables,
    domains: Domains,
    numbers: Numbers,
    run_id: i64,
    token: String,
    now: String,
    keys: RunKeys,
    location: String,
    /// How many users it has.
    count: u64,
    is_finished: bool,
}

impl fmt::Debug for Loading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loading")
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

impl Loading {
    /// What goes on with a run that was begun.
    pub fn new(
        db: Arc<Connection>,
        writing: &Writing<'_>,
        domains: Domains,
        location: String,
    ) -> Self {
        Self {
            db,
            tables: writing.tables.clone(),
            domains,
            numbers: writing.numbers,
            run_id: writing.run_id,
            token: writing.token.clone(),
            now: writing.now.clone(),
            keys: writing.keys,
            location,
            count: 0,
            is_finished: false,
        }
    }

    fn writing(&self) -> Writing<'_> {
        Writing {
            db: &self.db,
            tables: &self.tables,
            domains: &self.domains,
            numbers: self.numbers,
            run_id: self.run_id,
            token: self.token.clone(),
            now: self.now.clone(),
            keys: self.keys,
            reads_directory: true,
        }
    }

    fn take_out(&mut self, guids: &[ObjectGuid]) -> Result<(), DatabaseError> {
        if !guids.is_empty() {
            self.count -= self.writing().undo_imports(guids)?;
        }
        Ok(())
    }

    /// Keeps only the users that the plan imports, and writes the rest of it; not committed yet. Returns the number and
    /// the token of the run.
    pub fn finish(mut self, plan: &Plan, run: &Run) -> Result<(i64, String), DatabaseError> {
        let out: Vec<ObjectGuid> = plan.duplicate.iter().filter_map(Duplicate::guid).collect();
        self.take_out(&out)?;
        if self.count != plan.imported.len() as u64 {
            return Err(DatabaseError::new(
                Refusal::Other,
                format!(
                    "{} users were loaded, not {}",
                    self.count,
                    plan.imported.len()
                ),
            ));
        }
        self.writing().write(plan, &[], run)?;
        self.is_finished = true;
        Ok((self.run_id, self.token.clone()))
    }

    fn failed(&self, source: DatabaseError) -> StoreError {
        StoreError::Database {
            store: self.location.clone(),
            doing: "write to",
            source,
        }
    }
}

impl Drop for Loading {
    fn drop(&mut self) {
        if !self.is_finished {
            // Where the connection is gone, so is what was loaded.
            let _ = self.db.batch("ROLLBACK TO SAVEPOINT loading");
        }
    }
}

impl BulkLoad for Loading {
    fn add(&mut self, users: &[Import]) -> Result<(), StoreError> {
        // The plan counts the others as failed.
        let fits = |it: &&Import| self.tables.users.misfit(&it.values()).is_none();
        let fitting: Vec<&Import> = users.iter().filter(fits).collect();
        let mut writing = self.writing();
        let written = writing.import(fitting.iter().copied());
        let numbers = writing.numbers;
        written.map_err(|error| self.failed(error))?;
        self.numbers = numbers;
        self.count += fitting.len() as u64;
        Ok(())
    }

    fn withdraw(&mut self, guids: &[ObjectGuid]) -> Result<(), StoreError> {
        self.take_out(guids).map_err(|error| self.failed(error))
    }

    fn make_indexes(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
