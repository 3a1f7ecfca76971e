//! Dropping indexes while many users are inserted, and building them afterwards.
//!
//! Sorting the entries of an index once costs a fraction of inserting them one by one.

use rusqlite::{Connection, ErrorCode};

/// Dropped indexes, to be built again in the same transaction.
#[derive(Debug)]
pub(super) struct SetAside(Vec<String>);

impl SetAside {
    /// Drops the indexes of users, except partial ones that new users are not in: building those would scan the table.
    pub(super) fn begin(db: &Connection) -> rusqlite::Result<Self> {
        let indexes: Vec<(String, String)> = db
            .prepare(
                "SELECT name, sql FROM pragma_index_list('users') JOIN sqlite_schema USING (name)
                 WHERE NOT partial AND sql IS NOT NULL",
            )?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        for (name, _) in &indexes {
            db.execute_batch(&format!("DROP INDEX {name}"))?;
        }
        Ok(Self(indexes.into_iter().map(|(_, sql)| sql).collect()))
    }

    /// Builds those that can be built: a unique index only when there are no duplicates.
    pub(super) fn make_possible(&mut self, db: &Connection) -> rusqlite::Result<()> {
        let mut left = Vec::new();
        for sql in std::mem::take(&mut self.0) {
            match db.execute_batch(&sql) {
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                    left.push(sql);
                }
                other => other?,
            }
        }
        self.0 = left;
        Ok(())
    }

    /// Builds the rest.
    pub(super) fn end(self, db: &Connection) -> rusqlite::Result<()> {
        self.0.iter().try_for_each(|sql| db.execute_batch(sql))
    }
}
