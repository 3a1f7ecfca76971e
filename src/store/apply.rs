//! Applying a plan: one transaction with the history, all or nothing.

use rusqlite::{CachedStatement, Transaction, TransactionBehavior, params};

use super::crash;
use super::error::StoreError;
use super::history::{self, Outcome};
use super::record::snapshot;
use super::{Run, Writer};
use crate::plan::{
    Approved, Deletion, Duplicate, FailedUser, Import, Modification, OutOfScope, Plan, Refresh,
};
use crate::user::{Origin, Status, StoredUser, UniqueField, UserId, Values};

/// From so many new users on, more of the store is kept in memory while it is written, and how much: what
/// they change here and there in the indexes is not to be written and read again in between.
const LARGE_IMPORT: usize = 50_000;
const CACHE_KIB: i64 = 32 * 1024;

impl Writer {
    /// Applies an approved plan and notes the run in the history; gives the number of the run, and
    /// the plan back to be told of. When this fails, the store is as it was.
    pub fn apply(&mut self, approved: Approved, run: &Run) -> Result<(i64, Plan), StoreError> {
        let plan = approved.into_plan();
        let failed = self.reader.failed("write to");
        let db = &mut self.reader.db;
        if plan.imported.len() >= LARGE_IMPORT {
            db.pragma_update(None, "cache_size", -CACHE_KIB)
                .map_err(&failed)?;
        }
        let transaction = db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(&failed)?;
        crash::point("begun");
        let run_id = write(&transaction, &plan, run).map_err(&failed)?;
        crash::point("written");
        transaction.commit().map_err(&failed)?;
        crash::point("committed");
        Ok((run_id, plan))
    }
}

/// Notes the run, and writes what the plan says; gives the number of the run.
fn write(transaction: &Transaction<'_>, plan: &Plan, run: &Run) -> rusqlite::Result<i64> {
    let outcome = if plan.failed.is_empty() {
        Outcome::Done
    } else {
        Outcome::Partial
    };
    let run_id = history::note_run(transaction, run, outcome, None, plan)?;
    crash::point("run noted");
    let application = Application {
        transaction,
        now: run.started_at.to_string(),
        run_id,
    };
    application.apply(plan)?;
    run.marking.write(transaction)?;
    history::forget_old_runs(transaction, run, run_id)?;
    Ok(run_id)
}

struct Application<'a> {
    transaction: &'a Transaction<'a>,
    now: String,
    run_id: i64,
}

impl Application<'_> {
    fn apply(&self, plan: &Plan) -> rusqlite::Result<()> {
        // Every bucket must be dealt with: a new one does not compile until it is.
        let Plan {
            unchanged: _,
            refreshed,
            imported,
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
        for modification in renamed {
            let Modification {
                user,
                origin,
                values,
                ..
            } = modification;
            self.insert(Some(user.id), origin, values)?;
            self.note_modification(modification)?;
        }
        for modification in other {
            self.update(modification)?;
            self.note_modification(modification)?;
        }
        crash::point("modified");
        let mut in_order: Vec<&Import> = imported.iter().collect();
        in_order.sort_by_key(|it| it.arrival);
        for import in in_order {
            self.import(import)?;
        }
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

    fn statement(&self, sql: &str) -> rusqlite::Result<CachedStatement<'_>> {
        self.transaction.prepare_cached(sql)
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
        expect_one(gone)
    }

    fn import(&self, import: &Import) -> rusqlite::Result<()> {
        let Import {
            origin,
            values,
            returns_as,
            arrival: _,
        } = import;
        let id = self.insert(*returns_as, origin, values)?;
        if returns_as.is_some() && *origin != Origin::Local {
            self.set_status(id, Status::Restored)?;
        }
        self.note(Note {
            user: id,
            action: import.action(),
            username: &values.profile.username,
            evidence: None,
            before: None,
            after: snapshot(origin, values),
        })
    }

    fn insert(
        &self,
        id: Option<UserId>,
        origin: &Origin,
        values: &Values,
    ) -> rusqlite::Result<UserId> {
        let Values { profile, enabled } = values;
        let email_folded = profile.folded_email();
        self.statement(
            "INSERT INTO users (id, username, username_folded, first_name, last_name, email,
                email_folded, contact_number, enabled, source, guid, dn, status, synced_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'ok', ?13)",
        )?
        .execute(params![
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
            (*origin != Origin::Local).then_some(&self.now),
        ])?;
        Ok(id.unwrap_or_else(|| UserId(self.transaction.last_insert_rowid())))
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
        expect_one(changed)
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
        let synced_at = (status == Status::Ok).then_some(&self.now);
        let changed = self
            .statement(
                "UPDATE users SET dn = ?2, status = ?3, synced_at = coalesce(?4, synced_at) WHERE id = ?1",
            )?
            .execute(params![user.0, dn, status.name(), synced_at])?;
        expect_one(changed)
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
        expect_one(changed)
    }

    fn note(&self, note: Note<'_>) -> rusqlite::Result<()> {
        let Note {
            user,
            action,
            username,
            evidence,
            before,
            after,
        } = note;
        self.statement(
            "INSERT INTO changes (run_id, user_id, action, username, evidence, before, after)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            self.run_id,
            user.0,
            action,
            username,
            evidence,
            before,
            after
        ])?;
        Ok(())
    }
}

struct Note<'a> {
    user: UserId,
    action: &'static str,
    username: &'a str,
    evidence: Option<&'static str>,
    before: Option<String>,
    after: Option<String>,
}

/// A row that is not there any more was changed by another program: then the plan is void.
fn expect_one(rows: usize) -> rusqlite::Result<()> {
    if rows == 1 {
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
