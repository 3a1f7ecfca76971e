//! CSV (RFC 4180) with a header. Values are written unchanged.

use std::io::{self, Write};

use csv::Writer;

use crate::output::Output;
use crate::output::report::Report;
use crate::plan::Plan;
use crate::user::{Change, Column, ObjectGuid, StoredUser};

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
    // Where no field is spoken of.
    const NO_FIELD: [&str; 3] = ["", "", ""];
    let mut csv = Writer::from_writer(out);
    csv.write_record([
        "result", "username", "guid", "dn", "field", "from", "to", "detail", "applied",
    ])?;
    let applied = !report.is_only_planned();
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
        let user = (it.username(), it.guid(), it.dn());
        csv.serialize((it.action().name(), user, NO_FIELD, "", applied))?;
    }
    for it in modified {
        let user = identity(&it.user, &it.next);
        for Change { field, from, to } in it.changes() {
            csv.serialize(("modified", user, field.name(), &from, &to, "", applied))?;
        }
    }
    for it in deleted {
        let user = identity(&it.user, &it.user);
        csv.serialize(("deleted", user, NO_FIELD, it.evidence.name(), applied))?;
    }
    for it in duplicate {
        let user = (it.username(), it.guid(), it.dn());
        for conflict in &it.conflicts {
            let (field, value) = (conflict.field.field().name(), &conflict.value);
            let holder = conflict.who();
            csv.serialize(("duplicate", user, field, "", value, holder, applied))?;
        }
    }
    for it in out_of_scope {
        let user = identity(&it.user, &it.next);
        csv.serialize(("out_of_scope", user, NO_FIELD, "", applied))?;
    }
    for it in missing {
        let user = identity(&it.user, &it.user);
        csv.serialize(("missing", user, NO_FIELD, it.reason(), applied))?;
    }
    for it in failed {
        let user = (&it.username, it.guid, &it.dn);
        csv.serialize(("failed", user, NO_FIELD, &it.reason, applied))?;
    }
    csv.flush()
}

/// A user by its name in the store, and its present distinguished name.
fn identity<'a>(
    user: &'a StoredUser,
    next: &'a StoredUser,
) -> (&'a str, Option<ObjectGuid>, Option<&'a str>) {
    let username = &user.values.profile.username;
    (username, user.origin.guid(), next.origin.dn())
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
