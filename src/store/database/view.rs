//! Queries.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use ldap::dn;
use serde::Serialize;

use super::connection::{Connection, Param, params};
use super::dialect::{Columns, Kind};
use super::error::DatabaseError;
use super::layout::{self, Tables};
use super::matching::PageMatcher;
use super::record::{self, Locals, NUMBER, TEXT};
use crate::plan::{Holder, Holders, Population, Recent};
use crate::store::{
    Changes, Command, Domains, Held, Keys, Known, LastSeen, Listing, Matching, Ours, PastChange,
    PastRun, Runs, StoreError, UserCounts, View, Visit, Which,
};
use crate::user::{
    Domain, Field, Folded, ObjectGuid, Origin, Status, StoredUser, UniqueField, UserId, Values,
};

/// How many users or names are asked for at once.
pub const AT_ONCE: usize = 5000;

/// A store that can be read but not written: all of it as it was when this was made.
#[derive(Debug)]
pub struct Reader {
    pub(super) db: Connection,
    pub(super) tables: Rc<Tables>,
    pub(super) location: String,
    pub(super) locals: Locals,
    pub(super) asked: Asked,
}

/// What was asked before; the state that is read does not change.
#[derive(Debug, Default)]
pub struct Asked {
    domains: RefCell<Option<Domains>>,
    /// The imported users of a domain with a status other than `ok`.
    aside: RefCell<HashMap<Option<i64>, Vec<StoredUser>>>,
}

/// Its transaction holds one state anyway.
impl Held for Still {}
struct Still;

fn domain_key(domain: Option<&Domain>) -> Option<i64> {
    domain.and_then(|it| it.id).map(|it| it.0)
}

