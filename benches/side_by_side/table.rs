//! The tables, in Markdown, ready to be pasted.

use comfy_table::{CellAlignment, Table, presets};

use crate::suites::cases::{LDAPSEARCH, SYNC_USERS};
use crate::suites::{Batch, Server};

/// A table with a heading for what was measured against one server.
pub fn batch(batch: &Batch) -> String {
    let (compared, baseline) = match batch.server {
        Server::Sizes => ("× first", batch.rows.first()),
        _ => ("× ldapsearch", batch.row(LDAPSEARCH)),
    };
    let mut table = table(&[
        "case",
        "run",
        "seconds",
        "min–max",
        compared,
        "peak MB",
        "CPU seconds",
    ]);
    for row in &batch.rows {
        let (shortest, longest) = row.extremes();
        table.add_row([
            row.name.clone(),
            row.note.clone().unwrap_or("-".to_owned()),
            seconds(row.seconds()),
            format!("{}–{}", seconds(shortest), seconds(longest)),
            baseline.map_or("-".to_owned(), |other| format!("{:.2}", row.ratio(other))),
            megabytes(row.peak()),
            seconds(row.cpu_seconds()),
        ]);
    }
    format!("### {}\n\n{}\n", heading(batch), align(table, 2))
}

/// How time and memory grow with the directory; nothing unless there are several sizes.
pub fn growth(batches: &[Batch]) -> Option<String> {
    let sizes: Vec<&Batch> = batches
        .iter()
        .filter(|batch| batch.server == Server::Slapd)
        .collect();
    let [first, _, ..] = sizes.as_slice() else {
        return None;
    };
    let mut header = vec!["case".to_owned()];
    header.extend(
        sizes
            .iter()
            .map(|batch| format!("{} users", grouped(batch.users))),
    );
    let mut table = table(&header);
    for row in &first.rows {
        let cells = sizes.iter().map(|batch| {
            batch.row(&row.name).map_or("-".to_owned(), |row| {
                format!("{} s, {} MB", seconds(row.seconds()), megabytes(row.peak()))
            })
        });
        table.add_row(std::iter::once(row.name.clone()).chain(cells));
    }
    Some(format!("### Growth\n\n{}\n", align(table, 1)))
}

/// An empty table with these columns.
pub fn table(header: &[impl ToString]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::ASCII_MARKDOWN)
        .set_header(header.iter().map(ToString::to_string));
    table
}

/// The text of a table whose columns after the first `text_columns` hold numbers.
pub fn align(mut table: Table, text_columns: usize) -> String {
    for column in table.column_iter_mut().skip(text_columns) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

/// Three digits that mean something.
pub fn seconds(seconds: f64) -> String {
    match seconds {
        10.0.. => format!("{seconds:.1}"),
        1.0.. => format!("{seconds:.2}"),
        0.1.. => format!("{seconds:.3}"),
        _ => format!("{seconds:.4}"),
    }
}

/// Of a million bytes each.
pub fn megabytes(bytes: u64) -> String {
    format!("{}", (bytes + 500_000) / 1_000_000)
}

/// Thousands apart: `1,000,000`.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap_or_default())
        .collect();
    groups.join(",")
}

fn heading(batch: &Batch) -> String {
    let users = grouped(batch.users);
    match batch.server {
        Server::Slapd => format!("slapd, {users} users"),
        Server::Sizes => format!("{SYNC_USERS}, slapd of several sizes side by side"),
        Server::Samba => format!("Samba, {users} users, LDAPS"),
        Server::Testdir => format!("Directory in memory, {users} users"),
        Server::Startup => "Start".to_owned(),
        Server::Django => format!("django-python3-ldap, {users} users on slapd"),
    }
}
