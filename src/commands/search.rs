//! `adsync search`: directory users by what their names begin with, and what an import would make of
//! each.

use comfy_table::Cell;
use serde::Serialize;

use crate::cli::Format;
use crate::commands::Context;
use crate::directory::FoundUser;
use crate::exit_code::ExitCode;
use crate::output::table::detail;
use crate::output::{Output, json, legible, table};
use crate::run::absence;
use crate::run::preview::{self, Preview};
use crate::store::{Ours, View};
use crate::user::ObjectGuid;

/// A user as it is printed.
#[derive(Serialize)]
struct Row {
    username: String,
    first_name: Option<String>,
    last_name: Option<String>,
    display_name: Option<String>,
    email: Option<String>,
    contact_number: Option<String>,
    guid: Option<ObjectGuid>,
    dn: String,
    /// `new`, `imported`, `duplicate` or `failed`.
    status: &'static str,
    /// Why it is a duplicate, or cannot be used.
    reason: Option<String>,
}

/// Runs the command.
pub fn run(prefix: &str, context: &Context<'_>) -> anyhow::Result<ExitCode> {
    let output = context.output;
    let store = context.store().read()?;
    let (mut rows, base) = context.with_directory(None, |directory| {
        let domains = store.domains()?;
        let (domain, _) = absence::identify(&domains, directory)?;
        let ours = domains.ours(&domain);
        let found = directory.search(prefix)?;
        let rows = found.into_iter().map(|found| row(found, &*store, &ours));
        let rows = rows.collect::<anyhow::Result<Vec<_>>>()?;
        Ok((rows, directory.base().to_owned()))
    })?;
    rows.sort_by_cached_key(|row| row.username.to_lowercase());
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
    Ok(ExitCode::Done)
}

fn row(found: FoundUser, store: &dyn View, ours: &Ours) -> anyhow::Result<Row> {
    let FoundUser { user, display_name } = found;
    let user = match user {
        Ok(user) => user,
        Err(entry) => {
            return Ok(Row {
                username: entry.username.unwrap_or_else(|| entry.dn.clone()),
                first_name: None,
                last_name: None,
                display_name,
                email: None,
                contact_number: None,
                guid: entry.guid,
                dn: entry.dn,
                status: "failed",
                reason: Some(entry.reason),
            });
        }
    };
    let (status, reason) = match preview::of(&user, store, ours)? {
        Preview::New => ("new", None),
        Preview::Imported => ("imported", None),
        Preview::Duplicate(conflicts) => ("duplicate", Some(detail::conflicts(&conflicts).plain())),
    };
    let profile = user.profile().to_owned();
    Ok(Row {
        username: profile.username,
        first_name: profile.first_name,
        last_name: profile.last_name,
        display_name,
        email: profile.email,
        contact_number: profile.contact_number,
        guid: Some(user.guid),
        dn: user.dn().to_owned(),
        status,
        reason,
    })
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
    // At a narrow terminal CONTACT NUMBER and NAME are left out.
    table::fitted(table, &[3, 1])
}

fn csv(rows: &[Row]) -> anyhow::Result<String> {
    let mut csv = ::csv::Writer::from_writer(Vec::new());
    for row in rows {
        csv.serialize(row)?;
    }
    Ok(String::from_utf8(csv.into_inner()?)?)
}
