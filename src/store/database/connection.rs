//! A connection to a database server: statements with a deadline, rows, and what went wrong.

use std::fmt;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::mysql::{MySqlArguments, MySqlRow};
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, ColumnIndex, Executor, MySql, MySqlConnection, Postgres, Row as _};
use tokio::runtime::Runtime;

use super::dialect::Dialect;
use super::error::{DatabaseError, Refusal};

/// How long a statement may take. A server that does not answer must not hold up a run for ever.
const PATIENCE: Duration = Duration::from_mins(10);

/// A connection to a database server.
pub struct Connection {
    pub dialect: Dialect,
    link: Mutex<Link>,
}

/// The connection of the driver, and what drives it.
struct Link {
    runtime: Runtime,
    driver: Driver,
}

/// A connection of each driver.
pub enum Driver {
    Postgres(PgConnection),
    MySql(MySqlConnection),
}

/// A value that is bound to a statement.
#[derive(Clone, Debug)]
pub enum Param {
    Int(Option<i64>),
    Text(Option<String>),
}

impl From<i64> for Param {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<Option<i64>> for Param {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Param {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<String> for Param {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}

impl From<Option<String>> for Param {
    fn from(value: Option<String>) -> Self {
        Self::Text(value)
    }
}

/// Values that are bound to a statement, in its order.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        [$($crate::store::database::connection::Param::from($value)),*]
    };
}
pub(super) use params;

/// A row of an answer.
pub enum Row {
    Postgres(PgRow),
    MySql(MySqlRow),
}

impl Row {
    /// The text of a column; none where it is NULL.
    pub fn text(&self, column: usize) -> Result<Option<String>, DatabaseError> {
        match self {
            Self::Postgres(row) => value(row, column),
            Self::MySql(row) => {
                // Some texts are of a binary type there.
                let bytes: Option<Vec<u8>> = row.try_get_unchecked(column)?;
                let text = bytes.map(String::from_utf8).transpose();
                text.map_err(|_| DatabaseError::new(Refusal::Other, "a text that is not UTF-8"))
            }
        }
    }

    /// The number in a column; none where it is NULL.
    pub fn int(&self, column: usize) -> Result<Option<i64>, DatabaseError> {
        match self {
            Self::Postgres(row) => value(row, column),
            Self::MySql(row) => Ok(row.try_get_unchecked(column)?),
        }
    }

    /// A number that is always there.
    pub fn number(&self, column: usize) -> Result<i64, DatabaseError> {
        Ok(self.int(column)?.unwrap_or_default())
    }

    /// A count.
    pub fn count(&self, column: usize) -> Result<u64, DatabaseError> {
        self.number(column).map(i64::unsigned_abs)
    }

    /// A text that is always there.
    pub fn string(&self, column: usize) -> Result<String, DatabaseError> {
        Ok(self.text(column)?.unwrap_or_default())
    }

    /// Whether a number is not zero.
    pub fn flag(&self, column: usize) -> Result<bool, DatabaseError> {
        self.number(column).map(|it| it != 0)
    }
}

fn value<'r, T>(row: &'r PgRow, column: usize) -> Result<Option<T>, DatabaseError>
where
    usize: ColumnIndex<PgRow>,
    T: sqlx::Decode<'r, Postgres> + sqlx::Type<Postgres>,
{
    Ok(row.try_get(column)?)
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("dialect", &self.dialect)
            .finish_non_exhaustive()
    }
}