impl View for Reader {
    fn location(&self) -> Cow<'_, str> {
        (&*self.location).into()
    }

    fn hold_still(&self) -> Result<Box<dyn Held + '_>, StoreError> {
        Ok(Box::new(Still))
    }

    fn domains(&self) -> Result<Domains, StoreError> {
        self.known_domains().map_err(self.failed("read"))
    }

    fn imported_and_foreign(&self, domain: &Domain) -> Result<(u64, u64), StoreError> {
        let int = |it| self.db.dialect.int(it);
        let query = format!(
            "SELECT {}, {} FROM {}",
            int("count(*)"),
            int("coalesce(sum(CASE WHEN domain = ? THEN 1 ELSE 0 END), 0)"),
            self.tables.links
        );
        let counts = self.one(&query, &params![domain_key(Some(domain))], |row| {
            Ok((row.count(0)?, row.count(1)?))
        })?;
        let (all, ours) = counts.unwrap_or_default();
        Ok((ours, all - ours))
    }

    fn population(&self, domain: Option<&Domain>, at_most: u64) -> Result<Population, StoreError> {
        let int = |it: &str| self.db.dialect.int(it);
        let names = Field::OPTIONAL.map(Field::name);
        let with_value =
            names.map(|name| int(&format!("count(CASE WHEN {name} <> '' THEN 1 END)")));
        let Tables { users, links, .. } = &*self.tables;
        let fields = Field::OPTIONAL.map(|it| format!("{} AS {}", users.field(it), it.name()));
        let query = format!(
            "SELECT {}, {}, {} FROM (
                 SELECT CASE WHEN {} THEN 1 ELSE 0 END AS enabled, {} FROM {links} l JOIN {users} u ON {}
                 WHERE (? = 1 OR l.domain = ?) LIMIT {}) AS counted",
            int("count(*)"),
            int("coalesce(sum(enabled), 0)"),
            with_value.join(", "),
            users.is_enabled(),
            fields.join(", "),
            users.of_link(),
            i64::try_from(at_most).unwrap_or(i64::MAX)
        );
        let params = params![i64::from(domain.is_none()), domain_key(domain)];
        let population = self.one(&query, &params, |row| {
            let mut population = Population {
                imported: row.count(0)?,
                enabled: row.count(1)?,
                ..Population::default()
            };
            for (column, it) in (2..).zip(&mut population.with_value) {
                *it = row.count(column)?;
            }
            Ok(population)
        })?;
        Ok(population.unwrap_or_default())
    }

    fn recent(&self, domain: Option<&Domain>, since: Timestamp) -> Result<Recent, StoreError> {
        let int = |it| self.db.dialect.int(it);
        let query = format!(
            "SELECT {}, {} FROM {} WHERE started_at >= ? AND (? = 1 OR domain = ?)",
            int("coalesce(sum(unsaid_deleted), 0)"),
            int("coalesce(sum(unsaid_disabled), 0)"),
            self.tables.runs
        );
        let params = params![
            since.to_string(),
            i64::from(domain.is_none()),
            domain_key(domain)
        ];
        let recent = self.one(&query, &params, |row| {
            Ok(Recent {
                deleted: row.count(0)?,
                disabled: row.count(1)?,
            })
        })?;
        Ok(recent.unwrap_or_default())
    }

    fn last_seen(&self) -> Result<LastSeen, StoreError> {
        self.read_last_seen().map_err(self.failed("read"))
    }

    fn matching(&self, ours: &Ours) -> Box<dyn Matching + '_> {
        Box::new(PageMatcher::new(self, ours.clone()))
    }

    fn users(&self, keys: Keys<'_>) -> Result<Vec<StoredUser>, StoreError> {
        let mut users = Vec::new();
        match keys {
            Keys::Rows(ids) => {
                for ids in ids.chunks(AT_ONCE) {
                    users.extend(self.by_number(ids)?);
                }
            }
            Keys::Usernames(names) => {
                for names in names.chunks(AT_ONCE) {
                    let found = self
                        .holding(UniqueField::Username, names, false)?
                        .into_iter();
                    // Where the database finds more names equal than adsync does.
                    let is_named =
                        |user: &StoredUser| names.contains(&user.values.profile.folded_username());
                    users.extend(found.map(|(_, user, _)| user).filter(is_named));
                }
            }
            Keys::Identities(guids) => {
                for guids in guids.chunks(AT_ONCE) {
                    users.extend(self.by_identity(guids)?);
                }
            }
        }
        Ok(users)
    }

    fn imported(&self, domain: &Domain, which: Which<'_>) -> Result<Vec<StoredUser>, StoreError> {
        let domain = domain_key(Some(domain));
        match which {
            Which::With(status) => {
                let is_known = self.asked.aside.borrow().contains_key(&domain);
                if !is_known {
                    // The few that every run looks at again, whatever their status.
                    let condition = "l.domain = ? AND l.status <> 'ok'";
                    let aside = self.several(condition, &params![domain])?;
                    self.asked.aside.borrow_mut().insert(domain, aside);
                }
                let known = self.asked.aside.borrow();
                let aside = known.get(&domain).into_iter().flatten();
                Ok(aside.filter(|it| it.status == status).cloned().collect())
            }
            Which::Expired(by) => {
                let condition = "l.domain = ? AND l.expires_at IS NOT NULL";
                let mut users = self.several(condition, &params![domain])?;
                users.retain(|user| {
                    user.values.enabled && user.tracking.expires.is_some_and(|it| it <= by)
                });
                Ok(users)
            }
            Which::Except(seen) => {
                let query = format!("SELECT user_id FROM {} WHERE domain = ?", self.tables.links);
                let mut unseen = Vec::new();
                self.each(&query, &params![domain], |row| {
                    let id = UserId(row.number(0)?);
                    unseen.extend(Some(id).filter(|id| !seen.contains(*id)));
                    Ok(())
                })?;
                self.users(Keys::Rows(&unseen))
            }
        }
    }

    fn imported_guids(
        &self,
        domain: &Domain,
        limit: Option<u32>,
    ) -> Result<Vec<ObjectGuid>, StoreError> {
        let query = format!(
            "SELECT {} FROM {} WHERE domain = ? ORDER BY user_id LIMIT {}",
            self.db.dialect.text("guid"),
            self.tables.links,
            limit.map_or(i64::MAX, i64::from)
        );
        let guids = self.rows(&query, &params![domain_key(Some(domain))], |row| {
            record::identity(row, 0)
        })?;
        Ok(guids.into_iter().flatten().collect())
    }

    fn rows_by_dn(&self, domain: &Domain) -> Result<HashMap<String, UserId>, StoreError> {
        let query = format!(
            "SELECT dn, user_id FROM {} WHERE domain = ? AND dn IS NOT NULL",
            self.tables.links
        );
        let rows = self.rows(&query, &params![domain_key(Some(domain))], |row| {
            Ok((dn::normalised(&row.string(0)?), UserId(row.number(1)?)))
        })?;
        Ok(rows.into_iter().collect())
    }

    fn misfit(&self, values: &Values<&str>) -> Option<String> {
        self.tables.users.misfit(values)
    }

    fn holders(
        &self,
        names: &mut dyn Iterator<Item = (UniqueField, Folded)>,
    ) -> Result<Holders, StoreError> {
        let mut holders = Holders::default();
        if self.tables.users.when_deleted().is_some() {
            holders.keep_of_deleted();
        }
        let mut asked: HashMap<UniqueField, Vec<Folded>> = HashMap::new();
        for (field, name) in names {
            asked.entry(field).or_default().push(name);
        }
        for (field, asked) in asked {
            self.add_alike(field, &asked, &mut holders)?;
            for asked in asked.chunks(AT_ONCE) {
                self.add_holders(field, asked, &mut holders)?;
            }
        }
        Ok(holders)
    }

    fn counts(&self) -> Result<UserCounts, StoreError> {
        let Tables { users, links, .. } = &*self.tables;
        let count = self.db.dialect.int("count(*)");
        let query = format!(
            "SELECT l.status, {count} FROM {links} l GROUP BY l.status
             UNION ALL SELECT NULL, {count} FROM {users} u WHERE {}",
            self.tables.listed("u")
        );
        let counts: HashMap<Option<String>, u64> = self
            .rows(&query, &[], |row| Ok((row.text(0)?, row.count(1)?)))?
            .into_iter()
            .collect();
        let with = |status: Status| counts.get(&Some(status.name().to_owned())).copied();
        let directory = Status::ALL.map(|it| (it, with(it).unwrap_or_default()));
        let imported: u64 = directory.iter().map(|(_, count)| count).sum();
        let all = counts.get(&None).copied().unwrap_or_default();
        Ok(UserCounts {
            local: all.saturating_sub(imported),
            directory: directory.to_vec(),
        })
    }

    fn list(&self, listing: &Listing, visit: &mut Visit<'_>) -> anyhow::Result<()> {
        self.for_each_user(listing, visit)
    }

    fn each_username(&self, which: Known, visit: &mut dyn FnMut(String)) -> Result<(), StoreError> {
        self.visit_usernames("", which, visit)
    }

    fn usernames(
        &self,
        which: Known,
        prefix: &str,
        limit: Option<usize>,
    ) -> Result<Vec<String>, StoreError> {
        self.known_usernames(prefix, which, limit)
    }

    fn runs(&self, which: Runs) -> Result<Vec<PastRun>, StoreError> {
        self.past_runs(which)
    }

    fn last_success(&self, command: Command) -> Result<Option<Timestamp>, StoreError> {
        let query = format!(
            "SELECT started_at, duration_ms FROM {} WHERE command = ? AND outcome IN ('done', 'partial')
                AND (command <> 'sync' OR mode <> 'selected') ORDER BY id DESC LIMIT 1",
            self.tables.runs
        );
        let found = self.one(&query, &params![command.name()], |row| {
            Ok((row.string(0)?, row.number(1)?))
        })?;
        Ok(found.and_then(|(began, milliseconds)| {
            let began: Timestamp = began.parse().ok()?;
            let took = SignedDuration::from_millis(milliseconds);
            began.checked_add(took).ok()
        }))
    }

    fn changes(&self, which: Changes<'_>) -> Result<Vec<PastChange>, StoreError> {
        self.past_changes(which)
    }

    fn newest_deletions(
        &self,
        names: &[Folded],
    ) -> Result<(Vec<Option<PastChange>>, Vec<String>), StoreError> {
        self.read_newest_deletions(names)
    }
}

