//! Applying a plan: one transaction with the history, all or nothing.

use rusqlite::{CachedStatement, Connection, Statement, params};

use super::crash;
use super::error::StoreError;
use super::filling::Filling;
use super::history::{self, Outcome};
use super::indexes::SetAside;
use super::record::snapshot;
use super::{Run, Writer};
use crate::plan::{
    Approved, Deletion, Duplicate, FailedUser, Import, Modification, OutOfScope, Plan, Refresh,
};
use crate::user::{Origin, Status, StoredUser, UniqueField, UserId, Values};

/// From so many new users on, and more than there are, the indexes are made when all are written.
const LARGE_IMPORT: usize = 10_000;

impl Writer {
    /// Applies an approved plan and notes the run in the history; gives the number of the run, and
    /// the plan back to be told of. When this fails, the store is as it was.
    pub fn apply(&mut self, approved: Approved, run: &Run) -> Result<(i64, Plan), StoreError> {
        let plan = approved.into_plan();
        let run_id = if let Some(filling) = self.filling.take() {
            self.apply_filled(filling, &plan, run)?
        } else {
            let is_large = plan.imported.len() >= LARGE_IMPORT
                && plan.imported.len() as u64 > self.user_count()?;
            self.transact(|db| write(db, &plan, run, is_large))?
        };
        crash::point("committed");
        Ok((run_id, plan))
    }

    /// Applies the plan of a store whose new users were written while they were read.
    fn apply_filled(
        &mut self,
        filling: Filling,
        plan: &Plan,
        run: &Run,
    ) -> Result<i64, StoreError> {
        let run_id = filling.run_id;
        let db = filling.settle(plan)?;
        end(&db, plan, &[], run, run_id)
            .and_then(|()| db.execute_batch("COMMIT"))
            .map_err(self.reader.failed("write to"))?;
        self.publish(db)?;
        Ok(run_id)
    }
}

/// Notes the run, and writes what the plan says; gives the number of the run.
fn write(db: &Connection, plan: &Plan, run: &Run, is_large: bool) -> rusqlite::Result<i64> {
    crash::point("begun");
    let run_id = history::begin_run(db, run)?;
    crash::point("run noted");
    let mut in_order: Vec<&Import> = plan.imported.iter().collect();
    in_order.sort_by_key(|it| it.arrival);
    let aside = is_large.then(|| SetAside::begin(db)).transpose()?;
    end(db, plan, &in_order, run, run_id)?;
    aside.map_or(Ok(()), |indexes| indexes.end(db))?;
    Ok(run_id)
}

/// Writes what the plan says, the new users given apart, and how the run ended.
fn end(
    db: &Connection,
    plan: &Plan,
    imported: &[&Import],
    run: &Run,
    run_id: i64,
) -> rusqlite::Result<()> {
    let outcome = if plan.failed.is_empty() {
        Outcome::Done
    } else {
        Outcome::Partial
    };
    Application::new(db, &run.started_at.to_string(), run_id).apply(plan, imported)?;
    run.marking.write(db)?;
    history::end_run(db, run_id, run, outcome, None, plan)?;
    history::forget_old_runs(db, run, run_id)?;
    crash::point("written");
    Ok(())
}

/// Writes users, and what became of them in the history.
pub(super) struct Application<'a> {
    db: &'a Connection,
    now: &'a str,
    run_id: i64,
}

impl<'a> Application<'a> {
    pub(super) fn new(db: &'a Connection, now: &'a str, run_id: i64) -> Self {
        Self { db, now, run_id }
    }

