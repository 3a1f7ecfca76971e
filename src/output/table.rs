//! Tables for people.
//!
//! At a terminal a table fits its width: dispensable columns are left out, what happened to a
//! user is wrapped where it reads best, and a long list is cut. A pipe gets one whole line per user.

pub mod detail;
pub mod phrases;
mod run;
mod users;

use comfy_table::{Attribute, Cell, ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::{Output, colored, legible};
use phrases::{Detail, Room};

pub use run::run;
pub use users::{Users, text as cell_text};

/// The narrowest terminal a table is fitted to, in columns.
const NARROWEST: u16 = 40;

/// The space between columns.
const PADDING: u16 = 2;

/// A table without lines, for a terminal of any width and for a pipe.
pub fn table(output: &Output, header: &[&str]) -> Table {
    let mut table = bare(output);
    table.set_header(header.iter().map(|title| bold(output, title)));
    pad(&mut table);
    table
}

fn bold(output: &Output, text: &str) -> Cell {
    let cell = Cell::new(text);
    if output.color {
        cell.add_attribute(Attribute::Bold)
    } else {
        cell
    }
}

fn bare(output: &Output) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if !output.is_terminal {
        table.force_no_tty();
    }
    if output.color {
        table.enforce_styling();
    }
    if width(&table).is_some() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table
}

/// The width a table must fit. A terminal of unknown width, or too narrow for words, wraps
/// by itself; a pipe has no limit.
fn width(table: &Table) -> Option<u16> {
    table.width().filter(|width| *width >= NARROWEST)
}

/// Sets the gaps between its columns.
fn pad(table: &mut Table) {
    for column in table.column_iter_mut() {
        column.set_padding((0, PADDING));
    }
}

/// The table as text, without trailing spaces.
pub fn text(table: &Table) -> String {
    table
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

/// Which columns to leave out so that the others fit: of the dispensable ones the first, then the
/// second, and so on.
fn left_out(widths: &[u16], fit: Option<u16>, dispensable: &[usize]) -> Vec<usize> {
    let mut out = Vec::new();
    let Some(fit) = fit else {
        return out;
    };
    for column in dispensable {
        let rest = (0..widths.len()).filter(|it| !out.contains(it));
        let rest = rest.map(|it| widths[it].saturating_add(PADDING));
        let taken = rest.fold(0, u16::saturating_add);
        if taken <= fit.saturating_add(PADDING) {
            break;
        }
        out.push(*column);
    }
    out
}

fn hide(table: &mut Table, columns: &[usize]) {
    for column in columns {
        if let Some(column) = table.column_mut(*column) {
            column.set_constraint(ColumnConstraint::Hidden);
        }
    }
}

/// A table that fits: a narrow terminal leaves out dispensable columns.
pub fn fitted(mut table: Table, dispensable: &[usize]) -> String {
    let widths = table.column_max_content_widths();
    let left_out = left_out(&widths, width(&table), dispensable);
    hide(&mut table, &left_out);
    text(&table)
}

/// The narrowest readable column for what happened to a user.
const NARROWEST_WHAT: u16 = 36;

/// A table whose last column says what happened to each user.
pub fn with_what(
    output: &Output,
    header: &[&str],
    rows: Vec<(Vec<Cell>, Detail)>,
    dispensable: &[usize],
) -> String {
    let mut table = table(output, header);
    let add = |table: &mut Table, rows: Vec<(Vec<Cell>, Detail)>, width| {
        let color = output.color;
        table.add_rows(rows.into_iter().map(|(mut cells, what)| {
            cells.push(Cell::new(what.fit(Room { width, color })));
            cells
        }));
    };
    let Some(width) = width(&table) else {
        add(&mut table, rows, None);
        return text(&table);
    };
    // The columns before it take what they need, but at most a third each.
    let mut narrow = bare(output);
    narrow.set_header(&header[..header.len() - 1]);
    narrow.add_rows(rows.iter().map(|(cells, _)| cells.clone()));
    let mut widths = narrow.column_max_content_widths();
    for taken in &mut widths {
        *taken = (*taken).min(width / 3);
    }
    widths.push(NARROWEST_WHAT);
    let left_out = left_out(&widths, Some(width), dispensable);
    let mut rest = width;
    for (at, taken) in widths[..widths.len() - 1].iter().enumerate() {
        if !left_out.contains(&at) {
            rest = rest.saturating_sub(taken + PADDING);
        }
    }
    add(&mut table, rows, Some(rest.into()));
    pad(&mut table);
    if let Some(last) = table.column_mut(widths.len() - 1) {
        last.set_padding((0, 0));
        last.set_constraint(ColumnConstraint::Absolute(Width::Fixed(rest.max(1))));
    }
    for (column, taken) in table.column_iter_mut().zip(&widths[..widths.len() - 1]) {
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(taken + PADDING)));
    }
    hide(&mut table, &left_out);
    text(&table)
}

/// A time in the host's time zone.
pub fn local_time(time: jiff::Timestamp) -> String {
    time.to_zoned(jiff::tz::TimeZone::system())
        .strftime("%Y-%m-%d %H:%M:%S %Z")
        .to_string()
}

/// A stored reason as a person reads it: legible, its times as everywhere else.
pub fn reason(text: &str) -> String {
    let word = |it: &str| {
        let time = it.parse::<jiff::Timestamp>();
        time.map_or_else(|_| it.to_owned(), local_time)
    };
    let words: Vec<String> = text.split(' ').map(word).collect();
    legible(&words.join(" "))
}

/// A time span: `812 ms`, `3.4 s`
pub fn took(milliseconds: u64) -> String {
    if milliseconds < 1000 {
        format!("{milliseconds} ms")
    } else {
        format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100)
    }
}

/// Facts in two columns: name and value.
pub fn facts(output: &Output, facts: &[(String, String)]) -> String {
    let mut table = bare(output);
    for (name, value) in facts {
        table.add_row(vec![bold(output, name), Cell::new(value)]);
    }
    pad(&mut table);
    if let Some(name) = table.column_mut(0) {
        name.set_constraint(ColumnConstraint::ContentWidth);
    }
    text(&table)
}

/// A step of a check: its mark in a colour (an SGR code), its name, and its text, wrapped beside them.
pub fn step(output: &Output, (mark, code): (&str, &str), name: &str, said: &str) -> String {
    let mut line = bare(output);
    line.add_row(vec![mark, name, said]);
    pad(&mut line);
    for column in line.column_iter_mut().take(2) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    let line = text(&line);
    let rest = line.strip_prefix(mark).unwrap_or(&line);
    colored(mark, code, output.color) + rest
}

#[cfg(test)]
mod tests {
    use super::left_out;

    #[test]
    fn only_what_must_be_left_out_is() {
        let widths = [10, 20, 10];
        assert_eq!(left_out(&widths, None, &[0, 2]), Vec::<usize>::new());
        assert_eq!(left_out(&widths, Some(44), &[0, 2]), Vec::<usize>::new());
        assert_eq!(left_out(&widths, Some(43), &[0, 2]), [0]);
        assert_eq!(left_out(&widths, Some(31), &[0, 2]), [0, 2]);
        assert_eq!(left_out(&widths, Some(1), &[0, 2]), [0, 2]);
    }
}
