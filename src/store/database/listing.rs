//! Listing users, and their names by prefix.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use super::connection::params;
use super::dialect::{Columns, Kind};
use super::error::DatabaseError;
use super::layout::Tables;
use super::record;
use super::view::Reader;
use crate::store::{Known, LastSeen, Listing, StoreError, Visit};
use crate::user::{Column, DomainId, Field, Folded, Source, Standing, UserId};

/// When somebody or a domain was seen, as a row of a set.
#[derive(Serialize)]
struct SeenAt {
    id: i64,
    at: String,
}

const SEEN_AT: &Columns = &[("id", Kind::Int), ("at", Kind::Text)];

impl Reader {
    /// Visits the users of a listing one by one.
    pub(super) fn for_each_user(
        &self,
        listing: &Listing,
        visit: &mut Visit<'_>,
    ) -> anyhow::Result<()> {
        let failed = self.failed("read");
        let last_seen = self.read_last_seen().map_err(&failed)?;
        let domains = self.known_domains().map_err(&failed)?.names();
        self.visit_users(listing, &last_seen, &domains, visit)
    }

    /// The same with what is known of runs and domains.
    pub(super) fn visit_users(
        &self,
        listing: &Listing,
        last_seen: &LastSeen,
        domains: &HashMap<DomainId, Arc<str>>,
        visit: &mut Visit<'_>,
    ) -> anyhow::Result<()> {
        let failed = self.failed("read");
        let (query, params) = self.query(listing, last_seen).map_err(&failed)?;
        self.db
            .each(&query, &params, |row| {
                let mut user = self.user(&row).map_err(Stopped::Failed)?;
                last_seen.fill_in(&mut user, domains);
                visit(user).map_err(Stopped::ByVisitor)
            })
            .map_err(|stopped| match stopped {
                Stopped::Failed(error) => failed(error).into(),
                Stopped::ByVisitor(error) => error,
            })
    }

    fn query(
        &self,
        listing: &Listing,
        last_seen: &LastSeen,
    ) -> Result<(String, Vec<super::connection::Param>), DatabaseError> {
        let Tables { users, links, .. } = &*self.tables;
        let dialect = self.db.dialect;
        let is_by_time = listing.sort == Column::SyncedAt;
        let mut params = Vec::new();
        let mut join = String::new();
        if is_by_time {
            join = format!(
                "LEFT JOIN {} ON f.id = l.domain LEFT JOIN {} ON s.id = {}",
                dialect.set(SEEN_AT, "f"),
                dialect.set(SEEN_AT, "s"),
                users.number()
            );
            let full = last_seen.full.iter().map(|(id, at)| (id.0, at));
            let selected = last_seen.selected.iter().map(|(id, at)| (id.0, at));
            params.push(seen(full)?.into());
            params.push(seen(selected)?.into());
        }
        let is_enabled = users.is_enabled();
        let each = listing.standings.iter();
        let each: Vec<String> = each.map(|it| of_standing(*it, &is_enabled)).collect();
        let standings = (!each.is_empty()).then(|| format!("({})", each.join(" OR ")));
        let source = listing.source.map(of_source).map(str::to_owned);
        let conditions = [Some(self.tables.listed("u")), standings, source];
        let conditions: Vec<String> = conditions.into_iter().flatten().collect();
        let query = format!(
            "SELECT {} FROM {users} u LEFT JOIN {links} l ON {} {join} WHERE {} ORDER BY {}",
            self.columns(),
            users.has_link(),
            conditions.join(" AND "),
            self.order(listing)
        );
        Ok((query, params))
    }