/// A statement that has all of its values.
enum Statement<'q> {
    Postgres(Query<'q, Postgres, PgArguments>),
    MySql(Query<'q, MySql, MySqlArguments>),
}

impl Connection {
    /// A connection of a driver, on the runtime that it was made on.
    pub fn new(runtime: Runtime, driver: Driver) -> Self {
        let dialect = match &driver {
            Driver::Postgres(_) => Dialect::Postgres,
            Driver::MySql(_) => Dialect::MySql,
        };
        Self {
            dialect,
            link: Mutex::new(Link { runtime, driver }),
        }
    }

    fn link(&self) -> MutexGuard<'_, Link> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn statement(&self, sql: &str, params: &[Param]) -> Statement<'static> {
        let sql = AssertSqlSafe(self.dialect.with_placeholders(sql));
        match self.dialect {
            Dialect::Postgres => {
                // Not kept on the server, where a pooler may give the next one to another client.
                let query = sqlx::query(sql).persistent(false);
                Statement::Postgres(params.iter().fold(query, |query, param| match param {
                    Param::Int(value) => query.bind(*value),
                    Param::Text(value) => query.bind(value.clone()),
                }))
            }
            Dialect::MySql => {
                let query = sqlx::query(sql).persistent(true);
                Statement::MySql(params.iter().fold(query, |query, param| match param {
                    Param::Int(value) => query.bind(*value),
                    Param::Text(value) => query.bind(value.clone()),
                }))
            }
        }
    }

    /// Runs statements without values; what they answer is dropped.
    pub fn batch(&self, sql: &str) -> Result<(), DatabaseError> {
        log::trace!("{sql}");
        let mut link = self.link();
        let Link { runtime, driver } = &mut *link;
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        runtime.block_on(in_time(async {
            match driver {
                Driver::Postgres(it) => it.execute(sql).await.map(drop),
                Driver::MySql(it) => it.execute(sql).await.map(drop),
            }
        }))
    }

    /// Runs a statement. Returns how many rows it found.
    pub fn execute(&self, sql: &str, params: &[Param]) -> Result<u64, DatabaseError> {
        log::trace!("{sql}");
        let statement = self.statement(sql, params);
        let mut link = self.link();
        let Link { runtime, driver } = &mut *link;
        runtime.block_on(in_time(async {
            match (driver, statement) {
                (Driver::Postgres(it), Statement::Postgres(query)) => {
                    Ok(query.execute(it).await?.rows_affected())
                }
                (Driver::MySql(it), Statement::MySql(query)) => {
                    Ok(query.execute(it).await?.rows_affected())
                }
                _ => Ok(0),
            }
        }))
    }

    /// The rows that a query answers.
    pub fn rows<T>(
        &self,
        sql: &str,
        params: &[Param],
        mut row: impl FnMut(&Row) -> Result<T, DatabaseError>,
    ) -> Result<Vec<T>, DatabaseError> {
        let mut all = Vec::new();
        self.each(sql, params, |it| {
            all.push(row(&it)?);
            Ok::<_, DatabaseError>(())
        })?;
        Ok(all)
    }

    /// Visits the rows that a query answers, as they come.
    pub fn each<E: From<DatabaseError>>(
        &self,
        sql: &str,
        params: &[Param],
        mut visit: impl FnMut(Row) -> Result<(), E>,
    ) -> Result<(), E> {
        use tokio_stream::StreamExt;

        log::trace!("{sql}");
        let statement = self.statement(sql, params);
        let mut link = self.link();
        let Link { runtime, driver } = &mut *link;
        let mut rows: std::pin::Pin<Box<dyn tokio_stream::Stream<Item = sqlx::Result<Row>> + '_>> =
            match (driver, statement) {
                (Driver::Postgres(it), Statement::Postgres(query)) => {
                    Box::pin(query.fetch(it).map(|row| row.map(Row::Postgres)))
                }
                (Driver::MySql(it), Statement::MySql(query)) => {
                    Box::pin(query.fetch(it).map(|row| row.map(Row::MySql)))
                }
                _ => return Ok(()),
            };
        while let Some(row) = runtime.block_on(in_time(async { rows.next().await.transpose() }))? {
            visit(row)?;
        }
        Ok(())
    }

    /// The one row of a query that has one.
    pub fn one<T>(
        &self,
        sql: &str,
        params: &[Param],
        row: impl FnMut(&Row) -> Result<T, DatabaseError>,
    ) -> Result<Option<T>, DatabaseError> {
        Ok(self.rows(sql, params, row)?.pop())
    }

    /// Copies rows into a table of `PostgreSQL`, in the text format of COPY.
    pub fn copy_in(&self, statement: &str, rows: Vec<u8>) -> Result<u64, DatabaseError> {
        log::trace!("{statement}");
        let mut link = self.link();
        let Link { runtime, driver } = &mut *link;
        let Driver::Postgres(driver) = driver else {
            return Ok(0);
        };
        runtime.block_on(in_time(async {
            let mut copy = driver.copy_in_raw(statement).await?;
            match copy.send(rows).await {
                Ok(_) => copy.finish().await,
                Err(error) => {
                    copy.abort("it could not be sent").await?;
                    Err(error)
                }
            }
        }))
    }
}

async fn in_time<T>(
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, DatabaseError> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(DatabaseError::new(
            Refusal::Gone,
            format!("no answer within {} minutes", PATIENCE.as_secs() / 60),
        )),
    }
}
