//! Applying a plan: one transaction with the history, all or nothing.

use std::collections::HashMap;
use std::sync::LazyLock;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Statement, ToSql, params};

use super::bulk_load::Loading;
use super::domains::{self, RunKeys};
use super::history;
use super::indexes::SetAside;
use super::record::{self, UserColumns};
use super::{Writer, data_version};
use crate::plan::{
    Action, Approved, Deletion, Duplicate, FailedUser, Import, Missing, Plan, Return, Update,
};
use crate::store::StoreError;
use crate::store::effects;
use crate::store::{Applied, Keys, Run, View, snapshot, snapshot_of_new};
use crate::user::{
    DomainId, Field, Folded, Found, ObjectGuid, Origin, Status, StoredUser, Tracking, UserId,
    Values,
};
use crate::util::crash;

/// With at least this many new users, and more than the store has, indexes are built after all are written.
const LARGE_IMPORT: usize = 10_000;

impl Writer {
    pub(super) fn apply_plan(
        &mut self,
        approved: Approved,
        filled: Option<Loading>,
        run: &Run,
        committed: &mut dyn FnMut(i64),
    ) -> Result<Applied, StoreError> {
        let run = &Run {
            unsaid: approved.unsaid(),
            ..run.clone()
        };
        let plan = approved.into_plan();
        let run_id = if let Some(filled) = filled {
            self.apply_filled(filled, &plan, run)?
        } else {
            let is_large = plan.imported.len() >= LARGE_IMPORT
                && plan.imported.len() as u64 > self.user_count()?;
            let before = self.data_version;
            let written = self.transact(|db| {
                if data_version(db)? != before {
                    let rows = overtaken(db, &plan)?;
                    if !rows.is_empty() {
                        return Ok(Err(rows));
                    }
                }
                write(db, &plan, run, is_large).map(Ok)
            });
            match written {
                Ok(Ok(run_id)) => run_id,
                Ok(Err(rows)) => return self.overtaken(plan, &rows),
                // Another program has taken a name since the holders were read.
                Err(StoreError::Sql { source, .. }) if is_of_unique_name(&source) => {
                    return self.overtaken(plan, &[]);
                }
                Err(error) => return Err(error),
            }
        };
        committed(run_id);
        crash::point("committed");
        Ok(Applied::Done(run_id, plan))
    }

    fn overtaken(&self, plan: Plan, rows: &[UserId]) -> Result<Applied, StoreError> {
        let mut changed: HashMap<_, _> = rows.iter().map(|id| (*id, None)).collect();
        for user in self.users(Keys::Rows(rows))? {
            let id = user.id;
            changed.insert(id, Some(user).filter(|it| it.origin != Origin::Local));
        }
        Ok(Applied::Overtaken { plan, changed })
    }

    /// Applies a plan whose new users are already loaded.
    fn apply_filled(
        &mut self,
        bulk_load: Loading,
        plan: &Plan,
        run: &Run,
    ) -> Result<i64, StoreError> {
        let (run_id, keys) = (bulk_load.run_id, bulk_load.keys);
        let db = bulk_load.settle(plan)?;
        end(&db, plan, &[], run, (run_id, keys))
            .map_err(|error| self.reader.cannot_write(error))?;
        self.require_same_file(false)?;
        if let Err(error) = db.execute_batch("COMMIT") {
            drop(db);
            return Err(self.not_written(error));
        }
        self.require_same_file(true)?;
        self.publish(db)?;
        Ok(run_id)
    }
}

/// The users of a plan whose rows have changed since it was made.
fn overtaken(db: &Connection, plan: &Plan) -> rusqlite::Result<Vec<UserId>> {
    let query = format!("SELECT {UserColumns} FROM users WHERE users.id = ?1");
    let mut statement = db.prepare(&query)?;
    let mut others = Vec::new();
    for user in effects::written(plan) {
        let now = statement.query_row([user.id.0], record::user).optional()?;
        let is_as_seen = matches!(now, Some(Ok(now)) if effects::is_same(&now, user));
        if !is_as_seen {
            others.push(user.id);
        }
    }
    Ok(others)
}