    fn apply(&self, plan: &Plan, new: &[&Import]) -> rusqlite::Result<()> {
        // Every bucket must be dealt with: a new one does not compile until it is.
        let Plan {
            unchanged: _,
            refreshed,
            // Given apart, for some are written already.
            imported: _,
            modified,
            deleted,
            duplicate,
            out_of_scope,
            failed,
        } = plan;
        for deletion in deleted {
            self.delete(deletion)?;
        }
        crash::point("deleted");
        // Users that take each other's names would collide half-way, so those who change a name are
        // taken out first and put back with the new one.
        let (renamed, other): (Vec<_>, Vec<_>) = modified.iter().partition(|it| changes_name(it));
        for modification in &renamed {
            self.take_out(modification.user.id)?;
        }
        crash::point("taken out");
        let mut insert = self.statement(INSERT_USER)?;
        for modification in renamed {
            let Modification {
                user,
                origin,
                values,
                ..
            } = modification;
            let (origin, values) = (origin.as_deref(), values.as_deref());
            self.insert(&mut insert, Some(user.id), &origin, &values)?;
            self.note_modification(modification)?;
        }
        for modification in other {
            self.update(modification)?;
            self.note_modification(modification)?;
        }
        crash::point("modified");
        self.import(new.iter().copied())?;
        crash::point("imported");
        for Refresh { user, dn } in refreshed {
            self.refresh(user.id, dn, Status::Ok)?;
        }
        for OutOfScope { user, dn } in out_of_scope {
            if user.status != Status::OutOfScope || user.origin.dn() != Some(dn) {
                self.refresh(user.id, dn, Status::OutOfScope)?;
            }
        }
        for Duplicate { user, .. } in duplicate {
            self.mark(user.as_ref(), Status::Duplicate)?;
        }
        for FailedUser { user, .. } in failed {
            self.mark(user.as_ref(), Status::Failed)?;
        }
        Ok(())
    }

