//! Where `PostgreSQL` and `MariaDB` say the same thing in other words.

use std::fmt::Write;

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `PostgreSQL`, and what speaks as it does.
    Postgres,
    /// `MariaDB` and `MySQL`.
    MySql,
}

/// What a column of a set holds.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Int,
    Text,
}

/// The columns of a set of rows that is bound as one value.
pub type Columns = [(&'static str, Kind)];

impl Dialect {
    /// How its URLs begin.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::MySql => "mysql",
        }
    }

    /// A statement whose values are written as `?`, as the server takes it.
    pub fn with_placeholders(self, sql: &str) -> String {
        if self == Self::MySql {
            return sql.to_owned();
        }
        let mut pieces = sql.split('?');
        let mut text = pieces.next().unwrap_or_default().to_owned();
        for (number, piece) in (1..).zip(pieces) {
            // Text cannot fail to grow.
            let _ = write!(text, "${number}{piece}");
        }
        text
    }

    /// A name as an identifier.
    pub fn identifier(self, name: &str) -> String {
        match self {
            Self::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
            Self::MySql => format!("`{}`", name.replace('`', "``")),
        }
    }

    /// The rows of a JSON array of objects, bound as one value, as a table of that name.
    pub fn set(self, columns: &Columns, name: &str) -> String {
        let column = |(column, kind): &(&str, Kind)| match (self, kind) {
            (Self::Postgres, Kind::Int) => format!("{column} bigint"),
            (Self::Postgres, Kind::Text) => format!("{column} text"),
            (Self::MySql, Kind::Int) => format!("{column} BIGINT PATH '$.{column}'"),
            (Self::MySql, Kind::Text) => {
                format!(
                    "{column} LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.{column}'"
                )
            }
        };
        let columns: Vec<String> = columns.iter().map(column).collect();
        let columns = columns.join(", ");
        match self {
            Self::Postgres => format!("json_to_recordset(?::json) AS {name}({columns})"),
            Self::MySql => format!("JSON_TABLE(?, '$[*]' COLUMNS ({columns})) AS {name}"),
        }
    }

    /// Sets columns of the rows of a table that a set names.
    pub fn update(self, table: &str, set: &str, on: &str, assign: &[(String, String)]) -> String {
        let target = match self {
            Self::Postgres => "",
            Self::MySql => "t.",
        };
        let assign: Vec<String> = assign
            .iter()
            .map(|(column, value)| format!("{target}{column} = {value}"))
            .collect();
        let assign = assign.join(", ");
        match self {
            Self::Postgres => format!("UPDATE {table} AS t SET {assign} FROM {set} WHERE {on}"),
            Self::MySql => format!("UPDATE {table} AS t JOIN {set} ON {on} SET {assign}"),
        }
    }

    /// Deletes the rows of a table that a set names.
    pub fn delete(self, table: &str, set: &str, on: &str) -> String {
        match self {
            Self::Postgres => format!("DELETE FROM {table} AS t USING {set} WHERE {on}"),
            Self::MySql => format!("DELETE t FROM {table} AS t JOIN {set} ON {on}"),
        }
    }

    /// A number of any width, as the widest.
    pub fn int(self, value: &str) -> String {
        match self {
            Self::Postgres => format!("({value})::bigint"),
            Self::MySql => format!("CAST({value} AS SIGNED)"),
        }
    }

    /// A value as text.
    pub fn text(self, value: &str) -> String {
        match self {
            Self::Postgres => format!("({value})::text"),
            Self::MySql => value.to_owned(),
        }
    }

    /// A text as an identity.
    pub fn guid(self, text: &str) -> String {
        match self {
            Self::Postgres => format!("({text})::uuid"),
            Self::MySql => format!("CONVERT({text} USING ascii)"),
        }
    }

    /// The links `l` that a set of identities names. `PostgreSQL` cannot know how many a set has, and would rather read
    /// all links than look for each in the index; an array it looks for.
    pub fn of_identities(self, links: &str, set: &str) -> String {
        match self {
            Self::Postgres => format!(
                "(SELECT * FROM {links} WHERE guid = ANY (ARRAY(SELECT x.text::uuid FROM {set}))) l"
            ),
            Self::MySql => format!("{set} JOIN {links} l ON l.guid = {}", self.guid("x.text")),
        }
    }

    /// An identity in the order of its bytes, of which the first three groups are written the other way round.
    pub fn by_identity(self, guid: &str) -> String {
        let text = self.text(guid);
        let at = |begin: u8| format!("substr({text}, {begin}, 2)");
        let order = [7, 5, 3, 1, 12, 10, 17, 15].map(at).join(", ");
        self.by_code_point(&format!("concat({order}, substr({text}, 20))"))
    }

    /// A text in the order of its code points.
    pub fn by_code_point(self, value: &str) -> String {
        match self {
            Self::Postgres => format!("({value}) COLLATE \"C\""),
            Self::MySql => format!("CAST({value} AS BINARY)"),
        }
    }

    /// A text in the order of its code points, capital letters of ASCII as small ones.
    pub fn by_letters(self, value: &str) -> String {
        match self {
            Self::Postgres => format!("lower(({value}) COLLATE \"C\")"),
            Self::MySql => format!("CAST(lower({value}) AS BINARY)"),
        }
    }

    /// Locks the rows of a table until the end of the transaction.
    pub fn for_update(self, table: &str) -> String {
        match self {
            Self::Postgres => format!("FOR UPDATE OF {table}"),
            Self::MySql => "FOR UPDATE".to_owned(),
        }
    }

    /// Begins a transaction that reads one state of the database, and cannot write.
    pub fn begin_reading(self) -> &'static str {
        match self {
            Self::Postgres => {
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0"
            }
            Self::MySql => {
                "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
            }
        }
    }

    /// Begins a transaction that writes, and sees what others have written.
    pub fn begin_writing(self) -> &'static str {
        match self {
            Self::Postgres => {
                "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL lock_timeout = '30s'"
            }
            Self::MySql => {
                "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION READ WRITE"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered() {
        let sql = "SELECT ? WHERE a = ?";
        assert_eq!(
            Dialect::Postgres.with_placeholders(sql),
            "SELECT $1 WHERE a = $2"
        );
        assert_eq!(Dialect::MySql.with_placeholders(sql), sql);
    }
}