fn is_of_unique_name(error: &rusqlite::Error) -> bool {
    let unique = rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE;
    matches!(error.sqlite_error(), Some(it) if it.extended_code == unique)
}

/// Records the run and writes the plan. Returns the run number.
fn write(db: &Connection, plan: &Plan, run: &Run, is_large: bool) -> rusqlite::Result<i64> {
    crash::point("begun");
    let run_id = history::begin_run(db, run)?;
    crash::point("run noted");
    let keys = domains::note(db, run)?;
    let mut in_order: Vec<&Import> = plan.imported.iter().collect();
    in_order.sort_by_key(|it| it.arrival);
    let aside = is_large.then(|| SetAside::begin(db)).transpose()?;
    end(db, plan, &in_order, run, (run_id, keys))?;
    aside.map_or(Ok(()), |indexes| indexes.end(db))?;
    Ok(run_id)
}

/// Writes the plan, with the new users given separately, and the outcome of the run.
fn end(
    db: &Connection,
    plan: &Plan,
    imported: &[&Import],
    run: &Run,
    (run_id, keys): (i64, RunKeys),
) -> rusqlite::Result<()> {
    let left = effects::left(run, plan);
    let outcome = effects::outcome_of(plan, left.as_deref());
    let now = run.started_at.to_string();
    let application = Application {
        reads_directory: run.reads_directory(),
        ..Application::new(db, &now, run_id, keys)
    };
    application.apply(plan, imported)?;
    super::marks::write(&run.marking, db, keys)?;
    domains::note_reading(db, run, run_id, keys)?;
    if let Some(undone) = run.undoes {
        domains::take_back_readings(db, undone, keys)?;
    }
    history::end_run(db, run_id, run, keys, outcome, left.as_deref(), plan)?;
    history::forget_old_runs(db, run, run_id)?;
    crash::point("written");
    Ok(())
}

/// Writes users, and their changes to the history.
pub(super) struct Application<'a> {
    db: &'a Connection,
    now: &'a str,
    run_id: i64,
    keys: RunKeys,
    /// Whether the status of users comes from the directory. An undo takes it from the history, and writes users as
    /// they were.
    reads_directory: bool,
}

impl<'a> Application<'a> {
    pub(super) fn new(db: &'a Connection, now: &'a str, run_id: i64, keys: RunKeys) -> Self {
        Self {
            db,
            now,
            run_id,
            keys,
            reads_directory: true,
        }
    }

    fn apply(&self, plan: &Plan, new: &[&Import]) -> rusqlite::Result<()> {
        // Every bucket must be handled: a new one does not compile until it is.
        let Plan {
            unchanged: _,
            refreshed,
            // Given separately, for some are written already.
            imported: _,
            modified,
            deleted,
            duplicate,
            out_of_scope,
            missing,
            failed,
            foreign: _,
            sample: _,
        } = plan;
        for deletion in deleted {
            self.delete(deletion)?;
        }
        crash::point("deleted");
        // Users that swap names would collide half-way, so those who change a name give theirs up first.
        for it in modified
            .iter()
            .filter(|it| effects::changes_name(&it.user, &it.next))
        {
            self.let_go_of_names(it.user.id)?;
        }
        crash::point("taken out");
        for Update { user, next } in modified {
            self.update(user, next)?;
        }
        crash::point("modified");
        self.import(new.iter().copied())?;
        crash::point("imported");
        for Update { user, next } in refreshed.iter().chain(out_of_scope) {
            self.update(user, next)?;
        }
        for Missing { user, next } in missing {
            self.update(user, next)?;
        }
        if self.reads_directory {
            self.mark_all(duplicate, failed)?;
        }
        Ok(())
    }

