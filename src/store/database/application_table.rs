//! The table of users: adsync's own, or that of an application, whose columns the settings map.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::connection::{Connection, params};
use super::dialect::Dialect;
use super::error::{DatabaseError, Refusal};
use crate::user::{Field, Values};

/// The table of an application, as the settings describe it.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// Its name, with its schema if it has one: `public.users`.
    pub table: String,
    /// Its primary key.
    pub key: String,
    /// The column of each text field, if there is one.
    pub fields: [Option<String>; Field::TEXT.len()],
    /// The column that gets the identity of new rows.
    pub guid: Option<String>,
    /// Where it says whether an account is enabled.
    pub enabled: Option<Enabled>,
    /// The rows that are ours: a column, and the value that it has there.
    pub rows: Vec<(String, Literal)>,
    /// What new rows get beside.
    pub insert: Vec<(String, Literal)>,
    /// What becomes of the row of a user who is deleted.
    pub on_delete: OnDelete,
}

/// The column that says whether an account is enabled.
#[derive(Clone, Debug, PartialEq)]
pub struct Enabled {
    pub column: String,
    /// What it says then, and else; none of a column that is true or false, 1 or 0.
    pub values: Option<(Literal, Literal)>,
}

/// What becomes of the row of a user who is deleted.
#[derive(Clone, Debug, PartialEq)]
pub enum OnDelete {
    /// It is not enabled any more.
    Disable,
    /// It is deleted.
    Delete,
    /// These columns get these values.
    Set(Vec<(String, Literal)>),
}

/// A value in the settings.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    Int(i64),
    Bool(bool),
    Text(String),
    /// An expression of the list that is allowed.
    Sql(&'static str),
}

/// The expressions that settings may hold.
pub const EXPRESSIONS: [&str; 3] = ["CURRENT_TIMESTAMP", "gen_random_uuid()", "UUID()"];

impl Literal {
    /// As SQL. A text cannot end before its end: in `PostgreSQL` quotes are doubled, and backslashes mean nothing;
    /// in `MySQL`, where they may, it is written in hexadecimal digits.
    fn sql(&self, dialect: Dialect) -> String {
        match (self, dialect) {
            (Self::Int(number), _) => number.to_string(),
            (Self::Bool(value), _) => value.to_string(),
            (Self::Sql(text), _) => (*text).to_owned(),
            (Self::Text(text), Dialect::Postgres) => format!("'{}'", text.replace('\'', "''")),
            (Self::Text(text), Dialect::MySql) => {
                let digits: Vec<String> = text.bytes().map(|it| format!("{it:02X}")).collect();
                let digits = digits.concat();
                format!("CONVERT(X'{digits}' USING utf8mb4)")
            }
        }
    }
}

/// A table of users, as statements name it.
#[derive(Clone, Debug)]
pub struct Users {
    /// Its name, quoted.
    table: String,
    dialect: Dialect,
    /// What is mapped; none of adsync's own table.
    mapping: Option<Mapping>,
    /// What the database says of its columns; nothing of adsync's own table.
    columns: HashMap<String, Column>,
    /// The columns that are unique by themselves, over all rows.
    unique: HashSet<String>,
}

/// A column, as the database describes it.
#[derive(Clone, Debug)]
struct Column {
    /// Its type.
    kind: String,
    is_nullable: bool,
    collation: Option<String>,
    /// How many characters it holds, if there is a limit.
    most_chars: Option<i64>,
    /// Whether a new row gets a value there by itself.
    has_default: bool,
}

/// What `latin1` of `MySQL` has beside U+0000 to U+00FF: it is Windows-1252.
const OF_WINDOWS_1252: &str = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";

impl Column {
    /// The character set, as the collation of `MySQL` names it, and the first character of a value that it lacks. Of a
    /// set that is not known here, the server says it.
    fn cannot_hold(&self, value: &str) -> Option<(&str, char)> {
        let charset = self.collation.as_deref()?.split('_').next()?;
        let has = |it: char| match charset {
            "ascii" => it.is_ascii(),
            "latin1" => it <= 'ÿ' || OF_WINDOWS_1252.contains(it),
            "utf8" | "utf8mb3" => it.len_utf8() < 4,
            _ => true,
        };
        let lacking = value.chars().find(|it| !has(*it))?;
        Some((charset, lacking))
    }
}

