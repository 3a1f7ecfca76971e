//! What an administrator of the database runs, where adsync may not make its tables: the tables, and the narrowest
//! rights with which adsync does everything.

use std::fmt::Write;

use super::application_table::{Mapping, OnDelete};
use super::dialect::Dialect;
use super::server::Server;

impl Server {
    /// The statements, with comments.
    pub fn sql_for_administrator(&self) -> String {
        let tables = self.tables();
        let definition = tables.definition(self.dialect);
        let mut sql = format!(
            "-- The tables of adsync in the database {}, and the rights of {}.\n-- To be run once, by an administrator of that database.\n\n{definition}\n",
            self.database, self.username
        );
        let role = self.role();
        let own = [
            &tables.meta,
            &tables.links,
            &tables.departed,
            &tables.runs,
            &tables.changes,
            &tables.domains,
            &tables.controllers,
            &tables.marks,
        ];
        let mut own: Vec<String> = own.into_iter().cloned().collect();
        if self.users.is_none() {
            own.push(tables.users.to_string());
        }
        if let Some(schema) = &tables.schema {
            // Text cannot fail to grow.
            let _ = writeln!(sql, "GRANT USAGE ON SCHEMA {schema} TO {role};");
        }
        for table in own {
            let _ = writeln!(
                sql,
                "GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {role};"
            );
        }
        if let Some(mapping) = &self.users {
            sql += &self.grants_on(mapping, &tables.users.to_string());
        }
        sql
    }

    fn role(&self) -> String {
        match self.dialect {
            Dialect::Postgres => self.dialect.identifier(&self.username),
            Dialect::MySql => format!("'{}'@'%'", self.username.replace('\'', "''")),
        }
    }

    /// The rights on the table of an application.
    fn grants_on(&self, mapping: &Mapping, table: &str) -> String {
        let role = self.role();
        let quoted = |columns: Vec<&str>| -> String {
            let mut columns: Vec<String> = columns
                .into_iter()
                .map(|it| self.dialect.identifier(it))
                .collect();
            columns.sort();
            columns.dedup();
            columns.join(", ")
        };
        let read = quoted(mapping.columns().collect());
        let written = quoted(mapping.written());
        let new = quoted(mapping.columns().collect());
        let mut sql = String::new();
        if self.dialect == Dialect::Postgres
            && let Some(schema) = mapping.schema(self.dialect)
        {
            let schema = self.dialect.identifier(schema);
            let _ = writeln!(sql, "GRANT USAGE ON SCHEMA {schema} TO {role};");
        }
        let _ = writeln!(
            sql,
            "GRANT SELECT ({read}), INSERT ({new}), UPDATE ({written}) ON {table} TO {role};"
        );
        if mapping.on_delete == OnDelete::Delete {
            let _ = writeln!(sql, "GRANT DELETE ON {table} TO {role};");
        }
        if self.dialect == Dialect::Postgres {
            let _ = write!(
                sql,
                "-- The sequence of the key, if it has one.
DO $$
DECLARE keys text := pg_get_serial_sequence('{}', '{}');
BEGIN
    IF keys IS NOT NULL THEN
        EXECUTE format('GRANT USAGE ON SEQUENCE %s TO {}', keys);
    END IF;
END $$;
",
                table.replace('\'', "''"),
                mapping.key.replace('\'', "''"),
                role.replace('\'', "''")
            );
        }
        sql
    }
}
