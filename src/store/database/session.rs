//! A run that may write.
//!
//! It holds one transaction from its begin to its end, in which it has locked the one row of `meta`: the lock dies with
//! the connection, works behind a pooler, and blocks nobody but another run. What it reads it reads on a second
//! connection, that of its [`Reader`]. The plan is applied in the first.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::bulk_load::Loading;
use super::connection::{Connection, params};
use super::domains::RunKeys;
use super::error::{DatabaseError, Refusal};
use super::layout::{Tables, VERSION};
use super::record;
use super::server::Server;
use super::view::{AT_ONCE, Reader};
use super::writing::{Numbers, Writing};
use crate::plan::{Approved, Import, Plan, Recent};
use crate::store::effects::{is_same, written};
use crate::store::{
    Applied, BulkLoad, Command, Domains, Keys, Outcome, Run, Session, StoreError, View,
};
use crate::user::{Origin, StoredUser, UserId};
use crate::util::crash;

/// How often a plan is applied again that the server wants to have tried again.
const ATTEMPTS: u32 = 5;
/// How long to wait between attempts to take the lock.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a server may take to see that a connection of this run is gone, which held the lock.
const OWN_END: Duration = Duration::from_secs(10);
/// How long to look for a server that answers whether a commit was done.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// A store that is held for a run.
#[derive(Debug)]
pub struct Writer {
    server: Server,
    reader: Reader,
    /// The connection that holds the lock, and writes.
    db: Arc<Connection>,
    numbers: Numbers,
    name: String,
    /// Whether its transaction, and with it the lock, is at an end.
    is_over: Cell<bool>,
    is_closed: bool,
}

impl Writer {
    /// Locks the store, and makes its tables if they are not there. Waits that long for another run.
    pub fn open(server: &Server, command: Command, wait: Duration) -> Result<Self, StoreError> {
        let name = name_of(command);
        let mut tables = server.tables();
        let deadline = Instant::now().checked_add(wait);
        let failed = server.failed("open");
        let db = Arc::new(server.connect(true, &name).map_err(&failed)?);
        tables.users.describe(&db).map_err(&failed)?;
        let numbers = lock(server, &db, &tables, &name, deadline)?;
        crash::point("locked");
        let reader = Reader::open(server, Rc::new(tables), &name).map_err(&failed)?;
        crash::point("prepared");
        Ok(Self {
            server: server.clone(),
            reader,
            db,
            numbers,
            name,
            is_over: Cell::new(false),
            is_closed: false,
        })
    }

    /// Gives up what was written, and takes the lock again, on a new connection if need be. What is read from now on is
    /// what others have written.
    fn begin_again(&mut self) -> Result<(), StoreError> {
        let failed = self.server.failed("write to");
        let is_lost = !self.is_over.get() && self.db.batch("ROLLBACK").is_err();
        if is_lost || self.db.batch("SELECT 1").is_err() {
            let db = self.server.connect(true, &self.name).map_err(&failed)?;
            self.db = Arc::new(db);
        }
        self.numbers = lock(
            &self.server,
            &self.db,
            &self.reader.tables,
            &self.name,
            Instant::now().checked_add(OWN_END),
        )?;
        self.is_over.set(false);
        if self.reader.refresh().is_err() {
            let tables = self.reader.tables.clone();
            self.reader = Reader::open(&self.server, tables, &self.name).map_err(&failed)?;
        }
        Ok(())
    }