impl fmt::Display for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.table)
    }
}

impl Users {
    /// adsync's own table.
    pub fn own(dialect: Dialect, table: String) -> Self {
        Self {
            table,
            dialect,
            mapping: None,
            columns: HashMap::new(),
            unique: HashSet::new(),
        }
    }

    /// That of an application.
    pub fn mapped(dialect: Dialect, mapping: &Mapping) -> Self {
        let parts = mapping.schema(dialect).into_iter();
        let parts = parts.chain([mapping.name()]);
        let table: Vec<String> = parts.map(|it| dialect.identifier(it)).collect();
        Self {
            table: table.join("."),
            dialect,
            mapping: Some(mapping.clone()),
            columns: HashMap::new(),
            unique: HashSet::new(),
        }
    }

    /// Asks the database about its columns, if it is an application's.
    pub fn describe(&mut self, db: &Connection) -> Result<(), DatabaseError> {
        let Some(mapping) = &self.mapping else {
            return Ok(());
        };
        let schema = mapping.schema(self.dialect).map(str::to_owned);
        let (kind, by_itself) = match self.dialect {
            Dialect::Postgres => (
                "udt_name",
                "column_default IS NOT NULL OR is_identity = 'YES' OR is_generated = 'ALWAYS'",
            ),
            Dialect::MySql => (
                "data_type",
                "column_default IS NOT NULL OR extra LIKE '%auto_increment%' OR extra LIKE '%GENERATED%'",
            ),
        };
        let here = match self.dialect {
            Dialect::Postgres => "?",
            Dialect::MySql => "coalesce(?, database())",
        };
        let text = |it| self.dialect.text(it);
        let query = format!(
            "SELECT {}, {}, {}, {}, {}, {} FROM information_schema.columns
             WHERE table_schema = {here} AND table_name = ?",
            text("column_name"),
            text(kind),
            text("is_nullable"),
            text("collation_name"),
            self.dialect.int("character_maximum_length"),
            self.dialect
                .int(&format!("CASE WHEN {by_itself} THEN 1 ELSE 0 END"))
        );
        let columns = db.rows(&query, &params![schema, mapping.name()], |row| {
            let column = Column {
                kind: row.string(1)?,
                is_nullable: row.string(2)? == "YES",
                collation: row.text(3)?,
                most_chars: row.int(4)?,
                has_default: row.flag(5)?,
            };
            Ok((row.string(0)?, column))
        })?;
        self.columns = columns.into_iter().collect();
        self.unique = self.unique_columns(db, mapping)?;
        self.require_columns(mapping)
    }

    fn unique_columns(
        &self,
        db: &Connection,
        mapping: &Mapping,
    ) -> Result<HashSet<String>, DatabaseError> {
        let schema = mapping.schema(self.dialect).map(str::to_owned);
        let query = match self.dialect {
            Dialect::Postgres => {
                "SELECT a.attname::text FROM pg_index i
                     JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                 WHERE n.nspname = ? AND c.relname = ? AND i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL"
            }
            Dialect::MySql => {
                "SELECT max(column_name) FROM information_schema.statistics
                 WHERE table_schema = coalesce(?, database()) AND table_name = ? AND non_unique = 0
                 GROUP BY index_name HAVING count(*) = 1"
            }
        };
        let columns = db.rows(query, &params![schema, mapping.name()], |row| row.string(0))?;
        Ok(columns.into_iter().collect())
    }

    fn require_columns(&self, mapping: &Mapping) -> Result<(), DatabaseError> {
        let absent = |what| Err(DatabaseError::new(Refusal::Absent, what));
        if self.columns.is_empty() {
            return absent(format!(
                "there is no table {}, or this user may not see it",
                mapping.table
            ));
        }
        match mapping.columns().find(|it| !self.columns.contains_key(*it)) {
            None => Ok(()),
            Some(column) => absent(format!("{} has no column {column}", mapping.table)),
        }
    }

