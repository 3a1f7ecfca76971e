//! Applying a plan: one transaction with the history, all or nothing.

use serde::Serialize;

use super::connection::{Connection, params};
use super::dialect::{Columns, Dialect};
use super::domains::RunKeys;
use super::error::{DatabaseError, Refusal};
use super::layout::{self, Tables};
use super::record::{self, CHANGE, ChangeRow, LINK, LinkRow, NUMBER, TEXT, USER, UserRow};
use super::view::AT_ONCE;
use crate::plan::{Action, Deletion, Duplicate, FailedUser, Import, Missing, Plan, Return, Update};
use crate::store::effects::{action_of, changes_name, left, outcome_of};
use crate::store::{Domains, Run, snapshot, snapshot_of_new};
use crate::user::{DomainId, Found, ObjectGuid, Origin, Status, StoredUser, UserId};
use crate::util::crash;

/// The numbers that are given next.
#[derive(Clone, Copy, Debug, Default)]
pub struct Numbers {
    pub user: i64,
    pub run: i64,
    pub domain: i64,
    pub controller: i64,
}

impl Numbers {
    pub fn take_user(&mut self) -> UserId {
        self.user += 1;
        UserId(self.user - 1)
    }

    pub fn take_domain(&mut self) -> i64 {
        self.domain += 1;
        self.domain - 1
    }

    pub fn take_controller(&mut self) -> i64 {
        self.controller += 1;
        self.controller - 1
    }
}

/// A run that is being written.
#[derive(Debug)]
pub struct Writing<'a> {
    pub db: &'a Connection,
    pub tables: &'a Tables,
    /// What the store knew of the domains before the run.
    pub domains: &'a Domains,
    pub numbers: Numbers,
    pub run_id: i64,
    pub token: String,
    /// When the run began.
    pub now: String,
    pub keys: RunKeys,
    /// Whether the status of users comes from the directory. An undo takes it from the history, and writes users as
    /// they were.
    pub reads_directory: bool,
}

/// Rows to write.
#[derive(Debug, Default)]
struct Rows {
    users: Vec<UserRow>,
    links: Vec<LinkRow>,
    changes: Vec<ChangeRow>,
}

