//! Indexes that are set aside while many users are made.
//!
//! To sort what an index holds once costs a fraction of entering each user where it belongs.

use rusqlite::{Connection, ErrorCode};

/// Indexes that are to be made again, before the transaction in which they were set aside ends.
#[derive(Debug)]
pub(super) struct SetAside(Vec<String>);

impl SetAside {
    /// Sets the indexes of the users aside, but those of a few users only, which new ones are not among: to make
    /// them again would take a look at everybody.
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

    /// Makes those again that can be made: not one of usernames while two users have the same.
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

    /// Makes all that are left.
    pub(super) fn end(self, db: &Connection) -> rusqlite::Result<()> {
        self.0.iter().try_for_each(|sql| db.execute_batch(sql))
    }
}
