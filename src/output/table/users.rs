//! The users of a store as a table, written as they come.

use std::io::{self, Write};

use comfy_table::{Cell, Color, ColumnConstraint, Row, Table, Width};

use super::{PADDING, bare, colored, hide, left_out, local_time, pad, table, text, width};
use crate::output::{Output, legible};
use crate::user::{Column, Status, StoredUser};

/// How many users are laid out together. The columns of those that follow are at least as wide, so that a
/// long list begins at once and is not held in memory.
const BLOCK: usize = 500;

/// What a narrow terminal can do without, the first of them first.
const DISPENSABLE: [Column; 4] = [
    Column::ContactNumber,
    Column::SyncedAt,
    Column::Source,
    Column::Name,
];

/// A value is cut where the room ends, not behind a word: no value that is legible has this character.
const NO_DELIMITER: char = '\0';

/// A list that is begun.
pub struct Users<'a, W: Write> {
    out: W,
    output: &'a Output,
    columns: &'a [Column],
    /// Whether a narrow terminal may have fewer of them.
    is_usual: bool,
    block: Table,
    rows: usize,
    /// How wide the columns of the first block are.
    widths: Vec<u16>,
    left_out: Vec<usize>,
}

impl<'a, W: Write> Users<'a, W> {
    /// Nobody yet; `columns`, if others than the usual were asked for.
    pub fn begin(out: W, output: &'a Output, columns: Option<&'a [Column]>) -> Self {
        let is_usual = columns.is_none();
        let columns = columns.unwrap_or(&Column::OF_TABLE);
        let header: Vec<&str> = columns.iter().map(|column| column.title()).collect();
        let mut block = table(output, &header);
        block.set_delimiter(NO_DELIMITER);
        Self {
            out,
            output,
            columns,
            is_usual,
            block,
            rows: 0,
            widths: Vec::new(),
            left_out: Vec::new(),
        }
    }

    /// Adds a user.
    pub fn write(&mut self, user: &StoredUser) -> io::Result<()> {
        let cells = self.columns.iter().map(|it| cell(self.output, user, *it));
        let mut row = Row::from(cells.collect::<Vec<_>>());
        if self.output.is_terminal {
            // A value that is too long is cut, so that a user stays a line.
            row.max_height(1);
        }
        self.block.add_row(row);
        self.rows += 1;
        if self.rows == BLOCK {
            self.write_block()?;
            self.block = bare(self.output);
            self.block.set_delimiter(NO_DELIMITER);
            self.rows = 0;
        }
        Ok(())
    }

    /// Writes what is left; says which columns there was no room for.
    pub fn end(mut self) -> io::Result<Vec<Column>> {
        if self.rows > 0 {
            self.write_block()?;
        }
        Ok(self.left_out.iter().map(|at| self.columns[*at]).collect())
    }

    fn write_block(&mut self) -> io::Result<()> {
        let widths = self.block.column_max_content_widths();
        pad(&mut self.block);
        for (column, width) in self.block.column_iter_mut().zip(&self.widths) {
            let at_least = Width::Fixed(width + PADDING);
            column.set_constraint(ColumnConstraint::LowerBoundary(at_least));
        }
        if self.widths.is_empty() {
            self.left_out = self.without_room(&widths);
            self.widths = widths;
        }
        hide(&mut self.block, &self.left_out);
        self.out.write_all(text(&self.block).as_bytes())
    }

    fn without_room(&self, widths: &[u16]) -> Vec<usize> {
        if !self.is_usual {
            return Vec::new();
        }
        let place = |column: &Column| self.columns.iter().position(|it| it == column);
        let dispensable: Vec<usize> = DISPENSABLE.iter().filter_map(place).collect();
        left_out(widths, width(&self.block), &dispensable)
    }
}

fn cell(output: &Output, user: &StoredUser, column: Column) -> Cell {
    match column {
        Column::Status => {
            let (status, color) = status(user);
            match color {
                Some(color) => colored(output, &status, color),
                None => Cell::new(&status),
            }
        }
        Column::SyncedAt => Cell::new(user.synced_at.map_or_else(|| "-".to_owned(), local_time)),
        Column::Enabled => Cell::new(if user.values.enabled { "yes" } else { "no" }),
        _ => match user.value(column) {
            Some(value) => Cell::new(legible(&value)),
            None => Cell::new("-"),
        },
    }
}

fn status(user: &StoredUser) -> (String, Option<Color>) {
    let (status, color) = match user.status {
        Status::Ok if user.values.enabled => return ("ok".to_owned(), None),
        Status::Ok => return ("disabled".to_owned(), Some(Color::DarkGrey)),
        Status::Duplicate => ("duplicate", Color::DarkYellow),
        Status::OutOfScope => ("out of scope", Color::DarkYellow),
        Status::Failed => ("failed", Color::DarkRed),
        Status::Restored => ("restored", Color::DarkGreen),
    };
    let disabled = if user.values.enabled {
        ""
    } else {
        ", disabled"
    };
    (format!("{status}{disabled}"), Some(color))
}
