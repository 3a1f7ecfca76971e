//! Tables for people.

pub mod detail;

use std::io::{self, Write};

use comfy_table::{
    Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Table, Width, presets,
};

use super::{Output, legible};
use crate::plan::Plan;
use crate::report::Report;
use crate::user::{Status, StoredUser};

/// The narrowest terminal that a table is fitted to, in columns.
const NARROWEST: u16 = 40;

/// How many new users a table lists; `adsync list` has them all.
const NEW_USERS: usize = 20;

/// The space between columns.
const PADDING: u16 = 2;

/// A table without lines, for a terminal of any width and for a pipe.
pub fn table(output: &Output, header: &[&str]) -> Table {
    let mut table = bare(output);
    table.set_header(header.iter().map(|title| {
        let cell = Cell::new(title);
        if output.color {
            cell.add_attribute(Attribute::Bold)
        } else {
            cell
        }
    }));
    pad(&mut table);
    table
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
    // A terminal that does not know its width, or is too narrow for words, wraps by itself.
    if table.width().is_none_or(|width| width >= NARROWEST) {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table
}

/// Sets the columns that it has apart.
fn pad(table: &mut Table) {
    for column in table.column_iter_mut() {
        column.set_padding((0, PADDING));
    }
}

/// The table as text, without the spaces that would fill each line up.
pub fn text(table: &Table) -> String {
    table
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

fn colored(output: &Output, text: &str, color: Color) -> Cell {
    let cell = Cell::new(text);
    if output.color { cell.fg(color) } else { cell }
}

/// A row for each user about whom there is something to say, then the numbers.
pub fn run(output: &Output, report: &Report<'_>) -> String {
    let mut table = table(output, &["RESULT", "USERNAME", "WHAT"]);
    let mut row = |result: &str, color, username: &str, what: String| {
        table.add_row(vec![
            colored(output, result, color),
            Cell::new(legible(username)),
            Cell::new(what),
        ]);
    };
    let Plan {
        unchanged: _,
        refreshed: _,
        imported,
        modified,
        deleted,
        duplicate,
        out_of_scope,
        failed,
    } = report.plan;
    for it in imported.iter().take(NEW_USERS) {
        row(
            it.action(),
            Color::Green,
            &it.values.profile.username,
            detail::person(&it.values.profile),
        );
    }
    if imported.len() > NEW_USERS {
        let more = imported.len() - NEW_USERS;
        row(
            "",
            Color::Green,
            &format!("… and {more} more"),
            String::new(),
        );
    }
    for it in modified {
        let what = detail::changes(&it.changes);
        row(
            "modified",
            Color::Cyan,
            &it.user.values.profile.username,
            what,
        );
    }
    for it in deleted {
        let what = detail::evidence(it.evidence).to_owned();
        row(
            "deleted",
            Color::Red,
            &it.user.values.profile.username,
            what,
        );
    }
    for it in duplicate {
        row(
            "duplicate",
            Color::Yellow,
            it.username(),
            detail::conflicts(&it.conflicts),
        );
    }
    // Only those of whom it was not known before: they may stay out of scope for years.
    for it in out_of_scope
        .iter()
        .filter(|it| it.user.status != Status::OutOfScope)
    {
        let what = format!("kept; it is now {}", legible(&it.dn));
        row(
            "out of scope",
            Color::Yellow,
            &it.user.values.profile.username,
            what,
        );
    }
    for it in failed {
        row("failed", Color::Red, &it.username, legible(&it.reason));
    }
    let rows = if table.is_empty() {
        String::new()
    } else {
        text(&table) + "\n"
    };
    let summary = report.summary();
    let aside = match (report.refused, report.dry_run) {
        (true, _) => " (refused: nothing was changed)",
        (false, true) => " (dry run: nothing was changed)",
        (false, false) => "",
    };
    format!("{rows}{summary}{aside}\n")
}

/// How many users are laid out together. The columns of those that follow are at least as wide, so that a
/// long list begins at once and is not held in memory.
const BLOCK: usize = 500;

/// The users of a store as a table, written as they come.
pub struct Users<'a, W: Write> {
    out: W,
    output: &'a Output,
    block: Table,
    rows: usize,
    /// How wide the columns of the first block are.
    widths: Vec<u16>,
}

impl<'a, W: Write> Users<'a, W> {
    /// Nobody yet.
    pub fn begin(out: W, output: &'a Output) -> Self {
        let header = [
            "USERNAME",
            "NAME",
            "EMAIL",
            "CONTACT NUMBER",
            "SOURCE",
            "STATUS",
            "LAST SYNC",
        ];
        Self {
            out,
            output,
            block: table(output, &header),
            rows: 0,
            widths: Vec::new(),
        }
    }

    /// Adds a user.
    pub fn write(&mut self, user: &StoredUser) -> io::Result<()> {
        self.block.add_row(row(self.output, user));
        self.rows += 1;
        if self.rows == BLOCK {
            self.write_block()?;
            self.block = bare(self.output);
            self.rows = 0;
        }
        Ok(())
    }

    /// Writes what is left.
    pub fn end(mut self) -> io::Result<()> {
        if self.rows > 0 {
            self.write_block()?;
        }
        Ok(())
    }

    fn write_block(&mut self) -> io::Result<()> {
        let widths = self.block.column_max_content_widths();
        pad(&mut self.block);
        for (column, width) in self.block.column_iter_mut().zip(&self.widths) {
            let at_least = Width::Fixed(width + PADDING);
            column.set_constraint(ColumnConstraint::LowerBoundary(at_least));
        }
        if self.widths.is_empty() {
            self.widths = widths;
        }
        self.out.write_all(text(&self.block).as_bytes())
    }
}

fn row(output: &Output, user: &StoredUser) -> Vec<Cell> {
    let profile = &user.values.profile;
    let optional = |value: &Option<String>| legible(value.as_deref().unwrap_or("-"));
    let name = match profile.full_name() {
        empty if empty.is_empty() => "-".to_owned(),
        name => legible(&name),
    };
    let (status, color) = status(user);
    vec![
        Cell::new(legible(&profile.username)),
        Cell::new(name),
        Cell::new(optional(&profile.email)),
        Cell::new(optional(&profile.contact_number)),
        Cell::new(user.origin.name()),
        color.map_or_else(
            || Cell::new(&status),
            |color| colored(output, &status, color),
        ),
        Cell::new(user.synced_at.map_or_else(|| "-".to_owned(), local_time)),
    ]
}

fn status(user: &StoredUser) -> (String, Option<Color>) {
    let (status, color) = match user.status {
        Status::Ok if user.values.enabled => return ("ok".to_owned(), None),
        Status::Ok => return ("disabled".to_owned(), Some(Color::DarkGrey)),
        Status::Duplicate => ("duplicate", Color::Yellow),
        Status::OutOfScope => ("out of scope", Color::Yellow),
        Status::Failed => ("failed", Color::Red),
        Status::Restored => ("restored", Color::Green),
    };
    let disabled = if user.values.enabled {
        ""
    } else {
        ", disabled"
    };
    (format!("{status}{disabled}"), Some(color))
}

/// A time as a person at this host reads it.
pub fn local_time(time: jiff::Timestamp) -> String {
    time.to_zoned(jiff::tz::TimeZone::system())
        .strftime("%Y-%m-%d %H:%M:%S %Z")
        .to_string()
}

/// A step of a check: its mark in a colour (an SGR code), its name, and what is said of it, wrapped beside them.
pub fn step(output: &Output, (mark, code): (&str, &str), name: &str, said: &str) -> String {
    let mut line = bare(output);
    line.add_row(vec![mark, name, said]);
    pad(&mut line);
    for column in line.column_iter_mut().take(2) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    let line = text(&line);
    let rest = line.strip_prefix(mark).unwrap_or(&line);
    label(output, mark, code) + rest
}

/// A word in a colour (an SGR code), where results are coloured.
pub fn label(output: &Output, text: &str, code: &str) -> String {
    if output.color {
        format!("\x1b[{code}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}
