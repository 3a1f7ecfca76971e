//! The history: what runs did, who ran them, and what they changed.

use std::collections::HashSet;

use jiff::Timestamp;

use super::connection::{Param, Row, params};
use super::domains::RunKeys;
use super::error::{DatabaseError, Refusal};
use super::layout::{self, Tables};
use super::record::{self, TEXT};
use super::view::{AT_ONCE, Reader};
use super::writing::Writing;
use crate::plan::{Action, Counts, Plan};
use crate::store::history::{in_step, run_by, runs_to_forget, sudo_for};
use crate::store::{Changes, Command, Mode, Outcome, PastChange, PastRun, Run, Runs, StoreError};
use crate::user::{DomainId, Folded, StoredUser, UserId};

const RUN: &str = "id, command, mode, started_at, duration_ms, run_by, sudo_for, host, outcome, error, checked, unchanged, imported, modified, deleted, duplicate, out_of_scope, missing, failed, others, undoes, domain";

const CHANGE: &str = "c.run_id, r.started_at, c.user_id, c.action, c.username, c.evidence, c.before_run, c.after_run";

impl Writing<'_> {
    /// Records how a run ended.
    pub(super) fn note_run(
        &self,
        run: &Run,
        keys: RunKeys,
        outcome: Outcome,
        error: Option<&str>,
        plan: &Plan,
    ) -> Result<(), DatabaseError> {
        let wide = |users: u64| i64::try_from(users).unwrap_or(i64::MAX);
        let count = |users: usize| i64::try_from(users).unwrap_or(i64::MAX);
        let (user, host) = run_by();
        let values: [(&str, Param); 28] = [
            ("id", self.run_id.into()),
            ("token", self.token.as_str().into()),
            ("command", run.command.name().into()),
            ("mode", run.mode.name().into()),
            ("started_at", run.started_at.to_string().into()),
            ("duration_ms", wide(run.duration_ms()).into()),
            ("run_by", user.into()),
            ("sudo_for", sudo_for().into()),
            ("host", host.into()),
            ("outcome", outcome.name().into()),
            ("error", error.map(str::to_owned).into()),
            ("checked", wide(plan.checked()).into()),
            ("unchanged", wide(plan.untouched()).into()),
            ("imported", count(plan.imported.len()).into()),
            ("modified", count(plan.modified.len()).into()),
            ("deleted", count(plan.deleted.len()).into()),
            ("duplicate", count(plan.duplicate.len()).into()),
            ("out_of_scope", count(plan.out_of_scope.len()).into()),
            ("missing", count(plan.missing.len()).into()),
            ("failed", count(plan.failed.len()).into()),
            ("others", wide(plan.foreign).into()),
            ("in_step", in_step(outcome, plan, run).into()),
            ("scope_users", run.scope_users.map(wide).into()),
            ("domain", keys.domain.map(|it| it.0).into()),
            ("controller", keys.controller.map(|it| it.0).into()),
            ("unsaid_deleted", wide(run.unsaid.deleted).into()),
            ("unsaid_disabled", wide(run.unsaid.disabled).into()),
            ("undoes", run.undoes.into()),
        ];
        let columns: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
        let marks = vec!["?"; columns.len()].join(", ");
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({marks})",
            self.tables.runs,
            columns.join(", ")
        );
        let values: Vec<Param> = values.iter().map(|(_, value)| value.clone()).collect();
        self.db.execute(&sql, &values).map(drop)
    }

    /// Deletes runs beyond the retention period, with their changes.
    pub(super) fn forget_old_runs(&self, run: &Run) -> Result<(), DatabaseError> {
        let runs = &self.tables.runs;
        let sql = format!(
            "SELECT id, started_at FROM (
                 (SELECT id, started_at FROM {runs} ORDER BY id LIMIT 100) UNION
                 (SELECT id, started_at FROM {runs} WHERE id <> ? ORDER BY id DESC LIMIT 1)) AS ends ORDER BY id"
        );
        let ends = self.db.rows(&sql, &params![self.run_id], |row| {
            Ok((row.number(0)?, row.string(1)?))
        })?;
        let old = runs_to_forget(&ends, self.run_id, run);
        if let Some(last) = old.last() {
            for (table, key) in [(&self.tables.changes, "run_id"), (runs, "id")] {
                let sql = format!("DELETE FROM {table} WHERE {key} <= ?");
                self.db.execute(&sql, &params![*last])?;
            }
        }
        Ok(())
    }
}