    /// Marks users that keep their values.
    fn mark_all(&self, duplicate: &[Duplicate], failed: &[FailedUser]) -> rusqlite::Result<()> {
        for it in duplicate {
            self.mark(it.user(), Status::Duplicate, || it.reason())?;
        }
        for it in failed {
            self.mark(it.user.as_ref(), Status::Failed, || it.reason.clone())?;
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
            action: Action::Deleted,
            username: &user.values.profile.username,
            evidence: Some(evidence.name()),
            before: snapshot(user),
            after: None,
        })
    }

    fn take_out(&self, user: UserId) -> rusqlite::Result<()> {
        let gone = self
            .statement("DELETE FROM users WHERE id = ?1")?
            .execute([user.0])?;
        expect(gone, 1)
    }

    /// Gives a user placeholder names until it gets its new ones.
    fn let_go_of_names(&self, user: UserId) -> rusqlite::Result<()> {
        let changed = self
            .statement(
                "UPDATE users SET username_folded = char(1) || 'adsync' || id,
                    email_folded = iif(email IS NULL, NULL, char(1) || 'adsync' || id)
                 WHERE id = ?1",
            )?
            .execute([user.0])?;
        expect(changed, 1)
    }

    /// Writes new users.
    pub(super) fn import<'i>(
        &self,
        users: impl Iterator<Item = &'i Import>,
    ) -> rusqlite::Result<()> {
        let mut insert = Insert {
            statement: self.statement(&INSERT_USER)?,
            fixed: None,
        };
        let mut note = self.statement(INSERT_CHANGE)?;
        for user in users {
            if let Some(Return::Whole(before)) = user.returns.as_deref() {
                self.bring_back(before, user.action())?;
                continue;
            }
            let (origin, values) = (user.origin(), user.values());
            let id = self.insert(&mut insert, user, &origin, &values)?;
            let told = Note {
                user: id,
                action: user.action(),
                username: values.profile.username,
                evidence: None,
                before: None,
                after: snapshot_of_new(&origin, &values, user.expires),
            };
            told.write(&mut note, self.run_id)?;
        }
        Ok(())
    }

    /// Reverts an import of this transaction.
    pub(super) fn undo_import(&self, user: UserId) -> rusqlite::Result<()> {
        self.take_out(user)?;
        let gone = self
            .statement("DELETE FROM changes WHERE run_id = ?1 AND user_id = ?2")?
            .execute([self.run_id, user.0])?;
        expect(gone, 1)
    }

    fn insert(
        &self,
        insert: &mut Insert<'_>,
        user: &Import,
        origin: &Origin<&str>,
        values: &Values<&str>,
    ) -> rusqlite::Result<UserId> {
        let Values { profile, enabled } = values;
        let (returns_as, domain) = match user.returns.as_deref() {
            Some(&Return::As(id, domain)) => (Some(id), domain),
            _ => (None, None),
        };
        let fixed = Fixed {
            returns_as,
            is_imported: *origin != Origin::Local,
            source: origin.name(),
            domain: domain.or(self.keys.domain),
        };
        self.fix(insert, fixed)?;
        let (username, email) = (profile.folded_username(), profile.folded_email());
        let guid = origin.guid();
        let fields = Field::TEXT.map(|field| profile.get(field));
        insert.bind(1, fields.iter().map(|it| it as &dyn ToSql))?;
        let varying: [&dyn ToSql; 6] = [
            &username.as_str(),
            &email.as_ref().map(Folded::as_str),
            enabled,
            &guid.as_ref().map(ObjectGuid::as_bytes),
            &origin.dn(),
            &user.expires.map(|it| it.to_string()),
        ];
        insert.bind(fields.len() + 1, varying)?;
        insert.statement.raw_execute()?;
        let last = || UserId(self.db.last_insert_rowid());
        Ok(returns_as.unwrap_or_else(last))
    }

    /// Binds the values that many users share, unless they are bound already.
    fn fix(&self, insert: &mut Insert<'_>, fixed: Fixed) -> rusqlite::Result<()> {
        if insert.fixed == Some(fixed) {
            return Ok(());
        }
        let Fixed {
            returns_as,
            is_imported,
            source,
            domain,
        } = fixed;
        let status = if is_imported && returns_as.is_some() {
            Status::Restored
        } else {
            Status::Ok
        };
        // A restored user was not found in the directory.
        let found_on = self.keys.controller.filter(|_| status == Status::Ok);
        let values: [&dyn ToSql; 7] = [
            &returns_as.map(|id| id.0),
            &source,
            &status.name(),
            &is_imported.then_some(self.now),
            &domain.map(|it| it.0).filter(|_| is_imported),
            &is_imported.then_some(self.run_id),
            &found_on.map(|it| it.0).filter(|_| is_imported),
        ];
        insert.bind(Field::TEXT.len() + 7, values)?;
        insert.fixed = Some(fixed);
        Ok(())
    }

    /// Inserts a user as it was before.
    fn bring_back(&self, before: &StoredUser, action: Action) -> rusqlite::Result<()> {
        self.statement("INSERT INTO users (id, username, username_folded, source, guid) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![
                before.id.0,
                before.values.profile.username,
                before.values.profile.folded_username().as_str(),
                before.origin.name(),
                before.origin.guid().as_ref().map(ObjectGuid::as_bytes),
            ])?;
        self.write(before, true)?;
        self.note(Note {
            user: before.id,
            action,
            username: &before.values.profile.username,
            evidence: None,
            before: None,
            after: snapshot(before),
        })
    }

    /// Updates a row, and records the change, if there is one.
    fn update(&self, user: &StoredUser, next: &StoredUser) -> rusqlite::Result<()> {
        let next = self.resolved(next);
        let Some(action) = effects::action_of(user, &next) else {
            return Ok(());
        };
        self.write(&next, changes_keys(user, &next))?;
        self.note(Note {
            user: user.id,
            action,
            username: &user.values.profile.username,
            evidence: None,
            before: snapshot(user),
            after: snapshot(&next),
        })
    }

    /// Fills in the keys of the run under way.
    fn resolved(&self, next: &StoredUser) -> StoredUser {
        let mut next = next.clone();
        if next.origin != Origin::Local && self.reads_directory {
            let tracking = &mut next.tracking;
            tracking.domain = tracking.domain.or(self.keys.domain);
            tracking.found.get_or_insert(Found {
                run: self.run_id,
                on: self.keys.controller,
            });
        }
        next
    }

    /// Writes the columns that may change. Indexed ones are left out if they stay the same: `SQLite` updates an
    /// index even when a column is set to its own value.
    fn write(&self, user: &StoredUser, with_keys: bool) -> rusqlite::Result<()> {
        let StoredUser {
            id,
            origin,
            values: Values { profile, enabled },
            status,
            synced_at,
            tracking,
        } = user;
        let Tracking {
            domain,
            domain_dn: _,
            reason,
            absence,
            expires,
            found,
        } = tracking;
        let synced_at = match status {
            // It is in step now.
            Status::Ok | Status::OutOfScope if *origin != Origin::Local => {
                Some(self.now.to_owned())
            }
            _ => synced_at.map(|it| it.to_string()),
        };
        let returned_by = absence.as_ref().map(|it| {
            let ids: Vec<String> = it.returned_by.iter().map(|it| it.0.to_string()).collect();
            format!("[{}]", ids.join(","))
        });
        let fields = Field::TEXT.map(|field| profile.get(field));
        let (username, email) = (profile.folded_username(), profile.folded_email());
        let keys = params![
            username.as_str(),
            email.as_ref().map(Folded::as_str),
            domain.map(|it| it.0)
        ];
        let others = params![
            enabled,
            origin.dn(),
            status.name(),
            synced_at,
            reason,
            absence.as_ref().map(|it| it.since.to_string()),
            returned_by,
            expires.map(|it| it.to_string()),
            found.map(|it| it.run),
            found.and_then(|it| it.on).map(|it| it.0),
        ];
        let mut values: Vec<&dyn ToSql> = fields.iter().map(|it| it as &dyn ToSql).collect();
        values.extend_from_slice(others);
        values.extend_from_slice(if with_keys { keys } else { &[] });
        values.push(&id.0);
        let changed = self
            .statement(&UPDATE_USER[usize::from(with_keys)])?
            .execute(values.as_slice())?;
        expect(changed, 1)
    }

    /// Marks a user that keeps its values.
    fn mark(
        &self,
        user: Option<&StoredUser>,
        status: Status,
        reason: impl FnOnce() -> String,
    ) -> rusqlite::Result<()> {
        match user {
            Some(user) => self.update(user, &user.with_status(status, Some(reason()))),
            None => Ok(()),
        }
    }

    fn note(&self, note: Note<'_>) -> rusqlite::Result<()> {
        let mut statement = self.statement(INSERT_CHANGE)?;
        note.write(&mut statement, self.run_id)
    }
}

