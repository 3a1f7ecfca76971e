//! Listing users.

use std::collections::HashMap;

use rusqlite::Connection;

use super::reader::Reader;
use super::record::{self, UserColumns};
use crate::store::{LastSeen, Listing, StoreError, Visit};
use crate::user::{Column, DomainId, Field, Source, Standing, UserId};

/// The last run over all users of each domain. Runs from before there were domains name none.
const LAST_FULL: &str = "SELECT last.domain, id, started_at FROM (
        SELECT domains.id AS domain, (
            SELECT runs.id FROM runs
            WHERE command IN ('sync', 'import') AND mode IN ('full', 'delta') AND in_step IS NULL
                AND outcome IN ('done', 'partial')
                AND (runs.domain = domains.id OR runs.domain IS NULL)
            ORDER BY runs.id DESC LIMIT 1) AS run_id
        FROM domains
    ) AS last JOIN runs ON runs.id = last.run_id";

/// Builds the query of a listing.
struct Query<'a>(&'a Listing);

impl Query<'_> {
    /// The query. It is composed of literals in this file only.
    fn text(&self) -> String {
        let conditions = [self.of_standings(), self.0.source.map(of_source)];
        let conditions: Vec<String> = conditions.into_iter().flatten().collect();
        let conditions = if conditions.is_empty() {
            String::new()
        } else {
            format!("WHERE {}", conditions.join(" AND "))
        };
        let order = self.order();
        let times = if self.0.sort == Column::SyncedAt {
            format!(
                "WITH last_full (of, id, at) AS MATERIALIZED ({LAST_FULL}),
                 selected (user, at) AS MATERIALIZED (
                     SELECT value, max(started_at) FROM runs, json_each(in_step)
                     WHERE runs.id > coalesce((SELECT min(id) FROM last_full), 0) GROUP BY value)"
            )
        } else {
            String::new()
        };
        let join = if self.0.sort == Column::SyncedAt {
            "LEFT JOIN selected ON selected.user = users.id LEFT JOIN last_full ON last_full.of = users.domain"
        } else {
            ""
        };
        format!("{times} SELECT {UserColumns} FROM users {join} {conditions} ORDER BY {order}")
    }

    fn of_standings(&self) -> Option<String> {
        let each: Vec<&str> = self.0.standings.iter().map(|it| of_standing(*it)).collect();
        (!each.is_empty()).then(|| format!("({})", each.join(" OR ")))
    }

    fn order(&self) -> String {
        let direction = if self.0.reverse { "DESC" } else { "ASC" };
        let by = match self.0.sort {
            // From its index, so that the first user comes at once.
            Column::Field(Field::Username) => return format!("username_folded {direction}"),
            Column::Field(Field::Email) => "email_folded",
            Column::Field(Field::Enabled) => "enabled",
            Column::Field(field) => &format!("{} COLLATE NOCASE", field.name()),
            Column::Name => {
                "nullif(trim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')), '') COLLATE NOCASE"
            }
            Column::Source => "source",
            Column::Status => {
                "CASE WHEN status = 'ok' AND NOT enabled THEN 'disabled' ELSE status END"
            }
            Column::Reason => "reason COLLATE NOCASE",
            Column::Domain => "domain",
            Column::Guid => "guid",
            Column::Dn => "dn COLLATE NOCASE",
            // As in `LastSeen`. Runs start at whole seconds, so the texts sort as the times do.
            Column::SyncedAt => {
                "CASE WHEN guid IS NULL OR status <> 'ok' THEN synced_at
                 ELSE nullif(max(coalesce(synced_at, ''), coalesce(last_full.at, ''),
                                 coalesce(selected.at, '')), '') END"
            }
        };
        format!("({by}) IS NULL, {by} {direction}, username_folded")
    }
}

fn of_standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Ok => "(status = 'ok' AND enabled)",
        Standing::Disabled => "NOT enabled",
        // Repeated for the partial index.
        Standing::Duplicate => "(status = 'duplicate' AND status <> 'ok')",
        Standing::OutOfScope => "(status = 'out_of_scope' AND status <> 'ok')",
        Standing::Missing => "(status = 'missing' AND status <> 'ok')",
        Standing::Failed => "(status = 'failed' AND status <> 'ok')",
        Standing::Restored => "(status = 'restored' AND status <> 'ok')",
    }
}

fn of_source(source: Source) -> String {
    match source {
        Source::Local => "guid IS NULL".to_owned(),
        Source::Directory => "guid IS NOT NULL".to_owned(),
    }
}

impl Reader {
    /// Visits the users of a listing one by one.
    pub(super) fn for_each_user(
        &self,
        listing: &Listing,
        visit: &mut Visit<'_>,
    ) -> anyhow::Result<()> {
        let last_seen = self.read_last_seen()?;
        let domains = self.read_domains()?.names();
        let mut statement = self
            .db
            .prepare(&Query(listing).text())
            .map_err(self.failed("read"))?;
        let mut rows = statement.query([]).map_err(self.failed("read"))?;
        while let Some(row) = rows.next().map_err(self.failed("read"))? {
            let user = record::user(row).map_err(self.failed("read"))?;
            let mut user = self.usable(user)?;
            last_seen.fill_in(&mut user, &domains);
            visit(user)?;
        }
        Ok(())
    }

    /// When users were last seen.
    pub(super) fn read_last_seen(&self) -> Result<LastSeen, StoreError> {
        last_seen(&self.db).map_err(self.failed("read"))
    }
}

fn last_seen(db: &Connection) -> rusqlite::Result<LastSeen> {
    let mut full = HashMap::new();
    let mut since = None;
    let mut statement = db.prepare(LAST_FULL)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(1)?;
        since = Some(since.map_or(id, |it: i64| it.min(id)));
        if let Ok(at) = row.get::<_, String>(2)?.parse() {
            full.insert(DomainId(row.get(0)?), at);
        }
    }
    let mut selected = HashMap::new();
    let mut statement = db.prepare(
        "SELECT value, started_at FROM runs, json_each(in_step) WHERE runs.id > ?1 ORDER BY runs.id",
    )?;
    let mut rows = statement.query([since.unwrap_or(i64::MIN)])?;
    while let Some(row) = rows.next()? {
        if let Ok(at) = row.get::<_, String>(1)?.parse() {
            selected.insert(UserId(row.get(0)?), at);
        }
    }
    Ok(LastSeen { full, selected })
}