    fn statement(&self, sql: &str) -> rusqlite::Result<CachedStatement<'a>> {
        self.db.prepare_cached(sql)
    }

    fn delete(&self, deletion: &Deletion) -> rusqlite::Result<()> {
        let Deletion { user, evidence } = deletion;
        self.take_out(user.id)?;
        self.note(Note {
            user: user.id,
            action: "deleted",
            username: &user.values.profile.username,
            evidence: Some(evidence.name()),
            before: snapshot(&user.origin, &user.values),
            after: None,
        })
    }

    fn take_out(&self, user: UserId) -> rusqlite::Result<()> {
        let gone = self
            .statement("DELETE FROM users WHERE id = ?1")?
            .execute([user.0])?;
        expect(gone, 1)
    }

    /// Writes new users.
    pub(super) fn import<'i>(
        &self,
        users: impl Iterator<Item = &'i Import>,
    ) -> rusqlite::Result<()> {
        let mut insert = self.statement(INSERT_USER)?;
        let mut note = self.statement(INSERT_CHANGE)?;
        for user in users {
            let (origin, values) = (user.origin(), user.values());
            let id = self.insert(&mut insert, user.returns_as, &origin, &values)?;
            if user.returns_as.is_some() && origin != Origin::Local {
                self.set_status(id, Status::Restored)?;
            }
            let told = Note {
                user: id,
                action: user.action(),
                username: values.profile.username,
                evidence: None,
                before: None,
                after: snapshot(&origin, &values),
            };
            told.write(&mut note, self.run_id)?;
        }
        Ok(())
    }

    /// Takes back an import of this transaction.
    pub(super) fn undo_import(&self, user: UserId) -> rusqlite::Result<()> {
        self.take_out(user)?;
        let gone = self
            .statement("DELETE FROM changes WHERE run_id = ?1 AND user_id = ?2")?
            .execute([self.run_id, user.0])?;
        expect(gone, 1)
    }

    fn insert(
        &self,
        statement: &mut Statement<'_>,
        id: Option<UserId>,
        origin: &Origin<&str>,
        values: &Values<&str>,
    ) -> rusqlite::Result<UserId> {
        let Values { profile, enabled } = values;
        let email_folded = profile.folded_email();
        statement.execute(params![
            id.map(|id| id.0),
            profile.username,
            profile.folded_username().as_str(),
            profile.first_name,
            profile.last_name,
            profile.email,
            email_folded.as_ref().map(crate::user::Folded::as_str),
            profile.contact_number,
            enabled,
            origin.name(),
            origin
                .guid()
                .as_ref()
                .map(crate::user::ObjectGuid::as_bytes),
            origin.dn(),
            (*origin != Origin::Local).then_some(self.now),
        ])?;
        Ok(id.unwrap_or_else(|| UserId(self.db.last_insert_rowid())))
    }

    fn update(&self, modification: &Modification) -> rusqlite::Result<()> {
        let Modification {
            user,
            origin,
            values: Values { profile, enabled },
            changes: _,
        } = modification;
        let changed = self
            .statement(
                "UPDATE users SET username = ?2, first_name = ?3, last_name = ?4, email = ?5,
                    contact_number = ?6, enabled = ?7, dn = ?8, status = 'ok', synced_at = ?9
                 WHERE id = ?1",
            )?
            .execute(params![
                user.id.0,
                profile.username,
                profile.first_name,
                profile.last_name,
                profile.email,
                profile.contact_number,
                enabled,
                origin.dn(),
                self.now,
            ])?;
        expect(changed, 1)
    }

    fn note_modification(&self, modification: &Modification) -> rusqlite::Result<()> {
        let Modification {
            user,
            origin,
            values,
            changes: _,
        } = modification;
        self.note(Note {
            user: user.id,
            action: "modified",
            username: &user.values.profile.username,
            evidence: None,
            before: snapshot(&user.origin, &user.values),
            after: snapshot(origin, values),
        })
    }

    fn refresh(&self, user: UserId, dn: &str, status: Status) -> rusqlite::Result<()> {
        let synced_at = (status == Status::Ok).then_some(self.now);
        let changed = self
            .statement(
                "UPDATE users SET dn = ?2, status = ?3, synced_at = coalesce(?4, synced_at) WHERE id = ?1",
            )?
            .execute(params![user.0, dn, status.name(), synced_at])?;
        expect(changed, 1)
    }

    /// Marks a user that stays as it is; nothing is written when it is marked so already.
    fn mark(&self, user: Option<&StoredUser>, status: Status) -> rusqlite::Result<()> {
        let Some(user) = user.filter(|user| user.status != status) else {
            return Ok(());
        };
        self.set_status(user.id, status)
    }

    fn set_status(&self, user: UserId, status: Status) -> rusqlite::Result<()> {
        let changed = self
            .statement("UPDATE users SET status = ?2 WHERE id = ?1")?
            .execute(params![user.0, status.name()])?;
        expect(changed, 1)
    }

    fn note(&self, note: Note<'_>) -> rusqlite::Result<()> {
        let mut statement = self.statement(INSERT_CHANGE)?;
        note.write(&mut statement, self.run_id)
    }
}

const INSERT_USER: &str =
    "INSERT INTO users (id, username, username_folded, first_name, last_name, email,
        email_folded, contact_number, enabled, source, guid, dn, status, synced_at)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'ok', ?13)";

const INSERT_CHANGE: &str =
    "INSERT INTO changes (run_id, user_id, action, username, evidence, before, after)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// What the history says of a user.
struct Note<'a> {
    user: UserId,
    action: &'static str,
    username: &'a str,
    evidence: Option<&'static str>,
    before: Option<String>,
    after: Option<String>,
}

impl Note<'_> {
    fn write(self, statement: &mut Statement<'_>, run_id: i64) -> rusqlite::Result<()> {
        let Self {
            user,
            action,
            username,
            evidence,
            before,
            after,
        } = self;
        statement.execute(params![
            run_id, user.0, action, username, evidence, before, after
        ])?;
        Ok(())
    }
}

/// A row that is not there any more was changed by another program: then the plan is void.
pub(super) fn expect(rows: usize, expected: usize) -> rusqlite::Result<()> {
    if rows == expected {
        Ok(())
    } else {
        Err(rusqlite::Error::StatementChangedRows(rows))
    }
}

fn changes_name(modification: &Modification) -> bool {
    UniqueField::ALL.into_iter().any(|field| {
        modification.user.values.profile.unique(field) != modification.values.profile.unique(field)
    })
}
