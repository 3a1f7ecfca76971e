//! Domains, domain controllers and change marks.

use std::collections::HashMap;

use super::connection::{Row, params};
use super::error::DatabaseError;
use super::layout::Tables;
use super::record;
use super::view::Reader;
use super::writing::Writing;
use crate::plan::change_mark::{Mark, Position, Sentinels};
use crate::store::{Command, Domains, KnownController, KnownDomain, Marking, Mode, Run};
use crate::user::{Controller, ControllerId, DomainId, ObjectGuid};

/// The keys of the domain and the domain controller of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunKeys {
    pub domain: Option<DomainId>,
    pub controller: Option<ControllerId>,
}

impl Reader {
    /// All domains, with what is known of each.
    pub(super) fn read_domains(&self) -> Result<Domains, DatabaseError> {
        let Tables { runs, domains, .. } = &*self.tables;
        let mut controllers = self.controllers()?;
        let mut marks = self.marks()?;
        let query = format!(
            "SELECT d.id, {}, d.dn, d.settings, d.settings_run,
                 (SELECT scope_users FROM {runs} r WHERE r.scope_users IS NOT NULL AND r.domain = d.id
                  ORDER BY r.id DESC LIMIT 1)
             FROM {domains} d ORDER BY d.id",
            self.db.dialect.text("d.guid")
        );
        let known = |row: &Row| {
            let id = DomainId(row.number(0)?);
            let settings = row.text(3)?;
            let settings = settings.and_then(|it| serde_json::from_str(&it).ok());
            Ok(KnownDomain {
                id,
                guid: record::identity(row, 1)?,
                dn: row.string(2)?,
                is_provisional: false,
                settings: settings.zip(row.int(4)?),
                mark: marks.remove(&id),
                scope_users: row.int(5)?.map(i64::unsigned_abs),
                controllers: controllers.remove(&id).unwrap_or_default(),
            })
        };
        self.db.rows(&query, &[], known).map(Domains)
    }

    fn controllers(&self) -> Result<HashMap<DomainId, Vec<KnownController>>, DatabaseError> {
        let query = format!(
            "SELECT domain, id, identity, usn, full_run FROM {} ORDER BY id",
            self.tables.controllers
        );
        let all = self.db.rows(&query, &[], |row| {
            let controller = KnownController {
                id: ControllerId(row.number(1)?),
                identity: row.string(2)?,
                usn: row.int(3)?,
                full_run: row.int(4)?,
            };
            Ok((DomainId(row.number(0)?), controller))
        })?;
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for (domain, controller) in all {
            found.entry(domain).or_default().push(controller);
        }
        Ok(found)
    }

    /// The change marks of all domains, except unreadable ones.
    fn marks(&self) -> Result<HashMap<DomainId, Mark>, DatabaseError> {
        let text = |it| self.db.dialect.text(it);
        let query = format!(
            "SELECT service, {}, usn, settings, full_at, {}, {}, domain FROM {}",
            text("invocation_id"),
            text("witness"),
            text("deleted_witness"),
            self.tables.marks
        );
        let marks = self.db.rows(&query, &[], |row| {
            Ok(mark(row)?.map(|mark| (row.number(7).map(DomainId), mark)))
        })?;
        let marks = marks.into_iter().flatten();
        marks.map(|(domain, mark)| Ok((domain?, mark))).collect()
    }
}

/// A change mark; none if another program wrote something that is not one.
fn mark(row: &Row) -> Result<Option<Mark>, DatabaseError> {
    let settings = serde_json::from_str(&row.string(3)?).ok();
    let full_at = row.string(4)?.parse().ok();
    let identities = record::identity(row, 1)?.zip(record::identity(row, 5)?);
    let (Some(settings), Some(full_at), Some((invocation_id, living))) =
        (settings, full_at, identities)
    else {
        return Ok(None);
    };
    Ok(Some(Mark {
        position: Position {
            service: row.string(0)?,
            invocation_id,
            usn: row.number(2)?,
        },
        settings,
        full_at,
        sentinels: Sentinels {
            living,
            deleted: record::identity(row, 6)?,
        },
    }))
}

fn guid_text(guid: Option<&ObjectGuid>) -> Option<String> {
    guid.map(ToString::to_string)
}

