//! Domains and domain controllers.

use std::collections::HashMap;

use rusqlite::{Connection, Row, params};

use super::reader::Reader;
use crate::store::domains::Domains;
use crate::store::{Command, KnownController, KnownDomain, Mode, Run, StoreError};
use crate::user::{Controller, ControllerId, DomainId, ObjectGuid};

impl Reader {
    /// All domains, with what is known of each.
    pub(super) fn read_domains(&self) -> Result<Domains, StoreError> {
        let mut controllers = self.controllers().map_err(self.failed("read"))?;
        let mut marks = self.marks().map_err(self.failed("read"))?;
        let query = format!(
            "SELECT id, guid, dn, provisional, settings, settings_run, ({LAST_SCOPE}) FROM domains ORDER BY id"
        );
        let known = |row: &Row<'_>| {
            let id = DomainId(row.get(0)?);
            let guid: Option<[u8; 16]> = row.get(1)?;
            let settings: Option<String> = row.get(4)?;
            let settings = settings.and_then(|it| serde_json::from_str(&it).ok());
            Ok(KnownDomain {
                id,
                guid: guid.map(ObjectGuid::from_bytes),
                dn: row.get(2)?,
                is_provisional: row.get(3)?,
                settings: settings.zip(row.get(5)?),
                mark: marks.remove(&id),
                scope_users: row.get::<_, Option<i64>>(6)?.map(i64::unsigned_abs),
                controllers: controllers.remove(&id).unwrap_or_default(),
            })
        };
        self.rows(&query, [], known).map(Domains)
    }

    fn controllers(&self) -> rusqlite::Result<HashMap<DomainId, Vec<KnownController>>> {
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        let query = "SELECT domain, id, identity, usn, full_run FROM controllers ORDER BY id";
        let mut statement = self.db.prepare_cached(query)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let controller = KnownController {
                id: ControllerId(row.get(1)?),
                identity: row.get(2)?,
                usn: row.get(3)?,
                full_run: row.get(4)?,
            };
            let domain = DomainId(row.get(0)?);
            found.entry(domain).or_default().push(controller);
        }
        Ok(found)
    }
}

/// Found at the end of an index, however many runs there are.
pub(super) const LAST_SCOPE: &str = "SELECT scope_users FROM runs
     WHERE scope_users IS NOT NULL AND runs.domain IS domains.id ORDER BY runs.id DESC LIMIT 1";

/// The keys of the domain and the domain controller of a run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RunKeys {
    pub(super) domain: Option<DomainId>,
    pub(super) controller: Option<ControllerId>,
}

/// Records the domain and the domain controller of a run, if they are new or have changed.
pub(super) fn note(db: &Connection, run: &Run) -> rusqlite::Result<RunKeys> {
    let Some(domain) = &run.domain else {
        return Ok(RunKeys::default());
    };
    if run.undoes.is_some() {
        // It read no directory, so it knows nothing new about the domain.
        return Ok(RunKeys {
            domain: domain.id,
            controller: None,
        });
    }
    let guid = domain.guid.as_ref().map(ObjectGuid::as_bytes);
    let id = if let Some(DomainId(id)) = domain.id {
        db.execute(
            "UPDATE domains SET guid = ?2, dn = ?3, provisional = 0
             WHERE id = ?1 AND (guid IS NOT ?2 OR dn IS NOT ?3 OR provisional)",
            params![id, guid, domain.dn],
        )?;
        id
    } else {
        db.execute(
            "INSERT INTO domains (guid, dn) VALUES (?1, ?2)",
            params![guid, domain.dn],
        )?;
        db.last_insert_rowid()
    };
    let controller = match &run.controller {
        None => None,
        Some(Controller { id: Some(it), .. }) => Some(*it),
        Some(Controller { identity, usn, .. }) => {
            // Keep its record from before it was restored.
            db.execute(
                "UPDATE controllers SET identity = identity || '~' || id
                 WHERE domain = ?1 AND identity = ?2",
                params![id, identity],
            )?;
            db.execute(
                "INSERT INTO controllers (domain, identity, usn) VALUES (?1, ?2, ?3)",
                params![id, identity, usn],
            )?;
            Some(ControllerId(db.last_insert_rowid()))
        }
    };
    Ok(RunKeys {
        domain: Some(DomainId(id)),
        controller,
    })
}