impl Reader {
    /// All domains, asked for once.
    pub(super) fn known_domains(&self) -> Result<Domains, DatabaseError> {
        if let Some(known) = &*self.asked.domains.borrow() {
            return Ok(known.clone());
        }
        let domains = self.read_domains()?;
        *self.asked.domains.borrow_mut() = Some(domains.clone());
        Ok(domains)
    }

    /// The columns of a user.
    pub(super) fn columns(&self) -> String {
        let users = &self.tables.users;
        record::columns(self.db.dialect, users, users.number(), "l.guid")
    }

    /// A row as a user.
    pub(super) fn user(&self, row: &super::connection::Row) -> Result<StoredUser, DatabaseError> {
        record::user(row, &self.locals)
    }

    /// What it means that a statement failed.
    pub(super) fn failed(
        &self,
        doing: &'static str,
    ) -> impl Fn(DatabaseError) -> StoreError + use<> {
        let store = self.location.clone();
        move |source| StoreError::Database {
            store: store.clone(),
            doing,
            source,
        }
    }

    pub(super) fn rows<T>(
        &self,
        query: &str,
        params: &[Param],
        row: impl FnMut(&super::connection::Row) -> Result<T, DatabaseError>,
    ) -> Result<Vec<T>, StoreError> {
        self.db
            .rows(query, params, row)
            .map_err(self.failed("read"))
    }

