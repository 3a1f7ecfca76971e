//! Queries.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use jiff::Timestamp;
use ldap::dn;
use rusqlite::types::FromSql;
use rusqlite::vtab::array::{self, Array};
use rusqlite::{Connection, Params, Row, Transaction};

use super::flaw;
use super::match_rows::RowMatcher;
use super::record::{self, UserColumns};
use super::sql;
use crate::plan::{Holder, Holders, Population, Recent};
use crate::store::{
    Changes, Command, Domains, Held, Keys, Known, LastSeen, Listing, Matching, Ours, PastChange,
    PastRun, Runs, StoreError, UserCounts, View, Visit, Which,
};
use crate::user::{Domain, Field, Folded, ObjectGuid, StoredUser, UniqueField, UserId};

/// How many names are looked up at once.
const NAMES_AT_ONCE: usize = 1000;

/// A read transaction.
#[derive(Debug)]
pub struct Unchanging<'a> {
    _transaction: Option<Transaction<'a>>,
}

/// The key of a domain, if the store has one.
fn key(domain: Option<&Domain>) -> Option<i64> {
    domain.and_then(|it| it.id).map(|it| it.0)
}

/// A store that can be read but not written.
#[derive(Debug)]
pub struct Reader {
    pub(super) path: PathBuf,
    pub(super) db: Connection,
}

impl Held for Unchanging<'_> {}

