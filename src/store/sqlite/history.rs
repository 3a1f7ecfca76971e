//! The history: what runs did, who ran them, and what they changed.

use std::collections::HashSet;

use jiff::Timestamp;
use rusqlite::{Connection, Row, named_params};

use super::Reader;
use super::domains::RunKeys;
use super::record::parse_snapshot;
use crate::plan::{Action, Counts, Plan, Recent};
use crate::store::StoreError;
use crate::store::history::{in_step, run_by, runs_to_forget, sudo_for};
use crate::store::{Command, Mode, Outcome, PastChange, PastRun, Run, Runs};
use crate::user::{DomainId, UserId};

const RUN_COLUMNS: &str = "id, command, mode, started_at, duration_ms, run_by, sudo_for, host, outcome, error, checked, unchanged, imported, modified, deleted, duplicate, out_of_scope, missing, failed, others, undoes, domain";

const CHANGES: &str = "run_id, started_at, user_id, action, username, evidence, before, after
     FROM changes JOIN runs ON runs.id = run_id";

pub(super) const CHANGE_COLUMNS: &str =
    "run_id, started_at, user_id, action, username, evidence, before, after";

const FORGET: &str = "DELETE FROM runs WHERE id = ?1";

/// Records that a run is under way. Returns its number.
pub(super) fn begin_run(db: &Connection, run: &Run) -> rusqlite::Result<i64> {
    let (user, host) = run_by();
    db.execute(
        "INSERT INTO runs (command, mode, started_at, duration_ms, run_by, sudo_for, host, outcome,
            checked, unchanged, imported, modified, deleted, duplicate, out_of_scope, failed)
         VALUES (:command, :mode, :started_at, 0, :run_by, :sudo_for, :host, :outcome, 0, 0, 0, 0, 0, 0, 0, 0)",
        named_params! {
            ":command": run.command.name(),
            ":mode": run.mode.name(),
            ":started_at": run.started_at.to_string(),
            ":run_by": user,
            ":sudo_for": sudo_for(),
            ":host": host,
            // Never visible: the outcome is set in the same transaction.
            ":outcome": Outcome::Failed.name(),
        },
    )?;
    Ok(db.last_insert_rowid())
}

/// Records how a run ended.
pub(super) fn end_run(
    db: &Connection,
    run_id: i64,
    run: &Run,
    keys: RunKeys,
    outcome: Outcome,
    error: Option<&str>,
    plan: &Plan,
) -> rusqlite::Result<()> {
    let count = |users: usize| i64::try_from(users).unwrap_or(i64::MAX);
    let wide = |users: u64| i64::try_from(users).unwrap_or(i64::MAX);
    db.execute(
        "UPDATE runs SET mode = :mode, duration_ms = :duration_ms, outcome = :outcome, error = :error,
            checked = :checked, unchanged = :unchanged, imported = :imported, modified = :modified,
            deleted = :deleted, duplicate = :duplicate, out_of_scope = :out_of_scope, failed = :failed,
            in_step = :in_step, scope_users = :scope_users, missing = :missing, others = :others,
            domain = :domain, controller = :controller, unsaid_deleted = :unsaid_deleted,
            unsaid_disabled = :unsaid_disabled, undoes = :undoes
         WHERE id = :id",
        named_params! {
            ":id": run_id,
            ":mode": run.mode.name(),
            ":duration_ms": wide(run.duration_ms()),
            ":outcome": outcome.name(),
            ":error": error,
            ":checked": wide(plan.checked()),
            ":unchanged": wide(plan.untouched()),
            ":imported": count(plan.imported.len()),
            ":modified": count(plan.modified.len()),
            ":deleted": count(plan.deleted.len()),
            ":duplicate": count(plan.duplicate.len()),
            ":out_of_scope": count(plan.out_of_scope.len()),
            ":failed": count(plan.failed.len()),
            ":missing": count(plan.missing.len()),
            ":others": wide(plan.foreign),
            ":domain": keys.domain.map(|it| it.0),
            ":controller": keys.controller.map(|it| it.0),
            ":unsaid_deleted": wide(run.unsaid.deleted),
            ":unsaid_disabled": wide(run.unsaid.disabled),
            ":undoes": run.undoes,
            ":in_step": in_step(outcome, plan, run),
            ":scope_users": run.scope_users.map(wide),
        },
    )?;
    Ok(())
}

