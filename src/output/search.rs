//! Users of the directory, as `adsync search` prints them.

use comfy_table::Cell;
use serde::Serialize;

use super::{Output, json, legible, table};
use crate::cli::Format;
use crate::user::ObjectGuid;

/// A user as it is printed.
#[derive(Serialize)]
#[allow(missing_docs)] // They are those of the directory.
pub struct Row {
    pub username: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub display_name: Option<String>,
    pub email: Option<String>,
    pub contact_number: Option<String>,
    pub guid: Option<ObjectGuid>,
    pub dn: String,
    /// `new`, `imported`, `duplicate` or `failed`.
    pub status: &'static str,
    /// Why it is a duplicate, or cannot be used.
    pub reason: Option<String>,
}

/// Prints them; nobody of the base may begin so.
pub fn print(rows: Vec<Row>, prefix: &str, base: &str, output: &Output) -> anyhow::Result<()> {
    match output.format {
        Format::Json => {
            #[derive(Serialize)]
            struct Found {
                version: u32,
                users: Vec<Row>,
            }
            output.result(&json::text(&Found {
                version: 1,
                users: rows,
            }))?;
        }
        Format::Csv => output.result(&csv(&rows)?)?,
        Format::Table if rows.is_empty() => {
            output.note(&format!("nobody in {base} starts with {prefix:?}"));
        }
        Format::Table => output.result(&as_table(&rows, output))?,
    }
    Ok(())
}

fn as_table(rows: &[Row], output: &Output) -> String {
    let mut table = table::table(
        output,
        &["USERNAME", "NAME", "EMAIL", "CONTACT NUMBER", "STATUS"],
    );
    for row in rows {
        let names = [&row.first_name, &row.last_name].into_iter().flatten();
        let full_name = names.map(String::as_str).collect::<Vec<_>>().join(" ");
        let name = row.display_name.clone().unwrap_or(full_name);
        let name = Some(name).filter(|name| !name.is_empty());
        let optional = |value: &Option<String>| legible(value.as_deref().unwrap_or("-"));
        let status = match &row.reason {
            None => row.status.to_owned(),
            Some(reason) => format!("{}: {}", row.status, legible(reason)),
        };
        table.add_row(
            [
                legible(&row.username),
                optional(&name),
                optional(&row.email),
                optional(&row.contact_number),
                status,
            ]
            .map(Cell::new),
        );
    }
    // A narrow terminal leaves out CONTACT NUMBER and NAME.
    table::fitted(table, &[3, 1])
}

fn csv(rows: &[Row]) -> anyhow::Result<String> {
    let mut csv = ::csv::Writer::from_writer(Vec::new());
    for row in rows {
        csv.serialize(row)?;
    }
    Ok(String::from_utf8(csv.into_inner()?)?)
}
