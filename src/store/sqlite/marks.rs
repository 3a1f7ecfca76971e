//! Change marks.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Connection, Row, named_params};

use super::Reader;
use super::domains::RunKeys;
use super::flaw;
use crate::plan::change_mark::{Mark, Position, ReadSettings, Sentinels};
use crate::store::Marking;
use crate::user::{DomainId, ObjectGuid};

const COLUMNS: &str = "service, invocation_id, usn, settings, full_at, witness, deleted_witness";

/// Applies the effect of a run on the change mark.
pub(super) fn write(marking: &Marking, db: &Connection, keys: RunKeys) -> rusqlite::Result<()> {
    let domain = keys.domain.map(|it| it.0);
    match marking {
        Marking::Keep => Ok(()),
        Marking::Forget => db
            .execute("DELETE FROM marks WHERE domain = ?1", [domain])
            .map(drop),
        Marking::ForgetAll => db.execute("DELETE FROM marks", []).map(drop),
        Marking::Set(mark) => set(db, mark, domain),
    }
}

fn set(db: &Connection, mark: &Mark, domain: Option<i64>) -> rusqlite::Result<()> {
    let Mark {
        position:
            Position {
                service,
                invocation_id,
                usn,
            },
        settings,
        full_at,
        sentinels: Sentinels { living, deleted },
    } = mark;
    let settings = serde_json::to_string(settings)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    db.execute(
        "REPLACE INTO marks (domain, service, invocation_id, usn, settings, full_at, witness, deleted_witness)
         VALUES (:domain, :service, :invocation_id, :usn, :settings, :full_at, :witness, :deleted_witness)",
        named_params! {
            ":domain": domain,
            ":service": service,
            ":invocation_id": invocation_id.as_bytes(),
            ":usn": usn,
            ":settings": settings,
            ":full_at": full_at.to_string(),
            ":witness": living.as_bytes(),
            ":deleted_witness": deleted.as_ref().map(ObjectGuid::as_bytes),
        },
    )?;
    Ok(())
}

impl Reader {
    /// The change marks of all domains, except unreadable ones.
    pub(super) fn marks(&self) -> rusqlite::Result<HashMap<DomainId, Mark>> {
        let query = format!("SELECT {COLUMNS}, domain FROM marks");
        let of_domain = |row: &Row<'_>| {
            let mark = usable(row)?;
            Ok(mark.map(|mark| Ok((DomainId(row.get(7)?), mark))))
        };
        let mut statement = self.db.prepare_cached(&query)?;
        let marks = statement.query_map([], of_domain)?;
        marks
            .filter_map(|it| it.transpose().map(Result::flatten))
            .collect()
    }
}

/// None if another program wrote something that is not a mark.
fn usable(row: &Row<'_>) -> rusqlite::Result<Option<Mark>> {
    mark(row).or_else(|error| flaw::is_of_value(&error).then_some(None).ok_or(error))
}

fn mark(row: &Row<'_>) -> rusqlite::Result<Option<Mark>> {
    let settings: Result<ReadSettings, _> = serde_json::from_str(&row.get::<_, String>(3)?);
    let full_at: Result<Timestamp, _> = row.get::<_, String>(4)?.parse();
    let (Ok(settings), Ok(full_at)) = (settings, full_at) else {
        return Ok(None);
    };
    Ok(Some(Mark {
        position: Position {
            service: row.get(0)?,
            invocation_id: ObjectGuid::from_bytes(row.get(1)?),
            usn: row.get(2)?,
        },
        settings,
        full_at,
        sentinels: Sentinels {
            living: ObjectGuid::from_bytes(row.get(5)?),
            deleted: row
                .get::<_, Option<[u8; 16]>>(6)?
                .map(ObjectGuid::from_bytes),
        },
    }))
}
