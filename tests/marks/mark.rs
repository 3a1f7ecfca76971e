//! Looks at the change mark of a store, and at what a run by change mark does beside a full one.

use std::collections::BTreeMap;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};
use serde_json::Value;
use testdir::{LoggedSearch, Uuid};

use crate::support::embedded::{DOMAIN, Stage, text};
use crate::support::store::{Files, Rows, age_missing, missing_since, open, without_times};

/// The row of `marks`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) service: String,
    pub(crate) invocation_id: Uuid,
    pub(crate) usn: i64,
    pub(crate) settings: String,
    pub(crate) full_at: String,
    pub(crate) witness: Uuid,
    pub(crate) deleted_witness: Option<Uuid>,
}

impl Mark {
    /// The mark of a store, if it has one.
    #[track_caller]
    pub(crate) fn of(stage: &Stage) -> Option<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let db = Connection::open_with_flags(stage.sandbox.store_path(), flags)
            .expect("the store can be opened");
        db.query_row(
            "SELECT service, invocation_id, usn, settings, full_at, witness, deleted_witness FROM marks",
            [],
            Self::read,
        )
        .optional()
        .expect("the table has at most one row")
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let uuid = |bytes: Vec<u8>| Uuid::from_slice_le(&bytes).expect("16 bytes");
        let deleted_witness: Option<Vec<u8>> = row.get(6)?;
        Ok(Self {
            service: row.get(0)?,
            invocation_id: uuid(row.get(1)?),
            usn: row.get(2)?,
            settings: row.get(3)?,
            full_at: row.get(4)?,
            witness: uuid(row.get(5)?),
            deleted_witness: deleted_witness.map(uuid),
        })
    }
}

/// The mark of a store that has one.
#[track_caller]
pub(crate) fn mark(stage: &Stage) -> Mark {
    Mark::of(stage).expect("the store has a mark")
}

/// The searches among these that ask who is still there.
pub(crate) fn sweep(searches: &[LoggedSearch]) -> Vec<&LoggedSearch> {
    let is_sweep = |it: &&LoggedSearch| {
        it.base == DOMAIN && !it.show_deleted && it.filter.starts_with("(|(objectGUID=")
    };
    searches.iter().filter(is_sweep).collect()
}

/// How far the directory has come.
pub(crate) fn highest_usn(stage: &Stage) -> i64 {
    let usn = stage.directory.edit(|directory| directory.highest_usn());
    i64::try_from(usn).expect("a number that a store can hold")
}

/// Whom every mark of [`marked`] has for its witness.
pub(crate) const WITNESS: &str = "wanda";

/// These users, and the witness, are imported, and a full run has set the mark.
pub(crate) fn marked(users: &[&str]) -> Stage {
    let stage = Stage::imported(&[users, &[WITNESS]].concat());
    set_mark(&stage);
    stage
}

/// The same, and who is missing is deleted at once where everything else is proof.
pub(crate) fn marked_at_once(users: &[&str]) -> Stage {
    let mut stage = marked(users);
    stage.configure_sync("missing_after = \"0\"");
    stage
}

/// The same, by an account that sees tombstones, and knows it because it sees one.
pub(crate) fn marked_with_tombstones(users: &[&str]) -> Stage {
    let stage = Stage::imported(&[users, &[WITNESS]].concat());
    stage.directory.see_tombstones(true);
    stage.change(|directory| directory.add_user("long gone"));
    stage.change(|directory| directory.delete("long gone"));
    set_mark(&stage);
    assert_ne!(mark(&stage).deleted_witness, None);
    stage
}

/// Runs in full, and makes [`WITNESS`] the witness of the mark, so that a test knows who it is.
#[track_caller]
pub(crate) fn set_mark(stage: &Stage) {
    full(stage, 0);
    let guid = stage.change(|directory| directory.guid(WITNESS));
    update_mark(stage, "witness", guid.to_bytes_le());
}

/// Changes a column of the mark past adsync.
#[track_caller]
pub(crate) fn update_mark(stage: &Stage, column: &str, value: impl rusqlite::ToSql) {
    let update = format!("UPDATE marks SET {column} = ?1");
    assert_eq!(open(stage).execute(&update, [value]), Ok(1));
}