    /// What would make every import fail: columns that new rows must have a value in, and do not get one.
    pub fn flaws(&self) -> Vec<String> {
        let written: Vec<String> = self.new_values().into_iter().map(|(it, _)| it).collect();
        let is_empty = |name: &str, column: &Column| {
            !column.is_nullable && !column.has_default && !written.contains(&self.quoted(name))
        };
        let mut flaws: Vec<String> = self
            .columns
            .iter()
            .filter(|(name, column)| is_empty(name, column))
            .map(|(name, column)| {
                format!(
                    "new rows of {} get no value in {name} ({}), which allows no NULL and has no default",
                    self.table, column.kind
                )
            })
            .collect();
        flaws.sort();
        flaws
    }

    /// Whether it is an application's.
    pub fn is_mapped(&self) -> bool {
        self.mapping.is_some()
    }

    fn quoted(&self, column: &str) -> String {
        self.dialect.identifier(column)
    }

    /// The primary key of `u`.
    pub fn key(&self) -> String {
        match &self.mapping {
            None => "id".to_owned(),
            Some(mapping) => self.quoted(&mapping.key),
        }
    }

    /// The number that adsync gives to `u`, whose link is `l`; none of a local user of an application.
    pub fn number(&self) -> &'static str {
        if self.is_mapped() {
            "l.user_id"
        } else {
            "u.id"
        }
    }

    /// That `l`, found first, is the link of `u`.
    pub fn of_link(&self) -> String {
        match &self.mapping {
            None => "u.id = l.user_id".to_owned(),
            // A row that is not ours any more is nobody's.
            Some(_) => format!(
                "u.{} = {} AND {}",
                self.key(),
                self.as_key("l.row_key"),
                self.ours("u")
            ),
        }
    }

    /// That `l` is the link of `u`, found first.
    pub fn has_link(&self) -> String {
        match &self.mapping {
            None => "l.user_id = u.id".to_owned(),
            Some(_) => format!("l.row_key = {}", self.key_text()),
        }
    }

    /// The key of `u` as text.
    pub fn key_text(&self) -> String {
        let key = format!("u.{}", self.key());
        match self.dialect {
            Dialect::Postgres => format!("({key})::text"),
            Dialect::MySql => {
                format!("CAST({key} AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin")
            }
        }
    }

    /// A text as a key.
    pub fn as_key(&self, text: &str) -> String {
        let kind = self
            .mapping
            .as_ref()
            .and_then(|it| self.columns.get(&it.key))
            .map_or("", |it| &*it.kind);
        match (self.dialect, kind) {
            (Dialect::Postgres, "" | "text") => text.to_owned(),
            (Dialect::Postgres, kind) => format!("({text})::{}", self.quoted(kind)),
            (Dialect::MySql, "int" | "bigint" | "smallint" | "mediumint" | "tinyint") => {
                format!("CAST({text} AS SIGNED)")
            }
            (Dialect::MySql, _) => {
                self.in_collation(text, self.mapping.as_ref().map_or("", |it| &it.key))
            }
        }
    }

    /// A text as a column compares it.
    fn in_collation(&self, text: &str, column: &str) -> String {
        let column = self.columns.get(column);
        match (self.dialect, column) {
            (Dialect::Postgres, Some(column)) if column.kind == "citext" => {
                format!("({text})::citext")
            }
            (
                Dialect::MySql,
                Some(Column {
                    collation: Some(collation),
                    ..
                }),
            ) => {
                let charset = collation.split('_').next().unwrap_or("utf8mb4");
                format!("CONVERT({text} USING {charset}) COLLATE {collation}")
            }
            _ => text.to_owned(),
        }
    }

    /// The column of a field of `u`, as a text; `NULL` where it is not mapped.
    pub fn field(&self, field: Field) -> String {
        match self.column(field) {
            None => "NULL".to_owned(),
            Some(column) => self.dialect.text(&format!("u.{column}")),
        }
    }

    /// The column of a field, quoted, if it has one.
    fn column(&self, field: Field) -> Option<String> {
        match &self.mapping {
            None => Some(field.name().to_owned()),
            Some(mapping) => mapping.column(field).map(|it| self.quoted(it)),
        }
    }

    /// Whether the account of `u` is enabled.
    pub fn is_enabled(&self) -> String {
        match self.mapping.as_ref().map(|it| &it.enabled) {
            None => "u.enabled".to_owned(),
            // It is kept beside the identity.
            Some(None) => "coalesce(l.enabled, 1) = 1".to_owned(),
            Some(Some(enabled)) => {
                let column = format!("u.{}", self.quoted(&enabled.column));
                match &enabled.values {
                    Some((yes, _)) => format!("{column} = {}", yes.sql(self.dialect)),
                    None if self.is_boolean(&enabled.column) => column,
                    None => format!("{column} <> 0"),
                }
            }
        }
    }

    fn is_boolean(&self, column: &str) -> bool {
        self.columns.get(column).is_some_and(|it| it.kind == "bool")
    }

    /// That a row of an alias is one of ours.
    pub fn ours(&self, alias: &str) -> String {
        let rows = self.mapping.iter().flat_map(|it| &it.rows);
        let conditions: Vec<String> = rows
            .map(|(column, value)| {
                format!(
                    "{alias}.{} = {}",
                    self.quoted(column),
                    value.sql(self.dialect)
                )
            })
            .collect();
        if conditions.is_empty() {
            "1 = 1".to_owned()
        } else {
            conditions.join(" AND ")
        }
    }

    /// That a row of an alias may be in the way of a name of that field: one of ours, or any, where the names of all
    /// rows must differ.
    pub fn in_the_way(&self, field: Field, alias: &str) -> String {
        let column = self.mapping.as_ref().and_then(|it| it.column(field));
        if column.is_some_and(|it| self.unique.contains(it)) {
            "1 = 1".to_owned()
        } else {
            self.ours(alias)
        }
    }

    /// That `u` has a name, as the database compares it.
    pub fn holds(&self, field: Field, name: &str) -> Option<String> {
        let mapping = self.mapping.as_ref()?;
        let column = mapping.column(field)?;
        let name = self.in_collation(name, column);
        Some(format!("u.{} = {name}", self.quoted(column)))
    }

    /// A name as the column of a field compares it; none where it compares as adsync does, or more strictly.
    pub fn compared(&self, field: Field, name: &str) -> Option<String> {
        let column = self.mapping.as_ref()?.column(field)?;
        let described = self.columns.get(column)?;
        let collation = described.collation.as_deref();
        match self.dialect {
            Dialect::Postgres if described.kind == "citext" => {
                Some(self.in_collation(name, column))
            }
            Dialect::Postgres => {
                let collation = self.dialect.identifier(collation?);
                Some(format!("{name} COLLATE {collation}"))
            }
            Dialect::MySql if collation?.ends_with("_bin") => None,
            Dialect::MySql => Some(self.in_collation(name, column)),
        }
    }

    /// That `u` has a folded name in any case.
    pub fn holds_in_any_case(&self, field: Field, name: &str) -> Option<String> {
        let mapping = self.mapping.as_ref()?;
        let column = mapping.column(field)?;
        let folded = match self.dialect {
            Dialect::Postgres => format!("lower({})", self.field(field)),
            Dialect::MySql => format!(
                "CONVERT(lower(u.{}) USING utf8mb4) COLLATE utf8mb4_bin",
                self.quoted(column)
            ),
        };
        Some(format!("{folded} = {name}"))
    }

    /// The columns to write, each with its value of the set `x`.
    pub fn values(&self) -> Vec<(String, String)> {
        let Some(mapping) = &self.mapping else {
            let fields = Field::TEXT.map(Field::name).into_iter();
            let own = fields.chain(["username_key", "email_key"]);
            let own = own.map(|it| (it.to_owned(), format!("x.{it}")));
            return own
                .chain([("enabled".to_owned(), "(x.enabled = 1)".to_owned())])
                .collect();
        };
        let mut values: Vec<_> = Field::TEXT
            .into_iter()
            .filter_map(|field| {
                let column = mapping.column(field)?;
                let value = format!("x.{}", field.name());
                Some((self.quoted(column), self.or_empty(column, value)))
            })
            .collect();
        values.extend(self.enabled_value());
        values
    }

    /// The columns to write of a row that is still there and whose user comes back: those that said that it was deleted
    /// get what a new row gets.
    pub fn values_when_back(&self) -> Vec<(String, String)> {
        let mut values = self.values();
        let Some(mapping) = &self.mapping else {
            return values;
        };
        if let OnDelete::Set(columns) = &mapping.on_delete {
            let new: HashMap<String, String> = self.new_values().into_iter().collect();
            for (column, _) in columns {
                let column = self.quoted(column);
                if !values.iter().any(|(it, _)| *it == column) {
                    let value = new.get(&column).map_or("DEFAULT", |it| &**it);
                    values.push((column, value.to_owned()));
                }
            }
        }
        values
    }

    fn enabled_value(&self) -> Option<(String, String)> {
        let enabled = self.mapping.as_ref()?.enabled.as_ref()?;
        let value = match &enabled.values {
            Some((yes, no)) => format!(
                "CASE WHEN x.enabled = 1 THEN {} ELSE {} END",
                yes.sql(self.dialect),
                no.sql(self.dialect)
            ),
            None if self.is_boolean(&enabled.column) => "(x.enabled = 1)".to_owned(),
            None => "x.enabled".to_owned(),
        };
        Some((
            self.quoted(&enabled.column),
            self.typed(&enabled.column, value),
        ))
    }

    /// A value, where the type of its column does not come by itself.
    fn typed(&self, column: &str, value: String) -> String {
        let kind = self.columns.get(column).map_or("", |it| &*it.kind);
        match (self.dialect, kind) {
            (Dialect::Postgres, "" | "bool" | "text") | (Dialect::MySql, _) => value,
            (Dialect::Postgres, kind) => format!("({value})::{}", self.quoted(kind)),
        }
    }

    /// No value is NULL, and the empty string where the column does not allow NULL.
    fn or_empty(&self, column: &str, value: String) -> String {
        match self.columns.get(column) {
            Some(it) if !it.is_nullable => format!("coalesce({value}, '')"),
            _ => value,
        }
    }

    /// The columns of `t` that hold names, each with a placeholder: that of a user of this number.
    pub fn parked(&self, number: &str) -> Vec<(String, String)> {
        let Some(mapping) = &self.mapping else {
            let key = format!("concat('\u{1}adsync', {number})");
            let email_key = format!("CASE WHEN t.email IS NULL THEN NULL ELSE {key} END");
            return vec![
                ("username_key".to_owned(), key),
                ("email_key".to_owned(), email_key),
            ];
        };
        let names = [Field::Username, Field::Email];
        let columns = names.iter().filter_map(|it| mapping.column(*it));
        let placeholder = format!("concat('~adsync~', {number})");
        columns
            .map(|it| (self.quoted(it), placeholder.clone()))
            .collect()
    }

    /// Why values cannot be kept in this table, if they cannot.
    pub fn misfit(&self, values: &Values<&str>) -> Option<String> {
        Field::TEXT.into_iter().find_map(|field| {
            let value = values.profile.get(field)?;
            if self.dialect == Dialect::Postgres && value.contains('\0') {
                let name = field.name();
                return Some(format!(
                    "{name} holds a NUL, which PostgreSQL does not keep"
                ));
            }
            let column = self.mapping.as_ref()?.column(field)?;
            let described = self.columns.get(column)?;
            if let Some((charset, it)) = described.cannot_hold(value) {
                let name = field.name();
                return Some(format!(
                    "{name} has the character {it:?}, which the column {column} cannot hold: its character set is {charset}"
                ));
            }
            let most = usize::try_from(described.most_chars?).ok()?;
            let chars = value.chars().count();
            (chars > most).then(|| {
                format!(
                    "{} is {chars} characters long, the column {column} holds {most}",
                    field.name()
                )
            })
        })
    }

    /// The columns of a new row, each with its value of the set `x`.
    pub fn new_values(&self) -> Vec<(String, String)> {
        let mut values = self.values();
        let Some(mapping) = &self.mapping else {
            values.push(("id".to_owned(), "x.id".to_owned()));
            return values;
        };
        for (column, value) in mapping.rows.iter().chain(&mapping.insert) {
            values.push((self.quoted(column), value.sql(self.dialect)));
        }
        if let Some(column) = &mapping.guid {
            values.push((self.quoted(column), self.guid_value(column)));
        }
        values
    }

    fn guid_value(&self, column: &str) -> String {
        let kind = self.columns.get(column).map_or("", |it| &*it.kind);
        match (self.dialect, kind) {
            (Dialect::Postgres, "uuid") => "x.guid::uuid".to_owned(),
            (Dialect::Postgres, "bytea") => "decode(x.guid_octets, 'hex')".to_owned(),
            (Dialect::MySql, "binary" | "varbinary" | "blob") => "UNHEX(x.guid_octets)".to_owned(),
            _ => "x.guid".to_owned(),
        }
    }

    /// The columns that change when a user is deleted whose row stays; none where it is deleted.
    pub fn when_deleted(&self) -> Option<Vec<(String, String)>> {
        let mapping = self.mapping.as_ref()?;
        match &mapping.on_delete {
            OnDelete::Delete => None,
            OnDelete::Set(values) => Some(
                values
                    .iter()
                    .map(|(column, value)| (self.quoted(column), value.sql(self.dialect)))
                    .collect(),
            ),
            OnDelete::Disable => {
                let value = self.enabled_value();
                let off = value.map(|(column, value)| {
                    (
                        column,
                        value
                            .replace("x.enabled = 1", "1 = 0")
                            .replace("x.enabled", "0"),
                    )
                });
                Some(off.into_iter().collect())
            }
        }
    }
}