impl Writing<'_> {
    /// Records the domain and the domain controller of a run, if they are new or have changed.
    pub(super) fn note_domain(&mut self, run: &Run) -> Result<RunKeys, DatabaseError> {
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
        let domains = &self.tables.domains;
        let guid = guid_text(domain.guid.as_ref());
        let as_guid = self.db.dialect.guid("?");
        let id = if let Some(DomainId(id)) = domain.id {
            if self.is_new_of(domain) {
                let sql = format!("UPDATE {domains} SET guid = {as_guid}, dn = ? WHERE id = ?");
                self.db
                    .execute(&sql, &params![guid, domain.dn.as_str(), id])?;
            }
            id
        } else {
            let id = self.numbers.take_domain();
            let sql = format!("INSERT INTO {domains} (id, guid, dn) VALUES (?, {as_guid}, ?)");
            self.db
                .execute(&sql, &params![id, guid, domain.dn.as_str()])?;
            id
        };
        let controller = match &run.controller {
            None => None,
            Some(Controller { id: Some(it), .. }) => Some(*it),
            Some(controller) => Some(self.add_controller(id, controller)?),
        };
        Ok(RunKeys {
            domain: Some(DomainId(id)),
            controller,
        })
    }

    /// Whether a known domain has another name or identity than the store says.
    fn is_new_of(&self, domain: &crate::user::Domain) -> bool {
        let known = self.domains.known(domain);
        known.is_none_or(|it| it.guid != domain.guid || it.dn != domain.dn)
    }

    fn add_controller(
        &mut self,
        domain: i64,
        controller: &Controller,
    ) -> Result<ControllerId, DatabaseError> {
        let controllers = &self.tables.controllers;
        let id = self.numbers.take_controller();
        // Keep its record from before it was restored.
        let sql = format!(
            "UPDATE {controllers} SET identity = concat(identity, '~', id) WHERE domain = ? AND identity = ?"
        );
        let identity = controller.identity.as_str();
        self.db.execute(&sql, &params![domain, identity])?;
        let sql =
            format!("INSERT INTO {controllers} (id, domain, identity, usn) VALUES (?, ?, ?, ?)");
        self.db
            .execute(&sql, &params![id, domain, identity, controller.usn])?;
        Ok(ControllerId(id))
    }

    /// Records what a successful run read, and with which settings.
    pub(super) fn note_reading(&self, run: &Run, keys: RunKeys) -> Result<(), DatabaseError> {
        let Some(DomainId(domain)) = keys.domain else {
            return Ok(());
        };
        if let Some(settings) = &run.settings {
            let text = record::json(settings)?;
            let sql = format!(
                "UPDATE {} SET settings = ?, settings_run = ? WHERE id = ?",
                self.tables.domains
            );
            self.db.execute(&sql, &params![text, self.run_id, domain])?;
        }
        let Some(ControllerId(controller)) = keys.controller else {
            return Ok(());
        };
        let usn = run.controller.as_ref().and_then(|it| it.usn);
        let is_full = run.command == Command::Sync && run.mode == Mode::Full;
        let controllers = &self.tables.controllers;
        if is_full {
            let sql = format!(
                "UPDATE {controllers} SET usn = coalesce(?, usn), full_run = ?, full_at = ? WHERE id = ?"
            );
            let at = run.started_at.to_string();
            self.db
                .execute(&sql, &params![usn, self.run_id, at, controller])?;
        } else if usn.is_some() {
            let sql = format!("UPDATE {controllers} SET usn = ? WHERE id = ?");
            self.db.execute(&sql, &params![usn, controller])?;
        }
        Ok(())
    }

    /// Forgets complete reads since an undone run: users that were not returned then may be among those set back, and
    /// must not count as returned. Earlier reads stay.
    pub(super) fn take_back_readings(
        &self,
        undone: i64,
        keys: RunKeys,
    ) -> Result<(), DatabaseError> {
        let Tables {
            runs, controllers, ..
        } = self.tables;
        let before = |column: &str| {
            format!(
                "(SELECT {column} FROM {runs} r WHERE r.controller = c.id AND r.command = 'sync' AND r.mode = 'full'
                     AND r.outcome IN ('done', 'partial') AND r.id < ? ORDER BY r.id DESC LIMIT 1)"
            )
        };
        let sql = format!(
            "UPDATE {controllers} c SET full_at = {}, full_run = {} WHERE full_run >= ? AND (? = 1 OR domain = ?)",
            before("r.started_at"),
            before("r.id"),
        );
        let domain = keys.domain.map(|it| it.0);
        let params = params![undone, undone, undone, i64::from(domain.is_none()), domain];
        self.db.execute(&sql, &params).map(drop)
    }

    /// Applies the effect of a run on the change mark.
    pub(super) fn mark(&self, marking: &Marking, keys: RunKeys) -> Result<(), DatabaseError> {
        let marks = &self.tables.marks;
        let domain = keys.domain.map(|it| it.0);
        let forget = format!("DELETE FROM {marks} WHERE domain = ?");
        match marking {
            Marking::Keep => Ok(()),
            Marking::Forget => self.db.execute(&forget, &params![domain]).map(drop),
            Marking::ForgetAll => self
                .db
                .execute(&format!("DELETE FROM {marks}"), &[])
                .map(drop),
            Marking::Set(mark) => self.set_mark(mark, domain),
        }
    }

    fn set_mark(&self, mark: &Mark, domain: Option<i64>) -> Result<(), DatabaseError> {
        let Mark {
            position,
            settings,
            full_at,
            sentinels,
        } = mark;
        let settings = record::json(settings)?;
        let guid = self.db.dialect.guid("?");
        let columns = "service = ?, usn = ?, settings = ?, full_at = ?";
        let marks = &self.tables.marks;
        let values = params![
            position.service.as_str(),
            position.usn,
            settings,
            full_at.to_string(),
            position.invocation_id.to_string(),
            sentinels.living.to_string(),
            guid_text(sentinels.deleted.as_ref()),
            domain,
        ];
        let update = format!(
            "UPDATE {marks} SET {columns}, invocation_id = {guid}, witness = {guid}, deleted_witness = {guid}
             WHERE domain = ?"
        );
        if self.db.execute(&update, &values)? > 0 {
            return Ok(());
        }
        let insert = format!(
            "INSERT INTO {marks} (service, usn, settings, full_at, invocation_id, witness, deleted_witness, domain)
             VALUES (?, ?, ?, ?, {guid}, {guid}, {guid}, ?)"
        );
        self.db.execute(&insert, &values).map(drop)
    }
}