/// The directory changes, but none of the users of the store.
pub(crate) fn something_else_changes(stage: &Stage) {
    stage.change(|directory| directory.add_user("a stranger"));
}

/// A sync of everybody that goes on from the mark.
#[track_caller]
pub(crate) fn delta(stage: &Stage, code: i32) -> Value {
    in_mode(stage, code, &["sync"], "delta")
}

/// A sync of everybody that reads everything.
#[track_caller]
pub(crate) fn full(stage: &Stage, code: i32) -> Value {
    in_mode(stage, code, &["sync"], "full")
}

#[track_caller]
pub(crate) fn in_mode(stage: &Stage, code: i32, arguments: &[&str], mode: &str) -> Value {
    let run = stage.json(code, arguments);
    assert_eq!(run["mode"], mode, "{run:#}");
    run
}

/// A day, and with it the time for which a user must be missing, has passed for those who are.
pub(crate) fn a_day_passes(stage: &Stage) {
    age_missing(&stage.sandbox.store_path(), 24);
}

/// What a run says, but for what differs between two runs that find the same.
pub(crate) fn findings(run: &Value) -> Value {
    let mut run = run.clone();
    if let Some(fields) = run.as_object_mut() {
        for field in ["mode", "run", "started_at", "duration_ms"] {
            fields.remove(field);
        }
    }
    for user in run["missing"].as_array_mut().into_iter().flatten() {
        for field in ["since", "reason"] {
            user[field] = without_times(&text(user, field)).into();
        }
    }
    run
}

/// Fails unless a run says of everybody who is missing what the store said before it, and of others that
/// they are missing from this run on.
#[track_caller]
pub(crate) fn is_missing_since(before: &BTreeMap<String, String>, run: &Value) {
    for user in run["missing"].as_array().into_iter().flatten() {
        let since = before.get(&text(user, "guid")).cloned();
        let expected = since.unwrap_or_else(|| text(run, "started_at"));
        assert_eq!(text(user, "since"), expected, "{user:#}");
    }
}

/// Fails unless a run by change mark and a full one find the same, rehearsed and done, leave the same
/// users behind, and agree again after that. The store is then as after the former, of which this is
/// what it said.
#[track_caller]
pub(crate) fn agrees(stage: &Stage, code: i32) -> Value {
    agrees_with(stage, code, &[])
}

/// The same, of runs with these arguments more.
#[track_caller]
pub(crate) fn agrees_with(stage: &Stage, code: i32, more: &[&str]) -> Value {
    let path = stage.sandbox.store_path();
    let before = missing_since(&path);
    let sync = |mode: &str, code: i32, arguments: &[&str]| {
        let run = in_mode(stage, code, &[&["sync"], arguments, more].concat(), mode);
        is_missing_since(&before, &run);
        run
    };
    let expected = findings(&sync("full", code, &["--dry-run", "--full"]));
    let rehearsal = sync("delta", code, &["--dry-run"]);
    assert_eq!(findings(&rehearsal), expected, "rehearsed");

    let files = Files::of(stage);
    sync("full", code, &["--full"]);
    let after_full = Rows::of(&path);
    files.put_back(stage);
    let run = sync("delta", code, &[]);
    let mut done = findings(&run);
    done["dry_run"] = true.into();
    assert_eq!(done, expected, "done");
    let after_delta = Rows::of(&path);
    assert_eq!(
        after_delta.users, after_full.users,
        "the users of the store"
    );
    assert_eq!(
        after_delta.found, after_full.found,
        "the users of the store"
    );
    assert_eq!(after_delta.changes, after_full.changes, "what is noted");

    let again = |arguments: &[&str]| {
        let arguments = [&["sync", "--dry-run", "--format", "json"], arguments, more].concat();
        stage.run(&arguments).json()
    };
    let (next, rehearsal) = (again(&["--full"]), again(&[]));
    assert_eq!(rehearsal["mode"], "delta");
    assert_eq!(findings(&rehearsal), findings(&next), "the next run");
    for bucket in ["modified", "deleted"] {
        assert_eq!(next["counts"][bucket], 0, "left for a full run: {next:#}");
    }
    run
}
