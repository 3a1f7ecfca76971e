//! A store in a database server: `PostgreSQL`, `MariaDB` or `MySQL`.
//!
//! Users, links, runs and changes are read and written in sets: a set of rows is one value, a JSON array that the
//! server unfolds into a table, so no statement is about one user.

pub mod application_table;
mod bulk_load;
mod connection;
mod dialect;
mod domains;
mod error;
mod grants;
mod history;
mod layout;
mod listing;
mod matching;
mod no_tables;
mod record;
mod server;
mod session;
mod view;
mod writing;

use std::rc::Rc;
use std::time::Duration;

use connection::{Connection, params};
pub use dialect::Dialect;
pub use error::{DatabaseError, Refusal};
use layout::Tables;
use no_tables::NoTables;
use record::Locals;
pub use server::{Host, Server};
use session::Writer;
use view::{Asked, Reader};

use super::sqlite;
use super::{Command, Session, Store, StoreError, View};

impl Store for Server {
    fn read(&self) -> Result<Box<dyn View>, StoreError> {
        let failed = self.failed("open");
        let mut reader = Reader::open(self, Rc::new(self.tables()), "adsync").map_err(&failed)?;
        let mut tables = self.tables();
        tables.users.describe(&reader.db).map_err(&failed)?;
        reader.tables = Rc::new(tables);
        match reader.version().map_err(&failed)? {
            // There are no tables yet. An application's has its local users all the same.
            None if self.users.is_some() => {
                let tables = (*reader.tables).clone().absent(self.dialect);
                reader.tables = Rc::new(tables);
                let nothing = sqlite::empty(&self.to_string())?;
                Ok(Box::new(NoTables { reader, nothing }))
            }
            None => sqlite::empty(&self.to_string()),
            Some(layout::VERSION) => Ok(Box::new(reader)),
            Some(found) => Err(StoreError::Newer {
                path: self.to_string().into(),
                found,
                known: layout::VERSION,
            }),
        }
    }

    fn is_there(&self) -> Result<bool, StoreError> {
        let failed = self.failed("open");
        let mut reader = Reader::open(self, Rc::new(self.tables()), "adsync").map_err(&failed)?;
        Ok(reader.version().map_err(&failed)?.is_some())
    }

    fn flaws(&self) -> Result<Vec<String>, StoreError> {
        let failed = self.failed("open");
        let reader = Reader::open(self, Rc::new(self.tables()), "adsync").map_err(&failed)?;
        let mut tables = self.tables();
        tables.users.describe(&reader.db).map_err(&failed)?;
        Ok(tables.users.flaws())
    }

    fn begin(&self, command: Command, wait: Duration) -> Result<Box<dyn Session>, StoreError> {
        Ok(Box::new(Writer::open(self, command, wait)?))
    }
}

impl Server {
    fn tables(&self) -> Tables {
        Tables::new(self.dialect, &self.schema, self.users.as_ref())
    }

    fn failed(&self, doing: &'static str) -> impl Fn(DatabaseError) -> StoreError + use<> {
        let store = self.to_string();
        move |source| StoreError::Database {
            store: store.clone(),
            doing,
            source,
        }
    }

    fn make_tables(&self, db: &Connection, tables: &Tables) -> Result<(), DatabaseError> {
        let definition = tables.definition(self.dialect);
        match self.dialect {
            Dialect::Postgres => {
                let made = db.batch(&format!("BEGIN; {definition}; COMMIT"));
                if made.is_err() {
                    db.batch("ROLLBACK")?;
                }
                made
            }
            Dialect::MySql => db.batch(&definition),
        }
    }

    /// Who holds the lock, as far as it can be told.
    fn holder(&self, db: &Connection, tables: &Tables) -> Option<String> {
        let name = match self.dialect {
            Dialect::Postgres => {
                let query = "SELECT a.application_name FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid
                     WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted
                         AND a.application_name LIKE 'adsync %' AND a.datname = current_database()
                         AND a.pid <> pg_backend_pid() ORDER BY a.xact_start LIMIT 1";
                db.one(query, &[], |row| row.text(0))
            }
            Dialect::MySql => {
                let query = format!("SELECT holder FROM {} WHERE id = 1", tables.meta);
                db.batch("SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED")
                    .and_then(|()| db.one(&query, &[], |row| row.text(0)))
            }
        };
        Some(
            name.ok()??
                .as_deref()?
                .trim_start_matches("adsync ")
                .to_owned(),
        )
    }

    /// Says who holds the lock, where the server does not show the names of connections: in the row that is locked,
    /// where others can read it before it is committed.
    fn say_holder(
        &self,
        db: &Connection,
        tables: &Tables,
        name: &str,
    ) -> Result<(), DatabaseError> {
        if self.dialect == Dialect::MySql {
            let sql = format!("UPDATE {} SET holder = ? WHERE id = 1", tables.meta);
            db.execute(&sql, &params![name])?;
        }
        Ok(())
    }
}

impl Reader {
    /// Begins to read.
    fn open(server: &Server, tables: Rc<Tables>, name: &str) -> Result<Self, DatabaseError> {
        let db = server.connect(false, name)?;
        db.batch(server.dialect.begin_reading())?;
        Ok(Self {
            db,
            tables,
            location: server.to_string(),
            locals: Locals::default(),
            asked: Asked::default(),
        })
    }

    /// Reads what others have written meanwhile.
    fn refresh(&mut self) -> Result<(), DatabaseError> {
        self.asked = Asked::default();
        self.db.batch("ROLLBACK")?;
        self.db.batch(self.db.dialect.begin_reading())
    }

    /// The version of the tables; none if there are none.
    fn version(&mut self) -> Result<Option<i64>, DatabaseError> {
        let query = format!(
            "SELECT {} FROM {} WHERE id = 1",
            self.db.dialect.int("version"),
            self.tables.meta
        );
        match self.db.one(&query, &[], |row| row.number(0)) {
            Err(error) if error.refusal == Refusal::Absent => {
                // PostgreSQL answers nothing more in that transaction.
                self.refresh()?;
                Ok(None)
            }
            answer => answer,
        }
    }
}