impl Writing<'_> {
    /// Writes the plan, with the new users given separately, and the run.
    pub fn write(
        &mut self,
        plan: &Plan,
        imported: &[&Import],
        run: &Run,
    ) -> Result<(), DatabaseError> {
        self.apply(plan, imported)?;
        self.mark(&run.marking, self.keys)?;
        self.note_reading(run, self.keys)?;
        if let Some(undone) = run.undoes {
            self.take_back_readings(undone, self.keys)?;
        }
        let left = left(run, plan);
        let outcome = outcome_of(plan, left.as_deref());
        self.note_run(run, self.keys, outcome, left.as_deref(), plan)?;
        self.forget_old_runs(run)?;
        self.keep_numbers()?;
        crash::point("written");
        Ok(())
    }

    /// Says which numbers come next.
    pub fn keep_numbers(&self) -> Result<(), DatabaseError> {
        let sql = format!(
            "UPDATE {} SET next_user = ?, next_run = ?, next_domain = ?, next_controller = ? WHERE id = 1",
            self.tables.meta
        );
        let Numbers {
            user,
            run: _,
            domain,
            controller,
        } = self.numbers;
        let params = params![user, self.run_id + 1, domain, controller];
        self.db.execute(&sql, &params).map(drop)
    }

    fn apply(&mut self, plan: &Plan, new: &[&Import]) -> Result<(), DatabaseError> {
        // Every bucket must be handled: a new one does not compile until it is.
        let Plan {
            unchanged: _,
            refreshed,
            // Given separately, for some are written already.
            imported: _,
            modified,
            deleted,
            duplicate,
            out_of_scope,
            missing,
            failed,
            foreign: _,
            sample: _,
        } = plan;
        self.delete(deleted)?;
        crash::point("deleted");
        self.park_names(modified)?;
        crash::point("taken out");
        let mut rows = Rows::default();
        let updates = modified.iter().chain(refreshed).chain(out_of_scope);
        for Update { user, next } in updates {
            self.update(user, next, &mut rows);
        }
        for Missing { user, next } in missing {
            self.update(user, next, &mut rows);
        }
        if self.reads_directory {
            self.mark_all(duplicate, failed, &mut rows);
        }
        self.write_updates(&rows)?;
        crash::point("modified");
        self.import(new.iter().copied())?;
        crash::point("imported");
        Ok(())
    }

    fn delete(&self, deleted: &[Deletion]) -> Result<(), DatabaseError> {
        let changes: Vec<ChangeRow> = deleted
            .iter()
            .map(|Deletion { user, evidence }| ChangeRow {
                evidence: Some(evidence.name()),
                before_run: snapshot(user),
                ..self.change(user, Action::Deleted)
            })
            .collect();
        let ids = deleted.iter().map(|it| it.user.id).collect::<Vec<_>>();
        let when_deleted = self.tables.users.when_deleted();
        self.let_go(&ids, when_deleted.as_deref(), true)?;
        self.add_changes(&changes)
    }

    /// Deletes users and their links; where the rows stay, sets those columns of them. `remembers`: which rows of an
    /// application they were, for when they come back.
    fn let_go(
        &self,
        users: &[UserId],
        stay: Option<&[(String, String)]>,
        remembers: bool,
    ) -> Result<(), DatabaseError> {
        let dialect = self.db.dialect;
        let Tables {
            users: table,
            links,
            departed,
            ..
        } = self.tables;
        let set = dialect.set(NUMBER, "x");
        let mut statements = Vec::new();
        if table.is_mapped() && remembers {
            statements.push(format!(
                "INSERT INTO {departed} (user_id, row_key, guid)
                 SELECT l.user_id, l.row_key, l.guid FROM {set} JOIN {links} l ON l.user_id = x.id"
            ));
        }
        let (source, on) = self.row_of("x.id", &set);
        match stay {
            None => statements.push(dialect.delete(&table.to_string(), &source, &on)),
            Some([]) => {}
            Some(values) => {
                statements.push(dialect.update(&table.to_string(), &source, &on, values));
            }
        }
        statements.push(dialect.delete(links, &set, "t.user_id = x.id"));
        for users in users.chunks(AT_ONCE) {
            let ids = record::numbers(users.iter().copied())?;
            for sql in &statements {
                self.db.execute(sql, &params![ids.clone()])?;
            }
        }
        Ok(())
    }

    /// A set with what it takes to find the rows `t` of its users by their numbers, and the condition for it.
    fn row_of(&self, number: &str, set: &str) -> (String, String) {
        let users = &self.tables.users;
        if !users.is_mapped() {
            return (set.to_owned(), format!("t.id = {number}"));
        }
        let source = format!(
            "({set} JOIN {} l ON l.user_id = {number})",
            self.tables.links
        );
        let key = users.as_key("l.row_key");
        let on = format!("t.{} = {key} AND {}", users.key(), users.ours("t"));
        (source, on)
    }

    /// Gives users placeholder names who take one that another of them has: they would collide half-way.
    fn park_names(&self, modified: &[Update]) -> Result<(), DatabaseError> {
        let renamed: Vec<_> = modified
            .iter()
            .filter(|it| changes_name(&it.user, &it.next))
            .map(|it| it.user.id)
            .collect();
        if renamed.len() < 2 {
            return Ok(());
        }
        let dialect = self.db.dialect;
        let set = dialect.set(NUMBER, "x");
        let Tables { users, links, .. } = self.tables;
        let (source, on) = self.row_of("x.id", &set);
        let park = dialect.update(&users.to_string(), &source, &on, &users.parked("x.id"));
        let mut statements = vec![park];
        if users.is_mapped() {
            // There the links have them too.
            let key = |it: &str| (it.to_owned(), "NULL".to_owned());
            let keys = [key("username_key"), key("email_key")];
            statements.push(dialect.update(links, &set, "t.user_id = x.id", &keys));
        }
        for users in renamed.chunks(AT_ONCE) {
            let ids = record::numbers(users.iter().copied())?;
            for sql in &statements {
                self.db.execute(sql, &params![ids.clone()])?;
            }
        }
        Ok(())
    }

    /// Updates a user, and records the change, if there is one.
    fn update(&self, user: &StoredUser, next: &StoredUser, rows: &mut Rows) {
        let next = self.resolved(next);
        let Some(action) = action_of(user, &next) else {
            return;
        };
        if user.values != next.values {
            let guid = next.origin.guid();
            rows.users
                .push(UserRow::new(next.id, guid, &next.values.as_deref()));
        }
        rows.links.extend(LinkRow::new(&next, &self.now));
        rows.changes.push(ChangeRow {
            before_run: snapshot(user),
            after_run: snapshot(&next),
            name_after: changes_name(user, &next)
                .then(|| layout::key(&next.values.profile.folded_username())),
            ..self.change(user, action)
        });
    }

    /// Marks users that keep their values.
    fn mark_all(&self, duplicate: &[Duplicate], failed: &[FailedUser], rows: &mut Rows) {
        let duplicate = duplicate
            .iter()
            .filter_map(|it| Some((it.user()?, Status::Duplicate, it.reason())));
        let failed = failed
            .iter()
            .filter_map(|it| Some((it.user.as_ref()?, Status::Failed, it.reason.clone())));
        for (user, status, reason) in duplicate.chain(failed) {
            let next = user.with_status(status, Some(reason));
            self.update(user, &next, rows);
        }
    }

    /// Fills in the keys of the run under way.
    fn resolved(&self, next: &StoredUser) -> StoredUser {
        let mut next = next.clone();
        if next.origin != Origin::Local && self.reads_directory {
            let tracking = &mut next.tracking;
            tracking.domain = tracking.domain.or(self.keys.domain);
            tracking.found.get_or_insert(Found {
                run: self.run_id,
                on: self.keys.controller,
            });
        }
        next
    }

    /// A change of a user, without what it was and is.
    fn change(&self, user: &StoredUser, action: Action) -> ChangeRow {
        let name = || layout::key(&user.values.profile.folded_username());
        let is_naming = matches!(action, Action::Deleted | Action::Modified);
        ChangeRow {
            run_id: self.run_id,
            user_id: user.id.0,
            action: action.name(),
            username: user.values.profile.username.clone(),
            evidence: None,
            before_run: None,
            after_run: None,
            name_before: is_naming.then(name),
            name_after: None,
            guid: user
                .origin
                .guid()
                .filter(|_| is_naming)
                .map(|it| it.to_string()),
        }
    }

    /// Writes new users.
    pub fn import<'i>(
        &mut self,
        users: impl Iterator<Item = &'i Import>,
    ) -> Result<(), DatabaseError> {
        let mut rows = Rows::default();
        for user in users {
            self.add(user, &mut rows);
            if rows.users.len() == AT_ONCE {
                self.write_new(&rows)?;
                rows = Rows::default();
            }
        }
        self.write_new(&rows)
    }

    fn add(&mut self, user: &Import, rows: &mut Rows) {
        if let Some(Return::Whole(before)) = user.returns.as_deref() {
            rows.users.push(UserRow::new(
                before.id,
                before.origin.guid(),
                &before.values.as_deref(),
            ));
            rows.links.extend(LinkRow::new(before, &self.now));
            rows.changes.push(ChangeRow {
                after_run: snapshot(before),
                ..self.change(before, user.action())
            });
            return;
        }
        let (origin, values) = (user.origin(), user.values());
        let (id, domain, status) = match user.returns.as_deref() {
            Some(&Return::As(id, domain)) => (id, domain, Status::Restored),
            _ => (self.numbers.take_user(), None, Status::Ok),
        };
        rows.users.push(UserRow::new(id, origin.guid(), &values));
        if let Origin::Directory { guid, dn } = origin {
            rows.links
                .push(self.new_link(id, guid, dn, status, domain, user));
        }
        rows.changes.push(ChangeRow {
            run_id: self.run_id,
            user_id: id.0,
            action: user.action().name(),
            username: values.profile.username.to_owned(),
            evidence: None,
            before_run: None,
            after_run: snapshot_of_new(&origin, &values, user.expires),
            name_before: None,
            name_after: None,
            guid: None,
        });
    }

    fn new_link(
        &self,
        id: UserId,
        guid: ObjectGuid,
        dn: &str,
        status: Status,
        domain: Option<DomainId>,
        user: &Import,
    ) -> LinkRow {
        let values = user.values();
        LinkRow {
            user_id: id.0,
            username: values.profile.username.to_owned(),
            username_key: Some(layout::key(&values.profile.folded_username())),
            email_key: values.profile.folded_email().as_ref().map(layout::key),
            enabled: i64::from(values.enabled),
            domain: domain.or(self.keys.domain).map(|it| it.0),
            guid: guid.to_string(),
            dn: dn.to_owned(),
            status: status.name(),
            reason: None,
            synced_at: Some(self.now.clone()),
            missing_since: None,
            returned_by: None,
            expires_at: user.expires.map(|it| it.to_string()),
            found_run: Some(self.run_id),
            // A restored user was not found in the directory.
            found_on: self
                .keys
                .controller
                .filter(|_| status == Status::Ok)
                .map(|it| it.0),
        }
    }

    fn write_new(&self, rows: &Rows) -> Result<(), DatabaseError> {
        if rows.users.is_empty() {
            return Ok(());
        }
        if self.tables.users.is_mapped() {
            self.write_new_rows(&rows.users)?;
            self.link(&rows.links)?;
        } else {
            self.insert(
                &self.tables.users.to_string(),
                USER,
                &self.tables.users.new_values(),
                &rows.users,
            )?;
            self.insert(
                &self.tables.links,
                LINK,
                &link_values(self.db.dialect, self.tables),
                &rows.links,
            )?;
        }
        self.add_changes(&rows.changes)
    }

    /// Writes new rows of an application. Those of users who come back are still there, or get their key again.
    fn write_new_rows(&self, rows: &[UserRow]) -> Result<(), DatabaseError> {
        let dialect = self.db.dialect;
        let Tables {
            users, departed, ..
        } = self.tables;
        let set = dialect.set(USER, "x");
        let on = format!("t.{} = {}", users.key(), users.as_key("d.row_key"));
        let returns = format!("d.guid = {}", dialect.guid("x.guid"));
        let back = format!("({set} JOIN {departed} d ON {returns})");
        let update = dialect.update(&users.to_string(), &back, &on, &users.values_when_back());
        let is_back = format!(
            "SELECT 1 FROM {departed} d JOIN {users} u ON u.{} = {} WHERE {returns}",
            users.key(),
            users.as_key("d.row_key")
        );
        let (columns, values): (Vec<_>, Vec<_>) = users.new_values().into_iter().unzip();
        let with_key = format!(
            "INSERT INTO {users} ({}, {}) SELECT {}, {} FROM {set} JOIN {departed} d ON {returns}
             WHERE NOT EXISTS ({is_back})",
            columns.join(", "),
            users.key(),
            values.join(", "),
            users.as_key("d.row_key"),
        );
        let without_key = format!(
            "INSERT INTO {users} ({}) SELECT {} FROM {set}
             WHERE NOT EXISTS (SELECT 1 FROM {departed} d WHERE {returns})",
            columns.join(", "),
            values.join(", "),
        );
        for rows in record::sets(rows)? {
            // Nobody who comes back has a new number.
            for sql in [&update, &with_key, &without_key] {
                self.db.execute(sql, &params![rows.clone()])?;
            }
        }
        Ok(())
    }

    /// Links the rows of an application that were just written, found by their usernames.
    fn link(&self, rows: &[LinkRow]) -> Result<(), DatabaseError> {
        let dialect = self.db.dialect;
        let Tables {
            users,
            links,
            departed,
            ..
        } = self.tables;
        let set = dialect.set(LINK, "x");
        let (columns, values): (Vec<_>, Vec<_>) =
            link_values(dialect, self.tables).into_iter().unzip();
        let is_named = users
            .holds(crate::user::Field::Username, "x.username")
            .unwrap_or_default();
        let sql = format!(
            "INSERT INTO {links} ({}, row_key) SELECT {}, {} FROM {set} JOIN {users} u ON {is_named}
             WHERE {} AND NOT EXISTS (SELECT 1 FROM {links} l WHERE {})",
            columns.join(", "),
            values.join(", "),
            users.key_text(),
            users.ours("u"),
            users.has_link(),
        );
        let forget = dialect.delete(
            departed,
            &set,
            &format!("t.guid = {}", dialect.guid("x.guid")),
        );
        let mut linked = 0;
        for set in record::sets(rows)? {
            linked += self.db.execute(&sql, &params![set.clone()])?;
            self.db.execute(&forget, &params![set])?;
        }
        if linked != rows.len() as u64 {
            let message = format!(
                "of {} new rows of {users} {linked} were found again by their usernames",
                rows.len()
            );
            return Err(DatabaseError::new(Refusal::Value, message));
        }
        Ok(())
    }

    fn add_changes(&self, changes: &[ChangeRow]) -> Result<(), DatabaseError> {
        let values: Vec<_> = CHANGE.iter().map(|(name, _)| of_set(name)).collect();
        self.insert(&self.tables.changes, CHANGE, &values, changes)
    }

    fn insert<T: Serialize>(
        &self,
        table: &str,
        set: &Columns,
        values: &[(String, String)],
        rows: &[T],
    ) -> Result<(), DatabaseError> {
        let (columns, values): (Vec<&str>, Vec<&str>) = values
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .unzip();
        let sql = format!(
            "INSERT INTO {table} ({}) SELECT {} FROM {}",
            columns.join(", "),
            values.join(", "),
            self.db.dialect.set(set, "x")
        );
        self.each_set(&sql, rows)
    }

    fn write_updates(&self, rows: &Rows) -> Result<(), DatabaseError> {
        let dialect = self.db.dialect;
        let users = &self.tables.users;
        let (source, on) = self.row_of("x.id", &dialect.set(USER, "x"));
        let sql = dialect.update(&users.to_string(), &source, &on, &users.values());
        self.each_set(&sql, &rows.users)?;
        let values: Vec<_> = link_values(dialect, self.tables)
            .into_iter()
            .filter(|(column, _)| column != "user_id")
            .collect();
        let set = dialect.set(LINK, "x");
        let sql = dialect.update(&self.tables.links, &set, "t.user_id = x.user_id", &values);
        self.each_set(&sql, &rows.links)?;
        self.add_changes(&rows.changes)
    }

    /// Runs a statement with each set of the rows.
    fn each_set<T: Serialize>(&self, sql: &str, rows: &[T]) -> Result<(), DatabaseError> {
        for set in record::sets(rows)? {
            self.db.execute(sql, &params![set])?;
        }
        Ok(())
    }

    /// Takes imported users out again who were written in this transaction.
    pub fn undo_imports(&self, guids: &[ObjectGuid]) -> Result<u64, DatabaseError> {
        let dialect = self.db.dialect;
        let sql = format!(
            "SELECT l.user_id FROM {} JOIN {} l ON l.guid = {}",
            dialect.set(TEXT, "x"),
            self.tables.links,
            dialect.guid("x.text")
        );
        let mut ids = Vec::new();
        for guids in guids.chunks(AT_ONCE) {
            let texts = record::texts(guids.iter().map(ToString::to_string))?;
            ids.extend(
                self.db
                    .rows(&sql, &params![texts], |row| row.number(0).map(UserId))?,
            );
        }
        self.let_go(&ids, None, false)?;
        let set = dialect.set(NUMBER, "x");
        let on = format!("t.user_id = x.id AND t.run_id = {}", self.run_id);
        let sql = dialect.delete(&self.tables.changes, &set, &on);
        for ids in ids.chunks(AT_ONCE) {
            let ids = record::numbers(ids.iter().copied())?;
            self.db.execute(&sql, &params![ids])?;
        }
        Ok(ids.len() as u64)
    }
}

/// A column that gets what the set `x` has under its name.
fn of_set(name: &str) -> (String, String) {
    (name.to_owned(), format!("x.{name}"))
}

/// The columns of a link, each with its value of the set `x`. adsync's own table of users has the names as they are
/// compared itself.
fn link_values(dialect: Dialect, tables: &Tables) -> Vec<(String, String)> {
    let left_out: &[&str] = if tables.users.is_mapped() {
        &["username"]
    } else {
        &["username", "username_key", "email_key", "enabled"]
    };
    let columns = LINK.iter().filter(|(name, _)| !left_out.contains(name));
    columns
        .map(|(name, _)| match *name {
            "guid" => ("guid".to_owned(), dialect.guid("x.guid")),
            name => of_set(name),
        })
        .collect()
}