static INSERT_USER: LazyLock<String> = LazyLock::new(|| {
    let fields = Field::TEXT.map(Field::name).join(", ");
    let values = vec!["?"; Field::TEXT.len() + 13].join(", ");
    format!(
        "INSERT INTO users ({fields}, username_folded, email_folded, enabled, guid, dn, expires_at,
            id, source, status, synced_at, domain, found_run, found_on)
         VALUES ({values})"
    )
});

/// The statement that inserts users one after another. Values that many of them share stay bound.
struct Insert<'a> {
    statement: CachedStatement<'a>,
    fixed: Option<Fixed>,
}

/// The values that many new users share.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Fixed {
    returns_as: Option<UserId>,
    is_imported: bool,
    source: &'static str,
    domain: Option<DomainId>,
}

impl Insert<'_> {
    /// Binds values to the parameters starting at `from`.
    fn bind<'v>(
        &mut self,
        from: usize,
        values: impl IntoIterator<Item = &'v dyn ToSql>,
    ) -> rusqlite::Result<()> {
        let mut numbered = (from..).zip(values);
        numbered.try_for_each(|(at, value)| self.statement.raw_bind_parameter(at, value))
    }
}

/// Updates a row, without and with the columns that are indexed.
static UPDATE_USER: LazyLock<[String; 2]> = LazyLock::new(|| {
    let fields = Field::TEXT.map(Field::name).join(" = ?, ");
    ["", ", username_folded = ?, email_folded = ?, domain = ?"].map(|keys| {
        format!(
            "UPDATE users SET {fields} = ?, enabled = ?, dn = ?, status = ?, synced_at = ?, reason = ?,
                missing_since = ?, returned_by = ?, expires_at = ?, found_run = ?, found_on = ?{keys}
             WHERE id = ?"
        )
    })
});

const INSERT_CHANGE: &str =
    "INSERT INTO changes (run_id, user_id, action, username, evidence, before, after)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// A change of a user, for the history.
struct Note<'a> {
    user: UserId,
    action: Action,
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
            run_id,
            user.0,
            action.name(),
            username,
            evidence,
            before,
            after
        ])?;
        Ok(())
    }
}

/// If the row is gone, another program changed it, and the plan is void.
pub(super) fn expect(rows: usize, expected: usize) -> rusqlite::Result<()> {
    if rows == expected {
        Ok(())
    } else {
        Err(rusqlite::Error::StatementChangedRows(rows))
    }
}

fn changes_keys(user: &StoredUser, next: &StoredUser) -> bool {
    user.tracking.domain != next.tracking.domain || effects::changes_name(user, next)
}
