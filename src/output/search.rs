//! Users of the directory, as `adsync search` prints them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

use comfy_table::Cell;
use serde::{Serialize, Serializer};

use super::{Output, csv, json, legible, table};
use crate::cli::Format;
use crate::user::{Field, ObjectGuid, Profile};

/// A user as it is printed.
#[derive(Default)]
pub struct Row {
    /// The fields, as an import would read them.
    pub profile: Profile,
    /// `displayName`
    pub display_name: Option<String>,
    /// The identity, if it could be read.
    pub guid: Option<ObjectGuid>,
    /// Distinguished name.
    pub dn: String,
    /// `new`, `imported`, `duplicate` or `failed`.
    pub status: &'static str,
    /// Why it is a duplicate, or cannot be used.
    pub reason: Option<String>,
}

impl Row {
    /// The keys of JSON and the columns of CSV, with their values.
    fn columns(&self) -> impl Iterator<Item = (&'static str, Option<Cow<'_, str>>)> {
        let Self {
            profile,
            display_name,
            guid,
            dn,
            status,
            reason,
        } = self;
        let names = Field::TEXT.map(|field| (field.name(), profile.get(field).map(Cow::from)));
        let display_name = ("display_name", display_name.as_deref().map(Cow::from));
        let (before, after) = names.split_at(3);
        [before, &[display_name], after]
            .concat()
            .into_iter()
            .chain([
                ("guid", guid.map(|it| it.to_string().into())),
                ("dn", Some(dn.into())),
                ("status", Some((*status).into())),
                ("reason", reason.as_deref().map(Cow::from)),
            ])
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.columns())
    }
}

/// Prints them; nobody of the base may begin so.
pub fn print(rows: &[Row], prefix: &str, base: &str, output: &Output) -> io::Result<()> {
    match output.format {
        Format::Json => json::print(BTreeMap::from([("users", rows)]), output),
        Format::Csv => {
            let header = Row::default();
            csv::print(header.columns().map(|(name, _)| name), output, |csv| {
                rows.iter().try_for_each(|row| {
                    let values: Vec<_> = row.columns().map(|(_, value)| value).collect();
                    csv.serialize(values)
                })
            })
        }
        Format::Table if rows.is_empty() => {
            output.note(&format!("nobody in {base} starts with {prefix:?}"));
            Ok(())
        }
        Format::Table => output.result(&as_table(rows, output)),
    }
}

fn as_table(rows: &[Row], output: &Output) -> String {
    let mut table = table::table(
        output,
        &["USERNAME", "NAME", "EMAIL", "CONTACT NUMBER", "STATUS"],
    );
    for row in rows {
        let profile = &row.profile;
        let name = row.display_name.clone();
        let name = name.unwrap_or_else(|| profile.full_name());
        let name = Some(name).filter(|name| !name.is_empty());
        let optional = |value: &Option<String>| legible(value.as_deref().unwrap_or("-"));
        let status = match &row.reason {
            None => row.status.to_owned(),
            Some(reason) => format!("{}: {}", row.status, legible(reason)),
        };
        table.add_row(
            [
                legible(&profile.username),
                optional(&name),
                optional(&profile.email),
                optional(&profile.contact_number),
                status,
            ]
            .map(Cell::new),
        );
    }
    // A narrow terminal leaves out CONTACT NUMBER and NAME.
    table::fitted(table, &[3, 1])
}