impl View for Reader {
    fn location(&self) -> Cow<'_, str> {
        self.path.to_string_lossy()
    }

    fn hold_still(&self) -> Result<Box<dyn Held + '_>, StoreError> {
        let transaction = self
            .db
            .is_autocommit()
            .then(|| self.db.unchecked_transaction());
        Ok(Box::new(Unchanging {
            _transaction: transaction.transpose().map_err(self.failed("read"))?,
        }))
    }

    fn domains(&self) -> Result<Domains, StoreError> {
        self.read_domains()
    }

    fn imported_and_foreign(&self, domain: &Domain) -> Result<(u64, u64), StoreError> {
        let all = self.imported_of_all()?;
        let domain = key(Some(domain));
        let is_only = "SELECT NOT EXISTS (SELECT 1 FROM domains WHERE id IS NOT ?1)";
        let ours = if self.value(is_only, [domain])? {
            all
        } else {
            let query = "SELECT count(*) FROM users WHERE guid IS NOT NULL AND domain = ?1";
            self.count(query, [domain])?
        };
        Ok((ours, all.saturating_sub(ours)))
    }

    fn population(&self, domain: Option<&Domain>, at_most: u64) -> Result<Population, StoreError> {
        let with_value = Field::OPTIONAL.map(|field| format!(", count({})", field.name()));
        let query = format!(
            "SELECT count(*), coalesce(sum(enabled), 0){}
             FROM (SELECT * FROM users WHERE guid IS NOT NULL AND (?2 OR domain = ?1) LIMIT ?3)",
            with_value.concat()
        );
        let at_most = i64::try_from(at_most).unwrap_or(i64::MAX);
        let params = (key(domain), domain.is_none(), at_most);
        self.one_row(&query, params, |row| {
            let count = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
            let mut population = Population {
                imported: count(0)?,
                enabled: count(1)?,
                ..Population::default()
            };
            for (column, it) in (2..).zip(&mut population.with_value) {
                *it = count(column)?;
            }
            Ok(population)
        })
    }

    fn recent(&self, domain: Option<&Domain>, since: Timestamp) -> Result<Recent, StoreError> {
        let query = "SELECT coalesce(sum(unsaid_deleted), 0), coalesce(sum(unsaid_disabled), 0)
             FROM runs WHERE started_at >= ?2 AND (?3 OR domain = ?1)";
        let params = (key(domain), since.to_string(), domain.is_none());
        self.one_row(query, params, |row| {
            let count = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
            Ok(Recent {
                deleted: count(0)?,
                disabled: count(1)?,
            })
        })
    }

    fn last_seen(&self) -> Result<LastSeen, StoreError> {
        self.read_last_seen()
    }

    fn matching(&self, ours: &Ours) -> Box<dyn Matching + '_> {
        Box::new(RowMatcher::new(self, ours.clone()))
    }

    fn users(&self, keys: Keys<'_>) -> Result<Vec<StoredUser>, StoreError> {
        let (column, keys) = match keys {
            Keys::Rows(ids) => ("id", Rc::new(ids.iter().map(|it| it.0.into()).collect())),
            Keys::Usernames(names) => ("username_folded", texts(names)),
            Keys::Identities(guids) => {
                let guids = guids.iter().map(|it| it.as_bytes().to_vec().into());
                ("guid", Rc::new(guids.collect()))
            }
        };
        self.several(&format!("{column} IN rarray(?1)"), [keys])
    }

    fn imported(&self, domain: &Domain, which: Which<'_>) -> Result<Vec<StoredUser>, StoreError> {
        let domain = key(Some(domain));
        match which {
            Which::With(status) => self.several(
                // Few users have a status other than `ok`, and those are in a partial index.
                "guid IS NOT NULL AND domain = ?1 AND status = ?2 AND status <> 'ok'",
                (domain, status.name()),
            ),
            Which::Expired(by) => {
                let condition =
                    "guid IS NOT NULL AND domain = ?1 AND expires_at IS NOT NULL AND enabled";
                let mut users = self.several(condition, [domain])?;
                // Times may have fractions, so their texts do not sort as they do.
                users.retain(|user| user.tracking.expires.is_some_and(|it| it <= by));
                Ok(users)
            }
            Which::Except(seen) => {
                // Answered from the index of identities alone.
                let query = "SELECT id FROM users WHERE guid IS NOT NULL AND domain = ?1";
                let unseen = self.rows_if(query, [domain], |row| {
                    let id = UserId(row.get(0)?);
                    Ok(Some(id).filter(|id| !seen.contains(*id)))
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
        let query = "SELECT guid FROM users WHERE guid IS NOT NULL AND domain = ?1 LIMIT ?2";
        let params = (key(Some(domain)), limit.map_or(-1, i64::from));
        self.rows(query, params, |row| row.get(0).map(ObjectGuid::from_bytes))
    }

    fn rows_by_dn(&self, domain: &Domain) -> Result<HashMap<String, UserId>, StoreError> {
        let query =
            "SELECT dn, id FROM users WHERE guid IS NOT NULL AND dn IS NOT NULL AND domain = ?1";
        let rows = self.rows(query, [key(Some(domain))], |row| {
            let dn: String = row.get(0)?;
            Ok((dn::normalised(&dn), UserId(row.get(1)?)))
        })?;
        Ok(rows.into_iter().collect())
    }

    fn holders(
        &self,
        names: &mut dyn Iterator<Item = (UniqueField, Folded)>,
    ) -> Result<Holders, StoreError> {
        let mut holders = Holders::default();
        if self.value("SELECT NOT EXISTS (SELECT 1 FROM users)", [])? {
            return Ok(holders);
        }
        let _unchanging = self.hold_still()?;
        let mut asked: HashMap<UniqueField, Vec<Folded>> = HashMap::new();
        for (field, name) in names {
            let asked = asked.entry(field).or_default();
            asked.push(name);
            if asked.len() == NAMES_AT_ONCE {
                self.add_holders(field, std::mem::take(asked), &mut holders)?;
            }
        }
        for (field, asked) in asked {
            self.add_holders(field, asked, &mut holders)?;
        }
        Ok(holders)
    }

    fn counts(&self) -> Result<UserCounts, StoreError> {
        self.count_users()
    }

    fn list(&self, listing: &Listing, visit: &mut Visit<'_>) -> anyhow::Result<()> {
        self.for_each_user(listing, visit)
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

    fn each_username(&self, which: Known, visit: &mut dyn FnMut(String)) -> Result<(), StoreError> {
        self.every_username(which, visit)
    }

    fn last_success(&self, command: Command) -> Result<Option<Timestamp>, StoreError> {
        self.read_last_success(command)
    }

    fn changes(&self, which: Changes<'_>) -> Result<Vec<PastChange>, StoreError> {
        match which {
            Changes::OfRun(number) => self.changes_of_run(number),
            Changes::Since(run, users) => self.changes_since(run, users),
            Changes::OfName(name) => self.changes_of_user(name),
            Changes::OfUser(user) => self.changes_of(user),
            Changes::Deletions(run) => self.deletions(run),
        }
    }

    fn newest_deletions(
        &self,
        names: &[Folded],
    ) -> Result<(Vec<Option<PastChange>>, Vec<String>), StoreError> {
        self.read_newest_deletions(names)
    }
}

impl Reader {
    pub(super) fn new(path: &Path, db: Connection) -> Result<Self, StoreError> {
        array::load_module(&db).map_err(sql(path, "open"))?;
        Ok(Self {
            path: path.to_owned(),
            db,
        })
    }

    pub(super) fn failed(
        &self,
        doing: &'static str,
    ) -> impl Fn(rusqlite::Error) -> StoreError + use<> {
        sql(&self.path, doing)
    }

    /// Why it could not be written to.
    pub(super) fn cannot_write(&self, error: rusqlite::Error) -> StoreError {
        match flaw::used_up(&self.db, &error) {
            Some(table) => StoreError::NumbersUsedUp {
                path: self.path.clone(),
                table,
            },
            None => self.failed("write to")(error),
        }
    }

    /// The rows of a query.
    pub(super) fn rows<T>(
        &self,
        query: &str,
        params: impl Params,
        mut row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.rows_if(query, params, |it| row(it).map(Some))
    }

    /// The rows of a query, without those that are nothing.
    pub(super) fn rows_if<T>(
        &self,
        query: &str,
        params: impl Params,
        row: impl FnMut(&Row<'_>) -> rusqlite::Result<Option<T>>,
    ) -> Result<Vec<T>, StoreError> {
        self.db
            .prepare_cached(query)
            .and_then(|mut statement| {
                let rows = statement.query_map(params, row)?;
                rows.filter_map(Result::transpose).collect()
            })
            .map_err(self.failed("read"))
    }

    /// The row of a query that has one.
    pub(super) fn one_row<T>(
        &self,
        query: &str,
        params: impl Params,
        row: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.db
            .prepare_cached(query)
            .and_then(|mut statement| statement.query_row(params, row))
            .map_err(self.failed("read"))
    }

    /// The value of a query that has one.
    pub(super) fn value<T: FromSql>(
        &self,
        query: &str,
        params: impl Params,
    ) -> Result<T, StoreError> {
        self.one_row(query, params, |row| row.get(0))
    }

    pub(super) fn count(&self, query: &str, params: impl Params) -> Result<u64, StoreError> {
        self.value(query, params).map(i64::unsigned_abs)
    }

    /// How many imported users there are, of any domain.
    pub(super) fn imported_of_all(&self) -> Result<u64, StoreError> {
        // Users without one are few, or all. Counting rows is cheaper than reading them.
        let query = "SELECT count(*) - (SELECT count(*) FROM users WHERE guid IS NULL) FROM users";
        self.count(query, [])
    }

    /// How many users it has, local ones included.
    pub(super) fn user_count(&self) -> Result<u64, StoreError> {
        self.count("SELECT count(*) FROM users", [])
    }

    /// Up to that many imported users in row order, after a row.
    pub(super) fn imported_after(
        &self,
        row: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<StoredUser>, StoreError> {
        let Some(first) = row.map_or(Some(i64::MIN), |row| row.0.checked_add(1)) else {
            return Ok(Vec::new());
        };
        let condition = "id >= ?1 AND +guid IS NOT NULL ORDER BY id LIMIT ?2";
        self.several(condition, (first, limit))
    }

    fn several(&self, condition: &str, params: impl Params) -> Result<Vec<StoredUser>, StoreError> {
        let query = format!("SELECT {UserColumns} FROM users WHERE {condition}");
        let users = self.rows(&query, params, record::user)?;
        users.into_iter().map(|user| self.usable(user)).collect()
    }

    pub(super) fn usable(
        &self,
        user: Result<StoredUser, (i64, String)>,
    ) -> Result<StoredUser, StoreError> {
        user.map_err(|(id, what)| StoreError::Row {
            path: self.path.clone(),
            id,
            what,
        })
    }

    /// Adds those who hold these names.
    fn add_holders(
        &self,
        field: UniqueField,
        names: Vec<Folded>,
        holders: &mut Holders,
    ) -> Result<(), StoreError> {
        let column = match field {
            UniqueField::Username => "username_folded",
            UniqueField::Email => "email_folded",
        };
        let query =
            format!("SELECT {UserColumns}, {column} FROM users WHERE {column} IN rarray(?1)");
        let rows = self.rows(&query, [texts(&names)], |row| {
            Ok((row.get(column)?, record::user(row)?))
        })?;
        let mut found: HashMap<String, _> = rows.into_iter().collect();
        for name in names {
            if let Some(user) = found.remove(name.as_str()) {
                let user = self.usable(user)?;
                let holder = Holder {
                    id: Some(user.id),
                    username: user.values.profile.username,
                    origin: user.origin,
                };
                holders.insert(field, name, holder);
            }
        }
        Ok(())
    }
}

fn texts(names: &[Folded]) -> Array {
    let names = names.iter().map(|it| it.as_str().to_owned().into());
    Rc::new(names.collect())
}