/// Deletes runs beyond the retention period, with their changes.
pub(super) fn forget_old_runs(db: &Connection, run: &Run, but: i64) -> rusqlite::Result<()> {
    let ends = "SELECT id, started_at FROM (SELECT id, started_at FROM runs ORDER BY id LIMIT 100)
         UNION SELECT id, started_at FROM (
             SELECT id, started_at FROM runs WHERE id <> ?1 ORDER BY id DESC LIMIT 1)
         ORDER BY id";
    loop {
        let ends: Vec<(i64, String)> = db
            .prepare_cached(ends)?
            .query_map([but], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let old = runs_to_forget(&ends, but, run);
        if old.is_empty() {
            return Ok(());
        }
        for id in old {
            db.prepare_cached(FORGET)?.execute([id])?;
        }
    }
}

/// Records a run that was refused or failed.
pub(super) fn record_end(
    db: &Connection,
    run: &Run,
    outcome: Outcome,
    error: &str,
    plan: &Plan,
) -> rusqlite::Result<i64> {
    let run_id = begin_run(db, run)?;
    // A run that changed nothing does not add a domain.
    let keys = RunKeys {
        domain: run.domain.as_ref().and_then(|it| it.id),
        controller: run.controller.as_ref().and_then(|it| it.id),
    };
    let run = Run {
        unsaid: Recent::default(),
        ..run.clone()
    };
    end_run(db, run_id, &run, keys, outcome, Some(error), plan)?;
    Ok(run_id)
}

impl Reader {
    pub(super) fn past_runs(&self, which: Runs) -> Result<Vec<PastRun>, StoreError> {
        let (condition, number) = match which {
            Runs::Last(limit) => (
                "ORDER BY id DESC LIMIT ?1",
                i64::try_from(limit).unwrap_or(i64::MAX),
            ),
            Runs::Number(number) => ("WHERE id = ?1", number),
        };
        let query = format!("SELECT {RUN_COLUMNS} FROM runs {condition}");
        self.rows(&query, [number], past_run)
    }

    /// What a run changed, ordered by username.
    pub(super) fn changes_of_run(&self, number: i64) -> Result<Vec<PastChange>, StoreError> {
        let query = format!("SELECT {CHANGES} WHERE run_id = ?1 ORDER BY username, user_id");
        self.rows(&query, [number], past_change)
    }

    /// What later runs changed about these users, oldest first.
    pub(super) fn changes_since(
        &self,
        run: i64,
        users: &HashSet<UserId>,
    ) -> Result<Vec<PastChange>, StoreError> {
        if users.is_empty() {
            return Ok(Vec::new());
        }
        let query = format!("SELECT {CHANGES} WHERE run_id > ?1 ORDER BY run_id");
        self.rows_if(&query, [run], |row| {
            let is_of_them = users.contains(&UserId(row.get(2)?));
            is_of_them.then(|| past_change(row)).transpose()
        })
    }
}

fn past_run(row: &Row<'_>) -> rusqlite::Result<PastRun> {
    let count = |column| row.get(column).map(i64::unsigned_abs);
    Ok(PastRun {
        run: row.get(0)?,
        command: named(row, 1, Command::from_name)?,
        mode: named(row, 2, Mode::from_name)?,
        started_at: time(row, 3)?,
        duration_ms: row.get(4)?,
        run_by: row.get(5)?,
        sudo_for: row.get(6)?,
        host: row.get(7)?,
        outcome: named(row, 8, Outcome::from_name)?,
        error: row.get(9)?,
        undoes: row.get(20)?,
        domain: row.get::<_, Option<i64>>(21)?.map(DomainId),
        counts: Counts {
            checked: count(10)?,
            unchanged: count(11)?,
            imported: count(12)?,
            modified: count(13)?,
            deleted: count(14)?,
            duplicate: count(15)?,
            out_of_scope: count(16)?,
            missing: count(17)?,
            failed: count(18)?,
            foreign: count(19)?,
        },
    })
}

pub(super) fn past_change(row: &Row<'_>) -> rusqlite::Result<PastChange> {
    Ok(PastChange {
        run: row.get(0)?,
        at: time(row, 1)?,
        user: UserId(row.get(2)?),
        action: named(row, 3, Action::from_name)?,
        username: row.get(4)?,
        evidence: row.get(5)?,
        before: parse_snapshot(row, 6)?,
        after: parse_snapshot(row, 7)?,
    })
}

/// A value that must be one of a set of names.
fn named<T>(
    row: &Row<'_>,
    column: usize,
    from_name: impl Fn(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    from_name(text).ok_or_else(|| {
        let why = format!("{text:?} means nothing there");
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, why.into())
    })
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error: jiff::Error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rusqlite::{StatementStatus, ToSql};

    use super::*;
    use crate::store::sqlite::domains::LAST_SCOPE;

    /// A store with so many runs, a day apart, of which the first alone read all of the scope.
    fn history(runs: u32) -> Reader {
        let store = Reader::open(Path::new("/nonexistent/users.db")).expect("an empty one");
        let insert = "INSERT INTO runs (command, mode, started_at, duration_ms, run_by, host, outcome,
                checked, unchanged, imported, modified, deleted, duplicate, out_of_scope, failed, scope_users, domain)
             VALUES ('sync', 'full', date('2026-01-01', '+' || ?1 || ' days'), 1, 'root', 'app1', 'done',
                0, 0, 0, 0, 0, 0, 0, 0, iif(?1, NULL, 5), 1)";
        for day in 0..runs {
            store.db.execute(insert, [day]).expect("a run");
        }
        let domain = "INSERT INTO domains (id, dn) VALUES (1, 'DC=x')";
        store.db.execute(domain, []).expect("a domain");
        store
    }

    /// How many steps `SQLite` takes for that.
    fn steps(store: &Reader, query: &str, params: &[&dyn ToSql]) -> i32 {
        let mut statement = store.db.prepare(query).expect("a query");
        let mut rows = statement.query(params).expect("it can be asked");
        while rows.next().expect("an answer").is_some() {}
        drop(rows);
        statement.get_status(StatementStatus::VmStep)
    }

    /// The runs that are left when one at that time forgets those older than ten days.
    fn left(days: &[&str], now: &str) -> Vec<i64> {
        let store = history(0);
        for day in days.iter().chain([&now]) {
            let insert = "INSERT INTO runs (command, mode, started_at, duration_ms, run_by, host, outcome,
                    checked, unchanged, imported, modified, deleted, duplicate, out_of_scope, failed)
                 VALUES ('sync', 'full', ?1 || 'T02:00:00Z', 1, 'root', 'app1', 'done', 0, 0, 0, 0, 0, 0, 0, 0)";
            store.db.execute(insert, [day]).expect("a run");
        }
        let mut run = Run::begin(Command::Sync, 10);
        run.started_at = format!("{now}T02:00:00Z").parse().expect("a time");
        let newest = i64::try_from(days.len()).expect("few") + 1;
        forget_old_runs(&store.db, &run, newest).expect("forgotten");
        let runs = store.past_runs(Runs::Last(100)).expect("readable");
        runs.iter().rev().map(|it| it.run).collect()
    }

    #[test]
    fn runs_are_forgotten_when_they_are_old() {
        let days = ["2026-01-01", "2026-01-02", "2026-01-12"];
        assert_eq!(left(&days, "2026-01-12"), [2, 3, 4]);
        assert_eq!(left(&days, "2026-01-13"), [2, 3, 4]);
    }

    #[test]
    fn a_clock_that_jumped_ahead_forgets_nobody() {
        let days = ["2026-01-01", "2026-01-02"];
        assert_eq!(left(&days, "2099-01-01"), [1, 2, 3]);
        // And the run that it dated so does not keep all that came after it.
        let days = ["2099-01-01", "2026-01-01", "2026-01-02", "2026-02-01"];
        assert_eq!(left(&days, "2026-02-01"), [4, 5]);
    }

    #[test]
    fn a_run_that_was_dated_back_is_kept_for_its_time() {
        let days = ["2026-01-05", "2001-01-01", "2026-01-06"];
        assert_eq!(left(&days, "2026-01-06"), [1, 2, 3, 4]);
        assert_eq!(left(&days, "2001-01-02"), [1, 2, 3, 4]);
    }

    #[test]
    fn a_run_costs_the_same_however_long_the_history_is() {
        let (short, long) = (history(10), history(1000));
        let forget = |store| steps(store, FORGET, &[&0]);
        assert_eq!(forget(&long), forget(&short));
        let scope = format!("SELECT ({LAST_SCOPE}) FROM domains");
        let scope_users = |store| steps(store, &scope, &[]);
        assert_eq!(scope_users(&long), scope_users(&short));
        let domains = long.read_domains().expect("readable");
        let known: Vec<_> = domains.iter().map(|it| it.scope_users).collect();
        assert_eq!(known, [Some(5)]);
    }
}
