//! What the tables are called.

use super::application_table::{Mapping, Users};
use super::dialect::Dialect;
use crate::user::Folded;

/// The tables of a store.
#[derive(Clone, Debug)]
pub struct Tables {
    pub meta: String,
    pub users: Users,
    pub links: String,
    pub departed: String,
    pub runs: String,
    pub changes: String,
    pub domains: String,
    pub controllers: String,
    pub marks: String,
    /// The schema they are in; `None` where their names begin with a prefix instead.
    pub schema: Option<String>,
}

/// The version of the tables that this adsync makes.
pub const VERSION: i64 = 1;

impl Tables {
    /// In a schema of `PostgreSQL`, or behind a prefix in a database of `MariaDB`.
    pub fn new(dialect: Dialect, schema: &str, mapping: Option<&Mapping>) -> Self {
        let name = |table: &str| match dialect {
            Dialect::Postgres => format!("{}.{table}", dialect.identifier(schema)),
            Dialect::MySql => dialect.identifier(&format!("{schema}_{table}")),
        };
        Self {
            meta: name("meta"),
            users: match mapping {
                None => Users::own(dialect, name("users")),
                Some(mapping) => Users::mapped(dialect, mapping),
            },
            links: name("links"),
            departed: name("departed"),
            runs: name("runs"),
            changes: name("changes"),
            domains: name("domains"),
            controllers: name("controllers"),
            marks: name("marks"),
            schema: (dialect == Dialect::Postgres).then(|| dialect.identifier(schema)),
        }
    }

    /// That a row of an alias is one of ours, and not of somebody who was deleted.
    pub fn listed(&self, alias: &str) -> String {
        let ours = self.users.ours(alias);
        if self.users.when_deleted().is_none() {
            return ours;
        }
        format!(
            "{ours} AND NOT EXISTS (SELECT 1 FROM {} gone WHERE gone.row_key = {})",
            self.departed,
            self.users.key_text()
        )
    }

    /// The same, before they are made: nobody is linked, and nobody has departed.
    pub fn absent(mut self, dialect: Dialect) -> Self {
        let (number, text, guid) = match dialect {
            Dialect::Postgres => ("NULL::bigint", "NULL::text", "NULL::uuid"),
            Dialect::MySql => (
                "CAST(NULL AS SIGNED)",
                "CAST(NULL AS CHAR)",
                "CAST(NULL AS CHAR)",
            ),
        };
        let columns = [
            ("user_id", number),
            ("row_key", text),
            ("username_key", text),
            ("email_key", text),
            ("enabled", number),
            ("domain", number),
            ("guid", guid),
            ("dn", text),
            ("status", text),
            ("reason", text),
            ("synced_at", text),
            ("missing_since", text),
            ("returned_by", text),
            ("expires_at", text),
            ("found_run", number),
            ("found_on", number),
        ];
        let columns = columns.map(|(name, value)| format!("{value} AS {name}"));
        let nobody = format!("(SELECT {} WHERE 1 = 0)", columns.join(", "));
        self.links.clone_from(&nobody);
        self.departed = nobody;
        self
    }

    /// The statements that make them.
    pub fn definition(&self, dialect: Dialect) -> String {
        let text = match dialect {
            Dialect::Postgres => include_str!("schema/postgres.sql"),
            Dialect::MySql => include_str!("schema/mysql.sql"),
        };
        let own = self.users.to_string();
        // An application has its own.
        let text = if self.users.is_mapped() {
            without_users(text)
        } else {
            text.to_owned()
        };
        let names = [
            ("{meta}", &self.meta),
            ("{users}", &own),
            ("{departed}", &self.departed),
            ("{links}", &self.links),
            ("{runs}", &self.runs),
            ("{changes}", &self.changes),
            ("{domains}", &self.domains),
            ("{controllers}", &self.controllers),
            ("{marks}", &self.marks),
        ];
        let tables = names
            .iter()
            .fold(text, |text, (name, table)| text.replace(name, table));
        match &self.schema {
            Some(schema) => format!("CREATE SCHEMA IF NOT EXISTS {schema};\n{tables}"),
            None => tables,
        }
    }
}

/// The statements but for those of the table of users.
fn without_users(text: &str) -> String {
    let is_other = |it: &&str| !it.contains("{users}");
    let statements: Vec<&str> = text.split_inclusive(";\n").filter(is_other).collect();
    statements.concat()
}

/// How long a name may be, in bytes, to be kept as it is compared.
const LONGEST_KEY: usize = 200;

/// What a folded name is looked up by: itself, or its SHA-256 where it is too long for an index.
pub fn key(name: &Folded) -> String {
    let name = name.as_str();
    if name.len() <= LONGEST_KEY && !name.contains('\0') {
        return name.to_owned();
    }
    let digest = ring::digest::digest(&ring::digest::SHA256, name.as_bytes());
    let digits: Vec<String> = digest
        .as_ref()
        .iter()
        .map(|it| format!("{it:02x}"))
        .collect();
    format!("sha256:{}", digits.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_fits_an_index() {
        let long = |last: char| key(&Folded::new(&format!("{}{last}", "ß".repeat(1023))));
        assert_eq!(key(&Folded::new("Alice")), "alice");
        assert_eq!(long('a').len(), 71);
        assert_ne!(long('a'), long('b'));
    }
}
