//! `[store.users]`: the table of an application, and which of its columns hold what.

use serde::Deserialize;
use serde::de::Error as _;

use crate::error::Failure;
use crate::store::database::application_table::{EXPRESSIONS, Enabled, Literal, Mapping, OnDelete};

/// The table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsersTable {
    table: String,
    key: String,
    username: String,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    contact_number: Option<String>,
    guid: Option<String>,
    enabled: Option<EnabledColumn>,
    #[serde(default, rename = "where")]
    rows: Columns,
    #[serde(default)]
    insert: Columns,
    #[serde(default)]
    on_delete: Fate,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "say a column, or { column = \"status\", yes = \"active\", no = \"blocked\" }"
)]
enum EnabledColumn {
    Flag(String),
    #[serde(rename_all = "snake_case")]
    Values {
        column: String,
        yes: Value,
        no: Value,
    },
}

/// Columns with their values, in the order of their names.
#[derive(Default, Deserialize)]
struct Columns(std::collections::BTreeMap<String, Value>);

impl Columns {
    fn into_pairs(self) -> Vec<(String, Literal)> {
        let pairs = self.0.into_iter();
        pairs.map(|(column, value)| (column, value.0)).collect()
    }
}

/// A number, a flag, a text, or `{ sql = "CURRENT_TIMESTAMP" }`.
struct Value(Literal);

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Bool(bool),
            Int(i64),
            Text(String),
            Sql { sql: String },
        }
        let literal = match Written::deserialize(deserializer).map_err(|_| {
            D::Error::custom(
                "a value is a number, true or false, a text, or { sql = \"CURRENT_TIMESTAMP\" }",
            )
        })? {
            Written::Bool(it) => Literal::Bool(it),
            Written::Int(it) => Literal::Int(it),
            Written::Text(it) => Literal::Text(it),
            Written::Sql { sql } => {
                let known = EXPRESSIONS.into_iter();
                let found = known.into_iter().find(|it| it.eq_ignore_ascii_case(&sql));
                Literal::Sql(found.ok_or_else(|| {
                    D::Error::custom(format!(
                        "the SQL {sql:?} is not one of {}",
                        EXPRESSIONS.join(", ")
                    ))
                })?)
            }
        };
        Ok(Self(literal))
    }
}

/// What becomes of the row of a user who is deleted.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "say \"disable\", \"delete\", or the columns to set: { deleted_at = { sql = \"CURRENT_TIMESTAMP\" } }"
)]
enum Fate {
    Named(NamedFate),
    Set(Columns),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum NamedFate {
    Disable,
    Delete,
}

impl Default for Fate {
    fn default() -> Self {
        Self::Named(NamedFate::Disable)
    }
}

impl UsersTable {
    /// The mapping, if its parts go together.
    pub fn mapping(self, wrong: &impl Fn(&str) -> Failure) -> Result<Mapping, Failure> {
        let enabled = self.enabled.map(|it| match it {
            EnabledColumn::Flag(column) => Enabled {
                column,
                values: None,
            },
            EnabledColumn::Values { column, yes, no } => Enabled {
                column,
                values: Some((yes.0, no.0)),
            },
        });
        let on_delete = match self.on_delete {
            Fate::Named(NamedFate::Delete) => OnDelete::Delete,
            Fate::Named(NamedFate::Disable) if enabled.is_none() => {
                return Err(wrong(
                    "on_delete under [store.users] is \"disable\", and no column says who is enabled",
                )
                .hint(
                    "add enabled = \"is_active\", or say on_delete = \"delete\" or { deleted_at = { sql = \"CURRENT_TIMESTAMP\" } }",
                ));
            }
            Fate::Named(NamedFate::Disable) => OnDelete::Disable,
            Fate::Set(columns) => OnDelete::Set(columns.into_pairs()),
        };
        let mapping = Mapping {
            table: self.table,
            key: self.key,
            // In the order of the fields.
            fields: [
                Some(self.username),
                self.first_name,
                self.last_name,
                self.email,
                self.contact_number,
            ],
            guid: self.guid,
            enabled,
            rows: self.rows.into_pairs(),
            insert: self.insert.into_pairs(),
            on_delete,
        };
        match mapping.column_named_twice() {
            None => Ok(mapping),
            Some(column) => Err(wrong(&format!(
                "[store.users] names the column {column} for two things"
            ))),
        }
    }
}
