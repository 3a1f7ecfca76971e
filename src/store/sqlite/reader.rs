//! Queries.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Params, Transaction};

use super::flaw;
use super::match_rows::RowMatcher;
use super::record::{self, UserColumns};
use super::sql;
use crate::ldap::dn;
use crate::plan::compare::Seen;
use crate::plan::{Holder, Holders, Population, Recent};
use crate::store::{
    Changes, Command, Domains, Held, Keys, Known, LastSeen, Listing, Matching, Ours, PastChange,
    PastRun, Runs, StoreError, UserCounts, View, Visit, Which,
};
use crate::user::{Domain, Field, Folded, ObjectGuid, Status, StoredUser, UniqueField, UserId};

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
    path: PathBuf,
    pub(super) db: Connection,
}

impl Held for Unchanging<'_> {}

impl View for Reader {
    fn location(&self) -> &Path {
        &self.path
    }

    fn hold_still(&self) -> Result<Box<dyn Held + '_>, StoreError> {
        Ok(Box::new(self.unchanging()?))
    }

    fn domains(&self) -> Result<Domains, StoreError> {
        self.read_domains()
    }

    fn imported_and_foreign(&self, domain: &Domain) -> Result<(u64, u64), StoreError> {
        let all = self.imported_of_all()?;
        let ours = if self.is_only(domain)? {
            all
        } else {
            self.imported_of(domain)?
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
        let population = self.db.query_row(&query, params, |row| {
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
        });
        population.map_err(self.failed("read"))
    }

    fn recent(
        &self,
        domain: Option<&Domain>,
        since: jiff::Timestamp,
    ) -> Result<Recent, StoreError> {
        self.db
            .query_row(
                "SELECT coalesce(sum(unsaid_deleted), 0), coalesce(sum(unsaid_disabled), 0)
                 FROM runs WHERE started_at >= ?2 AND (?3 OR domain = ?1)",
                (key(domain), since.to_string(), domain.is_none()),
                |row| {
                    let count = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
                    Ok(Recent {
                        deleted: count(0)?,
                        disabled: count(1)?,
                    })
                },
            )
            .map_err(self.failed("read"))
    }

    fn last_seen(&self) -> Result<LastSeen, StoreError> {
        self.read_last_seen()
    }

    fn matching(&self, ours: &Ours) -> Box<dyn Matching + '_> {
        Box::new(RowMatcher::new(self, ours.clone()))
    }

    fn users(&self, keys: Keys<'_>) -> Result<Vec<StoredUser>, StoreError> {
        let _unchanging = self.unchanging()?;
        let mut users = Vec::new();
        match keys {
            Keys::Rows(ids) => {
                for id in ids {
                    users.extend(self.by_id(*id)?);
                }
            }
            Keys::Usernames(names) => {
                for name in names {
                    users.extend(self.by_username(name)?);
                }
            }
            Keys::Identities(guids) => {
                for guid in guids {
                    users.extend(self.all_with_guid(*guid)?);
                }
            }
        }
        Ok(users)
    }

    fn imported(&self, domain: &Domain, which: Which<'_>) -> Result<Vec<StoredUser>, StoreError> {
        match which {
            Which::With(status) => self.imported_with(domain, status),
            Which::Expired(by) => self.expired(domain, by),
            Which::Except(seen) => self.imported_except(domain, seen),
        }
    }

    fn imported_guids(
        &self,
        domain: &Domain,
        limit: Option<u32>,
    ) -> Result<Vec<ObjectGuid>, StoreError> {
        self.db
            .prepare("SELECT guid FROM users WHERE guid IS NOT NULL AND domain = ?1 LIMIT ?2")
            .and_then(|mut statement| {
                let params = (domain.id.map(|it| it.0), limit.map_or(-1, i64::from));
                let guids =
                    statement.query_map(params, |row| row.get(0).map(ObjectGuid::from_bytes))?;
                guids.collect()
            })
            .map_err(self.failed("read"))
    }

    fn rows_by_dn(&self, domain: &Domain) -> Result<HashMap<String, UserId>, StoreError> {
        self.db
            .prepare("SELECT dn, id FROM users WHERE guid IS NOT NULL AND dn IS NOT NULL AND domain = ?1")
            .and_then(|mut statement| {
                let rows = statement.query_map([domain.id.map(|it| it.0)], |row| {
                    let dn: String = row.get(0)?;
                    Ok((dn::normalised(&dn), UserId(row.get(1)?)))
                })?;
                rows.collect()
            })
            .map_err(self.failed("read"))
    }

    fn holders(
        &self,
        names: &mut dyn Iterator<Item = (UniqueField, Folded)>,
    ) -> Result<Holders, StoreError> {
        let mut holders = Holders::default();
        let is_empty = |row: &rusqlite::Row<'_>| row.get::<_, bool>(0);
        let query = "SELECT NOT EXISTS (SELECT 1 FROM users)";
        if self
            .db
            .query_row(query, [], is_empty)
            .map_err(self.failed("read"))?
        {
            return Ok(holders);
        }
        let _unchanging = self.unchanging()?;
        for (field, name) in names {
            let condition = match field {
                UniqueField::Username => "username_folded = ?1",
                UniqueField::Email => "email_folded = ?1",
            };
            if let Some(user) = self.one(condition, [name.as_str()])? {
                let holder = Holder {
                    id: Some(user.id),
                    username: user.values.profile.username,
                    origin: user.origin,
                };
                holders.insert(field, name, holder);
            }
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
        match which {
            Runs::Last(limit) => self.last_runs(limit),
            Runs::Number(number) => Ok(self.run_of_number(number)?.into_iter().collect()),
        }
    }

    fn last_success(&self, command: Command) -> Result<Option<jiff::Timestamp>, StoreError> {
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
    pub(super) fn new(path: &Path, db: Connection) -> Self {
        Self {
            path: path.to_owned(),
            db,
        }
    }

    /// The file of the store.
    pub fn path(&self) -> &Path {
        &self.path
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

    /// Starts a read transaction, unless one is open.
    pub(super) fn unchanging(&self) -> Result<Unchanging<'_>, StoreError> {
        let transaction = self
            .db
            .is_autocommit()
            .then(|| self.db.unchecked_transaction());
        Ok(Unchanging {
            _transaction: transaction.transpose().map_err(self.failed("read"))?,
        })
    }

    /// How many imported users there are, of any domain.
    pub(super) fn imported_of_all(&self) -> Result<u64, StoreError> {
        // Users without one are few, or all. Counting rows is cheaper than reading them.
        self.count("SELECT count(*) - (SELECT count(*) FROM users WHERE guid IS NULL) FROM users")
    }

    fn is_only(&self, domain: &Domain) -> Result<bool, StoreError> {
        self.db
            .prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM domains WHERE id IS NOT ?1)")
            .and_then(|mut statement| statement.query_row([key(Some(domain))], |row| row.get(0)))
            .map_err(self.failed("read"))
    }

    fn imported_of(&self, domain: &Domain) -> Result<u64, StoreError> {
        self.db
            .query_row(
                "SELECT count(*) FROM users WHERE guid IS NOT NULL AND domain = ?1",
                [domain.id.map(|it| it.0)],
                |row| row.get(0),
            )
            .map(i64::unsigned_abs)
            .map_err(self.failed("read"))
    }

    /// How many users there are.
    pub(super) fn user_count(&self) -> Result<u64, StoreError> {
        self.count("SELECT count(*) FROM users")
    }

    fn count(&self, query: &str) -> Result<u64, StoreError> {
        self.db
            .query_row(query, [], |row| row.get(0))
            .map(i64::unsigned_abs)
            .map_err(self.failed("read"))
    }

    /// The user in that row.
    pub(super) fn by_id(&self, id: UserId) -> Result<Option<StoredUser>, StoreError> {
        self.one("users.id = ?1", [id.0])
    }

    /// The imported user of a domain with that identity.
    pub(super) fn by_guid(
        &self,
        ours: &Ours,
        guid: ObjectGuid,
    ) -> Result<Option<StoredUser>, StoreError> {
        let query = format!("SELECT {UserColumns} FROM users WHERE guid = ?1");
        let users = self.several(&query, [guid.as_bytes()])?;
        Ok(users.into_iter().find(|it| ours.has(it)))
    }

    /// The imported users with that identity, of any domain.
    pub(super) fn all_with_guid(&self, guid: ObjectGuid) -> Result<Vec<StoredUser>, StoreError> {
        let query = format!("SELECT {UserColumns} FROM users WHERE guid = ?1");
        self.several(&query, [guid.as_bytes()])
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
        let query = format!(
            "SELECT {UserColumns} FROM users WHERE id >= ?1 AND +guid IS NOT NULL ORDER BY id LIMIT ?2"
        );
        self.several(&query, (first, limit))
    }

    /// The user with that username, in any case.
    pub(super) fn by_username(&self, username: &Folded) -> Result<Option<StoredUser>, StoreError> {
        self.one("username_folded = ?1", [username.as_str()])
    }

    fn one(&self, condition: &str, params: impl Params) -> Result<Option<StoredUser>, StoreError> {
        let query = format!("SELECT {UserColumns} FROM users WHERE {condition}");
        let found = self
            .db
            .prepare_cached(&query)
            .and_then(|mut statement| statement.query_row(params, record::user).optional())
            .map_err(self.failed("read"))?;
        found.map(|user| self.usable(user)).transpose()
    }

    fn several(&self, query: &str, params: impl Params) -> Result<Vec<StoredUser>, StoreError> {
        let users: Vec<_> = self
            .db
            .prepare_cached(query)
            .and_then(|mut statement| statement.query_map(params, record::user)?.collect())
            .map_err(self.failed("read"))?;
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

    /// The imported users of a domain except these.
    fn imported_except(&self, domain: &Domain, seen: &Seen) -> Result<Vec<StoredUser>, StoreError> {
        // Answered from the index of identities alone.
        let unseen: Vec<i64> = self
            .db
            .prepare("SELECT id FROM users WHERE guid IS NOT NULL AND domain = ?1")
            .and_then(|mut statement| {
                let key = domain.id.map(|it| it.0);
                let ids = statement.query_map([key], |row| row.get::<_, i64>(0))?;
                ids.filter(|id| !matches!(id, Ok(id) if seen.contains(UserId(*id))))
                    .collect()
            })
            .map_err(self.failed("read"))?;
        let users = unseen.iter().map(|id| self.by_id(UserId(*id)));
        users.filter_map(Result::transpose).collect()
    }

    /// The imported users of a domain with that status.
    fn imported_with(
        &self,
        domain: &Domain,
        status: Status,
    ) -> Result<Vec<StoredUser>, StoreError> {
        // Few users have a status other than `ok`, and those are in a partial index.
        let query = format!(
            "SELECT {UserColumns} FROM users
             WHERE status = ?1 AND status <> 'ok' AND guid IS NOT NULL AND domain = ?2"
        );
        self.several(&query, (status.name(), domain.id.map(|it| it.0)))
    }

    /// The enabled users of a domain whose accounts have expired by then.
    fn expired(
        &self,
        domain: &Domain,
        now: jiff::Timestamp,
    ) -> Result<Vec<StoredUser>, StoreError> {
        let query = format!(
            "SELECT {UserColumns} FROM users
             WHERE expires_at IS NOT NULL AND enabled AND guid IS NOT NULL AND domain = ?1"
        );
        let mut users = self.several(&query, [domain.id.map(|it| it.0)])?;
        // Times may have fractions, so their texts do not sort as they do.
        users.retain(|user| user.tracking.expires.is_some_and(|it| it <= now));
        Ok(users)
    }
}