    pub(super) fn one<T>(
        &self,
        query: &str,
        params: &[Param],
        row: impl FnMut(&super::connection::Row) -> Result<T, DatabaseError>,
    ) -> Result<Option<T>, StoreError> {
        self.db.one(query, params, row).map_err(self.failed("read"))
    }

    fn each(
        &self,
        query: &str,
        params: &[Param],
        visit: impl FnMut(super::connection::Row) -> Result<(), DatabaseError>,
    ) -> Result<(), StoreError> {
        self.db
            .each(query, params, visit)
            .map_err(self.failed("read"))
    }

    /// Imported users for whom a condition holds.
    fn several(&self, condition: &str, params: &[Param]) -> Result<Vec<StoredUser>, StoreError> {
        let Tables { users, links, .. } = &*self.tables;
        let query = format!(
            "SELECT {} FROM {links} l JOIN {users} u ON {} WHERE {condition} ORDER BY l.user_id",
            self.columns(),
            users.of_link(),
        );
        self.rows(&query, params, |row| self.user(row))
    }

    /// The users with these numbers.
    fn by_number(&self, ids: &[UserId]) -> Result<Vec<StoredUser>, StoreError> {
        let Tables { users, links, .. } = &*self.tables;
        let set = |columns| self.db.dialect.set(columns, "x");
        let numbers = record::numbers(ids.iter().copied()).map_err(self.failed("read"))?;
        if !users.is_mapped() {
            let query = format!(
                "SELECT {} FROM {} JOIN {users} u ON u.id = x.id LEFT JOIN {links} l ON {} ORDER BY u.id",
                self.columns(),
                set(NUMBER),
                users.has_link(),
            );
            return self.rows(&query, &params![numbers], |row| self.user(row));
        }
        let query = format!(
            "SELECT {} FROM {} JOIN {links} l ON l.user_id = x.id JOIN {users} u ON {} ORDER BY l.user_id",
            self.columns(),
            set(NUMBER),
            users.of_link(),
        );
        let mut found = self.rows(&query, &params![numbers], |row| self.user(row))?;
        let keys: Vec<String> = ids.iter().filter_map(|it| self.locals.key(*it)).collect();
        if !keys.is_empty() {
            let query = format!(
                "SELECT {} FROM {} JOIN {users} u ON u.{} = {} LEFT JOIN {links} l ON {}",
                self.columns(),
                set(TEXT),
                users.key(),
                users.as_key("x.text"),
                users.has_link(),
            );
            let keys = record::texts(keys.into_iter()).map_err(self.failed("read"))?;
            found.extend(self.rows(&query, &params![keys], |row| self.user(row))?);
        }
        Ok(found)
    }

    /// The users with these identities, of any domain.
    pub(super) fn by_identity(&self, guids: &[ObjectGuid]) -> Result<Vec<StoredUser>, StoreError> {
        let Tables { users, links, .. } = &*self.tables;
        let dialect = self.db.dialect;
        let query = format!(
            "SELECT {} FROM {} JOIN {users} u ON {}",
            self.columns(),
            dialect.of_identities(links, &dialect.set(TEXT, "x")),
            users.of_link(),
        );
        let guids = record::texts(guids.iter().map(ToString::to_string));
        let guids = guids.map_err(self.failed("read"))?;
        self.rows(&query, &params![guids], |row| self.user(row))
    }