/// Records what a successful run read, and with which settings.
pub(super) fn note_reading(
    db: &Connection,
    run: &Run,
    run_id: i64,
    keys: RunKeys,
) -> rusqlite::Result<()> {
    let Some(DomainId(domain)) = keys.domain else {
        return Ok(());
    };
    if let Some(settings) = &run.settings {
        let text = serde_json::to_string(settings)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        db.execute(
            "UPDATE domains SET settings = ?2, settings_run = ?3 WHERE id = ?1",
            params![domain, text, run_id],
        )?;
    }
    if let Some(Controller { usn: Some(usn), .. }) = &run.controller {
        db.execute(
            "UPDATE controllers SET usn = ?2 WHERE id = ?1 AND usn IS NOT ?2",
            params![keys.controller.map(|it| it.0), usn],
        )?;
    }
    if run.command == Command::Sync && run.mode == Mode::Full {
        db.execute(
            "UPDATE controllers SET full_run = ?2, full_at = ?3 WHERE id = ?1",
            params![
                keys.controller.map(|it| it.0),
                run_id,
                run.started_at.to_string()
            ],
        )?;
    }
    Ok(())
}

/// Forgets complete reads since an undone run: users that were not returned then may be among those set back, and must
/// not count as returned. Earlier reads stay.
pub(super) fn take_back_readings(
    db: &Connection,
    undone: i64,
    keys: RunKeys,
) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE controllers SET (full_run, full_at) = (
             SELECT max(id), started_at FROM runs
             WHERE runs.controller = controllers.id AND command = 'sync' AND mode = 'full'
                 AND outcome IN ('done', 'partial') AND runs.id < ?1)
         WHERE full_run >= ?1 AND (?2 IS NULL OR domain = ?2)",
        params![undone, keys.domain.map(|it| it.0)],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn store() -> Reader {
        Reader::open(Path::new("/nonexistent/users.db")).expect("an empty one")
    }

    fn head(number: u8) -> ObjectGuid {
        ObjectGuid::from_bytes([number; 16])
    }

    /// Reads the store in a run, and writes down who answered for which domain; gives their keys.
    fn run(store: &Reader, guid: Option<ObjectGuid>, dn: &str, usn: i64) -> (i64, i64) {
        let mut run = Run::begin(Command::Sync, 1);
        let domains = store.read_domains().expect("readable");
        let domain = domains.domain(guid, dn);
        run.controller = Some(domains.controller(&domain, "dc1".to_owned(), Some(usn)));
        run.domain = Some(domain);
        let keys = note(&store.db, &run).expect("noted");
        note_reading(&store.db, &run, 1, keys).expect("noted");
        let key = keys.domain.expect("a domain").0;
        (key, keys.controller.expect("a controller").0)
    }

    #[test]
    fn a_domain_is_known_by_its_head() {
        let store = store();
        let (corp, _) = run(&store, Some(head(1)), "DC=corp", 1);
        // It was renamed.
        assert_eq!(run(&store, Some(head(1)), "DC=corp2", 1).0, corp);
        // Another one has its name.
        assert_ne!(run(&store, Some(head(2)), "DC=corp2", 1).0, corp);
    }

    #[test]
    fn a_domain_whose_head_cannot_be_read_is_known_by_its_dn() {
        let store = store();
        let (corp, _) = run(&store, None, "DC=corp", 1);
        assert_eq!(run(&store, None, "dc=Corp", 1).0, corp);
        assert_eq!(run(&store, Some(head(1)), "DC=corp", 1).0, corp);
        // The right to read it was lost again.
        assert_eq!(run(&store, None, "DC=corp", 1).0, corp);
        assert_ne!(run(&store, None, "DC=other", 1).0, corp);
    }

    #[test]
    fn a_controller_that_was_brought_back_from_a_copy_is_another_one() {
        let store = store();
        let (_, first) = run(&store, Some(head(1)), "DC=corp", 10);
        assert_eq!(run(&store, Some(head(1)), "DC=corp", 10).1, first);
        assert_eq!(run(&store, Some(head(1)), "DC=corp", 20).1, first);
        let (_, copy) = run(&store, Some(head(1)), "DC=corp", 15);
        assert_ne!(copy, first);
        assert_eq!(run(&store, Some(head(1)), "DC=corp", 16).1, copy);
        assert_ne!(run(&store, Some(head(1)), "DC=corp", 5).1, copy);
    }
}
