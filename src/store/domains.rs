//! The domains of the imported users, and who answered for them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::error::StoreError;
use super::reader::Reader;
use super::{Mode, Run};
use crate::directory::same_dn;
use crate::mark::Question;
use crate::user::{Controller, ControllerId, Domain, DomainId, ObjectGuid};

/// A domain as the store knows it.
#[derive(Clone, Debug)]
pub struct KnownDomain {
    /// Its key.
    pub id: DomainId,
    /// `objectGUID` of the head of its naming context; none where it is known by its DN.
    pub guid: Option<ObjectGuid>,
    /// The DN of the naming context, when it was last read.
    pub dn: String,
    /// Whether it is only known from the DNs of users: no run has read it yet.
    pub is_provisional: bool,
}

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
            |it: &&KnownDomain| (guid.is_none() || it.guid.is_none()) && same_dn(&it.dn, dn);
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
            .find(|it| Some(it.id.0) == found && same_dn(&it.dn, dn));
        Ok(found.map(|it| Domain {
            id: Some(it.id),
            guid: it.guid,
            dn: dn.to_owned(),
        }))
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

    /// The key of a controller, if it has answered before.
    pub fn controller(&self, domain: &Domain, identity: String) -> Result<Controller, StoreError> {
        let id = self
            .db
            .prepare_cached("SELECT id FROM controllers WHERE domain = ?1 AND identity = ?2")
            .and_then(|mut statement| {
                let params = params![domain.id.map(|it| it.0), identity];
                statement.query_row(params, |row| row.get(0)).optional()
            })
            .map_err(self.failed("read"))?;
        Ok(Controller {
            id: id.map(ControllerId),
            identity,
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
    pub fn settings_of(&self, domain: &Domain) -> Result<Option<(Question, i64)>, StoreError> {
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
    let id = match domain.id {
        Some(DomainId(id)) => {
            db.execute(
                "UPDATE domains SET guid = ?2, dn = ?3, provisional = 0
                 WHERE id = ?1 AND (guid IS NOT ?2 OR dn IS NOT ?3 OR provisional)",
                params![id, guid, domain.dn],
            )?;
            id
        }
        None => {
            db.execute(
                "INSERT INTO domains (guid, dn) VALUES (?1, ?2)",
                params![guid, domain.dn],
            )?;
            db.last_insert_rowid()
        }
    };
    let controller = match &run.controller {
        None => None,
        Some(Controller { id: Some(it), .. }) => Some(*it),
        Some(Controller { id: None, identity }) => {
            db.execute(
                "INSERT INTO controllers (domain, identity) VALUES (?1, ?2)",
                params![id, identity],
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
    if run.command == "sync" && run.mode == Mode::Full {
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
