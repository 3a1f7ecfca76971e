//! The domains of the imported users, and who answered for them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::reader::Reader;

use crate::ldap::dn as names;
use crate::plan::change_mark::ReadSettings;
use crate::store::StoreError;
use crate::store::{Command, KnownDomain, Mode, Run};
use crate::user::{Controller, ControllerId, Domain, DomainId, ObjectGuid};

impl Reader {
    /// All domains.
    pub fn domains(&self) -> Result<Vec<KnownDomain>, StoreError> {
        self.db
            .prepare_cached("SELECT id, guid, dn, provisional FROM domains ORDER BY id")
            .and_then(|mut statement| {
                let domains = statement.query_map([], |row| {
                    let guid: Option<[u8; 16]> = row.get(1)?;
                    Ok(KnownDomain {
                        id: DomainId(row.get(0)?),
                        guid: guid.map(ObjectGuid::from_bytes),
                        dn: row.get(2)?,
                        is_provisional: row.get(3)?,
                    })
                })?;
                domains.collect()
            })
            .map_err(self.failed("read"))
    }

    /// The domain that a run reads, with its key where the store has one: by the identity of its head; by its DN where
    /// one of the two has no such identity.
    pub fn domain(&self, guid: Option<ObjectGuid>, dn: &str) -> Result<Domain, StoreError> {
        let domains = self.domains()?;
        let is_it = |it: &&KnownDomain| guid.is_some() && it.guid == guid;
        let has_dn =
            |it: &&KnownDomain| (guid.is_none() || it.guid.is_none()) && names::same(&it.dn, dn);
        let found = domains
            .iter()
            .find(is_it)
            .or_else(|| domains.iter().find(has_dn));
        Ok(Domain {
            id: found.map(|it| it.id),
            guid: guid.or_else(|| found.and_then(|it| it.guid)),
            dn: dn.to_owned(),
        })
    }

    /// The domain for which a controller has answered before; a controller answers for one of a DN.
    pub fn domain_of_controller(
        &self,
        identity: &str,
        dn: &str,
    ) -> Result<Option<Domain>, StoreError> {
        let found: Option<i64> = self
            .db
            .prepare_cached(
                "SELECT domains.id FROM controllers JOIN domains ON domains.id = controllers.domain
                 WHERE identity = ?1 AND domains.guid IS NOT NULL",
            )
            .and_then(|mut statement| statement.query_row([identity], |row| row.get(0)).optional())
            .map_err(self.failed("read"))?;
        let domains = self.domains()?;
        let found = domains
            .into_iter()
            .find(|it| Some(it.id.0) == found && names::same(&it.dn, dn));
        Ok(found.map(|it| Domain {
            id: Some(it.id),
            guid: it.guid,
            dn: dn.to_owned(),
        }))
    }

    /// The domain that a DN lies in, as far as that can be told from it.
    pub fn domain_around(&self, dn: &str) -> Result<Option<DomainId>, StoreError> {
        let around = |it: &KnownDomain| names::is_within(dn, &it.dn);
        let domains = self.domains()?.into_iter().filter(around);
        Ok(domains.max_by_key(|it| it.dn.len()).map(|it| it.id))
    }

    /// The DNs of all domains, for lists.
    pub(super) fn domain_names(&self) -> Result<HashMap<DomainId, Arc<str>>, StoreError> {
        let names = self.domains()?.into_iter();
        Ok(names.map(|it| (it.id, it.dn.into())).collect())
    }

    /// The keys that users of a domain may have: its own, and those of domains that no run has read yet.
    pub(super) fn keys_of(&self, domain: &Domain) -> Result<HashSet<DomainId>, StoreError> {
        let domains = self.domains()?.into_iter();
        let keys = domains
            .filter(|it| it.is_provisional || Some(it.id) == domain.id)
            .map(|it| it.id);
        Ok(keys.collect())
    }

    /// A controller, with its key if it has answered before. One that has come less far than it had then was brought
    /// back from a copy: it is another one, for what it has returned before means nothing any more.
    pub fn controller(
        &self,
        domain: &Domain,
        identity: String,
        usn: Option<i64>,
    ) -> Result<Controller, StoreError> {
        let id = self
            .db
            .prepare_cached(
                "SELECT id FROM controllers
                 WHERE domain = ?1 AND identity = ?2 AND coalesce(usn <= ?3, TRUE)",
            )
            .and_then(|mut statement| {
                let params = params![domain.id.map(|it| it.0), identity, usn];
                statement.query_row(params, |row| row.get(0)).optional()
            })
            .map_err(self.failed("read"))?;
        Ok(Controller {
            id: id.map(ControllerId),
            identity,
            usn,
        })
    }

    /// What a controller is known by.
    pub fn identity_of(&self, controller: ControllerId) -> Result<Option<String>, StoreError> {
        self.db
            .prepare_cached("SELECT identity FROM controllers WHERE id = ?1")
            .and_then(|mut statement| {
                let found = statement.query_row([controller.0], |row| row.get(0));
                found.optional()
            })
            .map_err(self.failed("read"))
    }

    /// Of the controllers of a domain that read it completely: the number of the last run in which each did.
    pub fn full_runs(&self, domain: &Domain) -> Result<Vec<(ControllerId, i64)>, StoreError> {
        self.db
            .prepare_cached(
                "SELECT id, full_run FROM controllers WHERE domain = ?1 AND full_run IS NOT NULL",
            )
            .and_then(|mut statement| {
                let runs = statement.query_map([domain.id.map(|it| it.0)], |row| {
                    Ok((ControllerId(row.get(0)?), row.get(1)?))
                })?;
                runs.collect()
            })
            .map_err(self.failed("read"))
    }

    /// The settings under which a domain was read last, and the run that did.
    pub fn settings_of(&self, domain: &Domain) -> Result<Option<(ReadSettings, i64)>, StoreError> {
        let found: Option<(String, i64)> = self
            .db
            .query_row(
                "SELECT settings, settings_run FROM domains
                 WHERE id = ?1 AND settings IS NOT NULL AND settings_run IS NOT NULL",
                [domain.id.map(|it| it.0)],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(self.failed("read"))?;
        Ok(found.and_then(|(text, run)| Some((serde_json::from_str(&text).ok()?, run))))
    }
}

/// The keys of what a run read, once they are written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Keys {
    pub(super) domain: Option<DomainId>,
    pub(super) controller: Option<ControllerId>,
}

/// Notes the domain that a run read and who answered, where that is not known yet or has changed.
pub(super) fn note(db: &Connection, run: &Run) -> rusqlite::Result<Keys> {
    let Some(domain) = &run.domain else {
        return Ok(Keys::default());
    };
    if run.undoes.is_some() {
        // It read no directory, so it learnt nothing of the domain.
        return Ok(Keys {
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
            // What it was before it was brought back from a copy is kept beside it.
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
    Ok(Keys {
        domain: Some(DomainId(id)),
        controller,
    })
}

/// Notes what a run that was carried out read, and under which settings.
pub(super) fn note_reading(
    db: &Connection,
    run: &Run,
    run_id: i64,
    keys: Keys,
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

/// Takes back that controllers read everything in a run and after it: whoever they did not return then may be one of
/// those that are set back, and must not count as returned by them. What they read before it stands.
pub(super) fn take_back_readings(db: &Connection, undone: i64, keys: Keys) -> rusqlite::Result<()> {
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
        let domain = store.domain(guid, dn).expect("readable");
        let controller = store.controller(&domain, "dc1".to_owned(), Some(usn));
        run.controller = Some(controller.expect("readable"));
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