impl Mapping {
    /// The schema that the table is in; in `PostgreSQL` `public`, unless another is said: the search path of a role may
    /// begin with a schema of its own name.
    pub fn schema(&self, dialect: Dialect) -> Option<&str> {
        match (self.table.split_once('.'), dialect) {
            (Some((schema, _)), _) => Some(schema),
            (None, Dialect::Postgres) => Some("public"),
            (None, Dialect::MySql) => None,
        }
    }

    /// The name of the table, without its schema.
    pub fn name(&self) -> &str {
        let parts = self.table.split_once('.');
        parts.map_or(&self.table, |(_, name)| name)
    }

    /// The column of a field, if it has one.
    pub fn column(&self, field: Field) -> Option<&str> {
        let at = Field::TEXT.iter().position(|it| *it == field)?;
        self.fields[at].as_deref()
    }

    /// The columns that are written in rows that are there.
    pub fn written(&self) -> Vec<&str> {
        let set = match &self.on_delete {
            OnDelete::Set(values) => values.as_slice(),
            OnDelete::Disable | OnDelete::Delete => &[],
        };
        let fields = self.fields.iter().flatten().map(String::as_str);
        fields
            .chain(self.enabled.iter().map(|it| &*it.column))
            .chain(set.iter().map(|(column, _)| &**column))
            .collect()
    }