    fn order(&self, listing: &Listing) -> String {
        let dialect = self.db.dialect;
        let direction = if listing.reverse { "DESC" } else { "ASC" };
        let users = &self.tables.users;
        let field = |it| users.field(it);
        let (name, email) = if users.is_mapped() {
            let of = |it| dialect.by_code_point(&format!("lower({})", field(it)));
            (of(Field::Username), of(Field::Email))
        } else {
            let of = |it| dialect.by_code_point(it);
            (of("u.username_key"), of("u.email_key"))
        };
        let is_enabled = users.is_enabled();
        let by = match listing.sort {
            Column::Field(Field::Username) => return format!("{name} {direction}"),
            Column::Field(Field::Email) => email,
            Column::Field(Field::Enabled) => {
                dialect.int(&format!("CASE WHEN {is_enabled} THEN 1 ELSE 0 END"))
            }
            Column::Field(it) => dialect.by_letters(&field(it)),
            Column::Name => dialect.by_letters(&format!(
                "nullif(trim(concat(coalesce({}, ''), ' ', coalesce({}, ''))), '')",
                field(Field::FirstName),
                field(Field::LastName)
            )),
            Column::Source => "CASE WHEN l.guid IS NULL THEN 'local' ELSE 'directory' END".to_owned(),
            Column::Status => format!(
                "CASE WHEN coalesce(l.status, 'ok') = 'ok' AND NOT ({is_enabled}) THEN 'disabled'
                 ELSE coalesce(l.status, 'ok') END"
            ),
            Column::Reason => dialect.by_letters("l.reason"),
            Column::Domain => "l.domain".to_owned(),
            Column::Guid => dialect.by_identity("l.guid"),
            Column::Dn => dialect.by_letters("l.dn"),
            // As in `LastSeen`. Runs start at whole seconds, so the texts sort as the times do.
            Column::SyncedAt => dialect.by_code_point(
                "CASE WHEN l.guid IS NULL OR l.status <> 'ok' THEN l.synced_at ELSE nullif(greatest(
                    coalesce(l.synced_at, ''), coalesce(f.at, ''), coalesce(s.at, '')), '') END",
            ),
        };
        format!("CASE WHEN ({by}) IS NULL THEN 1 ELSE 0 END, {by} {direction}, {name}")
    }

    /// When users were last seen.
    pub(super) fn read_last_seen(&self) -> Result<LastSeen, DatabaseError> {
        let Tables { runs, domains, .. } = &*self.tables;
        let last_full = format!(
            "SELECT d.id, r.id, r.started_at FROM {domains} d JOIN {runs} r ON r.id = (
                 SELECT max(id) FROM {runs} f
                 WHERE f.command IN ('sync', 'import') AND f.mode IN ('full', 'delta') AND f.in_step IS NULL
                     AND f.outcome IN ('done', 'partial') AND f.domain = d.id)"
        );
        let (mut full, mut since) = (HashMap::new(), None);
        self.db.each(&last_full, &[], |row| {
            let run = row.number(1)?;
            since = Some(since.map_or(run, |it: i64| it.min(run)));
            if let Ok(at) = row.string(2)?.parse() {
                full.insert(DomainId(row.number(0)?), at);
            }
            Ok::<_, DatabaseError>(())
        })?;
        let of_some = format!(
            "SELECT in_step, started_at FROM {runs} WHERE in_step IS NOT NULL AND id > ? ORDER BY id"
        );
        let mut selected = HashMap::new();
        self.db
            .each(&of_some, &params![since.unwrap_or(i64::MIN)], |row| {
                let users: Vec<i64> = serde_json::from_str(&row.string(0)?).unwrap_or_default();
                if let Ok(at) = row.string(1)?.parse() {
                    selected.extend(users.into_iter().map(|it| (UserId(it), at)));
                }
                Ok::<_, DatabaseError>(())
            })?;
        Ok(LastSeen { full, selected })
    }

    /// Visits usernames: those of the store with this prefix, others whatever they begin with.
    pub(super) fn visit_usernames(
        &self,
        prefix: &str,
        known: Known,
        visit: &mut dyn FnMut(String),
    ) -> Result<(), StoreError> {
        let Tables {
            users,
            links,
            changes,
            ..
        } = &*self.tables;
        let first = Folded::new(prefix);
        // Sorts after everything with the prefix.
        let end = format!("{}{}", first.as_str(), char::MAX);
        let dialect = self.db.dialect;
        let name = users.field(Field::Username);
        let key = if users.is_mapped() {
            dialect.by_code_point(&format!("lower({name})"))
        } else {
            dialect.by_code_point("u.username_key")
        };
        let of_store = format!(
            "FROM {users} u WHERE {} AND {key} >= ? AND {key} < ?",
            self.tables.listed("u")
        );
        let (linked, number) = (users.has_link(), users.number());
        let query = match known {
            Known::Stored => format!("SELECT {name} {of_store} ORDER BY {key}"),
            Known::Imported => format!(
                "SELECT {name} {of_store} AND EXISTS (SELECT 1 FROM {links} l WHERE {linked}) ORDER BY {key}"
            ),
            Known::Deleted => format!(
                "SELECT DISTINCT username FROM {changes} c WHERE c.action = 'deleted' AND ? <= ?
                     AND NOT EXISTS (SELECT 1 FROM {users} u LEFT JOIN {links} l ON {linked} WHERE {number} = c.user_id)"
            ),
            Known::Ever => format!("SELECT {name} {of_store} UNION SELECT username FROM {changes}"),
        };
        let params = params![first.as_str(), end];
        self.db
            .each(&query, &params, |row| {
                visit(row.string(0)?);
                Ok::<_, DatabaseError>(())
            })
            .map_err(self.failed("read"))
    }

    /// The usernames with this prefix, in any case, in order.
    pub(super) fn known_usernames(
        &self,
        prefix: &str,
        known: Known,
        limit: Option<usize>,
    ) -> Result<Vec<String>, StoreError> {
        let first = Folded::new(prefix);
        let begins = |name: &str| Folded::new(name).as_str().starts_with(first.as_str());
        let most = limit.unwrap_or(usize::MAX);
        let mut names = Vec::new();
        self.visit_usernames(prefix, known, &mut |name| {
            if names.len() < most && begins(&name) {
                names.push(name);
            }
        })?;
        names.sort_by_cached_key(|name| Folded::new(name));
        Ok(names)
    }
}

/// Why a listing ended before its end.
enum Stopped {
    Failed(DatabaseError),
    ByVisitor(anyhow::Error),
}

impl From<DatabaseError> for Stopped {
    fn from(error: DatabaseError) -> Self {
        Self::Failed(error)
    }
}

fn seen<'a>(
    times: impl Iterator<Item = (i64, &'a jiff::Timestamp)>,
) -> Result<String, DatabaseError> {
    let rows = times.map(|(id, at)| SeenAt {
        id,
        at: at.to_string(),
    });
    record::json(&rows.collect::<Vec<_>>())
}

fn of_standing(standing: Standing, is_enabled: &str) -> String {
    let status = match standing {
        Standing::Ok => {
            return format!("(coalesce(l.status, 'ok') = 'ok' AND {is_enabled})");
        }
        Standing::Disabled => return format!("NOT ({is_enabled})"),
        Standing::Duplicate => "l.status = 'duplicate'",
        Standing::OutOfScope => "l.status = 'out_of_scope'",
        Standing::Missing => "l.status = 'missing'",
        Standing::Failed => "l.status = 'failed'",
        Standing::Restored => "l.status = 'restored'",
    };
    status.to_owned()
}

fn of_source(source: Source) -> &'static str {
    match source {
        Source::Local => "l.guid IS NULL",
        Source::Directory => "l.guid IS NOT NULL",
    }
}
