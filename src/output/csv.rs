//! CSV (RFC 4180) with a header. Values are written unchanged.

use std::io::{self, Write};

use csv::Writer;

use crate::output::Output;
use crate::output::report::Report;
use crate::output::table::detail;
use crate::plan::{Duplicate, FailedUser, Modification, Plan};
use crate::user::{Column, FieldValue, StoredUser};

/// Prints records below a header.
pub fn print<'a>(
    header: impl IntoIterator<Item = &'a str>,
    output: &Output,
    write: impl FnOnce(&mut Writer<&mut dyn Write>) -> csv::Result<()>,
) -> io::Result<()> {
    output.stream(|out| {
        let mut csv = Writer::from_writer(out);
        csv.write_record(header)?;
        write(&mut csv)?;
        csv.flush()
    })
}

/// Writes one line per user and field.
pub fn run(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let mut csv = Writer::from_writer(out);
    csv.write_record([
        "result", "username", "guid", "dn", "field", "from", "to", "detail",
    ])?;
    let Plan {
        unchanged: _,
        refreshed: _,
        imported,
        modified,
        deleted,
        duplicate,
        out_of_scope,
        missing,
        failed,
        foreign: _,
        sample: _,
    } = report.plan;
    for it in imported {
        let guid = it.guid().map(|guid| guid.to_string()).unwrap_or_default();
        let dn = it.dn().unwrap_or_default();
        let name = it.username();
        csv.write_record([it.action().name(), name, &guid, dn, "", "", "", ""])?;
    }
    for it in modified {
        write_modified(&mut csv, it)?;
    }
    for it in deleted {
        let (name, guid, dn) = identity(&it.user);
        csv.write_record(["deleted", name, &guid, dn, "", "", "", it.evidence.name()])?;
    }
    for it in duplicate {
        write_duplicate(&mut csv, it)?;
    }
    for it in out_of_scope {
        let (name, guid, _) = identity(&it.user);
        let dn = it.next.origin.dn().unwrap_or_default();
        csv.write_record(["out_of_scope", name, &guid, dn, "", "", "", ""])?;
    }
    for it in missing {
        let (name, guid, dn) = identity(&it.user);
        csv.write_record(["missing", name, &guid, dn, "", "", "", it.reason()])?;
    }
    for FailedUser {
        user: _,
        guid,
        username,
        dn,
        reason,
    } in failed
    {
        let guid = guid.map(|guid| guid.to_string()).unwrap_or_default();
        let dn = dn.as_deref().unwrap_or_default();
        csv.write_record(["failed", username, &guid, dn, "", "", "", reason])?;
    }
    csv.flush()
}

fn identity(user: &StoredUser) -> (&str, String, &str) {
    let guid = user.origin.guid().map(|guid| guid.to_string());
    let dn = user.origin.dn().unwrap_or_default();
    (&user.values.profile.username, guid.unwrap_or_default(), dn)
}

fn write_modified(csv: &mut Writer<&mut dyn Write>, it: &Modification) -> io::Result<()> {
    let (name, guid, _) = identity(&it.user);
    let dn = it.next.origin.dn().unwrap_or_default();
    for change in &it.changes {
        let (from, to) = (plain(&change.from), plain(&change.to));
        let field = change.field.name();
        csv.write_record(["modified", name, &guid, dn, field, &from, &to, ""])?;
    }
    Ok(())
}

fn write_duplicate(csv: &mut Writer<&mut dyn Write>, it: &Duplicate) -> io::Result<()> {
    let guid = it.guid().map(|guid| guid.to_string()).unwrap_or_default();
    let dn = it.dn().unwrap_or_default();
    for conflict in &it.conflicts {
        csv.write_record([
            "duplicate",
            it.username(),
            &guid,
            dn,
            conflict.field.field().name(),
            "",
            &conflict.value,
            &detail::holder(conflict),
        ])?;
    }
    Ok(())
}

fn plain(value: &FieldValue) -> String {
    match value {
        FieldValue::Text(text) => text.clone().unwrap_or_default(),
        FieldValue::Flag(flag) => flag.to_string(),
    }
}

/// Users of the store, written one by one.
pub struct Users<W: Write> {
    csv: Writer<W>,
    columns: Vec<Column>,
}

impl<W: Write> Users<W> {
    /// Writes the header, with these `columns` if not the default ones.
    pub fn begin(out: W, columns: Option<&[Column]>) -> io::Result<Self> {
        let columns = columns.map_or_else(|| Column::of_data().collect(), <[_]>::to_vec);
        let mut csv = Writer::from_writer(out);
        csv.write_record(columns.iter().map(|column| column.name()))?;
        Ok(Self { csv, columns })
    }

    /// Writes a user.
    pub fn write(&mut self, user: &StoredUser) -> io::Result<()> {
        for column in &self.columns {
            let value = user.value(*column).unwrap_or_default();
            self.csv.write_field(value.as_bytes())?;
        }
        self.csv.write_record(None::<&[u8]>)?;
        Ok(())
    }

    /// Writes the rest.
    pub fn end(mut self) -> io::Result<()> {
        self.csv.flush()
    }
}