impl Reader {
    pub(super) fn past_runs(&self, which: Runs) -> Result<Vec<PastRun>, StoreError> {
        let runs = &self.tables.runs;
        match which {
            Runs::Last(limit) => {
                let limit = i64::try_from(limit).unwrap_or(i64::MAX);
                let query = format!("SELECT {RUN} FROM {runs} ORDER BY id DESC LIMIT {limit}");
                self.rows(&query, &[], past_run)
            }
            Runs::Number(number) => {
                let query = format!("SELECT {RUN} FROM {runs} WHERE id = ?");
                self.rows(&query, &params![number], past_run)
            }
        }
    }

    fn changes_where(
        &self,
        condition: &str,
        params: &[Param],
    ) -> Result<Vec<PastChange>, StoreError> {
        let Tables { runs, changes, .. } = &*self.tables;
        let query = format!(
            "SELECT {CHANGE} FROM {changes} c JOIN {runs} r ON r.id = c.run_id {condition}"
        );
        self.rows(&query, params, past_change)
    }

    pub(super) fn past_changes(&self, which: Changes<'_>) -> Result<Vec<PastChange>, StoreError> {
        match which {
            Changes::OfRun(number) => {
                let by = self.db.dialect.by_code_point("c.username");
                let condition = format!("WHERE c.run_id = ? ORDER BY {by}, c.user_id");
                self.changes_where(&condition, &params![number])
            }
            Changes::Since(run, users) => {
                let condition = "WHERE c.run_id > ? ORDER BY c.run_id";
                let mut changes = if users.is_empty() {
                    Vec::new()
                } else {
                    self.changes_where(condition, &params![run])?
                };
                changes.retain(|it| users.contains(&it.user));
                Ok(changes)
            }
            Changes::OfName(name) => self.changes_of_name(name),
            Changes::OfUser(user) => {
                let mut traces = Traces::default();
                traces.add_user(user);
                self.lives(traces)
            }
            Changes::Deletions(run) => self.deletions(run),
        }
    }

    /// The deletions of a run, or of all of them, the newest first.
    fn deletions(&self, run: Option<i64>) -> Result<Vec<PastChange>, StoreError> {
        let by = self.db.dialect.by_code_point("c.username");
        let condition = format!(
            "WHERE r.deleted > 0 AND c.action = 'deleted' AND (? = 1 OR c.run_id = ?)
             ORDER BY c.run_id DESC, {by}"
        );
        self.changes_where(&condition, &params![i64::from(run.is_none()), run])
    }

    /// All changes of every user that ever had a name, oldest first.
    fn changes_of_name(&self, name: &Folded) -> Result<Vec<PastChange>, StoreError> {
        let mut traces = Traces::default();
        let names = std::slice::from_ref(name);
        for user in crate::store::View::users(self, crate::store::Keys::Usernames(names))? {
            traces.add_user(&user);
        }
        let key = layout::key(name);
        let condition = "c.name_before = ? OR c.name_after = ?";
        self.trace(&mut traces, condition, &params![key.clone(), key])?;
        if traces.rows.is_empty() {
            // Of a user whom another program renamed or removed.
            self.trace(
                &mut traces,
                "lower(c.username) = ?",
                &params![name.as_str()],
            )?;
        }
        self.lives(traces)
    }

    /// All changes of these users. A user that was removed and imported again has a new row, but the same identity.
    fn lives(&self, mut traces: Traces) -> Result<Vec<PastChange>, StoreError> {
        let guids: Vec<String> = std::mem::take(&mut traces.guids).into_iter().collect();
        let identities: Vec<_> = guids.iter().filter_map(|it| it.parse().ok()).collect();
        if !identities.is_empty() {
            for user in self.by_identity(&identities)? {
                traces.add_user(&user);
            }
            let set = self.db.dialect.set(TEXT, "x");
            let condition = format!("c.guid IN (SELECT x.text FROM {set})");
            let guids = record::texts(guids.into_iter()).map_err(self.failed("read"))?;
            self.trace(&mut traces, &condition, &params![guids])?;
        }
        let rows: Vec<UserId> = traces.rows.into_iter().map(UserId).collect();
        let mut all = Vec::new();
        let set = self.db.dialect.set(record::NUMBER, "x");
        let condition =
            format!("WHERE c.user_id IN (SELECT x.id FROM {set}) ORDER BY c.run_id, c.user_id");
        for rows in rows.chunks(AT_ONCE) {
            let rows = record::numbers(rows.iter().copied()).map_err(self.failed("read"))?;
            all.extend(self.changes_where(&condition, &params![rows])?);
        }
        Ok(all)
    }