    /// Who holds these names, each with its key, and whether it was deleted and only its row is there: as adsync compares them, and in the table of an application as the
    /// database does, too.
    fn holding(
        &self,
        field: UniqueField,
        names: &[Folded],
        with_departed: bool,
    ) -> Result<Vec<(String, StoredUser, bool)>, StoreError> {
        let Tables {
            users,
            links,
            departed,
            ..
        } = &*self.tables;
        let column = match field {
            UniqueField::Username => "username_key",
            UniqueField::Email => "email_key",
        };
        let columns = self.columns();
        let set = self.db.dialect.set(NAME, "x");
        let names: Vec<Name> = names.iter().map(Name::new).collect();
        let names = record::json(&names).map_err(self.failed("read"))?;
        let mut query = if users.is_mapped() {
            format!(
                "SELECT {columns}, x.name_key FROM {set} JOIN {links} l ON l.{column} = x.name_key JOIN {users} u ON {}",
                users.of_link()
            )
        } else {
            format!(
                "SELECT {columns}, x.name_key FROM {set} JOIN {users} u ON u.{column} = x.name_key LEFT JOIN {links} l ON {}",
                users.has_link()
            )
        };
        let mut values = params![names.clone()].to_vec();
        let field = field.field();
        let others = [
            users.holds(field, "x.name"),
            users.holds_in_any_case(field, "x.name"),
        ];
        for on in others.into_iter().flatten() {
            // Text cannot fail to grow. The row of one who was deleted may still be there, and is its own when it comes back.
            let columns = record::columns(
                self.db.dialect,
                users,
                "coalesce(l.user_id, d.user_id)",
                "coalesce(l.guid, d.guid)",
            );
            let _ = write!(
                query,
                " UNION ALL SELECT {columns}, x.name_key FROM {set} JOIN {users} u ON {on} LEFT JOIN {links} l ON {}
                 LEFT JOIN {departed} d ON d.row_key = {} WHERE {}",
                users.has_link(),
                users.key_text(),
                if with_departed {
                    users.in_the_way(field, "u")
                } else {
                    self.tables.listed("u")
                }
            );
            values.push(names.clone().into());
        }
        let found = self.rows(&query, &values, |row| {
            let user = self.user(row)?;
            // It has an identity, and no link.
            let is_departed = user.origin != Origin::Local && record::has_no_status(row)?;
            Ok((row.string(record::COLUMNS)?, user, is_departed))
        })?;
        let mut seen = HashSet::new();
        let is_new =
            |(key, user, _): &(String, StoredUser, bool)| seen.insert((key.clone(), user.id));
        Ok(found.into_iter().filter(is_new).collect())
    }

    /// Adds which of these names the database holds for equal that adsync does not.
    fn add_alike(
        &self,
        field: UniqueField,
        names: &[Folded],
        holders: &mut Holders,
    ) -> Result<(), StoreError> {
        let Some(compared) = self.tables.users.compared(field.field(), "x.text") else {
            return Ok(());
        };
        let query = format!(
            "SELECT name, first FROM (
                 SELECT x.text AS name, min(x.text) OVER (PARTITION BY {compared}) AS first FROM {}) q
             WHERE name <> first",
            self.db.dialect.set(TEXT, "x")
        );
        let texts = record::texts(names.iter().map(|it| it.as_str().to_owned()));
        let texts = texts.map_err(self.failed("read"))?;
        let pairs = self.rows(&query, &params![texts], |row| {
            Ok((row.string(1)?, row.string(0)?))
        })?;
        let mut groups: HashMap<String, Vec<Folded>> = HashMap::new();
        for (first, name) in pairs {
            let group = groups.entry(first);
            let group = group.or_insert_with_key(|first| vec![Folded::new(first)]);
            group.push(Folded::new(&name));
        }
        for group in groups.values() {
            holders.make_alike(field, group);
        }
        Ok(())
    }

    /// Adds those who hold these names.
    fn add_holders(
        &self,
        field: UniqueField,
        names: &[Folded],
        holders: &mut Holders,
    ) -> Result<(), StoreError> {
        let found = self.holding(field, names, true)?;
        let mut of_name = HashMap::new();
        for (key, user, is_departed) in found {
            if is_departed {
                holders.note_departed(user.id);
            }
            of_name.insert(key, user);
        }
        for name in names {
            if let Some(user) = of_name.remove(&layout::key(name)) {
                let holder = Holder {
                    id: Some(user.id),
                    username: user.values.profile.username,
                    origin: user.origin,
                };
                holders.insert(field, name.clone(), holder);
            }
        }
        Ok(())
    }
}

/// A name that somebody may hold, as a row of a set.
#[derive(Serialize)]
struct Name {
    name: String,
    name_key: String,
}

const NAME: &Columns = &[("name", Kind::Text), ("name_key", Kind::Text)];

impl Name {
    fn new(name: &Folded) -> Self {
        Self {
            name: name.as_str().to_owned(),
            name_key: layout::key(name),
        }
    }
}