    fn writing<'a>(
        &'a self,
        domains: &'a Domains,
        run: &Run,
    ) -> Result<Writing<'a>, DatabaseError> {
        let mut writing = Writing {
            db: &self.db,
            tables: &self.reader.tables,
            domains,
            numbers: self.numbers,
            run_id: self.numbers.run,
            token: token(),
            now: run.started_at.to_string(),
            keys: RunKeys::default(),
            reads_directory: run.reads_directory(),
        };
        crash::point("begun");
        writing.keys = writing.note_domain(run)?;
        crash::point("run noted");
        Ok(writing)
    }

    /// Writes a plan, but for the commit. The users whose rows are not as the plan saw them, if there are any.
    fn write(
        &self,
        plan: &Plan,
        run: &Run,
    ) -> Result<Result<(i64, String), Vec<UserId>>, DatabaseError> {
        let overtaken = self.overtaken(plan)?;
        if !overtaken.is_empty() {
            return Ok(Err(overtaken));
        }
        let domains = self.reader.known_domains()?;
        let mut in_order: Vec<&Import> = plan.imported.iter().collect();
        in_order.sort_by_key(|it| it.arrival);
        let mut writing = self.writing(&domains, run)?;
        writing.write(plan, &in_order, run)?;
        Ok(Ok((writing.run_id, writing.token)))
    }

    /// Locks the rows that a plan writes. Returns the users whose rows have changed since it was made.
    fn overtaken(&self, plan: &Plan) -> Result<Vec<UserId>, DatabaseError> {
        let users: Vec<&StoredUser> = written(plan).collect();
        let Tables {
            users: table,
            links,
            ..
        } = &*self.reader.tables;
        let dialect = self.db.dialect;
        let number = table.number();
        let query = format!(
            "SELECT {} FROM {table} u LEFT JOIN {links} l ON {}
             WHERE {number} IN (SELECT x.id FROM {}) AND {} ORDER BY {number} {}",
            self.reader.columns(),
            table.has_link(),
            dialect.set(record::NUMBER, "x"),
            table.ours("u"),
            dialect.for_update("u"),
        );
        let mut others = Vec::new();
        for users in users.chunks(AT_ONCE) {
            let ids = record::numbers(users.iter().map(|it| it.id))?;
            let now = self
                .db
                .rows(&query, &params![ids], |row| self.reader.user(row))?;
            let now: HashMap<UserId, StoredUser> = now.into_iter().map(|it| (it.id, it)).collect();
            let is_other =
                |user: &&&StoredUser| now.get(&user.id).is_none_or(|now| !is_same(now, user));
            others.extend(users.iter().filter(is_other).map(|it| it.id));
        }
        Ok(others)
    }

    /// Refuses to write local users, where they are the application's.
    fn refuse_local(&self, plan: &Plan) -> Result<(), StoreError> {
        if !self.reader.tables.users.is_mapped() {
            return Ok(());
        }
        let stored = written(plan).find(|it| it.origin == Origin::Local);
        let new = plan.imported.iter().find(|it| it.guid().is_none());
        let username = stored
            .map(|it| &*it.values.profile.username)
            .or(new.map(Import::username));
        match username {
            None => Ok(()),
            Some(username) => Err(StoreError::OfApplication {
                store: self.reader.location.clone(),
                username: username.to_owned(),
            }),
        }
    }

    fn give_back(&mut self, plan: Plan, rows: &[UserId]) -> Result<Applied, StoreError> {
        self.begin_again()?;
        let mut changed: HashMap<_, _> = rows.iter().map(|id| (*id, None)).collect();
        for user in self.reader.users(Keys::Rows(rows))? {
            changed.insert(user.id, Some(user).filter(|it| it.origin != Origin::Local));
        }
        Ok(Applied::Overtaken { plan, changed })
    }

    /// Deletes the links of rows that an application has deleted: they hold the names and the identity of nobody.
    fn forget_rows_that_are_gone(&self) -> Result<(), DatabaseError> {
        let Tables { users, links, .. } = &*self.reader.tables;
        if !users.is_mapped() {
            return Ok(());
        }
        let sql = format!(
            "DELETE FROM {links} WHERE user_id IN (SELECT user_id FROM (
                 SELECT l.user_id FROM {links} l LEFT JOIN {users} u ON {} WHERE u.{} IS NULL) AS gone)",
            users.of_link(),
            users.key(),
        );
        self.db.execute(&sql, &[]).map(drop)
    }

    /// Commits. If the answer is lost, asks whether it was done.
    fn commit(&self, run_id: i64, token: &str) -> Result<(), StoreError> {
        crash::point("committing");
        self.is_over.set(true);
        match self.db.batch("COMMIT") {
            Ok(()) => Ok(()),
            Err(error) if error.refusal == Refusal::Gone => self.ask(run_id, token, error),
            Err(error) => Err(self.reader.failed("write to")(error)),
        }
    }

    fn ask(&self, run_id: i64, token: &str, lost: DatabaseError) -> Result<(), StoreError> {
        let query = format!(
            "SELECT id FROM {} WHERE id = ? AND token = ?",
            self.reader.tables.runs
        );
        let until = Instant::now() + ASK_AGAIN;
        while Instant::now() < until {
            let answer = self
                .server
                .connect(true, &self.name)
                .and_then(|db| db.one(&query, &params![run_id, token], |row| row.number(0)));
            match answer {
                Ok(Some(_)) => return Ok(()),
                Ok(None) => return Err(self.reader.failed("write to")(lost)),
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
        Err(StoreError::Unknown {
            store: self.reader.location.clone(),
            run: run_id,
        })
    }

    fn apply_loaded(
        &mut self,
        loading: Loading,
        plan: &Plan,
        run: &Run,
    ) -> Result<i64, StoreError> {
        let failed = self.reader.failed("write to");
        let (run_id, token) = loading.finish(plan, run).map_err(failed)?;
        self.commit(run_id, &token)?;
        Ok(run_id)
    }

    fn apply_read(
        &mut self,
        plan: Plan,
        run: &Run,
        committed: &mut dyn FnMut(i64),
    ) -> Result<Applied, StoreError> {
        for attempt in 1.. {
            let error = match self.write(&plan, run) {
                Ok(Ok((run_id, token))) => match self.commit(run_id, &token) {
                    Ok(()) => {
                        committed(run_id);
                        return Ok(Applied::Done(run_id, plan));
                    }
                    Err(StoreError::Database { source, .. })
                        if source.refusal == Refusal::TryAgain =>
                    {
                        source
                    }
                    Err(error) => return Err(error),
                },
                Ok(Err(rows)) => return self.give_back(plan, &rows),
                Err(error) => error,
            };
            match error.refusal {
                // Another program has taken a name since the holders were read.
                Refusal::Unique => {
                    self.begin_again()?;
                    self.forget_rows_that_are_gone()
                        .map_err(self.reader.failed("write to"))?;
                    return Ok(Applied::Overtaken {
                        plan,
                        changed: HashMap::new(),
                    });
                }
                Refusal::TryAgain if attempt < ATTEMPTS => self.begin_again()?,
                _ => return Err(self.reader.failed("write to")(error)),
            }
        }
        Ok(Applied::Overtaken {
            plan,
            changed: HashMap::new(),
        })
    }
}

impl Session for Writer {
    fn view(&self) -> &dyn View {
        &self.reader
    }

    fn expect_changes(&mut self, _has_read_users: bool) -> Result<(), StoreError> {
        Ok(())
    }

    fn bulk_load(&self, run: &Run) -> Result<Option<Box<dyn BulkLoad>>, StoreError> {
        let failed = self.reader.failed("write to");
        let users = &self.reader.tables.users;
        if users.is_mapped() {
            // Users who turn out to be duplicates could only be taken out again with the right to delete.
            return Ok(None);
        }
        let query = format!("SELECT 1 FROM {users} LIMIT 1");
        let is_used = self.db.one(&query, &[], |_| Ok(())).map_err(&failed)?;
        if is_used.is_some() {
            return Ok(None);
        }
        let domains = self.reader.domains()?;
        self.db.batch("SAVEPOINT loading").map_err(&failed)?;
        let writing = self.writing(&domains, run).map_err(&failed)?;
        let loading = Loading::new(
            self.db.clone(),
            &writing,
            domains.clone(),
            self.reader.location.clone(),
        );
        Ok(Some(Box::new(loading)))
    }

    fn apply(
        &mut self,
        approved: Approved,
        filled: Option<Box<dyn BulkLoad>>,
        run: &Run,
        committed: &mut dyn FnMut(i64),
    ) -> Result<Applied, StoreError> {
        let run = &Run {
            unsaid: approved.unsaid(),
            ..run.clone()
        };
        let plan = approved.into_plan();
        self.refuse_local(&plan)?;
        // It came from here.
        let filled = filled.and_then(|it| it.into_any().downcast::<Loading>().ok());
        let applied = match filled {
            Some(loading) => {
                let run_id = self.apply_loaded(*loading, &plan, run)?;
                committed(run_id);
                Applied::Done(run_id, plan)
            }
            None => self.apply_read(plan, run, committed)?,
        };
        crash::point("committed");
        Ok(applied)
    }

    fn record_end(
        &mut self,
        run: &Run,
        outcome: Outcome,
        error: &str,
        plan: &Plan,
    ) -> Result<i64, StoreError> {
        self.begin_again()?;
        let run = Run {
            unsaid: Recent::default(),
            ..run.clone()
        };
        let domains = Domains::default();
        let writing = Writing {
            db: &self.db,
            tables: &self.reader.tables,
            domains: &domains,
            numbers: self.numbers,
            run_id: self.numbers.run,
            token: token(),
            now: run.started_at.to_string(),
            // A run that changed nothing does not add a domain.
            keys: RunKeys {
                domain: run.domain.as_ref().and_then(|it| it.id),
                controller: run.controller.as_ref().and_then(|it| it.id),
            },
            reads_directory: true,
        };
        let failed = self.reader.failed("write to");
        writing
            .note_run(&run, writing.keys, outcome, Some(error), plan)
            .and_then(|()| writing.keep_numbers())
            .map_err(failed)?;
        let (run_id, token) = (writing.run_id, writing.token.clone());
        self.commit(run_id, &token)?;
        Ok(run_id)
    }

    fn require_in_place(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn close(&mut self) {
        self.is_closed = true;
        if !self.is_over.replace(true) {
            // The end of the connection would do the same.
            let _ = self.db.batch("ROLLBACK");
        }
    }

    fn is_closed(&self) -> bool {
        self.is_closed
    }
}

/// Begins a transaction that holds the lock, and makes the tables if they are not there.
fn lock(
    server: &Server,
    db: &Connection,
    tables: &Tables,
    name: &str,
    deadline: Option<Instant>,
) -> Result<Numbers, StoreError> {
    let failed = server.failed("open");
    let (mut has_made_tables, mut not_made) = (false, None);
    loop {
        match try_lock(db, tables) {
            Ok((version, numbers)) if version == VERSION => {
                server.say_holder(db, tables, name).map_err(&failed)?;
                return Ok(numbers);
            }
            Ok((found, _)) => {
                return Err(StoreError::Newer {
                    path: server.to_string().into(),
                    found,
                    known: VERSION,
                });
            }
            Err(error) => {
                let _ = db.batch("ROLLBACK");
                match error.refusal {
                    Refusal::Absent if !has_made_tables => {
                        has_made_tables = true;
                        // Another first run may make them at this moment.
                        not_made = server.make_tables(db, tables).err();
                    }
                    Refusal::Absent => {
                        return Err(StoreError::NoTables {
                            store: server.to_string(),
                            source: not_made.unwrap_or(error),
                        });
                    }
                    Refusal::Locked if deadline.is_some_and(|it| Instant::now() < it) => {
                        std::thread::sleep(PAUSE);
                    }
                    Refusal::Locked => {
                        return Err(StoreError::Held {
                            path: server.to_string().into(),
                            holder: server.holder(db, tables).unwrap_or_default(),
                        });
                    }
                    _ => return Err(failed(error)),
                }
            }
        }
    }
}

fn try_lock(db: &Connection, tables: &Tables) -> Result<(i64, Numbers), DatabaseError> {
    db.batch(db.dialect.begin_writing())?;
    let int = |it| db.dialect.int(it);
    let query = format!(
        "SELECT {}, next_user, next_run, next_domain, next_controller FROM {} WHERE id = 1 FOR UPDATE NOWAIT",
        int("version"),
        tables.meta
    );
    let found = db.one(&query, &[], |row| {
        let numbers = Numbers {
            user: row.number(1)?,
            run: row.number(2)?,
            domain: row.number(3)?,
            controller: row.number(4)?,
        };
        Ok((row.number(0)?, numbers))
    })?;
    found.ok_or_else(|| DatabaseError::new(Refusal::Other, "its table meta has no row"))
}

/// What the server shows of the connections of a run, for the message to those who have to wait.
fn name_of(command: Command) -> String {
    let since = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
    let host = whoami::hostname().unwrap_or_else(|_| "?".to_owned());
    format!(
        "adsync {command}, {host}, process {}, since {since}",
        std::process::id()
    )
}

/// A random number, by which a run that was written can be told from another of the same number.
fn token() -> String {
    use ring::rand::SecureRandom;
    let mut bytes = [0_u8; 16];
    // Without it, a run would be known by its number alone.
    let _ = ring::rand::SystemRandom::new().fill(&mut bytes);
    format!("{:032x}", u128::from_be_bytes(bytes))
}