    /// Adds the rows and identities of matching changes.
    fn trace(
        &self,
        traces: &mut Traces,
        condition: &str,
        params: &[Param],
    ) -> Result<(), StoreError> {
        let query = format!(
            "SELECT c.user_id, c.guid FROM {} c WHERE {condition}",
            self.tables.changes
        );
        let found = self.rows(&query, params, |row| Ok((row.number(0)?, row.text(1)?)))?;
        for (row, guid) in found {
            traces.rows.insert(row);
            traces.guids.extend(guid);
        }
        Ok(())
    }

    /// The newest deletion of each of these names, if there is one; and names of deleted users: all of them, if one
    /// of these has no deletion.
    pub(super) fn read_newest_deletions(
        &self,
        names: &[Folded],
    ) -> Result<(Vec<Option<PastChange>>, Vec<String>), StoreError> {
        let set = self.db.dialect.set(TEXT, "x");
        let condition = format!(
            "WHERE c.action = 'deleted' AND c.name_before IN (SELECT x.text FROM {set}) ORDER BY c.run_id DESC"
        );
        let keys = record::keys(names).map_err(self.failed("read"))?;
        let deletions = self.changes_where(&condition, &params![keys])?;
        let newest = |name: &Folded| {
            let mut of_name = deletions
                .iter()
                .filter(|it| Folded::new(&it.username) == *name);
            of_name.next().cloned()
        };
        let found: Vec<_> = names.iter().map(newest).collect();
        if found.iter().all(Option::is_some) {
            let known = deletions.into_iter().map(|it| it.username);
            return Ok((found, known.collect()));
        }
        let query = format!(
            "SELECT username FROM {} WHERE action = 'deleted' ORDER BY run_id DESC",
            self.tables.changes
        );
        Ok((found, self.rows(&query, &[], |row| row.string(0))?))
    }
}

/// Rows and identities of users.
#[derive(Debug, Default)]
struct Traces {
    rows: HashSet<i64>,
    guids: HashSet<String>,
}

impl Traces {
    fn add_user(&mut self, user: &StoredUser) {
        self.rows.insert(user.id.0);
        self.guids
            .extend(user.origin.guid().map(|it| it.to_string()));
    }
}

fn past_run(row: &Row) -> Result<PastRun, DatabaseError> {
    Ok(PastRun {
        run: row.number(0)?,
        command: named(row, 1, Command::from_name)?,
        mode: named(row, 2, Mode::from_name)?,
        started_at: time(row, 3)?,
        duration_ms: row.number(4)?,
        run_by: row.string(5)?,
        sudo_for: row.text(6)?,
        host: row.string(7)?,
        outcome: named(row, 8, Outcome::from_name)?,
        error: row.text(9)?,
        undoes: row.int(20)?,
        domain: row.int(21)?.map(DomainId),
        counts: Counts {
            checked: row.count(10)?,
            unchanged: row.count(11)?,
            imported: row.count(12)?,
            modified: row.count(13)?,
            deleted: row.count(14)?,
            duplicate: row.count(15)?,
            out_of_scope: row.count(16)?,
            missing: row.count(17)?,
            failed: row.count(18)?,
            foreign: row.count(19)?,
        },
    })
}

fn past_change(row: &Row) -> Result<PastChange, DatabaseError> {
    Ok(PastChange {
        run: row.number(0)?,
        at: time(row, 1)?,
        user: UserId(row.number(2)?),
        action: named(row, 3, Action::from_name)?,
        username: row.string(4)?,
        evidence: row.text(5)?,
        before: record::snapshot(row, 6)?,
        after: record::snapshot(row, 7)?,
    })
}

/// A value that must be one of a set of names.
fn named<T>(
    row: &Row,
    column: usize,
    from_name: impl Fn(&str) -> Option<T>,
) -> Result<T, DatabaseError> {
    let text = row.string(column)?;
    from_name(&text)
        .ok_or_else(|| DatabaseError::new(Refusal::Other, format!("{text:?} means nothing there")))
}

fn time(row: &Row, column: usize) -> Result<Timestamp, DatabaseError> {
    let text = row.string(column)?;
    text.parse().map_err(|error: jiff::Error| {
        DatabaseError::new(Refusal::Other, format!("an unreadable time: {error}"))
    })
}