    /// A column that two things are said to be in.
    pub fn column_named_twice(&self) -> Option<&str> {
        let mut seen = std::collections::HashSet::new();
        let on_delete = usize::from(matches!(self.on_delete, OnDelete::Set(_)));
        // What is set when somebody is deleted may be one of the others.
        let all: Vec<&str> = self.columns().collect();
        let others = match (&self.on_delete, on_delete) {
            (OnDelete::Set(values), 1) => &all[..all.len() - values.len()],
            _ => &all[..],
        };
        others.iter().copied().find(|it| !seen.insert(*it))
    }

    /// All columns that it names.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let set = match &self.on_delete {
            OnDelete::Set(values) => values.as_slice(),
            OnDelete::Disable | OnDelete::Delete => &[],
        };
        let pairs = self.rows.iter().chain(&self.insert).chain(set);
        std::iter::once(&*self.key)
            .chain(self.fields.iter().flatten().map(String::as_str))
            .chain(self.guid.as_deref())
            .chain(self.enabled.iter().map(|it| &*it.column))
            .chain(pairs.map(|(column, _)| &**column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_at_its_end() {
        let text = Literal::Text("O'Neill\\' OR 1=1".to_owned());
        assert_eq!(text.sql(Dialect::Postgres), "'O''Neill\\'' OR 1=1'");
        assert_eq!(
            text.sql(Dialect::MySql),
            "CONVERT(X'4F274E65696C6C5C27204F5220313D31' USING utf8mb4)"
        );
    }
}
